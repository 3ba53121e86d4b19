//! A certificate for the demo's MQTT endpoint, so that its publisher speaks as gateways should: by TLS.
//!
//! Made once for a data folder, by a CA that certifies this and nothing else: its key is thrown away. Settings of the operator
//! come first.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::PathBuf};

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::instance::DataFolder;

/// Below the data folder.
const FOLDER: &str = "demo-tls";

/// Where the files lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DemoTls {
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl DemoTls {
    /// Those of a data folder.
    pub(crate) fn below(data: &std::path::Path) -> DemoTls {
        let file = |name: &str| data.join(FOLDER).join(name);
        DemoTls { ca: file("ca.pem"), certificate: file("server.pem"), key: file("server.key") }
    }

    /// Makes them where they are not there.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn make(data: &DataFolder) -> anyhow::Result<()> {
        let DemoTls { ca, certificate, key } = DemoTls::below(data.path());
        // The last of them is written last.
        if ca.try_exists()? {
            return Ok(());
        }
        fs::create_dir_all(data.path().join(FOLDER))?;
        let made = made().context("cannot make the demo's certificate")?;
        for (path, text, mode) in
            [(key, made.key, 0o600), (certificate, made.certificate, 0o644), (ca, made.ca, 0o644)]
        {
            let temporary = path.with_extension("tmp");
            let file =
                fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&temporary);
            file.and_then(|mut file| file.write_all(text.as_bytes()))
                .and_then(|()| fs::rename(&temporary, &path))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

/// As PEM.
struct Made {
    ca: String,
    certificate: String,
    key: String,
}

fn made() -> Result<Made, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "ioc demonstration");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    Ok(Made { ca: issuer.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}
