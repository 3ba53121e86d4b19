use std::collections::BTreeMap;

use ioc_model::{
    form::{Column, Owner, PeriodKind, PlaceScope, Role, Vintage},
    text::Text,
};

use super::*;
use crate::said::told;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn dimension(id: &str, members: &[&str]) -> Column {
    let member = |id: &&str| Member { id: (*id).to_owned(), name: Text::default(), labels: Vec::new() };
    Column {
        id: id.to_owned(),
        name: Text::default(),
        headers: Vec::new(),
        role: Role::Dimension(members.iter().map(member).collect()),
        required: false,
    }
}

/// Dengue by age, sex and sector; visits and beds as wholes.
fn health() -> Form {
    let element = |indicator: &str, by: &[&str]| Mapped {
        indicator: indicator.to_owned(),
        by: by.iter().map(|column| (*column).to_owned()).collect(),
        of: BTreeMap::new(),
    };
    let of = |pairs: &[(&str, &[(&str, &str)])]| {
        pairs.iter().map(|(id, members)| ((*id).to_owned(), map(members))).collect()
    };
    Form {
        id: "yt-thang".to_owned(),
        name: Text::default(),
        titles: Vec::new(),
        period: PeriodKind::Month,
        owner: Owner::Place,
        vintage: Vintage::Official,
        absent: Absent::Keeps,
        parts: false,
        decimal: ',',
        places: PlaceScope::default(),
        columns: vec![
            dimension("age", &["0-14", "15+"]),
            dimension("sex", &["f", "m"]),
            dimension("sector", &["private", "public"]),
        ],
        indicators: BTreeMap::new(),
        checks: Vec::new(),
        against: Vec::new(),
        marks: BTreeMap::new(),
        totals: Vec::new(),
        of_which: BTreeMap::new(),
        screen: None,
        sdmx: None,
        templates: Vec::new(),
        about: None,
        fhir: None,
        dhis2: Some(Dhis2 {
            data_sets: vec!["dsMonthlyA1".to_owned()],
            elements: BTreeMap::from([
                ("deDengue001".to_owned(), element("dengue", &["age", "sex", "sector"])),
                ("deVisits001".to_owned(), element("visits", &[])),
                ("deBeds00001".to_owned(), element("beds", &[])),
            ]),
            org_units: map(&[("ouTanBien01", "25486")]),
            defaults: vec!["HllvX50cXC0".to_owned(), "bRowv6yZOF2".to_owned()],
            category: Dhis2Combinations {
                of: of(&[
                    ("cocMaleUn15", &[("age", "0-14"), ("sex", "m")]),
                    ("cocFemUnd15", &[("age", "0-14"), ("sex", "f")]),
                ]),
                default: BTreeMap::new(),
            },
            attribute: Dhis2Combinations {
                of: of(&[("aocPrivate1", &[("sector", "private")])]),
                default: map(&[("sector", "public")]),
            },
        }),
    }
}

fn said(text: &str) -> Said {
    let form = health();
    read(text, &[&form]).map(|(_, said)| said).unwrap()
}

fn cells(said: &Said) -> Vec<String> {
    let form = health();
    said.cells.iter().map(|cell| told(&form, cell).join(" ")).collect()
}

fn found(said: &Said) -> Vec<(Weight, Rule, &str)> {
    said.findings.iter().map(|finding| (finding.weight, finding.rule, &*finding.at)).collect()
}

#[test]
fn values_that_differ_by_a_combination_alone_are_cells_of_their_own_and_every_default_is_the_same() {
    let said = said(
        r#"{"dataSet": "dsMonthlyA1", "period": "202610", "orgUnit": "ouTanBien01", "completeDate": "2026-11-02",
        "dataValues": [
        {"dataElement": "deDengue001", "categoryOptionCombo": "cocMaleUn15", "attributeOptionCombo": "HllvX50cXC0", "value": "7"},
        {"dataElement": "deDengue001", "categoryOptionCombo": "cocMaleUn15", "attributeOptionCombo": "aocPrivate1", "value": "0"},
        {"dataElement": "deDengue001", "categoryOptionCombo": "cocFemUnd15", "value": "5"},
        {"dataElement": "deVisits001", "value": 1204},
        {"dataElement": "deBeds00001", "categoryOptionCombo": "bRowv6yZOF2", "value": "18"},
        {"dataElement": "deBeds00001", "categoryOptionCombo": "default", "value": "1.8E1"}]}"#,
    );
    assert_eq!(said.findings, []);
    assert_eq!(
        cells(&said),
        [
            "dengue[age=0-14,sex=m,sector=public]@25486 2026-10 7",
            "dengue[age=0-14,sex=m,sector=private]@25486 2026-10 0",
            "dengue[age=0-14,sex=f,sector=public]@25486 2026-10 5",
            "visits[]@25486 2026-10 1204",
            "beds[]@25486 2026-10 18",
            "beds[]@25486 2026-10 18",
        ]
    );
    assert_eq!(said.cells[0].period.end.to_string(), "2026-10-31", "a calendar month");
    assert_eq!(&*said.cells[5].as_sent, "1.8E1");
}

#[test]
fn zero_deleted_and_empty_are_three_messages() {
    let said = said(
        r#"{"dataValues": [
        {"dataElement": "deVisits001", "period": "202610", "orgUnit": "ouTanBien01", "value": "0"},
        {"dataElement": "deVisits001", "period": "202609", "orgUnit": "ouTanBien01", "value": "5", "deleted": true},
        {"dataElement": "deVisits001", "period": "202608", "orgUnit": "25486", "value": ""}]}"#,
    );
    assert_eq!(
        cells(&said),
        ["visits[]@25486 2026-10 0", "visits[]@25486 2026-09 withdrawn", "visits[]@25486 2026-08 unsaid"]
    );
    assert_eq!(found(&said), [(Weight::Warning, Rule::Empty, "dataValues[2]")]);
    let mut form = health();
    form.absent = Absent::Refused;
    let text = r#"{"period": "202610", "orgUnit": "25486", "dataValues": [{"dataElement": "deVisits001", "value": ""}]}"#;
    let (_, refused) = read(text, &[&form]).unwrap();
    assert_eq!(found(&refused), [(Weight::Error, Rule::Empty, "dataValues[0]")]);
    form.absent = Absent::Withdraws;
    assert_eq!(cells(&read(text, &[&form]).unwrap().1), ["visits[]@25486 2026-10 withdrawn"]);
}

#[test]
fn a_table_is_read_by_its_headings_and_says_nothing_of_who_stored_it() {
    let said = said(
        "\"dataelement\",\"period\",\"orgunit\",\"catoptcombo\",\"attroptcombo\",\"value\",\"storedby\",\"lastupdated\",\
         \"comment\",\"flwup\"\n\
         \"deDengue001\",\"202610\",\"ouTanBien01\",\"cocMaleUn15\",\"aocPrivate1\",\"2\",\"somebody\",\"\",\"of whom\",false\n\
         \"deBeds00001\",\"202610\",\"ouTanBien01\",\"HllvX50cXC0\",\"HllvX50cXC0\",\"1.8E1\",\"somebody\",\"\",\"\",false\n\
         \"deBeds00001\",\"202611\",\"ouTanBien01\",\"\",\"\",\"many, says somebody\",\"\",\"\",\"\",false\n",
    );
    assert_eq!(
        cells(&said),
        ["dengue[age=0-14,sex=m,sector=private]@25486 2026-10 2", "beds[]@25486 2026-10 18"]
    );
    assert_eq!(found(&said), [(Weight::Error, Rule::Invalid, "line 4")]);
    assert!(!format!("{:?}", said.cells).contains("somebody") && !format!("{said:?}").contains("of whom"));
    let newer = "dataelement;period;orgunit;categoryoptioncombo;attributeoptioncombo;value;deleted\n\
                 deVisits001;202610;25486;;;5;true\n";
    assert_eq!(cells(&self::said(newer)), ["visits[]@25486 2026-10 withdrawn"]);
}

#[test]
fn what_is_wrong_with_a_value_is_told_where() {
    let said = said(
        r#"{"period": "202610", "orgUnit": "25486", "completeDate": "2026-10-30T00:00:00", "dataValues": [
        {"dataElement": "deVisits001", "value": "many"},
        {"dataElement": "deDengue001", "value": "1"},
        {"dataElement": "deVisits001", "categoryOptionCombo": "cocMaleUn15", "value": "1"},
        {"dataElement": "deVisits001", "categoryOptionCombo": "cocUnknown1", "value": "1"},
        {"dataElement": "deVisits001", "period": "2026Q4", "value": "1"},
        {"dataElement": "deOther0001", "value": "1"},
        {"dataElement": "deOther0001", "value": "2"},
        {"value": "1"},
        {"dataElement": "deVisits001", "value": {"x": 1}}]}"#,
    );
    assert_eq!(said.cells, []);
    let error = |rule, at| (Weight::Error, rule, at);
    assert_eq!(
        found(&said),
        [
            (Weight::Warning, Rule::Time, "completeDate"),
            error(Rule::Invalid, "dataValues[0]"),
            error(Rule::Missing, "dataValues[1]"),
            error(Rule::Invalid, "dataValues[2]"),
            error(Rule::Invalid, "dataValues[3]"),
            error(Rule::Period, "dataValues[4]"),
            (Weight::Warning, Rule::Surplus, "dataValues[5]"),
            error(Rule::Missing, "dataValues[7]"),
            error(Rule::Invalid, "dataValues[8]"),
        ]
    );
}

#[test]
fn what_is_no_report_of_the_form_is_refused_whole() {
    let form = health();
    let rule = |text: &str| read(text, &[&form]).unwrap_err().rule;
    assert_eq!(rule("{\"dataValues\": []}"), Rule::Empty);
    assert_eq!(rule("{\"dataValues\": [1"), Rule::Unreadable);
    let value = r#"[{"dataElement": "deVisits001", "value": "1"}]"#;
    assert_eq!(rule(&format!("{{\"dataSet\": \"other\", \"dataValues\": {value}}}")), Rule::UnknownForm);
    assert_eq!(rule(&format!("{{\"dryRun\": true, \"dataValues\": {value}}}")), Rule::Invalid);
    assert_eq!(rule(&format!("{{\"importStrategy\": \"DELETE\", \"dataValues\": {value}}}")), Rule::Invalid);
    assert_eq!(rule("dataelement,period,value\nx,202610,1\n"), Rule::Missing);
    assert_eq!(rule("dataelement,period,orgunit,value\n"), Rule::Empty);
    assert_eq!(rule("nothing\n"), Rule::Unreadable);
}

#[test]
fn when_a_value_was_last_changed_goes_along() {
    let at = |text: &str| moment(text).map(|at| at.rfc3339());
    let expected = Some("2026-10-05T08:12:33.000Z".to_owned());
    for text in ["2026-10-05T08:12:33.000+0000", "2026-10-05T15:12:33+07:00", "2026-10-05T08:12:33.000"] {
        assert_eq!(at(text), expected, "{text}");
    }
    assert_eq!((at(""), at("yesterday")), (None, None));
}
