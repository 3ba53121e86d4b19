//! What is counted of TLS at a listener.

use std::sync::Arc;

use tokio_rustls::rustls::{self, CertificateError};

use crate::transport::counters::{Counter, CountersByLabel, LabelledMetric, counters};

counters! {
    /// What is counted of TLS since start.
    pub struct TlsCounters;
    /// The counts of [`TlsCounters`] at one moment.
    pub struct TlsCountsNow;
    /// 1 while changed files of certificates cannot be used, and those of before are.
    now tls_unusable_files,
    /// Lists of revoked certificates in use that should have been replaced by now.
    now tls_stale_lists,
    /// Changed files of certificates and lists that were taken over.
    total tls_reloaded,
    /// Connections ended because their client's certificate does not count any more.
    total tls_ended,
    /// Clients whose certificate is no sender's, or another one's than they say.
    total tls_strangers,
}

/// Why a handshake did not come about. The words are labels of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeFault {
    /// What came is no TLS.
    NoTls,
    /// The client speaks no version, and nothing else, that is spoken here.
    NothingInCommon,
    /// The client has no certificate, and needs one.
    NoCertificate,
    /// The client's certificate is of another CA.
    UnknownCa,
    /// The client's certificate is of another time.
    Expired,
    /// The client's certificate was taken back.
    Revoked,
    /// There is no usable list of what its CA took back.
    NoList,
    /// The client's certificate is wrong in another way.
    WrongCertificate,
    /// The client does not trust the certificate that it is shown here.
    NotTrusted,
    /// It took too long.
    TooSlow,
    /// The connection broke off.
    BrokenOff,
}

impl HandshakeFault {
    const ALL: [HandshakeFault; 11] = [
        HandshakeFault::NoTls,
        HandshakeFault::NothingInCommon,
        HandshakeFault::NoCertificate,
        HandshakeFault::UnknownCa,
        HandshakeFault::Expired,
        HandshakeFault::Revoked,
        HandshakeFault::NoList,
        HandshakeFault::WrongCertificate,
        HandshakeFault::NotTrusted,
        HandshakeFault::TooSlow,
        HandshakeFault::BrokenOff,
    ];

    /// Its label.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            HandshakeFault::NoTls => "no_tls",
            HandshakeFault::NothingInCommon => "nothing_in_common",
            HandshakeFault::NoCertificate => "no_certificate",
            HandshakeFault::UnknownCa => "unknown_ca",
            HandshakeFault::Expired => "expired",
            HandshakeFault::Revoked => "revoked",
            HandshakeFault::NoList => "no_list",
            HandshakeFault::WrongCertificate => "wrong_certificate",
            HandshakeFault::NotTrusted => "not_trusted",
            HandshakeFault::TooSlow => "too_slow",
            HandshakeFault::BrokenOff => "broken_off",
        }
    }

    /// For the operator who looks for the device.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            HandshakeFault::NoTls => "what it speaks is no TLS",
            HandshakeFault::NothingInCommon => {
                "no version or protocol of TLS in common: 1.2 and 1.3 are spoken here"
            }
            HandshakeFault::NoCertificate => "it shows no certificate, and needs one",
            HandshakeFault::UnknownCa => "its certificate is of a CA that is not known here",
            HandshakeFault::Expired => "its certificate has expired, or is not valid yet",
            HandshakeFault::Revoked => "its certificate was revoked",
            HandshakeFault::NoList => "there is no usable list of what the CA of its certificate revoked",
            HandshakeFault::WrongCertificate => "its certificate cannot be used",
            HandshakeFault::NotTrusted => "it does not trust the certificate of this server",
            HandshakeFault::TooSlow => "no handshake in time",
            HandshakeFault::BrokenOff => "the connection broke off within the handshake",
        }
    }

    /// What an error of the library means.
    pub(super) fn of(error: &rustls::Error) -> HandshakeFault {
        use rustls::Error;
        match error {
            Error::NoCertificatesPresented => HandshakeFault::NoCertificate,
            Error::InvalidCertificate(fault) => HandshakeFault::of_certificate(fault),
            Error::InvalidCertRevocationList(_) => HandshakeFault::NoList,
            Error::PeerIncompatible(_) | Error::NoApplicationProtocol => HandshakeFault::NothingInCommon,
            Error::AlertReceived(_) => HandshakeFault::NotTrusted,
            _ => HandshakeFault::NoTls,
        }
    }

    fn of_certificate(fault: &CertificateError) -> HandshakeFault {
        match fault {
            CertificateError::UnknownIssuer => HandshakeFault::UnknownCa,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => HandshakeFault::Expired,
            CertificateError::Revoked => HandshakeFault::Revoked,
            CertificateError::UnknownRevocationStatus
            | CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => HandshakeFault::NoList,
            _ => HandshakeFault::WrongCertificate,
        }
    }
}

/// Handshakes that did not come about, by why.
#[derive(Debug, Default)]
pub struct FailedHandshakes([Counter; HandshakeFault::ALL.len()]);

impl FailedHandshakes {
    pub(super) fn count(&self, fault: HandshakeFault) {
        self.0[fault as usize].one();
    }

    /// How many failed so.
    #[must_use]
    pub fn of(&self, fault: HandshakeFault) -> u64 {
        self.0[fault as usize].get()
    }
}

impl CountersByLabel for FailedHandshakes {
    fn name(&self) -> &'static str {
        "failed_handshakes"
    }

    fn help(&self) -> &'static str {
        "Connections by TLS that did not come about"
    }

    fn labels(&self) -> &'static [&'static str] {
        &["why"]
    }

    fn metrics(&self) -> Vec<LabelledMetric> {
        let metric = |fault: HandshakeFault| LabelledMetric {
            labels: vec![fault.word().to_owned()],
            count: self.of(fault),
        };
        HandshakeFault::ALL.into_iter().map(metric).collect()
    }
}

/// All that is counted at a listener. It is there without TLS, too: what is never counted is 0, and not unknown.
#[derive(Clone, Debug, Default)]
pub struct TlsCounts {
    /// Of its files and of those let in.
    pub counters: Arc<TlsCounters>,
    /// Of those who were not.
    pub failed: Arc<FailedHandshakes>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_fault_has_a_place_a_word_and_a_sentence_of_its_own() {
        let failed = FailedHandshakes::default();
        for fault in HandshakeFault::ALL {
            failed.count(fault);
            assert_eq!(failed.of(fault), 1, "{}", fault.word());
        }
        let told = failed.metrics();
        let words: BTreeSet<_> = told.iter().map(|metric| metric.labels[0].clone()).collect();
        assert!(told.iter().all(|metric| metric.count == 1) && words.len() == HandshakeFault::ALL.len());
        let sentences: BTreeSet<_> = HandshakeFault::ALL.into_iter().map(HandshakeFault::sentence).collect();
        assert_eq!(sentences.len(), HandshakeFault::ALL.len());
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_apart() {
        for (error, fault) in [
            (CertificateError::Revoked, HandshakeFault::Revoked),
            (CertificateError::UnknownIssuer, HandshakeFault::UnknownCa),
            (CertificateError::Expired, HandshakeFault::Expired),
            (CertificateError::UnknownRevocationStatus, HandshakeFault::NoList),
            (CertificateError::BadSignature, HandshakeFault::WrongCertificate),
        ] {
            assert_eq!(HandshakeFault::of(&rustls::Error::InvalidCertificate(error)), fault);
        }
        assert_eq!(
            HandshakeFault::of(&rustls::Error::NoCertificatesPresented),
            HandshakeFault::NoCertificate
        );
    }
}
