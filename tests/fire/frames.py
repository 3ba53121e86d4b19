"""A firewall that sends syslog over TCP, frames counted in octets (RFC 6587). Nothing is acknowledged: what a kill takes
with it is lost, and the firewall connects again and goes on.

Behind the last kill it connects once more: what goes over that connection must all be there.
"""

import socket
import time

from fire import security, workload
from fire.journal import now
from fire.pack import FIREWALL_ADDRESS
from fire.reached import Reached
from fire.sender import Orders, Pace

# Lines that are sent behind the last kill, and how many of them for days let go of, at the least.
FAREWELL, EVICTED = 40, 5


class Connections:
    def __init__(self, orders):
        self.orders, self.count, self.number, self.open = orders, 0, 0, None
        self.pace = Pace(orders.rate)
        # Whether what goes over the connection must all be there.
        self.is_whole = False

    def send(self, lines):
        """Over the connection there is, or a new one. Whether it broke is known to nobody, or by the next line."""
        while self.open is None:
            self.connect()
        frames = b""
        for text, meaning in lines:
            text = text.replace(security.CONNECTION, str(self.number))
            self.count += 1
            record = {"sent": self.count, "payload": text, "lines": [meaning], "connection": self.number}
            record["whole"] = self.is_whole
            self.orders.journal.sent(workload.Message(self.count, None, None, None, record))
            frames += b"%d %s" % (len(text.encode()), text.encode())
            self.pace.step()
        try:
            self.open.sendall(frames)
        except OSError:
            self.break_off()

    def connect(self):
        try:
            to = ("127.0.0.1", self.orders.more["syslog"])
            # Without a time limit: one that is given up while it is still read is overtaken by the next one.
            self.open = socket.create_connection(to, source_address=(FIREWALL_ADDRESS, 0))
            self.number += 1
        except OSError:
            time.sleep(0.1)

    def break_off(self):
        self.open.close()
        self.open = None

    def is_broken(self):
        """The other side says nothing: whatever is to be read is an end."""
        try:
            return self.open is None or self.open.recv(1, socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def end(self):
        """In order: what was sent is read to its end before the other side ends, too."""
        if self.open is not None:
            try:
                self.open.shutdown(socket.SHUT_WR)
                while self.open.recv(4096):
                    pass
            except OSError:
                assert not self.is_whole, "the last connection was broken off"
            self.break_off()


def run(orders):
    more = orders.more
    reached = Reached(orders, security.FIREWALL)
    firewall = security.Firewall(orders.seed, more["start"], more["step"], reached, now)
    connections = Connections(orders)
    # Its first line, until one is there: its days begin with it.
    while not reached.is_told:
        if connections.is_broken():
            connections.open = None
            connections.send(firewall.told(more["start"])[:1])
        time.sleep(0.1)
    least = more["start"] + more["least"]
    is_over = lambda moment: moment >= least and orders.stopping.is_set()  # noqa: E731
    for lines in security.batches(firewall, more["start"], more["devices_end"], more["stretch"], is_over):
        connections.send(lines)
    orders.stopping.wait()
    connections.end()
    connections.is_whole = True
    said = []
    while len(said) < FAREWELL:
        firewall.clock.newest += workload.SECOND
        said += firewall.told(firewall.clock.newest)
    connections.send(said)
    reached.wait(lambda reached: reached() >= more["start"] + 2 * workload.DAY)
    connections.send(firewall.evicted(EVICTED))
    connections.end()
    reached.end()


if __name__ == "__main__":
    orders = Orders()
    run(orders)
    orders.journal.close()
