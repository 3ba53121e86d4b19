"""Prometheus is told under the names that are written down."""

import re

import pytest
from ioc import ROOT, Ioc


@pytest.fixture(scope="module")
def ioc(tmp_path_factory):
    ioc = Ioc(tmp_path_factory.mktemp("metrics")).start()
    yield ioc
    ioc.stop()


def test_the_metrics_are_those_of_the_checked_in_list(ioc):
    ioc.wait_drained()
    exposed = ioc.get("/metrics").decode()
    names = sorted(set(re.findall(r"^# TYPE (\S+)", exposed, re.M)))
    written = [line.split("\t")[0] for line in (ROOT / "dashboards" / "metrics.txt").read_text().splitlines()]
    assert names == written


def test_balance_is_a_metric_of_every_feed(ioc):
    exposed = ioc.get("/metrics").decode()
    for feed in ("gateway", "files", "push", "unmatched"):
        for of in ("envelopes", "rows"):
            assert re.search(rf'^ioc_astray\{{feed="{feed}",of="{of}"\}} 0$', exposed, re.M), feed
