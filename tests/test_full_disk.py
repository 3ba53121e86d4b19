"""A disk that is full to its last block slows the senders and nothing else (BOUND, LOUD, ACK).

A small tmpfs is filled under the running process: under the log alone, under everything it keeps, its database with
it, and under the database alone. While the log is full no publish has its PUBACK, a push is told 503 with Retry-After,
a file stays in the inbox, and the page, the status, the metrics say so. Nothing that was acknowledged is lost, also
when the process is killed then, and all goes on by itself when there is room.
"""

import collections
import contextlib
import datetime
import json
import random
import re
import time

import pytest
import rendered
from gateway import Gateway
from ioc import Ioc, eventually
from peers import curl, push, reading
from small_disk import SmallDisk
from test_store_trouble import answer_of

SUBJECT = "ST01"
FULL = {"vi": "đã đầy, bên gửi phải chờ", "en": "full, senders wait"}


class Full:
    """A process whose log, or all it keeps, lies on a small disk."""

    def __init__(self, folder, what):
        self.ioc = Ioc(
            folder,
            IOC_BUS_PARTITIONS="1",
            IOC_BUS_SEGMENT_BYTES=str(1 << 20),
            IOC_BUS_RETAIN_AGE="0s",
            IOC_BUS_RETAIN_BYTES="0",
            IOC_INBOX_FOLDER=str(folder / "elsewhere" / "inbox"),
        )
        where = {
            "the log": self.ioc.data / "bus",
            "everything": self.ioc.data,
            "the store": self.ioc.data / "clickhouse",
        }[what]
        (folder / "elsewhere").mkdir()
        self.ioc.data.mkdir(mode=0o700)
        self.disk = SmallDisk(where, {"the log": 24, "everything": 600, "the store": 200}[what])
        self.password, _ = self.ioc.add_sender("gw1", "gateway")
        _, self.token = self.ioc.add_sender("agency", "push")
        self.ioc.start()

    def bus(self):
        return self.ioc.overview()["status"]["bus"]

    def fill(self):
        """Fills the disk until the log says that it is full."""

        def is_full():
            self.disk.fill()
            return self.bus()["state"] == "full"

        eventually(is_full)

    def drop(self, value):
        """A station file in the inbox."""
        local = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))) - datetime.timedelta(minutes=20)
        stamp = local.strftime("%Y%m%d%H%M%S")
        path = self.ioc.folder / "elsewhere" / "inbox" / "files" / f"TN_TEST_FILES1_{stamp}.txt"
        path.write_text(f"PM10\t{value}\tug/m3\t{stamp}\t00\r\n")
        return path

    def is_said_everywhere(self):
        assert answer_of(self.ioc, "/readyz")[0] == 503
        told = self.ioc.run("status", check=False)
        assert told.returncode == 1 and re.search(r"^TROUBLE +the bus is full: .*full", told.stdout, re.M), told.stdout
        assert "bus is full" in json.loads(self.ioc.run("status", "--json", check=False).stdout)["trouble"][0]
        assert re.search(r"^ioc_bus_writing 0$", self.ioc.get("/metrics").decode(), re.M)
        assert "no room" in self.ioc.log()
        rendered.wait_until_shown(self.ioc, FULL["vi"])


def of(known):
    """How often each value was sent: every one with another key."""
    return collections.Counter(value for values in known.values() for value in values)


@contextlib.contextmanager
def running(folder, what):
    full = Full(folder, what)
    try:
        yield full
    finally:
        try:
            full.ioc.stop()
        finally:
            full.disk.unmount()


@pytest.fixture(params=["the log", "everything"])
def full(request, tmp_path):
    with running(tmp_path, request.param) as full:
        yield full


def test_bound_a_full_disk_makes_senders_wait_says_so_and_loses_nothing(full):
    ioc = full.ioc
    gateway = Gateway(ioc, full.password, SUBJECT, padding=900)
    eventually(lambda: gateway.count() > 500)
    full.fill()
    # What waits is bounded and stays so: nobody is told what is not on the disk.
    time.sleep(1)
    acknowledged = gateway.count()
    file = full.drop(12.5)
    status, answer = curl(ioc, "/ingest/push", "-D", "-", token=full.token, body=reading("ST02", 3.5))
    assert status == 503 and re.search(r"^retry-after: *\d+", answer, re.I | re.M), answer
    full.is_said_everywhere()
    assert file.exists(), "a file that is not durable stays in the inbox"
    assert gateway.count() == acknowledged, "ACK: a PUBACK for what cannot be on the disk"
    assert len(gateway.sent) - acknowledged <= gateway.window

    full.disk.make_room()
    eventually(lambda: full.bus()["state"] == "writing")
    eventually(lambda: not file.exists())
    assert push(ioc, full.token, reading("ST02", 4.5))[0] == 200
    sent = gateway.finish()
    ioc.wait_drained()
    assert ioc.overview()["status"]["halted"] is None
    # The archive looks for room again after half a minute.
    eventually(lambda: ioc.run("status", check=False).returncode == 0, seconds=90)
    analyst = ioc.analyst()

    def values(subject):
        query = f"SELECT value FROM observation WHERE subject = '{subject}'"
        return collections.Counter(value for (value,) in analyst.query(query).result_rows)

    assert values(SUBJECT) == of(sent), "ONCE"
    assert values("FILES1") == {12.5: 1}
    # The refused push was not acknowledged: it may be there, and is not there twice.
    assert values("ST02") in ({4.5: 1}, {3.5: 1, 4.5: 1})


def test_ack_a_kill_while_the_disk_is_full_loses_nothing(full):
    """The next start waits for room in the log; where it cannot write its own small files it ends and names one."""
    ioc = full.ioc
    gateway = Gateway(ioc, full.password, SUBJECT, padding=900)
    eventually(lambda: gateway.count() > 500)
    full.fill()
    ioc.kill()
    full.disk.fill()
    if full.disk.folder == ioc.data:
        ioc.start(wait=False)
        assert ioc.wait_ended() != 0
        assert re.search(r"cannot write \S+: No space left", ioc.log()), ioc.log()
        full.disk.make_room()
        ioc.start()
    else:
        ioc.start()
        eventually(lambda: full.bus()["state"] == "full")
        acknowledged = gateway.count()
        time.sleep(1)
        assert gateway.count() == acknowledged
        full.disk.make_room()
    sent = gateway.finish()
    ioc.wait_drained()
    query = f"SELECT value FROM observation WHERE subject = '{SUBJECT}'"
    held = collections.Counter(value for (value,) in ioc.analyst().query(query).result_rows)
    assert held == of(sent), "ONCE"


def test_once_what_clickhouse_failed_to_write_is_never_acknowledged(tmp_path):
    """The embedded library ignores failed writes: a block whose files the disk did not take would count as stored.

    The disk fills up again and again while blocks are written. The server ends at the first write that fails, no part
    of it is broken at any later start, and nothing is missing.
    """
    with running(tmp_path, "the store") as full:
        ioc, disk = full.ioc, full.disk
        gateway = Gateway(ioc, full.password, SUBJECT)
        eventually(lambda: gateway.count() > 500)
        dice = random.Random(5)
        ended = "it ends, or the library would go on without it"

        def ended_at_a_write():
            """Leaves a little more than the server asks for to begin with, and takes it from under it."""
            disk.leave(disk.megabytes / 80 + dice.uniform(1, 3))
            time.sleep(dice.uniform(0, 0.06))
            disk.fill()
            return ioc.log().count(ended) >= 3

        eventually(ended_at_a_write, seconds=120, every=0)
        disk.make_room()
        sent = gateway.finish()
        ioc.wait_drained()
        assert ioc.overview()["status"]["halted"] is None
        query = f"SELECT value FROM observation WHERE subject = '{SUBJECT}'"
        held = collections.Counter(value for (value,) in ioc.analyst().query(query).result_rows)
        assert held == of(sent), "ONCE"
        # Every part is looked at by a server that starts.
        ioc.stop()
        ioc.start()
        broken = "SELECT table, name FROM system.detached_parts WHERE database = 'ioc'"
        assert ioc.analyst("ioc").query(broken).result_rows == []
        assert ioc.analyst().query(f"SELECT count() FROM observation WHERE subject = '{SUBJECT}'").result_rows == [
            (len(sent),)
        ]
