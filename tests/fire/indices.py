"""Every index of an hour and of a day, worked out again from the recomputed windows.

VN_AQI by the formulas of `recompute`, VN_WQI by those of `fire.water`.
"""

import collections

import recompute

from fire import water
from fire.pack import is_river

HOUR, DAY = recompute.HOUR, recompute.DAY
# A mean counts if so much of what is expected is there.
ENOUGH = 0.75


class Station(recompute.Station):
    """A station of which the means are known: those of hours and days with enough values."""

    def __init__(self):
        # Not the other's: it reads a record.
        self.hours = collections.defaultdict(dict)
        self.days = collections.defaultdict(dict)

    def valid(self, indicator, averaging, start):
        if averaging == "day":
            return self.days[indicator].get(start)
        return super().valid(indicator, averaging, start)

    def of_hour(self, start):
        return self.aqi_of_hour(start)

    def of_day(self, start):
        return self.aqi_of_day(start)


class River(Station):
    """Its index is made of its own window's means alone."""

    def of_hour(self, start):
        return water.index({indicator: means[start] for indicator, means in self.hours.items() if start in means})

    def of_day(self, start):
        return water.index({indicator: means[start] for indicator, means in self.days.items() if start in means})


def read_stations(base, cadence, names):
    """Their means; a value is expected every `cadence` milliseconds."""
    stations = {name: River() if is_river(name) else Station() for name in names}
    rows = base.execute("SELECT kind, indicator, subject, start, count, sum FROM wanted WHERE kind != 'minute'")
    for kind, indicator, subject, start, count, total in rows.fetchall():
        length = HOUR if kind == "hour" else DAY
        if subject in stations and count >= ENOUGH * (length // cadence):
            station = stations[subject]
            (station.hours if kind == "hour" else station.days)[indicator][start] = total / count
    return stations


def work_out(base, cadence, names):
    """(index, station, kind, start) → the value, for every one that has a value."""
    stations = read_stations(base, cadence, names)
    worked_out = {}
    spans = "SELECT subject, min(time), any_value(upto) FROM known JOIN watermark USING (subject) GROUP BY subject"
    for subject, first, upto in base.execute(spans).fetchall():
        if subject not in stations:
            continue
        station, word = stations[subject], "vn_wqi" if is_river(subject) else "vn_aqi"
        # Every hour and day that is closed, also those without a value: they may have an index of what was before.
        for start in range(first - first % HOUR, upto - HOUR + 1, HOUR):
            worked_out[word, subject, "hour", start] = station.of_hour(start)
        for start in range(recompute.day_of(first), upto - DAY + 1, DAY):
            worked_out[word, subject, "day", start] = station.of_day(start)
    return {key: value for key, value in worked_out.items() if value is not None}


def held(base, names):
    rows = base.execute("SELECT word, subject, kind, start, value FROM index_held WHERE value IS NOT NULL").fetchall()
    return {(word, subject, kind, start): value for word, subject, kind, start, value in rows if subject in names}
