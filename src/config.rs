//! Settings: one complete, commented `default.toml`, a file and the environment over it.
//!
//! The environment's names follow from the file: `[mqtt] listen` is `IOC_MQTT_LISTEN`. A name that fits nothing is
//! an error, as an unknown key of a file is, and all errors are reported at once.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use figment::{
    Figment, Profile,
    providers::{Format, Serialized, Toml},
    value::{Dict, Value},
};
use ioc_ingest::transport::{KINDS, Transport, address_or_none, tls::TlsSettings};
use ioc_model::{epoch::Epoch, pack::Feed};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::up::demo_tls::DemoTls;

/// The defaults, as they stand in the repository.
pub const DEFAULT: &str = include_str!("../deploy/default.toml");

/// Names of the environment that are not settings of the file.
const OTHER_NAMES: [&str; 12] = [
    "IOC_CONFIG",
    "IOC_LIBCHDB",
    "IOC_LIBCHDB_PACKAGE",
    "IOC_DEMO_BACKFILL_HOURS",
    "IOC_DEMO_SECRET",
    "IOC_DEMO_SPEED",
    "IOC_DEMO_START",
    "IOC_EXPORT_FORMAT",
    "IOC_TAP_LANG",
    "IOC_TAP_URL",
    "IOC_TOP_LANG",
    "IOC_TOP_URL",
];

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where things are kept.
    pub data: Data,
    /// The province pack.
    pub pack: PackChoice,
    /// Page and API.
    pub http: Http,
    /// The durable log.
    pub bus: Bus,
    /// The archive of raw envelopes.
    pub archive: Archive,
    /// The dataflow.
    pub stream: Stream,
    /// The store.
    pub clickhouse: ClickHouse,
    /// Logs.
    pub log: Log,
    /// The certificate of the pages, which stands in `[http]`.
    #[serde(skip)]
    pub pages_tls: TlsSettings,
    /// The ways in, each with its own section.
    #[serde(skip)]
    pub transports: Vec<Arc<dyn Transport>>,
    /// The demo's certificate for MQTT, where it is used.
    #[serde(skip)]
    pub demo_tls: Option<DemoTls>,
}

/// `[data]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The data folder.
    pub folder: PathBuf,
}

/// `[pack]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackChoice {
    /// Folder of the pack; empty for the one in the binary.
    pub folder: PathBuf,
    /// Name of the pack in the binary.
    pub name: String,
}

impl PackChoice {
    /// The pack's folder, or the name of one in the binary.
    #[must_use]
    pub fn choice(&self) -> PathBuf {
        if self.folder.as_os_str().is_empty() { PathBuf::from(&self.name) } else { self.folder.clone() }
    }
}

/// `[http]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address of page and API.
    pub listen: SocketAddr,
    /// And of the same by TLS, with a certificate.
    #[serde(deserialize_with = "address_or_none")]
    pub tls_listen: Option<SocketAddr>,
    /// Live connections.
    pub max_live: usize,
}

/// `[bus]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// Partitions of a new log.
    pub partitions: u16,
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// Bytes that wait for their fsync.
    pub queue_bytes: usize,
    /// Bytes of the log.
    pub max_bytes: u64,
    /// How long committed data is kept.
    pub retain_age: SignedDuration,
    /// How much committed data is kept.
    pub retain_bytes: u64,
}

/// `[archive]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// Whether the log waits for it.
    pub enabled: bool,
    /// Its folder; empty for the data folder's.
    pub folder: PathBuf,
    /// Pause between passes.
    pub every: SignedDuration,
    /// Bytes of the log a pass takes.
    pub max_bytes: usize,
}

/// `[stream]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Workers; 0 for one a core.
    pub workers: usize,
    /// Pause between epochs with input.
    pub cadence: SignedDuration,
    /// Pause between epochs without.
    pub idle_cadence: SignedDuration,
    /// Bytes of an epoch.
    pub epoch_bytes: usize,
    /// Epochs under way.
    pub outstanding: u64,
    /// How far back points stay in memory.
    pub horizon: SignedDuration,
    /// Pause between checkpoints.
    pub checkpoint_every: SignedDuration,
}

/// `[clickhouse]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouse {
    /// An outside server; empty for the embedded one.
    pub url: String,
    /// Address of the embedded one.
    pub listen: SocketAddr,
    /// The database.
    pub database: String,
    /// The cluster of an outside server; empty for a single one.
    pub cluster: String,
    /// User of an outside server.
    pub user: String,
    /// Password of an outside server.
    pub password: SecretSetting,
    /// The library; empty to look for it.
    pub library: PathBuf,
    /// Rows that broken parts took with them are not looked for up to this epoch.
    pub losses_accepted_upto: Epoch,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How lines are written.
    pub format: LogFormat,
    /// Which lines are written.
    pub filter: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// A setting that is never printed.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct SecretSetting(pub String);

impl std::fmt::Debug for SecretSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "(none)" } else { "(set)" })
    }
}

/// Everything wrong with the settings.
#[derive(Debug, thiserror::Error)]
#[error("the settings are not valid:\n{}", .0.iter().map(|fault| format!("  * {fault}")).collect::<Vec<_>>().join("\n"))]
pub struct InvalidConfig(pub Vec<String>);

impl Config {
    /// Defaults, then the file, then the environment.
    ///
    /// # Errors
    /// With everything that is wrong, at once.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Config, InvalidConfig> {
        Ok(Config::read_all(file, environment, &[])?.0)
    }

    /// As [`Config::load`], for the demo: where nobody set a certificate for MQTT, there is one in the data folder.
    ///
    /// # Errors
    /// With everything that is wrong, at once.
    pub fn load_for_demo(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)> + Clone,
    ) -> Result<Config, InvalidConfig> {
        let (config, figment) = Config::read_all(file, environment.clone(), &[])?;
        let is_set = |key| figment.extract_inner::<String>(key).is_ok_and(|path| !path.is_empty());
        if is_set("mqtt.tls_certificate") || is_set("mqtt.tls_key") {
            return Ok(config);
        }
        let tls = DemoTls::below(&config.data.folder);
        let set = [("mqtt.tls_certificate", &tls.certificate), ("mqtt.tls_key", &tls.key)];
        let (config, _) = Config::read_all(file, environment, &set)?;
        Ok(Config { demo_tls: Some(tls), ..config })
    }

    /// `more` comes before the file.
    fn read_all(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        more: &[(&str, &PathBuf)],
    ) -> Result<(Config, Figment), InvalidConfig> {
        let mut faults = Vec::new();
        let mut figment = Figment::from(Toml::string(DEFAULT));
        for (key, path) in more {
            let key: Vec<String> = key.split('.').map(str::to_owned).collect();
            let value = Value::from(path.display().to_string());
            figment = figment.merge(Serialized::from(nested(&key, value), Profile::Default));
        }
        let defaults: Dict = figment.extract().unwrap_or_default();
        if let Some(file) = file {
            match std::fs::read_to_string(file) {
                Ok(text) => figment = figment.merge(Toml::string(&text)),
                Err(error) => faults.push(format!("{}: {error}", file.display())),
            }
        }
        for (name, text) in environment.filter(|(name, _)| name.starts_with("IOC_")) {
            if OTHER_NAMES.contains(&name.as_str()) {
                continue;
            }
            match setting_of(&defaults, &name) {
                Some((key, is_text)) => {
                    let value = if is_text { Value::from(text) } else { parse(&text) };
                    let setting = Serialized::from(nested(&key, value), Profile::Default);
                    // Tried by itself, so that every wrong one is named and not only the first.
                    match Config::read(&Figment::from(Toml::string(DEFAULT)).merge(&setting)) {
                        Ok(_) => figment = figment.merge(setting),
                        Err(errors) => {
                            faults.extend(errors.iter().map(|error| format!("{name}: {}", wrong(error))));
                        }
                    }
                }
                None => faults.push(format!("{name} names no setting")),
            }
        }
        let config = match Config::read(&figment) {
            Ok(config) => Some(config),
            Err(errors) => {
                faults
                    .extend(errors.iter().map(|error| format!("{}: {}", error.path.join("."), wrong(error))));
                None
            }
        };
        if let Some(config) = &config {
            faults.extend(config.faults());
        }
        match config {
            Some(config) if faults.is_empty() => Ok((config, figment)),
            _ => Err(InvalidConfig(faults)),
        }
    }

    /// Each transport reads its own section, and the rest is ours: a section nobody knows is an error.
    fn read(figment: &Figment) -> Result<Config, Vec<figment::Error>> {
        let mut sections: Dict =
            figment.extract().map_err(|errors| errors.into_iter().collect::<Vec<_>>())?;
        let mut errors = Vec::new();
        let mut transports = Vec::new();
        for kind in KINDS {
            let _theirs = sections.remove(kind.section);
            match (kind.configure)(figment) {
                Ok(transport) => transports.push(transport),
                Err(wrong) => errors.extend(wrong.into_iter().map(|mut error| {
                    error.path.insert(0, kind.section.to_owned());
                    error
                })),
            }
        }
        let pages_tls = match sections.get_mut("http") {
            Some(Value::Dict(_, http)) => TlsSettings::take_from(http),
            _ => Ok(TlsSettings::default()),
        };
        let pages_tls = pages_tls.unwrap_or_else(|wrong| {
            errors.extend(wrong.into_iter().map(|mut error| {
                error.path.insert(0, "http".to_owned());
                error
            }));
            TlsSettings::default()
        });
        let ours = Figment::from(Serialized::from(sections, Profile::Default));
        match ours.extract::<Config>() {
            Ok(config) if errors.is_empty() => Ok(Config { transports, pages_tls, ..config }),
            Ok(_) => Err(errors),
            Err(wrong) => Err(errors.into_iter().chain(wrong).collect()),
        }
    }

    /// What single settings cannot say: rules between them, and bounds.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut rule = |holds: bool, fault: &str| {
            if !holds {
                faults.push(fault.to_owned());
            }
        };
        rule(
            self.http.listen.ip().is_loopback(),
            "http.listen must be a loopback address: pages have no access control yet. Put a proxy with one before it, or \
             use http.tls_listen with a certificate for each reader",
        );
        rule(
            self.pages_by_tls().is_none_or(|address| {
                address.ip().to_canonical().is_loopback() || self.pages_tls.needs_client_certificate()
            }),
            "http.tls_listen must be a loopback address, or its readers need a certificate each (http.tls_client_ca, and \
             http.tls_client_certificate = \"required\"): pages have no other access control yet",
        );
        rule(
            self.clickhouse.listen.ip().is_loopback(),
            "clickhouse.listen must be a loopback address. For other machines run an outside ClickHouse",
        );
        rule(self.bus.partitions >= 1, "bus.partitions must be at least 1");
        rule(self.bus.segment_bytes >= 1 << 16, "bus.segment_bytes must be at least 65536");
        rule(
            self.bus.max_bytes >= 2 * self.bus.segment_bytes,
            "bus.max_bytes must hold at least two segments",
        );
        rule(self.archive.max_bytes >= 1 << 12, "archive.max_bytes must be at least 4096");
        rule(self.stream.outstanding >= 1, "stream.outstanding must be at least 1");
        rule(self.stream.epoch_bytes >= 1, "stream.epoch_bytes must be at least 1");
        rule(self.stream.horizon >= SignedDuration::from_hours(1), "stream.horizon must be at least 1h");
        for (name, duration) in [
            ("archive.every", self.archive.every),
            ("stream.cadence", self.stream.cadence),
            ("stream.idle_cadence", self.stream.idle_cadence),
            ("stream.checkpoint_every", self.stream.checkpoint_every),
        ] {
            rule(!duration.is_negative(), &format!("{name} must not be negative"));
        }
        faults.extend(self.pages_tls.faults("http"));
        faults.extend(self.transports.iter().flat_map(|transport| transport.faults()));
        faults
    }

    /// Worker threads of the dataflow.
    #[must_use]
    pub fn workers(&self) -> usize {
        match self.stream.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        }
    }

    /// Where page and API are by TLS.
    #[must_use]
    pub fn pages_by_tls(&self) -> Option<SocketAddr> {
        self.http.tls_listen.filter(|_| self.pages_tls.has_certificate())
    }

    /// A folder or file below the data folder.
    #[must_use]
    pub fn data_path(&self, name: &str) -> PathBuf {
        self.data.folder.join(name)
    }

    /// The archive.
    #[must_use]
    pub fn archive_folder(&self) -> PathBuf {
        if self.archive.folder.as_os_str().is_empty() {
            self.data_path("archive")
        } else {
            self.archive.folder.clone()
        }
    }

    /// The way in that a feed comes by; none for the page's own.
    #[must_use]
    pub fn transport_of(&self, feed: &Feed) -> Option<&dyn Transport> {
        self.transports.iter().find(|transport| transport.takes(feed)).map(AsRef::as_ref)
    }
}

/// What is wrong with a setting, for who wrote it: of a duration the parser tells of its own rules.
fn wrong(error: &figment::Error) -> String {
    let said = error.kind.to_string();
    match said.contains("duration") {
        true => format!("{said}. A duration is written like 250ms, 30s, 5m or 1h"),
        false => said,
    }
}

/// A duration the rules above allow.
#[must_use]
pub fn machine(duration: SignedDuration) -> Duration {
    duration.unsigned_abs()
}

/// The setting an environment name stands for, and whether it is a text.
fn setting_of(defaults: &Dict, name: &str) -> Option<(Vec<String>, bool)> {
    for (section, value) in defaults {
        let Value::Dict(_, settings) = value else { continue };
        for (setting, value) in settings {
            if name == format!("IOC_{section}_{setting}").to_uppercase() {
                return Some((vec![section.clone(), setting.clone()], matches!(value, Value::String(..))));
            }
        }
    }
    None
}

fn parse(text: &str) -> Value {
    match (text.parse::<i64>(), text.parse::<bool>()) {
        (Ok(number), _) => Value::from(number),
        (_, Ok(truth)) => Value::from(truth),
        _ => Value::from(text.to_owned()),
    }
}

fn nested(key: &[String], value: Value) -> Dict {
    let mut dict = Dict::new();
    match key {
        [last] => drop(dict.insert(last.clone(), value)),
        [first, rest @ ..] => drop(dict.insert(first.clone(), Value::from(nested(rest, value)))),
        [] => {}
    }
    dict
}

/// For `--help`: every setting's name in the environment and its default.
#[must_use]
pub fn environment_help() -> String {
    let defaults: Dict = Figment::from(Toml::string(DEFAULT)).extract().unwrap_or_default();
    let mut lines =
        vec!["Settings (environment name = default; all of them with comments: ioc config):".to_owned()];
    for (section, value) in &defaults {
        let Value::Dict(_, settings) = value else { continue };
        for (setting, value) in settings {
            let default = match value {
                Value::String(_, text) => format!("{text:?}"),
                Value::Bool(_, truth) => truth.to_string(),
                Value::Num(_, number) => number.to_i128().map_or_else(String::new, |n| n.to_string()),
                other => format!("{other:?}"),
            };
            lines.push(format!("  {} = {default}", format!("IOC_{section}_{setting}").to_uppercase()));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: Option<&str>, environment: &[(&str, &str)]) -> Result<Config, InvalidConfig> {
        let folder = tempfile::tempdir().unwrap();
        let path = file.map(|text| {
            let path = folder.path().join("ioc.toml");
            std::fs::write(&path, text).unwrap();
            path
        });
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(path.as_deref(), environment)
    }

    #[test]
    fn the_defaults_are_valid_and_the_environment_overrides_the_file() {
        let mqtt = |config: &Config| format!("{:?}", config.transports);
        assert!(mqtt(&load(None, &[]).unwrap()).contains("listen: Some(127.0.0.1:1883)"));
        let file = "[mqtt]\nlisten = \"127.0.0.1:2000\"\n[stream]\nworkers = 3\n";
        let config = load(Some(file), &[("IOC_MQTT_LISTEN", "127.0.0.1:3000"), ("OTHER", "x")]).unwrap();
        assert!(mqtt(&config).contains("listen: Some(127.0.0.1:3000)"), "{config:?}");
        assert_eq!(config.workers(), 3);
        let config = load(None, &[("IOC_CLICKHOUSE_PASSWORD", "123456")]).unwrap();
        assert_eq!(config.clickhouse.password.0, "123456");
        assert!(!format!("{config:?}").contains("123456"));
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let environment = [("IOC_MQTT_PORT", "1"), ("IOC_NONSENSE", "1"), ("IOC_HTTP_LISTEN", "0.0.0.0:80")];
        let InvalidConfig(faults) = load(None, &environment).unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
        let environment = [("IOC_MQTT_LISTEN", "zzz"), ("IOC_STREAM_WORKERS", "many")];
        let InvalidConfig(faults) = load(None, &environment).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("IOC_MQTT_LISTEN: ") && faults[1].starts_with("IOC_STREAM_WORKERS: "));
        let InvalidConfig(faults) = load(None, &[("IOC_STREAM_CADENCE", "3")]).unwrap_err();
        assert!(faults[0].contains("written like 250ms"), "{faults:?}");
        let InvalidConfig(faults) = load(Some("[mqtt]\nlistn = \"x\"\n"), &[]).unwrap_err();
        assert!(faults[0].contains("listn"), "{faults:?}");
        let file = "[mqt]\nlisten = \"127.0.0.1:1\"\n[push]\nlisten = 1\n[mqtt]\nreceive_maximum = -1\n";
        let InvalidConfig(faults) = load(Some(file), &[]).unwrap_err();
        for key in ["`mqt`", "push.listen: ", "mqtt.receive_maximum: "] {
            assert!(faults.iter().any(|fault| fault.contains(key)), "{key} in {faults:?}");
        }
        let environment = [("IOC_PUSH_LISTEN", "0.0.0.0:8081"), ("IOC_MQTT_RECEIVE_MAXIMUM", "0")];
        let InvalidConfig(faults) = load(None, &environment).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
    }
}
