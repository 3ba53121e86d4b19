"""What the page asks of events, on the real binary: lines that a real datagram brought, down to the bytes they came in."""

import json
import shutil
import socket
import urllib.error
import urllib.parse

import pytest
from ioc import PACK, Ioc, eventually

FEED = """
[security]
name = { vi = "Nhật ký an ninh", en = "Security logs" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "syslog", from = ["127.0.0.0/8"] }
format = "syslog"
silent_after = "10m"
"""
LOG_SOURCES = """
[portal]
name = { vi = "Máy chủ cổng", en = "Portal server" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
addresses = ["127.0.0.2"]

[firewall]
name = { vi = "Tường lửa", en = "Firewall" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
addresses = ["127.0.0.3"]
silent_after = "1s"

[sensor]
name = { vi = "Cảm biến", en = "Sensor" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
addresses = ["127.0.0.4"]
"""
FAILED = "Failed password for root from 203.0.113.7 port 40022 ssh2"
ATTEMPTS = 3


def said(ioc, by, line):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind((by, 0))
        datagrams.sendto(line.encode(), ("127.0.0.1", ioc.syslog["udp"]))


@pytest.fixture(scope="module")
def ioc(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    pack = folder / "pack"
    shutil.copytree(PACK, pack)
    with open(pack / "feeds.toml", "a") as feeds:
        feeds.write(FEED)
    (pack / "log_sources.toml").write_text(LOG_SOURCES)
    ioc = Ioc(folder, pack=pack)
    ioc.start()
    # Each of a connection of its own: attempts of one are counted once.
    for process in range(ATTEMPTS):
        said(ioc, "127.0.0.2", f"<38>1 - portal sshd {5100 + process} - - {FAILED}")
    said(ioc, "127.0.0.3", "<38>1 - gate app 1 - - it works")
    said(ioc, "127.0.0.9", "<34>1 - stranger app 1 - - who am I")
    eventually(lambda: len(events(ioc)["events"]) == ATTEMPTS + 2)
    yield ioc
    ioc.stop()


def events(ioc, **asked):
    return json.loads(ioc.get("/api/security/events?" + urllib.parse.urlencode(asked)))


def summary(ioc, **asked):
    return json.loads(ioc.get("/api/security/summary?" + urllib.parse.urlencode(asked)))


def test_events_are_paged_newest_first_and_found_by_kind_source_and_any_spelling_of_an_address(ioc):
    seen, before = [], {}
    while True:
        page = events(ioc, limit=2, **before)
        seen += [(event["happened_at"], event["position"], event["row"]) for event in page["events"]]
        if page["next"] is None:
            break
        before = {"before": page["next"]}
    assert len(seen) == len(set(seen)) == ATTEMPTS + 2
    assert [happened for happened, *_ in seen] == sorted((happened for happened, *_ in seen), reverse=True)
    for asked in ({"kind": "login_failed"}, {"log_source": "portal"}, {"address": "::ffff:203.0.113.7"}):
        found = events(ioc, **asked)["events"]
        assert [event["kind"] for event in found] == ["login_failed"] * ATTEMPTS, asked
    assert [event["message"] for event in events(ioc, severity="critical,high")["events"]] == ["who am I"]
    with pytest.raises(urllib.error.HTTPError, match="400"):
        events(ioc, address="203.0.113")


def test_an_event_leads_to_the_bytes_it_came_in_and_the_list_does_not_name_the_user(ioc):
    event = events(ioc, kind="login_failed", limit=1)["events"][0]
    assert (event["user"], "root" in event["message"]) == ("r***", False)
    opened = json.loads(ioc.get(f"/api/lineage/envelope/{event['position']}"))
    assert FAILED in opened["text"]
    assert event in opened["events"]


def test_the_summary_counts_ranks_and_tells_who_is_silent(ioc):
    told = eventually(
        lambda: (it := summary(ioc)) and it["log_sources"][0]["id"] == "firewall" and it, seconds=30
    )
    standing = {source["id"]: source["standing"] for source in told["log_sources"]}
    strangers = {name: word for name, word in standing.items() if name not in ("portal", "firewall", "sensor")}
    known = {name: word for name, word in standing.items() if name not in strangers}
    assert known == {"portal": "good", "firewall": "silent", "sensor": "never"}
    assert list(strangers.values()) == ["unknown"]
    # The figure of the overview says the same of those that owe, and an answer of a moment what was so then.
    [figure] = [figure for figure in json.loads(ioc.get("/api/figures"))["figures"] if figure["figure"] == "log_sources"]
    assert [(it["subject"], it["word"]) for it in figure["inputs"]] == [("firewall", "silent")]
    assert (figure["value"], figure["of"], figure["inputs_all"]) == (0, 1, 1)
    assert told["stale_from"] > told["now"]
    [firewall] = [source for source in told["log_sources"] if source["id"] == "firewall"]
    before = summary(ioc, until=firewall["since"] - 1)["log_sources"]
    assert [source["standing"] for source in before if source["id"] == "firewall"] == ["good"]
    totals = told["totals"]
    assert (totals["weight"], totals["attempts"], totals["attackers"]) == (ATTEMPTS + 2, ATTEMPTS, 1)
    assert sum(hour["weight"] for hour in told["hours"]) == ATTEMPTS + 2
    source = told["sources"][0]
    # Its lines say no target: it is the machine that wrote them.
    assert (source["address"], source["attempts"], source["others"]) == ("203.0.113.7", ATTEMPTS, 1)
    only = summary(ioc, kind="login_failed")
    assert only["totals"]["weight"] == ATTEMPTS
    assert len(only["log_sources"]) == 4, "who reports is told whatever else is asked for"
