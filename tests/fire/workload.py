"""What a publisher sends: readings of its stations, with everything among them that goes wrong in a province.

A seed gives the same messages again. They are made as they are asked for, so that a run may be as long as its kills.

`after` is the number of a message that must be acknowledged before this one is sent: so the order in which a key's
values arrive is known from the journal, whatever is sent again.
"""

import collections
import datetime
import heapq
import itertools
import json
import math
import random
import time

from fire.pack import indicators_of

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# `record` is the journal's line about it: for a reading its key and value, for anything else its bytes.
Message = collections.namedtuple("Message", "id after topic payload record")

# From where and how far an indicator swings, so that hours differ, limits are exceeded and kept again.
LEVELS = {
    "pm25": (8, 90),
    "pm10": (20, 150),
    "no2": (15, 210),
    "o3": (20, 150),
    "so2": (5, 90),
    "co": (300, 4_000),
    "ph": (5.8, 2.2),
    "do": (1, 6),
    "temperature": (20, 6),
    "cod": (4, 40),
    "nh4": (0.05, 1),
    "coliform": (500, 9_000),
}

# What becomes of an hour of a station: shares of missing, thinned out, and held back to be sent days late.
MISSING, THIN, HELD_BACK = 0.03, 0.06, 0.09
# Shares of readings that are sent again, corrected (and of those reverted by mistake), and a little out of order.
DUPLICATE, CORRECTED, REDELIVERED, OUT_OF_ORDER = 0.05, 0.03, 0.3, 0.03
# Of a station's turns, each about a dozen readings.
GARBAGE, WRONG_CLOCK = 0.09, 0.09


def rfc3339(millis):
    moment = datetime.datetime.fromtimestamp(millis / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Sender:
    """Numbers a publisher's messages."""

    def __init__(self, publisher):
        self.publisher = publisher
        self.count = 0

    def reading(self, kind, key, value, after=None):
        indicator, subject, moment = key
        number = self._next()
        payload = (
            f'{{"indicator":"{indicator}","subject":"{subject}","time":"{rfc3339(moment)}","value":{value!r},'
            f'"n":"{self.publisher}-{number}"}}'
        )
        key = {"indicator": indicator, "subject": subject, "time": moment}
        record = {"sent": number, "kind": kind, **key, "value": value}
        return Message(number, after, f"test/{subject}/observation", payload.encode(), record)

    def garbage(self, kind, topic, payload):
        """Something that must end as exactly one reject; its number makes it unlike every other."""
        number = self._next()
        payload = payload.replace(b"#", f"{self.publisher}-{number}".encode())
        record = {"sent": number, "kind": kind, "topic": topic, "payload": payload.hex()}
        return Message(number, None, topic, payload, record)

    def _next(self):
        self.count += 1
        return self.count


def broken(chance, station, anywhere):
    """A topic and bytes that are no reading, or one that goes where nobody listens. Neither line ends nor NUL: one
    sender sends lines of text."""
    topic = f"test/{station}/observation"
    good = {"indicator": "pm25", "subject": station, "time": rfc3339(int(time.time() * 1000)), "value": 1.5, "n": "#"}
    noise = bytes(chance.randrange(1, 256) for _ in range(chance.randrange(1, 60))).translate(None, b"\n\r#{}[]")
    kinds = [
        b'{"n":"#","indicator":"pm25","subject":',
        json.dumps(good | {"value": "NaN"}).encode(),
        json.dumps(good | {"subject": "UNKNOWN-#"}).encode(),
        json.dumps(good | {"indicator": "nonsense"}).encode(),
        b"\xff\xfe#" + noise,
        b"\x01\x02 not json #",
    ]
    if anywhere:
        kinds.append(json.dumps(good).encode())
    payload = chance.choice(kinds)
    return ("nobody/listens" if payload == kinds[-1] and anywhere else topic), payload


def wrong_clock(chance, station):
    """A reading of tomorrow, of 1805, of the day the clock's battery died."""
    tomorrow = int(time.time() * 1000) + chance.randrange(2 * HOUR, 3 * DAY)
    moment = chance.choice([rfc3339(tomorrow), "1805-01-01T00:00:00Z", "1970-01-01T00:00:12Z"])
    body = {"indicator": "pm10", "subject": station, "time": moment, "value": 1.5, "n": "#"}
    return f"test/{station}/observation", json.dumps(body).encode()


class Weather:
    """The level of an indicator at a station and moment: by the hour of the day, on better and worse days."""

    def __init__(self, seed):
        self.seed = seed
        self.days = {}

    def value(self, chance, indicator, station, moment):
        day = (station, moment // DAY)
        if day not in self.days:
            self.days[day] = random.Random(f"{self.seed}/{day}").choice([0.4, 0.7, 1.0, 1.3, 1.9])
        low, swing = LEVELS[indicator]
        wave = 0.5 + 0.5 * math.sin(2 * math.pi * (moment % DAY) / DAY + len(indicator) + ord(station[-1]))
        return round(low + self.days[day] * swing * wave * chance.uniform(0.7, 1.3), 2)


def fate_of(seed, station, hour):
    """What becomes of an hour, and how many milliseconds late it is if it is held back."""
    chance = random.Random(f"{seed}/{station}/{hour}")
    drawn = chance.random()
    if drawn < MISSING:
        return "missing", 0
    if drawn < THIN:
        return "thin", 0
    if drawn < HELD_BACK:
        return "held back", chance.choice([1, 2, 3, 6]) * DAY + chance.randrange(DAY // 2)
    return "whole", 0


def messages(publisher, stations, seed, start, end, step, anywhere=True):
    """The publisher's messages in the order they are to be sent: its stations' readings from `start` to `end`, in
    pairs every `step` milliseconds. `anywhere`: some go to topics nobody claims."""
    chance = random.Random(f"{seed}/{publisher}")
    weather = Weather(seed)
    sender = Sender(publisher)
    later = []
    order = itertools.count()
    series = sum(len(indicators_of(station)) for station in stations)
    place = 0

    def put(at, kind, key, value, after=None):
        heapq.heappush(later, (at, next(order), kind, key, value, after))

    def sent(kind, key, value, after=None):
        """The reading, with what follows from it."""
        message = sender.reading(kind, key, value, after)
        if kind in ("reading", "late"):
            if chance.random() < DUPLICATE:
                put(place + chance.randrange(500), "duplicate", key, value)
            if chance.random() < CORRECTED:
                put(place + chance.randrange(1, 3_000), "correction", key, round(value + 0.37, 2), message.id)
        if kind == "correction" and chance.random() < REDELIVERED:
            # What was there before, once more: it must not win.
            put(place + 1, "redelivered", key, round(value - 0.37, 2), message.id)
        return message

    for moment in range(start, end, step):
        for station in stations:
            fate, delay = fate_of(seed, station, moment // HOUR)
            for indicator in indicators_of(station):
                place += 1
                while later and later[0][0] <= place:
                    yield sent(*heapq.heappop(later)[2:])
                if fate == "missing" or (fate == "thin" and chance.random() < 0.6):
                    continue
                first = moment + chance.randrange(step * 6 // 10)
                for at in (first, first + chance.randrange(1, step * 3 // 10)):
                    key, value = (indicator, station, at), weather.value(chance, indicator, station, at)
                    if fate == "held back":
                        # The hour comes as a block, as from a logger that was offline.
                        end_of_hour = (moment // HOUR + 1) * HOUR + delay
                        put((end_of_hour - start) // step * series, "late", key, value)
                    elif chance.random() < OUT_OF_ORDER:
                        put(place + chance.randrange(1, 4 * series), "late", key, value)
                    else:
                        yield sent("reading", key, value)
            if chance.random() < GARBAGE:
                yield sender.garbage("garbage", *broken(chance, station, anywhere))
            if chance.random() < WRONG_CLOCK:
                yield sender.garbage("wrong_clock", *wrong_clock(chance, station))
    while later:
        yield sent(*heapq.heappop(later)[2:])
