#!/usr/bin/env python3
"""Makes deploy/provinces/tay-ninh/places.csv: make_places.py CURRENT LEGACY > places.csv

CURRENT: the 96 units since 2025-07-01 (columns code, name, short, en, kind, area, cx, cy), from
         thanglequoc/vietnamese-provinces-database (MIT).
LEGACY:  the 280 communes until 2025-06-30 with their districts and provinces (columns province_code, province,
         district_code, district, commune_code, commune, lat, lon), from vietnamadminunits 1.0.4 (MIT).

Both sources are named in NOTICE. The two spell tone marks differently ("Hoà", "Hòa"): here the mark stands on the
first vowel of an open "oa", "oe", "uy", as in the names of the districts.
"""
import csv
import re
import sys
import unicodedata

# The sources do not say when the old units began. The record of any station begins later than this day.
SINCE_THE_RECORD_BEGINS = "1970-01-01"
LAST_OLD_DAY = "2025-06-30"
FIRST_NEW_DAY = "2025-07-01"
DECLARED_PROVINCE_KM2 = "8536.44"

TONES = "\u0300\u0301\u0303\u0309\u0323"
OPEN_DIPHTHONG = re.compile(rf"(?<![qQ])(o|u)(a|e|y)([{TONES}])(?![a-z\u0300-\u036f])", re.IGNORECASE)
KINDS = {"Phường": "ward", "Xã": "commune", "Thị trấn": "township"}
TIERS = ("Thành phố ", "Thị xã ", "Huyện ", "Tỉnh ", "Thị trấn ", "Phường ", "Xã ")


def spelled(name):
    decomposed = unicodedata.normalize("NFD", name)

    def tone_on_the_first_vowel(match):
        first, second, tone = match.groups()
        return first + tone + second if (first + second).lower() in ("oa", "oe", "uy") else match.group()

    return unicodedata.normalize("NFC", OPEN_DIPHTHONG.sub(tone_on_the_first_vowel, decomposed))


def english(name):
    tier = next((tier for tier in TIERS if name.startswith(tier)), "")
    short = name[len(tier):]
    if short.isdigit():
        return f"Ward {short}"
    plain = unicodedata.normalize("NFD", short.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def main(current_path, legacy_path):
    rows = [
        ("72", SINCE_THE_RECORD_BEGINS, LAST_OLD_DAY, "province", "Tỉnh Tây Ninh", "Tay Ninh", "", "", "", ""),
        ("80", SINCE_THE_RECORD_BEGINS, LAST_OLD_DAY, "province", "Tỉnh Long An", "Long An", "", "", "", ""),
        ("80", FIRST_NEW_DAY, "", "province", "Tỉnh Tây Ninh", "Tay Ninh", "", DECLARED_PROVINCE_KM2, "", ""),
    ]
    with open(legacy_path, encoding="utf-8-sig", newline="") as file:
        legacy = list(csv.DictReader(file))
    districts = sorted({(r["district_code"], r["district"], r["province_code"]) for r in legacy})
    for code, name, province in districts:
        name = spelled(name)
        rows.append((code, SINCE_THE_RECORD_BEGINS, LAST_OLD_DAY, "district", name, english(name), province, "", "", ""))
    for r in sorted(legacy, key=lambda r: r["commune_code"]):
        name = spelled(r["commune"])
        rows.append((r["commune_code"], SINCE_THE_RECORD_BEGINS, LAST_OLD_DAY, KINDS[r["type"]], name, english(name),
                     r["district_code"], "", r["lon"], r["lat"]))
    with open(current_path, encoding="utf-8-sig", newline="") as file:
        current = list(csv.DictReader(file))
    for r in sorted(current, key=lambda r: r["code"]):
        rows.append((r["code"], FIRST_NEW_DAY, "", r["kind"], spelled(r["name"]), r["en"], "80", r["area"], r["cx"], r["cy"]))
    counts = (len(districts), len(legacy), len(current))
    if counts != (24, 280, 96):
        sys.exit(f"expected 24 districts, 280 old and 96 new communes, found {counts}")
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("code", "valid_from", "valid_to", "kind", "name_vi", "name_en", "parent", "area_km2", "lon", "lat"))
    # What national statistics are about; no unit lies below it.
    out.writerow(("VN", "1970-01-01", "", "country", "Cả nước", "Viet Nam", "", "", "", ""))
    out.writerows(rows)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
