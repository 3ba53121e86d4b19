"""A publisher by paho-mqtt, v3.1.1 or v5, with QoS 1 or 2, by TLS or in a WebSocket: many in flight over one session, kept
through every crash."""

import threading

import paho.mqtt.client as mqtt

from fire.sender import Orders, Pace

IN_FLIGHT = 400


class Publisher:
    """paho sends again by itself what was not acknowledged when the connection is lost."""

    def __init__(self, orders):
        self.orders = orders
        self.changed = threading.Condition()
        # By paho's number of a publish: ours, or that it was answered before paho had told its number.
        self.numbers = {}
        self.unacknowledged = set()
        protocol = mqtt.MQTTv5 if orders.more["protocol"] == 5 else mqtt.MQTTv311
        session = {} if protocol == mqtt.MQTTv5 else {"clean_session": False}
        name = f"paho-{orders.name}"
        way = orders.more["transport"]
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=protocol, transport=way, **session)
        if orders.more["tls"]:
            self.client.tls_set(orders.more["authority"])
        self.client.username_pw_set(orders.name, orders.password)
        self.client.max_inflight_messages_set(IN_FLIGHT)
        self.client.reconnect_delay_set(0.1, 0.3)
        self.client.on_publish = self._acknowledged
        port = orders.more["mqtt_tls"] if orders.more["tls"] else orders.port
        self.client.connect_async("127.0.0.1", port, keepalive=20)

    def _acknowledged(self, _client, _userdata, mid, *_):
        with self.changed:
            number = self.numbers.pop(mid, None)
            if number is None:
                self.numbers[mid] = "acknowledged"
            else:
                self._take(number)

    def _take(self, number):
        self.orders.journal.acknowledged(number)
        self.unacknowledged.discard(number)
        self.changed.notify_all()

    def _may_send(self, message):
        return len(self.unacknowledged) < IN_FLIGHT and message.after not in self.unacknowledged

    def run(self):
        pace = Pace(self.orders.rate)
        self.client.loop_start()
        for message in self.orders.messages():
            pace.step()
            with self.changed:
                while not self.changed.wait_for(lambda: self._may_send(message), 0.5):
                    pass
                self.unacknowledged.add(message.id)
            self.orders.journal.sent(message)
            # Outside of the lock: paho holds one of its own here and while it calls back.
            mid = self.client.publish(message.topic, message.payload, qos=self.orders.more["qos"]).mid
            with self.changed:
                if self.numbers.pop(mid, None) == "acknowledged":
                    self._take(message.id)
                else:
                    self.numbers[mid] = message.id
        with self.changed:
            while self.unacknowledged:
                self.changed.wait(0.5)
        self.client.disconnect()
        self.client.loop_stop()
        self.orders.journal.close()


if __name__ == "__main__":
    Publisher(Orders()).run()
