"""What is kept of reports against the journals of who sent them.

By the rules the product states (decision 35), and by none of its code: of a cell, an agency and a vintage the last word
counts; the same bytes from the same agency are no word; what one form leaves out stays, and what the other leaves out is
taken back; shown is the highest vintage of the commune whose cell it is.
"""

import calendar
import collections
import csv
import datetime
import decimal
import json
import math
from fractions import Fraction

from boundaries import Units, read
from fire import owing
from fire.pack import (
    GROUP, LAST_MAP, NEXT_MAP, NOT_ADDITIVE, OLD_DISTRICT, OLD_PROVINCE, REPORT_FEED, REPORT_PLACES, SHARE, SUCCESSIONS, WITHDRAWING,
)
from ioc import PACK
from fire.reporting import Said

# As `store` reads them.
Receipt = collections.namedtuple("Receipt", "at position received form agency verdict rows stored same rejected withdrawn")
VINTAGES = ("official", "preliminary")
SINCE = datetime.date(2025, 7, 1)
COMMUNE_OF_TWO = ("25459", SINCE)


class Journal:
    """What an office wrote down."""

    def __init__(self, path):
        self.sent, self.acknowledged = {}, set()
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if "sent" in record:
                cells = record["cells"].items()
                record["cells"] = {name: said and Said(*said) for name, said in cells}
                self.sent[record["sent"]] = record
            else:
                self.acknowledged.add(record["acknowledged"])


def read_journals(folder):
    return {path.stem: Journal(path) for path in sorted(folder.glob("*.jsonl"))}


def number(said):
    return None if said.number is None else decimal.Decimal(said.number)


class Kept:
    """What is known of the cells when all messages were taken in the order in which they were sent."""

    def __init__(self):
        # By form, indicator, place, month and agency, and vintage: what was said last; none where it was taken back.
        self.words = collections.defaultdict(dict)
        self.delivered = set()
        self.figures = collections.Counter()

    def take(self, record):
        """The fate of a message that comes for the first time: verdict, stored, same, withdrawn."""
        if record["refused"]:
            return "refused", 0, 0, 0
        if (record["agency"], record["payload"]) in self.delivered:
            return "duplicate", 0, len(record["cells"]), 0
        self.delivered.add((record["agency"], record["payload"]))
        stored = same = withdrawn = 0
        filled = {name: said for name, said in record["cells"].items() if said}
        for name, said in filled.items():
            words = self.words[self.key(record, name)]
            if words.get(said.vintage) is not None and self.meant(words[said.vintage]) == self.meant(said):
                same += 1
            else:
                words[said.vintage] = said
                stored += 1
        if record["form"] == WITHDRAWING:
            about = self.key(record, None)
            for key, words in self.words.items():
                if key[0] == about[0] and key[2:] == about[2:] and key[1] not in filled and words.get("official"):
                    words["official"] = None
                    withdrawn += 1
        return "accepted", stored, same, withdrawn

    @staticmethod
    def key(record, name):
        year, month = record["month"]
        return record["form"], name, record["place"], year, month, record["agency"]

    @staticmethod
    def meant(said):
        return said.mark, number(said)

    def shown(self):
        """What is shown of each cell, as `store.CELLS` reads it."""
        for (form, name, place, year, month, agency), words in self.words.items():
            said = next((words[vintage] for vintage in VINTAGES if words.get(vintage)), None)
            if said and agency == place:
                yield form, name, place, year, month, said.vintage, said.mark, number(said)

    def said(self):
        """By form, indicator, year and month, what counts of each commune's cell; what was taken back is no word."""
        said = collections.defaultdict(dict)
        for (form, name, place, year, month, agency), words in self.words.items():
            if agency == place:
                one = next((words[vintage] for vintage in VINTAGES if words.get(vintage)), None)
                if one:
                    counts = {"value": one.number, "none": 0}.get(one.mark)
                    said[form, name, year, month][place, SINCE] = None if counts is None else Fraction(counts)
        return said

    def beside(self):
        """What other agencies say of them, as `store.CONFLICTS` reads it."""
        for (form, name, place, year, month, agency), words in self.words.items():
            for vintage, said in words.items():
                if said and agency != place:
                    yield form, name, place, year, month, agency, vintage, said.mark, number(said)


def units():
    """Of the pack that burns."""
    places = read(PACK / "places.csv")
    places += csv.DictReader(REPORT_PLACES.splitlines(), fieldnames=list(places[0]))
    return Units(places, list(csv.DictReader(SUCCESSIONS.splitlines())))


def as_decimal(value):
    return None if value is None else decimal.Decimal(value.numerator) / decimal.Decimal(value.denominator)


def wider(map, form, name, unit, year, month, numbers):
    """What known numbers add up to in a unit, as `store.ON_MAP` reads it."""
    known = [number for number in numbers if number is not None]
    return map, form, name, unit, year, month, as_decimal(sum(known, Fraction(0))) if known else None, "wider", None, len(known), None


def on_maps(said):
    """What is said, on the map to come and on the last one, as `store.on_maps` reads it: worked out by `boundaries`."""
    found, all_units = [], units()
    for day, maps, province in ((NEXT_MAP, (NEXT_MAP,), "80"), (LAST_MAP, (LAST_MAP, f"{LAST_MAP} known"), OLD_PROVINCE)):
        for map in maps:
            found += on_map(said, all_units, day, map, province)
    for (form, name, year, month), of in said.items():
        # Of what the old district's two wards became, that is one of today's communes.
        if name != NOT_ADDITIVE and COMMUNE_OF_TWO in of:
            found.append(wider("", form, name, GROUP, year, month, [of[COMMUNE_OF_TWO]]))
    return found


def on_map(said, all_units, day, map, province):
    made, share = {}, SHARE
    for (form, name, year, month), of in said.items():
        end = datetime.date(year, month, calendar.monthrange(year, month)[1])
        made[form, name, year, month] = of_units = all_units.restated(of, end, datetime.date.fromisoformat(day), name != NOT_ADDITIVE)
        for (place, _), (value, reason, estimated, known, expected) in of_units.items():
            is_estimate = estimated and value is not None
            yield map, form, name, place, year, month, as_decimal(value), reason, is_estimate, known, expected
        if name != NOT_ADDITIVE:
            # All of them lie in one province, whatever became of them; one alone in the old district.
            yield wider(map, form, name, province, year, month, of.values())
            if province == OLD_PROVINCE:
                within = {OLD_DISTRICT: [COMMUNE_OF_TWO], "704": of.keys() - {COMMUNE_OF_TWO}}
                for district, places in within.items():
                    if there := [of[place] for place in places if place in of]:
                        yield wider(map, form, name, district, year, month, there)
    for form, year, month in {(form, year, month) for form, name, year, month in made if name in share[1:]}:
        sides = (made.get((form, name, year, month), {}) for name in share[1:])
        for (place, _), (value, reason, estimated, *_) in all_units.ratio(*sides).items():
            # Rounded as `store.ON_MAP` does.
            value = None if value is None else as_decimal(Fraction(math.floor(value * 10**6 + Fraction(51, 100)), 10**6))
            yield map, form, share[0], place, year, month, value, reason, estimated and value is not None, None, None


# What the ledger holds, and by which clock it does.
Ledger = collections.namedtuple("Ledger", "clock owed scores reminded")


class Reports:
    """What is broken, in `findings`; what was compared, in `figures`; of all receipts, the `sums`."""

    def __init__(self, journals, envelopes, receipts, shown, beside, ledger, balance, on_map=()):
        self.journals, self.balance, self.ledger = journals, balance, ledger
        # By form, commune, year and month: the receipts of its own messages.
        self.came = collections.defaultdict(list)
        self.envelopes = sorted(envelope for envelope in envelopes if envelope.feed == REPORT_FEED)
        self.receipts = collections.defaultdict(list)
        for receipt in receipts:
            self.receipts[receipt.at, receipt.position].append(receipt)
        self.held, self.held_beside = collections.Counter(map(tuple, shown)), collections.Counter(map(tuple, beside))
        self.held_restated = collections.Counter(map(tuple, on_map))
        self.findings, self.figures, self.kept = [], collections.Counter(), Kept()
        self.sums = collections.Counter()
        for receipt in receipts:
            self.sums.update({name: getattr(receipt, name) for name in ("rows", "stored", "same", "rejected", "withdrawn")})
            self.sums["messages rejected"] += receipt.rejected > 0

    def none(self, invariant, what, found):
        if found:
            self.findings.append(f"{invariant}: {len(found)} {what}, such as {found[:3]}")
        return len(found)

    def run(self):
        for name, journal in self.journals.items():
            self.figures["lost"] += self.none(
                "ACK", f"messages of {name} that were not acknowledged", sorted(journal.sent.keys() - journal.acknowledged)
            )
        self.fates()
        self.same("cells that are shown", collections.Counter(self.kept.shown()), self.held)
        self.same("words of other agencies", collections.Counter(self.kept.beside()), self.held_beside)
        self.same("numbers on other maps", collections.Counter(on_maps(self.kept.said())), self.held_restated)
        self.owed()
        sums = {name: self.sums[name] for name in ("rows", "stored", "same", "rejected")}
        totals = dict(zip(sums, (self.balance[f"rows_{name}"] for name in ("decoded", "stored", "duplicate", "rejected")), strict=True))
        if sums != totals:
            self.findings.append(f"BALANCE: receipts say {sums}, the feed {totals}")
        self.figures |= {"cells shown": sum(self.held.values()), "words beside them": sum(self.held_beside.values())}
        self.figures["numbers on other maps"] = sum(self.held_restated.values())
        return self

    def came_for(self, message, receipt):
        record = self.meant[message]
        if record["agency"] == record["place"]:
            self.came[record["form"], record["place"], *record["month"]].append(receipt)

    def same(self, what, wanted, held):
        self.none("BATCH", f"{what} that are missing or others", sorted((wanted - held).elements(), key=str))
        self.none("BATCH", f"{what} that should not be", sorted((held - wanted).elements(), key=str))

    def owed(self):
        """Every commune owes both forms of each month, whether anything of it came or not."""
        wanted = owing.matrix(self.came, self.ledger.clock)
        self.same("obligations", collections.Counter(wanted), collections.Counter(self.ledger.owed))
        scores = collections.Counter(owing.scores(wanted))
        self.same("scores of what is owed", scores, collections.Counter(self.ledger.scores))
        reminded = owing.reminded(wanted, self.ledger.clock)
        active = collections.Counter(one.agency for one in self.ledger.reminded if one.active)
        self.same("alerts of reminders", collections.Counter(reminded.keys()), active)
        # It says how many there were when it was raised: enough, and no more than there are now.
        others = [
            one
            for one in self.ledger.reminded
            if one.active and not owing.REMINDED_AT <= one.count <= reminded.get(one.agency, one.count)
        ]
        self.none("BATCH", "alerts of another number of reminders", others)
        self.figures["obligations"] = len(wanted)
        self.figures |= collections.Counter(f"obligations {one.state}" for one in wanted)

    def fates(self):
        """Every envelope has one receipt, and what all of a message's say is what must have become of it."""
        fates = collections.defaultdict(list)
        twice = []
        for envelope in self.envelopes:
            receipts = self.receipts.pop((envelope.at, envelope.position), [])
            if len(receipts) != 1:
                twice.append((envelope.at, envelope.position, receipts))
            for receipt in receipts:
                fates[receipt.agency, envelope.payload.decode()].append(receipt)
        self.figures["doubled"] += self.none("ONCE", "envelopes without one receipt", twice)
        self.none("ONCE", "receipts without an envelope", list(self.receipts))
        wanted = collections.defaultdict(list)
        self.meant = {}
        for journal in self.journals.values():
            for record in journal.sent.values():
                self.meant[record["agency"], record["payload"]] = record
                fate = self.kept.take(record)
                self.figures[f"messages {fate[0]}"] += 1
                wanted[record["agency"], record["payload"]].append(fate)
        missing, others = [], []
        for message, ways in wanted.items():
            for receipt in fates.get(message, []):
                self.came_for(message, receipt)
            held = sorted(fates.pop(message, []), key=lambda receipt: (receipt.received, receipt.at, receipt.position))
            if len(held) < len(ways):
                missing.append((message, len(held), len(ways)))
                continue
            # It may have come more often than it was sent on purpose: whoever was not answered sends again.
            further = "duplicate" if ways[0][0] == "accepted" else "refused"
            told = [(receipt.verdict, receipt.stored, receipt.same, receipt.withdrawn) for receipt in held]
            if told[0] != ways[0] or any((verdict, stored) != (further, 0) for verdict, stored, *_ in told[1:]):
                others.append((message, ways[0], told))
        self.figures["lost"] += self.none("ACK", "acknowledged messages without a receipt", missing)
        self.none("BATCH", "messages that became something else", others)
        self.none("ONCE", "messages nobody sent", list(fates))
