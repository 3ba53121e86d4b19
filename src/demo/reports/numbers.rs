//! Numbers that nobody reported: of a seed, a form, a place, an indicator and a period, always the same.
//!
//! Each place has a size of its own that changes little from period to period; what is a part of something else is never
//! more than it.

use std::collections::BTreeMap;

use ioc_model::{form::Period, place::PlaceKind};

/// How an indicator's number is made.
#[derive(Clone, Copy, Debug)]
enum Made {
    /// Between two whole numbers.
    Count(u32, u32),
    /// Between two, with so many decimals.
    Decimal(f64, f64, u8),
    /// Of another one, between two shares of it.
    Part(&'static str, f64, f64),
    /// So often in a year, mostly in the rains from June to November.
    Cases(u32),
}
use Made::{Cases, Count, Decimal, Part};

/// In the order in which they are made: a part stands behind what it is of.
const NUMBERS: &[(&str, &[(&str, Made)])] = &[
    (
        "it-inventory",
        &[
            ("officials", Count(24, 60)),
            ("with_computer", Part("officials", 0.92, 1.0)),
            ("offices", Count(1, 4)),
            ("offices_protected", Part("offices", 0.7, 1.0)),
        ],
    ),
    ("video-meetings", &[("meetings", Count(18, 40)), ("by_video", Part("meetings", 0.75, 0.97))]),
    (
        "e-documents",
        &[
            ("agencies", Count(3, 8)),
            ("connected", Part("agencies", 0.9, 1.0)),
            ("documents", Count(120, 480)),
            ("e_documents", Part("documents", 0.94, 1.0)),
            ("files", Count(60, 240)),
            ("files_online", Part("files", 0.8, 0.99)),
        ],
    ),
    (
        "service-catalogue",
        &[
            ("services", Count(1_900, 1_960)),
            ("partly", Part("services", 0.25, 0.3)),
            ("fully", Part("services", 0.45, 0.52)),
            ("citizen_services", Count(1_500, 1_560)),
            ("citizen_online", Part("citizen_services", 0.85, 0.95)),
            ("mobile_signature", Part("fully", 0.2, 0.35)),
            ("e_dossier", Part("fully", 0.7, 0.9)),
            ("business_registry", Part("fully", 0.4, 0.6)),
            ("person_fields", Count(24_000, 25_000)),
            ("auto_filled", Part("person_fields", 0.18, 0.26)),
        ],
    ),
    (
        "onestop-month",
        &[
            ("dossiers", Count(220, 900)),
            ("online", Part("dossiers", 0.6, 0.9)),
            ("by_post", Part("dossiers", 0.02, 0.08)),
            ("in_system", Part("dossiers", 0.97, 1.0)),
            ("transactions", Count(250, 1_000)),
            ("authenticated", Part("transactions", 0.6, 0.95)),
            ("users", Count(150, 600)),
            ("users_verified", Part("users", 0.35, 0.7)),
            ("rated", Count(60, 300)),
            ("satisfied", Part("rated", 0.85, 0.99)),
        ],
    ),
    (
        "digital-signatures",
        &[
            ("units", Count(4, 9)),
            ("certified", Part("units", 0.85, 1.0)),
            ("leaders", Count(4, 12)),
            ("with_device", Part("leaders", 0.75, 1.0)),
        ],
    ),
    ("reporting-system", &[("due", Count(12, 24)), ("in_system", Part("due", 0.75, 1.0))]),
    ("portal-audit", &[("portals", Count(1, 3)), ("compliant", Part("portals", 0.6, 1.0))]),
    (
        "links",
        &[("minutes_observed", Count(44_600, 44_640)), ("minutes_up", Part("minutes_observed", 0.985, 1.0))],
    ),
    (
        "lgsp",
        &[
            ("ready", Count(1, 1)),
            ("systems_required", Count(14, 14)),
            ("systems_connected", Part("systems_required", 0.7, 0.95)),
            ("sync_windows", Count(720, 744)),
            ("sync_done", Part("sync_windows", 0.97, 1.0)),
        ],
    ),
    ("ioc-sources", &[("integrated", Count(5, 5))]),
    (
        "ktxh-month",
        &[
            ("iip", Decimal(104.0, 113.0, 1)),
            ("cpi", Decimal(102.5, 104.5, 2)),
            ("retail", Decimal(14_000.0, 17_000.0, 1)),
            ("revenue", Decimal(2_600.0, 4_100.0, 1)),
            ("expenditure", Decimal(2_100.0, 3_700.0, 1)),
            ("exports", Decimal(520.0, 740.0, 1)),
            ("fdi", Decimal(40.0, 380.0, 1)),
            ("new_firms", Count(160, 310)),
        ],
    ),
    (
        "ktxh-x",
        &[
            ("dossiers", Count(180, 700)),
            ("on_time", Part("dossiers", 0.93, 1.0)),
            ("poor", Count(40, 320)),
            ("revenue", Decimal(900.0, 4_500.0, 1)),
        ],
    ),
    (
        "health-month",
        &[
            ("visits", Count(300, 1_400)),
            ("referrals", Part("visits", 0.005, 0.06)),
            ("births", Count(2, 30)),
            ("due_immunised", Count(3, 34)),
            ("immunised", Part("due_immunised", 0.85, 1.0)),
        ],
    ),
    (
        "daily-duty",
        &[
            ("dossiers", Count(6, 40)),
            ("on_time", Part("dossiers", 0.9, 1.0)),
            ("complaints", Count(1, 9)),
            ("revenue", Decimal(1.5, 30.0, 1)),
        ],
    ),
    ("disease-month", &[("cases", Cases(60)), ("deaths", Part("cases", 0.0, 0.01))]),
    (
        "schools-year",
        &[
            ("schools", Count(1, 4)),
            ("classes", Count(8, 40)),
            ("pupils", Part("classes", 27.0, 34.0)),
            ("girls", Part("pupils", 0.46, 0.5)),
            ("teachers", Part("classes", 1.3, 1.7)),
            ("qualified", Part("teachers", 0.88, 1.0)),
            ("standard_schools", Part("schools", 0.3, 0.9)),
        ],
    ),
];

/// How much larger a number of the province's own agencies is than that of a commune's.
const PROVINCE: f64 = 12.0;
/// Months in which it rains.
const RAINS: std::ops::RangeInclusive<i8> = 6..=11;

/// Whether numbers of a form are made: lists of persons and what was published are none of them.
pub(super) fn are_made_of(form: &str) -> bool {
    NUMBERS.iter().any(|(id, _)| *id == form)
}

/// The numbers of a place, breakdown and period by indicator, as they are written in a Vietnamese report. A level that a
/// place has no school of has none.
pub(super) fn of(
    seed: u64,
    form: &str,
    (place, kind): (&str, PlaceKind),
    member: &str,
    period: Period,
) -> BTreeMap<&'static str, String> {
    let Some((_, made)) = NUMBERS.iter().find(|(id, _)| *id == form) else { return BTreeMap::new() };
    let mut numbers: BTreeMap<&str, f64> = BTreeMap::new();
    let mut written = BTreeMap::new();
    let label = period.label();
    let larger = if kind == PlaceKind::Province && COMMUNES.contains(&form) { PROVINCE } else { 1.0 };
    let has_none = matches!(member, "THPT" | "GDTX") && !hash(seed, &[form, place, member]).is_multiple_of(4);
    for (indicator, made) in *made {
        // A size of its own, and up to a twentieth more or less in a period.
        let own = share(seed, &[form, place, member, indicator]);
        let now = share(seed, &[form, place, member, indicator, &label]) - 0.5;
        let (number, decimals) = match *made {
            Count(low, high) if low == high => (f64::from(low), 0),
            Count(low, high) => {
                ((f64::from(low) + own * f64::from(high - low)) * larger * (1.0 + now / 10.0), 0)
            }
            Decimal(low, high, decimals) => {
                (low + (own * 0.4 + (now + 0.5) * 0.6) * (high - low), usize::from(decimals))
            }
            Part(of, low, high) => {
                let whole = numbers.get(of).copied().unwrap_or_default();
                let part = (whole * (low + (own * 0.7 + (now + 0.5) * 0.3) * (high - low))).round();
                // A ratio above 1 is no part: pupils of classes.
                (if high <= 1.0 { part.min(whole) } else { part }, 0)
            }
            Cases(in_year) => {
                let often = if RAINS.contains(&period.end.month()) { 1.6 } else { 0.4 };
                (f64::from(in_year) / 12.0 * often * own * (now + 0.5) * 2.0, 0)
            }
        };
        let number = if decimals == 0 { number.round() } else { number };
        let _ = numbers.insert(indicator, number);
        let text = if has_none { "-".to_owned() } else { format!("{number:.decimals$}").replace('.', ",") };
        let _ = written.insert(*indicator, text);
    }
    written
}

/// Registers in which the province's own agencies stand beside communes.
const COMMUNES: [&str; 6] = [
    "it-inventory",
    "e-documents",
    "onestop-month",
    "digital-signatures",
    "reporting-system",
    "portal-audit",
];

/// From 0 to 1.
fn share(seed: u64, words: &[&str]) -> f64 {
    (hash(seed, words) >> 11) as f64 / (1u64 << 53) as f64
}

/// FNV-1a of words, well stirred: the same on every machine and in every version.
pub(super) fn hash(seed: u64, words: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in words.iter().flat_map(|word| word.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    // The last bytes reach all bits (splitmix64).
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
