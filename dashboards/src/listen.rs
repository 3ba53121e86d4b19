//! Connections that end when their reader has stopped reading (invariant BOUND).
//!
//! A browser that takes a live stream and then reads nothing would hold its seat for as long as its kernel answers
//! probes. The system's own limit on unacknowledged bytes ends it: it also counts the time a peer keeps its window
//! shut. A timer around each write was rejected: hyper owns the socket, and ending the body does not end the
//! connection while a write is stuck.

use std::time::Duration;

use axum::serve::{ListenerExt, TapIo};
use tokio::net::{TcpListener, TcpStream};

/// The listener, whose connections send small messages at once and end after a stall of that length.
pub fn steady(
    listener: TcpListener,
    stall: Duration,
) -> TapIo<TcpListener, impl FnMut(&mut TcpStream) + Send + 'static> {
    let stall = u32::try_from(stall.as_millis()).unwrap_or(u32::MAX);
    listener.tap_io(move |connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "cannot turn off delayed sending");
        }
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&*connection, stall) {
            tracing::debug!(%error, "cannot limit how long a reader may stall");
        }
    })
}
