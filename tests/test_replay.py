"""What was rejected is read again once its contract is mended: with the arrival it had, once, through kills, out of the
archive, and never over what was sent later.

Who mends a pack has it taken over while everything runs; nothing here is stopped but to be killed.
"""

import json
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

import archive
import pytest
from ioc import PACK, Ioc, eventually, rfc3339_ago
from peers import mosquitto_pub, push, receipt
from test_reports import AGENCIES, FEEDS, FORMS, PLACES, message

SO2 = """
[so2]
symbol = "SO2"
name = { vi = "SO2", en = "SO2" }
unit = "ug/m3"
min = 0
max = 5000
decimals = 1
no_value = []
windows = ["minute", "hour", "day"]
"""
# A feed of which somebody thought that it sends files of stations.
MISREAD = """
[misread]
name = { vi = "Đọc sai", en = "Misread" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "http" }
format = "station_txt"
silent_after = "10m"
[misread.contract]
max_bytes = 1048576
lateness = "5m"
patience = "1h"
"""
BALANCE = "envelopes_astray, rows_astray, envelopes_undecodable, rows_rejected, rows_stored, rows_duplicate"


class House:
    def __init__(self, folder, **settings):
        self.pack = shutil.copytree(PACK, folder / "pack")
        with open(self.pack / "feeds.toml", "a") as feeds:
            feeds.write(MISREAD)
        self.ioc = Ioc(folder, pack=self.pack, **settings)
        self.token = self.ioc.add_sender("agency", "push", "misread")[1]
        self.password = self.ioc.add_sender("gw", "gateway")[0]

    def mend(self):
        """The pack knows the indicator, and what the misread feed sends."""
        with open(self.pack / "indicators.toml", "a") as indicators:
            indicators.write(SO2)
        stations = (self.pack / "stations.toml").read_text()
        (self.pack / "stations.toml").write_text(stations.replace('o3 = "5m" }', 'o3 = "5m", so2 = "5m" }'))
        feeds = (self.pack / "feeds.toml").read_text()
        before, after = feeds.split("[misread]")
        (self.pack / "feeds.toml").write_text(before + "[misread]" + after.replace("station_txt", "json_observation"))
        self.ioc.run("reload")

    def send(self, rows, feed="push"):
        status, answer = push(self.ioc, self.token, json.dumps(rows), feed)
        assert status == 200, answer
        return answer["position"], receipt(self.ioc, self.token, answer["position"])

    def replay(self, *options, check=True):
        return self.ioc.run("replay", "--rejects", "--user", "an", *options, check=check)

    def query(self, sql, **parameters):
        return self.ioc.analyst().query(sql, parameters=parameters).result_rows

    def balance(self, feed):
        return self.query(f"SELECT {BALANCE} FROM feed_balance WHERE feed = {{feed:String}}", feed=feed)[0]

    def groups(self):
        groups = json.loads(self.ioc.get("/api/rejects/groups"))["groups"]
        return {(group["feed"], group["reason"]): (group["open"], group["replayed"]) for group in groups}

    def current(self, subject, indicator="so2"):
        """Values by moment."""
        sql = (
            "SELECT toUnixTimestamp64Milli(event_time), value FROM observation_current "
            "WHERE indicator = {indicator:String} AND subject = {subject:String} ORDER BY event_time"
        )
        return [value for _, value in self.query(sql, subject=subject, indicator=indicator)]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("replay"))
    house.ioc.start()
    yield house
    house.ioc.stop()


def row(value, ago, indicator="so2", subject="ST01"):
    return {"indicator": indicator, "subject": subject, "time": rfc3339_ago(ago), "value": value}


def test_once_a_mended_row_is_stored_with_its_own_arrival_and_a_later_correction_wins(house):
    corrected = row(2.0, 500)
    position, fate = house.send([row(1.0, 600), row(7.0, 600, "pm25"), corrected, row(5.0, 600, "nonsense")])
    assert (fate["stored"], fate["rejected"]) == (1, 3)
    whole, fate = house.send(row(3.0, 400, subject="ST02"), "misread")
    assert (fate["stored"], fate["rejected"]) == (0, 1)
    assert house.groups() == {("push", "unknown_indicator"): (3, 0), ("misread", "malformed"): (1, 0)}
    arrived = house.query("SELECT DISTINCT received_at FROM reject_current WHERE feed = 'push'")

    # Nothing is mended yet.
    tried = house.replay("--all", "--dry-run").stdout
    assert "4 rejects are open; nothing was changed" in tried and "2 messages read, 0 would change" in tried
    assert "push: 1 messages read again, 0 changed" in house.replay("--feed", "push").stdout
    assert house.groups()[("push", "unknown_indicator")] == (3, 0)

    house.mend()
    # Who waits no longer sends it again, and not the same.
    _, fate = house.send(corrected | {"value": 22.0})
    assert fate["stored"] == 1
    tried = house.replay("--all", "--dry-run").stdout
    assert "2 messages read, 2 would change: of 4 rejects 3 rows would be taken up and 1 stay rejects" in tried, tried

    told = house.replay("--all", "--note", "thêm SO2").stdout
    assert "push: 1 messages read again, 1 changed: 2 rows taken up, 1 still rejected" in told, told
    assert "misread: 1 messages read again, 1 changed: 1 rows taken up, 0 still rejected" in told, told

    assert house.current("ST01") == [1.0, 22.0] and house.current("ST02") == [3.0]
    assert house.current("ST01", "pm25") == [7.0]
    stored = house.query(
        "SELECT value, standing, concat(log, '-', partition, '-', offset), received_at = {arrived:DateTime64(3, 'UTC')} "
        "FROM observation WHERE indicator = 'so2' AND subject = 'ST01' AND value < 20 ORDER BY value",
        arrived=arrived[0][0],
    )
    assert stored == [(1.0, "first", position, 1), (2.0, "history", position, 1)]
    assert json.loads(house.ioc.get(f"/api/lineage/envelope/{whole}/raw"))["subject"] == "ST02"
    # Two of a corrected message: its own row, and the one that was sent later.
    assert house.balance("push") == (0, 0, 0, 1, 4, 0)
    assert house.balance("misread") == (0, 0, 0, 0, 1, 0)
    assert house.groups() == {
        ("push", "unknown_indicator"): (1, 3),
        ("misread", "malformed"): (0, 1),
    }


def test_once_what_was_read_again_is_not_read_twice_and_stays_on_record(house):
    before = house.balance("push"), house.balance("misread"), house.current("ST01")
    rejects = house.query("SELECT count() FROM reject")
    none = house.replay("--feed", "misread", check=False)
    assert none.returncode == 1 and "no such reject is open" in none.stderr
    assert "push: 1 messages read again, 0 changed" in house.replay("--all").stdout
    assert (house.balance("push"), house.balance("misread"), house.current("ST01")) == before
    assert house.query("SELECT count() FROM reject") == rejects, "nothing is deleted, and nothing said once more"
    states = house.query("SELECT state, count() FROM reject_current GROUP BY state ORDER BY state")
    assert states == [("open", 1), ("replayed", 4)]
    done = house.query(
        "SELECT of_feed, user, note, done, messages, messages_changed, rows_good, rows_before, rows_rejected "
        "FROM replay_current WHERE note != '' ORDER BY of_feed"
    )
    assert done == [
        ("misread", "an", "thêm SO2", True, 1, 1, 1, 1, 0),
        ("push", "an", "thêm SO2", True, 1, 1, 2, 3, 1),
    ]
    listed = house.ioc.run("replay").stdout
    assert "unknown_indicator" in listed and "an " in listed
    shown = json.loads(house.ioc.get("/api/rejects"))["rejects"]
    assert sorted(reject["replayed"] for reject in shown) == [False, True, True, True, True]


def test_safe_an_order_says_what_it_is_about_and_who_gives_it(house):
    def post(body, kind="application/json"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{house.ioc.http}/api/replays", body.encode(), {"content-type": kind}, method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        return refused.value.code

    said = {"of": {"feed": "push"}, "user": "an"}
    assert post(json.dumps(said), "text/plain") == 415
    assert post(json.dumps(said | {"user": " "})) == 422
    assert post(json.dumps(said | {"of": {}})) == 422, "a choice that got lost is not everything"
    assert post(json.dumps(said | {"of": {"feed": "operator"}})) == 404
    assert post(json.dumps(said | {"of": {"feed": "push", "from": "yesterday"}})) == 400
    assert post(json.dumps(said | {"of": {"feed": "push", "to": "2020-01-01"}})) == 404
    unknown = house.replay("--reason", "no_such", check=False)
    assert unknown.returncode == 2 and "unknown_unit" in unknown.stderr


# Steps that a portion of a replay crosses, each with how often it is passed before.
STEPS = [
    ("recall_before_answer", 0),
    ("epoch_after_manifest", 1),
    ("flow_before_apply", 3),
    ("flow_after_apply", 3),
    ("sink_before_block", 2),
    ("sink_after_insert", 1),
    ("sink_after_commit", 1),
    ("checkpoint_after_rename", 0),
]
MANY = 1_200


def test_once_and_balance_hold_through_a_death_at_every_step_of_a_replay(tmp_path):
    house = House(tmp_path, IOC_STREAM_CHECKPOINT_EVERY="500ms")
    house.ioc.start()
    lines = [json.dumps([row(float(number), 3600 - number, subject="ST03"), row(0.5, 3600 - number, "o3", "ST03")])
             for number in range(MANY)]
    done = mosquitto_pub(house.ioc, "gw", house.password, "test/a/observation", "\n".join(lines), stdin_lines=True)
    assert done.returncode == 0, done.stderr
    house.ioc.wait_drained()
    assert house.balance("gateway") == (0, 0, 0, MANY, MANY, 0)
    house.mend()
    assert "ordered" in house.replay("--feed", "gateway", "--no-wait").stdout
    for number, (point, passes) in enumerate(STEPS):
        house.ioc.kill()
        house.ioc.start(workers=1 + number % 3, failpoints=f"{point}={passes}*off->1*return", wait=False)
        try:
            ended = house.ioc.wait_ended(60)
        except subprocess.TimeoutExpired:
            # All was read before it came to that.
            continue
        assert ended == -signal.SIGABRT, f"{point}: it ended with {ended}:\n{house.ioc.log()[-3000:]}"
    house.ioc.kill()
    house.ioc.start()
    replays = lambda: json.loads(house.ioc.get("/api/rejects/groups"))["replays"]
    eventually(lambda: all(replay["done"] for replay in replays()), seconds=120)
    house.ioc.wait_drained()
    assert house.balance("gateway") == (0, 0, 0, 0, 2 * MANY, 0)
    twice = "SELECT count() FROM (SELECT log, partition, offset, row FROM observation GROUP BY ALL HAVING count() > 1)"
    assert house.query(twice) == [(0,)]
    assert house.current("ST03") == [float(number) for number in range(MANY)]
    [replay] = replays()
    assert (replay["messages"], replay["changed"], replay["good"], replay["rejected"]) == (MANY, MANY, MANY, 0)
    assert "no such reject" in house.replay("--all", check=False).stderr
    house.ioc.stop()


def test_replay_an_original_that_only_the_archive_has_is_found_there(tmp_path):
    eager = {
        "IOC_ARCHIVE_EVERY": "300ms",
        "IOC_ARCHIVE_MAX_BYTES": "40000",
        "IOC_BUS_SEGMENT_BYTES": "65536",
        "IOC_BUS_RETAIN_AGE": "0s",
        "IOC_BUS_RETAIN_BYTES": "0",
    }
    house = House(tmp_path, **eager)
    house.ioc.start()
    position, _ = house.send([row(4.0, 300)])
    _, partition, offset = map(int, position.split("-"))
    filler = "x" * 20_000

    def is_let_go():
        for _ in range(8):
            push(house.ioc, house.token, filler)
        house.ioc.wait_drained()
        return archive.log_starts(house.ioc).get(partition, 0) > offset

    eventually(is_let_go, seconds=120, every=0.5)
    house.mend()
    told = house.replay("--reason", "unknown_indicator").stdout
    assert "1 rows taken up" in told, told
    assert house.current("ST01") == [4.0]
    assert house.balance("push")[:2] == (0, 0)
    house.ioc.kill()
    house.ioc.start()
    house.ioc.wait_drained()
    assert house.current("ST01") == [4.0] and house.balance("push")[:2] == (0, 0)
    house.ioc.stop()


RANGED = """
[ktxh-x.indicators.X01]
name = { vi = "Hồ sơ tiếp nhận", en = "Dossiers received" }
unit = "hồ sơ"
required = false
range = [0, 1000]

[ktxh-x.indicators.X02]
name = { vi = "Hồ sơ đúng hạn", en = "Dossiers on time" }
unit = "hồ sơ"
required = false
"""


def test_once_a_report_refused_for_a_range_is_taken_when_the_range_is_mended(tmp_path):
    pack = shutil.copytree(PACK, tmp_path / "pack")
    (pack / "forms.toml").write_text(FORMS + RANGED)
    (pack / "agencies.csv").write_text(AGENCIES)
    for name, more in (("feeds.toml", FEEDS), ("places.csv", PLACES)):
        with open(pack / name, "a") as file:
            file.write(more)
    ioc = Ioc(tmp_path, pack=pack)
    commune = ioc.add_sender("xa-1", "reports", subjects=["25486"])[1]
    other = ioc.add_sender("xa-2", "reports", subjects=["25489"])[1]
    ioc.start()
    report = message("xã Tân Biên (25486)", ("X01", "1204"), ("X02", "312"))
    status, refused = push(ioc, commune, report, "reports")
    assert (status, refused["verdict"]) == (422, "refused"), refused
    # One that stays wrong.
    status, _ = push(ioc, other, message("xã Tân Lập (25489)", ("X01", "9.999.999")), "reports")
    assert status == 422
    columns = "envelopes_astray, rows_astray, rows_decoded, rows_stored, rows_rejected"
    balance = lambda: ioc.analyst().query(f"SELECT {columns} FROM feed_balance WHERE feed = 'reports'").result_rows[0]
    assert balance() == (0, 0, 3, 0, 3)

    again = lambda *more: ioc.run("replay", "--rejects", "--feed", "reports", "--user", "an", *more).stdout
    assert "2 messages read again, 0 changed" in again(), "nothing is mended yet"
    forms = (pack / "forms.toml").read_text()
    (pack / "forms.toml").write_text(forms.replace("range = [0, 1000]", "range = [0, 5000]"))
    ioc.run("reload")
    told = again()
    assert "2 messages read again, 2 changed: 2 rows taken up, 1 still rejected" in told, told
    values = json.loads(ioc.get("/api/reports/values?form=ktxh-x&period=2025-10"))["cells"]
    shown = {cell["indicator"]: (cell["is"]["number"], cell["position"]) for cell in values}
    position = refused["position"]
    assert shown == {"X01": ("1204", position), "X02": ("312", position)}
    receipts = json.loads(ioc.get("/api/reports/receipts"))["receipts"]
    assert sorted(receipt["verdict"] for receipt in receipts) == ["accepted", "refused"]
    assert [receipt["position"] for receipt in receipts if receipt["verdict"] == "accepted"] == [position]
    assert balance() == (0, 0, 3, 2, 1)

    assert "1 messages read again, 0 changed" in again()
    status, same = push(ioc, commune, report, "reports")
    assert (status, same["verdict"]) == (200, "duplicate"), "the clerk who tries once more is told that it is there"
    assert balance() == (0, 0, 5, 2, 1)
    ioc.kill()
    ioc.start()
    assert balance() == (0, 0, 5, 2, 1)
    ioc.stop()


# The factor of another unit was noted a thousand times too small.
WRONG = 'units = { "mg/m3" = 1 }\n'
RIGHT = 'units = { "mg/m3" = 1000 }\n'
DAY = 86_400


def test_batch_a_wrong_factor_of_some_days_is_mended_while_data_flows_and_through_kills(tmp_path):
    # Days leave memory an hour behind what is closed.
    house = House(tmp_path, IOC_STREAM_HORIZON="1h", IOC_STREAM_CHECKPOINT_EVERY="500ms")
    indicators = (house.pack / "indicators.toml").read_text()
    unit = 'unit = "ug/m3"\n'
    (house.pack / "indicators.toml").write_text(indicators.replace(unit, unit + WRONG, 1))
    name = indicators[: indicators.index(unit)].rsplit("[", 1)[1].split("]")[0]
    house.ioc.start()

    def milli(value, ago, subject="ST01"):
        return row(value, ago, name, subject) | {"unit": "mg/m3"}

    # A day long ago, yesterday and today; one value is corrected by what comes in the right unit.
    ages = [4 * DAY + 300 * number for number in range(6)] + [DAY + 300 * number for number in range(6)]
    ages += [600 + 300 * number for number in range(6)]
    moments = {ago: milli(0.001 * (1 + number), ago) for number, ago in enumerate(ages)}
    position, fate = house.send(list(moments.values()))
    assert fate["stored"] == len(ages), fate
    corrected = ages[3]
    house.send([row(77.0, corrected, name) | {"time": moments[corrected]["time"]}])
    # Another feed's value of the same kind is none of it.
    wrong = house.current("ST01", name)
    right = sorted((message["time"], 77.0 if ago == corrected else round(message["value"] * 1000, 6))
                   for ago, message in moments.items())
    right = [value for _, value in right]
    before = house.query("SELECT now64(3)")[0][0]
    balance = house.balance("push")
    pack_before = house.query("SELECT version FROM pack ORDER BY published_at DESC LIMIT 1")[0][0]
    assert wrong != right

    stored = lambda *options, check=True: house.ioc.run("replay", *options, "--user", "an", check=check)
    since = rfc3339_ago(3600)
    none = stored("push", "--from", since, "--dry-run").stdout
    assert "would change: 0 rows" in none, none
    refused = stored("no-such", "--from", since, check=False)
    assert refused.returncode == 1 and "gói tỉnh không có nguồn" in refused.stderr and "no feed" in refused.stderr
    assert stored("push", check=False).returncode == 1, "from when on must be said"

    mended = (house.pack / "indicators.toml").read_text().replace(WRONG, RIGHT)
    (house.pack / "indicators.toml").write_text(mended)
    house.ioc.run("reload")
    told = stored("push", "--from", since, "--dry-run").stdout
    assert f"would change: {len(ages)} rows would have another value" in told and "->" in told, told
    assert house.current("ST01", name) == wrong, "a trial changes nothing"

    assert "ordered" in stored("push", "--from", since, "--note", "hệ số", "--no-wait").stdout
    for number, point in enumerate(("recall_before_answer", "flow_after_apply", "sink_after_insert")):
        house.ioc.kill()
        house.ioc.start(workers=1 + number % 3, failpoints=f"{point}=1*off->1*return", wait=False)
        try:
            ended = house.ioc.wait_ended(30)
        except subprocess.TimeoutExpired:
            continue
        assert ended == -signal.SIGABRT, f"{point}: it ended with {ended}:\n{house.ioc.log()[-3000:]}"
    house.ioc.kill()
    house.ioc.start()
    # Data goes on.
    house.send([row(5.0, 30, name, "ST02")])
    replays = lambda: json.loads(house.ioc.get("/api/rejects/groups"))["replays"]
    eventually(lambda: all(replay["done"] for replay in replays()), seconds=120)
    house.ioc.wait_drained()
    eventually(lambda: all(value > 0.5 for value in house.current("ST01", name)), seconds=60)
    assert house.current("ST01", name) == pytest.approx(right)

    [replay] = replays()
    assert (replay["stored"], replay["changed"], replay["replaced"], replay["unclear"]) == (True, 1, len(ages), 0)
    assert house.balance("push")[:4] == balance[:4] and house.balance("push")[4] == balance[4] + 1
    known = house.query(
        "SELECT value FROM observation_known_at(known_at = {at:DateTime64(3, 'UTC')}) "
        "WHERE subject = 'ST01' AND indicator = {indicator:String} ORDER BY event_time",
        at=before, indicator=name,
    )
    assert [value for (value,) in known] == wrong, "what was known before stays known as it was"
    days = house.query(
        "SELECT sum(w.sum), (SELECT sum(value) FROM observation_current WHERE subject = 'ST01' AND indicator = {indicator:String} "
        "AND quality = 'good' AND event_time < now64(3) - INTERVAL 2 HOUR) FROM window_current AS w WHERE w.subject = 'ST01' "
        "AND w.kind = 'minute' AND w.indicator = {indicator:String} AND w.start_time < now64(3) - INTERVAL 2 HOUR",
        indicator=name,
    )
    assert days[0][0] == pytest.approx(days[0][1]), "minutes are worked out anew, those of days out of memory too"
    rows = json.loads(house.ioc.get(f"/api/lineage/envelope/{position}"))["rows"]
    first = [(stored["standing"], stored["pack"] == pack_before) for stored in rows if stored["row"] == 0]
    assert first == [("first", True), ("replaced", False)]
    again = stored("push", "--from", since).stdout
    assert "0 changed: 0 rows have another value" in again, again
    house.ioc.stop()
