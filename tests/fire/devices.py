"""What is stored of events against the journals of who sent them.

A push is known by its body, a frame by the connection that is written in it and its place there. Of a push every line is an
event once, however often it was delivered; of a connection, which has no acknowledgement, a beginning, each line once.
"""

import collections
import json

from fire import counts
from fire.pack import LOG_FEEDS, LOG_SOURCES
from fire.security import FIREWALL, PRESENT, SENSOR

FEED_OF = {"eve": "sensors", "logins": "logins", "frames": "frames"}

# As `store` reads them.
Stored = collections.namedtuple(
    "Stored", "feed at position row log_source known kind severity source target weight attempts happened received"
)
Envelope = collections.namedtuple("Envelope", "at position feed payload")


class Journal:
    """What a publisher wrote down."""

    def __init__(self, path):
        self.name, self.feed = path.stem, FEED_OF[path.stem]
        self.sent, self.acknowledged = {}, set()
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if "sent" in record:
                self.sent[record["sent"]] = record
            else:
                self.acknowledged.add(record["acknowledged"])


def read_journals(folder):
    return [Journal(path) for path in sorted((folder / "devices").glob("*.jsonl"))]


class Devices:
    """What is broken, in `findings`; what was compared, in `figures`."""

    def __init__(self, journals, envelopes, stored, rejected, windows, balance):
        self.journals = {journal.feed: journal for journal in journals}
        self.windows, self.balance = windows, balance
        self.envelopes = collections.defaultdict(list)
        for envelope in sorted(envelopes):
            self.envelopes[envelope.feed].append(envelope)
        self.stored = collections.defaultdict(dict)
        self.findings, self.figures = [], collections.Counter()
        for event in stored:
            self._add(self.stored[event.at, event.position], event.row, event)
        self.rejected = collections.defaultdict(set)
        for at, position, row in rejected:
            self.rejected[at, position].add(row)
        # What the lines that are stored mean, by feed, in the order in which they were sent.
        self.lines = {}

    def _add(self, rows, row, event):
        self.none("ONCE", "events at one place of the log", [event] * (row in rows))
        rows[row] = event

    def none(self, invariant, what, found):
        if found:
            self.findings.append(f"{invariant}: {len(found)} {what}, such as {found[:3]}")
        return len(found)

    def run(self):
        for feed, journal in self.journals.items():
            pairs = self.frames(journal) if feed == "frames" else self.pushes(journal)
            self.lines[feed] = self.fields(feed, pairs)
            self.figures[f"events of {journal.name}"] = len(pairs)
            self.figures["lines"] += len(self.lines[feed])
            self.feed(feed)
        events = [event for rows in self.stored.values() for event in rows.values()]
        self.none("ONCE", "events of feeds nobody sent by", [event for event in events if event.feed not in self.journals])
        self.counted()
        self.promises()
        return self

    def pushes(self, journal):
        """Pairs of what a line means and the event that is stored of it."""
        self.figures["lost"] += self.none(
            "ACK", "requests that were not acknowledged", sorted(journal.sent.keys() - journal.acknowledged)
        )
        by_body = {record["payload"]: record for record in journal.sent.values()}
        held, strays, wrong_rejects, delivered = collections.defaultdict(list), [], [], set()
        for envelope in self.envelopes[journal.feed]:
            record = by_body.get(envelope.payload.decode())
            if record is None:
                strays.append(envelope)
                continue
            delivered.add(record["sent"])
            place = envelope.at, envelope.position
            broken = {row for row, meaning in enumerate(record["lines"]) if meaning is None}
            if broken != self.rejected[place]:
                wrong_rejects.append((place, broken, self.rejected[place]))
            for row, event in self.stored[place].items():
                meaning = record["lines"][row] if row < len(record["lines"]) else None
                if meaning is None:
                    strays.append(event)
                else:
                    held[meaning["id"]].append(event)
            self.figures[f"duplicates {journal.feed}"] += len(record["lines"]) - len(broken) - len(self.stored[place])
        self.figures["lost"] += self.none(
            "ACK", "acknowledged requests without an envelope", sorted(journal.acknowledged - delivered)
        )
        self.none("ONCE", "envelopes and events nobody sent", strays)
        self.none("ONCE", "requests whose broken lines are not its rejects", wrong_rejects)
        meant = {}
        for record in journal.sent.values():
            for meaning in filter(None, record["lines"]):
                # A record that comes again is the one it was.
                meant.setdefault(meaning["id"], meaning)
        self.figures["lost"] += self.none(
            "ACK", "acknowledged lines that are lost", [meaning for number, meaning in meant.items() if not held[number]]
        )
        self.figures["doubled"] += self.none(
            "ONCE", "lines that are stored twice", [events for events in held.values() if len(events) > 1]
        )
        return [(meaning, held[number][0]) for number, meaning in meant.items() if held[number]]

    def frames(self, journal):
        """The same. Whatever is there of a connection is its beginning, each line once."""
        sent, held = collections.defaultdict(list), collections.defaultdict(list)
        for record in journal.sent.values():
            sent[record["connection"]].append(record)
        for envelope in self.envelopes["frames"]:
            _, _, behind = envelope.payload.decode().partition(' connection="')
            held[behind.partition('"')[0]].append(envelope)
        pairs, others, unlike = [], [], []
        for connection, records in sorted(sent.items()):
            envelopes = held.pop(str(connection), [])
            payloads = [envelope.payload.decode() for envelope in envelopes]
            wanted = [record["payload"] for record in records]
            if payloads != wanted[: len(payloads)]:
                others.append((connection, len(payloads), len(wanted)))
            if records[0]["whole"] and len(payloads) != len(wanted):
                self.findings.append(f"ONCE: of the last connection {len(payloads)} of {len(wanted)} frames are there")
            self.figures["frames lost with a kill"] += len(wanted) - len(payloads)
            for record, envelope in zip(records, envelopes):
                rows = self.stored[envelope.at, envelope.position]
                if list(rows) != [0]:
                    unlike.append((envelope, rows))
                else:
                    pairs.append((record["lines"][0], rows[0]))
        self.none("ONCE", "frames nobody sent", list(held.values()))
        self.none("ONCE", "connections of which something else is there than their beginning", others)
        self.none("ONCE", "frames that are not one event", unlike)
        return pairs

    def fields(self, feed, pairs):
        """What is stored of a line is what it means. Gives back their meanings, each with the moment it has."""
        unlike, lines = [], []
        for meaning, event in pairs:
            at = event.received if meaning["at"] is None else meaning["at"]
            said = {name: meaning[name] for name in ("log_source", "kind", "severity", "source", "target", "weight")}
            wanted = {**said, "known": True, "happened": at, "feed": feed}
            others = {name: (value, getattr(event, name)) for name, value in wanted.items() if getattr(event, name) != value}
            if others:
                unlike.append({**others, "of": meaning})
            lines.append({**meaning, "at": at, "held": event})
        self.none("ONCE", "events that are not what their lines mean (wanted, held)", unlike)
        return lines

    def feed(self, feed):
        """The identities of a feed, and that its figures are those of the archive and of the tables."""
        totals = self.balance.get(feed)
        if totals is None:
            self.findings.append(f"BALANCE: nothing is known of {feed}")
            return
        envelopes = self.envelopes[feed]
        places = [(envelope.at, envelope.position) for envelope in envelopes]
        wanted = {
            "envelopes_received": len(envelopes),
            "envelopes_decoded": len(envelopes),
            "envelopes_empty": 0,
            "envelopes_undecodable": 0,
            "envelopes_astray": 0,
            "rows_stored": sum(len(self.stored[place]) for place in places),
            "rows_rejected": sum(len(self.rejected[place]) for place in places),
            "rows_duplicate": self.figures[f"duplicates {feed}"],
            "rows_waiting": 0,
            "rows_astray": 0,
        }
        wanted["rows_decoded"] = sum(wanted[f"rows_{word}"] for word in ("stored", "rejected", "duplicate"))
        others = {name: (value, totals[name]) for name, value in wanted.items() if totals[name] != value}
        self.none("BALANCE", f"figures of {feed} that are others (wanted, held)", [others] if others else [])
        there = sum(event.feed == feed for rows in self.stored.values() for event in rows.values())
        self.none("ONCE", f"events of {feed} at positions that no envelope has", [there] * (there != wanted["rows_stored"]))

    def counted(self):
        """Attempts, sums of the hours, and every window of every measure."""
        lines = [line for of_feed in self.lines.values() for line in of_feed]
        wanted = {}
        for log_source in LOG_SOURCES:
            own = [line for line in lines if line["log_source"] == log_source]
            if own:
                windows = counts.Counted(log_source, own).windows()
                wanted |= {(log_source, *key): window for key, window in windows.items()}
        unlike = [line for line in lines if line["attempts"] != line["held"].attempts]
        self.none("BATCH", "lines that add other attempts", unlike)
        held = [{**line, "attempts": line["held"].attempts, "weight": line["held"].weight} for line in lines]
        of_hours, held_of_hours = counts.hourly(lines), counts.hourly(held)
        self.figures["hours of events"] = len(of_hours)
        others = [(key, told, held_of_hours[key]) for key, told in of_hours.items() if told != held_of_hours[key]]
        self.none("BATCH", "hours whose sums are others (weight, attempts; wanted, held)", others)
        self.figures["windows of measures"] = len(wanted)
        self.none("BATCH", "windows of measures that are missing", sorted(wanted.keys() - self.windows.keys()))
        self.none("BATCH", "windows of measures that should not be", sorted(self.windows.keys() - wanted.keys()))
        both = wanted.keys() & self.windows.keys()
        others = [(*key, counts.when(key[-1]), wanted[key], self.windows[key]) for key in both]
        others = [other for other in others if not counts.is_near(other[1], *other[-2:])]
        self.none("BATCH", "windows of measures that are others (wanted, held)", sorted(others))
        self.wanted = wanted

    def promises(self):
        """What the devices say they do was done."""
        if set(self.journals) != set(LOG_FEEDS):
            return
        lines = [line for of_feed in self.lines.values() for line in of_feed]
        hours = {key: window for key, window in self.wanted.items() if key[2] == "hour" and key[0] == SENSOR}
        newest, late, evicted = collections.defaultdict(int), set(), set()
        for line in lines:
            name, at = line["log_source"], line["at"]
            if line.get("evicted"):
                evicted.add(name)
            elif at < newest[name] - counts.HOUR:
                late.add(name)
            newest[name] = max(newest[name], at)
        past = LOG_SOURCES.keys() - {PRESENT}
        there = {
            **{f"late line of {name}": name in late for name in past},
            **{f"line of {name} for a day let go of": name in evicted for name in past},
            "hour is blind or silent in part": any(0 < window.whole < window.expected for window in hours.values()),
            "hour is whole": any(window.whole == window.expected for window in hours.values()),
            "line was a duplicate": all(self.figures[f"duplicates {feed}"] for feed in ("sensors", "logins")),
            "line was a reject": any(self.rejected.values()),
            "line added less than no attempts": any(line["attempts"] < 0 for line in lines),
            "line stands for many": any(line["weight"] > 1 for line in lines if line["log_source"] == FIREWALL),
        }
        self.findings += [f"the devices prove less than they say: no {what}" for what, is_so in there.items() if not is_so]
