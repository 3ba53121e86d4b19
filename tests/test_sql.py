"""Rows that are read from an agency's database, by Debian's PostgreSQL and MariaDB (ONCE).

Two sessions write as people do: one for minutes, one meanwhile. Rows appear behind others that were read already, share
one moment by the thousand, change without their moment, are taken out. Nothing is skipped and nothing counted twice,
with the process killed in between; what a column cannot tell is found when whole periods are compared.
"""

import json
import shutil
import time

import pytest
from authority import Authority
from databases import PASSWORD, MariaDb, Postgres
from ioc import PACK, Ioc, eventually

FORM = """
[bao-cao]
name = { vi = "Báo cáo", en = "Report" }
titles = ["*"]
period = "month"
owner = "so-nv"
decimal = "."
places = { kinds = ["commune", "ward"], below = ["80"] }
"""
# Columns as the tables have them, and what each is of a report.
COLUMNS = {
    "id": "ignored",
    "ma_xa": "place",
    "ky": "period",
    "chi_tieu": "indicator",
    "gia_tri": "value",
    "cap_nhat": "ignored",
    "ngay_nhap": "ignored",
}
COLUMN = """
[[bao-cao.columns]]
id = "{0}"
role = "{1}"
name = {{ vi = "{0}", en = "{0}" }}
required = {2}
"""
FEED = """
[registers]
name = {{ vi = "Sổ của Sở Nội vụ", en = "Registers of the Department of Home Affairs" }}
owner = {{ vi = "Sở Nội vụ", en = "Department of Home Affairs" }}
format = "table"
forms = ["bao-cao"]
agency = "so-nv"
silent_after = "3660d"
[registers.transport]
kind = "sql"
url = "{url}"
query = "SELECT * FROM bao_cao"
every = "1s"
page = 1000
{reading}
[registers.contract]
max_bytes = 1048576
max_age = "3660d"
"""
BY_ID = 'by = "id"'
BY_TIME = 'by = "cap_nhat"\nkey = ["id"]\noverlap = "2s"'
COMPARED = '\ncompare = { every = "2s", period = "ky" }'
MANY = 2_500
COMMUNES = ("25459", "25480", "25486", "25489", "25498", "25510", "25516", "25522")


class House:
    def __init__(self, folder, url, reading, login="", starts=True, **settings):
        pack = folder / "pack"
        shutil.copytree(PACK, pack)
        names = ["ho_so", *(f"muc_{number}" for number in range(1, MANY + 1))]
        indicator = '[bao-cao.indicators.{0}]\nname = {{ vi = "{0}", en = "{0}" }}\nunit = "hồ sơ"\nrequired = false\n'
        is_needed = lambda role: str(role in ("place", "period", "indicator")).lower()
        columns = "".join(COLUMN.format(name, role, is_needed(role)) for name, role in COLUMNS.items())
        (pack / "forms.toml").write_text(FORM + columns + "\n".join(indicator.format(name) for name in names))
        (pack / "agencies.csv").write_text("id,name_vi,name_en,place\nso-nv,Sở Nội vụ,Home Affairs,80\n")
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(FEED.format(url=url, reading=reading))
        known = (pack / "places.csv").read_text()
        with open(pack / "places.csv", "a") as places:
            for code in COMMUNES:
                if code not in known:
                    places.write(f"{code},2025-07-01,,commune,Xã {code},Commune {code},80,,,\n")
        self.ioc = Ioc(folder, pack=pack, **settings)
        self.ioc.data.mkdir(mode=0o700)
        (self.ioc.data / "databases.toml").write_text(f'[registers]\nuser = "reader"\npassword = "{PASSWORD}"\n{login}')
        if starts:
            self.ioc.start()

    def again(self):
        self.ioc.kill()
        self.ioc.start(workers=1 + self.ioc.life_starts % 3)

    def ask(self, sql):
        return self.ioc.analyst().query(sql).result_rows

    def known(self):
        """What is known of each commune's dossiers."""
        sql = "SELECT place_code, toFloat64(value) FROM report_cell WHERE indicator = 'ho_so' AND period_start = '2026-10-01'"
        return {place: value for place, value in self.ask(sql) if value is not None}

    def shows(self, **known):
        wanted = {f"25{place.removeprefix('_')}": value for place, value in known.items()}
        eventually(lambda: self.known() == wanted or None, seconds=90)

    def metric(self, name):
        (line,) = [line for line in self.ioc.get("/metrics").decode().splitlines() if line.startswith(f"ioc_sql_{name}{{")]
        return float(line.split()[-1])

    def pull(self):
        (pull,) = json.loads(self.ioc.get("/api/pulls"))["pulls"]
        return pull

    def turn(self):
        """Two whole turns pass by."""
        asked = self.metric("asked_total")
        eventually(lambda: self.metric("asked_total") >= asked + 6)

    def changes(self):
        (counted,) = self.ask("SELECT countIf(standing = 'correction'), count() FROM report_value")[0:1]
        return counted


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    server = Postgres(tmp_path_factory.mktemp("pg"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory):
    server = MariaDb(tmp_path_factory.mktemp("my"))
    yield server
    server.stop()


INSERT = "INSERT INTO bao_cao (ma_xa, ky, chi_tieu, gia_tri) VALUES ('{}', '2026-10', 'ho_so', {})"


@pytest.mark.parametrize("reading", [BY_ID, BY_TIME], ids=["by_id", "by_time"])
def test_once_what_a_long_transaction_commits_behind_the_cursor_is_read(postgres, tmp_path, reading):
    owner, a, b, c = (postgres.connect() for _ in range(4))
    owner.execute("DROP TABLE IF EXISTS bao_cao")
    owner.execute(
        "CREATE TABLE bao_cao (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, ma_xa text NOT NULL, "
        "ky text NOT NULL, chi_tieu text NOT NULL, gia_tri numeric, cap_nhat timestamptz DEFAULT now())"
    )
    owner.execute("CREATE INDEX ON bao_cao (cap_nhat, id)")
    owner.execute(
        "INSERT INTO bao_cao (ma_xa, ky, chi_tieu, gia_tri, cap_nhat) VALUES "
        "('25459', '2026-10', 'ho_so', 1000, '2026-11-02 08:00:00.000001+07'), "
        "('25480', '2026-10', 'ho_so', 400, '2026-11-02 08:00:00.000002+07'), ('25486', '2026-10', 'ho_so', 200, NULL)"
    )
    house = House(tmp_path, postgres.url, reading)
    try:
        first = {"_459": 1000, "_480": 400, "_486": 200}
        house.shows(**first)

        # One that began long before it writes: its moment is that of its beginning, and nothing numbers it yet.
        c.autocommit = False
        c.execute("SELECT count(*) FROM bao_cao")
        # A batch that runs for long, and meanwhile an ordinary clerk.
        a.autocommit = False
        a.execute(INSERT.format("25489", 100))
        b.execute(INSERT.format("25498", 60))
        house.shows(**first, _498=60)
        house.turn()
        assert house.metric("held_back") == 1
        house.again()
        house.turn()
        # Longer than the overlap that is configured.
        time.sleep(3)
        a.execute(INSERT.format("25510", 50))
        a.commit()
        later = {"_498": 60, "_489": 100, "_510": 50}
        house.shows(**first, **later)
        house.turn()
        assert house.metric("held_back") == 1
        c.execute(INSERT.format("25516", 40))
        c.commit()
        house.shows(**first, **later, _516=40)
        eventually(lambda: house.metric("held_back") == 0)

        # 2,500 rows in one statement; behind them a repair that leaves its moment as it was, and one that does not, of rows
        # that are not among the last numbers any more.
        b.execute(
            "INSERT INTO bao_cao (ma_xa, ky, chi_tieu, gia_tri) "
            f"SELECT '25522', '2026-10', 'muc_' || n, n FROM generate_series(1, {MANY}) n"
        )
        house.ioc.kill()
        house.ioc.start()
        many = "SELECT count(), toFloat64(sum(value)) FROM report_cell WHERE place_code = '25522'"
        eventually(lambda: house.ask(many)[0] == (MANY, MANY * (MANY + 1) / 2) or None, seconds=120)
        b.execute("UPDATE bao_cao SET gia_tri = 820 WHERE ma_xa = '25459'")
        b.execute("UPDATE bao_cao SET gia_tri = 410, cap_nhat = now() WHERE ma_xa = '25480'")
        if reading == BY_TIME:
            eventually(lambda: house.known()["25480"] == 410)
        else:
            house.turn()
            assert house.known()["25480"] == 400, "no column tells of it"
        assert house.known()["25459"] == 1000, "no column tells of it"
        corrections, said = house.changes()
        assert (corrections, said) == (int(reading == BY_TIME), 7 + MANY + int(reading == BY_TIME)), "nothing twice"
    finally:
        house.ioc.stop()
        for session in (a, b, c, owner):
            session.close()


def test_what_no_column_tells_is_found_when_whole_periods_are_compared(postgres, tmp_path):
    owner = postgres.connect()
    owner.execute("DROP TABLE IF EXISTS bao_cao")
    owner.execute(
        "CREATE TABLE bao_cao (id bigint PRIMARY KEY, ma_xa text, ky text, chi_tieu text, gia_tri numeric, cap_nhat timestamptz)"
    )
    for number, (place, value) in enumerate((("25459", 1000), ("25480", 400), ("25486", 200))):
        owner.execute(f"INSERT INTO bao_cao VALUES ({number}, '{place}', '2026-10', 'ho_so', {value}, '2026-11-02 01:00:00Z')")
    house = House(tmp_path, postgres.url, BY_TIME + COMPARED)
    try:
        house.shows(_459=1000, _480=400, _486=200)
        owner.execute("UPDATE bao_cao SET gia_tri = 820 WHERE ma_xa = '25459'")
        house.shows(_459=820, _480=400, _486=200)
        # What it says now it said once before: that is no file that came twice.
        owner.execute("UPDATE bao_cao SET gia_tri = 1000 WHERE ma_xa = '25459'")
        house.shows(_459=1000, _480=400, _486=200)
        owner.execute("DELETE FROM bao_cao WHERE ma_xa = '25486'")
        # It is told that it is gone there, and not taken away in silence: the form says that what is known stays.
        gone = "SELECT count() FROM receipt_current WHERE kept > 0"
        eventually(lambda: house.ask(gone)[0][0] > 0)
        assert house.known() == {"25459": 1000, "25480": 400, "25486": 200}
        # Of another period nothing is left: that is told, and nothing is taken back.
        owner.execute("INSERT INTO bao_cao VALUES (9, '25459', '2026-09', 'ho_so', 900, '2026-10-02 01:00:00Z')")
        owner.execute("UPDATE bao_cao SET gia_tri = 999 WHERE ma_xa = '25459'")
        september = "SELECT toFloat64(value) FROM report_cell WHERE indicator = 'ho_so' AND period_start = '2026-09-01'"
        eventually(lambda: house.ask(september) == [(999,)], seconds=90)
        owner.execute("DELETE FROM bao_cao WHERE ky = '2026-09'")
        eventually(lambda: house.pull()["compared"]["gone"] == 1, seconds=90)
        assert house.ask(september) == [(999,)]
    finally:
        house.ioc.stop()
        owner.close()


def test_once_a_row_that_lived_between_two_comparisons_is_gone_behind_the_second(postgres, tmp_path):
    owner = postgres.connect()
    owner.execute("DROP TABLE IF EXISTS bao_cao")
    owner.execute(
        "CREATE TABLE bao_cao (id bigint PRIMARY KEY, ma_xa text, ky text, chi_tieu text, gia_tri numeric, cap_nhat timestamptz DEFAULT now())"
    )
    owner.execute("INSERT INTO bao_cao VALUES (1, '25459', '2026-10', 'ho_so', 1000, '2026-11-02 01:00:00Z')")
    house = House(tmp_path, postgres.url, BY_TIME + COMPARED.replace("2s", "20s"))
    try:
        house.shows(_459=1000)
        at = lambda: (house.pull()["compared"] or {}).get("at")
        first = eventually(at)
        # Just behind another one, so that the next one finds the period as it was.
        eventually(lambda: at() != first)
        owner.execute("INSERT INTO bao_cao VALUES (2, '25489', '2026-10', 'ho_so', 100)")
        house.shows(_459=1000, _489=100)
        owner.execute("DELETE FROM bao_cao WHERE id = 2")
        gone = "SELECT count() FROM receipt_current WHERE kept > 0"
        eventually(lambda: house.ask(gone)[0][0] > 0, seconds=90)
        assert house.known() == {"25459": 1000, "25489": 100}, "the form says that what is known stays"
    finally:
        house.ioc.stop()
        owner.close()


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
def test_once_a_row_of_the_future_carries_nothing_away(postgres, tmp_path, kind):
    owner = postgres.connect()
    owner.execute("DROP TABLE IF EXISTS bao_cao")
    owner.execute(
        "CREATE TABLE bao_cao (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, ma_xa text, ky text, chi_tieu text, "
        f"gia_tri numeric, cap_nhat {kind} DEFAULT now())"
    )
    owner.execute(INSERT.format("25459", 1000))
    owner.execute(INSERT.format("25480", 400))
    owner.execute("UPDATE bao_cao SET cap_nhat = '2062-11-02' WHERE ma_xa = '25459'")
    owner.execute("UPDATE bao_cao SET cap_nhat = 'infinity' WHERE ma_xa = '25480'")
    house = House(tmp_path, postgres.url, 'by = "cap_nhat"\nkey = ["id"]')
    try:
        house.shows(_459=1000, _480=400)
        assert "future" in eventually(lambda: house.pull()["limits"])
        house.turn()
        owner.execute(INSERT.format("25486", 200))
        house.shows(_459=1000, _480=400, _486=200)
        house.again()
        # The rows are mended, and behind them others come; one changes that came first.
        for place in ("25459", "25480"):
            owner.execute(f"UPDATE bao_cao SET gia_tri = gia_tri + 1, cap_nhat = now() WHERE ma_xa = '{place}'")
        house.turn()
        owner.execute(INSERT.format("25489", 100))
        owner.execute("UPDATE bao_cao SET gia_tri = 1002, cap_nhat = now() WHERE ma_xa = '25459'")
        house.shows(_459=1002, _480=401, _486=200, _489=100)
        eventually(lambda: "future" not in house.pull()["limits"])
    finally:
        house.ioc.stop()
        owner.close()


def test_silent_an_account_that_may_not_see_transactions_is_said_to_be_none(postgres, mariadb, tmp_path):
    create = "CREATE TABLE bao_cao (id bigint PRIMARY KEY, ma_xa varchar(5), ky varchar(7), chi_tieu varchar(32), gia_tri numeric)"
    row = "INSERT INTO bao_cao VALUES (1, '25459', '2026-10', 'ho_so', 1000)"
    owner, clerk = postgres.connect(), postgres.connect()
    root = mariadb.connect("registers")
    for run in (owner.execute, root.cursor().execute):
        for sql in ("DROP TABLE IF EXISTS bao_cao", create, row):
            run(sql)
    owner.execute("REVOKE pg_read_all_stats FROM reader")
    root.cursor().execute("REVOKE PROCESS ON *.* FROM reader@'127.0.0.1'")
    # One that has begun and written nothing: no snapshot tells of it.
    clerk.autocommit = False
    clerk.execute("SELECT count(*) FROM bao_cao")
    try:
        for name, server in (("postgres", postgres), ("mariadb", mariadb)):
            house = House(tmp_path / name, server.url, BY_ID)
            try:
                house.shows(_459=1000)
                assert house.metric("unguarded") == 1, name
                assert "unguarded" in house.pull()["limits"], name
                assert "may not see whose transactions are open" in house.ioc.log_file.read_text()
                if name == "postgres":
                    owner.execute("GRANT pg_read_all_stats TO reader")
                    eventually(lambda: house.metric("unguarded") == 0)
                    eventually(lambda: house.metric("held_back") == 1)
            finally:
                house.ioc.stop()
    finally:
        owner.execute("GRANT pg_read_all_stats TO reader")
        root.cursor().execute("GRANT PROCESS ON *.* TO reader@'127.0.0.1'")
        for session in (owner, clerk, root):
            session.close()


@pytest.mark.parametrize("which", ["postgres", "mariadb"])
def test_once_a_table_is_read_page_by_page_and_killed_anywhere(request, tmp_path, which):
    server = request.getfixturevalue(which)
    owner = server.connect(**({} if which == "postgres" else {"database": "registers"}))
    run = owner.execute if which == "postgres" else owner.cursor().execute
    run("DROP TABLE IF EXISTS bao_cao")
    run(
        "CREATE TABLE bao_cao (id bigint PRIMARY KEY, ma_xa varchar(5), ky varchar(7), chi_tieu varchar(32), gia_tri numeric, "
        "cap_nhat timestamp)"
    )
    numbers = f"generate_series(1, {MANY}) AS n(seq)" if which == "postgres" else f"seq_1_to_{MANY}"
    # All of one moment: a page ends among them.
    run(
        f"INSERT INTO bao_cao SELECT seq, '25522', '2026-10', concat('muc_', seq), seq, '2026-11-02 01:00:00' FROM {numbers}"
    )
    house = House(tmp_path, server.url, 'by = "cap_nhat"\nkey = ["id"]' + COMPARED, starts=False)
    try:
        # Between the log and the cursor: behind the first page, behind one and the last, and twice behind the whole period
        # that is compared at each start. What is on the log is found there.
        for behind in (0, 1, 0, 0):
            house.ioc.start(failpoints=f"pull_before_cursor={behind}*off->1*return->off", wait=False)
            house.ioc.wait_ended()
        house.ioc.start()
        many = "SELECT count(), toFloat64(sum(value)) FROM report_cell WHERE place_code = '25522'"
        eventually(lambda: house.ask(many)[0] == (MANY, MANY * (MANY + 1) / 2) or None, seconds=120)
        house.turn()
        house.again()
        run("UPDATE bao_cao SET gia_tri = 0 WHERE id = 7")
        eventually(lambda: house.ask(many)[0] == (MANY, MANY * (MANY + 1) / 2 - 7) or None, seconds=120)
        assert house.changes() == (1, MANY + 1), "nothing twice"
    finally:
        house.ioc.stop()
        owner.close()


def test_bound_a_period_that_does_not_come_in_time_keeps_nothing_else_from_being_read(postgres, tmp_path):
    owner = postgres.connect()
    owner.execute("DROP TABLE IF EXISTS bao_cao")
    owner.execute("CREATE TABLE rows_of (id bigint PRIMARY KEY, ma_xa text, ky text, chi_tieu text, gia_tri numeric, cap_nhat timestamptz)")
    # Whoever asks for all of September waits for longer than anybody would.
    slow = "CASE WHEN ky = '2026-09' AND current_query() LIKE '%\"ky\" = ''2026-09''%' AND pg_sleep(8) IS NOT NULL THEN gia_tri ELSE gia_tri END"
    owner.execute(f"CREATE VIEW bao_cao AS SELECT id, ma_xa, ky, chi_tieu, {slow} AS gia_tri, cap_nhat FROM rows_of")
    owner.execute("GRANT SELECT ON bao_cao TO reader")
    insert = "INSERT INTO rows_of VALUES ({}, '{}', '{}', 'ho_so', {}, '2026-11-02 01:00:0{}Z')"
    owner.execute(insert.format(1, "25459", "2026-09", 900, 1))
    owner.execute(insert.format(2, "25459", "2026-10", 1000, 2))
    settings = {"IOC_SQL_ANSWER_WITHIN": "2s", "IOC_SQL_LONGEST_PAUSE": "1s"}
    house = House(tmp_path, postgres.url, BY_TIME + COMPARED, **settings)
    try:
        house.shows(_459=1000)
        eventually(lambda: house.metric("given_up_total") >= 1, seconds=90)
        compared = eventually(lambda: house.pull()["compared"], seconds=90)
        assert compared["given_up"] == 1 and compared["periods"] == 1, "the one behind it is compared"
        owner.execute(insert.format(3, "25480", "2026-10", 400, 3))
        house.shows(_459=1000, _480=400)
        # Without its moment: only a comparison tells.
        owner.execute("UPDATE rows_of SET gia_tri = 820 WHERE id = 2")
        house.shows(_459=820, _480=400)
    finally:
        house.ioc.stop()
        owner.execute("DROP VIEW bao_cao")
        owner.execute("DROP TABLE rows_of")
        owner.close()


@pytest.mark.parametrize(
    "reading",
    ['by = "id"', 'by = "cap_nhat"\nkey = ["id"]', 'by = "ngay_nhap"\nkey = ["id"]'],
    ids=["by_id", "by_timestamp", "by_datetime"],
)
def test_once_seconds_without_fractions_and_other_zones_lose_nothing(mariadb, tmp_path, reading):
    clerk = mariadb.connect("registers", zone="+07:00")
    other = mariadb.connect("registers", zone="+07:00")
    cursor, second = clerk.cursor(), other.cursor()
    cursor.execute("DROP TABLE IF EXISTS bao_cao")
    cursor.execute(
        "CREATE TABLE bao_cao (id BIGINT AUTO_INCREMENT PRIMARY KEY, ma_xa VARCHAR(5) NOT NULL, ky VARCHAR(7) NOT NULL, "
        "chi_tieu VARCHAR(32) NOT NULL, gia_tri DECIMAL(18,4), cap_nhat TIMESTAMP NOT NULL, ngay_nhap DATETIME(6) NOT NULL)"
    )
    insert = (
        "INSERT INTO bao_cao (ma_xa, ky, chi_tieu, gia_tri, cap_nhat, ngay_nhap) VALUES ('{}', '2026-10', 'ho_so', {}, '{}', '{}')"
    )
    moment = "2026-11-02 08:00:0"
    cursor.execute(insert.format("25459", 1000, f"{moment}5", f"{moment}5.148758"))
    cursor.execute(insert.format("25480", 400, f"{moment}5", f"{moment}5.726846"))
    house = House(tmp_path, mariadb.url, reading)
    try:
        house.shows(_459=1000, _480=400)
        cursor.execute(insert.format("25486", 200, f"{moment}5", f"{moment}5.900000"))
        cursor.execute(insert.format("25489", 100, f"{moment}6", f"{moment}6.000001"))
        house.shows(_459=1000, _480=400, _486=200, _489=100)
        # Here too a transaction takes its number, and is seen behind another one.
        other.begin()
        second.execute(insert.format("25498", 60, f"{moment}7", f"{moment}7.000000"))
        cursor.execute(insert.format("25510", 50, f"{moment}8", f"{moment}8.000000"))
        house.shows(_459=1000, _480=400, _486=200, _489=100, _510=50)
        house.turn()
        house.again()
        assert eventually(lambda: house.metric("held_back") == 1)
        other.commit()
        house.shows(_459=1000, _480=400, _486=200, _489=100, _510=50, _498=60)
        assert house.changes() == (0, 6), "nothing twice"
        assert house.metric("unguarded") == 0
    finally:
        house.ioc.stop()
        clerk.close()
        other.close()


def test_a_database_that_is_away_is_asked_again_and_nothing_is_lost(postgres, tmp_path):
    owner = postgres.connect()
    owner.execute("DROP TABLE IF EXISTS bao_cao")
    owner.execute("CREATE TABLE bao_cao (id bigint PRIMARY KEY, ma_xa text, ky text, chi_tieu text, gia_tri numeric)")
    owner.execute("INSERT INTO bao_cao VALUES (1, '25459', '2026-10', 'ho_so', 1000)")
    house = House(tmp_path, postgres.url, BY_ID)
    try:
        house.shows(_459=1000)
        owner.close()
        postgres.stop()
        eventually(lambda: house.metric("away") == 1)
        postgres.start()
        owner = postgres.connect()
        owner.execute("INSERT INTO bao_cao VALUES (2, '25480', '2026-10', 'ho_so', 400)")
        house.shows(_459=1000, _480=400)
        assert house.metric("away") == 0
    finally:
        house.ioc.stop()
        owner.close()


@pytest.mark.parametrize("which", ["postgres", "mariadb"])
def test_a_server_is_spoken_to_by_tls_and_only_if_its_ca_certifies_it(request, tmp_path, which):
    server = request.getfixturevalue(which)
    database = {} if which == "postgres" else {"database": "registers"}
    owner = server.connect(**database)
    run = owner.execute if which == "postgres" else owner.cursor().execute
    run("DROP TABLE IF EXISTS bao_cao")
    run("CREATE TABLE bao_cao (id bigint PRIMARY KEY, ma_xa varchar(5), ky varchar(7), chi_tieu varchar(32), gia_tri numeric)")
    run("INSERT INTO bao_cao VALUES (1, '25459', '2026-10', 'ho_so', 1000)")
    # Whoever may not come without it is served only if it is spoken.
    run("ALTER USER reader@'127.0.0.1' REQUIRE SSL" if which == "mariadb" else "SELECT 1")
    other = tmp_path / "other"
    other.mkdir()
    house = House(tmp_path, server.url, BY_ID, f'ca = "{Authority(other).certificate}"\n')
    try:
        eventually(lambda: house.metric("away") == 1)
        house.ioc.stop()
        (house.ioc.data / "databases.toml").write_text(
            f'[registers]\nuser = "reader"\npassword = "{PASSWORD}"\nca = "{server.ca}"\n'
        )
        house.ioc.start()
        house.shows(_459=1000)
    finally:
        house.ioc.stop()
        run("ALTER USER reader@'127.0.0.1' REQUIRE NONE" if which == "mariadb" else "SELECT 1")
        owner.close()
