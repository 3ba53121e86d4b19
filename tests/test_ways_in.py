"""The three ways in, driven by peers this project did not write, up to the row an analyst reads and the page shows."""

import datetime
import json
import os
import re
import stat
import threading
import time
import urllib.request

import paho.mqtt.client as mqtt
import pytest
from ioc import Ioc, eventually, rfc3339_ago
from peers import curl, mosquitto_pub, push, reading, receipt

VERSIONS = ["mqttv311", "mqttv5"]


class House:
    """One running process and those who may send to it."""

    def __init__(self, folder):
        self.ioc = Ioc(folder)
        self.gateway_password, self.gateway_token = self.ioc.add_sender("gw1", "gateway")
        self.push_password, self.push_token = self.ioc.add_sender("agency", "push")
        self.ioc.start()
        self.analyst = self.ioc.analyst()

    def publish(self, subject, *arguments, version="mqttv311", **more):
        topic = f"test/{subject}/observation"
        done = mosquitto_pub(
            self.ioc, "gw1", self.gateway_password, topic, reading(subject, *arguments, **more), version
        )
        assert done.returncode == 0, done.stderr

    def stored(self, subject, indicator="pm25", table="observation_current"):
        """(value, quality, feed) of every row, by event time and arrival."""
        return self.analyst.query(
            f"SELECT value, toString(quality), feed FROM {table} WHERE subject = {{subject:String}}"
            " AND indicator = {indicator:String} ORDER BY event_time, received_at, row",
            parameters={"subject": subject, "indicator": indicator},
        ).result_rows

    def rejects(self, address):
        """(reason, place, row) of every reject of that address, by row."""
        return self.analyst.query(
            "SELECT reason, place, row FROM reject_current WHERE address = {address:String} ORDER BY received_at, row",
            parameters={"address": address},
        ).result_rows

    def counts(self, feed):
        feeds = self.ioc.overview()["picture"]["feeds"]
        return next(shown["counts"] for shown in feeds if shown["id"] == feed)

    def drop(self, name, content):
        """A station file as an FTP server leaves it, and where it lies when it is durable."""
        path = self.ioc.data / "inbox" / "files" / name
        path.write_bytes(content)
        eventually(lambda: not path.exists())


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("ways-in"))
    yield house
    house.ioc.stop()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reading_of_mosquitto_pub_becomes_a_row_and_is_on_the_page(house, version):
    subject, value = {"mqttv311": ("ST01", 12.25), "mqttv5": ("ST02", 13.5)}[version]
    house.publish(subject, value, version=version)
    eventually(lambda: house.stored(subject) == [(value, "good", "gateway")])
    shown = eventually(lambda: house.ioc.tile(subject, "pm25")["latest"])
    assert (shown["value"], shown["quality"], shown["feed"]) == (value, "good", "gateway")


def test_many_lines_of_one_mosquitto_pub_are_all_stored_once(house):
    lines = [reading("ST01", number / 4, ago=600 + number, indicator="o3") for number in range(200)]
    topic = "test/ST01/observation"
    done = mosquitto_pub(house.ioc, "gw1", house.gateway_password, topic, "\n".join(lines) + "\n", stdin_lines=True)
    assert done.returncode == 0, done.stderr
    eventually(lambda: len(house.stored("ST01", "o3")) == 200)
    assert sorted(value for value, *_ in house.stored("ST01", "o3", "observation")) == [n / 4 for n in range(200)]


@pytest.mark.parametrize("shape", ["array", "lines"])
def test_a_batch_pushed_by_curl_has_a_receipt_that_tells_what_became_of_it(house, shape):
    indicator = {"array": "pm10", "lines": "no2"}[shape]
    rows = [reading("ST03", 20.5 + number, ago=300 - number, indicator=indicator) for number in range(3)]
    rows.append(reading("NOBODY", 1, indicator=indicator))
    body = "[" + ",".join(rows) + "]" if shape == "array" else "\n".join(rows) + "\n"
    status, answer = push(house.ioc, house.push_token, body)
    assert status == 200, answer
    assert (answer["feed"], answer["bytes"]) == ("push", len(body))
    became = receipt(house.ioc, house.push_token, answer["position"])
    assert (became["stored"], became["rejected"]) == (3, 1)
    assert house.stored("ST03", indicator) == [(20.5, "good", "push"), (21.5, "good", "push"), (22.5, "good", "push")]
    house.ioc.shows("ST03", indicator, 22.5)
    fate = json.loads(house.ioc.get(f"/api/envelopes/{answer['position']}"))
    assert fate == {"stored": 3, "rejected": 1, "held": 0}


def test_a_station_file_in_the_inbox_becomes_rows_and_is_moved_to_done(house):
    local = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))) - datetime.timedelta(minutes=20)
    stamp = local.strftime("%Y%m%d%H%M%S")
    name = f"TN_TEST_FILES1_{stamp}.txt"
    house.drop(name, f"PM10\t61.3\tug/m3\t{stamp}\t00\r\nPM2.5\t38.40\tug/m3\t{stamp}\t01\r\n".encode())
    eventually(lambda: house.stored("FILES1", "pm10") == [(61.3, "good", "files")])
    assert house.stored("FILES1", "pm25") == [(38.4, "calibrating", "files")]
    house.ioc.shows("FILES1", "pm10", 61.3)
    done = [path for path in (house.ioc.data / "done").rglob("*") if path.is_file() and name in path.name]
    assert len(done) == 1, "a moved file is the acknowledgement (ACK)"


def test_every_tolerated_variant_of_a_station_file_is_read_and_the_rest_is_rejected_line_by_line(house):
    local = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))) - datetime.timedelta(minutes=50)
    stamps = [(local + datetime.timedelta(minutes=minute)).strftime("%Y%m%d%H%M%S") for minute in range(6)]
    lines = [
        f"\ufeffPM10\t1.5\tug/m3\t{stamps[0]}\t00",
        f"PM10\t2,5\tug/m3\t{stamps[1]}\t02",
        f"{stamps[2]}\tPM10\t3.5\tug/m3\t00",
        f"PM10\t4.5\t{stamps[3]}\t00",
        f"PM10\t5.5\tug/m3\t{stamps[4]}",
        f"PM10\t6.5\t{stamps[5]}",
        "",
        f"PM10\tNaN\tug/m3\t{stamps[0]}\t00",
        "bad line",
        f"XYZ\t1\tug/m3\t{stamps[0]}\t00",
    ]
    name = f"TN_TEST_FILES1_{stamps[0]}_dirty.txt"
    house.drop(name, "\n".join(lines).encode())
    expected = [(1.5, "good"), (2.5, "device_error"), (3.5, "good"), (4.5, "good"), (5.5, "good"), (6.5, "good")]
    eventually(lambda: [row[:2] for row in house.stored("FILES1", "pm10")][:6] == expected)
    rejects = [(reason, place) for reason, place, _ in house.rejects(name)]
    assert rejects == [
        ("not_a_number", "line 8, value"),
        ("malformed", "line 9"),
        ("unknown_indicator", "line 10, symbol"),
    ]


def test_a_file_in_nobodys_folder_is_a_counted_reject(house):
    before = house.counts("unmatched")["undecodable"]
    stray = house.ioc.data / "inbox" / "elsewhere"
    stray.mkdir()
    (stray / "report.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    eventually(lambda: house.counts("unmatched")["undecodable"] == before + 1)
    eventually(lambda: [reason for reason, *_ in house.rejects("elsewhere/report.xls")] == ["unmatched"])


def test_hours_close_when_data_passes_their_end_and_later_rows_revise_them(house):
    # Three whole hours back, so that the watermark of the newest reading has passed the end of the first.
    hour_ago = (time.time() // 3600 - 3) * 3600
    age = time.time() - hour_ago
    for minute, value in [(0, 10.0), (20, 20.0), (40, 60.0)]:
        house.publish("ST05", value, age - minute * 60)
    house.publish("ST05", 1.0, 30)
    query = (
        "SELECT count, mean, min, max, received, expected, toString(closed_by), revision FROM window_current"
        " WHERE subject = 'ST05' AND indicator = 'pm25' AND kind = 'hour'"
        f" AND toUnixTimestamp(start_time) = {int(hour_ago)}"
    )
    closed = eventually(lambda: house.analyst.query(query).result_rows)
    assert closed[0][:7] == (3, 30.0, 10.0, 60.0, 3, 12, "watermark")
    trend = json.loads(house.ioc.get("/api/trend?subject=ST05&indicator=pm25&hours=24"))["points"]
    assert [point["mean"] for point in trend if point["start"] == int(hour_ago) * 1000] == [30.0]
    house.publish("ST05", 30.0, age - 50 * 60)
    revised = eventually(lambda: [row for row in house.analyst.query(query).result_rows if row[0] == 4])
    assert revised[0][:7] == (4, 30.0, 10.0, 60.0, 4, 12, "revision")
    assert revised[0][7] > closed[0][7], "a new revision, and the old one is kept"
    kept = "SELECT count() FROM window WHERE subject = 'ST05' AND indicator = 'pm25' AND kind = 'hour' AND"
    assert house.analyst.query(f"{kept} toUnixTimestamp(start_time) = {int(hour_ago)}").result_rows == [(2,)]


def test_the_same_reading_by_two_ways_is_stored_once_and_counted_as_a_duplicate(house):
    text = reading("ST04", 44.5, 100)
    before = house.counts("push")["duplicate"]
    done = mosquitto_pub(house.ioc, "gw1", house.gateway_password, "test/ST04/observation", text)
    assert done.returncode == 0
    eventually(lambda: house.stored("ST04") == [(44.5, "good", "gateway")])
    status, answer = push(house.ioc, house.push_token, text)
    assert status == 200
    became = receipt(house.ioc, house.push_token, answer["position"])
    assert (became["stored"], became["rejected"]) == (0, 0)
    assert house.stored("ST04", table="observation") == [(44.5, "good", "gateway")]
    assert house.counts("push")["duplicate"] == before + 1


def test_a_correction_becomes_current_and_the_old_value_is_kept(house):
    moment = rfc3339_ago(90)
    wrong, right = (
        json.dumps({"indicator": "pm25", "subject": "ST06", "time": moment, "value": value}) for value in (7.5, 8.5)
    )
    for text in (wrong, right, wrong):
        done = mosquitto_pub(house.ioc, "gw1", house.gateway_password, "test/ST06/observation", text)
        assert done.returncode == 0
    # The first value sent again does not revert the correction.
    both = [(7.5, "good", "gateway"), (8.5, "good", "gateway")]
    eventually(lambda: house.stored("ST06", table="observation") == both)
    house.ioc.shows("ST06", "pm25", 8.5)
    house.ioc.wait_drained()
    assert house.stored("ST06") == [(8.5, "good", "gateway")]
    assert house.ioc.tile("ST06", "pm25")["latest"]["correction"]


def test_a_committed_reading_is_pushed_to_whoever_watches(house):
    epoch = house.ioc.overview()["picture"]["epoch"]
    heard = []

    def watch():
        address = f"http://127.0.0.1:{house.ioc.http}/api/events?since={epoch}"
        with urllib.request.urlopen(address, timeout=30) as events:
            for line in events:
                heard.append(line.decode())
                if "77.125" in heard[-1]:
                    return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    eventually(lambda: heard)
    house.publish("ST08", 77.125)
    watcher.join(30)
    assert any("77.125" in line for line in heard)
    # Pushed only after the commit: what the wall shows can be opened at once.
    assert house.stored("ST08") == [(77.125, "good", "gateway")]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("user", ["gw1", "nobody"])
def test_a_wrong_password_is_refused(house, user, version):
    done = mosquitto_pub(house.ioc, user, "wrong", "test/ST01/observation", reading("ST01", 1), version)
    assert done.returncode != 0
    assert re.search(rb"(?i)not authorised|bad user name or password", done.stdout + done.stderr), done


def test_a_wrong_token_is_401_and_that_of_another_feed_403(house):
    body = reading("ST01", 1)
    for token in ("gw1.wrong", "nobody." + house.push_password, house.push_password, ""):
        status, answer = push(house.ioc, token, body)
        assert status == 401, answer
    assert push(house.ioc, house.gateway_token, body)[0] == 403
    assert push(house.ioc, house.push_token, body, feed="nowhere")[0] == 404
    assert curl(house.ioc, "/ingest/receipt/1-0-0")[0] == 401


def test_senders_and_pages_have_a_listener_each(house):
    """What senders knock at can be opened to a network, so it must show nothing: pages have no access control yet."""
    for path in ("/api/overview", "/metrics", "/healthz", "/api/alerts"):
        status, answer = curl(house.ioc, path)
        assert (status, answer["type"]) == (404, "urn:ioc:problem:nothing-here"), path
    # But the page of clerks, which tells nothing before somebody logs in as a sender.
    assert curl(house.ioc, "/")[0] == 303
    for path in ("/upload/session", "/upload/reports", "/upload/reports/1-0-0", "/upload/reports/1-0-0/marked"):
        assert curl(house.ioc, path)[0] == 401, path
    for path, body in (("/ingest/push", reading("ST01", 1)), ("/ingest/receipt/1-0-0", None)):
        status, answer = curl(house.ioc, path, token=house.push_token, body=body, port=house.ioc.http)
        assert status == 404, answer
        for detail in ("detail", "detail_vi"):
            assert f"http://127.0.0.1:{house.ioc.push}/ingest/" in answer[detail], answer


def test_a_sender_of_another_feed_is_told_or_counted_never_believed(house):
    """v5 can say 'not authorized' with the PUBACK; v3.1.1 cannot, so the reject is all there is."""
    before = house.counts("unmatched")["undecodable"]
    for version in VERSIONS:
        topic = "test/ST07/observation"
        mosquitto_pub(house.ioc, "agency", house.push_password, topic, reading("ST07", 5), version)
    eventually(lambda: house.counts("unmatched")["undecodable"] == before + 2)
    assert house.stored("ST07") == []
    assert [reason for reason, *_ in house.rejects("test/ST07/observation")] == ["forbidden", "forbidden"]


@pytest.mark.parametrize("protocol", [mqtt.MQTTv311, mqtt.MQTTv5])
def test_subscribing_is_answered_with_a_refusal_and_publishing_goes_on(house, protocol):
    answers, acknowledged = [], threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, f"paho-{protocol}", protocol=protocol)
    client.username_pw_set("gw1", house.gateway_password)
    client.on_subscribe = lambda _client, _userdata, _mid, codes, _properties: answers.extend(codes)
    client.on_publish = lambda *_: acknowledged.set()
    client.connect("127.0.0.1", house.ioc.mqtt)
    client.loop_start()
    client.subscribe("test/#", qos=1)
    eventually(lambda: answers)
    assert answers[0].is_failure
    client.publish("test/ST07/observation", reading("ST07", 3.0, 600, indicator="pm10"), qos=1)
    assert acknowledged.wait(30)
    client.disconnect()
    client.loop_stop()


def test_status_prints_addresses_users_feeds_and_a_balance_that_holds(house):
    house.ioc.wait_drained()
    done = house.ioc.run("status")
    for address in (house.ioc.http, house.ioc.push, house.ioc.mqtt, house.ioc.clickhouse):
        assert f"127.0.0.1:{address}" in done.stdout
    assert str(house.ioc.data / "inbox") in done.stdout
    assert str(house.ioc.process.pid) in done.stdout
    for feed in ("gateway", "files", "push", "unmatched"):
        assert re.search(rf"^{feed} .* holds$", done.stdout, re.M), done.stdout
    for user in ("ioc", "analyst"):
        file = re.search(rf"user {user} +password in (\S+)$", done.stdout, re.M)[1]
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600


def test_the_analyst_reads_everything_and_changes_nothing(house):
    assert house.analyst.query("SELECT count() FROM observation_current").result_rows[0][0] > 0
    for statement in ("DROP TABLE observation", "INSERT INTO log (id, number) VALUES (generateUUIDv4(), 9)"):
        with pytest.raises(Exception, match="(?i)readonly|not enough privileges"):
            house.analyst.command(statement)
    commented = house.analyst.query(
        "SELECT name FROM system.tables WHERE database = 'ioc' AND comment = '' UNION ALL"
        " SELECT table || '.' || name FROM system.columns WHERE database = 'ioc' AND comment = ''"
        " AND table IN (SELECT name FROM system.tables WHERE database = 'ioc' AND engine LIKE '%MergeTree')"
    ).result_rows
    assert [name for (name,) in commented if not name.startswith("counts.") and ".counts." not in name] == []


def test_every_feed_balances_at_the_end(house):
    """BALANCE: both identities, as ClickHouse adds them up."""
    house.ioc.wait_drained()
    query = "SELECT feed, envelopes_astray, rows_astray, rows_waiting FROM feed_balance"
    balance = house.analyst.query(query).result_rows
    assert {feed for feed, *_ in balance} >= {"gateway", "files", "push", "unmatched"}
    assert {tuple(figures) for _, *figures in balance} == {(0, 0, 0)}, balance
    metrics = house.ioc.get("/metrics").decode()
    assert "ioc_" in metrics
    assert house.ioc.get("/readyz") == b"ready\n"
