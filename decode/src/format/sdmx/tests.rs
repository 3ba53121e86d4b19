use std::collections::BTreeMap;

use ioc_model::{
    form::{
        Absent, Column, Form, FormIndicator, Mark, Member, Of, Owner, PeriodKind, PlaceScope, Role, Rule,
        Sdmx, SdmxUnit, Vintage, Weight,
    },
    text::Text,
};

use super::*;
use crate::said::{Said, SaidCell, told};

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn indicator(id: &str, unit: &str) -> FormIndicator {
    FormIndicator {
        id: id.to_owned(),
        code: id.to_owned(),
        name: Text::default(),
        unit: unit.to_owned(),
        units: BTreeMap::new(),
        percent: false,
        whole: false,
        least: None,
        most: None,
        decimals: 1,
        suppress_below: None,
        required: false,
        additive: true,
        ratio: None,
        counts: None,
        owner: None,
    }
}

/// Budget, investment and production of a province.
fn budget() -> Form {
    let unit = |measure: &str, power| SdmxUnit { measure: measure.to_owned(), power };
    let indicators = [
        indicator("REV", "tỷ đồng"),
        indicator("EXP", "tỷ đồng"),
        indicator("FDI", "triệu USD"),
        indicator("IIP", "%"),
    ];
    Form {
        id: "nsnn".to_owned(),
        name: Text::default(),
        titles: Vec::new(),
        period: PeriodKind::Month,
        owner: Owner::Agency("so-tc".to_owned()),
        vintage: Vintage::Official,
        absent: Absent::Keeps,
        parts: false,
        decimal: ',',
        places: PlaceScope::default(),
        columns: Vec::new(),
        indicators: indicators.into_iter().map(|one| (one.id.clone(), one)).collect(),
        checks: Vec::new(),
        against: Vec::new(),
        marks: BTreeMap::new(),
        totals: Vec::new(),
        of_which: BTreeMap::new(),
        screen: None,
        sdmx: Some(Sdmx {
            structure: "TN:NSNN".to_owned(),
            area: Of::Dimension("REF_AREA".to_owned()),
            indicator: Of::Dimension("INDICATOR".to_owned()),
            time: "TIME_PERIOD".to_owned(),
            measure: "OBS_VALUE".to_owned(),
            dimensions: BTreeMap::new(),
            fixed: map(&[("FREQ", "M")]),
            codes: BTreeMap::new(),
            whole: vec!["_T".to_owned()],
            ignored: Vec::new(),
            units: BTreeMap::from([
                ("tỷ đồng".to_owned(), unit("VND", 9)),
                ("triệu USD".to_owned(), unit("USD", 6)),
            ]),
        }),
        dhis2: None,
        templates: Vec::new(),
        about: None,
        fhir: None,
    }
}

/// Pupils by sex, in a form of its own.
fn pupils() -> Form {
    let member = |id: &str| Member { id: id.to_owned(), name: Text::default(), labels: Vec::new() };
    let sex = Column {
        id: "sex".to_owned(),
        name: Text::default(),
        headers: Vec::new(),
        role: Role::Dimension(vec![member("f"), member("m")]),
        required: false,
    };
    let mut form = budget();
    form.id = "hoc-sinh".to_owned();
    form.columns = vec![sex];
    form.indicators = BTreeMap::from([("pupils".to_owned(), indicator("pupils", "người"))]);
    form.period = PeriodKind::Year;
    form.sdmx = Some(Sdmx {
        structure: "TN:EDU".to_owned(),
        indicator: Of::Always("pupils".to_owned()),
        dimensions: map(&[("SEX", "sex")]),
        codes: BTreeMap::from([
            ("SEX".to_owned(), map(&[("F", "f"), ("M", "m")])),
            ("REF_AREA".to_owned(), map(&[("VN-TN", "80")])),
        ]),
        fixed: BTreeMap::new(),
        units: BTreeMap::new(),
        ..form.sdmx.unwrap()
    });
    form
}

fn csv(form: &Form, text: &str) -> Said {
    read_csv(text, &[form]).map(|(_, said)| said).unwrap()
}

fn unreadable(form: &Form, text: &str) -> Rule {
    read_csv(text, &[form]).map(|(_, said)| said).unwrap_err().rule
}

/// What it is about, when, what is said, how final, and how it came.
fn cell(form: &Form, cell: &SaidCell) -> [String; 5] {
    let [about, period, value] = told(form, cell);
    [about, period, value, cell.vintage.word().to_owned(), cell.as_sent.to_string()]
}

fn cells(form: &Form, said: &Said) -> Vec<[String; 5]> {
    said.cells.iter().map(|one| cell(form, one)).collect()
}

fn errors(said: &Said) -> Vec<(Rule, &str, &str)> {
    let errors = said.findings.iter().filter(|finding| finding.weight == Weight::Error);
    errors.map(|finding| (finding.rule, &*finding.at, finding.message.en.as_str())).collect()
}

const HEADER: &str = "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,\
                      UNIT_MULT,DECIMALS,OBS_STATUS,CONF_STATUS\n";

fn rows(rows: &[&str]) -> String {
    let row = |row: &&str| format!("dataflow,TN:NSNN(1.0),{row}\n");
    HEADER.to_owned() + &rows.iter().map(row).collect::<String>()
}

#[test]
fn a_multiplier_is_taken_into_account_and_four_kinds_of_nothing_are_told_apart() {
    let said = csv(
        &budget(),
        &rows(&[
            "M,M,80,REV,2026-08,812.5,VND,9,1,A,F",
            "M,M,80,REV,2026-09,845000,VND,6,0,A,F",
            "M,M,80,REV,2026-10,0.8611,VND,12,4,E,F",
            "D,M,80,EXP,2026-07,,,,,,",
            "M,M,80,EXP,2026-08,,VND,9,1,A,F",
            "M,M,80,EXP,2026-09,NaN,VND,9,1,M,F",
            "M,M,80,EXP,2026-10,0,VND,9,1,A,F",
            "M,M,80,FDI,2026-10,NaN,USD,6,2,Q,C",
            "M,M,80,IIP,2026-10,104.2,IX,0,1,P,F",
        ]),
    );
    // What was multiplied is told, once an indicator and power.
    let told: Vec<&str> = said.findings.iter().map(|finding| finding.message.en.as_str()).collect();
    let multiple = "REV: the message counts in another multiple than the form (tỷ đồng): times";
    assert_eq!(
        told,
        [format!("{multiple} 10^-3, as in 845000 → 845."), format!("{multiple} 10^3, as in 0.8611 → 861.1.")]
    );
    assert!(said.findings.iter().all(|finding| finding.weight == Weight::Note));
    let expected = [
        ["REV[]@80", "2026-08", "812.5", "official", ""],
        ["REV[]@80", "2026-09", "845", "official", "845000 ×10^6"],
        ["REV[]@80", "2026-10", "861.1", "estimate", "0.8611 ×10^12"],
        ["EXP[]@80", "2026-07", "withdrawn", "official", ""],
        ["EXP[]@80", "2026-08", "unsaid", "official", ""],
        ["EXP[]@80", "2026-09", "not_collected", "official", "M"],
        ["EXP[]@80", "2026-10", "0", "official", ""],
        ["FDI[]@80", "2026-10", "withheld", "official", "Q"],
        ["IIP[]@80", "2026-10", "104.2", "preliminary", ""],
    ];
    assert_eq!(cells(&budget(), &said), expected);
    assert_eq!(&*said.cells[1].at, "line 3");
}

#[test]
fn what_is_wrong_with_a_row_names_its_line_and_what_would_be_right() {
    let said = csv(
        &budget(),
        &rows(&[
            "M,M,80,REV,2026-11,850,VND,9,1,A,F",
            "M,M,,EXP,2026-11,900,VND,9,1,A,F",
            "M,A,80,EXP,2026,900,VND,9,1,A,F",
            "M,M,80,GDP,2026-11,900,VND,9,1,A,F",
            "M,M,80,EXP,2026-13,900,VND,9,1,A,F",
            "M,M,80,EXP,2026-11,900,VND,,1,A,F",
            "M,M,80,EXP,2026-11,900,USD,9,1,A,F",
            "M,M,80,EXP,2026-11,900,VND,nine,1,A,F",
            "X,M,80,EXP,2026-11,900,VND,9,1,A,F",
            "D,M,80,,2026-11,,,,,,",
            "M,M,80,EXP,2026-11,5,VND,9,1,M,F",
        ]),
    );
    let found: Vec<(Rule, &str)> = errors(&said).into_iter().map(|(rule, at, _)| (rule, at)).collect();
    assert_eq!(
        found,
        [
            (Rule::Missing, "line 3"),
            (Rule::Invalid, "line 4"),
            (Rule::Invalid, "line 5"),
            (Rule::Period, "line 6"),
            (Rule::Unit, "line 7"),
            (Rule::Unit, "line 8"),
            (Rule::Unit, "line 9"),
            (Rule::Invalid, "line 10"),
            (Rule::Missing, "line 11"),
            (Rule::Mark, "line 12"),
        ]
    );
    assert!(said.findings[0].message.en.contains("REF_AREA"), "{:?}", said.findings[0]);
    assert!(said.findings.iter().all(|finding| finding.message.vi != finding.message.en));
}

#[test]
fn a_number_that_is_kept_back_is_kept_nowhere() {
    let said = csv(&budget(), &rows(&["M,M,80,FDI,2026-10,37.25,USD,6,2,A,C"]));
    assert_eq!(said.cells[0].value.map(|value| value.mark), Some(Mark::Withheld));
    assert!(!format!("{said:?}").contains("37"), "{said:?}");
}

#[test]
fn information_append_and_no_action_mean_merge_and_replace_takes_back_what_it_leaves_out() {
    for action in ["I", "A", "M", ""] {
        let said = csv(&budget(), &rows(&[&format!("{action},M,80,EXP,2026-08,,VND,9,1,A,F")]));
        assert_eq!(cell(&budget(), &said.cells[0])[2], "unsaid", "{action}");
    }
    let said = csv(&budget(), &rows(&["R,M,80,EXP,2026-08,,VND,9,1,A,F"]));
    assert_eq!(cell(&budget(), &said.cells[0])[2], "withdrawn");
    let without = "STRUCTURE,STRUCTURE_ID,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MULT\n\
                   dataflow,TN:NSNN(1.0),80,REV,2026-08,812.5,9\n";
    assert_eq!(cell(&budget(), &csv(&budget(), without).cells[0])[2], "812.5");
}

#[test]
fn what_is_taken_back_is_taken_back_however_final_it_was() {
    let mut form = budget();
    form.vintage = Vintage::Preliminary;
    let said = csv(
        &form,
        &rows(&[
            "D,M,80,EXP,2026-07,,,,,,",
            "R,M,80,EXP,2026-08,,VND,9,1,,F",
            "R,M,80,EXP,2026-09,,VND,9,1,E,F",
            "M,M,80,EXP,2026-10,812.5,VND,9,1,,F",
        ]),
    );
    let vintages: Vec<Vintage> = said.cells.iter().map(|cell| cell.vintage).collect();
    let all = Vintage::Official;
    assert_eq!(vintages, [all, all, all, Vintage::Preliminary], "{said:?}");
}

#[test]
fn what_is_deleted_and_said_anew_in_one_message_is_as_it_is_said() {
    let deleted = "D,M,80,EXP,2026-08,,,,,,";
    let said = "M,M,80,EXP,2026-08,731,VND,9,1,A,F";
    let form = budget();
    let values = |text: &[&str]| -> Vec<String> {
        cells(&form, &csv(&form, &rows(text))).into_iter().map(|[_, _, value, ..]| value).collect()
    };
    assert_eq!(values(&[deleted, said]), ["731"]);
    assert_eq!(values(&[deleted, "M,M,80,EXP,2026-08,,VND,9,1,A,F"]), ["withdrawn", "unsaid"]);
    assert_eq!(values(&[said, deleted]), ["731", "withdrawn"], "which of them is meant, the judge asks");
}

#[test]
fn the_first_version_other_separators_labels_and_names_are_read() {
    let first = "DATAFLOW,FREQ,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MULT\n\
                 TN:NSNN(1.0),M,80,REV,2026-M08,812.5,9\n";
    let labelled = "\u{feff}STRUCTURE[|];STRUCTURE_ID;ACTION;FREQ: Tần suất;REF_AREA: Nơi;INDICATOR: Chỉ tiêu;\
                    TIME_PERIOD: Kỳ;OBS_VALUE: Giá trị;UNIT_MULT: Bội số;TITLE[en|vi]\n\
                    dataflow;TN:NSNN(1.0): Ngân sách;M;M: Tháng;80: Tây Ninh;REV: Thu;2026-08: 2026-08;812,5;9: Tỷ;x\n";
    let with_names = "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,SERIES_KEY,FREQ,Frequency,REF_AREA,Area,INDICATOR,\
                      Indicator,TIME_PERIOD,Period,OBS_VALUE,Value,UNIT_MULT,Multiplier\n\
                      dataflow,TN:NSNN(1.0),Budget,M,M.80.REV,M,Monthly,80,Tay Ninh,REV,Revenue,2026-08,,812.5,,9,Billions\n";
    let switched = "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MULT,TITLE\n\
                    dataflow,TN:NSNN,M,80,REV,~,,,Revenue\n\
                    dataflow,TN:NSNN,M,80,REV,2026-08,812.5,9,\n";
    for text in [first, labelled, with_names, switched] {
        let said = csv(&budget(), text);
        assert_eq!(errors(&said), [], "{text}");
        let cells = cells(&budget(), &said);
        assert_eq!(cells.len(), 1, "{text}");
        assert_eq!(cells[0][..3], ["REV[]@80", "2026-08", "812.5"], "{text}");
    }
}

#[test]
fn a_dimension_is_a_part_of_its_form_and_a_column_that_nobody_named_is_an_error() {
    let text = "STRUCTURE,STRUCTURE_ID,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,UNIT_MULT\n\
                dataflow,TN:EDU(2.1),VN-TN,F,2026,1.5,3\n\
                dataflow,TN:EDU(2.1),VN-TN,_T,2026,3100,\n\
                dataflow,TN:EDU(2.1),VN-TN,X,2026,3,\n";
    let said = csv(&pupils(), text);
    let cells = cells(&pupils(), &said);
    assert_eq!(cells[0][..3], ["pupils[sex=f]@80", "2026", "1500"]);
    assert_eq!(cells[1][..3], ["pupils[]@80", "2026", "3100"]);
    assert_eq!(
        errors(&said).iter().map(|(rule, at, _)| (*rule, *at)).collect::<Vec<_>>(),
        [(Rule::Invalid, "line 4")]
    );

    let grade =
        text.replace(",OBS_VALUE", ",OBS_VALUE,GRADE").replace(",3\n", ",3,5\n").replace(",\n", ",,5\n");
    assert_eq!(errors(&csv(&pupils(), &grade))[0].0, Rule::Surplus);
    let without_sex = "STRUCTURE,STRUCTURE_ID,REF_AREA,TIME_PERIOD,OBS_VALUE\ndataflow,TN:EDU,VN-TN,2026,3\n";
    let said = csv(&pupils(), without_sex);
    assert_eq!((said.cells.len(), errors(&said)[0].0), (0, Rule::Missing));
}

#[test]
fn a_message_of_no_form_or_of_two_is_none() {
    assert_eq!(unreadable(&budget(), "a,b\n1,2\n"), Rule::Unreadable);
    assert_eq!(unreadable(&budget(), "STRUCTURE\n"), Rule::Unreadable);
    assert_eq!(unreadable(&budget(), HEADER), Rule::Empty);
    let other = rows(&["M,M,80,REV,2026-08,812.5,VND,9,1,A,F"]).replace("TN:NSNN", "TN:OTHER");
    assert_eq!(unreadable(&budget(), &other), Rule::UnknownForm);
    let two = rows(&["M,M,80,REV,2026-08,812.5,VND,9,1,A,F"])
        + "dataflow,TN:OTHER,M,M,80,REV,2026-09,1,VND,9,1,A,F\n";
    assert_eq!(errors(&csv(&budget(), &two))[0].0, Rule::UnknownForm);
    let forms = [&budget(), &pupils()];
    let edu = "STRUCTURE,STRUCTURE_ID,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE\ndataflow,TN:EDU,80,F,2026,3\n";
    assert_eq!(read_csv(edu, &forms).unwrap().0.id, "hoc-sinh");
}

const JSON: &str = r#"{"meta": {"id": "x"}, "data": {
  "structures": [{
    "dimensions": {
      "dataSet": [{"id": "FREQ", "keyPosition": 0, "values": [{"id": "M"}]},
                  {"id": "REF_AREA", "keyPosition": 1, "values": [{"id": "80"}]}],
      "series": [{"id": "INDICATOR", "keyPosition": 2, "values": [{"id": "EXP"}, {"id": "REV"}]}],
      "observation": [{"id": "TIME_PERIOD", "keyPosition": 3,
                       "values": [{"id": "2026-10"}, {"value": "2026-08"}, {"id": "2026-09"}]}]},
    "measures": {"observation": [{"id": "OBS_VALUE"}]},
    "attributes": {
      "dataSet": [{"id": "UNIT_MEASURE", "values": [{"id": "VND"}]}],
      "series": [{"id": "UNIT_MULT", "values": [{"id": "9"}, {"id": "6"}]}, {"id": "DECIMALS"}],
      "observation": [{"id": "OBS_STATUS", "default": "A", "values": [{"id": "A"}, {"id": "E"}, {"id": "M"}]}]}}],
  "dataSets": [{"structure": 0, "action": "Merge", "attributes": [0], "series": {
    "0": {"attributes": [0, 1], "observations": {"0": [0, 0], "2": ["NaN", 2], "1": [null, 0]}},
    "1": {"attributes": [1, 0], "observations": {"0": [861100.50, 1], "1": [812500], "2": [845000, null]}}}}]}}"#;

#[test]
fn positions_are_looked_up_in_their_lists_and_values_without_a_list_are_values() {
    let form = budget();
    let (_, said) = read_json(JSON, &[&form]).unwrap();
    assert!(said.findings.iter().all(|finding| finding.rule == Rule::Unit), "{said:?}");
    let cells = cells(&budget(), &said);
    let expected = [
        ["EXP[]@80", "2026-10", "0", "official", ""],
        ["EXP[]@80", "2026-09", "not_collected", "official", "M"],
        ["EXP[]@80", "2026-08", "unsaid", "official", ""],
        ["REV[]@80", "2026-10", "861.1005", "estimate", "861100.50 ×10^6"],
        ["REV[]@80", "2026-08", "812.5", "official", "812500 ×10^6"],
        ["REV[]@80", "2026-09", "845", "official", "845000 ×10^6"],
    ];
    assert_eq!(cells, expected);
    assert_eq!(&*said.cells[4].at, "dataSets[0].series[\"1\"].observations[\"1\"]");
}

#[test]
fn flat_observations_and_attributes_of_groups_are_read() {
    let text = r#"{"data": {"structures": [{
        "links": [{"rel": "dataflow", "urn": "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=TN:NSNN(1.0)"}],
        "dimensions": {"dataSet": [{"id": "REF_AREA", "keyPosition": 1, "values": [{"id": "80"}]}], "series": [],
          "observation": [{"id": "INDICATOR", "keyPosition": 0, "values": [{"id": "REV"}, {"id": "FDI"}]},
                          {"id": "TIME_PERIOD", "keyPosition": 2, "values": [{"id": "2026-08"}, {"id": "2026-09"}]}]},
        "attributes": {"dimensionGroup": [{"id": "UNIT_MULT", "values": [{"id": "9"}, {"id": "3"}]}]}}],
      "dataSets": [{"dimensionGroupAttributes": {"0::": [0], "1::": [1]},
        "observations": {"0:0": [812.5], "0:1": ["845"], "1:0": [37250]}},
        {"action": "Delete", "observations": {"1:1": []}}]}}"#;
    let form = budget();
    let (_, said) = read_json(text, &[&form]).unwrap();
    assert!(said.findings.iter().all(|finding| finding.rule == Rule::Unit), "{said:?}");
    let cells = cells(&budget(), &said);
    assert_eq!(
        cells.iter().map(|cell| cell[2].as_str()).collect::<Vec<_>>(),
        ["812.5", "845", "37.25", "withdrawn"]
    );
    assert_eq!(cells[2][0], "FDI[]@80");
}

#[test]
fn a_json_message_that_contradicts_its_structure_is_told_where() {
    let form = budget();
    let errors_of = |text: &str| {
        let said = read_json(text, &[&form]).map(|(_, said)| said);
        said.map(|said| {
            errors(&said).into_iter().map(|(rule, at, _)| (rule, at.to_owned())).collect::<Vec<_>>()
        })
        .unwrap_or_else(|wrong| vec![(wrong.rule, String::new())])
    };
    let one = |rule, at: &str| vec![(rule, at.to_owned())];
    assert_eq!(
        errors_of(&JSON.replace("\"1\": [812500]", "\"7\": [812500]")),
        one(Rule::Invalid, "dataSets[0].series[\"1\"].observations[\"7\"]")
    );
    assert_eq!(
        errors_of(&JSON.replace("\"attributes\": [1, 0]", "\"attributes\": [5, 0]")).len(),
        3,
        "no multiplier for three observations"
    );
    assert_eq!(errors_of(&JSON.replace("[812500]", "[[1]]"))[0].0, Rule::Invalid);
    assert_eq!(
        errors_of(&JSON.replace("\"1\": {\"attributes\"", "\"1:0\": {\"attributes\"")),
        one(Rule::Invalid, "dataSets[0].series[\"1:0\"]")
    );
    assert_eq!(
        errors_of(&JSON.replace("\"INDICATOR\"", "\"SUBJECT\"")),
        one(Rule::Surplus, "data.structures")
    );
    assert_eq!(errors_of(&JSON.replace("OBS_VALUE", "OTHER")), one(Rule::Missing, "data.structures"));
    assert_eq!(errors_of(&JSON.replace("Merge", "Upsert")), one(Rule::Invalid, "dataSets[0]"));
    assert_eq!(errors_of("{\"data\": {}}"), one(Rule::Unreadable, ""));
    assert_eq!(errors_of("{\"data\": [1"), one(Rule::Unreadable, ""));
    assert_eq!(
        errors_of(&JSON.replace("\"structure\": 0", "\"structure\": 1")),
        one(Rule::Invalid, "dataSets[0]")
    );
}
