"""What the check of the fire's devices is worth: of a store that holds what was sent it finds nothing, and each thing that
is wrong it finds. No server: the pure generators, and a store that is made of what they mean.
"""

import collections
import json

import pytest

from fire import counts, devices, security
from fire.run import SHORT
from fire.workload import DAY, HOUR, MINUTE, SECOND

START = 1_772_323_200_000
RECEIVED = START + 20 * DAY


def said(devices_of, seed, days=3):
    """What they say in so many days, in stretches; the store shows of each day that it is closed."""
    device = devices_of(seed, START, SHORT.step, lambda: security.local_day(device.clock.newest), lambda: RECEIVED)
    yield from security.batches(device, START, START + days * DAY, HOUR, lambda moment: False)
    yield device.evicted(5)


class Made:
    """Journals of all of them, and a store that holds what they mean."""

    def __init__(self, folder, seed=1):
        (folder / "devices").mkdir()
        self.stored, self.envelopes, self.rejected = [], [], []
        self.counted = collections.Counter()
        for name, of in (("eve", security.Sensors), ("logins", security.Logins), ("frames", security.Firewall)):
            with open(folder / "devices" / f"{name}.jsonl", "w") as journal:
                for number, record in enumerate(self.records(name, of, seed), 1):
                    journal.write(json.dumps({"sent": number, **record}) + "\n")
                    journal.write(json.dumps({"acknowledged": number}) + "\n")
        self.journals = devices.read_journals(folder)
        whole = self.check()
        self.windows, self.balance = whole.wanted, self.balance_of(whole)

    def records(self, name, of, seed):
        known = set()
        for lines in said(of, seed, days=2):
            if name != "frames":
                record = {"payload": "".join(f"{text}\n" for text, _ in lines), "lines": [line for _, line in lines]}
                # Each request comes twice.
                for _ in range(2):
                    self.deliver(name, record, known)
                yield record
                continue
            for text, meaning in lines:
                record = {"payload": text.replace("@@", "1"), "lines": [meaning], "connection": 1, "whole": True}
                self.deliver(name, record, known)
                yield record

    def deliver(self, name, record, known):
        feed, at, position = devices.FEED_OF[name], (0, sorted(devices.FEED_OF).index(name)), self.counted[name]
        self.counted[name] += 1
        self.envelopes.append(devices.Envelope(at, position, feed, record["payload"].encode()))
        for row, line in enumerate(record["lines"]):
            if line is None:
                self.rejected.append((at, position, row))
            elif line["id"] not in known:
                known.add(line["id"])
                told = (line["log_source"], True, line["kind"], line["severity"], line["source"], line["target"])
                moment = RECEIVED if line["at"] is None else line["at"]
                self.stored.append(devices.Stored(feed, at, position, row, *told, line["weight"], 0, moment, RECEIVED))

    def check(self, **other):
        """Against this store, or one in which something else is there."""
        held = {"envelopes": self.envelopes, "stored": self.stored, "rejected": self.rejected}
        held |= {"windows": getattr(self, "windows", {}), "balance": getattr(self, "balance", {})} | other
        checked = devices.Devices(self.journals, **held).run()
        if not hasattr(self, "windows"):
            lines = [line for of_feed in checked.lines.values() for line in of_feed]
            self.stored = [line["held"]._replace(attempts=line["attempts"]) for line in lines]
        return checked

    def balance_of(self, checked):
        balance = {}
        for feed in devices.FEED_OF.values():
            envelopes = sum(envelope.feed == feed for envelope in self.envelopes)
            places = {(envelope.at, envelope.position) for envelope in self.envelopes if envelope.feed == feed}
            stored = sum(event.feed == feed for event in self.stored)
            rejected = sum((at, position) in places for at, position, _ in self.rejected)
            duplicate = checked.figures[f"duplicates {feed}"]
            figures = {"envelopes_received": envelopes, "envelopes_decoded": envelopes, "rows_stored": stored}
            figures |= {"rows_rejected": rejected, "rows_duplicate": duplicate}
            figures |= {"rows_decoded": stored + rejected + duplicate, "rows_waiting": 0, "rows_astray": 0}
            balance[feed] = figures | dict.fromkeys(("envelopes_empty", "envelopes_undecodable", "envelopes_astray"), 0)
        return balance


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Made(tmp_path_factory.mktemp("devices"))


def test_a_store_that_holds_what_was_sent_is_without_findings(made):
    checked = made.check()
    assert checked.findings == []
    assert checked.figures["windows of measures"] > 5_000 and checked.figures["lines"] > 1_500


def one_of(made, **fields):
    """The place of a stored event of that kind."""
    is_it = lambda event: all(getattr(event, name) == value for name, value in fields.items())  # noqa: E731
    return next(number for number, event in enumerate(made.stored) if is_it(event))


def stored_but(made, number, **fields):
    stored = list(made.stored)
    stored[number] = stored[number]._replace(**fields)
    return {"stored": stored}


def without(made, number):
    return {"stored": made.stored[:number] + made.stored[number + 1 :]}


def window_but(made, key, **fields):
    return {"windows": {**made.windows, key: made.windows[key]._replace(**fields)}}


def balance_but(made, feed, name):
    of_feed = {**made.balance[feed], name: made.balance[feed][name] + 1}
    return {"balance": {**made.balance, feed: of_feed}}


def of_day(made, measure):
    """A window of a measure at the sensor, of a whole day of many."""
    keys = [key for key in made.windows if key[:3] == (security.SENSOR, measure, "day")]
    return max(keys, key=lambda key: made.windows[key].value)


def frame_twice(made):
    frame = next(one for one in made.envelopes if one.feed == "frames")
    return {"envelopes": [*made.envelopes, frame._replace(position=9_999)]}


def twice(made, feed):
    """An event once more, at the place of a delivery that was a duplicate."""
    event = made.stored[one_of(made, feed=feed)]
    return {"stored": [*made.stored, event._replace(position=event.position + 1)]}


WRONG = {
    "an alert lost": ("ACK: 1 acknowledged lines that are lost", lambda made: without(made, one_of(made, kind="alert"))),
    "a line twice": ("ONCE: 1 lines that are stored twice", lambda made: twice(made, "logins")),
    "a record twice": ("ONCE: 1 lines that are stored twice", lambda made: twice(made, "sensors")),
    "a frame lost": ("ONCE: 1 frames that are not one event", lambda made: without(made, one_of(made, feed="frames"))),
    "a frame in the middle lost": (
        "ONCE: 1 connections of which something else",
        lambda made: {"envelopes": [one for one in made.envelopes if (one.feed, one.position) != ("frames", 7)]},
    ),
    "a frame twice": (
        "ONCE: 1 connections of which something else",
        frame_twice,
    ),
    "another weight": ("ONCE: 1 events that are not what", lambda made: stored_but(made, one_of(made, weight=6), weight=2)),
    "another address": ("ONCE: 1 events that are not what", lambda made: stored_but(made, 0, source="203.0.113.1")),
    "another kind": ("ONCE: 1 events that are not what", lambda made: stored_but(made, 0, kind="log")),
    "another severity": (
        "ONCE: 1 events that are not what",
        lambda made: stored_but(made, one_of(made, severity="high"), severity="low"),
    ),
    "another moment": ("ONCE: 1 events that are not what", lambda made: stored_but(made, 0, happened=START - 1)),
    "an attempt more": (
        "BATCH: 1 hours whose sums are others",
        lambda made: stored_but(made, one_of(made, attempts=1), attempts=2),
    ),
    "no reject": ("ONCE: 1 requests whose broken lines", lambda made: {"rejected": made.rejected[1:]}),
    "a request nobody sent": (
        "ONCE: 1 envelopes and events nobody sent",
        lambda made: {"envelopes": [*made.envelopes, devices.Envelope((9, 9), 0, "logins", b"x")]},
    ),
    "a sum": ("BATCH: 1 windows of measures that are others", lambda made: window_but(made, of_day(made, "attacks"), value=1)),
    "too many different ones": (
        "BATCH: 1 windows of measures that are others",
        lambda made: window_but(made, of_day(made, "attackers"), value=made.windows[of_day(made, "attackers")].value * 1.06),
    ),
    "too many whole minutes": (
        "BATCH: 1 windows of measures that are others",
        lambda made: window_but(made, of_day(made, "attacks"), whole=1_440),
    ),
    "a window less": (
        "BATCH: 1 windows of measures that are missing",
        lambda made: {"windows": dict(list(made.windows.items())[1:])},
    ),
    "a window more": (
        "BATCH: 1 windows of measures that should not be",
        lambda made: {"windows": {**made.windows, (security.SENSOR, "attacks", "hour", START - DAY): counts.Window(0, 0, 60)}},
    ),
    "a duplicate too many": ("BALANCE: 1 figures of logins", lambda made: balance_but(made, "logins", "rows_duplicate")),
    "an event of another feed": (
        "ONCE: 1 events of feeds nobody sent by",
        lambda made: {"stored": [*made.stored, made.stored[0]._replace(feed="gateway", at=(9, 9))]},
    ),
    "an envelope astray": ("BALANCE: 1 figures of frames", lambda made: balance_but(made, "frames", "envelopes_astray")),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_found(made, what):
    """Negative controls of the check."""
    finding, of = WRONG[what]
    found = made.check(**of(made)).findings
    assert any(one.startswith(finding) for one in found), found


def test_different_ones_are_an_estimate(made):
    key = of_day(made, "attackers")
    exact = made.windows[key].value
    assert exact > 100
    assert made.check(**window_but(made, key, value=round(exact * 1.04))).findings == []


@pytest.mark.parametrize("of", [security.Sensors, security.Logins, security.Firewall])
def test_a_seed_says_the_same_again(of):
    assert list(said(of, 7)) == list(said(of, 7)) != list(said(of, 8))


def lines_of(of, seed):
    return [line for lines in said(of, seed) for _, line in lines if line]


def test_every_ingredient_is_there_for_many_seeds():
    for seed in range(6):
        sensor = [line for line in lines_of(security.Sensors, seed) if line["log_source"] == security.SENSOR]
        stats = [line for line in sensor if "stats" in line]
        assert any(line["stats"]["rules"] == 0 for line in stats), seed
        assert any(later["stats"]["uptime"] < line["stats"]["uptime"] for line, later in zip(stats, stats[1:])), seed
        hours = collections.Counter(minute // HOUR for minute in counts.blind(sensor))
        # Of each of the days, at least, those that drop, have no rules, start again, have too full a queue.
        assert len([hour for hour, minutes in hours.items() if minutes >= 10]) >= 8, seed
        for of in (security.Sensors, security.Logins, security.Firewall):
            # Those that come again are known.
            lines, newest, late = {line["id"]: line for line in lines_of(of, seed)}.values(), START, 0
            for line in lines:
                if line["log_source"] != security.PRESENT and not line.get("evicted"):
                    late += line["at"] < newest - HOUR
                    # What the flow holds for certain.
                    assert line["at"] >= security.local_day(newest) - DAY
                    newest = max(newest, line["at"])
            assert late > 5 and sum(bool(line.get("evicted")) for line in lines) > 5, (of, seed)


def test_attempts_are_those_of_the_voice_that_tells_of_the_most():
    def line(voice, weight=1):
        return {"log_source": "a", "source": "x", "login": {"process": 1, "voice": voice, "weight": weight}}

    def added(*voices):
        return counts.attempts([line(*voice) for voice in voices])

    assert added(("pam_unix",), ("sshd",), ("sshd", 2), ("sum", 4)) == [1, 0, 2, 2]
    assert added(("pam_unix",), ("accepted",)) == [1, -1]
    assert added(("pam_unix",), ("sshd",), ("accepted",)) == [1, 0, 0]
    assert added(("sum", 5),) == [5]


def test_minutes_are_heard_between_lines_that_are_near_and_blind_where_a_sensor_says_so():
    moments = [0, 10 * MINUTE + SECOND, 26 * MINUTE]
    assert counts.heard(moments, True) == {minute * MINUTE for minute in (*range(11), 26)}
    assert counts.heard(moments, False) == {0, 10 * MINUTE, 26 * MINUTE}

    def stats(minute, uptime, drops, rules=1, reloaded=0):
        told = {"uptime": uptime, "packets": 100, "drops": drops, "overflow": 0, "rules": rules, "reloaded": reloaded}
        return {"at": minute * MINUTE, "stats": told}

    records = [stats(0, 100, 50), stats(10, 700, 50), stats(5, 400, 99), stats(20, 5, 40), stats(30, 600, 40, 0, 23 * MINUTE)]
    assert counts.blind(records) == {minute * MINUTE for minute in (*range(10, 20), *range(23, 30))}
