"""Drives the real binary: starts it on free ports, reads its log, kills it, asks it.

Servers listen on loopback only and are ended by process id.
"""

import contextlib
import datetime
import itertools
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time
import urllib.request

import clickhouse_connect

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("IOC_BINARY", ROOT / "target" / "debug" / "ioc"))
PACK = ROOT / "tests" / "pack"


# Below those that connections are given for their own end: none takes one meanwhile. Of several processes that test each
# has its own, and gives none twice for a long time.
_FIRST, _LAST, _PROCESSES = 10_000, 32_000, 4
_OWN = range(_FIRST + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _PROCESSES, _LAST, _PROCESSES)
_PORTS = itertools.islice(itertools.cycle(_OWN), random.randrange(len(_OWN)), None)


def free_port():
    """A port nobody listens on."""
    for port in _PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def eventually(probe, seconds=60, every=0.1):
    """Asks until the answer is true, and gives it back; shows the last one if it never is."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not so within {seconds} s: {probe} says {answer!r}"
        time.sleep(every)


def rfc3339_ago(seconds):
    """A moment before now, to the millisecond."""
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


class Ioc:
    """One data folder and the lives of the process on it."""

    def __init__(self, folder, pack=PACK, **settings):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log_file = self.folder / "ioc.log"
        self.http, self.push, self.mqtt, self.clickhouse = (free_port() for _ in range(4))
        self.syslog = {way: free_port() for way in ("udp", "tcp", "tls")}
        self.settings = {
            "IOC_DATA_FOLDER": str(self.data),
            "IOC_HTTP_LISTEN": f"127.0.0.1:{self.http}",
            "IOC_PUSH_LISTEN": f"127.0.0.1:{self.push}",
            "IOC_MQTT_LISTEN": f"127.0.0.1:{self.mqtt}",
            # Only the demo has a certificate by itself.
            "IOC_MQTT_TLS_LISTEN": f"127.0.0.1:{free_port()}",
            "IOC_CLICKHOUSE_LISTEN": f"127.0.0.1:{self.clickhouse}",
            **{f"IOC_SYSLOG_{way.upper()}": f"127.0.0.1:{port}" for way, port in self.syslog.items()},
            "IOC_INBOX_SCAN_EVERY": "100ms",
            "IOC_INBOX_SETTLE": "200ms",
            "IOC_STREAM_CHECKPOINT_EVERY": "1s",
            "IOC_STREAM_IDLE_CADENCE": "250ms",
            **settings,
        }
        if pack is not None:
            self.settings["IOC_PACK_FOLDER"] = str(pack)
        self.process = None
        self.life_starts = 0

    def environment(self, **more):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("IOC_")}
        if "IOC_LIBCHDB" in os.environ:
            environment["IOC_LIBCHDB"] = os.environ["IOC_LIBCHDB"]
        return environment | self.settings | more

    def run(self, *arguments, check=True, stdin=None):
        """Runs a command of the binary to its end."""
        done = subprocess.run(
            [BINARY, *arguments], env=self.environment(), capture_output=True, text=True, timeout=120, input=stdin
        )
        if check and done.returncode != 0:
            raise AssertionError(f"ioc {arguments} failed: {done.stderr}")
        if arguments[0] == "sender" and arguments[1] in ("add", "remove") and self.runs():
            # A change of the senders is noticed within a second.
            time.sleep(1.5)
        return done

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def add_sender(self, name, *feeds, subjects=()):
        """Registers a sender and gives back its password and token."""
        options = [argument for feed in feeds for argument in ("--feed", feed)]
        options += [argument for pattern in subjects for argument in ("--subject", pattern)]
        told = self.run("sender", "add", name, *options).stdout
        return re.search(r"^password +(\S+)$", told, re.M)[1], re.search(r"^token +(\S+)$", told, re.M)[1]

    def start(self, command=("up",), workers=2, failpoints="", wait=True):
        self.life_starts = self.log_file.stat().st_size if self.log_file.exists() else 0
        environment = self.environment(IOC_STREAM_WORKERS=str(workers), FAILPOINTS=failpoints)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([BINARY, *command], env=environment, stdout=log, stderr=log)
        if wait:
            self.wait_for(r"\bioc::up: ready\b")
        return self

    def log(self):
        """What this life has logged."""
        with open(self.log_file, "rb") as log:
            log.seek(self.life_starts)
            text = log.read().decode(errors="replace")
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    def wait_for(self, pattern, seconds=90):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = re.search(pattern, self.log())
            if found:
                return found
            if self.process.poll() is not None:
                raise AssertionError(f"ioc ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            time.sleep(0.02)
        raise AssertionError(f"no '{pattern}' in the log:\n{self.log()[-3000:]}")

    def wait_ended(self, seconds=90):
        """Waits until the process ends by itself, and gives back its exit code."""
        return self.process.wait(seconds)

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1]) * 1024

    def clickhouse_pid(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = {int(pid) for task in children.parent.parent.iterdir() for pid in (task / "children").read_text().split()}
        for pid in pids:
            if b"clickhouse" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        raise AssertionError("no clickhouse child")

    def kill(self):
        """kill -9 of the pipeline; its ClickHouse child ends by itself when its life line is cut."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"ioc did not stop:\n{self.log()[-3000:]}") from None

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=10) as answer:
            return answer.read()

    def overview(self):
        return json.loads(self.get("/api/overview"))

    def wait_drained(self, seconds=120):
        """Waits until nothing is in flight and nothing waits, and gives back the feeds."""
        began = time.time() * 1000
        deadline = time.monotonic() + seconds
        balance = None
        while time.monotonic() < deadline:
            # What is in flight is counted once a second: only a count that began after all was sent tells.
            status = self.overview()["status"]
            if status is None or (status["in_flight_at"] or 0) < began:
                time.sleep(0.1)
                continue
            # While ClickHouse is away its exit code says so.
            balance = json.loads(self.run("status", "--json", check=False).stdout)
            if balance["in_flight"] == 0 and balance["waiting"] == 0 and not balance["replaying"]:
                return balance
            if balance["halted"]:
                raise AssertionError(f"halted: {balance['halted']}")
            time.sleep(0.2)
        raise AssertionError(f"not drained: {balance}\n{self.log()[-3000:]}")

    def password_of(self, user):
        """Of a user of the embedded ClickHouse."""
        return self.password_file(user).read_text().strip()

    def password_file(self, user):
        return self.data / "clickhouse" / f"{user}.password"

    def analyst(self, user="analyst", database="ioc"):
        """A reader this project did not write, as the read-only user."""
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=self.clickhouse, username=user, password=self.password_of(user), database=database
        )

    def shows(self, subject, indicator, value):
        """Waits until the page shows the value: it is pushed after the commit, a moment after the row is there."""
        eventually(lambda: (self.tile(subject, indicator)["latest"] or {}).get("value") == value)

    def tile(self, subject, indicator):
        """A series as the page shows it."""
        tiles = self.overview()["picture"]["tiles"]
        return next(tile for tile in tiles if (tile["subject"], tile["indicator"]) == (subject, indicator))
