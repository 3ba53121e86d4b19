"""Who owes which report when: the second upload and the late message of the field, through kills, by the real binary.

Deadlines are given by the pack, so that they lie where a test needs them: a moment behind now, or 15 hours and 15 minutes
before a message that has come. What is expected is counted by hand.
"""

import datetime
import json
import shutil
import time

import pytest
from ioc import PACK, Ioc, eventually
from peers import push
from test_reports import AGENCIES, FEEDS, FORMS, FEWER, INDICATORS, NEXT_MONTH, NOTHING, ON_TIME, OTHERS, PLACES, SAME_AGAIN
from test_reports_formats import CASES, case

ZONE = datetime.timezone(datetime.timedelta(hours=7))
RULES = """
[missed-one]
name = { vi = "Thiếu một báo cáo", en = "One report is missing" }
step = { vi = "Gọi đơn vị", en = "Call the agency" }
priority = "medium"
condition = { kind = "reminders", reach = 1 }
"""


def local(moment):
    """As a pack writes a moment of the local clock, to the second."""
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")


def parsed(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def owes(id, form, period, due, **more):
    """An obligation of one period, due at that moment."""
    lines = [f"[{id}]", f'form = "{form}"', *(f"{key} = {value}" for key, value in more.items())]
    return "\n".join([
        *lines,
        'due = { working_days = 2, at = "17:00" }',
        f'except = [{{ period = "{period}", due = "{local(due)}" }}]\n',
    ])


class House:
    """A data folder with a pack whose obligations may be written anew."""

    def __init__(self, folder, source):
        self.pack = folder / "pack"
        shutil.copytree(source, self.pack)
        self.ioc = Ioc(folder, pack=self.pack)

    def owe(self, *rules):
        (self.pack / "obligations.toml").write_text("\n".join(rules))

    def reload(self):
        self.ioc.run("reload")

    def again(self):
        """kill -9, and another life with another number of workers."""
        self.ioc.kill()
        self.ioc.start(workers=1 + (self.ioc.life_starts % 3))

    def rows(self, sql):
        return [tuple(row) for row in self.ioc.analyst().query(sql).result_rows]

    def stands(self, form, agency, period):
        """State, revisions, refused attempts, reminders, seconds late of an obligation; none where there is none."""
        found = self.rows(
            "SELECT toString(state), revisions, rejected, reminders, late_seconds FROM obligation_current"
            f" WHERE form = '{form}' AND agency = '{agency}' AND period_label = '{period}'"
        )
        return found[0] if found else None

    def becomes(self, form, agency, period, expected):
        eventually(lambda: self.stands(form, agency, period) == expected, seconds=90)


@pytest.fixture(scope="module")
def communes(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("ledger"), PACK)
    indicators = "".join(
        f'[ktxh-x.indicators.{code}]\nname = {{ vi = "{vi}", en = "{en}" }}\nunit = "{unit}"\nrequired = false\n\n'
        for code, vi, en, unit in INDICATORS
    )
    (house.pack / "forms.toml").write_text(FORMS + "\n" + indicators)
    (house.pack / "agencies.csv").write_text(AGENCIES)
    (house.pack / "rules.toml").write_text(RULES)
    with open(house.pack / "feeds.toml", "a") as feeds:
        feeds.write(FEEDS)
    with open(house.pack / "places.csv", "a") as places:
        places.write(PLACES)
    house.due = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(seconds=60)
    house.owe(owes("monthly", "ktxh-x", "2025-10", house.due, valid_from="2025-09-15", valid_to="2025-10-14"))
    of = lambda name, subject: house.ioc.add_sender(name, "reports", subjects=[subject])[1]
    house.commune, house.neighbour, house.office = of("xa-1", "25486"), of("xa-2", "25489"), of("so-xh", "so-xh")
    house.ioc.start()
    yield house
    house.ioc.stop()


def test_once_the_second_upload_is_on_time_and_revised_once_and_the_empty_one_missing_through_kills(communes):
    house = communes
    house.becomes("ktxh-x", "25486", "2025-10", ("due", 0, 0, 0, None))
    assert push(house.ioc, house.neighbour, NOTHING, "reports")[0] == 422
    assert push(house.ioc, house.commune, ON_TIME, "reports")[0] == 200
    house.becomes("ktxh-x", "25489", "2025-10", ("rejected", 0, 1, 0, None))
    house.becomes("ktxh-x", "25486", "2025-10", ("on_time", 0, 0, 0, None))
    house.again()
    assert house.stands("ktxh-x", "25486", "2025-10") == ("on_time", 0, 0, 0, None)
    # The deadline passes; what comes now makes nothing late.
    time.sleep(max(0, (house.due - datetime.datetime.now(datetime.timezone.utc)).total_seconds()))
    house.becomes("ktxh-x", "25489", "2025-10", ("missing", 0, 1, 1, None))
    for token, text in ((house.commune, FEWER), (house.commune, SAME_AGAIN), (house.office, OTHERS), (house.commune, ON_TIME)):
        assert push(house.ioc, token, text, "reports")[0] == 200
    inbox = house.ioc.data / "inbox" / "reports"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / ".next.tmp").write_text(NEXT_MONTH)
    (inbox / ".next.tmp").rename(inbox / "KTXH-X_25486_2025-11.csv")
    house.again()
    house.ioc.wait_drained()
    house.becomes("ktxh-x", "25486", "2025-10", ("on_time", 1, 0, 0, None))
    assert house.stands("ktxh-x", "25489", "2025-10") == ("missing", 0, 1, 1, None)
    # The ward of the test's province owes it as well and sends nothing.
    score = (
        "SELECT sum(owed), sum(on_time), sum(missing), sum(rejected), sum(revisions) FROM obligation_score"
        " WHERE agency IN ('25486', '25489')"
    )
    assert house.rows(score) == [(2, 1, 1, 1, 1)], "in time 1 of 2"
    reasons = "SELECT agency, score, reasons FROM obligation_score WHERE agency IN ('25486', '25489') ORDER BY agency"
    assert house.rows(reasons) == [("25486", 100.0, ["revised"]), ("25489", 0.0, ["missing", "rejected"])]
    moment = (house.due - datetime.timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S")
    before = f"SELECT toString(state) FROM obligation_known_at(known_at = '{moment}') WHERE agency = '25489'"
    assert house.rows(before) == [("rejected",)]


def test_a_reminder_raises_an_alert_which_opens_to_what_was_missed_and_is_taken_on(communes):
    house = communes
    raised = "SELECT subject, toString(about), value, threshold, active FROM alert_current WHERE rule = 'missed-one' AND subject IN ('25486', '25489')"
    assert house.rows(raised) == [("25489", "agency", 1.0, 1.0, True)]
    opened = (
        "SELECT o.form, o.period_label, toString(o.state) FROM alert_current AS a INNER JOIN obligation_current AS o ON o.agency = a.subject"
        " WHERE a.subject = '25489' AND o.reminders > 0 AND o.due_at >= a.window_start AND o.due_at < a.window_end"
    )
    assert house.rows(opened) == [("ktxh-x", "2025-10", "missing")]
    assert house.rows("SELECT sum(rows_astray), sum(envelopes_astray) FROM feed_balance") == [(0, 0)]


def test_another_pack_says_anew_what_is_owed_and_forgets_nothing_that_came(communes):
    house = communes
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    house.owe(owes("monthly", "ktxh-x", "2025-10", later, valid_from="2025-09-15", valid_to="2025-10-14"))
    house.reload()
    house.becomes("ktxh-x", "25489", "2025-10", ("rejected", 0, 1, 0, None))
    assert house.stands("ktxh-x", "25486", "2025-10") == ("on_time", 1, 0, 0, None)
    eventually(lambda: house.rows("SELECT active FROM alert_current WHERE rule = 'missed-one' AND subject = '25489'") == [(False,)])
    house.owe("")
    house.reload()
    house.becomes("ktxh-x", "25489", "2025-10", ("not_owed", 0, 1, 0, None))
    assert house.rows("SELECT count() FROM obligation_score") == [(0,)]


def test_a_message_is_late_by_what_was_received_whatever_it_says_of_itself_and_by_no_correction(tmp_path):
    house = House(tmp_path, CASES / "pack")
    _, token = house.ioc.add_sender("tan-bien", "health", subjects=["25486"])
    house.ioc.start()
    status, receipt = push(house.ioc, token, case("dhis2/combinations"), "health")
    assert status == 200, receipt
    (received,) = house.rows("SELECT received_at FROM receipt_current")[0]
    received = received.replace(tzinfo=datetime.timezone.utc)
    # The deadline is 15 hours and 15 minutes before the whole second in which it came.
    due = received.replace(microsecond=0) - datetime.timedelta(hours=15, minutes=15)
    house.owe(owes("health", "yt-thang", "2025-10", due, valid_from="2025-10-01", valid_to="2025-10-31"))
    house.reload()
    late = 15 * 3600 + 15 * 60 + (1 if received.microsecond else 0)
    house.becomes("yt-thang", "25486", "2025-10", ("late", 0, 0, 1, late))
    for message in ("dhis2/zero_deleted_empty", "dhis2/export"):
        assert push(house.ioc, token, case(message), "health")[0] == 200
        house.again()
    house.becomes("yt-thang", "25486", "2025-10", ("late", 2, 0, 1, late))
    (first,) = house.rows("SELECT received_at FROM obligation_current WHERE agency = '25486'")[0]
    assert first.replace(tzinfo=datetime.timezone.utc) == received
    house.ioc.stop()


def visits(value, deleted=False):
    """A message of October that says one number, or takes it back."""
    cell = {
        "dataElement": "deVisits001", "period": "202510", "orgUnit": "ouTanBien01", "categoryOptionCombo": "HllvX50cXC0",
        "attributeOptionCombo": "HllvX50cXC0", "value": value,
    }
    return json.dumps({"dataValues": [cell | ({"deleted": True} if deleted else {})]})


def test_a_message_that_only_takes_back_meets_nothing_and_what_is_taken_back_whole_is_owed_again_through_kills(tmp_path):
    house = House(tmp_path, CASES / "pack")
    _, token = house.ioc.add_sender("tan-bien", "health", subjects=["25486"])
    due = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=2)
    october = {"valid_from": "2025-10-01", "valid_to": "2025-10-31"}
    house.owe(owes("health", "yt-thang", "2025-10", due, **october))
    house.ioc.start()
    of = ("yt-thang", "25486", "2025-10")
    house.becomes(*of, ("due", 0, 0, 0, None))

    def push_one(message, stands):
        status, receipt = push(house.ioc, token, message, "health")
        assert status == 200, receipt
        house.ioc.wait_drained()
        house.becomes(*of, stands)
        house.again()
        assert house.stands(*of) == stands
        return receipt

    # Of a value that was never sent: it is taken, and the clerk is told that it is no report.
    receipt = push_one(visits("1204", deleted=True), ("due", 0, 0, 0, None))
    assert [finding["rule"] for finding in receipt["findings"]] == ["empty"], receipt
    push_one(visits("1204"), ("on_time", 0, 0, 0, None))
    (first,) = house.rows("SELECT received_at FROM obligation_current WHERE agency = '25486'")[0]
    push_one(visits("1205", deleted=True), ("due", 1, 0, 0, None))
    assert house.rows("SELECT received_at, score FROM obligation_current AS o INNER JOIN obligation_score AS s ON s.agency = o.agency WHERE o.agency = '25486'") == [(None, None)]
    # Behind the deadline it is missing, and late by its first arrival when something is said anew.
    past = first.replace(tzinfo=datetime.timezone.utc, microsecond=0) - datetime.timedelta(hours=2)
    house.owe(owes("health", "yt-thang", "2025-10", past, **october))
    house.reload()
    house.becomes(*of, ("missing", 1, 0, 1, None))
    push_one(visits("1206"), ("late", 2, 0, 1, 7_200 + (1 if first.microsecond else 0)))
    house.ioc.stop()
