//! What is sent as reports is taken by the demo's pack, but for what is meant to be wrong.

use ioc_decode::{Decoder, trial::trial};
use ioc_model::{attribute::Attributes, names::Names, time::ReceivedAt};
use serde_json::Value;

use super::*;
use crate::pack_files::DEFAULT_PACK;

/// 2026-02-15T00:00:00+07:00.
const NOW: EventTime = EventTime(1_771_088_400_000);

fn house() -> (Pack, Decoder, Calendar) {
    assert_eq!(PACK, DEFAULT_PACK);
    let pack = Pack::parse_with(&embedded_pack(PACK).unwrap(), Some("demo")).unwrap();
    let calendar = Calendar::of_zone(&pack.timezone).unwrap();
    let decoder = Decoder::new(Arc::new(pack.clone()), Names::default()).unwrap();
    (pack, decoder, calendar)
}

/// The report's own line, and how heavy what was found is.
fn tried(decoder: &Decoder, feed: &str, message: &Message, at: EventTime) -> (Value, Vec<String>) {
    let received_at = ReceivedAt(at.0);
    let tried = trial(decoder, feed, &message.name, Attributes::default(), received_at, &message.content);
    let lines: Vec<Value> = tried.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let report = lines.iter().find(|line| line["kind"] == "report").cloned().unwrap_or_default();
    let found = lines.iter().filter(|line| line["kind"] == "finding");
    let errors = found.filter(|line| line["weight"] == "error").map(Value::to_string).collect();
    (report, errors)
}

#[test]
fn balance_every_report_is_taken_but_what_is_meant_to_be_wrong() {
    let (pack, decoder, calendar) = house();
    let reports = reports_between(&pack, 1, NOW.minus(Millis(65 * DAY)), NOW, &calendar);
    assert_eq!(reports, reports_between(&pack, 1, NOW.minus(Millis(65 * DAY)), NOW, &calendar));
    let mut forms = std::collections::BTreeSet::new();
    let mut refused = 0;
    for due in &reports {
        let message = filled::message(&pack, 1, due).unwrap().unwrap();
        let feed = if due.is_pushed { PUSHED_TO } else { "demo-report-files" };
        let (report, errors) = tried(&decoder, feed, &message, due.at);
        let is_wrong = matches!(due.fault, Fault::Words | Fault::Part);
        assert_eq!(report["taken"] == "not", is_wrong, "{due:?}: {report} {errors:?}");
        assert_eq!(errors.is_empty(), !is_wrong, "{due:?}: {errors:?}");
        assert_eq!(report["form"], due.form);
        assert_eq!(report["period"], due.period.label());
        if let Some(place) = due.place {
            assert_eq!(report["agency"], place, "{due:?}");
        }
        refused += u32::from(is_wrong);
        let _ = forms.insert(due.form);
    }
    assert!(refused > 3 && reports.len() > 100, "{refused} of {}", reports.len());
    assert!(reports.iter().any(|due| due.fault == Fault::Correction));
    assert!(forms.len() >= 13, "{forms:?}");
}

#[test]
fn schools_are_counted_three_times_a_school_year_and_quarters_are_reported_behind_their_end() {
    let (pack, decoder, calendar) = house();
    let year = reports_between(&pack, 1, NOW.minus(Millis(365 * DAY)), NOW, &calendar);
    let of = |form: &str| -> Vec<&Due<'_>> { year.iter().filter(|due| due.form == form).collect() };
    let [first, .., schools] = of("schools-year")[..] else { panic!("{:?}", of("schools-year")) };
    assert_eq!(of("schools-year").len(), 3);
    assert_ne!(schools.period.number().1, first.period.number().1);
    let message = filled::message(&pack, 1, schools).unwrap().unwrap();
    let (report, errors) = tried(&decoder, PUSHED_TO, &message, schools.at);
    assert!(errors.is_empty() && report["agency"] == "so-gddt", "{report} {errors:?}");
    assert_eq!(report["cells"], 96 * 5 * 7, "{report}");
    let quarters = of("it-inventory");
    assert!(
        quarters
            .iter()
            .all(|due| due.at > calendar.moment(due.period.end.to_datetime(Time::midnight())).unwrap())
    );
    assert!((3..=4).contains(&quarters.len()), "{quarters:?}");
}

#[test]
fn published_indices_and_replayed_dengue_are_taken_whole_and_say_what_they_are() {
    let (pack, decoder, _) = house();
    let mut cells = std::collections::BTreeMap::new();
    for (feed, message) in recorded::files(&pack).unwrap() {
        let (report, errors) = tried(&decoder, feed, &message, NOW);
        assert!(errors.is_empty() && report["taken"] != "not", "{}: {report} {errors:?}", message.name);
        *cells.entry(report["form"].to_string()).or_insert(0) += report["cells"].as_u64().unwrap();
        if feed == "replay-dengue" {
            let text = String::from_utf8(message.content).unwrap();
            assert!(text.starts_with("Sốt xuất huyết phát lại (không phải số liệu của Việt Nam)"), "{text}");
            assert!(text.lines().skip(2).all(|line| line.contains("Philippines, ")), "{text}");
        }
    }
    // 6 years of 7 indices and 12 years of 10 of two provinces, without what was not published; 17 regions, 60 months, 2.
    assert_eq!(cells["\"papi\""], 2 * 6 * 7);
    assert_eq!(cells["\"replayed-dengue\""], 17 * 60 * 2);
    assert!((2 * 12 * 10 - 10..=2 * 12 * 10).contains(&cells["\"pci\""]), "{cells:?}");
}
