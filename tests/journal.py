"""A gateway with a memory: publishes over MQTT and writes down what was acknowledged.

For tests that need one sender and its every message at hand. The crowd of the fire test, which streams what it sends
and keeps its journals in files, is in `fire/`.
"""

import collections
import datetime
import json
import random
import threading
import time

import paho.mqtt.client as mqtt

STATIONS = [f"ST{number:02}" for number in range(1, 9)]
INDICATORS = ["pm25", "pm10", "no2", "o3"]
MINUTE = 60_000

Message = collections.namedtuple("Message", "id kind topic payload key value after")


def rfc3339(millis):
    moment = datetime.datetime.fromtimestamp(millis / 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis % 1000:03}Z"


def workload(distinct, seed, now):
    """`distinct` readings with duplicates, corrections, late rows and garbage among them.

    `after` is the id of a message that must be acknowledged before this one is sent: so the order in which a key's
    values arrive is known, whatever is sent again.
    """
    chance = random.Random(seed)
    series = [(indicator, station) for station in STATIONS for indicator in INDICATORS]
    points = distinct // len(series)
    # Days enough that some leave the memory of the dataflow while late rows for them are still to come.
    start = now - 12 * 1440 * MINUTE
    step = (now - 10 * MINUTE - start) // points
    last = points * len(series)
    ordered = []

    def put(place, kind, topic, payload, key=None, value=None, after=None):
        message = Message(len(ordered), kind, topic, payload, key, value, after)
        ordered.append((place, message))
        return message

    def reading(place, kind, key, value, after=None):
        indicator, station, moment = key
        body = {"indicator": indicator, "subject": station, "time": rfc3339(moment), "value": value}
        return put(place, kind, f"test/{station}/observation", json.dumps(body), key, value, after)

    for place in range(last):
        point, (indicator, station) = place // len(series), series[place % len(series)]
        moment = (start + point * step) // 1000 * 1000 + chance.randrange(1000)
        value = round(chance.uniform(0.1, 99.9), 2)
        key = (indicator, station, moment)
        if chance.random() < 0.04:
            # Some late by a little, most so late that their day has left the memory of the dataflow.
            reading(chance.randrange(last // 2, last + 1), "late", key, value)
            continue
        first = reading(place, "reading", key, value)
        if chance.random() < 0.05:
            reading(place + chance.randrange(500), "duplicate", key, value)
        if chance.random() < 0.03:
            later = place + chance.randrange(1, 2_000)
            correction = reading(later, "correction", key, round(value + 0.37, 2), after=first.id)
            if chance.random() < 0.3:
                reading(later + 1, "redelivered", key, value, after=correction.id)
        if chance.random() < 0.03:
            put(place, "garbage", *garbage(chance, len(ordered), station, now))
    return [message for _, message in sorted(ordered, key=lambda item: (item[0], item[1].id))]


def garbage(chance, number, station, now):
    """Something that must end as exactly one reject; `number` makes it unlike every other."""
    good = {"indicator": "pm25", "subject": station, "time": rfc3339(now - 60_000), "value": 1.5, "n": number}
    topic = f"test/{station}/observation"
    broken = [
        (topic, f'{{"n":{number},"indicator":"pm25","subject":'),
        (topic, json.dumps(good | {"value": "NaN"})),
        (topic, json.dumps(good | {"subject": f"UNKNOWN-{number}"})),
        (topic, json.dumps(good | {"indicator": "nonsense"})),
        (topic, json.dumps(good | {"time": rfc3339(now + 86_400_000)})),
        (topic, json.dumps(good | {"time": "1805-01-01T00:00:00Z"})),
        (topic, f"\x01\x02 not json {number}"),
        (f"nobody/listens/{number}", json.dumps(good)),
    ]
    return chance.choice(broken)


class Publisher:
    """Sends a workload in order with many messages in flight, and keeps on through every crash."""

    def __init__(self, port, name, secret, messages, window=400, rate=2_000, protocol=mqtt.MQTTv311):
        self.messages = messages
        self.window = window
        self.rate = rate
        # No more than so many may be sent yet: every life of the process gets its share.
        self.allowed = len(messages)
        self.acknowledged = set()
        self.changed = threading.Condition()
        self.mids = {}
        self.sent = 0
        self.stopped = False
        options = {} if protocol == mqtt.MQTTv5 else {"clean_session": False}
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, f"gateway-{name}", protocol=protocol, **options)
        self.client.username_pw_set(name, secret)
        self.client.max_inflight_messages_set(window)
        self.client.reconnect_delay_set(0.1, 0.5)
        self.client.on_publish = self._acknowledge
        self.client.connect_async("127.0.0.1", port, keepalive=20)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.client.loop_start()
        self.thread.start()

    def _acknowledge(self, _client, _userdata, mid, *_):
        with self.changed:
            message_id = self.mids.pop(mid, None)
            if message_id is None:
                # The answer came before publish() had returned its number.
                self.mids[mid] = "acknowledged"
            else:
                self.acknowledged.add(message_id)
            self.changed.notify_all()

    def allow(self, count):
        with self.changed:
            self.allowed = min(count, len(self.messages))
            self.changed.notify_all()

    def _run(self):
        for number, message in enumerate(self.messages):
            if number % 50 == 0:
                time.sleep(50 / self.rate)
            with self.changed:
                self.changed.wait_for(lambda: self.stopped or self._may_send(message))
                if self.stopped:
                    return
            # Outside of the lock: paho holds one of its own here and while it calls back.
            mid = self.client.publish(message.topic, message.payload, qos=1).mid
            with self.changed:
                self.sent += 1
                if self.mids.pop(mid, None) == "acknowledged":
                    self.acknowledged.add(message.id)
                else:
                    self.mids[mid] = message.id

    def _may_send(self, message):
        in_flight = self.sent - len(self.acknowledged)
        may_follow = message.after is None or message.after in self.acknowledged
        return self.sent < self.allowed and in_flight < self.window and may_follow

    def wait_sent(self, count, seconds=120):
        deadline = time.monotonic() + seconds
        while self.sent < count:
            assert time.monotonic() < deadline, f"only {self.sent} of {count} sent"
            time.sleep(0.01)

    def wait_all(self, seconds=180):
        with self.changed:
            done = self.changed.wait_for(lambda: len(self.acknowledged) == len(self.messages), seconds)
        assert done, f"{len(self.acknowledged)} of {len(self.messages)} acknowledged"

    def stop(self):
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
        self.client.disconnect()
        self.client.loop_stop()
