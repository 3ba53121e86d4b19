"""What every publisher of the crowd is told, and how it ends: SIGTERM stops new messages, not those under way.

However soon that is: a publisher first comes to the end of the days in which every ingredient of its workload lies. So
what a run proves is not a matter of how long its kills took.
"""

import json
import pathlib
import signal
import sys
import threading
import time

from fire import workload
from fire.journal import Journal


def told_to_stop():
    """Set once SIGTERM has come."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    return stopping


class Orders:
    """The settings a publisher was started with, and whether it is to end."""

    def __init__(self):
        orders = json.loads(sys.argv[1])
        self.port, self.rate, self.seed = orders["port"], orders["rate"], orders["seed"]
        self.name, self.password = orders["name"], orders["password"]
        self.more = orders
        self.journal = Journal(orders["journal"])
        self.stopping = told_to_stop()

    def messages(self, anywhere=True):
        """The workload until it is to end."""
        return messages_of(self.more, self.stopping, anywhere)

    @property
    def inbox(self):
        return pathlib.Path(self.more["inbox"])


def messages_of(orders, stopping, anywhere=True):
    span = orders["start"], orders["end"], orders["step"]
    least = orders["start"] + orders["least"]
    is_over = lambda moment: moment >= least and stopping.is_set()  # noqa: E731
    return workload.messages(orders["name"], orders["stations"], orders["seed"], *span, anywhere, is_over)


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
