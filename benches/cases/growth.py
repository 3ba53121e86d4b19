"""What a series costs: as many lines of ten times, and of a hundred times as many series.

W1's lines, five million each time, through the harness of the case `w1` with two workers (`w1/main.rs` says what is
measured). Sixteen thousand series have more than three hundred readings each, a hundred times as many have three: the
same rows are judged, but every one of them meets a series that lies in no cache, and all of them are in memory. Each
run is made three times, and the middle one is told. Beside its eight series a station has a ninth with one reading,
which closes its windows; bytes are counted on the eight.
"""

import statistics
import subprocess

from kit import flow
from kit.figures import Figures, shown
from kit.product import load, scratch, told

EVENTS = 5_000_000
STATIONS = (2_000, 20_000, 200_000)
INDICATORS = 8
RUNS = 3


def run(folder, stations):
    """The middle one of its runs: by CPU seconds, and by memory."""
    source = folder / f"{stations}.json"
    command = load("lines", "--events", EVENTS, "--stations", stations, "--output", source)
    subprocess.run(command, capture_output=True, check=True)
    runs = [flow.run(source, folder / "windows.csv", 2, stations) for _ in range(RUNS)]
    source.unlink()
    middle = lambda name: statistics.median(seen[name] for seen in runs)  # noqa: E731
    return middle("cpu_seconds"), middle("peak_rss_mb"), runs


def measure():
    figures = Figures("growth")
    with scratch("growth") as folder:
        seen = {stations: run(folder, stations) for stations in STATIONS}
    for stations, (cpu, memory, runs) in seen.items():
        least, most = min(one["cpu_seconds"] for one in runs), max(one["cpu_seconds"] for one in runs)
        figures.add(
            f"{shown(EVENTS)} lines of {shown(stations * INDICATORS)} series, CPU seconds", cpu, "s",
            beside=f"{least:.1f} to {most:.1f} s in {RUNS} runs; {memory:,.0f} MB", runs=runs,
        )
    (few, few_memory, _), (many, many_memory, _) = seen[STATIONS[0]], seen[STATIONS[-1]]
    series = (STATIONS[-1] - STATIONS[0]) * INDICATORS
    figures.add("CPU seconds with a hundred times as many series", many / few, "times", at_most=3)
    figures.add("memory a series", (many_memory - few_memory) * 2**20 / series, "bytes", at_most=500)
