"""Files that grow, rotated by Debian's logrotate, while ioc is killed: each line is one event."""

import datetime
import itertools
import json
import re
import shutil
import subprocess

import pytest
from ioc import PACK, Ioc, eventually

LOGROTATE = shutil.which("logrotate") or "/usr/sbin/logrotate"
FEEDS = """
[{feed}]
name = {{ vi = "Tệp nhật ký", en = "Log files" }}
owner = {{ vi = "Đơn vị thử nghiệm", en = "Test agency" }}
transport = {{ kind = "follow", folder = "{folder}", names = ["{name}"] }}
format = "{format}"
silent_after = "10m"
"""


class Written:
    """A log as a program writes it, and as logrotate rotates it."""

    def __init__(self, folder, name, line, how):
        self.folder = folder / name.split(".")[0]
        self.folder.mkdir()
        self.path = self.folder / name
        self.line, self.how = line, how
        self.numbers = itertools.count()
        self.lines = []
        self.writer = open(self.path, "ab", buffering=0)

    def write(self, count):
        lines = [self.line(next(self.numbers)) for _ in range(count)]
        self.lines += lines
        self.writer.write(b"".join(line.encode() + b"\n" for line in lines))

    def begin_line(self):
        """The beginning of a line; what is written next ends it."""
        line = self.line(next(self.numbers))
        self.writer.write(line[:20].encode())
        return line

    def end_line(self, line):
        self.writer.write(line[20:].encode() + b"\n")
        self.lines.append(line)

    def rotate(self):
        configuration, state = self.folder.with_suffix(".conf"), self.folder.with_suffix(".state")
        configuration.write_text(f"{self.path} {{\n rotate 5\n missingok\n nocompress\n {self.how}\n}}\n")
        command = [LOGROTATE, "--force", "--state", state, configuration]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def reopen(self):
        """What a program does when logrotate tells it to."""
        self.writer.close()
        self.writer = open(self.path, "ab", buffering=0)


def login(number):
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"{now:%Y-%m-%dT%H:%M:%S.%f+00:00} srv-a sshd[{1000 + number}]: Server listening on port {number}."


# What a sensor says over and over, byte for byte: each of them is an event.
SAME = json.dumps({"timestamp": "2026-11-20T10:02:08.000000+0700", "event_type": "stats", "host": "ids-1", "stats": {"uptime": 1}})


def record(number):
    if number % 10 in (3, 4):
        return SAME
    now = datetime.datetime.now(datetime.timezone.utc)
    who = {"src_ip": "192.0.2.7", "src_port": 1024 + number, "dest_ip": "192.0.2.8", "dest_port": 443, "proto": "TCP"}
    alert = {"action": "allowed", "gid": 1, "signature_id": 1, "rev": 1, "signature": "a scan", "severity": 2}
    stamp = f"{now:%Y-%m-%dT%H:%M:%S.%f+0000}"
    return json.dumps({"timestamp": stamp, "flow_id": number, "event_type": "alert", "host": "ids-1", **who, "alert": alert})


class House:
    def __init__(self, folder):
        logs = folder / "logs"
        logs.mkdir()
        self.logins = Written(logs, "auth.log", login, "create 0644\n su root root")
        self.records = Written(logs, "eve.json", record, "copytruncate\n su root root")
        self.all = {"logins": self.logins, "records": self.records}
        pack = shutil.copytree(PACK, folder / "pack")
        with open(pack / "feeds.toml", "a") as feeds:
            for feed, written in self.all.items():
                form = "eve" if feed == "records" else "syslog_lines"
                feeds.write(FEEDS.format(feed=feed, folder=written.folder, name=written.path.name, format=form))
        self.ioc = Ioc(folder, pack=pack, IOC_FOLLOW_LOOK_EVERY="100ms", IOC_FOLLOW_LOOK_FOR="2s")

    def ask(self, sql, **parameters):
        return self.ioc.analyst().query(sql, parameters=parameters).result_rows

    def metric(self, name, feed):
        return int(re.search(rf'^ioc_follow_{name}{{feed="{feed}"}} (\d+)$', self.ioc.get("/metrics").decode(), re.M)[1])

    def holds_all(self):
        """Each line is stored once, and what came twice is known to be the same."""
        for feed, written in self.all.items():
            eventually(lambda: self.count(feed) >= len(written.lines))
        self.ioc.wait_drained()
        for feed, written in self.all.items():
            stored = self.ask("SELECT raw FROM reject_current WHERE feed = {feed:String}", feed=feed)
            assert (feed, self.count(feed), stored) == (feed, len(written.lines), [])

    def count(self, feed):
        return self.ask("SELECT count() FROM event_current WHERE feed = {feed:String}", feed=feed)[0][0]


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.ioc.stop()


def test_each_line_is_one_event_through_logrotate_and_kills(house):
    logins, records = house.logins, house.records
    logins.write(50), records.write(50)
    house.ioc.start()
    house.holds_all()

    # Renamed, and written to until the program hears of it; copied and truncated.
    half = logins.begin_line()
    logins.rotate(), records.rotate()
    logins.end_line(half), logins.write(20)
    logins.reopen()
    logins.write(20), records.write(20)
    house.holds_all()

    # It dies between the append and the keeping of the place, and what it read is read again.
    house.ioc.stop()
    logins.write(30), records.write(30)
    house.ioc.start(failpoints="follow_before_keep=return", wait=False)
    assert house.ioc.wait_ended() != 0

    # Rotated twice while nobody looks, and written to in between; then it dies at any moment.
    for _ in range(2):
        logins.rotate(), records.rotate()
        logins.reopen()
        logins.write(40), records.write(40)
    house.ioc.start()
    logins.write(10), records.write(10)
    house.ioc.kill()
    logins.rotate(), records.rotate()
    logins.reopen()
    subprocess.run(["gzip", logins.folder / "auth.log.1", records.folder / "eve.json.1"], check=True)
    house.ioc.start()
    house.holds_all()
    assert [house.metric("losses_total", feed) for feed in house.all] == [0, 0]

    # What is gone before it was read is a reject that says so, and counted.
    logins.write(5)
    house.holds_all()
    begun = len(logins.begin_line()[:20].encode())
    eventually(lambda: house.metric("unfinished_bytes", "logins") == begun)
    house.ioc.stop()
    logins.path.unlink()
    logins.reopen()
    logins.write(3)
    house.ioc.start()
    eventually(lambda: house.metric("losses_total", "logins") == 1)
    assert house.metric("lost_bytes_total", "logins") == begun
    eventually(lambda: house.count("logins") == len(logins.lines))
    lost = "SELECT raw, message_vi FROM reject_current WHERE feed = 'logins' AND reason = 'lost'"
    [(raw, message)] = eventually(lambda: house.ask(lost))
    # The next file may have been given its inode.
    assert json.loads(raw)["lost"] in ("gone", "cut_short") and json.loads(raw)["at_least_bytes"] == begun
    assert f"mất ít nhất {begun} byte" in message
    eventually(lambda: "follow:logins (follow): LOST" in house.ioc.run("status", check=False).stdout)
