"""What devices report: records of sensors, logins of a server, lines of a firewall, each with what it means.

A line's meaning is known to who writes it, and is written down beside it; nothing of the product's is asked. Whatever
chance decides, it deals what happens and never whether, as in `workload`. Among the lines: equal ones, summaries of
repetitions, lines hours late, lines for days that have left the flow's memory, an hour of each day in which a sensor
drops packets, one without rules, one in which it starts again, one in which its queue is full, one in which it is silent.

A late line never lies before the first two hours, with which a log source begins, and one that is not for a day let go of
never before yesterday: of its days the flow holds that of the newest line and the one before for certain.
"""

import datetime
import ipaddress
import itertools
import json
import random

from fire.pack import BLIND_ABOVE, SILENT_AFTER
from fire.workload import DAY, HOUR, MINUTE, SECOND, Deck, Share

ZONE = datetime.timezone(datetime.timedelta(hours=7))
OFFSET = 7 * HOUR

SENSOR, PRESENT, SERVER, FIREWALL = "ids-fire", "ids-now", "srv-fire", "fw-fire"
# That a sensor says how it is.
STATS_EVERY = 10 * MINUTE
# What becomes of one hour each of a sensor's days.
BLIND = ("dropping", "without rules", "starting again", "queue full")
FATES = (*BLIND, "silent", "unruly")
# One of so many: comes late, comes again, is said twice, is for a day let go of, is no record.
LATE, AGAIN, EQUAL, EVICTED, BROKEN = 12, 9, 7, 15, 40
# What is said at once lies within so long.
WITHIN = 30 * SECOND

CONNECTION = "@@"


def local_day(moment):
    """The beginning of the local day."""
    return (moment + OFFSET) // DAY * DAY - OFFSET


def stated(moment, micros=1):
    """As Suricata writes it."""
    local = datetime.datetime.fromtimestamp(moment // 1000, ZONE)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{moment % 1000:03}{micros:03}+0700"


def without_year(moment):
    """As syslog does, of old."""
    return datetime.datetime.fromtimestamp(moment // 1000, ZONE).strftime("%b %e %H:%M:%S")


class Addresses:
    """So many of them that an hour has some and a day hundreds; of some another spelling is written."""

    def __init__(self, chance):
        self.chance = chance

    def source(self):
        """As it is written, and in the one spelling."""
        number = self.chance.randrange(2_200)
        if number % 5 and number < 2_000:
            address = f"203.0.{number // 256}.{number % 256}"
            return address, address
        # What lies beyond is one network, of which each address says little.
        written = f"2001:DB8:0:{min(number, 2_000):X}:0:0:0:{self.chance.randrange(7):X}"
        return written, str(ipaddress.ip_address(written.lower()))

    def target(self):
        address = f"192.0.2.{self.chance.randrange(1, 40)}"
        return address, address


class Clock:
    """The moments of a log source's lines: in order, late, or for a day that was let go of."""

    def __init__(self, chance, start, reached):
        self.chance, self.start, self.reached = chance, start, reached
        self.newest = start
        self.is_late, self.is_evicted = Share(chance, LATE), Share(chance, EVICTED)

    def late(self):
        """A moment of today or yesterday before the newest line; none while there is none."""
        earliest = max(local_day(self.newest) - DAY + SILENT_AFTER + MINUTE, self.start + 2 * HOUR)
        # Mostly hours, sometimes a day.
        earliest = max(earliest, self.newest - self.chance.choice((2, 5, 48)) * HOUR)
        latest = self.newest - WITHIN
        return self.chance.randrange(earliest, latest) if earliest < latest else None

    def evicted(self):
        """A moment of a day that the store shows to be let go of; none while there is none."""
        latest, earliest = self.reached() - DAY - WITHIN, self.start + 2 * HOUR
        return self.chance.randrange(earliest, latest) if earliest < latest else None

    def others(self):
        """What else is to be said now, beside the newest: moments, and whether they are of a day let go of."""
        for share, moment, evicted in ((self.is_late, self.late, False), (self.is_evicted, self.evicted, True)):
            if share.is_next():
                at = moment()
                if at is not None:
                    yield at, evicted


class Fates:
    """What becomes of the hours of a day: one of each fate."""

    def __init__(self, chance):
        self.chance, self.days = chance, {}

    def of(self, moment):
        day = moment // DAY
        if day not in self.days:
            # Not the first two hours: with them a log source begins.
            self.days[day] = dict(zip(self.chance.sample(range(3, 24), len(FATES)), FATES, strict=True))
        return self.days[day].get(moment % DAY // HOUR)


class Sensors:
    """Records of EVE: of a sensor whose days pass in minutes, and of one that says what happens now."""

    LOG_SOURCES = (SENSOR, PRESENT)

    def __init__(self, seed, start, step, reached, now):
        self.chance = random.Random(f"{seed}/eve")
        self.addresses, self.fates = Addresses(self.chance), Fates(random.Random(f"{seed}/eve/fates"))
        self.clock = Clock(self.chance, start, reached)
        self.step, self.now = step, now
        self.numbers = itertools.count(1)
        self.kinds = Deck(self.chance, ["alert"] * 6 + ["drop", "drop", "http", "flow", "anomaly"])
        self.severities = Deck(self.chance, [1, 1, 2, 3, 4])
        self.is_again, self.is_broken = Share(self.chance, AGAIN), Share(self.chance, BROKEN)
        self.is_equal = Share(self.chance, EQUAL)
        self.present = Deck(self.chance, ["stated"] * 12 + ["absurd", "unsaid"])
        self.is_late_stats = Share(self.chance, 15)
        self.sent = []
        # Its counters, and when it loaded its rules last.
        self.uptime, self.packets, self.drops, self.overflow = 86_400, 50_000_000, 1_000, 0
        self.reloaded, self.was = start - HOUR, None
        self.next_stats = start

    def lines(self, until):
        """What there is to say of the time up to then."""
        said = []
        clock = self.clock
        while clock.newest < until:
            at = clock.newest + self.chance.randrange(1, self.step)
            while self.next_stats <= at:
                said += self._stats(self.next_stats)
            is_silent = self.fates.of(at) == "silent" and at % HOUR < 40 * MINUTE
            clock.newest = max(at, clock.newest)
            if not is_silent:
                said.append(self.record(at))
                text, meaning = said[-1]
                if meaning["kind"] != "alert" and self.is_equal.is_next():
                    # Two equal records that are no alerts are two events.
                    said.append((text, {**meaning, "id": next(self.numbers)}))
            said += [self.record(at, evicted) for at, evicted in clock.others()]
            if self.is_again.is_next() and self.sent:
                # Of just now, or of any time.
                said.append(self.chance.choice(self.sent[-50:] if self.chance.random() < 0.5 else self.sent))
            if self.is_broken.is_next():
                said.append((f'{{"timestamp":"{stated(at)}","event_type":"alert","flow_id":{next(self.numbers)}', None))
        said.append(self._present())
        return said

    def evicted(self, count):
        """Some for days let go of: there must be such days."""
        return [self.record(self.clock.evicted(), True) for _ in range(count)]

    def record(self, at, evicted=False):
        kind = self.kinds.deal()
        meaning = {"log_source": SENSOR, "at": at, "evicted": evicted, "weight": 1, "severity": "not_rated"}
        return self._keep(*self._of(kind, {"timestamp": stated(at, self.chance.randrange(1_000))}, meaning))

    def _present(self):
        how, at = self.present.deal(), self.now()
        told = {"stated": {"timestamp": stated(at)}, "absurd": {"timestamp": "1970-01-01T00:00:12Z"}, "unsaid": {}}[how]
        meaning = {"log_source": PRESENT, "at": at if how == "stated" else None, "weight": 1, "severity": "not_rated"}
        return self._keep(*self._of("alert", told, meaning))

    def _of(self, kind, told, meaning):
        number = next(self.numbers)
        (source, source_meant), (target, target_meant) = self.addresses.source(), self.addresses.target()
        port = self.chance.choice((22, 443))
        record = {
            **told,
            "flow_id": 1_200_000_000_000_000 + number,
            "event_type": kind,
            "src_ip": source,
            "src_port": 40_000 + number % 20_000,
            "dest_ip": target,
            "dest_port": port,
            "proto": "TCP",
            "host": meaning["log_source"],
        }
        kinds = {"alert": "alert", "drop": "block", "http": "protocol", "flow": "flow", "anomaly": "anomaly"}
        meaning |= {"id": number, "kind": kinds[kind], "source": source_meant, "target": target_meant, "port": port}
        if kind in ("alert", "drop"):
            priority = self.severities.deal()
            record["alert"] = {"action": "blocked" if kind == "drop" else "allowed", "gid": 1, "signature_id": 9_000_010}
            record["alert"] |= {"rev": 2, "signature": "EXAMPLE probing", "severity": priority}
            if kind == "alert":
                meaning["severity"] = {1: "high", 2: "medium", 3: "low", 4: "info"}[priority]
        if kind == "flow":
            # It is dated by its start, though it is written at its end.
            meaning["carried"] = 66 + number * 7_919 % 9_000_000_000
            record["flow"] = {"start": record["timestamp"], "age": 9, "state": "closed", "bytes_toserver": meaning["carried"]}
            record["timestamp"] = stated(meaning["at"] + 9 * SECOND)
        return json.dumps(record), meaning

    def _keep(self, text, meaning):
        # An alert that says when is known by its own fields; nothing tells of any other record that it comes again.
        if meaning["kind"] == "alert" and '"timestamp"' in text:
            self.sent.append((text, meaning))
        return text, meaning

    def _stats(self, at):
        """How the sensor is since it was asked last."""
        self.next_stats += STATS_EVERY
        fate = self.fates.of(at - 1)
        packets, drops = self.chance.randrange(300_000, 700_000), 0
        if fate == "dropping":
            drops = packets // 2
        elif fate == "unruly":
            # More than none, and not too many.
            drops = int(packets * BLIND_ABOVE / 4)
        elif fate == "starting again" and self.was != fate:
            self.uptime = self.packets = self.drops = self.overflow = 0
            drops = packets // 3
        if fate == "queue full":
            self.overflow += 7
        rules = 0 if fate == "without rules" else 31_000
        if rules == 0 and self.was != fate:
            self.reloaded = at - STATS_EVERY + 125 * SECOND
        self.was = fate
        self.uptime += STATS_EVERY // SECOND
        self.packets, self.drops = self.packets + packets, self.drops + drops
        if self.fates.of(at) == "silent" and at % HOUR < 40 * MINUTE:
            return []
        said = [self._told(at, rules)]
        if self.is_late_stats.is_next() and at > self.clock.start + 3 * HOUR:
            # An older one that comes late says nothing of now.
            said.append(self._told(at - STATS_EVERY - 70 * SECOND, 0))
        return said

    def _told(self, at, rules):
        number = next(self.numbers)
        counters = {"uptime": self.uptime, "packets": self.packets, "drops": self.drops, "overflow": self.overflow}
        engine = {"id": 0, "last_reload": stated(self.reloaded), "rules_loaded": rules, "rules_failed": 31_000 - rules}
        stats = {
            "uptime": self.uptime,
            "capture": {"kernel_packets": self.packets, "kernel_drops": self.drops},
            "detect": {"engines": [engine], "alert": number, "alert_queue_overflow": self.overflow},
        }
        record = {"timestamp": stated(at), "host": SENSOR, "event_type": "stats", "stats": stats}
        meaning = {"id": number, "log_source": SENSOR, "at": at, "kind": "stats", "severity": "not_rated", "weight": 1}
        meaning |= {"source": "", "target": "", "stats": {**counters, "rules": rules, "reloaded": self.reloaded}}
        return self._keep(json.dumps(record), meaning)


class Logins:
    """Lines of sshd and PAM, connection by connection; a request holds some of them whole."""

    LOG_SOURCES = (SERVER,)
    KINDS = ("guessing", "unknown user", "mistyped", "two modules", "by key", "repeated", "only PAM", "other lines")

    def __init__(self, seed, start, step, reached, now):
        self.chance = random.Random(f"{seed}/logins")
        self.addresses = Addresses(self.chance)
        self.clock = Clock(self.chance, start, reached)
        self.numbers, self.processes = itertools.count(1), itertools.count(1_000)
        self.kinds = Deck(self.chance, self.KINDS)
        self.step = step

    def lines(self, until):
        said = []
        clock = self.clock
        while clock.newest < until:
            # Some further apart than the server may be silent; never in two hours of four, of which the second is whole.
            apart = SILENT_AFTER if clock.newest // HOUR % 4 < 2 else 2 * SILENT_AFTER
            at = (clock.newest + self.chance.randrange(MINUTE, apart)) // SECOND * SECOND
            said += self.connection(at)
            clock.newest = at + WITHIN
            said += [line for at, evicted in clock.others() for line in self.connection(at // SECOND * SECOND, evicted)]
        return said

    def evicted(self, count):
        return [line for _ in range(count) for line in self.connection(self.clock.evicted() // SECOND * SECOND, True)]

    def connection(self, at, evicted=False):
        written, meant = self.addresses.source()
        process, port = next(self.processes), self.chance.randrange(1_024, 65_535)
        of, pam = f"{written} port {port}", f"logname= uid=0 euid=0 tty=ssh ruser= rhost={written}  user=root"
        failed = f"Failed password for root from {of} ssh2"
        module = f"pam_unix(sshd:auth): authentication failure; {pam}"
        priority = self.chance.choice(("", "<86>"))
        severity = "info" if priority else "not_rated"
        said = []

        def line(text, kind, source=meant, weight=1, voice=None, host=SERVER):
            moment = at + len(said) * 3 * SECOND
            meaning = {"id": next(self.numbers), "log_source": SERVER, "at": moment, "evicted": evicted, "kind": kind}
            meaning |= {"severity": severity, "weight": weight, "source": source, "target": ""}
            if voice:
                meaning["login"] = {"process": process, "voice": voice, "weight": weight}
            said.append((f"{priority}{without_year(moment)} {host} {text}", meaning))

        def sshd(text, *more, **told):
            line(f"sshd[{process}]: {text}", *more, **told)

        kind = self.kinds.deal()
        if kind == "guessing":
            sshd(module, "login_module", voice="pam_unix")
            sshd(failed, "login_failed", voice="sshd")
            sshd(f"message repeated 2 times: [ {failed}]", "login_failed", weight=2, voice="sshd")
            sshd(f"error: maximum authentication attempts exceeded for root from {of} ssh2 [preauth]", "login_limit")
            sshd(f"Disconnecting authenticating user root {of}: Too many authentication failures [preauth]", "login_limit")
            sshd(f"PAM 4 more authentication failures; {pam}", "login_module", weight=4, voice="sum")
        elif kind == "unknown user":
            sshd(f"Invalid user user77 from {of}", "login_user")
            sshd("pam_unix(sshd:auth): check pass; user unknown", "login_user", source="")
            sshd(module, "login_module", voice="pam_unix")
            sshd(f"Failed password for invalid user user77 from {of} ssh2", "login_failed", voice="sshd")
            sshd(f"Connection closed by invalid user user77 {of} [preauth]", "log")
        elif kind == "mistyped":
            sshd(module, "login_module", voice="pam_unix")
            sshd(failed, "login_failed", voice="sshd")
            sshd(f"Accepted password for root from {of} ssh2", "login_accepted", voice="accepted")
        elif kind == "two modules":
            sshd(module, "login_module", voice="pam_unix")
            sshd(f"pam_sss(sshd:auth): authentication success; {pam}", "log")
            sshd(f"Accepted password for root from {of} ssh2", "login_accepted", voice="accepted")
            sshd("pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)", "log", source="")
        elif kind == "by key":
            sshd(f"Failed publickey for root from {of} ssh2: RSA SHA256:e", "login_probe")
            sshd(f"Accepted publickey for root from {of} ssh2: ED25519 SHA256:e", "login_accepted", voice="accepted")
        elif kind == "repeated":
            sshd(failed, "login_failed", voice="sshd")
            line("last message repeated 3 times", "login_failed", weight=3, voice="sshd")
        elif kind == "only PAM":
            sshd(module, "login_module", voice="pam_unix")
            sshd(f"PAM 5 more authentication failures; {pam}", "login_module", weight=5, voice="sum")
            # Three more lines that tell of five each.
            line("last message repeated 3 times", "login_module", weight=15, voice="sum")
        else:
            # Two equal lines of one second are two events.
            line("cron[77]: job done", "log", source="")
            said.append((said[0][0], {**said[0][1], "id": next(self.numbers)}))
        return said


class Firewall:
    """Lines of a firewall. Over which connection each goes is known when it is sent: `CONNECTION` stands for it."""

    LOG_SOURCES = (FIREWALL,)
    KINDS = ("filter", "netfilter", "access list", "cef", "text", "equal", "repeated")

    def __init__(self, seed, start, step, reached, now):
        self.chance = random.Random(f"{seed}/frames")
        self.addresses = Addresses(self.chance)
        self.clock = Clock(self.chance, start, reached)
        self.numbers = itertools.count(1)
        self.kinds = Deck(self.chance, self.KINDS)
        self.step = step

    def lines(self, until):
        said = []
        clock = self.clock
        while clock.newest < until:
            at = clock.newest + self.chance.randrange(SECOND, 2 * self.step)
            said += self.told(at)
            clock.newest = at + WITHIN
            said += [line for at, evicted in clock.others() for line in self.told(at, evicted)]
        return said

    def evicted(self, count):
        return [line for _ in range(count) for line in self.told(self.clock.evicted(), True)]

    def told(self, at, evicted=False):
        (source, source_meant), (target, target_meant) = self.addresses.source(), self.addresses.target()
        said = []
        ends_meant = source_meant, target_meant

        def line(text, kind, app="app", severity="info", priority=134, weight=1, ends=ends_meant, port=None):
            number = next(self.numbers)
            moment = at + len(said)
            stamp = datetime.datetime.fromtimestamp(moment / 1000, ZONE).isoformat(timespec="milliseconds")
            mark = f'[fire@32473 connection="{CONNECTION}" number="{number}"]'
            meaning = {"id": number, "log_source": FIREWALL, "at": moment, "evicted": evicted, "kind": kind}
            meaning |= {"severity": severity, "weight": weight, "source": ends[0], "target": ends[1], "port": port}
            said.append((f"<{priority}>1 {stamp} {FIREWALL} {app} - - {mark} {text}", meaning))

        def access_list():
            text = f"list 102 denied tcp {source}(40000) -> {target}(22), 3 packets"
            line(text, "block", app="%SEC-6-IPACCESSLOGP", weight=3)

        kind = self.kinds.deal()
        if kind == "filter":
            version = 4 if "." in source else 6
            rest = "0x0,,64,0,0,DF,17,udp,60" if version == 4 else "0x00,0x00000,64,udp,17,60"
            target_of, meant = (target, target_meant) if version == 4 else ("2001:db8::10",) * 2
            text = f"5,,,1000000103,igb0,match,block,in,{version},{rest},{source},{target_of},40000,161,40"
            line(text, "block", app="filterlog", ends=(source_meant, meant))
        elif kind == "netfilter":
            text = f"[UFW BLOCK] IN=eth0 OUT= MAC= SRC={source} DST={target} LEN=60 TTL=51 PROTO=TCP SPT=40000 DPT=22"
            line(text, "block", app="kernel", severity="low", priority=132)
        elif kind == "access list":
            access_list()
        elif kind == "cef":
            text = f"CEF:0|Example|Gate|1|100|Port scan|8|src={source} dst={target} cnt=4 spt=40000 dpt=22"
            line(text, "alert", app="cef", severity="high", weight=4, port=22)
        elif kind == "text":
            line("Kết nối lại với máy chủ", "log", ends=("", ""))
        elif kind == "equal":
            line("link down", "log", ends=("", ""))
            text, meaning = said[0]
            said.append((text, {**meaning, "id": next(self.numbers)}))
        else:
            access_list()
            # Twice more three packets.
            line("last message repeated 2 times", "block", app="-", weight=6)
        return said


def batches(devices, start, end, length, is_over):
    """What a device says, by stretches of its time; ends where it may."""
    for until in range(start, end, length):
        if is_over(until):
            return
        lines = devices.lines(min(until + length, end))
        if lines:
            yield lines
