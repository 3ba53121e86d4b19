"""What a publisher writes down: what it sent, what was acknowledged, and when. One JSON object a line.

    {"clock": MS, "sent": ID, "kind": …, "indicator": …, "subject": …, "time": MS, "value": …}
    {"clock": MS, "sent": ID, "kind": "garbage", "topic": …, "payload": HEX}
    {"clock": MS, "acknowledged": ID}
"""

import json
import threading
import time

# As DuckDB reads it.
COLUMNS = {
    "clock": "BIGINT",
    "sent": "BIGINT",
    "acknowledged": "BIGINT",
    "kind": "VARCHAR",
    "indicator": "VARCHAR",
    "subject": "VARCHAR",
    "time": "BIGINT",
    "value": "DOUBLE",
    "topic": "VARCHAR",
    "payload": "VARCHAR",
}


def now():
    return int(time.time() * 1000)


class Journal:
    """Written by several threads; what is sent again is written down once."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")  # noqa: SIM115
        self.lock = threading.Lock()

    def sent(self, message):
        with self.lock:
            self.file.write(json.dumps({"clock": now(), **message.record}) + "\n")

    def acknowledged(self, number):
        with self.lock:
            self.file.write(f'{{"clock":{now()},"acknowledged":{number}}}\n')

    def close(self):
        self.file.close()
