"""What a publisher sends: readings of its stations, with everything among them that goes wrong in a province.

A seed gives the same messages again. They are made as they are asked for, so that a run may be as long as its kills.

Whatever chance decides, it decides the place of a thing and never whether it comes: shares and decks are dealt, so that
every seed sends every ingredient, and its first `Scale.least` days are enough for that (`tests/test_fire_workload.py`).

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

# What becomes of one hour of each day of a station; the others are whole.
MISSING, THIN, HELD_BACK = "missing", "thin", "held back"
# Days, and up to half of one more, that the hours held back come late, one after the other.
DAYS_LATE = (1, 2, 3, 6)
# One of so many readings is sent again, corrected (and one of so many of those reverted by mistake), a little out of
# order.
DUPLICATE, CORRECTED, REDELIVERED, OUT_OF_ORDER = 20, 33, 3, 33
# Hours until a correction comes: soon, and when its hour has long been closed.
CORRECTED_AFTER = ((0, 1), (3, 16))
# Of a station's turns, each about a dozen readings.
GARBAGE, WRONG_CLOCK = 11, 11
# The share of a thin hour's readings that are missing.
THINNED = 0.6

# All there is of it; what a `latecomer` sends to days let go of, and what comes in files, comes from theirs alone.
KINDS = {"reading", "duplicate", "correction", "redelivered", "late", "wrong_clock", "garbage", "evicted", "file"}


def rfc3339(millis):
    moment = datetime.datetime.fromtimestamp(millis / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Share:
    """True for one of every so many, at a place among them that chance decides."""

    def __init__(self, chance, every):
        self.chance, self.every, self.place = chance, every, 0

    def is_next(self):
        if self.place == 0:
            self.hit = self.chance.randrange(self.every)
        hit = self.place == self.hit
        self.place = (self.place + 1) % self.every
        return hit


class Deck:
    """Deals each of its cards, in an order that chance decides, before it deals one of them again."""

    def __init__(self, chance, cards):
        self.chance, self.cards, self.left = chance, list(cards), []

    def deal(self):
        self.left = self.left or self.chance.sample(self.cards, len(self.cards))
        return self.left.pop()


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


class Garbage:
    """Topics and bytes that are no reading, or one that goes where nobody listens. Neither line ends nor NUL: one
    sender sends lines of text."""

    def __init__(self, chance, anywhere):
        self.chance = chance
        self.kinds = Deck(chance, [*BROKEN, *(["unclaimed"] if anywhere else [])])

    def next(self, station):
        kind = self.kinds.deal()
        good = {"indicator": "pm25", "subject": station, "time": rfc3339(int(time.time() * 1000)), "value": 1.5, "n": "#"}
        topic = "nobody/listens" if kind == "unclaimed" else f"test/{station}/observation"
        if kind == "noise":
            noise = bytes(self.chance.randrange(1, 256) for _ in range(self.chance.randrange(1, 60)))
            return topic, b"\xff\xfe#" + noise.translate(None, b"\n\r#{}[]")
        whole = BROKEN.get(kind, {})
        return topic, whole if isinstance(whole, bytes) else json.dumps(good | whole).encode()


# Bytes, or what is wrong with a good reading.
BROKEN = {
    "cut off": b'{"n":"#","indicator":"pm25","subject":',
    "no number": {"value": "NaN"},
    "unknown subject": {"subject": "UNKNOWN-#"},
    "unknown indicator": {"indicator": "nonsense"},
    "noise": b"",
    "no json": b"\x01\x02 not json #",
}


class WrongClocks:
    """Readings of tomorrow, of 1805, of the day the clock's battery died."""

    def __init__(self, chance):
        self.chance = chance
        self.moments = Deck(chance, ["tomorrow", "1805-01-01T00:00:00Z", "1970-01-01T00:00:12Z"])

    def next(self, station):
        moment = self.moments.deal()
        if moment == "tomorrow":
            moment = rfc3339(int(time.time() * 1000) + self.chance.randrange(2 * HOUR, 3 * DAY))
        body = {"indicator": "pm10", "subject": station, "time": moment, "value": 1.5, "n": "#"}
        return f"test/{station}/observation", json.dumps(body).encode()


class Weather:
    """The level of an indicator at a station and moment: by the hour of the day, on better and worse days."""

    def __init__(self, chance):
        self.chance = chance
        self.factors = collections.defaultdict(lambda: Deck(chance, [0.4, 0.7, 1.0, 1.3, 1.9]))
        self.days = {}

    def value(self, indicator, station, moment):
        day = (station, moment // DAY)
        if day not in self.days:
            self.days[day] = self.factors[station].deal()
        low, swing = LEVELS[indicator]
        wave = 0.5 + 0.5 * math.sin(2 * math.pi * (moment % DAY) / DAY + len(indicator) + ord(station[-1]))
        return round(low + self.days[day] * swing * wave * self.chance.uniform(0.7, 1.3), 2)


class Fates:
    """What becomes of a station's hours, asked for in order: of each day one is missing, one thin, one held back."""

    def __init__(self, chance):
        self.chance = chance
        self.days_late = itertools.cycle(DAYS_LATE)
        self.day, self.of_day = None, {}

    def of(self, hour):
        """By the number of the hour. The fate, and how many milliseconds late it comes if it is held back."""
        if self.day != hour // 24:
            self.day = hour // 24
            late = next(self.days_late) * DAY + self.chance.randrange(DAY // 2)
            fates = ((MISSING, 0), (THIN, 0), (HELD_BACK, late))
            self.of_day = dict(zip(self.chance.sample(range(24), len(fates)), fates, strict=True))
        return self.of_day.get(hour % 24, ("whole", 0))


def messages(publisher, stations, seed, start, end, step, anywhere=True, is_over=lambda moment: False):
    """The publisher's messages in the order they are to be sent: its stations' readings from `start` to `end`, in
    pairs every `step` milliseconds. `anywhere`: some go to topics nobody claims. `is_over` is asked whether there are
    to be no more, with the moment they have come to."""
    chance = random.Random(f"{seed}/{publisher}")
    weather, garbage, wrong_clocks = Weather(chance), Garbage(chance, anywhere), WrongClocks(chance)
    fates = {station: Fates(random.Random(f"{seed}/{station}")) for station in stations}
    duplicate, corrected, redelivered = Share(chance, DUPLICATE), Share(chance, CORRECTED), Share(chance, REDELIVERED)
    out_of_order, is_garbage = Share(chance, OUT_OF_ORDER), Share(chance, GARBAGE)
    is_wrong_clock, corrected_after = Share(chance, WRONG_CLOCK), Deck(chance, CORRECTED_AFTER)
    sender = Sender(publisher)
    later = []
    order = itertools.count()
    series = sum(len(indicators_of(station)) for station in stations)
    of_an_hour = series * HOUR // step
    place = 0

    def put(at, kind, key, value, after=None):
        heapq.heappush(later, (at, next(order), kind, key, value, after))

    def sent(kind, key, value, after=None):
        """The reading, with what follows from it."""
        message = sender.reading(kind, key, value, after)
        if kind in ("reading", "late"):
            if duplicate.is_next():
                put(place + chance.randrange(of_an_hour), "duplicate", key, value)
            if corrected.is_next():
                soonest, latest = corrected_after.deal()
                wait = 1 + chance.randrange(soonest * of_an_hour, latest * of_an_hour)
                put(place + wait, "correction", key, round(value + 0.37, 2), message.id)
        if kind == "correction" and redelivered.is_next():
            # What was there before, once more: it must not win.
            put(place + 1, "redelivered", key, round(value - 0.37, 2), message.id)
        return message

    for moment in range(start, end, step):
        if is_over(moment):
            return
        for station in stations:
            fate, delay = fates[station].of((moment - start) // HOUR)
            for indicator in indicators_of(station):
                place += 1
                while later and later[0][0] <= place:
                    yield sent(*heapq.heappop(later)[2:])
                if fate == MISSING or (fate == THIN and chance.random() < THINNED):
                    continue
                first = moment + chance.randrange(step * 6 // 10)
                for at in (first, first + chance.randrange(1, step * 3 // 10)):
                    key, value = (indicator, station, at), weather.value(indicator, station, at)
                    if fate == HELD_BACK:
                        # The hour comes as a block, as from a logger that was offline.
                        end_of_hour = (moment // HOUR + 1) * HOUR + delay
                        put((end_of_hour - start) // step * series, "late", key, value)
                    elif out_of_order.is_next():
                        put(place + chance.randrange(1, 4 * series), "late", key, value)
                    else:
                        yield sent("reading", key, value)
            if is_garbage.is_next():
                yield sender.garbage("garbage", *garbage.next(station))
            if is_wrong_clock.is_next():
                yield sender.garbage("wrong_clock", *wrong_clocks.next(station))
    while later:
        yield sent(*heapq.heappop(later)[2:])
