"""Reports of other systems, as they are known in the end: SDMX with a multiplier that changes, DHIS2 with what is deleted.

The messages are those of the decoder's cases, a year earlier, so that none of them is ahead of the clock; what is expected
is counted by hand.
"""

import json
import shutil
import time

import pytest
from ioc import ROOT, Ioc, eventually
from peers import push

CASES = ROOT / "decode" / "cases"
BUDGET_BEFORE = """STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,UNIT_MULT
dataflow,TN:NSNN(1.0),M,M,80,EXP,2025-07,700,VND,9
dataflow,TN:NSNN(1.0),M,M,80,EXP,2025-08,731,VND,9
dataflow,TN:NSNN(1.0),M,M,80,EXP,2025-09,755.5,VND,9
"""


# The visits and the online dossiers of the decoder's cases, with what was refused of them corrected: what cannot be known is
# said not to be, and per cent is per cent.
VISITS = """Số lượt khám bệnh tháng 10/2025;;;
Mã xã;Xã, phường;Lượt khám;Ghi chú
25459;;4512;
25480;;-;
25486;;…;
25489;;;
25498;;1.234*;
25510;;1.234 (1);
25516;;…;15 lượt do trạm bên ghi hộ
25522;;x;
25525;;0;
25531;;1.050;
25534;;2\u00a0310;
25549;;…;dưới 5
"""
DOSSIERS = """Hồ sơ trực tuyến tháng 10/2025;;;;
Mã xã;Xã, phường;Tiếp nhận;Trực tuyến;Tỷ lệ (%)
25459;;1000;820;82%
25480;;400;330;82,5
25486;;200;163;81,5%
25489;;100;79;79
25498;;60;60;100%
25510;;50;45;90
25516;;40;33;82,5
25522;;;;50%
"""


def case(path):
    """A message of the decoder's cases, a year earlier."""
    (file,) = (CASES / path).glob("input.*")
    return file.read_text().replace("2026", "2025")


class House:
    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(CASES / "pack", pack)
        # Both are the department's own, so that what it says is what is shown.
        forms = (pack / "forms.toml").read_text()
        for form in ("visits", "dvc"):
            before, of_form = forms.split(f"\n[{form}]\n")
            forms = f"{before}\n[{form}]\n" + of_form.replace('owner = "place"', 'owner = "so-yt"', 1)
        (pack / "forms.toml").write_text(forms)
        feeds = (pack / "feeds.toml").read_text()
        (pack / "feeds.toml").write_text(feeds.replace('agency = "80"', 'agency = "so-yt"'))
        self.ioc = Ioc(folder, pack=pack)
        _, self.finance = self.ioc.add_sender("so-tc", "sdmx", "sdmx-json", subjects=["so-tc"])
        _, self.commune = self.ioc.add_sender("tan-bien", "health", subjects=["25486"])
        self.ioc.start()
        self.answered = {}

    def drop(self, folder, name, text):
        """A file of the inbox, and its receipt."""
        inbox = self.ioc.data / "inbox" / folder
        inbox.mkdir(parents=True, exist_ok=True)
        (inbox / f".{name}.tmp").write_text(text)
        (inbox / f".{name}.tmp").rename(inbox / name)
        of_feed = lambda: json.loads(self.ioc.get("/api/reports/receipts"))["receipts"]
        return eventually(lambda: [receipt for receipt in of_feed() if receipt["feed"] == folder])[0]

    def rows(self, sql):
        return [[value if value is None else float(value) for value in row] for row in self.ioc.analyst().query(sql).result_rows]

    def values(self, form, period, place):
        """As it is now: an answer counts for five seconds for all who ask the same."""
        path = f"/api/reports/values?form={form}&period={period}&place={place}"
        time.sleep(max(0, self.answered.get(path, 0) + 5.1 - time.monotonic()))
        answer = json.loads(self.ioc.get(path))
        self.answered[path] = time.monotonic()
        return answer

    def shown(self, form, period, place):
        """By indicator what is shown: the number, or why there is none."""
        cells = self.values(form, period, place)["cells"]
        return {cell["indicator"]: cell["is"]["number"] or cell["is"]["mark"] for cell in cells}

    def dengue(self):
        """Of public, of private, of all: their sum, and how many of how many cells are known."""
        answer = self.values("yt-thang", "2025-10", "25486")
        cells = [cell for cell in answer["cells"] if cell["indicator"] == "dengue"]
        of = lambda sector: sum(int(cell["is"]["number"] or 0) for cell in cells if f"sector={sector}" in cell["breakdown"])
        (total,) = [total for total in answer["totals"] if total["indicator"] == "dengue"]
        assert total["dimensions"] == "age,sector,sex"
        return of("public"), of("private"), total["sum"], total["known"], total["expected"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("formats"))
    yield house
    house.ioc.stop()


def test_a_multiplier_that_changes_and_four_kinds_of_nothing_are_known_for_what_they_are(house):
    of_month = lambda month: house.shown("nsnn", f"2025-{month}", "80")
    assert push(house.ioc, house.finance, BUDGET_BEFORE, "sdmx")[1]["stored"] == 3
    status, receipt = push(house.ioc, house.finance, case("sdmx_csv/multipliers_and_nothings"), "sdmx")
    assert (status, receipt["stored"], receipt["changed"]) == (200, 8, 2), receipt
    expected = {
        "07": {"EXP": "withdrawn"},
        "08": {"REV": "812.5", "EXP": "731"},
        "09": {"REV": "845", "EXP": "not_collected"},
        "10": {"REV": "861.1", "EXP": "0", "FDI": "withheld", "IIP": "104.2"},
    }
    assert {month: of_month(month) for month in expected} == expected
    before = "SELECT was_value FROM report_value WHERE indicator = 'EXP' AND period_start = '2025-07-01' AND mark = 'withdrawn'"
    assert str(house.ioc.analyst().query(before).result_rows[0][0]).startswith("700"), "what was taken back is not forgotten"

    # Growth is of what is one unit, whatever multiple it came in.
    growth = "SELECT round(growth, 1) FROM report_growth WHERE form = 'nsnn' AND indicator = 'REV' AND period IN ('2025-09', '2025-10') ORDER BY period"
    assert house.rows(growth) == [[4.0], [1.9]]

    # The same figures in JSON, where a position of a list is no multiplier: nothing changes.
    status, receipt = push(house.ioc, house.finance, case("sdmx_json/positions"), "sdmx-json")
    assert (status, receipt["stored"], receipt["same"]) == (200, 0, 5), receipt
    assert {month: of_month(month) for month in expected} == expected
    status, receipt = push(house.ioc, house.finance, case("sdmx_csv/multipliers_and_nothings"), "sdmx")
    assert receipt["verdict"] == "duplicate"

    # One whole: what is wrong in a line takes the others with it.
    status, receipt = push(house.ioc, house.finance, case("sdmx_csv/no_area"), "sdmx")
    assert status == 422 and any("REF_AREA" in finding["en"] for finding in receipt["findings"]), receipt
    assert of_month("11") == {}


def test_zero_deleted_and_empty_are_three_messages_and_parts_that_differ_by_one_option_are_two(house):
    expected = [
        ("dhis2/combinations", (25, 6, "31", 8, 8)),
        ("dhis2/zero_deleted_empty", (13, 6, "19", 7, 8)),
        ("dhis2/export", (13, 9, "22", 7, 8)),
    ]
    for message, dengue in expected:
        status, receipt = push(house.ioc, house.commune, case(message), "health")
        assert status == 200, receipt
        assert house.dengue() == dengue, message
        shown = house.shown("yt-thang", "2025-10", "25486")
        assert (shown["visits"], shown["beds"]) == ("1204", "18")
    assert (receipt["stored"], receipt["changed"], receipt["same"]) == (1, 1, 2), receipt
    balance = "SELECT sum(rows_astray), sum(envelopes_astray) FROM feed_balance"
    house.ioc.wait_drained()
    assert house.ioc.analyst().query(balance).result_rows == [(0, 0)]

    # Of all of them eight parts are expected of each of the 15 communes, whoever said something: the page and the view agree.
    answer = json.loads(house.ioc.get("/api/reports/values?form=yt-thang&period=2025-10"))
    totals = [(one["known"], one["expected"]) for one in answer["totals"] if one["dimensions"] == "age,sector,sex"]
    view = "SELECT known, expected FROM report_total WHERE indicator = 'dengue' AND dimensions = 'age,sector,sex'"
    assert totals == house.ioc.analyst().query(view).result_rows == [(7, 8 * 15)]


def test_a_total_says_of_how_many_it_is_and_a_share_of_the_province_is_made_of_both_sums(house):
    receipt = house.drop("visits", "luot-kham.csv", VISITS)
    assert receipt["verdict"] == "accepted" and receipt["conflicts"] == 0, receipt
    total = house.rows("SELECT total, known FROM report_total WHERE form = 'visits' AND period = '2025-10'")
    assert total == [[10340, 7]], "of 7, and never plainly 10,340"
    answer = json.loads(house.ioc.get("/api/reports/values?form=visits&period=2025-10"))
    (shown,) = answer["totals"]
    assert (shown["sum"], shown["known"]) == ("10340", 7) and shown["expected"] >= 12, shown

    receipt = house.drop("dvc", "truc-tuyen.csv", DOSSIERS)
    assert receipt["verdict"] == "accepted" and receipt["conflicts"] == 0, receipt
    share = house.rows("SELECT numerator, denominator, round(value, 1), known FROM report_ratio_total WHERE form = 'dvc' AND period = '2025-10'")
    assert share == [[1530, 1850, 82.7, 7]]
