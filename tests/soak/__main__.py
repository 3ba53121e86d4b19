"""The long forms: `PYTHONPATH=tests python -m soak store-trouble --minutes 10`. `make soak` runs them all.

What was seen is written to target/soak/NAME.json, samples of the memory with it, and held against the bars.
"""

import argparse
import json
import pathlib
import sys
import tempfile

from ioc import BINARY, ROOT, Ioc
from outside import Server
from soak import stalls, store_trouble

# What must hold of what is seen, by a word of the field: name and highest or lowest figure.
BARS = {
    "store-trouble": [("RSS slope in trouble MiB/min", "at most", 1.0), ("times the incoming rate", "at least", 5.0)],
    "crowd": [
        ("RSS slope MiB/min, last two thirds", "at most", 1.0),
        ("PUBACK p99 in trouble/quiet", "at most", 2.0),
        ("reading to commit p99 s in trouble", "at most", 10.0),
    ],
    "slow-disk": [("RSS slope MiB/min, last two thirds", "at most", 1.0)],
}


def store_trouble_long(folder, seconds, _quiet):
    like = Ioc(folder / "like")
    like.folder.mkdir()
    like.start()
    (folder / "server").mkdir()
    (folder / "trouble").mkdir()
    server = Server(folder / "server", like)
    like.stop()
    try:
        return store_trouble.run(server, folder / "trouble", seconds, rate=5_000)
    finally:
        server.stop()


def crowd_long(folder, seconds, quiet):
    seen, watch = stalls.run(folder, seconds, rate=1_000, idle=5_000, deaf=1_000, quiet=quiet)
    seen["PUBACK p99 in trouble/quiet"] = seen["PUBACK p99 ms in trouble"] / seen["PUBACK p99 ms quiet"]
    return seen, watch


def slow_disk_long(folder, seconds, quiet):
    """Needs a binary with the feature `failpoints`: the disk takes half a second for every group it is given."""
    stall = "bus_before_fsync=sleep(500)"
    return stalls.run(folder, seconds, rate=1_000, idle=0, deaf=0, failpoints=stall, quiet=quiet)


LONG = {"store-trouble": store_trouble_long, "crowd": crowd_long, "slow-disk": slow_disk_long}


def main():
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=LONG, metavar="NAME", help=", ".join(LONG))
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the trouble lasts")
    parser.add_argument("--quiet", type=float, help="minutes before it; a third as many, five at most, unless said")
    arguments = parser.parse_args()
    quiet = arguments.quiet and 60 * arguments.quiet
    return int(any([not holds_its_bars(name, 60 * arguments.minutes, quiet) for name in arguments.names]))


def holds_its_bars(name, seconds, quiet):
    with tempfile.TemporaryDirectory(prefix="ioc-soak-") as folder:
        seen, watch = LONG[name](pathlib.Path(folder), seconds, quiet)
    report = ROOT / "target" / "soak" / f"{name}.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    seen["binary"] = "release" if "release" in BINARY.parts else "debug"
    report.write_text(json.dumps({"seen": seen, "rss": watch.samples}, indent=1))
    print(f"{name}, written to {report.relative_to(ROOT)}")
    for what, figure in seen.items():
        print(f"{what:>40}  {figure:,.2f}" if isinstance(figure, float) else f"{what:>40}  {figure}")
    missed = [bar for bar in BARS[name] if not holds(seen[bar[0]], *bar[1:])]
    for what, word, limit in missed:
        print(f"MISSED: {what} is {seen[what]:.2f}, {word} {limit} was promised")
    return not missed


def holds(figure, word, limit):
    return figure <= limit if word == "at most" else figure >= limit


if __name__ == "__main__":
    sys.exit(main())
