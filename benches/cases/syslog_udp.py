"""Syslog over UDP at 10,000 datagrams a second for a minute: is any lost?

An open loop by Python's own sockets: sshd's lines of sixteen servers, each with its own address on loopback, ten
milliseconds' worth at a time. A datagram that the system drops is told nobody but the receiver's counter, so every line
is counted in the table of events in the end.
"""

import shutil
import socket
import threading
import time

from kit import store
from kit.figures import Figures, shown
from kit.process import Watch
from kit.product import PACK, eventually, figures as metrics, product, scratch

RATE = 10_000
SECONDS = 60
TICK = 0.01
SERVERS = 16
FEED = """
[security]
name = { vi = "Nhật ký", en = "Logs" }
owner = { vi = "Đơn vị đo", en = "Bench" }
transport = { kind = "syslog", from = ["127.0.1.0/27"] }
format = "syslog"
silent_after = "10m"
"""


def line(number, now):
    """A failed log-in, by its number."""
    process, address, port = 2_000 + number % 30_000, f"203.0.113.{number % 250}", 1024 + number % 60_000
    return f"<86>{now} srv sshd[{process}]: Failed password for root from {address} port {port} ssh2".encode()


def send(port, sent):
    """So many lines a tick from each server in turn, each tick when it is due."""
    sockets = []
    for server in range(SERVERS):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((f"127.0.1.{server + 1}", 0))
        one.connect(("127.0.0.1", port))
        sockets.append(one)
    each = int(RATE * TICK)
    began = time.monotonic()
    for tick in range(int(SECONDS / TICK)):
        due = began + tick * TICK
        time.sleep(max(0.0, due - time.monotonic()))
        now = time.strftime("%b %e %H:%M:%S")
        for number in range(tick * each, (tick + 1) * each):
            sockets[number % SERVERS].send(line(number, now))
        sent[0] = (tick + 1) * each
    sent[1] = time.monotonic() - began
    for one in sockets:
        one.close()


def measure():
    figures = Figures("syslog_udp")
    with scratch("syslog-pack") as folder:
        pack = shutil.copytree(PACK, folder / "pack")
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEED)
        with product("syslog_udp", pack=pack) as ioc:
            client, sent = store.connect(ioc), [0, 0.0]
            count = "SELECT count() FROM event_current WHERE feed = 'security'"
            with Watch(ioc.process.pid) as watch:
                sender = threading.Thread(target=send, args=(ioc.syslog["udp"], sent))
                sender.start()
                sender.join()
            began = time.monotonic()
            stored = lambda: store.value(client, count)  # noqa: E731
            try:
                eventually(lambda: stored() >= sent[0], seconds=60)
            except AssertionError:
                pass  # What is missing is what is measured.
            rest = time.monotonic() - began
            dropped = metrics(ioc)["ioc_syslog_dropped_datagrams_total"]
            child = ioc.clickhouse_pid()
            figures.add(
                f"UDP, {shown(RATE)} datagrams/s for {SECONDS} s, lines lost", sent[0] - stored(), "lines", at_most=0,
                beside=f"{shown(sent[0])} sent in {sent[1]:.1f} s, all stored {rest:.1f} s after the last; the system dropped "
                f"{dropped:.0f}; `ioc` {watch.cpu_seconds(ioc.process.pid):.0f} CPU s, "
                f"{watch.peak_by_process[ioc.process.pid] / 1e6:.0f} MB; ClickHouse {watch.cpu_seconds(child):.0f} CPU s",
            )
