"""Stations whose clock is off: one that sends local time as UTC, one that does the reverse, one that was cut off for hours.

By the demo's clock, of which a minute is a second: what is found needs half an hour of messages.
"""

import datetime
import json
import re
import shutil
import time

import paho.mqtt.client as mqtt
import pytest
from ioc import ROOT, Ioc, eventually

STATION = """
[{id}]
name = {{ vi = "Trạm đo {id}", en = "Station {id}" }}
kind = "ambient_air"
place = {{ code = "25459", valid_from = 2025-07-01 }}
valid_from = 2025-07-01
measures = {{ pm25 = "5m" }}
"""

FEED = """
[clocks]
name = { vi = "Trạm thử đồng hồ", en = "Stations with clocks" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "mqtt", topics = ["clocks/+/observation"] }
format = "json_observation"
silent_after = "1h"
[clocks.contract]
# Forecasts of the same gateway come by it, too.
max_future = "12h"
max_age = "366d"

[strict]
name = { vi = "Trạm thử đồng hồ, như mặc định", en = "Stations with clocks, as by default" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "mqtt", topics = ["strict/+/observation"] }
format = "json_observation"
silent_after = "1h"
"""

SPEED = 60
MINUTE = 60_000
HOUR = 60 * MINUTE
#: Feed of each station.
STATIONS = {"clk-ahead": "clocks", "clk-behind": "clocks", "clk-backlog": "clocks", "clk-hourly": "clocks", "clk-strict": "strict"}


class Site:
    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(ROOT / "deploy" / "provinces" / "tay-ninh", pack)
        for file, text in [("feeds.toml", FEED), *(("stations.toml", STATION.format(id=id)) for id in STATIONS)]:
            with open(pack / file, "a", encoding="utf-8") as file:
                file.write(text)
        self.ioc = Ioc(folder, pack=pack, IOC_DEMO_SPEED=str(SPEED), IOC_DEMO_BACKFILL_HOURS="1")
        self.start()
        self.password = self.ioc.add_sender("clk", "clocks", "strict")[0]
        self.sent = dict.fromkeys(STATIONS, 0)
        self.backlog = 8 * HOUR
        self.client = None

    def start(self):
        self.ioc.start(command=("demo",))
        clock = json.loads((self.ioc.data / "demo-clock.json").read_text())
        self.clock = (clock["origin"], clock["start"], clock["speed"])

    def now(self):
        origin, start, speed = self.clock
        return start + (time.time() * 1000 - origin) * speed

    def connect(self):
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="clk", clean_session=False)
        self.client.username_pw_set("clk", self.password)
        self.client.connect("127.0.0.1", self.ioc.mqtt)
        self.client.loop_start()

    def disconnect(self):
        self.client.disconnect()
        self.client.loop_stop()

    def say(self, station, at):
        moment = datetime.datetime.fromtimestamp(int(at) / 1000, datetime.timezone.utc)
        time_said = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
        body = json.dumps({"indicator": "pm25", "subject": station, "time": time_said, "value": 18.4})
        told = self.client.publish(f"{STATIONS[station]}/{station}/observation", body, qos=1)
        told.wait_for_publish(30)
        assert told.is_published()
        self.sent[station] += 1

    def send(self, minutes, off):
        """So many minutes of the demo, a message a minute of each station."""
        began = self.now()
        for minute in range(minutes):
            time.sleep(max(0, (began + minute * MINUTE - self.now()) / 1000 / SPEED))
            self.say("clk-ahead", self.now() + off)
            self.say("clk-strict", self.now() + off)
            self.say("clk-behind", self.now() - off)
            # Dated by the beginning of its hour.
            self.say("clk-hourly", self.now() - HOUR - 2 * MINUTE)
            # Kept for eight hours, and sent at four times the speed it was measured with.
            self.backlog = max(0, self.backlog - 3 * MINUTE)
            self.say("clk-backlog", self.now() - self.backlog)

    def offs(self):
        picture = json.loads(self.ioc.get("/api/overview"))["picture"]
        return {state["subject"]: state["clock_off"] for state in picture["stations"] if state["subject"] in STATIONS}

    def rows(self, station):
        """Quality and the moment of arrival of each row, in the order of arrival."""
        return self.ioc.analyst().query(
            "SELECT quality, toUnixTimestamp64Milli(received_at) AS at FROM observation "
            f"WHERE subject = '{station}' ORDER BY received_at, log, partition, offset"
        ).result_rows

    def metric(self):
        return int(re.search(r"^ioc_stations_clock_off (\d+)$", self.ioc.get("/metrics").decode(), re.M)[1])


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    yield site
    site.ioc.stop()


def test_a_clock_that_is_off_by_its_zone_is_shown_and_its_rows_are_suspect_until_it_is_right_replay(site):
    site.connect()
    site.send(12, 7 * HOUR)
    site.disconnect()
    site.ioc.kill()
    site.start()
    site.connect()
    site.send(30, 7 * HOUR)
    wrong = {"clk-ahead": 7 * HOUR, "clk-behind": -7 * HOUR, "clk-backlog": None, "clk-hourly": None, "clk-strict": 7 * HOUR}
    eventually(lambda: site.offs() == wrong)
    eventually(lambda: site.metric() == 3)
    site.disconnect()
    site.ioc.kill()
    site.start()
    site.connect()
    eventually(lambda: site.offs() == wrong)
    site.send(3, 7 * HOUR)

    site.send(25, 0)
    site.disconnect()
    eventually(lambda: set(site.offs().values()) == {None})
    eventually(lambda: site.metric() == 0)
    for station in ("clk-ahead", "clk-behind"):
        eventually(lambda: len(site.rows(station)) == site.sent[station])
        qualities = [quality for quality, _ in site.rows(station)]
        first = qualities.index("suspect")
        arrived = [at for _, at in site.rows(station)]
        # Two stretches of ten minutes at least, and the time that it was down.
        assert arrived[first] - arrived[0] >= 20 * MINUTE
        assert first <= 35, qualities
        right = len(qualities) - 25
        assert qualities == ["good"] * first + ["suspect"] * (right - first) + ["good"] * 25
    for station in ("clk-backlog", "clk-hourly"):
        eventually(lambda: len(site.rows(station)) == site.sent[station])
        assert {quality for quality, _ in site.rows(station)} == {"good"}
    # What its feed does not take is no row at all, and named by the second.
    eventually(lambda: len(site.rows("clk-strict")) == 25)
    assert {quality for quality, _ in site.rows("clk-strict")} == {"good"}
    states = site.ioc.analyst().query(
        "SELECT DISTINCT subject, clock_off_ms FROM station_state WHERE subject LIKE 'clk-%' AND clock_off_ms IS NOT NULL ORDER BY ALL"
    ).result_rows
    assert states == [("clk-ahead", 7 * HOUR), ("clk-behind", -7 * HOUR), ("clk-strict", 7 * HOUR)]
