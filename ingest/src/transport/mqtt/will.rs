//! What a client wants published when its connection ends without a goodbye.

use ioc_bus::ChunkBuilder;
use ioc_model::{attribute::Attribute, envelope::Content};

use super::{
    Shared, connect,
    reception::{Reception, Tally},
};
use crate::intake::SenderLine;

/// A will, kept for as long as its connection.
pub(super) struct Will {
    topic: String,
    payload: Vec<u8>,
    /// Seconds to wait for the client to come back.
    pub(super) delay: u32,
    retain: bool,
    content_type: String,
    content_encoding: String,
}

impl Will {
    pub(super) fn of(will: &connect::Will<'_>) -> Will {
        Will {
            topic: will.topic.to_owned(),
            payload: will.payload.to_owned(),
            delay: will.delay,
            retain: will.retain,
            content_type: will.content_type.unwrap_or_default().to_owned(),
            content_encoding: will.content_encoding.unwrap_or_default().to_owned(),
        }
    }

    /// Publishes it like anything its sender publishes.
    pub(super) async fn publish(&self, shared: &Shared, mut reception: Reception, line: &SenderLine) {
        let mut chunk = ChunkBuilder::new();
        let mut tally = Tally::default();
        let known = [
            (Attribute::ContentType, self.content_type.as_str()),
            (Attribute::ContentEncoding, self.content_encoding.as_str()),
            (Attribute::Retained, if self.retain { "1" } else { "" }),
            (Attribute::Will, "1"),
        ];
        let _reason =
            reception.push(&self.topic, Content::Raw, &known, &self.payload, &mut chunk, &mut tally);
        tally.tell(&shared.counters);
        shared.counters.wills.one();
        let durable = match shared.intake.hand_over(line, &mut chunk).await {
            Ok(durable) => durable.await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = durable {
            tracing::warn!(sender = reception.sender.name, %error, "a will could not be stored");
        }
    }
}
