//! What a cell can say, and how programs say it.

use jiff::civil::date;

use super::{
    cell, content,
    made::{Made, SHEET},
    number, read, read_one, refused, text,
};
use crate::grid::{Content, Formula, NumberFormat};

fn row(cells: &str) -> Made {
    Made::of_sheet(&format!("<sheetData><row r=\"1\">{cells}</row></sheetData>"))
}

#[test]
fn pieces_of_a_text_are_one_and_what_reads_it_out_is_left_out() {
    let strings = "<si><t>Xã </t></si>\
        <si><r><t xml:space=\"preserve\">Xã </t></r><r><rPr><b/></rPr><t>Tân Biên</t></r>\
            <rPh sb=\"0\" eb=\"1\"><t>đọc</t></rPh><phoneticPr/></si>\
        <si><t xml:space=\"preserve\"> thụt </t></si>\
        <si><t>một&#10;hai &lt; &#x1EA1; &amp;amp;<![CDATA[<3>]]></t></si>\
        <si/>";
    let cells = (0..5).map(|place| format!("<c t=\"s\"><v>{place}</v></c>")).collect::<String>();
    let sheet = read_one(&row(&cells).with_strings(strings).bytes());
    let seen: Vec<Content> = ["A1", "B1", "C1", "D1", "E1"].map(|name| content(&sheet, name)).into();
    assert_eq!(
        seen,
        [text("Xã"), text("Xã Tân Biên"), text(" thụt "), text("một\nhai < ạ &amp;<3>"), Content::Blank]
    );
}

#[test]
fn cells_and_rows_that_do_not_say_where_they_are_follow_one_another() {
    let sheet = "<x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c r=\"C1\"><x:v>2</x:v></x:c><x:c><x:v>3</x:v></x:c></x:row>\
        <x:row/><x:row><x:c><x:v>4</x:v></x:c></x:row><x:row r=\"9\"/><x:row><x:c><x:v>5</x:v></x:c></x:row></x:sheetData>";
    let root =
        format!("<x:worksheet xmlns:x=\"urn:x\"><x:dimension ref=\"A1:XFD1048576\"/>{sheet}</x:worksheet>");
    let sheet = read_one(&Made::of_sheet("").with(SHEET, &root).bytes());
    for (name, value) in [("A1", "1"), ("C1", "2"), ("D1", "3"), ("A3", "4"), ("A10", "5")] {
        assert_eq!(content(&sheet, name), number(value), "{name}");
    }
}

#[test]
fn every_type_of_a_cell_is_read() {
    let cells = "<c t=\"b\"><v>1</v></c><c t=\"b\"><v>0</v></c><c t=\"e\"><v>#N/A</v></c>\
        <c t=\"d\"><v>2026-11-03T07:30:00</v></c><c t=\"d\"><v>2026-11-03</v></c>\
        <c t=\"inlineStr\"><is><r><t>hai</t></r><r><t> ba</t></r></is></c><c t=\"str\"><v>năm</v></c>\
        <c t=\"n\"><v>37.799999999999997</v></c><c><v>không</v></c><c><v> </v></c>";
    let sheet = read_one(&row(cells).bytes());
    let seen: Vec<Content> = ('A'..='J').map(|column| content(&sheet, &format!("{column}1"))).collect();
    let moment = date(2026, 11, 3);
    let right = [
        Content::Truth(true),
        Content::Truth(false),
        Content::Error("#N/A".to_owned()),
        Content::Date(moment.at(7, 30, 0, 0)),
        Content::Date(moment.at(0, 0, 0, 0)),
        text("haiba"),
        text("năm"),
        number("37.8"),
        text("không"),
        Content::Blank,
    ];
    assert_eq!(seen, right);
}

#[test]
fn formats_and_the_epoch_of_the_file_decide_what_numbers_are() {
    let styles = "<numFmts count=\"3\"><numFmt numFmtId=\"164\" formatCode=\"#,##0,\"/>\
        <numFmt numFmtId=\"165\" formatCode=\"[h]:mm\"/><numFmt numFmtId=\"166\" formatCode=\"0%;dd/mm/yyyy\"/></numFmts>\
        <fonts count=\"2\"><font><name val=\"Arial\"/><b val=\"0\"/></font><font><b/></font></fonts>\
        <cellStyleXfs><xf numFmtId=\"9\"/></cellStyleXfs>\
        <cellXfs count=\"6\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/><xf numFmtId=\"165\"/>\
        <xf numFmtId=\"166\"/><xf numFmtId=\"49\" fontId=\"1\"><alignment indent=\"2\"/></xf></cellXfs>\
        <dxfs><dxf><font><name val=\".VnTime\"/></font><numFmt numFmtId=\"164\" formatCode=\"0%\"/></dxf></dxfs>";
    let cells = "<c s=\"1\"><v>46113</v></c><c s=\"1\"><v>60</v></c><c s=\"2\"><v>1500000</v></c><c s=\"3\"><v>1.5</v></c>\
        <c s=\"4\"><v>0.5</v></c><c s=\"4\"><v>-1</v></c><c s=\"5\"><v>1</v></c>";
    let made = row(cells).with_styles(styles);
    let seen = |made: &Made| -> Vec<(Content, NumberFormat)> {
        let sheet = read_one(&made.bytes());
        assert_eq!(
            (cell(&sheet, "G1").indent, cell(&sheet, "G1").bold, cell(&sheet, "A1").bold),
            (2, true, false)
        );
        ('A'..='G')
            .map(|column| cell(&sheet, &format!("{column}1")))
            .map(|cell| (cell.content, cell.format))
            .collect()
    };
    let day = |year, month, day| Content::Date(date(year, month, day).at(0, 0, 0, 0));
    let right = [
        (day(2026, 4, 1), NumberFormat::Date),
        (number("60"), NumberFormat::Date),
        (number("1500000"), NumberFormat::Thousands(1)),
        (number("1.5"), NumberFormat::Date),
        (number("0.5"), NumberFormat::Percent),
        (number("-1"), NumberFormat::Date),
        (number("1"), NumberFormat::Text),
    ];
    assert_eq!(seen(&made), right);
    let sheets =
        "<workbookPr date1904=\"1\"/><sheets><sheet name=\"T10\" sheetId=\"1\" r:id=\"rId1\"/></sheets>";
    let of_1904 = seen(&made.with_workbook(sheets));
    assert_eq!(of_1904[..2], [(day(2030, 4, 2), NumberFormat::Date), (day(1904, 3, 1), NumberFormat::Date)]);
}

#[test]
fn formulas_that_are_shared_take_from_the_same_file() {
    let links = "<sheets><sheet name=\"T10\" sheetId=\"1\" r:id=\"rId1\"/></sheets>\
        <externalReferences><externalReference r:id=\"rId9\"/></externalReferences>";
    let cells = "<c><f t=\"shared\" si=\"0\" ref=\"A1:B1\">[1]T9!A1</f><v>1</v></c><c><f t=\"shared\" si=\"0\"/><v>2</v></c>\
        <c><f t=\"shared\" si=\"1\">A1+1</f><v>2</v></c><c><f t=\"shared\" si=\"1\"/><v>3</v></c>\
        <c><f t=\"array\" ref=\"E1\">SUM(A1:B1*A1:B1)</f><v>5</v></c>";
    let sheet = read_one(&row(cells).with_workbook(links).bytes());
    let formula = |name: &str| cell(&sheet, name).formula.expect("a formula");
    let from = |text: &str, file: Option<&str>| Formula {
        text: text.to_owned(),
        from_file: file.map(str::to_owned),
    };
    assert_eq!(formula("A1"), from("[1]T9!A1", Some("1")), "a link that leads nowhere has its number");
    assert_eq!(formula("B1"), from("", Some("1")));
    assert_eq!(formula("C1"), from("A1+1", None));
    assert_eq!(formula("D1"), from("", None));
    assert_eq!(formula("E1"), from("SUM(A1:B1*A1:B1)", None));
    let long = read_one(&row(&format!("<c><f>{}</f><v>1</v></c>", "1+".repeat(500))).bytes());
    assert_eq!(cell(&long, "A1").formula.map(|formula| formula.text.len()), Some(200));
}

#[test]
fn rows_and_columns_without_height_or_width_are_hidden_and_merged_cells_are_told() {
    let sheet = "<cols><col min=\"2\" max=\"3\" hidden=\"1\"/><col min=\"5\" max=\"16384\" width=\"0\"/></cols>\
        <sheetData><row r=\"1\" hidden=\"true\"><c><v>1</v></c></row><row r=\"2\" ht=\"0\"><c><v>1</v></c></row>\
        <row r=\"3\" ht=\"15.5\" hidden=\"0\"><c><v>1</v></c></row></sheetData>\
        <mergeCells count=\"2\"><mergeCell ref=\"A1:C1\"/><mergeCell ref=\"B2\"/></mergeCells>";
    let sheet = read_one(&Made::of_sheet(sheet).bytes());
    assert_eq!(sheet.rows.iter().map(|row| row.hidden).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(sheet.hidden_columns, [(1, 2), (4, 16_383)]);
    assert_eq!(sheet.merged, [((1, 0), (1, 2)), ((2, 1), (2, 1))]);
}

#[test]
fn text_in_fonts_of_the_time_before_unicode_is_read_as_it_is_seen() {
    let styles = "<fonts><font><name val=\"Arial\"/></font><font><name val=\".VnTime\"/></font>\
        <font><name val=\".VnTimeH\"/></font><font><name val=\"VNI-Times\"/></font></fonts>\
        <cellXfs><xf fontId=\"0\"/><xf fontId=\"1\"/><xf fontId=\"2\"/><xf fontId=\"3\"/></cellXfs>";
    let strings = "<si><t>S¶n xuÊt</t></si>\
        <si><r><rPr><rFont val=\".VnTime\"/></rPr><t>gi¸ trÞ </t></r><r><rPr><rFont val=\"Arial\"/></rPr><t>tỷ đồng</t></r></si>\
        <si><t>Soá lieäu</t></si>";
    let cells = "<c s=\"0\" t=\"s\"><v>0</v></c><c s=\"1\" t=\"s\"><v>0</v></c><c s=\"2\" t=\"s\"><v>0</v></c>\
        <c s=\"0\" t=\"s\"><v>1</v></c><c s=\"1\" t=\"inlineStr\"><is><t>th¸ng 10</t></is></c><c s=\"3\" t=\"s\"><v>2</v></c>\
        <c s=\"3\" t=\"s\"><v>2</v></c>";
    let workbook = read(&row(cells).with_styles(styles).with_strings(strings).bytes()).expect("a workbook");
    let seen: Vec<Content> =
        ('A'..='F').map(|column| content(&workbook.sheets[0], &format!("{column}1"))).collect();
    let right = ["S¶n xuÊt", "Sản xuất", "SẢN XUẤT", "giá trịtỷ đồng", "tháng 10", "Soá lieäu"].map(text);
    assert_eq!(seen, right);
    assert_eq!(workbook.told.len(), 1, "VNI is told, once");
    assert_eq!(&*workbook.told[0].at, "T10!F1");
}

#[test]
fn sheets_without_cells_and_macros_are_told() {
    let made = row("<c><v>1</v></c>").with("xl/vbaProject.bin", "x");
    let rels = "<Relationships><Relationship Id=\"rId1\" Type=\"x/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
        <Relationship Id=\"rId4\" Type=\"x/chartsheet\" Target=\"chartsheets/sheet1.xml\"/></Relationships>";
    let sheets = "<sheets><sheet name=\"T10\" r:id=\"rId1\" state=\"veryHidden\"/><sheet name=\"Biểu đồ\" r:id=\"rId4\"/></sheets>";
    let workbook =
        read(&made.with("xl/_rels/workbook.xml.rels", rels).with_workbook(sheets).bytes()).expect("one");
    assert_eq!(workbook.sheets.len(), 1);
    assert!(workbook.sheets[0].hidden);
    let told: Vec<&str> = workbook.told.iter().map(|finding| &*finding.message.en).collect();
    assert!(told[0].contains("macros"), "{told:?}");
    assert!(told[1].contains("“Biểu đồ”"), "{told:?}");
}

#[test]
fn what_contradicts_itself_is_refused_with_its_place() {
    let rows = |rows: &str| Made::of_sheet(&format!("<sheetData>{rows}</sheetData>"));
    for (made, at) in [
        (rows("<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"A1\"><v>2</v></c></row>"), "T10!A1"),
        (rows("<row r=\"1\"><c><v>1</v></c></row><row r=\"1\"><c><v>2</v></c></row>"), "T10!1"),
        (rows("<row r=\"5\"><c r=\"D6\"><v>1</v></c></row>"), "T10!D6"),
        (rows("<row r=\"1048577\"/>"), "T10!1048577"),
        (rows("<row r=\"0\"/>"), "T10!0"),
        (rows("<row r=\"1\"><c r=\"XFE1\"/></row>"), "T10!XFE1"),
        (rows("<row><c r=\"XFD1\"/><c/></row>"), "T10!XFE1"),
        (rows("<row><c t=\"s\"><v>0</v></c></row>"), "T10!A1"),
        (rows("<row><c t=\"s\"><v>-1</v></c></row>"), "T10!A1"),
        (rows("<row><c s=\"7\"><v>0</v></c></row>"), "T10!A1"),
        (rows("<row><c t=\"z\"><v>0</v></c></row>"), "T10!A1"),
        (Made::of_sheet("<mergeCells><mergeCell ref=\"C1:A1\"/></mergeCells>"), "T10!C1:A1"),
    ] {
        assert_eq!(&*refused(&made.bytes()).at, at);
    }
}

#[test]
fn rows_and_cells_in_another_order_are_the_same_sheet() {
    let sheet = read_one(
        &Made::of_sheet("<sheetData><row r=\"2\"><c r=\"B2\"><v>4</v></c><c r=\"A2\"><v>3</v></c></row><row r=\"1\"><c><v>1</v></c></row></sheetData>")
            .bytes(),
    );
    let places: Vec<(u32, u32)> =
        sheet.rows.iter().flat_map(|row| row.cells.iter().map(|(column, _)| (row.number, *column))).collect();
    assert_eq!(places, [(1, 0), (2, 0), (2, 1)]);
}
