"""`ioc tap`: whoever watches sees within a second what a device sends, and what becomes of it.

Real senders (mosquitto_pub, curl, Debian's logger, a file that is dropped) and real readers: pipes that are read slowly or
not at all, `head`, a terminal.
"""

import collections
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest
from ioc import BINARY, PACK, Ioc, eventually
from peers import RawMqtt, mosquitto_pub, publish_packet, push, reading
from test_personal import House as PersonalHouse
from test_personal import Person, row, table, values

SYSLOG = """
[security]
name = { vi = "Nhật ký an ninh", en = "Security logs" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "syslog", from = ["127.0.0.0/28"] }
format = "json_observation"
silent_after = "10m"
"""
TOPIC = "test/ST01/observation"


class Tap:
    """`ioc tap` whose output is read as it comes."""

    def __init__(self, ioc, *arguments, json_lines=True, **environment):
        command = [BINARY, "tap", *(["--json"] if json_lines else []), *arguments]
        environment = ioc.environment(LC_ALL="", LC_MESSAGES="", LANG="en_US.UTF-8", **environment)
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.json_lines, self.lines, self.said, self.raw = json_lines, collections.deque(), [], []
        self.readers = [threading.Thread(target=self._read), threading.Thread(target=self._hear)]
        for reader in self.readers:
            reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.raw.append(line)
            self.lines.append(json.loads(line) if self.json_lines else line.decode().rstrip("\n"))

    def _hear(self):
        for line in self.process.stderr:
            self.said.append(line.decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.ended()

    def next(self, seconds=30):
        """The next line."""
        deadline = time.monotonic() + seconds
        while not self.lines:
            assert time.monotonic() < deadline, f"nothing is told: {self.said}"
            assert self.process.poll() is None or self.lines or self.readers[0].is_alive(), self.said
            time.sleep(0.01)
        return self.lines.popleft()

    def until(self, fits, seconds=30):
        """The next line that fits."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            line = self.next(seconds)
            if fits(line):
                return line
        raise AssertionError("no such line")

    def ended(self, seconds=20):
        code = self.process.wait(seconds)
        for reader in self.readers:
            reader.join(seconds)
        return code


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tap")
    pack = folder / "pack"
    shutil.copytree(PACK, pack)
    with open(pack / "feeds.toml", "a") as feeds:
        feeds.write(SYSLOG)
    ioc = Ioc(folder, pack=pack)
    ioc.logins = {"gw1": ioc.add_sender("gw1", "gateway", "push"), "lab": ioc.add_sender("lab", "push")}
    ioc.start()
    yield ioc
    ioc.stop()


def listening(ioc, tap):
    """Waits until a tap has its seat: what is sent from now on is told."""
    eventually(lambda: tap.process.poll() is not None or re.search(r"^ioc_dashboards_taps [1-9]", metrics(ioc), re.M))
    return tap


def metrics(ioc):
    return ioc.get("/metrics").decode()


def free(ioc):
    """Waits until every seat is given back."""
    eventually(lambda: re.search(r"^ioc_dashboards_taps 0$", metrics(ioc), re.M), seconds=30)


@pytest.fixture(autouse=True)
def nobody_watches(request):
    yield
    if "house" in request.fixturenames:
        free(request.getfixturevalue("house"))


def publish(ioc, topic, body, sender="gw1", **options):
    done = mosquitto_pub(ioc, sender, ioc.logins[sender][0], topic, body, "mqttv5", **options)
    assert done.returncode == 0, done.stderr


def drop(ioc, path, body):
    path = ioc.data / "inbox" / path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_text(body)
    unfinished.rename(path)


FIELDS = {
    "kind", "position", "received_at", "feed", "sender", "transport", "address", "address_bytes", "peer", "content_type",
    "content", "bytes", "attributes", "personal", "became", "again", "rows", "stored", "duplicate", "rejected", "held",
    "waiting", "rejects", "payload", "payload_base64", "cut", "kept_back",
}  # fmt: skip


def test_what_a_device_sends_is_told_within_a_second_with_all_its_fields(house):
    with listening(house, Tap(house)) as tap:
        body = reading("ST01", 12.5)
        publish(house, TOPIC, body, retain=True)
        sent = time.monotonic()
        told = tap.next()
        assert time.monotonic() - sent < 3, "within a second on a quiet machine"
    assert set(told) == FIELDS
    assert (told["kind"], told["feed"], told["sender"], told["transport"]) == ("message", "gateway", "gw1", "mqtt")
    assert (told["address"], told["bytes"], told["content"]) == (TOPIC, len(body), "raw")
    assert told["peer"].startswith("127.0.0.1:") and told["attributes"]["retained"] == "1"
    assert re.fullmatch(r"1-\d+-\d+", told["position"])
    assert abs(told["received_at"] / 1000 - time.time()) < 60
    assert (told["became"], told["rows"], told["stored"], told["duplicate"]) == (["stored"], 1, 1, 0)
    assert (told["payload"], told["personal"], told["rejects"]) == (None, False, [])


def test_every_outcome_is_told_by_its_word_with_the_reason(house):
    again = reading("ST02", 7.5, ago=120)
    part = f"[{reading('ST02', 8.5, ago=180)},{reading('NOWHERE', 1.0)}]"
    old = reading("ST02", 3.0, ago=90 * 86400)
    with listening(house, Tap(house, "--sender", "gw1")) as tap:
        became = []
        for topic, body in (
            ("test/ST02/observation", again),
            ("test/ST02/observation", again),
            ("test/ST02/observation", part),
            ("test/ST02/observation", "{"),
            ("nobody/listens/here", again),
        ):
            publish(house, topic, body)
            became.append(tap.next())
        publish(house, "test/ST02/observation", old)
        # What lies behind the horizon is judged when its day was read back, which may be before it is told.
        assert tap.next()["became"] in (["waiting"], ["stored"])
    house.wait_drained()
    tap = Tap(house, "--sender", "gw1", "--only", "stored", "--since", "1m")
    eventually(lambda: any(line["bytes"] == len(old) and line["stored"] == 1 for line in tap.lines))
    with tap:
        pass
    assert [line["became"] for line in became] == [
        ["stored"],
        ["duplicate"],
        ["stored", "rejected"],
        ["rejected"],
        ["rejected", "unmatched"],
    ]
    assert (became[1]["stored"], became[1]["duplicate"]) == (0, 1)
    # A row of another station than its topic's is contradicted before it is unknown.
    [reject] = became[2]["rejects"]
    assert (became[2]["rows"], became[2]["rejected"], reject["row"], reject["whole"]) == (2, 1, 1, False)
    [reject] = became[3]["rejects"]
    assert (reject["reason"], reject["whole"]) == ("malformed", True)
    assert reject["message"]["vi"] and reject["message"]["en"] and reject["message"]["vi"] != reject["message"]["en"]
    assert became[4]["feed"] == "unmatched" and became[4]["transport"] is None


def test_what_a_sender_may_not_send_is_told_and_found_by_the_feed_it_was_meant_for(house):
    with listening(house, Tap(house, "--feed", "gateway", "--only", "forbidden")) as tap:
        publish(house, TOPIC, reading("ST01", 1.0))
        mosquitto_pub(house, "lab", house.logins["lab"][0], TOPIC, reading("ST01", 2.0), "mqttv311")
        told = tap.next()
        assert (told["feed"], told["sender"], told["became"]) == ("unmatched", "lab", ["rejected", "forbidden"])
        assert (told["attributes"]["forbidden"], told["transport"]) == ("gateway", "mqtt")


def test_safe_a_secret_in_a_topic_that_no_feed_takes_is_nowhere_in_what_is_told(house):
    with listening(house, Tap(house, "--only", "unmatched")) as tap:
        publish(house, "v1/devices/token/PLANTED-7f3e/telemetry", reading("ST01", 1.0))
        told = tap.next()
    assert told["address"] == "v1/devices/token/***/telemetry", told
    assert "PLANTED" not in json.dumps(told) and told["rejects"][0]["message"]["en"] == "No feed claims this address."


def test_who_is_turned_away_at_the_door_is_told(house):
    with listening(house, Tap(house, "--only", "refused")) as tap:
        mosquitto_pub(house, "gw1", "wrong", TOPIC, "{}", "mqttv311", client_id="lost-gateway")
        told = tap.until(lambda line: line["client_id"] == "lost-gateway")
    assert (told["kind"], told["what"], told["user"], told["transport"]) == ("door", "wrong_credentials", "gw1", "mqtt")


def test_http_files_and_syslog_are_told_by_their_own_addresses(house):
    with listening(house, Tap(house)) as tap:
        status, _ = push(house, house.logins["lab"][1], reading("ST03", 4.5), "push", "-H", "Content-Type: application/json")
        assert status == 200
        told = tap.next()
        assert (told["transport"], told["address"], told["content_type"]) == ("http", "/ingest/push", "application/json")
        drop(house, "files/hỏng.txt", "no station file\n")
        told = tap.next()
        assert (told["feed"], told["transport"]) == ("files", "files") and told["address"].endswith("hỏng.txt")
        assert "rejected" in told["became"]
        command = ["logger", "-n", "127.0.0.1", "-P", str(house.syslog["udp"]), "--udp", "-t", "sshd", "hello"]
        subprocess.run(command, check=True, timeout=60)
        told = tap.next()
        assert (told["feed"], told["transport"], told["peer"].split(":")[0]) == ("security", "syslog", "127.0.0.1")
        assert told["became"] == ["rejected"]


def test_each_filter_lets_through_what_it_says_and_nothing_else(house):
    with (
        listening(house, Tap(house, "--feed", "push", "--feed", "files")) as by_feed,
        Tap(house, "--sender", "l*") as by_sender,
        Tap(house, "--topic", "test/+/observation", "--topic", "other/#") as by_topic,
        Tap(house, "--only", "rejected,duplicate") as by_outcome,
    ):
        eventually(lambda: re.search(r"^ioc_dashboards_taps 4$", metrics(house), re.M))
        again = reading("ST04", 1.5)
        publish(house, "test/ST04/observation", again)
        publish(house, "test/ST04/observation", again)
        publish(house, "other/x", again)
        push(house, house.logins["lab"][1], reading("ST04", 2.5, indicator="pm10"))
        seen = lambda tap, number: [line["address"] for line in (tap.next() for _ in range(number))]
        assert seen(by_feed, 1) == ["/ingest/push"]
        assert seen(by_sender, 1) == ["/ingest/push"]
        assert seen(by_topic, 3) == ["test/ST04/observation", "test/ST04/observation", "other/x"]
        assert seen(by_outcome, 2) == ["test/ST04/observation", "other/x"]
        time.sleep(1)
        assert not any([by_feed.lines, by_sender.lines, by_topic.lines, by_outcome.lines])


def test_since_begins_in_the_past_and_count_ends_it(house):
    publish(house, "test/ST05/observation", reading("ST05", 1.0))
    publish(house, "test/ST05/observation", reading("ST05", 1.0, indicator="pm10"))
    house.wait_drained()
    tap = Tap(house, "--topic", "test/ST05/observation", "--since", "5m", "--count", "2")
    assert tap.ended() == 0
    assert [line["became"] for line in tap.lines] == [["stored"], ["stored"]]
    assert Tap(house, "--topic", "test/ST05/#", "--since", "5m", "--count", "1").ended() == 0
    with Tap(house, "--topic", "test/ST05/#") as now:
        time.sleep(1.5)
        assert not now.lines, "without it what came before is not told"


def test_with_now_a_message_is_told_twice_and_says_so(house):
    with listening(house, Tap(house, "--now", "--topic", "test/ST06/#")) as tap:
        publish(house, "test/ST06/observation", reading("ST06", 1.0))
        told = [tap.next()]
        while told[-1]["became"] == ["pending"]:
            told.append(tap.next())
        assert (told[-1]["became"], told[-1]["again"]) == (["stored"], len(told) == 2)


def test_a_person_reads_aligned_lines_in_their_language(house):
    with listening(house, Tap(house, "--lang", "vi", "--topic", "test/ST07/#", json_lines=False)) as tap:
        publish(house, "test/ST07/observation", reading("ST07", 1.0))
        stored = tap.next()
        publish(house, "test/ST07/observation", "{")
        rejected, why = tap.next(), tap.next()
    assert re.match(r"\d\d:\d\d:\d\d\.\d{3} lưu 1 +gateway +gw1 +mqtt test/ST07/observation  \d+ B · 127\.0\.0\.1:\d+ · 1-", stored)
    assert rejected.index("gateway") == stored.index("gateway") and "bị loại 1" in rejected
    assert "✗ cả bản tin: malformed" in why, why
    assert "\x1b" not in stored + rejected + why, "no colours where nobody looks on"


def test_raw_shows_what_was_sent(house):
    with listening(house, Tap(house, "--raw", "--topic", "test/ST08/#")) as tap:
        publish(house, "test/ST08/observation", '{"no": "việc"')
        told = tap.next()
        assert (told["payload"], told["cut"], told["kept_back"]) == ('{"no": "việc"', False, False)
        publish(house, "test/ST08/observation", b"\xff\xfe")
        told = tap.next()
        assert (told["payload"], told["payload_base64"]) == (None, "//4=")


def test_it_ends_in_order_by_a_signal_and_without_a_reader(house):
    for number in (signal.SIGINT, signal.SIGTERM):
        tap = listening(house, Tap(house))
        tap.process.send_signal(number)
        assert tap.ended() == 0 and not tap.said
        free(house)
    head = subprocess.Popen(
        ["bash", "-c", '"$0" tap --topic "test/ST01/#" | head -1; echo "${PIPESTATUS[0]}"', BINARY],
        env=house.environment(LANG="C"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    eventually(lambda: re.search(r"^ioc_dashboards_taps 1$", metrics(house), re.M))
    publish(house, TOPIC, reading("ST01", 3.5))
    # Nothing more comes, and it ends all the same.
    out, error = head.communicate(timeout=30)
    line, code = out.splitlines()
    assert "gateway" in line and code == "0" and not error, (out, error)


class Terminal:
    """`ioc tap` in a pseudo-terminal."""

    def __init__(self, ioc, *arguments, columns=100):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environment = ioc.environment(TERM="xterm-256color", LANG="en_US.UTF-8", LC_ALL="")
        self.process = subprocess.Popen(
            [BINARY, "tap", *arguments], env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        self.bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Ctrl-C ends it."""
        os.write(self.ours, b"\x03")
        assert self.process.wait(10) == 0

    def wait_for(self, pattern, seconds=20):
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.bytes):
            assert time.monotonic() < deadline, self.bytes
            if select.select([self.ours], [], [], 0.1)[0]:
                self.bytes += os.read(self.ours, 65536)
        return self.bytes


def test_safe_no_escape_that_a_sender_sends_reaches_a_terminal(house):
    topic = "evil/\x1b]0;owned\x07\x9b31m/\u202e"
    with (
        Terminal(house, "--raw", "--feed", "unmatched", columns=200) as terminal,
        Tap(house, "--raw", "--feed", "unmatched") as plain,
    ):
        eventually(lambda: re.search(r"^ioc_dashboards_taps 2$", metrics(house), re.M))
        with RawMqtt(house, "gw1", house.logins["gw1"][0], client_id="evil") as client:
            client.send(publish_packet(topic, "\x1b[2Jboo\x9b0m\r"))
            assert client.puback() == 1
        seen = terminal.wait_for(rb"boo.*\r\n").decode()
        told = plain.next()
    assert re.search(r"evil/\\u\{1b\}\]0;owned\\u\{7\}\\u\{9b\}31m/\\u\{202e\}", seen), seen
    assert "\x1b[" in seen, "it is coloured"
    ours = re.sub(r"\x1b\[[0-9;]*m", "", seen)
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", ours), repr(ours)
    assert told["address"] == topic, "and a program gets what was sent"
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae", plain.raw[0]), plain.raw[0]


def test_a_narrow_terminal_keeps_a_message_on_one_line(house):
    with listening(house, Terminal(house, "--topic", "long/#", columns=120)) as terminal:
        publish(house, "long/" + "ấp-rất-dài/" * 20, "{}")
        seen = re.sub(r"\x1b\[[0-9;]*m", "", terminal.wait_for(rb"unmatched .*\r\n.*\r\n").decode())
    line = next(line for line in seen.splitlines() if "long/" in line)
    assert "…" in line and re.search(r"1-\d+-\d+$", line) and len(line) == 120, line


def test_bound_a_reader_that_does_not_read_slows_nobody_and_is_told_what_it_missed(house):
    number, rounds = 700, 5
    send = lambda: publish(house, "flood/x", "\n".join(["x" * 4000] * number), stdin_lines=True)
    began = time.monotonic()
    send()
    alone = time.monotonic() - began
    house.wait_drained()
    command = [BINARY, "tap", "--json", "--raw", "--feed", "unmatched"]
    stuck = subprocess.Popen(command, env=house.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    listening(house, Running(stuck))
    began = time.monotonic()
    for _ in range(rounds):
        send()
    assert time.monotonic() - began < max(3 * rounds * alone, 20), "the senders are not slowed"
    # Whoever does not read for so long is set forward when they read again.
    time.sleep(12)
    told, missed = [], 0
    for line in map(json.loads, stuck.stdout):
        if line["kind"] == "missed":
            assert line["why"] == "slow", line
            missed += line["messages"]
        else:
            told.append(line["position"])
        if line["kind"] == "message" and line["address"] == "flood/last":
            break
        if len(told) + missed == rounds * number:
            publish(house, "flood/last", "x")
    stuck.send_signal(signal.SIGINT)
    assert stuck.wait(10) == 0
    assert missed > 0, f"so much does not fit between the two: {stuck.stderr.read()}"
    assert len(told) == len(set(told)), "nothing is told twice"
    assert len(told) + missed == rounds * number + 1, "what is not told is counted"


class Running:
    """A process that nobody reads."""

    def __init__(self, process):
        self.process = process


def test_once_a_tap_goes_on_over_a_restart_and_misses_nothing(house):
    with listening(house, Tap(house, "--topic", "again/#")) as tap:
        publish(house, "again/0", "x")
        tap.next()
        house.kill()
        eventually(lambda: any("connection is lost" in said for said in tap.said))
        house.start()
        sent = [f"again/{number}" for number in range(1, 6)]
        for topic in sent:
            publish(house, topic, "x")
        assert [tap.next()["address"] for _ in sent] == sent
        assert any("connected again" in said for said in tap.said)
        house.stop()
        house.start()
        publish(house, "again/last", "x")
        assert tap.next()["address"] == "again/last"


def test_wrong_words_are_said_to_be_wrong(house):
    done = house.run("tap", "--only", "perhaps", check=False)
    assert done.returncode == 2 and "unmatched" in done.stderr
    done = house.run("tap", "--topic", "a/#/b", check=False)
    assert done.returncode == 1 and "topic filter" in done.stderr and "bộ lọc topic" in done.stderr
    done = house.run("tap", "--url", "http://127.0.0.1:1", check=False)
    assert done.returncode == 1 and "no answer" in done.stderr
    told = house.run("tap", "--help").stdout
    assert {"IOC_TAP_URL", "IOC_TAP_LANG", "IOC_DATA_FOLDER"} <= set(re.findall(r"IOC_\w+", told))


def test_nothing_of_persons_is_told_whatever_is_asked_for(tmp_path):
    """What is planted in messages of personal feeds, good, bad and astray, is in no line of a tap."""

    def told_of(personal):
        folder = tmp_path / str(personal)
        folder.mkdir()
        house = PersonalHouse(folder, personal)
        try:
            with listening(house.ioc, Tap(house.ioc, "--raw", "--now")) as tap:
                plain = Tap(house.ioc, "--raw", "--lang", "vi", json_lines=False)
                eventually(lambda: re.search(r"^ioc_dashboards_taps 2$", metrics(house.ioc), re.M))
                one = Person("a table")
                house.push("cases", table(one, row(one)))
                wrong = Person("a refused one")
                house.push("cases", table(wrong, row(wrong, place=wrong.address, sex=wrong.name, ill=wrong.telephone)))
                house.push("values", values(Person("values")))
                house.push("values", values(who := Person("values in error"), orgUnit=who.card, period=who.telephone))
                house.drop(f"cases/{(who := Person('a file')).name}.csv", table(who, row(who)))
                who = Person("a topic and its message")
                publish = lambda user, password, topic: mosquitto_pub(house.ioc, user, password, topic, values(who), "mqttv5")
                publish("station", house.password, f"values/{who.card}")
                publish("station", house.password, f"value/{who.card}")
                publish("stranger", house.stranger, f"values/{who.card}")
                house.ioc.wait_drained()
                time.sleep(2)
                with plain:
                    pass
            said = b"".join(tap.raw + plain.raw) + "".join(tap.said + plain.said).encode()
            told = [line for line in tap.lines if line["kind"] == "message" and line["became"] != ["pending"]]
            return said, told
        finally:
            house.ioc.stop()

    found = lambda said: {person.where for person in Person.everybody if any(it in said for it in person.patterns())}
    said, told = told_of(True)
    assert len(told) >= 8, told
    # A report's receipt says what became of its rows.
    assert [(line["became"], line["rows"], line["stored"]) for line in told[:1]] == [(["stored"], 1, 1)], told[0]
    assert told[1]["became"] == ["rejected"] and told[1]["rejects"][0]["reason"] == "form", told[1]
    assert all(line["payload"] is None and line["payload_base64"] is None for line in told if line["personal"])
    assert sum(line["personal"] for line in told) >= 7
    assert found(said) == set()
    said, _ = told_of(False)
    assert found(said), "where nothing is marked the same search finds them"
