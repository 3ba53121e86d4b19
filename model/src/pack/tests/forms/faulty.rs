//! Everything that can be wrong with a form is said, with its line (LOUD).

use super::*;

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
            "forms.toml:1: ktxh-x: a column names the row's indicator, but none holds its value",
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
            "feeds.toml:17: reports: neither forms.toml nor templates.toml has a form 'ktxh-y'",
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
