//! What forms are in SDMX and DHIS2 (LOUD).

use super::*;
use crate::form::{Of, SdmxUnit};

const FORM: &str = "\
[nsnn]
name = { vi = \"Ngân sách\", en = \"Budget\" }
period = \"month\"
owner = \"place\"

[[nsnn.columns]]
id = \"code\"
role = \"indicator\"
name = { vi = \"Mã\", en = \"Code\" }

[[nsnn.columns]]
id = \"sex\"
role = \"dimension\"
name = { vi = \"Giới\", en = \"Sex\" }
members = [{ id = \"f\", name = { vi = \"Nữ\", en = \"Female\" } }, { id = \"m\", name = { vi = \"Nam\", en = \"Male\" } }]

[[nsnn.columns]]
id = \"value\"
role = \"value\"
name = { vi = \"Giá trị\", en = \"Value\" }

[nsnn.indicators]
REV = { name = { vi = \"Thu\", en = \"Revenue\" }, unit = \"tỷ đồng\" }
EXP = { name = { vi = \"Chi\", en = \"Expenditure\" }, unit = \"tỷ đồng\" }

[nsnn.sdmx]
structure = \"TN:NSNN\"
area = \"REF_AREA\"
indicator = \"INDICATOR\"
dimensions = { SEX = \"sex\" }
fixed = { FREQ = \"M\" }
codes = { SEX = { F = \"f\" }, REF_AREA = { VN = \"80\" }, INDICATOR = { R = \"REV\" } }
units = { \"tỷ đồng\" = { measure = \"VND\", power = 9 } }
ignored = [\"REMARK\"]

[nsnn.dhis2]
data_sets = [\"dsBudget001\"]
defaults = [\"HllvX50cXC0\"]
org_units = { ouProvince1 = \"80\" }
category = { cocFemale01 = { sex = \"f\" }, default = { sex = \"m\" } }
attribute = {}
elements = { deRevenue01 = { indicator = \"REV\", by = [\"sex\"] }, deExpendit1 = { indicator = \"EXP\", of = { sex = \"f\" } } }
";

const FEEDS: &str = "\
[sdmx]
name = { vi = \"Báo cáo\", en = \"Reports\" }
owner = { vi = \"Sở\", en = \"Department\" }
transport = { kind = \"http\" }
format = \"sdmx_csv\"
forms = [\"nsnn\"]
silent_after = \"40d\"

[dhis2]
name = { vi = \"Báo cáo\", en = \"Reports\" }
owner = { vi = \"Sở\", en = \"Department\" }
transport = { kind = \"http\" }
format = \"dhis2\"
forms = [\"nsnn\"]
silent_after = \"40d\"
";

fn files(form: &str) -> PackFiles {
    let mut files = valid_files();
    let _ = files.insert("forms.toml".to_owned(), form.to_owned());
    files.get_mut("feeds.toml").unwrap().push_str(FEEDS);
    files
}

#[test]
fn a_form_says_what_it_is_in_messages_of_cells() {
    let pack = Pack::parse(&files(FORM)).unwrap_or_else(|faults| panic!("{faults}"));
    let form = &pack.forms["nsnn"];
    let sdmx = form.sdmx.as_ref().unwrap();
    assert_eq!(
        (sdmx.structure.as_str(), sdmx.time.as_str(), sdmx.measure.as_str()),
        ("TN:NSNN", "TIME_PERIOD", "OBS_VALUE")
    );
    assert_eq!(sdmx.area, Of::Dimension("REF_AREA".to_owned()));
    assert_eq!((sdmx.dimensions["SEX"].as_str(), sdmx.fixed["FREQ"].as_str()), ("sex", "M"));
    assert_eq!(sdmx.codes["REF_AREA"]["VN"], "80");
    assert_eq!(sdmx.units["tỷ đồng"], SdmxUnit { measure: "VND".to_owned(), power: 9 });
    assert_eq!((&sdmx.whole[..], &sdmx.ignored[..]), (&["_T".to_owned()][..], &["REMARK".to_owned()][..]));
    let dhis2 = form.dhis2.as_ref().unwrap();
    assert_eq!(dhis2.elements["deRevenue01"].by, ["sex"]);
    assert_eq!(dhis2.elements["deExpendit1"].of["sex"], "f");
    assert_eq!(
        (dhis2.category.default["sex"].as_str(), dhis2.category.of["cocFemale01"]["sex"].as_str()),
        ("m", "f")
    );
    assert_eq!(dhis2.org_units["ouProvince1"], "80");
}

#[test]
fn every_rule_of_what_a_form_is_in_messages_has_its_fault() {
    for (from, to, fault) in [
        ("\"TN:NSNN\"", "\"TN:NSNN(1.0)\"", "nsnn: 'structure' is an agency and an id without a version"),
        ("area = \"REF_AREA\"\n", "", "nsnn: 'sdmx' says where the place stands, by 'area'"),
        ("area = \"REF_AREA\"", "place = \"99\"", "nsnn: 'place': '99' is not the code of a place"),
        ("indicator = \"INDICATOR\"\n", "", "nsnn: 'sdmx': the form has several indicators"),
        ("{ SEX = \"sex\" }", "{ SEX = \"age\" }", "nsnn: 'dimensions': the form has no column 'age'"),
        (
            "{ SEX = \"sex\" }",
            "{ SEX = \"sex\", S2 = \"sex\" }",
            "nsnn: 'dimensions': two are the column 'sex'",
        ),
        (
            "dimensions = { SEX = \"sex\" }",
            "dimensions = { FREQ = \"sex\" }",
            "nsnn: 'sdmx': 'FREQ' is named twice",
        ),
        ("fixed = { FREQ", "fixed = { UNIT_MULT", "nsnn: 'sdmx': 'UNIT_MULT' is named twice"),
        ("{ F = \"f\" }", "{ F = \"x\" }", "nsnn: 'codes': 'SEX' cannot mean 'x'"),
        ("{ VN = \"80\" }", "{ VN = \"99\" }", "nsnn: 'codes': 'REF_AREA' cannot mean '99'"),
        ("{ R = \"REV\" }", "{ R = \"GDP\" }", "nsnn: 'codes': 'INDICATOR' cannot mean 'GDP'"),
        (
            "{ \"tỷ đồng\" = { measure",
            "{ \"người\" = { measure",
            "nsnn: 'units': no indicator of the form is in 'người'",
        ),
        ("power = 9", "power = 90", "'power' must lie between -15 and 15"),
        ("ignored = [\"REMARK\"]", "ignore = [\"REMARK\"]", "'ignore'"),
        (
            "period = \"month\"",
            "period = \"admin_month\"",
            "nsnn: periods of DHIS2 are those of the calendar",
        ),
        ("{ indicator = \"EXP\"", "{ indicator = \"GDP\"", "nsnn: the form has no indicator 'GDP'"),
        ("by = [\"sex\"]", "by = [\"age\"]", "nsnn: 'by': the form has no column 'age'"),
        (
            "of = { sex = \"f\" }",
            "of = { sex = \"x\" }",
            "nsnn: the form has no column 'sex' with a member 'x'",
        ),
        ("by = [\"sex\"] }", "by = [\"sex\"], of = { sex = \"f\" } }", "nsnn: 'sex' is in 'by' and in 'of'"),
        (
            "deExpendit1 = { indicator = \"EXP\", of = { sex = \"f\" } }",
            "deExpendit1 = { indicator = \"REV\", by = [\"sex\"] }",
            "nsnn: two of 'elements' are the same indicator",
        ),
        (
            "ouProvince1 = \"80\"",
            "ouProvince1 = \"99\"",
            "nsnn: 'org_units': '99' is not the code of a place",
        ),
        (
            "default = { sex = \"m\" }",
            "default = { sex = \"x\" }",
            "nsnn: the form has no column 'sex' with a member 'x'",
        ),
    ] {
        assert!(FORM.contains(from), "{from}");
        let faults = faults(&files(&FORM.replacen(from, to, 1)));
        let is_told = |told: &String| told.starts_with("forms.toml:") && told.contains(fault);
        assert!(faults.iter().any(is_told), "{to}: {faults:?}");
    }
}

#[test]
fn a_feed_of_messages_takes_forms_that_say_what_they_are_in_them_and_a_structure_is_of_one_form() {
    let cut = FORM.find("[nsnn.sdmx]").unwrap();
    let told = faults(&files(&FORM[..cut]));
    assert_eq!(
        told.iter().filter(|told| told.contains("what form 'nsnn' is in such messages is not said")).count(),
        2,
        "{told:?}"
    );
    let two = format!("{FORM}\n{}", FORM[..FORM.find("[nsnn.dhis2]").unwrap()].replace("nsnn", "other"));
    let told = faults(&files(&two));
    assert!(told.iter().any(|told| told.contains("structure 'TN:NSNN' is that of form 'nsnn'")), "{told:?}");
}
