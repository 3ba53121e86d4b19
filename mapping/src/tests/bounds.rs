//! What takes room or time is paid for, and what is honest is not refused.

use std::time::Instant;

use super::*;

/// What a run may take whatever its mapping is, in a build without optimization on a machine that does other things. Seconds.
const SOON: u64 = 60;

fn spent(mapping: &str, input: &str) -> bool {
    let began = Instant::now();
    let made = run(mapping, input);
    assert!(began.elapsed().as_secs() < SOON, "{mapping}: took {:?}", began.elapsed());
    assert!(!matches!(&made, Ok(made) if matches!(made[..], [Made::Failed(_)])), "{mapping}: {made:?}");
    matches!(made, Err(Failed::Spent(_)))
}

#[test]
fn bound_a_row_pays_nothing_for_the_length_of_its_columns_names() {
    let name = "n".repeat(1 << 16);
    let columns = Columns::from_iter([name.as_str(), "v"]);
    let rows = || (0..5_000).map(|_| Input::Named(&columns, vec!["1", "2"]));
    let bytes = name.len() + 2 + 5_000 * 4;
    let run = |mapping: &str| Mapping::compile(mapping).unwrap().run(bytes, TOLD, rows());
    let made = run(".v").unwrap();
    assert_eq!(made.len(), 5_000);
    assert!(made.iter().all(|made| matches!(made, Made::Outputs(of) if of[0].json == "\"2\"")));
    for mapping in
        [".", "tojson | length", "to_entries | tojson", "keys | add", ". == (. + {v: 1})", "with_entries(.)"]
    {
        let began = Instant::now();
        assert!(matches!(run(mapping), Err(Failed::Spent(_))), "{mapping}");
        assert!(began.elapsed().as_secs() < SOON, "{mapping}: took {:?}", began.elapsed());
    }
}

#[test]
fn bound_searches_that_look_far_ahead_end_at_the_steps() {
    let text = format!("\"{}\"", "A".repeat(200_000));
    for mapping in [
        "[scan(\".*[^A-Z]|[A-Z]\")] | length",
        "[scan(\"A*b|A\")] | length",
        "gsub(\"A(?:A*b)?\"; \"x\") | length",
        "[splits(\"A*b|A\")] | length",
        "[match(\"A*?b|A\"; \"g\")] | length",
        "[scan(\"(?:A*ấ)|\\\\bB|A\")] | length",
    ] {
        assert!(spent(mapping, &text), "{mapping}");
    }
}

#[test]
fn bound_patterns_pay_for_being_compiled_and_searched() {
    for mapping in [
        "[range(100000) as $i | try test(\"\\\\w{\\($i % 60)}x{\\($i)}\") catch empty] | length",
        "(\"ab\" * 30000) | [range(1000) as $i | test(\"(a|b)*a(a|b){14}c\\($i % 8)\")] | length",
        "(\"ab\" * 30000) | [range(10000) as $i | capture(\"^(?<x>(?:[ab]?){300})\")] | length",
    ] {
        let long = format!("\"{}\"", "x".repeat(50_000));
        assert!(spent(mapping, &long), "{mapping}");
    }
    let many = "[range(70) as $i | test(\"a\\($i)\")]";
    let made = becomes(many, "\"a\"");
    assert!(made.starts_with("failed: one message has at most 64 different"), "{made}");
    assert!(becomes("[range(70) as $i | test(\"a\\($i % 60)\")] | length", "\"a\"") == "70");
}

#[test]
fn flags_are_known_and_given_once() {
    for (mapping, expected) in [
        ("test(\"A\"; \"q\")", "failed: there is no flag 'q' (there are: g, i, n, s, x)"),
        ("test(\"A\"; \"ii\")", "failed: the flag 'i' is given twice"),
        ("test(\"A\"; \"i\" * 1000)", "failed: the flag 'i' is given twice"),
        ("test(\"a\" * 2000)", "failed: a regular expression has at most 1000 bytes"),
        ("[scan(\"A\"; \"gi\")]", "[\"a\",\"a\"]"),
        ("gsub(\"A\"; \"b\"; \"gi\")", "\"bxb\""),
        ("sub(\"A\"; \"b\"; \"i\")", "\"bxa\""),
        ("[match(\"x*\"; \"gn\").string]", "[\"x\"]"),
        ("[match(\"x*\"; \"g\").string]", "[\"\",\"x\",\"\"]"),
        ("[splits(\"X\"; \"i\")]", "[\"a\",\"a\"]"),
        ("test(\"A\"; null)", "false"),
    ] {
        assert_eq!(becomes(mapping, "\"axa\""), expected, "{mapping}");
    }
}

#[test]
fn honest_searches_of_long_texts_end() {
    let lines = "\"".to_owned() + &"pm25=37.25;đo lúc 08:00\\r\\n".repeat(4_000) + "\"";
    for (mapping, expected) in [
        ("[splits(\"\\r?\\n\")] | length", "4001"),
        ("[scan(\"[0-9]+\\\\.[0-9]+\")] | length", "4000"),
        ("[scan(\"(?<k>\\\\w+)=(?<v>[^;]+);\")] | length", "4000"),
        ("gsub(\";\"; \",\") | length", "100000"),
        ("split(\";\") | join(\", \") | length", "104000"),
    ] {
        assert_eq!(becomes(mapping, &lines), expected, "{mapping}");
    }
    assert_eq!(
        becomes("[.[] | test(\"^\\\\w+$\")] | all", &format!("[{}\"a\"]", "\"trạm\",".repeat(5_000))),
        "true"
    );
}

#[test]
fn what_a_pattern_costs_does_not_depend_on_the_runs_before() {
    let mapping = "[range(1500) as $i | test(\"a{\\($i % 7)}(b|c)*d\")] | length";
    let input = format!("\"{}\"", "abc".repeat(20));
    let first = run(mapping, &input);
    for _ in 0..3 {
        assert_eq!(run(mapping, &input), first);
    }
    let there = std::thread::spawn(move || format!("{:?}", run(mapping, &input))).join().unwrap();
    assert_eq!(there, format!("{first:?}"));
}

#[test]
fn bound_what_is_written_is_paid_by_the_byte() {
    let of = |mapping: &str, input: &str| costs(mapping, input).1 - costs(".", input).1;
    let controls = format!("\"{}\"", "\\u0001".repeat(1_000));
    assert!(of("tojson", &controls) >= 12_000, "written, and kept: {}", of("tojson", &controls));
    let digits = format!("1{}", "0".repeat(899));
    assert!(of("tojson", &digits) >= 1_800, "{}", of("tojson", &digits));
    let decimals = format!("[{}]", vec!["0.1234567890123456789012345678"; 100].join(","));
    assert!(of("tojson", &decimals) >= 6_000, "{}", of("tojson", &decimals));
}

/// Steps and bytes that a run takes.
fn costs(mapping: &str, input: &str) -> (u64, u64) {
    let mapping = Mapping::compile(mapping).unwrap();
    let all = Budget { steps: 1 << 40, bytes: 1 << 40 };
    let run = || {
        let value = json::parse(input).unwrap();
        let made = mapping.run_one(&[Val::Null, Val::Null], value);
        assert!(matches!(made, Made::Outputs(_)), "{made:?}");
        meter::left()
    };
    let left = meter::within(all, run).unwrap();
    (all.steps - left.steps, all.bytes - left.bytes)
}

#[test]
fn folds_with_try_in_them_go_over_a_hundred_thousand_elements() {
    let array = |elements: usize| format!("[{}12345]", "12345,".repeat(elements - 1));
    let (many, some) = (array(100_000), array(10_000));
    for (mapping, expected) in [
        ("reduce .[] as $x (0; . + ($x | tonumber? // 0))", "1234500000"),
        ("last(foreach .[] as $x (0; try (. + $x) catch .; .?))", "1234500000"),
        ("length as $n | 0 | until(. >= $n; (. + 1)?)", "100000"),
    ] {
        assert_eq!(becomes(mapping, &many), expected, "{mapping}");
    }
    for (mapping, expected) in [
        ("reduce .[] as $x (0; try (. + $x) catch .)", "123450000"),
        ("reduce .[] as $x (0; (. + $x)?)", "123450000"),
        ("reduce .[] as $x (0; . + try error(\"x\") catch 1)", "10000"),
        ("reduce .[] as $x (0; . + (first($x, error(\"x\"))? // 1))", "123450000"),
        ("reduce .[] as $x (0; . + ([limit(1; $x, 1)] | add))", "123450000"),
        ("[foreach .[] as $x (0; try (. + 1) catch .)] | length", "10000"),
        ("def f: if . > 12345 then . - 1 | f else . end; reduce .[] as $x (0; . + ($x | f))", "123450000"),
        ("length as $n | [0 | while(. < $n; try (. + 1) catch .)] | length", "10000"),
        ("length as $n | last(0 | recurse(if . < $n then (. + 1)? else empty end))", "10000"),
        ("[limit(10000; repeat(1?))] | length", "10000"),
        ("[.[] | try (if . > 1 then error(\"x\") else . end) catch 1] | add", "10000"),
    ] {
        assert_eq!(becomes(mapping, &some), expected, "{mapping}");
    }
}

#[test]
fn what_is_settled_gives_the_same_outputs() {
    for (mapping, expected) in [
        ("[try (1, 2, error(\"x\"), 3) catch .]", "[1,2,\"x\"]"),
        ("[(1, 2, error(\"x\"))?]", "[1,2]"),
        ("[reduce (1, 2) as $x (0; try (. + $x, . + 10) catch .)]", "[3,11,12,20]"),
        ("[foreach (1, 2) as $x (0; try (. + $x) catch .; ., -.)]", "[1,-1,3,-3]"),
        ("[reduce (1, 2) as $x (0; empty?)]", "[]"),
        ("[label $f | try (1, break $f, 2) catch 9]", "[1]"),
        ("[first(try (1, error(\"x\")) catch 2)]", "[1]"),
        ("[limit(2; try repeat(1) catch 2)]", "[1,1]"),
        ("[.a?, .[\"b\"]?, (.[0]?)]", "[5,null]"),
        ("[paths(..)?] | length", "1"),
        ("try error({a: 1}) catch .a", "1"),
        (".a |= (try error(\"x\") catch 7)", "{\"a\":7}"),
        ("reduce (\"a\", \"b\") as $k (.; .[$k] |= 3)", "{\"a\":3,\"b\":3}"),
        ("(reduce (\"a\", \"b\") as $k (.; .[$k])) |= 3 | .a.b", "failed: cannot index 5 with \"b\""),
        ("def settled(f): 8; settled(1)", "8"),
        ("def the_mapping_itself: 9; the_mapping_itself", "9"),
    ] {
        assert_eq!(becomes(mapping, "{\"a\":5}"), expected, "{mapping}");
    }
    for mapping in ["settled(.)", "the_mapping_itself", "def f(g): g; f(settled(1))"] {
        assert!(wrongs(mapping)[0].1.starts_with("there is no filter '"), "{mapping}");
    }
}

#[test]
fn recursion_is_judged_by_what_a_name_means_where_it_stands() {
    for (mapping, expected) in [
        ("def f(x): x + 1; def g(x): def f(x): x * 2; f(x); f(3), g(3)", "4\n6"),
        ("def f(x): def f(y): y + 1; f(x) * 2; f(3)", "8"),
        ("def f(x): x; def f(x): f(x) + 1; f(1)", "failed"),
        ("def g(f): def h: f; h + f; g(2)", "4"),
        ("def f(f): f; f(5)", "5"),
        ("def f(x): x; def g(x): f(f(x)); g(f(1))", "1"),
        ("def f(x): def rec: if . > 3 then . else x | rec end; rec; 0 | f(. + 1)", "4"),
        ("def f: def f: 3; f; f", "3"),
    ] {
        if expected == "failed" {
            assert!(wrongs(mapping)[0].1.starts_with("'f' takes filters"), "{mapping}");
        } else {
            assert_eq!(becomes(mapping, "null"), expected, "{mapping}");
        }
    }
    for mapping in [
        "def f(x): f(x | x); f(.)",
        "def f(x): def g: f(x); g; f(.)",
        "def f(x): def g(y): f(y); g(x); f(.)",
        "def f(x): def f(y; z): f(y); f(x; x); f(.)",
        "def f(x): (def f(y): y; f(x)) | f(x); f(.)",
        "def f(x): [1 as $y | reduce f(x) as $z (0; .)]; f(.)",
        "def f(x; $y): f(x; 1); f(.; 1)",
    ] {
        assert!(wrongs(mapping)[0].1.starts_with("'f' takes filters"), "{mapping}");
    }
}
