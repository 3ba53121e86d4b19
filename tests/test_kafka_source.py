"""Topics of a real Apache Kafka as a feed (ONCE, BALANCE, LOUD).

The process is killed while it reads, the broker is, retention takes what was not read, a topic is deleted and made anew,
partitions appear, records make no sense, two installations share a group. Nothing is skipped and nothing counted twice, and
what is gone is said, with its numbers.
"""

import json
import shutil

import pytest
from ioc import PACK, Ioc, eventually
from kafka_broker import Broker

TOPIC = "tay-ninh-air"
GROUP = "ioc-tay-ninh"
FEED = """
[air]
name = {{ vi = "Không khí qua Kafka", en = "Air by Kafka" }}
owner = {{ vi = "Sở Nông nghiệp và Môi trường", en = "Department of Agriculture and Environment" }}
transport = {{ kind = "kafka", brokers = ["{broker}"], topics = ["{topic}"], group = "{group}"{more} }}
format = "json_observation"
silent_after = "3660d"
[air.contract]
subjects = "any"
max_bytes = 1000
max_future = "3660d"
max_age = "3660d"
lateness = "5m"
patience = "3660d"
"""
COUNT = "SELECT count(), uniqExact(event_time), round(sum(value) * 10) FROM observation WHERE feed = 'air'"
BALANCE = "SELECT envelopes_received, envelopes_undecodable, records_lost, envelopes_astray, rows_astray, rows_duplicate FROM feed_balance WHERE feed = 'air'"


class House:
    def __init__(self, folder, broker, address=None, login="", more=""):
        folder.mkdir(parents=True, exist_ok=True)
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEED.format(broker=address or broker.address, topic=TOPIC, group=GROUP, more=more))
        self.ioc = Ioc(folder, pack=pack, IOC_KAFKA_LONGEST_PAUSE="1s", IOC_KAFKA_ANSWER_WITHIN="5s")
        self.ioc.data.mkdir(mode=0o700)
        if login:
            (self.ioc.data / "kafka.toml").write_text(f"[air]\n{login}")

    def ask(self, sql):
        return self.ioc.analyst().query(sql).result_rows

    def stored(self, numbers, seconds=90):
        """Exactly those observations are stored, each once."""
        numbers = list(numbers)
        wanted = (len(numbers), len(set(numbers)), sum(numbers))
        said = lambda: tuple(map(int, self.ask(COUNT)[0]))
        eventually(lambda: said() == wanted or (said()[0] > wanted[0] and pytest.fail(f"{said()}, not {wanted}")), seconds=seconds)

    def balance(self):
        names = ("received", "undecodable", "lost", "envelopes_astray", "rows_astray", "duplicate")
        rows = self.ask(BALANCE)
        return dict(zip(names, rows[0])) if rows else None

    def metric(self, name):
        lines = self.ioc.get("/metrics").decode().splitlines()
        (line,) = [line for line in lines if line.startswith(f"ioc_kafka_{name}{{")]
        return float(line.split()[-1])

    def pull(self):
        (pull,) = json.loads(self.ioc.get("/api/pulls"))["pulls"]
        return pull

    def losses(self):
        sql = "SELECT message_en, message_vi, raw FROM reject_current WHERE feed = 'air' AND reason = 'lost' ORDER BY received_at"
        return [(en, vi, json.loads(raw)) for en, vi, raw in self.ask(sql)]

    def dies_before_its_place_is_kept(self, times=1):
        for _ in range(times):
            self.ioc.start(failpoints="kafka_before_cursor=return", wait=False)
            self.ioc.wait_ended()


@pytest.fixture
def broker(tmp_path):
    server = Broker(tmp_path / "kafka")
    yield server
    server.stop()


def test_once_what_retention_took_is_told_and_what_is_there_is_read(broker, tmp_path):
    broker("create", TOPIC, 1)
    broker("send", TOPIC, 0, 1, 100)
    house = House(tmp_path / "house", broker)
    try:
        # Killed between the log and the place: found in the log, and not read again.
        house.dies_before_its_place_is_kept()
        house.ioc.start()
        house.stored(range(1, 101))
        eventually(lambda: broker.committed(GROUP)[0] == {f"{TOPIC}-0": 100})
        house.ioc.kill()
        broker("send", TOPIC, 0, 101, 200)
        broker("trim", TOPIC, 0, 140)
        broker("send", TOPIC, 0, 201, 210)
        broker("partitions", TOPIC, 2)
        broker("send", TOPIC, 1, 211, 220)
        # Killed while it catches up: first behind the loss, then behind the records.
        house.dies_before_its_place_is_kept(times=2)
        house.ioc.start()
        there = [*range(1, 101), *range(141, 221)]
        house.stored(there)
        eventually(lambda: house.balance()["lost"] == 40)
        assert house.balance() | {"received": None} == dict(received=None, undecodable=1, lost=40, envelopes_astray=0, rows_astray=0, duplicate=0)
        assert house.balance()["received"] == 180 + 1
        ((en, vi, raw),) = house.losses()
        assert "offsets 100 to 139 of partition 0" in en and "40 are lost" in en and "mất 40 bản ghi" in vi
        assert (raw["of"], raw["partition"], raw["first_offset"], raw["last_offset"], raw["count"]) == (TOPIC, 0, 100, 139, 40)
        assert raw["after"] < raw["before"], "between which times"
        assert "40 records LOST" in house.ioc.run("status", check=False).stdout
        counts = next(feed for feed in house.ioc.overview()["picture"]["feeds"] if feed["id"] == "air")["counts"]
        assert counts["records_lost"] == 40
        # Started again: the same, and not told twice.
        house.ioc.kill()
        house.ioc.start()
        eventually(lambda: house.pull()["passed"])
        house.stored(there)
        assert len(house.losses()) == 1 and house.metric("lost_total") == 0
        assert house.pull()["place"] == f"{TOPIC}[0] 210/210, {TOPIC}[1] 10/10"
        # The one that was killed is a member of the group until its session has run out.
        eventually(lambda: house.metric("behind") == 0 and house.metric("partitions") == 2)
        eventually(lambda: broker.committed(GROUP)[0] == {f"{TOPIC}-0": 210, f"{TOPIC}-1": 10})
    finally:
        house.ioc.stop()


def test_once_ours_holds_and_partitions_that_appear_are_read_from_their_first_record(broker, tmp_path):
    broker("create", TOPIC, 1)
    broker("send", TOPIC, 0, 1, 5)
    house = House(tmp_path / "house", broker, more=', start = "new"')
    try:
        house.ioc.start()
        eventually(lambda: broker.committed(GROUP)[0] == {f"{TOPIC}-0": 5})
        broker("send", TOPIC, 0, 6, 10)
        house.stored(range(6, 11))
        # While it runs.
        broker("partitions", TOPIC, 3)
        broker("send", TOPIC, 2, 11, 20)
        house.stored(range(6, 21))
        # An operator's tool sets the group's offsets back, and far ahead: it is told, and nothing is read twice or skipped.
        house.ioc.stop()
        broker("send", TOPIC, 0, 21, 30)
        broker("send", TOPIC, 2, 31, 40)
        eventually(lambda: is_reset(broker, 0, 0))
        eventually(lambda: is_reset(broker, 2, 20))
        house.ioc.start()
        house.stored(range(6, 41))
        assert house.balance()["duplicate"] == 0 and house.balance()["lost"] == 0
        assert "the group's offset is not ours" in house.ioc.log()
    finally:
        house.ioc.stop()


def is_reset(broker, partition, offset):
    """A group's offsets can be set as soon as it has no member: a member's session runs out."""
    try:
        broker("reset", TOPIC, partition, offset, GROUP)
        return True
    except AssertionError:
        return False


def test_once_a_topic_made_anew_is_another_log(broker, tmp_path):
    broker("create", TOPIC, 1)
    broker("send", TOPIC, 0, 1, 50)
    house = House(tmp_path / "house", broker)
    try:
        house.ioc.start()
        house.stored(range(1, 51))
        # While it runs; the new one has as many records as had been read of the old one, and more.
        before = broker("id", TOPIC)
        broker("delete", TOPIC)
        eventually(lambda: is_made(broker))
        assert broker("id", TOPIC) != before
        broker("send", TOPIC, 0, 51, 120)
        house.stored(range(1, 121))
        eventually(lambda: len(house.losses()) == 1)
        ((en, vi, raw),) = house.losses()
        assert "deleted and made anew" in en and "đã bị xóa và tạo lại" in vi and raw["count"] == 0
        # While it is down: what had been seen and not read is counted.
        house.ioc.kill()
        broker("delete", TOPIC)
        eventually(lambda: is_made(broker))
        broker("send", TOPIC, 0, 121, 200)
        house.dies_before_its_place_is_kept(times=2)
        house.ioc.start()
        house.stored(range(1, 201))
        eventually(lambda: len(house.losses()) == 2)
        assert house.balance()["duplicate"] == 0 and house.balance()["envelopes_astray"] == 0
        assert broker("id", TOPIC) in (house.ioc.data / "cursors" / "air.json").read_text()
    finally:
        house.ioc.stop()


def is_made(broker):
    """A name is free again a moment after its topic was deleted."""
    try:
        broker("create", TOPIC, 1)
        return True
    except AssertionError:
        return False


def test_once_the_broker_is_killed_and_records_that_make_no_sense_stop_nothing(broker, tmp_path):
    broker("create", TOPIC, 2)
    house = House(tmp_path / "house", broker)
    try:
        house.ioc.start()
        broker("send", TOPIC, 0, 1, 20)
        house.stored(range(1, 21))
        broker("raw", TOPIC, 0, "{không-phải-JSON")
        broker("raw", TOPIC, 0, "null")
        broker("raw", TOPIC, 0, "x" * 1500)
        broker("send", TOPIC, 0, 21, 30)
        house.stored(range(1, 31))
        eventually(lambda: house.balance()["undecodable"] == 2)
        reasons = {reason for (reason,) in house.ask("SELECT reason FROM reject_current WHERE feed = 'air'")}
        assert reasons == {"malformed", "too_large"}
        broker.kill()
        eventually(lambda: house.pull()["failing"], seconds=60)
        assert house.metric("away") == 1 and "Kafka" in house.pull()["failing"]["error"]["vi"]
        broker.start()
        broker("send", TOPIC, 1, 31, 60)
        house.stored(range(1, 61), seconds=180)
        eventually(lambda: house.pull()["failing"] is None, seconds=60)
        # Of transactions what was committed is read. Offsets have gaps there, which are no loss.
        broker("transaction", TOPIC, 0, 61, 70, "commit")
        broker("transaction", TOPIC, 0, 71, 80, "abort")
        broker("transaction", TOPIC, 0, 81, 90, "commit")
        house.stored([*range(1, 71), *range(81, 91)])
        house.ioc.kill()
        house.ioc.start()
        eventually(lambda: house.metric("partitions") == 2)
        house.stored([*range(1, 71), *range(81, 91)])
        assert house.balance()["lost"] == 0 and house.losses() == []
    finally:
        house.ioc.stop()


def test_once_two_installations_share_a_group(broker, tmp_path):
    broker("create", TOPIC, 2)
    one, other = House(tmp_path / "one", broker), House(tmp_path / "other", broker)
    try:
        one.ioc.start()
        broker("send", TOPIC, 0, 1, 40)
        broker("send", TOPIC, 1, 41, 80)
        one.stored(range(1, 81))
        eventually(lambda: broker.committed(GROUP)[0] == {f"{TOPIC}-0": 40, f"{TOPIC}-1": 40})
        # What the first has read the second does not read again, though it never saw the topic.
        other.ioc.start()
        eventually(lambda: (one.metric("partitions"), other.metric("partitions")) == (1, 1))
        broker("send", TOPIC, 0, 81, 100)
        broker("send", TOPIC, 1, 101, 120)
        both = lambda: sum(int(house.ask(COUNT)[0][0]) for house in (one, other))
        eventually(lambda: both() == 120)
        assert int(other.ask(COUNT)[0][0]) == 20
        eventually(lambda: sorted(broker.committed(GROUP)[0].values()) == [60, 60])
        # The first dies: its partition goes to the second, from where it was.
        one.ioc.kill()
        eventually(lambda: other.metric("partitions") == 2, seconds=120)
        broker("send", TOPIC, 0, 121, 130)
        broker("send", TOPIC, 1, 131, 140)
        other_has = lambda: int(other.ask(COUNT)[0][0])
        eventually(lambda: other_has() == 40)
        # And comes back: what the second read meanwhile it does not read again.
        one.ioc.start()
        eventually(lambda: (one.metric("partitions"), other.metric("partitions")) == (1, 1), seconds=120)
        broker("send", TOPIC, 0, 141, 145)
        broker("send", TOPIC, 1, 146, 150)
        eventually(lambda: both() == 150)
        assert all(house.balance()["duplicate"] == 0 and house.losses() == [] for house in (one, other))
    finally:
        one.ioc.stop()
        other.ioc.stop()


def test_who_a_broker_is_known_by_its_ca_logged_in_at_by_scram_and_no_secret_is_told(tmp_path):
    broker = Broker(tmp_path / "kafka", secure=True)
    secret = "s3cret-of-tests"
    house = House(tmp_path / "house", broker, address=f"127.0.0.1:{broker.secure_port}", login=f'user = "ioc"\npassword = "wrong"\nca = "{broker.ca}"\n')
    try:
        broker("scram", "ioc", secret)
        broker("create", TOPIC, 1)
        broker("send", TOPIC, 0, 1, 10)
        broker("raw", TOPIC, 0, '{"indicator":"pm25","subject":"ST01","ts":1795022000,"value":1.1}')
        house.ioc.start()
        eventually(lambda: house.metric("refused") == 1)
        failing = house.pull()["failing"]
        assert failing["fault"] and "kafka.toml" in failing["error"]["vi"]
        house.ioc.stop()
        (house.ioc.data / "kafka.toml").write_text(f'[air]\nuser = "ioc"\npassword = "{secret}"\nca = "{broker.ca}"\n')
        house.ioc.start()
        house.stored([*range(1, 11), 11])
        # A record opens to where it lay, its key and its headers.
        archived = json.dumps(lineage(house), ensure_ascii=False)
        for said in (f"{TOPIC} 0 10 {broker('id', TOPIC)}", "khóa", '[\\"trace\\",\\"7\\"]', "0xff"):
            assert said in archived, archived
        told = house.ioc.log() + house.ioc.get("/metrics").decode() + house.ioc.get("/api/pulls").decode()
        told += "".join(file.read_text() for file in (house.ioc.data / "cursors").iterdir())
        assert secret not in told
    finally:
        house.ioc.stop()
        broker.stop()


def lineage(house):
    """The envelope of the record that has headers, as the page opens it."""
    sql = "SELECT log, partition, offset FROM observation WHERE feed = 'air' AND event_time = toDateTime64(1795022000, 3)"
    ((log, partition, offset),) = house.ask(sql)
    return json.loads(house.ioc.get(f"/api/lineage/envelope/{log}-{partition}-{offset}"))
