//! Who pushes: a sender, by its token, or by TLS its client certificate. Where both are shown, both are of one sender.

use std::{net::SocketAddr, sync::Arc};

use axum::http::{HeaderMap, header};

use super::{HttpPush, KIND, serve::Came};
use crate::{
    clients::{Caller, DoorEvent},
    senders::{LoginFault, Sender, Shown},
    transport::tls::Pass,
};

/// The name and the secret of a bearer token `<name>.<secret>`; none without one, an error where something else stands
/// there.
fn token_of(headers: &HeaderMap) -> Result<Option<(&str, &[u8])>, LoginFault> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let said = value.to_str().ok().and_then(|value| value.split_once(' '));
    let token =
        said.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let (name, secret) = token.and_then(|token| token.split_once('.')).ok_or(LoginFault::Secret)?;
    Ok(Some((name, secret.as_bytes())))
}

impl HttpPush {
    /// The sender of a request.
    pub(super) async fn sender_of(
        &self,
        headers: &HeaderMap,
        came: &Came,
    ) -> Result<Arc<Sender>, LoginFault> {
        let token = token_of(headers)?;
        // A connection outlives its certificate by a second at most, but no request is taken in that.
        if came.pass.clone().is_some_and(|mut pass| pass.fault().is_some()) {
            return Err(LoginFault::VoidCertificate);
        }
        let shown = Shown {
            certificate: came.pass.as_ref().map(|pass| pass.name().unwrap_or_default()),
            name: token.map(|(name, _)| name),
            secret: token.map(|(_, secret)| secret),
        };
        self.authenticator.log_in(shown).await
    }

    /// Of a token only a name that is a sender's is told: what stands in its place may be a secret.
    pub(super) fn note_stranger(
        &self,
        fault: LoginFault,
        headers: &HeaderMap,
        came: &Came,
        peer: Option<SocketAddr>,
    ) {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let named = value.and_then(|value| value.split_once(' ')?.1.trim().split_once('.'));
        let known = named.and_then(|(name, _)| self.authenticator.sender(name));
        let named = known.as_ref().map(|sender| &*sender.name);
        let certified = came.pass.as_ref().and_then(Pass::name);
        if let Some(pass) = came.pass.as_ref().filter(|_| fault.is_of_certificate()) {
            pass.is_strange();
        }
        let (what, why) = match (fault.is_of_certificate(), value) {
            (true, _) => (DoorEvent::Refused, fault.why()),
            (false, None) => (DoorEvent::WrongCredentials, "no token"),
            (false, Some(_)) if known.is_some() => (DoorEvent::WrongCredentials, "not this sender's token"),
            (false, Some(_)) => (DoorEvent::WrongCredentials, "a token of no known sender"),
        };
        let user = named.or(certified).unwrap_or_default();
        let caller = Caller { transport: KIND.word, user, client_id: "", peer };
        self.intake.clients().note(what, &caller, None, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_name_and_a_secret_and_anything_else_is_none() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            let _none = headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            token_of(&headers).map(|token| token.map(|(name, _)| name.to_owned()))
        };
        assert_eq!(token_of(&HeaderMap::new()), Ok(None));
        for right in ["Bearer lab.secret", "bearer  lab.se.cret "] {
            assert_eq!(read(right), Ok(Some("lab".to_owned())), "{right}");
        }
        for wrong in ["Basic bGFiOnNlY3JldA==", "Bearer lab", "Bearer", "lab.secret"] {
            assert_eq!(read(wrong), Err(LoginFault::Secret), "{wrong}");
        }
    }
}
