"""A province's own pack: changed while everything runs, taken over whole or not at all, never ignored in silence."""

import json
import shutil

import pytest
from ioc import PACK, Ioc, eventually
from peers import RawMqtt, publish_packet, push, reading

NEW_STATION = """
[ST90]
name = { vi = "Trạm mới", en = "New station" }
kind = "ambient_air"
place = { code = "25459", valid_from = 2025-07-01 }
valid_from = 2025-07-01
measures = { pm25 = "5m" }
"""


class House:
    def __init__(self, folder):
        self.pack = folder / "pack"
        shutil.copytree(PACK, self.pack)
        self.ioc = Ioc(folder, pack=self.pack)
        self.password, self.token = self.ioc.add_sender("gw1", "gateway", "push")
        self.ioc.start()

    def edit(self, file, change):
        path = self.pack / file
        path.write_text(change(path.read_text()))

    def waits(self, state):
        """Until the status says so of the folder."""
        return eventually(lambda: (found := self.ioc.overview()["status"]["pack"])["state"] == state and found)

    def became(self, subject):
        stored = "SELECT value FROM observation_current WHERE subject = {subject:String} ORDER BY event_time"
        return [row[0] for row in self.ioc.analyst().query(stored, parameters={"subject": subject}).result_rows]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("province"))
    yield house
    house.ioc.stop()


def test_a_changed_folder_is_shown_and_taken_over_while_a_client_stays_connected(house):
    before = house.ioc.overview()["pack"]["version"]
    build = house.ioc.overview()["build"]
    with RawMqtt(house.ioc, "gw1", house.password) as raw:
        raw.send(publish_packet("test/ST90/observation", reading("ST90", 1.5, ago=120)))
        assert raw.puback() == 1
        house.ioc.wait_drained()
        assert house.became("ST90") == [], "the pack has no such station"

        house.edit("stations.toml", lambda text: text + NEW_STATION)
        house.edit("feeds.toml", lambda text: text.replace('topics = ["test/+/observation"]', 'topics = ["test/+/observation", "new/+"]'))
        waiting = house.waits("changed")["waiting"]
        assert f"holds version {waiting}, which is NOT in effect" in house.ioc.run("status", check=False).stdout
        assert house.ioc.overview()["pack"]["version"] == before
        assert f"version {waiting} is in effect" in house.ioc.run("reload").stdout

        raw.send(publish_packet("new/ST90", reading("ST90", 2.5), packet_id=2))
        assert raw.puback() == 2
        eventually(lambda: house.became("ST90") == [2.5])
    house.ioc.shows("ST90", "pm25", 2.5)
    shown = house.ioc.overview()
    assert shown["pack"]["version"] == waiting and shown["build"] != build
    assert house.waits("current")["version"] == waiting
    versions = house.ioc.analyst().query("SELECT argMax(version, published_at) FROM pack").result_rows
    assert versions == [(waiting,)]
    assert "in effect already" in house.ioc.run("reload").stdout


def test_a_pack_with_faults_is_refused_with_all_of_them_and_changes_nothing(house):
    before = house.ioc.overview()["pack"]["version"]
    stations = (house.pack / "stations.toml").read_text()
    house.edit("stations.toml", lambda text: text + NEW_STATION.replace("ST90", "ST91").replace("pm25", "unheard") + "[ST92]\n")
    assert any("stations.toml:" in fault for fault in house.waits("faulty")["why"])
    refused = house.ioc.run("reload", check=False)
    assert refused.returncode == 1
    assert "unheard" in refused.stdout and "ST92" in refused.stdout
    assert push(house.ioc, house.token, reading("ST90", 3.5, ago=30))[0] == 200
    eventually(lambda: 3.5 in house.became("ST90"))
    assert house.ioc.overview()["pack"]["version"] == before
    (house.pack / "stations.toml").write_text(stations)
    house.waits("current")


def test_what_needs_a_restart_says_so_and_a_restart_goes_on_with_it(house):
    house.edit("feeds.toml", lambda text: text.replace('folder = "files"', 'folder = "other"'))
    assert "files" in house.waits("needs_restart")["why"][0]
    refused = house.ioc.run("reload", check=False)
    assert refused.returncode == 1 and "feed 'files' comes otherwise" in refused.stdout
    before = house.became("ST90")
    house.ioc.kill()
    house.ioc.start()
    house.waits("current")
    balance = house.ioc.wait_drained()
    assert balance["balanced"] and house.became("ST90") == before
    assert json.loads(house.ioc.run("status", "--json", check=False).stdout)["halted"] is None
