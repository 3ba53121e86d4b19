"""What every publisher of the crowd is told, and how it ends: SIGTERM stops new messages, not those under way."""

import json
import pathlib
import signal
import sys
import threading
import time

from fire import workload
from fire.journal import Journal


class Orders:
    """The settings a publisher was started with, and whether it is to end."""

    def __init__(self):
        orders = json.loads(sys.argv[1])
        self.port, self.rate, self.seed = orders["port"], orders["rate"], orders["seed"]
        self.name, self.password = orders["name"], orders["password"]
        self.more = orders
        self.journal = Journal(orders["journal"])
        self.stopping = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: self.stopping.set())

    def messages(self, anywhere=True):
        """The workload until it is to end."""
        return messages_of(self.more, anywhere)

    @property
    def inbox(self):
        return pathlib.Path(self.more["inbox"])


def messages_of(orders, anywhere=True):
    span = orders["start"], orders["end"], orders["step"]
    return workload.messages(orders["name"], orders["stations"], orders["seed"], *span, anywhere)


class Pace:
    """So many a second; what could not be sent is not made up for."""

    def __init__(self, rate):
        self.rate, self.began, self.count = rate, time.monotonic(), 0

    def step(self):
        self.count += 1
        if self.count % 20:
            return
        ahead = self.count / self.rate - (time.monotonic() - self.began)
        if ahead > 0:
            time.sleep(ahead)
        elif ahead < -0.1:
            self.began, self.count = time.monotonic(), 0
