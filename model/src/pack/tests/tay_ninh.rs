//! The pack of the repository.

use super::*;

fn files() -> PackFiles {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/provinces/tay-ninh");
    let mut files = PackFiles::new();
    for folder in ["", "demo/"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if [".toml", ".csv", ".json"].iter().any(|ending| name.ends_with(ending)) {
                let path = format!("{folder}{name}");
                let _ = files.insert(path.clone(), std::fs::read_to_string(root.join(path)).unwrap());
            }
        }
    }
    files
}

#[test]
fn the_pack_of_tay_ninh_has_no_faults() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let count = |kind: PlaceKind, today: bool| {
        pack.places.iter().filter(|place| place.kind == kind && place.valid_to.is_none() == today).count()
    };
    assert_eq!(count(PlaceKind::Province, true), 1);
    assert_eq!(count(PlaceKind::Province, false), 2);
    assert_eq!(count(PlaceKind::District, false), 24);
    assert_eq!(count(PlaceKind::District, true), 0);
    assert_eq!((count(PlaceKind::Commune, true), count(PlaceKind::Ward, true)), (82, 14));
    let old = [PlaceKind::Commune, PlaceKind::Ward, PlaceKind::Township].map(|kind| count(kind, false));
    assert_eq!(old, [231, 28, 21]);
}

#[test]
fn the_demo_is_fed_by_two_channels_and_says_that_it_replays() {
    let pack = Pack::parse_with(&files(), Some("demo")).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(pack.replayed.unwrap().vi.contains("phát lại"));
    assert!(pack.stations["LON-MY1"].name.vi.contains("phát lại"));
    assert!(matches!(pack.feeds["replay-gas"].transport, Transport::Mqtt { .. }));
    assert!(matches!(pack.feeds["replay-dust"].transport, Transport::Files { .. }));
}

#[test]
fn every_symbol_of_table_34_is_an_indicator() {
    let pack = Pack::parse(&files()).unwrap_or_else(|faults| panic!("{faults}"));
    let known: Vec<Spelling> = pack
        .indicators
        .values()
        .flat_map(|indicator| indicator.aliases.iter().chain([&indicator.symbol]))
        .filter_map(|symbol| Spelling::of_symbol(symbol))
        .collect();
    for symbol in
        "Flow Temp Color pH TSS COD NH4 TP TN TOC Cl RH P NO NO2 CO SO2 O2 H2S NH3 VHg PM O3 PM10 PM2,5"
            .split(' ')
    {
        assert!(known.contains(&Spelling::of_symbol(symbol).unwrap()), "{symbol}");
    }
}
