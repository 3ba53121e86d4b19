//! Who a client is, by all that it shows: a certificate, a name, a secret.
//!
//! A certificate that the transport has verified counts for itself: its holder needs no secret. But whatever is shown
//! must be of one sender: a name beside a certificate is that of its sender, and a secret is right, too. A certificate
//! that is no sender's is refused, even beside a right secret: whoever gave it away did not mean it for this sender.

use std::sync::Arc;

use super::{Authenticator, Sender, authenticator::FAILURE_ANSWER};

/// What a client shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown<'a> {
    /// The name in its certificate, which the transport has verified; an empty one if it names nobody. None without a
    /// certificate.
    pub(crate) certificate: Option<&'a str>,
    /// The name it gives itself.
    pub(crate) name: Option<&'a str>,
    /// Its secret.
    pub(crate) secret: Option<&'a [u8]>,
}

/// Why it is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginFault {
    /// No sender of that name has this secret, or none was shown.
    Secret,
    /// The certificate is no sender's.
    UnknownCertificate,
    /// The certificate is another sender's than the one it says it is.
    OthersCertificate,
    /// The certificate does not count any more.
    VoidCertificate,
}

impl LoginFault {
    /// For the operator who looks for the device.
    pub(crate) fn why(self) -> &'static str {
        match self {
            LoginFault::Secret => "no sender of that name has this password",
            LoginFault::UnknownCertificate => {
                "no sender has this certificate: ioc sender add --certificate tells whose it is"
            }
            LoginFault::OthersCertificate => {
                "the certificate is another sender's than the name or token beside it"
            }
            LoginFault::VoidCertificate => "its certificate was revoked or has expired",
        }
    }

    /// Whether it is the certificate that is wrong.
    pub(crate) fn is_of_certificate(self) -> bool {
        self != LoginFault::Secret
    }
}

impl Authenticator {
    /// The sender that this client is.
    pub(crate) async fn log_in(&self, shown: Shown<'_>) -> Result<Arc<Sender>, LoginFault> {
        let Some(certificate) = shown.certificate else {
            return match (shown.name, shown.secret) {
                (Some(name), Some(secret)) => self.authenticate(name, secret).await.ok_or(LoginFault::Secret),
                _ => Err(LoginFault::Secret),
            };
        };
        let certified = match self.certified(certificate).await {
            None => Err(LoginFault::UnknownCertificate),
            Some(sender) => match shown.name.filter(|name| !name.is_empty()) {
                Some(name) if name != sender.name => Err(LoginFault::OthersCertificate),
                _ => Ok(sender),
            },
        };
        let sender = match certified {
            Ok(sender) => sender,
            Err(fault) => {
                // As with a wrong secret: whoever comes back at once waits.
                tokio::time::sleep(FAILURE_ANSWER).await;
                return Err(fault);
            }
        };
        match shown.secret.filter(|secret| !secret.is_empty()) {
            Some(secret) => self.authenticate(&sender.name, secret).await.ok_or(LoginFault::Secret),
            None => Ok(sender),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senders::Senders;

    #[tokio::test]
    async fn who_all_that_is_shown_must_be_of_one_sender() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("senders.toml");
        let mut senders = Senders::load(&path).expect("loaded");
        senders.set_secret("gateway", vec![], vec![], "a right secret").expect("added");
        senders.certify("gateway", "gw-1.example").expect("certified");
        senders.set_secret("other", vec![], vec![], "another secret").expect("added");
        senders.add_certified("logger", vec![], vec![], "logger.example").expect("added");
        senders.save().expect("saved");
        let authenticator = Authenticator::open(&path).expect("opened");
        let (gateway, unknown) = (Some("gw-1.example"), Some("stranger.example"));
        let (right, wrong) = (Some("a right secret"), Some("a wrong secret"));
        for (certificate, name, secret, is) in [
            (gateway, None, None, Ok("gateway")),
            (Some("GW-1.example"), Some(""), Some(""), Ok("gateway")),
            (gateway, Some("gateway"), None, Ok("gateway")),
            (gateway, Some("gateway"), right, Ok("gateway")),
            (gateway, None, right, Ok("gateway")),
            (gateway, Some("gateway"), wrong, Err(LoginFault::Secret)),
            (gateway, Some("other"), Some("another secret"), Err(LoginFault::OthersCertificate)),
            (unknown, Some("gateway"), right, Err(LoginFault::UnknownCertificate)),
            (Some(""), Some("gateway"), right, Err(LoginFault::UnknownCertificate)),
            (Some("logger.example"), None, None, Ok("logger")),
            (None, Some("gateway"), right, Ok("gateway")),
            (None, Some("gateway"), None, Err(LoginFault::Secret)),
            (None, Some("logger"), Some(""), Err(LoginFault::Secret)),
            (None, Some("logger"), right, Err(LoginFault::Secret)),
            (None, None, None, Err(LoginFault::Secret)),
        ] {
            let shown = Shown { certificate, name, secret: secret.map(str::as_bytes) };
            let found = authenticator.log_in(shown).await;
            let found = found.as_ref().map(|sender| &*sender.name).map_err(|fault| *fault);
            assert_eq!(found, is, "{certificate:?} {name:?} {secret:?}");
        }
    }
}
