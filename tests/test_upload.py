"""The page of clerks, in Chromium, against the real binary: log in, bring a file, see what is wrong beside its cells, take
it back with marks, correct it, bring it again.

The forms are those of the tests of reports.
"""

import json
import os
import subprocess
import urllib.error
import urllib.request

import openpyxl
import pytest
from ioc import ROOT, eventually
from peers import curl, push
from test_reports import NEXT_MONTH, TAN_BIEN, House, message

WEB = ROOT / "dashboards" / "web"
HOSTILE = "<img src=x onerror=alert(1)>"
SECRET_SERVER = "http://127.0.0.1:1/x"


def browse(house, *steps):
    """Takes steps on the page, and gives back what was seen of each."""
    told = json.dumps({"url": f"http://127.0.0.1:{house.ioc.push}/", "steps": steps})
    done = subprocess.run(
        ["node", ROOT / "tests" / "clients" / "upload.mjs"],
        input=told,
        env=os.environ | {"WEB": str(WEB)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    seen = json.loads(done.stdout)
    assert seen["foreign"] == [] and seen["errors"] == [], seen
    return seen["steps"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("upload"))
    house.secret = house.commune.split(".", 1)[1]
    yield house
    house.ioc.stop()


def workbook(path, *rows, month="10/2025", place="xã Tân Biên (25486)"):
    """A workbook as a clerk saves it, with a look, widths and a formula of its own."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Biểu X"
    sheet.append([f"Biểu KTXH-X. Kỳ báo cáo: tháng {month}. Đơn vị: {place}"])
    sheet.append(["Mã chỉ tiêu", "Chỉ tiêu", "Đơn vị tính", "Giá trị"])
    for row in rows:
        sheet.append(row)
    for cell in sheet[2]:
        cell.font = openpyxl.styles.Font(bold=True, color="FF1F4E79")
    sheet.column_dimensions["B"].width = 37
    sheet["F2"] = "Của tôi"
    sheet["F3"] = "=SUM(D3:D4)"
    sheet["D3"].comment = openpyxl.comments.Comment("hỏi lại ông Bảy", "xã")
    book.save(path)
    return str(path)


def request(house, path, method="GET", body=None, **headers):
    """Status and headers of a request made without the page."""
    made = urllib.request.Request(f"http://127.0.0.1:{house.ioc.push}{path}", data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(made, timeout=30) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def test_a_clerk_sees_what_is_wrong_beside_its_cells_corrects_it_and_is_taken(house, tmp_path):
    wrong = workbook(
        tmp_path / "bao cao.xlsx",
        ("X01", "Hồ sơ tiếp nhận", "hồ sơ", "mười hai"),
        ("X02", "Hồ sơ đúng hạn", "hồ sơ", 312),
        ("X03", "Hộ nghèo", "hộ", HOSTILE),
        ("X99", f'=HYPERLINK("{SECRET_SERVER}","x")', "hộ", 1),
    )
    empty, marked_copy = tmp_path / "mau.xlsx", tmp_path / "danh-dau.xlsx"
    seen = browse(
        house,
        ["open", "/"],
        ["axe", 390, "light"],
        ["log_in", "xa-1", "not the secret at all"],
        ["log_in", "xa-1", house.secret],
        ["text", ".who span"],
        ["saved", "#template", str(empty)],
        ["axe", 1440, "dark"],
        ["send", wrong],
        ["wait", "td[data-cell]"],
        ["text", ".beside li"],
        ["axe", 1440, "light"],
        ["shot", "upload-1440"],
        ["axe", 390, "dark"],
        ["shot", "upload-390"],
        ["cookies"],
        ["evaluate", "document.cookie"],
        ["click", "#speak"],
        ["text", ".beside li, #story-title"],
        ["saved", "#marked", str(marked_copy)],
    )
    assert seen[0].endswith("/upload"), "who knows the host alone finds the page"
    for found in (seen[1], seen[6], seen[10], seen[12]):
        assert found["violations"] == [], found
        assert found["wide"] <= 0, "nothing is moved sideways but tables"
    assert "không đúng" in seen[2]["trouble"] and seen[2]["desk"] == 0
    assert seen[3]["desk"] == 1
    assert seen[4] == ["Xã Tân Biên"]
    assert openpyxl.load_workbook(empty).sheetnames[0], "the empty workbook is one"
    assert seen[7]["title"] == "Không nhận"
    marked = "\n".join(seen[8])
    assert "mười hai" in marked and HOSTILE in marked, "what stands in the cells is shown, as text"
    vietnamese, english = "\n".join(seen[9]), "\n".join(seen[17])
    assert "Biểu X!D3" in vietnamese and "Lỗi" in vietnamese
    assert "Refused" in english and "Error" in english and "Lỗi" not in english
    (cookie,) = seen[14]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and cookie["path"] == "/upload"
    assert seen[15] == "", "no script reads it"

    position = seen[7]["position"]
    status, receipt = curl(house.ioc, f"/ingest/receipt/{position}", token=house.commune)
    assert (status, receipt["verdict"], receipt["stored"]) == (200, "refused", 0), "kept and counted"

    # The clerk's own workbook, marked: corrected there and sent again it is taken, whatever else is on it.
    book = openpyxl.load_workbook(marked_copy)
    assert book.sheetnames == ["Biểu X", "Kết quả kiểm tra"]
    sheet = book["Biểu X"]
    assert [cell.fill.fgColor.rgb for cell in sheet["D"][2:5]] == ["FFFFC4BE", "00000000", "FFFFC4BE"]
    assert "mười hai" == sheet["D3"].value and "Không phải là một số" in sheet["D3"].comment.text
    assert "hỏi lại ông Bảy" in sheet["D3"].comment.text, "the clerk's own note stays"
    assert sheet["B2"].font.bold and sheet.column_dimensions["B"].width == 37
    assert sheet["F3"].value == "=SUM(D3:D4)" and sheet["B6"].value is None, "what reaches outside does not come along"
    assert sheet["D5"].value == HOSTILE
    listed = [[cell.value for cell in row] for row in book["Kết quả kiểm tra"].iter_rows()]
    assert listed[1][:3] == ["Lỗi / Error", "Biểu X!D3", "mười hai"] and len(listed) == 1 + len(receipt["findings"])
    sheet["D3"], sheet["D5"] = 12, 87
    sheet.delete_rows(6)
    right = tmp_path / "dung.xlsx"
    book.save(right)
    corrected = workbook(tmp_path / "sua.xlsx", ("X02", "Hồ sơ đúng hạn", "hồ sơ", 1130))
    seen = browse(
        house,
        ["open"],
        ["log_in", "xa-1", house.commune],
        ["send", str(right)],
        ["text", ".changes tbody tr"],
        ["send", corrected],
        ["text", ".changes tbody tr"],
        ["wait", "#former tbody tr:nth-child(3)"],
        ["text", "#former tbody .verdict"],
        ["click", f'#former tr[data-position="{position}"] button'],
        ["wait", "td[data-cell]"],
        ["click", "#log-out"],
        ["wait", "#secret"],
    )
    assert seen[2]["title"] == "Đã nhận"
    assert len(seen[3]) == 3 and "chưa có" in seen[3][0]
    (change,) = seen[5]
    assert all(part in change for part in ("Biểu X!D3", "Hồ sơ đúng hạn", "Xã Tân Biên", "312", "1.130")), change
    assert seen[7] == ["Đã nhận", "Đã nhận", "Không nhận"], "what was sent before, the newest first"
    assert house.shown()["X02"] == "1130"
    # The control room reads names, too.
    told = house.receipts(limit=1)[0]
    assert (told["form_name"]["vi"], told["agency_name"]["en"]) == ("Biểu KTXH-X", "Tan Bien")
    assert house.story(told["position"])["cells"][0]["indicator_name"]["vi"] == "Hồ sơ đúng hạn"


def test_safe_the_page_is_for_its_own_script_and_a_sender_s_own_reports(house):
    status, first = push(house.ioc, house.neighbour, message("xã Tân Lập (25489)", ("X01", "7")), "reports")
    assert status == 200, first
    log_in = json.dumps({"name": "xa-1", "secret": house.secret}).encode()
    page = {"x-ioc-page": "1", "content-type": "application/json"}
    assert request(house, "/upload/session", "POST", log_in, **{"content-type": "application/json"})[0] == 403
    assert request(house, "/upload/session", "POST", log_in, **page, Origin="http://elsewhere.example")[0] == 403
    assert request(house, "/upload/session", "POST", log_in, **page, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    status, headers = request(house, "/upload/session", "POST", log_in, **page, Origin="https://elsewhere.example")
    assert status == 403
    status, headers = request(house, "/upload/session", "POST", log_in, **page)
    assert status == 200 and "HttpOnly" in headers["Set-Cookie"] and "Secure" not in headers["Set-Cookie"]
    by_tls = page | {"Origin": "https://ioc.example", "X-Forwarded-Host": "ioc.example"}
    assert "Secure" in request(house, "/upload/session", "POST", log_in, **by_tls)[1]["Set-Cookie"]
    session = {"Cookie": headers["Set-Cookie"].split(";")[0]}
    for path in ("/upload", "/upload/assets/app.js", "/upload/reports"):
        status, headers = request(house, path, **session)
        assert status == 200
        assert "script-src 'self'" in headers["Content-Security-Policy"] and "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    body = NEXT_MONTH.encode()
    assert request(house, "/upload/feeds/reports", "POST", body, **session)[0] == 403, "a form of another site"
    assert request(house, "/upload/feeds/reports", "POST", body, **page)[0] == 401, "nobody"
    assert request(house, "/upload/feeds/push", "POST", body, **session, **page)[0] == 403, "another's feed"
    assert request(house, f"/upload/reports/{first['position']}", **session)[0] == 404, "another's report"
    assert request(house, "/upload/reports")[0] == 401
    assert request(house, "/upload/template?feed=reports&form=nothing&period=2025-10", **session)[0] == 403
    assert request(house, "/upload/template?feed=reports&form=ktxh-x&period=..%2F..%2Fx", **session)[0] == 404
    assert request(house, "/upload/assets/..%2F..%2Fmod.rs")[0] == 404
    assert request(house, "/upload/session", "DELETE", **session, **page)[0] == 204
    assert request(house, "/upload/reports", **session)[0] == 401, "logged out"


def test_who_a_session_ends_with_its_sender_s_secret(house):
    page = {"x-ioc-page": "1", "content-type": "application/json"}
    secret = house.ioc.add_sender("xa-9", "reports", subjects=["25489"])[0]
    log_in = json.dumps({"name": "xa-9", "secret": secret}).encode()

    def logged_in():
        status, headers = request(house, "/upload/session", "POST", log_in, **page)
        return status == 200 and {"Cookie": headers["Set-Cookie"].split(";")[0]}

    session = eventually(logged_in)
    assert request(house, "/upload/session", **session)[0] == 200
    house.ioc.run("sender", "remove", "xa-9")
    house.ioc.add_sender("xa-9", "reports", subjects=["25489"])
    eventually(lambda: request(house, "/upload/session", **session)[0] == 401)


def test_the_name_of_a_file_says_its_period_too(house):
    named = ("-H", "X-File-Name: KTXH-X_2025-11.csv")
    status, refused = push(house.ioc, house.commune, NEXT_MONTH, "reports", *named)
    assert status == 422 and refused["findings"][0]["rule"] == "period", refused
    seen = browse(
        house,
        ["open"],
        ["log_in", "xa-1", house.secret],
        ["drop", "KTXH-X_2025-11.csv", NEXT_MONTH],
        ["click", "#go"],
        ["wait", "#story-title"],
        ["text", ".findings li"],
    )
    assert seen[2] == ["KTXH-X_2025-11.csv"]
    assert seen[4] == ["Không nhận"]
    assert any("2025-10" in said and "2025-11" in said for said in seen[5]), seen[5]


def test_a_month_that_would_be_replaced_waits_for_the_clerk_s_word(house):
    first = message(TAN_BIEN, ("X01", "12"), ("X02", "10"), ("X03", "8"), month="9/2025")
    other = message(TAN_BIEN, ("X01", "1377"), ("X02", "1299"), ("X03", "85"), month="9/2025")
    assert push(house.ioc, house.commune, first, "reports")[0] == 200
    seen = browse(
        house,
        ["open"],
        ["log_in", "xa-1", house.secret],
        ["drop", "bao-cao.csv", other],
        ["evaluate", "document.querySelectorAll('#confirm').length"],
        ["click", "#go"],
        ["wait", "#story-title"],
        ["text", "#story-title"],
        ["drop", "bao-cao.csv", other],
        ["wait", "#confirm"],
        ["axe", 390, "light"],
        ["shot", "upload-confirm-390"],
        ["click", "#confirm"],
        ["click", "#go"],
        ["wait", ".changes tbody tr"],
        ["text", "#story-title"],
        ["drop", "bao-cao.csv", other],
        ["evaluate", "document.querySelectorAll('#confirm').length"],
    )
    assert seen[3] == 0, "nothing asks for a word before something was held"
    assert seen[6] == ["Không nhận"]
    assert seen[9]["violations"] == [], seen[9]
    assert seen[14] == ["Đã nhận"]
    assert seen[16] == 0, "a word is of one file"
    eventually(lambda: house.shown("2025-09")["X01"] == "1377")
