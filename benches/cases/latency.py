"""How long a reading is under way at 2,000 messages a second, to each of those who wait for it.

An open loop of 100 gateways; a time runs from the moment a message was due, which is also its event time, so a stall
counts against everything that waited behind it. Three wait:
* the gateway, for its PUBACK;
* a reader of ClickHouse, who asks every 10 ms for the rows of epochs that were committed since: a row has arrived
  with the answer that holds it;
* a browser: a reading has arrived with the first `changes` whose id is its epoch or a later one.
"""

import base64
import http.client
import json
import subprocess
import threading
import time
import urllib.parse

from kit.figures import Figures, shown
from kit.product import eventually, load, product, rows, told

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


class Browser(threading.Thread):
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
                    # As a page does: it has the reading when it has read the event.
                    json.loads(data)
                    self.arrivals.append((epoch, time.time() * 1e3))
                event, epoch, data = None, None, ""


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def spread(values):
    return ", ".join(f"p{share:g} {percentile(values, share / 100):.0f} ms" for share in (50, 90, 99.9))


def measure():
    figures = Figures("latency")
    with product("latency") as ioc:
        reader, browser = Reader(ioc), Browser(ioc)
        reader.start()
        browser.start()
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
        # The reader and the browser have what was committed within a moment.
        time.sleep(2)
        reader.ended.set()
        reader.join()
    seen = sum(map(len, reader.seen.values()))
    if not stored == seen == sent["sent"]:
        raise RuntimeError(f"{sent['sent']} sent, {stored} stored, {seen} seen by the reader")
    to_row, to_page = [], []
    arrivals = iter(browser.arrivals)
    epoch, arrived = next(arrivals)
    for row_epoch, moments in sorted(reader.seen.items()):
        while epoch < row_epoch:
            epoch, arrived = next(arrivals)
        for moment, read in moments:
            if moment >= began + WARM * 1e3:
                to_row.append(read - moment)
                to_page.append(arrived - moment)
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
        f"publish → live push {at_rate}", percentile(to_page, 0.99), "ms", at_most=200, beside=spread(to_page)
    )
