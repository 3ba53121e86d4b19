"""Those who are no trouble to a sound server: idle, slow, deaf and greedy clients, in a process of their own."""

import contextlib
import itertools
import multiprocessing
import os
import socket
import threading
import time

CONTEXT = multiprocessing.get_context("spawn")
# On a network the crowd has processors of its own: here it yields to those whose waiting is measured, as the dataflow
# does, or it would be the making of the flood that they wait for.
NICE = 5
# Of so many groups of idle connections one asks at a time whether the server is there.
PING_GROUPS = 200


class Crowd:
    """`idle` MQTT connections that keep alive, `deaf` viewers who never read what is pushed to them, one sender that
    floods, one that dribbles a byte a second."""

    def __init__(self, ioc, password, idle, deaf, flood=True, dribble=True):
        self.ours, theirs = CONTEXT.Pipe()
        wanted = (idle, deaf, flood, dribble)
        self.process = CONTEXT.Process(target=crowd, args=(theirs, ioc.mqtt, ioc.http, password, wanted), daemon=True)
        self.process.start()
        assert self.ours.poll(600), "the crowd never came"
        assert (told := self.ours.recv()) == "all there", told

    def stop(self):
        """What became of them: how many are still connected, and how much the flood brought through."""
        self.ours.send("stop")
        told = self.ours.recv()
        self.process.join(60)
        return told


def crowd(pipe, mqtt_port, http_port, password, wanted):
    from peers import connect_packet, publish_packet, reading

    os.nice(NICE)
    idle, deaf, flood, dribble = wanted
    ended = threading.Event()
    told = {"acknowledged of the flood": 0, "dribbled": 0}

    def connect(client_id):
        connection = socket.create_connection(("127.0.0.1", mqtt_port), timeout=60)
        connection.sendall(connect_packet("gw1", password, client_id))
        answer = connection.recv(4)
        assert answer == b"\x20\x02\x00\x00", answer
        return connection

    def watch(number):
        # Each from an address of its own, since one viewer may not have all the seats.
        source = (f"127.0.{1 + number // 200}.{1 + number % 200}", 0)
        connection = socket.create_connection(("127.0.0.1", http_port), timeout=60, source_address=source)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = connection.recv(12)
        assert answer == b"HTTP/1.1 200", answer
        return connection

    def flooding():
        junk = [publish_packet("nobody/floods", b"x" * 200, number + 1) for number in range(1000)]
        with connect("flood") as connection:
            connection.settimeout(1)
            threading.Thread(target=listening, args=(connection,), daemon=True).start()
            while not ended.is_set():
                for start in range(0, len(junk), 100):
                    everything = memoryview(b"".join(junk[start : start + 100]))
                    while everything and not ended.is_set():
                        try:
                            everything = everything[connection.send(everything) :]
                        except TimeoutError:
                            continue

    def listening(connection):
        while not ended.is_set():
            try:
                heard = connection.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError:
                return
            if not heard:
                return
            # Every PUBACK has four bytes.
            told["acknowledged of the flood"] += len(heard) / 4

    def dribbling():
        number = 0
        with connect("dribble") as connection:
            while not ended.is_set():
                number += 1
                packet = publish_packet("test/ST07/observation", reading("ST07", number, 50), 1 + number % 60_000)
                for byte in packet:
                    if ended.wait(1):
                        return
                    connection.sendall(bytes([byte]))
                    told["dribbled"] += 1

    def keep_alive(connections):
        # The keep-alive that they named is a minute; each asks three times in it, when it wants and not when all do.
        # The answers are left where they are: two bytes each.
        for some in itertools.cycle(connections[number::PING_GROUPS] for number in range(PING_GROUPS)):
            if ended.wait(20 / PING_GROUPS):
                return
            for connection in some:
                with contextlib.suppress(OSError):
                    connection.sendall(b"\xc0\x00")

    try:
        resting = [connect(f"idle-{number}") for number in range(idle)]
        viewers = [watch(number) for number in range(deaf)]
    except (OSError, AssertionError) as error:
        pipe.send(repr(error))
        return
    threads = [threading.Thread(target=keep_alive, args=(resting,), daemon=True)]
    threads += [threading.Thread(target=flooding, daemon=True)] if flood else []
    threads += [threading.Thread(target=dribbling, daemon=True)] if dribble else []
    for thread in threads:
        thread.start()
    pipe.send("all there")
    pipe.recv()
    told["still connected"] = sum(is_open(connection) for connection in resting)
    told["viewers"] = len(viewers)
    ended.set()
    time.sleep(1.2)
    pipe.send(told)


def is_open(connection):
    connection.setblocking(False)
    try:
        # What was answered and not read is there still, if it is open or not: only an end behind it tells.
        while connection.recv(1 << 12):
            pass
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False
