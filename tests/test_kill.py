"""Any process may be killed at any moment, and no acknowledged reading is lost or counted twice (ACK, ONCE, BATCH).

20,000 distinct messages go in while the pipeline and its ClickHouse child are killed at named moments. That a kill
fell at its moment is proven by the process's own log: it said that it reached the step, was made to wait there, and
said nothing of the next.
"""

import collections
import os
import random
import re
import signal
import time

import pytest
from ioc import Ioc
from journal import LENGTHS, Publisher, values_by_key, windows, workload

DISTINCT = int(os.environ.get("IOC_KILL_MESSAGES", "20000"))
FEED = "gateway"

# (step at which the pipeline waits, workers of the next life)
PIPELINE_KILLS = [
    ("epoch_before_manifest", 1),
    ("epoch_after_manifest", 3),
    ("sink_after_insert", 2),
    ("checkpoint_before_write", 1),
]
CLICKHOUSE_KILLS = ["sink_before_insert", "sink_after_insert"]


def wait_until_at(ioc, step, seconds=60):
    """Waits until the process stands at the step: it said that it reached it and did not say that it passed it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = ioc.log()
        reached = re.findall(rf"reached {step} epoch=(\d+)", before)
        if reached and f"passed {step} epoch={reached[-1]}" not in before:
            time.sleep(0.3)
            if f"passed {step} epoch={reached[-1]}" not in ioc.log():
                return reached[-1]
        time.sleep(0.02)
    raise AssertionError(f"{step} was not reached:\n{ioc.log()[-3000:]}")


def kill_pipeline_at(ioc, step):
    """kill -9 while the process stands at the step, and the proof from its log that it never went on."""
    epoch = wait_until_at(ioc, step)
    ioc.kill()
    assert f"passed {step} epoch={epoch}" not in ioc.log(), f"the kill missed {step}"


def kill_clickhouse_at(ioc, step):
    epoch = wait_until_at(ioc, step)
    os.kill(ioc.clickhouse_pid(), signal.SIGKILL)
    assert f"passed {step} epoch={epoch}" not in ioc.log(), f"the kill missed {step}"
    # The pipeline itself lives on: the child comes back and the epoch is committed.
    ioc.wait_for(rf"reached sink_after_commit epoch={epoch}\b")


def wait_at(step, passes):
    """Failpoint setting: pass the step some times, then wait there for a minute, once."""
    return f"{step}={passes}*off->1*sleep(60000)->off"


def run_with_kills(ioc, publisher, seed):
    """Every life has a share of the messages to send, and ends at a step of the protocol."""
    chance = random.Random(seed)
    lives = len(PIPELINE_KILLS) + len(CLICKHOUSE_KILLS) + 1
    share = len(publisher.messages) // lives
    publisher.allow(share)
    publisher.start()
    workers = 2
    for step, next_workers in PIPELINE_KILLS:
        passes = 1 if step.startswith("checkpoint") else chance.randrange(1, 4)
        ioc.start(workers=workers, failpoints=wait_at(step, passes))
        kill_pipeline_at(ioc, step)
        publisher.allow(publisher.allowed + share)
        workers = next_workers
    for step in CLICKHOUSE_KILLS:
        ioc.start(workers=workers, failpoints=f"{step}={chance.randrange(1, 4)}*off->1*sleep(1500)->off")
        kill_clickhouse_at(ioc, step)
        ioc.kill()
        publisher.allow(publisher.allowed + share)
        workers = workers % 3 + 1
    ioc.start(workers=workers)
    publisher.allow(len(publisher.messages))
    publisher.wait_all()
    ioc.wait_drained()


def check(ioc, messages):
    """The journal against the store. Every rule of the product, none of its code."""
    analyst = ioc.analyst()
    known = values_by_key(messages)

    held = collections.Counter(
        (indicator, subject, moment, value)
        for indicator, subject, moment, value in analyst.query(
            "SELECT indicator, subject, toUnixTimestamp64Milli(event_time), value FROM observation"
        ).result_rows
    )
    sent = {(*key, value) for key, values in known.items() for value in values}
    missing, extra = sent - held.keys(), held.keys() - sent
    twice = {key: count for key, count in held.items() if count > 1}
    assert not missing, f"ACK: {len(missing)} acknowledged readings are lost, such as {sorted(missing)[:3]}"
    assert not extra, f"{len(extra)} readings nobody sent, such as {sorted(extra)[:3]}"
    assert not twice, f"ONCE: {len(twice)} readings are stored twice, such as {sorted(twice.items())[:3]}"

    current = {
        (indicator, subject, moment): value
        for indicator, subject, moment, value in analyst.query(
            "SELECT indicator, subject, toUnixTimestamp64Milli(event_time), value FROM observation_current"
        ).result_rows
    }
    assert current == {key: values[-1] for key, values in known.items()}

    rejects = analyst.query("SELECT address, raw, count() FROM reject GROUP BY address, raw, log, partition, offset, row")
    positions = collections.Counter()
    for address, raw, count in rejects.result_rows:
        assert count == 1, f"ONCE: a reject of {address} is stored {count} times"
        positions[(address, raw if isinstance(raw, str) else raw.decode(errors="replace"))] += 1
    garbage = {(message.topic, message.payload) for message in messages if message.kind == "garbage"}
    assert garbage <= positions.keys(), f"ACK: garbage that is no reject: {sorted(garbage - positions.keys())[:3]}"

    # Every position of the log is accounted for once: stored rows, rejects and duplicates add up to what was received.
    totals = dict(
        zip(
            ("received", "decoded", "empty", "undecodable", "rows", "stored", "duplicate", "rejected", "waiting"),
            analyst.query(
                "SELECT sum(envelopes_received), sum(envelopes_decoded), sum(envelopes_empty),"
                " sum(envelopes_undecodable), sum(rows_decoded), sum(rows_stored), sum(rows_duplicate),"
                " sum(rows_rejected), sum(rows_waiting) FROM feed_balance"
            ).result_rows[0],
        )
    )
    assert totals["received"] == totals["decoded"] + totals["empty"] + totals["undecodable"], f"BALANCE: {totals}"
    assert totals["rows"] == totals["stored"] + totals["duplicate"] + totals["rejected"], f"BALANCE: {totals}"
    assert totals["waiting"] == 0
    assert totals["received"] >= len(messages), f"ACK: {totals['received']} of {len(messages)} acknowledged messages are there"
    assert totals["stored"] == sum(held.values())
    assert totals["rejected"] + totals["undecodable"] == sum(positions.values())

    check_windows(analyst, windows(known))


def check_windows(analyst, recomputed):
    rows = analyst.query(
        "SELECT kind, indicator, subject, toUnixTimestamp64Milli(start_time), count, sum, min, max FROM window_current"
        " WHERE count > 0"
    ).result_rows
    assert len(rows) == len({row[:4] for row in rows}), "a window has two current revisions"
    for kind, indicator, subject, start, *figures in rows:
        expected = recomputed.get((kind, indicator, subject, start))
        assert expected is not None, f"a window nobody's readings lie in: {kind} {indicator} {subject} {start}"
        assert tuple(figures) == expected, f"BATCH: {kind} {indicator} {subject} {start}"
    # What has surely closed is there: an hour and more before the newest reading.
    newest = max(start for kind, _, _, start in recomputed if kind == "minute")
    closed = {key for key in recomputed if key[3] + LENGTHS[key[0]] <= newest - LENGTHS["hour"]}
    absent = closed - {row[:4] for row in rows}
    assert not absent, f"FRONTIER: {len(absent)} windows never closed, such as {sorted(absent)[:3]}"
    assert len(closed) > 1000


@pytest.fixture
def ioc(tmp_path):
    ioc = Ioc(tmp_path, IOC_STREAM_HORIZON="3h", IOC_STREAM_CADENCE="100ms", IOC_LOG_FILTER="info,ioc_stream=debug")
    yield ioc
    ioc.stop()


def make_publisher(ioc, distinct, seed):
    secret, _ = ioc.add_sender("gw1", FEED)
    messages = workload(distinct, seed, int(time.time() * 1000))
    return Publisher(ioc.mqtt, "gw1", secret, messages)


def test_once_and_batch_hold_through_kills_at_every_step(ioc):
    seed = int(os.environ.get("IOC_SEED", time.time_ns() % 1_000_000))
    print(f"IOC_SEED={seed}")
    publisher = make_publisher(ioc, DISTINCT, seed)
    try:
        run_with_kills(ioc, publisher, seed)
    finally:
        publisher.stop()
    check(ioc, publisher.messages)
    lives = ioc.log_file.read_text(errors="replace")
    assert "day read back" in lives, "no late row met an evicted day: the workload proves less than it says"


def test_acknowledging_before_the_append_is_noticed(ioc):
    """Negative control of ACK."""
    publisher = make_publisher(ioc, 3000, 1)
    # Acknowledged at once, written a little later: the kill falls between.
    ioc.start(failpoints="ack_before_append=return;bus_before_write=sleep(40)")
    publisher.start()
    publisher.wait_sent(1500)
    ioc.kill()
    ioc.start()
    publisher.wait_all()
    publisher.stop()
    ioc.wait_drained()
    with pytest.raises(AssertionError, match="ACK"):
        check(ioc, publisher.messages)


def test_sending_again_without_a_token_is_noticed(ioc):
    """Negative control of ONCE."""
    publisher = make_publisher(ioc, 3000, 2)
    ioc.start(failpoints="sink_no_deduplication=return;" + wait_at("sink_after_insert", 3))
    publisher.start()
    kill_pipeline_at(ioc, "sink_after_insert")
    ioc.start(failpoints="sink_no_deduplication=return")
    publisher.wait_all()
    publisher.stop()
    ioc.wait_drained()
    with pytest.raises(AssertionError, match="ONCE"):
        check(ioc, publisher.messages)
