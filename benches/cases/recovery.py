"""How soon it works again after kill -9, with much in state and half a minute of input that no checkpoint holds.

100,000 series with an hour of readings each are put in state and checkpointed. Then checkpoints are turned off,
20,000 readings a second come for 30 s, and the pipeline is killed; its ClickHouse child ends with it. Measured is from
the start of the next life until supervision is told that it works (`/readyz`), and until all that was acknowledged is
committed. Every reading is counted at the end.
"""

import time

from cases.idle import seconds_to_ready
from kit.figures import Figures, shown
from kit.product import Pusher, eventually, product, rows
from kit.readings import Turns
from kit.store import connect, value

STATIONS = 12_500
INDICATORS = ("pm25", "pm10", "no2", "o3", "so2", "co", "temperature", "humidity")
# Readings of each series that are in state: an hour, one every five minutes.
HOUR = 12
RATE = 20_000
SECONDS = 30


def newest_checkpoint(ioc):
    """Its file, named by its epoch; none at first."""
    return max((ioc.data / "stream" / "checkpoints").glob("*.checkpoint"), default=None)


def measure():
    figures = Figures("recovery")
    now = int(time.time() * 1000)
    series = STATIONS * len(INDICATORS)
    with product("recovery", start=False, IOC_STREAM_CHECKPOINT_EVERY="5s") as ioc:
        ioc.start()
        known = Pusher(ioc).push(Turns(STATIONS, INDICATORS, now - 7_200_000, 300_000, series * HOUR))
        eventually(lambda: rows(ioc, "push")["stored"] == known, seconds=120)
        # One that was begun after everything was committed.
        before = newest_checkpoint(ioc)
        eventually(lambda: newest_checkpoint(ioc) != before, seconds=60)
        ioc.stop()
        held = newest_checkpoint(ioc)

        ioc.settings["IOC_STREAM_CHECKPOINT_EVERY"] = "1h"
        ioc.start()
        fresh = Turns(STATIONS, INDICATORS, now - 3_600_000, 60_000, RATE * SECONDS, rate=RATE)
        behind = Pusher(ioc).push(fresh)
        under_way = behind + known - rows(ioc, "push")["stored"]
        if newest_checkpoint(ioc) != held:
            raise RuntimeError("a checkpoint was written meanwhile: the case proves nothing")
        ioc.kill()
        began = time.monotonic()
        ready = seconds_to_ready(ioc)
        eventually(lambda: rows(ioc, "push")["stored"] == known + behind, seconds=120, every=0.05)
        caught_up = time.monotonic() - began
        stored = value(connect(ioc), "SELECT count() FROM observation")
        if stored != known + behind:
            raise RuntimeError(f"{known + behind} were acknowledged, {stored} are stored")
        figures.add(
            f"kill -9 to ready, {shown(series)} series in state, {SECONDS} s at {shown(RATE)}/s behind the checkpoint",
            ready, "s", at_most=5,
            beside=f"checkpoint of {held.stat().st_size / 1e6:.0f} MB; senders are served from then on, while the "
            "manifests behind the checkpoint are replayed",
        )
        figures.add(
            "the same, until all of it is replayed and every reading committed", caught_up, "s",
            beside=f"{shown(under_way)} readings were not committed when it was killed; {shown(stored)} counted",
        )
