"""Gateways as they come: what their makers' defaults do, and what an operator is told of it."""

import contextlib
import json
import re
import shutil
import socket
import subprocess

import paho.mqtt.client as mqtt
import pytest
from ioc import BINARY, PACK, Ioc, eventually, free_port
from peers import RawMqtt, connect_packet, curl, mosquitto_pub, publish_packet, push, reading, receipt


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    ioc = Ioc(tmp_path_factory.mktemp("gateways"))
    ioc.logins = {"gw1": ioc.add_sender("gw1", "gateway", "push")}
    ioc.start()
    yield ioc
    ioc.stop()


@contextlib.contextmanager
def bridge(ioc, folder, password, **settings):
    """A mosquitto whose bridge goes to the endpoint with its defaults, and the port publishers find it at."""
    port = free_port()
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "connection ioc", f"address 127.0.0.1:{ioc.mqtt}"]
    lines += ["topic test/+/observation out 1", "remote_username gw1", f"remote_password {password}"]
    lines += ["remote_clientid gw1-bridge", "restart_timeout 1 2"]
    lines += [f"{name} {value}" for name, value in settings.items()]
    file = folder / "mosquitto.conf"
    file.write_text("\n".join(lines) + "\n")
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with open(folder / "mosquitto.log", "wb") as log:
        process = subprocess.Popen([program, "-v", "-c", str(file)], stdout=log, stderr=log)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("version", [None, "mqttv31", "mqttv311", "mqttv50"])
def test_a_mosquitto_bridge_connects_with_its_defaults_and_what_it_is_given_arrives(house, tmp_path, version):
    station, indicator, value = {
        None: ("ST01", "pm25", 11.25),
        "mqttv31": ("ST01", "pm10", 12.25),
        "mqttv311": ("ST02", "pm25", 13.25),
        "mqttv50": ("ST02", "pm10", 14.25),
    }[version]
    settings = {} if version is None else {"bridge_protocol_version": version}
    with bridge(house, tmp_path, house.logins["gw1"][0], **settings) as port:
        publish = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-q", "1"]
        publish += ["-t", f"test/{station}/observation", "-m", reading(station, value, indicator=indicator)]
        eventually(lambda: subprocess.run(publish, capture_output=True, timeout=60).returncode == 0)
        house.shows(station, indicator, value)


class Device:
    """A device with a client identifier from its maker, which comes again whenever it is thrown out."""

    def __init__(self, ioc, client_id, password, station, indicator):
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, clean_session=True)
        self.client.username_pw_set("gw1", password)
        self.client.will_set(f"test/{station}/status", "offline", qos=1)
        self.client.reconnect_delay_set(1, 1)
        self.acknowledged = set()
        self.client.on_publish = lambda _client, _data, mid, *_: self.acknowledged.add(mid)
        self.client.connect("127.0.0.1", ioc.mqtt, keepalive=15)
        self.client.loop_start()
        self.sent = []
        for ago in range(60, 660, 60):
            body = reading(station, ago + 0.5, ago=ago, indicator=indicator)
            self.sent.append(self.client.publish(f"test/{station}/observation", body, qos=1).mid)

    def is_done(self):
        return self.acknowledged >= set(self.sent)

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


def test_two_devices_with_one_identifier_are_named_and_lose_nothing(house):
    password = house.logins["gw1"][0]
    devices = [Device(house, "esp8266Client", password, "ST03", indicator) for indicator in ("pm25", "pm10")]
    try:
        eventually(lambda: all(device.is_done() for device in devices))
        listed = json.loads(house.run("clients", "--json").stdout)["connected"]
        own = [client for client in listed if client["client_id"] == "esp8266Client"]
        assert [client["sender"] for client in own] == ["gw1"]
        told = eventually(lambda: re.search(r"^DOOR +gw1/esp8266Client .*TAKEN OVER, .*", house.run("status", check=False).stdout, re.M))
        assert re.search(r"last .* by 127\.0\.0\.1:\d+ from 127\.0\.0\.1:\d+", told[0])
    finally:
        for device in devices:
            device.stop()
    logged = re.findall(r" INFO .*taken over.*client_id=\"esp8266Client\".*", house.log())
    assert len(logged) <= 2, "once a minute at most"
    assert 'user="gw1"' in logged[0] and "suppressed=0" in logged[0] and "former=" in logged[0]
    house.wait_drained()
    rows = house.analyst().query(
        "SELECT indicator, count(), uniqExact(event_time) FROM observation_current WHERE subject = 'ST03' GROUP BY indicator"
    )
    assert sorted(rows.result_rows) == [("pm10", 10, 10), ("pm25", 10, 10)]


def test_whoever_is_refused_is_named_in_log_status_and_page(house):
    topic = "test/ST04/observation"
    assert mosquitto_pub(house, "gw1", "not its password", topic, "x", client_id="cloned").returncode != 0
    assert curl(house, "/ingest/push", token="gw1.wrong", body="x")[0] == 401
    assert curl(house, "/ingest/push", token="a-secret-without-a-name", body="x")[0] == 401
    with RawMqtt(house) as raw:
        packet = bytearray(connect_packet("gw9", "any", "from-the-future"))
        packet[8] = 0x06
        raw.send(bytes(packet))
        assert raw.socket.recv(16) == b"\x20\x02\x00\x01"

    def told():
        status = house.run("status", check=False).stdout
        wanted = ["gw1/cloned (mqtt): REFUSED, wrong user", "gw1 (http): REFUSED, wrong user"]
        wanted += ["nobody by name (http): REFUSED", "gw9/from-the-future (mqtt): REFUSED, version"]
        return all(line in status for line in wanted) and status

    assert "a-secret" not in eventually(told)
    door = house.overview()["status"]["door"]
    assert ("wrong_credentials", "gw1", "cloned") in {(one["what"], one["user"], one["client_id"]) for one in door}
    for line in (r'user="gw1" client_id="cloned" peer="127', r'user="gw9" client_id="from-the-future" peer="127'):
        assert re.search(line, house.log())
    assert "a-secret" not in house.log()


def test_clients_and_senders_say_when_they_were_heard_and_how_much_is_rejected(house):
    house.add_sender("never", "gateway")
    password, token = house.logins["gw1"]
    assert push(house, token, reading("ST04", 5.5, indicator="unheard-of"))[0] == 200
    with RawMqtt(house, "gw1", password, "quiet") as raw:
        raw.send(publish_packet("test/ST04/observation", reading("ST04", 4.5)))
        assert raw.puback() == 1

        def own():
            connected = json.loads(house.run("clients", "--json").stdout)["connected"]
            found = [client for client in connected if client["client_id"] == "quiet" and client["rejects"] > 0]
            return found and found[0]

        client = eventually(own)
        assert (client["messages"], client["transport"]) == (1, "mqtt")
        assert 0 < client["since"] <= client["last_heard"]
        assert re.search(r"^gw1 +quiet +mqtt +127\.", house.run("clients").stdout, re.M)
    listed = house.run("sender", "list").stdout
    assert re.search(r"^gw1  .*  last seen 20\d\d-", listed, re.M) and re.search(r"^never .*  never seen$", listed, re.M)


def test_a_push_without_a_value_is_told_so_and_counted(house):
    token = house.logins["gw1"][1]
    empty = lambda: next(feed["counts"]["empty"] for feed in house.overview()["picture"]["feeds"] if feed["id"] == "push")
    before = empty()
    for body in ("", " [ ] ", "\n"):
        status, answer = push(house, token, body)
        assert (status, answer["type"]) == (422, "urn:ioc:problem:empty")
        assert receipt(house, token, answer["position"])["stored"] == 0
    eventually(lambda: empty() == before + 3)
    done = mosquitto_pub(house, "gw1", house.logins["gw1"][0], "test/ST04/observation", "[]", "mqttv5")
    assert b"invalid" in (done.stdout + done.stderr).lower(), "version 5 is told"


def test_a_feed_of_which_everything_is_rejected_is_trouble_until_something_good_comes(house):
    good = lambda value: push(house, house.logins["gw1"][1], reading("ST05", value))[0] == 200
    assert good(1.5)
    eventually(lambda: house.run("status", check=False).returncode == 0)
    for number in range(3):
        assert push(house, house.logins["gw1"][1], f"no json {number}")[0] == 200

    def told():
        status = house.run("status", check=False)
        return status.returncode == 1 and re.search(r"^TROUBLE +everything feed 'push' sends is rejected", status.stdout, re.M)

    eventually(told)
    shown = next(feed for feed in house.overview()["picture"]["feeds"] if feed["id"] == "push")
    assert shown["only_rejects"]["messages"] == 3
    assert good(2.5)
    eventually(lambda: house.run("status", check=False).returncode == 0)


def test_when_a_sender_was_heard_outlives_the_process(tmp_path):
    ioc = Ioc(tmp_path)
    password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    assert mosquitto_pub(ioc, "gw1", password, "test/ST01/observation", reading("ST01", 1.5)).returncode == 0
    ioc.stop()
    assert "last seen 20" in ioc.run("sender", "list").stdout


def test_a_sender_is_not_added_to_a_folder_nothing_runs_on_while_another_runs(house, tmp_path):
    elsewhere = {"IOC_DATA_FOLDER": str(tmp_path / "elsewhere")}
    add = ["sender", "add", "lost", "--feed", "gateway"]
    run = lambda arguments, **more: subprocess.run(
        [BINARY, *arguments], env=house.environment(**elsewhere, **more), capture_output=True, text=True, timeout=60
    )
    refused = run(add)
    assert refused.returncode == 1 and "does not run on the data folder" in refused.stderr
    assert run(["sender", "list"]).returncode == 1
    assert not (tmp_path / "elsewhere").exists()
    alone = run(add, IOC_HTTP_LISTEN=f"127.0.0.1:{free_port()}")
    assert alone.returncode == 0 and "is made now" in alone.stderr


def test_a_start_that_fails_leaves_no_data_folder_behind(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for setting in ("IOC_HTTP_LISTEN", "IOC_PUSH_LISTEN", "IOC_MQTT_LISTEN"):
            ioc = Ioc(tmp_path, **{setting: f"127.0.0.1:{taken.getsockname()[1]}"})
            assert ioc.start(wait=False).wait_ended() == 1
            assert not ioc.data.exists(), ioc.log()
    broken = tmp_path / "pack"
    shutil.copytree(PACK, broken)
    (broken / "stations.toml").write_text("[ST01]\n")
    for settings in ({"pack": broken}, {"IOC_LIBCHDB": str(tmp_path / "none.so")}):
        ioc = Ioc(tmp_path, **settings)
        ioc.settings |= {name: text for name, text in settings.items() if name == "IOC_LIBCHDB"}
        assert ioc.start(wait=False).wait_ended() == 1
        assert not ioc.data.exists(), ioc.log()
