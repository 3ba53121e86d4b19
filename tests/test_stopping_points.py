"""The process dies at every step of the protocol, one after the other, and nothing is lost or counted twice.

A stopping point that is told to `return` ends the process there and then, so that it died by SIGABRT proves that the
step was crossed. Between two deaths a gateway, a pushing agency and a station that sends files go on as if nothing had
happened. The points, and what each guards, are listed in docs/developers.md; a test compares.
"""

import collections
import datetime
import re
import signal
import subprocess
import threading

import pytest
from gateway import Gateway
from ioc import ROOT, Ioc, eventually
from journal import MINUTE, rfc3339
from peers import curl

# Point, how often it is passed before, and the invariants that hold because of what comes around it.
POINTS = [
    ("bus_before_write", 40, "ACK"),
    ("bus_before_fsync", 40, "ACK"),
    ("bus_after_fsync", 40, "ACK ONCE"),
    ("mqtt_before_puback", 60, "ACK ONCE"),
    ("http_before_receipt", 2, "ACK ONCE"),
    ("files_before_move", 1, "ACK ONCE"),
    ("files_after_move", 1, "ACK"),
    ("epoch_before_manifest", 3, "ONCE"),
    ("record_before_fsync", 3, "REPLAY"),
    ("epoch_after_manifest", 3, "REPLAY"),
    ("flow_before_decode", 7, "REPLAY BATCH"),
    ("flow_before_apply", 7, "REPLAY BATCH"),
    ("flow_after_apply", 7, "REPLAY BATCH"),
    ("sink_before_insert", 2, "ONCE"),
    ("sink_before_block", 9, "ONCE"),
    ("sink_after_block", 9, "ONCE"),
    ("sink_after_insert", 2, "ONCE"),
    ("sink_after_commit", 2, "ONCE FRONTIER"),
    ("recall_before_answer", 1, "ONCE REPLAY"),
    ("checkpoint_before_write", 1, "REPLAY"),
    ("checkpoint_before_fsync", 1, "REPLAY"),
    ("checkpoint_before_rename", 1, "REPLAY"),
    ("checkpoint_after_rename", 1, "REPLAY"),
    ("checkpoint_after_write", 1, "REPLAY"),
    ("manifests_before_release", 2, "REPLAY"),
    ("log_before_release", 2, "ONCE"),
    ("recovery_before_checkpoint", 0, "REPLAY"),
    ("recovery_after_checkpoint", 0, "REPLAY"),
    ("replay_before_epoch", 0, "REPLAY ONCE"),
    ("archive_before_files", 1, "ONCE"),
    ("archive_before_rename", 1, "ONCE"),
    ("archive_after_rename", 1, "ONCE"),
    ("archive_after_pass", 1, "ONCE"),
    ("bus_before_remove", 1, "ONCE"),
    ("bus_after_remove", 1, "ONCE"),
]
# Points that make a test fail on purpose, stand for a disk that is full, or lie on a way of their own and are crossed
# there (test_store_trouble.py, test_follow.py, test_http_pull.py, test_ftp.py, test_ftp_pull.py, test_mqtt_exactly_once.py).
OTHERS = {
    "mqtt_before_pubrec",
    "mqtt_before_release",
    "mqtt_before_pubcomp",
    "mqtt_exchanges_before_fsync",
    "mqtt_exchanges_after_fsync",
    "mqtt_exchanges_before_rename",
    "recovery_after_taking_back",
    "follow_before_keep",
    "pull_before_cursor",
    "ftp_pull_before_known",
    "ftp_before_answer",
    "ack_before_append",
    "sink_no_deduplication",
    "archive_releases_first",
    "archive_no_room",
    "checkpoint_before_commit",
    "operator_reads_clock",
    "picture_away",
}


class Agency:
    """Pushes a reading again and again until it has its receipt, then the next one."""

    def __init__(self, ioc, token):
        self.ioc, self.token = ioc, token
        self.known, self.stopped = {}, False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        number, start = 0, int(datetime.datetime.now().timestamp() * 1000) - 20_000_000
        while not self.stopped:
            moment, value = start + 1000 * number, number / 4
            body = f'{{"indicator":"no2","subject":"ST02","time":"{rfc3339(moment)}","value":{value}}}'
            while curl(self.ioc, "/ingest/push", "-m", "10", token=self.token, body=body)[0] != 200:
                if self.stopped:
                    return
            self.known[("no2", "ST02", moment)] = [value]
            number += 1

    def finish(self):
        self.stopped = True
        self.thread.join()
        return self.known


class Station:
    """Leaves a file in the inbox, waits until it is gone, and leaves the next one."""

    def __init__(self, ioc):
        self.inbox = ioc.data / "inbox" / "files"
        self.known, self.stopped = {}, False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        moment = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))) - datetime.timedelta(hours=9)
        number = 0
        while not self.stopped:
            moment += datetime.timedelta(seconds=1)
            stamp = moment.strftime("%Y%m%d%H%M%S")
            file = self.inbox / f"TN_TEST_FILES1_{stamp}.txt"
            file.write_text(f"PM10\t{number / 2}\tug/m3\t{stamp}\t00\r\n")
            eventually(lambda file=file: not file.exists(), seconds=300)
            self.known[("pm10", "FILES1", int(moment.timestamp()) * 1000)] = [number / 2]
            number += 1

    def finish(self):
        self.stopped = True
        self.thread.join()
        return self.known


@pytest.fixture
def ioc(tmp_path):
    settings = {
        "IOC_STREAM_HORIZON": "3h",
        "IOC_STREAM_CADENCE": "50ms",
        "IOC_STREAM_CHECKPOINT_EVERY": "500ms",
        "IOC_ARCHIVE_EVERY": "300ms",
        "IOC_ARCHIVE_MAX_BYTES": "40000",
        "IOC_BUS_SEGMENT_BYTES": "65536",
        "IOC_BUS_RETAIN_AGE": "0s",
        "IOC_BUS_RETAIN_BYTES": "0",
    }
    ioc = Ioc(tmp_path, **settings)
    (ioc.data / "inbox" / "files").mkdir(parents=True)
    ioc.data.chmod(0o700)
    yield ioc
    ioc.stop()

LENGTHS = {"minute": MINUTE, "hour": 60 * MINUTE, "day": 1440 * MINUTE}
# The test pack's zone, Asia/Ho_Chi_Minh, has no daylight saving time.
ZONE = 7 * 60 * MINUTE


def windows(held):
    """(kind, indicator, subject, start) → (count, sum, min, max): panes in time order, each summed in time order."""
    panes = {}
    for (indicator, subject, moment), value in sorted(held.items(), key=lambda item: item[0][2]):
        panes.setdefault((indicator, subject, moment // MINUTE * MINUTE), []).append(value)
    folded = {}
    for (indicator, subject, minute), values in sorted(panes.items(), key=lambda item: item[0][2]):
        pane = 0.0
        for value in values:
            pane += value
        for kind, length in LENGTHS.items():
            key = (kind, indicator, subject, (minute + ZONE) // length * length - ZONE)
            count, total, low, high = folded.get(key, (0, 0.0, float("inf"), float("-inf")))
            folded[key] = (count + len(values), total + pane, min(low, *values), max(high, *values))
    return folded


def test_ack_once_and_batch_hold_through_a_death_at_every_step(ioc):
    password, _ = ioc.add_sender("gw1", "gateway")
    _, token = ioc.add_sender("agency", "push")
    senders = [Gateway(ioc, password, late_every=40), Agency(ioc, token), Station(ioc)]
    for number, (point, passes, _) in enumerate(POINTS):
        ioc.start(workers=1 + number % 3, failpoints=f"{point}={passes}*off->1*return", wait=False)
        try:
            ended = ioc.wait_ended()
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{point} was not reached:\n{ioc.log()[-3000:]}") from None
        assert ended == -signal.SIGABRT, f"{point}: it ended with {ended}:\n{ioc.log()[-3000:]}"
    ioc.start()
    known = {}
    for sender in senders:
        known |= sender.finish()
    ioc.wait_drained()
    check(ioc, known)


def check(ioc, known):
    analyst = ioc.analyst()
    moment = "toUnixTimestamp64Milli"
    held = collections.Counter(
        ((indicator, subject, at), value)
        for indicator, subject, at, value in analyst.query(
            f"SELECT indicator, subject, {moment}(event_time), value FROM observation"
        ).result_rows
    )
    sent = collections.Counter((key, value) for key, values in known.items() for value in values)
    lost, twice = sent - held, {reading: count for reading, count in held.items() if count > 1}
    assert not lost, f"ACK: {len(lost)} acknowledged readings are lost, such as {sorted(lost)[:3]}"
    assert not twice, f"ONCE: {len(twice)} readings are stored twice, such as {sorted(twice)[:3]}"
    # The last push and the last file may have died with their acknowledgement: they are there and were not told of.
    assert len(held - sent) <= 2, f"{sorted(held - sent)[:3]} were never sent"
    for feed in ioc.overview()["picture"]["feeds"]:
        assert (feed["envelopes_astray"], feed["rows_astray"]) == (0, 0), f"BALANCE: {feed}"
    recomputed = windows({key: value for key, value in held})
    rows = analyst.query(
        f"SELECT kind, indicator, subject, {moment}(start_time), count, sum, min, max FROM window_current"
        " WHERE count > 0"
    ).result_rows
    wrong = [row for row in rows if recomputed.get(row[:4]) != row[4:]]
    assert not wrong, f"BATCH: {len(wrong)} windows, such as {wrong[0]}"
    assert len(rows) > 100, "hardly a window closed: this proves little"


def test_every_stopping_point_of_the_code_is_crossed_and_listed():
    folders = ["bus/src", "ingest/src", "stream/src", "storage/src", "src"]
    sources = [path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.rs")]
    # Points are named where they are crossed, those of the store in one list.
    named = r'(?:fail_point!\(|\bstep\(|fail::eval\()\s*"((?:%s)_[a-z_]+)"'
    listed_in_store = (ROOT / "storage/src/failpoint.rs").read_text()
    prefixes = "bus|record|mqtt|http|files|epoch|flow|sink|recall|checkpoint|manifests|log|recovery|replay|archive|follow|ftp|ack"
    found = {name for text in sources for name in re.findall(named % prefixes, text)}
    found |= set(re.findall(r'const [A-Z_]+: &str = "([a-z_]+)"', listed_in_store))
    assert found - OTHERS == {point for point, *_ in POINTS}
    table = (ROOT / "docs" / "developers.md").read_text().split("## Stopping points")[1].split("\n## ")[0]
    listed = set(re.findall(r"`([a-z]+_[a-z_]+)`", table))
    assert found <= listed, f"not in docs/developers.md: {sorted(found - listed)}"
