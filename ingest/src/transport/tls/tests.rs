//! Certificates and lists are made by openssl; the client is rustls.

use std::{fs, path::PathBuf, process::Command};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream as ClientStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{PrivateKeyDer, ServerName, pem::PemObject},
    },
};

use super::*;

const WITHIN: Duration = Duration::from_secs(10);
const PROTOCOLS: &[&[u8]] = &[b"mqtt"];

/// A CA in a folder, and what it certified.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Authority {
        Authority::named("/CN=Test CA")
    }

    fn named(subject: &str) -> Authority {
        let authority = Authority { folder: tempfile::tempdir().unwrap() };
        fs::write(authority.path("index.txt"), "").unwrap();
        fs::write(authority.path("serial"), "01").unwrap();
        fs::write(
            authority.path("ca.cnf"),
            "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\nunique_subject = no\n\
             default_md = sha256\ndefault_days = 2\ncertificate = ca.pem\nprivate_key = ca.key\npolicy = any\n\
             copy_extensions = copy\nx509_extensions = own_ext\ncrlnumber = serial\n[own_ext]\nbasicConstraints = CA:FALSE\n\
             [any]\ncommonName = supplied\n",
        )
        .unwrap();
        authority.openssl(&new_key(subject, "ca.key", "ca.pem", &["-x509", "-days", "2"]));
        for (file, subject, dns) in
            [("server", "/CN=x", "DNS:localhost"), ("gateway", "/CN=x", "DNS:gw.example")]
        {
            authority.certify(file, subject, Some(dns), &[]);
        }
        authority
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn openssl(&self, arguments: &[&str]) {
        let done = Command::new("openssl").args(arguments).current_dir(self.folder.path()).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn certify(&self, file: &str, subject: &str, names: Option<&str>, more: &[&str]) {
        let [key, request, certificate] = ["key", "csr", "pem"].map(|end| format!("{file}.{end}"));
        let names = names.map(|names| format!("subjectAltName={names}"));
        let added: Vec<&str> = names.iter().flat_map(|names| ["-addext", names]).collect();
        self.openssl(&new_key(subject, &key, &request, &added));
        let sign = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-in", &request, "-out", &certificate];
        self.openssl(&[&sign[..], more].concat());
    }

    fn revoke(&self, file: &str) {
        self.openssl(&["ca", "-config", "ca.cnf", "-revoke", &format!("{file}.pem")]);
    }

    /// A list of what was revoked up to now.
    fn list(&self, file: &str, more: &[&str]) {
        self.openssl(&[&["ca", "-config", "ca.cnf", "-gencrl", "-out", file], more].concat());
    }

    fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
            client_ca: Some(self.path("ca.pem")),
            revocations: None,
            is_certificate_optional: false,
        }
    }

    fn with_lists(&self) -> TlsFiles {
        TlsFiles { revocations: Some(self.path("list.pem")), ..self.files() }
    }

    /// Comes to a door with that certificate.
    async fn comes(&self, door: &TlsDoor, with: Option<&str>) -> Result<Visitor, NotLetIn> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(self.path("ca.pem")).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match with {
            None => config.with_no_client_auth(),
            Some(file) => {
                let chain = CertificateDer::pem_file_iter(self.path(&format!("{file}.pem"))).unwrap();
                let key = PrivateKeyDer::from_pem_file(self.path(&format!("{file}.key"))).unwrap();
                config.with_client_auth_cert(chain.map(Result::unwrap).collect(), key).unwrap()
            }
        };
        let (near, far) = tokio::io::duplex(1 << 16);
        let connector = TlsConnector::from(Arc::new(config));
        let client = connector.connect(ServerName::try_from("localhost").unwrap(), far);
        let (guest, client) = tokio::join!(door.accept(near, WITHIN), client);
        Ok(Visitor { guest: guest?, client: client.ok() })
    }
}

#[derive(Debug)]
struct Visitor {
    guest: Guest<DuplexStream>,
    client: Option<ClientStream<DuplexStream>>,
}

fn new_key<'a>(subject: &'a str, key: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    [&["req"], &curve[..], &["-subj", subject, "-keyout", key, "-out", out], more].concat()
}

fn open(files: TlsFiles) -> TlsDoor {
    TlsDoor::open(files, PROTOCOLS, TlsCounts::default()).unwrap()
}

fn name(visitor: &Visitor) -> Option<&str> {
    visitor.guest.pass.as_ref().and_then(Pass::name)
}

#[tokio::test]
async fn who_a_certificate_that_expires_ends_its_connection_in_that_second() {
    let authority = Authority::new();
    let now = Command::new("date").args(["-u", "-d", "8 seconds", "+%Y%m%d%H%M%SZ"]).output().unwrap();
    let until = String::from_utf8(now.stdout).unwrap();
    authority.certify("brief", "/CN=brief", None, &["-enddate", until.trim()]);
    let door = open(authority.files());
    let (lasting, brief) = (authority.comes(&door, Some("gateway")), authority.comes(&door, Some("brief")));
    let (mut lasting, mut brief) = (lasting.await.unwrap(), brief.await.unwrap());
    let pass = brief.guest.pass.as_mut().unwrap();
    assert_eq!(pass.fault(), None);
    let ended = timeout(3 * WITHIN, pass.until_void()).await.expect("not only within the hour");
    assert_eq!(ended, HandshakeFault::Expired);
    assert_eq!(lasting.guest.pass.as_mut().unwrap().fault(), None);
}

#[tokio::test]
async fn who_a_client_is_the_first_dns_name_of_its_certificate_or_its_common_name() {
    let authority = Authority::new();
    authority.certify("plain", "/CN=tram-4", None, &[]);
    let door = open(authority.files());
    let visitor = authority.comes(&door, Some("gateway")).await.unwrap();
    assert_eq!(name(&visitor), Some("gw.example"));
    let visitor = authority.comes(&door, Some("plain")).await.unwrap();
    assert_eq!(name(&visitor), Some("tram-4"));
}

#[tokio::test]
async fn who_comes_without_a_certificate_or_with_anothers_is_told_apart_and_counted() {
    let (authority, others) = (Authority::new(), Authority::named("/CN=Another CA"));
    for end in ["pem", "key"] {
        fs::copy(others.path(&format!("gateway.{end}")), authority.path(&format!("other.{end}"))).unwrap();
    }
    authority.certify("old", "/CN=old", None, &["-startdate", "200101000000Z", "-enddate", "200102000000Z"]);
    let door = open(authority.files());
    for (with, fault) in [
        (None, HandshakeFault::NoCertificate),
        (Some("other"), HandshakeFault::UnknownCa),
        (Some("old"), HandshakeFault::Expired),
    ] {
        assert_eq!(authority.comes(&door, with).await.unwrap_err().fault, fault);
        assert_eq!(door.counts().failed.of(fault), 1, "{fault:?}");
    }
    // Where none is needed, a wrong one is still refused.
    let door = open(TlsFiles { is_certificate_optional: true, ..authority.files() });
    assert!(authority.comes(&door, None).await.unwrap().guest.pass.is_none());
    assert_eq!(authority.comes(&door, Some("other")).await.unwrap_err().fault, HandshakeFault::UnknownCa);
}

#[tokio::test]
async fn who_was_revoked_is_not_let_in_and_who_is_revoked_inside_does_not_stay() {
    let authority = Authority::new();
    authority.certify("second", "/CN=second", None, &[]);
    authority.list("list.pem", &["-crldays", "1"]);
    let door = open(authority.with_lists());
    let visitor = authority.comes(&door, Some("gateway")).await.unwrap();
    let mut other = authority.comes(&door, Some("second")).await.unwrap();
    let mut pass = visitor.guest.pass.clone().unwrap();
    assert_eq!(pass.fault(), None);
    let waiting = tokio::spawn(async move { pass.until_void().await });
    authority.revoke("gateway");
    authority.list("list.pem", &["-crldays", "1"]);
    door.look();
    assert_eq!(timeout(WITHIN, waiting).await.unwrap().unwrap(), HandshakeFault::Revoked);
    let mut late = visitor.guest.pass.unwrap();
    assert_eq!(
        [late.fault(), late.fault()],
        [Some(HandshakeFault::Revoked); 2],
        "each who asks is told, each time"
    );
    assert_eq!(other.guest.pass.as_mut().unwrap().fault(), None, "nobody else is meant");
    assert_eq!(authority.comes(&door, Some("gateway")).await.unwrap_err().fault, HandshakeFault::Revoked);
    assert!(authority.comes(&door, Some("second")).await.is_ok());
}

#[tokio::test]
async fn a_handshake_during_which_lists_change_is_judged_by_the_new_ones() {
    let authority = Authority::new();
    authority.list("list.pem", &["-crldays", "1"]);
    let door = open(authority.with_lists());
    let mut visitor = authority.comes(&door, Some("gateway")).await.unwrap();
    let before = door.in_use.borrow().clone();
    authority.revoke("gateway");
    authority.list("list.pem", &["-crldays", "1"]);
    door.look();
    assert!(!Arc::ptr_eq(&before.0, &door.in_use.borrow().0));
    // The receiver was there before the handshake began, so what changed since is not missed.
    assert_eq!(visitor.guest.pass.as_mut().unwrap().fault(), Some(HandshakeFault::Revoked));
}

#[tokio::test]
async fn lists_lie_in_a_file_or_a_folder_as_pem_or_der_and_each_ca_needs_one() {
    let authority = Authority::new();
    authority.revoke("gateway");
    authority.list("list.pem", &["-crldays", "1"]);
    authority.openssl(&["crl", "-in", "list.pem", "-outform", "DER", "-out", "list.crl"]);
    let folder = authority.path("lists");
    fs::create_dir(&folder).unwrap();
    let at = |place: PathBuf| TlsFiles { revocations: Some(place), ..authority.files() };
    let told = TlsDoor::open(at(folder.clone()), PROTOCOLS, TlsCounts::default()).unwrap_err().to_string();
    assert!(told.contains("holds no file"), "{told}");
    fs::copy(authority.path("list.crl"), folder.join("own.crl")).unwrap();
    fs::write(folder.join("README"), "what lies here").unwrap();
    for place in [folder, authority.path("list.crl"), authority.path("list.pem")] {
        let door = open(at(place));
        assert_eq!(authority.comes(&door, Some("gateway")).await.unwrap_err().fault, HandshakeFault::Revoked);
    }
    let others = Authority::named("/CN=Another CA");
    others.list("list.pem", &["-crldays", "1"]);
    let door = open(at(others.path("list.pem")));
    assert_eq!(authority.comes(&door, Some("gateway")).await.unwrap_err().fault, HandshakeFault::NoList);
}

#[tokio::test]
async fn of_several_lists_of_one_ca_the_newest_counts_wherever_it_lies() {
    let authority = Authority::new();
    let folder = authority.path("lists");
    fs::create_dir(&folder).unwrap();
    let at = |day: &'static str| ["-crl_lastupdate", day, "-crl_nextupdate", "20391231000000Z"];
    // Nobody was revoked by the list whose file comes first.
    authority.list("lists/a.pem", &at("20250101000000Z"));
    authority.revoke("gateway");
    authority.list("lists/b.pem", &at("20250102000000Z"));
    let files = TlsFiles { revocations: Some(folder.clone()), ..authority.files() };
    let door = open(files.clone());
    assert_eq!(authority.comes(&door, Some("gateway")).await.unwrap_err().fault, HandshakeFault::Revoked);
    // One behind the other in a file, too.
    let both = ["a.pem", "b.pem"].map(|file| fs::read_to_string(folder.join(file)).unwrap()).concat();
    fs::write(folder.join("a.pem"), both).unwrap();
    fs::remove_file(folder.join("b.pem")).unwrap();
    let door = open(files);
    assert_eq!(authority.comes(&door, Some("gateway")).await.unwrap_err().fault, HandshakeFault::Revoked);
}

#[tokio::test]
async fn an_old_list_is_believed_and_told() {
    let authority = Authority::new();
    authority.revoke("gateway");
    authority.certify("second", "/CN=second", None, &[]);
    let old = ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z"];
    authority.list("list.pem", &old);
    let door = open(authority.with_lists());
    assert_eq!(door.counts().counters.snapshot().tls_stale_lists, 1);
    assert_eq!(authority.comes(&door, Some("gateway")).await.unwrap_err().fault, HandshakeFault::Revoked);
    assert!(authority.comes(&door, Some("second")).await.is_ok(), "it locks nobody else out");
    authority.list("list.pem", &["-crldays", "1"]);
    door.look();
    assert_eq!(door.counts().counters.snapshot().tls_stale_lists, 0);
}

#[tokio::test]
async fn loud_a_file_that_cannot_be_used_is_counted_and_the_one_before_goes_on() {
    let authority = Authority::new();
    authority.list("list.pem", &["-crldays", "1"]);
    let door = open(authority.with_lists());
    for file in ["server.pem", "server.key", "ca.pem", "list.pem"] {
        let good = fs::read(authority.path(file)).unwrap();
        for bad in ["", "no certificate at all\n", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"]
        {
            fs::write(authority.path(file), bad).unwrap();
            door.look();
            assert_eq!(door.counts().counters.snapshot().tls_unusable_files, 1, "{file}: {bad:?}");
            fs::write(authority.path(file), &good).unwrap();
            door.look();
            assert_eq!(door.counts().counters.snapshot().tls_unusable_files, 0, "{file}");
        }
        fs::rename(authority.path(file), authority.path("away")).unwrap();
        door.look();
        assert_eq!(door.counts().counters.snapshot().tls_unusable_files, 1, "{file}");
        // Put back as it was: nothing has changed after all.
        fs::rename(authority.path("away"), authority.path(file)).unwrap();
        door.look();
        assert_eq!(door.counts().counters.snapshot().tls_unusable_files, 0, "{file}");
        assert!(authority.comes(&door, Some("gateway")).await.is_ok());
    }
}

#[tokio::test]
async fn a_renewed_certificate_counts_from_the_next_connection_on() {
    let authority = Authority::new();
    let door = open(authority.files());
    let shown = |visitor: Visitor| {
        let client = visitor.client.unwrap();
        client.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    };
    let before = shown(authority.comes(&door, Some("gateway")).await.unwrap());
    authority.certify("server", "/CN=x", Some("DNS:localhost"), &[]);
    door.look();
    let after = shown(authority.comes(&door, Some("gateway")).await.unwrap());
    assert_ne!(before, after);
    assert_eq!(door.counts().counters.snapshot().tls_reloaded, 1);
}

#[tokio::test]
async fn bound_who_says_nothing_or_speaks_something_else_is_let_go_and_told_apart() {
    let authority = Authority::new();
    let door = open(authority.files());
    let (near, _far) = tokio::io::duplex(1 << 10);
    let refused = door.accept(near, Duration::from_millis(20)).await.unwrap_err();
    assert_eq!(refused.fault, HandshakeFault::TooSlow);
    let (near, mut far) = tokio::io::duplex(1 << 10);
    far.write_all(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00").await.unwrap();
    assert_eq!(door.accept(near, WITHIN).await.unwrap_err().fault, HandshakeFault::NoTls);
    let (near, far) = tokio::io::duplex(1 << 10);
    drop(far);
    assert_eq!(door.accept(near, WITHIN).await.unwrap_err().fault, HandshakeFault::BrokenOff);
}

#[tokio::test]
async fn an_end_without_a_goodbye_is_an_error_and_no_end() {
    let authority = Authority::new();
    let door = open(authority.files());
    for says_goodbye in [true, false] {
        let Visitor { mut guest, client } = authority.comes(&door, Some("gateway")).await.unwrap();
        let mut client = client.unwrap();
        client.write_all(b"half a").await.unwrap();
        client.flush().await.unwrap();
        if says_goodbye {
            client.shutdown().await.unwrap();
        }
        drop(client);
        let mut read = Vec::new();
        let ended = guest.stream.read_to_end(&mut read).await;
        assert_eq!((ended.is_ok(), &read[..]), (says_goodbye, &b"half a"[..]));
    }
}
