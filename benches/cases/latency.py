"""How long a reading is under way at 2,000 messages a second, to each of those who wait for it.

An open loop of 100 gateways; a time runs from the moment a message was due, which is also its event time, so a stall
counts against everything that waited behind it. Four wait:
* the gateway, for its PUBACK;
* a reader of ClickHouse, who asks every 10 ms for the rows of epochs that were committed since: a row has arrived
  with the answer that holds it;
* a reader of the live push: a reading has arrived with the first `changes` whose id is its epoch or a later one;
* whoever looks at the page in Chromium: a reading is there when the frame has been drawn that shows its epoch or a later
  one (`dashboards/web/tests/painted.js`).
"""

import base64
import http.client
import json
import os
import subprocess
import threading
import time
import urllib.parse

from kit.figures import Figures, shown
from kit.product import ROOT, eventually, load, product, rows, told

RATE = 2_000
SECONDS = 60
WARM = 10
STATIONS = 250


class Reader(threading.Thread):
    """Reads ClickHouse over HTTP as an analyst would: what of each reading is visible, and since when."""

    def __init__(self, ioc):
        super().__init__(daemon=True)
        login = base64.b64encode(f"ioc:{ioc.password_of('ioc')}".encode()).decode()
        self.headers = {"Authorization": f"Basic {login}"}
        self.connection = http.client.HTTPConnection("127.0.0.1", ioc.clickhouse, timeout=10)
        self.ended = threading.Event()
        # epoch → [(milliseconds of the event time, milliseconds of the answer)]
        self.seen = {}
        self.asked = 0

    def ask(self, query):
        self.asked += 1
        self.connection.request("POST", "/?" + urllib.parse.urlencode({"database": "ioc"}), query, self.headers)
        answer = self.connection.getresponse()
        body = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(body)
        return body

    def run(self):
        last = int(self.ask("SELECT max(last_epoch) FROM committed"))
        while not self.ended.wait(0.01):
            newest = int(self.ask("SELECT max(last_epoch) FROM committed"))
            if newest == last:
                continue
            told = self.ask(
                f"SELECT epoch, toUnixTimestamp64Milli(event_time) FROM observation WHERE epoch > {last} AND"
                f" epoch <= {newest} FORMAT TSV"
            )
            arrived = time.time() * 1e3
            for line in told.splitlines():
                epoch, moment = line.split("\t")
                self.seen.setdefault(int(epoch), []).append((int(moment), arrived))
            last = newest


class Push(threading.Thread):
    """Follows the live push, and notes when each epoch arrived."""

    def __init__(self, ioc):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", ioc.http, timeout=30)
        self.connection.request("GET", "/api/events")
        self.answer = self.connection.getresponse()
        # (epoch, milliseconds)
        self.arrivals = []

    def run(self):
        event, epoch, data = None, None, ""
        for line in self.answer:
            name, _, value = line.decode().rstrip("\n").partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                event = value
            elif name == "id":
                epoch = int(value)
            elif name == "data":
                data += value
            elif not name:
                if event == "changes":
                    # As whoever follows it: it has the reading when it has read the event.
                    json.loads(data)
                    self.arrivals.append((epoch, time.time() * 1e3))
                event, epoch, data = None, None, ""


class Page:
    """The page in Chromium, which says what it has drawn when."""

    def __init__(self, ioc, seconds):
        web = ROOT / "dashboards" / "web"
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=web, check=True, capture_output=True)
        command = ["node", "tests/painted.js", f"http://127.0.0.1:{ioc.http}/", str(seconds)]
        environment = {name: value for name, value in os.environ.items() if name != "BASE_URL"}
        self.process = subprocess.Popen(command, cwd=web, env=environment, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError("the page did not open")

    def frames(self):
        """(epoch, milliseconds), in order; a frame is of the newest epoch it shows."""
        output, _ = self.process.communicate(timeout=60)
        if self.process.returncode != 0:
            raise RuntimeError("the page failed")
        return [tuple(frame) for frame in told(output)["frames"]]


def until_shown(seen, arrivals, since):
    """Milliseconds from each reading that was due after a moment until the first arrival of its epoch or a later one."""
    times = []
    arrivals = iter(arrivals)
    epoch, arrived = next(arrivals)
    for row_epoch, moments in sorted(seen.items()):
        while epoch < row_epoch:
            epoch, arrived = next(arrivals)
        times += [arrived - moment for moment, _ in moments if moment >= since]
    return times


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def spread(values):
    return ", ".join(f"p{share:g} {percentile(values, share / 100):.0f} ms" for share in (50, 90, 99.9))


def measure():
    figures = Figures("latency")
    with product("latency") as ioc:
        reader, push = Reader(ioc), Push(ioc)
        reader.start()
        push.start()
        page = Page(ioc, SECONDS + WARM + 15)
        command = load(
            "paced", "--address", f"127.0.0.1:{ioc.mqtt}", "--password", ioc.password,
            "--per-second", RATE, "--seconds", SECONDS + WARM, "--stations", STATIONS,
        )
        began = time.time() * 1e3
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 90)
        if done.returncode != 0:
            raise RuntimeError(f"the load failed: {done.stderr[-500:]}")
        sent = told(done.stdout)
        eventually(lambda: rows(ioc, "mqtt")["stored"] >= sent["sent"])
        stored = rows(ioc, "mqtt")["stored"]
        # Whoever looks has what was committed within a moment.
        time.sleep(2)
        reader.ended.set()
        reader.join()
        frames = page.frames()
    seen = sum(map(len, reader.seen.values()))
    if not stored == seen == sent["sent"]:
        raise RuntimeError(f"{sent['sent']} sent, {stored} stored, {seen} seen by the reader")
    since = began + WARM * 1e3
    to_row = [read - moment for moments in reader.seen.values() for moment, read in moments if moment >= since]
    to_push = until_shown(reader.seen, push.arrivals, since)
    to_paint = until_shown(reader.seen, frames, since)
    at_rate = f"at {shown(RATE)} messages/s, p99"
    figures.add(
        f"publish → PUBACK {at_rate}", sent["p99_ms"], "ms", at_most=20,
        beside=f"p50 {sent['p50_ms']:.1f} ms, p99.9 {sent['p999_ms']:.0f} ms, most {sent['max_ms']:.0f} ms", load=sent,
    )
    figures.add(
        f"publish → committed row read from ClickHouse {at_rate}", percentile(to_row, 0.99), "ms", at_most=700,
        beside=f"{spread(to_row)}; {shown(reader.asked)} questions asked meanwhile",
    )
    figures.add(
        f"publish → live push {at_rate}", percentile(to_push, 0.99), "ms", at_most=200, beside=spread(to_push)
    )
    figures.add(
        f"publish → drawn by Chromium {at_rate}", percentile(to_paint, 0.99), "ms", at_most=200,
        beside=f"{spread(to_paint)}; {len(frames)} frames, software rendering, on the same cores",
    )
