"""The page in a real Chromium, on the demo that replays readings over real MQTT and as real files."""

import gzip
import pathlib
import re

import pytest
import rendered
from ioc import Ioc, eventually

MOST_SCRIPT_BYTES = 80 * 1024


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    # An hour of the record every second.
    ioc = Ioc(tmp_path_factory.mktemp("demo"), pack=None, IOC_DEMO_SPEED="3600", IOC_DEMO_BACKFILL_HOURS="48")
    ioc.start(command=("demo",))
    yield ioc
    ioc.stop()


def closed_hours(demo):
    tiles = demo.overview()["picture"]["tiles"]
    return {(tile["subject"], tile["indicator"]): len(tile["hours"]) for tile in tiles if tile["hours"]}


def counts_of(demo):
    return {feed["id"]: feed["counts"] for feed in demo.overview()["picture"]["feeds"]}


def test_the_demo_replays_over_mqtt_and_as_files_until_hours_close(demo):
    eventually(lambda: len([count for count in closed_hours(demo).values() if count >= 12]) >= 2, seconds=90)
    payloads = ("replay-wind", "replay-senml", "replay-logger", "replay-ngsi-ld", "replay-sensorthings")
    for feed in (*payloads, "replay-dust", "replay-security", "replay-antivirus", "replay-botnet"):
        eventually(lambda feed=feed: counts_of(demo)[feed]["stored"] > 0)
    overview = demo.overview()
    assert overview["pack"]["replayed"], "it is labelled as replayed"
    for feed in overview["picture"]["feeds"]:
        assert (feed["envelopes_astray"], feed["rows_astray"]) == (0, 0), feed
    children = pathlib.Path(f"/proc/{demo.process.pid}/task").glob("*/children")
    pids = {pid for task in children for pid in task.read_text().split()}
    names = [pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids]
    assert any(b"demo-publisher" in name for name in names), "the publisher is a process of its own"
    assert any(b"--mqtt-ca" in name for name in names), "and publishes by TLS"


def test_the_page_keeps_its_promises_in_chromium(demo):
    """Languages, live values, blindness, ages, balance, keyboard, axe, foreign requests; the way down to the message."""
    eventually(lambda: closed_hours(demo), seconds=90)
    assert rendered.tests(*rendered.OF_A_SERVER, BASE_URL=f"http://127.0.0.1:{demo.http}") >= 12


def test_the_page_is_small_enough_for_a_slow_line(demo):
    page = demo.get("/").decode()
    scripts = re.findall(r'<script[^>]+src="([^"]+)"', page)
    assert scripts and all(script.startswith("/") for script in scripts)
    total = sum(len(gzip.compress(demo.get(script), 9)) for script in scripts)
    assert total <= MOST_SCRIPT_BYTES, f"{total} bytes of script"
    links = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert [link for link in links if not link.startswith("/")] == [], "nothing is asked of anyone else"


def test_the_demo_goes_on_where_it_was_after_a_restart(demo):
    before = demo.overview()["picture"]
    demo.stop()
    demo.start(command=("demo",))
    after = demo.overview()["picture"]
    assert after["now"] >= before["now"], "its clock never goes back (FRONTIER)"
    stored = {feed["id"]: feed["counts"]["stored"] for feed in before["feeds"]}
    for feed in after["feeds"]:
        assert feed["counts"]["stored"] >= stored[feed["id"]]
    for feed in ("replay-wind", "replay-senml", "replay-dust", "replay-security"):
        eventually(lambda feed=feed: counts_of(demo)[feed]["stored"] > stored[feed])
