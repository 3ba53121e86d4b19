//! What TLS is made of: files that something else renews, as PEM, revocation lists also as DER.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{
            CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
            pem::{self, PemObject},
        },
        server::{
            NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier, danger::ClientCertVerifier,
        },
    },
};
use x509_cert::{crl::CertificateList, der::Decode, name::Name};

/// No list is longer, in bytes: whoever fills the folder must not fill memory (invariant BOUND).
const LONGEST_LIST: u64 = 64 << 20;
/// How the name of a file ends that holds a list, where a folder of them is looked at.
const ENDS_OF_LISTS: [&str; 4] = ["crl", "pem", "der", "r0"];

/// Where certificates and lists lie.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate, and those between it and its CA.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The CA that clients are certified by; none if they are asked for no certificate.
    pub client_ca: Option<PathBuf>,
    /// The lists of certificates that the client CA took back: a file, or a folder of them.
    pub revocations: Option<PathBuf>,
    /// Whether a client without a certificate is let in.
    pub is_certificate_optional: bool,
}

/// Why nobody can be let in.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds something else.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The certificates do not go together.
    #[error("the certificate in {path} cannot be used: {source}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The client CA is none, or its lists cannot be used.
    #[error("the client CA in {path} cannot be used: {source}")]
    ClientCa {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: VerifierBuilderError,
    },
    /// A list of revocations is none.
    #[error("{path} is no list of revoked certificates: {what}")]
    Revocations {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// What changes when a file does. The time of its last change of any kind among it, so that a file whose rights were
/// mended is looked at.
pub(super) type Mark = (PathBuf, Option<(u64, u64, i64, i64)>);

/// What was made of the files.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) acceptor: TlsAcceptor,
    /// None if clients are asked for no certificate.
    pub(super) verifier: Option<Arc<dyn ClientCertVerifier>>,
    /// The lists, and until when each says it is true, since 1970.
    pub(super) lists: Vec<(PathBuf, Option<Duration>)>,
}

impl TlsFiles {
    /// The files as they are now.
    pub(super) fn marks(&self) -> Vec<Mark> {
        let files = [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()];
        let mut paths: Vec<PathBuf> = files.into_iter().flatten().cloned().collect();
        if let Some(revocations) = &self.revocations {
            paths.push(revocations.clone());
            paths.extend(
                lists_in(revocations).unwrap_or_default().into_iter().filter(|path| path != revocations),
            );
        }
        let mark = |path: &Path| {
            let file = fs::metadata(path).ok()?;
            Some((file.ino(), file.len(), file.ctime(), file.ctime_nsec()))
        };
        paths.into_iter().map(|path| (path.clone(), mark(&path))).collect()
    }

    /// Reads them. `protocols` are what may be spoken by TLS (RFC 7301), for clients that ask.
    pub(super) fn read(&self, protocols: &[&[u8]]) -> Result<Made, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let unusable = |source| TlsError::Certificate { path: self.certificate.clone(), source };
        // 1.2 and 1.3: the library knows no older one.
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let lists = self.lists()?;
        let (builder, verifier) = match &self.client_ca {
            None => (builder.with_no_client_auth(), None),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots
                        .add(certificate)
                        .map_err(|source| TlsError::Certificate { path: path.clone(), source })?;
                }
                let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .with_crls(lists.iter().map(|list| list.der.clone()));
                if self.is_certificate_optional {
                    verifier = verifier.allow_unauthenticated();
                }
                let verifier =
                    verifier.build().map_err(|source| TlsError::ClientCa { path: path.clone(), source })?;
                (builder.with_client_cert_verifier(verifier.clone()), Some(verifier))
            }
        };
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|source| TlsError::File { path: self.key.clone(), source })?;
        let mut config = builder.with_single_cert(certificates(&self.certificate)?, key).map_err(unusable)?;
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        // A session that is taken up again is not asked for its certificate, so none is: every connection is judged by
        // the lists of now.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        let lists = lists.into_iter().map(|list| (list.path, list.until)).collect();
        Ok(Made { acceptor: TlsAcceptor::from(Arc::new(config)), verifier, lists })
    }

    fn lists(&self) -> Result<Vec<List>, TlsError> {
        let Some(place) = &self.revocations else { return Ok(Vec::new()) };
        let paths = lists_in(place).map_err(|error| no_list(place, &error))?;
        if paths.is_empty() {
            return Err(no_list(place, &"the folder holds no file *.crl, *.pem or *.der"));
        }
        let mut lists = Vec::new();
        for path in paths {
            let bytes = read_bounded(&path).map_err(|error| no_list(&path, &error))?;
            let found: Vec<CertificateRevocationListDer<'static>> = match is_der(&bytes) {
                true => vec![bytes.into()],
                false => CertificateRevocationListDer::pem_slice_iter(&bytes)
                    .collect::<Result<_, _>>()
                    .map_err(|error| no_list(&path, &error))?,
            };
            if found.is_empty() {
                return Err(no_list(&path, &"it holds none"));
            }
            for der in found {
                let list = CertificateList::from_der(&der).map_err(|error| {
                    let version = "a list has version 2, which openssl makes where crlnumber is set";
                    no_list(&path, &format_args!("{error} ({version})"))
                })?;
                let until = list.tbs_cert_list.next_update.map(|time| time.to_unix_duration());
                let made = list.tbs_cert_list.this_update.to_unix_duration();
                let issuer = list.tbs_cert_list.issuer;
                lists.push(List { path: path.clone(), der, until, made, issuer });
            }
        }
        // Of several lists of one CA the verifier believes the first, so that is the newest; the others are of no concern.
        lists.sort_by_key(|list| std::cmp::Reverse(list.made));
        let mut kept: Vec<List> = Vec::with_capacity(lists.len());
        for list in lists {
            if kept.iter().all(|newer| newer.issuer != list.issuer) {
                kept.push(list);
            }
        }
        Ok(kept)
    }
}

struct List {
    path: PathBuf,
    der: CertificateRevocationListDer<'static>,
    until: Option<Duration>,
    made: Duration,
    issuer: Name,
}

fn no_list(path: &Path, what: &dyn std::fmt::Display) -> TlsError {
    TlsError::Revocations { path: path.to_owned(), what: what.to_string() }
}

/// A sequence, as DER has it. PEM begins with letters.
fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    match fs::metadata(path)?.len() {
        length if length > LONGEST_LIST => Err(io::Error::other("it is longer than 64 MiB")),
        _ => fs::read(path),
    }
}

/// The files of lists at that place, by name.
fn lists_in(place: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(place)?.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        let ends_so =
            |end: &std::ffi::OsStr| ENDS_OF_LISTS.iter().any(|known| end.eq_ignore_ascii_case(known));
        if path.extension().is_some_and(ends_so) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unread = |source| TlsError::File { path: path.to_owned(), source };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(|certificates| certificates.collect::<Result<_, _>>())
        .map_err(unread)?;
    if found.is_empty() { Err(unread(pem::Error::NoItemsFound)) } else { Ok(found) }
}
