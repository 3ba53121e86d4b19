"""Reports that were taken are judged again once their form is mended: with the arrival they had, once, through kills, and
never over what another clerk sent in between.

The form has a factor that is ten times too small and two indicators whose codes are exchanged. What is expected is
counted by hand.
"""

import json
import shutil
import signal

import pytest
from ioc import PACK, Ioc, eventually, rfc3339_ago
from peers import push
from test_reports import AGENCIES, FEEDS, FORMS, PLACES

INDICATORS = """
[ktxh-x.indicators.X01]
name = { vi = "Hồ sơ tiếp nhận", en = "Dossiers received" }
unit = "hồ sơ"
required = false

[ktxh-x.indicators.poor]
code = "X03"
name = { vi = "Hộ nghèo", en = "Poor households" }
unit = "hộ"
required = false

[ktxh-x.indicators.near]
code = "X04"
name = { vi = "Hộ cận nghèo", en = "Near-poor households" }
unit = "hộ"
required = false

[ktxh-x.indicators.X05]
name = { vi = "Thu ngân sách xã", en = "Revenue of the commune" }
unit = "triệu đồng"
units = { "tỷ đồng" = 1000 }
required = false
"""
RIGHT = 'units = { "tỷ đồng" = 1000 }'
WRONG = 'units = { "tỷ đồng" = 100 }'
OWED = """
[monthly]
form = "ktxh-x"
valid_from = "2025-09-01"
due = { working_days = 400, at = "17:00" }
"""
TAN_BIEN, TAN_LAP = "xã Tân Biên (25486)", "xã Tân Lập (25489)"
NAMES = {
    "X01": ("Hồ sơ tiếp nhận", "hồ sơ"),
    "X03": ("Hộ nghèo", "hộ"),
    "X04": ("Hộ cận nghèo", "hộ"),
    "X05": ("Thu ngân sách xã", "tỷ đồng"),
}


def message(place, *rows, unit=None):
    lines = [f"Biểu KTXH-X;Kỳ báo cáo: tháng 10/2025;Đơn vị: {place}", "Mã chỉ tiêu;Chỉ tiêu;Đơn vị tính;Giá trị"]
    lines += [f"{code};{NAMES[code][0]};{unit or NAMES[code][1]};{value}" for code, value in rows]
    return "\n".join(lines) + "\n"


# Who reads by the form as it is sees the fourth code for the third, and a hundredth of a billion for a tenth.
FIRST = (("X01", "1204"), ("X03", "87"), ("X04", "146"), ("X05", "0,8654"))
SHOWN = {
    "25486": {"X01": "1204", "poor": "146", "near": "87", "X05": "86.54"},
    "25489": {"X01": "1204", "poor": "146", "near": "87", "X05": "86.54"},
}
MENDED = {
    "25486": {"X01": "1204", "poor": "87", "near": "150", "X05": "900"},
    "25489": {"X01": "1204", "poor": "87", "near": "146", "X05": "865.4"},
}
# Messages of one agency and period are read one a portion, so that each of these deaths finds the replay under way.
CORRECTIONS = 40
STEPS = [
    ("recall_before_answer", 0),
    ("epoch_after_manifest", 1),
    ("flow_before_apply", 2),
    ("flow_after_apply", 2),
    ("sink_after_insert", 1),
    ("sink_after_commit", 1),
    ("checkpoint_after_rename", 0),
]


class House:
    def __init__(self, folder, **settings):
        self.pack = shutil.copytree(PACK, folder / "pack")
        self.write(lambda forms: forms)
        (self.pack / "agencies.csv").write_text(AGENCIES)
        (self.pack / "obligations.toml").write_text(OWED)
        for name, more in (("feeds.toml", FEEDS), ("places.csv", PLACES)):
            with open(self.pack / name, "a") as file:
                file.write(more)
        self.ioc = Ioc(folder, pack=self.pack, **settings)
        of = lambda name, subject: self.ioc.add_sender(name, "reports", subjects=[subject])[1]
        self.tan_bien, self.colleague = of("xa-1", "25486"), of("xa-1b", "25486")
        self.tan_lap = of("xa-2", "25489")

    def write(self, change):
        (self.pack / "forms.toml").write_text(change(FORMS + INDICATORS))

    def misread(self):
        swap = lambda forms: forms.replace('code = "X03"', 'code = "?"').replace('code = "X04"', 'code = "X03"')
        self.write(lambda forms: swap(forms).replace('code = "?"', 'code = "X04"').replace(RIGHT, WRONG))

    def mend(self):
        self.write(lambda forms: forms)
        self.ioc.run("reload")

    def send(self, token, report):
        status, answer = push(self.ioc, token, report, "reports")
        assert (status, answer["verdict"]) == (200, "accepted"), answer
        return answer["position"]

    def query(self, sql, **parameters):
        return self.ioc.analyst().query(sql, parameters=parameters).result_rows

    def shown(self, view="report_value_current", **parameters):
        shown = {}
        sql = f"SELECT place, indicator, mark, toString(value) FROM {view} WHERE form = 'ktxh-x'"
        for place, indicator, mark, value in self.query(sql, **parameters):
            shown.setdefault(place, {})[indicator] = value if mark == "value" else mark
        return shown

    def balance(self):
        columns = "envelopes_astray, rows_astray, rows_decoded, rows_stored, rows_duplicate, rows_rejected"
        return self.query(f"SELECT {columns} FROM feed_balance WHERE feed = 'reports'")[0]

    def owed(self):
        columns = "agency, period_label, toString(state), revisions, received_at, revised_at"
        sql = f"SELECT {columns} FROM obligation_current WHERE form = 'ktxh-x' ORDER BY agency, period_label"
        return self.query(sql)

    def replays(self):
        return json.loads(self.ioc.get("/api/rejects/groups"))["replays"]

    def replay(self, *options, check=True):
        return self.ioc.run("replay", "reports", "--user", "an", *options, check=check)


def test_once_a_wrong_factor_and_exchanged_codes_are_mended_through_kills_and_a_correction_in_between_stays(tmp_path):
    house = House(tmp_path, IOC_STREAM_CHECKPOINT_EVERY="500ms")
    house.misread()
    house.ioc.start()
    since = rfc3339_ago(60)
    first = house.send(house.tan_bien, message(TAN_BIEN, *FIRST))
    other = house.send(house.tan_lap, message(TAN_LAP, *FIRST))
    # The fourth code once more, and it is the third one's by the form as it is.
    fourth = house.send(house.tan_bien, message(TAN_BIEN, ("X04", "150")))
    for number in range(CORRECTIONS):
        last = house.send(house.tan_bien, message(TAN_BIEN, ("X01", str(1204 - CORRECTIONS + 1 + number))))
    # Another clerk saw a number that is too small.
    corrected = house.send(house.colleague, message(TAN_BIEN, ("X05", "900"), unit="triệu đồng"))
    misread = SHOWN | {"25486": SHOWN["25486"] | {"poor": "150", "X05": "900"}}
    assert house.shown() == misread
    (before,), balance, owed = house.query("SELECT now64(3)")[0], house.balance(), house.owed()
    assert balance == (0, 0, 10 + CORRECTIONS, 10 + CORRECTIONS, 0, 0)

    messages = 4 + CORRECTIONS
    assert "0 would change" in house.replay("--from", since, "--dry-run").stdout, "nothing is mended yet"
    house.mend()
    tried = house.replay("--from", since, "--dry-run").stdout
    # It reads for a few seconds, in the order of arrival, and says if that was not all.
    assert f"{messages} messages read" in tried or "there are more messages than were read" in tried, tried
    assert "messages read, 3 would change" in tried and "X05 25489" in tried and "86.54 -> 865.4" in tried, tried
    assert house.shown() == misread, "a trial changes nothing"
    assert "ordered" in house.replay("--from", since, "--note", "hệ số tỷ đồng", "--no-wait").stdout
    for number, (point, passes) in enumerate(STEPS):
        house.ioc.kill()
        house.ioc.start(workers=1 + number % 3, failpoints=f"{point}={passes}*off->1*return", wait=False)
        ended = house.ioc.wait_ended(60)
        assert ended == -signal.SIGABRT, f"{point}: it ended with {ended}:\n{house.ioc.log()[-3000:]}"
    house.ioc.start()
    # What is done stays done: every death came before.
    assert not any(replay["done"] for replay in house.replays())
    eventually(lambda: all(replay["done"] for replay in house.replays()), seconds=120)
    house.ioc.wait_drained()
    eventually(lambda: house.shown() == MENDED, seconds=60)

    [replay] = house.replays()
    told = {word: replay[word] for word in ("stored", "messages", "changed", "replaced", "unclear", "good", "rejected")}
    # Of the first three each, of the fourth code's correction one.
    expected = {"stored": True, "messages": messages, "changed": 3, "replaced": 7, "unclear": 0, "good": 0, "rejected": 0}
    assert told == expected
    assert house.balance() == balance, "a row is the row it was"
    assert house.owed() == owed, "what met an obligation meets it, when it came"
    assert house.shown("report_value_known_at(known_at = {at:DateTime64(3, 'UTC')})", at=before) == misread
    lineage = house.query(
        "SELECT place, indicator, concat(log, '-', partition, '-', offset), toString(standing), at "
        "FROM report_value_current WHERE form = 'ktxh-x' ORDER BY place, indicator"
    )
    assert {(place, of): position for place, of, position, _, _ in lineage} == {
        ("25486", "X01"): last, ("25486", "poor"): first, ("25486", "near"): fourth, ("25486", "X05"): corrected,
        ("25489", "X01"): other, ("25489", "poor"): other, ("25489", "near"): other, ("25489", "X05"): other,
    }
    assert ("25489", "X05", other, "replaced", "line 6, column 4") in lineage
    arrived = house.query(
        "SELECT uniqExact(received_at) FROM report_value WHERE concat(log, '-', partition, '-', offset) = {of:String}",
        of=other,
    )
    assert arrived == [(1,)], "what is read again has the arrival it had"
    # Its receipt is another one now, and the one before stays.
    receipts = house.query(
        "SELECT (SELECT count() FROM receipt WHERE feed = 'reports'), count(), countIf(verdict = 'accepted') "
        "FROM receipt_current WHERE feed = 'reports'"
    )
    assert receipts == [(messages + 3, messages, messages)]
    twice = (
        "SELECT count() FROM (SELECT form, indicator, place, period_start, agency, vintage, log, partition, offset, row, "
        "standing FROM report_value GROUP BY ALL HAVING count() > 1)"
    )
    assert house.query(twice) == [(0,)]

    rows = house.query("SELECT count() FROM report_value"), house.query("SELECT count() FROM receipt")
    again = house.replay("--from", since).stdout
    assert f"{messages} messages read again, 0 changed: 0 rows have another value" in again, again
    assert (house.query("SELECT count() FROM report_value"), house.query("SELECT count() FROM receipt")) == rows
    # Sent once more it is a duplicate, and what is sent by the mended form corrects what was mended.
    status, same = push(house.ioc, house.tan_lap, message(TAN_LAP, *FIRST), "reports")
    assert (status, same["verdict"]) == (200, "duplicate"), same
    house.send(house.tan_lap, message(TAN_LAP, ("X05", "0,9")))
    assert house.shown()["25489"]["X05"] == "900"
    house.ioc.kill()
    house.ioc.start()
    house.ioc.wait_drained()
    assert house.shown() == {**MENDED, "25489": MENDED["25489"] | {"X05": "900"}}
    house.ioc.stop()


def test_loud_a_report_that_a_mended_form_would_refuse_stays_and_is_told(tmp_path):
    house = House(tmp_path)
    house.ioc.start()
    since = rfc3339_ago(60)
    house.send(house.tan_bien, message(TAN_BIEN, ("X01", "1204")))
    shown = house.shown()
    house.write(lambda forms: forms.replace('unit = "hồ sơ"\n', 'unit = "hồ sơ"\nrange = [0, 1000]\n', 1))
    house.ioc.run("reload")
    told = house.replay("--from", since).stdout
    assert "1 messages read again, 0 changed" in told and "1 messages are left as they are" in told, told
    assert house.shown() == shown
    refused = house.ioc.run("replay", "ids", "--from", since, "--user", "an", check=False)
    assert refused.returncode == 1, refused.stdout
    house.ioc.stop()


def test_whose_cells_they_are_is_mended_and_what_was_reported_is_shown(tmp_path):
    house = House(tmp_path)
    house.write(lambda forms: forms.replace('code = "X03"\n', 'code = "X03"\nowner = "so-xh"\n'))
    house.ioc.start()
    since = rfc3339_ago(60)
    sent = house.send(house.tan_bien, message(TAN_BIEN, ("X01", "1204"), ("X03", "87")))
    conflict = "SELECT indicator, toString(value) FROM report_conflict WHERE form = 'ktxh-x'"
    assert house.shown() == {"25486": {"X01": "1204"}}
    assert house.query(conflict) == [("poor", "87")]
    house.mend()
    told = house.replay("--from", since).stdout
    assert "1 messages read again, 1 changed: 1 rows have another value" in told, told
    assert house.shown() == {"25486": {"X01": "1204", "poor": "87"}}
    assert house.query(conflict) == []
    at = "SELECT toString(standing), concat(log, '-', partition, '-', offset) FROM report_value_current WHERE indicator = 'poor'"
    assert house.query(at) == [("replaced", sent)]
    house.ioc.stop()
