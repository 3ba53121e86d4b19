"""What tells of persons never reaches the disk but reduced.

Names, numbers of identity cards and telephones, and addresses are planted in everything that a sender of case lists may
send, by every way in, good, refused, unreadable and astray, with the process killed at the append. Then every file of the
data folder, every column of the archive, every table of ClickHouse and all that the process logged is searched for them,
in the encodings that they may have come in. The same search, where the feeds are not marked, finds them.
"""

import base64
import io
import json
import pathlib
import re
import shutil
import time
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
import zipfile

import duckdb
import openpyxl
import pytest
from ioc import ROOT, Ioc, eventually
from peers import mosquitto_pub

CASES = ROOT / "decode" / "cases"
FORM = """
[case-list]
name = { vi = "Danh sách ca bệnh", en = "Cases" }
period = "month"
owner = "place"
places = { kinds = ["commune", "ward"], below = ["80"] }
columns = [
    { id = "case", role = "id", name = { vi = "Mã ca", en = "Case" } },
    { id = "place", role = "place", name = { vi = "Mã xã", en = "Code" }, required = true },
    { id = "person", role = "ignored", name = { vi = "Họ và tên", en = "Name" } },
    { id = "sex", role = "dimension", name = { vi = "Giới", en = "Sex" }, members = [
        { id = "f", name = { vi = "Nữ", en = "Female" } }, { id = "m", name = { vi = "Nam", en = "Male" } } ] },
    { id = "ill", role = "date", name = { vi = "Ngày mắc", en = "Fell ill" }, required = true },
    { id = "remark", role = "note", name = { vi = "Ghi chú", en = "Note" } },
]
[case-list.indicators.cases]
name = { vi = "Số ca", en = "Cases" }
unit = "ca"
counts = { rows = true }
"""


def feed(name, transport, personal, format="table", form="case-list"):
    return f"""
[{name}]
name = {{ vi = "Ca bệnh", en = "Cases" }}
owner = {{ vi = "Sở Y tế", en = "Health" }}
transport = {transport}
format = "{format}"
forms = ["{form}"]
personal = {json.dumps(personal)}
silent_after = "3660d"
[{name}.contract]
max_bytes = 65536
"""


# What the bytes of TCVN3 from 0x80 on show, as the decoder has them.
ROWS = (ROOT / "decode/src/format/table/workbook/tcvn3.rs").read_text().split("[&str; 8] = [")[1].split("];")[0]
LETTERS = re.sub(r"\\u\{(\w+)\}", lambda code: chr(int(code[1], 16)), "".join(re.findall('"(.*)"', ROWS)))
assert len(LETTERS) == 128


def tcvn3(text):
    return bytes(ord(letter) if ord(letter) < 128 else 128 + LETTERS.index(letter) for letter in text)


class Person:
    """Somebody who is planted once, so that what is found says where it was planted."""

    everybody = []

    def __init__(self, where):
        self.where, number = where, len(Person.everybody)
        self.name = f"Lê Thị Bích Ngần {chr(ord('A') + number // 26)}{chr(ord('A') + number % 26)}quyx"
        self.card = f"07219600{number:04}"
        self.telephone = f"09037714{number:02}"
        self.address = f"tổ 7, ấp Thạnh Lợi {number:02}zkw"
        Person.everybody.append(self)

    def patterns(self):
        """Every way in which a part of what is planted may lie somewhere."""
        for text in (self.name, self.card, self.telephone, self.address):
            for form in ("NFC", "NFD"):
                written = unicodedata.normalize(form, text)
                plain = written.encode()
                yield from (plain, written.lower().encode(), written.encode("utf-16-le"), written.encode("utf-16-be"))
                yield urllib.parse.quote(written).encode()
                yield json.dumps(written).strip('"').encode()
                yield json.dumps(written).strip('"').upper().encode()
                for shift in range(3):
                    # Whole groups of three bytes, wherever the text begins within them.
                    whole = plain[shift : shift + (len(plain) - shift) // 3 * 3]
                    yield base64.b64encode(whole)
            yield tcvn3(unicodedata.normalize("NFC", text))
        # Its own words, however the rest is spelled.
        yield self.name.split()[-1].encode()
        yield self.address.split()[-1].encode()


def row(person, place="25486", sex="Nữ", ill="5/10/2025", case="{card}"):
    case = case.format(card=person.card)
    return [case, place, person.name, sex, ill, person.address, person.telephone]


HEAD = ["Mã ca", "Mã xã", "Họ và tên", "Giới", "Ngày mắc", "Ghi chú", "Điện thoại"]


def table(person, *rows):
    """Title, who made it, header, rows: as CSV."""
    title = [f"Danh sách ca bệnh tháng 10/2025, người lập: {person.name}", f"Đơn vị: xã Tân Biên (25486)"]
    return "\n".join(";".join(line) for line in [title, HEAD, *rows]) + "\n"


def workbook(person, *rows, head=HEAD):
    book = openpyxl.Workbook()
    book.properties.creator = person.name
    sheet = book.active
    sheet.title = person.card
    sheet.append([f"Danh sách ca bệnh tháng 10/2025, {person.name}", "Đơn vị: xã Tân Biên (25486)"])
    for line in [head, *rows]:
        sheet.append(line)
    sheet["A2"].comment = openpyxl.comments.Comment(person.address, person.name)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def stored(packed):
    """The same archive, not packed: what is in it is seen though it cannot be opened."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive, zipfile.ZipFile(kept, "w") as plain:
        for name in archive.namelist():
            plain.writestr(name, archive.read(name))
    return kept.getvalue()


def values(person, **more):
    """A data value set in which somebody is named wherever a program may name them."""
    value = {"dataElement": "deVisits001", "value": "12", "storedBy": person.name, "comment": person.address}
    strange = {"dataElement": person.card, "value": person.name, "orgUnit": "25486"}
    message = {"dataSet": "dsMonthlyA1", "period": "202510", "orgUnit": "25486", "dataValues": [value, strange]}
    return json.dumps(message | {"patient": {"phone": person.telephone}} | more)


class House:
    def __init__(self, folder, personal):
        Person.everybody = []
        pack = folder / "pack"
        shutil.copytree(CASES / "pack", pack)
        with open(pack / "forms.toml", "a") as forms:
            forms.write(FORM)
        with open(pack / "feeds.toml", "a") as feeds:
            feeds.write(feed("cases", '{ kind = "http" }', personal))
            feeds.write(feed("case-files", '{ kind = "files", folder = "cases" }', personal))
            feeds.write(feed("values", '{ kind = "http" }', personal, "dhis2", "yt-thang"))
            mqtt = '{ kind = "mqtt", topics = ["values/+"] }'
            feeds.write(feed("values-mqtt", mqtt, personal, "dhis2", "yt-thang"))
        self.ioc = Ioc(folder, pack=pack, IOC_ARCHIVE_EVERY="500ms", IOC_ARCHIVE_MAX_BYTES="40000", RUST_LOG="debug")
        of = ["cases", "values", "values-mqtt"]
        self.password, self.token = self.ioc.add_sender("station", *of)
        # Of its own: what goes astray of who may send to a feed of FHIR is never kept.
        _, self.hospital = self.ioc.add_sender("hospital", "measures")
        self.stranger, _ = self.ioc.add_sender("stranger", "air")
        self.inbox = self.ioc.data / "inbox"
        self.ioc.start()

    def push(self, feed, body, token=None, **headers):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ioc.push}/ingest/{feed}",
            data=body if isinstance(body, bytes) else body.encode(),
            headers={"Authorization": f"Bearer {token or self.token}"} | headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def drop(self, path, body):
        """A file of the inbox, until it is taken."""
        path = self.inbox / path
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.tmp")
        unfinished.write_bytes(body if isinstance(body, bytes) else body.encode())
        unfinished.rename(path)
        eventually(lambda: not path.exists())

    def everything(self):
        """All that lies anywhere: where, and the bytes."""
        self.ioc.wait_drained()
        database = self.ioc.analyst(user="ioc")
        tables = database.query("SELECT database, name, engine FROM system.tables").result_rows
        for of, name, engine in tables:
            # A view has no rows of its own, and of the system's tables the logs alone hold what was asked and said.
            if engine == "View" or (of.lower() in ("system", "information_schema") and not name.endswith("_log")):
                continue
            rows = database.raw_query(f"SELECT * FROM `{of}`.`{name}` FORMAT JSONEachRow")
            yield f"{of}.{name}", rows
        for path in sorted(self.ioc.data.rglob("*")):
            if not path.is_file() or path.is_symlink():
                continue
            # Segments of logs are as long as they may grow: behind what is written they are zeros.
            held = path.read_bytes().rstrip(b"\0")
            yield str(path.relative_to(self.ioc.data)), held
            yield f"the name of {path.parent.relative_to(self.ioc.data)}/…", path.name.encode()
            if path.suffix == ".parquet":
                for position, cells in enumerate(duckdb.sql(f"SELECT * FROM '{path}'").fetchall()):
                    for cell in cells:
                        cell = cell if isinstance(cell, bytes) else str(cell).encode()
                        yield f"{path.name}, row {position}", cell
                        if cell.startswith(b"PK"):
                            yield from unpacked(path, cell)
        yield "the process's log", self.ioc.log_file.read_bytes()

    def found(self):
        """Who was found, and where."""
        all_bytes = list(self.everything())
        found = {}
        for person in Person.everybody:
            for pattern in set(person.patterns()):
                for where, held in all_bytes:
                    if pattern in held:
                        found.setdefault(person.where, set()).add((where, pattern))
        return found


def unpacked(path, cell):
    try:
        with zipfile.ZipFile(io.BytesIO(cell)) as archive:
            for name in archive.namelist():
                yield f"{path.name}, {name}", archive.read(name)
    except zipfile.BadZipFile:
        return


def story(house):
    """All that somebody may send; what was answered."""
    person = Person
    answers = []
    ask = lambda *what, **headers: answers.append(house.push(*what, **headers))

    one = person("a workbook that is taken")
    status, taken = house.push("cases", workbook(one, row(one), row(one, sex="Nam", case="2")))
    assert (status, taken["verdict"], taken["stored"]) == (200, "accepted", 2), taken
    answers.append((status, taken))

    wrong = person("a refused workbook")
    bad = row(wrong, place=wrong.address, sex=wrong.name, ill=wrong.telephone)
    status, refused = house.push("cases", workbook(wrong, bad))
    assert status == 422, refused
    answers.append((status, refused))

    ask("cases", table(who := person("a CSV with a name in each column"), [who.name] * 7, [who.card] * 7))
    who = person("a CSV in TCVN3")
    ask("cases", tcvn3(unicodedata.normalize("NFC", table(who, row(who)))))
    who = person("a CSV in UTF-16")
    ask("cases", table(who, row(who)).encode("utf-16"))
    who = person("a CSV, decomposed")
    ask("cases", unicodedata.normalize("NFD", table(who, row(who))))
    who = person("an unreadable body")
    ask("cases", f"{who.name}\0{who.card}\0{who.telephone}\0{who.address}")
    who = person("a broken archive")
    ask("cases", stored(workbook(who, row(who)))[:-100])
    who = person("a quote that is not closed")
    ask("cases", f'"{who.name};{who.card};{who.address}\n')
    who = person("a workbook of another form")
    ask("cases", workbook(who, row(who), head=[who.name, who.card, "x", "y"]))
    who = person("a body over the limit")
    status, problem = house.push("cases", table(who, *[row(who)] * 900))
    assert status == 413, problem
    who = person("what a sender calls its request, and its media type")
    kind = {"Idempotency-Key": who.card, "Content-Type": f"text/csv; name={who.telephone}"}
    ask("cases", table(who, row(who)), **kind)
    who = person("an unknown feed")
    ask(urllib.parse.quote(f"cases-{who.card}"), table(who, row(who)))
    ask("values", values(person("a data value set")))
    ask("values", values(person("a data value set in error"), dataSet="dsOther"))
    who = person("JSON that is none")
    ask("values", values(who).replace('"dataValues"', f'"dataValues": "{who.name}", '))
    who = person("a place, a period, a combination of values that are none")
    ask("values", values(who, orgUnit=who.card, period=who.telephone, attributeOptionCombo=who.name))

    who = person("a report of one patient in FHIR")
    subject = {"reference": f"Patient/{who.card}", "display": who.name}
    group = [{"code": {"text": who.address}, "population": [{"code": {"text": who.telephone}, "count": 1}]}]
    report = {"resourceType": "MeasureReport", "status": "complete", "type": "individual", "subject": subject}
    report |= {"measure": "https://fhir.example/Measure/monthly-health", "group": group}
    ask("measures", json.dumps(report), token=house.hospital)

    who = person("a file of the inbox")
    house.drop(f"cases/{who.name} {who.card} 2025-10.csv", table(who, row(who)))
    who = person("a refused file in a folder of its own")
    house.drop(f"cases/{who.telephone}/x.xlsx", workbook(who, [who.name] * 7))
    who = person("an empty file")
    house.drop(f"cases/{who.name}.csv", "")
    who = person("a file of the inbox over the limit")
    house.drop(f"cases/{who.card}.csv", table(who, *[row(who)] * 900))
    who = person("a file in the wrong folder")
    house.drop(f"elsewhere/{who.name}.csv", table(who, row(who)))

    publish = lambda user, password, topic, body: mosquitto_pub(house.ioc, user, password, topic, body, version="mqttv5")
    who = person("a publish")
    assert publish("station", house.password, f"values/{who.card}", values(who)).returncode == 0
    who = person("a publish to a topic of nobody")
    done = publish("station", house.password, f"value/{who.card}", values(who))
    assert done.returncode == 0, done
    who = person("a publish of somebody who may not")
    publish("stranger", house.stranger, f"values/{who.card}", values(who))
    house.ioc.wait_drained()

    # Killed when the file's envelope is durable and the file is still there, then at the append itself.
    for point, where in (("files_before_move", "a file, killed before it goes"), ("bus_before_fsync", "killed at the append")):
        who = person(where)
        house.ioc.stop()
        house.ioc.start(failpoints=f"{point}=1*return", wait=False)
        path = house.inbox / "cases" / f"{point}.csv"
        path.with_name(f".{point}.tmp").write_text(table(who, row(who)))
        path.with_name(f".{point}.tmp").rename(path)
        ended = time.monotonic() + 60
        while house.ioc.process.poll() is None and time.monotonic() < ended:
            time.sleep(0.1)
        assert house.ioc.process.poll() is not None, point
        house.ioc.start()
        eventually(lambda: not path.exists())
    house.ioc.wait_drained()
    return answers


def archived(house):
    """Until all that came lies in the archive, too."""
    eventually(lambda: list((house.ioc.data / "archive").rglob("*.parquet")))
    time.sleep(3)


def test_personal_nothing_that_was_planted_is_found_anywhere(tmp_path):
    house = House(tmp_path, personal=True)
    try:
        answers = story(house)
        archived(house)
        found = house.found()
        assert found == {}, {where: sorted(places)[:4] for where, places in found.items()}
        for status, answer in answers:
            told = json.dumps(answer, ensure_ascii=False)
            if status in (200, 422):
                for person in Person.everybody:
                    assert person.name not in told and person.card not in told and person.address not in told, answer
        # What may be known is known: the cases are counted, once, and a file sent again is a duplicate.
        values = json.loads(house.ioc.get("/api/reports/values?form=case-list&period=2025-10"))
        assert {cell["place"] for cell in values["cells"]} == {"25486"}
        receipts = json.loads(house.ioc.get("/api/reports/receipts?limit=500"))["receipts"]
        verdicts = [receipt["verdict"] for receipt in receipts]
        assert verdicts.count("duplicate") >= 1, "the file that was read again"
        assert not list((house.inbox.parent / "done").rglob("*.csv")), "files of persons lie nowhere"
        assert (house.ioc.data / "personal.key").stat().st_mode & 0o777 == 0o600
        tried = tmp_path / "tried.csv"
        person = Person("tried")
        tried.write_text(table(person, row(person, sex=person.name)))
        told = house.ioc.run("try", "--pack", tmp_path / "pack", "--feed", "cases", str(tried), check=False)
        assert person.name not in told.stdout + told.stderr and "ký tự/characters]" in told.stdout, told
    finally:
        house.ioc.stop()


def test_personal_the_same_search_finds_all_of_it_where_feeds_are_not_marked(tmp_path):
    house = House(tmp_path, personal=False)
    try:
        story(house)
        archived(house)
        found = house.found()
        # Over the limit nothing is kept of any feed but a hash, of an unknown feed nothing; reports of FHIR are always reduced.
        beyond = {"a body over the limit", "an unknown feed", "a report of one patient in FHIR"}
        missed = {person.where for person in Person.everybody} - set(found) - beyond
        assert not missed, missed
    finally:
        house.ioc.stop()


def test_personal_a_feed_that_nothing_reduces_is_refused_by_the_check(tmp_path):
    pack = tmp_path / "pack"
    shutil.copytree(CASES / "pack", pack)
    feeds = pathlib.Path(pack / "feeds.toml")
    feeds.write_text(feeds.read_text().replace('[air]\n', '[air]\npersonal = true\n', 1))
    told = Ioc(tmp_path, pack=pack).run("check", check=False)
    assert told.returncode != 0 and "nothing reduces 'json_observation'" in told.stdout + told.stderr
