"""A file that grows, two million lines of it, each known by a key: read the first time, and once more when its place is lost.

sshd's lines of one server, an hour old at most, written before the product starts. The first time every line is new. Then
the product is stopped in order, its place in the file removed, and started again: the whole file comes again, nearly all of
its keys are forgotten by then and are asked of the store, and not one line may be stored twice.
"""

import datetime
import shutil
import time

from kit import store
from kit.figures import Figures, shown
from kit.process import Watch
from kit.product import PACK, eventually, product, scratch

LINES = 2_000_000
WITHIN = 3_000
FEED = """
[logins]
name = {{ vi = "Tệp nhật ký", en = "Log files" }}
owner = {{ vi = "Đơn vị đo", en = "Bench" }}
transport = {{ kind = "follow", folder = "{folder}", names = ["auth.log"] }}
format = "syslog_lines"
silent_after = "10m"
"""


def write(path):
    """Failed log-ins of the last fifty minutes, in order."""
    began = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=WITHIN)
    with open(path, "w") as file:
        for number in range(LINES):
            at = began + datetime.timedelta(seconds=number * WITHIN / LINES)
            process, address = 2_000 + number % 30_000, f"203.0.113.{number % 250}"
            file.write(f"{at:%Y-%m-%dT%H:%M:%S.%f}+00:00 srv-a sshd[{process}]: Failed password for root from {address} port {1024 + number % 60_000} ssh2\n")


def judged(client):
    """Lines stored, and lines that were there already."""
    query = "SELECT sum(rows_stored), sum(rows_duplicate), sum(rows_waiting) FROM feed_balance WHERE feed = 'logins'"
    return client.query(query).result_rows[0]


def wait(ioc, client, stored, duplicate):
    """Seconds until all are judged, and what it cost."""
    began = time.monotonic()
    with Watch(ioc.process.pid) as watch:
        eventually(lambda: judged(client) == (stored, duplicate, 0), seconds=280)
    child = ioc.clickhouse_pid()
    cost = f"`ioc` {watch.cpu_seconds(ioc.process.pid):.0f} CPU s, {watch.peak_by_process[ioc.process.pid] / 1e6:.0f} MB; ClickHouse {watch.cpu_seconds(child):.0f} CPU s"
    return time.monotonic() - began, cost


def measure():
    figures = Figures("followed")
    with scratch("followed-pack") as folder:
        logs = folder / "logs"
        logs.mkdir()
        pack = shutil.copytree(PACK, folder / "pack")
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEED.format(folder=logs))
        write(logs / "auth.log")
        with product("followed", pack=pack) as ioc:
            client = store.connect(ioc)
            seconds, cost = wait(ioc, client, LINES, 0)
            figures.add("lines of a followed file with keys, all new", LINES / seconds, "lines/s", beside=cost)
            ioc.stop()
            shutil.rmtree(ioc.data / "followed")
            ioc.start()
            client = store.connect(ioc)
            seconds, cost = wait(ioc, client, LINES, LINES)
            figures.add("the same file again, its place lost, all of it known", LINES / seconds, "lines/s", beside=cost)
            twice = store.value(client, "SELECT count() - uniqExact(key) FROM event WHERE feed = 'logins'")
            figures.add("lines stored twice", twice, "lines", at_most=0, beside=f"of {shown(LINES)}")
