"""Files that are fetched by SFTP, from OpenSSH's server: what holds by FTP holds here (ONCE), and a server is known by its key
before anything is said to it (SAFE).

The server shows another key, refuses the login, goes away in the middle of a file; files grow and are corrected under their
names; the process is killed between the log and the cursor, and between the cursor and the journal.
"""

import contextlib
import re

import pytest
from ioc import eventually, free_port
from sftp_server import USER, SftpServer, fingerprint, make_key
from test_ftp_pull import House, file, line, moment


def url(server, folder=None):
    folder = f"{server.shelf}/%Y/%m/%d" if folder is None else folder
    return f'url = "sftp://127.0.0.1:{server.port}"\nfolder = "{folder}"\n'


def login(server, key=None, known=None, **more):
    said = {"user": USER, **({"key": str(key)} if key else {}), **more}
    known = server.known() if known is None else known
    return "".join(f'{name} = "{value}"\n' for name, value in said.items()) + f'host_keys = ["{known}"]\n'


@pytest.fixture
def server(tmp_path):
    with contextlib.closing(SftpServer(tmp_path / "partner", free_port())) as server:
        yield server.start()


@pytest.fixture
def key(server, tmp_path):
    key = make_key(tmp_path / "key")
    server.admit(key)
    return key


def test_the_oldest_comes_first_and_what_grows_is_late_or_corrected_is_found(server, tmp_path):
    key = make_key(tmp_path / "key", passphrase="pass-f0r-tests")
    server.admit(key)
    paths = [file(value, minutes, days) for value, minutes, days in ((4, 20, 0), (1, 30, 2), (3, 25, 0), (2, 30, 1))]
    for path, text in paths:
        server.put(path, text)
    server.put(paths[0][0] + ".part", b"PM10\t99")
    # What is no file is not followed, and what is no name not asked for.
    folder = (server.shelf / paths[0][0]).parent
    (folder / "link.txt").symlink_to(server.shelf / paths[1][0])
    with open(folder.as_posix().encode() + b"/caf\xe9.txt", "wb") as strange:
        strange.write(line(98, moment(5)).encode())
    house = House(tmp_path, url(server, "%Y/%m/%d"), login(server, key, passphrase="pass-f0r-tests"), IOC_LOG_FILTER="info,russh::client=trace")
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
        # Corrected under the same name, with the same length and an older time than before.
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
        assert house.metric("strange") == 2 and house.metric("late_total") >= 1
        assert server.asked() <= {"session", "received", "opendir", "closedir", "open", "close", "lstat", "realpath", "sent"}
        assert "pass-f0r-tests" not in house.ioc.log()
    finally:
        house.ioc.stop()


@pytest.mark.parametrize(
    ("point", "kind"), [("pull_before_cursor", "rsa"), ("ftp_pull_before_known", "ecdsa")]
)
def test_once_killed_anywhere_nothing_is_lost_or_counted_twice(server, tmp_path, point, kind):
    key = make_key(tmp_path / "key", kind, form=("-m", "PEM") if kind == "rsa" else ())
    server.admit(key)
    house = House(tmp_path, url(server), login(server, key))
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
        sql = "SELECT count(), uniqExact(value) FROM observation_current WHERE subject = 'FILES1' AND indicator = 'pm10'"
        assert house.ioc.analyst().query(sql).result_rows == [(4, 4)]
    finally:
        house.ioc.stop()


def test_a_line_that_breaks_in_the_middle_of_a_file_keeps_no_other_behind_it_and_is_told(server, key, tmp_path):
    long = range(30, 930)
    path, _ = file(0, 30, 1)
    # More than a piece, so that it breaks within the file and not before it.
    server.put(path, "\r\n".join(line(minutes, moment(minutes)) for minutes in long).encode())
    server.put(*file(3, 20))
    server.cut(20_000)
    house = House(tmp_path, url(server), login(server, key))
    try:
        house.ioc.start()
        house.shows(3)
        assert house.metric("left") == 1 and house.metric("broken_total") >= 1 and house.metric("failed_total") >= 2
        eventually(lambda: house.pull()["limits"] == ["files_left"])
        assert path.rsplit("/", 1)[1] in house.ioc.log() and "tried again later" in house.ioc.log()
        server.cut()
        # It is left for a minute first.
        house.shows(3, *long, seconds=120)
        eventually(lambda: house.pull()["limits"] == [] and house.pull()["failing"] is None)
        server.stop()
        failing = eventually(lambda: house.pull()["failing"])
        assert not failing["fault"] and house.metric("away") == 1
        server.put(*file(4, 10))
        server.start()
        house.shows(3, 4, *long)
    finally:
        house.ioc.stop()


def test_safe_a_server_with_another_key_is_told_by_what_it_shows_and_nothing_is_said_to_it(server, key, tmp_path):
    server.put(*file(1, 30))
    house = House(tmp_path, url(server), login(server, key, known=fingerprint(server.host_key)))
    try:
        house.ioc.start()
        house.shows(1)
        # Changed: what it shows now is told, and nobody logs in.
        server.stop()
        make_key(server.host_key)
        server.start()
        server.put(*file(2, 20))
        failing = eventually(lambda: (failing := house.pull()["failing"]) and failing["fault"] and failing)
        for words in failing["error"].values():
            assert f"ssh-ed25519 {fingerprint(server.host_key)}" in words and "host_keys" in words, failing
        assert fingerprint(server.host_key) in house.ioc.log() and house.metric("refused") == 1
        before = server.log().count("Accepted")
        house.turns(3)
        assert server.log().count("Accepted") == before and house.values() == [1]
        house.ioc.kill()
        # A key of another kind that the server has, too, is one that it is asked for.
        rsa = server.others[1].with_name("host-rsa.pub").read_text().split()
        house.login(login(server, key, known=f"127.0.0.1 {rsa[0]} {rsa[1]}"))
        house.ioc.start()
        house.shows(1, 2)
    finally:
        house.ioc.stop()


def test_a_wrong_key_and_a_wrong_password_are_told(server, key, tmp_path):
    server.put(*file(1, 30))
    stranger = make_key(tmp_path / "stranger")
    house = House(tmp_path, url(server), login(server, stranger))
    try:
        house.ioc.start()
        failing = eventually(lambda: house.pull()["failing"])
        assert failing["fault"] and "refuses the login" in failing["error"]["en"], failing
        assert "publickey" in failing["error"]["en"] and house.metric("refused") == 1
        house.ioc.kill()
        house.login(login(server, password="wr0ng-passw0rd"))
        house.ioc.start()
        failing = eventually(lambda: house.pull()["failing"])
        assert failing["fault"] and "refuses the login" in failing["error"]["en"], failing
        assert "wr0ng-passw0rd" not in house.ioc.log()
        assert re.search("Failed password", server.log()), server.log()
        house.ioc.kill()
        house.login(login(server, key))
        house.ioc.start()
        house.shows(1)
    finally:
        house.ioc.stop()


def test_loud_what_is_not_said_of_a_server_or_open_to_others_ends_the_start(tmp_path):
    key = make_key(tmp_path / "key")
    known = "SHA256:" + "A" * 43
    house = House(tmp_path, 'url = "sftp://sftp.example.vn"\nfolder = "/%Y/%m/%d"\n')
    for said, fault in (
        (f'user = "ioc"\nkey = "{key}"\n', "by what the server of feed 'kept' is known"),
        (f'user = "ioc"\nkey = "{key}"\nhost_keys = ["yes"]\n', "'yes' in host_keys"),
        (f'user = "ioc"\nhost_keys = ["{known}"]\n', "neither password nor key"),
        (f'user = "ioc"\npassword = "s3cret"\nplain = true\nhost_keys = ["{known}"]\n', "'plain'"),
        (f'user = "ioc"\nkey = "{key}"\nhost_keys = ["{known}"]\n', "chmod 600"),
    ):
        key.chmod(0o644)
        house.login(said)
        house.ioc.start(wait=False)
        house.ioc.wait_ended()
        assert fault in house.ioc.log(), house.ioc.log()
        assert "s3cret" not in house.ioc.log()
