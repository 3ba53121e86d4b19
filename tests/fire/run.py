"""A whole fire: kills under load, the check against the journals, the same manifests without a kill.

`python -m fire.run --kills 200` from `tests/`; `IOC_SEED` replays a seed.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import signal
import sys
import time

import archive
from authority import Authority
from fire import killer, pack, report, unkilled
from fire.check import Check
from fire.crowd import Crowd, Scale
from ioc import ROOT, Ioc, eventually, free_port

# Readings come in pairs, every so often: an hour has twenty of them, or sixty.
SHORT = Scale(stations=3, step=360_000, days=9, least=3)
LONG = Scale(stations=6, step=120_000, days=20, least=3)

SETTINGS = {
    "IOC_STREAM_HORIZON": "3h",
    "IOC_STREAM_CADENCE": "40ms",
    # Lives last seconds: what is replayed after each is what lies behind the last checkpoint, some epochs at least. And
    # an epoch must not hold days of event time, or what comes a day late revises nothing.
    "IOC_STREAM_EPOCH_BYTES": "131072",
    "IOC_ARCHIVE_EVERY": "2s",
    # So that a flow that is killed too often to keep pace slows the senders, and the log lets go of what it may.
    "IOC_BUS_SEGMENT_BYTES": "8388608",
    "IOC_BUS_MAX_BYTES": "67108864",
    "IOC_BUS_RETAIN_AGE": "0s",
    "IOC_BUS_RETAIN_BYTES": "0",
}


def seed_of_environment():
    return int(os.environ.get("IOC_SEED", time.time_ns() % 1_000_000))


class Fire:
    """One data folder, its crowd, and everything that was seen."""

    def __init__(self, folder, scale, seed, say=print):
        self.folder, self.scale, self.seed, self.say = pathlib.Path(folder), scale, seed, say
        self.folder.mkdir(parents=True, exist_ok=True)
        province = pack.write(self.folder / "pack", scale)
        authority = Authority(self.folder / "ca")
        key, certificate = authority.certify("server", "/CN=127.0.0.1", "IP:127.0.0.1")
        by_tls = {f"IOC_{section}_TLS_KEY": str(key) for section in ("MQTT", "FTP")}
        by_tls |= {f"IOC_{section}_TLS_CERTIFICATE": str(certificate) for section in ("MQTT", "FTP")}
        self.ioc = Ioc(self.folder, pack=province, IOC_FTP_LISTEN=f"127.0.0.1:{free_port()}", **by_tls, **SETTINGS)
        self.crowd = Crowd(self.ioc, scale, seed, authority.certificate)
        self.records = unkilled.Records(self.ioc)
        self.seen = {"seed": seed, "kills": [], "findings": [], "killing_seconds": 0.0}

    def burn(self, kills):
        """Kills under load, then everything under way comes to its end."""
        began = time.monotonic()
        with self.records:
            self.crowd.start()
            for number, kill in enumerate(kills, 1):
                self.seen["kills"] += killer.execute(self.ioc, kill)
                self.seen["killing_seconds"] = time.monotonic() - began
                if number % 10 == 0:
                    self.say(f"{len(self.seen['kills'])} kills in {self.seen['killing_seconds']:.0f} s")
            self.seen["all_still_sending"] = self.crowd.is_alive()
            self.settle()

    def settle(self, workers=2, failpoints=""):
        """A last life, in which everything sent is acknowledged, stored and archived."""
        self.ioc.settings["IOC_LOG_FILTER"] = "info,ioc_stream=debug"
        self.ioc.start(workers=workers, failpoints=failpoints)
        self.crowd.finish()
        feeds = self.ioc.wait_drained(seconds=1_800)["feeds"]
        received = sum(feed["counts"]["received"] for feed in feeds.values())
        archived = lambda: sum(record["envelopes"] for record in archive.records(self.ioc))  # noqa: E731
        eventually(lambda: archived() >= received and self.status()["archive"]["behind_offsets"] == 0, seconds=300)
        self.seen["read_back"] = self.ioc.log().count("day read back")

    def status(self):
        return json.loads(self.ioc.run("status", "--json", check=False).stdout)

    def check(self):
        """Against the journals."""
        checked = Check(self.ioc, self.crowd.folder, self.folder / "work", self.scale).run()
        self.seen["figures"] = checked.figures
        self.seen["findings"] += checked.findings
        if not self.seen["read_back"]:
            self.seen["findings"].append("the workload proves less than it says: no late row met a day let go of")

    def repeat(self, workers=3, failpoints=""):
        """Against the same manifests without a kill."""
        upto = unkilled.last_commit(self.ioc)
        unkilled.export(self.ioc, self.folder / "killed", upto)
        unkilled.run_again(self.ioc, self.records, workers, failpoints)
        unkilled.export(self.ioc, self.folder / "unkilled", upto)
        findings, self.seen["replayed"] = unkilled.compare(self.folder / "killed", self.folder / "unkilled")
        self.seen["findings"] += findings

    def end(self):
        """Whatever still runs."""
        self.crowd.end()
        if self.ioc.process is not None and self.ioc.process.poll() is None:
            self.ioc.kill()

    def verdict(self):
        assert not self.seen["findings"], "\n".join(self.seen["findings"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--keep", action="store_true", help="keep the data folder of a run without findings, too")
    chosen = arguments.parse_args()
    # Told to end, it ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seed = seed_of_environment()
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    folder = ROOT / "target" / "crash" / f"{stamp}-{seed}"
    print(f"IOC_SEED={seed}\nreport: {folder}", flush=True)
    fire = Fire(folder / "run", LONG, seed, say=lambda said: print(said, flush=True))
    try:
        fire.burn(killer.plan(seed, killer.ROUND, chosen.kills))
        fire.say("checking against the journals")
        fire.check()
        fire.say("the same manifests without a kill")
        fire.repeat()
    except AssertionError as failed:
        fire.seen["findings"].append(str(failed))
    finally:
        fire.end()
        print(report.write(folder, fire.seen))
    if fire.seen["findings"]:
        sys.exit(1)
    if not chosen.keep:
        shutil.rmtree(folder / "run")


if __name__ == "__main__":
    main()
