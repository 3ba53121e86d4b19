"""`ioc top` in a real terminal: it shows what runs, scrolls, and gives the terminal back however it ends (SILENT)."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from ioc import BINARY, Ioc, eventually
from peers import mosquitto_pub, reading

ENTERED, LEFT, CURSOR_SHOWN = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


@pytest.fixture(scope="module")
def ioc(tmp_path_factory):
    ioc = Ioc(tmp_path_factory.mktemp("top"))
    ioc.password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    send(ioc, 37.25, ago=30)
    ioc.shows("ST01", "pm25", 37.25)
    yield ioc
    ioc.stop()


def send(ioc, value, ago=1.0):
    done = mosquitto_pub(ioc, "gw1", ioc.password, "test/ST01/observation", reading("ST01", value, ago=ago))
    assert done.returncode == 0, done.stderr


class Seen:
    """`ioc top` in a pseudo-terminal of a size."""

    def __init__(self, ioc, *arguments, rows=60, columns=140, **environment):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.theirs = theirs
        self.before = termios.tcgetattr(theirs)
        environment = ioc.environment(TERM="xterm-256color", LANG="en_US.UTF-8", LC_ALL="", **environment)
        self.process = subprocess.Popen(
            [BINARY, "top", *arguments], env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.bytes = b""

    def read(self, seconds):
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self.ours], [], [], left)[0]:
                self.bytes += os.read(self.ours, 65536)

    def wait_for(self, pattern, seconds=20):
        """Waits until it is drawn after this call."""
        start = len(self.bytes)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read(0.1)
            found = re.search(pattern, plain(self.bytes[start:]))
            if found:
                return found
            assert self.process.poll() is None, plain(self.bytes)
        raise AssertionError(f"no '{pattern}':\n{plain(self.bytes[-4000:])}")

    def frame(self):
        """The last whole screen that was drawn."""
        self.read(0.5)
        return plain(self.bytes.split(b"\x1b[?2026h")[-2])

    def press(self, keys):
        os.write(self.ours, keys.encode())

    def ended(self, seconds=10):
        """Waits for its end; the terminal must be as it was."""
        self.read(0.2)
        code = self.process.wait(seconds)
        self.read(0.2)
        told = self.bytes.decode(errors="replace")
        assert ENTERED in told and LEFT in told and told.rindex(LEFT) > told.rindex(ENTERED)
        assert CURSOR_SHOWN in told[told.rindex(LEFT) :] + told[told.rindex(ENTERED) :]
        assert termios.tcgetattr(self.theirs) == self.before, "the terminal's settings are not what they were"
        os.close(self.ours)
        os.close(self.theirs)
        return code


def plain(drawn):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn.decode(errors="replace"))


def test_values_and_rates_move_while_it_is_watched(ioc):
    seen = Seen(ioc)
    seen.wait_for(r"PM2\.5 +37\.\d+")
    seen.wait_for(r"gateway.*holds")
    send(ioc, 41.5)
    seen.wait_for(r"PM2\.5 +41\.50?")
    for value in range(5):
        send(ioc, 50 + value, ago=0.5 - value / 10)
    seen.wait_for(r"gateway +\d+ s +(0\.[1-9]|[1-9])")
    seen.press("q")
    assert seen.ended() == 0


def test_the_language_is_the_locales_an_options_or_a_keys(ioc):
    seen = Seen(ioc, LC_MESSAGES="vi_VN.UTF-8")
    seen.wait_for("nhật ký đang ghi")
    seen.press("l")
    seen.wait_for("log writing")
    seen.press("\x1b")
    assert seen.ended() == 0
    assert "log writing" in ioc.run("top", "--once", "--lang", "en").stdout
    assert "nhật ký đang ghi" in ioc.run("top", "--once", "--lang", "vi").stdout


def test_a_small_terminal_scrolls_and_follows_its_size(ioc):
    seen = Seen(ioc, rows=9, columns=60)
    seen.wait_for(r"▲0 ▼[1-9]")
    seen.press("\x1b[B")
    seen.wait_for(r"▲1 ▼")
    seen.press("G\x1b[F")
    seen.wait_for(r"▼0")
    fcntl.ioctl(seen.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 140, 0, 0))
    os.kill(seen.process.pid, signal.SIGWINCH)
    seen.wait_for("STATION")
    # Ctrl-C is a key here.
    seen.press("\x03")
    assert seen.ended() == 0


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_terminal_is_given_back_when_it_is_told_to_end(ioc, told):
    seen = Seen(ioc)
    seen.wait_for("STATION")
    os.kill(seen.process.pid, told)
    assert seen.ended() == 0


def test_silent_what_is_shown_without_a_connection_is_called_old(tmp_path):
    ioc = Ioc(tmp_path).start()
    seen = Seen(ioc)
    seen.wait_for("log writing")
    ioc.kill()
    seen.wait_for("NO CONNECTION, what is shown is old")
    ioc.start()
    eventually(lambda: "log writing" in (now := seen.frame()) and "NO CONNECTION" not in now)
    seen.press("q")
    assert seen.ended() == 0
    ioc.stop()
    # Nothing to show at all is an error and no empty screen.
    done = ioc.run("top", "--once", check=False)
    assert done.returncode == 1 and "no answer at http://" in done.stderr


def test_a_terminal_without_colours_gets_none_and_a_dumb_one_plain_lines(ioc):
    seen = Seen(ioc, NO_COLOR="1")
    seen.wait_for(r"gateway.*holds")
    seen.press("q")
    assert seen.ended() == 0
    assert re.findall(r"\x1b\[[0-9;]*m", seen.bytes.decode()) == []
    ours, theirs = pty.openpty()
    environment = ioc.environment(TERM="dumb", LC_ALL="en_US.UTF-8")
    assert subprocess.run([BINARY, "top"], env=environment, stdout=theirs, timeout=60).returncode == 0
    os.close(theirs)
    told = os.read(ours, 1 << 20).decode()
    os.close(ours)
    assert "\x1b" not in told and re.search(r"^gateway +.* holds\r$", told, re.M), told


def test_a_narrow_terminal_shows_what_matters_and_nothing_twice(ioc):
    seen = Seen(ioc, rows=24, columns=40)
    seen.wait_for(r"log writing")
    rows = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", row) for row in re.split(r"\x1b\[\d+;1H", seen.bytes.decode())]
    assert max(len(row) for row in rows if "\n" not in row) <= 41
    seen.press("q")
    assert seen.ended() == 0


@pytest.mark.parametrize(
    "arguments", [["status"], ["status", "--json"], ["top"], ["config"], ["check"], ["sender", "list"], ["--help"]], ids=" ".join
)
def test_a_reader_that_has_read_enough_is_no_fault(ioc, arguments):
    """As `| head` leaves: the pipe is closed before everything was said."""
    for read in (0, 10):
        with subprocess.Popen(
            [BINARY, *arguments], env=ioc.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as running:
            if read:
                running.stdout.read(read)
            running.stdout.close()
            told = running.stderr.read().decode()
            assert (running.wait(60), told) == (0, ""), told


def test_status_in_a_pipe_is_plain_and_names_every_feed(ioc):
    told = ioc.run("status").stdout
    assert "\x1b" not in told and re.search(r"^gateway .* holds$", told, re.M), told
    assert re.search(r"^page, API   http://", told, re.M)


def test_nobody_has_to_read_what_up_says(tmp_path):
    """A supervisor that closes standard output does not end the service."""
    ioc = Ioc(tmp_path)
    read, write = os.pipe()
    os.close(read)
    with open(ioc.log_file, "ab") as log:
        ioc.process = subprocess.Popen([BINARY, "up"], env=ioc.environment(), stdout=write, stderr=log)
    os.close(write)
    try:
        ioc.wait_for(r"\bioc::up: ready\b")
        assert ioc.get("/healthz") == b"alive\n"
    finally:
        ioc.stop()
    assert "panicked" not in ioc.log()


def test_scripts_get_plain_lines_once(ioc):
    for arguments in (["--once"], [], ["--url", f"http://127.0.0.1:{ioc.http}/"]):
        told = ioc.run("top", "--lang", "en", *arguments).stdout
        assert "\x1b" not in told and "\r" not in told
        assert re.search(r"^gateway +.* holds$", told, re.M), told
        assert re.search(r"^  PM2\.5 +\d", told, re.M), told
    assert {"IOC_TOP_URL", "IOC_TOP_LANG", "IOC_DATA_FOLDER"} <= set(re.findall(r"IOC_\w+", ioc.run("top", "--help").stdout))
