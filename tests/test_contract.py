"""What agencies are handed: the empty workbook of a form and the JSON Schema of its rows, read by libraries that this project
did not write (openpyxl, jsonschema), and sent back filled in."""

import io
import json
import re
import zipfile

import jsonschema
import openpyxl
import pytest
from ioc import ROOT
from test_try_and_check import ioc, lines

PACK = ROOT / "decode" / "cases" / "pack"
OCTOBER = "2026-10"
RECEIVED_AT = "2026-11-05T08:00:00+07:00"


def contract(*arguments):
    done = ioc("contract", *arguments, "--pack", PACK)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def workbook(path, form, *arguments):
    """The workbook of a form for October, as openpyxl has it, and its table."""
    contract(form, "--period", OCTOBER, "--output", path, *arguments)
    book = openpyxl.load_workbook(path)
    return book, book.worksheets[0]


def texts(sheet):
    return [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]


def column(sheet, heading):
    """Number of the column with that heading, and of the row of headings."""
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value == heading:
                return cell.column, cell.row
    raise AssertionError(f"no heading {heading}: {texts(sheet)}")


def report(path, feed, *, received_at=RECEIVED_AT):
    """What the filled in workbook would become: the report, its cells, what was found."""
    done = ioc("try", "--pack", PACK, "--feed", feed, "--received-at", received_at, path)
    told = lines(done)
    assert told, done.stderr.decode()
    cells = {(row["indicator"], row["place"]): row for row in told if row["kind"] == "cell"}
    return told[0], cells, [row for row in told if row["kind"] == "finding"]


def test_contract_without_a_name_lists_the_forms():
    told = contract().decode()
    assert "ktxh-x\n  Biểu KTXH-X / Form KTXH-X\n  period admin_month, owner place, 5 indicators\n" in told
    done = ioc("contract", "ktxh-z", "--pack", PACK)
    assert done.returncode == 1 and b"the pack has no form ktxh-z (it has: ages, budget," in done.stderr


def test_a_schema_is_one_and_takes_right_rows_and_no_others():
    schema = json.loads(contract("ktxh-x", "--format", "schema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid([{"code": "X05", "unit": "tỷ đồng", "value": 0.8654}, {"code": "X01", "value": None}])
    assert validator.is_valid([{"code": "X01", "unit": "hồ sơ", "value": 1204}])
    for wrong in (
        [],
        [{"code": "X09", "value": 1}],
        [{"value": 1}],
        [{"code": "X01", "value": "1204"}],
        [{"code": "X01", "value": 12.5}],
        [{"code": "X01", "value": -1}],
        [{"code": "X01", "unit": "tỷ đồng", "value": 1}],
        [{"code": "X01", "value": 1, "more": 1}],
    ):
        assert not validator.is_valid(wrong), wrong


@pytest.mark.parametrize("form", ["ages", "budget", "dvc", "firms", "hoc-sinh", "ktxh-x", "nsnn", "visits", "yt-thang"])
def test_every_schema_of_a_pack_is_one(form):
    jsonschema.Draft202012Validator.check_schema(json.loads(contract(form)))


def test_a_workbook_says_form_and_period_and_has_what_can_be_typed_and_nothing_else(tmp_path):
    book, sheet = workbook(tmp_path / "dvc.xlsx", "dvc")
    assert sheet["A1"].value == "Hồ sơ trực tuyến" and sheet["A2"].value == "Online dossiers"
    assert "Kỳ báo cáo: tháng 10/2026 (từ ngày 1/10/2026 đến ngày 31/10/2026)" in texts(sheet)
    assert [one.sheet_state for one in book.worksheets] == ["visible"] * len(book.worksheets)
    code, header = column(sheet, "Mã xã")
    received, _ = column(sheet, "Tiếp nhận (hồ sơ)")
    first = header + 1
    assert sheet.cell(header, received).protection.locked and sheet.protection.sheet
    assert sheet.cell(first, code).protection.locked and not sheet.cell(first, received).protection.locked
    assert (sheet.cell(first, code).number_format, sheet.cell(first, received).number_format) == ("@", "#,##0")
    assert isinstance(sheet.cell(first, code).value, str), "a code stays a text"
    assert sheet.freeze_panes == sheet.cell(first, 3).coordinate
    codes = [sheet.cell(row, code).value for row in range(first, sheet.max_row + 1)]
    assert {"25459", "25486"} <= set(codes) and len(codes) == len(set(codes))
    of_received = [one for one in sheet.data_validations.dataValidation if sheet.cell(first, received).coordinate in one.sqref]
    assert len(of_received) == 1 and "INT(" in of_received[0].formula1


def test_no_formula_of_an_empty_workbook_has_a_result(tmp_path):
    path = tmp_path / "budget.xlsx"
    workbook(path, "budget")
    xml = zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml").decode()
    formulas = re.findall(r'<c r="\w+"[^>]*?(?: t="(\w+)")?><f>[^<]*</f>(.*?)</c>', xml)
    assert len(formulas) == 3 and set(formulas) == {("str", "<v></v>")}


def filled_in(path, sheet, by, heading, values):
    """Writes values beside what stands in another column."""
    (label, header), (value, _) = column(sheet, by), column(sheet, heading)
    for row in range(header + 1, sheet.max_row + 1):
        if sheet.cell(row, label).value in values:
            sheet.cell(row, value).value = values[sheet.cell(row, label).value]
    sheet.parent.save(path)


def test_a_workbook_that_was_filled_in_is_taken_without_a_word(tmp_path):
    path = tmp_path / "mau.xlsx"
    _, sheet = workbook(path, "ktxh-x", "--place", "25486")
    assert "Đơn vị: Xã Tân Biên (25486)" in texts(sheet)
    filled_in(path, sheet, "Mã chỉ tiêu", "Giá trị", {"X01": 1204, "X02": 312, "X03": 87, "X04": 146, "X05": 865.4})
    head, cells, findings = report(path, "ktxh")
    assert (head["form"], head["agency"], head["period"], head["taken"]) == ("ktxh-x", "25486", OCTOBER, "whole")
    assert {indicator: row["value"] for (indicator, _), row in cells.items()} == {
        "X01": "1204", "X02": "312", "X03": "87", "X04": "146", "X05": "865.4",
    }
    assert [row for row in findings if row["weight"] != "note"] == []


def test_a_count_of_schools_goes_out_empty_and_comes_back_as_the_count_that_it_is(tmp_path):
    path, pack = tmp_path / "truong.xlsx", ROOT / "deploy" / "provinces" / "tay-ninh"
    done = ioc("contract", "schools-year", "--period", "2026-2027-R2", "--output", path, "--pack", pack)
    assert done.returncode == 0, done.stderr.decode()
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert "Kỳ báo cáo: giữa năm học 2026-2027 (từ ngày 1/12/2026 đến ngày 28/2/2027)" in texts(sheet)
    code, header = column(sheet, "Mã đơn vị")
    for heading, value in [("Số trường (trường)", 2), ("Số lớp (lớp)", 30), ("Học sinh (học sinh)", 900), ("Giáo viên (người)", 45)]:
        of, _ = column(sheet, heading)
        for row in range(header + 1, sheet.max_row + 1):
            if re.fullmatch(r"\d{5}", str(sheet.cell(row, code).value)):
                sheet.cell(row, of).value = value
    sheet.parent.save(path)
    told = lines(ioc("try", "--pack", pack, "--feed", "reports", "--received-at", "2026-12-20T08:00:00+07:00", path))
    assert (told[0]["period"], told[0]["from"], told[0]["to"], told[0]["taken"]) == ("2026-2027-R2", "2026-12-01", "2027-02-28", "whole")
    # What openpyxl does not work out is told: the totals below.
    assert {row["rule"] for row in told if row["kind"] == "finding" and row["weight"] != "note"} == {"formula"}


def test_sums_that_a_spreadsheet_worked_out_are_taken_and_those_that_nobody_did_are_no_zeros(tmp_path):
    path = tmp_path / "mau.xlsx"
    parts = {"Thu nội địa": 812.5, "Thu xuất, nhập khẩu": 104, "Thu viện trợ": 3.5}
    _, sheet = workbook(path, "budget")
    # The other sums a spreadsheet works out to nothing: none of their parts is filled in.
    for cell in (cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=")):
        cell.value = None
    filled_in(path, sheet, "Chỉ tiêu", "Thực hiện", parts | {"Tổng thu": 920})
    head, cells, findings = report(path, "budget")
    assert (head["taken"], cells["revenue", "80"]["value"]) == ("whole", "920"), findings

    _, sheet = workbook(path, "budget", "--force")
    filled_in(path, sheet, "Chỉ tiêu", "Thực hiện", parts)
    head, cells, findings = report(path, "budget")
    assert "0" not in {row.get("value") for row in cells.values()}
    assert all(row["rule"] in ("formula", "missing", "unknown_form") for row in findings), findings


def test_a_ratio_is_typed_as_a_plain_number(tmp_path):
    path = tmp_path / "mau.xlsx"
    _, sheet = workbook(path, "dvc", "--place", "25486")
    row = column(sheet, "Mã xã")[1] + 1
    for heading, value in [("Tiếp nhận (hồ sơ)", 200), ("Trực tuyến (hồ sơ)", 163), ("Tỷ lệ (%)", 81.5)]:
        cell = sheet.cell(row, column(sheet, heading)[0])
        assert "%" not in cell.number_format
        cell.value = value
    sheet.parent.save(path)
    head, cells, findings = report(path, "dvc")
    assert (head["taken"], cells["ratio", "25486"]["value"]) == ("whole", "81.5"), findings


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ktxh-x", "--period", "2026-13"], "'2026-13' is no period of form ktxh-x, which is by admin_month"),
        (["ktxh-x", "--place", "99999"], "there is no place and no agency 99999"),
        (["ktxh-x", "--agency", "so-tc"], "form ktxh-x has no indicator of agency so-tc"),
        (["ktxh-x", "--format", "xlsx"], "name the workbook by --output"),
        (["ktxh-x", "--output", "form.ods"], "the file ends neither in .xlsx nor in .json"),
    ],
)
def test_what_cannot_be_written_is_said(arguments, told):
    done = ioc("contract", *arguments, "--pack", PACK)
    assert done.returncode == 1 and told in done.stderr.decode(), done.stderr


def test_a_workbook_goes_to_standard_output_and_replaces_no_file_unasked(tmp_path):
    book = openpyxl.load_workbook(io.BytesIO(contract("budget", "--format", "xlsx", "--output", "-")))
    assert book.worksheets[0].title == "BUDGET"
    path = tmp_path / "mau.xlsx"
    path.write_bytes(b"mine")
    done = ioc("contract", "budget", "--output", path, "--pack", PACK)
    assert done.returncode == 1 and path.read_bytes() == b"mine"
