"""Every VN_AQI of an hour and of a day, worked out again from the recomputed windows (formulas: `recompute`)."""

import collections

import recompute

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


def work_out(base, cadence, stations):
    """(station, kind, start) → the index, for every one that has a value. A value is expected every `cadence` ms."""
    known = collections.defaultdict(Station)
    rows = base.execute("SELECT kind, indicator, subject, start, count, sum FROM wanted WHERE kind != 'minute'")
    for kind, indicator, subject, start, count, total in rows.fetchall():
        length = HOUR if kind == "hour" else DAY
        if count >= ENOUGH * (length // cadence):
            station = known[subject]
            (station.hours if kind == "hour" else station.days)[indicator][start] = total / count
    worked_out = {}
    spans = "SELECT subject, min(time), any_value(upto) FROM known JOIN watermark USING (subject) GROUP BY subject"
    for subject, first, upto in base.execute(spans).fetchall():
        if subject not in stations:
            continue
        # Every hour and day that is closed, also those without a value: they have an index of what was before.
        for start in range(first - first % HOUR, upto - HOUR + 1, HOUR):
            worked_out[subject, "hour", start] = known[subject].aqi_of_hour(start)
        for start in range(recompute.day_of(first), upto - DAY + 1, DAY):
            worked_out[subject, "day", start] = known[subject].aqi_of_day(start)
    return {key: value for key, value in worked_out.items() if value is not None}


def held(base, stations):
    rows = base.execute("SELECT subject, kind, start, value FROM index_held WHERE value IS NOT NULL").fetchall()
    return {(subject, kind, start): value for subject, kind, start, value in rows if subject in stations}
