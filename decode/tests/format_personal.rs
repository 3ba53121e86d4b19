//! What is left of reports that tell of persons has the cells of the whole: every case of the decoder's, reduced.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use ioc_decode::{Decoder, trial::trial};
use ioc_model::{
    attribute::{self, Attributes},
    names::Names,
    pack::Pack,
    time::ReceivedAt,
};
use serde::Deserialize;

/// Of a case, what is asked here.
#[derive(Deserialize)]
struct Meta {
    feed: Option<String>,
    address: Option<String>,
    received_at: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

fn cases() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn decoder(personal: bool) -> Decoder {
    let mut pack =
        Pack::parse(&ioc_testing::files(&cases().join("pack"))).unwrap_or_else(|faults| panic!("{faults}"));
    // Workbooks that are read by templates cannot come by such a feed.
    let forms = &pack.forms;
    let is_templated = |form: &String| forms.get(form).is_some_and(|form| !form.templates.is_empty());
    for feed in pack.feeds.values_mut() {
        feed.personal = personal && feed.format.is_report() && !feed.forms.iter().any(is_templated);
    }
    Decoder::new(Arc::new(pack), Names::default()).unwrap()
}

/// What a case says: whether it is taken, and each cell but where it stands and how it was written.
fn says(decoder: &Decoder, case: &Path, input: &Path) -> Vec<String> {
    let meta: Meta = toml::from_str(&fs::read_to_string(case.join("meta.toml")).unwrap()).unwrap();
    let Some(feed) = meta.feed else { return Vec::new() };
    let address = meta.address.unwrap_or_else(|| input.file_name().unwrap().to_str().unwrap().to_owned());
    let received_at = meta.received_at.unwrap_or_else(|| "2026-01-01T00:00:00Z".to_owned());
    let received_at: jiff::Timestamp = received_at.parse().unwrap();
    let told = meta.attributes.iter().map(|(word, text)| (word.as_str(), text.as_str()));
    let encoded = attribute::of_words(told).expect("words of attributes");
    let attributes = Attributes::new(&encoded, &[]);
    let received_at = ReceivedAt(received_at.as_millisecond());
    let payload = fs::read(input).unwrap();
    let tried = trial(decoder, &feed, &address, attributes, received_at, &payload);
    let line = |line: &String| {
        let mut line: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        match line.get("kind").and_then(|kind| kind.as_str()) {
            Some("cell") => ["at", "as_sent", "note"].iter().for_each(|key| drop(line.remove(*key))),
            Some("report") => {}
            _ => return None,
        }
        Some(serde_json::to_string(&line).unwrap())
    };
    tried.lines.iter().filter_map(line).collect()
}

#[test]
fn personal_what_is_left_of_a_report_has_the_cells_of_the_whole() {
    let (whole, reduced) = (decoder(false), decoder(true));
    let mut wrong = Vec::new();
    let mut count = 0;
    for format in ["table", "sdmx_csv", "sdmx_json", "dhis2", "fhir"] {
        let mut folders: Vec<_> =
            fs::read_dir(cases().join(format)).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.retain(|path| path.is_dir());
        folders.sort();
        for case in folders {
            let mut files = fs::read_dir(&case).unwrap().map(|entry| entry.unwrap().path());
            let input = files.find(|path| path.file_stem().is_some_and(|stem| stem == "input")).unwrap();
            let (expected, found) = (says(&whole, &case, &input), says(&reduced, &case, &input));
            count += expected.len();
            if expected != found {
                wrong.push(format!("{}\n{}\n{}", case.display(), expected.join("\n"), found.join("\n")));
            }
        }
    }
    assert!(count > 100, "{count} lines");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
