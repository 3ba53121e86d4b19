"""From a number on the page to the bytes it was made of: three questions, and everything adds up on the way."""

import json
import time
import urllib.error
import urllib.request

import pytest
from ioc import Ioc, eventually
from peers import push, receipt

STATION = "ST05"


class Hour:
    """A closed hour of one station with all that may happen to a reading: corrected, sent twice, in calibration."""

    def __init__(self, folder):
        self.ioc = Ioc(folder)
        _, self.token = self.ioc.add_sender("agency", "push")
        self.ioc.start()
        # Whole hours back, so that the watermark of the newest reading has passed the end of the first.
        self.start = int(time.time() // 3600 - 3) * 3600
        self.bodies = {}

    def reading(self, minute, value, **more):
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.start + 60 * minute))
        return {"indicator": "pm25", "subject": STATION, "time": moment, "value": value} | more

    def send(self, *readings):
        """One message; what became of it is known when this returns."""
        body = json.dumps(list(readings), ensure_ascii=False)
        status, answer = push(self.ioc, self.token, body)
        assert status == 200, answer
        self.bodies[answer["position"]] = body.encode()
        return receipt(self.ioc, self.token, answer["position"])

    def ask(self, path):
        return json.loads(self.ioc.get(path))

    def window(self, more=""):
        query = f"indicator=pm25&subject={STATION}&kind=hour&start={self.start * 1000}{more}"
        return self.ask(f"/api/lineage/window?{query}")


@pytest.fixture(scope="module")
def hour(tmp_path_factory):
    hour = Hour(tmp_path_factory.mktemp("lineage"))
    hour.send(
        hour.reading(0, 10.0),
        hour.reading(5, 20.0),
        hour.reading(10, 90.0, quality="calibrating"),
        hour.reading(15, 70.0),
    )
    # The same again, and a correction of a value of the message before.
    assert hour.send(hour.reading(0, 10.0), hour.reading(15, 30.0), hour.reading(20, -1e9))["stored"] == 2
    # Two hours later: the first hour is over.
    hour.send(hour.reading(150, 1.0))
    closed = f"/api/trend?subject={STATION}&indicator=pm25&hours=24"
    eventually(lambda: [point for point in hour.ask(closed)["points"] if point["start"] == hour.start * 1000])
    yield hour
    hour.ioc.stop()


def test_a_window_opens_to_rows_that_add_up_to_it_and_a_row_to_the_bytes_that_were_sent(hour):
    window = hour.window()
    rows = window["rows"]
    counted = [row for row in rows if row["counted"]]
    assert sorted(row["value"] for row in counted) == [10.0, 20.0, 30.0]
    assert len(counted) == window["count"], "rows that were counted are the window's count"
    assert sum(row["value"] for row in counted) / len(counted) == window["mean"] == 20.0
    assert len([row for row in rows if row["current"]]) == window["received"]
    calibrating = [row for row in rows if row["quality"] == "calibrating"]
    assert [(row["current"], row["counted"]) for row in calibrating] == [(True, False)]
    corrected = [(row["value"], row["standing"], row["current"]) for row in rows if row["event_time"] % 3600000 == 900000]
    assert corrected == [(70.0, "first", False), (30.0, "correction", True)]
    assert len(rows) == window["rows_found"] == 6, "a duplicate leaves no row"

    for position in {row["position"] for row in rows}:
        opened = hour.ask(f"/api/lineage/envelope/{position}")
        assert opened["where"] == "log" and opened["feed"] == "push" and opened["address"] == "/ingest/push"
        assert opened["text"].encode() == hour.bodies[position], "as it came, byte by byte"
        of_window = [row["row"] for row in rows if row["position"] == position]
        assert set(of_window) <= {row["row"] for row in opened["rows"]}
        assert opened["length"] == len(hour.bodies[position])
        assert hour.ioc.get(f"/api/lineage/envelope/{position}/raw") == hour.bodies[position]


def test_a_revised_window_opens_as_it_is_and_as_it_was(hour):
    before = hour.window()
    hour.send(hour.reading(25, 60.0))
    after = eventually(lambda: (now := hour.window())["revision"] > before["revision"] and now)
    assert (after["count"], after["mean"]) == (4, 30.0)
    assert sum(row["counted"] for row in after["rows"]) == 4
    then = hour.window(f"&revision={before['revision']}")
    assert then == before, "what the board said can be asked again"


def test_what_was_rejected_of_a_message_is_shown_beside_what_was_stored(hour):
    nowhere = hour.reading(30, 5.0) | {"subject": "NOBODY"}
    hour.send(hour.reading(30, 42.0), nowhere)
    position = list(hour.bodies)[-1]
    opened = hour.ask(f"/api/lineage/envelope/{position}")
    assert [(row["row"], row["value"]) for row in opened["rows"]] == [(0, 42.0)]
    assert [(reject["row"], reject["reason"]) for reject in opened["rejects"]] == [(1, "unknown_subject")]
    assert opened["rejects"][0]["message"]["vi"] and opened["rejects"][0]["message"]["en"]


def test_a_series_is_drawn_from_the_same_rows(hour):
    query = f"subject={STATION}&indicator=pm25&kind=point&from={hour.start * 1000}&to={(hour.start + 3600) * 1000}"
    body = hour.ioc.get(f"/api/series?{query}")
    assert body[:8] == b"IOCS\x01\0\0\0"
    current = [row for row in hour.window()["rows"] if row["current"]]
    assert int.from_bytes(body[8:12], "little") == len(current)


def test_an_alert_that_was_never_raised_cannot_be_taken_on(hour):
    request = urllib.request.Request(
        f"http://127.0.0.1:{hour.ioc.http}/api/alerts/no-rule~{STATION}~1/acknowledge",
        data=b'{"user": "an"}',
        headers={"content-type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 404
    assert json.load(refused.value)["detail_vi"]


def test_an_hour_that_one_value_makes_says_so(hour):
    # A device that is out of its mind for a moment.
    hour.send(*(hour.reading(60 + 5 * at, 40.0) for at in range(11)), hour.reading(115, 4_000.0))
    points = f"/api/trend?subject={STATION}&indicator=pm25&hours=24"

    def revised():
        return [point for point in hour.ask(points)["points"] if point["count"] == 12]

    (point,) = eventually(revised)
    assert point["start"] == (hour.start + 3_600) * 1_000 and point["mean"] == 370.0, "it counts all the same"
    assert point["spiked"] is True
    query = f"indicator=pm25&subject={STATION}&kind=hour&start={point['start']}"
    assert hour.ask(f"/api/lineage/window?{query}")["spiked"] is True
    assert hour.window()["spiked"] is False
    question = "SELECT count, spiked FROM window_current WHERE kind = 'hour' AND indicator = 'pm25' ORDER BY count"
    rows = hour.ioc.analyst().query(question).result_rows
    assert rows[-1] == (12, True) and not any(spiked for _, spiked in rows[:-1])
