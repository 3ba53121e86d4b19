"""An office that reports: a message after the other over HTTP, each again until the log has it."""

import time

from fire import push, reporting, workload
from fire.journal import now
from fire.sender import Orders

# Every kind of message is among so many.
LEAST = 60


class Reports(push.Requests):
    # Taken, refused, or not yet judged: it is on the log.
    ACKNOWLEDGED = (200, 202, 422)
    # Whether all of a month would be another depends on what came before: what it says is meant.
    HEADERS = {"Report-Confirmed": "true"}

    def report(self, text, meaning):
        self.count += 1
        record = {"sent": self.count, "payload": text, **meaning}
        self.orders.journal.sent(workload.Message(self.count, None, None, None, record))
        self.deliver(self.count, text)
        self.orders.journal.acknowledged(self.count)


def run(orders):
    reporters = reporting.Reporters(orders.seed, orders.name, now(), orders.more["agency"])
    reports = Reports(orders)
    while reports.count < LEAST or not orders.stopping.is_set():
        reports.report(*reporters.message())
        time.sleep(1 / orders.rate)


if __name__ == "__main__":
    orders = Orders()
    run(orders)
    orders.journal.close()
