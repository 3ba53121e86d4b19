"""TLS by peers this project did not write: openssl's CA, lists and s_client, mosquitto_pub, paho and curl."""

import contextlib
import http.client
import itertools
import json
import re
import socket
import ssl
import subprocess
import time

import paho.mqtt.client as mqtt
import pytest
from authority import Authority
from ioc import BINARY, Ioc, eventually, free_port
from peers import field, packet, reading

# What a client is called in its certificate, and the sender it is.
GATEWAY, AGENCY = "gw-1.test", "agency.test"


class House:
    """One process: MQTT by TLS with or without a certificate, HTTP push and pages with one only."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(folder / "ca")
        self.others = Authority(folder / "others", "/CN=Another CA")
        self.others.certify("gateway", "/O=Test/CN=x", f"DNS:{GATEWAY}")
        key, certificate = self.authority.certify("server", "/CN=x", "DNS:localhost,IP:127.0.0.1")
        for file, names in (("gateway", f"DNS:{GATEWAY}"), ("agency", f"DNS:{AGENCY}"), ("unknown", "DNS:who.test")):
            self.authority.certify(file, "/O=Test/CN=x", names)
        self.list = folder / "revoked.pem"
        self.authority.list_revoked(self.list)
        # A value tells a reading from all others.
        self.values = itertools.count(10.25)
        self.ports = {section: free_port() for section in ("mqtt", "push", "http")}
        settings = {}
        for section, port in self.ports.items():
            settings |= {
                f"IOC_{section.upper()}_TLS_{key.upper()}": str(value)
                for key, value in {
                    "listen": f"127.0.0.1:{port}",
                    "certificate": certificate,
                    "key": key,
                    "client_ca": self.authority.certificate,
                    "revocations": self.list,
                    "client_certificate": "optional" if section == "mqtt" else "required",
                }.items()
            }
        self.ioc = Ioc(folder, **settings)
        self.certify("gw1", GATEWAY, "gateway", "push")
        self.certify("agency", AGENCY, "push", "gateway")
        self.password, self.token = self.ioc.add_sender("plain", "gateway", "push")
        self.ioc.start()
        self.analyst = self.ioc.analyst()

    def certify(self, sender, name, *feeds):
        options = [argument for feed in feeds for argument in ("--feed", feed)]
        self.ioc.run("sender", "add", sender, *options, "--certificate", name, "--no-secret")

    def new_client(self, file, sender, *feeds):
        """A certificate of its own, and its sender."""
        self.authority.certify(file, "/O=Test/CN=x", f"DNS:{file}.test")
        self.certify(sender, f"{file}.test", *feeds)

    def revoke(self, *files):
        self.authority.revoke(*files)
        self.authority.list_revoked(self.list)

    def mosquitto_pub(self, value, *options, certificate="gateway", authority=None, version="mqttv311"):
        command = ["mosquitto_pub", "-h", "localhost", "-p", str(self.ports["mqtt"]), "-V", version, "-q", "1"]
        command += ["--cafile", self.authority.certificate, "-i", f"mosquitto-{value}"]
        if certificate is not None:
            folder = (authority or self.authority).folder
            command += ["--cert", folder / f"{certificate}.pem", "--key", folder / f"{certificate}.key"]
        command += ["-t", "test/ST01/observation", "-m", reading("ST01", value), *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def curl(self, path, *options, certificate="agency", port=None, body=None):
        command = ["curl", "-sS", "-w", "\n%{http_code}", "--cacert", self.authority.certificate, *options]
        if certificate is not None:
            folder = self.authority.folder
            command += ["--cert", folder / f"{certificate}.pem", "--key", folder / f"{certificate}.key"]
        if body is not None:
            command += ["--data-binary", body]
        done = subprocess.run(
            [*command, f"https://localhost:{port or self.ports['push']}{path}"], capture_output=True, text=True, timeout=60
        )
        text, _, status = done.stdout.rpartition("\n")
        return done.returncode, int(status or 0), text

    def s_client(self, section, *options, certificate="gateway"):
        files = [self.authority.folder / f"{certificate}.{end}" for end in ("pem", "key")] if certificate else []
        shown = ["-cert", files[0], "-key", files[1]] if files else []
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.ports[section]}", "-CAfile", self.authority.certificate]
            + [*shown, *options],
            input="",
            capture_output=True,
            text=True,
            timeout=60,
        )

    def by_tls(self, section, certificate="agency"):
        """A connection of Python's."""
        plain = socket.create_connection(("127.0.0.1", self.ports[section]), timeout=30)
        return self.authority.client(certificate).wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False)

    def paho(self, certificate, client_id, protocol=mqtt.MQTTv5, user=None, password=None):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, protocol=protocol)
        client.tls_set_context(self.authority.client(certificate))
        if user is not None:
            client.username_pw_set(user, password)
        return client

    def stored(self, value):
        """(sender, position) of the readings with that value."""
        query = (
            "SELECT sender, concat(toString(log), '-', toString(partition), '-', toString(offset))"
            " FROM observation_current WHERE value = {value:Float64}"
        )
        return self.analyst.query(query, parameters={"value": value}).result_rows

    def metric(self, name):
        found = re.search(rf"^ioc_{re.escape(name)} (\d+)$", self.ioc.get("/metrics").decode(), re.M)
        return int(found[1])

    def failed(self, transport, why):
        return self.metric(f'{transport}_failed_handshakes_total{{why="{why}"}}')

    def says(self, pattern):
        """In the status, as an operator reads it."""
        return eventually(lambda: re.search(pattern, self.ioc.run("status", check=False).stdout))


def cut_off(connection):
    """Ends it without the goodbye of TLS, as whoever stands on the way does."""
    socket.socket(fileno=connection.detach()).close()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("tls"))
    yield house
    house.ioc.stop()


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_who_a_publisher_with_a_certificate_is_its_sender_and_needs_no_password(house, version):
    value = next(house.values)
    done = house.mosquitto_pub(value, version=version)
    assert done.returncode == 0, done.stderr
    sender, position = eventually(lambda: house.stored(value))[0]
    assert sender == "gw1"
    envelope = json.loads(house.ioc.get(f"/api/lineage/envelope/{position}"))
    assert (envelope["attributes"]["sender"], envelope["attributes"]["certificate"]) == ("gw1", GATEWAY)


def test_who_a_name_beside_a_certificate_is_its_sender_s(house):
    value = next(house.values)
    assert house.mosquitto_pub(value, "-u", "gw1").returncode == 0
    assert eventually(lambda: house.stored(value))[0][0] == "gw1"
    value = next(house.values)
    strangers = house.metric("mqtt_tls_strangers_total")
    refused = house.mosquitto_pub(value, "-u", "plain", "-P", house.password)
    assert refused.returncode != 0 and "not authorised" in refused.stderr.lower(), refused.stderr
    unknown = house.mosquitto_pub(value, "-u", "plain", "-P", house.password, certificate="unknown")
    assert unknown.returncode != 0
    assert house.metric("mqtt_tls_strangers_total") == strangers + 2
    house.ioc.wait_drained()
    assert house.stored(value) == []
    house.says(r"no sender has this certificate")


def test_a_password_by_tls_is_enough_where_a_certificate_is_optional(house):
    value = next(house.values)
    done = house.mosquitto_pub(value, "-u", "plain", "-P", house.password, certificate=None)
    assert done.returncode == 0, done.stderr
    assert eventually(lambda: house.stored(value))[0][0] == "plain"
    assert house.mosquitto_pub(next(house.values), certificate=None).returncode != 0, "and nothing at all is not"


def test_who_pushes_with_a_certificate_is_its_sender_and_a_token_beside_it_must_agree(house):
    value = next(house.values)
    code, status, answer = house.curl("/ingest/push", body=reading("ST02", value))
    assert (code, status) == (0, 200), answer
    sender, position = eventually(lambda: house.stored(value))[0]
    assert sender == "agency"
    attributes = json.loads(house.ioc.get(f"/api/lineage/envelope/{position}"))["attributes"]
    assert attributes["certificate"] == AGENCY
    code, status, answer = house.curl(f"/ingest/receipt/{json.loads(answer)['position']}")
    assert status == 200 and json.loads(answer)["status"] in ("in_flight", "committed")
    token = ["-H", f"Authorization: Bearer {house.token}"]
    value = next(house.values)
    for options, certificate in ((token, "agency"), ([], "unknown"), (token, "unknown")):
        _, status, answer = house.curl("/ingest/push", *options, certificate=certificate, body=reading("ST02", value))
        problem = json.loads(answer)
        assert (status, problem["type"].rpartition("/")[2].rpartition(":")[2]) == (403, "certificate"), answer
        assert problem["detail"] and problem["detail_vi"]
    house.ioc.wait_drained()
    assert house.stored(value) == []


def test_who_has_no_certificate_or_anothers_is_not_let_in(house):
    before = {why: house.failed("http", why) for why in ("no_certificate", "unknown_ca")}
    code, *_ = house.curl("/ingest/push", "-H", f"Authorization: Bearer {house.token}", certificate=None, body="{}")
    assert code != 0, "no certificate where one is required"
    done = house.mosquitto_pub(next(house.values), authority=house.others)
    assert done.returncode != 0
    assert house.failed("mqtt", "unknown_ca") >= 1
    eventually(lambda: house.failed("http", "no_certificate") == before["no_certificate"] + 1)
    code, *_ = house.curl("/api/overview", port=house.ports["http"], certificate=None)
    assert code != 0 and house.failed("pages", "no_certificate") >= 1
    house.says(r"shows no certificate, and needs one")


def test_pages_are_there_by_tls_and_on_loopback_without(house):
    code, status, answer = house.curl("/api/overview", port=house.ports["http"])
    assert (code, status) == (0, 200) and "picture" in json.loads(answer)
    assert house.ioc.overview()
    assert re.search(rf"by TLS +https://127.0.0.1:{house.ports['http']}/", house.ioc.run("status", check=False).stdout)


def test_safe_a_session_of_the_page_of_senders_by_tls_has_a_secure_cookie(house):
    log_in = json.dumps({"name": "plain", "secret": house.password})
    options = ["-i", "-H", "x-ioc-page: 1", "-H", "content-type: application/json"]
    code, status, answer = house.curl("/upload/session", *options, body=log_in)
    assert (code, status) == (0, 200), answer
    assert re.search(r"^set-cookie: .*; Secure\b", answer, re.I | re.M), answer
    # The same name without TLS is another origin.
    _, status, _ = house.curl("/upload/session", *options, "-H", f"Origin: http://localhost:{house.ports['push']}", body=log_in)
    assert status == 403
    assert not re.search(r"^strict-transport-security:", answer, re.I | re.M), "it would hold for other ports of this host"


@pytest.mark.parametrize("section", ["mqtt", "push", "http"])
def test_versions_before_1_2_are_refused_and_1_2_and_1_3_are_spoken(house, section):
    transport = {"mqtt": "mqtt", "push": "http", "http": "pages"}[section]
    before = house.failed(transport, "nothing_in_common")
    old = house.s_client(section, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    assert old.returncode != 0 and "alert" in old.stderr, old.stderr
    eventually(lambda: house.failed(transport, "nothing_in_common") == before + 1)
    for option, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
        assert f"New, {version}" in house.s_client(section, option).stdout


@pytest.mark.parametrize("section", ["mqtt", "push"])
def test_a_session_is_not_taken_up_again(house, section, tmp_path):
    for version in ("-tls1_2", "-tls1_3"):
        kept = tmp_path / f"{section}{version}.session"
        house.s_client(section, version, "-sess_out", kept)
        again = house.s_client(section, version, *(["-sess_in", kept] if kept.exists() else []))
        assert "New, TLS" in again.stdout and "Reused" not in again.stdout


def test_what_is_spoken_is_agreed_on(house):
    assert "ALPN protocol: mqtt" in house.s_client("mqtt", "-alpn", "mqtt").stdout
    assert "ALPN protocol: http/1.1" in house.s_client("push", "-alpn", "h2,http/1.1").stdout
    assert house.s_client("mqtt", "-alpn", "h2").returncode != 0


@pytest.mark.parametrize("how", ["PEM", "DER"])
def test_who_was_revoked_is_not_let_in_without_a_restart(house, how):
    file = f"revoked-{how.lower()}"
    house.new_client(file, file, "gateway")
    assert house.mosquitto_pub(next(house.values), certificate=file).returncode == 0
    before = house.failed("mqtt", "revoked")
    house.authority.revoke(file)
    house.authority.list_revoked(house.list, form=how)
    # Whoever is inside when the list comes is cut off; whoever knocks afterwards is not let in.
    refused = lambda: house.mosquitto_pub(next(house.values), certificate=file).returncode != 0
    eventually(lambda: refused() and house.failed("mqtt", "revoked") > before, every=1)
    assert house.mosquitto_pub(next(house.values)).returncode == 0, "nobody else is meant"
    house.says(r"its certificate was revoked")


@pytest.mark.parametrize("protocol", [mqtt.MQTTv311, mqtt.MQTTv5])
def test_who_is_revoked_while_connected_is_cut_off_and_told_so(house, protocol):
    file = f"inside-{protocol}"
    house.new_client(file, file, "gateway")
    client, other = house.paho(file, file, protocol), house.paho("gateway", f"beside-{protocol}", protocol)
    ended, other_ended = [], []
    client.on_disconnect = lambda _client, _data, _flags, reason, _properties: ended.append(reason)
    other.on_disconnect = lambda _client, _data, _flags, reason, _properties: other_ended.append(reason)
    for each in (client, other):
        each.connect("localhost", house.ports["mqtt"])
        each.loop_start()
    value = next(house.values)
    sent = client.publish("test/ST03/observation", reading("ST03", value), qos=1)
    sent.wait_for_publish(30)
    before = house.metric("mqtt_tls_ended_total")
    house.revoke(file)
    eventually(lambda: ended)
    if protocol == mqtt.MQTTv5:
        assert ended[0] == "Not authorized"
    assert house.metric("mqtt_tls_ended_total") == before + 1
    assert other_ended == [] and other.is_connected()
    assert eventually(lambda: house.stored(value)), "what was acknowledged is there"
    for each in (client, other):
        each.disconnect()
        each.loop_stop()


def test_who_is_revoked_ends_a_connection_of_http_that_is_kept_and_a_live_one(house):
    house.new_client("reader", "reader", "push")
    tls = house.authority.client("reader")
    kept = http.client.HTTPSConnection("localhost", house.ports["push"], context=tls, timeout=30)
    kept.request("POST", "/ingest/push", reading("ST02", next(house.values)))
    first = kept.getresponse()
    assert first.status == 200 and first.read()
    live = house.by_tls("http", "reader")
    live.sendall(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert live.recv(1)
    house.revoke("reader")
    eventually(lambda: house.metric("http_tls_ended_total") >= 1 and house.metric("pages_tls_ended_total") >= 1)
    # The answer may be on its way: what counts is that no request is taken.
    kept.auto_open = 0
    value = next(house.values)
    with pytest.raises((http.client.HTTPException, OSError)):
        kept.request("POST", "/ingest/push", reading("ST02", value))
        kept.getresponse()
    live.settimeout(30)
    with contextlib.suppress(OSError):
        while live.recv(1 << 16):
            pass
    house.ioc.wait_drained()
    assert house.stored(value) == []


def test_an_old_list_is_believed_and_told(house):
    try:
        house.authority.list_revoked(house.list, "-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z")
        eventually(lambda: house.metric("mqtt_tls_stale_lists") == 1)
        assert "lists of revoked certificates are out of date" in house.ioc.log()
        assert house.mosquitto_pub(next(house.values)).returncode == 0
    finally:
        house.authority.list_revoked(house.list)
    eventually(lambda: house.metric("mqtt_tls_stale_lists") == 0)


def serial(house, section):
    shown = house.s_client(section).stdout
    done = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_renewed_certificate_of_the_server_counts_without_a_restart(house):
    sections = ("mqtt", "push", "http")
    before = {section: serial(house, section) for section in sections}
    house.authority.certify("server", "/CN=x", "DNS:localhost,IP:127.0.0.1")
    for section in sections:
        eventually(lambda: serial(house, section) != before[section])


@pytest.mark.parametrize("file", ["ca/server.pem", "ca/server.key", "ca/ca.pem", "revoked.pem"])
def test_loud_a_broken_file_is_told_and_the_one_before_goes_on(house, file):
    path = house.folder / file
    good = path.read_bytes()
    kept = house.folder / "kept-ca.pem"
    kept.write_bytes(house.authority.certificate.read_bytes())
    try:
        path.write_text("no certificate at all\n")
        eventually(lambda: house.metric("mqtt_tls_unusable_files") == 1)
        assert "the certificates of before stay in use" in house.ioc.log()
        done = house.mosquitto_pub(next(house.values), "--cafile", kept)
        assert done.returncode == 0, done.stderr
    finally:
        path.write_bytes(good)
    eventually(lambda: house.metric("mqtt_tls_unusable_files") == 0)


@pytest.mark.parametrize("section", ["mqtt", "push"])
def test_bound_who_opens_a_connection_and_says_nothing_is_let_go(house, section):
    transport = {"mqtt": "mqtt", "push": "http"}[section]
    before = house.failed(transport, "too_slow")
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", house.ports[section]), timeout=30) as silent:
        assert silent.recv(1) == b""
    assert 5 < time.monotonic() - began < 20
    eventually(lambda: house.failed(transport, "too_slow") == before + 1)
    with socket.create_connection(("127.0.0.1", house.ports[section]), timeout=30) as other:
        other.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while other.recv(1 << 10):
            pass
    eventually(lambda: house.failed(transport, "no_tls") >= 1)


def test_a_body_that_is_cut_off_without_a_goodbye_is_none(house):
    before = house.metric("http_broken_off_total")
    value = next(house.values)
    body = reading("ST02", value).encode()
    for framing in (
        b"Content-Length: %d\r\n\r\n" % (len(body) + 50) + body,
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n",
    ):
        cut = house.by_tls("push")
        cut.sendall(b"POST /ingest/push HTTP/1.1\r\nHost: localhost\r\n" + framing)
        time.sleep(0.3)
        cut_off(cut)
    eventually(lambda: house.metric("http_broken_off_total") == before + 2)
    house.ioc.wait_drained()
    assert house.stored(value) == []


def test_what_a_publisher_was_told_is_durable_is_there_when_it_is_cut_off_within_a_packet(house):
    connection = house.by_tls("mqtt", "gateway")
    connection.sendall(packet(0x10, field("MQTT") + bytes([4, 2, 0, 60]) + field("cut-up")))
    assert connection.recv(4) == b"\x20\x02\x00\x00"
    whole, piece = next(house.values), next(house.values)

    def publish(value):
        return packet(0x32, field("test/ST04/observation") + b"\x00\x07" + reading("ST04", value).encode())

    connection.sendall(publish(whole))
    assert connection.recv(4) == b"\x40\x02\x00\x07"
    connection.sendall(publish(piece)[:-1])
    time.sleep(0.3)
    cut_off(connection)
    assert eventually(lambda: house.stored(whole))
    house.ioc.wait_drained()
    assert house.stored(piece) == []


def test_ack_what_was_acknowledged_by_tls_is_there_after_kill_9_under_load(tmp_path):
    house = House(tmp_path)
    try:
        # (client, number of the message) → what was published, and which of it was acknowledged.
        published, acknowledged = {}, set()
        clients = [house.paho("gateway", f"load-{number}") for number in range(4)]
        for number, client in enumerate(clients):
            client.user_data_set(number)
            client.on_publish = lambda _client, number, mid, _reason, _properties: acknowledged.add((number, mid))
            client.max_inflight_messages_set(50)
            client.connect("localhost", house.ports["mqtt"])
            client.loop_start()
        for count in range(20_000):
            value = count / 100
            for number, client in enumerate(clients):
                station = f"ST0{number + 1}"
                payload = reading(station, value, ago=50_000 - count)
                sent = client.publish(f"test/{station}/observation", payload, qos=1)
                published[number, sent.mid] = (station, value)
            if len(acknowledged) > 500:
                break
        assert len(acknowledged) > 500
        house.ioc.kill()
        for client in clients:
            client.loop_stop()
        told = {published[key] for key in acknowledged}
        house.ioc.start()
        house.ioc.wait_drained()
        query = "SELECT subject, value FROM observation"
        stored = {tuple(row) for row in house.ioc.analyst().query(query).result_rows}
        assert told - stored == set()
    finally:
        house.ioc.stop()


def test_a_network_is_listened_to_without_tls_on_purpose_only_and_every_start_says_so(tmp_path):
    """In a network of its own, where nobody else comes."""
    ioc = Ioc(tmp_path, IOC_MQTT_LISTEN="0.0.0.0:1883", IOC_MQTT_PLAIN_BEYOND_LOOPBACK="true")
    for _start in range(2):
        with open(ioc.log_file, "wb") as log:
            ioc.process = subprocess.Popen(
                ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$0" up', BINARY],
                env=ioc.environment(IOC_STREAM_WORKERS="1"),
                stdout=log,
                stderr=log,
            )
        ioc.life_starts = 0
        ioc.wait_for(r"\bioc::up: ready\b")
        assert re.search(r"WARN.*listens without TLS beyond this machine.*address=0\.0\.0\.0:1883", ioc.log())
        assert "in the clear, beyond this machine" in ioc.log(), "where it lists where it is reached"
        assert ioc.log().count("listens without TLS") == 1, "of nothing else"
        ioc.stop()


@pytest.mark.parametrize("wanted", ["", "required"])
def test_pages_by_tls_are_opened_to_others_only_with_a_certificate_each(tmp_path, wanted):
    settings = {"IOC_HTTP_TLS_LISTEN": "0.0.0.0:0", "IOC_HTTP_TLS_CERTIFICATE": "c.pem", "IOC_HTTP_TLS_KEY": "k.pem"}
    if wanted:
        settings |= {"IOC_HTTP_TLS_CLIENT_CA": "ca.pem", "IOC_HTTP_TLS_CLIENT_CERTIFICATE": wanted}
    done = Ioc(tmp_path, **settings).run("up", check=False)
    assert done.returncode != 0
    assert ("http.tls_listen must be a loopback address" in done.stderr) == (not wanted), done.stderr
