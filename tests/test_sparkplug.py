"""Nodes of Sparkplug B by a client this project did not write: births, aliases, gaps, deaths, over kills."""

import re
import shutil
import struct
import time

import paho.mqtt.client as mqtt
import pytest
from ioc import PACK, ROOT, Ioc, eventually

FEED = """
[sparkplug]
name = { vi = "Cổng Sparkplug", en = "Sparkplug nodes" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "mqtt", topics = ["spBv1.0/#"] }
format = "sparkplug_b"
silent_after = "10m"
[sparkplug.contract]
max_bytes = 262144
max_future = "5m"
max_age = "366d"
lateness = "5m"
patience = "1h"
"""
INT8, INT16, UINT64, FLOAT = 1, 2, 8, 9


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def number(field, value):
    return varint(field << 3) + varint(value)


def text(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def metric(at, value=None, name=None, alias=None, kind=None, integer=None):
    out = text(1, name.encode()) if name else b""
    out += number(2, alias) if alias is not None else b""
    out += number(3, at)
    out += number(4, kind) if kind else b""
    if integer is not None:
        return out + number(11 if kind == UINT64 else 10, integer)
    return out + varint(12 << 3 | 5) + struct.pack("<f", value)


def payload(at, seq, *metrics):
    body = number(1, at) + b"".join(text(2, one) for one in metrics)
    return body if seq is None else body + number(3, seq)


class Node:
    """An edge node: `gw-0001` of a group, with a session of its own."""

    def __init__(self, ioc, login, password, node="gw-0001", session=7):
        self.node, self.session, self.seq = node, session, 0
        self.began = int(time.time() * 1000) - 900_000
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, f"{login}-{node}", clean_session=True)
        self.client.username_pw_set(login, password)
        self.client.will_set(*self.death(), qos=1)
        self.client.connect("127.0.0.1", ioc.mqtt, keepalive=30)
        self.client.loop_start()
        eventually(self.client.is_connected)

    def moment(self, minute, second=0):
        return self.began + 60_000 * minute + 1_000 * second

    def bd_seq(self, session=None):
        return metric(self.moment(0), name="bdSeq", kind=UINT64, integer=self.session if session is None else session)

    def death(self, session=None):
        return f"spBv1.0/TayNinh/NDEATH/{self.node}", payload(self.moment(0), None, self.bd_seq(session))

    def say(self, kind, body, device=None):
        topic = f"spBv1.0/TayNinh/{kind}/{self.node}" + (f"/{device}" if device else "")
        self.client.publish(topic, body, qos=1).wait_for_publish(60)

    def birth(self, minute):
        self.seq = 0
        self.say("NBIRTH", payload(self.moment(minute), 0, self.bd_seq()))

    def next(self):
        self.seq = (self.seq + 1) % 256
        return self.seq

    def device(self, kind, device, minute, *metrics, seq=None):
        self.say(kind, payload(self.moment(minute), self.next() if seq is None else seq, *metrics), device)

    def leave(self, goodbye=True):
        if goodbye:
            self.client.disconnect()
        else:
            self.client.socket().close()
        self.client.loop_stop()


@pytest.fixture
def ioc(tmp_path):
    pack = shutil.copytree(PACK, tmp_path / "pack")
    with open(pack / "feeds.toml", "a") as feeds:
        feeds.write(FEED)
    ioc = Ioc(tmp_path, pack)
    yield ioc
    ioc.stop()


def stored(ioc, node):
    """(subject, indicator, milliseconds since the node began, value) of what counts."""
    rows = ioc.analyst().query(
        "SELECT subject, indicator, toUnixTimestamp64Milli(event_time), value FROM observation WHERE feed = 'sparkplug'"
    ).result_rows
    return sorted((subject, indicator, at - node.began, value) for subject, indicator, at, value in rows)


def rejects(ioc):
    return ioc.analyst().query("SELECT reason, message_en FROM reject WHERE feed = 'sparkplug'").result_rows


def wanted(ioc):
    lines = re.findall(r'^ioc_nodes_rebirths_wanted_total\{why="(\w+)"\} (\d+)$', ioc.get("/metrics").decode(), re.M)
    return {why: int(count) for why, count in lines if int(count)}


def state(ioc, station):
    rows = ioc.analyst().query(
        f"SELECT status FROM station_status WHERE station = '{station}' ORDER BY since DESC LIMIT 1"
    ).result_rows
    return rows[0][0] if rows else None


def test_field_sparkplug_an_alias_is_what_the_birth_before_it_says_through_kills_between_any_two_messages(ioc):
    password, _ = ioc.add_sender("gw1", "sparkplug")
    ioc.start()
    node = Node(ioc, "gw1", password)

    def at(minute, second=0, **more):
        return lambda value, **other: metric(node.moment(minute, second), value, **more, **other)

    def kill(workers):
        node.client.loop_stop()
        ioc.wait_drained()
        ioc.kill()
        ioc.start(workers=workers)
        node.client.reconnect()
        node.client.loop_start()
        eventually(node.client.is_connected)

    node.birth(0)
    kill(1)
    node.device(
        "DBIRTH", "ST01", 0, at(0)(18.4, name="pm25", alias=1, kind=FLOAT), at(0)(61.3, name="pm10", alias=2, kind=FLOAT)
    )
    kill(3)
    node.device("DDATA", "ST01", 1, at(1)(18.6, alias=1), at(1)(61.9, alias=2))
    # Configured anew: other numbers for the same names; what it says again has the time it had.
    node.birth(2)
    node.device(
        "DBIRTH",
        "ST01",
        2,
        at(1)(61.9, name="pm10", alias=1, kind=FLOAT),
        at(2)(18.9, name="pm25", alias=2, kind=FLOAT),
        metric(node.moment(2), name="no2", alias=3, kind=INT16, integer=2**32 - 18),
    )
    kill(2)
    node.device("DDATA", "ST01", 3, at(3)(62.4, alias=1), at(3)(19.1, alias=2))
    node.device("DDATA", "ST01", 3, metric(node.moment(3), alias=3, integer=2**16 - 20))
    node.device("DDATA", "ST01", 5, at(5)(62.9, alias=1), seq=5)
    node.device("DDATA", "ST01", 4, at(4)(62.6, alias=1), at(4)(19.3, alias=2), seq=4)
    kill(1)
    assert wanted(ioc) == {}, "what was overtaken is not missing"
    node.device("DDATA", "ST01", 7, at(7)(19.5, alias=2), seq=7)
    eventually(lambda: wanted(ioc) == {"gap": 1})
    assert re.search(r"a node should be born again.*gw-0001", ioc.log())
    node.device("DDATA", "ST01", 8, at(8)(5.1, alias=9), seq=8)
    ioc.wait_drained()
    expected = [
        ("pm25", 0, 18.4), ("pm10", 0, 61.3), ("pm25", 1, 18.6), ("pm10", 1, 61.9), ("pm25", 2, 18.9), ("no2", 2, -18.0),
        ("pm10", 3, 62.4), ("pm25", 3, 19.1), ("no2", 3, -20.0), ("pm10", 5, 62.9), ("pm10", 4, 62.6), ("pm25", 4, 19.3),
        ("pm25", 7, 19.5),
    ]  # fmt: skip
    assert stored(ioc, node) == sorted(("ST01", indicator, 60_000 * minute, value) for indicator, minute, value in expected)
    [(reason, told)] = rejects(ioc)
    assert reason == "no_birth" and "Alias 9 of gw-0001/ST01 is not in its birth" in told
    assert wanted(ioc) == {"gap": 1}, "none while one is open"
    node.leave()


def test_silent_the_death_of_a_node_is_told_at_once_and_that_of_a_session_before_is_not(ioc):
    password, _ = ioc.add_sender("gw1", "sparkplug")
    ioc.start()
    node = Node(ioc, "gw1", password)

    def value(minute, value):
        return metric(node.moment(minute), value, alias=1)

    node.birth(14)
    for station in ("ST01", "ST02"):
        node.device("DBIRTH", station, 14, metric(node.moment(14), 5.0, name="pm25", alias=1, kind=FLOAT))
    eventually(lambda: state(ioc, "ST01") == state(ioc, "ST02") == "good")
    topic, body = node.death(session=6)
    node.client.publish(topic, body, qos=1).wait_for_publish(60)
    node.device("DDEATH", "ST02", 14)
    eventually(lambda: state(ioc, "ST02") == "silent")
    assert state(ioc, "ST01") == "good", "the will of a session before came late"
    node.leave(goodbye=False)
    eventually(lambda: state(ioc, "ST01") == "silent")
    ioc.kill()
    ioc.start()
    assert state(ioc, "ST01") == "silent"
    again = Node(ioc, "gw1", password, session=8)
    again.began = node.began
    again.birth(14)
    again.device("DBIRTH", "ST01", 14, metric(node.moment(14, 30), 6.0, name="pm25", alias=4, kind=FLOAT))
    eventually(lambda: state(ioc, "ST01") == "good")
    assert state(ioc, "ST02") == "silent", "it was not born"
    again.leave()


def test_who_another_sender_gives_no_names_to_a_nodes_metrics_and_does_not_end_it(ioc):
    password, _ = ioc.add_sender("gw1", "sparkplug")
    stranger, _ = ioc.add_sender("gw2", "sparkplug")
    ioc.start()
    node, other = Node(ioc, "gw1", password), Node(ioc, "gw2", stranger)
    other.began = node.began
    node.birth(10)
    node.device("DBIRTH", "ST01", 10, metric(node.moment(10), 1.0, name="pm25", alias=1, kind=FLOAT))
    other.birth(11)
    other.device("DBIRTH", "ST01", 11, metric(node.moment(11), 2.0, name="pm10", alias=1, kind=FLOAT))
    topic, body = other.death()
    other.client.publish(topic, body, qos=1).wait_for_publish(60)
    node.device("DDATA", "ST01", 12, metric(node.moment(12), 3.0, alias=1))
    ioc.wait_drained()
    found = [(indicator, at // 60_000, value) for _, indicator, at, value in stored(ioc, node)]
    assert found == [("pm10", 11, 2.0), ("pm25", 10, 1.0), ("pm25", 12, 3.0)]
    assert wanted(ioc) == {}
    for one in (node, other):
        one.leave()


def test_a_node_without_a_birth_is_stored_under_no_name_and_asked_for_once(ioc):
    password, _ = ioc.add_sender("gw1", "sparkplug")
    ioc.start()
    node = Node(ioc, "gw1", password)
    for minute in range(10):
        node.device("DDATA", "ST01", minute, metric(node.moment(minute), 1.0, alias=1))
    ioc.wait_drained()
    assert stored(ioc, node) == []
    assert [reason for reason, _ in rejects(ioc)] == ["no_birth"] * 10
    assert wanted(ioc) == {"unborn": 1}
    node.leave()


def test_a_node_whose_birth_was_missed_is_asked_for_it_and_read_from_then_on(ioc):
    password, _ = ioc.add_sender("gw1", "sparkplug")
    ioc.start()
    node = Node(ioc, "gw1", password)
    asked = []
    node.client.on_message = lambda _client, _data, message: asked.append((message.topic, message.payload))
    node.client.subscribe("spBv1.0/TayNinh/NCMD/gw-0001/#", 1)
    # It was born to another host, and goes on here.
    for minute in range(5):
        node.device("DDATA", "ST01", minute, metric(node.moment(minute), 1.0, alias=1))
    eventually(lambda: asked)
    [(topic, command)] = asked
    assert topic == "spBv1.0/TayNinh/NCMD/gw-0001" and b"Node Control/Rebirth" in command
    node.birth(6)
    node.device("DBIRTH", "ST01", 6, metric(node.moment(6), 2.0, name="pm25", alias=1, kind=FLOAT))
    node.device("DDATA", "ST01", 7, metric(node.moment(7), 3.0, alias=1))
    ioc.wait_drained()
    assert [(indicator, at // 60_000, value) for _, indicator, at, value in stored(ioc, node)] == [
        ("pm25", 6, 2.0),
        ("pm25", 7, 3.0),
    ]
    assert wanted(ioc) == {"unborn": 1} and len(asked) == 1
    node.leave()


def test_try_reads_messages_of_a_node_by_those_before_them(ioc):
    cases = ROOT / "decode" / "cases"
    folder = cases / "sparkplug_b"
    names = ["00_nbirth", "01_dbirth", "02_ddata"]
    topics = ["NBIRTH/gw-0001", "DBIRTH/gw-0001/kho-lanh", "DDATA/gw-0001/kho-lanh"]

    def tried(names, topics):
        files = [str(next((folder / name).glob("input.*"))) for name in names]
        addresses = [word for topic in topics for word in ("--address", f"spBv1.0/TayNinh/{topic}")]
        arguments = ["--pack", str(cases / "pack"), "--feed", "sparkplug", "--received-at", "2026-11-20T07:09:00+07:00"]
        return ioc.run("try", *arguments, *addresses, *files, check=False)

    alone = tried(names[2:], topics[2:])
    assert alone.returncode == 1 and alone.stdout.count('"no_birth"') == 5 and "only an earlier birth has named" in alone.stdout
    behind = tried(names, topics)
    assert behind.returncode == 0 and behind.stdout.count('"observation"') == 11
    assert "once, or once for each" in tried(names, topics[:2]).stderr
