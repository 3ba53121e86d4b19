"""Boundaries move: what 280 communes of two provinces reported before 2025-07-01, 96 of one since, and some of both of the year in
which they changed, read as it was reported, on today's map and on that of a day, with the province's own list of which became which.

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
STATIONS = """
[{form}]
name = {{ vi = "Trạm y tế", en = "Health stations" }}
titles = ["*{title}*"]
period = "{period}"
owner = "place"
screen = "health"
places = {{ kinds = ["district", "commune", "ward", "township"], below = ["72", "80"] }}
marks = {{ "…" = "not_collected" }}
[{form}.indicators]
visits = {{ name = {{ vi = "Lượt khám", en = "Visits" }}, unit = "lượt", whole = true, least = 0 }}
beds = {{ name = {{ vi = "Giường bệnh trên vạn dân", en = "Beds per 10,000" }}, unit = "giường", decimals = 1, additive = false }}
doctors = {{ name = {{ vi = "Bác sĩ khám", en = "Seen by a doctor" }}, unit = "lượt", whole = true, least = 0 }}
share = {{ name = {{ vi = "Tỷ lệ bác sĩ khám", en = "Share seen by a doctor" }}, unit = "%", percent = true, decimals = 1, ratio = ["doctors", "visits"] }}
"""
PERSONS = """
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
forms = ["stations", "yearly", "persons"]
silent_after = "3660d"
[reports.contract]
max_age = "36600d"
"""
AGENCIES = "id,name_vi,name_en,place\nso-yt,Sở Y tế,Department of Health,80\n"
STATION = "Báo cáo {};;;;\nMã đơn vị;Tên đơn vị;Lượt khám;Giường bệnh trên vạn dân;Bác sĩ khám\n{}\n"
BEFORE, SINCE = datetime.date(2025, 5, 31), datetime.date(2025, 8, 31)
# In it units of both maps speak.
YEAR = datetime.date(2025, 12, 31)
ENDS = (BEFORE, SINCE, YEAR)
MAPS = ("2025-06-30", "2025-07-01", "2026-11-01")
INDICATORS = {"visits": True, "beds": False, "doctors": True}
# Old communes that were split, and the small numbers that they report; what else they are part of must not say them.
PLANTED = {"25507": 73, "27772": 61}


def title_of(end):
    return f"trạm y tế năm {end:%Y}" if end == YEAR else f"trạm y tế tháng {end:%m/%Y}"


def form_of(end):
    return "yearly" if end == YEAR else "stations"


def asked_of(end):
    return f"form={form_of(end)}&period={end:%Y}" if end == YEAR else f"form=stations&period={end:%Y-%m}"


def written(indicator, number):
    if number is None:
        return "…"
    return f"{float(number):.1f}".replace(".", ",") if indicator == "beds" else str(number)


class House:
    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        for name in ("places.csv", "successions.csv", "groups.csv"):
            shutil.copy(PROVINCE / name, pack / name)
        forms = (("stations", "trạm y tế tháng", "month"), ("yearly", "trạm y tế năm", "year"))
        stations = [STATIONS.format(form=form, title=title, period=period) for form, title, period in forms]
        (pack / "forms.toml").write_text("".join(stations) + PERSONS)
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
        for end in ENDS:
            self.report_stations(end, chance)
        for end in (BEFORE, SINCE):
            self.report_persons(end, chance)

    def reporting(self, end, kinds):
        """The units that may speak of a period: of each code the one at its end, else the last that was there in it."""
        there = {code: (code, start) for day in (end.replace(month=1, day=1) if end == YEAR else end, end) for code, start in self.units.on(day)}
        return sorted(unit for unit in there.values() if self.units.kinds[unit] in kinds)

    def report_stations(self, end, chance):
        lines = []
        for unit in self.reporting(end, ("district", "commune", "ward", "township")):
            visits = chance.randrange(1_000, 100_000)
            numbers = {"visits": visits, "beds": chance.randrange(10, 400) / Fraction(10), "doctors": chance.randrange(visits)}
            # Some are not collected, and some communes send nothing.
            if chance.random() < 0.04:
                numbers["visits"] = None
            if chance.random() < (0.4 if end == YEAR else 0.03):
                continue
            said = {of: number for of, number in numbers.items() if end != YEAR or chance.random() < 0.9}
            for indicator, number in said.items():
                self.said.setdefault((indicator, end), {})[unit] = None if number is None else Fraction(number)
            shown = [written(name, said[name]) if name in said else "" for name in numbers]
            lines.append(STATION.format(title_of(end), ";".join([unit[0], "", *shown])))
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
        if indicator == "share":
            return self.units.ratio(*(self.expected(of, end, day) for of in ("doctors", "visits")))
        day = datetime.date.fromisoformat(day)
        return self.units.restated(self.said[indicator, end], end, day, INDICATORS.get(indicator, True))


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("boundaries"))
    yield house
    house.ioc.stop()


def as_said(found, decimals=9):
    """To nine decimals, as the views are read here, and shares as the API says them."""
    return {unit: (None if value is None else round(value, decimals), *of) for unit, (value, *of) in found.items()}


@pytest.mark.parametrize("view", [*(f"report_on_map(map_date = '{day}')" for day in MAPS), "report_on_todays_map"])
def test_every_number_on_a_map_is_the_one_that_is_worked_out_anew(house, view):
    day = view.split("'")[1] if "'" in view else "2026-11-01"
    compared = 0
    for indicator in INDICATORS:
        for end in ENDS:
            rows = house.rows(
                "SELECT place_code, toDate(place_from), toString(value), reason, estimated, known, expected"
                f" FROM {view} WHERE form = '{form_of(end)}' AND indicator = '{indicator}' AND period_end = '{end}'"
            )
            found = {
                (code, start): (None if value is None else Fraction(value), reason, bool(estimated), known, expected)
                for code, start, value, reason, estimated, known, expected in rows
            }
            assert as_said(found) == as_said(house.expected(indicator, end, day)), (indicator, end)
            compared += len(found)
    assert compared > 1000
    reasons = {reason for reason, in house.rows(f"SELECT DISTINCT reason FROM {view} WHERE form IN ('stations', 'yearly')")}
    back = {"merged_backwards", "split_backwards"} if day == "2025-06-30" else {"no_successor", "own_word", "not_additive", "part_missing"}
    assert back <= reasons


def test_province_totals_agree_in_all_three_readings(house):
    for end in ENDS:
        reported = sum(number for number in house.said["visits", end].values() if number is not None)
        total = f"FROM report_total WHERE form = '{form_of(end)}' AND indicator = 'visits' AND period_end = '{end}'"
        assert [Fraction(value) for value, in house.rows(f"SELECT toString(total) {total}")] == [reported]
        for day in MAPS:
            of = f"form = '{form_of(end)}' AND indicator = 'visits' AND period_end = '{end}'"
            rows = house.rows(f"SELECT toString(sum(total)) FROM report_unit_on_map(map_date = '{day}') WHERE {of} AND place_kind = 'province'")
            assert [Fraction(value) for value, in rows] == [reported], (end, day)
            # Unit by unit: what is told and what is flagged, and of what is told its parts add up to it.
            part = "arraySum(part -> part.weight * ifNull(part.counts, 0), parts)"
            rows = house.rows(
                f"SELECT toString(sum(ifNull(value, {part}))), countIf(value != {part}), countIf(reason = 'own_word')"
                f" FROM report_on_map(map_date = '{day}') WHERE {of}"
            )
            [(told, wrong, displaced)] = rows
            assert (Fraction(told), wrong) == (reported, 0), (end, day)
            assert (displaced > 20) == (end == YEAR and day != "2025-06-30")
        values = house.asked(f"/api/reports/values?{asked_of(end)}")
        assert [total["sum"] for total in values["totals"] if total["indicator"] == "visits"] == [str(reported)]
        for map in ("today", "2025-06-30"):
            values = house.asked(f"/api/reports/values?{asked_of(end)}&map={map}")
            units = [of for of in values["restated"] if of["indicator"] == "visits"]
            told = sum(Fraction(of["number"]) for of in units if of["number"] is not None)
            said = {(cell["place"], cell["place_from"]): Fraction(cell["is"]["number"] or 0) for cell in values["cells"] if cell["indicator"] == "visits"}
            flagged = [part for of in units if of["number"] is None for part in of["parts"]]
            flagged = sum(said[part["place"], part["place_from"]] * Fraction(part["weight"]) for part in flagged)
            assert told + flagged == reported, (end, map)
            # No commune of today's is the whole of one of before: all that they say since is flagged there.
            assert (told > 0) == (map == "today" or end != SINCE), (end, map)


def test_districts_end_and_old_tay_ninh_stays_comparable(house):
    rows = house.rows("SELECT place_code, count() FROM report_on_todays_map WHERE reason = 'no_successor' GROUP BY place_code")
    assert len(rows) >= 20 and all(len(code) == 3 for code, _ in rows)
    last = house.rows("SELECT max(period_end) FROM report_cell WHERE length(place_code) = 3 AND form = 'stations'")
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


def test_a_ratio_is_made_of_restated_sums_and_says_why_there_is_none(house):
    reasons = set()
    for day in ("2025-06-30", "2026-11-01"):
        for end in ENDS:
            rows = house.rows(
                "SELECT place_code, toDate(place_from), value, reason, estimated"
                f" FROM report_ratio_on_map(map_date = '{day}') WHERE indicator = 'share' AND form = '{form_of(end)}' AND period_end = '{end}'"
            )
            expected = house.expected("share", end, day)
            found = {(code, start): (reason, bool(estimated)) for code, start, _, reason, estimated in rows}
            assert found == {unit: of[1:3] for unit, of in expected.items()}, (end, day)
            assert len(rows) == len(found)
            for code, start, value, *_ in rows:
                told = expected[code, start][0]
                assert value == (None if told is None else pytest.approx(float(told), rel=1e-9)), (code, end, day)
            reasons |= {reason for *_, reason, _ in rows}
    assert reasons == {"", "no_successor", "split_backwards", "merged_backwards", "own_word", "part_missing", "no_number"}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("map", "day"), [("today", "2026-11-01"), ("2025-06-30", "2025-06-30")])
def test_the_api_says_the_same_and_every_number_opens_to_its_parts(house, map, day, end):
    values = house.asked(f"/api/reports/values?{asked_of(end)}&map={map}")
    for indicator in (*INDICATORS, "share"):
        expected, found = house.expected(indicator, end, day), {}
        cells = {(cell["place"], cell["place_from"]): cell for cell in values["cells"] if cell["indicator"] == indicator}
        units = [of for of in values["restated"] if of["indicator"] == indicator]
        for of in units:
            unit = (of["place"], datetime.date.fromisoformat(of["place_from"]))
            number = None if of["number"] is None else Fraction(of["number"])
            found[unit] = (number, of["reason"] or "", of["estimated"], of["known"], of["expected"])
            if indicator != "share":
                # Its parts are cells that open, and add up to it.
                parts = [(cells[part["place"], part["place_from"]], Fraction(part["weight"])) for part in of["parts"]]
                assert all(cell["position"] for cell, _ in parts)
                if number is not None:
                    assert sum(Fraction(cell["is"]["number"]) * weight for cell, weight in parts) == number
        decimals = 4 if indicator == "share" else 9
        assert as_said(found, decimals) == as_said(expected, decimals), indicator
        assert len(found) == len(units) > 50
        # Asked for by itself it says the same.
        one = house.asked(f"/api/reports/values?{asked_of(end)}&map={map}&indicator={indicator}")
        assert one["restated"] == units
    maps = {"today": ("today", {"from": "2025-07-01", "to": None}), "2025-06-30": ("day", {"from": "1970-01-01", "to": "2025-06-30"})}
    assert (values["map"]["reading"], values["map"]["map"]) == maps[map]


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
    house.report(STATION.format(title_of(BEFORE), "25507;;90000;12,5;88888"), confirmed=True)
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
