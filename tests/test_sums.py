"""What is made of events beyond their number: sums and last values of a firewall's log through real syslog, numbers by
category, and different ones at several log sources, as pages and analysts read them.

What must come out is worked out here of what was sent, with sets and whole numbers.
"""

import datetime
import json
import re
import shutil
import subprocess

import pytest
from ioc import PACK, ROOT, Ioc, eventually
from peers import curl, push

FEEDS = """
[sensors]
name = { vi = "Cảm biến mạng", en = "Network sensors" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "http" }
format = "eve"
silent_after = "10m"
contract = { lateness = "0s" }

[firewalls]
name = { vi = "Tường lửa", en = "Firewalls" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "syslog", from = ["127.0.0.0/28"] }
format = "syslog"
silent_after = "10m"
contract = { lateness = "0s" }
"""
AGENCIES = """id,name_vi,name_en,place
so-khcn,Sở Khoa học và Công nghệ,Department of Science and Technology,80
"""
LOG_SOURCE = """
[{id}]
name = {{ vi = "Máy {id}", en = "Machine {id}" }}
owner = {{ vi = "Sở", en = "Department" }}
{known}
silent_after = "4h"
"""
MEASURES = """
[attackers]
name = { vi = "Nguồn tấn công", en = "Attackers" }
count = "sources"
kinds = ["alert"]
windows = ["hour", "day"]

[carried]
name = { vi = "Lưu lượng", en = "Carried" }
sum = "in"
unit = "B"
windows = ["minute", "hour", "day"]

[sessions]
name = { vi = "Phiên đang mở", en = "Sessions" }
last = "sessions"
unit = "phiên"
windows = ["hour"]

[classed]
name = { vi = "Cảnh báo", en = "Alerts" }
count = "events"
kinds = ["alert"]
by = "category"
windows = ["hour"]
[classed.categories.trojan]
name = { vi = "Mã độc", en = "Malware" }
words = ["A Network Trojan was detected"]
[classed.categories.scan]
name = { vi = "Dò quét", en = "Scans" }
words = ["Attempted Information Leak"]

[graded]
name = { vi = "Cảnh báo", en = "Alerts" }
count = "events"
kinds = ["alert"]
by = "severity"
windows = ["hour"]
"""
RULES = """
[much-carried]
name = { vi = "Lưu lượng lớn", en = "Much is carried" }
step = { vi = "Xem tường lửa", en = "See the firewall" }
priority = "medium"
log_sources = ["fw-a"]
condition = { kind = "measure", measure = "carried", averaging = "hour", above = 9000000000 }

[malware]
name = { vi = "Mã độc", en = "Malware" }
step = { vi = "Xem máy", en = "See the machine" }
priority = "high"
log_sources = ["*"]
condition = { kind = "measure", measure = "classed_trojan", averaging = "hour", above = 2 }
"""
EIGHT = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0) - datetime.timedelta(hours=2)
BEGIN = int(EIGHT.timestamp()) * 1_000
HOUR = 3_600_000
TROJAN, SCAN = "A Network Trojan was detected", "attempted information leak"


def at(minute, second=0):
    """A moment behind eight o'clock, in milliseconds since 1970."""
    return BEGIN + minute * 60_000 + second * 1_000


class House:
    def __init__(self, folder):
        pack = shutil.copytree(PACK, folder / "pack")
        for file, text in (("feeds.toml", FEEDS), ("rules.toml", RULES)):
            with open(pack / file, "a") as more:
                more.write(text)
        sensor = 'hosts = ["{0}"]\nagency = "so-khcn"'
        known = {"ids-a": sensor.format("ids-a"), "ids-b": sensor.format("ids-b"), "fw-a": 'addresses = ["127.0.0.1"]'}
        (pack / "log_sources.toml").write_text("".join(LOG_SOURCE.format(id=id, known=how) for id, how in known.items()))
        (pack / "measures.toml").write_text(MEASURES)
        (pack / "agencies.csv").write_text(AGENCIES)
        self.ioc = Ioc(folder, pack=pack)
        _, self.token = self.ioc.add_sender("records", "sensors")
        self.ioc.start()
        self.reader = self.ioc.analyst()

    def ask(self, sql):
        return self.reader.query(sql).result_rows

    def firewall(self, *lines):
        """By Debian's logger over TCP: moment, what is said, as CEF."""
        told = [
            f"CEF:0|Example|Gate|1|100|{name}|5|rt={moment} src=192.0.2.10 dst=198.51.100.7 dpt=443 {said}"
            for moment, name, said in lines
        ]
        command = ["logger", "-n", "127.0.0.1", "-P", str(self.ioc.syslog["tcp"]), "--tcp", "-p", "local0.info", "-t", "cef"]
        subprocess.run(command, input="\n".join(told).encode(), check=True, timeout=60)

    def alerts(self, host, addresses, minute):
        """Of a sensor, one for each address, from a minute on."""
        records = [
            {
                "timestamp": datetime.datetime.fromtimestamp(at(minute, place % 60) / 1_000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f+0000"),
                "flow_id": 1_300_000_000_000_000 + minute * 10_000 + place,
                "event_type": "alert",
                "src_ip": address,
                "src_port": 41_000,
                "dest_ip": "192.0.2.20",
                "dest_port": 443,
                "proto": "TCP",
                "alert": {"action": "allowed", "gid": 1, "signature_id": 9_000_020, "rev": 1, "signature": "EXAMPLE", "severity": 2},
                "host": host,
            }
            for place, address in enumerate(addresses)
        ]
        status, answer = push(self.ioc, self.token, "\n".join(json.dumps(record) for record in records), "sensors")
        assert status == 200, answer

    def windows(self, measure, kind="hour", log_source="fw-a", view="measure_window_current"):
        """By minutes behind eight: the number."""
        found = self.ask(
            f"SELECT toUnixTimestamp64Milli(start_time), value FROM {view}"
            f" WHERE measure = '{measure}' AND kind = '{kind}' AND log_source = '{log_source}'"
        )
        return {(start - BEGIN) // 60_000: value for start, value in found}

    def measure(self, id, until, of=""):
        told = json.loads(self.ioc.get(f"/api/security/measures?from={BEGIN}&until={until}{of}"))
        [measure] = [one for one in told["measures"] if one["id"] == id]
        return measure

    def alert(self, rule):
        return [one for one in json.loads(self.ioc.get("/api/alerts"))["alerts"] if one["rule"] == rule]

    def opened(self, alert):
        """The events that an alert was made of."""
        href = json.loads(self.ioc.get(f"/api/lineage/alert/{alert['id']}"))["raised_by"]["href"]
        return json.loads(self.ioc.get(href + "&limit=500"))["events"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("sums"))
    yield house
    house.ioc.stop()


def addresses(first, last):
    return [f"198.51.{number // 250}.{number % 250}" for number in range(first, last)]


def test_batch_a_firewalls_bytes_are_summed_exactly_and_late_lines_revise_them(house):
    carried = [1_500, 9_000_000_000, 7, 64]
    said = [(at(0), "Allowed connection", f"in={carried[0]} cn1Label=sessions cn1=12")]
    said += [(at(5 + place), "Allowed connection", f"in={bytes_in}") for place, bytes_in in enumerate(carried[1:])]
    said += [
        (at(20), "Allowed connection", "in=many cn1Label=sessions cn1=40"),
        (at(59), "Denied connection", "cn1Label=sessions cn1=31"),
        (at(60), "Allowed connection", "in=5"),
        (at(65), "Allowed connection", "in=6"),
    ]
    house.firewall(*said)
    eventually(lambda: house.windows("carried") == {0: sum(carried)})
    minutes = house.windows("carried", "minute")
    assert {minute: value for minute, value in minutes.items() if value} == {0: 1_500, 5: 9_000_000_000, 6: 7, 7: 64, 60: 5}
    assert house.windows("sessions") == {0: 31}, "what was said last"
    [raised] = eventually(lambda: house.alert("much-carried"))
    assert (raised["evidence"]["value"], raised["active"]) == (sum(carried), True)
    opened = [dict(event["attributes"]) for event in house.opened(raised)]
    assert sorted(told["in"] for told in opened) == sorted([*map(str, carried), "many"]), "and not what says no bytes"

    [(before,)] = house.ask("SELECT max(now) FROM epoch")
    house.firewall((at(30), "Allowed connection", "in=40"), (at(30, 1), "Allowed connection", "cn1Label=sessions cn1=1"))
    eventually(lambda: house.windows("carried")[0] == sum(carried) + 40)
    assert house.windows("sessions") == {0: 31}, "older than what stands"
    known = f"measure_window_known_at(known_at = '{before:%Y-%m-%d %H:%M:%S.%f}')"
    assert house.windows("carried", view=known)[0] == sum(carried)
    told = house.measure("carried", at(120))
    assert (told["unit"], told["attribute"], told["count"]) == ("B", "in", "sum")
    assert [hour["value"] for hour in told["windows"]][:1] == [sum(carried) + 40]
    assert [(total["hours"], total["value"]) for total in told["totals"]] == [(24, sum(carried) + 40), (168, sum(carried) + 40)]
    assert house.measure("sessions", at(120))["totals"] == [], "what stands is not added up"
    # The minutes of the page are those that the lines say, and the rest of the hour is said to be nothing.
    by_minute = {window["start"]: window["value"] for window in house.measure("carried", at(60), "&window=minute")["windows"]}
    assert by_minute[at(30)] == 40 and sum(by_minute.values()) == sum(carried) + 40
    assert by_minute == {at(minute): value for minute, value in house.windows("carried", "minute").items() if 0 <= minute < 60}

    house.ioc.kill()
    house.ioc.start()
    house.reader = house.ioc.analyst()
    house.firewall((at(31), "Allowed connection", "in=2"), (at(58), "Allowed connection", "cn1Label=sessions cn1=2"))
    eventually(lambda: house.windows("carried")[0] == sum(carried) + 42)
    assert house.windows("sessions") == {0: 31}, "what stood before the kill is known"


def test_limit_a_category_of_alerts_is_a_measure_of_its_own_and_opens_to_its_events(house):
    scans = [(at(35, place), "Probe", f"cat={SCAN}") for place in range(5)]
    trojans = [(at(36, place), "Beacon", f"cat={TROJAN}") for place in range(3)]
    house.firewall(*scans, *trojans, (at(37), "Odd", "cat=Misc Attack"), (at(38), "Odd", ""))
    [raised] = eventually(lambda: house.alert("malware"))
    assert (raised["subject"], raised["evidence"]["value"]) == ("fw-a", 3)
    opened = house.opened(raised)
    assert [event["category"] for event in opened] == [TROJAN] * 3
    by_category = {word: house.windows(f"classed_{word}")[0] for word in ("trojan", "scan", "other")}
    assert by_category == {"trojan": 3, "scan": 5, "other": 2}
    graded = house.ask("SELECT member, sum(value) FROM measure_window_current AS w INNER JOIN measure_current AS m ON m.id = w.measure"
                       " WHERE m.group_of = 'graded' AND w.log_source = 'fw-a' AND w.kind = 'hour' AND value > 0 GROUP BY member")
    assert graded == [("medium", 10)]
    told = house.measure("classed_trojan", at(60))
    assert told["name"]["en"] == "Alerts: Malware"
    # The hour opens to its category, whatever else was said in it.
    events = json.loads(house.ioc.get(f"/api/security/events?from={BEGIN}&until={at(60)}&measure=classed_other&kind=alert"))["events"]
    assert sorted(event["category"] for event in events) == ["", "Misc Attack"]
    assert curl(house.ioc, "/api/security/events?measure=nothing", port=house.ioc.http)[0] == 400


def test_batch_what_two_sensors_saw_counts_once_and_so_does_what_two_hours_saw(house):
    first, second = addresses(0, 300), addresses(100, 400)
    house.alerts("ids-a", first, 0)
    house.alerts("ids-b", second, 0)
    # An hour later both see some of those again, and a few that are new.
    later = {"ids-a": addresses(250, 450), "ids-b": addresses(380, 500)}
    for host, seen in later.items():
        house.alerts(host, seen, 60)
        house.alerts(host, seen[:1], 121)
    union = len({*first, *second})
    whole = len({*first, *second, *later["ids-a"], *later["ids-b"]})

    def hours():
        found = house.ask("SELECT toUnixTimestamp64Milli(start_time), value, log_sources FROM measure_distinct_current"
                          " WHERE measure = 'attackers' AND kind = 'hour' AND log_sources > 1")
        return {(start - BEGIN) // HOUR: value for start, value, _ in found}

    there = eventually(lambda: len(found := house.windows("attackers", log_source="ids-a")) >= 2 and found)
    eventually(lambda: len(house.windows("attackers", log_source="ids-b")) >= 2)
    each = [there[0], house.windows("attackers", log_source="ids-b")[0]]
    joined = eventually(lambda: hours().get(0))
    assert abs(joined / union - 1) < 0.05, (joined, union)
    assert joined < 0.8 * sum(each), "added up they are too many"
    told = house.measure("attackers", at(120))
    assert told["windows"][0]["value"] == joined, "the page says what analysts read"
    [day, week] = told["totals"]
    assert day["value"] == week["value"] and abs(day["value"] / whole - 1) < 0.05, (day, whole)
    assert day["value"] < 0.8 * sum(hour["value"] for hour in told["windows"])
    # The firewall is of another agency: theirs is what both sensors saw together.
    of_agency = house.measure("attackers", at(120), "&agency=so-khcn")["windows"][0]
    assert of_agency["log_sources"] == 2 and abs(of_agency["value"] / union - 1) < 0.05
    assert of_agency["value"] < joined, "the firewall saw one more"
    summary = json.loads(house.ioc.get(f"/api/security/summary?from={BEGIN}&until={at(60)}&agency=so-khcn"))
    [theirs] = [one for one in summary["agencies"] if one["agency"] == "so-khcn"]
    assert (theirs["weight"], theirs["log_sources"], theirs["name"]["en"]) == (600, 2, "Department of Science and Technology")
    assert summary["totals"]["weight"] == 600 and {one["id"] for one in summary["log_sources"]} == {"ids-a", "ids-b"}
    asked = f"/api/security/events?from={BEGIN}&until={at(60)}&agency=so-khcn&limit=500"
    assert {event["log_source"] for event in json.loads(house.ioc.get(asked))["events"]} == {"ids-a", "ids-b"}
    # Of one log source alone the store estimates what the flow did.
    assert house.ask(example("At one log source")) == []


def example(title):
    """The registers of each window are estimated by the guide's own words; those that are others than the window says."""
    guide = (ROOT / "docs" / "analysts.md").read_text()
    [query] = re.findall(r"### Different ones over any hours and log sources\n.*?```sql\n(.*?)```", guide, re.S)
    joined = query.split("WHERE")[0].replace("SELECT measure,", "SELECT measure, log_source, start_time, any(value) AS said,")
    return f"SELECT * FROM ({joined} WHERE kind = 'hour' GROUP BY measure, log_source, start_time) WHERE said != different"
