"""ClickHouse stopped, refusing, hanging, while readings come in: nothing is lost, memory stays, all is caught up.

The senders notice nothing (ACK): their messages are durable on the log. What the flow holds meanwhile is bounded
(BOUND); what it cannot store waits on the log, and is stored once when ClickHouse is back (ONCE).
"""

import os
import signal
import time

from ioc import eventually
from outside import Outside
from soak import load, memory
from soak.prober import Prober, percentile
from wire import Wire

STATIONS = [f"ST{number:02}" for number in range(1, 8)]
MIB = 1 << 20


def run(server, folder, seconds, rate, settle=20.0, probes=20):
    """Three troubles of that many seconds in all, one after the other. Gives back what was seen."""
    wire = Wire(server.port)
    outside = Outside(folder, wire.port, server.password, "trouble", server.admin, IOC_STREAM_HORIZON="3h")
    ioc, seen = outside.ioc, {"rate": rate, "seconds of trouble": seconds}
    senders = None
    try:
        ioc.start()
        senders = load.Load(ioc, outside.password, rate, STATIONS)
        prober = Prober(ioc, outside.password, probes)
        watch = memory.Watch(ioc)
        time.sleep(settle)
        seen["stored a second before"] = rate_of(ioc, 5)
        began = watch.now()
        quiet = time.monotonic()
        in_trouble(server, wire, ioc, seconds / 3)
        ended = watch.now()
        loud = time.monotonic()
        seen |= catch_up(ioc, senders, rate)
        waited = prober.stop()
        time.sleep(settle)
        watch.stop()
        sent = senders.finish()
        ioc.wait_drained(300)
        load.check(server.admin, outside.database, sent)
        assert ioc.run("status").returncode == 0
        seen |= {
            "sent": sum(sent.values()),
            "RSS MiB before": last_before(watch, began) / MIB,
            "RSS MiB highest": watch.highest() / MIB,
            "RSS slope in trouble MiB/min": watch.slope(began + (ended - began) / 3, ended) / MIB,
            "PUBACK p99 ms quiet": 1000 * percentile(waited, 0.99, quiet - settle / 2, quiet),
            "PUBACK p99 ms in trouble": 1000 * percentile(waited, 0.99, quiet, loud),
        }
        return seen, watch
    finally:
        if senders:
            senders.kill()
        os.kill(server.process.pid, signal.SIGCONT)
        wire.mend()
        ioc.stop()
        wire.stop()


def in_trouble(server, wire, ioc, seconds):
    """Stopped, refusing, hanging, without a pause in between that would let the flow catch its breath."""
    os.kill(server.process.pid, signal.SIGSTOP)
    time.sleep(seconds)
    wire.refuse()
    os.kill(server.process.pid, signal.SIGCONT)
    time.sleep(seconds)
    wire.hang()
    wire.refuses = False
    time.sleep(seconds)
    assert ioc.overview()["status"]["clickhouse"]["state"] == "away", "LOUD: the page does not say so"
    assert ioc.process.poll() is None
    wire.cut()
    wire.mend()


def catch_up(ioc, senders, rate):
    """From the mending until what lies on the log and is not committed is less than five seconds' worth."""
    began, committed = time.monotonic(), received(ioc)
    backlog = senders.sent() - committed
    eventually(lambda: senders.sent() - received(ioc) < 5 * rate, seconds=1800, every=0.5)
    took = time.monotonic() - began
    stored = received(ioc) - committed
    return {
        "backlog": backlog,
        "caught up after seconds": took,
        "stored a second then": stored / took,
        "times the incoming rate": stored / took / rate,
    }


def received(ioc):
    """Envelopes that committed epochs hold."""
    feeds = ioc.overview()["picture"]["feeds"]
    return next(feed["counts"]["received"] for feed in feeds if feed["id"] == "gateway")


def rate_of(ioc, seconds):
    before = received(ioc)
    time.sleep(seconds)
    return (received(ioc) - before) / seconds


def last_before(watch, moment):
    return [held for at, held in watch.samples if at <= moment][-1]
