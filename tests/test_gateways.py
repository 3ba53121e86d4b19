"""Gateways as they come: what their makers' defaults do, and what an operator is told of it."""

import contextlib
import shutil
import subprocess

import pytest
from ioc import Ioc, eventually, free_port
from peers import reading


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
