"""What people ask before anything runs: `ioc try`, `ioc check`, the settings and the help."""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import tomllib

import pytest
from ioc import BINARY, PACK, ROOT

RECEIVED_AT = "2026-11-05T03:00:00Z"
SEVERITIES = ("not_rated", "info", "low", "medium", "high", "critical")
STATION_FILE = "TN_TEST_FILES1_20261105090000.txt"
DIRTY = (
    b"\xef\xbb\xbfPM10\t61.3\tug/m3\t20261105090000\t00\r\n"
    b"PM2,5\t38,4\tug/m3\t20261105090000\t01\r\n"
    b"PM10\tNaN\tug/m3\t20261105091000\t00\n"
    b"20261105092000\tPM10\t62\tug/m3\t00\n"
    b"PM10\t63\t20261105093000\n"
    b"bad line\n"
)


def ioc(*arguments, stdin=None, **environment):
    """Runs the binary in an environment without settings of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")}
    return subprocess.run(
        [BINARY, *arguments], input=stdin, capture_output=True, timeout=60, env=clean | environment
    )


def lines(done):
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_try_prints_what_a_clean_station_file_would_become_and_nothing_else(tmp_path):
    file = tmp_path / STATION_FILE
    file.write_text("PM10\t61.3\tug/m3\t20261105090000\t00\nPM2.5\t38.40\tug/m3\t20261105090000\t02\n")
    done = ioc("try", "--pack", PACK, "--feed", "files", "--received-at", RECEIVED_AT, file)
    assert done.stdout.decode().splitlines() == [
        '{"kind":"observation","indicator":"pm10","subject":"FILES1",'
        '"event_time":"2026-11-05T02:00:00.000Z","value":61.3,"quality":"good","row":0}',
        '{"kind":"observation","indicator":"pm25","subject":"FILES1",'
        '"event_time":"2026-11-05T02:00:00.000Z","value":38.4,"quality":"device_error","row":1}',
    ]
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(tmp_path.iterdir()) == [file], "nothing is stored"


def test_try_tells_every_reject_in_both_languages_and_exits_with_1(tmp_path):
    file = tmp_path / STATION_FILE
    file.write_bytes(DIRTY)
    done = ioc("try", "--pack", PACK, "--feed", "files", "--received-at", RECEIVED_AT, file)
    assert done.returncode == 1
    told = lines(done)
    observations = [row for row in told if row["kind"] == "observation"]
    assert [(row["row"], row["indicator"], row["value"], row["quality"]) for row in observations] == [
        (0, "pm10", 61.3, "good"),
        (1, "pm25", 38.4, "calibrating"),
        (3, "pm10", 62.0, "good"),
        (4, "pm10", 63.0, "good"),
    ]
    rejects = [row for row in told if row["kind"] == "reject"]
    assert [(row["row"], row["reason"], row["where"]) for row in rejects] == [
        (2, "not_a_number", "line 3, value"),
        (5, "malformed", "line 6"),
    ]
    for row in rejects:
        assert set(row) == {"kind", "reason", "where", "message_vi", "message_en", "row"}
        assert row["message_vi"] != row["message_en"] and row["message_vi"] and row["message_en"]


@pytest.mark.parametrize("format_name", ["json_observation", "json-observation"])
def test_try_reads_standard_input_and_without_a_feed_any_subject_will_do(format_name):
    body = b'[{"indicator":"pm25","subject":"anywhere","time":"2026-11-05T09:00:00+07:00","value":12.5}]'
    done = ioc("try", "--format", format_name, "--pack", PACK, "-", stdin=body)
    assert done.returncode == 0, done.stderr
    assert lines(done) == [
        {
            "kind": "observation",
            "indicator": "pm25",
            "subject": "anywhere",
            "event_time": "2026-11-05T02:00:00.000Z",
            "value": 12.5,
            "quality": "good",
            "row": 0,
        }
    ]


def test_try_judges_by_the_contract_of_the_feed_it_is_given():
    body = json.dumps({"indicator": "pm25", "subject": "anywhere", "time": "2026-11-05T02:00:00Z", "value": 1})
    done = ioc("try", "--pack", PACK, "--feed", "push", "--received-at", RECEIVED_AT, "-", stdin=body.encode())
    assert done.returncode == 1
    assert [(row["kind"], row["reason"]) for row in lines(done)] == [("reject", "unknown_subject")]


@pytest.mark.parametrize("case", ["clean", "dirty", "damaged_lines", "every_order_of_columns"])
def test_try_on_the_sample_files_of_the_repository_gives_the_recorded_lines(case, tmp_path):
    folder = ROOT / "decode" / "cases" / "station_txt" / case
    meta = (folder / "meta.toml").read_text()
    feed = re.search(r'^feed = "(.+)"$', meta, re.M)[1]
    address = re.search(r'^address = "(.+)"$', meta, re.M)[1]
    received = re.search(r'^received_at = "(.+)"$', meta, re.M)
    file = tmp_path / pathlib.PurePosixPath(address).name
    shutil.copy(folder / "input.txt", file)
    arrival = received[1] if received else "2026-01-01T00:00:00Z"
    pack = ROOT / "decode" / "cases" / "pack"
    done = ioc("try", "--pack", pack, "--feed", feed, "--received-at", arrival, file)
    expected = (folder / "expected.jsonl").read_text()
    assert done.stdout.decode() == expected
    assert done.returncode == (1 if '"kind":"reject"' in expected else 0)


GATEWAYS = ("senml", "chirpstack", "zigbee2mqtt", "tasmota", "sensorthings", "ngsi_ld", "station_json", "sparkplug_b", "mapped_json", "mapped_csv")


@pytest.mark.parametrize("format_name", GATEWAYS)
def test_try_reads_what_gateways_publish_with_the_topic_it_came_by(format_name):
    pack = ROOT / "decode" / "cases" / "pack"
    cases = [folder for folder in sorted((ROOT / "decode" / "cases" / format_name).iterdir())]
    assert cases
    for folder in cases:
        meta = tomllib.loads((folder / "meta.toml").read_text())
        known = meta.get("attributes", {})
        # What the service alone knows nobody says who tries a file.
        if "feed" not in meta or {"asked", "origin"} & set(known):
            continue
        [given] = folder.glob("input.*")
        retained = ["--retained"] if known == {"retained": "1"} else []
        written = ["--written", known["written"]] if "written" in known else []
        of = ["--feed", meta["feed"], "--address", meta["address"], "--received-at", meta["received_at"], *retained, *written]
        done = ioc("try", "--pack", pack, *of, given)
        expected = (folder / "expected.jsonl").read_text()
        assert done.stdout.decode() == expected, folder
        assert done.returncode == (1 if '"kind":"reject"' in expected else 0), folder
        assert expected or b"carries nothing" in done.stderr, folder


# What each format of information security is tried on: lines of the field's cases, and how many of them are events of a
# kind. Syslog of both RFCs and what it carries, EVE, a console's table.
SECURITY = {
    "syslog/own_zone": ("syslog", {"login_failed": 3}),
    "syslog/new_year_after_midnight": ("syslog", {"login_failed": 2}),
    "syslog/scales_of_severity": ("syslog", None),
    "syslog/cef_of_many_kinds": ("syslog", None),
    "syslog/firewalls": ("syslog", None),
    "syslog_lines/pam_and_sshd": ("syslog_lines", None),
    "syslog_lines/one_address_of_cef": ("syslog_lines", {"block": 3}),
    "eve/which_records_are_alerts": ("eve", {"alert": 7, "block": 1, "protocol": 1, "flow": 1, "stats": 1, "anomaly": 1}),
    "eve/equal_records_in_one_file": ("eve", {"stats": 2, "flow": 2, "protocol": 2, "alert": 4}),
    "eve/an_array_of_records": ("eve", {"protocol": 2}),
    "event_csv/a_console_s_export": ("event_csv", None),
}


@pytest.mark.parametrize("case", SECURITY)
def test_try_shows_what_happened_how_bad_it_is_and_what_is_refused_in_every_format_of_security(case, tmp_path):
    folder, (format_name, kinds) = ROOT / "decode" / "cases" / case, SECURITY[case]
    meta = tomllib.loads((folder / "meta.toml").read_text())
    [given] = folder.glob("input.*")
    file = shutil.copy(given, tmp_path)
    of = ["--feed", meta["feed"]] if "feed" in meta else ["--format", format_name]
    sender = ["--sender", meta["attributes"]["sender"]] if "attributes" in meta else []
    pack = ROOT / "decode" / "cases" / "pack"
    done = ioc("try", "--pack", pack, *of, *sender, "--received-at", meta["received_at"], file)
    expected = [json.loads(line) for line in (folder / "expected.jsonl").read_text().splitlines()]
    told = lines(done)
    # Each message of syslog is one of its own, and a row of it the first.
    assert told == expected, done.stderr
    events = [row for row in told if row["kind"] == "event"]
    rejects = [row for row in told if row["kind"] == "reject"]
    assert events and all(row["severity"] in SEVERITIES and row["happened_at"] and row["log_source"] for row in events)
    assert kinds is None or collections.Counter(row["event"] for row in events) == kinds
    assert all(row["message_vi"] and row["message_en"] and row["reason"] for row in rejects)
    assert done.returncode == (1 if rejects else 0)


def test_try_reads_three_hundred_real_alerts_and_says_how_bad_each_is(tmp_path):
    [given] = (ROOT / "decode" / "cases" / "eve" / "real_alerts").glob("input.*")
    done = ioc("try", "--format", "eve", "--pack", PACK, shutil.copy(given, tmp_path))
    told = lines(done)
    assert (done.returncode, len(told)) == (0, 300)
    assert {row["event"] for row in told} == {"alert"}
    said = [json.loads(line)["alert"]["severity"] for line in given.read_text().splitlines()]
    meant = {1: "high", 2: "medium", 3: "low"}
    assert [row["severity"] for row in told] == [meant[severity] for severity in said]
    assert all(row["rated"] == f"suricata {severity}" for row, severity in zip(told, said, strict=True))
    # What the pack does not know is shown as unknown, and not refused.
    assert {row["known"] for row in told} == {False}


def test_try_shows_a_report_with_its_findings_and_whom_its_sender_may_report_for():
    cases = ROOT / "decode" / "cases"
    file = cases / "table" / "on_time" / "input.csv"
    arguments = ["try", "--pack", cases / "pack", "--feed", "ktxh", "--received-at", "2026-10-16T16:40:00+07:00"]
    done = ioc(*arguments, "--subject", "25486", file)
    head, *cells = lines(done)
    said = [head[key] for key in ("kind", "form", "agency", "period", "taken")]
    assert said == ["report", "ktxh-x", "25486", "2026-10", "whole"]
    values = {cell["indicator"]: cell["value"] for cell in cells}
    assert values == {"X01": "1204", "X02": "312", "X03": "87", "X04": "146", "X05": "865.4"}
    assert done.returncode == 0
    done = ioc(*arguments, "--subject", "25489", file)
    head, *told = lines(done)
    assert (done.returncode, head["taken"]) == (1, "not")
    errors = [row for row in told if row["kind"] == "finding" and row["weight"] == "error"]
    assert [error["rule"] for error in errors] == ["not_theirs"]
    assert "25489" in errors[0]["message_vi"] and "25489" in errors[0]["message_en"]


def test_try_says_what_it_cannot_do(tmp_path):
    (tmp_path / "x.txt").write_text("")
    assert ioc("try", "--format", "nonsense", tmp_path / "x.txt").returncode == 2
    missing = ioc("try", "--pack", PACK, "--feed", "files", tmp_path / "missing")
    assert missing.returncode == 1 and b"missing" in missing.stderr
    unknown = ioc("try", "--pack", PACK, "--feed", "nowhere", tmp_path / "x.txt")
    assert unknown.returncode == 1 and b"gateway" in unknown.stderr, "it names the feeds there are"
    mismatch = ioc("try", "--pack", PACK, "--feed", "files", "--format", "json_observation", tmp_path / "x.txt")
    assert mismatch.returncode == 1 and b"station_txt" in mismatch.stderr


def test_check_finds_no_fault_in_the_packs_of_the_repository():
    for pack in (PACK, ROOT / "deploy" / "provinces" / "tay-ninh", "tay-ninh"):
        done = ioc("check", pack)
        assert done.returncode == 0, done.stdout
        assert b"no faults" in done.stdout


def test_check_prints_all_faults_of_all_files_at_once_with_file_and_line(tmp_path):
    pack = tmp_path / "pack"
    shutil.copytree(PACK, pack)
    faults = {
        "pack.toml": ('timezone = "Asia/Ho_Chi_Minh"', 'timezone = "Asia/Nowhere"'),
        "feeds.toml": ('format = "station_txt"', 'format = "station_tx"'),
        "indicators.toml": ("decimals = 1", 'decimals = "one"'),
        "stations.toml": ('kind = "ambient_air"', 'kind = "ambient_water"'),
        "places.csv": ("25459,2025-07-01", "25459,2025-02-31"),
    }
    at = set()
    for name, (right, wrong) in faults.items():
        text = (pack / name).read_text()
        at.add(f"{name}:{text[: text.index(right)].count(chr(10)) + 1}")
        (pack / name).write_text(text.replace(right, wrong, 1))
    done = ioc("check", pack)
    assert done.returncode == 1
    printed = done.stdout.decode().splitlines()
    assert all(re.match(r"^[a-z_./-]+:\d+: .+", line) for line in printed), printed
    assert at <= {":".join(line.split(":")[:2]) for line in printed}, printed


def test_a_setting_nobody_knows_is_refused_by_name_and_all_at_once(tmp_path):
    data = str(tmp_path / "data")
    done = ioc("up", IOC_DATA_FOLDER=data, IOC_MQTT_LISTENN="127.0.0.1:1", IOC_NOPE="1")
    assert done.returncode != 0
    assert b"IOC_MQTT_LISTENN" in done.stderr and b"IOC_NOPE" in done.stderr
    assert not (tmp_path / "data").exists()
    file = tmp_path / "ioc.toml"
    file.write_text('[mqtt]\nlistenn = "127.0.0.1:1883"\n')
    done = ioc("up", "--config", file, IOC_DATA_FOLDER=data)
    assert done.returncode != 0 and b"listenn" in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "IOC_HTTP_LISTEN",
        "IOC_PUSH_LISTEN",
        "IOC_MQTT_LISTEN",
        "IOC_SYSLOG_UDP",
        "IOC_SYSLOG_TCP",
        "IOC_CLICKHOUSE_LISTEN",
    ],
)
def test_an_address_outsiders_reach_is_refused_without_access_control(tmp_path, name):
    done = ioc("up", IOC_DATA_FOLDER=str(tmp_path / "data"), **{name: "0.0.0.0:0"})
    assert done.returncode != 0
    assert b"loopback" in done.stderr, done.stderr


def test_help_shows_the_environment_name_and_default_of_every_setting():
    told = ioc("--help").stdout.decode()
    defaults = ioc("config").stdout.decode()
    section = None
    names = []
    for line in defaults.splitlines():
        if line.startswith("["):
            section = line.strip("[]").upper()
        elif re.match(r"^[a-z_]+ = ", line):
            names.append(f"IOC_{section}_{line.split(' = ')[0].upper()}")
    assert len(names) > 20
    assert [name for name in names if name not in told] == []
    assert 'IOC_MQTT_LISTEN = "127.0.0.1:1883"' in told
    assert "IOC_DEMO_SPEED" in ioc("demo", "--help").stdout.decode()


def test_what_is_not_running_says_so(tmp_path):
    done = ioc("status", IOC_DATA_FOLDER=str(tmp_path / "data"))
    assert done.returncode == 1
    assert b"nothing has run" in done.stderr
