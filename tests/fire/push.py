"""Devices whose records and lines are pushed over HTTP, a request after the other, each again until it is acknowledged.

Some requests come once more though they were: lines of a request that bears the same `Idempotency-Key` are the same lines,
and an alert of EVE is the same by its own fields.
"""

import http.client
import random
import time

from fire import security, workload
from fire.journal import now
from fire.reached import Reached
from fire.sender import Orders, Pace

DEVICES = {"eve": security.Sensors, "logins": security.Logins}
# One of so many requests comes again.
AGAIN = 8
# Lines for days let go of that are sent behind the last kill, at the least.
EVICTED = 5


class Requests:
    ACKNOWLEDGED = (200,)
    HEADERS = {}

    def __init__(self, orders):
        self.orders, self.feed, self.count = orders, orders.more["feed"], 0
        self.pace = Pace(orders.rate)

    def send(self, lines):
        """What was sent is known by its body."""
        self.count += 1
        body = "".join(f"{text}\n" for text, _ in lines)
        record = {"sent": self.count, "payload": body, "lines": [meaning for _, meaning in lines]}
        self.orders.journal.sent(workload.Message(self.count, None, None, None, record))
        self.deliver(self.count, body)
        self.orders.journal.acknowledged(self.count)
        for _ in lines:
            self.pace.step()
        return self.count, body

    def deliver(self, number, body):
        while not self._is_acknowledged(f"{self.orders.name}-{number}", body.encode()):
            time.sleep(0.1)

    def _is_acknowledged(self, key, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.orders.more["push"], timeout=5)
        headers = {"Authorization": f"Bearer {self.orders.more['token']}", "Idempotency-Key": key}
        headers |= self.HEADERS
        try:
            connection.request("POST", f"/ingest/{self.feed}", body, headers)
            answer = connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        is_acknowledged = answer.status in self.ACKNOWLEDGED
        assert is_acknowledged or answer.status == 408 or answer.status >= 429, f"{answer.status}: {told}"
        return is_acknowledged


def run(orders):
    more = orders.more
    devices = DEVICES[orders.name]
    reached = Reached(orders, devices.LOG_SOURCES[0])
    devices = devices(orders.seed, more["start"], more["step"], reached, now)
    requests = Requests(orders)
    chance = random.Random(f"{orders.seed}/{orders.name}/again")
    is_again = workload.Share(chance, AGAIN)
    sent = []
    least = more["start"] + more["least"]
    is_over = lambda moment: moment >= least and orders.stopping.is_set()  # noqa: E731
    for lines in security.batches(devices, more["start"], more["devices_end"], more["stretch"], is_over):
        sent.append(requests.send(lines))
        if is_again.is_next():
            # Of just now, or of any time.
            requests.deliver(*chance.choice(sent[-5:] if chance.random() < 0.5 else sent))
    orders.stopping.wait()
    reached.wait(lambda reached: reached() >= more["start"] + 2 * workload.DAY)
    requests.send(devices.evicted(EVICTED))
    reached.end()


if __name__ == "__main__":
    orders = Orders()
    run(orders)
    orders.journal.close()
