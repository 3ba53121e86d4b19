//! Serves HTTP connections with the bounds axum's own server leaves open: how many there are, and how long a request's
//! head may take (a head sent a byte a minute would hold a connection for ever).

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router, extract::ConnectInfo, serve::Listener};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Bounds of an HTTP server.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Connections at once; more wait in the system's queue.
    pub connections: usize,
    /// How long a request's head may take, and a connection may be idle between two.
    pub head: Duration,
    /// How long connections may go on after the end was asked for.
    pub farewell: Duration,
}

impl Default for ServeLimits {
    fn default() -> ServeLimits {
        ServeLimits { connections: 1_024, head: Duration::from_secs(30), farewell: Duration::from_secs(5) }
    }
}

/// Serves until cancelled, then lets requests in work end. A request knows the address of its peer, since some bounds
/// are a peer's share. The listener outlasts failures to accept, as axum's do.
pub async fn serve(
    mut listener: impl Listener<Addr = SocketAddr>,
    router: Router,
    limits: ServeLimits,
    cancel: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            // Never closed, so there is always a place in the end.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, (stream, peer)) = tokio::select! {
            accepted = accepted => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            () = cancel.cancelled() => break,
        };
        let service = TowerToHyperService::new(router.clone().layer(Extension(ConnectInfo(peer))));
        let stop = cancel.clone();
        let _ = connections.spawn(async move {
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
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop(place);
        });
    }
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.farewell, all_ended).await.is_err() {
        connections.shutdown().await;
    }
}
