#!/usr/bin/env python3
"""Makes deploy/provinces/tay-ninh/successions.csv: make_successions.py CROSSWALK PLACES > successions.csv

CROSSWALK: which of the 280 communes until 2025-06-30 came to which of the 96 units since (columns old_commune_code,
           new_commune_code, old_is_split, is_default), from vietnamadminunits 1.0.4 (MIT, see NOTICE); two pairs that
           cross the old provinces and one that the official table does not have are left out of it.
PLACES:    places.csv of the pack, for the areas of the 96 units.

No source says which part of a split commune came to which unit. Its parts are weighed by the areas of the units they
came to, which is an estimate, and said to be one in the file.
"""
import collections
import csv
import sys

FIRST_OLD_DAY = "1970-01-01"
FIRST_NEW_DAY = "2025-07-01"
MILLIONTHS = 1_000_000


def weights(areas):
    """Shares that add up to one, in millionths."""
    shares = [round(MILLIONTHS * area / sum(areas)) for area in areas]
    shares[shares.index(max(shares))] += MILLIONTHS - sum(shares)
    return [f"{share / MILLIONTHS:.6f}".rstrip("0").rstrip(".") for share in shares]


def main(crosswalk_path, places_path):
    with open(places_path, encoding="utf-8", newline="") as file:
        area = {r["code"]: float(r["area_km2"]) for r in csv.DictReader(file) if r["valid_from"] == FIRST_NEW_DAY}
    parts = collections.defaultdict(list)
    with open(crosswalk_path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            parts[row["old_commune_code"]].append(row)
    if (len(parts), sum(map(len, parts.values()))) != (280, 302):
        sys.exit("expected 280 old communes in 302 pairs")
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("from_code", "from_valid_from", "to_code", "to_valid_from", "split", "main", "weight", "estimated"))
    for old, rows in sorted(parts.items()):
        rows.sort(key=lambda row: row["new_commune_code"])
        split = len(rows) > 1
        if any((row["old_is_split"] == "1") != split for row in rows):
            sys.exit(f"commune {old}: old_is_split does not say how many units it came to")
        shares = weights([area[row["new_commune_code"]] for row in rows])
        for row, share in zip(rows, shares):
            flags = (str(split).lower(), str(row["is_default"] == "1").lower(), share, str(split).lower())
            out.writerow((old, FIRST_OLD_DAY, row["new_commune_code"], FIRST_NEW_DAY, *flags))
    # Resolution 202/2025/QH15. Districts came to none.
    for province in ("72", "80"):
        out.writerow((province, FIRST_OLD_DAY, "80", FIRST_NEW_DAY, "false", "true", "1", "false"))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
