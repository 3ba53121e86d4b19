//! What is read from workbooks of others (`templates.toml`), and everything that can be wrong with it (LOUD).

use rust_decimal::Decimal;

use super::*;
use crate::form::{HeadReads, LabelReads, Relative, Role, Vintage};

const TEMPLATES: &str = "\
[monthly]
name = { vi = \"Số liệu tháng\", en = \"Monthly\" }
period = \"month\"
owner = \"office\"
place = \"VN\"

[[monthly.dimensions]]
id = \"mode\"
name = { vi = \"Ngành\", en = \"Mode\" }
members = [{ id = \"rail\", name = { vi = \"Đường sắt\", en = \"Rail\" } }, { id = \"road\", name = { vi = \"Đường bộ\", en = \"Road\" } }]

[monthly.indicators]
pass = { name = { vi = \"Hành khách\", en = \"Passengers\" }, unit = \"nghìn HK\", units = { \"triệu HK\" = 1000 } }
yoy = { name = { vi = \"Cùng kỳ\", en = \"Year before\" }, unit = \"%\", additive = false }

[[monthly.templates]]
id = \"transport\"
titles = [\"*vận tải*\"]
except = [\"*các quý*\"]
unit = \"nghìn HK\"
columns = [
    { heads = [\"đơn vị*\"], unit_column = true },
    { heads = [\"*so với*\"], indicators = [\"yoy\"], unit = \"%\", add = 100 },
    { heads = [\"thực hiện tháng {pm}*\"], indicators = [\"pass\"], period = \"previous\", vintage = \"preliminary\" },
    { heads = [\"ghi chú\"], ignored = true },
]
rows = [
    { labels = [\"vận chuyển*\"], section = true, indicators = [\"pass\"], total = \"mode\", parts = [\"rail\", \"road\"], within = 0.5 },
    { labels = [\"trong đó*\"], part_of = [\"mode\", \"rail\"] },
    { dimension = \"mode\", under = [\"phân theo*\"] },
    { labels = [\"tàu hỏa\"], dimension = \"mode\", member = \"rail\", units = [\"nghìn HK\"] },
    { labels = [\"tây ninh\"], place = [\"80\"] },
    { labels = [\"cả nước\"], whole = true },
    { labels = [\"khác\"], ignored = true },
]
";

fn files() -> PackFiles {
    let mut files = valid_files();
    let places = files.get_mut("places.csv").unwrap();
    places.push_str("VN,1970-01-01,,country,Cả nước,Viet Nam,,,,\n");
    let agencies = "id,name_vi,name_en,place\noffice,Tổng cục Thống kê,Statistics Office,VN\n";
    let _ = files.insert("agencies.csv".to_owned(), agencies.to_owned());
    let _ = files.insert("templates.toml".to_owned(), TEMPLATES.to_owned());
    files
}

#[test]
fn a_template_holds_what_its_file_says() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let form = &pack.forms["monthly"];
    assert_eq!(form.about.as_deref(), Some("VN"));
    assert!(
        matches!(&form.columns[..], [column] if column.id == "mode" && matches!(column.role, Role::Dimension(_)))
    );
    let [template] = &form.templates[..] else { panic!("one template") };
    assert_eq!((template.id.as_str(), template.unit.as_deref()), ("transport", Some("nghìn HK")));
    assert_eq!(
        (&template.titles[..], &template.except[..]),
        (&["*vận tải*".to_owned()][..], &["*các quý*".to_owned()][..])
    );
    let reads: Vec<_> = template.columns.iter().map(|rule| &rule.reads).collect();
    let [HeadReads::Unit, HeadReads::Values(index), HeadReads::Values(before), HeadReads::Ignored] =
        reads[..]
    else {
        panic!("{reads:?}")
    };
    assert_eq!(
        (index.add, index.unit.as_deref(), index.period),
        (Some(Decimal::ONE_HUNDRED), Some("%"), Relative::Same)
    );
    assert_eq!((before.period, before.vintage), (Relative::Previous, Some(Vintage::Preliminary)));
    let rows: Vec<_> = template.rows.iter().map(|rule| &rule.reads).collect();
    let parts = vec!["rail".to_owned(), "road".to_owned()];
    assert_eq!(
        rows[..3],
        [
            &LabelReads::Total { dimension: "mode".to_owned(), parts, within: Decimal::new(5, 1) },
            &LabelReads::PartOf("mode".to_owned(), "rail".to_owned()),
            &LabelReads::Dimension("mode".to_owned()),
        ]
    );
    assert!(template.rows[0].section && template.rows[2].under == ["phân theo*"]);
    assert_eq!(
        rows[4..],
        [&LabelReads::Place(vec!["80".to_owned()]), &LabelReads::Whole, &LabelReads::Ignored]
    );
}

#[test]
fn every_rule_of_a_template_has_its_fault() {
    let cases = [
        ("place = \"VN\"", "place = \"XX\"", "monthly: 'place': 'XX' is not the code of a place"),
        ("place = \"VN\"\n", "", "'place' is missing"),
        ("id = \"mode\"", "id = \"Mode\"", "monthly: dimension 'Mode': an identifier"),
        ("id = \"transport\"", "id = \"Trans port\"", "monthly: template 'Trans port': an identifier"),
        ("titles = [\"*vận tải*\"]\n", "", "monthly: transport: 'titles' says what stands above the table"),
        ("\"*vận tải*\"", "\"**\"", "monthly: transport: 'titles': '**' says nothing"),
        (
            "{pm}",
            "{month}",
            "monthly: transport: 'heads': {month} stands for nothing (there are: {m}, {y}, {pm}",
        ),
        ("heads = [\"ghi chú\"], ", "", "monthly: transport: a column has 'heads'"),
        (
            "unit_column = true",
            "unit_column = true, ignored = true",
            "a rule says one of 'indicators', 'unit_column', 'ignored', and not",
        ),
        (", ignored = true },\n]\nrows", " },\n]\nrows", "a rule says what is read: one of 'indicators'"),
        (
            "indicators = [\"yoy\"]",
            "indicators = [\"yo\"]",
            "monthly: transport: the form has no indicator 'yo'",
        ),
        ("unit = \"%\", add = 100", "unit = \"tấn\", add = 100", "none of its indicators has the unit 'tấn'"),
        ("\"previous\"", "\"before\"", "'period': 'before' is not one of: same, previous, year_earlier"),
        ("total = \"mode\"", "total = \"range\"", "'total': the form has no dimension 'range'"),
        ("\"rail\", \"road\"]", "\"rail\", \"sea\"]", "'total': dimension 'mode' has no member 'sea'"),
        ("[\"mode\", \"rail\"]", "[\"mode\"]", "'part_of' is a dimension and its member"),
        ("member = \"rail\"", "member = \"sea\"", "'member': dimension 'mode' has no member 'sea'"),
        ("units = [\"nghìn HK\"]", "units = [\"tấn\"]", "no indicator of the form has the unit 'tấn'"),
        ("place = [\"80\"]", "place = [\"81\"]", "monthly: transport: '81' is not the code of a place"),
        ("labels = [\"khác\"], ", "", "monthly: transport: a row has 'labels'"),
        (
            "{ dimension = \"mode\", under",
            "{ labels = [\"a\"], dimension = \"mode\", under",
            "rows of a dimension are told by the labels",
        ),
        ("whole = true", "whole = true, ignored = true", "a rule says one of 'whole', 'dimension'"),
        ("[[monthly.templates]]", "[[monthly.other]]", "monthly: a form of this file is read by templates"),
    ];
    for (from, to, fault) in cases {
        let mut files = files();
        let text = files.get_mut("templates.toml").unwrap();
        assert!(text.contains(from), "{from}");
        *text = text.replacen(from, to, 1);
        let told = faults(&files);
        let is_told = |told: &String| told.starts_with("templates.toml:") && told.contains(fault);
        assert!(told.iter().any(is_told), "{fault}: {told:#?}");
    }
}

#[test]
fn a_country_has_two_letters_and_nothing_above_or_below_it() {
    for (row, fault) in [
        ("V1,1970-01-01,,country,Cả nước,Viet Nam,,,,\n", "a country has the two letters"),
        ("VN,1970-01-01,,country,Cả nước,Viet Nam,80,,,\n", "a country cannot lie in place 80"),
        (
            "VN,1970-01-01,,country,Cả nước,Viet Nam,,,,\n81,1970-01-01,,province,a,a,VN,,,\n",
            "a province cannot lie in place VN",
        ),
    ] {
        let mut files = valid_files();
        files.get_mut("places.csv").unwrap().push_str(row);
        let told = faults(&files);
        assert!(told.iter().any(|told| told.contains(fault)), "{fault}: {told:#?}");
    }
}
