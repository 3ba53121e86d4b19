"""An alert from the reading that raises it to the person who takes it on, over a restart."""

import json
import shutil
import time
import urllib.error
import urllib.request

import pytest
from ioc import PACK, Ioc, eventually
from peers import push, receipt

STATION = "ST05"
RULES = """
[dust-high]
name = { vi = "Bụi mịn cao", en = "Fine dust is high" }
step = { vi = "Gọi trạm", en = "Call the station" }
priority = "high"
kinds = ["ambient_air"]
condition = { kind = "indicator", indicator = "pm25", averaging = "hour", above = 100, clear = 80 }
"""
ALERT = f"dust-high~{STATION}~1"


class Watch:
    """A station whose fine dust is too high for one hour, three hours ago."""

    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        (pack / "rules.toml").write_text(RULES, encoding="utf-8")
        # What ended three hours ago is of now: its next hour may still come.
        feeds = (pack / "feeds.toml").read_text(encoding="utf-8")
        assert feeds.count('patience = "1h"') == 1
        (pack / "feeds.toml").write_text(feeds.replace('patience = "1h"', 'patience = "12h"'), encoding="utf-8")
        self.ioc = Ioc(folder, pack=pack)
        _, self.token = self.ioc.add_sender("agency", "push")
        self.ioc.start()
        self.start = int(time.time() // 3600 - 3) * 3600

    def send(self, values, hour=0):
        """A reading every five minutes of an hour."""
        readings = [
            {
                "indicator": "pm25",
                "subject": STATION,
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.start + 3600 * hour + 300 * number)),
                "value": value,
            }
            for number, value in enumerate(values)
        ]
        status, answer = push(self.ioc, self.token, json.dumps(readings))
        assert status == 200, answer
        receipt(self.ioc, self.token, answer["position"])

    def ask(self, path):
        return json.loads(self.ioc.get(path))

    def shown(self):
        """The alert as the board has it."""
        alerts = self.ioc.overview()["picture"]["alerts"]
        return next((alert for alert in alerts if alert["id"] == ALERT), None)

    def acknowledge(self, body, content_type="application/json"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ioc.http}/api/alerts/{ALERT}/acknowledge",
            data=json.dumps(body).encode(),
            headers={"content-type": content_type},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    watch = Watch(tmp_path_factory.mktemp("alerts"))
    yield watch
    watch.ioc.stop()


def test_an_alert_is_raised_opened_taken_on_and_cleared_and_nothing_of_it_is_forgotten(watch):
    watch.send([150.0] * 12)
    watch.send([1.0], hour=2)
    raised = eventually(watch.shown)
    assert (raised["active"], raised["acknowledged"], raised["priority"]) == (True, False, "high")
    assert (raised["evidence"]["value"], raised["evidence"]["threshold"]) == (150.0, 100.0)

    # What raised it, down to the rows.
    opened = watch.ask(f"/api/lineage/alert/{ALERT}")
    assert opened["rule"]["step"] == {"vi": "Gọi trạm", "en": "Call the station"}
    window = watch.ask(opened["raised_by"]["href"])
    assert (window["mean"], window["count"]) == (150.0, 12)
    assert sum(row["counted"] for row in window["rows"]) == 12

    # Somebody takes it on: durable when it is answered, on the board with the epoch that takes it in.
    assert watch.acknowledge({"user": "Nguyễn An"}, content_type="text/plain")[0] == 415
    assert watch.acknowledge({"user": " "})[0] == 422
    status, taken = watch.acknowledge({"user": "Nguyễn An", "note": "đã gọi trạm"})
    assert (status, taken["alert"]["acknowledged"]) == (202, False)
    shown = eventually(lambda: (alert := watch.shown()) and alert["acknowledged"] and alert)
    assert (shown["user"], shown["note"], shown["active"]) == ("Nguyễn An", "đã gọi trạm", True)
    assert watch.acknowledge({"user": "Trần Bình"})[0] == 409

    # The action is an envelope like any other.
    action = watch.ask(f"/api/lineage/envelope/{taken['position']}")
    assert (action["feed"], json.loads(action["text"])["user"]) == ("operator", "Nguyễn An")
    assert action["address"] == f"/api/alerts/{ALERT}/acknowledge"

    # A killed process goes on where it was.
    watch.ioc.kill()
    watch.ioc.start()
    assert watch.shown() == shown, "as the store remembers it"

    # The next hour is clean again: it is over, and leaves the board.
    watch.send([10.0] * 12, hour=1)
    watch.send([1.0, 1.0], hour=2)
    eventually(lambda: watch.shown() is None)
    assert watch.acknowledge({"user": "Trần Bình"})[0] == 404
    story = watch.ask(f"/api/alerts/{ALERT}")
    assert [event["change"] for event in story["history"]] == ["raised", "acknowledged", "cleared"]
    assert (story["alert"]["active"], story["alert"]["user"]) == (False, "Nguyễn An")
    assert [alert["id"] for alert in watch.ask("/api/alerts?state=all")["alerts"]] == [ALERT]
    assert watch.ask("/api/alerts")["alerts"] == []
