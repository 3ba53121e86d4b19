//! What operators do on the page, into the log like anything that a sender sends.

use std::time::Duration;

use ioc_bus::{ChunkBuilder, Health, Origin};
use ioc_dashboards::{NotAppended, Operator, operator::Appending};
use ioc_ingest::intake::Intake;
use ioc_model::{
    action::OPERATOR,
    envelope::Content,
    position::{LogNumber, Position},
};

/// How long somebody at a screen may wait for the log.
const PATIENCE: Duration = Duration::from_secs(5);

/// The desk operators' actions go over.
#[derive(Debug)]
pub struct Desk {
    intake: Intake,
    log: LogNumber,
}

impl Desk {
    /// A desk in front of that log.
    #[must_use]
    pub fn new(intake: Intake, log: LogNumber) -> Desk {
        Desk { intake, log }
    }

    async fn append(&self, address: &str, payload: &[u8]) -> Result<Position, NotAppended> {
        match self.intake.bus().health() {
            Health::Writing => {}
            Health::Full { .. } => return Err(NotAppended::Full),
            Health::Poisoned { cause } => return Err(NotAppended::Down(cause)),
        }
        // One sender, one partition: what operators do stays in the order in which they did it.
        let line = self.intake.line_of(OPERATOR, Origin::sender("page"));
        let mut chunk = ChunkBuilder::new();
        chunk.push(OPERATOR, Content::Raw, address, payload);
        let durable = async { self.intake.hand_over(&line, &mut chunk).await?.await };
        match tokio::time::timeout(PATIENCE, durable).await {
            Ok(Ok(appended)) => {
                Ok(Position { log: self.log, partition: line.partition, offset: appended.base })
            }
            Ok(Err(error)) => Err(NotAppended::Down(error.to_string())),
            // It may become durable all the same. That does no harm: only the first acknowledgement has an effect.
            Err(_) => Err(NotAppended::Full),
        }
    }
}

impl Operator for Desk {
    fn act<'a>(&'a self, address: &'a str, payload: &'a [u8]) -> Appending<'a> {
        Box::pin(self.append(address, payload))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ioc_bus::clock::Clock;
    use ioc_bus::{
        Bus,
        disk::{DiskLog, DiskLogConfig},
    };
    use ioc_model::position::Offset;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn an_action_is_answered_when_it_can_be_read_back_ack() {
        let folder = tempfile::tempdir().unwrap();
        let config = DiskLogConfig { folder: folder.path().join("bus"), ..DiskLogConfig::default() };
        let bus = Arc::new(DiskLog::open(&config).unwrap());
        let desk = Desk::new(Intake::new(bus.clone(), Clock::Machine), LogNumber(3));
        let first = desk.act("/api/alerts/a~b~1/acknowledge", b"{}").await.unwrap();
        let second = desk.act("/api/alerts/a~b~2/acknowledge", b"{ }").await.unwrap();
        assert_eq!((first.log, second.offset), (LogNumber(3), Offset(first.offset.0 + 1)));
        let batch = bus.read(first.partition, second.offset, None, 1).unwrap();
        let (base, chunk) = &batch.chunks[0];
        let envelope = chunk.iter(second.log, second.partition, *base).next().unwrap();
        assert_eq!((envelope.feed, envelope.payload), (OPERATOR, &b"{ }"[..]));
        assert_eq!(envelope.address, "/api/alerts/a~b~2/acknowledge");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_action_is_not_said_to_be_taken_when_the_log_is_closed_ack() {
        let folder = tempfile::tempdir().unwrap();
        let config = DiskLogConfig { folder: folder.path().join("bus"), ..DiskLogConfig::default() };
        let bus = Arc::new(DiskLog::open(&config).unwrap());
        let desk = Desk::new(Intake::new(bus.clone(), Clock::Machine), LogNumber(1));
        bus.close();
        assert!(desk.act("/api/alerts/a~b~1/acknowledge", b"{}").await.is_err());
    }
}
