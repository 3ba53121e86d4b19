"""When the store is not what it should be: refused at the start, loud while running, and nothing is lost (LOUD, BOUND).

The first process has the embedded server. The second uses that one as an outside server by its URL, so its tables can
be broken and mended while neither the server nor the first process is touched.
"""

import json
import os
import re
import signal
import urllib.error

import pytest
from ioc import Ioc, eventually
from peers import mosquitto_pub, reading


def publish(ioc, password, subject, *values):
    lines = [reading(subject, value, ago=3000 - place) for place, value in enumerate(values)]
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


class Outside:
    """A process that uses the first one's server by its URL, in a database of its own."""

    def __init__(self, folder, first, database):
        self.first, self.database = first, database
        self.ioc = Ioc(
            folder,
            IOC_CLICKHOUSE_URL=f"http://127.0.0.1:{first.clickhouse}",
            IOC_CLICKHOUSE_USER="ioc",
            IOC_CLICKHOUSE_PASSWORD=first.password_of("ioc"),
            IOC_CLICKHOUSE_DATABASE=database,
        )
        self.password, _ = self.ioc.add_sender("gw1", "gateway")
        self.admin = first.analyst(user="ioc")

    def refused(self):
        """Starts it and gives back what it said when it ended by itself."""
        self.ioc.start(wait=False)
        assert self.ioc.wait_ended() != 0
        assert "ready" not in self.ioc.log()
        return self.ioc.log()

    def values(self, subject):
        query = f"SELECT value FROM {self.database}.observation WHERE subject = '{subject}' ORDER BY event_time"
        return [value for (value,) in self.admin.query(query).result_rows]


@pytest.fixture(scope="module")
def running_outside(first, tmp_path_factory):
    outside = Outside(tmp_path_factory.mktemp("outside"), first, "second")
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
    outside = Outside(tmp_path, first, "ioc")
    said = outside.refused()
    assert "belongs to instance" in said and "IOC_CLICKHOUSE_DATABASE" in said
    publish(first, first.password, "ST07", 7.5)
    eventually(lambda: first.tile("ST07", "pm25")["latest"])
    assert first.analyst().query("SELECT uniqExact(id) FROM instance").result_rows == [(1,)]


def test_an_outside_server_by_url_keeps_what_is_published(outside):
    publish(outside.ioc, outside.password, "ST01", 1.5, 2.5)
    eventually(lambda: outside.values("ST01") == [1.5, 2.5])
    assert f"127.0.0.1:{outside.first.clickhouse}" in outside.ioc.run("status").stdout
    assert not (outside.ioc.data / "clickhouse").exists(), "no server of its own was started"


def test_wrong_credentials_end_the_start_and_the_password_is_not_logged(first, tmp_path):
    outside = Outside(tmp_path, first, "third")
    outside.ioc.settings["IOC_CLICKHOUSE_PASSWORD"] = "wr0ng-secret"
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


def test_a_store_that_was_emptied_is_never_filled_on_in_silence(outside):
    """Its database is older than the data folder: another database of that name, a restored backup."""
    outside.ioc.wait_drained()
    outside.ioc.stop()
    outside.admin.command(f"RENAME DATABASE {outside.database} TO kept_aside")
    try:
        said = None
        outside.ioc.start(wait=False)
        try:
            outside.ioc.wait_for(r"ioc::up: ready")
            # What is kept here reaches back to the first epoch, so the store is filled again from the start.
            outside.ioc.wait_drained()
            assert outside.values("ST01") == [1.5, 2.5]
        except AssertionError:
            said = outside.ioc.log()
            assert "the store is older than what is kept here" in said, said
        outside.ioc.stop()
    finally:
        outside.admin.command(f"DROP DATABASE IF EXISTS {outside.database}")
        outside.admin.command(f"RENAME DATABASE kept_aside TO {outside.database}")


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
