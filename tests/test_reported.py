"""What is worked out of reported numbers, counted by hand: growth, ratios, targets, small numbers; as it is and as it was known.

Three communes report visits and referrals of three months; of one the visits of a month are not known. A register is filled
in by one of the three alone.
"""

import datetime
import json
import shutil
import time

import pytest
from ioc import PACK, Ioc
from peers import push

FORMS = """
[stations]
name = { vi = "Trạm y tế", en = "Health stations" }
titles = ["*trạm y tế*"]
period = "month"
owner = "so-yt"
screen = "health"
places = { kinds = ["commune", "ward"], below = ["80"] }
marks = { "…" = "not_collected" }
[stations.indicators]
visits = { name = { vi = "Lượt khám", en = "Visits" }, unit = "lượt", whole = true, least = 0 }
referrals = { name = { vi = "Chuyển tuyến", en = "Referrals" }, unit = "lượt", whole = true, least = 0, suppress_below = 5 }
share = { name = { vi = "Tỷ lệ chuyển tuyến", en = "Share referred" }, unit = "%", percent = true, decimals = 1, ratio = ["referrals", "visits"] }

[computers]
name = { vi = "Kiểm kê máy tính", en = "Computers" }
titles = ["*kiểm kê*"]
period = "quarter"
owner = "so-yt"
places = { kinds = ["commune", "ward"], below = ["80"] }
[computers.indicators]
officials = { name = { vi = "Cán bộ", en = "Officials" }, unit = "người", whole = true, least = 0 }
equipped = { name = { vi = "Có máy tính", en = "With a computer" }, unit = "người", whole = true, least = 0 }
"""
TARGETS = """id,valid_from,valid_to,name_vi,name_en,tiers,form,numerator,denominator,over,sense,target,basis
T1,2025-01-01,2026-12-31,Cả năm,Of the year,commune ward,stations,referrals,visits,year,at_least,10,794 I
T2,2025-01-01,2025-12-31,Kỳ cuối,Of the last month,commune ward,stations,referrals,visits,latest,at_least,15,794 I
T3,2025-01-01,2026-12-31,Không có số,Without a number,ward,stations,visits,,latest,at_least,,794 I
T4,2025-01-01,2026-12-31,Một xã,One commune alone,commune ward,computers,equipped,officials,latest,at_least,90,794 I
T5,2025-01-01,2026-12-31,Tối đa,At most,commune ward,stations,referrals,visits,year,at_most,11,794 I
"""
FEED = """
[reports]
name = { vi = "Báo cáo", en = "Reports" }
owner = { vi = "Sở Y tế", en = "Department of Health" }
transport = { kind = "http" }
format = "table"
forms = ["stations", "computers"]
silent_after = "3660d"
[reports.contract]
max_age = "36600d"
"""
AGENCIES = "id,name_vi,name_en,place\nso-yt,Sở Y tế,Department of Health,80\n"
PLACES = "25486,2025-07-01,,commune,Xã Tân Biên,Tan Bien,80,,,\n25489,2025-07-01,,commune,Xã Tân Lập,Tan Lap,80,,,\n"
MONTHS = {
    "10/2025": ("25459;Phường Tân Ninh;100;10", "25486;Xã Tân Biên;200;20", "25489;Xã Tân Lập;300;30"),
    "09/2026": ("25459;Phường Tân Ninh;120;12", "25486;Xã Tân Biên;…;7", "25489;Xã Tân Lập;310;62"),
    "10/2026": ("25459;Phường Tân Ninh;150;3", "25486;Xã Tân Biên;210;21", "25489;Xã Tân Lập;330;40"),
}


def message(month, *rows):
    head = f"Báo cáo trạm y tế tháng {month};;;\nMã đơn vị;Tên đơn vị;Lượt khám;Chuyển tuyến\n"
    return head + "\n".join(rows) + "\n"


class House:
    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        (pack / "forms.toml").write_text(FORMS)
        (pack / "targets.csv").write_text(TARGETS)
        (pack / "agencies.csv").write_text(AGENCIES)
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEED)
        with open(pack / "places.csv", "a") as places:
            places.write(PLACES)
        self.ioc = Ioc(folder, pack=pack)
        _, self.token = self.ioc.add_sender("so-yt", "reports", subjects=["so-yt"])
        self.ioc.start()
        for month, rows in MONTHS.items():
            self.report(message(month, *rows))
        self.report("Kiểm kê quý 3/2026;;;\nMã đơn vị;Tên đơn vị;Cán bộ;Có máy tính\n25459;Phường Tân Ninh;40;39\n")

    def report(self, text):
        status, receipt = push(self.ioc, self.token, text, "reports")
        assert status == 200 and receipt["verdict"] == "accepted", receipt
        return receipt

    def rows(self, sql):
        return [list(row) for row in self.ioc.analyst().query(sql).result_rows]

    def asked(self, path):
        return json.loads(self.ioc.get(path))


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("reported"))
    yield house
    house.ioc.stop()


def number(value, digits=2):
    return None if value is None else round(float(value), digits)


def test_what_is_not_known_makes_growth_unknown_and_never_nought(house):
    growth = house.rows(
        "SELECT place_code, value, previous, year_earlier, growth, growth_in_year FROM report_growth"
        " WHERE indicator = 'visits' AND period = '2026-10' ORDER BY place_code"
    )
    assert [[place, *map(number, of)] for place, *of in growth] == [
        ["25459", 150, 120, 100, 25, 50],
        ["25486", 210, None, 200, None, 5],
        ["25489", 330, 310, 300, 6.45, 10],
    ]
    total = house.rows(
        "SELECT total, known, known_in_both, known_a_year_before, expected, previous, year_earlier, growth, growth_in_year"
        " FROM report_growth_total WHERE indicator = 'visits' AND period = '2026-10'"
    )
    assert [list(map(number, row)) for row in total] == [[690, 3, 2, 3, 3, None, 600, None, 15]]
    # Of the first month nothing was before, and of what was not collected nothing follows.
    others = house.rows(
        "SELECT countIf(isNotNull(growth)), countIf(isNotNull(growth_in_year)) FROM report_growth WHERE period != '2026-10'"
    )
    assert others == [[0, 0]]


def test_a_ratio_is_made_of_sums_and_never_a_mean_of_ratios(house):
    of_september = house.rows(
        "SELECT numerator, denominator, value, known, expected FROM report_ratio_total WHERE period = '2026-09'"
    )
    assert [list(map(number, row)) for row in of_september] == [[74, 430, 17.21, 2, 3]]
    by_place = house.rows("SELECT place_code, value FROM report_ratio WHERE period = '2026-09' ORDER BY place_code")
    assert [[place, number(value)] for place, value in by_place] == [["25459", 10], ["25486", None], ["25489", 20]]


EXPECTED_TARGETS = {
    ("T1", 2025): (10, 3, 3, "on_target"),
    ("T1", 2026): (12.32, 5, 6, "on_target"),
    ("T2", 2025): (10, 3, 3, "behind"),
    ("T2", 2026): (9.28, 3, 3, "behind"),
    ("T3", 2025): (100, 1, 1, "no_target"),
    ("T3", 2026): (150, 1, 1, "no_target"),
    ("T4", 2026): (97.5, 1, 3, "unknown"),
    ("T5", 2025): (10, 3, 3, "on_target"),
    ("T5", 2026): (12.32, 5, 6, "behind"),
}


def test_a_plan_stands_beside_what_is_reported_with_how_much_of_it_is_known(house):
    found = house.rows("SELECT target_id, year, value, known, expected, verdict FROM report_target ORDER BY target_id, year")
    assert {(id, year): (number(value), *of) for id, year, value, *of in found} == EXPECTED_TARGETS
    assert house.rows("SELECT is_in_time FROM report_target WHERE target_id = 'T2' ORDER BY year") == [[True], [False]]


def test_no_page_tells_a_small_number_or_what_would_give_it_away_and_analysts_read_it(house):
    values = house.asked("/api/reports/values?form=stations&period=2026-10")
    referrals = {cell["place"]: cell for cell in values["cells"] if cell["indicator"] == "referrals"}
    told = {place: cell["is"]["number"] for place, cell in referrals.items()}
    # 3 is small, and 64 less the others would say it: one of those goes with it, whose turn it is and not the smaller one.
    assert told == {"25459": None, "25486": "21", "25489": None}
    assert [total["sum"] for total in values["totals"] if total["indicator"] == "referrals"] == ["64"]
    assert values["silent"] == []
    position = referrals["25459"]["position"]
    story = house.asked(f"/api/reports/receipts/{position}")
    assert {cell["place"]: cell["is"]["number"] for cell in story["cells"] if cell["indicator"] == "referrals"} == told
    original = house.asked(f"/api/lineage/envelope/{position}")
    assert (original["kept_back"], original["text"], original["base64"]) == (True, None, None)
    domain = house.asked("/api/reports/domain?screen=health")
    points = {
        (series["indicator"], point["period"]["label"]): point["value"]
        for series in domain["series"] for point in series["points"]
    }
    assert (points["referrals", "2026-10"], points["share", "2026-10"]) == ("64", "9.2754")
    assert domain["forms"][0]["feeds"] == ["reports"]
    targets = house.asked("/api/reports/targets")["targets"]
    years = {(target["id"], year["year"]): year["verdict"] for target in targets for year in target["years"]}
    assert years == {key: verdict for key, (*_, verdict) in EXPECTED_TARGETS.items()}, "what is kept back could be divided"
    rows = "SELECT place_code, value FROM report_cell WHERE indicator = 'referrals' AND period = '2026-10' ORDER BY place_code"
    assert [number(value) for _, value in house.rows(rows)] == [3, 21, 40]


def test_what_was_known_at_a_moment_is_worked_out_of_what_was_known_then(house):
    time.sleep(0.3)
    before = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    time.sleep(0.3)
    house.report(message("10/2026", "25459;Phường Tân Ninh;180;3", *MONTHS["10/2026"][1:]))
    for view, value, was, now in (
        ("report_cell", "value", 150, 180),
        ("report_total", "total", 690, 720),
        ("report_growth", "growth_in_year", 50, 80),
        ("report_growth_total", "growth_in_year", 15, 20),
        ("report_ratio", "value", 2, 1.67),
        ("report_ratio_total", "value", 9.28, 8.89),
        ("report_target", "value", 12.32, 12),
    ):
        where = "target_id = 'T1' AND year = 2026" if view == "report_target" else "period = '2026-10'"
        if "ratio" not in view and view != "report_target":
            where += " AND indicator = 'visits'"
        if view in ("report_cell", "report_growth", "report_ratio"):
            where += " AND place_code = '25459'"
        then = house.rows(f"SELECT {value} FROM {view}_known_at(known_at = '{before}') WHERE {where}")
        assert [number(row[0]) for row in then] == [was], view
        assert [number(row[0]) for row in house.rows(f"SELECT {value} FROM {view} WHERE {where}")] == [now], view
