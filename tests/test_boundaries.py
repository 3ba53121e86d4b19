"""Boundaries move: what 280 communes of two provinces reported before 2025-07-01, and 96 of one since, read as it was reported, on
today's map and on that of a day, with the province's own list of which became which.

Every number is held against one that is worked out anew from the lists (`boundaries`), in the analysts' views and over the API.
"""

import concurrent.futures
import datetime
import json
import random
import shutil
import time
from fractions import Fraction

import pytest
from boundaries import Units, read
from ioc import PACK, ROOT, Ioc
from peers import push

PROVINCE = ROOT / "deploy" / "provinces" / "tay-ninh"
FORMS = """
[stations]
name = { vi = "Trạm y tế", en = "Health stations" }
titles = ["*trạm y tế*"]
period = "month"
owner = "place"
screen = "health"
places = { kinds = ["district", "commune", "ward", "township"], below = ["72", "80"] }
marks = { "…" = "not_collected" }
[stations.indicators]
visits = { name = { vi = "Lượt khám", en = "Visits" }, unit = "lượt", whole = true, least = 0 }
beds = { name = { vi = "Giường bệnh trên vạn dân", en = "Beds per 10,000" }, unit = "giường", decimals = 1, additive = false }
doctors = { name = { vi = "Bác sĩ khám", en = "Seen by a doctor" }, unit = "lượt", whole = true, least = 0 }
share = { name = { vi = "Tỷ lệ bác sĩ khám", en = "Share seen by a doctor" }, unit = "%", percent = true, decimals = 1, ratio = ["doctors", "visits"] }

[persons]
name = { vi = "Ca mắc bệnh", en = "Cases" }
titles = ["*ca mắc*"]
period = "month"
owner = "place"
screen = "health"
places = { kinds = ["commune", "ward", "township"], below = ["72", "80"] }
[persons.indicators]
cases = { name = { vi = "Ca mắc", en = "Cases" }, unit = "ca", whole = true, least = 0, suppress_below = 100 }
"""
FEED = """
[reports]
name = { vi = "Báo cáo", en = "Reports" }
owner = { vi = "Sở Y tế", en = "Department of Health" }
transport = { kind = "http" }
format = "table"
forms = ["stations", "persons"]
silent_after = "3660d"
[reports.contract]
max_age = "36600d"
"""
AGENCIES = "id,name_vi,name_en,place\nso-yt,Sở Y tế,Department of Health,80\n"
STATION = "Báo cáo trạm y tế tháng {:%m/%Y};;;;\nMã đơn vị;Tên đơn vị;Lượt khám;Giường bệnh trên vạn dân;Bác sĩ khám\n{}\n"
BEFORE, SINCE = datetime.date(2025, 5, 31), datetime.date(2025, 8, 31)
MAPS = ("2025-06-30", "2025-07-01", "2026-11-01")
INDICATORS = {"visits": True, "beds": False, "doctors": True}
# Old communes that were split, and the small numbers that they report; what else they are part of must not say them.
PLANTED = {"25507": 73, "27772": 61}


class House:
    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        for name in ("places.csv", "successions.csv", "groups.csv"):
            shutil.copy(PROVINCE / name, pack / name)
        (pack / "forms.toml").write_text(FORMS)
        (pack / "agencies.csv").write_text(AGENCIES)
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEED)
        self.units = Units(read(pack / "places.csv"), read(pack / "successions.csv"))
        self.ioc = Ioc(folder, pack=pack)
        # Bound to nobody: each message is of the authority of its place.
        _, self.token = self.ioc.add_sender("communes", "reports")
        self.ioc.start()
        chance = random.Random(20250701)
        self.said = {}
        for end in (BEFORE, SINCE):
            self.report_stations(end, chance)
            self.report_persons(end, chance)

    def reporting(self, end, kinds):
        """The units that are there at the end of a period, by code."""
        return sorted(unit for unit in self.units.on(end) if self.units.kinds[unit] in kinds)

    def report_stations(self, end, chance):
        lines = []
        for unit in self.reporting(end, ("district", "commune", "ward", "township")):
            visits = chance.randrange(1_000, 100_000)
            numbers = {"visits": visits, "beds": chance.randrange(10, 400) / Fraction(10), "doctors": chance.randrange(visits)}
            # Some are not collected, and some communes send nothing.
            if chance.random() < 0.04:
                numbers["visits"] = None
            if chance.random() < 0.03:
                continue
            for indicator, number in numbers.items():
                self.said.setdefault((indicator, end), {})[unit] = None if number is None else Fraction(number)
            shown = ["…" if number is None else f"{float(number):.1f}".replace(".", ",") if name == "beds" else str(number) for name, number in numbers.items()]
            lines.append(STATION.format(end, ";".join([unit[0], "", *shown])))
        self.report(*lines)

    def report_persons(self, end, chance):
        lines = []
        for unit in self.reporting(end, ("commune", "ward", "township")):
            number = PLANTED.get(unit[0], 0) if end == BEFORE else 0
            number = number or chance.randrange(50_000, 90_000)
            self.said.setdefault(("cases", end), {})[unit] = Fraction(number)
            lines.append(f"Báo cáo ca mắc tháng {end:%m/%Y};;\nMã đơn vị;Tên đơn vị;Ca mắc\n{unit[0]};;{number}\n")
        self.report(*lines)

    def report(self, *texts, confirmed=False):
        options = ("-H", "Report-Confirmed: true") if confirmed else ()
        with concurrent.futures.ThreadPoolExecutor(8) as communes:
            for status, receipt in communes.map(lambda text: push(self.ioc, self.token, text, "reports", *options), texts):
                assert status == 200 and receipt["verdict"] == "accepted", receipt

    def rows(self, sql):
        return [list(row) for row in self.ioc.analyst().query(sql).result_rows]

    def asked(self, path):
        return json.loads(self.ioc.get(path))

    def expected(self, indicator, end, day):
        """What units of a map say, by code and first day, worked out anew."""
        day = datetime.date.fromisoformat(day)
        return self.units.restated(self.said[indicator, end], end, day, INDICATORS.get(indicator, True))


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("boundaries"))
    yield house
    house.ioc.stop()


def as_said(found):
    """To nine decimals, as the views are read here."""
    return {unit: (None if value is None else round(value, 9), *of) for unit, (value, *of) in found.items()}


@pytest.mark.parametrize("view", [*(f"report_on_map(map_date = '{day}')" for day in MAPS), "report_on_todays_map"])
def test_every_number_on_a_map_is_the_one_that_is_worked_out_anew(house, view):
    day = view.split("'")[1] if "'" in view else "2026-11-01"
    compared = 0
    for indicator in INDICATORS:
        for end in (BEFORE, SINCE):
            rows = house.rows(
                "SELECT place_code, toDate(place_from), toString(value), reason, estimated, known, expected"
                f" FROM {view} WHERE form = 'stations' AND indicator = '{indicator}' AND period_end = '{end}'"
            )
            found = {
                (code, start): (None if value is None else Fraction(value), reason, bool(estimated), known, expected)
                for code, start, value, reason, estimated, known, expected in rows
            }
            assert as_said(found) == as_said(house.expected(indicator, end, day)), (indicator, end)
            compared += len(found)
    assert compared > 600
    reasons = {reason for reason, in house.rows(f"SELECT DISTINCT reason FROM {view} WHERE form = 'stations'")}
    back = {"merged_backwards", "split_backwards"} if day == "2025-06-30" else {"no_successor", "not_additive", "part_missing"}
    assert back <= reasons


def test_province_totals_agree_in_all_three_readings(house):
    for end in (BEFORE, SINCE):
        reported = sum(number for number in house.said["visits", end].values() if number is not None)
        total = f"FROM report_total WHERE form = 'stations' AND indicator = 'visits' AND period_end = '{end}'"
        assert [Fraction(value) for value, in house.rows(f"SELECT toString(total) {total}")] == [reported]
        for day in MAPS:
            of = f"form = 'stations' AND indicator = 'visits' AND period_end = '{end}'"
            rows = house.rows(f"SELECT toString(sum(total)) FROM report_unit_on_map(map_date = '{day}') WHERE {of} AND place_kind = 'province'")
            assert [Fraction(value) for value, in rows] == [reported], (end, day)
        values = [house.asked(f"/api/reports/values?form=stations&period={end:%Y-%m}&map={map}") for map in ("reported", "today", "2025-06-30")]
        sums = [next(total["sum"] for total in one["totals"] if total["indicator"] == "visits") for one in values]
        assert sums == [str(reported)] * 3


def test_districts_end_and_old_tay_ninh_stays_comparable(house):
    rows = house.rows("SELECT place_code, count() FROM report_on_todays_map WHERE reason = 'no_successor' GROUP BY place_code")
    assert len(rows) >= 20 and all(len(code) == 3 for code, _ in rows)
    last = house.rows("SELECT max(period_end) FROM report_cell WHERE length(place_code) = 3")
    assert str(last[0][0]) <= "2025-06-30"
    # On the map of their last day, districts have what their communes said since: each lies in one of them or says so.
    since = house.rows(
        "SELECT uniqExact(place_code) FROM report_unit_on_map(map_date = '2025-06-30') WHERE place_kind = 'district'"
        f" AND form = 'persons' AND period_end = '{SINCE}'"
    )
    assert since[0][0] == 24
    members = {
        (code, start): group for code, start, group in house.rows("SELECT code, toDate(valid_from), id FROM place_group_current")
    }
    for end in (BEFORE, SINCE):
        of = [number for unit, number in house.said["visits", end].items() if members.get(unit) == "tay-ninh-cu" and number is not None]
        rows = house.rows(
            "SELECT toString(total), known FROM report_group WHERE form = 'stations' AND indicator = 'visits'"
            f" AND group_id = 'tay-ninh-cu' AND period_end = '{end}'"
        )
        assert [(Fraction(total), known) for total, known in rows] == [(sum(of), len(of))]
    shown = house.asked("/api/reports/domain?screen=health&form=stations&group=tay-ninh-cu")
    points = next(one["points"] for one in shown["series"] if one["indicator"] == "visits")
    sums = {point["period"]["label"]: point["value"] for point in points}
    assert [sums["2025-05"], sums["2025-08"]] == [
        str(sum(n for unit, n in house.said["visits", end].items() if members.get(unit) == "tay-ninh-cu" and n is not None))
        for end in (BEFORE, SINCE)
    ]


def test_a_ratio_is_made_of_restated_sums(house):
    rows = house.rows(
        "SELECT place_code, numerator, denominator, value, estimated FROM report_ratio_on_todays_map"
        f" WHERE indicator = 'share' AND period_end = '{BEFORE}' AND isNotNull(value) AND length(place_code) = 5"
    )
    assert len(rows) > 50 and any(estimated for *_, estimated in rows)
    doctors, visits = (house.expected(of, BEFORE, "2026-11-01") for of in ("doctors", "visits"))
    for code, *_, value, _ in rows:
        unit = (code, datetime.date(2025, 7, 1))
        assert float(doctors[unit][0] / visits[unit][0] * 100) == pytest.approx(value, rel=1e-9)


def test_the_api_says_the_same_and_every_number_opens_to_its_parts(house):
    for map, day in (("today", "2026-11-01"), ("2025-06-30", "2025-06-30")):
        values = house.asked(f"/api/reports/values?form=stations&period=2025-05&map={map}")
        expected = house.expected("visits", BEFORE, day)
        found = {}
        cells = {(cell["place"], cell["place_from"]): cell for cell in values["cells"] if cell["indicator"] == "visits"}
        for of in (of for of in values["restated"] if of["indicator"] == "visits"):
            unit = (of["place"], datetime.date.fromisoformat(of["place_from"]))
            number = None if of["number"] is None else Fraction(of["number"])
            found[unit] = (number, of["reason"] or "", of["estimated"], of["known"], of["expected"])
            # Its parts are cells that open, and add up to it.
            parts = [(cells[part["place"], part["place_from"]], Fraction(part["weight"])) for part in of["parts"]]
            assert all(cell["position"] for cell, _ in parts)
            if number is not None:
                assert sum(Fraction(cell["is"]["number"]) * weight for cell, weight in parts) == number
        assert as_said(found) == as_said(expected)
    assert values["map"]["reading"] == "day" and values["map"]["map"] == {"from": "1970-01-01", "to": "2025-06-30"}


def test_a_small_number_is_said_in_no_reading(house):
    restated = house.expected("cases", BEFORE, "2026-11-01")
    planted = {unit for unit in house.said["cases", BEFORE] if unit[0] in PLANTED}
    made_of_them = {of for unit in planted for of in house.units.shares(unit, datetime.date(2026, 11, 1))[0]}
    secret = {str(number) for number in PLANTED.values()}
    for map in ("reported", "today", "2025-06-30"):
        values = house.asked(f"/api/reports/values?form=persons&period=2025-05&map={map}")
        shown = {cell["is"]["number"] for cell in values["cells"]} | {of["number"] for of in values["restated"]}
        assert not shown & secret, map
        if map == "today":
            kept = {(of["place"], datetime.date.fromisoformat(of["place_from"])) for of in values["restated"] if of["suppressed"]}
            assert made_of_them <= kept, "what is made of a number that is kept back is kept back"
            told = [of for of in values["restated"] if of["number"] is not None]
            assert len(told) > 60
            cells = {(cell["place"], cell["place_from"]): cell for cell in values["cells"]}
            assert all(cells[part["place"], part["place_from"]]["is"]["number"] for of in told for part in of["parts"])
    # Groups: what is kept back of each, and of the others, could be divided, or the sum is not told.
    members = {(code, start): group for code, start, group in house.rows("SELECT code, toDate(valid_from), id FROM place_group_current")}
    for group in ("tay-ninh-cu", "long-an-cu"):
        shown = house.asked(f"/api/reports/domain?screen=health&form=persons&group={group}")
        point = next(point for point in shown["series"][0]["points"] if point["period"]["label"] == "2025-05")
        values = house.asked("/api/reports/values?form=persons&period=2025-05")
        hidden = [
            house.said["cases", BEFORE][cell["place"], datetime.date.fromisoformat(cell["place_from"])]
            for cell in values["cells"]
            if cell["suppressed"] and members[cell["place"], datetime.date.fromisoformat(cell["place_from"])] == group
        ]
        if point["value"] is not None:
            assert len(hidden) == 0 or (len(hidden) >= 2 and sum(hidden) - len(hidden) >= 99), group
    # Analysts read all of it.
    rows = house.rows(f"SELECT place_code, toString(value) FROM report_on_todays_map WHERE form = 'persons' AND period_end = '{BEFORE}'")
    assert {code: Fraction(value) for code, value in rows} == {code: value for (code, _), (value, *_) in restated.items()}


def test_what_was_known_at_a_moment_is_restated_as_it_was_known_then(house):
    of = f"WHERE form = 'stations' AND indicator = 'doctors' AND period_end = '{BEFORE}' AND place_code IN ('25498', '25549') ORDER BY place_code"
    asked = "map_date = '2026-01-01'"
    before_it = house.rows(f"SELECT toString(value), reason FROM report_on_map({asked}) {of}")
    time.sleep(0.3)
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    time.sleep(0.3)
    house.report(STATION.format(BEFORE, "25507;;90000;12,5;88888"), confirmed=True)
    house.said["doctors", BEFORE]["25507", datetime.date(1970, 1, 1)] = Fraction(88_888)
    now = house.rows(f"SELECT toString(value), reason FROM report_on_map({asked}) {of}")
    then = house.rows(f"SELECT toString(value), reason FROM report_on_map_known_at({asked}, known_at = '{moment}') {of}")
    assert then == before_it and now != then
    expected = house.expected("doctors", BEFORE, "2026-11-01")
    for (value, reason), code in zip(now, ("25498", "25549"), strict=True):
        of_unit = expected[code, datetime.date(2025, 7, 1)]
        assert (None if value is None else Fraction(value), reason) == of_unit[:2]


def test_a_question_that_cannot_be_meant_is_told_so(house):
    for path in ("values?form=stations&period=2025-05&map=tomorrow", "values?form=stations&period=2025-05&map=1901-01-01", "domain?screen=health&group=nowhere"):
        with pytest.raises(Exception, match="400"):
            house.asked(f"/api/reports/{path}")
