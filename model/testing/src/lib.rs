//! Packs for the tests of all crates: the one place that builds them and what is in them.
//!
//! What is made here is as plain as its type allows. A test says by struct update what it is about, and no test has to
//! be touched for a field that is new to all of them. Only the model's own tests spell theirs out: this crate depends on
//! the one they are in.

use std::{collections::BTreeMap, fs, path::Path};

use ioc_model::{
    contract::{Contract, Subjects},
    event::{Count, EventKind, EventMeasure},
    form::{Absent, Form, Owner, PeriodKind, PlaceScope, Vintage},
    limit::{Averaging, Limit},
    obligation::{DueRule, ObligationRule, OnChange, OnDayOff, Owes, Reckoned, ReckonedFrom},
    pack::{
        Feed, FormatName, Indicator, LogSource, Pack, PackFiles, PackVersion, Station, StationKind, Transport,
    },
    place::{Date, Place, PlaceKey, PlaceKind},
    rule::{Condition, CountBy, Counting, Priority, Rule},
    text::Text,
    time::Millis,
};

/// Longer than anything a test lasts.
pub const FOR_EVER: Millis = Millis(24 * 365 * 100 * 3_600_000);

/// A form of communes, without anything in it.
#[must_use]
pub fn form(id: &str, period: PeriodKind, owner: Owner) -> (String, Form) {
    let form = Form {
        id: id.to_owned(),
        name: Text::default(),
        titles: Vec::new(),
        period,
        owner,
        vintage: Vintage::Official,
        absent: Absent::Keeps,
        parts: false,
        decimal: ',',
        places: PlaceScope { kinds: vec![PlaceKind::Commune], below: Vec::new() },
        columns: Vec::new(),
        indicators: BTreeMap::new(),
        checks: Vec::new(),
        against: Vec::new(),
        marks: Default::default(),
        totals: Vec::new(),
        of_which: Default::default(),
        screen: None,
        sdmx: None,
        dhis2: None,
        fhir: None,
        templates: Vec::new(),
        about: None,
    };
    (id.to_owned(), form)
}

/// A form that is owed from a day on, due at an hour of a day that is reckoned from the period's end and does not move.
#[must_use]
pub fn obligation(
    id: &str,
    form: &str,
    owes: Owes,
    valid_from: &str,
    (reckoned, at): (Reckoned, &str),
) -> (String, ObligationRule) {
    let at = at.parse().expect("an hour of a test");
    let due = DueRule { reckoned, from: ReckonedFrom::End, at, on_day_off: OnDayOff::Stays };
    let rule = ObligationRule {
        id: id.to_owned(),
        form: form.to_owned(),
        owes,
        on_change: OnChange::default(),
        valid_from: day(valid_from),
        valid_to: None,
        due,
        exceptions: BTreeMap::new(),
        basis: String::new(),
    };
    (id.to_owned(), rule)
}

/// A rule that so many missed obligations of a year raise.
#[must_use]
pub fn reminders(id: &str, reach: u32) -> (String, Rule) {
    let rule = Rule {
        id: id.to_owned(),
        name: Text::default(),
        step: Text::default(),
        priority: Priority::Medium,
        condition: Condition::Reminders { reach },
        raise_windows: 1,
        clear_windows: 1,
        kinds: Vec::new(),
        stations: Vec::new(),
        log_sources: Vec::new(),
    };
    (id.to_owned(), rule)
}

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
        counter: None,
        increase_of: None,
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
        devices: Vec::new(),
        symbols: BTreeMap::new(),
        ignored: Vec::new(),
        decimals: BTreeMap::new(),
        no_value: Vec::new(),
        late_after: None,
        silent_after: None,
    }
}

/// A log source that lines know by nothing but its identifier, that passes nothing on and may be silent.
#[must_use]
pub fn log_source(id: &str) -> LogSource {
    LogSource {
        id: id.to_owned(),
        name: Text::default(),
        agency: None,
        owner: Text::default(),
        addresses: Vec::new(),
        certificates: Vec::new(),
        hosts: Vec::new(),
        timezone: None,
        relay: false,
        by_relay: false,
        silent_after: None,
        blind_above: 0.1,
    }
}

/// A measure over events of any kind, of which no windows are made.
#[must_use]
pub fn measure(id: &str, count: Count) -> EventMeasure {
    EventMeasure {
        id: id.to_owned(),
        name: Text::default(),
        count,
        kinds: Vec::new(),
        attribute: String::new(),
        unit: String::new(),
        severity: None,
        log_sources: Vec::new(),
        group: None,
        windows: Vec::new(),
    }
}

/// A place that still stands and lies in no other.
#[must_use]
pub fn place(key: PlaceKey, kind: PlaceKind) -> Place {
    Place { key, valid_to: None, kind, name: Text::default(), parent: None, area_km2: None, point: None }
}

/// An upper limit for every station of ambient air, in force since 2020.
#[must_use]
pub fn limit(indicator: &str, averaging: Averaging, high: f64) -> Limit {
    Limit {
        id: format!("{indicator}-{}", averaging.word()),
        standard: "test".to_owned(),
        indicator: indicator.to_owned(),
        averaging,
        low: None,
        high: Some(high),
        kinds: vec![StationKind::AmbientAir],
        stations: Vec::new(),
        valid_from: day("2020-01-01"),
        valid_to: None,
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
        personal: false,
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
        } else if [".toml", ".csv", ".json", ".jq"].iter().any(|ending| name.ends_with(ending)) {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| unreadable(&path, error));
            let _ = files.insert(name, text);
        }
    }
}
