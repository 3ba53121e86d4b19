"""Raw envelopes in Parquet: nothing leaves the log before it lies there, and anybody can read it (ONCE, LOUD, BOUND)."""

import hashlib
import json
import re
import shutil
import time
import urllib.request

import archive
import duckdb
import pandas
import pyarrow.parquet
import pytest
from fire.killer import Steps
from ioc import Ioc, eventually
from journal import Publisher, workload
from peers import mosquitto_pub, push, reading

# So that the log lets go of what it may within moments.
EAGER = {
    "IOC_ARCHIVE_EVERY": "300ms",
    "IOC_ARCHIVE_MAX_BYTES": "40000",
    "IOC_BUS_SEGMENT_BYTES": "65536",
    "IOC_BUS_RETAIN_AGE": "0s",
    "IOC_BUS_RETAIN_BYTES": "0",
}
STEPS = ["archive_before_files", "archive_before_rename", "archive_after_rename", "archive_after_pass"]


def status(ioc):
    return json.loads(ioc.run("status", "--json", check=False).stdout)


def wait_archived(ioc):
    """Waits until everything that was received is committed and archived, and gives back how much that is."""
    feeds = ioc.wait_drained()["feeds"]
    received = sum(feed["counts"]["received"] for feed in feeds.values())
    eventually(lambda: sum(record["envelopes"] for record in archive.records(ioc)) == received)
    told = eventually(lambda: (now := status(ioc)["archive"])["behind_offsets"] == 0 and now)
    assert (told["state"], told["missing_offsets"], told["stray_files"]) == ("up", 0, 0), told
    return received


def kill_at(ioc, step):
    """kill -9 while the process stands at the step of a pass, and the proof from its log that it never went on."""
    steps = Steps(ioc)
    token = steps.wait_standing(step)
    ioc.kill()
    steps.prove(step, token)


@pytest.fixture
def ioc(tmp_path):
    ioc = Ioc(tmp_path, **EAGER)
    yield ioc
    ioc.stop()


def publisher(ioc, distinct, seed):
    secret, _ = ioc.add_sender("gw1", "gateway")
    return Publisher(ioc.mqtt, "gw1", secret, workload(distinct, seed, int(time.time() * 1000)))


def test_once_every_acknowledged_envelope_is_on_the_log_or_archived_through_kills_at_every_step_of_a_pass(ioc):
    sender = publisher(ioc, 8000, 3)
    share = len(sender.messages) // (len(STEPS) + 1)
    sender.allow(share)
    sender.start()
    try:
        for step in STEPS:
            ioc.start(failpoints=f"{step}=3*off->1*sleep(60000)->off")
            kill_at(ioc, step)
            archive.check_nothing_is_lost(ioc)
            sender.allow(sender.allowed + share)
        ioc.start()
        sender.allow(len(sender.messages))
        sender.wait_all()
    finally:
        sender.stop()
    received = wait_archived(ioc)
    ioc.stop()
    assert any(start > 0 for start in archive.log_starts(ioc).values()), "the log let go of nothing: this proves less"
    archive.check_nothing_is_lost(ioc)
    archive.check_everything_is_archived(ioc, received)
    held = archive.query(archive.files(ioc), "SELECT address, payload FROM {files}")
    lost = {(message.topic, message.payload) for message in sender.messages} - {
        (address, payload.decode()) for address, payload in held
    }
    assert not lost, f"ACK: {len(lost)} acknowledged messages are not archived, such as {sorted(lost)[:3]}"


def test_a_log_that_lets_go_before_its_archive_is_noticed(tmp_path):
    """Negative control of ONCE."""
    ioc = Ioc(tmp_path, **EAGER | {"IOC_ARCHIVE_EVERY": "2s", "IOC_ARCHIVE_MAX_BYTES": "10000000"})
    sender = publisher(ioc, 8000, 4)
    sender.allow(len(sender.messages) // 2)
    sender.start()
    ioc.start(failpoints="archive_releases_first=return;archive_before_files=1*off->1*sleep(60000)->off")
    ioc.wait_for("passed archive_before_files")
    # Where the first pass ends is settled: the second one has the rest before it.
    sender.allow(len(sender.messages))

    def released_unarchived():
        # The log is looked at first: what it let go of by then must be in a record that is there afterwards.
        starts = archive.log_starts(ioc)
        archived = {record["partition"]: record["to"] for record in archive.records(ioc)}
        return any(start > archived.get(partition, 0) for partition, start in starts.items())

    # Two checkpoints allow what the archive was too early to allow.
    eventually(released_unarchived)
    kill_at(ioc, "archive_before_files")
    sender.stop()
    with pytest.raises(AssertionError, match="ONCE"):
        archive.check_nothing_is_lost(ioc)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A process that has archived three feeds and then stopped nothing."""
    ioc = Ioc(tmp_path_factory.mktemp("archive"), **EAGER)
    gateway, _ = ioc.add_sender("gw1", "gateway")
    _, token = ioc.add_sender("agency", "push")
    ioc.start()
    lines = "\n".join(reading(f"ST{n % 8 + 1:02}", n / 7, ago=3000 - n) for n in range(500)) + "\n"
    assert mosquitto_pub(ioc, "gw1", gateway, "test/ST01/observation", lines, stdin_lines=True).returncode == 0
    # Bytes that are no text at all, and nothing.
    for noise in (bytes(range(256)), b"\x00", b"\xff\xfe"):
        assert mosquitto_pub(ioc, "gw1", gateway, "test/ST02/observation", noise).returncode == 0
    for value in range(20):
        answered, _ = push(ioc, token, reading("ST03", value, ago=1000 - value) + "\n" + "x" * 3000)
        assert answered in (200, 202), answered
    assert mosquitto_pub(ioc, "gw1", gateway, "nobody/listens", "{}").returncode == 0
    ioc.received = wait_archived(ioc)
    yield ioc
    ioc.stop()


@pytest.fixture(scope="module")
def expected(filled):
    """(rows, bytes, hash of all payloads in order) of each feed, as DuckDB reads them."""
    rows = archive.query(archive.files(filled), 'SELECT feed, payload FROM {files} ORDER BY partition, "offset"')
    assert len(rows) == filled.received
    feeds = {}
    for feed, payload in rows:
        feeds.setdefault(feed, []).append(payload)
    assert set(feeds) == {"gateway", "push", "unmatched"}
    assert bytes(range(256)) in feeds["gateway"]
    return {feed: (len(all_), sum(map(len, all_)), digest(all_)) for feed, all_ in feeds.items()}


def digest(payloads):
    return hashlib.sha256(b"".join(len(p).to_bytes(8) + p for p in payloads)).hexdigest()


def test_duckdb_finds_feed_and_day_in_the_folders(filled, expected):
    table = f"read_parquet('{archive.folder(filled)}/*/*/*.parquet', hive_partitioning = true)"
    rows = duckdb.sql(f"SELECT feed, count(*), sum(octet_length(payload)) FROM {table} GROUP BY feed").fetchall()
    assert {feed: (count, size) for feed, count, size in rows} == {f: e[:2] for f, e in expected.items()}
    days = duckdb.sql(f"SELECT DISTINCT day, strftime(received_at + INTERVAL 7 HOUR, '%Y-%m-%d') FROM {table}").fetchall()
    assert all(str(day) == local for day, local in days), days
    kinds = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {table})").fetchall())
    assert kinds["offset"] == "UBIGINT" and kinds["log"] == "USMALLINT" and kinds["payload"] == "BLOB", kinds
    assert kinds["received_at"].startswith("TIMESTAMP"), kinds


def test_pandas_reads_the_whole_folder(filled, expected):
    frame = pandas.read_parquet(archive.folder(filled)).sort_values(["partition", "offset"])
    assert len(frame) == filled.received
    for feed, (count, size, hashed) in expected.items():
        of_feed = frame[frame["feed"] == feed]
        payloads = list(of_feed["payload"])
        assert (len(payloads), sum(map(len, payloads)), digest(payloads)) == (count, size, hashed)
    assert str(frame["received_at"].dt.tz) == "UTC"
    assert set(frame["content"]) == {"raw"}


def test_a_file_says_whose_it_is_and_is_compressed(filled):
    path = archive.files(filled)[0]
    footer = pyarrow.parquet.ParquetFile(path).metadata
    about = {key.decode(): value.decode() for key, value in footer.metadata.items() if key.startswith(b"ioc.")}
    identity = json.loads((filled.data / "bus" / "log.json").read_text())
    assert about["ioc.log_id"] == identity["id"], (about, identity)
    assert f"feed={about['ioc.feed']}/day={about['ioc.day']}/" in str(path)
    assert footer.row_group(0).column(7).compression == "ZSTD"


def test_a_clickhouse_of_its_own_reads_the_files(filled, expected):
    """The embedded server may not, by intent: nobody reads files through it. Any other that sees the folder does."""
    rows = archive.clickhouse_local(
        "SELECT feed, toUInt32(count()), toUInt32(sum(length(payload))) FROM"
        f" file('{archive.folder(filled)}/feed=*/day=*/*.parquet', Parquet) GROUP BY feed"
    )
    assert {feed: (count, size) for feed, count, size in rows} == {f: e[:2] for f, e in expected.items()}
    [[hashed]] = archive.clickhouse_local(
        "SELECT hex(SHA256(arrayStringConcat(groupArray(hex(payload))))) FROM (SELECT payload FROM"
        f" file('{archive.folder(filled)}/feed=gateway/day=*/*.parquet', Parquet) ORDER BY partition, offset)"
    )
    payloads = archive.query(
        archive.files(filled), "SELECT payload FROM {files} WHERE feed = 'gateway' ORDER BY partition, \"offset\""
    )
    digits = "".join(payload.hex().upper() for (payload,) in payloads)
    assert hashed == hashlib.sha256(digits.encode()).hexdigest().upper()


def test_the_store_lists_every_file_once_and_again_after_the_list_was_lost(filled):
    def listed(ioc):
        return sorted(
            ioc.analyst().query("SELECT path, sha256, envelopes, offset_from, offset_to FROM archive_file").result_rows
        )

    def recorded(ioc):
        keys = ("path", "sha256", "envelopes", "offset_from", "offset_to")
        return sorted(tuple(file[key] for key in keys) for record in archive.records(ioc) for file in record["files"])

    eventually(lambda: listed(filled) == recorded(filled))
    filled.analyst("ioc").command("TRUNCATE TABLE archive_file")
    filled.stop()
    filled.start()
    eventually(lambda: listed(filled) == recorded(filled))
    (count, size), = filled.analyst().query(
        "SELECT sum(envelopes), (SELECT count() FROM observation_current) FROM archive_file"
    ).result_rows
    assert count == filled.received and size > 0


def test_bound_a_disk_without_room_makes_the_archive_wait_and_say_so_while_senders_go_on(tmp_path):
    ioc = Ioc(tmp_path, **EAGER)
    password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start(failpoints="archive_no_room=8*return->off")
    try:
        def send(start):
            lines = "\n".join(reading("ST01", n, ago=3000 - n) for n in range(start, start + 300)) + "\n"
            done = mosquitto_pub(ioc, "gw1", password, "test/ST01/observation", lines, stdin_lines=True)
            assert done.returncode == 0, done.stderr

        send(0)
        told = eventually(lambda: (now := status(ioc))["archive"]["state"] == "full" and now)
        assert any("archive has no room" in trouble for trouble in told["trouble"]), told["trouble"]
        assert ioc.run("status", check=False).returncode == 1
        # Nobody is kept from anything as long as the log has room.
        assert urllib.request.urlopen(f"http://127.0.0.1:{ioc.http}/readyz", timeout=10).status == 200
        assert re.search(r"^ioc_archive_up 0$", ioc.get("/metrics").decode(), re.M)
        send(300)
        ioc.wait_drained()
        assert not list((archive.folder(ioc) / "_unfinished").iterdir()), "what an attempt wrote is removed at once"
        received = eventually(lambda: status(ioc)["archive"]["state"] == "up", seconds=120) and wait_archived(ioc)
        assert "the archive goes on" in ioc.log()
    finally:
        ioc.stop()
    assert received == 600
    archive.check_everything_is_archived(ioc, received)


def test_loud_an_archive_folder_of_another_instance_is_refused(filled, tmp_path):
    other = Ioc(tmp_path, IOC_ARCHIVE_FOLDER=str(tmp_path / "copied"))
    shutil.copytree(archive.folder(filled), tmp_path / "copied")
    other.start(wait=False)
    assert other.wait_ended() != 0
    assert "belongs to instance" in other.log() and "IOC_ARCHIVE_FOLDER" in other.log()


def test_nothing_is_archived_when_it_is_switched_off_and_the_status_says_so(tmp_path):
    ioc = Ioc(tmp_path, **EAGER, IOC_ARCHIVE_ENABLED="false").start()
    try:
        ioc.wait_drained()
        assert re.search(r"^archive +off$", ioc.run("status").stdout, re.M)
        assert not archive.folder(ioc).exists()
    finally:
        ioc.stop()
