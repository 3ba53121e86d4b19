"""MQTT in a WebSocket, on the ports that speak it without one: paho, mqtt.js, a browser, curl, and what none of them
sends."""

import base64
import os
import socket
import struct
import subprocess
import time

import installed
import paho.mqtt.client as mqtt
import pytest
from authority import Authority
from gateway import connect, lasting_client
from ioc import ROOT, Ioc, eventually, free_port
from peers import connect_packet, mosquitto_pub, publish_packet, reading

CLIENTS = ROOT / "tests" / "clients"
VERSIONS = [mqtt.MQTTv311, mqtt.MQTTv5]


@pytest.fixture
def ioc(tmp_path):
    ioc = Ioc(tmp_path)
    ioc.password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    yield ioc
    ioc.stop()


def feed(ioc):
    """What became of all that the gateways' feed received."""
    ioc.wait_drained()
    [found] = ioc.analyst().query("SELECT * FROM feed_balance WHERE feed = 'gateway'").named_results()
    assert (found["envelopes_astray"], found["rows_astray"]) == (0, 0), f"BALANCE: {found}"
    return tuple(found[name] for name in ("envelopes_received", "rows_stored", "rows_duplicate"))


def metric(ioc, name):
    [value] = [line.split()[-1] for line in ioc.get("/metrics").decode().splitlines() if line.startswith(f"{name} ")]
    return float(value)


def client_in_a_websocket(name, version, user="gw1", password=None):
    clean = {} if version == mqtt.MQTTv5 else {"clean_session": False}
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=version, transport="websockets", **clean)
    if user is not None:
        client.username_pw_set(user, password)
    return client


@pytest.mark.parametrize("version", VERSIONS)
def test_ack_paho_publishes_in_a_websocket_with_every_quality_of_service(ioc, version):
    client = client_in_a_websocket("framed", version, password=ioc.password)
    connect(client, ioc.mqtt, version)
    client.loop_start()
    eventually(client.is_connected)
    told = [
        # Frames with every form of length.
        client.publish("test/ST01/observation", reading("ST01", number, ago=600 - number, remark="x" * size), qos=qos)
        for number, (qos, size) in enumerate((qos, size) for qos in (0, 1, 2) for size in (0, 200, 3_000, 70_000))
    ]
    for one in told:
        one.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()
    assert feed(ioc) == (12, 12, 0)


@pytest.mark.parametrize("version", [4, 5])
def test_once_mqtt_js_in_a_websocket_is_done_with_each_through_kills(ioc, version):
    installed.npm(CLIENTS, "mqtt")
    environment = os.environ | {
        "CLIENT_SCHEME": "ws",
        "CLIENT_PORT": str(ioc.mqtt),
        "CLIENT_USER": "gw1",
        "CLIENT_PASSWORD": ioc.password,
        "CLIENT_TOPIC": "test/ST01/observation",
        "CLIENT_VERSION": str(version),
    }
    lines = "".join(reading("ST01", value / 8, ago=9_000 - value) + "\n" for value in range(3_000))
    pipe = subprocess.PIPE
    with subprocess.Popen(
        ["node", "exactly_once.mjs"], cwd=CLIENTS, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as client:
        client.stdin.write(lines)
        client.stdin.close()
        for _kill in range(2):
            eventually(lambda: metric(ioc, "ioc_mqtt_acknowledged_total") >= 200)
            ioc.kill()
            ioc.start()
        assert client.wait(120) == 0, client.stderr.read()
        assert client.stdout.read().strip() == "3000 done"
    received, kept, _again = feed(ioc)
    assert kept == 3_000 <= received


def test_who_comes_by_tls_with_a_certificate_and_from_no_page_of_another_host(tmp_path):
    authority = Authority(tmp_path / "ca")
    key, certificate = authority.certify("server", "/CN=x", "DNS:localhost,IP:127.0.0.1")
    own = authority.certify("gateway", "/O=Test/CN=x", "DNS:gw-1.test")
    port = free_port()
    settings = {
        f"IOC_MQTT_TLS_{name.upper()}": str(value)
        for name, value in {
            "listen": f"127.0.0.1:{port}",
            "certificate": certificate,
            "key": key,
            "client_ca": authority.certificate,
            "client_certificate": "optional",
        }.items()
    }
    ioc = Ioc(tmp_path, **settings)
    ioc.run("sender", "add", "gw1", "--feed", "gateway", "--certificate", "gw-1.test", "--no-secret")
    password, _ = ioc.add_sender("gw2", "gateway")
    ioc.start()
    try:
        for name, user, origin, is_let_in in [
            ("certified", None, None, True),
            ("page-of-another", None, "https://evil.example", False),
            ("with-a-password", "gw2", "https://evil.example", True),
        ]:
            client = client_in_a_websocket(name, mqtt.MQTTv5, user, password)
            shown = {"certfile": own[1], "keyfile": own[0]} if user is None else {}
            client.tls_set(authority.certificate, **shown)
            if origin is not None:
                client.ws_set_options(headers={"Origin": origin})
            connect(client, port, mqtt.MQTTv5)
            before = metric(ioc, "ioc_mqtt_refused_connections_total")
            client.loop_start()
            if is_let_in:
                eventually(client.is_connected)
                client.publish("test/ST01/observation", reading("ST01", 1.5, ago=len(name)), qos=1).wait_for_publish(60)
            else:
                eventually(lambda: metric(ioc, "ioc_mqtt_refused_connections_total") > before)
                assert not client.is_connected()
            client.disconnect()
            client.loop_stop()
        assert feed(ioc) == (2, 2, 0)
        assert "opened by a page of another host" in ioc.log()
    finally:
        ioc.stop()


def masked(first, data, mask=b"\x01\x02\x03\x04"):
    """A frame of a client (RFC 6455, 5.2)."""
    data = data if isinstance(data, bytes) else data.encode()
    if len(data) < 126:
        head = bytes([first, 0x80 | len(data)])
    elif len(data) < 1 << 16:
        head = bytes([first, 0x80 | 126]) + struct.pack(">H", len(data))
    else:
        head = bytes([first, 0x80 | 127]) + struct.pack(">Q", len(data))
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))


def opened(ioc):
    """A socket within a WebSocket, whose bytes the test chooses."""
    link = socket.create_connection(("127.0.0.1", ioc.mqtt), timeout=30)
    key = base64.b64encode(os.urandom(16)).decode()
    link.sendall(
        f"GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n".encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += link.recv(1)
    assert answer.startswith(b"HTTP/1.1 101 ") and b"sec-websocket-protocol: mqtt\r\n" in answer.lower(), answer
    return link


def received(link, count):
    data = b""
    while len(data) < count and (more := link.recv(count - len(data))):
        data += more
    return data


def test_packets_may_be_cut_anywhere_and_pings_be_between(ioc):
    with opened(ioc) as link:
        sent = connect_packet("gw1", ioc.password, "cut") + publish_packet("test/ST01/observation", reading("ST01", 7.5), 9)
        cut = len(sent) // 3
        # One message of three frames, a ping between them, and bytes that come one by one.
        frames = masked(0x02, sent[:cut]) + masked(0x89, "there?") + masked(0x00, sent[cut : 2 * cut]) + masked(0x80, sent[2 * cut :])
        for byte in frames:
            link.sendall(bytes([byte]))
        answers = received(link, 8 + 6 + 6)
        assert b"\x8a\x06there?" in answers, "the pong to its ping"
        rest = answers.replace(b"\x8a\x06there?", b"")
        assert rest == b"\x82\x04\x20\x02\x00\x00\x82\x04\x40\x02\x00\x09", "CONNACK and PUBACK, a message each"
        link.sendall(masked(0x88, struct.pack(">H", 1000)))
        assert received(link, 4) == b"\x88\x02\x03\xe8"
        assert received(link, 1) == b""
    assert feed(ioc) == (1, 1, 0)


def test_safe_what_is_no_websocket_of_mqtt_is_told_so(ioc):
    def asked(*options):
        return subprocess.run(
            ["curl", "-s", "-i", "--max-time", "20", *options, f"http://127.0.0.1:{ioc.mqtt}/mqtt"],
            capture_output=True,
            text=True,
        ).stdout

    answer = asked()
    assert answer.startswith("HTTP/1.1 426 ") and "MQTT is spoken here" in answer
    upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    upgrade.append("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    answer = asked(*(word for header in upgrade for word in ("-H", header)))
    assert answer.startswith("HTTP/1.1 400 ") and "mqtt" in answer
    for hostile, status in ((masked(0x81, "text"), 1003), (b"\x82\x04abcd", 1002), (masked(0xC2, "x"), 1002)):
        with opened(ioc) as link:
            link.sendall(hostile)
            assert received(link, 4) == b"\x88\x02" + struct.pack(">H", status)
            assert received(link, 1) == b""
    # And the port still speaks MQTT to whoever comes without.
    assert mosquitto_pub(ioc, "gw1", ioc.password, "test/ST01/observation", reading("ST01", 3.5)).returncode == 0


def test_bound_a_stranger_in_a_websocket_makes_nothing_be_kept(ioc):
    links = [opened(ioc) for _ in range(40)]
    before = ioc.resident_bytes()
    for link in links:
        # A frame of a terabyte, and as much of it as is taken.
        link.sendall(b"\x82\xff" + struct.pack(">Q", 1 << 40) + b"\0\0\0\0" + b"\x10\xff\xff\x7f")
        link.setblocking(False)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for link in links:
            try:
                link.send(b"\0" * 65_536)
            except OSError:
                pass
        time.sleep(0.01)
    assert ioc.resident_bytes() - before < 40 << 20
    for link in links:
        link.close()
    with opened(ioc) as silent:
        began = time.monotonic()
        assert silent.recv(1) == b"", "let go, since it says nothing"
        assert time.monotonic() - began < 20
