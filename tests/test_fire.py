"""Any process may be killed at any moment under load, and no acknowledged message is lost, counted twice or judged
otherwise than without a kill (ACK, ONCE, BALANCE, BATCH, REPLAY).

The short form: each named step once, in an order and with workers that `IOC_SEED` decides. `make crash` is long.
What the check is worth is shown below it: each rule of the protocol broken on purpose must make it fail.
"""

import time

import duckdb
import pytest

from fire import killer
from fire.crowd import Scale
from fire.run import SHORT, Fire, seed_of_environment

SMALL = Scale(stations=2, step=360_000, days=9, least=0, publishers=("paho311", "single"))


@pytest.fixture
def lit(tmp_path):
    """Makes a fire that ends with its test."""
    made = []

    def make(scale, seed):
        made.append(Fire(tmp_path, scale, seed))
        return made[-1]

    yield make
    for fire in made:
        fire.end()


def test_nothing_is_lost_doubled_or_judged_otherwise_through_a_kill_at_every_step(lit):
    seed = seed_of_environment()
    print(f"IOC_SEED={seed}")
    fire = lit(SHORT, seed)
    fire.burn(killer.plan(seed, killer.ONCE_EACH))
    fire.check()
    fire.repeat()
    fire.verdict()

    figures, replayed = fire.seen["figures"], fire.seen["replayed"]
    proved = {kill["step"] for kill in fire.seen["kills"]} - {"random"}
    assert proved == set(killer.STEPS)
    assert figures["messages"] == figures["acknowledged"] > 10_000
    assert figures["windows"] > 10_000 and figures["indices"] > 500 and replayed["alert"] > 0
    assert figures["devices"]["windows of measures"] > 10_000 and replayed["event"] > 3_000
    assert figures["reports"]["cells shown"] > 20 and figures["reports"]["words beside them"] > 20 and replayed["report_value"] > 50
    raised = f"SELECT DISTINCT rule FROM '{fire.folder}/killed/alert.parquet' WHERE change = 'raised'"
    rules = {rule for (rule,) in duckdb.sql(raised).fetchall()}
    assert {"dust-high", "silent", "many-attempts", "guessing", "scanning"} <= rules


def burning(fire, failpoints):
    """A first life under load, with a rule broken."""
    # The log's own steps are told at this level only.
    fire.ioc.settings["IOC_LOG_FILTER"] = "info,ioc_bus=debug" if "bus_" in failpoints else "info"
    fire.ioc.start(workers=2, failpoints=failpoints)
    steps = killer.Steps(fire.ioc)
    fire.crowd.start()
    time.sleep(3)
    return steps


def findings_after(fire, failpoints=""):
    fire.settle(failpoints=failpoints)
    fire.check()
    return "\n".join(fire.seen["findings"])


def test_acknowledging_before_the_append_is_noticed(lit):
    """Negative control of ACK."""
    fire = lit(SMALL, 1)
    # Acknowledged at once, never written: what comes behind the first groups stands between the two.
    steps = burning(fire, "ack_before_append=return;bus_before_write=20*off->sleep(60000)")
    steps.wait_standing("bus_before_write")
    # The senders read what they were told meanwhile.
    time.sleep(2)
    fire.ioc.kill()
    assert "ACK: " in findings_after(fire)


def test_sending_again_without_a_token_is_noticed(lit):
    """Negative control of ONCE."""
    fire = lit(SMALL, 2)
    steps = burning(fire, "sink_no_deduplication=return;sink_after_insert=20*off->1*sleep(60000)->off")
    steps.wait_standing("sink_after_insert")
    fire.ioc.kill()
    assert "readings that are stored twice" in findings_after(fire, "sink_no_deduplication=return")


def test_a_checkpoint_before_its_commit_is_noticed(lit):
    """Negative control of ONCE."""
    fire = lit(SMALL, 3)
    steps = burning(fire, "checkpoint_before_commit=return;sink_before_insert=sleep(500)")
    steps.wait_new("checkpoint_after_write")
    fire.ioc.kill()
    assert "ACK: " in findings_after(fire, "checkpoint_before_commit=return")


def test_a_clock_read_by_an_operator_is_noticed(lit):
    """Negative control of REPLAY."""
    fire = lit(SMALL, 4)
    with fire.records:
        burning(fire, "operator_reads_clock=return")
        fire.ioc.kill()
        fire.settle(failpoints="operator_reads_clock=return")
    fire.repeat(failpoints="operator_reads_clock=return")
    assert "REPLAY: alert has" in "\n".join(fire.seen["findings"])
