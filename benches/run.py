#!/usr/bin/env python3
"""Measures the product on this machine, its peers beside it, and writes down what was seen.

    make bench                              # all cases; the table goes into benches/RESULTS.md
    make bench CASES="latency recovery"     # some; the table is printed alone

Every case is a process of its own, bounded in time: what does not end is ended and told as failed. Nothing is passed
over in silence, and a figure that is missing or a bar that is missed is in the table. The lines lie in target/bench/.
"""

import argparse
import importlib
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import time

from kit.figures import table
from kit.product import ROOT, SCRATCH, version

# Case → seconds it may take. Those that want the machine quiet come first.
CASES = {
    "idle": 120,
    "latency": 180,
    "w1": 420,
    "growth": 240,
    "derived": 240,
    "mqtt": 240,
    "mqtt_to_row": 240,
    "syslog_udp": 240,
    "followed": 600,
    "recovery": 240,
    "sink": 420,
    "bytes": 420,
    "questions": 900,
    "restated": 900,
    "undated": 600,
    "page": 420,
}
RESULTS = ROOT / "benches" / "RESULTS.md"
BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"


def measure(case, limit):
    """The lines of one case, in a process of its own; a failure is a line, too."""
    command = [sys.executable, __file__, "--case", case]
    print(f"# {case}", file=sys.stderr, flush=True)
    log = open(SCRATCH / f"{case}.log", "w")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
    try:
        out, _ = process.communicate(timeout=limit)
        fault = None if process.returncode == 0 else f"ended with {process.returncode}"
    except subprocess.TimeoutExpired:
        out, fault = end(process), f"not finished within {limit} s"
    except BaseException:
        end(process)
        raise
    log.close()
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    if fault:
        last = (SCRATCH / f"{case}.log").read_text(errors="replace").strip().splitlines()[-1:] or [""]
        print(f"# {case} failed: {fault}: {last[0]}", file=sys.stderr)
        what = f"{fault}: {last[0][:200]}".replace("|", "/")
        lines.append(dict(case=case, what=what, figure=None, unit="", bar=None, met=None, beside=""))
    for line in lines:
        print(json.dumps(line, ensure_ascii=False), flush=True)
    return lines


def end(process):
    """Ends a case, which ends its servers itself; if it cannot, its process group is ended. What it said is kept."""
    process.terminate()
    try:
        return process.communicate(timeout=30)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0]


def machine():
    """What it was measured on, in a sentence."""
    processor = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({processor}), {memory:.0f} GiB, Linux {platform.release()}; "
        f"load average {os.getloadavg()[0]:.1f} before the first case; {version()}"
    )


def write_down(lines, header):
    """Puts the table where RESULTS.md keeps the figures of the last whole run."""
    text = RESULTS.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    RESULTS.write_text(f"{before}{BEGIN}\n{header}\n\n{table(lines)}{END}{after}")


def main():
    arguments = argparse.ArgumentParser(description="measures the product and its peers")
    arguments.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all if none")
    arguments.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    # So that what was begun is ended, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    if given.case:
        importlib.import_module(f"cases.{given.case}").measure()
        return 0
    unknown = set(given.cases) - CASES.keys()
    if unknown:
        arguments.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    # What an earlier run that was killed left behind.
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    began = time.time()
    header = f"{time.strftime('%Y-%m-%d', time.gmtime())}: {machine()}"
    lines = [line for case in given.cases or CASES for line in measure(case, CASES[case])]
    header += f"; {(time.time() - began) / 60:.0f} minutes."
    (SCRATCH / "lines.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    if not given.cases:
        write_down(lines, header)
    print(f"\n{header}\n\n{table(lines)}")
    return 1 if any(line["figure"] is None for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
