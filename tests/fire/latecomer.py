"""A logger that was offline for days: what it sends meets days that have left the flow's memory, for certain.

How late a row must be for that is no matter of time: days behind the horizon are let go of by epochs, and how many
epochs a day of readings takes is the machine's timing. So this one waits until the store shows how far the flow is.
One reading a day comes first. Once the day before the last is closed all days before that lie behind the horizon, of
which the flow holds two, those touched last (`LINGERING_DAYS` in `stream/src/series.rs`). The others are visited in
turn, each when the store holds what the visit before has sent: so the day whose turn it is has been let go of. All go to
one partition, so none overtakes another.

What the store holds was made by an epoch on record, and what is sent later falls into a later one: no kill undoes it.
"""

import collections
import itertools
import logging
import pathlib
import time

from fire import store, workload
from fire.mosquitto import send_alone
from fire.pack import LATE
from fire.sender import Orders

INDICATOR = "pm25"
# The last two are held as what closes and what is closed last, two more because they may linger.
DAYS = 8
VISITED = range(DAYS - 4)
# Of UTC, so that a visit's moments lie in one local day, too.
HOUR_OF_DAY = 6 * workload.HOUR

STORED = "SELECT count() FROM observation WHERE subject = {subject:String} AND value = {value:Float64}"
CLOSED = """
    SELECT count() FROM window
    WHERE subject = {subject:String} AND kind = 'day' AND count > 0 AND toUnixTimestamp64Milli(end_time) > {moment:Int64}
"""


class Flow:
    """How far it is, from the store; asked until that is so, through every kill."""

    def __init__(self, port, password_file):
        self.port, self.password_file, self.asked = port, password_file, None

    def wait(self, query, **parameters):
        while not self._count(query, {"subject": LATE, **parameters}):
            time.sleep(0.2)

    def _count(self, query, parameters):
        try:
            self.asked = self.asked or self._connect()
            return self.asked.query(query, parameters=parameters).result_rows[0][0]
        except Exception:  # Whatever a client says of a store that is being killed.
            self.asked = None
            return 0

    def _connect(self):
        # Made by the pipeline's first life.
        return store.connect(self.port, pathlib.Path(self.password_file).read_text().strip())


class Logger:
    """Its readings, each of a value that no other has."""

    def __init__(self, orders):
        self.orders, self.sender = orders, workload.Sender(orders.name)
        self.values = itertools.count(1)
        # By day: moments taken, and the last reading that has not been corrected.
        self.taken, self.last = collections.Counter(), {}

    def send(self, kind, key, value, after=None):
        message = self.sender.reading(kind, key, value, after)
        send_alone(self.orders, message, "mqttv5")
        return message.id

    def reading(self, kind, day):
        moment = self.orders.more["start"] + day * workload.DAY + HOUR_OF_DAY + self.taken[day] * workload.SECOND
        self.taken[day] += 1
        key, value = (INDICATOR, LATE, moment), self.value()
        number = self.send(kind, key, value)
        self.last[day] = key, value, number
        return value

    def value(self):
        return next(self.values) / 8

    def visit(self, day):
        """What was there once more, another value for it, the first one again, and a row that is new: its value."""
        key, value, number = self.last[day]
        self.send("duplicate", key, value)
        number = self.send("correction", key, self.value(), number)
        self.send("redelivered", key, value, number)
        return self.reading("evicted", day)


def run(orders):
    flow, logger = Flow(*orders.more["store"]), Logger(orders)
    for day in range(DAYS):
        logger.reading("reading", day)
    _, _, last_but_one = logger.last[DAYS - 2][0]
    flow.wait(CLOSED, moment=last_but_one)
    for day in itertools.cycle(VISITED):
        # The last visit begins behind the last kill.
        is_last = orders.stopping.is_set()
        flow.wait(STORED, value=logger.visit(day))
        if is_last:
            break


if __name__ == "__main__":
    # The store is away at every kill; the client says so each time.
    logging.disable()
    orders = Orders()
    run(orders)
    orders.journal.close()
