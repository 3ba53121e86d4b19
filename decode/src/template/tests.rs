use std::collections::BTreeMap;

use ioc_model::{
    form::{
        Absent, Agency, Check, Column, Form, FormIndicator, Mark, Meaning, Member, Owner, Period, PeriodKind,
        PlaceScope, Relation, Role, Term, Vintage, Weight,
    },
    place::{Date, Place, PlaceKey, PlaceKind},
    text::Text,
};
use jiff::civil::date;
use rust_decimal::Decimal;

use super::*;

fn text(vi: &str, en: &str) -> Text {
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

fn column(id: &str, role: Role, vi: &str, en: &str) -> Column {
    Column { id: id.to_owned(), name: text(vi, en), headers: Vec::new(), role, required: true }
}

fn indicator(id: &str, vi: &str, en: &str) -> FormIndicator {
    FormIndicator {
        id: id.to_owned(),
        code: id.to_owned(),
        name: text(vi, en),
        unit: "hồ sơ".to_owned(),
        units: BTreeMap::new(),
        percent: false,
        whole: true,
        least: Some(Decimal::ZERO),
        most: None,
        decimals: 0,
        suppress_below: None,
        required: true,
        additive: true,
        ratio: None,
        counts: None,
        owner: None,
    }
}

fn of(id: &str) -> Box<Term> {
    Box::new(Term::Indicator(id.to_owned()))
}

fn equals(left: Term, right: Term) -> Check {
    Check {
        text: "…".to_owned(),
        left,
        relation: Relation::Equal,
        right,
        within: Decimal::ZERO,
        weight: Weight::Error,
        says: None,
    }
}

/// A row a place, a column an indicator: all = early + late, and the share that was early.
fn by_place() -> Form {
    let share = FormIndicator {
        percent: true,
        whole: false,
        decimals: 1,
        suppress_below: None,
        additive: false,
        unit: "%".to_owned(),
        most: Some(Decimal::ONE_HUNDRED),
        ratio: Some(("early".to_owned(), "all".to_owned())),
        ..indicator("share", "Tỷ lệ đúng hạn", "Share on time")
    };
    let indicators = [
        indicator("all", "Đã giải quyết", "Processed"),
        indicator("early", "Đúng hạn", "On time"),
        indicator("late", "Quá hạn", "Overdue"),
        share,
    ];
    let value = |id: &str, vi: &str, en: &str| column(id, Role::Value(Some(id.to_owned())), vi, en);
    Form {
        id: "mot-cua".to_owned(),
        name: text("Biểu một cửa", "One-stop form"),
        titles: vec!["*một cửa*".to_owned()],
        period: PeriodKind::AdminMonth,
        owner: Owner::Place,
        vintage: Vintage::Official,
        absent: Absent::Refused,
        parts: false,
        decimal: ',',
        places: PlaceScope { kinds: vec![PlaceKind::Commune, PlaceKind::Ward], below: vec!["80".to_owned()] },
        columns: vec![
            column("place", Role::Place, "Mã xã", "Commune code"),
            column("place_name", Role::PlaceName, "Tên xã", "Commune"),
            value("all", "Đã giải quyết", "Processed"),
            value("early", "Đúng hạn", "On time"),
            value("late", "Quá hạn", "Overdue"),
            value("share", "Tỷ lệ đúng hạn", "Share on time"),
        ],
        indicators: indicators.into_iter().map(|one| (one.id.clone(), one)).collect(),
        checks: vec![equals(*of("all"), Term::Sum(of("early"), of("late")))],
        against: Vec::new(),
        marks: BTreeMap::from([
            ("-".to_owned(), Meaning::Instead(Mark::None)),
            ("…".to_owned(), Meaning::Instead(Mark::NotCollected)),
            ("*".to_owned(), Meaning::Vintage(Vintage::Preliminary)),
        ]),
        totals: vec!["Tổng cộng".to_owned()],
        of_which: BTreeMap::new(),
        screen: None,
        sdmx: None,
        dhis2: None,
        templates: Vec::new(),
        about: None,
        fhir: None,
    }
}

/// A row an indicator and sex, and one column of values.
fn by_indicator() -> Form {
    let member =
        |id: &str, vi: &str, en: &str| Member { id: id.to_owned(), name: text(vi, en), labels: Vec::new() };
    let sexes = vec![member("m", "Nam", "Male"), member("f", "Nữ", "Female")];
    let in_thousands = FormIndicator {
        units: BTreeMap::from([("nghìn hồ sơ".to_owned(), Decimal::from(1000))]),
        code: "01".to_owned(),
        owner: Some(Owner::Agency("so-y-te".to_owned())),
        ..indicator("beds", "Số giường", "Beds")
    };
    let indicators = [in_thousands, indicator("visits", "Lượt khám", "Visits")];
    Form {
        id: "y-te".to_owned(),
        name: text("Biểu y tế", "Health form"),
        titles: vec!["*01-YT*".to_owned()],
        period: PeriodKind::Month,
        columns: vec![
            column("code", Role::Indicator, "Mã số", "Code"),
            column("name", Role::Ignored, "Chỉ tiêu", "Indicator"),
            column("sex", Role::Dimension(sexes), "Giới tính", "Sex"),
            column("unit", Role::Unit, "Đơn vị tính", "Unit"),
            column("value", Role::Value(None), "Giá trị", "Value"),
        ],
        places: PlaceScope { kinds: vec![PlaceKind::Province], below: Vec::new() },
        indicators: indicators.into_iter().map(|one| (one.id.clone(), one)).collect(),
        checks: Vec::new(),
        ..by_place()
    }
}

fn places() -> Vec<Place> {
    let place = |code: &str, from: Date, to: Option<Date>, kind, name: &str, parent: Option<&str>| Place {
        key: PlaceKey { code: code.to_owned(), valid_from: from },
        valid_to: to,
        kind,
        name: text(name, name),
        parent: parent.map(str::to_owned),
        area_km2: None,
        point: None,
    };
    let (old, last, new) = (date(1970, 1, 1), Some(date(2025, 6, 30)), date(2025, 7, 1));
    vec![
        place("72", old, last, PlaceKind::Province, "Tỉnh Tây Ninh", None),
        place("80", new, None, PlaceKind::Province, "Tỉnh Tây Ninh", None),
        place("79", old, None, PlaceKind::Province, "Tỉnh khác", None),
        place("25459", old, last, PlaceKind::Ward, "Phường 3", Some("72")),
        place("25459", new, None, PlaceKind::Ward, "Phường Tân Ninh", Some("80")),
        place("25486", new, None, PlaceKind::Commune, "Xã Tân Biên", Some("80")),
        place("26000", old, None, PlaceKind::Commune, "Xã ngoài tỉnh", Some("79")),
    ]
}

fn agencies() -> BTreeMap<String, Agency> {
    let health =
        Agency { id: "so-y-te".to_owned(), name: text("Sở Y tế", "Health"), place: "80".to_owned() };
    BTreeMap::from([(health.id.clone(), health)])
}

/// What is made of a form for October 2026.
fn october<R>(form: &Form, change: impl FnOnce(&mut Wanted<'_>), make: impl FnOnce(&Wanted<'_>) -> R) -> R {
    let (places, agencies) = (places(), agencies());
    let mut wanted = Wanted {
        form,
        places: &places,
        agencies: &agencies,
        period: Period::parse(form.period, "2026-10"),
        today: date(2026, 11, 5),
        place: None,
        agency: None,
    };
    change(&mut wanted);
    make(&wanted)
}

fn template(form: &Form) -> Template {
    october(form, |_| {}, |wanted| Template::of(wanted).unwrap())
}

fn held(row: &[Slot]) -> Vec<&str> {
    row.iter()
        .map(|slot| match &slot.holds {
            Holds::Nothing => "",
            Holds::Text(text) | Holds::Formula(text) => text.as_str(),
        })
        .collect()
}

#[test]
fn each_place_that_was_there_in_the_period_has_a_row_and_the_title_says_period_and_days() {
    let laid = template(&by_place());
    let rows: Vec<Vec<&str>> = laid.rows.iter().map(|row| held(row)[..2].to_vec()).collect();
    assert_eq!(rows, [["25459", "Phường Tân Ninh"], ["25486", "Xã Tân Biên"], ["", "Tổng cộng"]]);
    let above: Vec<&str> = laid.above.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(above[0], "Biểu một cửa");
    assert_eq!(above[2], "Kỳ báo cáo: tháng 10/2026 (từ ngày 15/9/2026 đến ngày 14/10/2026)");
    assert_eq!(above[3], "Reporting period: October 2026");
    assert_eq!(laid.columns[2].heading, "Đã giải quyết (hồ sơ)");
    assert_eq!(laid.columns[2].above, "(Processed)");

    let before = october(
        &by_place(),
        |wanted| wanted.period = Period::parse(PeriodKind::AdminMonth, "2025-01"),
        |wanted| Template::of(wanted).unwrap_err().0.en,
    );
    assert_eq!(
        before, "there is no place that reports in form mot-cua on 2025-01-14",
        "they lay in province 72"
    );
}

#[test]
fn a_count_of_schools_says_which_of_the_school_year_it_is() {
    let mut form = by_place();
    form.period = PeriodKind::SchoolRound;
    let period = Period::parse(form.period, "2026-2027-R2");
    let laid = october(&form, |wanted| wanted.period = period, |wanted| Template::of(wanted).unwrap());
    let above: Vec<&str> = laid.above.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(above[2], "Kỳ báo cáo: giữa năm học 2026-2027 (từ ngày 1/12/2026 đến ngày 28/2/2027)");
    assert_eq!(above[3], "Reporting period: middle of school year 2026-2027");
}

#[test]
fn a_form_that_a_title_is_known_by_says_it() {
    assert_eq!(template(&by_indicator()).above[0].text, "01-YT Biểu y tế");
}

#[test]
fn what_no_column_says_is_written_above_the_table() {
    let mut form = by_indicator();
    form.places = by_place().places;
    let above = |change: fn(&mut Wanted<'_>)| -> Vec<(String, LineLook)> {
        let laid = october(&form, change, |wanted| Template::of(wanted).unwrap());
        laid.above.into_iter().map(|line| (line.text, line.look)).collect()
    };
    let open = above(|wanted| wanted.period = None);
    assert!(open.contains(&("Kỳ báo cáo: ".to_owned(), LineLook::Open)));
    assert!(open.contains(&("Đơn vị: ".to_owned(), LineLook::Open)));
    assert!(
        !open.iter().any(|(text, _)| text.contains(|c: char| c.is_ascii_digit() && c != '0' && c != '1'))
    );
    let said = above(|wanted| wanted.place = Some("25486"));
    assert!(said.contains(&("Đơn vị: Xã Tân Biên (25486)".to_owned(), LineLook::Said)));
    let by_agency = above(|wanted| wanted.agency = Some("so-y-te"));
    assert!(by_agency.contains(&("Cơ quan báo cáo: Sở Y tế".to_owned(), LineLook::Said)));
}

#[test]
fn what_follows_from_other_cells_is_a_formula_that_waits_for_all_of_them() {
    let laid = template(&by_place());
    assert_eq!(laid.header, 6);
    let first = held(&laid.rows[0]);
    assert_eq!(
        first[2],
        "=IFERROR(IF(AND(OR(ISNUMBER(D8),D8=\"-\"),OR(ISNUMBER(E8),E8=\"-\")),ROUND((N(D8)+N(E8)),9),\"\"),\"\")"
    );
    assert_eq!((first[3], first[4]), ("", ""));
    assert!(first[5].contains("ROUND(((N(D8)/N(C8))*100),1)"), "{}", first[5]);
    let total = held(&laid.rows[2]);
    assert_eq!(total[2], "=IF(COUNT(C8:C9)=0,\"\",ROUND(SUM(C8:C9),9))");
    assert_eq!(total[5], "", "shares are not added up");
    let is_open = |slot: &Slot| slot.input.is_some();
    let open: Vec<bool> = laid.rows[0].iter().map(is_open).collect();
    assert_eq!(open, [false, false, true, true, true, true]);
    assert!(!laid.rows[2].iter().any(is_open));
}

#[test]
fn no_cell_is_worked_out_of_itself() {
    let mut form = by_place();
    form.checks.push(equals(*of("early"), Term::Difference(of("all"), of("late"))));
    form.checks.push(equals(Term::Sum(of("share"), of("late")), *of("late")));
    let laid = template(&form);
    let first = held(&laid.rows[0]);
    assert!(!first[2].is_empty());
    assert_eq!((first[3], first[4]), ("", ""));
}

#[test]
fn each_indicator_and_member_has_a_row_with_code_name_and_unit() {
    let laid = template(&by_indicator());
    let rows: Vec<Vec<&str>> = laid.rows.iter().map(|row| held(row)).collect();
    assert_eq!(
        rows,
        [
            ["01", "Số giường", "Nam", "hồ sơ", ""],
            ["01", "Số giường", "Nữ", "hồ sơ", ""],
            ["visits", "Lượt khám", "Nam", "hồ sơ", ""],
            ["visits", "Lượt khám", "Nữ", "hồ sơ", ""],
        ]
    );
    let list = |row: usize| laid.rows[row][3].input.map(|input| laid.inputs[input].accepts.clone());
    assert_eq!(list(0), Some(Accepts::OneOf(0)));
    assert_eq!(laid.lists[0].items, ["hồ sơ", "nghìn hồ sơ"]);
    assert_eq!(list(2), None, "what has one unit is not chosen");
}

#[test]
fn without_a_column_for_names_a_row_says_the_name_of_its_indicator() {
    let mut form = by_indicator();
    form.columns[1].id = "plan".to_owned();
    let laid = template(&form);
    assert_eq!(held(&laid.rows[0])[..2], ["Số giường", ""]);
    for indicator in form.indicators.values_mut() {
        indicator.name = text("Như nhau", "Alike");
    }
    assert_eq!(held(&template(&form).rows[0])[0], "01", "what is called alike is told apart by its code");
}

#[test]
fn a_part_that_a_row_may_leave_out_is_chosen_and_has_rows_to_spare() {
    let mut form = by_indicator();
    form.columns[2].required = false;
    let laid = template(&form);
    assert_eq!(laid.rows.len(), 2 + 10);
    assert_eq!(held(&laid.rows[0])[2], "");
    let codes = laid.rows[5][0].input.map(|input| laid.inputs[input].accepts.clone()).unwrap();
    let Accepts::OneOf(list) = codes else { panic!("{codes:?}") };
    assert_eq!(laid.lists[list].items, ["01", "visits"]);
}

#[test]
fn a_template_is_of_one_place_or_of_what_an_agency_owns() {
    let form = by_place();
    let rows = |change: fn(&mut Wanted<'_>)| {
        october(&form, change, |wanted| Template::of(wanted).unwrap().rows.len())
    };
    assert_eq!(rows(|wanted| wanted.place = Some("25486")), 1);
    assert_eq!(rows(|wanted| wanted.agency = Some("25486")), 1);
    assert_eq!(rows(|wanted| wanted.place = Some("80")), 3);
    let one = october(&form, |wanted| wanted.place = Some("25486"), |wanted| Template::of(wanted).unwrap());
    assert_eq!(one.above.last().unwrap().text, "Đơn vị: Xã Tân Biên (25486)");

    let health = by_indicator();
    let codes = october(
        &health,
        |wanted| wanted.agency = Some("so-y-te"),
        |wanted| {
            let laid = Template::of(wanted).unwrap();
            laid.rows.iter().map(|row| held(row)[0].to_owned()).collect::<Vec<_>>()
        },
    );
    assert_eq!(codes, ["01", "01"]);
}

#[test]
fn who_has_nothing_to_report_is_told_why() {
    let form = by_place();
    let told =
        |change: fn(&mut Wanted<'_>)| october(&form, change, |wanted| Template::of(wanted).unwrap_err().0);
    let unknown = told(|wanted| wanted.place = Some("99999"));
    assert_eq!(unknown.en, "there is no place and no agency 99999 on 2026-10-14");
    assert!(unknown.vi.contains("99999"));
    assert!(told(|wanted| wanted.place = Some("26000")).en.contains("is not about place 26000"));
    assert!(told(|wanted| wanted.agency = Some("so-y-te")).en.contains("no indicator of agency so-y-te"));
}

#[test]
fn a_form_with_more_rows_than_anybody_fills_in_has_no_workbook() {
    let mut form = by_indicator();
    let member = |number: usize| Member { id: number.to_string(), name: text("", ""), labels: Vec::new() };
    form.columns[2].role = Role::Dimension((0..10_001).map(member).collect());
    let told = october(&form, |_| {}, |wanted| Template::of(wanted).unwrap_err().0);
    assert!(told.en.contains("20002 rows") && told.vi.contains("20002 dòng"), "{told:?}");
}

#[test]
fn the_same_template_is_written_as_the_same_bytes() {
    for form in [by_place(), by_indicator()] {
        let written = workbook(&template(&form), date(2026, 11, 5)).unwrap();
        assert_eq!(written, workbook(&template(&form), date(2026, 11, 5)).unwrap());
        assert!(written.starts_with(b"PK"));
        if let Some(folder) = std::env::var_os("TEMPLATES_TO") {
            std::fs::write(std::path::Path::new(&folder).join(format!("{}.xlsx", form.id)), &written)
                .unwrap();
        }
    }
}

#[test]
fn a_schema_has_a_field_a_column_and_says_what_an_indicators_value_is() {
    let by_place = october(&by_place(), |_| {}, |wanted| schema(wanted).unwrap());
    let properties = &by_place["items"]["properties"];
    assert_eq!(properties["place"]["oneOf"][1]["const"], "25486");
    assert_eq!(properties["all"]["anyOf"][0], serde_json::json!({ "type": "integer", "minimum": 0 }));
    assert_eq!(properties["all"]["anyOf"][2]["enum"], serde_json::json!(["-", "…"]));
    assert_eq!(by_place["items"]["required"].as_array().unwrap().len(), 6);

    let by_indicator = october(&by_indicator(), |_| {}, |wanted| schema(wanted).unwrap());
    let row = &by_indicator["items"];
    assert!(row["properties"].get("name").is_none(), "nobody reads it");
    assert_eq!(row["properties"]["sex"]["oneOf"][0]["const"], "m");
    assert_eq!(row["allOf"][0]["if"]["properties"]["code"]["const"], "01");
    assert_eq!(
        row["allOf"][0]["then"]["properties"]["unit"]["enum"],
        serde_json::json!(["hồ sơ", "nghìn hồ sơ"])
    );
}
