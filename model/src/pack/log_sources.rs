//! `log_sources.toml`: the devices and machines that report events.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    LogSource, Pack,
    document::{Document, Section},
    draft::Draft,
};
use crate::{calendar::Calendar, contract::is_subject, event::one_spelling, text::Text, time::Millis};

/// Packets that a sensor may drop, unless the pack says otherwise: one in ten.
const BLIND_ABOVE: f64 = 0.1;

/// Every table of the file is a log source; its name is the identifier.
pub(super) fn read(document: &Document<'_>, draft: &mut Draft) {
    let mut root = document.root();
    for (line, id) in root.keys() {
        let Some(section) = root.section(id, "{ addresses = [\"192.0.2.31\"], … }") else { continue };
        draft.say("log source", id, &section);
        if !is_subject(id) {
            let message = format!(
                "log source '{id}': an identifier is of 1 to 64 letters A-Z a-z, digits, '.', '_', ':', '-'"
            );
            section.fault(line, message);
        }
        let log_source = read_one(id, section, draft);
        let _ = draft.log_sources.insert(id.to_owned(), log_source);
    }
}

fn read_one(id: &str, mut section: Section<'_>, draft: &Draft) -> LogSource {
    let name = section.both_languages("name");
    let (agency, owner) = read_owner(id, &mut section, draft);
    let addresses = read_addresses(id, &mut section, draft);
    let certificates = claimed(id, "certificates", &mut section, draft, |other| &other.certificates);
    let hosts = claimed(id, "hosts", &mut section, draft, |other| &other.hosts);
    let timezone = section.optional_text("timezone");
    if let Some(unknown) = timezone.as_deref().filter(|zone| Calendar::of_zone(zone).is_err()) {
        let message =
            format!("{id}: '{unknown}' is not an IANA time zone, such as \"Asia/Ho_Chi_Minh\" or \"UTC\"");
        section.fault(section.line_of("timezone"), message);
    }
    let relay = section.flag("relay");
    let by_relay = section.flag("by_relay");
    if relay && by_relay {
        section.fault(
            section.line_of("by_relay"),
            format!("{id}: nobody speaks for a relay: 'relay' and 'by_relay' exclude each other"),
        );
    }
    let silent_after = section.optional_duration("silent_after");
    if silent_after.is_some_and(|silence| silence <= Millis(0)) {
        section.fault(section.line_of("silent_after"), format!("{id}: 'silent_after' must be longer than 0"));
    }
    let blind_above = section.optional_number("blind_above").unwrap_or(BLIND_ABOVE);
    if !(0.0..1.0).contains(&blind_above) {
        let message = format!("{id}: 'blind_above' is a share: at least 0 and below 1");
        section.fault(section.line_of("blind_above"), message);
    }
    let line = section.line;
    if draft.stations.contains_key(id) {
        section.fault(
            line,
            format!("{id}: a station has that identifier; what is said of one would be of both"),
        );
    }
    if addresses.is_empty() && certificates.is_empty() && hosts.is_empty() {
        section.fault(
            line,
            format!("{id}: nothing says how it is known: 'addresses', 'certificates' or 'hosts'"),
        );
    }
    section.finish();
    LogSource {
        id: id.to_owned(),
        name,
        agency,
        owner,
        addresses,
        certificates,
        hosts,
        timezone,
        relay,
        by_relay,
        silent_after,
        blind_above,
    }
}

/// The agency, and whose it is in words: of one that is given as an agency that is its name.
fn read_owner(id: &str, section: &mut Section<'_>, draft: &Draft) -> (Option<String>, Text) {
    let agency = section.optional_text("agency");
    let name = agency.as_deref().and_then(|agency| draft.name_of_agency(agency));
    if let (Some(unknown), None) = (&agency, &name) {
        let message = format!(
            "{id}: 'agency' is the id of an agency of agencies.csv or the code of a place, not '{unknown}'"
        );
        section.fault(section.line_of("agency"), message);
    }
    let owner = match agency.is_some() && !section.has("owner") {
        true => name.unwrap_or_default(),
        false => section.both_languages("owner"),
    };
    (agency, owner)
}

/// Addresses and networks. The smallest network that an address is in says whose it is, so only the same one twice is a
/// fault.
fn read_addresses(id: &str, section: &mut Section<'_>, draft: &Draft) -> Vec<IpNet> {
    let mut addresses = Vec::new();
    for (line, text) in section.texts("addresses") {
        let Some(network) = network(&text) else {
            let message = format!(
                "{id}: '{text}' is neither an address nor a network, such as \"192.0.2.31\" or \"192.0.2.0/24\""
            );
            section.fault(line, message);
            continue;
        };
        let others = draft.log_sources.values().filter(|other| other.id != id);
        if let Some(other) = others.into_iter().find(|other| other.addresses.contains(&network)) {
            section.fault(line, format!("{id}: '{text}' is already the address of '{}'", other.id));
        }
        addresses.push(network);
    }
    addresses
}

/// An address or a network, in the one spelling.
fn network(text: &str) -> Option<IpNet> {
    match text.parse::<IpNet>() {
        Ok(network) => Some(network.trunc()),
        Err(_) => one_spelling(text).map(IpNet::from),
    }
}

/// Texts that only one log source may have.
fn claimed(
    id: &str,
    key: &str,
    section: &mut Section<'_>,
    draft: &Draft,
    of: fn(&LogSource) -> &Vec<String>,
) -> Vec<String> {
    let texts = section.texts(key);
    for (line, text) in &texts {
        let has = |other: &&LogSource| of(other).iter().any(|theirs| theirs.eq_ignore_ascii_case(text));
        if let Some(other) = draft.log_sources.values().filter(|other| other.id != id).find(has) {
            section.fault(*line, format!("{id}: '{text}' in '{key}' is already that of '{}'", other.id));
        }
    }
    texts.into_iter().map(|(_, text)| text).collect()
}

impl Pack {
    /// The log source that a sender is: by the name its certificate bears, or by the smallest network that its address is
    /// in; none where the pack knows neither.
    #[must_use]
    pub fn log_source_of(&self, sender: &str) -> Option<&LogSource> {
        let is_certified = |source: &&LogSource| {
            source.certificates.iter().any(|certificate| certificate.eq_ignore_ascii_case(sender))
        };
        if let Some(source) = self.log_sources.values().find(is_certified) {
            return Some(source);
        }
        let address = one_spelling(sender)?;
        let near = |source: &&LogSource| source.nearness(address);
        self.log_sources.values().filter(|source| near(source).is_some()).max_by_key(near)
    }
}

impl LogSource {
    /// Whether it is heard by what a relay says in its name. Of one that sends by itself that proves nothing: whoever may
    /// write to the relay could keep it alive.
    #[must_use]
    pub fn is_heard_by_relay(&self) -> bool {
        self.by_relay || (self.addresses.is_empty() && self.certificates.is_empty())
    }

    /// How small the network is that an address of it is in; none where it does not send from there.
    #[must_use]
    pub fn nearness(&self, address: IpAddr) -> Option<u8> {
        self.addresses.iter().filter(|network| network.contains(&address)).map(IpNet::prefix_len).max()
    }
}
