"""The way to ClickHouse, held by the test: it can refuse, hang, and lose the answer to an insert that was done."""

import re
import socket
import threading

from ioc import free_port

class Wire:
    """Forwards connections to a server on loopback, as long as nothing is done to it."""

    def __init__(self, server_port, table=""):
        self.server_port = server_port
        self.port = free_port()
        self.refuses = False
        # Answers to inserts into the table that the server gave and nobody was told.
        self.insert = re.compile(rb"^POST /[^\r\n]*query=INSERT(?:\+|%20)INTO(?:\+|%20)" + table.encode(), re.I)
        self.lose_answers, self.lost_answers = 0, 0
        self.flows = threading.Event()
        self.flows.set()
        self.lock = threading.Lock()
        self.connections = []
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def refuse(self):
        """Every connection ends at once, those that are open, too."""
        self.refuses = True
        self.cut()

    def hang(self):
        """Connections are accepted and nothing comes through them."""
        self.flows.clear()

    def mend(self):
        self.refuses = False
        self.flows.set()

    def cut(self):
        with self.lock:
            connections, self.connections = self.connections, []
        for pair in connections:
            close(*pair)

    def stop(self):
        self.refuses = True
        self.flows.set()
        close(self.listener)
        self.cut()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.refuses:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                client.close()
                continue
            with self.lock:
                self.connections.append((client, server))
            asked = {"insert": False}
            threading.Thread(target=self._forward, args=(client, server, asked), daemon=True).start()
            threading.Thread(target=self._back, args=(server, client, asked), daemon=True).start()

    def _forward(self, client, server, asked):
        try:
            while data := client.recv(1 << 16):
                self.flows.wait()
                if data.startswith((b"POST ", b"GET ")):
                    asked["insert"] = self.insert.match(data) is not None
                server.sendall(data)
        except OSError:
            pass
        self._end(client, server)

    def _back(self, server, client, asked):
        try:
            while data := server.recv(1 << 16):
                self.flows.wait()
                if asked["insert"] and self._loses():
                    break
                client.sendall(data)
        except OSError:
            pass
        self._end(client, server)

    def _loses(self):
        with self.lock:
            if self.lost_answers >= self.lose_answers:
                return False
            self.lost_answers += 1
            return True

    def _end(self, client, server):
        close(client, server)
        with self.lock:
            self.connections = [pair for pair in self.connections if pair[0] is not client]


def close(*sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()
