"""What the product itself says to gateways, heard by clients this project did not write: STATE of Sparkplug and commands, with
the rights of who publishes, over lost connections and restarts (decision 54)."""

import json
import shutil
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request

import paho.mqtt.client as mqtt
import pytest
from ioc import PACK, Ioc, eventually
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions
from peers import field, mosquitto_pub, remaining_length

VERSIONS = [mqtt.MQTTv311, mqtt.MQTTv5]
STATE = "spBv1.0/STATE/ioc"
FEED = """
[{id}]
name = {{ vi = "Nút Sparkplug", en = "Sparkplug nodes" }}
owner = {{ vi = "Đơn vị thử nghiệm", en = "Test agency" }}
transport = {{ kind = "mqtt", topics = ["{topic}"] }}
format = "sparkplug_b"
silent_after = "10m"
[{id}.contract]
max_bytes = 262144
max_future = "5m"
max_age = "366d"
lateness = "5m"
patience = "3h"
"""


class House:
    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEED.format(id="nodes", topic="spBv1.0/TayNinh/#"))
            feeds.write(FEED.format(id="one-node", topic="spBv1.0/TayNinh/+/foreign/#"))
        self.ioc = Ioc(folder, pack=pack, IOC_MQTT_SPARKPLUG_HOST="ioc")
        # Two senders of the same feed, one of another feed of Sparkplug, one of none.
        self.passwords = {}
        for name, feed in [("gw1", "nodes"), ("gw2", "nodes"), ("foreign", "one-node"), ("json", "gateway")]:
            self.passwords[name], _ = self.ioc.add_sender(name, feed)
        self.ioc.start()

    def metric(self, name):
        lines = self.ioc.get("/metrics").decode().splitlines()
        [value] = [line.split()[-1] for line in lines if line.startswith(f"ioc_mqtt_{name} ")]
        return float(value)

    def rebirth(self, sender, node, group="TayNinh"):
        """Asks the interface, as the command does: status and answer."""
        body = json.dumps({"sender": sender, "group": group, "node": node}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ioc.http}/api/nodes/rebirth", body, {"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("say"))
    yield house
    house.ioc.stop()


class Edge:
    """An edge node by paho, and what it hears."""

    def __init__(self, house, sender, name, version=mqtt.MQTTv311, lasting=False):
        more = {} if version == mqtt.MQTTv5 else {"clean_session": not lasting}
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=version, **more)
        self.client.username_pw_set(sender, house.passwords[sender])
        self.version, self.heard, self.codes, self.ended = version, [], {}, threading.Event()
        self.is_present = None
        self.client.on_message = lambda _client, _userdata, message: self.heard.append(message)
        self.client.on_subscribe = lambda _client, _userdata, mid, codes, _properties: self.codes.update({mid: codes})
        self.client.on_unsubscribe = lambda _client, _userdata, mid, codes, _properties: self.codes.update({mid: codes})
        self.client.on_connect = lambda _client, _userdata, flags, *_: setattr(self, "is_present", flags.session_present)
        self.client.on_disconnect = lambda *_: self.ended.set()
        if version == mqtt.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 3600 if lasting else 0
            more = {"clean_start": not lasting, "properties": properties}
        else:
            more = {}
        self.client.connect("127.0.0.1", house.ioc.mqtt, **more)
        self.client.loop_start()
        eventually(lambda: self.is_present is not None)

    def subscribe(self, *filters, **options):
        """The codes, one for each filter."""
        result, mid = self.client.subscribe([(each, 1) for each in filters], **options)
        assert result == mqtt.MQTT_ERR_SUCCESS
        eventually(lambda: mid in self.codes)
        return [code.value for code in self.codes[mid]]

    def unsubscribe(self, filter):
        _, mid = self.client.unsubscribe(filter)
        eventually(lambda: mid in self.codes)

    def topics(self):
        return [message.topic for message in self.heard]

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def state(message):
    said = json.loads(message.payload)
    assert set(said) == {"online", "timestamp"} and abs(said["timestamp"] / 1000 - time.time()) < 600
    return said["online"]


def varint(data, at):
    value, shift = 0, 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return value, at


def protobuf(data):
    """Fields of a message: number and value, of the two kinds that are used here."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            fields[tag >> 3], at = varint(data, at)
        else:
            assert tag & 7 == 2
            length, at = varint(data, at)
            fields[tag >> 3], at = data[at : at + length], at + length
    return fields


def is_rebirth(message):
    payload = protobuf(message.payload)
    # timestamp and metrics, and no seq.
    assert set(payload) == {1, 2} and abs(payload[1] / 1000 - time.time()) < 600
    metric = protobuf(payload[2])
    return metric == {1: b"Node Control/Rebirth", 3: payload[1], 4: 11, 14: 1}


@pytest.mark.parametrize("version", VERSIONS)
def test_state_is_heard_by_whoever_subscribes_retained_and_with_quality_of_service_1(house, version):
    edge = Edge(house, "gw1", f"state-{version}", version)
    assert edge.subscribe(STATE) == [1]
    eventually(lambda: edge.heard)
    [message] = edge.heard
    assert (message.topic, message.retain, message.qos, state(message)) == (STATE, True, 1, True)
    # Subscribed to again it is told again, and not when it is heard no more.
    assert edge.subscribe("spBv1.0/STATE/#") == [1]
    eventually(lambda: len(edge.heard) == 2)
    edge.unsubscribe(STATE)
    edge.close()
    assert len(edge.heard) == 2


def test_mosquitto_sub_hears_it(house):
    for version in ("mqttv311", "mqttv5"):
        login = ["-u", "gw1", "-P", house.passwords["gw1"], "-i", f"mosquitto-{version}"]
        done = subprocess.run(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(house.ioc.mqtt), "-V", version, *login, "-q", "1"]
            + ["-t", "spBv1.0/STATE/#", "-C", "1", "-W", "20", "-F", "%t %q %r %p"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        topic, qos, retain, payload = done.stdout.split(maxsplit=3)
        assert (topic, qos, retain, json.loads(payload)["online"]) == (STATE, "1", "1", True)


def test_safe_each_filter_is_granted_or_refused_by_what_its_sender_may_hear(house):
    cases = [
        ("spBv1.0/TayNinh/NCMD/gw-0001", 1, 0x87),
        ("spBv1.0/TayNinh/NCMD/gw-0001/#", 1, 0x87),
        ("spBv1.0/TayNinh/DCMD/gw-0001/#", 1, 0x87),
        ("spBv1.0/+/NCMD/+/#", 1, 0x87),
        ("spBv1.0/STATE/+", 1, 0x87),
        ("#", 1, 0x87),
        ("spBv1.0/Elsewhere/NCMD/gw-0001", 0x87, 0x87),
        ("spBv1.0/TayNinh/NDATA/gw-0001", 0x87, 0x87),
        ("spBv1.0/TayNinh/NDEATH/+", 0x87, 0x87),
        ("STATE/ioc", 0x87, 0x87),
        ("test/+/observation", 0x87, 0x87),
        ("$SYS/#", 0x87, 0x87),
        ("a/#/b", 0x8F, 0x8F),
        ("$share/group/spBv1.0/STATE/ioc", 0x9E, 0x9E),
    ]
    filters = [filter for filter, *_ in cases]
    for sender, column in (("gw1", 1), ("json", 2)):
        expected = [case[column] for case in cases]
        # paho looks at filters before it sends them: these two versions are written by hand.
        assert raw_codes(house, sender, filters, five=True) == expected
        assert raw_codes(house, sender, filters, five=False) == [min(code, 0x80) for code in expected]
    many = [f"spBv1.0/TayNinh/NCMD/n{number}" for number in range(20)]
    assert raw_codes(house, "gw1", many, five=True) == [1] * 16 + [0x97] * 4, "BOUND: of a session"


class Raw:
    """A connection byte by byte."""

    def __init__(self, house, sender, name, five=False, clean=True):
        self.five = five
        self.socket = socket.create_connection(("127.0.0.1", house.ioc.mqtt), timeout=30)
        flags = bytes([0xC0 | (2 if clean else 0)])
        body = field("MQTT") + bytes([5 if five else 4]) + flags + struct.pack(">H", 60) + (b"\0" if five else b"")
        body += field(name) + field(sender) + field(house.passwords[sender])
        self.send(0x10, body)
        self.connack = self.packet()

    def send(self, first, body):
        self.socket.sendall(bytes([first]) + remaining_length(len(body)) + body)

    def packet(self):
        first = self._read(1)[0]
        length, shift = 0, 0
        while True:
            byte = self._read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return first, self._read(length)

    def _read(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            assert more, "it is closed"
            data += more
        return data

    def subscribe(self, filters):
        body = struct.pack(">H", 7) + (b"\0" if self.five else b"")
        self.send(0x82, body + b"".join(field(filter) + b"\x01" for filter in filters))
        while True:
            first, body = self.packet()
            if first == 0x90:
                return list(body[3 if self.five else 2 :])


def raw_codes(house, sender, filters, five):
    raw = Raw(house, sender, f"raw-{five}", five)
    codes = raw.subscribe(filters)
    raw.socket.close()
    return codes


def test_safe_a_command_is_heard_by_its_sender_alone_however_wide_others_listen(house):
    edges = {name: Edge(house, name, f"wide-{name}") for name in ("gw1", "gw2", "foreign")}
    for edge in edges.values():
        assert edge.subscribe("#") == [1]
        eventually(lambda edge=edge: STATE in edge.topics())
    assert house.rebirth("gw1", "gw-0001")[0] == 200
    command = "spBv1.0/TayNinh/NCMD/gw-0001"
    eventually(lambda: command in edges["gw1"].topics())
    # Of a node that is another feed's, though its sender listens to everything.
    assert house.rebirth("gw1", "foreign")[0] == 404
    assert house.rebirth("foreign", "gw-0001")[0] == 404
    assert house.rebirth("nobody", "gw-0001")[0] == 404
    assert house.rebirth("foreign", "foreign")[0] == 200
    eventually(lambda: "spBv1.0/TayNinh/NCMD/foreign" in edges["foreign"].topics())
    # What is published reaches nobody: it is an endpoint and no broker.
    assert mosquitto_pub(house.ioc, "gw1", house.passwords["gw1"], "spBv1.0/TayNinh/NDATA/gw-0001", b"\x08\x01").returncode == 0
    assert mosquitto_pub(house.ioc, "gw1", house.passwords["gw1"], command, b"\x08\x01").returncode == 0
    assert house.rebirth("gw2", "gw-0002")[0] == 200
    eventually(lambda: "spBv1.0/TayNinh/NCMD/gw-0002" in edges["gw2"].topics())
    for name, heard in [("gw1", command), ("gw2", "spBv1.0/TayNinh/NCMD/gw-0002"), ("foreign", "spBv1.0/TayNinh/NCMD/foreign")]:
        assert edges[name].topics() == [STATE, heard], name
        edges[name].close()


def test_a_rebirth_by_hand_arrives_at_the_node_as_sparkplug_has_it(house):
    edge = Edge(house, "gw1", "gw-0003", mqtt.MQTTv5)
    properties = Properties(PacketTypes.SUBSCRIBE)
    properties.SubscriptionIdentifier = 300
    filter = "spBv1.0/TayNinh/NCMD/gw-0003"
    _, mid = edge.client.subscribe(filter, options=SubscribeOptions(qos=1), properties=properties)
    eventually(lambda: mid in edge.codes)
    done = house.ioc.run("say", "rebirth", "gw1", "TayNinh/gw-0003")
    assert "told 1 connected of 1 sessions" in done.stdout
    eventually(lambda: edge.heard)
    [message] = edge.heard
    assert (message.topic, message.qos, message.retain, is_rebirth(message)) == (filter, 1, False, True)
    assert message.properties.SubscriptionIdentifier == [300]
    assert 1 <= message.properties.MessageExpiryInterval <= 300
    again = house.ioc.run("say", "rebirth", "gw1", "TayNinh/gw-0003", check=False)
    assert (again.returncode, "a moment ago" in again.stderr) == (1, True), again
    nobody = house.ioc.run("say", "rebirth", "gw1", "TayNinh/elsewhere", check=False)
    assert (nobody.returncode, "no session" in nobody.stderr) == (1, True), nobody
    wrong = house.ioc.run("say", "rebirth", "gw1", "TayNinh", check=False)
    assert wrong.returncode == 2 and "group" in wrong.stderr
    edge.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_ack_a_lasting_session_hears_what_was_said_while_it_was_away(house, version):
    name = f"lasting-{version}"
    edge = Edge(house, "gw1", name, version, lasting=True)
    assert not edge.is_present and edge.subscribe(f"spBv1.0/TayNinh/NCMD/{name}") == [1]
    edge.close()
    done = house.ioc.run("say", "rebirth", "gw1", f"TayNinh/{name}", check=False)
    assert (done.returncode, "told 0 connected of 1 sessions" in done.stdout) == (1, True), done
    edge = Edge(house, "gw1", name, version, lasting=True)
    assert edge.is_present
    eventually(lambda: edge.heard)
    assert [is_rebirth(message) for message in edge.heard] == [True]
    edge.close()


def test_once_what_was_not_acknowledged_comes_again_with_dup_under_its_identifier(house):
    raw = Raw(house, "gw1", "dup", clean=False)
    assert raw.connack[1][0] == 0 and raw.subscribe(["spBv1.0/TayNinh/NCMD/dup"]) == [1]
    assert house.rebirth("gw1", "dup")[0] == 200
    first, body = raw.packet()
    assert first == 0x32
    raw.socket.close()
    raw = Raw(house, "gw1", "dup", clean=False)
    assert raw.connack[1][0] == 1
    assert raw.packet() == (0x3A, body)
    at = 2 + struct.unpack(">H", body[:2])[0]
    raw.send(0x40, body[at : at + 2])
    # Behind it, so that it was read.
    raw.send(0xC0, b"")
    assert raw.packet() == (0xD0, b"")
    raw.socket.close()
    raw = Raw(house, "gw1", "dup", clean=False)
    raw.send(0xC0, b"")
    assert raw.packet() == (0xD0, b""), "it is settled"
    raw.socket.close()


def test_bound_a_client_that_never_acknowledges_holds_up_nobody_and_keeps_little(house):
    # The same sender's, both hear everything.
    deaf = Raw(house, "gw2", "deaf", clean=False)
    assert deaf.subscribe(["spBv1.0/TayNinh/NCMD/#"]) == [1]
    edge = Edge(house, "gw2", "reads")
    assert edge.subscribe("spBv1.0/TayNinh/NCMD/#") == [1]
    dropped, count = house.metric("said_dropped_total"), 200
    for number in range(count):
        assert house.rebirth("gw2", f"bound-{number}") == (200, {"sessions": 2, "connected": 2})
    eventually(lambda: len(edge.heard) == count)
    assert edge.topics() == [f"spBv1.0/TayNinh/NCMD/bound-{number}" for number in range(count)]
    # 16 are open, 64 wait, the oldest of the others went.
    assert house.metric("said_dropped_total") - dropped == count - 16 - 64
    edge.close()
    deaf.socket.close()
    again = Raw(house, "gw2", "deaf", clean=False)
    assert [again.packet()[0] for _ in range(16)] == [0x3A] * 16
    again.socket.close()
    # It ends its session: what it was to be told is counted.
    Raw(house, "gw2", "deaf").socket.close()
    eventually(lambda: house.metric("said_dropped_total") - dropped == count)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_ack_subscriptions_of_a_lasting_session_outlive_the_process(house, end):
    edges = {}
    for version in VERSIONS:
        edge = Edge(house, "gw1", f"survivor-{end}-{version}", version, lasting=True)
        assert edge.subscribe(STATE, f"spBv1.0/TayNinh/NCMD/{end}-{version}") == [1, 1]
        eventually(lambda edge=edge: edge.heard)
        edges[version] = edge
    if end == "stop":
        house.ioc.stop()
    else:
        house.ioc.kill()
    for edge in edges.values():
        assert edge.ended.wait(30)
        edge.client.loop_stop()
        # A clean end says so to whoever is connected, with the timestamp of the birth before; a death says nothing.
        said = [json.loads(message.payload) for message in edge.heard]
        assert [each["online"] for each in said] == ([True, False] if end == "stop" else [True])
        assert len({each["timestamp"] for each in said}) == 1
    house.ioc.start()
    for version in VERSIONS:
        edge = Edge(house, "gw1", f"survivor-{end}-{version}", version, lasting=True)
        assert edge.is_present
        # Without subscribing anew.
        eventually(lambda edge=edge: STATE in edge.topics())
        assert state(edge.heard[0])
        assert house.rebirth("gw1", f"{end}-{version}") == (200, {"sessions": 1, "connected": 1})
        eventually(lambda edge=edge: len(edge.heard) == 2)
        assert is_rebirth(edge.heard[1])
        edge.close()
