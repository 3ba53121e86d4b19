"""The demo's indices, judgements and alerts against a recomputation that shares nothing with the product."""

import collections

import pytest
import recompute
from ioc import ROOT, Ioc, eventually

RECORD = ROOT / "deploy" / "provinces" / "tay-ninh" / "demo" / "air_marylebone_2003_2004_hourly.csv"
BACKFILL_HOURS = 336
# What is younger may still be on its way: by two channels, on a clock that runs 3600 times as fast.
MARGIN = 24 * recompute.HOUR
LIVE = 40 * recompute.HOUR


class Demo:
    """A demo that has sent some hours before its start at once, and some after it on its clock."""

    def __init__(self, folder, backfill_hours, live):
        self.ioc = Ioc(folder, pack=None, IOC_DEMO_SPEED="3600", IOC_DEMO_BACKFILL_HOURS=str(backfill_hours))
        self.ioc.start(command=("demo",))
        self.start = self.now()
        eventually(lambda: self.now() > self.start + MARGIN + live, seconds=240, every=1)
        # Everything below is asked of one moment: what the demo sends after it changes nothing before it.
        self.until = self.now() - MARGIN
        self.until -= self.until % recompute.HOUR
        query = (
            "SELECT indicator, min(toUnixTimestamp64Milli(event_time)) FROM observation WHERE subject LIKE 'RP-%'"
            " GROUP BY indicator"
        )
        begins = dict(self.ask(query))
        self.first = min(begins.values())
        self.stations = {
            name: recompute.Station(weeks, RECORD, begins, self.until)
            for name, weeks in recompute.STATIONS.items()
        }

    def now(self):
        return self.ioc.overview()["picture"]["now"]

    def ask(self, query):
        return self.ioc.analyst().query(query).result_rows


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    demo = Demo(tmp_path_factory.mktemp("environment"), BACKFILL_HOURS, LIVE)
    yield demo
    demo.ioc.stop()


@pytest.fixture
def short_demo(tmp_path):
    """Neither channel gets further ahead of the other than alerts look back."""
    demo = Demo(tmp_path, 96, 6 * recompute.HOUR)
    yield demo
    demo.ioc.stop()


def hours(demo):
    return range(demo.first, demo.until, recompute.HOUR)


def whole_days(demo):
    first = recompute.day_of(demo.first)
    return [day for day in range(first, demo.until, recompute.DAY) if day + recompute.DAY <= demo.until]


def test_batch_two_weeks_are_back_filled_and_the_rest_comes_live(demo):
    # Its clock runs an hour a second, also while it starts.
    assert demo.first <= demo.start - (BACKFILL_HOURS - 48) * recompute.HOUR
    live = demo.ask(
        f"SELECT count() FROM observation_current WHERE toUnixTimestamp64Milli(event_time) >= {demo.start} "
        f"AND toUnixTimestamp64Milli(event_time) < {demo.until}"
    )[0][0]
    sent = sum(
        1
        for station in demo.stations.values()
        for values in station.hours.values()
        for start in values
        if start >= demo.start
    )
    # Wind and NOx come beside the six the index is made of.
    assert live > sent > 500


def test_batch_every_vn_aqi_is_what_the_record_gives(demo):
    rows = demo.ask(
        "SELECT subject, toString(kind), toUnixTimestamp64Milli(start_time), value FROM index_current "
        f"WHERE `index` = 'vn_aqi' AND toUnixTimestamp64Milli(end_time) <= {demo.until}"
    )
    stored = {(subject, kind, start): value for subject, kind, start, value in rows}
    expected = {}
    for name, station in demo.stations.items():
        for start in hours(demo):
            expected[name, "hour", start] = station.aqi_of_hour(start)
        for start in whole_days(demo):
            expected[name, "day", start] = station.aqi_of_day(start)
    assert len(expected) > 4 * (BACKFILL_HOURS + 20)
    assert stored == expected
    values = [value for value in expected.values() if value is not None]
    assert max(values) > 100 and min(values) < 50, "the days are not all alike"


def test_batch_every_judgement_by_a_limit_is_what_the_record_gives(demo):
    rows = demo.ask(
        "SELECT `limit`, subject, toUnixTimestamp64Milli(start_time), value, toString(verdict), count, expected "
        f"FROM assessment_current WHERE toUnixTimestamp64Milli(end_time) <= {demo.until} AND averaging != 'year' "
        "AND subject LIKE 'RP-%'"
    )
    stored = {(limit, subject, start): tuple(rest) for limit, subject, start, *rest in rows}
    expected = {}
    for name, station in demo.stations.items():
        for limit, (indicator, averaging, high) in recompute.LIMITS.items():
            starts = whole_days(demo) if averaging == "day" else hours(demo)
            for start in starts:
                if averaging == "eight_hours":
                    start -= 7 * recompute.HOUR
                value, count, of = station.mean(indicator, averaging, start)
                verdict = "insufficient"
                if station.valid(indicator, averaging, start) is not None:
                    verdict = "exceeded" if recompute.is_above(value, high) else "kept"
                expected[limit, name, start] = (value, verdict, count, of)
    # A window is there when its own hour or day had one; a series that has not begun has none.
    assert {key: value for key, value in stored.items() if value[1] != "insufficient"} == {
        key: value for key, value in expected.items() if value[1] != "insufficient"
    }
    assert all(expected[key] == value for key, value in stored.items())
    verdicts = collections.Counter(verdict for _, verdict, _, _ in stored.values())
    assert verdicts["exceeded"] > 20 and verdicts["kept"] > 1_000 and verdicts["insufficient"] > 20


def test_batch_episodes_of_exceedance_are_the_runs_of_exceeded_windows(demo):
    rows = demo.ask(
        "SELECT `limit`, station, toUnixTimestamp64Milli(first_start), windows FROM exceedance "
        f"WHERE averaging = 'hour' AND toUnixTimestamp64Milli(last_end) <= {demo.until}"
    )
    expected = set()
    for name, station in demo.stations.items():
        for limit, (indicator, averaging, high) in recompute.LIMITS.items():
            if averaging != "hour":
                continue
            run = []
            for start in [*hours(demo), None]:
                value = None if start is None else station.hours[indicator].get(start)
                if value is not None and recompute.is_above(value, high):
                    run.append(start)
                elif run:
                    expected.add((limit, name, run[0], len(run)))
                    run = []
    open_at_the_end = {episode for episode in expected if episode[2] + episode[3] * recompute.HOUR >= demo.until}
    assert expected - open_at_the_end == {tuple(row) for row in rows} - open_at_the_end
    assert len(expected) >= 5


def test_alerts_rise_and_clear_by_the_windows_that_the_record_gives(short_demo):
    demo, over = short_demo, 0
    for rule, (limit, _, _) in recompute.RULES.items():
        for name, station in demo.stations.items():
            rows = demo.ask(
                "SELECT toUnixTimestamp64Milli(window_start), toString(change), value, threshold, active, "
                "toUnixTimestamp64Milli(window_end), toUnixTimestamp64Milli(at) FROM alert "
                f"WHERE rule = '{rule}' AND subject = '{name}' AND change != 'acknowledged' ORDER BY epoch, seq"
            )
            stored = []
            for start, change, value, threshold, active, end, at in rows:
                # What was over when it was learnt is raised as over: the record is days older than its replay.
                assert not active or (change != "cleared" and at - end < recompute.DAY + 12 * recompute.HOUR)
                assert active or change == "cleared" or at - end > recompute.HOUR
                over += not active and change != "cleared"
                state = "cleared" if change == "cleared" else "active"
                goes_on = stored and stored[-1][1] == state == "active"
                if start < demo.until - recompute.DAY and not goes_on:
                    stored.append((start, state, value))
            expected = [
                change
                for change in station.alerts(rule, demo.first, demo.until)
                if change[0] < demo.until - recompute.DAY
            ]
            assert stored == expected, (rule, name)
            assert all(row[3] == recompute.LIMITS[limit][2] for row in rows)
    assert over >= 3
    raised = demo.ask("SELECT count() FROM alert WHERE change IN ('raised', 'recurred') AND rule LIKE '%over-limit'")
    assert raised[0][0] >= 3
