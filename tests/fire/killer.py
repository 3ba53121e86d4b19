"""The kills: what dies, where, and the proof of it.

At a named step the process is made to wait; it says in its log that it reached the step and, later, that it passed
it. It is killed after the first and before the second, so its log proves where it fell.
"""

import collections
import dataclasses
import os
import random
import re
import signal
import time

from ioc import eventually

# By named step: how often it may be passed before the process is made to wait there. Together these are every stopping
# point of the way from a sender's bytes to their archive.
STEPS = {
    "bus_before_write": 200,
    "bus_before_fsync": 200,
    "bus_after_fsync": 200,
    "epoch_before_manifest": 6,
    "epoch_after_manifest": 6,
    "sink_before_insert": 6,
    "sink_after_insert": 6,
    "sink_after_commit": 6,
    "checkpoint_before_write": 1,
    "checkpoint_after_write": 1,
    "archive_before_files": 1,
    "archive_before_rename": 1,
    "archive_after_rename": 1,
    "archive_after_pass": 1,
    "files_before_move": 2,
}
STORE_STEPS = ("sink_before_insert", "sink_after_insert", "sink_after_commit")
# What dies with the pipeline at a step, or at a random moment.
PIPELINE, STORE, EVERYTHING = "pipeline", "clickhouse", "everything"
LONGEST_RANDOM_LIFE = 4.0
# A busy machine may take long to reach a step; a process that never does is a finding.
PATIENCE = 300


@dataclasses.dataclass(frozen=True)
class Kill:
    """One life of the pipeline and how it ends."""

    target: str
    step: str | None
    workers: int
    # Passes of the step before, or seconds of life.
    after: float
    # Whether a killed store may come back before the pipeline dies, too.
    heals: bool = False

    @property
    def failpoints(self):
        if self.step is None:
            return ""
        off = f"{int(self.after)}*off->" if self.after else ""
        # A store is killed under a living pipeline, which then goes on.
        wait = 2_500 if self.target == STORE else 60_000
        return f"{self.step}={off}1*sleep({wait})->off"


# What dies in a round, and where; none is a random moment.
ONCE_EACH = [*((PIPELINE, step) for step in STEPS), (STORE, "sink_before_insert"), (EVERYTHING, None)]
ROUND = [
    *((PIPELINE, step) for step in STEPS),
    *((STORE, step) for step in STORE_STEPS),
    *((EVERYTHING, step) for step in ("sink_after_insert", "epoch_after_manifest", None)),
    *[(PIPELINE, None)] * 4,
    *[(STORE, None)] * 2,
]


def plan(seed, targets, kills=None):
    """The targets in a random order, once, or again and again until so many processes are killed. Each life has another
    number of workers than the one before."""
    chance = random.Random(f"{seed}/kills")
    planned, workers, killed = [], 2, 0
    while not planned or killed < (kills or 0):
        for target, step in chance.sample(targets, len(targets)):
            most = STEPS.get(step)
            after = chance.uniform(0.2, LONGEST_RANDOM_LIFE) if most is None else chance.randint(0, most)
            planned.append(Kill(target, step, workers, round(after, 2), heals=chance.random() < 0.5))
            workers = chance.choice([other for other in (1, 2, 3, 4) if other != workers])
            # The pipeline of a killed store is killed a moment later.
            killed += 2 if target == STORE else 1
            if kills is not None and killed >= kills:
                break
    return planned


class Steps:
    """Where a life stands, from its log alone."""

    def __init__(self, ioc):
        self.ioc, self.at, self.rest = ioc, ioc.life_starts, b""
        self.standing = collections.defaultdict(dict)
        self.passed = set()
        self.halted = None

    def read(self):
        with open(self.ioc.log_file, "rb") as log:
            log.seek(self.at)
            more = log.read()
        self.at += len(more)
        *lines, self.rest = (self.rest + more).split(b"\n")
        for line in lines:
            for what, step, token in re.findall(rb"\b(reached|passed) ([a-z_]+) (\S+=\S+)", line):
                step, token = step.decode(), token.decode()
                if what == b"reached":
                    self.standing[step].setdefault(token, time.monotonic())
                else:
                    self.standing[step].pop(token, None)
                    self.passed.add((step, token))
            if b"flow halts" in line:
                self.halted = line.decode(errors="replace")
        assert self.halted is None, f"LOUD: a kill made the flow halt: {self.halted}"

    def wait_standing(self, step, seconds=PATIENCE):
        """Waits until the process has stood at the step for a moment, and says for what."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read()
            for token, since in self.standing[step].items():
                if time.monotonic() - since > 0.1:
                    return token
            self.must_live()
            time.sleep(0.02)
        raise AssertionError(f"{step} was not reached:\n{self.ioc.log()[-3000:]}")

    def wait_new(self, step, seconds=PATIENCE):
        """Waits until it passes the step once more."""
        self.read()
        before, deadline = self.passes(step), time.monotonic() + seconds
        while self.passes(step) == before:
            assert time.monotonic() < deadline, f"{step} was not passed any more:\n{self.ioc.log()[-3000:]}"
            self.must_live()
            time.sleep(0.02)
            self.read()

    def passes(self, step):
        return sum(passed == step for passed, _ in self.passed)

    def must_live(self):
        ended = self.ioc.process.poll()
        assert ended is None, f"LOUD: ioc ended by itself with {ended}:\n{self.ioc.log()[-3000:]}"

    def prove(self, step, token):
        """What was killed stood at the step: a group that finds no room comes to it again and again under one name."""
        self.read()
        assert token in self.standing[step], f"the kill missed {step}"


def execute(ioc, kill):
    """Starts a life and ends it as planned. Gives back one record of each process that was killed."""
    began = time.monotonic()
    # Steps of the log and of files are told at this level only; nobody else is that talkative.
    talkative = kill.step is not None and kill.step.startswith(("bus", "files"))
    ioc.settings["IOC_LOG_FILTER"] = "info,ioc_bus=debug,ioc_ingest=debug" if talkative else "info,ioc_stream=debug"
    ioc.start(workers=kill.workers, failpoints=kill.failpoints, wait=False)
    steps = Steps(ioc)
    child, token = None, None
    if kill.target != PIPELINE:
        child = eventually(lambda: child_of(ioc, steps))
    if kill.step is None:
        time.sleep(kill.after)
        steps.must_live()
    else:
        token = steps.wait_standing(kill.step)
    if child is not None:
        os.kill(child, signal.SIGKILL)
    if kill.target == STORE:
        return kill_store(ioc, kill, steps, token, began)
    ioc.kill()
    if token is not None:
        steps.prove(kill.step, token)
    return [record(kill.target, kill, token, began)]


def kill_store(ioc, kill, steps, token, began):
    """The store is dead already: the pipeline lives on, until it is killed while the store is away or back again."""
    if token is not None:
        steps.prove(kill.step, token)
    records = [record(STORE, kill, token, began)]
    if kill.heals:
        steps.wait_new("sink_after_commit")
    else:
        time.sleep(0.3)
    steps.read()
    steps.must_live()
    ioc.kill()
    after = dataclasses.replace(kill, target=PIPELINE, step=None)
    return [*records, record(PIPELINE, after, "store back" if kill.heals else "store away", began)]


def child_of(ioc, steps):
    steps.must_live()
    try:
        return ioc.clickhouse_pid()
    except (AssertionError, FileNotFoundError, ProcessLookupError):
        return None


def record(target, kill, token, began):
    return {
        "target": target,
        "step": kill.step or "random",
        "at": token,
        "workers": kill.workers,
        "life_seconds": round(time.monotonic() - began, 2),
    }
