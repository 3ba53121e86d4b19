"""How far the days of log sources have come, as the store shows it: a day that is let go of is so by what it shows.

While the newest line is of one day, that day and the one before are in memory, and those before are not: what was closed
up to the beginning of a day let go of all that ends a day before that (`forget` in `stream/src/counted.rs`). What the
store shows was made by an epoch on record, so no kill undoes it.
"""

import pathlib
import threading

from fire import store

CLOSED = """
    SELECT toUnixTimestamp64Milli(max(end_time)) FROM window WHERE subject = {log_source:String} AND kind = 'day'
"""
TOLD = "SELECT count() FROM event WHERE log_source = {log_source:String}"


class Reached:
    """Asks until it is told to end, through every kill."""

    def __init__(self, orders, log_source):
        self.port, self.password_file = orders.more["store"]
        self.log_source = log_source
        self.asked, self.day, self.is_told = None, 0, False
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def __call__(self):
        """The end of the last day that is closed, in milliseconds; 0 before there is one."""
        return self.day

    def wait(self, is_so):
        while not is_so(self):
            self.ended.wait(0.1)

    def end(self):
        self.ended.set()
        self.thread.join()

    def _run(self):
        while not self.ended.wait(0.5):
            try:
                # Made by the pipeline's first life.
                password = pathlib.Path(self.password_file).read_text().strip()
                self.asked = self.asked or store.connect(self.port, password)
                self.is_told = self.is_told or self._number(TOLD) > 0
                self.day = max(self.day, self._number(CLOSED))
            except Exception:  # Whatever a client says of a store that is being killed.
                self.asked = None

    def _number(self, query):
        return self.asked.query(query, parameters={"log_source": self.log_source}).result_rows[0][0]
