"""A gateway that never gives up: readings as fast as they are acknowledged, through every end of the process."""

import json
import threading
import time

import paho.mqtt.client as mqtt
from journal import rfc3339
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

DAY = 86_400_000


def lasting_client(name, version):
    """A client whose session outlives its connections."""
    clean = {} if version == mqtt.MQTTv5 else {"clean_session": False}
    return mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=version, **clean)


def connect(client, port, version, clean_start=False):
    """Lets it connect, again and again, as soon as its loop runs."""
    more = {}
    if version == mqtt.MQTTv5:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600
        more = {"clean_start": clean_start, "properties": properties}
    client.connect_async("127.0.0.1", port, **more)


class Gateway:
    """Readings of one station, each with a moment of its own. Every so many is late by days, if `late_every`."""

    def __init__(self, ioc, password, station="ST01", window=50, pause=0.002, late_every=0, padding=0, qos=1, version=mqtt.MQTTv311, port=None):
        self.station, self.window, self.pause = station, window, pause
        self.late_every, self.padding, self.qos = late_every, padding, qos
        self.start = int(time.time() * 1000) - 3 * DAY
        self.changed = threading.Condition()
        # (indicator, station, moment) and value of each.
        self.sent, self.acknowledged = [], 0
        # Message ids of the client, which begin again after 65,535. An acknowledgement may come before its id is known.
        self.under_way, self.early = set(), set()
        self.stopped = False
        name = f"gateway-{station}"
        self.client = lasting_client(name, version)
        self.client.username_pw_set("gw1", password)
        self.client.max_inflight_messages_set(window)
        self.client.reconnect_delay_set(0.1, 0.5)
        self.client.on_publish = self._acknowledge
        connect(self.client, port or ioc.mqtt, version)
        self.client.loop_start()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _acknowledge(self, _client, _userdata, mid, *_):
        with self.changed:
            self._settle(mid, self.under_way, self.early)

    def _settle(self, mid, others, own):
        """An id that was both given out and acknowledged is done with."""
        if mid in others:
            others.remove(mid)
            self.acknowledged += 1
            self.changed.notify_all()
        else:
            own.add(mid)

    def _may_send(self):
        return self.stopped or len(self.sent) - self.count() < self.window

    def _run(self):
        number = 0
        while True:
            with self.changed:
                self.changed.wait_for(self._may_send)
                if self.stopped:
                    return
            is_late = self.late_every and number % self.late_every == self.late_every - 1
            # Of several days in turn, or theirs would never leave the memory of the dataflow.
            moment = self.start + 1000 * number - ((5 + number // self.late_every % 4) * DAY if is_late else 0)
            value = number % 4000 / 8
            body = {"indicator": "pm25", "subject": self.station, "time": rfc3339(moment), "value": value}
            body["padding"] = "x" * self.padding
            mid = self.client.publish(f"test/{self.station}/observation", json.dumps(body), qos=self.qos).mid
            with self.changed:
                self.sent.append((("pm25", self.station, moment), value))
                self._settle(mid, self.early, self.under_way)
            number += 1
            time.sleep(self.pause)

    def count(self):
        """How many are acknowledged."""
        return self.acknowledged

    def finish(self, seconds=120):
        """Sends no more, waits until the last one is acknowledged, and gives back each key's values."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
        self.thread.join()
        with self.changed:
            done = self.changed.wait_for(lambda: self.acknowledged == len(self.sent), seconds)
        assert done, f"{self.count()} of {len(self.sent)} acknowledged"
        self.client.disconnect()
        self.client.loop_stop()
        return {key: [value] for key, value in self.sent}
