//! The settings of TLS, the same ones in every section of a transport that listens.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use figment::{
    Figment,
    value::{Dict, Value},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{TlsCounts, TlsDoor, TlsError, TlsFiles};

/// Those of a section whose names begin with `tls_`, but for the address.
const THEIRS: [&str; 5] =
    ["tls_certificate", "tls_key", "tls_client_ca", "tls_revocations", "tls_client_certificate"];

/// The settings of TLS of one listener.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The server's certificate.
    tls_certificate: PathBuf,
    /// Its key.
    tls_key: PathBuf,
    /// Who certifies clients.
    tls_client_ca: PathBuf,
    /// What that CA took back.
    tls_revocations: PathBuf,
    /// Whether clients need a certificate.
    tls_client_certificate: Needed,
}

/// Whether a client needs a certificate, where there is a CA that certifies clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Needed {
    #[default]
    Required,
    Optional,
}

impl TlsSettings {
    /// Takes them out of a section's settings.
    ///
    /// # Errors
    /// If one of them is wrong; the error names its key.
    pub fn take_from(section: &mut Dict) -> Result<TlsSettings, Box<figment::Error>> {
        let take = |key: &&str| section.remove(*key).map(|value| ((*key).to_owned(), value));
        let theirs: Dict = THEIRS.iter().filter_map(take).collect();
        Ok(Value::from(theirs).deserialize()?)
    }

    /// Whether there is a certificate. Without one nobody listens by TLS.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        is_set(&self.tls_certificate)
    }

    /// Whether nobody is let in without a certificate.
    #[must_use]
    pub fn needs_client_certificate(&self) -> bool {
        is_set(&self.tls_client_ca) && self.tls_client_certificate == Needed::Required
    }

    /// What is wrong between them, a sentence each with the keys' names.
    #[must_use]
    pub fn faults(&self, section: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if is_set(&self.tls_certificate) != is_set(&self.tls_key) {
            faults.push(format!(
                "{section}.tls_certificate and {section}.tls_key go together: set both or none"
            ));
        }
        if is_set(&self.tls_client_ca) && !self.has_certificate() {
            faults.push(format!("{section}.tls_client_ca needs {section}.tls_certificate"));
        }
        if is_set(&self.tls_revocations) && !is_set(&self.tls_client_ca) {
            faults.push(format!("{section}.tls_revocations needs {section}.tls_client_ca"));
        }
        faults
    }

    /// A door with these certificates; none without one.
    ///
    /// # Errors
    /// If a file cannot be read or used.
    pub fn door(
        &self,
        protocols: &'static [&'static [u8]],
        counts: &TlsCounts,
    ) -> Result<Option<Arc<TlsDoor>>, TlsError> {
        if !self.has_certificate() {
            return Ok(None);
        }
        let given = |path: &PathBuf| Some(path.clone()).filter(|path| is_set(path));
        let files = TlsFiles {
            certificate: self.tls_certificate.clone(),
            key: self.tls_key.clone(),
            client_ca: given(&self.tls_client_ca),
            revocations: given(&self.tls_revocations),
            is_certificate_optional: self.tls_client_certificate == Needed::Optional,
        };
        Ok(Some(Arc::new(TlsDoor::open(files, protocols, counts.clone())?)))
    }
}

fn is_set(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

/// A transport's section, and what it says of TLS.
pub(crate) fn section_with_tls<Settings: DeserializeOwned>(
    settings: &Figment,
    section: &str,
) -> Result<(Settings, TlsSettings), Box<figment::Error>> {
    let mut section: Dict = settings.find_value(section)?.deserialize()?;
    let tls = TlsSettings::take_from(&mut section);
    let rest = Value::from(section).deserialize();
    // Both, so that every wrong setting is named at once.
    match (tls, rest) {
        (Ok(tls), Ok(rest)) => Ok((rest, tls)),
        (Err(wrong), Ok(_)) => Err(wrong),
        (Ok(_), Err(wrong)) => Err(Box::new(wrong)),
        (Err(one), Err(other)) => Err(Box::new(one.chain(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<TlsSettings, Box<figment::Error>> {
        let mut section: Dict = THEIRS.iter().map(|key| ((*key).to_owned(), Value::from(""))).collect();
        let _empty = section.insert("tls_client_certificate".to_owned(), Value::from("optional"));
        section.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))));
        TlsSettings::take_from(&mut section)
    }

    #[test]
    fn rules_between_settings_are_told_all_at_once_and_a_wrong_word_is_told_with_its_key() {
        assert!(read(&[]).unwrap().faults("mqtt").is_empty() && !read(&[]).unwrap().has_certificate());
        let faults = read(&[("tls_key", "k"), ("tls_client_ca", "c")]).unwrap().faults("mqtt");
        assert_eq!(faults.len(), 2, "{faults:?}");
        let faults = read(&[("tls_revocations", "r")]).unwrap().faults("mqtt");
        assert_eq!(faults, ["mqtt.tls_revocations needs mqtt.tls_client_ca"]);
        let wrong = read(&[("tls_client_certificate", "perhaps")]).unwrap_err();
        assert_eq!(wrong.path, ["tls_client_certificate"], "{wrong}");
    }

    #[test]
    fn a_certificate_is_needed_only_where_there_is_a_ca_that_gives_them() {
        let required = ("tls_client_certificate", "required");
        assert!(!read(&[required]).unwrap().needs_client_certificate());
        assert!(read(&[required, ("tls_client_ca", "c")]).unwrap().needs_client_certificate());
        assert!(!read(&[("tls_client_ca", "c")]).unwrap().needs_client_certificate());
    }
}
