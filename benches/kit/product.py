"""The product as it is run: the release binary with its own defaults, the bench's pack, and what it says of itself."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from kit.process import tree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RELEASE = ROOT / "target" / "release"
os.environ.setdefault("IOC_BINARY", str(RELEASE / "ioc"))
sys.path.append(str(ROOT / "tests"))

from ioc import Ioc, eventually, free_port  # noqa: E402,F401  the same driver as the tests'

PACK = ROOT / "benches" / "pack"
SCRATCH = ROOT / "target" / "bench"
# Senders that push over HTTP; by their names they share both partitions of the log.
PUSHING = 4
# Seconds after which a connection without a request is made anew.
REST = 2
# What a row that was decoded is.
FATES = ("stored", "duplicate", "rejected")
# The tests hurry; here everything is as an operator gets it.
DEFAULTS = {
    "IOC_INBOX_SCAN_EVERY": "1s",
    "IOC_INBOX_SETTLE": "2s",
    "IOC_STREAM_CHECKPOINT_EVERY": "20s",
    "IOC_STREAM_IDLE_CADENCE": "1s",
    "IOC_LOG_FILTER": "info",
}


@contextlib.contextmanager
def scratch(name):
    """A folder on the disk that is measured, gone afterwards."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=SCRATCH))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end(ioc):
    """Kills the product, and waits until its ClickHouse child has followed: it writes to the folder until then."""
    followers = [pid for pid in tree(ioc.process.pid) if pid != ioc.process.pid]
    ioc.kill()
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in followers) and time.monotonic() < deadline:
        time.sleep(0.05)


@contextlib.contextmanager
def product(name, pack=PACK, start=True, **settings):
    """A running product on a new data folder, ended and removed afterwards."""
    with scratch(name) as folder:
        ioc = Ioc(folder, pack=pack, **{**DEFAULTS, **settings})
        if pack is not None:
            # Before the start: a running one notices a new sender only after a moment.
            ioc.password, _ = ioc.add_sender("load", "mqtt")
            ioc.tokens = [ioc.add_sender(f"sender-{number}", "push")[1] for number in range(PUSHING)]
        try:
            yield ioc.start() if start else ioc
        finally:
            if ioc.process is not None and ioc.process.poll() is None:
                end(ioc)


def figures(ioc):
    """name{labels} → figure, as Prometheus is told."""
    lines = ioc.get("/metrics").decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(figure) for name, figure in pairs}


def rows(ioc, feed):
    """fate → rows of a feed in committed epochs."""
    told = figures(ioc)
    ended = {fate: told[f'ioc_rows_total{{fate="{fate}",feed="{feed}"}}'] for fate in FATES}
    return ended | {"waiting": told[f'ioc_rows_waiting{{feed="{feed}"}}']}


def done_rows(ioc, feed):
    return sum(rows(ioc, feed).values())


def load(*arguments):
    """The command of the load generator."""
    return [str(load_binary()), *map(str, arguments)]


def load_binary():
    """The newest build: cargo names it by a hash."""
    built = [path for path in (RELEASE / "deps").glob("load-*") if path.suffix == "" and os.access(path, os.X_OK)]
    return max(built, key=lambda path: path.stat().st_mtime)


def told(output):
    """The JSON line with which a program says what it saw."""
    return json.loads([line for line in output.splitlines() if line.startswith("{")][-1])


class Pusher:
    """Pushes lines over HTTP from several senders, as fast as they are taken or with a bounded backlog."""

    def __init__(self, ioc):
        self.ioc = ioc
        self.lines = 0
        self.lock = threading.Lock()
        self.partitions = set()
        self.failed = None

    def push(self, source, body_bytes=256 << 10, backlog=None, until=lambda: False):
        """Pushes what `source` has, in bodies of whole lines. `backlog` bounds the lines that are not committed yet."""
        self.source, self.body_bytes, self.backlog, self.until = source, body_bytes, backlog, until
        self.torn = b""
        self.done = 0.0
        self.samples = []
        threads = [threading.Thread(target=self._guarded, args=(token,)) for token in self.ioc.tokens]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.done = done_rows(self.ioc, "push")
            self.samples.append((time.monotonic(), self.done))
            time.sleep(0.1)
        if self.failed:
            raise self.failed
        return self.lines

    def _guarded(self, token):
        try:
            self._send(token)
        except Exception as error:
            self.failed = error

    def _next(self):
        """A body of whole lines, or nothing at the end."""
        with self.lock:
            read = self.source.read(self.body_bytes)
            whole, newline, rest = (self.torn + read).rpartition(b"\n")
            self.torn = rest
            body = whole + newline if read else self.torn
            self.lines += body.count(b"\n")
            return body

    def _send(self, token):
        connection = http.client.HTTPConnection("127.0.0.1", self.ioc.push, timeout=60)
        headers = {"Authorization": f"Bearer {token}"}
        answered = time.monotonic()
        while not self.failed and not self.until():
            if self.backlog is not None and self.lines - self.done > self.backlog:
                time.sleep(0.02)
                continue
            body = self._next()
            if not body:
                return
            while True:
                if time.monotonic() - answered > REST:
                    # It was left alone for so long that the other end may have closed it.
                    connection.close()
                connection.request("POST", "/ingest/push", body, headers)
                answer = connection.getresponse()
                said = answer.read()
                answered = time.monotonic()
                if answer.status == 200:
                    self.partitions.add(json.loads(said)["position"].split("-")[1])
                    break
                if answer.status not in (429, 503):
                    raise RuntimeError(f"pushed: {answer.status} {said[:300]}")
                time.sleep(0.2)


class Lines(subprocess.Popen):
    """W1 lines made while they are read."""

    def __init__(self, events, *more):
        command = load("lines", "--events", events, *more)
        super().__init__(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=1 << 20)

    def __exit__(self, *_):
        self.kill()
        self.stdout.close()
        self.wait()


def version():
    """Of the product, for the record."""
    return subprocess.run([os.environ["IOC_BINARY"], "--version"], capture_output=True, text=True).stdout.strip()
