"""QoS 1 at the endpoint: how many messages a second are acknowledged, and what a connection costs.

The product acknowledges what is fsynced; mosquitto, with the same load, what it holds in memory. The dataflow and
ClickHouse take their share of the cores meanwhile: every message is a reading that is stored.
"""

import subprocess

from kit.figures import Figures, shown
from kit.process import Watch, tree
from kit.product import load, product, scratch, told
from peers.mosquitto import mosquitto

SECONDS = 10
LEVELS = {4: "3.1.1", 5: "5"}
CONNECTIONS = 5_000


def under_load(port, secret, root, **options):
    """What the load saw, and what the process behind it took."""
    arguments = {"address": f"127.0.0.1:{port}", "password": secret, "seconds": SECONDS, **options}
    given = [part for key, value in arguments.items() for part in (f"--{key.replace('_', '-')}", value)]
    command = load("closed", *given)
    with Watch(root) as watch:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 60)
    if done.returncode != 0:
        raise RuntimeError(f"the load failed: {done.stderr[-1000:]}")
    seen = told(done.stdout)
    return seen | {"cpu": watch.cpu_seconds(root), "rss": watch.peak_by_process[root] / 1e6}


def words(seen):
    return (
        f"p50 {seen['p50_ms']:.1f} ms, p99 {seen['p99_ms']:.1f} ms of a window; {seen['cpu']:.1f} CPU s, "
        f"{seen['rss']:.0f} MB"
    )


def rates(figures):
    for level, name in LEVELS.items():
        with scratch("mosquitto") as folder, mosquitto(folder) as (process, port):
            peer = under_load(port, "none", process.pid, level=level)
        # A new folder each, so that neither works off what the other sent.
        with product("mqtt") as ioc:
            seen = under_load(ioc.mqtt, ioc.password, ioc.process.pid, level=level)
        figures.add(
            f"QoS 1, 200 B, 100 clients × 100 in flight, version {name}, PUBACK after fsync",
            seen["per_second"], "messages/s", at_least=400_000,
            beside=f"{words(seen)}. mosquitto, not durable: {shown(peer['per_second'])} messages/s, {words(peer)}",
            ours=seen, mosquitto=peer,
        )
    with product("mqtt") as ioc:
        seen = under_load(ioc.mqtt, ioc.password, ioc.process.pid, clients=1, in_flight=1, seconds=5)
        figures.add("the same, one client, one in flight", seen["per_second"], "messages/s", beside=words(seen))


def connections(figures):
    """5,000 clients that are there, then that send one message at a time."""
    with product("connections", IOC_MQTT_MAX_CONNECTIONS=str(CONNECTIONS)) as ioc:
        before = tree(ioc.process.pid)[ioc.process.pid][1] / 1e6
        command = load(
            "closed", "--address", f"127.0.0.1:{ioc.mqtt}", "--password", ioc.password, "--clients", CONNECTIONS,
            "--in-flight", 1, "--hold", 5, "--seconds", SECONDS,
        )
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == "connected\n"
            silent = tree(ioc.process.pid)[ioc.process.pid][1] / 1e6
            with Watch(ioc.process.pid) as watch:
                out, _ = process.communicate(timeout=SECONDS + 90)
        finally:
            process.kill()
            process.wait()
        seen, sending = told(out), watch.peak_by_process[ioc.process.pid] / 1e6
    with scratch("mosquitto") as folder, mosquitto(folder) as (broker, port):
        peer = under_load(port, "none", broker.pid, clients=CONNECTIONS, in_flight=1)
    figures.add(
        f"{CONNECTIONS:,} connections, `ioc` resident", silent, "MB", at_most=150,
        beside=f"{before:.0f} MB before them; {sending:.0f} MB while each sends one message at a time: "
        f"{shown(seen['per_second'])} messages/s, p99 {seen['p99_ms']:.0f} ms. mosquitto, not durable: "
        f"{shown(peer['per_second'])} messages/s, p99 {peer['p99_ms']:.0f} ms, {peer['rss']:.0f} MB",
    )


def measure():
    figures = Figures("mqtt")
    rates(figures)
    connections(figures)
