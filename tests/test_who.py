"""WHO: every row, reject and envelope names its sender, and a sender speaks only of whom it may."""

import json

import duckdb
import pytest
from ioc import Ioc, eventually
from peers import mosquitto_pub, push, reading, receipt


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    ioc = Ioc(tmp_path_factory.mktemp("who"), IOC_ARCHIVE_EVERY="1s", IOC_ARCHIVE_MAX_BYTES="40000")
    ioc.logins = {
        "gw1": ioc.add_sender("gw1", "gateway", "push"),
        "bound": ioc.add_sender("bound", "gateway", "push", subjects=["ST02", "ST1*"]),
    }
    ioc.start()
    yield ioc
    ioc.stop()


def publish(ioc, login, topic, body, **options):
    done = mosquitto_pub(ioc, login, ioc.logins[login][0], topic, body, "mqttv5", **options)
    assert done.returncode == 0, done.stderr


def rejects(ioc, sender):
    rows = ioc.analyst().query(
        "SELECT reason, place FROM reject_current WHERE sender = {sender:String} ORDER BY received_at, row",
        parameters={"sender": sender},
    )
    return rows.result_rows


def test_who_a_row_its_lineage_and_its_archived_envelope_name_the_sender(house):
    publish(house, "gw1", "test/ST01/observation", reading("ST01", 12.5), retain=True)
    stored = "SELECT sender, concat(log, '-', partition, '-', offset) FROM observation_current WHERE subject = 'ST01'"
    sender, position = eventually(lambda: house.analyst().query(stored).result_rows)[0]
    assert sender == "gw1"
    envelope = json.loads(house.get(f"/api/lineage/envelope/{position}"))
    assert envelope["attributes"]["sender"] == "gw1"
    assert envelope["attributes"]["retained"] == "1"
    assert envelope["attributes"]["peer"].startswith("127.0.0.1:")
    assert [row["sender"] for row in envelope["rows"]] == ["gw1"]

    def archived():
        files = list((house.data / "archive").rglob("feed=gateway/**/*.parquet"))
        return files and duckdb.sql(f"SELECT sender, attributes['retained'] FROM read_parquet({[str(f) for f in files]})").fetchall()

    assert eventually(archived)[0] == ("gw1", "1")


def test_who_a_bound_sender_speaks_of_its_own_stations_and_of_nobody_else(house):
    publish(house, "bound", "test/ST02/observation", reading("ST02", 7.5))
    publish(house, "bound", "test/ST03/observation", reading("ST03", 7.5))
    token = house.logins["bound"][1]
    status, answer = push(house, token, reading("ST03", 8.5))
    assert status == 200, "durable, and judged later"
    became = receipt(house, token, answer["position"])
    assert (became["stored"], became["rejected"]) == (0, 1)
    assert eventually(lambda: len(found := rejects(house, "bound")) == 2 and found) == [("forbidden", "subject")] * 2
    stored = "SELECT subject, value FROM observation_current WHERE sender = 'bound'"
    assert house.analyst().query(stored).result_rows == [("ST02", 7.5)]


def test_who_a_topic_of_one_station_with_a_row_of_another_is_a_reject(house):
    publish(house, "gw1", "test/ST01/observation", reading("ST03", 9.5))
    assert eventually(lambda: rejects(house, "gw1")) == [("contradiction", "subject")]
    named = house.overview()["picture"]["rejects"][0]
    assert (named["sender"], named["reason"]) == ("gw1", "contradiction")


def test_who_rights_that_change_bind_what_comes_and_not_what_came(house):
    house.run("sender", "remove", "bound")
    house.logins["bound"] = house.add_sender("bound", "gateway", "push", subjects=["ST03"])
    body, password = reading("ST03", 6.25), house.logins["bound"][0]
    # A running process notices the change within a second.
    eventually(
        lambda: mosquitto_pub(house, "bound", password, "test/ST03/observation", body, "mqttv5").returncode == 0
    )
    stored = "SELECT subject, value FROM observation_current WHERE sender = 'bound' ORDER BY subject"
    assert eventually(lambda: len(rows := house.analyst().query(stored).result_rows) == 2 and rows) == [
        ("ST02", 7.5),
        ("ST03", 6.25),
    ]
    assert "bound  gateway, push  of ST03" in house.run("sender", "list").stdout
