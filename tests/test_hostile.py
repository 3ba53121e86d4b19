"""Garbage, floods and giants: a counted reject or a refused connection, never another sender's loss (SAFE).

An honest gateway publishes all the while. After every attack the same process is alive, the gateway's readings are
acknowledged and stored, both identities of every feed hold (BALANCE), and the memory is bounded (BOUND).
"""

import socket
import struct
import threading
import time

import paho.mqtt.client as mqtt
import pytest
from ioc import Ioc, eventually, rfc3339_ago
from peers import RawMqtt, curl, field, mosquitto_pub, packet, publish_packet, push, reading, remaining_length

HUNDRED_MEGABYTES = 100 << 20
MOST_RESIDENT = 600 << 20
TOPIC = "test/ST01/observation"


class Honest:
    """A gateway that publishes a reading every few milliseconds and knows which were acknowledged."""

    def __init__(self, ioc, password):
        self.acknowledged = 0
        self.sent = 0
        self.stopped = threading.Event()
        versions = mqtt.CallbackAPIVersion.VERSION2, "honest"
        self.client = mqtt.Client(*versions, protocol=mqtt.MQTTv311, clean_session=False)
        self.client.username_pw_set("honest", password)
        self.client.on_publish = self._acknowledge
        self.client.connect("127.0.0.1", ioc.mqtt)
        self.client.loop_start()
        self.start = time.time() - 40 * 3600
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _acknowledge(self, *_):
        self.acknowledged += 1

    def _run(self):
        while not self.stopped.wait(0.02):
            if self.sent - self.acknowledged < 50:
                # Every reading has a moment of its own.
                ago = time.time() - self.start - self.sent
                text = reading("ST08", self.sent % 1000 / 10, ago, indicator="pm10")
                self.client.publish("test/ST08/observation", text, qos=1)
                self.sent += 1

    def is_acknowledged_again(self):
        """What is published from now on is acknowledged."""
        target = self.sent + 5
        eventually(lambda: self.acknowledged >= target)

    def stop(self):
        self.stopped.set()
        self.thread.join()
        eventually(lambda: self.acknowledged == self.sent)
        self.client.disconnect()
        self.client.loop_stop()


class House:
    def __init__(self, folder):
        self.ioc = Ioc(folder)
        honest_password, _ = self.ioc.add_sender("honest", "gateway")
        self.password, self.token = self.ioc.add_sender("rogue", "gateway", "push")
        self.ioc.start()
        self.pid = self.ioc.process.pid
        self.analyst = self.ioc.analyst()
        self.honest = Honest(self.ioc, honest_password)

    def raw(self, client_id="raw"):
        return RawMqtt(self.ioc, "rogue", self.password, client_id)

    def rejects(self, **where):
        """How many rejects there are of that feed, address and reason."""
        conditions = " AND ".join(f"{column} = {{{column}:String}}" for column in where)
        query = f"SELECT count() FROM reject_current WHERE {conditions}"
        return self.analyst.query(query, parameters=where).result_rows[0][0]

    def is_unharmed(self):
        assert self.ioc.process.poll() is None and self.ioc.process.pid == self.pid
        self.honest.is_acknowledged_again()
        shown = self.ioc.overview()
        assert shown["status"]["halted"] is None
        for feed in shown["picture"]["feeds"]:
            assert (feed["envelopes_astray"], feed["rows_astray"]) == (0, 0), feed
        assert self.ioc.resident_bytes() < MOST_RESIDENT


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("hostile"))
    yield house
    house.ioc.stop()


@pytest.fixture
def house(running):
    yield running
    running.is_unharmed()


def value(text):
    """A reading whose value is that text, not made by a JSON writer, which would refuse."""
    return reading("ST01", 1).replace('"value": 1}', f'"value": {text}}}')


GARBAGE = {
    "bytes that are no text": (b"\x00\xff\xfe\x80garbage", "malformed"),
    "a torn object": ('{"indicator":"pm25","subj', "malformed"),
    "NaN": (value("NaN"), "not_a_number"),
    "NaN in quotes": (value('"NaN"'), "not_a_number"),
    "1e999": (value("1e999"), "not_a_number"),
    "infinity in quotes": (value('"-inf"'), "not_a_number"),
    "an object for a value": (value('{"a":1}'), "not_a_number"),
    "deep nesting": ("[" * 100_000 + "]" * 100_000, "malformed"),
    "deep nesting in a field": (value('{"a":' * 30_000 + "1" + "}" * 30_000), "malformed"),
    "the future": (reading("ST01", 1, ago=-3600), "future_time"),
    "the distant past": (reading("ST01", 1, ago=400 * 86_400), "absurd_time"),
    "the year 9999": (reading("ST01", 1).replace(rfc3339_ago(0)[:4], "9999", 1), "absurd_time"),
    "a time in no calendar": (reading("ST01", 1, time="2026-02-30T25:61:00Z"), "absurd_time"),
    "a time beyond every number": (reading("ST01", 1, time=10**30), "absurd_time"),
    "an unknown station": (reading("'; DROP TABLE observation; --", 1), "unknown_subject"),
    "an unknown indicator": (reading("ST01", 1, indicator="../../etc/passwd"), "unknown_indicator"),
}


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_every_kind_of_garbage_over_mqtt_is_acknowledged_and_a_reject_with_its_reason(house, version):
    topics = [f"test/garbage-{version}-{number}/observation" for number in range(len(GARBAGE))]
    for topic, (payload, _) in zip(topics, GARBAGE.values(), strict=True):
        done = mosquitto_pub(house.ioc, "rogue", house.password, topic, payload, version)
        assert done.returncode == 0, done.stderr
    for topic, name in zip(topics, GARBAGE, strict=True):
        eventually(lambda topic=topic: house.rejects(address=topic) > 0)
        assert house.rejects(address=topic, reason=GARBAGE[name][1]) == house.rejects(address=topic) == 1, name


def test_garbage_over_http_has_a_receipt_and_is_rejected_row_by_row(house):
    lines = [text if isinstance(text, str) else text.decode("latin1") for text, _ in GARBAGE.values()]
    before = house.rejects(address="/ingest/push")
    status, answer = push(house.ioc, house.token, "\n".join([*lines, reading("ST02", 5.5, 77)]))
    assert status == 200, answer
    eventually(lambda: house.rejects(address="/ingest/push") == before + len(lines))
    query = "SELECT value FROM observation WHERE subject = 'ST02' AND feed = 'push'"
    assert house.analyst.query(query).result_rows == [(5.5,)], "the good row among them is stored"


def test_a_topic_nobody_claims_is_a_counted_reject(house):
    topics = ["nobody/listens", "/", "$SYS/broker", "test//observation/more", "a" * 60_000, "test/ST01/observation/"]
    for topic in topics:
        done = mosquitto_pub(house.ioc, "rogue", house.password, topic, reading("ST01", 1, 200))
        if done.returncode != 0:
            # The client itself refuses some of them.
            with house.raw("topics") as raw:
                raw.send(publish_packet(topic, reading("ST01", 1, 200), 9))
                assert raw.puback() == 9
        eventually(lambda topic=topic: house.rejects(feed="unmatched", reason="unmatched", address=topic) == 1)


MALFORMED = {
    "a wildcard in a topic": publish_packet("test/+/observation", "{}"),
    "an empty topic": publish_packet("", "{}"),
    "a topic that is not UTF-8": publish_packet(b"test/\xff\xfe/observation", "{}"),
    "a NUL in a topic": publish_packet("test/\x00/observation", "{}"),
    "a topic longer than its packet": packet(0x32, struct.pack(">H", 60_000) + b"test"),
    "packet id 0": publish_packet(TOPIC, "{}", 0),
    "QoS 3": b"\x36" + publish_packet(TOPIC, "{}")[1:],
    "a length of five bytes": b"\x32\xff\xff\xff\xff\x01",
    "a second CONNECT": packet(0x10, field("MQTT") + b"\x04\x02\x00\x3c" + field("raw")),
    "a packet only servers send": b"\x20\x02\x00\x00",
    "packet type 0": b"\x00\x00",
    "packet type 15": b"\xf0\x00",
    "noise": bytes(range(255, 0, -1)) * 40,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_packet_ends_its_own_connection(house, name):
    with house.raw() as raw:
        raw.send(MALFORMED[name])
        assert raw.is_closed_by_peer()


@pytest.mark.parametrize(
    "hello",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 600,
        b"\x10\x00",
        b"\xff" * 4096,
    ],
    ids=["an HTTP request", "a TLS hello", "an empty CONNECT", "noise"],
)
def test_what_is_no_connect_is_sent_away(house, hello):
    with RawMqtt(house.ioc) as raw:
        raw.send(hello)
        assert raw.is_closed_by_peer()


def test_a_message_of_100_megabytes_over_mqtt_is_a_counted_reject_and_costs_only_its_sender(house):
    size = HUNDRED_MEGABYTES
    with house.raw("giant") as raw:
        try:
            raw.send(b"\x32" + remaining_length(2 + len(TOPIC) + 2 + size) + field(TOPIC) + struct.pack(">H", 1))
            block = b"9" * (1 << 20)
            for _ in range(size >> 20):
                raw.send(block)
        except ConnectionError:
            pass
        assert raw.is_closed_by_peer()
    eventually(lambda: house.rejects(address=TOPIC, reason="too_large") == 1)


def test_a_body_of_100_megabytes_over_http_is_413_and_a_counted_reject(house, tmp_path):
    giant = tmp_path / "giant.json"
    with open(giant, "wb") as file:
        file.truncate(HUNDRED_MEGABYTES)
    for number, options in enumerate((["-T", str(giant)], ["-T", str(giant), "-H", "Transfer-Encoding: chunked"]), 1):
        status, answer = curl(house.ioc, "/ingest/push", "-X", "POST", *options, token=house.token)
        assert status == 413, answer
        eventually(lambda number=number: house.rejects(feed="push", reason="too_large") == number)


def test_a_file_of_100_megabytes_is_a_counted_reject_and_kept_aside(house):
    name = "TN_TEST_FILES1_20260101000000.txt"
    giant = house.ioc.data / "inbox" / "files" / name
    with open(giant, "wb") as file:
        file.truncate(HUNDRED_MEGABYTES)
    eventually(lambda: not giant.exists())
    eventually(lambda: house.rejects(feed="files", reason="too_large") == 1)
    assert [path for path in (house.ioc.data / "rejected").rglob(f"*{name}*") if path.is_file()]


def test_files_that_are_no_files_to_take_are_left_and_hold_nobody_up(house):
    inbox = house.ioc.data / "inbox" / "files"
    (inbox / "link.txt").symlink_to("/etc/passwd")
    (inbox / "loop").symlink_to(inbox)
    (inbox / ("x" * 200 + "\udcff.txt")).write_bytes(b"not UTF-8 in the name\tand no station file")
    (inbox / "TN_TEST_FILES1_20260101000001.txt").write_bytes(b"\0" * 4096)
    eventually(lambda: house.rejects(feed="files", address="TN_TEST_FILES1_20260101000001.txt") >= 1)
    assert house.analyst.query("SELECT count() FROM reject WHERE raw LIKE '%root:%'").result_rows == [(0,)]


@pytest.mark.parametrize("listens", [True, False])
def test_a_flood_is_slowed_and_another_senders_readings_are_acknowledged_meanwhile(house, listens):
    """The flooding client sends as fast as its socket takes it; one of the two never reads an acknowledgement."""
    topic = f"nobody/floods/{listens}"
    junk = b"".join(publish_packet(topic, b"x" * 200, number + 1) for number in range(500))
    acknowledged = []

    def listen(raw):
        try:
            while heard := raw.socket.recv(1 << 16):
                acknowledged.append(len(heard))
        except OSError:
            # The test has ended the connection.
            return

    def flood(raw):
        for _ in range(200):
            try:
                raw.send(junk)
            except OSError:
                # Slowed, or sent away: what is torn here ends with the connection.
                return

    with house.raw(f"flood-{listens}") as raw:
        raw.socket.settimeout(3)
        threads = [threading.Thread(target=flood, args=(raw,), daemon=True)]
        if listens:
            threads.append(threading.Thread(target=listen, args=(raw,), daemon=True))
        for thread in threads:
            thread.start()
        house.honest.is_acknowledged_again()
        threads[0].join()
        house.honest.is_acknowledged_again()
        if listens:
            # Every PUBACK has four bytes.
            eventually(lambda: sum(acknowledged) == 4 * 500 * 200)
        raw.socket.shutdown(socket.SHUT_RDWR)
    least = 500 * 200 if listens else 1
    eventually(lambda: house.rejects(feed="unmatched", address=topic) >= least, seconds=120)


def test_connections_that_come_and_go_at_once_leave_room_for_the_others(house):
    for _ in range(300):
        with socket.create_connection(("127.0.0.1", house.ioc.mqtt), timeout=10):
            pass
        with socket.create_connection(("127.0.0.1", house.ioc.push), timeout=10):
            pass
        with socket.create_connection(("127.0.0.1", house.ioc.http), timeout=10):
            pass
    assert house.ioc.get("/healthz") == b"alive\n"


def test_dribbling_and_half_open_connections_hold_nobody_up(house):
    opened = []
    try:
        for _ in range(100):
            opened.append(socket.create_connection(("127.0.0.1", house.ioc.mqtt), timeout=10))
            opened.append(socket.create_connection(("127.0.0.1", house.ioc.push), timeout=10))
        for connection in opened[::2]:
            connection.sendall(b"\x10")
        for connection in opened[1::2]:
            connection.sendall(b"POST /ingest/push HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n")
        # A publish that comes byte by byte is a publish all the same.
        with house.raw("dribble") as raw:
            for byte in publish_packet(TOPIC, reading("ST01", 3.25, 500), 77):
                raw.send(bytes([byte]))
            assert raw.puback() == 77
        house.honest.is_acknowledged_again()
        status, answer = push(house.ioc, house.token, reading("ST03", 4.5, 66))
        assert status == 200, answer
    finally:
        for connection in opened:
            connection.close()


def test_a_body_that_breaks_off_is_not_acknowledged_and_not_stored(house):
    text = reading("ST04", 9.75, 88)
    with socket.create_connection(("127.0.0.1", house.ioc.push), timeout=30) as connection:
        head = f"POST /ingest/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.token}\r\n"
        connection.sendall(f"{head}Content-Length: {len(text) + 1}\r\n\r\n{text}".encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(4096)
    assert b" 200 " not in answer.split(b"\r\n", 1)[0]
    status, receipt = push(house.ioc, house.token, reading("ST04", 1.0, 99))
    assert status == 200, receipt
    # The later one of the same sender is stored, and nothing was before it.
    query = "SELECT value FROM observation WHERE subject = 'ST04'"
    assert eventually(lambda: house.analyst.query(query).result_rows) == [(1.0,)]


def test_in_the_end_every_honest_reading_is_stored_and_everything_balances(running):
    house = running
    house.honest.stop()
    house.ioc.wait_drained()
    query = "SELECT count(), uniqExact(event_time) FROM observation WHERE subject = 'ST08' AND indicator = 'pm10'"
    assert house.analyst.query(query).result_rows == [(house.honest.sent, house.honest.sent)]
    query = "SELECT feed, envelopes_astray, rows_astray, rows_waiting FROM feed_balance"
    balance = house.analyst.query(query).result_rows
    assert {tuple(figures) for _, *figures in balance} == {(0, 0, 0)}, balance
    rejects = house.analyst.query("SELECT count() FROM reject_current").result_rows[0][0]
    query = "SELECT sum(envelopes_undecodable) + sum(rows_rejected) FROM feed_balance"
    assert house.analyst.query(query).result_rows == [(rejects,)], "every counted reject can be read"
