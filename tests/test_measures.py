"""What is counted of events: a sensor that sees too little, late lines, alerts of it, as analysts and pages read them.

The sensor's records are those of a morning, moved to the hour before the last: statistics every ten minutes, and five
alerts. After 08:20 its rules did not load, at 08:40 it restarted and dropped most packets.
"""

import datetime
import hashlib
import json
import shutil

import pytest
from ioc import PACK, ROOT, Ioc, eventually
from peers import push

FEED = """
[sensors]
name = { vi = "Cảm biến mạng", en = "Network sensors" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "http" }
format = "eve"
silent_after = "10m"
contract = { lateness = "0s" }
"""
LOG_SOURCE = """
[ids-a]
name = { vi = "Cảm biến A", en = "Sensor A" }
owner = { vi = "Sở", en = "Department" }
hosts = ["ids-a"]
silent_after = "4h"
"""

OTHER_LOG_SOURCES = """
[ids-b]
name = { vi = "Cảm biến B", en = "Sensor B" }
owner = { vi = "Sở", en = "Department" }
hosts = ["ids-b"]
silent_after = "4h"

[ids-c]
name = { vi = "Cảm biến C", en = "Sensor C" }
owner = { vi = "Sở", en = "Department" }
hosts = ["ids-c"]
silent_after = "4h"
"""


EIGHT = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0) - datetime.timedelta(hours=2)
MEASURES = ROOT / "deploy" / "provinces" / "tay-ninh" / "measures.toml"
RULES = """
[sensor-blind]
name = { vi = "Cảm biến không quan sát đủ", en = "A sensor sees too little" }
step = { vi = "Xem cảm biến", en = "See the sensor" }
priority = "high"
log_sources = ["*"]
condition = { kind = "status", statuses = ["error"] }

[without-rules]
name = { vi = "Cảm biến không có luật", en = "A sensor without rules" }
step = { vi = "Xem cảm biến", en = "See the sensor" }
priority = "high"
log_sources = ["*"]
condition = { kind = "blind", causes = ["no_rules"] }

[dropping]
name = { vi = "Cảm biến rơi gói tin", en = "A sensor drops packets" }
step = { vi = "Xem cảm biến", en = "See the sensor" }
priority = "medium"
log_sources = ["*"]
condition = { kind = "blind", causes = ["packets_dropped", "alerts_discarded"] }

[many-alerts]
name = { vi = "Nhiều cảnh báo", en = "Many alerts" }
step = { vi = "Xem cảnh báo", en = "See the alerts" }
priority = "low"
log_sources = ["ids-a"]
condition = { kind = "measure", measure = "ids_alerts", averaging = "hour", above = 3 }

[alerts-lost]
name = { vi = "Cảnh báo không đến", en = "Alerts never arrived" }
step = { vi = "Xem đường gửi", en = "See the way" }
priority = "medium"
log_sources = ["*"]
condition = { kind = "measure", measure = "alerts_lost", averaging = "hour", above = 0 }

[unusually-many]
name = { vi = "Nhiều hơn thường lệ", en = "More than usual" }
step = { vi = "Xem cảnh báo", en = "See the alerts" }
priority = "medium"
log_sources = ["*"]
condition = { kind = "unusual", measure = "ids_alerts", above = 2, clear = 2, least = 5 }
"""


def moved(at):
    """A time of that morning, at the hour before the last."""
    hour, minute, *second = map(float, at.split(":"))
    moment = EIGHT + datetime.timedelta(hours=hour - 8, minutes=minute, seconds=second[0] if second else 0)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def stats(at, uptime, packets, drops, rules, reloaded, alerts, overflow=0):
    engines = [{"id": 0, "last_reload": moved(reloaded), "rules_loaded": rules, "rules_failed": 31000 - rules}]
    told = {
        "uptime": uptime,
        "capture": {"kernel_packets": packets, "kernel_drops": drops},
        "detect": {"engines": engines, "alert": alerts, "alert_queue_overflow": overflow},
    }
    return {"timestamp": moved(at), "host": "ids-a", "event_type": "stats", "stats": told}


def alert(at, number):
    rule = {"action": "allowed", "gid": 1, "signature_id": 9000020, "rev": 1, "signature": "EXAMPLE login page probing", "severity": 2}
    return {
        "timestamp": moved(at),
        "flow_id": 1300000000000000 + number,
        "event_type": "alert",
        "src_ip": f"203.0.113.{50 + number}",
        "src_port": 41000 + number,
        "dest_ip": "192.0.2.20",
        "dest_port": 443,
        "proto": "TCP",
        "alert": rule,
        "host": "ids-a",
    }


SEEING = [
    stats("08:00", 86400, 50000000, 1000, 31000, "06:00:02", 4200),
    alert("08:03:10", 1),
    alert("08:07:20", 2),
    stats("08:10", 87000, 50600000, 1000, 31000, "06:00:02", 4202),
    alert("08:14:30", 3),
    alert("08:18:40", 4),
    stats("08:20", 87600, 51200000, 1000, 31000, "06:00:02", 4204),
]
WITHOUT_RULES = [
    stats("08:30", 88200, 51800000, 1000, 0, "08:20:05", 4204),
    stats("08:40", 88800, 52400000, 1000, 0, "08:20:05", 4204),
]
DROPPING = [
    alert("08:46:50", 5),
    stats("08:50", 570, 240000, 360000, 31000, "08:40:31", 1),
    stats("09:00", 1170, 480000, 720000, 31000, "08:40:31", 1, overflow=40),
]
SEEING_AGAIN = [stats("09:10", 1770, 1080000, 720000, 31000, "08:40:31", 1, overflow=40)]


class House:
    def __init__(self, folder, log_sources):
        pack = shutil.copytree(PACK, folder / "pack")
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEED)
        (pack / "log_sources.toml").write_text(log_sources)
        shutil.copy(MEASURES, pack)
        with open(pack / "rules.toml", "a") as rules:
            rules.write(RULES)
        self.ioc = Ioc(folder, pack=pack)
        _, self.token = self.ioc.add_sender("records", "sensors")
        self.ioc.start()
        self.reader = self.ioc.analyst()

    def push(self, records):
        body = "\n".join(json.dumps(record) for record in records)
        # The same records are the same request.
        named = ["--header", f"Idempotency-Key: {hashlib.sha256(body.encode()).hexdigest()}"]
        status, answer = push(self.ioc, self.token, body, "sensors", *named)
        assert status == 200, answer

    def ask(self, sql):
        return self.reader.query(sql).result_rows

    def windows(self, kind, measure="ids_alerts", view="measure_window_current"):
        """By the time of that morning it begins at: the number, whole minutes, minutes expected."""
        found = self.ask(
            f"SELECT toUnixTimestamp(start_time), value, whole_minutes, expected_minutes FROM {view}"
            f" WHERE measure = '{measure}' AND log_source = 'ids-a' AND kind = '{kind}'"
        )
        minutes = {(start - int(EIGHT.timestamp())) // 60: tuple(rest) for start, *rest in found}
        return {f"{8 + minute // 60:02}:{minute % 60:02}": told for minute, told in minutes.items()}

    def alerts(self, rule):
        return [one for one in json.loads(self.ioc.get("/api/alerts"))["alerts"] if one["rule"] == rule]

    def standing(self):
        """How the sensor stands: on the page of events, and in the figure of the log sources."""
        summary = json.loads(self.ioc.get("/api/security/summary"))
        [source] = [source for source in summary["log_sources"] if source["id"] == "ids-a"]
        figures = json.loads(self.ioc.get("/api/figures"))["figures"]
        [figure] = [figure for figure in figures if figure["figure"] == "log_sources"]
        overview = [(it["subject"], it["word"], it["priority"]) for it in figure["inputs"]]
        return (source["standing"], source["amiss"], source["priority"], overview), source

    def raised_by(self, alert):
        """The next step down from an alert, as the page takes it."""
        return json.loads(self.ioc.get(f"/api/lineage/alert/{alert['id']}"))["raised_by"]

    def record_of(self, alert):
        """The raw record of a sensor that an alert opens to."""
        told = self.raised_by(alert)
        assert (told["kind"], told["log_source"]) == ("sensor", alert["subject"])
        raw = self.ioc.get(f"{told['href']}/raw")
        return json.loads(raw.splitlines()[told["row"]])


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("measures"), LOG_SOURCE)
    yield house
    house.ioc.stop()


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Sensors that the first house knows nothing of, since there one that never reported would be amiss."""
    house = House(tmp_path_factory.mktemp("others"), LOG_SOURCE + OTHER_LOG_SOURCES)
    yield house
    house.ioc.stop()


def test_silent_an_hour_of_a_blind_sensor_is_missing_and_its_alarms_come_and_go_by_its_own_word(house):
    house.push(SEEING)
    minutes = eventually(lambda: (now := house.windows("minute")).get("08:19") and now)
    assert sum(value for value, *_ in minutes.values()) == 4
    assert {whole for _, whole, _ in minutes.values()} == {1}, "a minute without an alert is a zero: it was heard"
    assert house.alerts("sensor-blind") == []

    house.push(WITHOUT_RULES[:1])
    [raised] = eventually(lambda: house.alerts("sensor-blind"))
    assert (raised["subject"], raised["active"], raised["evidence"]["status"]) == ("ids-a", True, "error")
    told = house.raised_by(raised)
    assert (told["kind"], told["subject"], told["status"]) == ("status", "ids-a", "error")
    blind = ("error", True, "medium", [("ids-a", "error", "medium")])
    source = eventually(lambda: (now := house.standing())[0] == blind and now[1])
    [(since,)] = house.ask("SELECT toUnixTimestamp64Milli(since) FROM station_state_current WHERE subject = 'ids-a'")
    assert (source["since"], source["weight"] > 0) == (since, True), "it is heard, and blind since its record came"
    [without] = eventually(lambda: house.alerts("without-rules"))
    assert (without["active"], without["evidence"]["sensor"]["causes"]) == (True, ["no_rules"])
    assert (without["evidence"]["sensor"]["rules_failed"], house.alerts("dropping")) == (31000, [])
    assert source["sensor"]["causes"] == ["no_rules"], "the state says why, too"
    assert house.record_of(without)["timestamp"] == moved("08:30"), "the alert opens to the line that says so"
    house.push(WITHOUT_RULES[1:])
    house.push(DROPPING[:2])
    [dropping] = eventually(lambda: house.alerts("dropping"))
    told = dropping["evidence"]
    assert (told["value"], told["threshold"], told["sensor"]["restarted"]) == (0.6, 0.1, True)
    assert (told["sensor"]["packets"], told["sensor"]["dropped"]) == (240000, 360000), "since it began anew"
    [over] = eventually(lambda: [one for one in house.alerts("without-rules") if not one["active"]])
    assert house.record_of(over)["timestamp"] == moved("08:50"), "and so does what cleared it"
    house.push(DROPPING[2:])
    eventually(lambda: house.standing()[1]["sensor"]["causes"] == ["packets_dropped", "alerts_discarded"])
    house.push(SEEING_AGAIN)
    [cleared] = eventually(lambda: [one for one in house.alerts("sensor-blind") if not one["active"]])
    assert cleared["id"] == raised["id"]
    eventually(lambda: house.standing()[0] == ("good", False, None, []))
    eventually(lambda: [one["active"] for one in house.alerts("dropping")] == [False])
    [(causes,)] = house.ask(
        "SELECT groupUniqArrayArray(JSONExtract(sensor, 'causes', 'Array(String)')) FROM station_state WHERE subject = 'ids-a'"
    )
    assert sorted(causes) == ["alerts_discarded", "no_rules", "packets_dropped"]

    hours = eventually(lambda: (now := house.windows("hour")).get("08:00") and now)
    assert hours["08:00"] == (5, 20, 60), "what it did not report after 08:20 nobody knows"
    minutes = house.windows("minute")
    assert sum(value for at, (value, *_) in minutes.items() if at < "09:00") == 5, "the counters add nothing"
    assert {at for at, (_, whole, _) in minutes.items() if whole} == {f"08:{minute:02}" for minute in range(20)} | {
        f"09:{minute:02}" for minute in range(10) if f"09:{minute:02}" in minutes
    }
    whole = house.ask("SELECT is_whole FROM measure_window_current WHERE measure = 'ids_alerts' AND kind = 'hour' ORDER BY start_time")
    assert whole[0] == (False,)
    begin = int(EIGHT.timestamp()) * 1_000
    told = json.loads(house.ioc.get(f"/api/security/measures?from={begin}&until={begin + 1}"))
    [measure] = [one for one in told["measures"] if one["id"] == "ids_alerts"]
    [hour] = measure["windows"]
    assert (hour["value"], hour["missing"], hour["standing"]) == (5, 1, None)
    assert house.alerts("many-alerts") == [], "a rule does not judge an hour of which two thirds are missing"
    assert [house.windows("hour", measure)["08:00"][0] for measure in ("alerts_raised", "alerts_lost")] == [5, 0]


def test_limit_a_whole_hour_of_many_alerts_raises_what_its_rule_says_and_opens_to_its_events(house):
    house.push([alert(f"09:{20 + number}:00", 20 + number) for number in range(4)])
    house.push([stats(at, uptime, 2000000, 720000, 31000, "08:40:31", 5, overflow=40) for at, uptime in [("09:35", 3270), ("10:00", 4770)]])
    [raised] = eventually(lambda: house.alerts("many-alerts"))
    assert (raised["active"], raised["evidence"]["value"], raised["evidence"]["threshold"]) == (True, 4, 3)
    opened = house.raised_by(raised)
    start = int((EIGHT + datetime.timedelta(hours=1)).timestamp()) * 1_000
    assert (opened["kind"], opened["measure"], opened["kinds"]) == ("measure", "ids_alerts", ["alert"])
    assert (opened["log_source"], opened["from"], opened["until"]) == ("ids-a", start, start + 3_600_000)
    events = json.loads(house.ioc.get(opened["href"]))["events"]
    assert sum(event["weight"] for event in events) == 4


def test_revise_a_late_line_counts_in_its_hour_once_also_after_a_kill_and_what_was_known_stays(house):
    [(before,)] = house.ask("SELECT max(now) FROM epoch")
    late = [alert("08:05:00", 9), alert("08:05:00", 9)]
    house.push(late)
    eventually(lambda: house.windows("hour")["08:00"] == (6, 20, 60))
    known = f"measure_window_known_at(known_at = '{before:%Y-%m-%d %H:%M:%S.%f}')"
    assert house.windows("hour", view=known)["08:00"] == (5, 20, 60)

    house.ioc.kill()
    house.ioc.start()
    house.reader = house.ioc.analyst()
    for again in (late, SEEING, WITHOUT_RULES[:1], WITHOUT_RULES[1:], DROPPING):
        house.push(again)
    house.push([alert("08:06:00", 10)])
    eventually(lambda: house.windows("hour")["08:00"][0] == 7)
    assert house.windows("hour", "attackers")["08:00"] == (7, 20, 60), "one that came before the kill is not another one"
    assert [one["id"] for one in house.alerts("sensor-blind")] == ["sensor-blind~ids-a~1"]


def test_limit_an_hour_that_stands_outside_of_its_usual_band_is_raised_and_opens_to_the_hours_it_was_held_against(others):
    def of(days_ago, number, first):
        """So many alerts within the hour of eight, that many days ago, and the one that closes it."""
        told = [alert(f"08:{2 * place:02}", first + place) for place in range(number)] + [alert("09:00", first + number)]
        for record in told:
            at = datetime.datetime.strptime(record["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z") - datetime.timedelta(days=days_ago)
            record |= {"timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%f%z"), "host": "ids-b"}
        return told

    usual = {3: 4, 2: 6, 1: 5}
    for days_ago, number in usual.items():
        others.push(of(days_ago, number, 100 * days_ago))
    hours = "SELECT count() FROM measure_window_current WHERE log_source = 'ids-b' AND measure = 'ids_alerts' AND kind = 'hour' AND value > 1"
    eventually(lambda: others.ask(hours) == [(3,)])
    others.push(of(0, 20, 500))
    [raised] = eventually(lambda: others.alerts("unusually-many"))
    evidence = raised["evidence"]
    assert (raised["subject"], raised["active"], evidence["value"], evidence["threshold"]) == ("ids-b", True, 20, 12)
    compared = evidence["compared"]
    assert (compared["usual"], compared["like"]) == ({"low": 4, "middle": 5, "high": 6, "hours": 3}, "days")
    start = int(EIGHT.timestamp()) * 1_000
    day = 86_400_000
    assert compared["with"] == [{"start": start - days_ago * day, "value": number} for days_ago, number in usual.items()]
    told = json.loads(others.ioc.get(f"/api/security/measures?log_source=ids-b&from={start}&until={start + 1}"))
    [hour] = [one["windows"][0] for one in told["measures"] if one["id"] == "ids_alerts"]
    assert (hour["usual"], hour["standing"]) == (compared["usual"], "above"), "the page shows what the rule judged by"
    opened = others.raised_by(raised)
    assert (opened["kind"], opened["log_source"], opened["from"]) == ("measure", "ids-b", start)
    assert sum(event["weight"] for event in json.loads(others.ioc.get(opened["href"]))["events"]) == 20

    others.ioc.kill()
    others.ioc.start()
    others.reader = others.ioc.analyst()
    # A late line is one more of yesterday: the hour of today is held against another band.
    late = of(1, 6, 100)[5]
    others.push([late | {"flow_id": late["flow_id"] + 50 + place} for place in range(8)])
    [cleared] = eventually(lambda: [one for one in others.alerts("unusually-many") if not one["active"]])
    assert (cleared["evidence"]["value"], cleared["evidence"]["compared"]["usual"]["high"]) == (20, 13)
    [(kept,)] = others.ask("SELECT compared FROM alert_current WHERE rule = 'unusually-many'")
    assert json.loads(kept) == cleared["evidence"]["compared"]


def test_silent_alerts_that_a_sensor_raised_and_that_never_arrived_are_told_until_they_do(others):
    def of(record):
        return record | {"host": "ids-c"}

    alerts = [of(alert(f"08:{5 + number}", 900 + number)) for number in range(20)]
    told = [of(stats(at, uptime, 5 * uptime, 0, 31000, "06:00:02", count)) for at, uptime, count in [("08:00", 9000, 100), ("08:30", 10800, 120), ("09:00", 12600, 120)]]
    others.push([told[0], *alerts[:17], *told[1:]])
    [raised] = eventually(lambda: others.alerts("alerts-lost"))
    assert (raised["subject"], raised["evidence"]["value"]) == ("ids-c", 3)
    opened = others.raised_by(raised)
    assert (opened["measure"], opened["kinds"]) == ("alerts_lost", ["alert", "stats"])
    begin = int(EIGHT.timestamp()) * 1_000

    def sensors():
        summary = json.loads(others.ioc.get(f"/api/security/summary?from={begin}&until={begin + 7_200_000}"))
        return {one["log_source"]: (one["raised"], one["lost"]) for one in summary["sensors"]}

    assert sensors()["ids-c"] == (20, 3)
    others.push(alerts[17:])
    [cleared] = eventually(lambda: [one for one in others.alerts("alerts-lost") if not one["active"]])
    assert cleared["id"] == raised["id"]
    eventually(lambda: sensors()["ids-c"] == (20, 0))  # what was asked is shared between viewers for some seconds
