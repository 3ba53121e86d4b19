"""Records that an agency's interface is asked for, by Django's REST framework and its OAuth2 server (ONCE).

Listings are read page by page, by number, by offset and by the server's own cursor, and change while they are read; the
process is killed between two pages, and between the log and the cursor. Nothing is skipped and nothing counted twice; what
is removed is found when whole periods are compared; a server that wants to be left alone is; and no secret is told.
"""

import contextlib
import json
import shutil
import socket
import time

import pytest
from agency_api import CLIENT, SECRET, AgencyApi
from authority import Authority
from ioc import PACK, Ioc, eventually, free_port
from test_sql import COLUMN, COMMUNES, FORM

COLUMNS = {"ma_xa": "place", "ky": "period", "chi_tieu": "indicator", "gia_tri": "value"}
FEED = """
[registers]
name = {{ vi = "Sổ của Sở Nội vụ", en = "Registers of the Department of Home Affairs" }}
owner = {{ vi = "Sở Nội vụ", en = "Department of Home Affairs" }}
format = "table"
forms = ["bao-cao"]
agency = "so-nv"
silent_after = "3660d"
[registers.transport]
kind = "http_pull"
every = "1s"
{reading}
[registers.contract]
max_bytes = 1048576
max_age = "3660d"
"""
RECORDS = 'records = "/results"\nkey = ["/id"]\ncolumns = ["ma_xa", "ky", "chi_tieu", "gia_tri"]\n'
SINCE = 'since = { at = "/cap_nhat", overlap = "2s", first = "2026-01-01T00:00:00Z" }\n'
PAGING = {
    "page": ("tu={since}&page={page}&n={limit}", '{ kind = "page", size = 20, total = "/count" }'),
    "offset": ("tu={since}&offset={offset}&limit={limit}", '{ kind = "offset", size = 20, total = "/count" }'),
    "cursor": ("tu={since}", '{ kind = "link", at = "/next" }'),
}
MANY = 130
INSERT = "INSERT INTO bao_cao (ma_xa, ky, chi_tieu, gia_tri, cap_nhat) VALUES (?, ?, ?, ?, ?)"
MOMENT = "2026-11-02 01:00:{:02}.{:06}"


def paged(api, by, more=""):
    query, paging = PAGING[by]
    auth = f'auth = {{ kind = "oauth2", token_url = "{api.url}/o/token/", scope = "doc" }}\n'
    return f'url = "{api.url}/{by}/?{query}"\npaging = {paging}\n{RECORDS}{SINCE}{auth}{more}'


class House:
    def __init__(self, folder, reading, login="", **settings):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        names = ["ho_so", *(f"muc_{number}" for number in range(1, MANY + 1))]
        indicator = '[bao-cao.indicators.{0}]\nname = {{ vi = "{0}", en = "{0}" }}\nunit = "hồ sơ"\nrequired = false\n'
        is_needed = lambda role: str(role in ("place", "period", "indicator")).lower()
        columns = "".join(COLUMN.format(name, role, is_needed(role)) for name, role in COLUMNS.items())
        (pack / "forms.toml").write_text(FORM + columns + "\n".join(indicator.format(name) for name in names))
        (pack / "agencies.csv").write_text("id,name_vi,name_en,place\nso-nv,Sở Nội vụ,Home Affairs,80\n")
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEED.format(reading=reading))
        known = (pack / "places.csv").read_text()
        with open(pack / "places.csv", "a") as places:
            for code in COMMUNES:
                if code not in known:
                    places.write(f"{code},2025-07-01,,commune,Xã {code},Commune {code},80,,,\n")
        self.ioc = Ioc(folder, pack=pack, IOC_HTTP_PULL_REQUESTS_PER_MINUTE="6000", IOC_HTTP_PULL_LONGEST_PAUSE="1s", **settings)
        self.ioc.data.mkdir(mode=0o700)
        self.login(f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n{login}')

    def login(self, text):
        (self.ioc.data / "apis.toml").write_text(f"[registers]\n{text}")

    def ask(self, sql):
        return self.ioc.analyst().query(sql).result_rows

    def known(self, indicator="ho_so"):
        sql = f"SELECT place_code, toFloat64(value) FROM report_cell WHERE indicator = '{indicator}' AND period_start = '2026-10-01'"
        return {place: value for place, value in self.ask(sql) if value is not None}

    def shows(self, seconds=90, **known):
        wanted = {f"25{place.removeprefix('_')}": value for place, value in known.items()}
        eventually(lambda: self.known() == wanted or None, seconds=seconds)

    def metric(self, name):
        lines = self.ioc.get("/metrics").decode().splitlines()
        (line,) = [line for line in lines if line.startswith(f"ioc_http_pull_{name}{{")]
        return float(line.split()[-1])

    def turn(self):
        """A whole pass goes by, from its beginning."""
        passed = self.metric("passed_at")
        eventually(lambda: self.metric("passed_at") > passed + 1)

    def pull(self):
        (pull,) = json.loads(self.ioc.get("/api/pulls"))["pulls"]
        return pull

    def changes(self):
        (counted,) = self.ask("SELECT countIf(standing = 'correction'), count() FROM report_value")
        return counted


@pytest.fixture
def api(tmp_path):
    server = AgencyApi(tmp_path / "agency", free_port())
    yield server
    server.stop()


def filled(api):
    """As many records as there are items, of one commune; many share a moment."""
    api.start()
    api.run(INSERT, *(("25522", "2026-10", f"muc_{n}", n, MOMENT.format(n // 50, 1)) for n in range(1, MANY + 1)))


SUM = MANY * (MANY + 1) / 2
TOTAL = "SELECT count(), toFloat64(sum(value)) FROM report_cell WHERE place_code = '25522'"


@pytest.mark.parametrize("by", PAGING)
def test_once_a_listing_is_read_page_by_page_and_killed_anywhere(api, tmp_path, by):
    filled(api)
    house = House(tmp_path, paged(api, by))
    try:
        # Between the log and the cursor, at the third page, and again; then between two pages.
        for _ in range(2):
            house.ioc.start(failpoints="pull_before_cursor=2*off->1*return->off", wait=False)
            house.ioc.wait_ended()
        house.ioc.start()
        eventually(lambda: house.metric("requests_total") >= 3)
        house.ioc.kill()
        house.ioc.start(workers=1)
        eventually(lambda: house.ask(TOTAL)[0] == (MANY, SUM) or None)
        # On from there: what is new, and what is corrected with its moment.
        house.turn()
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        api.run(INSERT, ("25459", "2026-10", "ho_so", 1000, now))
        api.run(f"UPDATE bao_cao SET gia_tri = 7, cap_nhat = '{now}' WHERE chi_tieu = 'muc_1'")
        house.shows(_459=1000)
        eventually(lambda: house.known("muc_1") == {"25522": 7} or None)
        assert house.changes() == (1, MANY + 2), "nothing twice"
        pull = house.pull()
        assert pull["failing"] is None and pull["passed"] and pull["place"].startswith("2026-")
        assert ("unverified" in pull["limits"]) == (by == "cursor")
    finally:
        house.ioc.stop()


@pytest.mark.parametrize("by", ["page", "offset"])
def test_once_a_listing_that_changes_while_it_is_read_is_read_again(api, tmp_path, by):
    filled(api)
    # A record of a page that was read is removed, and all behind it move by one: twice.
    wait = "SELECT 1"
    api.churn(wait, wait, wait, "DELETE FROM bao_cao WHERE chi_tieu = 'muc_3'", wait, wait, wait, "DELETE FROM bao_cao WHERE chi_tieu = 'muc_4'")
    house = House(tmp_path, paged(api, by))
    try:
        house.ioc.start()
        eventually(lambda: house.metric("passed_at") > 0)
        assert house.metric("changed_total") >= 1
        # All of those are there that were there all the time: none was skipped.
        there = f"SELECT uniqExact(indicator) FROM report_cell WHERE place_code = '25522' AND indicator NOT IN ('muc_3', 'muc_4')"
        eventually(lambda: house.ask(there)[0][0] == MANY - 2)
        assert house.changes()[0] == 0
        assert house.metric("unsettled_total") == 0
    finally:
        house.ioc.stop()


def test_what_is_removed_is_found_when_whole_periods_are_compared(api, tmp_path):
    api.start()
    rows = [(place, "2026-10", "ho_so", value, MOMENT.format(0, n)) for n, (place, value) in enumerate((("25459", 1000), ("25480", 400), ("25486", 200)))]
    api.run(INSERT, *rows)
    # October 2026 is compared for as long as it is among the last ten years' months.
    compare = f'compare = {{ every = "2s", period = "month", back = 120, url = "{api.url}/offset/?ky={{period}}&offset={{offset}}&limit={{limit}}" }}\n'
    house = House(tmp_path, paged(api, "offset", compare.replace("120", str(months_since_october()))))
    try:
        house.ioc.start()
        house.shows(_459=1000, _480=400, _486=200)
        eventually(lambda: (house.pull()["compared"] or {}).get("periods", 0) >= 1)
        # Without its moment: only the comparison tells.
        api.run("UPDATE bao_cao SET gia_tri = 820 WHERE ma_xa = '25459'")
        house.shows(_459=820, _480=400, _486=200)
        api.run("DELETE FROM bao_cao WHERE ma_xa = '25486'")
        # It is told that it is gone there, and not taken away in silence: the form says that what is known stays.
        eventually(lambda: house.ask("SELECT count() FROM receipt_current WHERE kept > 0")[0][0] > 0)
        assert house.known() == {"25459": 820, "25480": 400, "25486": 200}
        assert "not_compared" not in house.pull()["limits"]
    finally:
        house.ioc.stop()


def months_since_october():
    """As many as reach back to October 2026 from today, in the province's time, and one: this month may end meanwhile."""
    now = time.gmtime(time.time() + 7 * 3600)
    return (now.tm_year - 2026) * 12 + now.tm_mon - 10 + 2


def test_an_answer_that_has_not_changed_is_not_sent_again(api, tmp_path):
    api.start()
    api.run(INSERT, ("25459", "2026-10", "ho_so", 1000, None))
    house = House(tmp_path, f'url = "{api.url}/whole.csv"\n')
    try:
        house.ioc.start()
        house.shows(_459=1000)
        eventually(lambda: house.metric("unchanged_total") >= 2)
        assert house.metric("rows_total") == 1
        # The next process knows it, too.
        house.ioc.kill()
        house.ioc.start()
        eventually(lambda: house.metric("unchanged_total") >= 1)
        assert house.metric("rows_total") == 0
        api.run("UPDATE bao_cao SET gia_tri = 900")
        house.shows(_459=900)
        assert house.pull()["limits"] == []
    finally:
        house.ioc.stop()


def test_a_server_that_wants_to_be_left_alone_is_and_all_of_it_is_read(tmp_path):
    api = AgencyApi(tmp_path / "agency", free_port(), throttle="2/s")
    filled(api)
    house = House(tmp_path, paged(api, "offset"))
    try:
        house.ioc.start()
        eventually(lambda: house.ask(TOTAL)[0] == (MANY, SUM) or None, seconds=150)
        assert house.metric("throttled_total") >= 1
        assert house.changes() == (0, MANY)
    finally:
        house.ioc.stop()
        api.stop()


def test_a_token_that_is_withdrawn_is_fetched_again_and_a_refusal_is_told_and_tried_on(api, tmp_path):
    api.start()
    api.run(INSERT, ("25459", "2026-10", "ho_so", 1000, MOMENT.format(0, 1)))
    house = House(tmp_path, paged(api, "page"))
    try:
        house.ioc.start()
        house.shows(_459=1000)
        assert house.metric("tokens_total") == 1, "a token is kept"
        api.run("DELETE FROM oauth2_provider_accesstoken")
        eventually(lambda: house.metric("tokens_total") == 2)
        house.turn()
        assert house.metric("refused") == 0
        # The client may not read any more.
        house.ioc.stop()
        house.login(f'client_id = "{CLIENT}"\nclient_secret = "wrong-s3cret"\n')
        house.ioc.start()
        eventually(lambda: house.metric("refused") == 1)
        failing = house.pull()["failing"]
        assert failing["fault"] and "invalid_client" in failing["error"]["en"] and "từ chối" in failing["error"]["vi"]
        # It goes on by itself as soon as it may: nothing was skipped meanwhile.
        house.ioc.stop()
        house.login(f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n')
        api.run(INSERT, ("25480", "2026-10", "ho_so", 400, time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())))
        house.ioc.start()
        house.shows(_459=1000, _480=400)
    finally:
        house.ioc.stop()


def test_a_server_is_known_by_its_ca_and_no_secret_is_told(tmp_path):
    authority = Authority(tmp_path)
    key, certificate = authority.certify("server", "/CN=Test interface", "IP:127.0.0.1")
    api = AgencyApi(tmp_path / "agency", free_port(), certificate=str(certificate), key=str(key))
    api.start()
    api.run(INSERT, ("25459", "2026-10", "ho_so", 1000, MOMENT.format(0, 1)))
    other = tmp_path / "other"
    other.mkdir()
    secrets = 'keys = { apikey = "k3y-secret" }\nheaders = { X-Key = "h3ader-secret" }\n'
    login = f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n{secrets}'
    house = House(tmp_path, paged(api, "cursor"))
    try:
        house.login(f'{login}ca = "{Authority(other).certificate}"\n')
        house.ioc.start()
        eventually(lambda: house.metric("away") == 1)
        assert api.requests() == [] or all("apikey" not in request["path"] for request in api.requests())
        house.ioc.stop()
        house.login(f'{login}ca = "{authority.certificate}"\n')
        house.ioc.start()
        house.shows(_459=1000)
        asked = [request for request in api.requests() if request["path"].startswith("/cursor/")]
        assert asked and all("apikey=k3y-secret" in request["path"] and request["X-Key"] == "h3ader-secret" for request in asked)
        told = house.ioc.log() + house.ioc.get("/metrics").decode() + house.ioc.get("/api/pulls").decode()
        told += "".join(file.read_text() for file in (house.ioc.data / "cursors").iterdir())
        told += str(house.ask("SELECT * FROM report_value"))
        for secret in ("k3y-secret", "h3ader-secret", SECRET):
            assert secret not in told
    finally:
        house.ioc.stop()
        api.stop()


@contextlib.contextmanager
def bystander():
    """A port of another program, and how often somebody came there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)

        def visits():
            count = 0
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    count += 1
            return count

        yield f"http://127.0.0.1:{listener.getsockname()[1]}", visits


def reading_at(api, path, more):
    auth = f'auth = {{ kind = "oauth2", token_url = "{api.url}/o/token/", scope = "doc" }}\n'
    return f'url = "{api.url}/{path}"\n{RECORDS}{auth}{more}'


def test_safe_a_redirect_within_the_host_is_followed_and_its_keys_with_it(tmp_path):
    api = AgencyApi(tmp_path / "agency", free_port(), apikey="k3y-secret").start()
    api.run(INSERT, ("25459", "2026-10", "ho_so", 1000, MOMENT.format(0, 1)))
    paging = 'paging = { kind = "page", size = 20, total = "/count" }\n'
    house = House(tmp_path, reading_at(api, "moved/?page={page}&n={limit}", paging), 'keys = { apikey = "k3y-secret" }\n')
    try:
        house.ioc.start()
        house.shows(_459=1000)
        assert house.metric("refused") == 0
        assert "k3y-secret" not in house.ioc.log() + house.ioc.get("/api/pulls").decode() + str(house.ask("SELECT * FROM report_value"))
    finally:
        house.ioc.stop()
        api.stop()


@pytest.mark.parametrize("path", ["away/", "led/"])
def test_safe_nobody_is_asked_where_a_redirect_or_a_link_leads_to_another_port(tmp_path, path):
    with bystander() as (other, visits):
        api = AgencyApi(tmp_path / "agency", free_port(), other=other).start()
        house = House(tmp_path, reading_at(api, path, 'paging = { kind = "link", at = "/next" }\n'))
        try:
            house.ioc.start()
            failing = eventually(lambda: house.pull()["failing"])
            assert failing["fault"] and "another place" in failing["error"]["en"] and "nơi khác" in failing["error"]["vi"]
            assert house.metric("refused") == 1
            eventually(lambda: len([request for request in api.requests() if request["path"].startswith(f"/{path}")]) >= 2)
            assert visits() == 0
        finally:
            house.ioc.stop()
            api.stop()
