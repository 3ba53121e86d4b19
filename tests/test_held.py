"""Rows that would change what was judged long ago wait for a person's word, through a kill and to either end.

The bound is seconds here; a province's is weeks. That a value is judged by what is stored long ago, and read back, the
tests of the shard show.
"""

import json
import shutil
import urllib.error
import urllib.request

import pytest
from ioc import PACK, Ioc, eventually, rfc3339_ago
from peers import push, receipt

BOUND = '\npatience = "5s"\nlateness = "1s"\nhold_after = "20s"\n'


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("held")
    pack = shutil.copytree(PACK, folder / "pack")
    feeds = (pack / "feeds.toml").read_text()
    before, push_feed = feeds.split("[push.contract]")
    push_feed = push_feed.replace('lateness = "5m"\npatience = "1h"', BOUND)
    assert "hold_after" in push_feed
    (pack / "feeds.toml").write_text(before + "[push.contract]" + push_feed)
    ioc = Ioc(folder, pack=pack)
    _, ioc.token = ioc.add_sender("slipped", "push")
    ioc.start()
    yield ioc
    ioc.stop()


def send(ioc, subject, time, value):
    body = json.dumps({"indicator": "pm25", "subject": subject, "time": time, "value": value})
    status, answer = push(ioc, ioc.token, body)
    assert status == 200, answer
    return receipt(ioc, ioc.token, answer["position"])


def held(ioc, **of):
    query = "&".join(f"{name}={value}" for name, value in of.items())
    return json.loads(ioc.get(f"/api/held?{query}"))


def one_held(ioc, subject):
    """Corrects a value until that is so late that it is held; the time, the value that stands, and the one held."""
    time = rfc3339_ago(0)
    send(ioc, subject, time, 1.0)
    values = iter(range(2, 1_000))
    sent = [1.0]

    def corrected():
        sent.append(float(next(values)))
        return send(ioc, subject, time, sent[-1])["held"] > 0

    eventually(corrected, seconds=120, every=1)
    assert held(ioc, subject=subject)["rows"] == 1
    return time, sent[-2], sent[-1]


def current(ioc, subject):
    query = "SELECT value FROM observation_current WHERE subject = {subject:String}"
    return [value for (value,) in ioc.analyst().query(query, parameters={"subject": subject}).result_rows]


def balance(ioc):
    ioc.wait_drained()
    columns = "rows_held, rows_astray, rows_rejected"
    return ioc.analyst().query(f"SELECT {columns} FROM feed_balance WHERE feed = 'push'").result_rows[0]


def test_silent_a_held_row_changes_nothing_and_is_told_of_everywhere_through_a_kill(house):
    _, stands, value = one_held(house, "ST01")
    assert current(house, "ST01") == [stands]
    assert balance(house) == (1, 0, 0)

    house.kill()
    house.start()
    assert balance(house) == (1, 0, 0)
    [group] = held(house)["groups"]
    assert (group["sender"], group["subject"], group["indicator"]) == ("slipped", "ST01", "pm25")
    assert (group["rows"], group["mean"], group["stands"]) == (1, value, stands)
    envelope = json.loads(house.get(f"/api/lineage/envelope/{group['position']}"))
    assert envelope["attributes"]["sender"] == "slipped"

    listed = house.run("held").stdout
    assert "slipped" in listed and "1 rows wait" in listed
    assert "1 rows of feed 'push' would change what was judged long ago" in house.run("status").stdout
    assert 'ioc_rows_held{feed="push"} 1' in house.get("/metrics").decode()
    assert house.run("held", "--json", "--sender", "nobody").stdout.strip().startswith('{\n  "rows": 0')


def test_once_an_accepted_row_takes_its_place_with_the_arrival_it_had(house):
    refused = house.run("held", "accept", "--user", "an", check=False)
    assert refused.returncode == 1 and "say which rows" in refused.stderr
    unknown = house.run("held", "accept", "--user", "an", "--sender", "nobody", check=False)
    assert unknown.returncode == 1 and "no such row is held" in unknown.stderr
    for nobody in (["--sender", "nobody", "accept"], ["accept", "--sender", ""]):
        mistaken = house.run("held", *nobody, "--user", "an", check=False)
        assert mistaken.returncode == 1 and "no such row is held" in mistaken.stderr, nobody
    both = house.run("held", "--sender", "slipped", "accept", "--all", "--user", "an", check=False)
    assert both.returncode == 1 and "--all" in both.stderr
    no_day = house.run("held", "accept", "--day", "1/1/2026", "--user", "an", check=False)
    assert no_day.returncode == 1 and "2026-01-31" in no_day.stderr

    [group] = held(house)["groups"]
    told = house.run("held", "accept", "--sender", "slipped", "--user", "an", "--note", "đã hỏi trạm").stdout
    assert told == "accepted: 1 rows of 1 series and days\n"
    eventually(lambda: current(house, "ST01") == [group["mean"]])
    assert balance(house) == (0, 0, 0)
    assert held(house)["rows"] == 0
    query = "SELECT standing, concat(log, '-', partition, '-', offset) FROM observation WHERE value = {value:Float64}"
    stored = house.analyst().query(query, parameters={"value": group["mean"]}).result_rows
    assert stored == [("correction", group["position"])]
    decided = house.analyst().query("SELECT user, note, accepted, of_sender FROM decision_current").result_rows
    assert decided == [("an", "đã hỏi trạm", True, "slipped")]


def test_balance_a_refused_row_is_a_reject_that_names_who_refused_it(house):
    _, stands, value = one_held(house, "ST02")
    house.run("held", "refuse", "--subject", "ST02", "--user", "bình")
    eventually(lambda: held(house)["rows"] == 0)
    assert balance(house) == (0, 0, 1)
    assert current(house, "ST02") == [stands]
    query = "SELECT reason, message_en, raw FROM reject_current WHERE sender = 'slipped'"
    [(reason, message, raw)] = house.analyst().query(query).result_rows
    assert reason == "refused" and "bình refused it" in message
    assert str(value).removesuffix(".0") in (raw.decode() if isinstance(raw, bytes) else raw)


def test_safe_a_decision_must_be_sent_as_json_by_somebody_with_a_name(house):
    def post(body, kind="application/json"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{house.http}/api/held", body.encode(), {"content-type": kind}, method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        return refused.value.code

    said = {"decision": "accept", "of": {}, "all": True, "user": "an"}
    assert post(json.dumps(said), "text/plain") == 415
    assert post(json.dumps(said | {"user": " "})) == 422
    assert post(json.dumps(said | {"decision": "perhaps"})) == 422
    assert post(json.dumps(said | {"all": False})) == 422, "a choice that got lost is not everything"
    assert post(json.dumps(said)) == 404, "nothing is held"
