//! Agencies, forms and the feeds they come by (LOUD).

mod faulty;

use rust_decimal::Decimal;

use super::*;
use crate::form::{Absent, Before, Mark, Meaning, Owner, PeriodKind, Relation, Role, Term, Vintage, Weight};

const AGENCIES: &str = "id,name_vi,name_en,place\nso-tc,Sở Tài chính,Department of Finance,80\n";

const FORM: &str = "\
[ktxh-x]
name = { vi = \"Biểu KTXH-X\", en = \"Form KTXH-X\" }
titles = [\"*KTXH-X*\"]
period = \"admin_month\"
owner = \"place\"
vintage = \"preliminary\"
absent = \"withdraws\"
parts = true
decimal = \".\"
places = { kinds = [\"commune\", \"ward\"], below = [\"80\"] }
marks = { \"-\" = \"none\", \"…\" = \"not_collected\", \"*\" = \"preliminary\", \"(1)\" = \"note\" }
totals = [\"Tổng cộng\"]
of_which = { \"Trong đó: nữ\" = \"X02\", \"Trong đó\" = \"ignored\" }

[[ktxh-x.columns]]
id = \"code\"
role = \"indicator\"
name = { vi = \"Mã chỉ tiêu\", en = \"Indicator code\" }
headers = [\"Ma chi tieu\"]
required = true

[[ktxh-x.columns]]
id = \"age\"
role = \"dimension\"
name = { vi = \"Nhóm tuổi\", en = \"Age group\" }
members = [
    { id = \"0-4\", name = { vi = \"0 - 4\", en = \"0 to 4\" }, labels = [\"dưới 5\"] },
    { id = \"5+\", name = { vi = \"Từ 5\", en = \"5 and over\" } },
]

[[ktxh-x.columns]]
id = \"value\"
role = \"value\"
name = { vi = \"Giá trị\", en = \"Value\" }

[ktxh-x.indicators.X01]
name = { vi = \"Hồ sơ\", en = \"Dossiers\" }
unit = \"hồ sơ\"
units = { \"nghìn hồ sơ\" = 1000, \"phần\" = 0.1 }
whole = true
range = [0, 100000.5]
required = true

[ktxh-x.indicators.X02]
name = { vi = \"Đúng hạn\", en = \"On time\" }
unit = \"hồ sơ\"
least = 0
code = \"02\"

[ktxh-x.indicators.ratio]
name = { vi = \"Tỷ lệ\", en = \"Ratio\" }
unit = \"%\"
percent = true
ratio = [\"X02\", \"X01\"]
decimals = 1
owner = \"so-tc\"

[[ktxh-x.checks]]
rule = \"ratio = X02 / X01 * 100\"
within = 0.05
weight = \"warning\"
says = { vi = \"Tỷ lệ sai\", en = \"Wrong ratio\" }

[[ktxh-x.checks]]
rule = \"X02 <= X01\"

[[ktxh-x.against]]
indicator = \"X01\"
before = \"year_earlier\"
least = 0.2
weight = \"error\"
";

const FEED: &str = "\
[reports]
name = { vi = \"Báo cáo\", en = \"Reports\" }
owner = { vi = \"Sở\", en = \"Department\" }
transport = { kind = \"files\", folder = \"reports\" }
format = \"table\"
forms = [\"ktxh-x\"]
agency = \"so-tc\"
silent_after = \"40d\"
";

fn files() -> PackFiles {
    let mut files = valid_files();
    let _ = files.insert("agencies.csv".to_owned(), AGENCIES.to_owned());
    let _ = files.insert("forms.toml".to_owned(), FORM.to_owned());
    files.get_mut("feeds.toml").unwrap().push_str(FEED);
    files
}

fn changed(path: &str, from: &str, to: &str) -> PackFiles {
    let mut files = files();
    let text = files.get_mut(path).unwrap();
    assert!(text.contains(from), "{from}");
    *text = text.replacen(from, to, 1);
    files
}

fn number(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

#[test]
fn a_form_holds_what_its_file_says() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let agency = &pack.agencies["so-tc"];
    assert_eq!((agency.name.en.as_str(), agency.place.as_str()), ("Department of Finance", "80"));
    let feed = &pack.feeds["reports"];
    assert_eq!((&feed.forms[..], feed.agency.as_deref()), (&["ktxh-x".to_owned()][..], Some("so-tc")));

    let form = &pack.forms["ktxh-x"];
    assert_eq!((form.name.en.as_str(), &form.titles[..]), ("Form KTXH-X", &["*KTXH-X*".to_owned()][..]));
    assert_eq!((form.period, form.vintage), (PeriodKind::AdminMonth, Vintage::Preliminary));
    assert_eq!((form.absent, form.parts, form.decimal), (Absent::Withdraws, true, '.'));
    assert_eq!(form.owner, Owner::Place);
    assert_eq!(form.places.kinds, [PlaceKind::Commune, PlaceKind::Ward]);
    assert_eq!(form.places.below, ["80"]);
    assert_eq!(form.marks["…"], Meaning::Instead(Mark::NotCollected));
    assert_eq!(form.marks["*"], Meaning::Vintage(Vintage::Preliminary));
    assert_eq!(form.marks["(1)"], Meaning::Note);
    assert_eq!(form.totals, ["Tổng cộng"]);
    assert_eq!(form.of_which["Trong đó: nữ"].as_deref(), Some("X02"));
    assert_eq!(form.of_which["Trong đó"], None);

    let [code, age, value] = &form.columns[..] else { panic!("{:?}", form.columns) };
    assert_eq!((code.id.as_str(), &code.role, code.required), ("code", &Role::Indicator, true));
    assert_eq!(code.headers, ["Ma chi tieu"]);
    let Role::Dimension(members) = &age.role else { panic!("{age:?}") };
    assert_eq!((members[0].id.as_str(), &members[0].labels[..]), ("0-4", &["dưới 5".to_owned()][..]));
    assert_eq!(value.role, Role::Value(None));

    let first = &form.indicators["X01"];
    assert_eq!((first.code.as_str(), first.whole, first.required, first.additive), ("X01", true, true, true));
    assert_eq!((first.least, first.most), (Some(number("0")), Some(number("100000.5"))));
    assert_eq!(first.units["phần"], number("0.1"));
    let second = &form.indicators["X02"];
    assert_eq!((second.code.as_str(), second.least, second.most), ("02", Some(number("0")), None));
    let ratio = &form.indicators["ratio"];
    assert!(ratio.percent && !ratio.additive && !ratio.required);
    assert_eq!(ratio.ratio, Some(("X02".to_owned(), "X01".to_owned())));
    assert_eq!((ratio.owner.clone(), ratio.decimals), (Some(Owner::Agency("so-tc".to_owned())), 1));

    let [equal, bound] = &form.checks[..] else { panic!("{:?}", form.checks) };
    assert_eq!(
        (equal.relation, equal.within, equal.weight),
        (Relation::Equal, number("0.05"), Weight::Warning)
    );
    assert_eq!(equal.says.as_ref().unwrap().en, "Wrong ratio");
    assert_eq!((bound.relation, bound.within, bound.weight), (Relation::AtMost, number("0"), Weight::Error));
    assert_eq!(bound.left, Term::Indicator("X02".to_owned()));
    let [against] = &form.against[..] else { panic!("{:?}", form.against) };
    assert_eq!((against.before, against.weight), (Before::YearEarlier, Weight::Error));
    assert_eq!((against.indicator.as_str(), against.least, against.most), ("X01", Some(number("0.2")), None));
}

#[test]
fn what_a_form_does_not_say_has_a_meaning() {
    let form = "[a]\nname = { vi = \"a\", en = \"a\" }\nperiod = \"year\"\nowner = \"place\"\n\
        [[a.columns]]\nid = \"v\"\nrole = \"value\"\nindicator = \"v\"\nname = { vi = \"a\", en = \"a\" }\n\
        [a.indicators.v]\nname = { vi = \"a\", en = \"a\" }\nunit = \"x\"\n";
    let mut files = valid_files();
    let _ = files.insert("forms.toml".to_owned(), form.to_owned());
    let pack = Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"));
    let form = &pack.forms["a"];
    assert_eq!(
        (form.vintage, form.absent, form.parts, form.decimal),
        (Vintage::Official, Absent::Keeps, false, ',')
    );
    assert!(form.titles.is_empty() && form.places.kinds.is_empty() && form.marks.is_empty());
    assert!(form.indicators["v"].additive);
    assert!(Pack::parse(&valid_files()).unwrap().forms.is_empty());
}

#[test]
fn agencies_and_forms_are_part_of_the_version_and_of_overlays() {
    let version = Pack::parse(&files()).unwrap().version;
    for (path, from, to) in [("agencies.csv", "Sở Tài chính", "Sở TC"), ("forms.toml", "0.05", "0.06")]
    {
        assert_ne!(Pack::parse(&changed(path, from, to)).unwrap().version, version, "{path}");
    }
    let mut files = valid_files();
    for (path, text) in [
        ("demo/pack.toml", "replayed = { vi = \"a\", en = \"b\" }\n"),
        ("demo/agencies.csv", AGENCIES),
        ("demo/forms.toml", FORM),
        ("demo/feeds.toml", FEED),
    ] {
        let _ = files.insert(path.to_owned(), text.to_owned());
    }
    let demo = Pack::parse_with(&files, Some("demo")).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(demo.forms.contains_key("ktxh-x") && demo.agencies.contains_key("so-tc"));
    assert!(Pack::parse(&files).unwrap().forms.is_empty());
    let again = files.insert("forms.toml".to_owned(), FORM.replace("so-tc", "place"));
    assert_eq!(again, None);
    assert!(
        faults(&files)
            .contains(&"demo/forms.toml:1: form 'ktxh-x' is already defined in forms.toml:1".to_owned())
    );
}

/// A form whose rows are counted.
const LIST: &str = "\
[list]
name = { vi = \"Ca bệnh\", en = \"Cases\" }
period = \"admin_month\"
owner = \"place\"
[[list.columns]]
id = \"case\"
role = \"id\"
name = { vi = \"Mã ca\", en = \"Case\" }
[[list.columns]]
id = \"diagnosed\"
role = \"date\"
name = { vi = \"Ngày chẩn đoán\", en = \"Diagnosed\" }
[[list.columns]]
id = \"reported\"
role = \"date\"
name = { vi = \"Ngày báo cáo\", en = \"Reported\" }
[list.indicators.cases]
name = { vi = \"Số ca\", en = \"Cases\" }
unit = \"ca\"
counts = { rows = true }
[list.indicators.in_time]
name = { vi = \"Đúng hạn\", en = \"In time\" }
unit = \"ca\"
counts = { from = \"diagnosed\", to = \"reported\", within_days = 1 }
";

#[test]
fn rows_are_counted_by_days_or_say_values() {
    let with = |from: &str, to: &str| {
        assert!(LIST.contains(from), "{from}");
        let mut files = valid_files();
        let _ = files.insert("forms.toml".to_owned(), LIST.replacen(from, to, 1));
        files
    };
    let pack = Pack::parse(&with("case", "case")).unwrap_or_else(|faults| panic!("{faults}"));
    let form = &pack.forms["list"];
    assert_eq!(form.columns[0].role, Role::Id);
    assert_eq!(form.indicators["cases"].counts.as_ref().unwrap().within, None);
    let within = Some(("diagnosed".to_owned(), "reported".to_owned(), 1));
    assert_eq!(form.indicators["in_time"].counts.as_ref().unwrap().within, within);
    for (from, to, expected) in [
        (
            "to = \"reported\"",
            "to = \"told\"",
            "forms.toml:17: list: in_time: the form has no column 'told' of the role",
        ),
        (
            "within_days = 1",
            "rows = true",
            "forms.toml:24: list: in_time: 'counts' must be { rows = true }, or",
        ),
        ("counts = { rows = true }\n", "", "forms.toml:1: list: rows are counted or say values"),
        (
            "\"date\"",
            "\"value\"\nindicator = \"cases\"",
            "forms.toml:1: list: rows are counted or say values",
        ),
    ] {
        let found = faults(&with(from, to));
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{expected}\n{}", found.join("\n"));
    }
    let found = faults(&with("owner = \"place\"\n", "owner = \"place\"\nabsent = \"refused\"\n"));
    assert!(found.iter().any(|fault| fault.contains("what is not in a list is 0")), "{found:?}");
    let dated = changed("forms.toml", "role = \"indicator\"", "role = \"date\"");
    assert!(faults(&dated).iter().any(|fault| fault.contains("only a form whose rows are counted")));
}

#[test]
fn a_form_that_is_sent_whole_can_say_what_that_is() {
    let refused = |form: &str| {
        let mut files = files();
        let _ = files.insert("forms.toml".to_owned(), form.replace("\"withdraws\"", "\"refused\""));
        match Pack::parse(&files) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.0.iter().map(ToString::to_string).collect(),
        }
    };
    let expected = "ktxh-x: 'absent' is \"refused\", and a row need not say 'age'";
    assert!(refused(FORM).iter().any(|fault| fault.contains(expected)), "{:?}", refused(FORM));
    let required = FORM.replace("role = \"dimension\"\n", "role = \"dimension\"\nrequired = true\n");
    assert_eq!(refused(&required), Vec::<String>::new());
    let member = |at: usize| format!("{{ id = \"m{at}\", name = {{ vi = \"{at}\", en = \"{at}\" }} }},\n");
    let many: String = (0..63).map(member).collect();
    let many = required.replace("members = [\n", &format!("members = [\n{many}"));
    assert!(
        refused(&many).iter().any(|fault| fault.contains("a place has 65 parts")),
        "{:?}",
        refused(&many)
    );
}

#[test]
fn several_forms_of_a_feed_have_titles() {
    let mut files = files();
    let second = FORM.replace("ktxh-x", "other").replace("titles = [\"*KTXH-X*\"]\n", "");
    files.get_mut("forms.toml").unwrap().push_str(&second);
    let feeds = files.get_mut("feeds.toml").unwrap();
    *feeds = feeds.replace("[\"ktxh-x\"]", "[\"ktxh-x\", \"other\"]");
    assert_eq!(
        faults(&files),
        [
            "feeds.toml:17: reports: several forms come by this feed, and nothing tells that it is 'other': give each its 'titles'"
        ]
    );
}

#[test]
fn any_text_in_a_form_is_a_pack_or_faults() {
    any_text_is_a_pack_or_faults(&files());
}

#[test]
fn a_form_that_names_no_column_of_values_has_one_for_each_indicator_that_is_no_ratio_as_they_are_written() {
    let short = "\
[inventory]
name = { vi = \"Kiểm kê\", en = \"Inventory\" }
period = \"quarter\"
owner = \"place\"
screen = \"health\"
COLUMNS
[inventory.indicators]
staff = { name = { vi = \"Cán bộ\", en = \"Staff\" }, unit = \"người\", code = \"02\", suppress_below = 5 }
computers = { name = { vi = \"Máy tính\", en = \"Computers\" }, unit = \"máy\" }
share = { name = { vi = \"Tỷ lệ\", en = \"Share\" }, unit = \"%\", percent = true, ratio = [\"computers\", \"staff\"] }
";
    let sector = "columns = [{ id = \"sector\", role = \"dimension\", name = { vi = \"Khu vực\", en = \"Sector\" }, \
                  members = [{ id = \"a\", name = { vi = \"a\", en = \"a\" } }] }]";
    for (columns, expected) in [
        ("", &["place", "place_name", "staff", "computers"][..]),
        (sector, &["place", "place_name", "sector", "staff", "computers"]),
    ] {
        let mut files = valid_files();
        let _ = files.insert("forms.toml".to_owned(), short.replace("COLUMNS", columns));
        let pack = Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"));
        let form = &pack.forms["inventory"];
        let ids: Vec<&str> = form.columns.iter().map(|column| column.id.as_str()).collect();
        assert_eq!(ids, expected);
        let staff = form.columns.iter().find(|column| column.id == "staff").unwrap();
        assert_eq!(staff.role, Role::Value(Some("staff".to_owned())));
        assert_eq!(
            (staff.name.vi.as_str(), &staff.headers[..]),
            ("Cán bộ", &["02".to_owned(), "staff".to_owned()][..])
        );
        assert!(form.columns[0].required && form.columns[0].role == Role::Place);
        assert_eq!(
            (form.screen.as_deref(), form.indicators["staff"].suppress_below),
            (Some("health"), Some(5))
        );
    }
    let faulty = [
        (
            short.replace("COLUMNS", "").replace("\"health\"", "\"feeds\""),
            "'screen': 'feeds' is not one of: economy, health",
        ),
        (
            short.replace("COLUMNS", "").replace("below = 5", "below = 1"),
            "'suppress_below' must lie between 2 and 100",
        ),
        (
            short.replace("COLUMNS", "").replace("\"Máy tính\"", "\"Mã đơn vị\""),
            "forms.toml:1: inventory: two columns are headed 'Mã đơn vị'",
        ),
    ];
    for (text, expected) in faulty {
        let mut files = valid_files();
        let _ = files.insert("forms.toml".to_owned(), text);
        let faults = Pack::parse(&files).unwrap_err().to_string();
        assert!(faults.contains(expected), "{faults}\n    {expected}");
    }
}

#[test]
fn a_target_without_a_source_is_a_fault() {
    let header =
        "id,valid_from,valid_to,name_vi,name_en,tiers,form,numerator,denominator,over,sense,target,basis\n";
    let right = "A1,2021-01-01,2025-12-31,Đúng hạn,On time,commune ward,ktxh-x,X02,X01 + X02,year,at_least,82.5,794 I\n";
    let parsed = |line: &str| {
        let mut files = files();
        let _ = files.insert("targets.csv".to_owned(), format!("{header}{line}"));
        Pack::parse(&files)
    };
    let pack = parsed(right).unwrap_or_else(|faults| panic!("{faults}"));
    let target = &pack.targets["A1"];
    assert_eq!((target.denominator.len(), target.value), (2, Some(Decimal::new(825, 1))));
    let cases = [
        ("ktxh-x", "ktxh-y", "form 'ktxh-y' is not one of forms.toml: the target has no source"),
        ("X02,X01", "X02,X09", "form 'ktxh-x' has no indicator 'X09': the target has no source"),
        ("X02,X01", "ratio,X01", "'ratio' is a ratio: name the two indicators that it is made of"),
        ("X02,X01", ",X01", "numerator must name an indicator"),
        ("commune ward", "province", "form 'ktxh-x' is about no place of tier 'province'"),
        ("commune ward", "", "tiers must name one at least"),
        ("year", "always", "over 'always' is not one of: latest, year"),
        ("at_least", "more", "sense 'more' is not one of: at_least, at_most"),
        ("82.5", "many", "target 'many' is not a number such as 95"),
        ("2025-12-31", "2020-12-31", "valid_to lies before valid_from"),
    ];
    for (from, to, expected) in cases {
        let faults = parsed(&right.replace(from, to)).unwrap_err().to_string();
        assert!(
            faults.starts_with("targets.csv:2: ") && faults.contains(expected),
            "{faults}\n    {expected}"
        );
    }
    let twice = parsed(&right.repeat(2)).unwrap_err().to_string();
    assert_eq!(twice, "targets.csv:3: target 'A1' is already defined");
}
