"""Quality of service 2 by clients this project did not write: each publish is stored once, whatever dies and whatever is
lost on the way (invariants ACK, ONCE).

Readings have a moment each, so one that is stored twice is counted as a duplicate: there must be none.
"""

import collections
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

import installed
import paho.mqtt.client as mqtt
import pytest
from gateway import Gateway, connect, lasting_client
from ioc import ROOT, Ioc, eventually, free_port
from peers import mosquitto_pub, reading

CLIENTS = ROOT / "tests" / "clients"
VERSIONS = [mqtt.MQTTv311, mqtt.MQTTv5]
# Where the process dies, and how often it passed there before.
POINTS = [
    ("bus_before_write", 30),
    ("bus_before_fsync", 30),
    ("bus_after_fsync", 30),
    ("mqtt_before_pubrec", 60),
    ("mqtt_before_release", 20),
    ("mqtt_exchanges_before_fsync", 20),
    ("mqtt_exchanges_after_fsync", 20),
    ("mqtt_before_pubcomp", 60),
    ("mqtt_exchanges_before_rename", 0),
]


@pytest.fixture
def ioc(tmp_path):
    ioc = Ioc(tmp_path)
    yield ioc
    ioc.stop()


def feed(ioc):
    """What became of all that the gateways' feed received."""
    ioc.wait_drained()
    [found] = ioc.analyst().query("SELECT * FROM feed_balance WHERE feed = 'gateway'").named_results()
    assert (found["envelopes_astray"], found["rows_astray"]) == (0, 0), f"BALANCE: {found}"
    return found


def metrics(ioc, name):
    lines = ioc.get("/metrics").decode().splitlines()
    [value] = [line.split()[-1] for line in lines if line.startswith(f"ioc_mqtt_{name} ")]
    return float(value)


def stored(ioc):
    rows = ioc.analyst().query(
        "SELECT subject, toUnixTimestamp64Milli(event_time), value FROM observation WHERE feed = 'gateway'"
    ).result_rows
    return collections.Counter(rows)


class Way:
    """A client's way to the server: it waits for a server that is away, and can be cut where the server's next packet of a
    kind would have come through.

    Waiting is what paho needs: when two attempts to connect fail one after the other, it forgets that a publish was
    received, and publishes it as a new one instead of releasing it.
    """

    def __init__(self, server_port, kind=0, times=0):
        self.server_port, self.kind, self.left, self.seen = server_port, kind, times, []
        self.port = free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        asked = client.recv(65_536)
        server, answered = None, b""
        # A process that dies may still take a connection, and answers nothing.
        while asked and not answered:
            with contextlib.suppress(OSError):
                server = socket.create_connection(("127.0.0.1", self.server_port))
                server.sendall(asked)
                answered = server.recv(65_536)
            time.sleep(0.05)
        if not answered:
            return close(client)
        threading.Thread(target=self._up, args=(client, server), daemon=True).start()
        self._down(client, server, answered)

    def _up(self, client, server):
        with contextlib.suppress(OSError):
            while data := client.recv(65_536):
                # The first byte is that of a packet: these clients write one at a time.
                self.seen.append(data[0])
                server.sendall(data)
        close(client, server)

    def _down(self, client, server, answered):
        with contextlib.suppress(OSError):
            pending = answered
            while True:
                # No answer to a publish is longer than 127 bytes.
                while len(pending) >= 2 and len(pending) >= 2 + pending[1]:
                    packet, pending = pending[: 2 + pending[1]], pending[2 + pending[1] :]
                    if packet[0] >> 4 == self.kind and self.left:
                        self.left -= 1
                        close(client, server)
                        return
                    client.sendall(packet)
                if not (data := server.recv(65_536)):
                    break
                pending += data
        close(client, server)

    def close(self):
        self.listener.close()


def close(*sockets):
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


def test_once_every_publish_is_stored_once_through_a_death_at_every_step(ioc):
    password, _ = ioc.add_sender("gw1", "gateway")
    way = Way(ioc.mqtt)
    gateways = [
        Gateway(ioc, password, port=way.port, station=f"ST0{number}", qos=2, version=version)
        for number, version in enumerate(VERSIONS, 1)
    ]
    for point, passes in POINTS:
        ioc.start(failpoints=f"{point}={passes}*off->1*return", wait=False)
        try:
            ended = ioc.wait_ended()
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{point} was not reached:\n{ioc.log()[-3000:]}") from None
        assert ended == -signal.SIGABRT, f"{point}: it ended with {ended}:\n{ioc.log()[-3000:]}"
    ioc.start()
    for _kill in range(3):
        reached = [gateway.count() for gateway in gateways]
        eventually(lambda: all(one.count() > before + 100 for one, before in zip(gateways, reached)))
        ioc.kill()
        ioc.start()
    sent = {}
    for gateway in gateways:
        sent |= gateway.finish()
    became = feed(ioc)
    held = stored(ioc)
    expected = collections.Counter((subject, at, values[0]) for (_, subject, at), values in sent.items())
    assert held == expected, f"{len(expected - held)} lost, {len(held - expected)} too many"
    assert became["rows_duplicate"] == 0, "ONCE: a publish that came again was stored again"
    assert became["envelopes_received"] == len(sent) > 1_000
    assert metrics(ioc, "exchanges") == 0, "all of them were released"


@pytest.mark.parametrize(("what", "kind"), [("PUBREC", 5), ("PUBCOMP", 7)])
def test_once_a_lost_answer_stores_nothing_twice(ioc, what, kind):
    password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    for number, version in enumerate(VERSIONS, 1):
        way = Way(ioc.mqtt, kind, times=3)
        client = lasting_client(f"lost-{version}", version)
        client.username_pw_set("gw1", password)
        client.reconnect_delay_set(0.1, 0.5)
        connect(client, way.port, version)
        client.loop_start()
        eventually(client.is_connected)
        topic, subject = f"test/ST0{number}/observation", f"ST0{number}"
        for value in range(5):
            client.publish(topic, reading(subject, value, ago=600 - value), qos=2).wait_for_publish(60)
        client.disconnect()
        client.loop_stop()
        assert way.left == 0, f"{what} was lost three times"
        again = 0x3C if kind == 5 else 0x62
        assert sum(byte == again for byte in way.seen) >= 3, f"it came again: {way.seen}"
        way.close()
    became = feed(ioc)
    assert (became["envelopes_received"], became["rows_stored"], became["rows_duplicate"]) == (10, 10, 0)
    if kind == 5:
        assert metrics(ioc, "repeated_total") >= 6
    assert metrics(ioc, "released_total") == 10
    assert metrics(ioc, "exchanges") == 0


def test_once_a_clean_start_is_another_exchange(ioc):
    password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    payload = reading("ST01", 1, ago=600)
    # Its PUBREC never comes: the exchange stays open.
    way = Way(ioc.mqtt, 5, times=10_000)
    client = lasting_client("cleaned", mqtt.MQTTv5)
    client.username_pw_set("gw1", password)
    connect(client, way.port, mqtt.MQTTv5)
    client.loop_start()
    eventually(client.is_connected)
    client.publish("test/ST01/observation", payload, qos=2)
    eventually(lambda: metrics(ioc, "repeated_total") >= 1)
    client.loop_stop()
    way.close()
    client = lasting_client("cleaned", mqtt.MQTTv5)
    client.username_pw_set("gw1", password)
    connect(client, ioc.mqtt, mqtt.MQTTv5, clean_start=True)
    client.loop_start()
    eventually(client.is_connected)
    client.publish("test/ST01/observation", payload, qos=2).wait_for_publish(60)
    client.disconnect()
    client.loop_stop()
    became = feed(ioc)
    assert (became["envelopes_received"], became["rows_stored"], became["rows_duplicate"]) == (2, 1, 1)


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_once_mosquitto_pub_is_done_with_each_line(ioc, version):
    password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    lines = "".join(reading("ST01", value / 4, ago=3600 - value) + "\n" for value in range(500))
    done = mosquitto_pub(
        ioc, "gw1", password, "test/ST01/observation", lines, version=version, stdin_lines=True, qos=2
    )
    assert done.returncode == 0, done.stderr
    became = feed(ioc)
    assert (became["envelopes_received"], became["rows_stored"], became["rows_duplicate"]) == (500, 500, 0)
    assert metrics(ioc, "released_total") == 500


@pytest.mark.parametrize("version", [4, 5])
def test_once_mqtt_js_that_sends_all_at_once_is_done_with_each_through_kills(ioc, version):
    password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    installed.npm(CLIENTS, "mqtt")
    way = Way(ioc.mqtt)
    environment = os.environ | {
        "CLIENT_PORT": str(way.port),
        "CLIENT_USER": "gw1",
        "CLIENT_PASSWORD": password,
        "CLIENT_TOPIC": "test/ST01/observation",
        "CLIENT_VERSION": str(version),
    }
    lines = "".join(reading("ST01", value / 8, ago=9_000 - value) + "\n" for value in range(5_000))
    command = ["node", "exactly_once.mjs"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=CLIENTS, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as client:
        client.stdin.write(lines)
        client.stdin.close()
        for _kill in range(2):
            eventually(lambda: metrics(ioc, "acknowledged_total") >= 300)
            ioc.kill()
            ioc.start()
        assert client.wait(120) == 0, client.stderr.read()
        assert client.stdout.read().strip() == "5000 done"
    became = feed(ioc)
    assert (became["envelopes_received"], became["rows_stored"], became["rows_duplicate"]) == (5_000, 5_000, 0)
