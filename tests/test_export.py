"""`ioc export`: files other tools open, whole or not at all (SAFE)."""

import csv
import datetime
import os
import pty
import re
import subprocess

import archive
import duckdb
import pandas
import pytest
from ioc import BINARY, Ioc
from peers import mosquitto_pub, reading
from test_archive import EAGER, wait_archived

ZONE = datetime.timezone(datetime.timedelta(hours=7))


@pytest.fixture(scope="module")
def ioc(tmp_path_factory):
    ioc = Ioc(tmp_path_factory.mktemp("export"), **EAGER)
    password, _ = ioc.add_sender("gw1", "gateway")
    ioc.start()
    lines = [reading(f"ST{n % 4 + 1:02}", n / 7, ago=90_000 - 60 * n, indicator=("pm25", "no2")[n % 2]) for n in range(800)]
    lines += [reading("ST01", "x", ago=50), 'quote " and, comma', reading("ST02", 5, ago=400_000)]
    done = mosquitto_pub(ioc, "gw1", password, "test/gw1/observation", "\n".join(lines) + "\n", stdin_lines=True)
    assert done.returncode == 0, done.stderr
    assert mosquitto_pub(ioc, "gw1", password, "test/ST02/observation", bytes(range(256))).returncode == 0
    ioc.received = wait_archived(ioc)
    yield ioc
    ioc.stop()


def export(ioc, tmp_path, *arguments, name="out.parquet", check=True):
    path = tmp_path / name
    done = ioc.run("export", *arguments, "--output", str(path), check=check)
    return path if check else done


def asked(ioc, sql):
    return ioc.analyst().query(sql).result_rows


def test_a_view_in_parquet_holds_what_the_store_answers(ioc, tmp_path):
    path = export(ioc, tmp_path, "--table", "observation_current")
    read = duckdb.sql(
        f"SELECT indicator, subject, epoch_ms(event_time::TIMESTAMP), value, quality, standing FROM '{path}' ORDER BY ALL"
    ).fetchall()
    stored = asked(
        ioc,
        "SELECT indicator, subject, toUnixTimestamp64Milli(event_time), value, toString(quality), toString(standing)"
        " FROM observation_current ORDER BY ALL",
    )
    assert len(read) > 700 and read == [tuple(row) for row in stored]
    frame = pandas.read_parquet(path)
    assert frame["value"].sum() == pytest.approx(sum(row[3] for row in stored))
    assert set(frame["quality"]) == {"good"}, "words, not the numbers they are kept as"


def test_every_table_and_view_can_be_exported_and_read(ioc, tmp_path):
    names = [name for (name,) in asked(ioc, "SELECT name FROM system.tables WHERE database = 'ioc'")]
    assert len(names) > 15
    for name in names:
        takes = ["--parameter", "known_at=2999-01-01 00:00:00"] if name.endswith("_known_at") else []
        if name.removesuffix("_known_at").endswith("_on_map"):
            takes += ["--parameter", "map_date=2026-01-01"]
        if takes:
            duckdb.sql(f"FROM '{export(ioc, tmp_path, '--table', name, *takes, name=f'{name}.parquet')}'").fetchall()
            continue
        path = export(ioc, tmp_path, "--table", name, name=f"{name}.parquet")
        [(count,)] = duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()
        pandas.read_parquet(path)
        # What goes on while the two are asked, apart.
        if name not in ("epoch", "feed_minute", "feed_balance", "feed_by_minute", "committed", "station_state"):
            assert [(count,)] == [tuple(row) for row in asked(ioc, f"SELECT count() FROM ioc.{name}")], name


def test_time_subject_and_indicator_narrow_it_and_dates_are_local(ioc, tmp_path):
    today = datetime.datetime.now(ZONE).date()
    path = export(
        ioc, tmp_path, "--table", "observation", "--subject", "ST01", "--indicator", "pm25",
        "--from", str(today - datetime.timedelta(days=1)), "--to", str(today), "--format", "csv", name="out.csv",
    )
    with open(path, newline="") as lines:
        rows = list(csv.DictReader(lines))
    start = datetime.datetime.combine(today - datetime.timedelta(days=1), datetime.time(), ZONE).timestamp() * 1000
    stored = asked(
        ioc,
        "SELECT toUnixTimestamp64Milli(event_time), value FROM observation WHERE subject = 'ST01' AND indicator = 'pm25'"
        f" AND event_time >= fromUnixTimestamp64Milli({int(start)})"
        f" AND event_time < fromUnixTimestamp64Milli({int(start) + 86_400_000}) ORDER BY event_time",
    )
    moments = [datetime.datetime.fromisoformat(row["event_time"]).timestamp() * 1000 for row in rows]
    assert stored and [(round(at), float(row["value"])) for at, row in zip(moments, rows, strict=True)] == [
        tuple(row) for row in stored
    ]
    assert {row["subject"] for row in rows} == {"ST01"}


def test_raw_envelopes_come_byte_for_byte_from_the_archive_without_a_server(ioc, tmp_path):
    ioc.stop()
    try:
        path = export(ioc, tmp_path, "--raw", "--feed", "gateway")
        sheet = export(ioc, tmp_path, "--raw", "--feed", "gateway", "--format", "csv", name="out.csv")
    finally:
        ioc.start()
    sql = 'SELECT partition, "offset", address, payload FROM {files} WHERE feed = \'gateway\' ORDER BY ALL'
    held = archive.query(archive.files(ioc), sql)
    assert archive.query([path], sql) == held
    assert bytes(range(256)) in [row[3] for row in held]
    with open(sheet, newline="") as lines:
        rows = list(csv.DictReader(lines))
    payloads = [bytes.fromhex(row["payload_hex"]) or row["payload"].encode() for row in rows]
    assert sorted(payloads) == sorted(row[3] for row in held)


def test_raw_envelopes_are_chosen_by_when_they_arrived(ioc, tmp_path):
    (middle,) = archive.query(archive.files(ioc), "SELECT epoch_ms(median(received_at::TIMESTAMP)) FROM {files}")[0]
    moment = datetime.datetime.fromtimestamp(middle / 1000, ZONE).isoformat(timespec="milliseconds")
    parts = [
        export(ioc, tmp_path, "--raw", "--feed", "gateway", *stretch, name=f"{stretch[0]}.parquet")
        for stretch in (["--to", moment], ["--from", moment])
    ]
    count = 'SELECT count(*) FROM {files} WHERE feed = \'gateway\''
    counts = [archive.query([part], count)[0][0] for part in parts]
    assert all(counts) and sum(counts) == archive.query(archive.files(ioc), count)[0][0]
    assert archive.query(parts[:1], f"SELECT count(*) FROM {{files}} WHERE epoch_ms(received_at::TIMESTAMP) >= {middle}") == [(0,)]


def test_an_altered_file_ends_the_export_and_leaves_nothing(ioc, tmp_path):
    victim = next(path for path in archive.files(ioc) if "feed=gateway" in str(path))
    whole = victim.read_bytes()
    try:
        victim.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
        done = export(ioc, tmp_path, "--raw", "--feed", "gateway", check=False)
    finally:
        victim.write_bytes(whole)
    assert done.returncode == 1 and "is not what was archived" in done.stderr and victim.name in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_replaced_only_by_force(ioc, tmp_path):
    (tmp_path / "out.parquet").write_text("precious")
    done = export(ioc, tmp_path, "--table", "pack", check=False)
    assert done.returncode == 1 and "--force" in done.stderr
    assert (tmp_path / "out.parquet").read_text() == "precious"
    path = export(ioc, tmp_path, "--table", "pack", "--force")
    assert path.read_bytes()[-4:] == b"PAR1"


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--table", "nothing"], "observation_current"),
        (["--table", "pack; DROP TABLE ioc.pack"], "there is no table"),
        (["--table", "system.users"], "there is no table"),
        (["--table", "pack", "--subject", "x"], "no column subject"),
        (["--table", "observation", "--subject", "ST09"], "there is no subject 'ST09': there are FILES1, ST01, ST02"),
        (["--table", "station_status", "--subject", "ST09"], "there are FILES1, ST01"),
        (["--table", "observation", "--indicator", "pm2.5"], "pm25"),
        (["--raw", "--feed", "gatewy"], "archived are gateway"),
        (["--table", "pack", "--bom"], "CSV"),
        (["--table", "window", "--from", "soon"], "2026-02-01T07:00:00+07:00"),
        (["--table", "window", "--from", "2026-02-02", "--to", "2026-02-01"], "before"),
        (["--table", "window", "--from", "2026-02-01", "--time-column", "count"], "start_time"),
        (["--table", "window_known_at"], "known_at (DateTime64"),
        (["--table", "window_known_at", "--parameter", "known_at=2026-01-01); DROP TABLE x"], "cannot"),
        (["--table", "window_current", "--parameter", "known_at=2026-01-01"], "no parameters"),
        (["--raw"], "--feed"),
        (["--raw", "--feed", "gateway", "--table", "pack"], "cannot be used with"),
    ],
)
def test_what_cannot_be_exported_is_said_and_leaves_no_file(ioc, tmp_path, arguments, said):
    done = export(ioc, tmp_path, *arguments, check=False)
    assert done.returncode != 0 and said in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_values_are_parameters_and_never_part_of_the_question(ioc, tmp_path):
    for text in ["' OR 1 = 1 --", "ST01'", "\\", "{from:Int64}"]:
        done = export(ioc, tmp_path, "--table", "observation", "--subject", text, check=False)
        assert done.returncode == 1 and f"there is no subject '{text}'" in done.stderr, done.stderr


def test_the_form_is_that_of_the_name_and_a_dash_is_standard_output(ioc, tmp_path):
    assert export(ioc, tmp_path, "--table", "pack").read_bytes()[-4:] == b"PAR1"
    sheet = export(ioc, tmp_path, "--table", "pack", name="pack.csv").read_text()
    assert sheet.startswith('"version","id","name_vi"')
    command = [BINARY, "export", "--table", "pack", "--format"]
    told = subprocess.run([*command, "csv", "--output", "-"], env=ioc.environment(), capture_output=True, timeout=60)
    assert told.returncode == 0 and told.stdout.decode() == sheet and b"exported" in told.stderr
    told = subprocess.run([*command, "parquet", "--output", "-"], env=ioc.environment(), capture_output=True, timeout=60)
    (tmp_path / "piped.parquet").write_bytes(told.stdout)
    assert len(pandas.read_parquet(tmp_path / "piped.parquet")) == len(sheet.splitlines()) - 1
    done = export(ioc, tmp_path, "--table", "pack", name="pack.xlsx", check=False)
    assert done.returncode == 1 and ".parquet" in done.stderr and not (tmp_path / "pack.xlsx").exists()


def test_a_sheet_is_read_rightly_by_pandas_and_excel(ioc, tmp_path):
    path = export(ioc, tmp_path, "--table", "window_current", "--subject", "ST01", "--bom", name="windows.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel takes it for UTF-8"
    with open(path, newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    stored = asked(
        ioc,
        "SELECT toString(kind), indicator, toUnixTimestamp64Milli(start_time), mean FROM window_current"
        " WHERE subject = 'ST01' ORDER BY kind, indicator, start_time",
    )
    assert rows and all(row["start_time"].endswith("+07:00") for row in rows), "local, and says so"
    moments = [round(datetime.datetime.fromisoformat(row["start_time"]).timestamp() * 1000) for row in rows]
    means = [float(row["mean"]) if row["mean"] else None for row in rows]
    assert [(row["kind"], row["indicator"], moment) for row, moment in zip(rows, moments, strict=True)] == [row[:3] for row in stored]
    assert means == [pytest.approx(row[3]) if row[3] is not None else None for row in stored]
    frame = pandas.read_csv(path, parse_dates=["start_time"])
    assert str(frame["start_time"].dt.tz) == "UTC+07:00" and frame["mean"].dtype == float
    # What is missing is empty, in no tool's words.
    places = export(ioc, tmp_path, "--table", "place_current", name="places.csv")
    frame = pandas.read_csv(places)
    missing = asked(ioc, "SELECT countIf(valid_to IS NULL), countIf(name_vi LIKE '%ạ%') FROM place_current")[0]
    assert (int(frame["valid_to"].isna().sum()), int(frame["name_vi"].str.contains("ạ").sum())) == missing and missing[0]
    assert "\\N" not in places.read_text()


def test_rows_are_told_and_sorted_as_they_were_the_last_time(ioc, tmp_path):
    (count,), = asked(ioc, "SELECT count() FROM observation_current")
    for name in ("out.parquet", "out.csv"):
        done = export(ioc, tmp_path, "--table", "observation_current", name=name, check=False)
        assert f"rows={count}" in re.sub(r"\x1b\[[0-9;]*m", "", done.stderr), done.stderr
    frame = pandas.read_csv(tmp_path / "out.csv")
    key = ["indicator", "subject", "event_time"]
    assert list(frame[key].itertuples(index=False)) == list(frame[key].sort_values(key).itertuples(index=False))
    assert export(ioc, tmp_path, "--table", "observation_current", name="again.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


def test_a_wide_view_is_narrowed_by_its_station_too(ioc, tmp_path):
    path = export(ioc, tmp_path, "--table", "station_status", "--subject", "ST02", name="one.csv")
    assert list(pandas.read_csv(path)["station"]) == ["ST02"]


def test_whoever_has_read_enough_of_an_export_is_told_of_no_fault(ioc):
    command = [BINARY, "export", "--table", "observation", "--format", "csv", "--output", "-"]
    with subprocess.Popen(command, env=ioc.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        told = running.stderr.read().decode()
        assert running.wait(60) == 0 and told == "", told


def test_progress_moves_on_a_terminal_and_is_log_lines_elsewhere(ioc, tmp_path):
    done = export(ioc, tmp_path, "--table", "observation", check=False)
    assert "exported" in done.stderr and "\r" not in done.stderr
    ours, theirs = pty.openpty()
    command = [BINARY, "export", "--table", "observation", "--force", "--output", str(tmp_path / "out.parquet")]
    assert subprocess.run(command, env=ioc.environment(), stderr=theirs, timeout=60).returncode == 0
    os.close(theirs)
    told = os.read(ours, 65536).decode()
    os.close(ours)
    assert "\r" in told and "out.parquet" in told and " s" in told


def test_help_names_the_environment(ioc):
    told = ioc.run("export", "--help").stdout
    for name in ("IOC_DATA_FOLDER", "IOC_ARCHIVE_FOLDER", "IOC_EXPORT_FORMAT", "IOC_CLICKHOUSE_URL"):
        assert name in told
