"""The store against the journals. Every rule of the product, none of its code."""

from fire import indices, recompute, store


class Check:
    """What was found; each finding names the invariant that is broken."""

    def __init__(self, ioc, folder, work, scale):
        work.mkdir()
        self.ioc, self.scale = ioc, scale
        self.base = recompute.connect(work)
        recompute.read_journals(self.base, folder)
        recompute.work_out(self.base)
        store.read(self.base, ioc, work)
        self.findings = []
        self.figures = {}

    def run(self):
        self.acknowledged_messages()
        self.readings()
        self.envelopes()
        self.balance()
        self.windows()
        self.indices()
        return self

    def verdict(self):
        assert not self.findings, "\n".join(self.findings)

    def ask(self, query):
        return self.base.execute(query).fetchall()

    def count(self, query):
        return self.ask(f"SELECT count(*) FROM ({query})")[0][0]

    def none(self, invariant, what, query):
        """The query finds what must not be."""
        found = self.count(query)
        if found:
            some = self.ask(f"{query} LIMIT 3")
            self.findings.append(f"{invariant}: {found} {what}, such as {some}")
        return found

    def acknowledged_messages(self):
        figures = self.ask("SELECT count(*), min(clock), max(clock) FROM sent")[0]
        self.figures["messages"] = figures[0]
        self.figures["sending_seconds"] = (figures[2] - figures[1]) / 1000
        self.figures["acknowledged"] = self.count("SELECT * FROM acknowledged")
        self.figures["by_kind"] = dict(self.ask("SELECT kind, count(*) FROM sent GROUP BY kind ORDER BY kind"))
        self.none("the journals", "acknowledgements of what was not sent", "FROM acknowledged ANTI JOIN sent USING (publisher, id)")

    def busiest(self):
        """Messages a second over the ten seconds in which most were sent."""
        most = self.ask("SELECT max(sent) FROM (SELECT count(*) AS sent FROM sent GROUP BY clock // 10000)")[0][0]
        return (most or 0) // 10

    def readings(self):
        self.figures["lost"] = self.none(
            "ACK", "acknowledged readings that are lost",
            "SELECT indicator, subject, time, value FROM sent SEMI JOIN acknowledged USING (publisher, id)"
            " WHERE indicator IS NOT NULL EXCEPT SELECT indicator, subject, time, value FROM observed",
        )
        self.none(
            "ONCE", "readings nobody sent",
            "SELECT indicator, subject, time, value FROM observed EXCEPT SELECT indicator, subject, time, value FROM known",
        )
        self.figures["doubled"] = self.none(
            "ONCE", "readings that are stored twice",
            "SELECT indicator, subject, time, value, count(*) FROM observed GROUP BY ALL HAVING count(*) > 1",
        )
        self.figures["keys"] = self.compare("current values", "indicator, subject, time, value", "current", "current_held")

    def compare(self, what, columns, wanted, held):
        """Both sides, row by row: equal, bit for bit."""
        self.none("BATCH", f"{what} that are missing or others", f"SELECT {columns} FROM {wanted} EXCEPT ALL SELECT {columns} FROM {held}")
        self.none("BATCH", f"{what} that should not be", f"SELECT {columns} FROM {held} EXCEPT ALL SELECT {columns} FROM {wanted}")
        return self.count(f"SELECT {columns} FROM {wanted}")

    def envelopes(self):
        """Every message by its own mark: on the archive, and each envelope of it stored, duplicate or rejected once."""
        self.base.execute(
            """
            CREATE TABLE fate AS
            SELECT envelope.*, coalesce(stored, 0) AS stored, coalesce(rejected, 0) AS rejected
            FROM envelope
            LEFT JOIN (SELECT log, partition, position, count(*) AS stored FROM observed GROUP BY ALL)
                USING (log, partition, position)
            LEFT JOIN (SELECT log, partition, position, count(*) AS rejected FROM rejected GROUP BY ALL)
                USING (log, partition, position)
            """
        )
        self.figures["envelopes"] = self.count("FROM envelope")
        delivered = "SELECT publisher, id FROM sent SEMI JOIN acknowledged USING (publisher, id) WHERE publisher != 'files'"
        self.none(
            "ACK", "acknowledged messages without an envelope",
            f"""
            {delivered} EXCEPT (
                SELECT publisher, id FROM sent JOIN envelope ON sent.tag = envelope.tag WHERE sent.payload IS NULL
                UNION ALL
                SELECT publisher, id FROM sent JOIN envelope ON sent.payload = envelope.payload
            )
            """,
        )
        self.none("ONCE", "envelopes that are on the archive twice", "SELECT log, partition, position FROM envelope GROUP BY ALL HAVING count(*) > 1")
        self.none("ONCE", "envelopes of more than one fate", "FROM fate WHERE feed != 'files' AND stored + rejected > 1")
        self.none(
            "ONCE", "envelopes of garbage that are no reject",
            "FROM fate SEMI JOIN sent ON sent.payload = fate.payload WHERE rejected != 1 OR stored != 0",
        )
        self.none(
            "ONCE", "envelopes of readings that are rejects",
            "FROM fate SEMI JOIN (FROM sent WHERE payload IS NULL) AS sent USING (tag) WHERE rejected != 0",
        )
        self.none(
            "ONCE", "envelopes nobody sent",
            "FROM fate ANTI JOIN (FROM sent WHERE payload IS NULL) AS sent USING (tag)"
            " WHERE feed != 'files' AND payload NOT IN (SELECT payload FROM sent WHERE payload IS NOT NULL)",
        )
        self.none("ONCE", "rows of positions that no envelope has", "SELECT log, partition, position FROM observed ANTI JOIN envelope USING (log, partition, position)")

    def balance(self):
        """The two identities, and what they add up against the archive and the tables."""
        totals = self.figures["balance"] = store.balance(self.ioc)
        held = {
            "envelopes_received": self.figures["envelopes"],
            "rows_stored": self.count("FROM observed"),
            "rows_duplicate": self.ask(
                "SELECT sum(if(feed = 'files', 2, 1) - stored - rejected) FROM fate"
            )[0][0],
        }
        rules = {
            "envelopes are not decoded, empty or undecodable": totals["envelopes_received"]
            == totals["envelopes_decoded"] + totals["envelopes_empty"] + totals["envelopes_undecodable"],
            "rows are not stored, duplicate or rejected": totals["rows_decoded"]
            == totals["rows_stored"] + totals["rows_duplicate"] + totals["rows_rejected"],
            "something waits or is astray": not (
                totals["rows_waiting"] or totals["envelopes_astray"] or totals["rows_astray"]
            ),
            "rejects are not those of the table": totals["rows_rejected"] + totals["envelopes_undecodable"]
            == self.count("FROM rejected"),
            **{f"{name} is not the {count} that are there": totals[name] == count for name, count in held.items()},
        }
        self.findings += [f"BALANCE: {what}: {totals}" for what, holds in rules.items() if not holds]

    def windows(self):
        columns = "kind, indicator, subject, start, count, sum, min, max"
        self.figures["windows"] = self.compare("windows", columns, "wanted", "window_held")
        self.none(
            "ONCE", "windows with two current revisions",
            "SELECT kind, indicator, subject, start FROM window_held GROUP BY ALL HAVING count(*) > 1",
        )

    def indices(self):
        stations = self.scale.every_station()
        wanted = indices.work_out(self.base, self.scale.cadence, stations)
        held = indices.held(self.base, stations)
        self.figures["indices"] = len(wanted)
        others = {key: (wanted.get(key), held.get(key)) for key in wanted.keys() | held.keys()}
        others = sorted((key, pair) for key, pair in others.items() if pair[0] != pair[1])
        if others:
            self.findings.append(f"BATCH: {len(others)} VN_AQI are others (wanted, held), such as {others[:3]}")
