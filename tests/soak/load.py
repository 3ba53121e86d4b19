"""Readings at an even rate through mosquitto_pub, and how many there must be in the end.

They tell of the past year at many times its pace, a day in a hundred seconds: the dataflow holds every point of the
last days, so that a year told at its own pace would only ever grow, and hide what grows without a reason.
"""

import json
import subprocess
import threading
import time

from journal import INDICATORS, rfc3339

BEAT = 0.05
DAY = 86_400_000
SECONDS_A_DAY = 100
STATIONS = [f"ST{number:02}" for number in range(1, 7)]


class Sender:
    """One mosquitto_pub, fed a line a reading. Its readings are of one station, each with a moment of its own."""

    def __init__(self, ioc, password, station, rate, window=400):
        self.station, self.rate = station, rate
        self.sent = 0
        self.stopped = threading.Event()
        self.process = subprocess.Popen(
            ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(ioc.mqtt), "-q", "1", "-u", "gw1", "-P", password]
            + ["-i", f"load-{station}", "-t", f"test/{station}/observation", "-M", str(window), "-l"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        start, step = int(time.time() * 1000) - 350 * DAY, DAY / SECONDS_A_DAY / self.rate
        began = time.monotonic()
        while not self.stopped.wait(BEAT):
            due = int((time.monotonic() - began) * self.rate) - self.sent
            lines = []
            for number in range(self.sent, self.sent + due):
                indicator, moment = INDICATORS[number % len(INDICATORS)], rfc3339(start + int(number * step))
                body = {"indicator": indicator, "subject": self.station, "time": moment, "value": number % 4000}
                lines.append(json.dumps(body))
            if lines:
                # Blocks while mosquitto_pub does not read: then the sender is slowed, and the rate is caught up later.
                self.process.stdin.write(("\n".join(lines) + "\n").encode())
                self.process.stdin.flush()
            self.sent += due

    def finish(self, seconds=300):
        """Sends no more. Exit code 0 of mosquitto_pub means that each message had its PUBACK."""
        self.stopped.set()
        self.thread.join()
        self.process.stdin.close()
        assert self.process.wait(seconds) == 0, self.process.stderr.read()
        return self.sent


class Load:
    """Several stations that send so many readings a second together."""

    def __init__(self, ioc, password, rate, stations):
        self.senders = [Sender(ioc, password, station, rate / len(stations)) for station in stations]

    def sent(self):
        return sum(sender.sent for sender in self.senders)

    def finish(self):
        return {sender.station: sender.finish() for sender in self.senders}

    def kill(self):
        for sender in self.senders:
            sender.stopped.set()
            sender.process.kill()
            sender.process.wait()


def check(client, database, sent):
    """ONCE: every reading is there, once. None is another's, since each has a moment of its own."""
    rows = client.query(
        f"SELECT subject, count(), uniqExact(indicator, event_time) FROM {database}.observation"
        " WHERE subject IN {stations:Array(String)} GROUP BY subject",
        parameters={"stations": list(sent)},
    ).result_rows
    held = {station: (count, distinct) for station, count, distinct in rows}
    assert held == {station: (count, count) for station, count in sent.items()}, f"ONCE: sent {sent}, stored {held}"


def commit_p99(ioc, since, until):
    """Seconds from the moment a station's reading reached us to the commit that holds it, of those that came between two
    moments: 99 of 100 took no longer."""
    stations = "SELECT epoch, received_at FROM ioc.observation WHERE subject IN {stations:Array(String)}"
    late = ioc.analyst().query(
        "SELECT quantileExact(0.99)(toFloat64(committed_at) - toFloat64(received_at))"
        f" FROM ({stations}) AS reading JOIN ioc.epoch USING epoch"
        " WHERE toFloat64(received_at) BETWEEN {since:Float64} AND {until:Float64}",
        parameters={"stations": STATIONS, "since": since, "until": until},
    )
    return late.result_rows[0][0]
