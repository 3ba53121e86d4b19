//! A province pack: everything that makes the product Tây Ninh's, as data.
//!
//! A pack is a folder of plain TOML and CSV files. Parsing is pure: the files come in as text, and all errors of
//! all files come out together, each with file and line.

mod agencies;
mod csv_table;
mod document;
mod draft;
mod duration;
mod event_columns;
mod event_words;
mod faults;
mod feeds;
mod forms;
mod ftp_pull;
mod groups;
mod holidays;
mod http_pull;
mod indicators;
mod indices;
mod kafka;
mod limits;
mod log_sources;
mod manifest;
mod map;
mod mappings;
mod measures;
mod models;
mod obligations;
mod parse;
mod places;
mod pulled;
mod rules;
mod scope;
mod severities;
mod spelling;
mod sql;
mod stations;
mod successions;
mod targets;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

pub use faults::{Fault, Faults};
pub use feeds::COMPRESSED;
pub use ftp_pull::{FtpCompare, FtpPullFeed, FtpSecrecy, FtpUrl};
pub use http_pull::{
    HttpCompare, HttpPullFeed, Paging, PagingBy, PeriodLength, Placeholder, PullAuth, PullBody, Since,
    SinceForm, Taken, Total,
};
use ipnet::IpNet;
pub use kafka::{KafkaFeed, KafkaStart};
pub use parse::PackFiles;
use serde::{Deserialize, Serialize};
pub use spelling::Spelling;
pub use sql::{SqlAddress, SqlCompare, SqlEngine, SqlFeed};

use crate::{
    contract::Contract,
    counter::CounterRule,
    event::{EventMeasure, Severity},
    form::{Agency, Form, Target},
    index::IndexSettings,
    limit::Limit,
    obligation::ObligationRule,
    place::{Date, Place, PlaceGroup, PlaceKey},
    rule::Rule,
    text::Text,
    time::Millis,
    window::{Spike, WindowKind},
};
pub use crate::{place::Succession, station_kind::StationKind};

/// The identity of a pack's content: SHA-256 over its files' names and bytes, as 16 hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PackVersion(pub String);

/// The screens a page can have. Each is a folder of the page's sources.
pub const SCREENS: [&str; 9] =
    ["overview", "economy", "health", "education", "targets", "ledger", "security", "reports", "feeds"];

/// The screens of what agencies report in forms, each of one domain.
pub const DOMAINS: [&str; 3] = ["economy", "health", "education"];

/// A whole, valid pack.
#[derive(Clone, Debug, Default)]
pub struct Pack {
    /// Short name, such as `tay-ninh`.
    pub id: String,
    /// The province.
    pub name: Text,
    /// IANA time zone of hours, days and station files.
    pub timezone: String,
    /// The screens of its pages, in their order; the first is where one begins. Of [`SCREENS`].
    pub screens: Vec<String>,
    /// The identity of the content.
    pub version: PackVersion,
    /// Said on screen when a pack's feeds replay recorded data; none for live feeds.
    pub replayed: Option<Text>,
    /// Whether the names of users in events are shown as they are. Masked otherwise, wherever they are read but in the
    /// raw bytes.
    pub user_names: bool,
    /// Administrative units of all times.
    pub places: Vec<Place>,
    /// Who reports or is reported to beside the authorities of places, by identifier.
    pub agencies: BTreeMap<String, Agency>,
    /// What agencies fill in, by identifier.
    pub forms: BTreeMap<String, Form>,
    /// What a plan wants to be reached, by identifier.
    pub targets: BTreeMap<String, Target>,
    /// Stations of all times, by identifier.
    pub stations: BTreeMap<String, Station>,
    /// Devices and machines that report events, by identifier.
    pub log_sources: BTreeMap<String, LogSource>,
    /// How products rate severity that do not keep to their format's scale.
    pub severities: Vec<SeverityScale>,
    /// What is measured, by identifier.
    pub indicators: BTreeMap<String, Indicator>,
    /// What is counted of events, by identifier.
    pub measures: BTreeMap<String, EventMeasure>,
    /// Configured sources, by identifier.
    pub feeds: BTreeMap<String, Feed>,
    /// Legal limits of all times.
    pub limits: Vec<Limit>,
    /// Who owes which form when, by identifier.
    pub obligations: BTreeMap<String, ObligationRule>,
    /// What raises alerts, by identifier.
    pub rules: BTreeMap<String, Rule>,
    /// What the pack chooses for its indices.
    pub indices: IndexSettings,
    /// Which units became which.
    pub successions: Vec<Succession>,
    /// What stays comparable of units that are no more, by identifier.
    pub groups: BTreeMap<String, PlaceGroup>,
    /// Days that are not worked, or are worked instead.
    pub holidays: Vec<Holiday>,
    /// The boundaries of the current communes as TopoJSON, for the page's map; none for a pack without.
    pub map: Option<Arc<str>>,
}

/// A day that is not like its weekday.
#[derive(Clone, Debug, PartialEq)]
pub struct Holiday {
    /// The day.
    pub date: Date,
    /// Worked although its weekday is not (swapped), or not worked although it is.
    pub worked: bool,
    /// What it is.
    pub name: Text,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Indicator {
    /// Identifier, such as `pm25`: lower-case letters, digits, `_`.
    pub id: String,
    /// How it is written: `PM2.5`.
    pub symbol: String,
    /// Its name.
    pub name: Text,
    /// The unit values are kept in: `ug/m3`.
    pub unit: String,
    /// Factors from other units to that one; the unit itself has factor 1. Spellings are compared without case
    /// and with `µ`, `μ` and `u` as one.
    pub units: BTreeMap<String, f64>,
    /// Other symbols senders use for it, compared without case: `PM2,5`, `PM25`.
    pub aliases: Vec<String>,
    /// Values below or above are kept with quality `out_of_range`.
    pub range: (Option<f64>, Option<f64>),
    /// Numbers that devices send where they have no value, as they are sent, before any conversion. A good value that
    /// is one of them is kept with quality `device_error`.
    pub no_value: Vec<f64>,
    /// When one value makes a window: such a window is marked.
    pub spike: Option<Spike>,
    /// Decimal places on screen.
    pub decimals: u8,
    /// Which windows are made of it.
    pub windows: Vec<WindowKind>,
    /// Its values are counts of a counter, that behaves so. No windows are made of them, but of what they add.
    pub counter: Option<CounterRule>,
    /// Its windows are what that counter added.
    pub increase_of: Option<String>,
}

/// A place where something is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// Identifier, the observations' subject.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Its type.
    pub kind: StationKind,
    /// The unit it stands in.
    pub place: PlaceKey,
    /// WGS 84 (longitude, latitude).
    pub point: Option<(f64, f64)>,
    /// First day of validity.
    pub valid_from: Date,
    /// Last day of validity; none while it lasts.
    pub valid_to: Option<Date>,
    /// What it measures, by indicator: how often a value is expected.
    pub measures: BTreeMap<String, Millis>,
    /// Station codes in file names that mean this station: `TN_UBNDTN_KHIXQU`.
    pub file_codes: Vec<String>,
    /// What gateways call its devices in topics and messages: `70b3d57ed0000001`, `kho-thuoc/tu-lanh-1`.
    pub devices: Vec<String>,
    /// Symbols of its files and devices that are not the indicators' own, to indicators.
    pub symbols: BTreeMap<String, String>,
    /// Symbols of its devices that are no readings: they are passed over.
    pub ignored: Vec<String>,
    /// Decimal places that its values are kept at, by indicator, whichever way they come.
    pub decimals: BTreeMap<String, u8>,
    /// Numbers it sends where it has no value, beside those of its indicators; as they are sent.
    pub no_value: Vec<f64>,
    /// Its newest point may be this old before it is late; none for twice its cadence and the feeds' lateness.
    pub late_after: Option<Millis>,
    /// And this old before it is silent; none for three times its cadence and the feeds' lateness.
    pub silent_after: Option<Millis>,
}

/// A device or machine that reports events: an intrusion detection system, a firewall, a server.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSource {
    /// Identifier, such as `ids-a`.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// The agency it belongs to: of `agencies.csv`, or a place's code; none where it is of nobody that reports.
    pub agency: Option<String>,
    /// Whose it is, in words: the agency's name where the pack says nothing else.
    pub owner: Text,
    /// The networks it sends from; a single address is a network of one.
    pub addresses: Vec<IpNet>,
    /// Names that its certificate may bear.
    pub certificates: Vec<String>,
    /// What lines call it that it does not send itself: in files, by push, through a relay.
    pub hosts: Vec<String>,
    /// The zone of local times in its lines; none for the pack's.
    pub timezone: Option<String>,
    /// Whether it passes on what others say: what its lines claim as host is who reports.
    pub relay: bool,
    /// Whether what a relay says in its name is its own word, though it has an address or certificate of its own.
    pub by_relay: bool,
    /// Nothing of it for so long means that it is silent; none where it may be silent.
    pub silent_after: Option<Millis>,
    /// A sensor that drops more than this share of what it should look at sees too little: what it did not report may
    /// have been there all the same.
    pub blind_above: f64,
}

/// How a product rates severity, where that is not its format's scale.
#[derive(Clone, Debug, PartialEq)]
pub struct SeverityScale {
    /// Identifier.
    pub id: String,
    /// As its events call the vendor.
    pub vendor: String,
    /// As its events call the product; none for all of the vendor's.
    pub product: Option<String>,
    /// What its numbers mean.
    pub scale: BTreeMap<Severity, RangeInclusive<i64>>,
}

/// How a feed's envelopes come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Publishes to the product's own MQTT endpoint under these topic filters (`+` and `#` as in MQTT).
    Mqtt {
        /// Topic filters.
        topics: Vec<String>,
    },
    /// Publishes taken from an outside broker.
    MqttBroker {
        /// `mqtt://host:port`.
        url: String,
        /// Topic filters to subscribe to.
        topics: Vec<String>,
    },
    /// Files dropped into a folder below the inbox.
    Files {
        /// Folder below the inbox, such as `air`.
        folder: String,
    },
    /// Sent as syslog, over UDP, TCP or TLS.
    Syslog {
        /// The networks whose senders are this feed's; any address where neither these nor certificates are named.
        from: Vec<IpNet>,
        /// The names in certificates that are this feed's: patterns in which `*` stands for anything.
        certificates: Vec<String>,
    },
    /// Written to files that grow, which are read as they do.
    Follow {
        /// Their folder, from the root of this machine.
        folder: String,
        /// Their names: patterns in which `*` stands for anything.
        names: Vec<String>,
    },
    /// Asked of an agency's database.
    Sql(Box<SqlFeed>),
    /// Asked of an agency's interface over HTTP.
    HttpPull(Box<HttpPullFeed>),
    /// Fetched as files from a partner's FTP or SFTP server.
    FtpPull(Box<FtpPullFeed>),
    /// Read from topics of a Kafka cluster.
    Kafka(Box<KafkaFeed>),
    /// Pushed to `/ingest/<feed>`.
    Http,
    /// Said on the page: operators' actions.
    Page,
}

impl Transport {
    /// The word used in packs, in the store and in APIs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Transport::Mqtt { .. } => "mqtt",
            Transport::MqttBroker { .. } => "mqtt_broker",
            Transport::Files { .. } => "files",
            Transport::Syslog { .. } => "syslog",
            Transport::Follow { .. } => "follow",
            Transport::Sql(_) => "sql",
            Transport::HttpPull(_) => "http_pull",
            Transport::FtpPull(_) => "ftp_pull",
            Transport::Kafka(_) => "kafka",
            Transport::Http => "http",
            Transport::Page => "page",
        }
    }

    /// What people call the way its senders come.
    #[must_use]
    pub fn name(&self) -> Text {
        let (vi, en) = match self {
            Transport::Mqtt { .. } => ("MQTT", "MQTT"),
            Transport::MqttBroker { .. } => ("MQTT qua máy chủ ngoài", "MQTT by an outside broker"),
            Transport::Files { .. } => ("tệp", "files"),
            Transport::Syslog { .. } => ("syslog", "syslog"),
            Transport::Follow { .. } => ("tệp đang được ghi tiếp", "files that grow"),
            Transport::Sql(_) => ("đọc từ cơ sở dữ liệu", "read from a database"),
            Transport::HttpPull(_) => ("hỏi qua HTTP", "asked over HTTP"),
            Transport::FtpPull(_) => ("lấy tệp từ máy chủ FTP, SFTP", "files fetched by FTP or SFTP"),
            Transport::Kafka(_) => ("Kafka", "Kafka"),
            Transport::Http => ("HTTP", "HTTP"),
            Transport::Page => ("màn hình điều hành", "control room page"),
        };
        Text { vi: vi.to_owned(), en: en.to_owned() }
    }
}

/// The form of an envelope's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormatName {
    /// One observation, an array of them, or lines of them, as JSON.
    JsonObservation,
    /// Station file of TT 10/2021/TT-BTNMT.
    StationTxt,
    /// An operator's action, as JSON. Only of the feed [`OPERATOR`](crate::action::OPERATOR).
    OperatorAction,
    /// One syslog message, by RFC 5424 or RFC 3164, with what it carries: CEF, Suricata's EVE, an authentication log.
    Syslog,
    /// Lines, each a syslog message as a log file has them.
    SyslogLines,
    /// Lines, each a record of Suricata's EVE as JSON.
    Eve,
    /// A table of events with a header, as a console exports it: which column is which, the pack says.
    EventCsv,
    /// A report as a table: CSV, XLSX or XLS, told apart by their bytes.
    Table,
    /// A report as SDMX-CSV.
    SdmxCsv,
    /// A report as SDMX-JSON.
    SdmxJson,
    /// A report as a data value set of DHIS2, JSON or CSV.
    Dhis2,
    /// A report as a MeasureReport of FHIR, JSON.
    Fhir,
    /// A pack of SenML (RFC 8428), JSON or CBOR, told apart by their first byte.
    Senml,
    /// An uplink of ChirpStack v4, as JSON.
    Chirpstack,
    /// What Zigbee2MQTT publishes of a device, as JSON.
    Zigbee2mqtt,
    /// Telemetry of Tasmota, as JSON.
    Tasmota,
    /// An observation of OGC SensorThings, as JSON.
    Sensorthings,
    /// Entities of NGSI-LD, normalized, concise or key-values.
    NgsiLd,
    /// A cycle of a station's data logger, as JSON.
    StationJson,
    /// A payload of Sparkplug B.
    SparkplugB,
    /// Any JSON, with a mapping of the pack.
    MappedJson,
    /// Any table of text, with a mapping of the pack.
    MappedCsv,
    /// Lines, each a message of any JSON, with a mapping of the pack.
    MappedLines,
}

impl FormatName {
    /// Those a feed may be configured with.
    pub const ALL: [FormatName; 22] = [
        FormatName::JsonObservation,
        FormatName::StationTxt,
        FormatName::Syslog,
        FormatName::SyslogLines,
        FormatName::Eve,
        FormatName::EventCsv,
        FormatName::Table,
        FormatName::SdmxCsv,
        FormatName::SdmxJson,
        FormatName::Dhis2,
        FormatName::Fhir,
        FormatName::Senml,
        FormatName::Chirpstack,
        FormatName::Zigbee2mqtt,
        FormatName::Tasmota,
        FormatName::Sensorthings,
        FormatName::NgsiLd,
        FormatName::StationJson,
        FormatName::SparkplugB,
        FormatName::MappedJson,
        FormatName::MappedCsv,
        FormatName::MappedLines,
    ];

    /// The word used in packs, on the command line and in APIs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            FormatName::JsonObservation => "json_observation",
            FormatName::StationTxt => "station_txt",
            FormatName::OperatorAction => "operator_action",
            FormatName::Syslog => "syslog",
            FormatName::SyslogLines => "syslog_lines",
            FormatName::Eve => "eve",
            FormatName::EventCsv => "event_csv",
            FormatName::Table => "table",
            FormatName::SdmxCsv => "sdmx_csv",
            FormatName::SdmxJson => "sdmx_json",
            FormatName::Dhis2 => "dhis2",
            FormatName::Fhir => "fhir",
            FormatName::Senml => "senml",
            FormatName::Chirpstack => "chirpstack",
            FormatName::Zigbee2mqtt => "zigbee2mqtt",
            FormatName::Tasmota => "tasmota",
            FormatName::Sensorthings => "sensorthings",
            FormatName::NgsiLd => "ngsi_ld",
            FormatName::StationJson => "station_json",
            FormatName::SparkplugB => "sparkplug_b",
            FormatName::MappedJson => "mapped_json",
            FormatName::MappedCsv => "mapped_csv",
            FormatName::MappedLines => "mapped_lines",
        }
    }

    /// Whether its bytes are lines of which each says all of itself, so that any number of them can be read alone.
    #[must_use]
    pub(crate) fn is_lines(self) -> bool {
        match self {
            FormatName::JsonObservation
            | FormatName::SyslogLines
            | FormatName::Eve
            | FormatName::MappedLines => true,
            // A station's file and a report are judged as a whole, a table by its header.
            FormatName::StationTxt
            | FormatName::OperatorAction
            | FormatName::Syslog
            | FormatName::EventCsv
            | FormatName::Table
            | FormatName::SdmxCsv
            | FormatName::SdmxJson
            | FormatName::Dhis2
            | FormatName::Fhir
            // Each message of a gateway came by itself, by an address of its own.
            | FormatName::Senml
            | FormatName::Chirpstack
            | FormatName::Zigbee2mqtt
            | FormatName::Tasmota
            | FormatName::Sensorthings
            | FormatName::NgsiLd
            | FormatName::StationJson
            | FormatName::SparkplugB
            // What a mapping is told of is a whole message.
            | FormatName::MappedJson
            | FormatName::MappedCsv => false,
        }
    }

    /// Whether its bytes may be no text, so that none of them is padding.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, FormatName::Senml | FormatName::SparkplugB)
    }

    /// Whether a mapping of the pack says what its messages mean.
    #[must_use]
    pub fn is_mapped(self) -> bool {
        matches!(self, FormatName::MappedJson | FormatName::MappedCsv | FormatName::MappedLines)
    }

    /// Whether its messages are reports of forms. Of such a one every byte counts, also those that look like padding, and
    /// there is a receipt for each, also for an empty one.
    #[must_use]
    pub fn is_report(self) -> bool {
        matches!(
            self,
            FormatName::Table
                | FormatName::SdmxCsv
                | FormatName::SdmxJson
                | FormatName::Dhis2
                | FormatName::Fhir
        )
    }

    /// Whether a message that states no time of its own is of the moment it came. What has waited before it is read would
    /// be of another one then.
    #[must_use]
    pub(crate) fn is_live(self) -> bool {
        matches!(
            self,
            FormatName::Senml
                | FormatName::Chirpstack
                | FormatName::Zigbee2mqtt
                | FormatName::Tasmota
                | FormatName::SparkplugB
        )
    }

    /// Whether its bytes are lines of columns under a header.
    pub(crate) fn is_columns(self) -> bool {
        matches!(self, FormatName::Table | FormatName::SdmxCsv | FormatName::EventCsv | FormatName::MappedCsv)
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<FormatName> {
        FormatName::ALL.into_iter().find(|format| format.word() == word)
    }
}

/// One configured source: transport + format + contract + owner.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// Identifier: lower-case letters, digits, `-`; at most 64.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// The agency that owes it.
    pub owner: Text,
    /// How it comes.
    pub transport: Transport,
    /// What its bytes are.
    pub format: FormatName,
    /// What it promises.
    pub contract: Contract,
    /// The forms whose reports come by it, by identifier; none of a feed of another kind.
    pub forms: Vec<String>,
    /// The agency that reports where neither the sender nor the message says which: of `agencies.csv`, or a place's code.
    pub agency: Option<String>,
    /// Whether its messages tell of persons: they are reduced to what its forms name before anything of them is kept.
    pub personal: bool,
    /// No envelope for so long means the feed is silent.
    pub silent_after: Millis,
}
