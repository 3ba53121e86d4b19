"""What a process holds in memory over time, and how fast that grows."""

import threading
import time


class Watch:
    """Looks once a second at the resident memory of the pipeline. The database's process is not part of it."""

    def __init__(self, ioc, every=1.0):
        self.ioc, self.every = ioc, every
        # (seconds since the start, bytes)
        self.samples = []
        self.began = time.monotonic()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.ended.is_set() and self.ioc.process.poll() is None:
            self.samples.append((self.now(), self.ioc.resident_bytes()))
            self.ended.wait(self.every)

    def now(self):
        return time.monotonic() - self.began

    def stop(self):
        self.ended.set()
        self.thread.join()

    def highest(self):
        return max(held for _, held in self.samples)

    def slope(self, since=0.0, until=float("inf")):
        """Bytes a minute, by least squares over the samples of that time."""
        return slope([(at, held) for at, held in self.samples if since <= at <= until])


def slope(samples):
    """Least squares of (seconds, amount), a minute."""
    if len(samples) < 3:
        return 0.0
    middle_at = sum(at for at, _ in samples) / len(samples)
    middle = sum(amount for _, amount in samples) / len(samples)
    spread = sum((at - middle_at) ** 2 for at, _ in samples)
    return 60 * sum((at - middle_at) * (amount - middle) for at, amount in samples) / spread
