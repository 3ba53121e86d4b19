//! TLS before a transport that listens: the server's certificate, and whom clients must be certified by.
//!
//! Certificate and key are files that something else renews, so they are looked at anew when a connection comes: a
//! renewed certificate counts from the next connection on, without a restart. One that cannot be read is said in the
//! log, and the one before goes on: a slip of the pen must not lock every sender out.
//!
//! With a client CA a client must have a certificate of it, and is known by the name in it. That name is the first DNS
//! name among its alternative names, as RFC 5425 has it, and the common name of its subject where it has none.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
        server::{VerifierBuilderError, WebPkiClientVerifier},
    },
    server::TlsStream,
};
use x509_cert::{
    Certificate,
    attr::AttributeTypeAndValue,
    der::{
        Decode,
        asn1::{ObjectIdentifier, PrintableStringRef, Utf8StringRef},
    },
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// The files are looked at so often, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Where certificates lie, as PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate, and those between it and its CA.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The CA that clients must be certified by; none if they need no certificate.
    pub client_ca: Option<PathBuf>,
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
    /// The client CA is none.
    #[error("the client CA in {path} cannot be used: {source}")]
    ClientCa {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: VerifierBuilderError,
    },
}

/// Lets clients in by TLS.
#[derive(Debug)]
pub struct TlsDoor {
    files: TlsFiles,
    state: Mutex<State>,
}

struct State {
    acceptor: TlsAcceptor,
    marks: Vec<Option<Mark>>,
    looked: Instant,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("marks", &self.marks).finish_non_exhaustive()
    }
}

/// What changes when a file does.
type Mark = (SystemTime, u64);

impl TlsDoor {
    /// Reads the files.
    ///
    /// # Errors
    /// If one of them cannot be read or used.
    pub fn open(files: TlsFiles) -> Result<TlsDoor, TlsError> {
        // First the marks: a file that changes while it is read is read again.
        let marks = files.marks();
        let acceptor = files.acceptor()?;
        Ok(TlsDoor { files, state: Mutex::new(State { acceptor, marks, looked: Instant::now() }) })
    }

    /// Shakes hands. How long that may take is the caller's to bound.
    ///
    /// # Errors
    /// If the client does not speak TLS, or has not the certificate it needs.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        let acceptor = self.current();
        acceptor.accept(stream).await
    }

    fn current(&self) -> TlsAcceptor {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= LOOK_EVERY {
            state.looked = Instant::now();
            let marks = self.files.marks();
            if marks != state.marks {
                match self.files.acceptor() {
                    Ok(acceptor) => {
                        state.marks = marks;
                        state.acceptor = acceptor;
                        tracing::info!(certificate = %self.files.certificate.display(), "changed certificates are in use");
                    }
                    Err(error) => tracing::warn!(%error, "the certificates of before stay in use"),
                }
            }
        }
        state.acceptor.clone()
    }
}

impl TlsFiles {
    fn marks(&self) -> Vec<Option<Mark>> {
        let mark = |path: &Path| {
            let file = std::fs::metadata(path).ok()?;
            Some((file.modified().ok()?, file.len()))
        };
        let files = [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()];
        files.into_iter().flatten().map(|path| mark(path)).collect()
    }

    fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let unusable = |source| TlsError::Certificate { path: self.certificate.clone(), source };
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots
                        .add(certificate)
                        .map_err(|source| TlsError::Certificate { path: path.clone(), source })?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .build()
                    .map_err(|source| TlsError::ClientCa { path: path.clone(), source })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|source| TlsError::File { path: self.key.clone(), source })?;
        let config = builder.with_single_cert(certificates(&self.certificate)?, key).map_err(unusable)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unread = |source| TlsError::File { path: path.to_owned(), source };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(|certificates| certificates.collect::<Result<_, _>>())
        .map_err(unread)?;
    if found.is_empty() { Err(unread(pem::Error::NoItemsFound)) } else { Ok(found) }
}

/// The name in the client's certificate; none without a certificate, or with one that names nobody.
pub(crate) fn name_of_client<S>(stream: &TlsStream<S>) -> Option<String> {
    name_in(stream.get_ref().1.peer_certificates()?.first()?)
}

fn name_in(certificate: &[u8]) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?.tbs_certificate;
    let alternatives = certificate.get::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0);
    let dns = alternatives.into_iter().flatten().find_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    });
    dns.or_else(|| {
        let all = certificate.subject.0.iter().flat_map(|relative| relative.0.iter());
        all.filter(|part| part.oid == COMMON_NAME).find_map(text_of)
    })
    .filter(|name| !name.is_empty())
}

fn text_of(part: &AttributeTypeAndValue) -> Option<String> {
    let utf8 = part.value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
    utf8.or_else(|_| part.value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned()))
        .ok()
}
