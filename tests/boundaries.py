"""Numbers by place on any map, worked out again from places.csv and successions.csv: nothing of the product is used.

A unit of whatever time is the set of the ways that lead through it, from a unit that came from none to one that came to none;
a way weighs what is said on it, multiplied. What two units share are the ways that lead through both.
"""

import csv
import datetime
from fractions import Fraction

LASTS = datetime.date(2299, 12, 31)


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Units:
    """Units are named by code and first day."""

    def __init__(self, places, successions):
        day = datetime.date.fromisoformat
        self.ends, self.kinds = {}, {}
        for row in places:
            unit = (row["code"], day(row["valid_from"]))
            self.ends[unit] = day(row["valid_to"]) if row["valid_to"] else LASTS
            self.kinds[unit] = row["kind"]
        after, before = {}, set()
        for row in successions:
            old, new = (row["from_code"], day(row["from_valid_from"])), (row["to_code"], day(row["to_valid_from"]))
            after.setdefault(old, []).append((new, Fraction(row["weight"])))
            before.add(new)
        self.after = after
        self.ways = {unit: {} for unit in self.ends}
        for root in self.ends:
            if root not in before:
                self._walk(root, (root,), Fraction(1))

    def _walk(self, unit, way, weight):
        if unit not in self.after:
            for passed in way:
                self.ways[passed][way] = weight
            return
        for following, share in self.after[unit]:
            self._walk(following, (*way, following), weight * share)

    def on(self, day):
        return [unit for unit, end in self.ends.items() if unit[1] <= day <= end]

    def shares(self, unit, day):
        """What of a unit the units of a day's map hold, or why none does."""
        if unit[1] <= day <= self.ends[unit]:
            return {unit: Fraction(1)}, ""
        ways = self.ways[unit]
        touched = {of: self.ways[of].keys() & ways.keys() for of in self.on(day)}
        touched = {of: both for of, both in touched.items() if both}
        if self.ends[unit] < day:
            if not touched:
                return {}, "no_successor"
            # A root's ways weigh 1 together; those of a unit that was made of others, as many as those.
            if sum(map(len, touched.values())) < len(ways):
                return {}, "no_successor"
            return {of: self._weight(unit, of) for of in touched}, ""
        if any(way[0][1] > day for way in ways):
            return {}, "no_predecessor"
        covered = set().union(*(self.ways[of].keys() for of in touched))
        if covered != set(ways):
            return {}, "split_backwards"
        return ({of: Fraction(1) for of in touched}, "") if len(touched) == 1 else ({}, "merged_backwards")

    def _weight(self, unit, of):
        """How much of a unit came to another: what is said on the ways from the one to the other."""
        if unit == of:
            return Fraction(1)
        return sum((share * self._weight(new, of) for new, share in self.after.get(unit, ())), Fraction(0))

    def is_same(self, one, other):
        return self.ways[one].keys() == self.ways[other].keys()

    def restated(self, said, period_end, day, additive=True):
        """By unit: (number or None, reason, whether estimated, known, expected). `said`: number or None, by unit."""
        parts, found, displaced = {}, {}, set()
        for unit, number in said.items():
            shares, reason = self.shares(unit, day)
            if reason:
                found[unit] = (None, reason, False, int(number is not None), 1)
            for of, weight in shares.items():
                parts.setdefault(of, {})[unit] = weight
        for of, weights in parts.items():
            if of in weights:
                # What a unit of the map says itself counts, and what of others came to it is flagged.
                displaced |= weights.keys() - {of}
                weights = {of: Fraction(1)}
            numbers = {unit: said[unit] for unit in weights}
            known = sum(number is not None for number in numbers.values())
            last = min([period_end, *(self.ends[unit] for unit in weights)])
            expected = 1 if of in weights else max(
                len(weights), sum(self.shares(unit, day)[0].get(of) is not None for unit in self.on(last))
            )
            is_same = len(weights) == 1 and all(self.is_same(unit, of) for unit in weights)
            estimated = any(weight < 1 for weight in weights.values())
            if known == 0 and is_same:
                reason = "no_number"
            elif not additive and not is_same:
                reason = "not_additive"
            else:
                reason = "part_missing" if known < expected else ""
            value = None if reason else sum(number * weights[unit] for unit, number in numbers.items())
            found[of] = (value, reason, estimated, known, expected)
        for unit in displaced:
            found[unit] = (None, "own_word", False, int(said[unit] is not None), 1)
        return found

    @staticmethod
    def ratio(numerators, denominators, times=100):
        """The same of what is restated of both: by unit of which either is said."""
        found = {}
        for unit in numerators.keys() | denominators.keys():
            sides = [of[unit] if unit in of else None for of in (numerators, denominators)]
            (of, by), reasons = ([side and side[at] for side in sides] for at in (0, 1))
            reason = next(filter(None, reasons), "") or ("part_missing" if None in sides else "")
            value = None if reason or by <= 0 else of / by * times
            known = [side[3] if side else 0 for side in sides]
            there = [side for side in sides if side]
            found[unit] = (
                value, reason or ("no_number" if value is None else ""), any(side[2] for side in there), min(known), max(side[4] for side in there)
            )
        return found
