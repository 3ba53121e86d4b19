//! One connection to a broker, as far as acknowledging needs it.
//!
//! Every connection has a client of its own: an acknowledgement of a former one cannot reach the broker, where its
//! packet identifier may mean another message by now.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rumqttc::{AsyncClient, Publish};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How long a stop waits for what is in flight.
const STOP_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A publish on its way to the disk.
pub(super) struct PublishInHand {
    pub(super) publish: Publish,
    pub(super) connection: Arc<Connection>,
    _room: OwnedSemaphorePermit,
}

impl Drop for PublishInHand {
    fn drop(&mut self) {
        let _before = self.connection.unacknowledged.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One connection, as far as acknowledging needs it.
pub(super) struct Connection {
    client: AsyncClient,
    is_over: AtomicBool,
    /// Publishes taken and neither acknowledged nor given up.
    unacknowledged: AtomicUsize,
}

impl Connection {
    /// One that is not over.
    pub(super) fn of(client: AsyncClient) -> Connection {
        Connection { client, is_over: AtomicBool::new(false), unacknowledged: AtomicUsize::new(0) }
    }

    /// Its client.
    pub(super) fn client(&self) -> &AsyncClient {
        &self.client
    }

    /// A publish was taken from it.
    pub(super) fn takes(self: &Arc<Self>, publish: Publish, room: OwnedSemaphorePermit) -> PublishInHand {
        let _before = self.unacknowledged.fetch_add(1, Ordering::AcqRel);
        PublishInHand { publish, connection: self.clone(), _room: room }
    }

    /// Its client is gone.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Says goodbye once `over` fires and what was taken is acknowledged.
    pub(super) async fn leave(&self, over: &CancellationToken) {
        over.cancelled().await;
        let acknowledged = timeout(STOP_WITHIN, async {
            while self.unacknowledged.load(Ordering::Acquire) > 0 {
                sleep(LOOK_AGAIN).await;
            }
        });
        if acknowledged.await.is_err() {
            tracing::warn!("left a broker with publishes unacknowledged: they come again");
        }
        // Behind the acknowledgements in the same queue. Polling ends when the broker closes, having read them.
        if self.client.try_disconnect().is_ok() {
            sleep(STOP_WITHIN).await;
        }
    }

    /// Queues an acknowledgement. It is dropped when the connection is over: the broker sends the publish again.
    pub(super) async fn acknowledge(&self, publish: &Publish) {
        // `ack().await` could wait for the polling task, which may be waiting for us.
        while !self.is_over.load(Ordering::Acquire) && self.client.try_ack(publish).is_err() {
            sleep(LOOK_AGAIN).await;
        }
    }
}
