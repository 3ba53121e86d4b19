"""From MQTT to the committed row at 100,000 readings a second for a minute: does it keep up?

An open loop: 100 gateways send their readings when they are due, ten milliseconds' worth at a time. Every reading is
stored: 16,000 series, each reading a key of its own. It keeps up if what is acknowledged and not committed does not
grow, and every reading is stored in the end.
"""

import statistics
import subprocess
import time

from kit.figures import Figures, shown
from kit.process import Watch
from kit.product import eventually, figures as metrics, load, product, rows, told

RATE = 105_000
BAR = 100_000
SECONDS = 60
# The first seconds fill caches and the first epochs.
WARM = 10


def sample(ioc):
    """(moment, acknowledged by MQTT, rows stored by committed epochs)"""
    told = metrics(ioc)
    return time.monotonic(), told["ioc_mqtt_acknowledged_total"], told['ioc_rows_total{fate="stored",feed="mqtt"}']


def backlog(samples):
    """(moment, what is acknowledged and not stored), where it was least in every two seconds.

    Rows are told once a second and what is acknowledged at once: in between the difference rises by a second's worth,
    and samples a second apart would drift along that slope and tell of a backlog that is none.
    """
    spans = {}
    for at, acked, stored in samples:
        spans.setdefault(int(at / 2), []).append((acked - stored, at))
    return [(at, least) for least, at in map(min, spans.values())]


def slope(backlogs):
    """Messages a second by which the backlog grows: a straight line through it."""
    return statistics.linear_regression(*zip(*backlogs)).slope


def measure():
    figures = Figures("mqtt_to_row")
    with product("mqtt_to_row") as ioc:
        command = load(
            "paced", "--address", f"127.0.0.1:{ioc.mqtt}", "--password", ioc.password,
            "--per-second", RATE, "--seconds", SECONDS + WARM, "--tick", 10,
        )
        samples = []
        with Watch(ioc.process.pid) as watch:
            publisher = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                while publisher.poll() is None:
                    samples.append(sample(ioc))
                    time.sleep(0.1)
            finally:
                publisher.kill()
            out, errors = publisher.communicate()
            if publisher.returncode != 0:
                raise RuntimeError(f"the load failed: {errors[-500:]}")
        sent = told(out)
        began = time.monotonic()
        eventually(lambda: rows(ioc, "mqtt")["stored"] == sent["sent"], seconds=90)
        rest = time.monotonic() - began
        steady = [one for one in samples if samples[0][0] + WARM <= one[0] <= samples[0][0] + WARM + SECONDS]
        (first, _, stored_first), (last, _, stored_last) = steady[0], steady[-1]
        under_way = [least for _, least in backlog(steady)]
        rate = (stored_last - stored_first) / (last - first)
        child = ioc.clickhouse_pid()
        figures.add(
            f"MQTT to committed row, {SECONDS} s at {shown(RATE)} messages/s, rows committed",
            rate, "rows/s", at_least=BAR,
            beside=f"PUBACK p99 {sent['p99_ms']:.0f} ms; `ioc` {watch.cpu_seconds(ioc.process.pid):.0f} CPU s, "
            f"{watch.peak_by_process[ioc.process.pid] / 1e6:.0f} MB; ClickHouse {watch.cpu_seconds(child):.0f} CPU s, "
            f"{watch.peak_by_process[child] / 1e6:.0f} MB",
            load=sent,
        )
        # A backlog that grows by less than a hundredth of the rate would take hours to be noticed.
        figures.add(
            "by which the backlog grew meanwhile", slope(backlog(steady)), "messages/s", at_most=RATE / 100,
            beside=f"median {shown(statistics.median(under_way))}, most {shown(max(under_way))} messages under way; "
            f"all {shown(sent['sent'])} stored {rest:.1f} s after the last",
            under_way=under_way,
        )
