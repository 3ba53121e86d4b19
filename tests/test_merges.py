"""Rows take a few bytes and come four times a second: a large part must not be written anew for every small one."""

import time

import pytest
from ioc import Ioc

# Less than half a megabyte on disk: as much as some minutes of a busy feed.
LARGE = 100_000
COMMITS = 60
# A table with ClickHouse's own base beside one with ours, so that the measure is seen to tell.
TABLES = {"as_shipped": "SETTINGS merge_selector_base = 5", "as_configured": ""}


@pytest.fixture
def ioc(tmp_path):
    ioc = Ioc(tmp_path).start()
    yield ioc
    ioc.stop()


def test_bound_a_large_part_is_not_merged_for_every_small_one(ioc):
    client = ioc.analyst("ioc")
    for table, settings in TABLES.items():
        client.command(f"CREATE TABLE {table} (row UInt64) ENGINE = MergeTree ORDER BY row {settings}")
        client.command(f"INSERT INTO {table} SELECT number FROM numbers({LARGE})")
    for commit in range(COMMITS):
        for table in TABLES:
            client.command(f"INSERT INTO {table} SELECT number FROM numbers({LARGE + 100 * commit}, 100)")
        time.sleep(0.1)
    # How often what is in the largest part was merged.
    told = client.query("SELECT table, argMax(level, rows) FROM system.parts WHERE active AND rows > 0 GROUP BY table")
    merges = dict(told.result_rows)
    assert merges["as_configured"] <= 4, merges
    assert merges["as_shipped"] >= COMMITS / 4, merges
