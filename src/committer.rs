//! The flow's way to the store: the driver's commit step over the ClickHouse sink, then the board.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ioc_dashboards::Board;
use ioc_model::{
    calendar::LocalDay,
    epoch::{Epoch, Generation},
    results::{EpochResults, RecallRequest, RecalledRow},
};
use ioc_storage::{Class, Sink, Store};
use ioc_stream::{
    Halt,
    driver::{Commit, Need},
};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// Epochs that made nothing are put on record this often, so that readers see that time moves.
const IDLE_COMMIT: Duration = Duration::from_secs(10);

/// Pauses between attempts to read stored rows back while the store is away.
const AGAIN: Duration = Duration::from_millis(500);

/// Commits epochs to ClickHouse and shows them.
#[derive(Debug)]
pub struct Committer {
    runtime: Handle,
    sink: Sink,
    store: Store,
    generation: Generation,
    board: Arc<Board>,
    /// Ends waiting for a store that is away: what is not committed then is sent after the next start.
    give_up: CancellationToken,
    on_record: Instant,
}

impl Committer {
    /// A committer whose waiting is done on that runtime, from a thread that is none of its own.
    #[must_use]
    pub fn new(
        runtime: Handle,
        sink: Sink,
        store: Store,
        generation: Generation,
        board: Arc<Board>,
        give_up: CancellationToken,
    ) -> Committer {
        Committer { runtime, sink, store, generation, board, give_up, on_record: Instant::now() }
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
}

impl Commit for Committer {
    fn commit(&mut self, results: &EpochResults, need: Need) -> Result<(), Halt> {
        let halt = |error: ioc_storage::Halt| Halt(error.to_string());
        if !results.is_empty() {
            self.wait(self.sink.write(results, need.recovering))?.map_err(halt)?;
        } else if need.on_record || self.on_record.elapsed() >= IDLE_COMMIT {
            self.wait(self.sink.commit_idle(results, need.recovering))?.map_err(halt)?;
        } else {
            return Ok(());
        }
        self.on_record = Instant::now();
        Ok(())
    }

    fn recall(
        &mut self,
        request: &RecallRequest,
        day: LocalDay,
        upto: Epoch,
    ) -> Result<Vec<RecalledRow>, Halt> {
        loop {
            let rows = self.store.recall(request, day.start, day.end, self.generation, upto);
            match self.wait(rows)? {
                Ok(rows) => return Ok(rows),
                Err(error) if error.class() != Class::Refused => {
                    tracing::warn!(%error, "cannot read a day back: trying again");
                    std::thread::sleep(AGAIN);
                }
                Err(error) => return Err(Halt::because("cannot read a day back", error)),
            }
        }
    }

    fn committed(&mut self, results: EpochResults) {
        self.board.apply(&results);
    }
}
