//! Agencies, forms and the feeds they come by (LOUD).

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

#[test]
fn every_rule_of_a_form_has_its_fault() {
    let member = "{ id = \"5+\", name = { vi = \"Từ 5\", en = \"5 and over\" } }";
    let column = |role: &str| {
        format!("[[ktxh-x.columns]]\nid = \"more\"\nrole = {role}\nname = {{ vi = \"m\", en = \"m\" }}\n")
    };
    let with_column = |role: &str| {
        changed("forms.toml", "[ktxh-x.indicators.X01]", &format!("{}[ktxh-x.indicators.X01]", column(role)))
    };
    let cases: Vec<(PackFiles, &str)> = vec![
        (changed("agencies.csv", "so-tc", "So TC"), "agencies.csv:2: agency 'So TC': an identifier"),
        (changed("agencies.csv", "so-tc", "25459"), "agencies.csv:2: agency '25459' is the code of a place"),
        (changed("agencies.csv", ",80", ",81"), "agencies.csv:2: place '81' is not the code of a place"),
        (changed("agencies.csv", "Sở Tài chính", ""), "agencies.csv:2: name_vi and name_en"),
        (
            changed("agencies.csv", "so-tc", "so-tc,a,b,80\nso-tc"),
            "agencies.csv:3: agency 'so-tc' is already defined",
        ),
        (changed("forms.toml", "[ktxh-x]", "[KTXH]"), "forms.toml:1: form 'KTXH': an identifier"),
        (
            changed("forms.toml", "admin_month", "moon"),
            "forms.toml:4: ktxh-x: 'period': 'moon' is not one of: day,",
        ),
        (
            changed("forms.toml", "period = \"admin_month\"\n", ""),
            "forms.toml:1: ktxh-x: 'period' is missing",
        ),
        (
            changed("forms.toml", "owner = \"place\"", "owner = \"so-x\""),
            "forms.toml:5: ktxh-x: 'owner' is \"place\" or the id of an agency",
        ),
        (changed("forms.toml", "owner = \"place\"\n", ""), "forms.toml:1: ktxh-x: 'owner' is missing"),
        (
            changed("forms.toml", "withdraws", "zero"),
            "forms.toml:7: ktxh-x: 'absent': 'zero' is not one of: keeps,",
        ),
        (changed("forms.toml", "preliminary", "final"), "forms.toml:6: ktxh-x: 'vintage': 'final' is not"),
        (
            changed("forms.toml", "decimal = \".\"", "decimal = \"'\""),
            "forms.toml:9: ktxh-x: 'decimal' must be",
        ),
        (
            changed("forms.toml", "[\"commune\",", "[\"village\","),
            "forms.toml:10: ktxh-x: 'kinds': 'village'",
        ),
        (
            changed("forms.toml", "[\"commune\", \"ward\"]", "[\"ward\", \"ward\"]"),
            "forms.toml:10: ktxh-x: kind 'ward' is named twice",
        ),
        (
            changed("forms.toml", "below = [\"80\"]", "below = [\"99\"]"),
            "forms.toml:10: ktxh-x: 'below': '99' is not",
        ),
        (
            changed("forms.toml", "\"not_collected\"", "\"value\""),
            "forms.toml:11: ktxh-x: mark '…': 'value' is not one of: none,",
        ),
        (
            changed("forms.toml", "\"-\" = \"none\"", "\"0\" = \"none\""),
            "forms.toml:11: ktxh-x: mark '0': a mark has",
        ),
        (
            changed("forms.toml", "nữ\" = \"X02\"", "nữ\" = \"X09\""),
            "forms.toml:13: ktxh-x: 'of_which': the form has no indicator 'X09'",
        ),
        (
            changed("forms.toml", "id = \"age\"", "id = \"code\""),
            "forms.toml:23: ktxh-x: column 'code' is already defined",
        ),
        (
            changed("forms.toml", "id = \"age\"", "id = \"Nhóm\""),
            "forms.toml:23: ktxh-x: column 'Nhóm': an identifier",
        ),
        (
            changed("forms.toml", "role = \"indicator\"", "role = \"row\""),
            "forms.toml:17: ktxh-x: 'row' is not a role",
        ),
        (
            changed("forms.toml", "role = \"indicator\"", "role = \"ignored\""),
            "forms.toml:1: ktxh-x: a column of values has neither",
        ),
        (
            changed("forms.toml", "role = \"value\"", "role = \"value\"\nindicator = \"X01\""),
            "forms.toml:1: ktxh-x: a column names the row's indicator",
        ),
        (
            changed("forms.toml", "role = \"value\"", "role = \"note\""),
            "forms.toml:1: ktxh-x: no column has the role 'value'",
        ),
        (with_column("\"indicator\""), "forms.toml:38: ktxh-x: a second column has the role 'indicator'"),
        (with_column("\"value\""), "forms.toml:38: ktxh-x: a second column holds the values of the same"),
        (
            with_column("\"value\"\nindicator = \"X09\""),
            "forms.toml:39: ktxh-x: the form has no indicator 'X09'",
        ),
        (
            with_column("\"note\"\nindicator = \"X01\""),
            "forms.toml:39: ktxh-x: only a column of the role 'value' has 'indicator'",
        ),
        (with_column("\"dimension\""), "forms.toml:38: ktxh-x: a dimension has 'members'"),
        (
            with_column("\"note\"\nheaders = [\"nhóm tuổi \"]"),
            "forms.toml:36: ktxh-x: two columns are headed 'nhóm tuổi '",
        ),
        (with_column("\"note\"\nwide = true"), "forms.toml:39: ktxh-x.columns: 'wide' is not a key"),
        (
            changed("forms.toml", member, &member.replace("5+", "5 +")),
            "forms.toml:28: ktxh-x: member '5 +': an identifier",
        ),
        (
            changed("forms.toml", member, &member.replace("5+", "0-4")),
            "forms.toml:28: ktxh-x: member '0-4' is already defined",
        ),
        (
            changed("forms.toml", member, &member.replace("Từ 5", "Dưới 5")),
            "forms.toml:28: ktxh-x: 'dưới 5' is both member '0-4' and '5+'",
        ),
        (
            changed("forms.toml", "[ktxh-x.indicators.X02]", "[ktxh-x.indicators.\"X-2\"]"),
            "forms.toml:44: ktxh-x: indicator 'X-2': an identifier",
        ),
        (
            changed("forms.toml", "code = \"02\"", "code = \"X01\""),
            "forms.toml:44: ktxh-x: 'X01' and 'X02' have the same code",
        ),
        (
            changed("forms.toml", "[0, 100000.5]", "[5, 5]"),
            "forms.toml:41: ktxh-x: X01: the most must be greater",
        ),
        (
            changed("forms.toml", "[0, 100000.5]", "[0]"),
            "forms.toml:41: ktxh-x.indicators.X01: 'range' must be two numbers",
        ),
        (
            changed("forms.toml", "range =", "most = 7\nrange ="),
            "forms.toml:42: ktxh-x: X01: 'range' is 'least' and 'most'",
        ),
        (
            changed("forms.toml", "\"phần\" = 0.1", "\"phần\" = 0"),
            "forms.toml:39: ktxh-x: the factor of unit 'phần' must be greater",
        ),
        (
            changed("forms.toml", "\"phần\" = 0.1", "\"Hồ sơ\" = 2"),
            "forms.toml:39: ktxh-x: unit 'Hồ sơ' is told twice",
        ),
        (
            changed("forms.toml", "ratio = [\"X02\", \"X01\"]", "ratio = [\"X02\"]"),
            "forms.toml:54: ktxh-x: ratio: 'ratio' must be two indicators",
        ),
        (
            changed("forms.toml", "ratio = [\"X02\", \"X01\"]", "ratio = [\"X02\", \"X03\"]"),
            "forms.toml:54: ktxh-x: 'ratio': the form has no indicator 'X03'",
        ),
        (
            changed("forms.toml", "decimals = 1", "additive = true"),
            "forms.toml:55: ktxh-x: ratio: a ratio is made of its parts",
        ),
        (
            changed("forms.toml", "decimals = 1", "decimals = 10"),
            "forms.toml:55: ktxh-x.indicators.ratio: 'decimals' must lie between 0 and 9",
        ),
        (changed("forms.toml", "X02 <= X01", "X02 < X01"), "forms.toml:65: ktxh-x: 'X02 < X01': '<' is not"),
        (
            changed("forms.toml", "X02 <= X01", "X02 <= X09"),
            "forms.toml:65: ktxh-x: the form has no indicator 'X09'",
        ),
        (
            changed("forms.toml", "within = 0.05", "within = -1"),
            "forms.toml:60: ktxh-x: 'within' must not be less than 0",
        ),
        (
            changed("forms.toml", "within = 0.05", "within = nan"),
            "forms.toml:60: ktxh-x.checks: 'within' must be a number of at most 28",
        ),
        (
            changed("forms.toml", "\"warning\"", "\"note\""),
            "forms.toml:61: ktxh-x: 'weight': 'note' is not one of: error, warning",
        ),
        (
            changed("forms.toml", "indicator = \"X01\"", "indicator = \"X09\""),
            "forms.toml:68: ktxh-x: the form has no indicator 'X09'",
        ),
        (
            changed("forms.toml", "year_earlier", "yesterday"),
            "forms.toml:69: ktxh-x: 'before': 'yesterday' is not",
        ),
        (
            changed("forms.toml", "least = 0.2\n", ""),
            "forms.toml:67: ktxh-x: 'against' has 'least' or 'most'",
        ),
        (
            changed("forms.toml", "least = 0.2", "least = 0.2\nmost = 0.1"),
            "forms.toml:71: ktxh-x: 'most' must be greater",
        ),
        (
            changed("feeds.toml", "[\"ktxh-x\"]", "[]"),
            "feeds.toml:17: reports: 'forms' must name at least one",
        ),
        (
            changed("feeds.toml", "[\"ktxh-x\"]", "[\"ktxh-y\"]"),
            "feeds.toml:17: reports: forms.toml has no form 'ktxh-y'",
        ),
        (
            changed("feeds.toml", "[\"ktxh-x\"]", "[\"ktxh-x\", \"ktxh-x\"]"),
            "feeds.toml:17: reports: form 'ktxh-x' is named twice",
        ),
        (
            changed("feeds.toml", "\"so-tc\"", "\"so-x\""),
            "feeds.toml:18: reports: 'agency' is the id of an agency",
        ),
        (
            changed("feeds.toml", "\"table\"", "\"eve\""),
            "feeds.toml:17: reports: 'eve' is no format of reports",
        ),
    ];
    let lacking: Vec<String> = cases
        .iter()
        .map(|(files, expected)| (faults(files), expected))
        .filter(|(found, expected)| !found.iter().any(|fault| fault.starts_with(**expected)))
        .map(|(found, expected)| format!("{expected}\n    {}", found.join("\n    ")))
        .collect();
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
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
