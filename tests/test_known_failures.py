"""Failures that users of other pipelines know, each asked of the real binary: it does not have them.

Each test is named by the failure; its docstring says whose it is and where it was told of.
"""

import collections
import concurrent.futures
import json
import re
import shutil
import threading
import time

import paho.mqtt.client as mqtt
import pytest
from ioc import PACK, Ioc, eventually
from journal import rfc3339
from outside import Outside, Server
from peers import curl, mosquitto_pub, push, reading, receipt
from wire import Wire

DAY = 86_400
RULES = """
[dust-high]
name = { vi = "Bụi mịn cao", en = "Fine dust is high" }
step = { vi = "Gọi trạm", en = "Call the station" }
priority = "high"
kinds = ["ambient_air"]
condition = { kind = "indicator", indicator = "pm25", averaging = "hour", above = 100, clear = 80 }

[gone]
name = { vi = "Trạm im lặng", en = "Station is silent" }
step = { vi = "Gọi trạm", en = "Call the station" }
priority = "high"
kinds = ["ambient_air"]
condition = { kind = "status", statuses = ["silent"], lasting = "1s" }
"""


class House:
    """One running process, a gateway and an agency that may send to it."""

    def __init__(self, folder, **settings):
        self.ioc = Ioc(folder, **settings)
        self.password, _ = self.ioc.add_sender("gw1", "gateway")
        _, self.token = self.ioc.add_sender("agency", "push")

    def start(self, **how):
        self.ioc.start(**how)
        self.analyst = self.ioc.analyst()
        return self

    def publish(self, topic, lines):
        """Many messages of one mosquitto_pub; exit code 0 means that each had its PUBACK."""
        text = "\n".join(lines) + "\n"
        done = mosquitto_pub(self.ioc, "gw1", self.password, topic, text, stdin_lines=True)
        assert done.returncode == 0, done.stderr

    def push(self, body):
        """One message; what became of it is known when this returns."""
        status, answer = push(self.ioc, self.token, body)
        assert status == 200, answer
        return receipt(self.ioc, self.token, answer["position"])

    def values(self, subject, indicator="pm25", table="observation"):
        """How often each value is there."""
        rows = self.analyst.query(
            f"SELECT value FROM {table} WHERE subject = {{subject:String}} AND indicator = {{indicator:String}}",
            parameters={"subject": subject, "indicator": indicator},
        ).result_rows
        return collections.Counter(value for (value,) in rows)

    def balances(self):
        self.ioc.wait_drained()
        for feed in self.ioc.overview()["picture"]["feeds"]:
            assert (feed["envelopes_astray"], feed["rows_astray"]) == (0, 0), feed


def once(values):
    return collections.Counter(float(value) for value in values)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(
        tmp_path_factory.mktemp("house"),
        IOC_MQTT_RECEIVE_MAXIMUM="10",
        IOC_STREAM_HORIZON="3h",
        IOC_STREAM_IDLE_CADENCE="50ms",
        IOC_LOG_FILTER="info,ioc_stream=debug",
    ).start()
    yield house
    house.ioc.stop()


# Rejected batches


def test_a_batch_that_the_store_refuses_is_never_passed_over(tmp_path):
    """Vector: a sink that gets a permanent error drops the batch, and the source's offset moves past it.

    vectordotdev/vector 23633: what ClickHouse rejected is gone, and nothing keeps it. Here the flow halts at the batch
    (LOUD), the commit stays before it however many good ones follow, and once the cause is mended every row is there.
    """
    house = House(tmp_path).start()
    try:
        house.publish("test/ST01/observation", [reading("ST01", value, 900 - value) for value in range(5)])
        eventually(lambda: house.values("ST01") == once(range(5)))
        house.ioc.wait_drained()
        admin = house.ioc.analyst("ioc")
        admin.command("ALTER TABLE observation ADD CONSTRAINT refused CHECK throwIf(value = 666.5) = 0")
        house.publish("test/ST02/observation", [reading("ST02", 666.5)])
        halted = eventually(lambda: house.ioc.overview()["status"]["halted"])
        assert "observation" in halted
        committed = house.ioc.overview()["picture"]["epoch"]
        for value in range(20):
            house.publish("test/ST03/observation", [reading("ST03", value, 800 - value)])
        # All that follows is kept.
        eventually(lambda: house.ioc.overview()["status"]["in_flight"].get("gateway") == 21)
        assert house.ioc.overview()["picture"]["epoch"] == committed, "the commit does not move past the batch"
        assert list((house.ioc.data / "refused-blocks").glob("*observation*")), "the refused block can be looked at"
        admin.command("ALTER TABLE observation DROP CONSTRAINT refused")
        house.ioc.stop()
        house.start()
        house.balances()
        assert house.values("ST02") == once([666.5])
        assert house.values("ST03") == once(range(20))
    finally:
        house.ioc.stop()


def test_a_bad_row_of_a_batch_costs_neither_the_batch_nor_its_own_trace(house):
    """Vector: one row that does not fit rejects its whole batch, and no dead-letter queue keeps it (23633)."""
    good = [reading("ST01", value + 0.25, 2000 - value, "no2") for value in range(99)]
    bad = reading("ST01", "abc", 1_700, "no2")
    became = house.push("\n".join([*good[:50], bad, *good[50:]]))
    assert (became["stored"], became["rejected"]) == (99, 1)
    assert house.values("ST01", "no2") == once(value + 0.25 for value in range(99))
    rejects = house.analyst.query("SELECT raw, row, reason FROM reject_current WHERE feed = 'push'").result_rows
    assert (bad, 50, "not_a_number") in rejects
    house.balances()


# Unparsable messages


@pytest.mark.parametrize("protocol", [mqtt.MQTTv311, mqtt.MQTTv5], ids=["v3.1.1", "v5"])
def test_unparsable_messages_give_their_slots_back(house, protocol):
    """Telegraf: a message that cannot be parsed never frees its slot, so ingest stops after so many of them.

    influxdata/telegraf 13476, 13922. Here ten times as many as the receive maximum come on one connection, and the
    good ones behind them are acknowledged and stored (SAFE, BALANCE).
    """
    window = 10
    acknowledged = threading.Semaphore(0)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, f"slots-{protocol}", protocol=protocol)
    client.username_pw_set("gw1", house.password)
    client.max_inflight_messages_set(window)
    client.on_publish = lambda *_: acknowledged.release()
    client.connect("127.0.0.1", house.ioc.mqtt)
    client.loop_start()
    topic, address = "test/ST02/observation", f"test/slots-{protocol}/observation"
    no_number = b'{"indicator":"pm25","subject":"ST02","time":1,"value":{}}'
    bad = [b"\xff\xfe no json", b'{"indicator":', b"[1, 2", no_number]
    try:
        for number in range(10 * window):
            client.publish(address, bad[number % len(bad)], qos=1)
        values = [number + protocol / 8 for number in range(2 * window)]
        for place, value in enumerate(values):
            client.publish(topic, reading("ST02", value, 3000 - place - 100 * protocol, "no2"), qos=1)
        for number in range(12 * window):
            assert acknowledged.acquire(timeout=30), f"only {number} were acknowledged"
    finally:
        client.disconnect()
        client.loop_stop()
    eventually(lambda: once(values) <= house.values("ST02", "no2"))
    query = f"SELECT count() FROM reject_current WHERE address = '{address}'"
    assert eventually(lambda: house.analyst.query(query).result_rows == [(10 * window,)])
    house.balances()


# Too many messages


def test_what_is_over_the_rate_is_refused_or_slowed_and_never_acknowledged_and_dropped(tmp_path):
    """ThingsBoard: messages over a tenant's rate limit are acknowledged to the device and dropped.

    Here a sender with too much in work over HTTP is told 429 with Retry-After, one over MQTT is slowed, and whatever
    was acknowledged is stored, and nothing else is (ACK, BOUND).
    """
    house = House(tmp_path)
    # A slow disk, so that requests pile up.
    house.start(failpoints="bus_before_fsync=3*off->20*sleep(400)->off")
    try:
        values = [number + 0.5 for number in range(80)]

        def send(value):
            body = reading("ST03", value, 1000 - value, "o3")
            return value, *curl(house.ioc, "/ingest/push", "-D", "-", token=house.token, body=body)

        with concurrent.futures.ThreadPoolExecutor(len(values)) as many:
            answers = list(many.map(send, values))
        taken = [value for value, status, _ in answers if status == 200]
        refused = [(value, head) for value, status, head in answers if status != 200]
        assert {status for _, status, _ in answers} == {200, 429}, "the limit was reached: else this proves nothing"
        for _, head in refused:
            assert re.search(r"^retry-after: *\d+", head, re.I | re.M), head
        house.balances()
        assert house.values("ST03", "o3") == once(taken), "what was acknowledged, and nothing that was refused"
        for value, _ in refused:
            status, _ = push(house.ioc, house.token, reading("ST03", value, 1000 - value, "o3"))
            assert status == 200
        flood = [reading("ST04", number / 8, 3500 - number, "o3") for number in range(2_000)]
        house.publish("test/ST04/observation", flood)
        house.balances()
        assert house.values("ST03", "o3") == once(values)
        assert house.values("ST04", "o3") == once(number / 8 for number in range(2_000))
    finally:
        house.ioc.stop()


# Retries


@pytest.fixture(scope="module")
def server(house, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), house.ioc)
    yield server
    server.stop()


def publish_while_answers_are_lost(server, folder, database, failpoints=""):
    """Gives back how often each value is stored when the first answers to inserts never arrive."""
    wire = Wire(server.port, "observation")
    outside = Outside(folder, wire.port, server.password, database, server.admin)
    try:
        outside.ioc.start(failpoints=failpoints)
        outside.ioc.wait_drained()
        wire.lose_answers = 4
        for value in range(40):
            message = reading("ST05", value, 900 - value)
            done = mosquitto_pub(outside.ioc, "gw1", outside.password, "test/ST05/observation", message)
            assert done.returncode == 0, done.stderr
        eventually(lambda: set(outside.values("ST05")) == {float(value) for value in range(40)})
        outside.ioc.wait_drained()
        assert wire.lost_answers == 4, "no answer was lost: this proves nothing"
        return collections.Counter(outside.values("ST05"))
    finally:
        outside.ioc.stop()
        wire.stop()


def test_an_insert_tried_again_because_its_answer_was_lost_doubles_nothing(server, tmp_path):
    """clickhouse-kafka-connect: buffered mode inserts the same offsets twice on a failure that is tried again (801)."""
    held = publish_while_answers_are_lost(server, tmp_path, "retried")
    assert held == once(range(40)), "ONCE"


def test_without_tokens_and_counting_lost_answers_double_rows(server, tmp_path):
    """Negative control of the test above: the danger is real."""
    held = publish_while_answers_are_lost(server, tmp_path, "blind", "sink_no_deduplication=return")
    assert max(held.values()) > 1


# Late rows


def test_a_row_that_is_days_late_revises_its_window(house):
    """Arroyo: late rows are thrown away with a warning in the log; no counter, no side output.

    Here the row's day has left the dataflow's memory, the window is closed, and the row is stored all the same; the
    window has a new revision, and the former one can still be read (BATCH).
    """
    start = int(time.time() - 4 * DAY) // 3600 * 3600
    hour = time.time() - start

    def send(value, ago):
        house.publish("test/ST06/observation", [reading("ST06", value, ago, "o3")])

    for minute, value in [(0, 10.0), (20, 20.0), (40, 60.0)]:
        send(value, hour - minute * 60)
    send(1.0, 60)
    windows = (
        "SELECT count, sum / count, toString(closed_by) FROM window WHERE subject = 'ST06' AND indicator = 'o3'"
        f" AND kind = 'hour' AND toUnixTimestamp(start_time) = {start} ORDER BY epoch"
    )
    eventually(lambda: house.analyst.query(windows).result_rows == [(3, 30.0, "watermark")])
    # A day that is behind the horizon lingers for some epochs before it leaves the memory.
    seen = house.ioc.overview()["picture"]["epoch"]
    eventually(lambda: house.ioc.overview()["picture"]["epoch"] > seen + 100)
    send(2.0, 30)
    eventually(lambda: house.values("ST06", "o3")[2.0])
    send(30.0, hour - 50 * 60)
    both = [(3, 30.0, "watermark"), (4, 30.0, "revision")]
    eventually(lambda: house.analyst.query(windows).result_rows == both)
    assert house.values("ST06", "o3") == once([10, 20, 60, 30, 1, 2])
    assert "day read back" in house.ioc.log(), "the day was still in memory: this proves less"
    house.balances()


# Torn lines


def test_a_torn_line_costs_itself_alone_wherever_it_is_torn(house):
    """ClickHouse: with input_format_allow_errors a torn line can take its neighbours with it.

    Here every line is followed by one torn at another place, its end lost or its beginning: each whole line is stored,
    each torn one is a reject with its own bytes and row (ONCE).
    """
    whole = [reading("ST07", value, 3000 - value, "no2") for value in range(200)]
    length = min(map(len, whole))
    torn = [line[:at] for at, line in enumerate(whole[1 : length // 2])] + [
        line[at:] for at, line in enumerate(whole[length // 2 : length])
    ]
    torn = [part for part in torn if part.strip() and part not in whole]
    lines = []
    for number, line in enumerate(whole):
        lines += [line, torn[number]] if number < len(torn) else [line]
    became = house.push("\n".join(lines))
    assert (became["stored"], became["rejected"]) == (len(whole), len(torn))
    assert house.values("ST07", "no2") == once(range(200))
    _, partition, offset = became["position"].split("-")
    query = f"SELECT row, raw FROM reject_current WHERE partition = {partition} AND offset = {offset} ORDER BY row"
    rejects = house.analyst.query(query).result_rows
    assert rejects == [(number, line.strip()) for number, line in enumerate(lines) if line not in whole]
    house.balances()


# Vanished series


class Watched:
    """A station whose fine dust was too high three hours ago, with rules that watch it.

    Its other channel is in time and closes its hours; patience is so long that its last hours are of now.
    """

    station, alert, silence = "ST08", "dust-high~ST08~1", "gone~ST08~1"

    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        (pack / "rules.toml").write_text(RULES, encoding="utf-8")
        feeds = (pack / "feeds.toml").read_text()
        hurried = feeds.replace('lateness = "5m"\npatience = "1h"', 'lateness = "1s"\npatience = "12h"')
        assert hurried != feeds
        (pack / "feeds.toml").write_text(hurried)
        stations = (pack / "stations.toml").read_text()
        place = stations.index(f"[{self.station}]") + len(self.station) + 2
        quiet = '\nlate_after = "4s"\nsilent_after = "8s"'
        (pack / "stations.toml").write_text(stations[:place] + quiet + stations[place:])
        self.ioc = Ioc(folder, pack=pack)
        _, self.token = self.ioc.add_sender("agency", "push")
        self.hour = int(time.time() // 3600 - 3) * 3600

    def send(self, *rows):
        readings = [
            {"indicator": indicator, "subject": self.station, "time": rfc3339(int(moment * 1000)), "value": value}
            for indicator, moment, value in rows
        ]
        status, answer = push(self.ioc, self.token, json.dumps(readings))
        assert status == 200, answer
        receipt(self.ioc, self.token, answer["position"])

    def alerts(self):
        """Which of the station's are on the board, and whether what raised them holds."""
        alerts = self.ioc.overview()["picture"]["alerts"]
        return {alert["id"]: alert["active"] for alert in alerts if alert["subject"] == self.station}

    def state(self):
        stations = self.ioc.overview()["picture"]["stations"]
        return next(station["status"] for station in stations if station["subject"] == self.station)


def test_a_series_that_vanishes_does_not_turn_normal(tmp_path):
    """Grafana: an alert whose series vanishes resolves, or its "no data" counts as another kind of normal.

    grafana/grafana 55320 collects them. Here the last hour closes with too few points to judge, the station falls silent,
    and its alert stays up, over a kill and a restart, until data says that it is over (SILENT).
    """
    watched = Watched(tmp_path)
    watched.ioc.start()
    try:
        watched.send(*(("pm25", watched.hour + 300 * number, 150.0) for number in range(12)))
        # One low value of the twelve that the next hour should have, then nothing.
        watched.send(("pm25", watched.hour + 3600, 1.0), ("pm10", time.time(), 1.0))
        eventually(lambda: watched.alerts().get(watched.alert))
        eventually(lambda: watched.state() == "silent")
        eventually(lambda: watched.alerts().get(watched.silence))
        hour = f"toUnixTimestamp(start_time) = {watched.hour + 3600}"
        query = f"SELECT count, expected FROM window_current WHERE indicator = 'pm25' AND kind = 'hour' AND {hour}"
        assert watched.ioc.analyst().query(query).result_rows == [(1, 12)], "the hour of one low value is closed"
        watched.ioc.kill()
        watched.ioc.start()
        restarted = watched.ioc.overview()["picture"]["now"]
        eventually(lambda: watched.ioc.overview()["picture"]["now"] > restarted + 3_000)
        assert watched.state() == "silent"
        assert watched.alerts() == {watched.alert: True, watched.silence: True}
        # That data can end it shows that silence could have been told from it.
        watched.send(
            *(("pm25", watched.hour + 3600 + 300 * number, 2.0) for number in range(1, 12)), ("pm10", time.time(), 2.0)
        )
        eventually(lambda: watched.alerts().get(watched.alert) is False)
    finally:
        watched.ioc.stop()
