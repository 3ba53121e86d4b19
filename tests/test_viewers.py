"""Live connections of the page: an address has its share of them, and the others theirs (BOUND, SAFE)."""

import socket

import pytest
from ioc import Ioc, eventually
from peers import push, reading

SHARE = 32


class Viewer:
    """A live connection from an address of its own choice on loopback."""

    def __init__(self, ioc, address):
        self.socket = socket.create_connection(("127.0.0.1", ioc.http), timeout=30, source_address=(address, 0))
        self.socket.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.status = int(self.socket.recv(12).split()[1])

    def close(self):
        self.socket.close()


@pytest.fixture
def ioc(tmp_path):
    ioc = Ioc(tmp_path, IOC_HTTP_MAX_LIVE="1000", IOC_PUSH_MAX_REQUESTS="64")
    _, ioc.token = ioc.add_sender("agency", "push")
    ioc.start()
    yield ioc
    ioc.stop()


def test_an_address_has_its_share_of_seats_and_whoever_comes_from_another_has_one_too(ioc):
    viewers = []
    try:
        viewers += [Viewer(ioc, "127.0.0.1") for _ in range(SHARE + 1)]
        assert [viewer.status for viewer in viewers] == [200] * SHARE + [503]
        viewers.append(Viewer(ioc, "127.0.0.2"))
        assert viewers[-1].status == 200
        viewers.pop(0).close()
        # A seat is free when its connection's end was noticed.
        eventually(lambda: viewers.append(Viewer(ioc, "127.0.0.1")) or viewers[-1].status == 200)
    finally:
        for viewer in viewers:
            viewer.close()


def test_viewers_who_take_every_seat_leave_room_for_pushes_and_pages(ioc):
    viewers = []
    try:
        viewers += [Viewer(ioc, f"127.0.{1 + number // SHARE}.1") for number in range(1000)]
        assert {viewer.status for viewer in viewers} == {200}
        others = [socket.create_connection(("127.0.0.1", ioc.http), timeout=30) for _ in range(60)]
        try:
            assert push(ioc, ioc.token, reading("ST01", 1.5))[0] == 200
            assert ioc.get("/healthz") == b"alive\n"
        finally:
            for other in others:
                other.close()
        refused = Viewer(ioc, "127.0.200.1")
        viewers.append(refused)
        assert refused.status == 503, "there are so many seats and no more"
    finally:
        for viewer in viewers:
            viewer.close()
