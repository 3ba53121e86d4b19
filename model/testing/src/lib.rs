//! Packs for the tests of all crates: the one place that builds them and what is in them.
//!
//! What is made here is as plain as its type allows. A test says by struct update what it is about, and no test has to
//! be touched for a field that is new to all of them.

use std::{collections::BTreeMap, fs, path::Path};

use ioc_model::{
    contract::{Contract, Subjects},
    event::{Count, EventKind},
    pack::{Feed, FormatName, Indicator, Pack, PackFiles, PackVersion, Station, StationKind, Transport},
    place::{Date, PlaceKey},
    rule::{Condition, CountBy, Counting, Priority, Rule},
    text::Text,
    time::Millis,
};

/// Longer than anything a test lasts.
pub const FOR_EVER: Millis = Millis(24 * 365 * 100 * 3_600_000);

/// An indicator in micrograms, of which no windows are made.
#[must_use]
pub fn indicator(id: &str) -> Indicator {
    Indicator {
        id: id.to_owned(),
        symbol: id.to_owned(),
        name: Text::default(),
        unit: "ug/m3".to_owned(),
        units: BTreeMap::from([("ug/m3".to_owned(), 1.0)]),
        aliases: Vec::new(),
        range: (None, None),
        no_value: Vec::new(),
        spike: None,
        decimals: 1,
        windows: Vec::new(),
    }
}

/// A station of ambient air that stands since 2020 and measures that much at that cadence.
#[must_use]
pub fn station(id: &str, measures: &[(&str, Millis)]) -> Station {
    Station {
        id: id.to_owned(),
        name: Text::default(),
        kind: StationKind::AmbientAir,
        place: PlaceKey { code: "80".to_owned(), valid_from: day("2020-01-01") },
        point: None,
        valid_from: day("2020-01-01"),
        valid_to: None,
        measures: measures.iter().map(|(indicator, cadence)| ((*indicator).to_owned(), *cadence)).collect(),
        file_codes: Vec::new(),
        symbols: BTreeMap::new(),
        no_value: Vec::new(),
        late_after: None,
        silent_after: None,
    }
}

/// A day as it is written in packs.
///
/// # Panics
/// If it is no day.
#[must_use]
pub fn day(text: &str) -> Date {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A contract that takes any subject and any time.
#[must_use]
pub fn contract(lateness: Millis, patience: Millis) -> Contract {
    Contract {
        subjects: Subjects::Any,
        max_future: FOR_EVER,
        max_age: FOR_EVER,
        lateness,
        patience,
        ..Contract::default()
    }
}

/// A rule of high priority that raises and clears with one window, and watches every station.
#[must_use]
pub fn rule(id: &str, condition: Condition) -> Rule {
    Rule {
        id: id.to_owned(),
        name: Text::default(),
        step: Text::default(),
        priority: Priority::High,
        condition,
        raise_windows: 1,
        clear_windows: 1,
        kinds: Vec::new(),
        stations: Vec::new(),
        log_sources: Vec::new(),
    }
}

/// Five of these things within ten minutes, of failed log-ins.
#[must_use]
pub fn counting(count: Count, by: CountBy) -> Counting {
    Counting {
        count,
        by,
        kinds: vec![EventKind::LoginFailed],
        severity: None,
        category: String::new(),
        signature: String::new(),
        reach: 5,
        within: Millis::minutes(10),
        clear_after: Millis::minutes(10),
    }
}

/// A feed of JSON that is pushed, with that contract.
#[must_use]
pub fn feed(id: &str, contract: Contract) -> Feed {
    Feed {
        id: id.to_owned(),
        name: Text::default(),
        owner: Text::default(),
        transport: Transport::Http,
        format: FormatName::JsonObservation,
        contract,
        forms: Vec::new(),
        agency: None,
        silent_after: Millis::hours(1),
    }
}

/// A pack of those, in Vietnam's zone, whose version is its name.
#[must_use]
pub fn pack(id: &str, stations: Vec<Station>, indicators: Vec<Indicator>, feeds: Vec<Feed>) -> Pack {
    Pack {
        id: id.to_owned(),
        timezone: "Asia/Ho_Chi_Minh".to_owned(),
        version: PackVersion(id.to_owned()),
        stations: stations.into_iter().map(|station| (station.id.clone(), station)).collect(),
        indicators: indicators.into_iter().map(|indicator| (indicator.id.clone(), indicator)).collect(),
        feeds: feeds.into_iter().map(|feed| (feed.id.clone(), feed)).collect(),
        ..Pack::default()
    }
}

/// The repository's pack of Tây Ninh; with that overlay, such as `demo`.
///
/// # Panics
/// If it has faults, which are told.
#[must_use]
pub fn tay_ninh(overlay: Option<&str>) -> Pack {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/provinces/tay-ninh");
    Pack::parse_with(&files(&folder), overlay).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The files of a pack's folder and of the folders in it.
///
/// # Panics
/// If they cannot be read.
#[must_use]
pub fn files(folder: &Path) -> PackFiles {
    let mut files = PackFiles::new();
    collect(folder, "", &mut files);
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut PackFiles) {
    let unreadable = |path: &Path, error: std::io::Error| -> ! { panic!("{}: {error}", path.display()) };
    let entries = fs::read_dir(folder).unwrap_or_else(|error| unreadable(folder, error));
    for entry in entries {
        let path = entry.unwrap_or_else(|error| unreadable(folder, error)).path();
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else if [".toml", ".csv", ".json"].iter().any(|ending| name.ends_with(ending)) {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| unreadable(&path, error));
            let _ = files.insert(name, text);
        }
    }
}
