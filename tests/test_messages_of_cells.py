"""What agencies report in SDMX and from DHIS2, through the real binary: a multiplier that changes between months, four kinds
of nothing, a correction to zero, a deletion, cells that differ by an option alone. The messages are those of the decoder's
cases, a year earlier; what is expected is counted by hand."""

import json
import shutil

import pytest
from ioc import PACK, ROOT, Ioc
from peers import push

CASES = ROOT / "decode" / "cases"
FEED = """
[{name}]
name = {{ vi = "Báo cáo", en = "Reports" }}
owner = {{ vi = "Sở", en = "Department" }}
transport = {{ kind = "http" }}
format = "{format}"
forms = ["{form}"]
silent_after = "3660d"
[{name}.contract]
max_age = "36600d"
"""
FEEDS = (("sdmx", "sdmx_csv", "nsnn"), ("sdmx-json", "sdmx_json", "nsnn"), ("health", "dhis2", "yt-thang"))
AGENCIES = (
    "id,name_vi,name_en,place\nso-tc,Sở Tài chính,Department of Finance,80\nso-yt,Sở Y tế,Department of Health,80\n"
)
PLACE = "25486,2025-07-01,,commune,Xã Tân Biên,Tan Bien,80,,,\n"
KNOWN_BEFORE = """STRUCTURE,STRUCTURE_ID,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MULT
dataflow,TN:NSNN(1.0),80,EXP,2025-07,700,9
dataflow,TN:NSNN(1.0),80,EXP,2025-08,731,9
dataflow,TN:NSNN(1.0),80,EXP,2025-09,755.5,9
"""


def case(path):
    """A message of the decoder's cases, a year earlier."""
    return (CASES / path).read_text().replace("2026", "2025")


def forms():
    """The forms of the decoder's cases that come in messages of cells."""
    text = (CASES / "pack" / "forms.toml").read_text()
    sdmx, health = text.index("# What comes in SDMX."), text.index("# What comes from DHIS2.")
    return text[sdmx : text.index("[hoc-sinh]")] + text[health:]


class House:
    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        (pack / "forms.toml").write_text(forms())
        (pack / "agencies.csv").write_text(AGENCIES)
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.writelines(FEED.format(name=name, format=word, form=form) for name, word, form in FEEDS)
        with open(pack / "places.csv", "a") as places:
            places.write(PLACE)
        self.ioc = Ioc(folder, pack=pack)
        self.tokens = {name: self.ioc.add_sender(f"of-{name}", name)[1] for name, *_ in FEEDS}
        self.ioc.start()

    def push(self, feed, message):
        return push(self.ioc, self.tokens[feed], message, feed)

    def values(self, form, period):
        return json.loads(self.ioc.get(f"/api/reports/values?form={form}&period={period}"))

    def shown(self, form, period):
        """What is shown of each indicator: its number, or why there is none; and how final it is."""
        cells = self.values(form, period)["cells"]
        return {cell["indicator"]: (cell["is"]["number"] or cell["is"]["mark"], cell["vintage"]) for cell in cells if cell["shown"]}

    def total(self, indicator):
        """Of October: the sum, and of how many cells."""
        totals = [one for one in self.values("yt-thang", "2025-10")["totals"] if one["indicator"] == indicator]
        (total,) = [one for one in totals if one["known"] or one["dimensions"]]
        return total["sum"], total["known"], total["expected"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("cells"))
    yield house
    house.ioc.stop()


def counted(receipt):
    return [receipt[name] for name in ("verdict", "rows", "stored", "changed", "same", "rejected")]


def test_a_budget_in_sdmx_has_its_multiplier_and_says_four_kinds_of_nothing(house):
    status, before = house.push("sdmx", KNOWN_BEFORE)
    assert (status, before["agency"], counted(before)) == (200, "so-tc", ["accepted", 3, 3, 0, 0, 0]), before
    status, budget = house.push("sdmx", case("sdmx_csv/multipliers_and_nothings/input.csv"))
    assert status == 200 and budget["verdict"] == "accepted" and budget["rejected"] == 0, budget
    official, nothing = "official", ("not_collected", "official")
    by_month = {period: house.shown("nsnn", period) for period in ("2025-07", "2025-08", "2025-09", "2025-10")}
    assert by_month["2025-07"]["EXP"] == ("withdrawn", official)
    assert by_month["2025-08"] == {"REV": ("812.5", official), "EXP": ("731", official)}
    assert by_month["2025-09"] == {"REV": ("845", official), "EXP": nothing}
    assert by_month["2025-10"] == {
        "REV": ("861.1", "estimate"),
        "EXP": ("0", official),
        "FDI": ("withheld", official),
        "IIP": ("104.2", "preliminary"),
    }

    status, again = house.push("sdmx-json", case("sdmx_json/positions/input.json"))
    assert (status, counted(again)) == (200, ["accepted", 5, 0, 0, 5, 0]), again
    assert house.push("sdmx", case("sdmx_csv/multipliers_and_nothings/input.csv"))[1]["verdict"] == "duplicate"


def test_a_message_of_which_a_row_has_no_area_is_not_taken_at_all(house):
    status, refused = house.push("sdmx", case("sdmx_csv/no_area/input.csv").replace("2025-11", "2025-06"))
    assert (status, refused["verdict"]) == (422, "refused"), refused
    (error,) = [finding for finding in refused["findings"] if finding["weight"] == "error" and finding["rule"] == "missing"]
    assert error["at"] == "line 3" and "REF_AREA" in error["en"] and "REF_AREA" in error["vi"]
    assert house.values("nsnn", "2025-06")["cells"] == []


def test_a_zero_a_deletion_and_an_empty_value_from_dhis2_are_three_things(house):
    status, first = house.push("health", case("dhis2/combinations/input.json"))
    assert (status, first["agency"], counted(first)) == (200, "25486", ["accepted", 10, 10, 0, 0, 0]), first
    assert (first["period"]["start"], first["period"]["end"]) == ("2025-10-01", "2025-10-31")
    assert house.total("dengue") == ("31", 8, 8)
    assert (house.total("visits")[0], house.total("beds")[0]) == ("1204", "18")

    status, corrected = house.push("health", case("dhis2/zero_deleted_empty/input.json"))
    assert (status, corrected["verdict"], corrected["changed"], corrected["same"]) == (200, "accepted", 2, 1), corrected
    assert [finding["rule"] for finding in corrected["findings"] if finding["weight"] == "warning"] == ["empty"]
    assert house.total("dengue") == ("19", 7, 8)

    status, export = house.push("health", case("dhis2/export/input.csv"))
    assert (status, export["changed"], export["same"]) == (200, 1, 2), export
    assert house.total("dengue") == ("22", 7, 8), "what is absent from a table is not deleted"
    assert (house.total("visits")[0], house.total("beds")[0]) == ("1204", "18")


def test_who_stored_a_value_is_told_to_nobody(house):
    message = "dataelement,period,orgunit,value,storedby,comment\ndeVisits001,202509,25486,many,nurse-a,of patient B\n"
    status, refused = house.push("health", message)
    assert status == 422 and "nurse-a" not in json.dumps(refused) and "patient" not in json.dumps(refused)
