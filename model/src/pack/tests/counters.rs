//! Counters, and the indicators that are what they add.

use super::*;

const COUNTER: &str = "\n[people]\nsymbol = \"NGUOI\"\nname = { vi = \"Số đếm\", en = \"Count\" }\nunit = \"people\"\n\
     decimals = 0\nwindows = []\n\
     counter = { hiccup = \"30s\", taken_back = 2, most_per_minute = 120, wraps_at = 65536, gap = \"2h\" }\n";
const ADDITIONS: &str = "\n[arrivals]\nsymbol = \"LUOT\"\nname = { vi = \"Lượt vào\", en = \"Arrivals\" }\n\
     unit = \"people\"\ndecimals = 0\nincrease_of = \"people\"\nwindows = [\"hour\", \"day\"]\n";

fn of(counter: &str, additions: &str) -> PackFiles {
    let indicators = format!("{}{counter}{additions}", valid_files()["indicators.toml"]);
    with("indicators.toml", &indicators)
}

#[test]
fn a_counter_says_how_it_behaves_and_another_indicator_is_what_it_adds() {
    let pack = Pack::parse(&of(COUNTER, ADDITIONS)).unwrap();
    let rule = pack.indicators["people"].counter.unwrap();
    assert_eq!((rule.hiccup, rule.gap), (Millis::seconds(30), Some(Millis::hours(2))));
    assert_eq!((rule.taken_back, rule.most_per_minute, rule.wraps_at), (2.0, Some(120.0), Some(65_536.0)));
    assert!(pack.indicators["people"].no_value.is_empty(), "a counter goes by 9999");
    assert_eq!(pack.indicators["arrivals"].increase_of.as_deref(), Some("people"));
    assert_eq!(pack.indicators["arrivals"].windows, [WindowKind::Hour, WindowKind::Day]);
    let plain = COUNTER.replace(
        "{ hiccup = \"30s\", taken_back = 2, most_per_minute = 120, wraps_at = 65536, gap = \"2h\" }",
        "{}",
    );
    let pack = Pack::parse(&of(&plain, ADDITIONS)).unwrap();
    assert_eq!(pack.indicators["people"].counter, Some(CounterRule::plain()));
}

#[test]
fn loud_what_cannot_be_of_a_counter_is_a_fault_with_its_line() {
    let fault = |counter: &str, additions: &str, words: &str| {
        let told = faults(&of(counter, additions));
        assert!(
            told.iter().any(|fault| fault.starts_with("indicators.toml:") && fault.contains(words)),
            "{told:?}"
        );
    };
    fault(&COUNTER.replace("windows = []", "windows = [\"hour\"]"), ADDITIONS, "a counter has no windows");
    fault(&COUNTER.replace("most_per_minute = 120, ", ""), ADDITIONS, "'wraps_at' needs 'most_per_minute'");
    fault(&COUNTER.replace("hiccup = \"30s\"", "hiccup = \"2h\""), ADDITIONS, "'hiccup' is an hour at most");
    fault(COUNTER, &ADDITIONS.replace("\"people\"\nwindows", "\"pm10\"\nwindows"), "which has no 'counter'");
    fault(
        COUNTER,
        &ADDITIONS.replace("\"people\"\nwindows", "\"nobody\"\nwindows"),
        "which is not an indicator",
    );
    fault(COUNTER, &ADDITIONS.replace("unit = \"people\"", "unit = \"cars\""), "it is counted in 'people'");
    fault(COUNTER, &ADDITIONS.replace("[\"hour\"", "[\"minute\""), "not by minutes");
    let twice = format!("{ADDITIONS}{}", ADDITIONS.replace("[arrivals]", "[again]").replace("LUOT", "LUOT2"));
    fault(COUNTER, &twice, "is what 'people' adds already");
}
