"""Readings in the shape of real ones, and readings that are only many."""

import io
import random
from time import monotonic, sleep

import duckdb

from kit.pack import PROVINCE

RECORD = PROVINCE / "demo" / "air_marylebone_2003_2004_hourly.csv"
# Column of the record → indicator of the province, its factor to the indicator's unit, decimals the device sends.
MEASURED = {
    "pm25": ("pm25", 1, 1), "pm10": ("pm10", 1, 1), "no2": ("no2", 1.88, 1), "nox": ("nox", 1.88, 1),
    "o3": ("o3", 1.96, 1), "so2": ("so2", 2.62, 1), "co": ("co", 1145, 0), "ws": ("wind_speed", 1, 1),
    "wd": ("wind_direction", 1, 0),
}
INDICATORS = [indicator for indicator, *_ in MEASURED.values()]


def station(number):
    return f"TN-{number:04}"


def recorded(output, stations, hours, ends):
    """Writes the lines of stations that read every five minutes up to `ends` (seconds), and says how many.

    Each reads the two years of hourly air of a London street from a place of its own, between the hours in a straight
    line, by a factor of its own, with a few per cent of noise, rounded as its device does. Gaps of the record stay.
    """
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET TimeZone = 'UTC'")
    connection.execute(f"CREATE TABLE record AS SELECT row_number() OVER () - 1 AS hour, * FROM read_csv('{RECORD}')")
    spread = " UNION ALL ".join(
        f"SELECT hour, '{name}' AS indicator, {decimals} AS decimals, {place} AS place, "
        f"try_cast({column} AS DOUBLE) * {factor} AS value FROM record"
        for place, (column, (name, factor, decimals)) in enumerate(MEASURED.items())
    )
    connection.execute(
        f"""CREATE TABLE series AS SELECT *, lead(value) OVER (PARTITION BY indicator ORDER BY hour) AS later
            FROM ({spread})"""
    )
    hours_recorded = connection.execute("SELECT max(hour) FROM record").fetchone()[0]
    begins = ends // 300 * 300 - hours * 3600
    name = "format('TN-{:04}', station)"
    written = connection.execute(
        f"""COPY (
            SELECT format('{{{{"indicator":"{{}}","subject":"{{}}","time":{{}},"value":{{}}}}}}',
                indicator, {name}, time,
                CASE decimals WHEN 0 THEN format('{{:.0f}}', value) ELSE format('{{:.1f}}', value) END)
            FROM (
                SELECT station, step, place, indicator, decimals, {begins} + step * 300 AS time,
                    CASE WHEN indicator = 'wind_direction' THEN value ELSE
                        (value + (later - value) * (step % 12) / 12) * (0.6 + station * 37 % 100 * 0.008)
                        * (1 + 0.05 * (hash(station, step, place) % 1000 / 1000 - 0.5)) END AS value
                FROM range({stations}) AS one(station), range({hours} * 12) AS other(step), series
                WHERE hour = (step // 12 + station * 271) % {hours_recorded}
            ) WHERE value IS NOT NULL ORDER BY step, station, place
        ) TO '{output}' (FORMAT csv, header false, quote '', escape '', delimiter '\x01')"""
    ).fetchone()
    return written[0]


class Turns(io.RawIOBase):
    """Lines of all series in turn, each turn at its own moment; as fast as they are read, or at a rate."""

    def __init__(self, stations, indicators, start, every, count, rate=None):
        self.stations, self.indicators = stations, indicators
        self.start, self.every, self.count, self.rate = start, every, count, rate
        self.made, self.began = 0, monotonic()
        self.chance = random.Random(start)

    def read(self, size=-1):
        wanted = size // 90
        if self.rate:
            # Fifty milliseconds' worth, when they are due.
            wanted = self.rate // 20
            sleep(max(0.0, self.began + self.made / self.rate - monotonic()))
        lines = []
        for number in range(self.made, min(self.made + wanted, self.count)):
            turn, series = divmod(number, self.stations * len(self.indicators))
            which, indicator = divmod(series, len(self.indicators))
            time, value = self.start + turn * self.every + which % 1000, self.chance.randrange(10_000) / 100
            lines.append(
                f'{{"indicator":"{self.indicators[indicator]}","subject":"ST-{which:05}",'
                f'"time":{time},"value":{value}}}\n'
            )
        self.made += len(lines)
        return "".join(lines).encode()
