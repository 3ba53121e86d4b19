"""The log and the dataflow without a store: the harness `w1/main.rs`, which says what is inside the measured time."""

import os
import subprocess

from kit.product import RELEASE, told


def binary():
    built = [path for path in (RELEASE / "deps").glob("w1-*") if path.suffix == "" and os.access(path, os.X_OK)]
    return str(max(built, key=lambda path: path.stat().st_mtime))


def run(source, output, workers, stations=2_000):
    """Takes W1's lines through it, and gives back what it tells of itself; the windows go to `output`."""
    counts = ["--stations", str(stations), "--workers", str(workers)]
    command = [binary(), "--input", source, "--output", output, *counts]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150)
    if done.returncode != 0:
        raise RuntimeError(f"w1 ended with {done.returncode}: {done.stderr[-500:]}")
    return told(done.stdout)
