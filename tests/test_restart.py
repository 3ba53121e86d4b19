"""What a process leaves to its next life: acknowledged readings, sessions, and the pack an epoch was made with."""

import os
import shutil
import signal
import socket
import threading
import urllib.request

import paho.mqtt.client as mqtt
import pytest
from ioc import PACK, Ioc, eventually
from peers import mosquitto_pub, push, reading


@pytest.fixture
def ioc(tmp_path):
    ioc = Ioc(tmp_path)
    yield ioc
    ioc.stop()


def connect(ioc, password, clean=False):
    """A client of that session, and whether the server said that it knew it."""
    present, connected = [], threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "durable", protocol=mqtt.MQTTv311, clean_session=clean)
    client.username_pw_set("gw1", password)

    def on_connect(_client, _userdata, flags, code, _properties):
        assert not code.is_failure, code
        present.append(flags.session_present)
        connected.set()

    client.on_connect = on_connect
    client.connect("127.0.0.1", ioc.mqtt)
    client.loop_start()
    assert connected.wait(30)
    return client, present[0]


def leave(client):
    client.disconnect()
    client.loop_stop()


def publish(ioc, password, subject, value, **more):
    done = mosquitto_pub(ioc, "gw1", password, f"test/{subject}/observation", reading(subject, value, **more))
    assert done.returncode == 0, done.stderr


def test_a_session_is_present_after_kill_9_and_gone_when_its_client_asked_for_a_clean_one(ioc):
    password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    client, present = connect(ioc, password)
    assert not present, "nobody had been here"
    ioc.kill()
    leave(client)
    ioc.start()
    client, present = connect(ioc, password)
    assert present, "session_present is truthful and durable"
    leave(client)
    client, present = connect(ioc, password, clean=True)
    assert not present
    leave(client)
    ioc.kill()
    ioc.start()
    client, present = connect(ioc, password)
    assert not present
    leave(client)


def test_what_was_acknowledged_right_before_kill_9_is_there_after(ioc):
    """ACK, by each way in: the kill follows the acknowledgement at once."""
    password, _ = ioc.add_sender("gw1", "gateway")
    _, token = ioc.add_sender("agency", "push")
    ioc.start()
    publish(ioc, password, "ST01", 1.25)
    ioc.kill()
    ioc.start()
    status, answer = push(ioc, token, reading("ST02", 2.25))
    ioc.kill()
    assert status == 200, answer
    ioc.start()
    file = ioc.data / "inbox" / "files" / "strange.txt"
    file.write_text("no station's file")
    eventually(lambda: not file.exists(), every=0.005)
    ioc.kill()
    ioc.start()
    ioc.wait_drained()
    analyst = ioc.analyst()
    stored = analyst.query("SELECT subject, value FROM observation ORDER BY subject").result_rows
    assert stored == [("ST01", 1.25), ("ST02", 2.25)]
    query = "SELECT count() FROM reject WHERE feed = 'files' AND address = 'strange.txt'"
    assert analyst.query(query).result_rows == [(1,)]


def test_a_start_after_an_orderly_stop_replays_nothing(ioc):
    password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    for number in range(20):
        publish(ioc, password, "ST01", number, ago=1000 - number)
    ioc.stop()
    assert ioc.process.returncode == 0
    ioc.start(workers=1)
    flow = ioc.wait_for(r"flow starts checkpoint=(\d+) committed=(\d+) last_manifest=(\d+)")
    assert flow[1] == flow[2] == flow[3] != "0", flow[0]
    assert ioc.wait_drained()["feeds"]["gateway"]["counts"]["stored"] == 20
    assert ioc.analyst().query("SELECT count() FROM observation").result_rows == [(20,)]
    lives = ioc.log_file.read_text()
    assert " WARN " not in lives and " ERROR " not in lives, "an ordinary life warns of nothing (LOUD)"


def test_recorded_epochs_are_replayed_with_the_pack_they_were_recorded_with(tmp_path):
    """REPLAY: an indicator that came with a later pack is unknown to an epoch that was recorded before it."""
    pack = tmp_path / "pack"
    shutil.copytree(PACK, pack)
    ioc = Ioc(tmp_path, pack=pack)
    try:
        password, _ = ioc.add_sender("gw1", "gateway")
        # That nobody has sent yet is stored in a life of its own.
        ioc.start()
        eventually(lambda: ioc.analyst().query("SELECT count() FROM station_state_current").result_rows != [(0,)])
        ioc.stop()
        # The epoch is recorded and decoded, and the process dies before its blocks reach the store.
        ioc.start(failpoints="sink_before_insert=sleep(600000)")
        publish(ioc, password, "ST01", 1.5, indicator="so2")
        epoch = int(ioc.wait_for(r"reached sink_before_insert epoch=(\d+)")[1])
        clickhouse = ioc.clickhouse_pid()
        ioc.kill()
        eventually(lambda: not os.path.exists(f"/proc/{clickhouse}"))
        with open(pack / "indicators.toml", "a") as indicators:
            indicators.write(
                '\n[so2]\nsymbol = "SO2"\nname = { vi = "SO2", en = "SO2" }\nunit = "ug/m3"\nmin = 0\nmax = 5000\n'
                'decimals = 1\nwindows = ["hour"]\n'
            )
        stations = (pack / "stations.toml").read_text()
        (pack / "stations.toml").write_text(stations.replace('no2 = "5m"', 'no2 = "5m", so2 = "5m"'))
        ioc.start()
        flow = ioc.wait_for(r"flow starts checkpoint=(\d+) committed=(\d+) last_manifest=(\d+)")
        assert int(flow[2]) < epoch <= int(flow[3]), f"epoch {epoch} is recorded and not committed: {flow[0]}"
        publish(ioc, password, "ST01", 2.5, indicator="so2")
        ioc.wait_drained()
        analyst = ioc.analyst()
        assert analyst.query("SELECT value FROM observation WHERE indicator = 'so2'").result_rows == [(2.5,)]
        rejects = analyst.query("SELECT toString(reason), epoch, raw LIKE '%1.5%' FROM reject").result_rows
        assert rejects == [("unknown_indicator", epoch, 1)]
        assert analyst.query("SELECT uniqExact(version) FROM pack").result_rows == [(2,)]
    finally:
        ioc.stop()


def test_an_orderly_stop_waits_for_nobody_who_only_watches(ioc):
    ioc.start()
    heard = []

    def watch():
        with urllib.request.urlopen(f"http://127.0.0.1:{ioc.http}/api/events", timeout=30) as events:
            heard.extend(events)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    eventually(lambda: b"ioc_dashboards_viewers 1" in ioc.get("/metrics"))
    half_open = [socket.create_connection(("127.0.0.1", port)) for port in (ioc.http, ioc.push, ioc.mqtt)]
    ioc.process.send_signal(signal.SIGTERM)
    assert ioc.wait_ended() == 0
    for connection in half_open:
        connection.close()
    watcher.join(30)
    assert not watcher.is_alive(), "the live stream has ended"


def test_loud_a_store_that_goes_away_again_during_a_start_is_waited_for(ioc):
    """It had answered before: that it answers no more ended the start once."""
    ioc.start(failpoints="picture_away=2*return->off")
    assert ioc.log().count("cannot read what the page shows yet: trying again") == 2
    assert ioc.overview()["picture"]
