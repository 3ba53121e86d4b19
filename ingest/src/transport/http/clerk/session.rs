//! `/upload/session`: log in, who is logged in and what that sender may report, log out.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    body::to_bytes,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    forms::desk,
    same_origin::{is_by_tls, is_of_the_page},
    sessions::{cookie, session_of},
};
use crate::{
    clients::{Caller, DoorEvent},
    transport::http::{HttpPush, KIND, problem::Problem, serve::Came},
};

/// The longest name and secret, as JSON. Bytes.
const LOG_IN_MAX: usize = 4_096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogIn {
    name: String,
    /// The secret alone, or the whole token `<name>.<secret>` as an operator hands it over.
    secret: String,
}

pub(super) async fn log_in(State(push): State<Arc<HttpPush>>, request: Request) -> Response {
    match push.log_in(request).await {
        Ok(response) => response,
        Err(problem) => push.told(problem),
    }
}

pub(super) async fn who(State(push): State<Arc<HttpPush>>, headers: HeaderMap) -> Result<Response, Problem> {
    let sender = push.clerk(&headers).await?;
    Ok(Json(desk(&sender, &push.pack(), push.intake.clock())).into_response())
}

pub(super) async fn log_out(
    State(push): State<Arc<HttpPush>>,
    request: Request,
) -> Result<Response, Problem> {
    let (headers, came) = (request.headers(), Came::of(request.extensions()));
    if !is_of_the_page(headers, &came) {
        return Err(Problem::NotOfThePage);
    }
    if let Some(id) = session_of(headers) {
        push.clerks.sessions.end(id);
    }
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), None, is_by_tls(headers, &came)))
}

fn with_cookie(mut response: Response, id: Option<&str>, is_by_tls: bool) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(&cookie(id, is_by_tls)) {
        let _ = response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

impl HttpPush {
    async fn log_in(&self, request: Request) -> Result<Response, Problem> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        let came = Came::of(request.extensions());
        let is_by_tls = is_by_tls(request.headers(), &came);
        if !is_of_the_page(request.headers(), &came) {
            return Err(Problem::NotOfThePage);
        }
        let read = to_bytes(request.into_body(), LOG_IN_MAX);
        let body = tokio::time::timeout(Duration::from_millis(self.limits.idle_ms), read).await;
        let body = body.map_err(|_| Problem::TimedOut)?.map_err(|_| Problem::WrongLogIn)?;
        // The authenticator takes its time on purpose: who guesses waits in line, and the line is short. Who is slow to say who
        // he is holds no place in it.
        let _place = self.clerks.at_the_door.try_acquire().map_err(|_| Problem::BUSY)?;
        let LogIn { name, secret } = serde_json::from_slice(&body).map_err(|_| Problem::WrongLogIn)?;
        let (name, secret) = (name.trim(), secret.trim());
        let secret = secret.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')).unwrap_or(secret);
        let sealed = match self.authenticator.authenticate(name, secret.as_bytes()).await {
            Some(sender) => self.authenticator.sealed(&sender.name).await,
            None => None,
        };
        let Some((sender, seal)) = sealed else {
            // What stands in place of a name may be a secret.
            let known = self.authenticator.sender(name);
            let user = known.as_ref().map_or("", |sender| &*sender.name);
            let caller = Caller { transport: KIND.word, user, client_id: "", peer };
            self.intake.clients().note(DoorEvent::WrongCredentials, &caller, None, "not let in on the page");
            return Err(Problem::WrongLogIn);
        };
        let caller = Caller { transport: KIND.word, user: &sender.name, client_id: "", peer };
        self.intake.clients().heard(&caller, 0);
        let id = self.clerks.sessions.begin(&sender.name, seal, Instant::now());
        tracing::info!(sender = sender.name, "logged in on the page of senders");
        let desk = Json(desk(&sender, &self.pack(), self.intake.clock())).into_response();
        Ok(with_cookie(desk, Some(&id), is_by_tls))
    }
}
