"""A crowd in front of the process, or a disk that stalls behind it: memory stays, and others are served (BOUND, SAFE).

First a quiet time, then the trouble; both are measured in the same run by a sender who does nothing wrong.
"""

import re
import time

from ioc import Ioc
from soak import load, memory
from soak.crowd import Crowd
from soak.prober import Prober, percentile

MIB = 1 << 20


def run(folder, seconds, rate, idle, deaf, failpoints="", flood=True, quiet=None, drains=True, **settings):
    """The crowd, or with `failpoints` the stall, for so many seconds. Gives back what was seen."""
    room = {"IOC_MQTT_MAX_CONNECTIONS": str(idle + 100), "IOC_HTTP_MAX_LIVE": str(deaf + 10)}
    ioc = Ioc(folder, IOC_STREAM_HORIZON="3h", **room, **settings)
    password, _ = ioc.add_sender("gw1", "gateway")
    seen = {"rate": rate, "seconds of trouble": seconds, "idle": idle, "deaf viewers": deaf, "failpoints": failpoints}
    senders = crowd = None
    quiet = quiet or min(seconds / 3, 300)
    try:
        ioc.start(failpoints=failpoints)
        senders = load.Load(ioc, password, rate, load.STATIONS)
        prober = Prober(ioc, password)
        watch = memory.Watch(ioc)
        time.sleep(quiet)
        quiet_ended = time.time()
        began, until = time.monotonic(), watch.now()
        crowd = Crowd(ioc, password, idle, deaf, flood=flood)
        came, came_at = time.monotonic(), time.time()
        time.sleep(seconds)
        ended, ended_at = watch.now(), time.time()
        metrics = ioc.get("/metrics").decode()
        viewers = re.search(r"^ioc_dashboards_viewers (\d+)$", metrics, re.M)
        connections = re.search(r"^ioc_mqtt_connections (\d+)$", metrics, re.M)
        told, crowd = crowd.stop(), None
        waited = prober.stop()
        watch.stop()
        away = watch.now() - time.monotonic()
        seen |= told | {
            "viewers at the end": int(viewers[1]),
            "connections at the end": int(connections[1]),
            "RSS MiB quiet": [held for at, held in watch.samples if at <= until][-1] / MIB,
            "RSS MiB highest": watch.highest() / MIB,
            "RSS slope MiB/min, last two thirds": watch.slope(came + away + (ended - came - away) / 3, ended) / MIB,
            "PUBACK p50 ms quiet": 1000 * percentile(waited, 0.5, began - quiet * 0.8, began),
            "PUBACK p99 ms quiet": 1000 * percentile(waited, 0.99, began - quiet * 0.8, began),
            "PUBACK p50 ms in trouble": 1000 * percentile(waited, 0.5, came),
            "PUBACK p99 ms in trouble": 1000 * percentile(waited, 0.99, came),
        }
        # What the flood left on the log comes before the last readings.
        seen["sent"] = sum((sent := senders.finish()).values())
        if drains:
            ioc.wait_drained(3600)
            load.check(ioc.analyst(), "ioc", sent)
            seen |= {
                "reading to commit p99 s quiet": load.commit_p99(ioc, quiet_ended - quiet * 0.8, quiet_ended),
                "reading to commit p99 s in trouble": load.commit_p99(ioc, came_at + seconds / 3, ended_at),
            }
        return seen, watch
    finally:
        if crowd:
            crowd.process.kill()
        if senders:
            senders.kill()
        ioc.stop()
