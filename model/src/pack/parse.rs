//! From a pack's files to a [`Pack`], or to all of their faults at once.
//!
//! A pack's folder holds `pack.toml`, `places.csv`, `indicators.toml`, `stations.toml` and `feeds.toml`; it may hold
//! `agencies.csv`, `forms.toml`, `templates.toml`, `targets.csv`, `models.toml`, `log_sources.toml`, `severities.toml`,
//! `measures.toml`, `limits.toml`, `obligations.toml`,
//! `rules.toml`, `successions.csv`, `groups.csv`, `holidays.csv`, `map.topo.json` and, in the folder `mappings`, files of jq. Folders below it are **overlays**, such
//! as `demo/`: more agencies, forms, obligations, indicators, stations, log sources, measures, feeds, limits and rules for one
//! purpose, with a `pack.toml` of their own that says what is replayed. An overlay that is not asked for means nothing, but is checked all
//! the same, so that it cannot rot. Other kinds of files (licences, recorded data) are not read.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::{
    Pack, PackVersion, agencies,
    document::Document,
    draft::Draft,
    faults::{FaultLog, Faults},
    feeds, forms, groups, holidays, indicators, limits, log_sources, manifest, map, mappings, measures,
    models, obligations, places, rules, severities, stations, successions, targets,
};

/// A pack's files: path below the pack's folder, with `/`, to content.
pub type PackFiles = BTreeMap<String, String>;

const MANIFEST: &str = "pack.toml";
const PLACES: &str = "places.csv";
const AGENCIES: &str = "agencies.csv";
const FORMS: &str = "forms.toml";
const TARGETS: &str = "targets.csv";
const TEMPLATES: &str = "templates.toml";
const INDICATORS: &str = "indicators.toml";
const MODELS: &str = "models.toml";
const STATIONS: &str = "stations.toml";
const LOG_SOURCES: &str = "log_sources.toml";
const SEVERITIES: &str = "severities.toml";
const MEASURES: &str = "measures.toml";
const FEEDS: &str = "feeds.toml";
const LIMITS: &str = "limits.toml";
const RULES: &str = "rules.toml";
const OBLIGATIONS: &str = "obligations.toml";
const SUCCESSIONS: &str = "successions.csv";
const GROUPS: &str = "groups.csv";
const HOLIDAYS: &str = "holidays.csv";
const MAP: &str = "map.topo.json";
const NEEDED_FILES: [&str; 5] = [MANIFEST, PLACES, INDICATORS, STATIONS, FEEDS];
const BASE_FILES: [&str; 20] = [
    MANIFEST,
    PLACES,
    AGENCIES,
    FORMS,
    TARGETS,
    TEMPLATES,
    INDICATORS,
    MODELS,
    STATIONS,
    LOG_SOURCES,
    SEVERITIES,
    MEASURES,
    FEEDS,
    LIMITS,
    OBLIGATIONS,
    RULES,
    SUCCESSIONS,
    GROUPS,
    HOLIDAYS,
    MAP,
];
const OVERLAY_FILES: [&str; 14] = [
    MANIFEST,
    AGENCIES,
    FORMS,
    TEMPLATES,
    INDICATORS,
    MODELS,
    STATIONS,
    LOG_SOURCES,
    SEVERITIES,
    MEASURES,
    FEEDS,
    LIMITS,
    OBLIGATIONS,
    RULES,
];

impl Pack {
    /// A pack without any overlay.
    ///
    /// # Errors
    /// All faults of all files, overlays included.
    pub fn parse(files: &PackFiles) -> Result<Pack, Faults> {
        Pack::parse_with(files, None)
    }

    /// A pack with what the overlay of that name adds.
    ///
    /// # Errors
    /// All faults of all files, other overlays included; and if there is no such overlay.
    pub fn parse_with(files: &PackFiles, overlay: Option<&str>) -> Result<Pack, Faults> {
        let log = FaultLog::default();
        let layers = layers(files, &log);
        let base = read_base(files, &log);
        let mut chosen = overlay.is_none().then(|| base.clone());
        for name in &layers {
            let mut draft = base.clone();
            read_overlay(files, name, &mut draft, &log);
            if overlay == Some(name.as_str()) {
                chosen = Some(draft);
            }
        }
        if chosen.is_none() {
            let name = overlay.unwrap_or_default();
            let known: Vec<&str> = layers.iter().map(String::as_str).collect();
            let message = format!("the pack has no overlay '{name}' (it has: {})", known.join(", "));
            log.add(MANIFEST, 1, message);
        }
        if let Some(faults) = log.into_faults() {
            return Err(faults);
        }
        let version = version(files, overlay);
        Ok(chosen.unwrap_or(base).into_pack(version))
    }
}

/// The overlays of a pack. Notes files that look like a pack's but are none.
fn layers(files: &PackFiles, log: &FaultLog) -> BTreeSet<String> {
    let mut layers = BTreeSet::new();
    for path in files.keys() {
        let is_toml = path.ends_with(".toml");
        match path.split_once('/') {
            None => {
                let is_ours = is_toml || path.ends_with(".csv") || path.ends_with(".json");
                if is_ours && !BASE_FILES.contains(&path.as_str()) {
                    log.add(path, 1, format!("a pack has no such file (it has: {})", BASE_FILES.join(", ")));
                }
            }
            Some((layer, file)) => {
                if OVERLAY_FILES.contains(&file) {
                    let _ = layers.insert(layer.to_owned());
                } else if is_toml || [PLACES, TARGETS, SUCCESSIONS, GROUPS, HOLIDAYS, MAP].contains(&file) {
                    let message =
                        format!("an overlay has no such file (it has: {})", OVERLAY_FILES.join(", "));
                    log.add(path, 1, message);
                }
            }
        }
    }
    layers
}

fn read_base(files: &PackFiles, log: &FaultLog) -> Draft {
    let mut draft = Draft::default();
    for name in NEEDED_FILES {
        if !files.contains_key(name) {
            log.add(name, 1, "the pack needs this file");
        }
    }
    if let Some(text) = files.get(MANIFEST) {
        manifest::read(&Document::read(MANIFEST, text, log), &mut draft);
    }
    read_list(files, PLACES, log, &mut draft, places::read);
    read_list(files, SUCCESSIONS, log, &mut draft, successions::read);
    read_list(files, GROUPS, log, &mut draft, groups::read);
    read_list(files, HOLIDAYS, log, &mut draft, holidays::read);
    read_tables(files, "", &mut draft, log);
    read_list(files, TARGETS, log, &mut draft, targets::read);
    read_list(files, MAP, log, &mut draft, map::read);
    draft
}

/// A file that is not TOML.
fn read_list(
    files: &PackFiles,
    name: &str,
    log: &FaultLog,
    draft: &mut Draft,
    read: fn(&str, &str, &FaultLog, &mut Draft),
) {
    if let Some(text) = files.get(name) {
        read(name, text, log, draft);
    }
}

fn read_overlay(files: &PackFiles, name: &str, draft: &mut Draft, log: &FaultLog) {
    let path = format!("{name}/{MANIFEST}");
    match files.get(&path) {
        Some(text) => manifest::read_overlay(&Document::read(&path, text, log), draft),
        None => log.add(&path, 1, "an overlay needs this file; it says in 'replayed' what is replayed"),
    }
    read_tables(files, &format!("{name}/"), draft, log);
}

/// Agencies, forms, indicators, models, stations, log sources, feeds, measures, limits, obligations and rules, in the order in
/// which they refer to each other.
fn read_tables(files: &PackFiles, folder: &str, draft: &mut Draft, log: &FaultLog) {
    read_list(files, &format!("{folder}{AGENCIES}"), log, draft, agencies::read);
    draft.mappings.extend(mappings::of_folder(files, folder));
    let read_one = |file: &str, draft: &mut Draft, read: fn(&Document<'_>, &mut Draft)| {
        let path = format!("{folder}{file}");
        if let Some(text) = files.get(&path) {
            read(&Document::read(&path, text, log), draft);
        }
    };
    read_one(FORMS, draft, forms::read);
    read_one(TEMPLATES, draft, forms::read_templated);
    read_one(INDICATORS, draft, indicators::read);
    read_one(MODELS, draft, models::read);
    read_one(STATIONS, draft, stations::read);
    read_one(LOG_SOURCES, draft, log_sources::read);
    read_one(SEVERITIES, draft, severities::read);
    read_one(FEEDS, draft, feeds::read);
    mappings::check_used(files, folder, draft, log);
    read_one(MEASURES, draft, measures::read);
    read_one(LIMITS, draft, limits::read);
    read_one(OBLIGATIONS, draft, obligations::read);
    read_one(RULES, draft, rules::read);
}

/// Over the files that have a meaning, so that a README beside them does not make a new version.
fn version(files: &PackFiles, overlay: Option<&str>) -> PackVersion {
    let base = BASE_FILES.iter().map(|name| (*name).to_owned());
    let over =
        overlay.into_iter().flat_map(|layer| OVERLAY_FILES.iter().map(move |name| format!("{layer}/{name}")));
    // Where no feed is mapped the version is what it was before there were mappings.
    let layer = overlay.map(|layer| format!("{layer}/"));
    let mapped = files.keys().filter(|path| {
        let of_layer = layer.as_deref().and_then(|layer| path.strip_prefix(layer));
        mappings::is_mapping(path) || of_layer.is_some_and(mappings::is_mapping)
    });
    let mut hash = Sha256::new();
    for path in base.chain(over).chain(mapped.cloned()) {
        let Some(content) = files.get(&path) else { continue };
        for part in [path.as_str(), content.as_str()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    PackVersion(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}
