//! `feeds.toml`: the configured sources and what they promise.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    Feed, FormatName, Transport,
    document::{Document, Section},
    draft::{Draft, is_identifier},
    event_columns, ftp_pull, http_pull, kafka, mappings, pulled, sql,
};
use crate::{
    action::OPERATOR,
    contract::{Contract, Subjects},
    envelope::UNMATCHED,
    pattern,
    time::Millis,
    topic::TopicFilter,
};

const TRANSPORT_EXAMPLE: &str = "{ kind = \"mqtt\", topics = [\"ioc/air/+/observation\"] }";
/// No sender needs more in one envelope, and one must fit the memory of a small machine.
const LARGEST_ENVELOPE: i64 = 64 << 20;

/// Endings of names of files that were closed and compressed.
pub const COMPRESSED: [&str; 6] = [".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip"];

/// Every table of the file is a feed; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, "{ format = \"station_txt\", … }") else { continue };
        draft.say("feed", id, &section);
        if !is_identifier(id, '-') {
            let message =
                format!("feed '{id}': an identifier is of lower-case letters, digits and '-', at most 64");
            section.fault(line, message);
        }
        if id == UNMATCHED {
            section.fault(line, format!("'{UNMATCHED}' is the feed of what no configured feed claims"));
        }
        if id == OPERATOR {
            section.fault(line, format!("'{OPERATOR}' is the feed of what operators do on the page"));
        }
        let feed = read_one(id, section, draft);
        let _ = draft.feeds.insert(id.to_owned(), feed);
    }
}

fn read_one(id: &str, mut section: Section<'_>, draft: &Draft) -> Feed {
    let name = section.both_languages("name");
    let owner = section.both_languages("owner");
    let format = read_format(id, &mut section);
    let transport = read_transport(id, &mut section, format, draft);
    let mut contract = read_contract(id, &mut section);
    contract.columns = event_columns::read(id, &mut section, format);
    contract.mapping = mappings::read(id, &mut section, format, draft);
    if let Some(events) = event_columns::of_mapping(id, &mut section, format) {
        contract.columns = events;
        contract.mapping.iter_mut().for_each(|mapping| mapping.events = true);
    }
    let forms = read_forms(id, &mut section, format, draft);
    match &transport {
        Transport::Sql(_) => {
            if format.is_columns() {
                pulled::check_known_again(id, &section, format, &contract.columns);
            }
            sql::check_forms(id, &section, &forms, draft);
        }
        Transport::HttpPull(of) => {
            pulled::check_known_again(id, &section, format, &contract.columns);
            http_pull::check_forms(id, &section, of, &forms, draft);
        }
        Transport::Files { .. } | Transport::FtpPull(_) if format.is_live() => {
            let message = format!(
                "{id}: a message of '{}' without a time of its own is of the moment it came, which is not when its file is \
                 read: take it by mqtt, mqtt_broker, http or kafka",
                format.word()
            );
            section.fault(section.line_of("format"), message);
        }
        Transport::FtpPull(_) => pulled::check_known_again(id, &section, format, &contract.columns),
        _ => {}
    }
    let agency = read_agency(id, &mut section, format, draft);
    let personal = read_personal(id, &mut section, format, &forms, draft);
    let silent_after = section.duration("silent_after");
    if silent_after.is_some_and(|silence| silence <= Millis(0)) {
        section.fault(section.line_of("silent_after"), format!("{id}: 'silent_after' must be longer than 0"));
    }
    section.finish();
    Feed {
        id: id.to_owned(),
        name,
        owner,
        transport,
        format,
        contract,
        forms,
        agency,
        personal,
        silent_after: silent_after.unwrap_or_default(),
    }
}

fn read_format(id: &str, section: &mut Section<'_>) -> FormatName {
    let word = section.text("format", "\"json_observation\"");
    FormatName::from_word(&word).unwrap_or_else(|| {
        if !word.is_empty() {
            let known: Vec<&str> = FormatName::ALL.into_iter().map(FormatName::word).collect();
            let message = format!("{id}: '{word}' is not a format (there are: {})", known.join(", "));
            section.fault(section.line_of("format"), message);
        }
        FormatName::JsonObservation
    })
}

/// Which forms come by a feed of reports; what another feed says of some is a fault.
fn read_forms(id: &str, section: &mut Section<'_>, format: FormatName, draft: &Draft) -> Vec<String> {
    let line = section.line_of("forms");
    let named = section.texts("forms");
    if !format.is_report() {
        if section.has("forms") {
            section.fault(line, format!("{id}: '{}' is no format of reports", format.word()));
        }
        return Vec::new();
    }
    if named.is_empty() {
        section.fault(
            line,
            format!("{id}: 'forms' must name at least one form of forms.toml or templates.toml"),
        );
    }
    let mut forms: Vec<String> = Vec::new();
    for (line, name) in named {
        match draft.forms.get(&name) {
            None => section
                .fault(line, format!("{id}: neither forms.toml nor templates.toml has a form '{name}'")),
            Some(_) if forms.contains(&name) => {
                section.fault(line, format!("{id}: form '{name}' is named twice"));
            }
            Some(form) => {
                let lacks = match format {
                    FormatName::SdmxCsv | FormatName::SdmxJson if form.sdmx.is_none() => Some("sdmx"),
                    FormatName::Dhis2 if form.dhis2.is_none() => Some("dhis2"),
                    FormatName::Fhir if form.fhir.is_none() => Some("fhir"),
                    _ => None,
                };
                if let Some(table) = lacks {
                    let message = format!(
                        "{id}: what form '{name}' is in such messages is not said: write [{name}.{table}]"
                    );
                    section.fault(line, message);
                }
                forms.push(name);
            }
        }
    }
    // Messages of cells say their structure or data set.
    let untitled = |name: &&String| {
        format == FormatName::Table
            && draft.forms.get(*name).is_some_and(|form| form.titles.is_empty() && form.templates.is_empty())
    };
    if let Some(form) = forms.iter().find(untitled).filter(|_| forms.len() > 1) {
        let message = format!(
            "{id}: several forms come by this feed, and nothing tells that it is '{form}': give each its 'titles'"
        );
        section.fault(line, message);
    }
    forms
}

/// Who reports where nothing else says it.
fn read_agency(id: &str, section: &mut Section<'_>, format: FormatName, draft: &Draft) -> Option<String> {
    let agency = section.optional_text("agency")?;
    let line = section.line_of("agency");
    let is_place = || draft.places.iter().any(|place| place.key.code == agency);
    if !format.is_report() {
        section.fault(line, format!("{id}: '{}' is no format of reports", format.word()));
    } else if !draft.agencies.contains_key(&agency) && !is_place() {
        let message = format!(
            "{id}: 'agency' is the id of an agency of agencies.csv or the code of a place, not '{agency}'"
        );
        section.fault(line, message);
    }
    Some(agency)
}

/// Whether it tells of persons. Only reports have forms, which say what may be kept of a message. A report of FHIR may be of
/// one patient whatever was agreed, so all of them are reduced.
fn read_personal(
    id: &str,
    section: &mut Section<'_>,
    format: FormatName,
    forms: &[String],
    draft: &Draft,
) -> bool {
    let line = section.line_of("personal");
    let personal = section.flag("personal");
    if personal && !format.is_report() {
        let message = format!(
            "{id}: nothing reduces '{}': only reports (table, sdmx_csv, sdmx_json, dhis2, fhir) can be 'personal'",
            format.word()
        );
        section.fault(line, message);
    }
    let is_templated = |form: &&String| draft.forms.get(*form).is_some_and(|form| !form.templates.is_empty());
    if let Some(form) = forms.iter().find(is_templated).filter(|_| personal) {
        let message = format!(
            "{id}: nothing reduces workbooks that are read by templates: form '{form}' cannot come by a 'personal' feed"
        );
        section.fault(line, message);
    }
    personal || format == FormatName::Fhir
}

fn read_transport(id: &str, section: &mut Section<'_>, format: FormatName, draft: &Draft) -> Transport {
    let Some(mut table) = section.section("transport", TRANSPORT_EXAMPLE) else { return Transport::Http };
    let kind = table.text("kind", "\"mqtt\"");
    let transport = match kind.as_str() {
        "mqtt" => Transport::Mqtt { topics: read_topics(id, &mut table, None, draft) },
        "mqtt_broker" => {
            let url = table.text("url", "\"mqtt://broker.example:1883\"");
            if !url.is_empty() && !is_broker_url(&url) {
                let message = format!("{id}: 'url' must be mqtt://host:port, without user and password");
                table.fault(table.line_of("url"), message);
            }
            let topics = read_topics(id, &mut table, Some(&url), draft);
            Transport::MqttBroker { url, topics }
        }
        "files" => Transport::Files { folder: read_folder(id, &mut table, draft) },
        "syslog" => read_syslog(id, &mut table, draft),
        "follow" => read_follow(id, &mut table, format, draft),
        "sql" => Transport::Sql(Box::new(sql::read(id, &mut table, format))),
        "http_pull" => Transport::HttpPull(Box::new(http_pull::read(id, &mut table, format))),
        "ftp_pull" => Transport::FtpPull(Box::new(ftp_pull::read(id, &mut table))),
        "kafka" => Transport::Kafka(Box::new(kafka::read(id, &mut table, draft))),
        "http" => Transport::Http,
        "" => return Transport::Http,
        other => {
            let message = format!(
                "{id}: '{other}' is not a transport (there are: mqtt, mqtt_broker, files, syslog, follow, sql, http_pull, ftp_pull, kafka, http)"
            );
            table.fault(table.line_of("kind"), message);
            return Transport::Http;
        }
    };
    table.finish();
    transport
}

fn is_broker_url(url: &str) -> bool {
    let Some((host, port)) = url.strip_prefix("mqtt://").and_then(|address| address.rsplit_once(':')) else {
        return false;
    };
    !host.is_empty()
        && !host.contains(['@', '/', '?', '#'])
        && !host.contains(char::is_whitespace)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// What is wrong with a feed's topic filter; none if nothing is.
fn filter_fault(filter: &str) -> Option<&'static str> {
    if filter.starts_with('$') {
        return Some("topics that begin with '$' belong to the broker");
    }
    TopicFilter::parse(filter).err().map(|invalid| invalid.rule)
}

/// Whether some topic matches both: two subscriptions that claim one topic would bring its messages twice. What is no
/// filter has been said to be none.
fn overlap(one: &str, other: &str) -> bool {
    let parsed = (TopicFilter::parse(one), TopicFilter::parse(other));
    matches!(parsed, (Ok(one), Ok(other)) if one.overlaps(&other))
}

/// `broker` is none for the product's own endpoint, where the most specific filter gets a topic, so that only the same
/// filter twice is a fault. Feeds of an outside broker subscribe each for themselves: what two of them claim would
/// arrive twice.
fn read_topics(id: &str, table: &mut Section<'_>, broker: Option<&str>, draft: &Draft) -> Vec<String> {
    let topics = table.texts("topics");
    if topics.is_empty() {
        table.fault(table.line_of("topics"), format!("{id}: 'topics' must name at least one topic filter"));
    }
    for (index, (line, filter)) in topics.iter().enumerate() {
        if let Some(fault) = filter_fault(filter) {
            table.fault(*line, format!("{id}: topic filter '{filter}': {fault}"));
            continue;
        }
        for (_, earlier) in &topics[..index] {
            if overlap(filter, earlier) {
                table.fault(
                    *line,
                    format!("{id}: topic filters '{filter}' and '{earlier}' claim the same topics"),
                );
            }
        }
        for other in draft.feeds.values() {
            let clash = match (&other.transport, broker) {
                (Transport::Mqtt { topics }, None) => topics.iter().find(|their| *their == filter),
                (Transport::MqttBroker { url, topics }, Some(broker)) if url == broker => {
                    topics.iter().find(|their| overlap(filter, their))
                }
                _ => None,
            };
            if let Some(their) = clash {
                let message =
                    format!("{id}: topic filter '{filter}' claims topics of feed '{}' ('{their}')", other.id);
                table.fault(*line, message);
            }
        }
    }
    topics.into_iter().map(|(_, filter)| filter).collect()
}

/// Folders of day folders are common, so a feed owns everything below its folder.
fn read_folder(id: &str, table: &mut Section<'_>, draft: &Draft) -> String {
    let folder = table.text("folder", "\"stations\"");
    let line = table.line_of("folder");
    let is_name = |part: &str| {
        part.len() <= 64
            && part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
    };
    if !folder.is_empty() && !folder.split('/').all(is_name) {
        let message = format!(
            "{id}: 'folder' is a path below the inbox of lower-case letters, digits, '-', '_', such as \"air\""
        );
        table.fault(line, message);
    }
    for other in draft.feeds.values() {
        let Transport::Files { folder: theirs } = &other.transport else { continue };
        let below =
            |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        if *theirs == folder || below(theirs, &folder) || below(&folder, theirs) {
            table.fault(
                line,
                format!("{id}: folder '{folder}' holds files of feed '{}' ('{theirs}')", other.id),
            );
        }
    }
    folder
}

/// Whose messages these are. A message goes to one feed, the one that claims the smallest network its sender lies in, so
/// only the same network twice is a fault, and any address is a network, too.
fn read_syslog(id: &str, table: &mut Section<'_>, draft: &Draft) -> Transport {
    let mut from = Vec::new();
    for (line, text) in table.texts("from") {
        match network(&text) {
            Ok(network) => {
                if from.contains(&network) {
                    table.fault(line, format!("{id}: '{network}' is named twice in 'from'"));
                }
                from.push(network);
            }
            Err(right) => {
                table.fault(line, format!("{id}: 'from': '{text}' is not a network: write {right}"));
            }
        }
    }
    let mut certificates = Vec::new();
    for (line, pattern) in table.texts("certificates") {
        if let Some(fault) = pattern::fault(&pattern) {
            table.fault(line, format!("{id}: 'certificates': '{pattern}': {fault}"));
        }
        certificates.push(pattern);
    }
    for other in draft.feeds.values() {
        let Transport::Syslog { from: theirs, certificates: named } = &other.transport else { continue };
        for network in from.iter().filter(|network| theirs.contains(network)) {
            let message = format!("{id}: the senders in '{network}' are those of feed '{}'", other.id);
            table.fault(table.line_of("from"), message);
        }
        for pattern in certificates.iter().filter(|pattern| named.contains(pattern)) {
            let message = format!("{id}: the certificates '{pattern}' are those of feed '{}'", other.id);
            table.fault(table.line_of("certificates"), message);
        }
        let is_any = |from: &[IpNet], certificates: &[String]| from.is_empty() && certificates.is_empty();
        if is_any(&from, &certificates) && is_any(theirs, named) {
            let message = format!(
                "{id}: it takes syslog from any address, and so does feed '{}': give one of them a 'from'",
                other.id
            );
            table.fault(table.line_of("kind"), message);
        }
    }
    Transport::Syslog { from, certificates }
}

/// Files that grow. Two feeds would both bring the lines of a file that both follow.
fn read_follow(id: &str, table: &mut Section<'_>, format: FormatName, draft: &Draft) -> Transport {
    if !format.is_lines() {
        let message = format!(
            "{id}: a file is followed line by line, and '{}' is no format of lines{}",
            format.word(),
            if format == FormatName::Syslog { ": write \"syslog_lines\"" } else { "" },
        );
        table.fault(table.line_of("kind"), message);
    }
    let written = table.text("folder", "\"/var/log/suricata\"");
    let folder = match written.trim_end_matches('/') {
        "" if !written.is_empty() => "/",
        folder => folder,
    };
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    let is_whole =
        folder == "/" || folder.strip_prefix('/').is_some_and(|path| path.split('/').all(is_plain));
    if !folder.is_empty() && !is_whole {
        let message = format!(
            "{id}: 'folder' is a path from the root of the machine, without '.' and '..', such as \"/var/log/suricata\""
        );
        table.fault(table.line_of("folder"), message);
    }
    let named = table.texts("names");
    if named.is_empty() {
        table.fault(
            table.line_of("names"),
            format!("{id}: 'names' must name at least one file, such as \"eve*.json\""),
        );
    }
    let mut names: Vec<String> = Vec::new();
    for (line, name) in named {
        let fault = match name.as_str() {
            "" | "." | ".." => Some("it is no name of a file"),
            name if name.contains('/') => Some("it is the name of a file in 'folder', without '/'"),
            name if name.chars().any(char::is_control) => Some("it holds no control characters"),
            name if COMPRESSED.iter().any(|ending| name.ends_with(ending)) => {
                Some("a compressed file does not grow by lines: name the file it is made of")
            }
            _ => None,
        };
        if let Some(fault) = fault {
            table.fault(line, format!("{id}: 'names': '{name}': {fault}"));
        }
        for other in draft.feeds.values() {
            let Transport::Follow { folder: theirs, names: followed } = &other.transport else { continue };
            if let Some(their) = followed.iter().find(|their| theirs == folder && meet(&name, their)) {
                let message = format!(
                    "{id}: 'names': '{name}' are files of feed '{}' ('{their}'), whose lines would come twice",
                    other.id
                );
                table.fault(line, message);
            }
        }
        names.push(name);
    }
    Transport::Follow { folder: folder.to_owned(), names }
}

/// Whether some name fits both patterns, in which `*` stands for anything.
fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    // Which beginnings of the other pattern can stand for the same as the beginning of the one that was looked at.
    let mut reached = vec![false; other.len() + 1];
    for at in 0..=one.len() {
        let before = std::mem::replace(&mut reached, vec![false; other.len() + 1]);
        for to in 0..=other.len() {
            reached[to] = (at == 0 && to == 0)
                || (at > 0 && one[at - 1] == b'*' && (before[to] || (to > 0 && reached[to - 1])))
                || (to > 0 && other[to - 1] == b'*' && (reached[to - 1] || (at > 0 && before[to])))
                || (at > 0 && to > 0 && one[at - 1] == other[to - 1] && before[to - 1]);
        }
    }
    reached[other.len()]
}

/// A network, or a single address. The error is how to write what was meant.
fn network(text: &str) -> Result<IpNet, String> {
    let example = || "192.0.2.0/24, 2001:db8::/32 or a single address".to_owned();
    let network = match text.parse::<IpNet>() {
        Ok(network) => network,
        Err(_) => IpNet::from(text.parse::<IpAddr>().map_err(|_| example())?),
    };
    if network.trunc() != network {
        return Err(format!("{} for the network, or {} for the address", network.trunc(), network.addr()));
    }
    match network {
        // Senders over IPv4 are known by their IPv4 address, whatever socket they came to.
        IpNet::V6(mapped) if mapped.addr().to_ipv4_mapped().is_some() => {
            Err("the IPv4 network, such as 192.0.2.0/24".to_owned())
        }
        _ => Ok(network),
    }
}

fn read_contract(id: &str, section: &mut Section<'_>) -> Contract {
    let mut contract = Contract::default();
    let Some(mut table) = section.optional_section("contract", "{ max_future = \"5m\" }") else {
        return contract;
    };
    if let Some(word) = table.optional_text("subjects") {
        contract.subjects = match word.as_str() {
            "listed" => Subjects::Listed,
            "any" => Subjects::Any,
            _ => {
                let message = format!("{id}: 'subjects' must be \"listed\" or \"any\"");
                table.fault(table.line_of("subjects"), message);
                Subjects::Listed
            }
        };
    }
    if let Some(bytes) = table.optional_integer("max_bytes", 1, LARGEST_ENVELOPE) {
        contract.max_bytes = usize::try_from(bytes).unwrap_or(contract.max_bytes);
    }
    for (key, value) in [
        ("max_future", &mut contract.max_future),
        ("max_age", &mut contract.max_age),
        ("lateness", &mut contract.lateness),
        ("patience", &mut contract.patience),
        ("hold_after", &mut contract.hold_after),
    ] {
        if let Some(duration) = table.optional_duration(key) {
            *value = duration;
        }
    }
    if !table.has("hold_after") {
        contract.hold_after = contract.hold_after.max(contract.patience);
    } else if contract.hold_after < contract.patience {
        let message = format!("{id}: 'hold_after' must not be shorter than 'patience'");
        table.fault(table.line_of("hold_after"), message);
    }
    if contract.patience < contract.lateness {
        let message = format!("{id}: 'patience' must not be shorter than 'lateness'");
        table.fault(table.line_of("patience"), message);
    }
    table.finish();
    contract
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn two_patterns_meet_where_a_name_fits_both(one in "[ab*]{0,5}", other in "[ab*]{0,5}", name in "[ab]{0,6}") {
            prop_assert_eq!(meet(&one, &other), meet(&other, &one));
            if pattern::fits(&one, &name) && pattern::fits(&other, &name) {
                prop_assert!(meet(&one, &other));
            }
            prop_assert_eq!(meet(&one, &name), pattern::fits(&one, &name));
        }
    }
}
