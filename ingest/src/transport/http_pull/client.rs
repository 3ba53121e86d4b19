//! Who asks: at a host's pace, with the secrets that belong there, within a time, and up to a size.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body as Sent,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request as HttpRequest, StatusCode, header},
};
use futures_util::StreamExt;
use hyper::body::Incoming;
use tokio::time::{Instant, sleep};
use url::Url;

use super::{
    answer::{Answer, Body, Said, Unpacking},
    counters::HttpPullCounters,
    hosts::Hosts,
    reach::{Connection, Reach},
    request::Request,
    retry_after,
    secrets::{Login, Shown},
    token::{self, Token},
};
use crate::transport::pull::{CannotFetch, fetch::within, progress::now};

const REDIRECTS: usize = 5;
/// A token's answer is small.
const TOKEN_BYTES: usize = 1 << 20;
/// Where a host that is overloaded does not say for how long.
const USUAL_HOLD: Duration = Duration::from_secs(30);

/// Whoever is asked instead of an interface in tests.
pub(super) trait Asks: Send {
    /// Asks once.
    fn ask(&mut self, request: &Request) -> impl Future<Output = Result<Said, CannotFetch>> + Send;
}

/// A client of one feed.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) login: Login,
    /// Headers of each request.
    headers: Vec<(HeaderName, HeaderValue)>,
    hosts: Arc<Hosts>,
    counters: Arc<HttpPullCounters>,
    patience: Duration,
    /// Bytes of an answer that are held.
    most_bytes: usize,
    api: Line,
    /// Where tokens are fetched.
    tokens: Option<Line>,
    token: Option<Token>,
}

/// A host and the connection to it.
#[derive(Debug)]
struct Line {
    reach: Reach,
    connection: Option<Connection>,
}

/// What is sent at once. Secrets stand in all of it, so it is never printed.
struct Out<'o> {
    url: &'o Url,
    method: Method,
    headers: HeaderMap,
    body: String,
}

/// A head that came, with the body behind it.
type Head = axum::http::Response<Incoming>;

impl Client {
    pub(super) fn new(
        url: &Url,
        login: Login,
        headers: &[(String, String)],
        hosts: Arc<Hosts>,
        counters: Arc<HttpPullCounters>,
        patience: Duration,
        most_bytes: usize,
    ) -> Client {
        let line = |url: &Url| Line { reach: Reach::of(url, &login.tls), connection: None };
        let known = headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
        });
        let tokens = match &login.shown {
            Shown::Client { token_url, .. } => Some(line(token_url)),
            _ => None,
        };
        Client {
            headers: known.collect(),
            hosts,
            counters,
            patience,
            most_bytes,
            api: line(url),
            tokens,
            token: None,
            login,
        }
    }

    async fn asked(&mut self, request: &Request) -> Result<Said, CannotFetch> {
        let mut url = self.login.keys.with(&request.url);
        let (mut follows, mut renewed) = (0, false);
        loop {
            if !self.api.reach.is_of(&url) {
                return Err(elsewhere(&self.login.keys.without(&url)));
            }
            let headers = self.headers_of(request).await?;
            let (method, body) = match &request.body {
                Some((_, text)) => (Method::POST, text.clone()),
                None => (Method::GET, String::new()),
            };
            let out = Out { url: &url, method, headers, body };
            sleep(self.hosts.turn(&self.api.reach.authority(), Instant::now())).await;
            let head = within(self.patience, sent(&mut self.api, &out, &self.counters)).await?;
            let status = head.status();
            match status.as_u16() {
                304 => {
                    self.counters.unchanged.one();
                    return Ok(Said::Unchanged);
                }
                204 => return Ok(Said::Nothing),
                200..=299 => return self.whole(head).await.map(|answer| Said::Answer(Box::new(answer))),
                // A token may be withdrawn before its end: another one is fetched, once.
                401 if self.tokens.is_some() && !std::mem::replace(&mut renewed, true) => self.token = None,
                301 | 302 | 303 | 307 | 308
                    if follows < REDIRECTS && (request.body.is_none() || status.as_u16() > 304) =>
                {
                    follows += 1;
                    // Where it leads is not told the keys by whoever sends it there.
                    url = self.login.keys.with(&redirected(&url, &head)?);
                }
                400 | 404 | 410 | 416 | 422 => return Ok(Said::Refused(status.as_u16())),
                429 | 503 => return Err(self.left_alone(&head)),
                _ => return Err(refused(status)),
            }
        }
    }

    async fn headers_of(&mut self, request: &Request) -> Result<HeaderMap, CannotFetch> {
        let mut headers = HeaderMap::new();
        headers.extend(self.headers.iter().cloned());
        headers.extend(self.login.headers.iter().cloned());
        let _none = headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let told = |text: &str| HeaderValue::from_str(text).ok();
        if let Some((content_type, _)) = &request.body
            && let Some(content_type) = told(content_type)
        {
            let _none = headers.insert(header::CONTENT_TYPE, content_type);
        }
        if let Some(validator) = &request.validator {
            let known =
                [(header::IF_NONE_MATCH, &validator.etag), (header::IF_MODIFIED_SINCE, &validator.modified)];
            for (name, value) in known {
                if let Some(value) = value.as_deref().and_then(told) {
                    let _none = headers.insert(name, value);
                }
            }
        }
        let shown = match &self.login.shown {
            Shown::Nobody => None,
            Shown::Header(value) => Some(value.clone()),
            Shown::Client { .. } => {
                let token = self.token().await?;
                let mut value =
                    told(&format!("Bearer {token}")).ok_or_else(|| refused(StatusCode::UNAUTHORIZED))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        headers.extend(shown.map(|shown| (header::AUTHORIZATION, shown)));
        Ok(headers)
    }

    /// The token there is, or a new one.
    async fn token(&mut self) -> Result<String, CannotFetch> {
        if let Some(token) = self.token.as_ref().filter(|token| token.is_good(Instant::now())) {
            return Ok(token.value.clone());
        }
        let (Shown::Client { token_url, scope, in_body, id, secret }, Some(line)) =
            (&self.login.shown, &mut self.tokens)
        else {
            return Ok(String::new());
        };
        let (client, body) = token::asked(id, secret, scope.as_deref(), *in_body);
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let _none = headers.insert(header::CONTENT_TYPE, form);
        let _none = headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(mut client) = client.and_then(|client| HeaderValue::from_str(&client).ok()) {
            client.set_sensitive(true);
            let _none = headers.insert(header::AUTHORIZATION, client);
        }
        let out = Out { url: token_url, method: Method::POST, headers, body };
        sleep(self.hosts.turn(&line.reach.authority(), Instant::now())).await;
        let head = within(self.patience, sent(line, &out, &self.counters)).await?;
        let status = head.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let pause = held_for(&head);
            self.hosts.hold(&line.reach.authority(), Instant::now(), pause);
            return Err(refused(status));
        }
        let (body, _) = within(self.patience, taken(head, TOKEN_BYTES)).await?;
        let Body::Whole(body, _) = body else { return Err(refused(status)) };
        let token = Token::read(status.as_u16(), &body, Instant::now())?;
        self.counters.tokens.one();
        let value = token.value.clone();
        self.token = Some(token);
        Ok(value)
    }

    async fn whole(&self, head: Head) -> Result<Answer, CannotFetch> {
        let headers = head.headers().clone();
        let (body, bytes) = within(self.patience, taken(head, self.most_bytes)).await?;
        self.counters.bytes.add(bytes);
        Ok(Answer::new(&headers, body))
    }

    fn left_alone(&self, head: &Head) -> CannotFetch {
        self.counters.throttled.one();
        let pause = held_for(head);
        self.hosts.hold(&self.api.reach.authority(), Instant::now(), pause);
        let (status, seconds) = (head.status(), pause.as_secs());
        CannotFetch::told(
            format!("máy chủ đề nghị chờ {seconds} giây ({status})"),
            format!("it asks to be left alone for {seconds} s ({status})"),
        )
    }
}

impl Asks for Client {
    async fn ask(&mut self, request: &Request) -> Result<Said, CannotFetch> {
        // What was not waited for cannot be asked again on the same connection.
        self.asked(request).await.inspect_err(|_| {
            self.api.connection = None;
            if let Some(tokens) = &mut self.tokens {
                tokens.connection = None;
            }
        })
    }
}

/// Sends a request, and waits for the head of the answer. A connection that was kept may have been closed meanwhile: then
/// it is sent once more, on a new one.
async fn sent(line: &mut Line, out: &Out<'_>, counters: &HttpPullCounters) -> Result<Head, CannotFetch> {
    let authority = line.reach.authority();
    loop {
        let (connection, is_kept) = match line.connection.take() {
            Some(connection) if !connection.sender.is_closed() => (connection, true),
            _ => (line.reach.connect().await?, false),
        };
        let mut connection = connection;
        counters.requests.one();
        let answer = async {
            connection.sender.ready().await?;
            connection.sender.send_request(out.request(&authority)?).await.map_err(Unsent::from)
        };
        match answer.await {
            Ok(head) => {
                line.connection = Some(connection);
                return Ok(head);
            }
            Err(Unsent::Lost(_)) if is_kept => {}
            Err(Unsent::Lost(error)) => {
                return Err(CannotFetch::told(
                    format!("mất kết nối khi đang hỏi: {error}"),
                    format!("the connection is lost: {error}"),
                ));
            }
            Err(Unsent::Wrong(error)) => {
                return Err(CannotFetch::fault(
                    format!("không gửi được yêu cầu: {error}"),
                    format!("the request cannot be sent: {error}"),
                ));
            }
        }
    }
}

/// Why there is no answer.
enum Unsent {
    Lost(hyper::Error),
    Wrong(axum::http::Error),
}

impl From<hyper::Error> for Unsent {
    fn from(error: hyper::Error) -> Unsent {
        Unsent::Lost(error)
    }
}

impl From<axum::http::Error> for Unsent {
    fn from(error: axum::http::Error) -> Unsent {
        Unsent::Wrong(error)
    }
}

impl Out<'_> {
    fn request(&self, authority: &str) -> Result<HttpRequest<Sent>, axum::http::Error> {
        let path = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = HttpRequest::builder()
            .method(self.method.clone())
            .uri(path)
            .header(header::HOST, authority)
            .header(header::USER_AGENT, concat!("ioc/", env!("CARGO_PKG_VERSION")));
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
        }
        request.body(Sent::from(self.body.clone()))
    }
}

/// Takes a body in.
async fn taken(head: Head, most: usize) -> Result<(Body, u64), CannotFetch> {
    let mut unpacking = Unpacking::of(head.headers(), most)?;
    let mut parts = Sent::new(head.into_body()).into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| {
            CannotFetch::told(
                format!("nội dung trả lời bị cắt: {error}"),
                format!("the body of the answer broke off: {error}"),
            )
        })?;
        unpacking.take(&part)?;
    }
    unpacking.finish()
}

/// Within the host, and on the same scheme.
fn redirected(from: &Url, head: &Head) -> Result<Url, CannotFetch> {
    let location = head.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let to = location.and_then(|location| from.join(location).ok());
    to.ok_or_else(|| refused(head.status()))
}

fn held_for(head: &Head) -> Duration {
    let said = head.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    said.and_then(|said| retry_after::pause(said, now().0)).unwrap_or(USUAL_HOLD)
}

/// An address of another host: what is secret here is not taken there.
pub(super) fn elsewhere(url: &Url) -> CannotFetch {
    let host = url.host_str().unwrap_or_default();
    CannotFetch::fault(
        format!("bị chuyển tới nơi khác ({}://{host}): hãy ghi địa chỉ đúng vào gói tỉnh", url.scheme()),
        format!(
            "it points to another place ({}://{host}): write that address in the pack if it is meant",
            url.scheme()
        ),
    )
}

/// A status that is no answer.
pub(super) fn refused(status: StatusCode) -> CannotFetch {
    let vi = format!("máy chủ trả lời {status}");
    let en = format!("it answers {status}");
    let heals = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    if heals { CannotFetch::told(vi, en) } else { CannotFetch::fault(vi, en) }
}
