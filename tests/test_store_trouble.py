"""When the store is not what it should be: refused at the start, loud while running, and nothing is lost (LOUD, BOUND).

The first process has the embedded server. The others use a server by its URL that belongs to nobody, so that their
tables can be broken and mended while the server goes on.
"""

import json
import os
import pathlib
import re
import signal
import urllib.error

import pytest
from ioc import Ioc, eventually
from outside import Outside, Server
from peers import mosquitto_pub, reading


def publish(ioc, password, subject, *values, at_once=False):
    """One message a value; `at_once` one of all, so that no two epochs can share them."""
    lines = [reading(subject, value, ago=3000 - place) for place, value in enumerate(values)]
    if at_once:
        lines = ["[" + ",".join(lines) + "]"]
    done = mosquitto_pub(
        ioc, "gw1", password, f"test/{subject}/observation", "\n".join(lines) + "\n", stdin_lines=True
    )
    assert done.returncode == 0, done.stderr


def answer_of(ioc, path):
    """Status and body, whatever the status is."""
    try:
        return 200, ioc.get(path).decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    ioc = Ioc(tmp_path_factory.mktemp("first"))
    ioc.password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    yield ioc
    ioc.stop()


@pytest.fixture(scope="module")
def server(first, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), first)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def running_outside(server, tmp_path_factory):
    outside = Outside(tmp_path_factory.mktemp("outside"), server.port, server.password, "second", server.admin)
    outside.port = server.port
    outside.ioc.start()
    yield outside
    outside.ioc.stop()


@pytest.fixture
def outside(running_outside):
    """The second process, running, whatever the test before did to it."""
    if running_outside.ioc.process.poll() is not None:
        running_outside.ioc.start()
    return running_outside


def test_another_instances_database_is_refused_with_what_to_do(first, tmp_path):
    outside = Outside(tmp_path, first.clickhouse, first.password_of("ioc"), "ioc")
    said = outside.refused()
    assert "belongs to instance" in said and "IOC_CLICKHOUSE_DATABASE" in said
    publish(first, first.password, "ST07", 7.5)
    eventually(lambda: first.tile("ST07", "pm25")["latest"])
    assert first.analyst().query("SELECT uniqExact(id) FROM instance").result_rows == [(1,)]


def test_an_outside_server_by_url_keeps_what_is_published(outside):
    publish(outside.ioc, outside.password, "ST01", 1.5, 2.5)
    eventually(lambda: outside.values("ST01") == [1.5, 2.5])
    assert f"127.0.0.1:{outside.port}" in outside.ioc.run("status").stdout
    assert not (outside.ioc.data / "clickhouse").exists(), "no server of its own was started"


def test_wrong_credentials_end_the_start_and_the_password_is_not_logged(first, tmp_path):
    outside = Outside(tmp_path, first.clickhouse, "wr0ng-secret", "ioc")
    said = outside.refused()
    assert re.search("(?i)authentication|password", said)
    assert "wr0ng-secret" not in said


@pytest.mark.parametrize(
    "setting", ["non_replicated_deduplication_window", "fsync_after_insert", "fsync_part_directory"]
)
def test_a_table_that_cannot_store_exactly_once_is_refused_with_the_command_that_mends_it(outside, setting):
    outside.ioc.stop()
    outside.admin.command(f"ALTER TABLE {outside.database}.observation MODIFY SETTING {setting} = 0")
    said = outside.refused()
    command = re.search(rf"ALTER TABLE observation MODIFY SETTING {setting} = \d+", said)
    assert command, said
    outside.admin.command(command[0].replace("TABLE ", f"TABLE {outside.database}."))
    outside.ioc.start()
    assert outside.ioc.run("status").returncode == 0


def test_a_table_gone_while_running_halts_the_flow_loudly_and_loses_nothing(outside):
    ioc, database = outside.ioc, outside.database
    publish(ioc, outside.password, "ST02", 1.0)
    eventually(lambda: outside.values("ST02") == [1.0])
    outside.admin.command(f"RENAME TABLE {database}.observation TO {database}.observation_away")
    publish(ioc, outside.password, "ST03", 2.0, 3.0)
    halted = eventually(lambda: ioc.overview()["status"]["halted"])
    assert "observation" in halted
    status, body = answer_of(ioc, "/readyz")
    assert status == 503 and "halted" in body
    told = ioc.run("status", check=False)
    assert told.returncode == 1 and re.search(r"^HALTED .*observation", told.stdout, re.M), told.stdout
    assert re.search(r"ERROR.*halt", ioc.log(), re.I), "the log says so too"
    # Senders are taken from all the same: what they send is durable.
    publish(ioc, outside.password, "ST04", 4.0)
    assert ioc.process.poll() is None
    outside.admin.command(f"RENAME TABLE {database}.observation_away TO {database}.observation")
    ioc.stop()
    ioc.start()
    ioc.wait_drained()
    assert [outside.values(subject) for subject in ("ST02", "ST03", "ST04")] == [[1.0], [2.0, 3.0], [4.0]]
    assert answer_of(ioc, "/readyz")[0] == 200


def test_a_store_that_lost_everything_is_filled_again_from_what_is_kept(outside):
    """Behind the local record by all of it: manifests and log reach back to the first epoch, so they are sent again."""
    outside.ioc.wait_drained()
    before = {subject: outside.values(subject) for subject in ("ST01", "ST02", "ST03", "ST04")}
    outside.ioc.stop()
    outside.admin.command(f"DROP DATABASE {outside.database}")
    outside.ioc.start()
    flow = outside.ioc.wait_for(r"flow starts checkpoint=(\d+) committed=(\d+) last_manifest=(\d+)")
    assert (flow[1], flow[2]) == ("0", "0") and int(flow[3]) > 0, flow[0]
    outside.ioc.wait_drained()
    assert {subject: outside.values(subject) for subject in before} == before


def test_a_store_of_another_history_is_refused(outside):
    """The store knows an epoch this data folder did not make: an old copy of the folder came back."""
    outside.ioc.wait_drained()
    outside.ioc.stop()
    outside.admin.command(
        f"INSERT INTO {outside.database}.epoch (instance, generation, epoch, manifest_hash, now)"
        f" SELECT instance, generation, max(e.epoch) + 1000, repeat('0', 64), max(e.now)"
        f" FROM {outside.database}.epoch AS e GROUP BY instance, generation"
    )
    said = outside.refused()
    assert "the data folder is older than the store" in said, said
    outside.admin.command(f"DELETE FROM {outside.database}.epoch WHERE manifest_hash = repeat('0', 64)")
    outside.ioc.start()
    assert outside.ioc.run("status").returncode == 0


def test_a_store_fed_by_another_folder_is_refused(outside):
    """It knows the last epoch, too, but made from another manifest: two data folders fed one database."""
    outside.ioc.wait_drained()
    outside.ioc.stop()
    epoch = f"{outside.database}.epoch"
    last = f"epoch = (SELECT max(epoch) FROM {epoch})"
    ((hashed,),) = outside.admin.query(f"SELECT manifest_hash FROM {epoch} WHERE {last}").result_rows
    mend = f"ALTER TABLE {epoch} UPDATE manifest_hash = '{{}}' WHERE {last} SETTINGS mutations_sync = 1"
    outside.admin.command(mend.format("f" * 64))
    said = outside.refused()
    assert "another manifest" in said, said
    outside.admin.command(mend.format(hashed))
    outside.ioc.start()
    assert outside.ioc.run("status").returncode == 0


def test_a_store_restored_from_an_older_backup_is_caught_up_and_nothing_is_doubled(outside):
    """Behind the local record by some epochs. The copies know no tokens: what is held is counted (ONCE)."""
    ioc, admin, database = outside.ioc, outside.admin, outside.database
    publish(ioc, outside.password, "ST05", 1.0, 2.0)
    ioc.wait_drained()
    ioc.stop()
    stored = f"SELECT name FROM system.tables WHERE database = '{database}' AND engine LIKE '%MergeTree%'"
    tables = [name for (name,) in admin.query(stored).result_rows]
    admin.command(f"CREATE DATABASE {database}_backup")
    for table in tables:
        admin.command(f"CREATE TABLE {database}_backup.{table} CLONE AS {database}.{table}")
    ioc.start()
    publish(ioc, outside.password, "ST05", 1.0, 2.0, 3.0)
    publish(ioc, outside.password, "ST06", 4.0, 5.0)
    ioc.wait_drained()
    assert (sorted(outside.values("ST05")), outside.values("ST06")) == ([1.0, 1.0, 2.0, 2.0, 3.0], [4.0, 5.0])
    ioc.stop()
    for table in tables:
        admin.command(f"EXCHANGE TABLES {database}.{table} AND {database}_backup.{table}")
    assert outside.values("ST06") == [], "the backup is older"
    ioc.start()
    flow = ioc.wait_for(r"flow starts checkpoint=(\d+) committed=(\d+) last_manifest=(\d+)")
    assert 0 < int(flow[2]) < int(flow[3]), flow[0]
    ioc.wait_drained()
    assert (sorted(outside.values("ST05")), outside.values("ST06")) == ([1.0, 1.0, 2.0, 2.0, 3.0], [4.0, 5.0])
    assert ioc.run("status").returncode == 0
    admin.command(f"DROP DATABASE {database}_backup")


@pytest.mark.parametrize("trouble", ["stopped", "killed"])
def test_readings_are_acknowledged_while_clickhouse_is_away_and_stored_once_when_it_is_back(first, trouble):
    child = first.clickhouse_pid()
    subject = {"stopped": "ST05", "killed": "ST06"}[trouble]
    publish(first, first.password, subject, 0.5)
    os.kill(child, {"stopped": signal.SIGSTOP, "killed": signal.SIGKILL}[trouble])
    for value in range(1, 11):
        publish_one = reading(subject, value, ago=2000 - value)
        done = mosquitto_pub(first, "gw1", first.password, f"test/{subject}/observation", publish_one)
        assert done.returncode == 0, done.stderr
    if trouble == "stopped":
        in_flight = eventually(lambda: first.overview()["status"]["in_flight"].get("gateway"))
        assert in_flight >= 1, "what is durable and not stored is shown as in flight (BALANCE)"
        os.kill(child, signal.SIGCONT)
    first.wait_drained()
    query = f"SELECT value FROM observation WHERE subject = '{subject}' ORDER BY value"
    assert [value for (value,) in first.analyst().query(query).result_rows] == [0.5, *range(1, 11)]
    assert first.process.poll() is None
    eventually(lambda: answer_of(first, "/readyz")[0] == 200)
    if trouble == "killed":
        assert first.clickhouse_pid() != child
    balance = json.loads(first.run("status", "--json").stdout)
    assert balance["balanced"]


def damage_parts(ioc, table, condition):
    """Empties a file without which ClickHouse cannot read the parts that hold such rows."""
    parts = (
        f"SELECT path FROM system.parts WHERE database = 'ioc' AND table = '{table}' AND active"
        f" AND name IN (SELECT _part FROM ioc.{table} WHERE {condition})"
    )
    for (path,) in ioc.analyst("ioc").query(parts).result_rows:
        (pathlib.Path(path) / "checksums.txt").write_bytes(b"")


def damage_part_of(ioc, subject):
    damage_parts(ioc, "observation", f"subject = '{subject}'")


@pytest.fixture
def damaged(tmp_path):
    """A process of its own whose store holds two stations' readings, each in a part of its own."""
    ioc = Ioc(
        tmp_path,
        IOC_ARCHIVE_EVERY="1s",
        IOC_BUS_PARTITIONS="1",
        IOC_BUS_SEGMENT_BYTES=str(64 << 10),
        IOC_BUS_RETAIN_AGE="0s",
        IOC_BUS_RETAIN_BYTES="0",
    )
    ioc.password, _ = ioc.add_sender("gw1", "gateway")
    try:
        ioc.start()
        for subject, values in {"ST01": (1.0, 2.0), "ST02": (3.0, 4.0, 5.0)}.items():
            publish(ioc, ioc.password, subject, *values, at_once=True)
            ioc.wait_drained()
        yield ioc
    finally:
        ioc.stop()


STORED = {
    "observation": "SELECT subject, value, offset FROM observation ORDER BY ALL",
    "window": "SELECT subject, kind, start_time, count, sum FROM window_current ORDER BY ALL",
    "balance": "SELECT feed, envelopes_received, rows_stored FROM feed_balance ORDER BY ALL",
}


def stored(ioc):
    return {name: ioc.analyst().query(query).result_rows for name, query in STORED.items()}


def test_once_rows_that_went_with_a_broken_part_are_missed_at_once_and_made_again(damaged):
    """ClickHouse goes on without a part it cannot read. Its commits say what should be there (ONCE, LOUD)."""
    ioc = damaged
    before = stored(ioc)
    damage_part_of(ioc, "ST02")
    # Nothing fails meanwhile: there is nothing to store, and it is back within a second.
    os.kill(ioc.clickhouse_pid(), signal.SIGKILL)
    ioc.wait_for(r"(?s)clickhouse child ready.*clickhouse child ready")
    publish(ioc, ioc.password, "ST03", 6.0)
    halted = eventually(lambda: ioc.overview()["status"]["halted"])
    assert "observation broken" in halted and "start ioc again" in halted, halted
    assert re.search(r"^HALTED .*broken", ioc.run("status", check=False).stdout, re.M)
    assert "ST02" not in {row[0] for row in stored(ioc)["observation"]}, "the danger is real: the rows are gone"

    ioc.stop()
    # It dies when the commits are taken back and nothing is made again yet: the next start goes on from there.
    ioc.start(failpoints="recovery_after_taking_back=return", wait=False)
    assert ioc.wait_ended() == -signal.SIGABRT
    assert re.search(r"committed rows are missing.* lost=.*observation holds 0 of 3 rows", ioc.log()), ioc.log()
    ioc.start()
    ioc.wait_drained()
    after = stored(ioc)
    assert [row for row in after["observation"] if row[0] != "ST03"] == before["observation"]
    assert [row[:2] for row in after["observation"] if row[0] == "ST03"] == [("ST03", 6.0)]
    assert [row for row in after["window"] if row[0] != "ST03"] == before["window"]
    assert ioc.run("status").returncode == 0
    ioc.shows("ST02", "pm25", 5.0)

    # The broken part is still there. Nothing is missing any more, and so the next start says, too.
    ioc.stop()
    ioc.start()
    ioc.wait_for("nothing is missing up to the last commit")
    assert stored(ioc) == after


def test_loud_rows_that_went_with_a_broken_part_and_cannot_be_made_again_end_the_start(damaged):
    """The raw messages are in the archive only: the flow cannot go back so far by itself."""
    ioc = damaged
    damage_part_of(ioc, "ST02")
    padded = "\n".join(reading("ST03", place, ago=3000 - place, padding="x" * 10_000) for place in range(30))
    done = mosquitto_pub(ioc, "gw1", ioc.password, "test/ST03/observation", padded + "\n", stdin_lines=True)
    assert done.returncode == 0, done.stderr
    first_segment = ioc.data / "bus" / "00000" / f"{0:020}.log"
    eventually(lambda: not first_segment.exists())
    ioc.stop()
    ioc.start(wait=False)
    assert ioc.wait_ended() != 0
    said = ioc.log()
    assert re.search(r"set parts aside as broken \(observation broken\S+\)", said), said
    assert "table observation holds 0 of 3 rows committed in epoch" in said and "cannot be made again" in said

    # Somebody decides to go on without them, and says so where everybody can read it.
    upto = re.search(r"set clickhouse.losses_accepted_upto to (\d+)", said)[1]
    ioc.settings["IOC_CLICKHOUSE_LOSSES_ACCEPTED_UPTO"] = upto
    ioc.start()
    ioc.wait_drained()
    assert re.search(rf"WARN.*accepted={upto}\b", ioc.log())
    held = {row[0] for row in stored(ioc)["observation"]}
    assert held == {"ST01", "ST03"}
    assert ioc.run("status").returncode == 0


def test_once_a_commit_that_went_with_all_of_its_rows_is_missed_and_made_again(damaged):
    """Nothing is left in the store that could be compared: the record of epochs says that it was there."""
    ioc = damaged
    before = stored(ioc)
    of_subject = "SELECT DISTINCT epoch FROM observation WHERE subject = 'ST02' ORDER BY epoch"
    epochs = ioc.analyst().query(of_subject).result_rows
    of_these = f"epoch IN ({', '.join(str(epoch) for (epoch,) in epochs)})"
    tables = ["observation", "window", "index_value", "assessment", "station_state", "alert", "action", "reject"]
    for table in [*tables, "feed_minute", "epoch"]:
        damage_parts(ioc, table, of_these)
    ioc.kill()
    ioc.start()
    ioc.wait_for(rf"committed rows are missing.*the commit of epoch {epochs[0][0]} is gone")
    ioc.wait_drained()
    assert stored(ioc) == before
