"""What must have come of events: attempts, and every window of every measure, worked out from what lines mean.

By the rules the product states (decisions 28 and 32), and by none of its code. A set is a set here, and not a sketch.
"""

import bisect
import collections
import datetime

from fire.pack import BLIND_ABOVE, LOG_SOURCES, MEASURES, SILENT_AFTER
from fire.security import local_day
from fire.workload import DAY, HOUR, MINUTE

LENGTHS = {"minute": MINUTE, "hour": HOUR, "day": DAY}
SEVERITIES = ("not_rated", "info", "low", "medium", "high", "critical")
# A target is an address and a port.
DISTINCT = {"sources": ("source",), "targets": ("target", "port")}
# An estimate is so near: two, or a twentieth.
NEAR, SHARE = 2, 0.05

def one_by_one():
    """Measures, those of groups one for each member: what is counted, of what, of which severity alone."""
    for measure, (count, kinds, severity, windows) in MEASURES.items():
        what, _, by = count.partition(" by ")
        if by:
            yield from ((f"{measure}_{word}", (what, kinds, word, windows, True)) for word in SEVERITIES)
        else:
            yield measure, (what, kinds, severity, windows, False)


EACH = dict(one_by_one())

Window = collections.namedtuple("Window", "value whole expected")


def starts_at(kind, moment):
    """The beginning of the window of that kind: of local days, all of 24 hours."""
    return local_day(moment) if kind == "day" else moment // LENGTHS[kind] * LENGTHS[kind]


def attempts(lines):
    """What each line adds to the attempts that those of its connection before it tell of."""
    told = collections.defaultdict(lambda: {"sshd": 0, "accepted": False, "modules": collections.Counter()})
    added = []
    for line in lines:
        login = line.get("login")
        if login is None:
            added.append(0)
            continue
        connection = told[line["log_source"], login["process"], line["source"]]
        before = attempts_of(connection)
        voice, weight = login["voice"], login["weight"]
        if voice == "sshd":
            connection["sshd"] += weight
        elif voice == "accepted":
            connection["accepted"] = True
        elif voice == "sum":
            # Of whoever spoke before, whose name it does not say.
            for module in list(connection["modules"]) or [""]:
                connection["modules"][module] += weight
        else:
            connection["modules"][voice] += weight
        added.append(attempts_of(connection) - before)
    return added


def attempts_of(connection):
    """Those of the voice that tells of the most; once somebody is let in, those that sshd itself called failed."""
    if connection["accepted"]:
        return connection["sshd"]
    return max(connection["sshd"], *connection["modules"].values(), 0)


class Minutes:
    """Minutes that are known."""

    def __init__(self, minutes):
        self.minutes = sorted(minutes)

    def count(self, start, end):
        """Of those that begin in `[start, end)`, milliseconds."""
        return bisect.bisect_left(self.minutes, end) - bisect.bisect_left(self.minutes, start)


def heard(moments, may_not_be_silent):
    """Minutes between two lines that are no further apart than the log source may be silent."""
    apart = SILENT_AFTER // MINUTE if may_not_be_silent else 1
    found, before = set(), None
    for minute in sorted({moment // MINUTE for moment in moments}):
        between = range(before + 1, minute) if before is not None and minute - before <= apart else ()
        found.update([*between, minute])
        before = minute
    return {minute * MINUTE for minute in found}


def blind(lines):
    """Minutes of which a sensor says that it saw too little in them: between two of its records, in their order."""
    found, before = set(), None
    for line in lines:
        now = line.get("stats")
        if now is None or (before is not None and line["at"] <= before["at"]):
            continue
        now = {**now, "at": line["at"]}
        has_restarted = before is not None and now["uptime"] < before["uptime"]
        base = before if before is not None and not has_restarted else dict.fromkeys(now, 0)
        packets, drops, overflow = (now[name] - base[name] for name in ("packets", "drops", "overflow"))
        too_few = before is not None and (drops > BLIND_ABOVE * max(packets + drops, 1) or overflow > 0)
        if too_few or now["rules"] == 0:
            start = now["at"] if before is None else before["at"]
            if not too_few and start < now["reloaded"] < now["at"]:
                # Until then it had rules.
                start = now["reloaded"]
            first, last = start // MINUTE, max(start, now["at"] - 1) // MINUTE
            found.update(range(first, last + 1))
        before = now
    return {minute * MINUTE for minute in found}


class Counted:
    """A log source: its lines in the order in which they are known, each with its moment."""

    def __init__(self, log_source, lines):
        self.lateness, self.may_not_be_silent, _ = LOG_SOURCES[log_source]
        self.lines = lines
        for line, added in zip(lines, attempts(lines), strict=True):
            line["attempts"] = added
        there = [line for line in lines if not line.get("evicted")]
        self.heard = heard((line["at"] for line in there), self.may_not_be_silent)
        self.whole = Minutes(self.heard - blind(there))
        self.upto = max(line["at"] for line in lines) - self.lateness

    def windows(self):
        """(measure, kind, start) → what the window is: of everything that is closed by the log source's own lines."""
        return {
            (measure, kind, start): Window(value, self.whole.count(start, start + LENGTHS[kind]), self._expected(kind))
            for measure, (*of, windows, alone) in EACH.items()
            for kind in windows
            for start, value in self._values(*of, alone, kind).items()
        }

    def _expected(self, kind):
        return LENGTHS[kind] // MINUTE if self.may_not_be_silent else 0

    def _values(self, count, kinds, severity, alone, kind):
        sums, sets = collections.Counter(), collections.defaultdict(set)
        # Whatever may not be silent says nothing by its silence; of the other one no more is known than what it said.
        starts = {starts_at(kind, minute) for minute in self.heard}
        if self.may_not_be_silent:
            starts = self._every_start(kind)
        least = SEVERITIES.index(severity or "not_rated")
        for line in self.lines:
            rank = SEVERITIES.index(line["severity"])
            if (kinds and line["kind"] not in kinds) or (rank != least if alone else rank < least):
                continue
            if line.get("evicted") and (count in DISTINCT or kind == "minute"):
                # Minutes, and different ones, of days let go of are revised no more.
                continue
            start = starts_at(kind, line["at"])
            if count in DISTINCT:
                if line[DISTINCT[count][0]]:
                    sets[start].add(tuple(line.get(of) for of in DISTINCT[count]))
                continue
            added = {"events": line["weight"], "lines": 1, "attempts": line["attempts"], "sum": line.get("carried", 0)}[count]
            sums[start] += added
            if added and line.get("evicted"):
                starts.add(start)
        closed = (start for start in starts if start + LENGTHS[kind] <= self.upto)
        return {start: len(sets[start]) if count in DISTINCT else sums[start] for start in closed}

    def _every_start(self, kind):
        first = starts_at(kind, min(line["at"] for line in self.lines))
        return set(range(first, self.upto, LENGTHS[kind]))


def is_near(measure, wanted, held):
    """The same; where different ones are counted, nearly."""
    if (wanted.whole, wanted.expected) != (held.whole, held.expected):
        return False
    if EACH[measure][0] in DISTINCT:
        return abs(wanted.value - held.value) <= max(NEAR, SHARE * wanted.value)
    return wanted.value == held.value


def hourly(lines):
    """(log source, kind, hour) → the sums of weight and attempts."""
    sums = collections.defaultdict(lambda: [0, 0])
    for line in lines:
        told = sums[line["log_source"], line["kind"], line["at"] // HOUR * HOUR]
        told[0] += line["weight"]
        told[1] += line["attempts"]
    return {key: tuple(told) for key, told in sums.items()}


def when(moment):
    return datetime.datetime.fromtimestamp(moment / 1000, datetime.timezone.utc).isoformat()
