"""Stations that push files by FTP and FTPS, by clients this project did not write: Python's ftplib, curl and lftp."""

import contextlib
import datetime
import ftplib
import io
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest
from authority import Authority
from ioc import Ioc, eventually, free_port

ZONE = datetime.timezone(datetime.timedelta(hours=7))
STATION = "FILES1"


class House:
    """A process that listens for FTP, plain with TLS on request, and by TLS alone."""

    def __init__(self, folder, before=None, ca=False, **settings):
        folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(folder / "ca")
        key, certificate = self.authority.certify("server", "/CN=127.0.0.1", "IP:127.0.0.1")
        if before is not None:
            before(self)
        if ca:
            settings |= {"IOC_FTP_TLS_CLIENT_CA": str(self.authority.certificate)}
        self.port, self.tls_port = free_port(), free_port()
        self.ioc = Ioc(
            folder,
            IOC_FTP_LISTEN=f"127.0.0.1:{self.port}",
            IOC_FTP_TLS_LISTEN=f"127.0.0.1:{self.tls_port}",
            IOC_FTP_TLS_CERTIFICATE=str(certificate),
            IOC_FTP_TLS_KEY=str(key),
            **settings,
        )
        self.password, _ = self.ioc.add_sender("logger", "files")
        self.foreign, _ = self.ioc.add_sender("foreign", "gateway")
        self.ioc.start()
        self.minutes = 0

    def file(self, value, status="00"):
        """The name and the text of a file of a minute of its own."""
        self.minutes += 1
        moment = datetime.datetime.now(ZONE) - datetime.timedelta(minutes=20 + self.minutes)
        stamp = moment.strftime("%Y%m%d%H%M%S")
        lines = [f"PM10\t{value}\tug/m3\t{stamp}\t{status}", f"SO2\t412\tug/m3\t{stamp}\t02"]
        return f"TN_TEST_{STATION}_{stamp}.txt", "\r\n".join(lines).encode()

    def session(self, tls=False, user="logger", password=None):
        ftp = ftplib.FTP_TLS(context=self.authority.client()) if tls else ftplib.FTP()
        ftp.connect("127.0.0.1", self.port, timeout=30)
        ftp.login(user, password or self.password)
        if tls:
            ftp.prot_p()
        return ftp

    def ask(self, sql):
        return self.ioc.analyst().query(sql).result_rows

    def stored(self, value, indicator="pm10"):
        where = f"subject = '{STATION}' AND indicator = '{indicator}' AND value = {value}"
        return self.ask(f"SELECT quality, sender, feed FROM observation_current WHERE {where}")

    def metric(self, name):
        (line,) = [line for line in self.ioc.get("/metrics").decode().splitlines() if line.startswith(f"ioc_ftp_{name} ")]
        return int(float(line.split()[-1]))

    def balance(self):
        self.ioc.wait_drained()
        return self.ask("SELECT sum(rows_astray), sum(envelopes_astray) FROM feed_balance") == [(0, 0)]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("ftp"), IOC_FTP_FILE_IDLE_AFTER="2s")
    yield house
    house.ioc.stop()


def by_ftplib(tls):
    def put(house, name, text, tmp):
        with house.session(tls=tls) as ftp:
            answer = ftp.storbinary(f"STOR /files/2026/{name}", io.BytesIO(text))
            assert answer.startswith("226 On disk as ") and ftp.size(f"/files/2026/{name}") == len(text)

    return put


def by_curl(scheme, *options):
    def put(house, name, text, tmp):
        (tmp / name).write_bytes(text)
        port = house.tls_port if scheme == "ftps" else house.port
        command = ["curl", "-sS", "--ftp-create-dirs", "--cacert", house.authority.certificate, "-u", f"logger:{house.password}"]
        url = f"{scheme}://127.0.0.1:{port}/files/2026/11/{name}"
        done = subprocess.run([*command, *options, "-T", tmp / name, url], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    return put


def by_lftp(house, name, text, tmp):
    """Under a name that is not finished, then renamed, as loggers do; it looks at what is there before and after."""
    (tmp / name).write_bytes(text)
    script = (
        f"set ssl:ca-file {house.authority.certificate}; set ftp:ssl-force true; set ftp:ssl-protect-data true;"
        " set net:max-retries 1; set xfer:use-temp-file true; set xfer:temp-file-name *.part;"
        f" open -u logger,{house.password} ftp://127.0.0.1:{house.port}; mkdir -p files/2026; cd files/2026;"
        f" put -O . {tmp / name} -o {name}.part; mv {name}.part {name}; cls; bye"
    )
    done = subprocess.run(["lftp", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


CLIENTS = {
    "ftplib": by_ftplib(False),
    "ftplib by TLS": by_ftplib(True),
    "curl": by_curl("ftp"),
    "curl by TLS": by_curl("ftp", "--ssl-reqd"),
    "curl, TLS from the first byte": by_curl("ftps"),
    "lftp by TLS, renamed": by_lftp,
}


@pytest.mark.parametrize("client", CLIENTS)
def test_who_a_file_that_is_pushed_is_rows_of_its_sender(house, tmp_path, client):
    value = 60 + list(CLIENTS).index(client) / 4
    name, text = house.file(value)
    CLIENTS[client](house, name, text, tmp_path)
    assert eventually(lambda: house.stored(value)) == [("good", "logger", "files")]
    assert house.balance()


def cut(house, how, tls, name, text):
    """Brings all but the last byte of a file, and ends as a logger does whose link is lost."""
    ftp = house.session(tls=tls)
    link = ftp.transfercmd(f"STOR /files/{name}")
    link.sendall(text[:-1])
    time.sleep(0.2)

    def reset(sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.socket.close(sock)

    if how == "reset":
        reset(link)
        reset(ftp.sock)
    elif how == "the data connection is reset":
        reset(link)
        with pytest.raises(ftplib.error_temp, match="426"):
            ftp.voidresp()
        ftp.close()
    elif how == "silent":
        with pytest.raises(ftplib.error_temp, match="426"):
            ftp.voidresp()
        ftp.close()
    elif how == "both are closed":
        # Under TLS without its closing alert.
        link.close()
        ftp.close()
    elif how == "ABOR":
        ftp.putcmd("ABOR")
        with pytest.raises(ftplib.error_temp, match="426"):
            ftp.voidresp()
        assert ftp.voidresp().startswith("226")
        link.close()
        ftp.quit()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("how", ["reset", "the data connection is reset", "silent", "both are closed", "ABOR"])
def test_once_nothing_is_taken_of_a_file_that_breaks_off_and_all_of_it_when_it_comes_again(house, how, tls):
    value = house.minutes + 100.25
    name, text = house.file(value)
    before, said = house.metric("broken_off_total"), house.metric("acknowledged_total")
    cut(house, how, tls, name, text)
    eventually(lambda: house.metric("broken_off_total") == before + 1)
    assert house.balance() and house.stored(value) == [] and house.metric("acknowledged_total") == said
    # Half an upload would have been SO2 412 that was measured well, and an alarm.
    assert house.ask(f"SELECT count() FROM observation WHERE subject = '{STATION}' AND indicator = 'so2' AND quality = 'good'") == [(0,)]
    with house.session(tls=tls) as ftp:
        ftp.storbinary(f"STOR /files/{name}", io.BytesIO(text))
        ftp.storbinary(f"STOR /files/{name}", io.BytesIO(text))
    assert eventually(lambda: house.stored(value)) == [("good", "logger", "files")]
    assert house.balance()


def test_nothing_is_joined_to_the_wrong_piece(house):
    name, text = house.file(1.5)
    with house.session() as ftp:
        with pytest.raises(ftplib.error_perm, match="502 Files come whole"):
            ftp.storbinary(f"APPE /files/{name}", io.BytesIO(text[-1:]))
        with pytest.raises(ftplib.error_perm, match="502 Files come whole"):
            ftp.storbinary(f"STOR /files/{name}", io.BytesIO(text[50:]), rest=50)
        ftp.set_pasv(False)
        with pytest.raises(ftplib.error_perm, match="502 Passive mode only"):
            ftp.storbinary(f"STOR /files/{name}", io.BytesIO(text))


def test_an_unfinished_file_waits_on_disk_for_its_last_name_through_a_kill(tmp_path):
    house = House(tmp_path)
    try:
        name, text = house.file(71.5)
        with house.session() as ftp:
            ftp.cwd("/files")
            ftp.storbinary(f"STOR {name}.tmp", io.BytesIO(text))
            assert ftp.nlst() == [f"{name}.tmp"]
        house.ioc.kill()
        house.ioc.start()
        assert house.metric("unfinished") == 1 and house.stored(71.5) == []
        with house.session() as ftp:
            ftp.cwd("files")
            with pytest.raises(ftplib.error_perm, match="553"):
                ftp.rename(f"{name}.tmp", "/gateway/../other/" + "x" * 2000)
            ftp.rename(f"{name}.tmp", name)
        assert eventually(lambda: house.stored(71.5)) == [("good", "logger", "files")]
        assert house.metric("unfinished") == 0
        # Removed by its sender, it is gone; taken, it stays.
        name, text = house.file(72.5)
        with house.session() as ftp:
            ftp.cwd("files")
            ftp.storbinary(f"STOR .{name}", io.BytesIO(text))
            ftp.delete(f".{name}")
            assert (house.metric("unfinished"), house.metric("withdrawn_total")) == (0, 1)
            ftp.storbinary(f"STOR {name}", io.BytesIO(text))
            with pytest.raises(ftplib.error_perm, match="550 What was taken stays"):
                ftp.delete(name)
        assert house.balance()
    finally:
        house.ioc.stop()


def test_once_what_is_sent_again_under_an_unfinished_name_is_what_counts_and_goes_on_under_another(house):
    name, first = house.file(73.5)
    second = first.replace(b"73.5", b"74.5")
    before = house.metric("unfinished")
    with house.session() as ftp:
        ftp.cwd("/files")
        ftp.storbinary(f"STOR {name}.tmp", io.BytesIO(first))
        ftp.storbinary(f"STOR {name}.tmp", io.BytesIO(second))
        assert ftp.rename(f"{name}.tmp", f"{name}.part").startswith("250")
        assert sorted(ftp.nlst()) == [f"{name}.part"] and ftp.size(f"{name}.part") == len(second)
        assert ftp.rename(f"{name}.part", name).startswith("250 On disk as ")
        assert "type=file;size=" in ftp.sendcmd(f"MLST {name}") and "MLST" in ftp.sendcmd("FEAT")
    # Both are there, and the last one is current; a day later nothing comes behind it.
    assert eventually(lambda: house.stored(74.5)) == [("good", "logger", "files")]
    assert house.stored(73.5) == [] and house.metric("unfinished") == before
    history = f"SELECT count() FROM observation WHERE subject = '{STATION}' AND indicator = 'pm10' AND value IN (73.5, 74.5)"
    assert house.ask(history) == [(2,)] and house.balance()


def test_once_an_abort_is_heard_behind_other_commands(house):
    name, text = house.file(76.5)
    before = house.metric("broken_off_total")
    with house.session() as ftp:
        link = ftp.transfercmd(f"STOR /files/{name}")
        link.sendall(text[:-1])
        for command in ("PWD", "TYPE I", "ABOR"):
            ftp.putcmd(command)
        with pytest.raises(ftplib.error_temp, match="426"):
            ftp.voidresp()
        link.close()
        assert [ftp.getresp()[:3] for _ in range(3)] == ["226", "257", "200"]
    assert house.metric("broken_off_total") == before + 1 and house.balance() and house.stored(76.5) == []


def test_who_a_sender_that_was_removed_meanwhile_has_not_brought_its_file(tmp_path):
    house = House(tmp_path)
    try:
        house.password, _ = house.ioc.add_sender("leaving", "files")
        name, text = house.file(77.5)
        ftp = house.session(user="leaving")
        link = ftp.transfercmd(f"STOR /files/{name}")
        link.sendall(text[:-1])
        house.ioc.run("sender", "remove", "leaving")
        link.sendall(text[-1:])
        link.close()
        with pytest.raises(ftplib.error_perm, match="530 This sender is no more"):
            ftp.voidresp()
        ftp.close()
        assert house.balance() and house.stored(77.5) == []
    finally:
        house.ioc.stop()


def test_ack_an_unfinished_file_that_nobody_renames_does_not_vanish(tmp_path):
    house = House(tmp_path, IOC_FTP_KEEP_UNFINISHED="2s")
    try:
        name, text = house.file(81.5)
        with house.session() as ftp:
            ftp.storbinary(f"STOR /files/{name}.part", io.BytesIO(text))
        eventually(lambda: house.metric("overdue_total") == 1)
        assert house.metric("unfinished") == 0
        assert eventually(lambda: house.stored(81.5)) == [("good", "logger", "files")]
        assert house.balance()
    finally:
        house.ioc.stop()


def test_ack_what_was_answered_226_is_there_whatever_is_killed(tmp_path):
    house = House(tmp_path)
    files = [house.file(200 + number) for number in range(120)]
    answered, stop = [], threading.Event()

    def logger():
        """Oldest first, each again until it is acknowledged."""
        for number, (name, text) in enumerate(files):
            while not stop.is_set():
                try:
                    with house.session(tls=number % 2 == 1) as ftp:
                        ftp.storbinary(f"STOR /files/{name}", io.BytesIO(text))
                    break
                except (OSError, EOFError, ftplib.Error):
                    time.sleep(0.1)
            answered.append(200 + number)

    try:
        house.ioc.kill()
        # Durable, and not said: it comes again.
        house.ioc.start(failpoints="ftp_before_answer=10*off->1*return->off")
        thread = threading.Thread(target=logger)
        thread.start()
        house.ioc.wait_ended()
        for kills in range(1, 4):
            house.ioc.start()
            eventually(lambda: len(answered) >= 30 * kills)
            house.ioc.kill()
        house.ioc.start()
        thread.join(120)
        assert len(answered) == len(files)
        found = f"SELECT count(), uniqExact(value) FROM observation_current WHERE subject = '{STATION}' AND indicator = 'pm10'"
        eventually(lambda: house.ask(found) == [(len(files), len(files))])
        assert house.balance()
    finally:
        stop.set()
        house.ioc.stop()


def test_who_a_sender_puts_files_into_its_own_feeds_alone(house):
    before = house.metric("forbidden_total")
    with house.session(user="foreign", password=house.foreign) as ftp:
        with pytest.raises(ftplib.error_perm, match="553 feed 'files' is not yours"):
            ftp.storbinary("STOR /files/x.txt", io.BytesIO(b"x"))
        with pytest.raises(ftplib.error_perm, match="553 no feed that comes as files is yours"):
            ftp.storbinary("STOR /x.txt", io.BytesIO(b"x"))
    assert house.metric("forbidden_total") == before + 2
    with pytest.raises(ftplib.error_perm, match="530 Wrong user, password or certificate"):
        house.session(password="wrong")
    # Without its folder, of its only feed.
    name, text = house.file(90.75)
    with house.session() as ftp:
        assert ftp.nlst("/") == ["files"]
        ftp.storbinary(f"STOR {name}", io.BytesIO(text))
        # Nothing of what a name says leaves the tree.
        with pytest.raises(ftplib.error_perm, match="55[03]"):
            ftp.storbinary("STOR ../../../../" + "y" * 3000, io.BytesIO(b"x"))
        with pytest.raises(ftplib.error_perm, match="550 Files are brought here"):
            ftp.retrbinary("RETR /etc/passwd", lambda _: None)
    assert eventually(lambda: house.stored(90.75)) == [("good", "logger", "files")]


def test_a_file_that_is_empty_or_too_large_is_recorded_and_its_sender_is_told(house):
    with house.session() as ftp:
        with pytest.raises(ftplib.error_perm, match="550 There is nothing in it: recorded as empty as "):
            ftp.storbinary("STOR /files/empty.txt", io.BytesIO(b"\r\n"))
        with pytest.raises(ftplib.error_perm, match="552 Larger than 1048576 bytes"):
            ftp.storbinary("STOR /files/large.txt", io.BytesIO(b"x" * (3 << 20)))
    eventually(lambda: house.ask("SELECT reason FROM reject_current WHERE address = 'large.txt'") == [("too_large",)])
    assert house.balance()


def test_safe_a_data_connection_of_another_address_brings_nothing(house):
    name, text = house.file(95.25)
    before = house.metric("foreign_data_total")
    with house.session() as ftp:
        host, port = ftp.makepasv()
        ftp.putcmd(f"STOR /files/{name}")
        assert ftp.getresp().startswith("150")
        with socket.create_connection((host, port), timeout=10, source_address=("127.0.0.2", 0)) as stranger:
            stranger.settimeout(10)
            assert stranger.recv(1) == b"", "closed"
        with socket.create_connection((host, port), timeout=10) as link:
            link.sendall(text)
        assert ftp.voidresp().startswith("226")
    assert house.metric("foreign_data_total") == before + 1
    assert eventually(lambda: house.stored(95.25)) == [("good", "logger", "files")]


def test_safe_nothing_is_said_in_the_clear_where_tls_is_required(tmp_path):
    house = House(tmp_path, IOC_FTP_REQUIRE_TLS="true")
    try:
        with pytest.raises(ftplib.error_perm, match="530 Passwords do not travel in the clear"):
            ftp = ftplib.FTP()
            ftp.connect("127.0.0.1", house.port, timeout=30)
            ftp.login("logger", house.password)
        name, text = house.file(97.25)
        ftp = ftplib.FTP_TLS(context=house.authority.client())
        ftp.connect("127.0.0.1", house.port, timeout=30)
        ftp.login("logger", house.password)
        with pytest.raises(ftplib.error_perm, match="521 Files do not travel in the clear"):
            ftp.storbinary(f"STOR /files/{name}", io.BytesIO(text))
        ftp.prot_p()
        ftp.storbinary(f"STOR /files/{name}", io.BytesIO(text))
        with pytest.raises(ftplib.error_perm, match="534"):
            ftp.prot_c()
        # What was put behind AUTH in the clear is not obeyed as if it had come encrypted (as STARTTLS injection).
        with socket.create_connection(("127.0.0.1", house.port), timeout=30) as link:
            link.recv(200)
            link.sendall(b"AUTH TLS\r\nUSER logger\r\n")
            assert link.recv(200).startswith(b"234")
            with house.authority.client().wrap_socket(link, server_hostname="127.0.0.1") as wrapped:
                wrapped.sendall(b"PASS x\r\n")
                assert wrapped.recv(200).startswith(b"503"), "no USER was said"
        assert eventually(lambda: house.stored(97.25)) == [("good", "logger", "files")]
    finally:
        house.ioc.stop()


def test_who_a_certificate_logs_in_and_ends_when_it_is_revoked(tmp_path):
    folder = tmp_path / "listed"
    folder.mkdir()
    lists = tmp_path / "revoked.pem"
    house = House(folder, before=lambda house: house.authority.list_revoked(lists), ca=True, IOC_FTP_TLS_REVOCATIONS=str(lists))
    try:
        for file, name in (("logger-9", "logger-9.test"), ("other", "other.test")):
            house.authority.certify(file, "/O=Test/CN=x", f"DNS:{name}")
        house.ioc.run("sender", "add", "certified", "--feed", "files", "--certificate", "logger-9.test", "--no-secret")

        def session(file, user="certified", data=None):
            context = house.authority.client(file)
            ftp = ftplib.FTP_TLS(context=context)
            ftp.connect("127.0.0.1", house.port, timeout=30)
            ftp.login(user, "")
            ftp.prot_p()
            if data is not None:
                ftp.context = house.authority.client(data)
            return ftp

        with contextlib.closing(session("logger-9")) as ftp:
            name, text = house.file(301.5)
            ftp.storbinary(f"STOR /files/{name}", io.BytesIO(text))
            assert eventually(lambda: house.stored(301.5)) == [("good", "certified", "files")]
            # A certificate that is no sender's, another's name beside one, and another's on the data connection.
            assert "530" in refused(lambda: session("other"))
            assert "530" in refused(lambda: session("logger-9", user="logger"))
            said = house.metric("acknowledged_total")
            mixed = session("logger-9", data="other")
            assert refused(lambda: mixed.storbinary(f"STOR /files/{name}", io.BytesIO(text)))
            mixed.close()
            assert house.metric("acknowledged_total") == said
            idle = session("logger-9")
            house.authority.revoke("logger-9")
            house.authority.list_revoked(lists)
            eventually(lambda: house.metric("tls_ended_total") >= 2)
            assert "421" in refused(idle.pwd)
            assert "421" in refused(ftp.pwd)
            idle.close()
    finally:
        house.ioc.stop()


def refused(step):
    """What the server said against it; none where it said nothing."""
    try:
        step()
    except (ftplib.Error, ssl.SSLError, EOFError, OSError) as fault:
        return str(fault) or "closed"
    return None


def test_bound_a_crowd_of_strangers_holds_up_nobody(tmp_path):
    house = House(tmp_path, IOC_FTP_MAX_CONNECTIONS="30", IOC_FTP_MAX_CONNECTIONS_PER_ADDRESS="20")
    strangers = []
    try:
        for _ in range(25):
            strangers.append(socket.create_connection(("127.0.0.1", house.port), timeout=10, source_address=("127.0.0.9", 0)))
        eventually(lambda: house.metric("refused_connections_total") == 5)
        # A line without an end, and bytes that are none.
        strangers[0].sendall(b"x" * 10_000)
        strangers[1].sendall(bytes(range(256)) * 4 + b"\r\n")
        name, text = house.file(99.25)
        with house.session() as ftp:
            ftp.storbinary(f"STOR /files/{name}", io.BytesIO(text))
        assert eventually(lambda: house.stored(99.25)) == [("good", "logger", "files")]
        # Who does not log in is let go.
        eventually(lambda: house.metric("idle_total") >= 18, seconds=60)
    finally:
        for stranger in strangers:
            stranger.close()
        house.ioc.stop()
