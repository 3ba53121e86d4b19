//! The flow's way to the store: the driver's commit step over the ClickHouse sink, then the board.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use ioc_dashboards::{Board, HistoryError};
use ioc_ingest::intake::Shares;
use ioc_model::{
    epoch::{Epoch, Generation},
    name::Name,
    question::{About, Found, Question},
    replay::{ReplayPortion, ReplayedMessages},
    results::EpochResults,
};
use ioc_storage::{Class, Sink, Store, StoreError};
use ioc_stream::{
    Halt,
    driver::{Commit, Consumed, Need},
};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{rebirths::Rebirths, replays::Rereader, report_desk::ReportDesk, tapped::RowsRead};

/// Epochs that made nothing are put on record this often, so that readers see that time moves.
const IDLE_COMMIT: Duration = Duration::from_secs(10);

/// Before a commit it is asked so often whether ClickHouse found parts broken.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// What rules could not keep is told so often.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Pauses between attempts to read stored rows back while the store is away.
const AGAIN: Duration = Duration::from_millis(500);

/// Who hears of what is committed.
#[derive(Clone, Debug)]
pub struct Audience {
    /// What people see.
    pub board: Arc<Board>,
    /// Who waits for what becomes of a report.
    pub desk: Arc<ReportDesk>,
    /// Senders share the pace of what is committed.
    pub shares: Arc<Shares>,
    /// Who watches messages arrive is told what became of each.
    pub read: Arc<RowsRead>,
    /// Who speaks with nodes of Sparkplug hears whose birth is wanted.
    pub rebirths: Arc<Rebirths>,
}

/// Commits epochs to ClickHouse and shows them.
#[derive(Debug)]
pub struct StoreCommit {
    runtime: Handle,
    sink: Sink,
    store: Store,
    generation: Generation,
    rereader: Arc<Rereader>,
    audience: Audience,
    /// Ends waiting for a store that is away: what is not committed then is sent after the next start.
    give_up: CancellationToken,
    on_record: Instant,
    /// When it was last asked whether anything broke.
    asked: Instant,
    /// What rules could not keep, by rule, since that was told.
    forgotten: BTreeMap<Name, u64>,
    /// How many events of hosts behind relays were not told apart, by relay, since that was told.
    untold: BTreeMap<Name, u64>,
    told: Option<Instant>,
}

impl StoreCommit {
    /// A commit step whose waiting is done on that runtime, from a thread that is none of its own.
    #[must_use]
    pub fn new(
        runtime: Handle,
        sink: Sink,
        store: Store,
        generation: Generation,
        rereader: Arc<Rereader>,
        audience: Audience,
        give_up: CancellationToken,
    ) -> StoreCommit {
        StoreCommit {
            runtime,
            sink,
            store,
            generation,
            rereader,
            audience,
            give_up,
            on_record: Instant::now(),
            asked: Instant::now(),
            forgotten: BTreeMap::new(),
            untold: BTreeMap::new(),
            told: None,
        }
    }

    /// Waits on the runtime for something of the store's, unless it is time to end.
    fn wait<T>(&self, asked: impl Future<Output = T>) -> Result<T, Halt> {
        let over =
            || Halt("ended before the store took everything: the next start goes on from there".to_owned());
        self.runtime.block_on(async {
            tokio::select! {
                answer = asked => Ok(answer),
                () = self.give_up.cancelled() => Err(over()),
            }
        })
    }

    fn nothing_broke(&self) -> Result<(), Halt> {
        self.wait(self.sink.nothing_broke())?.map_err(|halt| Halt(halt.to_string()))
    }

    /// Brings messages that are read again, until the store and the archive give them. What they never will give ends the
    /// replay: no order can be taken back, and it would be asked for again at each start.
    fn bring(&self, portion: &ReplayPortion, question: &Question, upto: Epoch) -> Result<Found, Halt> {
        let between = (question.from, question.to);
        loop {
            match self.wait(self.rereader.portion(portion, between, upto))? {
                Ok(messages) => return Ok(Found::Messages(messages)),
                Err(error @ HistoryError::Away(_)) => {
                    tracing::warn!(%error, "cannot bring what is to be read again: trying again");
                    std::thread::sleep(AGAIN);
                }
                Err(error @ HistoryError::Refused(_)) => {
                    tracing::error!(feed = &*portion.of, %error, "a replay ends before all of it was read");
                    let failed = Some(error.to_string().into());
                    return Ok(Found::Messages(ReplayedMessages { failed, ..ReplayedMessages::default() }));
                }
            }
        }
    }

    /// Asks the store until it answers.
    fn read_back<T, Asked>(&self, what: &str, ask: impl Fn() -> Asked) -> Result<T, Halt>
    where
        Asked: Future<Output = Result<T, StoreError>>,
    {
        loop {
            match self.wait(ask())? {
                Ok(answer) => return Ok(answer),
                Err(error) if error.class() != Class::Refused => {
                    tracing::warn!(%error, "cannot read {what} back: trying again");
                    std::thread::sleep(AGAIN);
                }
                Err(error) => return Err(Halt::because(&format!("cannot read {what} back"), error)),
            }
        }
    }
}

impl Commit for StoreCommit {
    fn commit(&mut self, results: &EpochResults, need: Need) -> Result<(), Halt> {
        // Before anybody sees that they are judged.
        self.audience.read.take(results);
        let halt = |error: ioc_storage::SinkHalt| Halt(error.to_string());
        let to_record =
            !results.facts.is_empty() || need.on_record || self.on_record.elapsed() >= IDLE_COMMIT;
        if to_record && self.asked.elapsed() >= ASKED_EVERY {
            self.nothing_broke()?;
            self.asked = Instant::now();
        }
        if !results.facts.is_empty() {
            self.wait(self.sink.write(results, need.recovering))?.map_err(halt)?;
        } else if to_record {
            self.wait(self.sink.commit_idle(results, need.recovering))?.map_err(halt)?;
        } else {
            return Ok(());
        }
        self.on_record = Instant::now();
        Ok(())
    }

    fn ask(&mut self, question: &Question, upto: Epoch) -> Result<Found, Halt> {
        if let About::Replay(portion) = &question.about {
            return self.bring(portion, question, upto);
        }
        self.read_back("what is stored", || self.store.ask(question, self.generation, upto))
    }

    fn vouch(&mut self) -> Result<(), Halt> {
        self.nothing_broke()
    }

    fn committed(&mut self, results: EpochResults, consumed: Consumed) {
        let Audience { board, desk, shares, rebirths, .. } = &self.audience;
        shares.committed(consumed.bytes, consumed.behind);
        desk.committed(&results.facts.receipts);
        board.apply(&results);
        rebirths.committed(&results);
        for (rule, count) in results.forgotten {
            *self.forgotten.entry(rule).or_default() += count;
        }
        for (relay, count) in results.untold {
            *self.untold.entry(relay).or_default() += count;
        }
        let is_quiet = self.forgotten.is_empty() && self.untold.is_empty();
        if !is_quiet && self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            self.told = Some(Instant::now());
            for (rule, count) in std::mem::take(&mut self.forgotten) {
                tracing::warn!(
                    rule = &*rule,
                    count,
                    "more addresses than a rule keeps: these were not judged, and an attack may be missed"
                );
            }
            for (relay, count) in std::mem::take(&mut self.untold) {
                tracing::warn!(
                    relay = &*relay,
                    count,
                    "a relay names more hosts than are told apart: events of the rest are counted together; name the \
                     hosts in log_sources.toml that must be told apart"
                );
            }
        }
    }
}
