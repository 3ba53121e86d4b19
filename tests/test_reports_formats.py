"""Reports of other systems, as they are known in the end: SDMX with a multiplier that changes, DHIS2 with what is deleted.

The messages are those of the decoder's cases, a year earlier, so that none of them is ahead of the clock; what is expected
is counted by hand.
"""

import json
import shutil
import time

import pytest
from ioc import ROOT, Ioc
from peers import push

CASES = ROOT / "decode" / "cases"
BUDGET_BEFORE = """STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,UNIT_MULT
dataflow,TN:NSNN(1.0),M,M,80,EXP,2025-07,700,VND,9
dataflow,TN:NSNN(1.0),M,M,80,EXP,2025-08,731,VND,9
dataflow,TN:NSNN(1.0),M,M,80,EXP,2025-09,755.5,VND,9
"""


def case(path):
    """A message of the decoder's cases, a year earlier."""
    (file,) = (CASES / path).glob("input.*")
    return file.read_text().replace("2026", "2025")


class House:
    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(CASES / "pack", pack)
        self.ioc = Ioc(folder, pack=pack)
        _, self.finance = self.ioc.add_sender("so-tc", "sdmx", "sdmx-json", subjects=["so-tc"])
        _, self.commune = self.ioc.add_sender("tan-bien", "health", subjects=["25486"])
        self.ioc.start()
        self.answered = {}

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
