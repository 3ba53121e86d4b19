"""The environment's numbers worked out again from the record the demo replays: nothing of the product is used.

Formulas: VN_AQI by Decision 1459/QĐ-TCMT of 2019-11-12 (breakpoints, NowCast, days), means and the 75 % rule by
QCVN 05:2023/BTNMT. The record: London Marylebone Road 2003-2004, hourly, re-dated by whole weeks for each station.
"""

import collections
import csv
import datetime
import math

HOUR = 3_600_000
DAY = 24 * HOUR
ZONE = 7 * HOUR

# Weeks between the record and the demo's clock, by station.
STATIONS = {"RP-TANNINH": 1_200, "RP-TRANGBANG": 1_187, "RP-DUCHOA": 1_174, "RP-LONGAN": 1_161}

# Columns of the record in its units, and the factor to µg/m³ at 25 °C.
FACTORS = {"no2": 1.88, "o3": 1.96, "so2": 2.62, "co": 1145.0, "pm10": 1.0, "pm25": 1.0}

INDEX = [0, 50, 100, 150, 200, 300, 400, 500]
BREAKPOINTS = {
    "o3": [0, 160, 200, 300, 400, 800, 1000, 1200],
    "o3_eight_hours": [0, 100, 120, 170, 210, 400],
    "co": [0, 10_000, 30_000, 45_000, 60_000, 90_000, 120_000, 150_000],
    "so2": [0, 125, 350, 550, 800, 1600, 2100, 2630],
    "no2": [0, 100, 200, 700, 1200, 2350, 3100, 3850],
    "pm10": [0, 50, 150, 250, 350, 420, 500, 600],
    "pm25": [0, 25, 50, 80, 150, 250, 350, 500],
}

# Limit: indicator, averaging, highest value.
LIMITS = {
    "qcvn05-2023-so2-hour": ("so2", "hour", 350),
    "qcvn05-2023-so2-day": ("so2", "day", 125),
    "qcvn05-2023-co-hour": ("co", "hour", 30_000),
    "qcvn05-2023-co-8h": ("co", "eight_hours", 10_000),
    "qcvn05-2023-no2-hour": ("no2", "hour", 200),
    "qcvn05-2023-no2-day": ("no2", "day", 100),
    "qcvn05-2023-o3-hour": ("o3", "hour", 200),
    "qcvn05-2023-o3-8h": ("o3", "eight_hours", 120),
    "qcvn05-2023-pm10-day": ("pm10", "day", 100),
    "qcvn05-2026-pm25-day": ("pm25", "day", 45),
}

# Rule: limit, windows to raise, windows to clear; cleared at 0.9 of the limit.
RULES = {
    "no2-hour-over-limit": ("qcvn05-2023-no2-hour", 2, 2),
    "pm25-day-over-limit": ("qcvn05-2026-pm25-day", 1, 1),
    "pm10-day-over-limit": ("qcvn05-2023-pm10-day", 1, 1),
    "so2-hour-over-limit": ("qcvn05-2023-so2-hour", 1, 1),
}


def millis(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int(moment.timestamp()) * 1000


def day_of(start):
    """The first moment of the local day."""
    return (start + ZONE) // DAY * DAY - ZONE


class Station:
    """One station's hourly means, by indicator and start."""

    def __init__(self, weeks, record, begins, last):
        """`begins`: the first moment of each indicator; two channels may begin an hour apart."""
        shift = weeks * 7 * DAY
        self.hours = collections.defaultdict(dict)
        with open(record, newline="") as lines:
            for row in csv.DictReader(lines):
                start = millis(row["date"]) + shift
                if start < last:
                    for indicator, factor in FACTORS.items():
                        if start >= begins.get(indicator, last) and row[indicator] not in ("", "NA"):
                            self.hours[indicator][start] = float(row[indicator]) * factor

    def eight_hours(self, indicator, start):
        values = [self.hours[indicator].get(start + hour * HOUR) for hour in range(8)]
        values = [value for value in values if value is not None]
        return (sum(values) / len(values) if values else None), len(values)

    def day(self, indicator, start):
        values = [self.hours[indicator].get(start + hour * HOUR) for hour in range(24)]
        values = [value for value in values if value is not None]
        return (sum(values) / len(values) if values else None), len(values)

    def mean(self, indicator, averaging, start):
        """Mean and how many of how many it is made of."""
        if averaging == "hour":
            value = self.hours[indicator].get(start)
            return value, int(value is not None), 1
        if averaging == "eight_hours":
            return *self.eight_hours(indicator, start), 8
        return *self.day(indicator, start), 24

    def valid(self, indicator, averaging, start):
        value, count, expected = self.mean(indicator, averaging, start)
        return value if count >= 0.75 * expected and count else None

    def nowcast(self, indicator, start):
        hours = [self.hours[indicator].get(start - ago * HOUR) for ago in range(12)]
        if sum(value is not None for value in hours[:3]) < 2:
            return None
        there = [value for value in hours if value is not None]
        highest = max(there)
        weight = max(min(there) / highest, 0.5) if highest > 0 else 1.0
        terms = [(weight**ago, value) for ago, value in enumerate(hours) if value is not None]
        if weight == 0.5 and len(there) == 12:
            return sum(0.5 ** (ago + 1) * value for ago, value in enumerate(hours))
        return sum(share * value for share, value in terms) / sum(share for share, _ in terms)

    def aqi_of_hour(self, start):
        inputs = {gas: self.hours[gas].get(start) for gas in ("so2", "co", "no2", "o3")}
        inputs |= {dust: self.nowcast(dust, start) for dust in ("pm10", "pm25")}
        return aqi(inputs)

    def aqi_of_day(self, start):
        inputs = {dust: self.valid(dust, "day", start) for dust in ("pm10", "pm25")}
        for gas in ("so2", "co", "no2", "o3"):
            values = [self.hours[gas].get(start + hour * HOUR) for hour in range(24)]
            inputs[gas] = highest_of_enough(values)
        ends = [self.valid("o3", "eight_hours", start + hour * HOUR - 7 * HOUR) for hour in range(24)]
        inputs["o3_eight_hours"] = highest_of_enough(ends)
        return aqi(inputs)

    def alerts(self, rule, first, last):
        """What happens to a rule's alert, by the window that makes it so."""
        limit, raises, clears = RULES[rule]
        indicator, averaging, high = LIMITS[limit]
        length = HOUR if averaging == "hour" else DAY
        recent, active, changes = [], False, []
        start = first if averaging == "hour" else day_of(first)
        while start + length <= last:
            value = self.valid(indicator, averaging, start)
            if value is not None:
                stands = "raises" if is_above(value, high) else "between" if is_above(value, 0.9 * high) else "clears"
                recent = [entry for entry in recent if entry[0] >= start - (max(raises, clears) + 6) * length]
                recent.append((start, stands))
                wanted, windows = ("clears", clears) if active else ("raises", raises)
                if len(recent) >= windows and all(stands == wanted for _, stands in recent[-windows:]):
                    active = not active
                    changes.append((start, "active" if active else "cleared", value))
            start += length
        return changes


def is_above(mean, bound):
    """A mean that is at a bound is not above it, however the double came out."""
    return mean > bound and not math.isclose(mean, bound, rel_tol=1e-9)


def whole(index):
    """The nearest whole number, of two equally near ones the higher: a half is one, however the double came out."""
    below = math.floor(index)
    return below + 1 if index - below > 0.5 or math.isclose(index, below + 0.5, rel_tol=0, abs_tol=1e-9) else below


def highest_of_enough(values):
    values = [value for value in values if value is not None]
    return max(values) if len(values) >= 18 else None


def sub_index(parameter, value):
    points = BREAKPOINTS[parameter]
    for upper in range(1, len(points)):
        if not is_above(value, points[upper]):
            low, high = points[upper - 1], points[upper]
            return (INDEX[upper] - INDEX[upper - 1]) / (high - low) * (value - low) + INDEX[upper - 1]
    return None if parameter == "o3_eight_hours" else 500.0


def aqi(inputs):
    if inputs["pm10"] is None and inputs["pm25"] is None:
        return None
    parts = [sub_index(parameter, value) for parameter, value in inputs.items() if value is not None]
    return whole(max(part for part in parts if part is not None))
