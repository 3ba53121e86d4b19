//! What formats say beside what every event has: which of it are numbers that can be added up, and which are words.
//!
//! Suricata's records have names of their own (`flow.bytes_toserver`). CEF, structured data of syslog, and columns of
//! tables may call what they say by any name: of those a pack is believed.

use crate::pack::FormatName;

/// Numbers of records of EVE.
pub const EVE_NUMBERS: [&str; 10] = [
    "fileinfo.size",
    "flow.age",
    "flow.bytes_toclient",
    "flow.bytes_toserver",
    "flow.pkts_toclient",
    "flow.pkts_toserver",
    "http.length",
    "netflow.age",
    "netflow.bytes",
    "netflow.pkts",
];

/// What else records of EVE say: words, times, and numbers that are names.
pub const EVE_TEXTS: [&str; 48] = [
    "anomaly.code",
    "anomaly.event",
    "anomaly.layer",
    "anomaly.type",
    "app_proto",
    "community_id",
    "dns.rcode",
    "dns.rrname",
    "dns.rrtype",
    "dns.type",
    "drop.reason",
    "event_type",
    "fileinfo.filename",
    "fileinfo.magic",
    "fileinfo.md5",
    "fileinfo.sha256",
    "fileinfo.state",
    "flow.alerted",
    "flow.end",
    "flow.reason",
    "flow.start",
    "flow.state",
    "flow_id",
    "http.hostname",
    "http.http_method",
    "http.http_refer",
    "http.http_user_agent",
    "http.status",
    "http.url",
    "icmp_code",
    "icmp_type",
    "in_iface",
    "netflow.end",
    "netflow.start",
    "smtp.helo",
    "smtp.mail_from",
    "smtp.rcpt_to",
    "ssh.client.proto_version",
    "ssh.client.software_version",
    "ssh.server.proto_version",
    "ssh.server.software_version",
    "tls.fingerprint",
    "tls.issuerdn",
    "tls.ja3.hash",
    "tls.sni",
    "tls.subject",
    "tls.version",
    "tx_id",
];

/// Words that lines of syslog say under names of this program.
const SYSLOG_TEXTS: [&str; 12] = [
    "direction",
    "encoding",
    "facility",
    "interface",
    "message_id",
    "method",
    "module",
    "outcome",
    "product",
    "product_version",
    "repeated",
    "vendor",
];

/// Why nothing can be made of an attribute as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoNumber {
    /// It is a word, a time, or a number that is a name.
    Text,
    /// None of the formats says it.
    Unsaid,
}

/// Whether feeds of these formats may say an attribute, as a number.
///
/// # Errors
/// Why none of them does.
pub fn number_of(formats: &[FormatName], attribute: &str) -> Result<(), NoNumber> {
    let syslog = formats.iter().any(|it| matches!(it, FormatName::Syslog | FormatName::SyslogLines));
    let eve = syslog || formats.contains(&FormatName::Eve);
    let table = formats.contains(&FormatName::EventCsv);
    if eve && EVE_NUMBERS.contains(&attribute) {
        return Ok(());
    }
    if table {
        return Ok(());
    }
    if (eve && EVE_TEXTS.contains(&attribute)) || (syslog && SYSLOG_TEXTS.contains(&attribute)) {
        return Err(NoNumber::Text);
    }
    // A name within one of EVE's records that is none of its fields is misspelt.
    let record = |known: &&str| {
        let of = |name: &str| name.split_once('.').map(|(record, _)| record.to_owned());
        of(known).is_some() && of(known) == of(attribute)
    };
    let within_eve = EVE_NUMBERS.iter().chain(&EVE_TEXTS).any(record);
    if syslog && !within_eve { Ok(()) } else { Err(NoNumber::Unsaid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_format_says_as_a_number_is_one() {
        let eve = [FormatName::Eve];
        assert_eq!(number_of(&eve, "flow.bytes_toserver"), Ok(()));
        assert_eq!(number_of(&eve, "flow.state"), Err(NoNumber::Text));
        assert_eq!(number_of(&eve, "flow.bytes"), Err(NoNumber::Unsaid));
        assert_eq!(number_of(&eve, "bytesIn"), Err(NoNumber::Unsaid));
        let syslog = [FormatName::Syslog];
        assert_eq!(number_of(&syslog, "in"), Ok(()), "a key of CEF");
        assert_eq!(number_of(&syslog, "flow.pkts_toclient"), Ok(()), "EVE comes by syslog, too");
        assert_eq!(number_of(&syslog, "flow.bytes"), Err(NoNumber::Unsaid));
        assert_eq!(number_of(&syslog, "interface"), Err(NoNumber::Text));
        assert_eq!(number_of(&[FormatName::EventCsv], "Bytes sent"), Ok(()), "a column of any name");
        assert_eq!(number_of(&[FormatName::JsonObservation], "in"), Err(NoNumber::Unsaid));
        assert_eq!(number_of(&[], "in"), Err(NoNumber::Unsaid));
    }
}
