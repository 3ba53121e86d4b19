//! What a connection hears: its session as it is spoken to, and its requests to hear more.

use std::sync::Arc;

use ioc_bus::AppendError;

use super::{
    Shared,
    answers::{Answer, Granted},
    connect::Connect,
    reception::Reception,
    say::{Line, Listener, Request, Subscription, Voice, push_answer},
};

/// The end of the voice at which a client is.
#[derive(Debug)]
pub(super) struct Hears {
    voice: Arc<Voice>,
    listener: Arc<Listener>,
    line: Line,
}

impl Hears {
    /// A connection of that session begins.
    pub(super) fn connect(voice: &Arc<Voice>, listener: Arc<Listener>, connect: &Connect<'_>) -> Hears {
        let line = voice.listeners().connect(
            &listener,
            connect.version,
            connect.receive_maximum,
            connect.packet_limit,
        );
        Hears { voice: voice.clone(), listener, line }
    }

    /// And is over.
    pub(super) fn disconnect(&self) {
        self.voice.listeners().disconnect(&self.listener, &self.line);
    }

    /// Judges a request. SUBACK comes when a session that lasts has it on disk: it is believed for as long as that.
    pub(super) fn answer(&self, shared: &Shared, reception: &Reception, request: &Request) -> Answer {
        let (sender, version) = (&reception.sender, reception.version);
        let answered = self.voice.answer(&self.listener, sender, version, request);
        let stored = shared.sessions.subscribed(&self.listener, answered.subscriptions);
        let durable = Box::pin(async {
            match stored.await {
                true => Ok(()),
                // Without SUBACK, and the connection is closed: its client subscribes again.
                false => Err(AppendError::Closed),
            }
        });
        let mut answer = Vec::new();
        push_answer(&mut answer, version, request, &answered.codes);
        let granted = Some(Granted { answer, subscriptions: answered.granted });
        Answer::WhenDurable { acks: Vec::new(), durable, granted }
    }

    /// Resolves when something may be due.
    pub(super) async fn due(&self) {
        self.line.due().await;
    }

    /// Writes what is due, until `out` has `enough` bytes.
    pub(super) fn write(&self, out: &mut Vec<u8>, enough: usize) {
        self.voice.write(&self.listener, &self.line, out, enough);
    }

    /// What is retained of what was granted is told.
    pub(super) fn tell_retained(&self, granted: &[Subscription]) {
        self.voice.tell_retained(&self.listener, granted);
    }
}
