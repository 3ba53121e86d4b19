"""The figures: said by the flow, stored, the same for everybody, and asked for as of a moment."""

from collections import Counter
from datetime import datetime, timezone

import pytest
from ioc import eventually
from test_alerts import ALERT, STATION, Watch

NAMES = ["aqi", "pm25", "alerts", "exceeded", "stations", "completeness", "slowest", "balance", "log_sources"]
NAMES += ["events", "severe", "security_alerts", "time_to_acknowledge", "time_to_clear"]


@pytest.fixture
def watch(tmp_path):
    watch = Watch(tmp_path)
    yield watch
    watch.ioc.stop()


def figures(watch, at=None):
    """By name."""
    answer = watch.ask("/api/figures" + ("" if at is None else f"?at={at}"))
    assert answer["known_at"] == at
    return {figure["figure"]: figure for figure in answer["figures"]}


def test_what_the_board_said_before_is_known_after_kill_9_and_opens_to_its_inputs(watch):
    before = eventually(lambda: figures(watch) or None)
    assert list(before) == NAMES
    assert (before["alerts"]["value"], before["alerts"]["verdict"]) == (0, "kept")
    # Nothing has come: nothing is on target (SILENT).
    for name in NAMES:
        if name != "alerts":
            assert before[name]["verdict"] == "withheld", before[name]
    moment = before["alerts"]["at"]

    # Two hours too high, and the next has begun.
    watch.send([150.0] * 12)
    watch.send([150.0] * 12, hour=1)
    watch.send([150.0, 150.0], hour=2)
    # An alert does not wait for its minute.
    raised = eventually(lambda: (now := figures(watch)["alerts"])["value"] == 1 and now)
    assert (raised["verdict"], raised["reason"], raised["of"]) == ("missed", "unacknowledged", 1)
    [alert] = raised["inputs"]
    assert (alert["kind"], f"{alert['measure']}~{alert['subject']}~{alert['number']}") == ("alert", ALERT)
    assert watch.ask(f"/api/lineage/alert/{ALERT}")["raised_by"]["href"]

    # The rest does, and is opened down to the rows.
    aqi = eventually(lambda: (now := figures(watch)["aqi"])["value"] is not None and now, seconds=120)
    [index] = aqi["inputs"][:1]
    assert (index["kind"], index["subject"], index["word"]) == ("index", STATION, "pm25")
    query = f"index={index['measure']}&subject={index['subject']}&kind=hour&start={index['start']}"
    query += f"&revision={aqi['revision']}"
    opened = watch.ask(f"/api/lineage/index?{query}")
    assert opened["value"] == aqi["value"] == index["value"]
    assert opened["inputs"], "it was made of windows"

    # How each station stands is what their figure counts: one definition for both.
    def counted_as_told():
        picture = watch.ioc.overview()["picture"]
        told = Counter(station["standing"] for station in picture["stations"] if station["standing"])
        [figure] = [figure for figure in picture["figures"] if figure["figure"] == "stations"]
        return told == {part["word"]: part["count"] for part in figure["parts"]} and told

    assert eventually(counted_as_told)["never"] > 0

    # A page is told the same, and so is an analyst.
    now = figures(watch)
    assert {figure["figure"]: figure for figure in watch.ioc.overview()["picture"]["figures"]}.keys() == now.keys()
    analyst = watch.ioc.analyst()
    said = "SELECT toString(figure), value, toString(verdict), revision FROM"
    stored = analyst.query(f"{said} figure_current").result_rows
    assert [row[0] for row in stored] == NAMES
    assert dict(zip([row[0] for row in stored], stored, strict=True))["alerts"][1:3] == (1, "missed")

    watch.ioc.kill()
    watch.ioc.start()
    assert figures(watch)["alerts"]["value"] == 1, "as the store remembers it"
    assert figures(watch, at=moment) == before, "what was said then stays said"
    [(first,)] = analyst.query("SELECT toUnixTimestamp64Milli(min(at)) FROM figure").result_rows
    assert watch.ask(f"/api/figures?at={first - 1}")["figures"] == [], "nothing was said before"
    written = datetime.fromtimestamp(moment / 1000, timezone.utc).isoformat(timespec="milliseconds")
    again = watch.ask("/api/figures?at=" + written.replace("+", "%2B"))
    assert again == watch.ask(f"/api/figures?at={moment}")
    known = f"{said} figure_known_at(known_at = fromUnixTimestamp64Milli({moment}, 'UTC'))"
    assert watch.ioc.analyst().query(known).result_rows == [
        (name, figure["value"], figure["verdict"], figure["revision"]) for name, figure in before.items()
    ]
    # They go on: another minute has figures of its own, and nothing that came was lost or counted twice (BALANCE).
    last = figures(watch)["balance"]["at"]
    balance = eventually(lambda: (now := figures(watch)["balance"])["at"] > last and now, seconds=120)
    assert (balance["value"], balance["verdict"]) == (0, "kept")
    parts = {part["word"]: part["count"] for part in balance["parts"]}
    assert (parts["received"], parts["rows"]) == (3, 26)
