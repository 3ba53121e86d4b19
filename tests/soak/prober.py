"""Another sender, in a process of its own: how long its publishes wait for their PUBACK."""

import contextlib
import multiprocessing
import os
import threading
import time

CONTEXT = multiprocessing.get_context("spawn")


class Prober:
    """Publishes a reading every so often over paho-mqtt and writes down when, and how long it waited."""

    def __init__(self, ioc, password, rate=50, station="ST08"):
        self.ours, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=probe, args=(theirs, ioc.mqtt, password, rate, station), daemon=True)
        self.process.start()
        assert self.ours.recv() == "connected"

    def stop(self):
        """(monotonic time, seconds) of every publish, by when it was sent."""
        self.ours.send("stop")
        waited = self.ours.recv()
        self.process.join()
        return waited


def probe(pipe, port, password, rate, station):
    import paho.mqtt.client as mqtt

    from peers import reading

    # On a network the client has a processor of its own. Where the system lets it, it goes before all others here, in
    # the quiet time as in trouble: measured is how long the server takes, and not when the client gets its turn.
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    lock = threading.Lock()
    # By message id: when it was sent, or when its PUBACK came before publish() had told the id. The lock is never held
    # while paho has its own: its thread takes them the other way round.
    sent, early, waited = {}, {}, []
    connected = threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "prober", clean_session=False)
    client.username_pw_set("gw1", password)
    client.max_inflight_messages_set(10_000)

    def acknowledged(_client, _userdata, mid, *_):
        at = time.monotonic()
        with lock:
            since = sent.pop(mid, None)
            if since is None:
                early[mid] = at
            else:
                waited.append((since, at - since))

    client.on_publish = acknowledged
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    connected.wait(30)
    pipe.send("connected")
    began, number = time.monotonic(), 0
    while not pipe.poll(max(0.0, began + number / rate - time.monotonic())):
        since = time.monotonic()
        mid = client.publish(f"test/{station}/observation", reading(station, number % 900), qos=1).mid
        with lock:
            at = early.pop(mid, None)
            if at is None:
                sent[mid] = since
            else:
                waited.append((since, at - since))
        number += 1
    deadline = time.monotonic() + 120
    while sent and time.monotonic() < deadline:
        time.sleep(0.05)
    pipe.send(sorted(waited))
    client.disconnect()
    client.loop_stop()


def percentile(waited, share, since=0.0, until=float("inf")):
    """Seconds that so many of the publishes of a time waited at most; none if there were none."""
    of_time = sorted(seconds for at, seconds in waited if since <= at <= until)
    return of_time[min(len(of_time) - 1, int(share * len(of_time)))] if of_time else None
