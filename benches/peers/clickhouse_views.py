"""ClickHouse alone, in the exact way: the lines go into a table that keeps nothing, views parse them, refuse the
damaged ones, keep the rows, and gather each window's distinct (time, value) pairs, so that copies fall out when it is
read. It runs on the product's own child, with the same settings of durability.
"""

import http.client
import threading
import urllib.parse

SAFETY = "fsync_after_insert = 1, fsync_part_directory = 1"
DAMAGE = "isValidJSON(line) AND moment IS NOT NULL AND JSONType(line, 'value') IN ('Double', 'Int64', 'UInt64')"
TABLES = [
    "CREATE TABLE peer_line (line String) ENGINE = Null",
    f"""CREATE TABLE peer_row (station LowCardinality(String), indicator LowCardinality(String),
        ts DateTime64(3, 'UTC'), value Float64) ENGINE = MergeTree ORDER BY (indicator, station, ts)
        SETTINGS {SAFETY}""",
    f"""CREATE TABLE peer_window (station LowCardinality(String), indicator LowCardinality(String),
        start DateTime('UTC'), readings AggregateFunction(groupUniqArray, Tuple(DateTime64(3, 'UTC'), Float64)))
        ENGINE = AggregatingMergeTree ORDER BY (indicator, station, start) SETTINGS {SAFETY}""",
    f"""CREATE MATERIALIZED VIEW peer_parse TO peer_row AS
        SELECT JSONExtractString(line, 'station') AS station, JSONExtractString(line, 'indicator') AS indicator,
            assumeNotNull(moment) AS ts, JSONExtractFloat(line, 'value') AS value
        FROM (SELECT line, parseDateTime64BestEffortOrNull(JSONExtractString(line, 'ts'), 3, 'UTC') AS moment
              FROM peer_line) WHERE {DAMAGE}""",
    """CREATE MATERIALIZED VIEW peer_gather TO peer_window AS
        SELECT station, indicator, toStartOfMinute(ts) AS start, groupUniqArrayState((ts, value)) AS readings
        FROM peer_row GROUP BY station, indicator, start""",
]
LINES_AN_INSERT = 65_536
INSERTERS = 2


class Views:
    """Inserts lines until it is told to stop."""

    def __init__(self, ioc, client):
        self.ioc = ioc
        for table in TABLES:
            client.command(table)
        self.lines = 0
        self.lock = threading.Lock()
        self.failed = None

    def insert(self, source, until):
        threads = [threading.Thread(target=self._guarded, args=(source, until)) for _ in range(INSERTERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failed:
            raise self.failed
        return self.lines

    def _guarded(self, source, until):
        try:
            self._send(source, until)
        except Exception as error:
            self.failed = error

    def _send(self, source, until):
        connection = http.client.HTTPConnection("127.0.0.1", self.ioc.clickhouse, timeout=120)
        query = {"database": "ioc", "query": "INSERT INTO peer_line FORMAT LineAsString"}
        headers = {"X-ClickHouse-User": "ioc", "X-ClickHouse-Key": self.ioc.password_of("ioc")}
        while not until() and not self.failed:
            with self.lock:
                body = b"".join(line for line, _ in zip(source, range(LINES_AN_INSERT)))
            if not body:
                return
            connection.request("POST", "/?" + urllib.parse.urlencode(query), body, headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise RuntimeError(said[:500])
            with self.lock:
                self.lines += body.count(b"\n")
