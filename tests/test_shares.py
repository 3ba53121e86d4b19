"""One client that floods: its messages are slowed, not dropped, and the others' readings do not end up behind them
(BOUND, ONCE)."""

import json
import re
import time

import pytest
from ioc import Ioc, eventually
from soak import load
from soak.crowd import Crowd

# So many epochs of a mebibyte are soon several.
SMALL = {"IOC_STREAM_EPOCH_BYTES": str(1 << 20)}
STATIONS = ["ST01", "ST02"]


@pytest.fixture
def ioc(tmp_path):
    ioc = Ioc(tmp_path, **SMALL)
    yield ioc
    ioc.stop()


def figure(ioc, name):
    metrics = ioc.get("/metrics").decode()
    return sum(int(value) for value in re.findall(rf"^{re.escape(name)} (\d+)$", metrics, re.M))


def unjudged(ioc):
    """Messages on the log that no committed epoch holds."""
    feeds = ioc.overview()["picture"]["feeds"]
    return figure(ioc, "ioc_mqtt_publishes_total") - sum(feed["counts"]["received"] for feed in feeds)


def held_back(ioc):
    """As `ioc status` tells it, once a second."""
    return json.loads(ioc.run("status", "--json").stdout)["held_back"]


def test_bound_what_waits_on_the_log_does_not_grow_under_one_that_floods_and_the_others_are_served(ioc):
    password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    senders = load.Load(ioc, password, 100, STATIONS)
    crowd = Crowd(ioc, password, idle=0, deaf=0, dribble=False)
    try:
        eventually(lambda: figure(ioc, "ioc_intake_held_back_senders") == 1)
        before, received = unjudged(ioc), figure(ioc, "ioc_mqtt_publishes_total")
        assert ioc.wait_for(r"held back to its share sender=(\S+)")[1] == "gw1/flood"
        eventually(lambda: held_back(ioc) == {"count": 1, "senders": ["gw1/flood"]})
        time.sleep(10)
        after = unjudged(ioc)
        came = figure(ioc, "ioc_mqtt_publishes_total") - received
        assert after < 1.1 * before, f"{before} messages waited, then {after}; {came} came in between"
        # It is served, though.
        assert came > 0
        crowd, told = None, crowd.stop()
        sent = senders.finish()
    finally:
        if crowd:
            crowd.process.kill()
        senders.kill()
    feeds = ioc.wait_drained(300)["feeds"]
    load.check(ioc.analyst(), "ioc", sent)
    assert feeds["unmatched"]["counts"]["received"] >= told["acknowledged of the flood"], "ACK"
    eventually(lambda: held_back(ioc)["count"] == 0)
