"""What agencies report: the second upload, by every way in, with the process killed between.

The case is one of the field: a commune reports its month, corrects it with fewer rows, sends the same again and its old
file once more, starts the next month from the file of the last; another office sends one of its figures; a commune
sends a form with nothing in it. What is expected is counted by hand.
"""

import json
import shutil
import urllib.request

import pytest
from ioc import PACK, Ioc, eventually
from peers import curl, push

FORMS = """
[ktxh-x]
name = { vi = "Biểu KTXH-X", en = "Form KTXH-X" }
titles = ["*KTXH-X*"]
period = "admin_month"
owner = "place"
decimal = ","
places = { kinds = ["commune", "ward"], below = ["80"] }
marks = { "-" = "none" }

[[ktxh-x.columns]]
id = "code"
role = "indicator"
name = { vi = "Mã chỉ tiêu", en = "Indicator code" }
required = true

[[ktxh-x.columns]]
id = "name"
role = "ignored"
name = { vi = "Chỉ tiêu", en = "Indicator" }

[[ktxh-x.columns]]
id = "unit"
role = "unit"
name = { vi = "Đơn vị tính", en = "Unit" }

[[ktxh-x.columns]]
id = "value"
role = "value"
name = { vi = "Giá trị", en = "Value" }
"""
INDICATORS = (
    ("X01", "Hồ sơ tiếp nhận", "Dossiers received", "hồ sơ"),
    ("X02", "Hồ sơ đúng hạn", "Dossiers on time", "hồ sơ"),
    ("X03", "Hộ nghèo", "Poor households", "hộ"),
    ("X04", "Trẻ em tiêm đủ mũi", "Children vaccinated", "trẻ"),
    ("X05", "Thu ngân sách xã", "Revenue of the commune", "triệu đồng"),
)
FEEDS = """
[reports]
name = { vi = "Báo cáo qua HTTP", en = "Reports over HTTP" }
owner = { vi = "Văn phòng UBND tỉnh", en = "Provincial office" }
transport = { kind = "http" }
format = "table"
forms = ["ktxh-x"]
silent_after = "3660d"
[reports.contract]
max_bytes = 1048576

[report-files]
name = { vi = "Tệp báo cáo", en = "Report files" }
owner = { vi = "Văn phòng UBND tỉnh", en = "Provincial office" }
transport = { kind = "files", folder = "reports" }
format = "table"
forms = ["ktxh-x"]
silent_after = "3660d"
[report-files.contract]
max_bytes = 1048576
"""
AGENCIES = "id,name_vi,name_en,place\nso-xh,Sở Xã hội,Social affairs,80\n"
PLACES = (
    "25486,2025-07-01,,commune,Xã Tân Biên,Tan Bien,80,,,\n"
    "25489,2025-07-01,,commune,Xã Tân Lập,Tan Lap,80,,,\n"
)


def message(place, *rows, month="10/2025", end="\n"):
    """A file as a clerk saves it: title, header, one row an indicator."""
    names = {code: (name, unit) for code, name, _, unit in INDICATORS}
    lines = [f"Biểu KTXH-X;Kỳ báo cáo: tháng {month};Đơn vị: {place}", "Mã chỉ tiêu;Chỉ tiêu;Đơn vị tính;Giá trị"]
    lines += [f"{code};{names[code][0]};{names[code][1]};{value}" for code, value in rows]
    return end.join(lines) + end


TAN_BIEN = "xã Tân Biên (25486)"
ON_TIME = message(TAN_BIEN, ("X01", "1204"), ("X02", "312"), ("X03", "87"), ("X04", "146"), ("X05", "865,4"))
FEWER = message(TAN_BIEN, ("X01", "1204"), ("X02", "1130"), ("X05", ""))
SAME_AGAIN = message(
    TAN_BIEN, ("X05", "865,40"), ("X04", "146"), ("X03", "87"), ("X02", "1.130"), ("X01", "1.204"), end="\r\n"
)
OTHERS = message(TAN_BIEN, ("X03", "91"))
NOTHING = message("xã Tân Lập (25489)", *((code, "") for code, *_ in INDICATORS))
NEXT_MONTH = message(TAN_BIEN, ("X01", "1377"), ("X02", "1299"), ("X03", "85"), ("X04", "139"), ("X05", "902,1"))


class House:
    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        indicators = "".join(
            f'[ktxh-x.indicators.{code}]\nname = {{ vi = "{vi}", en = "{en}" }}\nunit = "{unit}"\nrequired = false\n\n'
            for code, vi, en, unit in INDICATORS
        )
        (pack / "forms.toml").write_text(FORMS + "\n" + indicators)
        (pack / "agencies.csv").write_text(AGENCIES)
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEEDS)
        with open(pack / "places.csv", "a") as places:
            places.write(PLACES)
        self.ioc = Ioc(folder, pack=pack)
        of = lambda name, subject: self.ioc.add_sender(name, "reports", subjects=[subject])[1]
        self.commune, self.neighbour, self.office = of("xa-1", "25486"), of("xa-2", "25489"), of("so-xh", "so-xh")
        self.inbox = self.ioc.data / "inbox" / "reports"
        self.ioc.start()

    def again(self, **settings):
        """kill -9, and another life with another number of workers."""
        self.ioc.kill()
        self.ioc.settings |= settings
        self.ioc.start(workers=1 + (self.ioc.life_starts % 3))

    def drop(self, name, text):
        """A file of the inbox, and its receipt."""
        before = {receipt["position"] for receipt in self.receipts()}
        self.inbox.mkdir(parents=True, exist_ok=True)
        (self.inbox / f".{name}.tmp").write_text(text)
        (self.inbox / f".{name}.tmp").rename(self.inbox / name)
        new = lambda: [receipt for receipt in self.receipts() if receipt["position"] not in before]
        return eventually(new)[0]

    def receipts(self, **asked):
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return json.loads(self.ioc.get(f"/api/reports/receipts?{query}"))["receipts"]

    def story(self, position):
        return json.loads(self.ioc.get(f"/api/reports/receipts/{position}"))

    def values(self, period="2025-10"):
        return json.loads(self.ioc.get(f"/api/reports/values?form=ktxh-x&period={period}"))

    def shown(self, period="2025-10"):
        return {cell["indicator"]: cell["is"]["number"] for cell in self.values(period)["cells"]}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("reports"))
    yield house
    house.ioc.stop()


def counted(receipt):
    return [receipt[name] for name in ("verdict", "rows", "stored", "changed", "same", "rejected", "kept")]


def test_once_the_second_upload_counts_as_it_is_meant_through_kills_and_by_every_way_in(house):
    status, first = push(house.ioc, house.commune, ON_TIME, "reports")
    assert (status, counted(first)) == (200, ["accepted", 5, 5, 0, 0, 0, 0]), first
    assert (first["agency"], first["period"]["start"], first["period"]["end"]) == ("25486", "2025-09-15", "2025-10-14")
    status, nothing = push(house.ioc, house.neighbour, NOTHING, "reports")
    assert status == 422 and nothing["type"] == "urn:ioc:problem:refused", nothing
    assert nothing["verdict"] == "refused" and nothing["findings"][0]["weight"] == "error"
    assert {"at", "rule", "stands", "vi", "en"} <= set(nothing["findings"][0])

    house.again()
    corrected = house.drop("KTXH-X_25486_2025-10.csv", FEWER)
    assert counted(corrected)[:1] + counted(corrected)[2:5] == ["accepted", 1, 1, 1], corrected
    assert corrected["kept"] == 3
    kept = [finding["message"]["en"] for finding in house.story(corrected["position"])["findings"]]
    for indicator, value in (("X03", "87"), ("X04", "146"), ("X05", "865.4")):
        assert any(indicator in said and f"{value} stays" in said for said in kept), kept
    (change,) = house.story(corrected["position"])["cells"]
    assert (change["indicator"], change["was"]["number"], change["is"]["number"]) == ("X02", "312", "1130")
    assert change["at"] and change["position"] == corrected["position"]

    house.again()
    status, same = push(house.ioc, house.commune, SAME_AGAIN, "reports")
    assert (status, counted(same)) == (200, ["accepted", 5, 0, 0, 5, 0, 0]), same
    status, other = push(house.ioc, house.office, OTHERS, "reports")
    assert (status, other["stored"], other["conflicts"]) == (200, 1, 1), other
    # Title and file name say different months: somebody began November from October's file.
    wrong_month = house.drop("KTXH-X_25486_2025-11.csv", NEXT_MONTH)
    assert wrong_month["verdict"] == "refused", wrong_month
    assert house.values("2025-11")["cells"] == []
    # The same file under a neutral name agrees with itself: all of a month that is over would be others. It is held for a
    # word, by the folder, where nobody can say it, and by HTTP.
    for held in (house.drop("ktxh.csv", NEXT_MONTH), push(house.ioc, house.commune, NEXT_MONTH, "reports")[1]):
        assert (held["verdict"], held["stored"], held["rejected"]) == ("refused", 0, 5), held
        findings = house.story(held["position"])["findings"]
        assert [finding["rule"] for finding in findings if finding["weight"] == "error"] == ["confirm"], findings
    # The file of the beginning, once more, by both ways: it undoes no correction.
    assert push(house.ioc, house.commune, ON_TIME, "reports")[1]["verdict"] == "duplicate"
    assert house.drop("old.csv", ON_TIME)["verdict"] == "duplicate"

    house.again()
    assert house.shown() == {"X01": "1204", "X02": "1130", "X03": "87", "X04": "146", "X05": "865.4"}
    totals = {total["indicator"]: total["sum"] for total in house.values()["totals"]}
    assert totals["X03"] == "87", "what the other office says is not added"
    conflicts = house.ioc.analyst().query("SELECT indicator, agency, value, shown_value FROM report_conflict").result_rows
    assert [tuple(map(str, row)) for row in conflicts] == [("X03", "so-xh", "91.000000000", "87.000000000")]

    # Each receipt is there after all of that, for its sender and nobody else.
    for token, receipt in ((house.commune, first), (house.commune, same), (house.office, other)):
        status, looked_up = curl(house.ioc, f"/ingest/receipt/{receipt['position']}", token=token)
        assert (status, looked_up) == (200, receipt)
        assert curl(house.ioc, f"/ingest/receipt/{receipt['position']}", token=house.neighbour)[0] == 404
    status, looked_up = curl(house.ioc, f"/ingest/receipt/{nothing['position']}", token=house.neighbour)
    assert (status, looked_up["verdict"], looked_up["findings"]) == (200, "refused", nothing["findings"])


def test_a_whole_month_is_corrected_by_who_says_that_it_is_meant(house):
    status, held = push(house.ioc, house.commune, NEXT_MONTH, "reports")
    assert (status, held["findings"][0]["rule"]) == (422, "confirm"), held
    assert "Report-Confirmed: true" in held["detail"], "who sends by HTTP is told how to say it"
    status, taken = push(house.ioc, house.commune, NEXT_MONTH, "reports", "-H", "Report-Confirmed: true")
    assert (status, taken["changed"]) == (200, 5), taken
    # What is shown is asked of the store once for all who look on, every so often.
    corrected = {"X01": "1377", "X02": "1299", "X03": "85", "X04": "139", "X05": "902.1"}
    eventually(lambda: house.shown() == corrected)


def test_once_the_same_bytes_under_another_month_s_name_are_another_message(house):
    untitled = message(TAN_BIEN, ("X01", "40"), ("X02", "38")).replace("Kỳ báo cáo: tháng 10/2025", "")
    november, december = "KTXH-X_25486_2025-11.csv", "KTXH-X_25486_2025-12.csv"
    for name, stored in ((november, 2), (december, 2)):
        taken = house.drop(name, untitled)
        assert (taken["verdict"], taken["stored"]) == ("accepted", stored), taken
    for period in ("2025-11", "2025-12"):
        eventually(lambda: house.shown(period) == {"X01": "40", "X02": "38"})
    assert house.drop(november, untitled)["verdict"] == "duplicate"


def test_balance_every_row_of_every_report_is_stored_or_a_duplicate_or_rejected(house):
    house.ioc.wait_drained()
    balance = "SELECT feed, rows_decoded, rows_stored, rows_duplicate, rows_rejected, rows_astray, envelopes_astray FROM feed_balance"
    feeds = {row[0]: row[1:] for row in house.ioc.analyst().query(balance).result_rows}
    receipts = house.receipts(limit=500)
    for feed in ("reports", "report-files"):
        mine = [receipt for receipt in receipts if receipt["feed"] == feed]
        sums = [sum(receipt[name] for receipt in mine) for name in ("rows", "stored", "same", "rejected")]
        assert list(feeds[feed]) == [*sums, 0, 0], feed
    refused = [receipt for receipt in receipts if receipt["rejected"]]
    rejects = house.ioc.analyst().query("SELECT count() FROM reject_current WHERE reason = 'form'").result_rows
    assert rejects == [(len(refused),)], "one reject a message that was not taken whole"


def test_who_does_not_wait_is_told_where_to_ask(house):
    house.again(IOC_PUSH_JUDGED_WITHIN="0s")
    request = urllib.request.Request(
        f"http://127.0.0.1:{house.ioc.push}/ingest/reports",
        data=message(TAN_BIEN, ("X01", "1205")).encode(),
        headers={"Authorization": f"Bearer {house.commune}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 202
        place, durable = answer.headers["Location"], json.loads(answer.read())
    assert place == f"/ingest/receipt/{durable['position']}" and durable["status"] == "in_flight"
    became = lambda: (told := curl(house.ioc, place, token=house.commune))[1].get("verdict") and told
    status, receipt = eventually(became)
    assert (status, receipt["verdict"], receipt["changed"]) == (200, "accepted", 1)
    assert house.shown()["X01"] == "1205"
