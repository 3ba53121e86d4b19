"""What a province costs that sends nothing: all processes at rest, and how soon they are there."""

import time
import urllib.error

from kit.figures import Figures
from kit.process import proportional_bytes, tree
from kit.product import product

# As an operator starts it: the pack that is built in, every default.
PACK = None
REST = 20


def seconds_to_ready(ioc):
    """From the start of the process until supervision is told that it works."""
    began = time.monotonic()
    ioc.start(wait=False)
    while time.monotonic() - began < 60:
        try:
            ioc.get("/readyz")
            return time.monotonic() - began
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise RuntimeError(f"not ready:\n{ioc.log()[-2000:]}")


def measure():
    figures = Figures("idle")
    with product("idle", pack=PACK, start=False) as ioc:
        first = seconds_to_ready(ioc)
        time.sleep(REST)
        pids = tree(ioc.process.pid)
        resident = sum(resident for _, resident in pids.values()) / 1e6
        own = pids[ioc.process.pid][1] / 1e6
        shared_once = proportional_bytes(pids) / 1e6
        ioc.stop()
        again = seconds_to_ready(ioc)
        figures.add(
            "`ioc up` and its ClickHouse, idle, resident", resident, "MB", at_most=450,
            beside=f"{shared_once:.0f} MB with shared pages counted once; `ioc` alone {own:.0f} MB; "
            f"{REST} s after the start",
        )
        figures.add("first start to ready, tables made", first, "s", at_most=2, beside=f"second start {again:.2f} s")
