"""Peers this project did not write: mosquitto_pub, curl, and plain sockets for what no honest client sends."""

import json
import socket
import struct
import subprocess
import time

from ioc import rfc3339_ago


def reading(subject, value, ago=60, indicator="pm25", **more):
    """One reading as JSON text; `ago` is seconds before now."""
    return json.dumps({"indicator": indicator, "subject": subject, "time": rfc3339_ago(ago), "value": value} | more)


def mosquitto_pub(ioc, user, password, topic, payload, version="mqttv311", client_id=None, stdin_lines=False, retain=False, qos=1):
    """Publishes; exit code 0 means that the acknowledgement came and named no refusal."""
    options = (["-l"] if stdin_lines else ["-s"]) + (["-r"] if retain else [])
    return subprocess.run(
        ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(ioc.mqtt), "-V", version, "-q", str(qos), "-u", user, "-P", password]
        + ["-i", client_id or f"mosquitto-{user}-{version}", "-t", topic, *options],
        input=payload if isinstance(payload, bytes) else payload.encode(),
        capture_output=True,
        timeout=60,
    )


def curl(ioc, path, *options, token=None, body=None, port=None):
    """HTTP status and parsed answer, of the listener that senders knock at or of another."""
    command = ["curl", "-sS", "-o", "-", "-w", "\n%{http_code}", *options]
    if token is not None:
        command += ["-H", f"Authorization: Bearer {token}"]
    if body is not None:
        command += ["--data-binary", "@-"]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port or ioc.push}{path}"],
        input=None if body is None else body.encode(),
        capture_output=True,
        timeout=120,
    )
    text, _, status = done.stdout.decode().rpartition("\n")
    try:
        answer = json.loads(text)
    except json.JSONDecodeError:
        answer = text
    return int(status), answer


def push(ioc, token, body, feed="push", *options):
    return curl(ioc, f"/ingest/{feed}", *options, token=token, body=body)


def receipt(ioc, token, position, seconds=60):
    """Asks what became of a pushed message until it is accounted for."""
    deadline = time.monotonic() + seconds
    answer = None
    while time.monotonic() < deadline:
        status, answer = curl(ioc, f"/ingest/receipt/{position}", token=token)
        if status == 200 and answer["status"] == "committed":
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{position} is not committed: {answer}")


# Packets of MQTT 3.1.1, byte by byte, as OASIS MQTT 3.1.1 section 3 lays them out.


def field(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">H", len(data)) + data


def remaining_length(count):
    encoded = b""
    while True:
        count, digit = divmod(count, 128)
        encoded += bytes([digit | (0x80 if count else 0)])
        if not count:
            return encoded


def packet(first_byte, body):
    return bytes([first_byte]) + remaining_length(len(body)) + body


def connect_packet(user, password, client_id):
    body = field("MQTT") + bytes([4, 0b1100_0010]) + struct.pack(">H", 60) + field(client_id)
    return packet(0x10, body + field(user) + field(password))


def publish_packet(topic, payload, packet_id=1):
    data = payload if isinstance(payload, bytes) else payload.encode()
    return packet(0x32, field(topic) + struct.pack(">H", packet_id) + data)


class RawMqtt:
    """A connection whose bytes the test chooses."""

    def __init__(self, ioc, user=None, password=None, client_id="raw"):
        self.socket = socket.create_connection(("127.0.0.1", ioc.mqtt), timeout=30)
        if user is not None:
            self.send(connect_packet(user, password, client_id))
            answer = self.socket.recv(4)
            assert answer == b"\x20\x02\x00\x00", f"CONNACK {answer!r}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def puback(self):
        """The packet id of the next PUBACK."""
        answer = b""
        while len(answer) < 4:
            more = self.socket.recv(4 - len(answer))
            assert more, "closed before the PUBACK"
            answer += more
        assert answer[:2] == b"\x40\x02", f"PUBACK {answer!r}"
        return struct.unpack(">H", answer[2:])[0]

    def is_closed_by_peer(self):
        """Waits for the other side to end the connection; false if it stays open for half a minute."""
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True
