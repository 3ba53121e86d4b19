//! Serves HTTP connections with the bounds axum's own server leaves open: how many there are, and how long a handshake of
//! TLS and a request's head may take (a head sent a byte a minute would hold a connection for ever).
//!
//! A body that is cut off, with a goodbye of TLS or without, is not the body that was announced, and is none.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router, extract::ConnectInfo, http::Extensions, serve::Listener};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    clients::Clients,
    transport::tls::{Guest, Pass, TlsDoor, until_void},
};

/// Bounds of an HTTP server.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Connections at once; more wait in the system's queue.
    pub connections: usize,
    /// How long a request's head may take, and a connection may be idle between two.
    pub head: Duration,
    /// How long a handshake of TLS may take.
    pub handshake: Duration,
    /// How long connections may go on after the end was asked for.
    pub farewell: Duration,
}

impl Default for ServeLimits {
    fn default() -> ServeLimits {
        ServeLimits {
            connections: 1_024,
            head: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            farewell: Duration::from_secs(5),
        }
    }
}

/// TLS before a server's connections, and who is told of those that it does not let in.
#[derive(Debug)]
pub struct ByTls {
    /// Who lets them in.
    pub door: Arc<TlsDoor>,
    /// Who is told of the others.
    pub clients: Arc<Clients>,
    /// The word that they are told by.
    pub transport: &'static str,
}

/// How a request came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Came {
    /// By TLS that ends here.
    pub(crate) by_tls: bool,
    /// The certificate its client showed.
    pub(crate) pass: Option<Pass>,
}

impl Came {
    /// As its server wrote it down; without TLS where nobody did.
    pub(crate) fn of(extensions: &Extensions) -> Came {
        extensions.get::<Came>().cloned().unwrap_or_default()
    }
}

/// Serves until cancelled, then lets requests in work end. A request knows the address of its peer, since some bounds
/// are a peer's share. The listener outlasts failures to accept, as axum's do.
pub async fn serve(
    listener: impl Listener<Addr = SocketAddr>,
    router: Router,
    limits: ServeLimits,
    cancel: CancellationToken,
) {
    serve_by(listener, None, router, limits, cancel).await;
}

/// As [`serve`], by TLS. A connection whose client's certificate does not count any more ends behind the request that it
/// is in.
pub async fn serve_by_tls(
    listener: impl Listener<Addr = SocketAddr>,
    by_tls: ByTls,
    router: Router,
    limits: ServeLimits,
    cancel: CancellationToken,
) {
    let looking = by_tls.door.clone().keep_looking(cancel.clone());
    let serving = serve_by(listener, Some(Arc::new(by_tls)), router, limits, cancel);
    let _ended = tokio::join!(serving, looking);
}

async fn serve_by(
    mut listener: impl Listener<Addr = SocketAddr>,
    by_tls: Option<Arc<ByTls>>,
    router: Router,
    limits: ServeLimits,
    cancel: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            // Never closed, so there is always a place in the end. Handshakes hold one, too.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, (stream, peer)) = tokio::select! {
            accepted = accepted => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            () = cancel.cancelled() => break,
        };
        let router = router.clone().layer(Extension(ConnectInfo(peer)));
        let (stop, by_tls) = (cancel.clone(), by_tls.clone());
        let _ = connections.spawn(async move {
            match by_tls {
                None => converse(stream, router, Came::default(), limits, &stop).await,
                Some(by_tls) => {
                    let shaken = tokio::select! {
                        shaken = by_tls.door.accept(stream, limits.handshake) => shaken,
                        () = stop.cancelled() => return,
                    };
                    match shaken {
                        Ok(Guest { stream, pass }) => {
                            converse(stream, router, Came { by_tls: true, pass }, limits, &stop).await;
                        }
                        Err(refused) => refused.tell(&by_tls.clients, by_tls.transport, peer),
                    }
                }
            }
            drop(place);
        });
    }
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.farewell, all_ended).await.is_err() {
        connections.shutdown().await;
    }
}

/// One connection, to its end.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    router: Router,
    came: Came,
    limits: ServeLimits,
    stop: &CancellationToken,
) {
    let mut pass = came.pass.clone();
    let service = TowerToHyperService::new(router.layer(Extension(came)));
    // HTTP/1 said beforehand: telling it from HTTP/2 by its first bytes would wait for them without a bound.
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    let _ = builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        fault = until_void(pass.as_mut()) => {
            if let Some(pass) = &pass {
                pass.is_ended();
                tracing::info!(certificate = pass.name(), why = fault.word(), "a connection is ended: its certificate does not count any more");
            }
            connection.as_mut().graceful_shutdown();
            // Live ones have no end of their own.
            match tokio::time::timeout(limits.farewell, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
