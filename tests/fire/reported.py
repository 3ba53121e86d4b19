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
from fractions import Fraction

from boundaries import Units, read
from fire.pack import COMMUNES, NEXT_MAP, REPORT_FEED, REPORT_PLACES, SUCCESSIONS, WITHDRAWING
from ioc import PACK
from fire.reporting import Said

# As `store` reads them.
Receipt = collections.namedtuple("Receipt", "at position received form agency verdict rows stored same rejected withdrawn")
# An obligation as it stands, without when it was said.
Owed = collections.namedtuple("Owed", "form agency year month state received late revisions rejected")
VINTAGES = ("official", "preliminary")
ZONE = datetime.timezone(datetime.timedelta(hours=7))


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

    def beside(self):
        """What other agencies say of them, as `store.CONFLICTS` reads it."""
        for (form, name, place, year, month, agency), words in self.words.items():
            for vintage, said in words.items():
                if said and agency != place:
                    yield form, name, place, year, month, agency, vintage, said.mark, number(said)


def due(year, month):
    """The 28th of the second month behind, at 17:00 by the clock of the province, in milliseconds."""
    behind = year * 12 + month - 1 + 2
    return int(datetime.datetime(behind // 12, behind % 12 + 1, 28, 17, tzinfo=ZONE).timestamp() * 1000)


def owed(form, agency, year, month, receipts, now):
    """How the obligation of a commune stands of which these receipts came; the first accepted counts."""
    accepted = sorted((receipt for receipt in receipts if receipt.verdict == "accepted"), key=lambda receipt: receipt.received)
    refused = sum(receipt.verdict == "refused" for receipt in receipts)
    deadline = due(year, month)
    received = accepted[0].received if accepted else None
    late = None
    if accepted:
        late = -(-(received - deadline) // 1000) if received > deadline else None
        state = "late" if received > deadline else "on_time"
    elif now > deadline:
        state = "missing"
    else:
        state = "rejected" if refused else "due"
    revisions = sum(receipt.stored + receipt.withdrawn > 0 for receipt in accepted[1:])
    return Owed(form, agency, year, month, state, received, late, revisions, refused)


def units():
    """Of the pack that burns."""
    places = read(PACK / "places.csv")
    places += csv.DictReader(REPORT_PLACES.splitlines(), fieldnames=list(places[0]))
    return Units(places, list(csv.DictReader(SUCCESSIONS.splitlines())))


def restated(shown):
    """What is shown, on the map to come, as `store.RESTATED` reads it: worked out by `boundaries` and by none of its code."""
    said, found = collections.defaultdict(dict), []
    since, day, all_units = datetime.date(2025, 7, 1), datetime.date.fromisoformat(NEXT_MAP), units()
    for form, name, place, year, month, _, mark, value in shown:
        counts = {"value": value, "none": 0}.get(mark)
        said[form, name, year, month][place, since] = None if counts is None else Fraction(counts)
    for (form, name, year, month), of in said.items():
        end = datetime.date(year, month, calendar.monthrange(year, month)[1])
        for (place, _), (value, reason, estimated, known, expected) in all_units.restated(of, end, day).items():
            # What was taken back stands in the store all the same, and is nothing here.
            if known:
                value = None if value is None else decimal.Decimal(value.numerator) / decimal.Decimal(value.denominator)
                is_estimate = estimated and value is not None
                found.append((form, name, place, year, month, value, reason, is_estimate, known, expected))
    return found


class Reports:
    """What is broken, in `findings`; what was compared, in `figures`; of all receipts, the `sums`."""

    def __init__(self, journals, envelopes, receipts, shown, beside, obligations, balance, on_map=()):
        self.journals, self.balance = journals, balance
        self.obligations = [Owed(*row) for row in obligations]
        self.now = max((receipt.received for receipt in receipts), default=0)
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
        self.same("numbers on the map to come", collections.Counter(restated(self.kept.shown())), self.held_restated)
        self.owed()
        sums = {name: self.sums[name] for name in ("rows", "stored", "same", "rejected")}
        totals = dict(zip(sums, (self.balance[f"rows_{name}"] for name in ("decoded", "stored", "duplicate", "rejected")), strict=True))
        if sums != totals:
            self.findings.append(f"BALANCE: receipts say {sums}, the feed {totals}")
        self.figures |= {"cells shown": sum(self.held.values()), "words beside them": sum(self.held_beside.values())}
        self.figures["numbers on another map"] = sum(self.held_restated.values())
        return self

    def came_for(self, message, receipt):
        record = self.meant[message]
        if record["agency"] == record["place"]:
            self.came[record["form"], record["place"], *record["month"]].append(receipt)

    def same(self, what, wanted, held):
        self.none("BATCH", f"{what} that are missing or others", sorted((wanted - held).elements(), key=str))
        self.none("BATCH", f"{what} that should not be", sorted((held - wanted).elements(), key=str))

    def owed(self):
        """Every commune owes both forms of each month; what it sent of one says how that stands."""
        held = [row for row in self.obligations if (row.form, row.agency, row.year, row.month) in self.came]
        wanted = [owed(*key, receipts, self.now) for key, receipts in self.came.items()]
        self.same("obligations", collections.Counter(wanted), collections.Counter(held))
        others = [row for row in self.obligations if (row.form, row.agency, row.year, row.month) not in self.came]
        met = [row for row in others if row.state not in ("not_due", "due", "missing") or row.agency not in COMMUNES]
        self.none("BATCH", "obligations that nothing came for", met)
        self.figures["obligations"] = len(wanted)

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
