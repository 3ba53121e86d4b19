"""Publishers by mosquitto_pub: batches of lines, and one call a message.

In line mode mosquitto_pub numbers its publishes from 1, one a line, and its debug output names each that was
acknowledged. A batch whose process died or was cut off is sent again but for those.
"""

import itertools
import random
import re
import subprocess
import time

from fire import workload
from fire.pack import LIVE
from fire.journal import now
from fire.sender import Orders, Pace

BATCH = 500
# A batch that is not through by then has lost its connection and does not come back.
PATIENCE = 3
PUBACK = re.compile(rb"received PUBACK \(Mid: (\d+), RC:0\)")


def command(orders, version, *options):
    address = ["-h", "127.0.0.1", "-p", str(orders.port), "-V", version, "-q", "1"]
    login = ["-i", f"mosquitto-{orders.name}-{version}", "-u", orders.name, "-P", orders.password]
    return ["mosquitto_pub", *address, *login, *options]


def batches(messages):
    """None holds a message and one that must wait for it."""
    batch, inside = [], set()
    for message in messages:
        if len(batch) == BATCH or message.after in inside:
            yield batch
            batch, inside = [], set()
        batch.append(message)
        inside.add(message.id)
    yield batch


def send_lines(orders, batch, pace):
    """Sends a batch and gives back what was not acknowledged of it."""
    lines = b"".join(message.payload + b"\n" for message in batch)
    call = ["stdbuf", "-oL", *command(orders, "mqttv311", "-t", "test/lines/observation", "-M", "100", "-d", "-l")]
    for _ in batch:
        pace.step()
    try:
        said = subprocess.run(call, input=lines, capture_output=True, timeout=PATIENCE).stdout
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
    done = {int(number) for number in PUBACK.findall(said)}
    for number, message in enumerate(batch, 1):
        if number in done:
            orders.journal.acknowledged(message.id)
    return [message for number, message in enumerate(batch, 1) if number not in done]


def run_lines(orders):
    pace = Pace(orders.rate)
    for batch in batches(orders.messages(anywhere=False)):
        for message in batch:
            orders.journal.sent(message)
        while batch:
            batch = send_lines(orders, batch, pace)
            if batch:
                time.sleep(0.2)


def present(orders):
    """Readings of now, some sent twice, some corrected, some garbage."""
    chance = random.Random(f"{orders.seed}/{orders.name}")
    sender, garbage = workload.Sender(orders.name), workload.Garbage(chance, anywhere=True)
    for _ in itertools.count():
        key, value = ("pm25", LIVE, now()), round(chance.uniform(5, 180), 2)
        message = sender.reading("reading", key, value)
        yield message
        if chance.random() < 0.2:
            yield sender.reading("duplicate", key, value)
        if chance.random() < 0.2:
            yield sender.reading("correction", key, value + 1, message.id)
        if chance.random() < 0.1:
            yield sender.garbage("garbage", *garbage.next(LIVE))


def is_acknowledged(call, payload):
    """Exit code 0 means that the PUBACK came and named no refusal."""
    try:
        return subprocess.run(call, input=payload, capture_output=True, timeout=PATIENCE).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def send_alone(orders, message, version):
    """By a call of its own, again until it is acknowledged."""
    orders.journal.sent(message)
    call = command(orders, version, "-t", message.topic, "-s")
    while not is_acknowledged(call, message.payload):
        time.sleep(0.1)
    orders.journal.acknowledged(message.id)


def run_single(orders):
    for message in present(orders):
        if orders.stopping.wait(1 / orders.rate):
            break
        send_alone(orders, message, "mqttv5" if message.id % 2 else "mqttv311")


if __name__ == "__main__":
    orders = Orders()
    (run_lines if orders.more["lines"] else run_single)(orders)
    orders.journal.close()
