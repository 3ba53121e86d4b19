"""Prometheus is told under the names that are written down."""

import re

import pytest
from ioc import ROOT, Ioc, eventually
from peers import push, reading
from prometheus_client.parser import text_string_to_metric_families


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


def families(ioc):
    """As a reader that is not ours understands them."""
    return {family.name: family for family in text_string_to_metric_families(ioc.get("/metrics").decode())}


def counted(ioc):
    """(name, labels) → figure of every counter."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families(ioc).values()
        if family.type == "counter"
        for sample in family.samples
    }


def test_what_only_grows_is_a_counter_by_name_and_type_and_nothing_else_is(ioc):
    told = families(ioc).values()
    assert len(told) > 50
    for family in told:
        assert family.type in ("counter", "gauge"), family.name
        assert family.documentation, family.name
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name
            assert sample.value >= 0 or family.name == "ioc_astray", sample.name
        assert not re.search(r"milli|micro|nano|_ms\b|kilo", family.name), "in seconds and bytes"
        assert re.fullmatch(r"ioc_[a-z0-9]+(_[a-z0-9]+)*", family.name)


def test_counters_count_up_and_gauges_say_what_is(ioc):
    before = counted(ioc)
    _, token = ioc.add_sender("counted", "push")
    for value in range(3):
        eventually(lambda value=value: push(ioc, token, reading("ST01", value))[0] == 200)
    stored = ("ioc_rows_total", ("fate", "stored"), ("feed", "push"))
    eventually(lambda: counted(ioc)[stored] == before[stored] + 3)
    after = counted(ioc)
    assert [name for name, figure in before.items() if after[name] < figure] == []
    assert after[("ioc_http_acknowledged_total",)] == before[("ioc_http_acknowledged_total",)] + 3
    waiting = families(ioc)["ioc_rows_waiting"]
    assert waiting.type == "gauge" and {sample.value for sample in waiting.samples} == {0}
