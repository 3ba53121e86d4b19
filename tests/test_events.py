"""Events from the sender's socket to the analyst's table: the field's cases through the real ways in.

The cases are those of decode/cases, moved as a whole to this moment, so that what is near its arrival there is near it
here. Each has a sender of its own: an address of the loopback, a login, or a folder.
"""

import datetime
import json
import re
import shutil
import socket
import time
import tomllib
import urllib.parse

import pytest
from ioc import PACK, ROOT, Ioc, eventually
from peers import push, receipt

CASES = ROOT / "decode" / "cases"
ZONE = datetime.timezone(datetime.timedelta(hours=7))
# A relay for each case that comes by one and for a flood, an appliance, and some that nobody declared.
SUMMARIES, BEHIND, SCALES, ORPHANS, STREAM, FIREWALL = (f"127.0.0.{last}" for last in (2, 3, 4, 5, 6, 7))
APPLIANCE, NO_RELAY, FLOOD, STRANGER = (f"127.0.0.{last}" for last in (8, 9, 10, 11))
RELAYS = [SUMMARIES, BEHIND, SCALES, ORPHANS, STREAM, FLOOD]

FEEDS = """
[security]
name = { vi = "Nhật ký an ninh", en = "Security logs" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "syslog", from = ["127.0.0.0/28"] }
format = "syslog"
silent_after = "10m"

[sensors]
name = { vi = "Cảm biến mạng", en = "Network sensors" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "http" }
format = "eve"
silent_after = "10m"

[logins]
name = { vi = "Tệp đăng nhập", en = "Files of logins" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "files", folder = "logins" }
format = "syslog_lines"
silent_after = "10m"

[addresses]
name = { vi = "Tệp địa chỉ", en = "Files of addresses" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "files", folder = "addresses" }
format = "syslog_lines"
silent_after = "10m"

[antivirus]
name = { vi = "Máy nhiễm mã độc", en = "Infected machines" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "files", folder = "antivirus" }
format = "event_csv"
silent_after = "2d"
[antivirus.columns]
kind = "infection"
log_source = "av-console"
time = "Thời gian"
time_format = "%d/%m/%Y %H:%M:%S"
host = "Máy tính"
target = "Địa chỉ IP"
user = "Người dùng"
signature = "Tên mã độc"
severity_unless_said = "high"
decided = "Hành động"
decisions = { "Đã xóa" = "blocked" }
id = ["Mã"]
"""
LOG_SOURCES = f"""
[relay-here]
name = {{ vi = "Máy chuyển tiếp ở đây", en = "Relay here" }}
owner = {{ vi = "Sở", en = "Department" }}
addresses = {json.dumps(RELAYS)}
relay = true
"""


RULES = """
[guessing-by-address]
name = { vi = "Dò mật khẩu từ một địa chỉ", en = "Guessing from an address" }
step = { vi = "Chặn địa chỉ", en = "Block the address" }
priority = "high"
condition = { kind = "events", count = "attempts", by = "from", reach = 5, within = "10m", clear_after = "12h" }

[guessing-by-network]
name = { vi = "Dò mật khẩu từ một mạng", en = "Guessing from a network" }
step = { vi = "Chặn mạng", en = "Block the network" }
priority = "high"
condition = { kind = "events", count = "attempts", by = "network", reach = 5, within = "10m", clear_after = "12h" }
"""


def case(name):
    """The lines of a case, all of their times moved so that it is received now."""
    folder = CASES / name
    received = datetime.datetime.fromisoformat(tomllib.loads((folder / "meta.toml").read_text())["received_at"])
    [path] = folder.glob("input.*")
    # A second ago, since nothing is received before it is sent.
    moved = datetime.datetime.now(ZONE) - received - datetime.timedelta(seconds=1)
    local = received.astimezone(ZONE)

    def written(found):
        moment = datetime.datetime.fromisoformat(f"{local.year}-{local.month:02}-{local.day:02}T{found[1]}") + moved
        return f"{moment:%b %e %H:%M:%S}"

    def stated(found):
        return (datetime.datetime.fromisoformat(found[1]) + moved).strftime("%Y-%m-%dT%H:%M:%S") + found[2]

    text = path.read_text()
    text = re.sub(rf"{local:%b %e} (\d\d:\d\d:\d\d)", written, text)
    text = re.sub(rf"({local:%Y-%m-%d}T\d\d:\d\d:\d\d)(\.\d+)?", lambda found: stated([None, found[1], found[2] or ""]), text)
    return text.splitlines()


class House:
    def __init__(self, folder):
        pack = shutil.copytree(PACK, folder / "pack")
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEEDS)
        sources = (CASES / "pack" / "log_sources.toml").read_text()
        firewall = 'addresses = ["192.0.2.21"]'
        assert firewall in sources
        here = f'addresses = ["{FIREWALL}"]\nsilent_after = "5s"'
        (pack / "log_sources.toml").write_text(sources.replace(firewall, here) + LOG_SOURCES)
        shutil.copy(CASES / "pack" / "severities.toml", pack)
        with open(pack / "rules.toml", "a") as rules:
            rules.write(RULES)
        self.ioc = Ioc(folder, pack=pack)
        self.tokens = {name: self.ioc.add_sender(name, "sensors")[1] for name in ("records", "equal", "spellings", "broken", "stream")}
        self.ioc.start()
        self.reader = self.ioc.analyst()

    def ask(self, sql, **parameters):
        return self.reader.query(sql, parameters=parameters).result_rows

    def number(self, sql, **parameters):
        return self.ask(sql, **parameters)[0][0]

    def events(self, what, where, **parameters):
        """One figure over the events that are meant."""
        return self.number(f"SELECT {what} FROM event_current WHERE {where}", **parameters)

    def by_udp(self, address, lines):
        """Each line a datagram, from that address; waits until all are events."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind((address, 0))
            for line in lines:
                datagrams.sendto(line.encode(), ("127.0.0.1", self.ioc.syslog["udp"]))
        eventually(lambda: self.events("count()", f"sender = '{address}'") == len(lines))

    def pushed(self, name, text, request=None):
        """How many rows of a body were stored, were there already, and were rejected; and its position. `request` is what
        its sender calls the request."""
        before = self.balance("sensors")["rows_duplicate"]
        named = ["--header", f"Idempotency-Key: {request}"] if request else []
        status, answer = push(self.ioc, self.tokens[name], text, "sensors", *named)
        assert status == 200, answer
        became = receipt(self.ioc, self.tokens[name], answer["position"])
        duplicate = self.balance("sensors")["rows_duplicate"] - before
        return (became["stored"], duplicate, became["rejected"]), answer["position"]

    def drop(self, feed, name, lines):
        """A file in the inbox, and the balance of its feed when it is taken."""
        before = self.balance(feed)["envelopes_received"]
        folder = self.ioc.data / "inbox" / feed
        partial = folder / f".{name}"
        partial.write_text("".join(f"{line}\n" for line in lines))
        partial.rename(folder / name)
        eventually(lambda: self.balance(feed)["envelopes_received"] > before)
        return eventually(lambda: (now := self.balance(feed))["rows_waiting"] == 0 and now)

    def balance(self, feed):
        """Of a feed: what came, and what became of it. The identities hold whenever one asks."""
        found = self.reader.query("SELECT * FROM feed_balance WHERE feed = {feed:String}", parameters={"feed": feed})
        rows = list(found.named_results())
        if not rows:
            return dict.fromkeys(["envelopes_received", "rows_decoded", "rows_stored", "rows_duplicate", "rows_waiting"], 0)
        [row] = rows
        assert row["envelopes_received"] == row["envelopes_decoded"] + row["envelopes_empty"] + row["envelopes_undecodable"]
        became = ("stored", "duplicate", "rejected", "waiting", "held")
        assert row["rows_decoded"] == sum(row[f"rows_{word}"] for word in became)
        assert (row["envelopes_astray"], row["rows_astray"]) == (0, 0)
        return row

    def alerts(self, rule):
        """All there ever were of a rule, by what they are about."""
        found = json.loads(self.ioc.get("/api/alerts?state=all&limit=1000"))["alerts"]
        return {alert["subject"]: alert for alert in found if alert["rule"] == rule}

    def lines_of(self, alert):
        """The lines that the alert's page lists, oldest first: what each adds, and its bytes as they came."""
        opened = json.loads(self.ioc.get(f"/api/lineage/alert/{alert['id']}"))
        events = json.loads(self.ioc.get(opened["raised_by"]["href"]))["events"]
        return [(event["attempts"], self.raw(event["position"]).splitlines()[event["row"]]) for event in reversed(events)]

    def raw(self, position):
        return self.ioc.get(f"/api/lineage/envelope/{position}/raw").decode()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("events"))
    yield house
    house.ioc.stop()


def test_count_equal_datagrams_are_events_each(house):
    house.by_udp(FIREWALL, case("syslog/equal_lines_in_one_second"))
    by_port = house.ask(
        f"SELECT target_port, sum(weight) FROM event_current WHERE sender = '{FIREWALL}' GROUP BY target_port ORDER BY target_port"
    )
    assert by_port == [(161, 7), (162, 2), (443, 1)]
    told = house.ask(f"SELECT DISTINCT kind, log_source, known, relay FROM event_current WHERE sender = '{FIREWALL}'")
    assert told == [("block", "fw-a", True, "")]


def test_count_a_summary_is_as_many_attempts_as_it_says_and_opens_to_the_line_it_repeats(house):
    house.by_udp(SUMMARIES, case("syslog/one_line_for_many"))
    by_address = house.ask(
        "SELECT source_address, sum(weight), sum(attempts) FROM event_current"
        f" WHERE sender = '{SUMMARIES}' AND kind = 'login_failed' GROUP BY source_address ORDER BY source_address"
    )
    assert by_address == [("203.0.113.5", 5, 5), ("203.0.113.6", 4, 4), ("203.0.113.7", 3, 3)]
    assert house.events("sum(weight)", f"sender = '{SUMMARIES}' AND kind = 'login_accepted'") == 1
    assert house.events("max(dateDiff('second', happened_at, received_at))", f"sender = '{SUMMARIES}'") < 3_600
    [(position, message)] = house.ask(
        f"SELECT attributes['repeats'], message FROM event_current WHERE sender = '{SUMMARIES}' AND host = 'srv-b'"
        " AND weight = 3"
    )
    assert "203.0.113.6" in message
    opened = house.raw(position.rpartition("-")[0])
    assert "srv-b sshd[411]: Failed password" in opened

    house.by_udp(ORPHANS, case("syslog/repeats_of_something_unknown"))
    assert house.ask(f"SELECT kind, weight, attempts FROM event_current WHERE sender = '{ORPHANS}'") == [("repeat", 6, 0)]


def test_count_attempts_of_a_file_are_counted_once_and_the_file_again_gives_nothing(house):
    lines = case("syslog_lines/pam_and_sshd")
    first = house.drop("logins", "auth.log", lines)
    assert (first["rows_decoded"], first["rows_stored"], first["rows_duplicate"]) == (27, 27, 0)

    def told():
        return house.ask(
            "SELECT source_address, sum(attempts) AS failed, sumIf(weight, kind = 'login_accepted') AS accepted"
            " FROM event_current WHERE feed = 'logins' AND source_address != ''"
            " GROUP BY source_address HAVING failed + accepted > 0 ORDER BY source_address"
        )

    expected = [
        ("192.0.2.44", 0, 1),
        ("192.0.2.45", 0, 1),
        ("203.0.113.20", 3, 0),
        ("203.0.113.21", 1, 0),
        ("203.0.113.22", 1, 0),
        ("203.0.113.23", 1, 0),
        ("203.0.113.30", 6, 0),
    ]
    assert told() == expected
    assert house.events("sum(attempts)", "feed = 'logins'") == 12
    for name in ("auth.log", "auth.log.1"):
        again = house.drop("logins", name, lines)
    assert (again["rows_decoded"], again["rows_stored"], again["rows_duplicate"]) == (81, 27, 54)
    # As a machine appends to its own file: a line that is like one of before is a new one.
    assert "session opened" in lines[15]
    grown = house.drop("logins", "auth.log", [*lines, lines[15]])
    assert (grown["rows_stored"], grown["rows_duplicate"]) == (28, 81)
    assert told() == expected

    # Of all these one tried five times within ten minutes, and what says so opens to its lines.
    of_case = {address for address, *_ in expected}
    alert = eventually(lambda: house.alerts("guessing-by-address").get("203.0.113.30"))
    assert of_case & set(house.alerts("guessing-by-address")) == {"203.0.113.30"}
    assert (alert["about"], alert["active"], alert["place"]) == ("address", True, None)
    assert (alert["evidence"]["measure"], alert["evidence"]["value"], alert["evidence"]["threshold"]) == ("attempts", 6, 5)
    assert house.lines_of(alert) == [(1, lines[25]), (5, lines[26])]

    # Killed, it goes on where it was: the alert is raised once, and somebody takes it on.
    house.ioc.kill()
    house.ioc.start()
    assert house.alerts("guessing-by-address")["203.0.113.30"] == alert
    asked = urllib.request.Request(
        f"http://127.0.0.1:{house.ioc.http}/api/alerts/{alert['id']}/acknowledge",
        data=json.dumps({"user": "Nguyễn An"}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.status == 202
    eventually(lambda: house.alerts("guessing-by-address")["203.0.113.30"]["acknowledged"])
    story = json.loads(house.ioc.get(f"/api/alerts/{alert['id']}"))
    assert [event["change"] for event in story["history"]] == ["raised", "acknowledged"]
    taken = house.ask(
        "SELECT about, subject, user, JSONExtractString(events, 'group') FROM alert_current WHERE rule = 'guessing-by-address'"
        " AND subject = '203.0.113.30'"
    )
    assert taken == [("address", "203.0.113.30", "Nguyễn An", "203.0.113.30")]


def test_count_the_number_of_attempts_opens_to_the_lines_that_add_up_to_it(house):
    """PAM's lines, sshd's and a sum at a connection's end tell of attempts: those of one kind alone are another number."""
    summary = json.loads(house.ioc.get("/api/security/summary"))
    asked = {"from": summary["from"], "until": summary["until"], "limit": 500}

    def listed(**filters):
        found = json.loads(house.ioc.get("/api/security/events?" + urllib.parse.urlencode(asked | filters)))
        assert found["next"] is None
        return found["events"]

    def added(events):
        return sum(event["attempts"] for event in events)

    opened = listed(attempts="true")
    attempts = summary["totals"]["attempts"]
    assert attempts == added(opened) > 0
    assert all(event["attempts"] != 0 for event in opened)
    assert {"login_failed", "login_module"} <= {event["kind"] for event in opened}
    assert added(listed(kind="login_failed")) != attempts, "one kind alone does not tell of all of them"
    grave = sum(hour["weight"] for hour in summary["hours"] if hour["severity"] in ("high", "critical"))
    assert sum(event["weight"] for event in listed(severity="high,critical")) == grave
    for end in ("source", "target"):
        for row in summary[f"{end}s"]:
            events = listed(address=row["address"], end=end)
            assert (sum(event["weight"] for event in events), added(events)) == (row["weight"], row["attempts"]), row
    for source in summary["log_sources"]:
        assert sum(event["weight"] for event in listed(log_source=source["id"])) == source["weight"], source
    attackers = {event["source_address"] for event in opened + listed(severity="high,critical") if event["attempts"] >= 0} - {""}
    assert {row["address"] for row in summary["sources"] if row["attacks"]} <= attackers


def test_safe_names_of_users_are_masked_wherever_they_stand(house):
    assert house.ask("SELECT DISTINCT user FROM event_current WHERE source_address = '203.0.113.21' ORDER BY user") == [
        ("",),
        ("u***",),
    ]
    named = "position(concat(message, toString(attributes)), 'user77') > 0 AND user != ''"
    assert house.events("count()", named) == 0
    assert house.events("count()", "feed = 'logins' AND position(message, 'u***') > 0") > 0


def test_who_an_appliance_without_a_host_is_one_source_and_only_a_relay_speaks_for_others(house):
    house.by_udp(APPLIANCE, case("syslog/no_host_of_an_appliance"))
    assert house.ask(f"SELECT DISTINCT log_source, known FROM event_current WHERE sender = '{APPLIANCE}'") == [(APPLIANCE, False)]
    kinds = house.ask(
        f"SELECT kind, count() FROM event_current WHERE sender = '{APPLIANCE}' AND source_address = '203.0.113.9' GROUP BY kind"
    )
    assert dict(kinds) == {"block": 2, "login_failed": 1}

    def status(log_source):
        return house.ask(f"SELECT status FROM station_state_current WHERE subject = '{log_source}'")

    eventually(lambda: status("fw-a") == [("silent",)])
    house.by_udp(BEHIND, case("syslog/hosts_behind_a_relay"))
    told = house.ask(f"SELECT log_source, known, relay FROM event_current WHERE sender = '{BEHIND}' ORDER BY log_source")
    assert told == [
        ("fw-a", True, "relay-here"),
        ("relay-here:localhost", False, "relay-here"),
        ("srv-a", True, "relay-here"),
        ("srv-b", True, "relay-here"),
    ]
    assert status("relay-here") == [("good",)], "it is heard by what it passes on"
    assert status("fw-a") == [("silent",)], "and keeps nobody alive who sends by itself"

    def listed():
        sources = json.loads(house.ioc.get("/api/security/summary"))["log_sources"]
        [source] = [source for source in sources if source["id"] == "fw-a"]
        return source["relayed"], source["amiss"]

    eventually(lambda: listed() == (1, True))
    house.by_udp(NO_RELAY, case("syslog/hosts_behind_no_relay"))
    told = house.ask(f"SELECT log_source, known, relay, uniqExact(host) FROM event_current WHERE sender = '{NO_RELAY}' GROUP BY ALL")
    assert told == [(NO_RELAY, False, "", 4)]


def test_count_severities_of_four_scales_are_one(house):
    lines = [line.encode() for line in case("syslog/scales_of_severity")]
    with socket.create_connection(("127.0.0.1", house.ioc.syslog["tcp"]), source_address=(SCALES, 0)) as connection:
        connection.sendall(b"".join(b"%d %s" % (len(line), line) for line in lines))
    eventually(lambda: house.events("count()", f"sender = '{SCALES}'") == len(lines))
    by_severity = house.ask(
        f"SELECT severity, sum(weight) FROM event_current WHERE sender = '{SCALES}' GROUP BY severity ORDER BY severity"
    )
    assert dict(by_severity) == {"not_rated": 2, "info": 1, "low": 3, "medium": 1, "high": 3, "critical": 2}
    assert house.events("sum(weight)", f"sender = '{SCALES}' AND severity >= 'high'") == 5
    rated = house.ask(f"SELECT rated FROM event_current WHERE sender = '{SCALES}' AND log_source LIKE '%trail-a'")
    assert rated == [("cef 2",)]


def test_count_only_alerts_are_alerts_and_a_request_again_is_duplicates_also_after_a_restart(house):
    body = "\n".join(case("eve/which_records_are_alerts"))
    became, _ = house.pushed("records", body, "first")
    assert became == (11, 1, 0)

    def kinds():
        found = house.ask("SELECT kind, sum(weight) FROM event_current WHERE sender = 'records' GROUP BY kind")
        return dict(found)

    expected = {"alert": 6, "block": 1, "protocol": 1, "flow": 1, "stats": 1, "anomaly": 1}
    assert kinds() == expected
    decided = house.ask("SELECT decided, count() FROM event_current WHERE sender = 'records' AND kind = 'alert' GROUP BY ALL")
    assert dict(decided) == {"blocked": 3, "allowed": 3}

    house.ioc.stop()
    house.ioc.start()
    became, _ = house.pushed("records", body, "first")
    assert became == (0, 12, 0)
    assert kinds() == expected

    # In another request an alert is the same by its own fields; of the rest nothing says that it came before.
    became, _ = house.pushed("records", body, "second")
    assert became == (5, 7, 0)
    others = set(expected) - {"alert"}
    assert kinds() == {kind: count * (2 if kind in others else 1) for kind, count in expected.items()}


def test_count_equal_records_of_one_body_are_events_each_and_equal_alerts_are_one(house):
    became, _ = house.pushed("equal", "\n".join(case("eve/equal_records_in_one_file")))
    assert became == (9, 1, 0)
    kinds = house.ask("SELECT kind, count() FROM event_current WHERE sender = 'equal' GROUP BY kind")
    # Of two alerts that do not say when, nobody knows whether they are one.
    assert dict(kinds) == {"stats": 2, "flow": 2, "protocol": 2, "alert": 3}


def test_count_an_address_has_one_spelling_and_a_network(house):
    house.pushed("spellings", "\n".join(case("eve/one_address")))
    house.drop("addresses", "sshd.log", case("syslog_lines/one_address_of_sshd"))
    house.drop("addresses", "cef.log", case("syslog_lines/one_address_of_cef"))
    meant = "(sender = 'spellings' OR feed = 'addresses')"
    assert house.events("(count(), uniqExact(source_address), uniqExact(source_network))", meant) == (22, 10, 4)
    assert house.events("count()", f"{meant} AND source_address = '203.0.113.60'") == 4
    # A network is looked for like an address: an alert of one leads to all that came from it.
    found = json.loads(house.ioc.get("/api/security/events?address=2001:db8:0:9::/64&end=source&limit=500"))["events"]
    addresses = {event["source_address"] for event in found}
    assert len(addresses) == 6 and all(address.startswith("2001:db8:0:9:") for address in addresses)
    assert len(found) == house.events("count()", "source_network = '2001:db8:0:9::'")
    assert house.events("count()", f"{meant} AND source_address = '2001:db8:0:7::1f'") == 3
    network = "source_network = '2001:db8:0:9::'"
    assert house.events("(sum(attempts), uniqExact(source_address))", f"{meant} AND {network}") == (12, 6)
    # No address of it tried five times; the network did.
    alert = eventually(lambda: house.alerts("guessing-by-network").get("2001:db8:0:9::"))
    assert (alert["about"], alert["evidence"]["value"], len(house.lines_of(alert))) == ("network", 5, 5)
    assert not any(":" in subject for subject in house.alerts("guessing-by-address"))


def test_reject_a_broken_line_costs_itself_and_opens_to_its_bytes(house):
    lines = ['{"timestamp":"2026-11-20T10:00:00.1+0700","event_type":"alert"', '{"src_ip":"203.0.113.40"}', "nghe không rõ"]
    good = '{"event_type":"stats","host":"ids-a"}'
    body = "\n".join([lines[0], good, *lines[1:]])
    became, position = house.pushed("broken", body)
    assert became == (1, 0, 3)
    found = house.ask(
        "SELECT reason, raw, concat(toString(log), '-', toString(partition), '-', toString(offset)) FROM reject_current"
        " WHERE sender = 'broken' ORDER BY row"
    )
    assert [row[1] for row in found] == lines
    assert {row[2] for row in found} == {position}
    assert house.raw(position) == body


def test_count_what_a_console_lists_is_one_event_in_every_export_and_opens_to_its_row(house):
    day = datetime.datetime.now(ZONE) - datetime.timedelta(hours=1)

    def row(code, machine, address, action):
        return f"{code};{day:%d/%m/%Y %H:%M:%S};{machine};{address};nguoidung;Trojan.Example;{action}"

    header = "Mã;Thời gian;Máy tính;Địa chỉ IP;Người dùng;Tên mã độc;Hành động"
    rows = [row("A-1", "PC-01", "192.0.2.101", "Đã xóa"), row("A-2", "PC-02", "192.0.2.102", "Chưa xử lý")]
    first = house.drop("antivirus", "first.csv", ["DANH SÁCH MÁY NHIỄM", header, *rows, "Tổng số: 2"])
    assert (first["rows_stored"], first["rows_rejected"]) == (2, 1)
    # The next export has what is not cleared away yet once more, above what is new.
    again = house.drop("antivirus", "next.csv", [header, row("A-3", "PC-01", "192.0.2.101", "Đã xóa"), *rows])
    assert (again["rows_stored"], again["rows_duplicate"]) == (3, 2)
    told = house.ask(
        "SELECT kind, severity, decided, target_address, host, signature, log_source, count(), uniqExact(attributes['Mã'])"
        " FROM event_current WHERE feed = 'antivirus' GROUP BY ALL ORDER BY host"
    )
    of = ("Trojan.Example", "av-console")
    assert told == [
        ("infection", "high", "blocked", "192.0.2.101", "PC-01", *of, 2, 2),
        ("infection", "high", "", "192.0.2.102", "PC-02", *of, 1, 1),
    ]
    assert house.events("max(abs(dateDiff('second', happened_at, now64()) - 3600))", "feed = 'antivirus'") < 600
    assert house.events("uniqExact(user)", "feed = 'antivirus' AND user = 'n***'") == 1, "names are masked"
    summary = json.loads(house.ioc.get("/api/security/summary"))
    asked = {"from": summary["from"], "until": summary["until"], "kind": "infection", "limit": 10}
    listed = json.loads(house.ioc.get(f"/api/security/events?{urllib.parse.urlencode(asked)}"))["events"]
    [found] = [event for event in listed if "192.0.2.102" in json.dumps(event)]
    assert rows[1] in house.raw(found["position"]), "it opens to its export"


def test_once_whatever_is_killed_in_the_middle_is_there_once(house):
    """Lines of files and of pushes once each; of a connection, which has no acknowledgement, a beginning, once each."""

    def record(number):
        moment = datetime.datetime.now(ZONE).isoformat(timespec="microseconds")
        return json.dumps({"timestamp": moment, "event_type": "alert", "flow_id": number, "host": "ids-b"})

    bodies = ["\n".join(record(100 * body + line) for line in range(100)) for body in range(8)]
    moment = f"{datetime.datetime.now(ZONE):%b %e %H:%M:%S}"
    files = [[f"{moment} srv-c kill: file {file} line {line}" for line in range(200)] for file in range(6)]
    folder = house.ioc.data / "inbox" / "logins"
    stored = house.balance("logins")["rows_stored"]

    def push_all():
        for body in bodies:
            status, answer = push(house.ioc, house.tokens["stream"], body, "sensors")
            assert status == 200, answer
            yield answer["position"]

    connection = socket.create_connection(("127.0.0.1", house.ioc.syslog["tcp"]), source_address=(STREAM, 0))
    for number, (lines, position) in enumerate(zip(files, push_all())):
        (folder / f".{number}").write_text("".join(f"{line}\n" for line in lines))
        (folder / f".{number}").rename(folder / f"kill-{number}.log")
        connection.sendall(b"".join(b"<13>kill: line %06d\n" % (500 * number + line) for line in range(500)))
        if number == 2:
            eventually(lambda: house.events("count()", f"sender = '{STREAM}'") > 0)
        if number == 4:
            break
    house.ioc.kill()
    connection.close()
    (folder / "kill-5.log").write_text("".join(f"{line}\n" for line in files[5]))
    house.ioc.start()

    # Who was not answered sends again, and who was may: nobody knows better.
    for position in push_all():
        receipt(house.ioc, house.tokens["stream"], position)
    eventually(lambda: house.balance("logins")["rows_stored"] == stored + 1_200)
    house.ioc.wait_drained()
    once = "(count(), uniqExact(attributes['flow_id']), sum(weight))"
    assert house.events(once, "sender = 'stream'") == (800, 800, 800)
    assert house.events("(count(), uniqExact(message))", "position(message, 'file ') = 1") == (1_200, 1_200)
    lines = house.ask(
        f"SELECT toUInt32(extract(message, '(\\\\d+)$')) AS line FROM event_current WHERE sender = '{STREAM}' ORDER BY line"
    )
    assert [line for (line,) in lines] == list(range(len(lines))) and 500 < len(lines) <= 2_500


def test_balance_nothing_is_astray_and_whoever_watches_is_told_of_no_trouble(house):
    status = house.ioc.wait_drained()
    assert status["halted"] is None
    for feed in ("security", "sensors", "logins", "addresses", "antivirus"):
        balance = house.balance(feed)
        assert balance["rows_stored"] == house.events("count()", f"feed = '{feed}'"), feed
    assert house.number("SELECT count() FROM feed_balance WHERE envelopes_astray != 0 OR rows_astray != 0") == 0


def test_a_product_that_the_pack_says_nothing_about_is_told_of_by_who_reports_it(house):
    def line(severity):
        return f"<14>{datetime.datetime.now(ZONE):%b %e %H:%M:%S} gw-1 CEF:0|NewVendor|New Gateway|1|100|Something|{severity}|src=203.0.113.9"

    house.by_udp(STRANGER, [line(2), line(2), line(77)])

    def told():
        products = json.loads(house.ioc.get("/api/security/misread"))["products"]
        return [product for product in products if product["product"] == "New Gateway"]

    [product] = eventually(told)
    assert (product["log_source"], product["vendor"]) == (STRANGER, "NewVendor")
    assert (product["rows"], product["by_format"], product["not_rated"]) == (3, 2, 1)
    assert "|77|" in house.raw(product["position"]), "the last of them opens"


def test_bound_hosts_that_a_relay_makes_up_are_one_in_the_end_and_nothing_of_them_is_lost(house):
    # The last of all: whom the others told apart stays so.
    before = house.number("SELECT uniqExact(log_source) FROM event_current WHERE log_source LIKE 'relay-here:%'")
    made_up = 4_300

    def flood():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind((FLOOD, 0))
            for number in range(made_up):
                now = f"{datetime.datetime.now(ZONE):%b %e %H:%M:%S}"
                datagrams.sendto(f"<38>{now} made-up-{number} snmpd[9]: up".encode(), ("127.0.0.1", house.ioc.syslog["udp"]))
                if number % 50 == 49:
                    time.sleep(0.01)

    for times in (1, 2):
        flood()
        eventually(lambda: house.events("count()", f"sender = '{FLOOD}'") == times * made_up)
        names, rest, hosts = house.ask(
            "SELECT uniqExact(log_source), countIf(log_source = 'relay-here:other'), uniqExact(host)"
            f" FROM event_current WHERE sender = '{FLOOD}'"
        )[0]
        assert (names, hosts) == (4_096 - before + 1, made_up)
        assert rest == times * (made_up - (4_096 - before)), "the same are told apart each time"
    untold = rf"^ioc_hosts_untold_total {rest}$"
    eventually(lambda: re.search(untold, house.ioc.get("/metrics").decode(), re.M))
    assert "a relay names more hosts than are told apart" in house.ioc.log()
