"""What the check of the fire's reports is worth: of a store that holds what was sent it finds nothing, and each thing that
is wrong it finds. No server: the pure generator, and a store that is made of what its messages mean.
"""

import collections
import dataclasses
import json

import pytest

from fire import owing, reported, reporter, reporting
from fire.devices import Envelope
from fire.pack import LAST_MAP, NEXT_MAP, OFFICE, REPORT_FEED

NOW = 1_795_000_000_000
FEED = ("rows_decoded", "rows_stored", "rows_duplicate", "rows_rejected")


def messages(seed, name, agency):
    reporters = reporting.Reporters(seed, name, NOW, agency)
    return [reporters.message() for _ in range(reporter.LEAST)]


@dataclasses.dataclass
class Made:
    """Journals of both offices, and a store that holds what they mean; each fourth message was sent twice."""

    folder: object
    receipts: list = dataclasses.field(default_factory=list)
    envelopes: list = dataclasses.field(default_factory=list)
    delivered: list = dataclasses.field(default_factory=list)

    def __post_init__(self):
        kept = reported.Kept()
        for at, (name, agency) in enumerate((("communes", None), ("office", OFFICE))):
            with open(self.folder / f"{name}.jsonl", "w") as journal:
                for number, (text, meaning) in enumerate(messages(1, name, agency), 1):
                    record = {"sent": number, "payload": text, **meaning}
                    journal.write(json.dumps(record) + "\n" + json.dumps({"acknowledged": number}) + "\n")
                    for _ in range(2 if number % 4 == 0 else 1):
                        self.deliver((0, at), record, kept)
        self.shown, self.beside = list(kept.shown()), list(kept.beside())
        self.restated = list(reported.on_maps(kept.said()))
        sums = collections.Counter()
        for receipt in self.receipts:
            sums.update(dict(zip(FEED, (receipt.rows, receipt.stored, receipt.same, receipt.rejected), strict=True)))
        self.balance = dict(sums)
        came = collections.defaultdict(list)
        for (meaning, _), receipt in zip(self.delivered, self.receipts, strict=True):
            if meaning["agency"] == meaning["place"]:
                came[meaning["form"], meaning["place"], *meaning["month"]].append(receipt)
        self.clock = max(receipt.received for receipt in self.receipts)
        self.owed = owing.matrix(came, self.clock)
        self.scores = list(owing.scores(self.owed))
        counts = owing.reminded(self.owed, self.clock)
        self.reminded = [owing.Reminded(agency, True, count) for agency, count in counts.items()]

    def deliver(self, at, record, kept):
        verdict, stored, same, withdrawn = kept.take(record)
        filled = sum(cell is not None for cell in record["cells"].values())
        rows = filled or 1
        same = rows if verdict == "duplicate" else same
        rejected = rows if verdict == "refused" else 0
        position = len(self.envelopes)
        self.delivered.append((record, position))
        self.envelopes.append(Envelope(at, position, REPORT_FEED, record["payload"].encode()))
        said = (record["form"], record["agency"], verdict, rows, stored, same, rejected, withdrawn)
        self.receipts.append(reported.Receipt(at, position, NOW + position, *said))

    def found(self):
        journals = reported.read_journals(self.folder)
        ledger = reported.Ledger(self.clock, self.owed, self.scores, self.reminded)
        of = (self.receipts, self.shown, self.beside, ledger, self.balance, self.restated)
        return reported.Reports(journals, self.envelopes, *of).run().findings


@pytest.fixture
def made(tmp_path):
    return Made(tmp_path)


def test_a_store_that_holds_what_was_sent_is_without_findings(made):
    assert made.found() == []


def other(made, is_meant, **changed):
    """The first such receipt is another."""
    at = next(at for at, receipt in enumerate(made.receipts) if is_meant(receipt))
    made.receipts[at] = made.receipts[at]._replace(**changed)


def other_owed(made, is_meant, **changed):
    """The first such obligation is another."""
    at = next(at for at, one in enumerate(made.owed) if is_meant(one))
    made.owed[at] = made.owed[at]._replace(**changed)


def other_of(name, **changed):
    """The first of a list is another."""
    def change(made):
        held = getattr(made, name)
        held[0] = held[0]._replace(**changed)

    return change


def other_number(made, is_meant):
    at = next(at for at, one in enumerate(made.restated) if one[6] and is_meant(one))
    made.restated[at] = (*made.restated[at][:6], made.restated[at][6] + 1, *made.restated[at][7:])


def guess(made, reason):
    at = next(at for at, one in enumerate(made.restated) if one[7] == reason)
    made.restated[at] = (*made.restated[at][:6], 1, "", *made.restated[at][8:])


def lose(made):
    """All that came of the first message."""
    payload = made.envelopes[0].payload
    lost = {(one.at, one.position) for one in made.envelopes if one.payload == payload}
    made.envelopes = [one for one in made.envelopes if (one.at, one.position) not in lost]
    made.receipts = [one for one in made.receipts if (one.at, one.position) not in lost]


ON_MAPS = "BATCH: 1 numbers on other maps"
WRONG = {
    "a message is lost": (lose, "ACK: "),
    "a receipt is lost": (lambda made: made.receipts.pop(3), "ONCE: "),
    "a receipt is there twice": (lambda made: made.receipts.append(made.receipts[3]), "ONCE: "),
    "a receipt is of nothing": (lambda made: made.receipts.append(made.receipts[3]._replace(position=9_999)), "ONCE: "),
    "the same bytes are taken twice": (lambda made: other(made, lambda one: one.verdict == "duplicate", verdict="accepted"), "BATCH: "),
    "an error is taken": (lambda made: other(made, lambda one: one.verdict == "refused", verdict="accepted"), "BATCH: "),
    "a row more is stored": (lambda made: other(made, lambda one: one.stored, stored=9), "BATCH: "),
    "nothing is taken back": (lambda made: other(made, lambda one: one.withdrawn, withdrawn=0), "BATCH: "),
    "a cell is missing": (lambda made: made.shown.pop(), "BATCH: 1 cells that are shown"),
    "a cell is of nobody": (lambda made: made.shown.append(("fire-k", "F09", *made.shown[0][2:])), "BATCH: 1 cells that are shown"),
    "an old word is shown": (lambda made: made.shown.append((*made.shown.pop()[:-1], 123_456)), "BATCH: "),
    "another agency's word is another": (lambda made: made.beside.append((*made.beside.pop()[:-1], 123_456)), "BATCH: "),
    "an obligation is missing": (lambda made: made.owed.pop(0), "BATCH: 1 obligations that are missing"),
    "what nobody sent anything of is not owed": (
        lambda made: made.owed.remove(next(one for one in made.owed if one.state == "missing")), "BATCH: 1 obligations that are missing"
    ),
    "nobody owes what nothing came of": (
        lambda made: made.owed.__setitem__(slice(None), [one for one in made.owed if one.received or one.rejected]), "BATCH: "
    ),
    "a passed deadline is still due": (lambda made: other_owed(made, lambda one: one.state == "missing", state="due"), "BATCH: 1 obligations"),
    "an open one is missing": (lambda made: other_owed(made, lambda one: one.state in ("due", "not_due"), state="missing"), "BATCH: 1 obligations"),
    "a correction makes it later": (lambda made: other_owed(made, lambda one: one.state == "late", late=1), "BATCH: 1 obligations"),
    "what nobody sent is met": (lambda made: other_owed(made, lambda one: one.state == "missing", state="late"), "BATCH: 1 obligations"),
    "a month is owed by nobody's commune": (lambda made: made.owed.append(made.owed[0]._replace(agency="25999")), "BATCH: 1 obligations that should not"),
    "a deadline is another": (lambda made: other_owed(made, lambda one: True, due_at=1), "BATCH: 1 obligations"),
    "it can be reported earlier": (lambda made: other_owed(made, lambda one: True, owed_from=1), "BATCH: 1 obligations"),
    "a reminder is counted twice": (lambda made: other_owed(made, lambda one: one.reminders == 1, reminders=2), "BATCH: 1 obligations"),
    "a refused attempt is forgotten": (lambda made: other_owed(made, lambda one: one.rejected, rejected=0), "BATCH: 1 obligations"),
    "a score is better": (other_of("scores", score=100.0, reasons=()), "BATCH: 1 scores"),
    "a score counts less": (other_of("scores", owed=1), "BATCH: 1 scores"),
    "a score is missing": (lambda made: made.scores.pop(), "BATCH: 1 scores"),
    "nobody is told of reminders": (lambda made: made.reminded.clear(), "BATCH: 3 alerts of reminders that are missing"),
    "an alert of reminders is over": (other_of("reminded", active=False), "BATCH: 1 alerts of reminders that are missing"),
    "an alert says too many reminders": (other_of("reminded", count=99), "BATCH: 1 alerts of another number"),
    "a number on the map to come is another": (lambda made: other_number(made, lambda one: one[0] == NEXT_MAP and one[7] == ""), ON_MAPS),
    "a number on the last map is another": (lambda made: other_number(made, lambda one: one[0] == LAST_MAP and one[7] == ""), ON_MAPS),
    "a share on another map is another": (lambda made: other_number(made, lambda one: one[2] == "share"), ON_MAPS),
    "an old province adds up to something else": (lambda made: other_number(made, lambda one: one[3] == "72"), ON_MAPS),
    "a group adds up to something else": (lambda made: other_number(made, lambda one: one[0] == ""), ON_MAPS),
    "a number on another map is missing": (lambda made: made.restated.pop(), ON_MAPS),
    "what nobody knows of a commune is on no map": (lambda made: made.restated.remove(next(one for one in made.restated if one[9] == 0)), ON_MAPS),
    "what a part is missing of has a number": (lambda made: guess(made, "part_missing"), ON_MAPS),
    "what was merged since is guessed": (lambda made: guess(made, "merged_backwards"), ON_MAPS),
    "what was split since is guessed": (lambda made: guess(made, "split_backwards"), ON_MAPS),
    "what may not be added up is": (lambda made: guess(made, "not_additive"), ON_MAPS),
    "rows are not counted": (lambda made: made.balance.update(rows_stored=1), "BALANCE: "),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_in_the_store_is_found(made, what):
    break_it, finding = WRONG[what]
    break_it(made)
    found = made.found()
    assert any(one.startswith(finding) for one in found), found


def test_every_kind_of_message_is_there_for_five_hundred_seeds():
    for seed in range(500):
        name, agency = (("communes", None), ("office", OFFICE))[seed % 2]
        sent = messages(seed, name, agency)
        kinds = {meaning["kind"] for _, meaning in sent}
        stands = {cell and (cell.vintage, cell.mark) for _, meaning in sent for cell in meaning["cells"].values()}
        assert kinds == set(reporting.KINDS), seed
        assert {None, ("official", "none"), ("official", "withheld"), ("preliminary", "value")} <= stands, seed
        fates = collections.Counter()
        kept = reported.Kept()
        for number, (text, meaning) in enumerate(sent, 1):
            verdict, _, same, withdrawn = kept.take({"sent": number, "payload": text, **meaning})
            fates.update({verdict: 1, "same": same, "withdrawn": withdrawn})
        assert all(fates[what] for what in ("accepted", "duplicate", "refused", "same", "withdrawn")), (seed, fates)
