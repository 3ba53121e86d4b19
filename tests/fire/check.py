"""The store against the journals. Every rule of the product, none of its code."""

import time

from fire import devices, indices, recompute, store, workload
from fire.pack import LOG_FEEDS, REPORT_FEED

# Of these feeds an envelope has more than one row.
LINES_OR_MESSAGES = (*LOG_FEEDS, REPORT_FEED)
# Who sends files, and the feed they come to: an envelope is a file of two rows.
BY_FILES, OF_FILES = ("files", "ftp"), "files"
READING = "indicator, subject, time, value"
POSITION = "log, partition, position"
WINDOW = "kind, indicator, subject, start"


class Check:
    """What was found: each finding names the invariant that is broken. None, and the figures say what was compared."""

    def __init__(self, ioc, journals, work, scale):
        work.mkdir()
        self.ioc, self.scale, self.folder = ioc, scale, journals
        self.base = recompute.connect(work)
        recompute.read_journals(self.base, journals)
        recompute.work_out(self.base)
        store.read(self.base, ioc, work)
        self.findings = []
        self.figures = {"lost": 0, "doubled": 0}

    def run(self):
        self.journals()
        self.readings()
        self.messages()
        self.devices()
        self.reports()
        self.balance()
        self.windows()
        self.indices()
        self.promises()
        return self

    def ask(self, query):
        return self.base.execute(query).fetchall()

    def count(self, query):
        return self.ask(f"SELECT count(*) FROM ({query})")[0][0]

    def none(self, invariant, what, query):
        """The query finds what must not be; gives back how much it found."""
        found = self.count(query)
        if found:
            self.findings.append(f"{invariant}: {found} {what}, such as {self.ask(f'{query} LIMIT 3')}")
        return found

    def same(self, what, columns, wanted, held):
        """Both tables hold the same rows, bit for bit; gives back how many."""
        wanted, held = f"SELECT {columns} FROM {wanted}", f"SELECT {columns} FROM {held}"
        self.none("BATCH", f"{what} that are missing or others", f"{wanted} EXCEPT ALL {held}")
        self.none("BATCH", f"{what} that should not be", f"{held} EXCEPT ALL {wanted}")
        return self.count(wanted)

    def journals(self):
        messages, first, last = self.ask("SELECT count(*), min(clock), max(clock) FROM sent")[0]
        kinds = self.ask("SELECT kind, count(*) FROM sent GROUP BY kind ORDER BY kind")
        # The most that were sent in ten seconds in a row, a second of them.
        tens = "SELECT count(*) AS sent FROM sent GROUP BY clock // 10000"
        self.figures |= {
            "messages": messages,
            "sending_seconds": (last - first) / 1000,
            "busiest": (self.ask(f"SELECT max(sent) FROM ({tens})")[0][0] or 0) // 10,
            "by_kind": dict(kinds),
            "by_publisher": dict(self.ask("SELECT publisher, count(*) FROM sent GROUP BY ALL ORDER BY ALL")),
            "acknowledged": self.count("FROM acknowledged"),
        }
        stray = "FROM acknowledged ANTI JOIN sent USING (publisher, id)"
        self.none("the journals", "acknowledgements of what was not sent", stray)

    def readings(self):
        acknowledged = "sent SEMI JOIN acknowledged USING (publisher, id) WHERE indicator IS NOT NULL"
        self.figures["lost"] += self.none(
            "ACK",
            "acknowledged readings that are lost",
            f"SELECT {READING} FROM {acknowledged} EXCEPT SELECT {READING} FROM observed",
        )
        self.none(
            "ONCE",
            "readings nobody sent",
            f"SELECT {READING} FROM observed EXCEPT SELECT {READING} FROM known",
        )
        self.figures["doubled"] += self.none(
            "ONCE",
            "readings that are stored twice",
            f"SELECT {READING}, count(*) FROM observed GROUP BY ALL HAVING count(*) > 1",
        )
        self.figures["keys"] = self.same("current values", READING, "current", "current_held")

    def messages(self):
        """Every message by its own mark: it is archived, and each envelope of it is stored, a duplicate or a reject.

        A file is one envelope of two rows, whose marks are not in it: its rows are looked at above.
        """
        self.base.execute(
            f"""
            CREATE TABLE fate AS
            SELECT envelope.*, coalesce(stored, 0) AS stored, coalesce(rejected, 0) AS rejected FROM envelope
            LEFT JOIN (SELECT {POSITION}, count(*) AS stored FROM observed GROUP BY ALL) USING ({POSITION})
            LEFT JOIN (SELECT {POSITION}, count(*) AS rejected FROM rejected GROUP BY ALL) USING ({POSITION});

            CREATE VIEW tagged AS FROM sent WHERE payload IS NULL AND publisher NOT IN {BY_FILES};
            CREATE VIEW garbage AS FROM sent WHERE payload IS NOT NULL;
            CREATE VIEW single_row AS FROM fate WHERE feed != '{OF_FILES}' AND feed NOT IN {LINES_OR_MESSAGES};
            """
        )
        self.figures["envelopes"] = self.count("FROM envelope")
        self.figures["lost"] += self.none(
            "ACK",
            "acknowledged messages without an envelope",
            f"""
            SELECT publisher, id FROM sent SEMI JOIN acknowledged USING (publisher, id) WHERE publisher NOT IN {BY_FILES}
            EXCEPT (
                SELECT publisher, id FROM tagged SEMI JOIN envelope USING (tag) UNION ALL
                SELECT publisher, id FROM garbage SEMI JOIN envelope USING (payload)
            )
            """,
        )
        twice = f"SELECT {POSITION} FROM envelope GROUP BY ALL HAVING count(*) > 1"
        self.none("ONCE", "positions that are archived twice", twice)
        self.none("ONCE", "envelopes of more than one fate", "FROM single_row WHERE stored + rejected > 1")
        self.none(
            "ONCE",
            "envelopes of garbage that are no reject",
            "FROM single_row SEMI JOIN garbage USING (payload) WHERE rejected != 1 OR stored != 0",
        )
        self.none(
            "ONCE",
            "envelopes of readings that are rejects",
            "FROM single_row SEMI JOIN tagged USING (tag) WHERE rejected != 0",
        )
        self.none(
            "ONCE",
            "envelopes nobody sent",
            "FROM (FROM single_row ANTI JOIN tagged USING (tag)) ANTI JOIN garbage USING (payload)",
        )
        for table in ("observed", "rejected"):
            stray = f"FROM {table} ANTI JOIN envelope USING ({POSITION})"
            self.none("ONCE", f"rows of {table} at positions that no envelope has", stray)

    def devices(self):
        """Events, and what is counted of them: every line by its own mark."""
        journals = devices.read_journals(self.folder)
        deadline = time.monotonic() + 60
        while True:
            self.of_devices = store.read_devices(self.base, self.ioc, journals).run()
            # What is added to a day let go of comes some epochs after its lines, when no row waits any more.
            is_whole = not any(finding.startswith("BATCH") for finding in self.of_devices.findings)
            if is_whole or time.monotonic() > deadline:
                break
            time.sleep(1)
        self.findings += self.of_devices.findings
        figures = dict(self.of_devices.figures)
        self.figures["lost"] += figures.pop("lost", 0)
        self.figures["doubled"] += figures.pop("doubled", 0)
        self.figures["devices"] = figures

    def reports(self):
        """What agencies report: every message has its receipt, every cell what was said of it last."""
        self.of_reports = store.read_reports(self.base, self.ioc, self.folder / "offices").run()
        self.findings += self.of_reports.findings
        figures = dict(self.of_reports.figures)
        self.figures["lost"] += figures.pop("lost", 0)
        self.figures["doubled"] += figures.pop("doubled", 0)
        self.figures["reports"] = figures

    def balance(self):
        """The two identities, and that their figures are those of the archive and of the tables."""
        totals = self.figures["balance"] = store.balance(self.ioc)
        of_readings = f"fate WHERE feed NOT IN {LINES_OR_MESSAGES}"
        duplicates = self.ask(f"SELECT sum(if(feed = '{OF_FILES}', 2, 1) - stored - rejected) FROM {of_readings}")[0][0]
        duplicates += sum(self.of_devices.figures[f"duplicates {feed}"] for feed in LOG_FEEDS)
        reports = self.of_reports.sums
        duplicates += reports["same"]
        # Of a message that is not taken whole the table has one row.
        refused = reports["rejected"] - reports["messages rejected"]
        events = sum(len(rows) for rows in self.of_devices.stored.values())
        rules = {
            "received is not decoded + empty + undecodable": totals["envelopes_received"]
            == totals["envelopes_decoded"] + totals["envelopes_empty"] + totals["envelopes_undecodable"],
            "rows are not stored + duplicate + rejected": totals["rows_decoded"]
            == totals["rows_stored"] + totals["rows_duplicate"] + totals["rows_rejected"],
            "rows wait": totals["rows_waiting"] == 0,
            "something is astray": totals["envelopes_astray"] == totals["rows_astray"] == 0,
            "received is not what is archived": totals["envelopes_received"] == self.figures["envelopes"],
            "stored is not what the table holds": totals["rows_stored"] == self.count("FROM observed") + events + reports["stored"],
            "rejected and undecodable are not what the table holds": self.count("FROM rejected") + refused
            == totals["rows_rejected"] + totals["envelopes_undecodable"],
            f"duplicates are not the {duplicates} that are left": totals["rows_duplicate"] == duplicates,
        }
        self.findings += [f"BALANCE: {what}: {totals}" for what, holds in rules.items() if not holds]

    def windows(self):
        """Those that are closed by their station's own data are there, and no others."""
        self.figures["windows"] = self.same("windows", f"{WINDOW}, count, sum, min, max", "wanted", "window_held")
        twice = f"SELECT {WINDOW} FROM window_held GROUP BY ALL HAVING count(*) > 1"
        self.none("ONCE", "windows with two current revisions", twice)

    def indices(self):
        stations = self.scale.every_station()
        wanted = indices.work_out(self.base, self.scale.cadence, stations)
        held = indices.held(self.base, stations)
        self.figures["indices"] = len(wanted)
        others = sorted(key for key in wanted.keys() | held.keys() if wanted.get(key) != held.get(key))
        if others:
            some = [(*key, wanted.get(key), held.get(key)) for key in others[:3]]
            self.findings.append(f"BATCH: {len(others)} indices are others (wanted, held), such as {some}")

    def promises(self):
        """What the workload says it holds was sent, and came as what it says."""
        sent, balance = set(self.figures["by_kind"]), self.figures["balance"]
        revised = "SELECT count(DISTINCT (kind, indicator, subject, start_time)) FROM window WHERE closed_by = 'revision'"
        self.figures["revised"] = store.client(self.ioc).query(revised).result_rows[0][0]
        there = {
            **{f"{kind} was sent": kind in sent for kind in sorted(workload.KINDS)},
            "closed window was revised": self.figures["revised"] > 0,
            "row was a duplicate": balance["rows_duplicate"] > 0,
            "row was rejected": balance["rows_rejected"] > 0,
            "envelope was undecodable": balance["envelopes_undecodable"] > 0,
        }
        self.findings += [f"the workload proves less than it says: no {what}" for what in there if not there[what]]
