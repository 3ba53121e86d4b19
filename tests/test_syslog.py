"""Syslog by senders this project did not write: Debian's logger and rsyslog, over UDP, TCP and TLS."""

import contextlib
import json
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess

import pytest
from authority import Authority
from ioc import PACK, ROOT, Ioc, eventually

CASES = ROOT / "ingest" / "cases" / "syslog"
RSYSLOGD = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
FEEDS = """
[security]
name = { vi = "Nhật ký an ninh", en = "Security logs" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "syslog", from = ["127.0.0.0/28"] }
format = "json_observation"
silent_after = "10m"

[certified]
name = { vi = "Nhật ký có chứng thư", en = "Certified logs" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "syslog", certificates = ["*.test"] }
format = "json_observation"
silent_after = "10m"
"""


LOG_SOURCES = """
[server-here]
name = { vi = "Máy chủ ở đây", en = "Server here" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
addresses = ["127.0.0.1"]
"""


class House:
    def __init__(self, folder):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEEDS)
        (pack / "log_sources.toml").write_text(LOG_SOURCES)
        self.authority = Authority(folder)
        key, certificate = self.authority.certify("server", "/CN=ignored", "DNS:localhost")
        self.ioc = Ioc(
            folder,
            pack=pack,
            IOC_SYSLOG_TLS_CERTIFICATE=str(certificate),
            IOC_SYSLOG_TLS_KEY=str(key),
            IOC_SYSLOG_TLS_CLIENT_CA=str(self.authority.certificate),
            IOC_SYSLOG_RECEIVE_BUFFER_BYTES="262144",
        )
        self.ioc.start()
        self.analyst = self.ioc.analyst()

    def rejects(self, text, address):
        """(feed, sender, reason, raw, position) of what holds the text: nothing of syslog is an observation."""
        found = self.analyst.query(
            "SELECT feed, sender, reason, raw, concat(toString(log), '-', toString(partition), '-', toString(offset))"
            " FROM reject_current WHERE address = {address:String} AND position(raw, {text:String}) > 0"
            " ORDER BY received_at, partition, offset",
            parameters={"address": address, "text": text},
        )
        return found.result_rows

    def metric(self, name):
        return int(re.search(rf"^ioc_syslog_{name} (\d+)$", self.ioc.get("/metrics").decode(), re.M)[1])

    def failed_handshakes(self, why):
        pattern = rf'^ioc_syslog_failed_handshakes_total\{{why="{why}"\}} (\d+)$'
        return int(re.search(pattern, self.ioc.get("/metrics").decode(), re.M)[1])

    def faults(self, fault, log_source):
        """How many messages and pieces of a log source had that fault."""
        pattern = rf'^ioc_syslog_faults_total\{{fault="{fault}",log_source="{log_source}"\}} (\d+)$'
        found = re.search(pattern, self.ioc.get("/metrics").decode(), re.M)
        return int(found[1]) if found else 0

    def is_said(self, pattern):
        """What happens at the door is said in the status, within a second."""
        eventually(lambda: re.search(pattern, self.ioc.run("status", check=False).stdout))

    def by_tls(self, file, payload=b"", version=None):
        """Sends by TLS with that certificate, and gives back the server's."""
        context = self.authority.client(file)
        if version is not None:
            context.maximum_version = version
        with socket.create_connection(("127.0.0.1", self.ioc.syslog["tls"]), timeout=30) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as connection:
                connection.sendall(payload)
                return connection.getpeercert(binary_form=True)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("syslog"))
    yield house
    house.ioc.stop()


def logger(house, way, *options, text):
    port = str(house.ioc.syslog[way])
    command = ["logger", "-n", "127.0.0.1", "-P", port, f"--{way}", "-p", "auth.info", "-t", "sshd", *options, text]
    subprocess.run(command, check=True, timeout=60)


@contextlib.contextmanager
def rsyslog(folder, settings, target):
    """Debian's rsyslog as a process of its own that forwards the lines of a file, and that file."""
    work, lines = folder / "work", folder / "lines.log"
    work.mkdir()
    lines.touch()
    (folder / "rsyslog.conf").write_text(
        f'global(workDirectory="{work}" {settings})\n'
        'module(load="imfile" mode="polling" pollingInterval="1")\n'
        f'input(type="imfile" file="{lines}" tag="app:" ruleset="out")\n'
        f'ruleset(name="out") {{ action(type="omfwd" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format" {target}) }}\n'
    )
    command = [RSYSLOGD, "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "pid")]
    with open(folder / "rsyslog.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield lines
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.parametrize("way", ["udp", "tcp", "tcp-counted"])
@pytest.mark.parametrize("form", ["rfc3164", "rfc5424"])
def test_what_logger_sends_is_kept_as_it_came_under_its_feed(house, way, form):
    text = f"Đăng nhập hỏng {way} {form}"
    options = ["--octet-count"] if way == "tcp-counted" else []
    way = way.removesuffix("-counted")
    logger(house, way, f"--{form}", *options, text=text)
    found = eventually(lambda: house.rejects(text, f"syslog/{way}"))
    assert len(found) == 1
    feed, sender, reason, raw, position = found[0]
    assert (feed, sender, reason) == ("security", "127.0.0.1", "malformed")
    assert raw.startswith("<38>1 " if form == "rfc5424" else "<38>") and raw.endswith(text)
    envelope = json.loads(house.ioc.get(f"/api/lineage/envelope/{position}"))
    assert envelope["attributes"]["sender"] == "127.0.0.1"
    assert envelope["attributes"]["peer"].startswith("127.0.0.1:")
    assert house.ioc.get(f"/api/lineage/envelope/{position}/raw").decode() == raw


@pytest.mark.parametrize("framing", ["octet-counted", "traditional"])
def test_every_line_of_rsyslog_over_tcp_arrives_once(house, tmp_path, framing):
    port = house.ioc.syslog["tcp"]
    target = f'target="127.0.0.1" port="{port}" TCP_Framing="{framing}"'
    with rsyslog(tmp_path, "", target) as lines:
        lines.write_text("".join(f"{framing} dòng số {number:03} của người dùng {number}\n" for number in range(300)))
        found = eventually(lambda: len(rows := house.rejects(framing, "syslog/tcp")) >= 300 and rows)
    numbers = [int(re.search(r"số (\d+)", raw)[1]) for _, _, _, raw, _ in found]
    assert numbers == list(range(300)), "once each, in order"
    assert {(feed, sender, reason) for feed, sender, reason, *_ in found} == {("security", "127.0.0.1", "malformed")}
    assert house.metric("counted_characters_total") == 0


def test_who_a_sender_by_tls_is_the_name_in_its_certificate(house, tmp_path):
    # As RFC 5425 has it: a DNS name before the common name.
    key, certificate = house.authority.certify("relay", "/O=Test/CN=other", "DNS:fw-1.test")
    settings = (
        f'defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{house.authority.certificate}"'
        f' defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}"'
    )
    port = house.ioc.syslog["tls"]
    target = (
        f'target="127.0.0.1" port="{port}" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name"'
        ' StreamDriverPermittedPeers="localhost" TCP_Framing="octet-counted"'
    )
    with rsyslog(tmp_path, settings, target) as lines:
        lines.write_text("".join(f"by tls {number:02}\n" for number in range(20)))
        found = eventually(lambda: len(rows := house.rejects("by tls", "syslog/tls")) >= 20 and rows)
    assert {(feed, sender) for feed, sender, *_ in found} == {("certified", "fw-1.test")}
    house.authority.certify("plain", "/O=Test/CN=fw-2.test")
    house.by_tls("plain", b"<13>common name\n", ssl.TLSVersion.TLSv1_2)
    found = eventually(lambda: house.rejects("common name", "syslog/tls"))
    assert [(feed, sender) for feed, sender, *_ in found] == [("certified", "fw-2.test")]
    # A name no feed claims: its address decides.
    house.authority.certify("stranger", "/CN=stranger")
    house.by_tls("stranger", b"<13>from a stranger\n")
    found = eventually(lambda: house.rejects("from a stranger", "syslog/tls"))
    assert [(feed, sender) for feed, sender, *_ in found] == [("security", "stranger")]


def test_who_without_a_certificate_nobody_is_let_in_by_tls(house):
    before = house.failed_handshakes("no_certificate")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context = house.authority.client()
        with socket.create_connection(("127.0.0.1", house.ioc.syslog["tls"]), timeout=30) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as connection:
                connection.sendall(b"<13>uninvited\n")
                connection.recv(1)
    eventually(lambda: house.failed_handshakes("no_certificate") == before + 1)
    assert house.rejects("uninvited", "syslog/tls") == []


def test_a_renewed_certificate_counts_without_a_restart_and_a_broken_one_locks_nobody_out(house):
    house.authority.certify("renewal", "/CN=client.test")
    before = house.by_tls("renewal")
    house.authority.certify("server", "/CN=ignored", "DNS:localhost")
    after = eventually(lambda: (now := house.by_tls("renewal")) != before and now)
    certificate = pathlib.Path(house.ioc.settings["IOC_SYSLOG_TLS_CERTIFICATE"])
    good = certificate.read_bytes()
    certificate.write_text("no certificate at all\n")
    eventually(lambda: house.by_tls("renewal") == after and "the certificates of before stay in use" in house.ioc.log())
    certificate.write_bytes(good)


def test_balance_a_wrong_count_is_a_reject_that_opens_to_its_bytes_and_is_said_at_the_door(house):
    with socket.create_connection(("127.0.0.1", house.ioc.syslog["tcp"])) as connection:
        connection.sendall((CASES / "cut-off.bin").read_bytes())
    found = eventually(lambda: [row for row in house.rejects("203.0.113.8 po", "syslog/tcp") if row[2] == "framing"])
    assert len(found) == 1
    feed, sender, _, raw, position = found[0]
    assert (feed, sender, len(raw)) == ("security", "127.0.0.1", 95)
    envelope = json.loads(house.ioc.get(f"/api/lineage/envelope/{position}"))
    assert envelope["attributes"]["fault"] == "octet_count: 95 of 150 bytes"
    assert house.ioc.get(f"/api/lineage/envelope/{position}/raw").decode() == raw
    whole = house.rejects("sshd 901", "syslog/tcp")
    assert [reason for _, _, reason, *_ in whole] == ["malformed"], "the message before it is one"
    house.is_said(r"127\.0\.0\.1 \(syslog\): FRAMED WRONGLY.*95 of 150")


def test_who_sends_what_cannot_be_read_is_named_by_log_source_with_the_last_one_to_open(house):
    before = house.faults("framing", "server-here"), house.faults("oversize", "server-here")
    # What nobody takes whole: a count beyond the limit, and a line beyond it.
    logger(house, "tcp", "--octet-count", "--size", "100000", text="đếm " + "x" * 70_000)
    logger(house, "tcp", "--size", "100000", text="dòng " + "y" * 70_000)
    stranger = socket.create_connection(("127.0.0.1", house.ioc.syslog["tcp"]), source_address=("127.0.0.77", 0))
    with stranger:
        stranger.sendall(b"99 <13>cut")
    eventually(lambda: house.faults("framing", "other") == 1)
    assert house.faults("framing", "server-here") > before[0]
    assert house.faults("oversize", "server-here") == before[1] + 1

    def named():
        told = json.loads(house.ioc.get("/api/security/misread"))
        [server] = [sender for sender in told["senders"] if sender["log_source"] == "server-here"] or [None]
        reasons = {reason["reason"]: reason["rejects"] for reason in server["reasons"]} if server else {}
        return server if {"framing", "too_large"} <= reasons.keys() else None

    server = eventually(named)
    assert (server["name"]["en"], server["sender"], server["senders"]) == ("Server here", "127.0.0.1", 1)
    reasons = {reason["reason"]: reason["rejects"] for reason in server["reasons"]}
    assert (reasons["framing"], reasons["too_large"]) == tuple(
        house.faults(fault, "server-here") for fault in ("framing", "oversize")
    ), "as the metrics have it"
    envelope = json.loads(house.ioc.get(f"/api/lineage/envelope/{server['last']['position']}"))
    assert envelope["attributes"]["sender"] == "127.0.0.1"
    assert "xxxx" not in json.dumps(server) and "yyyy" not in json.dumps(server)


def test_who_sends_from_nobodys_address_is_shown_as_unmatched(house):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.99", 0))
        stranger.sendto(b"<13>from nowhere", ("127.0.0.1", house.ioc.syslog["udp"]))
    found = eventually(lambda: house.rejects("from nowhere", "syslog/udp"))
    assert [(feed, sender, reason) for feed, sender, reason, *_ in found] == [("unmatched", "127.0.0.99", "unmatched")]


def test_balance_what_the_system_drops_of_a_flood_is_counted_and_said(house):
    before = house.metric("datagrams_total")
    house.ioc.process.send_signal(signal.SIGSTOP)
    sent = 20_000
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
            flood.connect(("127.0.0.1", house.ioc.syslog["udp"]))
            for number in range(sent):
                flood.send(b"<13>flood %0200d" % number)
    finally:
        house.ioc.process.send_signal(signal.SIGCONT)
    eventually(lambda: house.metric("datagrams_total") - before + house.metric("dropped_datagrams_total") == sent)
    assert house.metric("dropped_datagrams_total") > 0
    read = house.metric("datagrams_total") - before
    counted = "SELECT sum(1) FROM reject_current WHERE address = 'syslog/udp' AND position(raw, '<13>flood') > 0"
    eventually(lambda: house.analyst.query(counted).result_rows[0][0] == read)
    assert house.metric("lost_total") == 0
    house.is_said(r"\(syslog\): DROPPED by the system")
    # Beside the identities, by name: two feeds come by syslog, so nobody knows whose they were.
    dropped = house.metric("dropped_datagrams_total")

    def beside():
        return {feed["id"]: feed["counts"]["datagrams_dropped"] for feed in house.ioc.overview()["picture"]["feeds"]}

    eventually(lambda: beside()["unmatched"] == dropped)
    assert sum(beside().values()) == dropped
    told = house.ioc.run("status", check=False).stdout
    assert re.search(rf"^unmatched .* holds; {dropped:.0f} datagrams DROPPED by the system", told, re.M), told
    kept = house.analyst.query("SELECT datagrams_dropped, envelopes_astray FROM feed_balance WHERE feed = 'unmatched'").result_rows
    assert kept == [(dropped, 0)]


def test_what_was_sent_before_an_orderly_end_is_there_after_it(house):
    with socket.create_connection(("127.0.0.1", house.ioc.syslog["tcp"])) as connection:
        connection.sendall(b"<13>last line\n<13>and half a li")
        eventually(lambda: house.rejects("last line", "syslog/tcp"))
        house.ioc.stop()
    house.ioc.start()
    found = eventually(lambda: house.rejects("and half a li", "syslog/tcp"))
    assert len(found) == 1
