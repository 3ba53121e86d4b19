//! What mappings may do and what they may not.

mod bounds;

use super::*;

const TOLD: Told<'_> = Told { address: "ioc/x", received_at: "2026-11-20T01:00:00Z" };

fn run(mapping: &str, input: &str) -> Result<Vec<Made>, Failed> {
    let mapping = Mapping::compile(mapping).unwrap_or_else(|wrong| panic!("{mapping}: {wrong:?}"));
    mapping.run(input.len(), TOLD, [Input::Json(input)].into_iter())
}

/// The outputs, one a line; or why there are none.
fn becomes(mapping: &str, input: &str) -> String {
    match run(mapping, input) {
        Ok(made) => match &made[..] {
            [Made::Outputs(outputs)] => {
                outputs.iter().map(|output| output.json.clone()).collect::<Vec<_>>().join("\n")
            }
            [Made::Failed(why)] => format!("failed: {why}"),
            _ => panic!("one input"),
        },
        Err(Failed::NotJson(wrong)) => format!("no JSON: {wrong:?}"),
        Err(Failed::Spent(spent)) => format!("spent: {spent:?}"),
    }
}

fn wrongs(mapping: &str) -> Vec<(usize, String)> {
    let wrong = Mapping::compile(mapping).expect_err(mapping);
    wrong.into_iter().map(|wrong| (wrong.line, wrong.message.en)).collect()
}

#[test]
fn what_people_know_of_jq_is_there() {
    for (mapping, input, expected) in [
        (".a.b[1]", r#"{"a":{"b":[1,2]}}"#, "2"),
        (
            ".[] | select(.v > 1) | {id, v: (.v * 2)}",
            r#"[{"id":"a","v":1},{"id":"b","v":2.5}]"#,
            r#"{"id":"b","v":5.0}"#,
        ),
        (
            "to_entries | map({name: .key, value})",
            r#"{"x":1,"y":2}"#,
            r#"[{"name":"x","value":1},{"name":"y","value":2}]"#,
        ),
        ("with_entries(.value += 1)", r#"{"x":1}"#, r#"{"x":2}"#),
        ("[.[] as [$a, $b] | $a + $b]", "[[1,2],[3,4]]", "[3,7]"),
        ("reduce .[] as $x (0; . + $x)", "[1,2,3]", "6"),
        ("[foreach .[] as $x (0; . + $x)]", "[1,2,3]", "[1,3,6]"),
        ("[limit(3; repeat(.))]", "1", "[1,1,1]"),
        ("[range(0; 6; 2)]", "null", "[0,2,4]"),
        ("[.[] | tonumber? // \"none\"]", r#"["1","x"]"#, r#"[1,"none"]"#),
        (
            "group_by(.k) | map({k: .[0].k, n: length})",
            r#"[{"k":"b"},{"k":"a"},{"k":"b"}]"#,
            r#"[{"k":"a","n":1},{"k":"b","n":2}]"#,
        ),
        ("[.[] | ascii_downcase] | unique", r#"["B","a","b"]"#, r#"["a","b"]"#),
        (". / \",\" | map(tonumber) | add / length", r#""1,2,6""#, "3"),
        ("\"\\(.a)-\\(.b)\"", r#"{"a":1,"b":"x"}"#, r#""1-x""#),
        (".a |= . + 1 | del(.b) | .c = 3", r#"{"a":1,"b":2}"#, r#"{"a":2,"c":3}"#),
        (".[1:] , .[-1], .[:1]", "[1,2,3]", "[2,3]\n3\n[1]"),
        (
            "[paths], [leaf_paths], [paths(type == \"number\")]",
            r#"{"a":[1]}"#,
            "[[\"a\"],[\"a\",0]]\n[[\"a\",0]]\n[[\"a\",0]]",
        ),
        ("[..|numbers]", r#"{"a":[1,{"b":2}]}"#, "[1,2]"),
        ("capture(\"(?<d>[0-9]+)/(?<m>[0-9]+)\")", r#""20/11""#, r#"{"d":"20","m":"11"}"#),
        ("sub(\",\"; \".\") | tonumber", r#""37,25""#, "37.25"),
        ("gsub(\"(?<x>[aeiou])\"; \"<\\(.x)>\")", r#""hanoi""#, r#""h<a>n<o><i>""#),
        ("[match(\"[0-9]+\"; \"g\") | [.offset, .string]]", r#""ấ1 22""#, r#"[[1,"1"],[3,"22"]]"#),
        ("test(\"^PM\"; \"i\"), [scan(\"[0-9]\")]", r#""pm25""#, "true\n[\"2\",\"5\"]"),
        ("@base64d | fromjson | .t", r#""eyJ0IjoyMX0=""#, "21"),
        ("base64_bytes | .[0] * 256 + .[1]", r#""ASw=""#, "300"),
        ("hex_bytes", r#""0aff""#, "[10,255]"),
        (
            "parse_time(\"%d/%m/%Y %H:%M\") + \"+07:00\"",
            r#""20/11/2026 08:30""#,
            r#""2026-11-20T08:30:00+07:00""#,
        ),
        ("fromdate | ., todate", r#""2026-11-20T08:00:00+07:00""#, "1795136400\n\"2026-11-20T01:00:00Z\""),
        ("$address, $received_at", "null", "\"ioc/x\"\n\"2026-11-20T01:00:00Z\""),
        ("def f: if . == 0 then 0 else 1 + (. - 1 | f) end; f", "300", "300"),
        ("def f: if . == 0 then [] else [.] + (. - 1 | f) end; f | length", "300", "300"),
        ("def f: if . > 2 then . else . + 1 | f end; f", "0", "3"),
        ("first(.[] | select(. > 1)), any(.[]; . == 3), isempty(empty)", "[1,2,3]", "2\ntrue\ntrue"),
        ("try error(\"x\") catch .", "null", "\"x\""),
        ("label $out | .[] | if . == 2 then break $out else . end", "[1,2,3]", "1"),
        ("empty", "1", ""),
        (
            "join(\", \"), (tojson|fromjson|length), flatten, min, max",
            "[\"b\",\"a\"]",
            "\"b, a\"\n2\n[\"b\",\"a\"]\n\"a\"\n\"b\"",
        ),
        ("transpose, (map(contains([1])))", "[[1,2],[3]]", "[[1,3],[2,null]]\n[true,false]"),
        ("floor, ceil, round, trunc, (2.25 | sqrt), pow(2; 10)", "-1.5", "-2\n-1\n-2\n-1\n1.5\n1024"),
    ] {
        assert_eq!(becomes(mapping, input), expected, "{mapping}");
    }
}

#[test]
fn exact_numbers_come_out_as_they_went_in_and_sums_have_all_digits() {
    for number in
        ["9223372036854775807", "18446744073709551615", "-9007199254740993", "0.1", "37.250", "1e300"]
    {
        assert_eq!(becomes(".v", &format!("{{\"v\":{number}}}")), number);
        assert_eq!(becomes("[.[]|{v:.}]|map(.v)|sort|first", &format!("[{number}]")), number);
        assert_eq!(becomes("tojson|fromjson|tostring|tonumber", number), number);
    }
    for (mapping, expected) in [
        ("9007199254740993 + 0", "9007199254740993"),
        ("18446744073709551615 - 1", "18446744073709551614"),
        ("0.1 + 0.2", "0.3"),
        ("4294967296 * 4294967296", "18446744073709551616"),
        ("9007199254740993 == 9007199254740992", "false"),
        ("1 / 3 | . * 3 | round", "1"),
        ("7 % 3, -7 % 3", "1\n-1"),
        ("-(18446744073709551615)", "-18446744073709551615"),
    ] {
        assert_eq!(becomes(mapping, "null"), expected, "{mapping}");
    }
}

#[test]
fn what_cannot_be_calculated_says_so() {
    for (mapping, input, expected) in [
        (". + 1", "1e300", "failed: 1e300 has too many digits to be calculated with"),
        (
            ". * .",
            "79228162514264337593543950335",
            "failed: 79228162514264337593543950335 * 79228162514264337593543950335 has more than 28 digits",
        ),
        (". / 0", "1", "failed: 1 cannot be divided by zero"),
        (". % 0", "1", "failed: 1 cannot be divided by zero"),
        (".a", "5", "failed: cannot index 5 with \"a\""),
        (".[0] + .[1]", "[1,\"x\"]", "failed: cannot calculate 1 + \"x\""),
        ("tonumber", "\"NaN\"", "failed: \"NaN\" is no number"),
        ("{(.): 1}", "1", "failed: 1 is no text, and so no key of an object"),
        ("@base64d", "\"%%\"", "failed: the text is no base64: Invalid symbol 37, offset 0."),
        ("implode", "[1114112]", "failed: 1114112 is the number of no character"),
        ("implode", "[55296,-1]", "failed: 55296 is the number of no character"),
        ("hex_bytes", "\"abc\"", "failed: the text is not of pairs of hexadecimal digits"),
        (
            "fromjson",
            "\"{\"",
            "failed: the text is no JSON: line 1, column 2: the JSON ends before it is whole",
        ),
        ("test(\"(\")", "\"x\"", "failed: the regular expression '('"),
        ("error({code: 7})", "null", "failed: {\"code\":7}"),
        ("todate", "1e20", "failed: 100000000000000000000 is no number of seconds since 1970"),
    ] {
        let found = becomes(mapping, input);
        assert!(found.starts_with(expected), "{mapping}: {found}");
    }
}

#[test]
fn bound_what_never_ends_is_refused_by_counting() {
    let steps = "spent: Steps(100";
    let bytes = "spent: Bytes(8";
    let mut wrong = Vec::new();
    for (mapping, expected) in [
        ("def f: f; f", steps),
        ("def f: ., f; f", steps),
        ("def f: 1 + f; f", "spent: Calls"),
        ("def f: [f]; f", "spent: Calls"),
        ("def f: f // 1; f", "spent: Calls"),
        ("def f: {a: f}; f", "spent: Calls"),
        ("def f: try f catch .; f", "spent: Calls"),
        ("def f: first(f); f", "spent: Calls"),
        ("def f: f | .; f", "spent: Calls"),
        ("null | (def f: .a | f; f |= 1)", "spent: Calls"),
        ("null | (def f: .a?, f; f |= 1)", "spent: Calls"),
        ("def g(h): h; def f: g(f); f", "spent: "),
        ("def g(h): h | 1; def f: g(f); f", "spent: Calls"),
        ("null | def f: .a | f; f", "spent: "),
        ("def f: reduce f as $x (0; 1); f", "spent: Calls"),
        ("def f($x): f($x + 1); f(0)", steps),
        ("repeat(.)", steps),
        ("last(repeat(1))", steps),
        ("[repeat(1)]", "spent: "),
        ("range(1e18)", steps),
        ("[range(1e18)]", steps),
        ("last(range(1e18))", steps),
        ("range(0; 1; 0)", steps),
        ("[limit(1e18; repeat(1))] | length", "spent: "),
        ("skip(1e18; repeat(1))", steps),
        ("until(false; .)", steps),
        ("recurse(.)", steps),
        ("[recurse(.; true)]", "spent: "),
        ("reduce range(1e9) as $i (0; . + 1)", steps),
        ("foreach range(1e9) as $i (0; . + 1)", steps),
        ("\"abc\" * 1e9", bytes),
        ("\"abc\" * 1e18", bytes),
        ("reduce range(60) as $i (\"x\"; . + .)", bytes),
        ("reduce range(60) as $i ([0]; . + .)", bytes),
        ("reduce range(60) as $i ([0]; [., .]) | tojson", "spent: "),
        ("def b: reduce range(60) as $i ([0]; [., .]); b == b", "spent: Steps"),
        ("reduce range(60) as $i ([0]; [., .]) | flatten", "spent: "),
        ("reduce range(60) as $i ({a: 0}; {a: ., b: .}) | [..] | length", "spent: "),
        ("reduce range(200) as $i (0; [.])", "spent: Nesting"),
        ("reduce range(200) as $i (0; {a: .})", "spent: Nesting"),
        ("(\"[\" * 200) + (\"]\" * 200) | fromjson", "failed: "),
        ("[limit(200; repeat(\"abc\"))] | combinations(10)", "spent: "),
        ("[range(300)] | map([range(300)]) | combinations", "spent: "),
        ("[range(20000)] | . - .", "spent: "),
        ("(\"a\" * 100000) | test(\"(a*)*b\")", "false"),
        ("test(\"(a{1000}){1000}\")", "failed: "),
        ("[range(200000)] | sort", "spent: "),
        ("try repeat(1) catch 2", steps),
        ("[.[]?, (def f: f | try error catch f; f)]", "spent: "),
        ("reduce range(40000) as $i ([]; . + [0]) | length", "spent: "),
        ("getpath([range(90000)]) |= 1", "spent: "),
        ("null | (reduce range(9999) as $i (.; .a) |= 1)", "spent: "),
        ("label $f | repeat(1) | if . == 2 then break $f else empty end", steps),
        ("[range(1000)] | [.[] as $a | .[] as $b | $a * $b] | add", "spent: "),
    ] {
        let found = becomes(mapping, "\"a\"");
        if !found.starts_with(expected) {
            wrong.push(format!("{mapping}: {}", found.chars().take(200).collect::<String>()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_message_may_cost_grows_with_it() {
    let array = format!("[{}]", vec!["{\"a\":1.5,\"b\":\"x\"}"; 20_000].join(","));
    let mapping = ".[] | {subject: .b, indicator: \"pm25\", time: $received_at, value: (.a * 2)}";
    let Ok(made) = run(mapping, &array) else { panic!("{:?}", run(mapping, &array)) };
    assert!(matches!(&made[..], [Made::Outputs(outputs)] if outputs.len() == 20_000));
    assert_eq!(becomes("length", &format!("[{}1]", "1,".repeat(200_000))), "200001");
}

#[test]
fn safe_a_mapping_that_cannot_be_is_refused_with_its_line() {
    for (mapping, expected) in [
        (".a |\n  nwo", (2, "there is no filter 'nwo' of 0 arguments")),
        ("now", (1, "'now' is not there")),
        ("env", (1, "'env' is not there")),
        ("$ENV", (1, "'$ENV' is not there")),
        ("\n\ninput", (3, "'input' is not there")),
        ("debug", (1, "'debug' is not there")),
        ("halt", (1, "'halt' is not there")),
        ("path(.a)", (1, "'path' is not there")),
        ("localtime", (1, "'localtime' is not there")),
        ("$x", (1, "there is no variable '$x'")),
        ("import \"a\" as a; .", (1, "'import' and 'include' are not there")),
        ("import \"a\" as $a; $a", (1, "'import' and 'include' are not there")),
        ("include \"a\"; .", (1, "'import' and 'include' are not there")),
        (".a\n| {", (2, "")),
        (".a |", (1, "the end of the file stands where there must be: term")),
        ("def f(g): f(g | g); f(.)", (1, "'f' takes filters, so it must not call itself")),
        ("def f(g):\n def h: f(g); h; f(.)", (2, "'f' takes filters, so it must not call itself")),
        ("", (1, "")),
    ] {
        let wrongs = wrongs(mapping);
        let (line, message) = &wrongs[0];
        assert_eq!(*line, expected.0, "{mapping}: {wrongs:?}");
        assert!(message.starts_with(expected.1), "{mapping}: {message}");
    }
    assert_eq!(wrongs("foo, bar($x)").len(), 3);
}

#[test]
fn safe_no_text_goes_too_deep_for_its_reader() {
    for text in [
        "(".repeat(60_000),
        "[".repeat(60_000),
        "-".repeat(60_000),
        "try ".repeat(15_000),
        ".a|".repeat(20_000) + ".",
        "1,".repeat(30_000) + "1",
        "1+".repeat(30_000) + "1",
        "if ".repeat(20_000),
        "def f: ".repeat(9_000),
        "reduce ".repeat(9_000),
        "\"\\(".repeat(20_000),
        "{a:".repeat(20_000),
        ". as [".repeat(9_000),
        "label $x|".repeat(7_000) + ".",
        ".a".repeat(30_000),
        format!("{{{}}}", (0..9_000).map(|at| format!("a{at}")).collect::<Vec<_>>().join(",")),
        "x".repeat(LONGEST_TEXT + 1),
    ] {
        assert!(Mapping::compile(&text).is_err(), "{}", &text[..20]);
    }
}

#[test]
fn replay_two_runs_of_a_mapping_are_the_same() {
    let input = r#"{"b":{"z":1,"a":2},"a":[3,1,2]}"#;
    for mapping in [".", "to_entries", "keys", "[..]", "tojson", ".a|sort", "repeat(1)", "def f: 1 + f; f"] {
        assert_eq!(run(mapping, input), run(mapping, input), "{mapping}");
        let other = mapping.to_owned();
        let there = std::thread::spawn(move || format!("{:?}", run(&other, input))).join().unwrap();
        assert_eq!(format!("{:?}", run(mapping, input)), there);
    }
}

#[test]
fn a_row_that_fails_leaves_the_others() {
    let mapping = Mapping::compile("{v: (.v | tonumber)}").unwrap();
    let columns = Columns::from_iter(["v"]);
    let rows = ["1", "x", "2"].map(|value| Input::Named(&columns, vec![value]));
    let made = mapping.run(100, TOLD, rows.into_iter()).unwrap();
    assert!(matches!(&made[0], Made::Outputs(of) if of[0].json == r#"{"v":1}"#));
    assert_eq!(made[1], Made::Failed("\"x\" is no number".to_owned()));
    assert!(matches!(&made[2], Made::Outputs(of) if of.len() == 1));
}

#[test]
fn bound_messages_that_come_together_cost_each_its_own_and_all_of_them_no_more_than_some() {
    let mapping = Mapping::compile("if . == 0 then last(repeat(1)) else . end").unwrap();
    let each = |texts: &[&str]| {
        let mut all = Vec::new();
        let bytes = texts.iter().map(|text| text.len() + 1).sum();
        mapping.run_each(bytes, TOLD, texts.iter().copied(), |made| {
            all.push(match made {
                Ok(Made::Outputs(of)) => of[0].json.clone(),
                Ok(Made::Failed(why)) => why,
                Err(Failed::NotJson(_)) => "no JSON".to_owned(),
                Err(Failed::Spent(_)) => "spent".to_owned(),
            });
        });
        all
    };
    assert_eq!(each(&["1", "0", "{", "2", "0", "3"]), ["1", "spent", "no JSON", "2", "spent", "3"]);
    let mut many = vec!["0"; 10_000];
    many.push("1");
    let all = each(&many);
    assert_eq!(all.len(), 10_001);
    assert!(all[..10_000].iter().all(|made| made == "spent"));
    assert_eq!(each(&vec!["7"; 10_000]), vec!["7"; 10_000]);
}
