"""Short forms of the long runs in soak/: the same troubles for seconds. What takes time is measured there, not here."""

import pytest
from ioc import Ioc
from outside import Server
from soak import stalls, store_trouble

MOST_RESIDENT = 600 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    like = Ioc(tmp_path_factory.mktemp("like"))
    like.start()
    server = Server(tmp_path_factory.mktemp("server"), like)
    like.stop()
    yield server
    server.stop()


def test_once_and_bound_hold_while_clickhouse_is_stopped_refuses_and_hangs(server, tmp_path):
    seen, watch = store_trouble.run(server, tmp_path, seconds=15, rate=1_000, settle=3)
    assert seen["backlog"] > 5_000, f"the store was never away: {seen}"
    assert watch.highest() < MOST_RESIDENT, seen


def test_once_and_bound_hold_in_a_crowd_of_deaf_greedy_slow_and_idle_clients(tmp_path):
    seen, watch = stalls.run(tmp_path, seconds=10, rate=200, idle=300, deaf=100, quiet=3)
    assert seen["still connected"] == 300, seen
    assert seen["acknowledged of the flood"] > 1_000 and seen["dribbled"] > 5, seen
    assert watch.highest() < MOST_RESIDENT, seen


def test_once_and_bound_hold_on_a_disk_that_stalls(tmp_path):
    stall = "bus_before_fsync=sleep(300)"
    seen, watch = stalls.run(tmp_path, seconds=10, rate=500, idle=0, deaf=0, quiet=3, failpoints=stall)
    assert seen["PUBACK p50 ms in trouble"] >= 150, f"the disk never stalled: {seen}"
    assert watch.highest() < MOST_RESIDENT, seen
