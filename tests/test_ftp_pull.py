"""Files that are fetched from FTP servers this project did not write, into folders a day (ONCE).

Files appear late, grow, are corrected under their names and cut off; the server is away and comes back; the process is
killed between the log and the cursor, and between the cursor and the journal. The oldest comes first, nothing is lost, and
nothing counted twice; what cannot be fetched is told.
"""

import contextlib
import datetime
import json
import shutil

import pytest
from authority import Authority
from ftp_server import PASSWORD, USER, Server, Vsftpd
from ioc import PACK, Ioc, eventually, free_port

ZONE = datetime.timezone(datetime.timedelta(hours=7))
STATION = "FILES1"
FEED = """
[kept]
name = {{ vi = "Tệp ở Sở", en = "Files at the Department" }}
owner = {{ vi = "Sở Nông nghiệp và Môi trường", en = "Department of Agriculture and Environment" }}
format = "station_txt"
silent_after = "3660d"
[kept.transport]
kind = "ftp_pull"
every = "1s"
settle = "1s"
names = ["*.txt"]
{reading}
[kept.contract]
max_bytes = 1048576
max_future = "15m"
max_age = "366d"
lateness = "15m"
patience = "3h"
"""


class House:
    def __init__(self, folder, reading, login=f'user = "{USER}"\npassword = "{PASSWORD}"\n', **settings):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEED.format(reading=reading))
        self.ioc = Ioc(folder, pack=pack, IOC_FTP_PULL_LONGEST_PAUSE="1s", IOC_FTP_PULL_ANSWER_WITHIN="5s", **settings)
        self.ioc.data.mkdir(mode=0o700)
        self.login(login)

    def login(self, text):
        (self.ioc.data / "ftp.toml").write_text(f"[kept]\n{text}")

    def values(self):
        sql = f"SELECT toFloat64(value) FROM observation_current WHERE subject = '{STATION}' AND indicator = 'pm10'"
        return sorted(value for (value,) in self.ioc.analyst().query(sql).result_rows)

    def shows(self, *values, seconds=60):
        eventually(lambda: self.values() == sorted(values) or None, seconds=seconds)

    def metric(self, name):
        lines = self.ioc.get("/metrics").decode().splitlines()
        (line,) = [line for line in lines if line.startswith(f"ioc_ftp_pull_{name}{{")]
        return float(line.split()[-1])

    def turns(self, count=3):
        """So many turns that began from now on."""
        for _ in range(count):
            asked = self.metric("asked_total")
            eventually(lambda: self.metric("asked_total") > asked)

    def pull(self):
        (pull,) = json.loads(self.ioc.get("/api/pulls"))["pulls"]
        return pull


def moment(minutes):
    return datetime.datetime.now(ZONE) - datetime.timedelta(minutes=minutes)


def line(value, at):
    return f"PM10\t{value}\tug/m3\t{at:%Y%m%d%H%M%S}\t00"


def file(value, minutes, days=0):
    """The path in its day's folder, and the text, of a file of so many minutes ago."""
    at = moment(minutes + days * 1440)
    return f"{at:%Y/%m/%d}/TN_TEST_{STATION}_{at:%Y%m%d%H%M%S}.txt", line(value, at).encode()


def url(port, scheme="ftp"):
    return f'url = "{scheme}://127.0.0.1:{port}"\nfolder = "/%Y/%m/%d"\n'


@pytest.fixture
def server(tmp_path):
    with contextlib.closing(Server(tmp_path / "partner", free_port())) as server:
        yield server.start()


Server.close = Server.stop


def test_the_oldest_comes_first_and_what_grows_is_late_or_corrected_is_found(server, tmp_path):
    paths = [file(value, minutes, days) for value, minutes, days in ((4, 20, 0), (1, 30, 2), (3, 25, 0), (2, 30, 1))]
    for path, text in paths:
        server.put(path, text)
    server.put(paths[0][0] + ".part", b"PM10\t99")
    server.put(paths[0][0].replace(".txt", ".csv"), b"PM10\t99")
    house = House(tmp_path, url(server.port))
    try:
        house.ioc.start()
        house.shows(1, 2, 3, 4)
        names = [path.rsplit("/", 1)[1] for path, _ in paths]
        assert server.sent() == [names[1], names[3], names[2], names[0]]
        # It grows by a line: fetched again whole, and what was known is not counted anew.
        path, text = file(5, 10)
        server.put(path, text)
        house.shows(1, 2, 3, 4, 5)
        server.put(path, text + b"\r\n" + line(6, moment(9)).encode())
        house.shows(1, 2, 3, 4, 5, 6)
        # Late, in a folder of the day before yesterday, with a time of years ago.
        late, text = file(7, 40, 2)
        server.put(late, text, moment=1_500_000_000)
        house.shows(1, 2, 3, 4, 5, 6, 7)
        # Corrected under the same name, with an older time than before.
        server.put(paths[1][0], paths[1][1].replace(b"PM10\t1", b"PM10\t8"), moment=1_500_000_000)
        house.shows(2, 3, 4, 5, 6, 7, 8)
        # Touched: fetched, and the same.
        server.put(*paths[3], moment=1_600_000_000)
        eventually(lambda: house.metric("same_total") == 1)
        sent = len(server.sent())
        house.turns(5)
        assert len(server.sent()) == sent, "what is known is left alone"
        pull = house.pull()
        assert pull["failing"] is None and pull["passed"] and pull["transport"] == "ftp_pull" and pull["limits"] == []
        assert house.metric("files_total") == 8 and house.metric("again_total") == 2
        assert house.metric("late_total") >= 1
    finally:
        house.ioc.stop()


@pytest.mark.parametrize("point", ["pull_before_cursor", "ftp_pull_before_known"])
def test_once_killed_anywhere_nothing_is_lost_or_counted_twice(server, tmp_path, point):
    house = House(tmp_path, url(server.port))
    try:
        server.put(*file(1, 30))
        server.put(*file(2, 25))
        house.ioc.start(failpoints=f"{point}=1*return->off", wait=False)
        house.ioc.wait_ended()
        server.put(*file(3, 20))
        house.ioc.start(workers=1)
        house.shows(1, 2, 3)
        # Killed behind the append it is fetched once more and known by its rows; behind the cursor it is not fetched.
        known = server.sent()[:2]
        again = 2 if point == "pull_before_cursor" else 1
        assert [server.sent().count(name) for name in known] == [again, again]
        house.ioc.kill()
        house.ioc.start()
        server.put(*file(4, 15))
        house.shows(1, 2, 3, 4)
        assert [server.sent().count(name) for name in known] == [again, again], "what was taken is known to every life"
        house.ioc.wait_drained()
        sql = f"SELECT count(), uniqExact(value) FROM observation_current WHERE subject = '{STATION}' AND indicator = 'pm10'"
        assert house.ioc.analyst().query(sql).result_rows == [(4, 4)]
    finally:
        house.ioc.stop()


def test_a_file_that_is_cut_or_refused_keeps_no_other_behind_it_and_is_told(server, tmp_path):
    (cut, text), (refused, other) = file(1, 30), file(2, 25)
    server.put(cut, text)
    server.put(refused, other)
    name = lambda path: path.rsplit("/", 1)[1]
    server.tell(cut=[name(cut)], refused=[name(refused)])
    server.put(*file(3, 20))
    house = House(tmp_path, url(server.port))
    try:
        house.ioc.start()
        house.shows(3)
        eventually(lambda: house.metric("changing_total") >= 1)
        assert house.metric("left") == 1 and house.metric("broken_total") >= 1
        pull = house.pull()
        assert pull["failing"] is None and pull["limits"] == ["files_left"]
        assert name(refused) in house.ioc.log() and "tried again later" in house.ioc.log()
        server.tell()
        # What was cut off comes at once; what was refused is left for a minute first.
        house.shows(1, 3)
        house.shows(1, 2, 3, seconds=120)
        eventually(lambda: house.pull()["limits"] == [])
    finally:
        house.ioc.stop()


def test_a_server_that_is_away_and_a_wrong_password_are_told(server, tmp_path):
    server.put(*file(1, 30))
    house = House(tmp_path, url(server.port), login=f'user = "{USER}"\npassword = "wr0ng-passw0rd"\n')
    try:
        house.ioc.start(wait=True)
        failing = eventually(lambda: house.pull()["failing"])
        assert failing["fault"] and "530" in failing["error"]["en"], failing
        assert house.metric("refused") == 1
        assert "wr0ng-passw0rd" not in house.ioc.log()
        house.ioc.kill()
        house.login(f'user = "{USER}"\npassword = "{PASSWORD}"\n')
        house.ioc.start()
        house.shows(1)
        server.stop()
        failing = eventually(lambda: house.pull()["failing"])
        assert not failing["fault"] and house.metric("away") == 1
        server.put(*file(2, 20))
        server.start()
        house.shows(1, 2)
        eventually(lambda: house.pull()["failing"] is None)
    finally:
        house.ioc.stop()


@pytest.mark.parametrize("scheme", ["ftpes", "ftps"])
def test_safe_by_tls_a_server_is_known_by_its_authority_and_each_connection_takes_up_the_session(tmp_path, scheme):
    authority = Authority(tmp_path / "ca")
    stranger = Authority(tmp_path / "stranger", "/CN=Another CA")
    server = Vsftpd(tmp_path / "partner", free_port(), authority, implicit=scheme == "ftps")
    login = 'user = "anonymous"\npassword = "ioc@example.vn"\nca = "{}"\n'
    # Below where the login leads.
    reading = url(server.port, scheme).replace('"/%Y', '"%Y')
    house = House(tmp_path, reading, login=login.format(stranger.certificate))
    paths = [file(1, 30, 1), file(2, 20)]
    for path, text in paths:
        server.put(path, text)
    try:
        server.start()
        house.ioc.start()
        failing = eventually(lambda: house.pull()["failing"])
        assert "ertificate" in failing["error"]["en"], failing
        house.ioc.kill()
        house.login(login.format(authority.certificate))
        house.ioc.start()
        house.shows(1, 2)
        # A list as `ls` gives it has minutes only: another size tells.
        server.put(paths[1][0], paths[1][1] + b"\r\n" + line(3, moment(15)).encode())
        house.shows(1, 2, 3)
        assert house.metric("strange") == 0 and house.pull()["failing"] is None
    finally:
        house.ioc.stop()
        server.stop()


def test_loud_in_the_clear_to_another_machine_only_on_purpose(tmp_path):
    house = House(tmp_path, 'url = "ftp://ftp.example.vn"\nfolder = "/%Y/%m/%d"\n')
    house.ioc.start(wait=False)
    house.ioc.wait_ended()
    assert "plain = true" in house.ioc.log()
    assert PASSWORD not in house.ioc.log()


def test_what_a_pack_says_wrong_is_said_before_anything_is_fetched(tmp_path):
    for reading, fault in (
        ('url = "ftp://u:p@h"\nfolder = "/"', "without user and password"),
        ('url = "ftpes://h"\nfolder = "/%Y/%m"', "says its whole day"),
        ('url = "ftpes://h"\nfolder = "/a/../b"', "without '.', '..'"),
    ):
        folder = tmp_path / str(hash(reading))
        folder.mkdir()
        house = House(folder, reading)
        done = house.ioc.run("check", check=False)
        assert done.returncode != 0 and fault in done.stdout + done.stderr, done
