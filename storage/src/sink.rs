//! Stores every epoch exactly once, and commits it (invariants ONCE, LOUD, BOUND).
//!
//! An insert whose answer was lost may or may not have happened. Its token makes sending it again harmless, but a
//! token is not proof: ClickHouse's MergeTree writes the token into its log before the part takes its place, so a
//! server killed between the two remembers a block it does not have and would drop every further attempt in
//! silence. So whenever an outcome was unknown, what is held is counted afterwards: all rows, or none (then the
//! block goes again under a fresh token), or something else (then everything halts).
//!
//! A failure never skips a block. What can pass is waited for, for ever, and said loudly: the dataflow waits behind
//! the sink, the bus fills, the senders wait. What cannot pass halts, with the block kept for inspection.

mod attempt;
mod commit;
mod insert;

use std::{path::PathBuf, sync::Arc, time::Instant};

use attempt::{Attempts, Parcel};
use futures_util::{TryStreamExt, stream};
use ioc_model::{
    epoch::{Epoch, Generation},
    fact::Table,
    instance::InstanceId,
    results::EpochResults,
};
use tokio::sync::watch;

use crate::{
    Store, StoreError,
    blocks::{self, Block, EncodeError},
    failpoint::{self, reached},
    losses::{BrokenPart, listed},
};

/// How the sink works.
#[derive(Clone, Debug)]
pub struct SinkConfig {
    /// This installation.
    pub instance: InstanceId,
    /// Where refused blocks are kept for inspection.
    pub refused: PathBuf,
    /// How many inserts are sent at a time.
    pub concurrency: usize,
    /// Parts that were set aside as broken before, and whose loss was looked at. None if ClickHouse does not let us ask.
    pub broken: Option<Vec<BrokenPart>>,
}

/// Whether the store takes what it is given.
#[derive(Clone, Debug, Default)]
pub struct SinkStatus {
    /// Since when ClickHouse has not taken anything; none while it does.
    pub away_since: Option<Instant>,
    /// What it said or did last when it did not.
    pub last_error: Option<String>,
    /// The last epoch committed by this process.
    pub last_committed: Option<Epoch>,
}

/// The flow must stop until an operator acted.
#[derive(Debug, thiserror::Error)]
pub enum SinkHalt {
    /// ClickHouse refuses a block, and would do so for ever.
    #[error("epoch {epoch} cannot be stored: {cause}{}", kept_text(kept))]
    Refused {
        /// The epoch.
        epoch: Epoch,
        /// What it said.
        cause: StoreError,
        /// Where the block was kept.
        kept: Option<PathBuf>,
    },
    /// What is stored is neither nothing nor everything.
    #[error(
        "epoch {epoch}: table {table} holds {held} rows of block {token}, which has {rows}: \
         somebody else writes here, or the database was changed by hand"
    )]
    Astray {
        /// The epoch.
        epoch: Epoch,
        /// The table.
        table: &'static str,
        /// The block's token.
        token: String,
        /// Rows found.
        held: u64,
        /// Rows sent.
        rows: u64,
    },
    /// The epoch is committed already, with another manifest.
    #[error(
        "epoch {epoch} of generation {} is committed with another manifest: the local record and the database have \
         parted: restore the database that belongs to this data folder", generation.0
    )]
    Parted {
        /// The epoch.
        epoch: Epoch,
        /// The generation.
        generation: Generation,
    },
    /// ClickHouse found parts broken when it started again.
    #[error(
        "ClickHouse set parts aside as broken, and rows that were committed may be gone with them ({}): start ioc \
         again, which looks for what is missing and makes it again",
        listed(parts)
    )]
    Broken {
        /// The parts.
        parts: Vec<BrokenPart>,
    },
    /// ClickHouse refuses to tell what is broken.
    #[error("{0}")]
    Unasked(StoreError),
    /// Rows that no table can hold.
    #[error("epoch {epoch} cannot be encoded: {cause}")]
    Encode {
        /// The epoch.
        epoch: Epoch,
        /// Which.
        cause: EncodeError,
    },
}

fn kept_text(kept: &Option<PathBuf>) -> String {
    kept.as_ref().map(|path| format!(" (the block is kept at {})", path.display())).unwrap_or_default()
}

/// Stores epochs, one after the other.
#[derive(Clone, Debug)]
pub struct Sink {
    store: Store,
    config: SinkConfig,
    status: Arc<watch::Sender<SinkStatus>>,
}

impl Sink {
    /// A sink into that store.
    #[must_use]
    pub fn new(store: Store, config: SinkConfig) -> Sink {
        Sink { store, config, status: Arc::new(watch::Sender::new(SinkStatus::default())) }
    }

    /// Tells whether ClickHouse takes what it is given.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<SinkStatus> {
        self.status.subscribe()
    }

    /// Stores an epoch and commits it; resolves when both are on ClickHouse's disk. Epochs must be given in order,
    /// each after the one before has resolved. `recovering`: an earlier process may have stored some of it.
    ///
    /// Dropping the future leaves the outcome unknown: give the epoch again, `recovering`.
    ///
    /// # Errors
    /// Only what an operator must mend. Everything else is tried again until it works.
    pub async fn write(&self, results: &EpochResults, recovering: bool) -> Result<(), SinkHalt> {
        if recovering && self.is_committed(results).await? {
            return Ok(());
        }
        let blocks = encode_off_the_runtime(results, self.config.instance)
            .map_err(|cause| SinkHalt::Encode { epoch: results.epoch, cause })?;
        reached(failpoint::BEFORE_INSERT, results.epoch).await;
        stream::iter(blocks.into_iter().map(Ok))
            .try_for_each_concurrent(self.config.concurrency.max(1), |block| {
                self.store_block(results.generation, results.epoch, block, recovering)
            })
            .await?;
        reached(failpoint::AFTER_INSERT, results.epoch).await;
        self.commit(results, recovering).await
    }

    /// Commits an epoch that has nothing to store, so that readers learn how far time has moved.
    ///
    /// # Errors
    /// As [`Sink::write`].
    pub async fn commit_idle(&self, results: &EpochResults, recovering: bool) -> Result<(), SinkHalt> {
        if recovering && self.is_committed(results).await? {
            return Ok(());
        }
        self.commit(results, recovering).await
    }

    async fn store_block(
        &self,
        generation: Generation,
        epoch: Epoch,
        block: Block,
        recovering: bool,
    ) -> Result<(), SinkHalt> {
        let Table { name: table, time_column } = block.table;
        let parcel = Parcel {
            table,
            statement: format!("INSERT INTO {table} FORMAT ArrowStream"),
            rows: block.rows,
            token: block.token,
            bytes: block.bytes,
            epoch,
            query_prefix: self.query_prefix(generation, epoch, table),
        };
        let held = || self.store.held_rows(table, time_column, block.month.0, generation, epoch, block.chunk);
        failpoint::act(failpoint::BEFORE_BLOCK).await;
        self.deliver(&parcel, held, recovering).await?;
        failpoint::act(failpoint::AFTER_BLOCK).await;
        Ok(())
    }

    /// Sends a parcel until it is held exactly once.
    async fn deliver<Held>(
        &self,
        parcel: &Parcel,
        held: impl Fn() -> Held,
        recovering: bool,
    ) -> Result<(), SinkHalt>
    where
        Held: Future<Output = Result<u64, StoreError>>,
    {
        let mut attempts = Attempts::default();
        let mut token = parcel.token.clone();
        // The negative control of the crash tests trusts neither tokens nor counting.
        let blind = failpoint::deduplication_is_off();
        let mut outcome_unknown = recovering && !blind;
        if outcome_unknown && self.is_held(parcel, &held, &mut attempts).await? {
            return Ok(());
        }
        loop {
            match self.store.send(parcel, (!blind).then_some(token.as_str())).await {
                Ok(()) => {
                    self.report_well();
                    if !outcome_unknown || self.is_held(parcel, &held, &mut attempts).await? {
                        return Ok(());
                    }
                    // ClickHouse knows the token but not the rows.
                    token = attempts.fresh_token(&parcel.token);
                    tracing::error!(
                        table = parcel.table,
                        epoch = parcel.epoch.0,
                        token,
                        "clickhouse acknowledged a block that it does not hold: sending it under a fresh token"
                    );
                }
                Err(error) => {
                    outcome_unknown = !blind;
                    self.pause_or_halt(parcel, error, &mut attempts).await?;
                }
            }
        }
    }

    /// Whether the rows are there, once no earlier attempt can still add to them.
    async fn is_held<Held>(
        &self,
        parcel: &Parcel,
        held: &impl Fn() -> Held,
        attempts: &mut Attempts,
    ) -> Result<bool, SinkHalt>
    where
        Held: Future<Output = Result<u64, StoreError>>,
    {
        loop {
            let counted = async {
                self.store.no_insert_running(parcel).await?;
                held().await
            };
            match counted.await {
                Ok(0) => return Ok(false),
                Ok(held) if held == parcel.rows => return Ok(true),
                Ok(held) => {
                    return Err(SinkHalt::Astray {
                        epoch: parcel.epoch,
                        table: parcel.table,
                        token: parcel.token.clone(),
                        held,
                        rows: parcel.rows,
                    });
                }
                Err(error) => self.pause_or_halt(parcel, error, attempts).await?,
            }
        }
    }

    async fn pause_or_halt(
        &self,
        parcel: &Parcel,
        error: StoreError,
        attempts: &mut Attempts,
    ) -> Result<(), SinkHalt> {
        let text = shortened(&error.to_string());
        self.report_away(&text);
        let Some(pause) = attempts.pause_after(&error) else {
            tracing::error!(
                table = parcel.table,
                epoch = parcel.epoch.0,
                error = text,
                "clickhouse refuses a block"
            );
            let kept = self.keep_refused(parcel, &text).await;
            return Err(SinkHalt::Refused { epoch: parcel.epoch, cause: error, kept });
        };
        tracing::warn!(
            table = parcel.table,
            epoch = parcel.epoch.0,
            attempt = attempts.made(),
            error = text,
            "clickhouse did not take a block: trying again in {} ms",
            pause.as_millis()
        );
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Best effort: the halt is said either way.
    async fn keep_refused(&self, parcel: &Parcel, error: &str) -> Option<PathBuf> {
        let path = self.config.refused.join(format!("{}.block", parcel.token));
        let note = path.with_extension("txt");
        let written = async {
            tokio::fs::create_dir_all(&self.config.refused).await?;
            tokio::fs::write(&note, format!("{}\n{error}\n", parcel.statement)).await?;
            tokio::fs::write(&path, &parcel.bytes).await
        };
        match written.await {
            Ok(()) => Some(path),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "cannot keep the refused block");
                None
            }
        }
    }

    /// What the names of an epoch's inserts into a table begin with, in every process of this instance.
    fn query_prefix(&self, generation: Generation, epoch: Epoch, table: &str) -> String {
        format!("ioc-{}-{}-{epoch}-{table}-", self.config.instance.0.simple(), generation.0)
    }

    fn report_away(&self, error: &str) {
        self.status.send_modify(|status| {
            let _ = status.away_since.get_or_insert_with(Instant::now);
            status.last_error = Some(error.to_owned());
        });
    }

    /// Whether ClickHouse found parts broken since this process was started: a server that was started again does not
    /// tell. What is read back from the store is to be trusted only if none is found afterwards.
    ///
    /// # Errors
    /// [`SinkHalt::Broken`], or what will not pass.
    pub async fn nothing_broke(&self) -> Result<(), SinkHalt> {
        let Some(known) = &self.config.broken else { return Ok(()) };
        let mut attempts = Attempts::default();
        loop {
            match self.store.broken_parts().await {
                Ok(parts) => {
                    self.report_well();
                    let mut parts = parts.unwrap_or_default();
                    parts.retain(|part| !known.contains(part));
                    return if parts.is_empty() { Ok(()) } else { Err(SinkHalt::Broken { parts }) };
                }
                Err(error) => {
                    self.report_away(&shortened(&error.to_string()));
                    let Some(pause) = attempts.pause_after(&error) else {
                        return Err(SinkHalt::Unasked(error));
                    };
                    tracing::warn!(%error, "clickhouse does not tell: trying again in {} ms", pause.as_millis());
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    fn report_well(&self) {
        let _ = self.status.send_if_modified(|status| {
            let was_away = status.away_since.take();
            if let Some(since) = was_away {
                tracing::info!(seconds = since.elapsed().as_secs(), "clickhouse takes blocks again");
            }
            was_away.is_some()
        });
    }
}

/// Encoding a large epoch takes tens of milliseconds: other tasks of the thread move elsewhere meanwhile.
fn encode_off_the_runtime(results: &EpochResults, instance: InstanceId) -> Result<Vec<Block>, EncodeError> {
    const WORTH_MOVING: usize = 2_000;
    let several_threads =
        tokio::runtime::Handle::current().runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread;
    if results.facts.len() > WORTH_MOVING && several_threads {
        tokio::task::block_in_place(|| blocks::encode(results, instance))
    } else {
        blocks::encode(results, instance)
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 600;
    text.chars().take(LONGEST).collect()
}
