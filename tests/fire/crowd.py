"""Who publishes, how much, and where their journals lie. Each is a process of its own."""

import dataclasses
import json
import pathlib
import signal
import subprocess
import sys
import time

from fire.pack import OFFICE, REPORT_FEED, RIVER
from fire.workload import DAY, HOUR, MINUTE
from ioc import ROOT

RUMQTTC = ROOT / "target" / "debug" / "examples" / "fire_rumqttc"
TESTS = ROOT / "tests"

# Name: how it sends, and messages a second. Together 5,000.
MASS = {
    "paho311": ("paho", 1_200, {"protocol": 311, "qos": 1, "transport": "tcp", "tls": True}),
    "paho5": ("paho", 1_200, {"protocol": 5, "qos": 2, "transport": "websockets", "tls": False}),
    "lines": ("mosquitto", 1_000, {"lines": True}),
    "rumqttc": ("rumqttc", 1_590, {}),
}
FEW = {
    "single": ("mosquitto", 8, {"lines": False}),
    "latecomer": ("latecomer", None, {}),
    "files": ("station_files", 2, {}),
    "ftp": ("station_ftp", 2, {}),
}
# What reports events: lines a second, and how much of its time it says at once.
DEVICES = {
    "eve": ("push", 80, {"feed": "sensors", "stretch": 40 * MINUTE}),
    "logins": ("push", 60, {"feed": "logins", "stretch": HOUR}),
    "frames": ("frames", 60, {"stretch": 10 * MINUTE}),
}
# Who reports in forms: messages a second, and for whom where not for the commune it names.
OFFICES = {
    "communes": ("reporter", 5, {"feed": REPORT_FEED, "agency": None}),
    "office": ("reporter", 2, {"feed": REPORT_FEED, "agency": OFFICE}),
}
# Who sends without a login.
UNKNOWN = ("files", "frames")


@dataclasses.dataclass(frozen=True)
class Scale:
    """How large a run is: stations of each publisher, and a pair of readings of each series every
    `step` milliseconds of the last `days`. However soon a run ends, those of the first `least` days are sent."""

    stations: int
    step: int
    days: int
    least: int
    publishers: tuple = (*MASS, *FEW, *DEVICES, *OFFICES)

    @property
    def cadence(self):
        return self.step // 2

    def stations_of(self, name):
        """Of the air, and the last one of a river."""
        return [*(f"{name.upper()}-{number}" for number in range(1, self.stations)), f"{name.upper()}-{RIVER}"]

    def every_station(self):
        return [station for name in MASS if name in self.publishers for station in self.stations_of(name)]


def port_of(address):
    return int(address.rpartition(":")[2])


class Crowd:
    def __init__(self, ioc, scale, seed, authority):
        self.folder = pathlib.Path(ioc.folder) / "journals"
        # Those of devices and offices lie apart: they are of lines and messages, not of readings.
        (self.folder / "devices").mkdir(parents=True)
        (self.folder / "offices").mkdir()
        self.ioc, self.scale, self.seed, self.authority = ioc, scale, seed, authority
        self.started = {}
        now = int(time.time() * 1000)
        # The past of whole days, so that hours and days fall alike in every run of a seed; it ends before the present.
        start = (now - (scale.days + 1) * DAY) // DAY * DAY
        self.span = {"start": start, "end": now - now % MINUTE - HOUR, "step": scale.step}
        self.span["least"] = scale.least * DAY
        # Lines of the last hour are not looked up in the store, and overtake those that are: none of a device's past is
        # so new.
        self.span["devices_end"] = self.span["end"] - HOUR
        known = [name for name in scale.publishers if name not in UNKNOWN]
        self.logins = {name: self._login(name) for name in known}

    def _login(self, name):
        if name in OFFICES:
            agency = OFFICES[name][2]["agency"]
            return self.ioc.add_sender(name, REPORT_FEED, subjects=[agency] if agency else ())
        feed = DEVICES[name][2]["feed"] if name in DEVICES else "files" if name == "ftp" else "gateway"
        return self.ioc.add_sender(name, feed)

    def orders(self, name, rate, more):
        password, token = self.logins.get(name, (None, None))
        folder = self.folder / ("devices" if name in DEVICES else "offices" if name in OFFICES else "")
        return json.dumps(
            {
                "name": name,
                "password": password,
                "token": token,
                "port": self.ioc.mqtt,
                "mqtt_tls": port_of(self.ioc.settings["IOC_MQTT_TLS_LISTEN"]),
                "ftp": port_of(self.ioc.settings["IOC_FTP_LISTEN"]),
                "authority": str(self.authority),
                "push": self.ioc.push,
                "syslog": self.ioc.syslog["tcp"],
                "store": (self.ioc.clickhouse, str(self.ioc.password_file("ioc"))),
                "inbox": str(self.ioc.data / "inbox"),
                "journal": str(folder / f"{name}.jsonl"),
                "rate": rate,
                "seed": self.seed,
                "stations": [] if name in (*DEVICES, *OFFICES) else self.scale.stations_of(name),
                **self.span,
                **more,
            }
        )

    def start(self):
        for name in self.scale.publishers:
            kind, rate, more = (MASS | FEW | DEVICES | OFFICES)[name]
            orders = self.orders(name, rate, more)
            with open(self.folder / f"{name}.err", "wb") as errors:
                if kind == "rumqttc":
                    self.started[name] = self._start_rumqttc(name, rate, orders, errors)
                else:
                    self.started[name] = subprocess.Popen(
                        [sys.executable, "-m", f"fire.{kind}", orders], cwd=TESTS, stderr=errors
                    )

    def _start_rumqttc(self, name, rate, orders, errors):
        feed = subprocess.Popen(
            [sys.executable, "-m", "fire.feed", orders], cwd=TESTS, stdout=subprocess.PIPE, stderr=errors
        )
        self.started[f"{name}-feed"] = feed
        arguments = [str(self.ioc.mqtt), name, self.logins[name][0], str(self.folder / f"{name}.jsonl"), str(rate)]
        publisher = subprocess.Popen([RUMQTTC, *arguments], stdin=feed.stdout, stderr=errors)
        # Ours must be closed, or the feed never learns that nobody reads.
        feed.stdout.close()
        return publisher

    def finish(self, seconds=900):
        """No more new messages than each is bound to send; waits until every one sent is acknowledged."""
        publishers = {name: process for name, process in self.started.items() if name in self.scale.publishers}
        for name, process in publishers.items():
            self.started.get(f"{name}-feed", process).send_signal(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        for name, process in publishers.items():
            try:
                code = process.wait(max(1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise AssertionError(f"{name} did not get everything acknowledged within {seconds} s") from None
            assert code == 0, f"{name} ended with {code}: {(self.folder / f'{name}.err').read_text()[-2000:]}"

    def end(self):
        """Whatever still runs."""
        for process in self.started.values():
            if process.poll() is None:
                process.kill()
            process.wait()

    def is_alive(self):
        return all(process.poll() is None for name, process in self.started.items() if name in self.scale.publishers)
