"""The page's budgets, in Chromium: its own bench and its own tests of size and heap, read from what they print."""

import re
import subprocess

from kit.figures import Figures
from kit.product import ROOT

WEB = ROOT / "dashboards" / "web"


def told(command, seconds):
    """What it printed; a budget that is missed makes it fail, and is told by the figure."""
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=seconds)
    return done.stdout


def measure():
    figures = Figures("page")
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=WEB, check=True, capture_output=True)
    timed = told(["npm", "run", "--silent", "bench"], 150)
    sized = told(["node", "--test", "tests/budgets.test.js"], 200)
    loads = [float(time) for time in re.search(r"first data after ([\d., ]+) ms", timed)[1].split(",")]
    busy, updates = re.search(r"main thread ([\d.]+) % at ([\d.]+) updates/s", timed).groups()
    heap, updated = re.search(r"grown by (-?[\d.]+) MiB in ([\d,]+) updates", sized).groups()
    script, page = re.search(r"script ([\d.]+) KiB, page ([\d.]+) KiB", sized).groups()
    figures.add(
        "first data on screen, best of three loads", min(loads) / 1000, "s", at_most=1,
        beside=f"{', '.join(f'{load:.0f}' for load in loads)} ms; the page's fixture server, software rendering",
    )
    figures.add("main thread, 3840 px", float(busy), "%", at_most=15, beside=f"at {updates} updates/s")
    figures.add("heap over two simulated hours, grown by", float(heap), "MiB", at_most=5, beside=f"{updated} updates")
    figures.add("script, packed", float(script), "KiB", at_most=80, beside=f"whole page with fonts and map {page} KiB")
