"""The ledger as people meet it, against the real binary: a clerk opens what is owed, brings the wrong month to it and then
the right one; the control room sees how that leaves the ledger, and opens it down to the receipts.
"""

import datetime
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest
from ioc import PACK, eventually
from peers import push
from test_ledger import House, RULES, owes
from test_reports import AGENCIES, FEEDS, FORMS, INDICATORS, NEXT_MONTH, ON_TIME, PLACES
from test_upload import browse

OCTOBER = "ktxh-x~25486~admin_month~2025-10"
NOVEMBER = "ktxh-x~25486~admin_month~2025-11"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("ledger-page"), PACK)
    indicators = "".join(
        f'[ktxh-x.indicators.{code}]\nname = {{ vi = "{vi}", en = "{en}" }}\nunit = "{unit}"\nrequired = false\n\n'
        for code, vi, en, unit in INDICATORS
    )
    (house.pack / "forms.toml").write_text(FORMS + "\n" + indicators)
    (house.pack / "agencies.csv").write_text(AGENCIES)
    (house.pack / "rules.toml").write_text(RULES)
    with open(house.pack / "feeds.toml", "a") as feeds:
        feeds.write(FEEDS)
    with open(house.pack / "places.csv", "a") as places:
        places.write(PLACES)
    now = datetime.datetime.now(datetime.timezone.utc)
    house.owe(
        owes("october", "ktxh-x", "2025-10", now - datetime.timedelta(days=3), valid_from="2025-09-15", valid_to="2025-10-14"),
        owes("november", "ktxh-x", "2025-11", now + datetime.timedelta(days=2), valid_from="2025-10-15", valid_to="2025-11-14"),
    )
    house.commune = house.ioc.add_sender("xa-1", "reports", subjects=["25486"])[1]
    house.secret = house.commune.split(".", 1)[1]
    house.ioc.start()
    house.becomes("ktxh-x", "25486", "2025-11", ("due", 0, 0, 0, None))
    yield house
    house.ioc.stop()


def asked(house, path):
    return json.loads(house.ioc.get(path))


def ledger(house, **filters):
    found = asked(house, f"/api/obligations?{urllib.parse.urlencode(filters)}")["obligations"]
    return {one["id"]: one for one in found}


def test_a_clerk_opens_what_is_owed_and_a_file_of_another_month_is_not_filed_in_its_place(house, tmp_path):
    october, november = tmp_path / "bao-cao.csv", tmp_path / "bao-cao-moi.csv"
    # The file agrees with itself: only what it was sent for says that another month was meant.
    october.write_text(ON_TIME)
    november.write_text(NEXT_MONTH.replace("10/2025", "11/2025"))
    template = tmp_path / "mau.xlsx"
    seen = browse(
        house,
        ["open", "/upload"],
        ["log_in", "xa-1", house.secret],
        ["wait", "[data-owed]"],
        ["text", "[data-owed] .owed-state"],
        ["axe", 390, "light"],
        ["axe", 1440, "dark"],
        ["shot", "upload-owed-1440"],
        ["click", f'[data-owed="{NOVEMBER}"] button'],
        ["text", "#sent-for b"],
        ["evaluate", "document.querySelector('#period').value + ' ' + document.activeElement.id"],
        ["saved", "#template", str(template)],
        ["send", str(october)],
        ["text", "#findings p, .beside p"],
        ["wait", f'[data-owed="{NOVEMBER}"] .owed-state.rejected'],
        ["text", "#sent-for b"],
        ["send", str(november)],
        ["wait", f'[data-owed="{NOVEMBER}"] .owed-state.on_time'],
        ["evaluate", "document.querySelectorAll('#sent-for').length"],
    )
    assert [state.split()[1:3] for state in seen[3]] == [["chưa", "nộp"], ["chờ", "nộp"]], "what is late first"
    for found in seen[4:6]:
        assert found["violations"] == [] and found["wide"] <= 0, found
    assert seen[8] == ["Biểu KTXH-X, tháng 11/2025 (15/10/2025 – 14/11/2025)"]
    assert seen[9] == "2025-11 file" and seen[10].endswith("2025-11.xlsx")
    assert seen[11]["title"] == "Không nhận" and seen[15]["title"] == "Đã nhận"
    assert any("nộp cho kỳ 2025-11 nhưng ghi kỳ 2025-10" in said for said in seen[12]), seen[12]
    assert seen[14] == seen[8], "what was refused is sent again for the same one"
    assert seen[17] == 0
    house.becomes("ktxh-x", "25486", "2025-11", ("on_time", 0, 1, 0, None))
    assert house.stands("ktxh-x", "25486", "2025-10") == ("missing", 0, 0, 1, None), "October is as it was"


def test_who_a_report_is_sent_for_what_its_sender_owes_alone(house):
    request = urllib.request.Request(
        f"http://127.0.0.1:{house.ioc.push}/ingest/reports",
        data=ON_TIME.encode(),
        headers={"Authorization": f"Bearer {house.commune}", "X-Obligation": OCTOBER.replace("25486", "25489")},
        method="POST",
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code == 400 and json.load(refused.value)["type"] == "urn:ioc:problem:no-obligation"


def test_the_control_room_sees_it_and_opens_it_to_the_receipts(house):
    of_commune = ledger(house, agency="25486")
    assert list(of_commune) == [OCTOBER, NOVEMBER], "what is missing first"
    assert (of_commune[NOVEMBER]["state"], of_commune[NOVEMBER]["rejected"]) == ("on_time", 1)
    assert "2025-11" in of_commune[NOVEMBER]["last_rejected"]["reason"]["en"]
    story = asked(house, f"/api/obligations/{NOVEMBER}")
    assert [attempt["verdict"] for attempt in story["attempts"]] == ["refused", "accepted"]
    assert [said["state"] for said in story["said"]][-3:] == ["due", "rejected", "on_time"]
    receipt = asked(house, f"/api/reports/receipts/{story['attempts'][0]['position']}")["receipt"]
    assert (receipt["verdict"], receipt["period"]["label"]) == ("refused", "2025-11"), "an attempt at what it was sent for"

    summary = asked(house, "/api/obligations/summary?agency=25486")
    assert summary["counts"]["missing"] + summary["counts"]["missing_before"] == 1
    assert {form["form"] for form in summary["forms"]} == {"ktxh-x"}
    matrix = asked(house, "/api/obligations/matrix?form=ktxh-x&agency=25486")
    assert [column["period"]["label"] for column in matrix["columns"]] == ["2025-11", "2025-10"]
    assert [cell["state"] for cell in matrix["rows"][0]["cells"]] == ["on_time", "missing"]
    scores = asked(house, "/api/obligations/scores?agency=25486")["scores"]
    assert [(score["period"]["label"], score["score"], score["reasons"], score["reminders"]) for score in scores] == [
        ("2025-11", 100.0, ["rejected"], 1),
        ("2025-10", 0.0, ["missing"], 1),
    ]
    alert = eventually(lambda: [one for one in asked(house, "/api/alerts")["alerts"] if one["subject"] == "25486"])[0]
    opened = asked(house, f"/api/lineage/alert/{alert['id']}")["raised_by"]
    assert opened["kind"] == "obligations"
    assert [one["id"] for one in asked(house, opened["href"])["obligations"]] == [OCTOBER]


def test_what_is_filed_late_says_how_late_and_the_ledger_of_before_is_as_it_was(house):
    before = datetime.datetime.now(datetime.timezone.utc)
    assert push(house.ioc, house.commune, ON_TIME, "reports")[0] == 200
    late = eventually(lambda: [one for one in [ledger(house, agency="25486")[OCTOBER]] if one["state"] == "late"])[0]
    assert 3 * 86_400 <= late["late_seconds"] < 3 * 86_400 + 3_600 and late["position"]
    # To the millisecond: what stood a moment before may be of the same second.
    at = before.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    then = {one["id"]: one["state"] for one in asked(house, f"/api/obligations?agency=25486&at={at}")["obligations"]}
    assert then == {OCTOBER: "missing", NOVEMBER: "on_time"}
    said = asked(house, f"/api/obligations/{OCTOBER}?at={at}")
    assert said["obligation"]["state"] == "missing" and said["attempts"] == []
