//! Feeds that a mapping of the pack is read by (LOUD, REPLAY).

use super::*;

const FORMAT: &str = "format = \"json_observation\"";

fn mapped(feed: &str, files: &[(&str, &str)]) -> PackFiles {
    let mut pack = replaced("feeds.toml", FORMAT, feed);
    pack.extend(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    pack
}

#[test]
fn a_mapping_is_a_file_of_the_pack_and_part_of_its_version() {
    let feed = "format = \"mapped_csv\"\nmapping = \"mappings/a.jq\"\nheader = false\nseparator = \";\"";
    let parsed = |text| {
        Pack::parse(&mapped(feed, &[("mappings/a.jq", text)])).unwrap_or_else(|faults| panic!("{faults}"))
    };
    let pack = parsed(".");
    let mapping = pack.feeds["air"].contract.mapping.clone().unwrap();
    assert_eq!((mapping.file.as_str(), &*mapping.text), ("mappings/a.jq", "."));
    assert_eq!((mapping.header, mapping.separator), (false, Some(b';')));
    assert_ne!(parsed(".a").version, pack.version);
    assert_eq!(parsed(".").version, pack.version);
}

#[test]
fn a_mapping_makes_events_where_its_feed_says_so() {
    let parsed = |feed: &str| {
        let pack = Pack::parse(&mapped(feed, &[("mappings/a.jq", ".")]));
        pack.unwrap_or_else(|faults| panic!("{faults}")).feeds["air"].contract.clone()
    };
    let lines = "format = \"mapped_lines\"\nmapping = \"mappings/a.jq\"\n";
    assert!(!parsed(lines).mapping.unwrap().events);
    let contract = parsed(&format!(
        "{lines}events = {{ kind = \"alert\", log_source = \"door-1\", vendor = \"Lock\", severities = {{ \"Cao\" = \"high\" }} }}"
    ));
    assert!(contract.mapping.unwrap().events);
    assert_eq!(
        (contract.columns.kind, contract.columns.log_source.as_str()),
        (crate::event::EventKind::Alert, "door-1")
    );
    assert_eq!(contract.columns.severities["cao"], Severity::High);
}

#[test]
fn loud_what_is_wrong_with_a_mapping_s_feed_is_a_fault() {
    let json = "format = \"mapped_json\"\n";
    for (feed, files, fault) in [
        (json.to_owned(), vec![], "mapping"),
        (
            format!("{json}mapping = \"mappings/b.jq\""),
            vec![],
            "there is no file 'mappings/b.jq' beside feeds.toml",
        ),
        (
            format!("{json}mapping = \"mappings/b.jq\""),
            vec![("mappings/a.jq", ".")],
            "(there are: mappings/a.jq)",
        ),
        (
            format!("{json}mapping = \"mappings/a.jq\"\nheader = true"),
            vec![("mappings/a.jq", ".")],
            "'mapped_json' has no 'header'",
        ),
        (
            format!("{FORMAT}\nmapping = \"mappings/a.jq\""),
            vec![("mappings/a.jq", ".")],
            "'json_observation' has no 'mapping'",
        ),
        (format!("{FORMAT}\nevents = {{ kind = \"alert\" }}"), vec![], "'json_observation' has no 'events'"),
        (
            format!("{json}mapping = \"mappings/a.jq\"\nevents = {{ kind = \"alarm\" }}"),
            vec![("mappings/a.jq", ".")],
            "'alarm' is not one of: log, alert",
        ),
        (
            format!("{json}mapping = \"mappings/a.jq\"\nevents = {{ host = \"h\" }}"),
            vec![("mappings/a.jq", ".")],
            "host",
        ),
        (
            FORMAT.to_owned(),
            vec![("mappings/a.jq", ".")],
            "mappings/a.jq:1: no feed has the mapping 'mappings/a.jq'",
        ),
        (
            "format = \"mapped_csv\"\nmapping = \"mappings/a.jq\"\nseparator = \"::\"".to_owned(),
            vec![("mappings/a.jq", ".")],
            "'separator' is one of",
        ),
    ] {
        let Err(faults) = Pack::parse(&mapped(&feed, &files)) else { panic!("{feed}") };
        assert!(faults.to_string().contains(fault), "{feed}: {faults}");
    }
}
