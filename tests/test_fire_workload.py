"""Whatever the seed, the fire test's workload holds every ingredient that the test promises, and soon enough.

No server: the pure generator, in the order in which a publisher sends. What is late by a day or more lies at once behind
a window that its station's own data have closed, so its row is a revision; a row for a day that has left memory is the
`latecomer`'s, who asks the store how far the flow is.
"""

import collections
import dataclasses
import json

import pytest

from fire import workload
from fire.crowd import MASS
from fire.pack import LATENESS
from fire.run import LONG, SHORT

START = 1_772_323_200_000
# A fraction of the readings in the same days: what every seed has of these it has all the more of the others.
THINNED = dataclasses.replace(SHORT, stations=2, step=10 * SHORT.step)
# The last kind goes to a topic, which a sender of lines has but one of.
GARBAGE = {"cut off", "no number", "unknown subject", "unknown indicator", "noise", "no json", "unclaimed"}


def least(scale, name, seed):
    """What a publisher sends at least."""
    end = START + scale.least * workload.DAY
    return workload.messages(name, scale.stations_of(name), seed, START, end, scale.step, anywhere=name != "lines")


def kind_of_garbage(record):
    payload = bytes.fromhex(record["payload"])
    if record["topic"] == "nobody/listens":
        return "unclaimed"
    if payload.startswith(b"\xff\xfe"):
        return "noise"
    if payload.startswith(b"\x01"):
        return "no json"
    if payload.endswith(b":"):
        return "cut off"
    reading = json.loads(payload)
    if reading["value"] == "NaN":
        return "no number"
    return "unknown subject" if reading["subject"].startswith("UNKNOWN") else "unknown indicator"


def kind_of_clock(record):
    moment = json.loads(bytes.fromhex(record["payload"]))["time"]
    return {"1805": "1805", "1970": "battery"}.get(moment[:4], "tomorrow")


def ingredients(messages):
    """What a station of that province does wrong, by name, each as often as it is there."""
    there, newest, received = collections.Counter(), collections.Counter(), {}
    for message in messages:
        record = message.record
        kind = record["kind"]
        there[kind] += 1
        if kind == "garbage":
            there[f"garbage: {kind_of_garbage(record)}"] += 1
        elif kind == "wrong_clock":
            there[f"wrong clock: {kind_of_clock(record)}"] += 1
        else:
            subject, moment = record["subject"], record["time"]
            hour = moment // workload.HOUR
            watermark = newest[subject] - LATENESS["gateway"]
            if (hour + 1) * workload.HOUR <= watermark and kind in ("late", "correction", "redelivered"):
                there[f"{kind}, its hour closed"] += 1
            if kind == "late" and newest[subject] - moment >= workload.DAY:
                there["late by a day"] += 1
            newest[subject] = max(newest[subject], moment)
            received.setdefault((subject, record["indicator"]), collections.Counter())[hour] += kind in ("reading", "late")
    for hours in received.values():
        there["hour without a reading"] += sum(hour not in hours for hour in range(min(hours), max(hours)))
    return there


def promised(name):
    kinds = GARBAGE - ({"unclaimed"} if name == "lines" else set())
    return {
        *(workload.KINDS - {"evicted", "file"}),
        *(f"garbage: {kind}" for kind in kinds),
        *(f"wrong clock: {kind}" for kind in ("tomorrow", "1805", "battery")),
        *(f"{kind}, its hour closed" for kind in ("late", "correction", "redelivered")),
        "late by a day",
        "hour without a reading",
    }


def test_every_ingredient_is_there_for_two_thousand_seeds():
    names = list(MASS)
    for seed in range(2_000):
        name = names[seed % len(names)]
        there = ingredients(least(THINNED, name, seed))
        missing = promised(name) - set(+there)
        assert not missing, f"seed {seed}, {name}: no {sorted(missing)}"


@pytest.mark.parametrize("scale", [SHORT, LONG], ids=["short", "long"])
def test_every_ingredient_is_there_many_times_at_full_size(scale):
    there = ingredients(least(scale, "rumqttc", 583_943))
    rare = {what: there[what] for what in promised("rumqttc") if there[what] < 10}
    assert not rare, rare


def test_a_seed_sends_the_same_again_on_any_day():
    def told(start):
        end = start + workload.DAY
        messages = workload.messages("paho5", SHORT.stations_of("paho5"), 7, start, end, SHORT.step)
        return [
            (message.id, message.after, message.record["kind"], message.record.get("time", start) - start)
            for message in messages
        ]

    assert told(START) == told(START + 40 * workload.DAY)


def test_a_publisher_that_is_told_to_end_comes_to_the_end_of_its_promised_days():
    asked = []

    def is_over(moment):
        asked.append(moment)
        return moment >= START + workload.DAY

    span = START, START + 3 * workload.DAY, SHORT.step
    sent = list(workload.messages("paho5", SHORT.stations_of("paho5"), 7, *span, is_over=is_over))
    assert asked[-1] == START + workload.DAY
    assert max(message.record.get("time", 0) for message in sent) >= START + workload.DAY - SHORT.step
