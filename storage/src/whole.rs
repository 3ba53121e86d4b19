//! The last commit up to which everything is there (invariants ONCE, LOUD).
//!
//! Where broken parts took committed rows with them ([`losses`]), the commits from there on are taken back, and the
//! flow makes them again: if its record reaches back so far, else the start ends and says how to go on.

use ioc_model::{
    epoch::{Epoch, Generation},
    instance::InstanceId,
};

use crate::{
    client::Store,
    error::StoreError,
    losses::{self, BrokenPart},
    patience::patiently,
};

/// What the flow has on record of its epochs.
pub trait FlowRecord {
    /// Whether it can go on behind an epoch.
    ///
    /// # Errors
    /// Why not.
    fn reaches(&self, committed: Epoch) -> Result<(), String>;

    /// The oldest epoch it can go on behind; none if there is none.
    ///
    /// # Errors
    /// If the record cannot be read.
    fn oldest_reach(&self) -> Result<Option<Epoch>, String>;

    /// The epochs on record that had input, in order: each has a commit once the flow is behind it.
    ///
    /// # Errors
    /// If the record cannot be read.
    fn epochs_with_input(&self) -> Result<Vec<Epoch>, String>;
}

/// Whose commits are looked at, and how.
#[derive(Clone, Copy, Debug)]
pub struct WholenessCheck<'a> {
    /// The instance.
    pub instance: InstanceId,
    /// The pass over its input.
    pub generation: Generation,
    /// The parts that were set aside.
    pub broken: &'a [BrokenPart],
    /// What is missing up to this epoch an operator has accepted: it is not looked for.
    pub accepted: Epoch,
}

/// Why there is no saying from where to go on.
#[derive(Debug, thiserror::Error)]
pub enum NotWhole {
    /// The store refuses to answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record cannot be read.
    #[error("{0}")]
    Record(String),
    /// Rows are gone, and the record does not reach back to them.
    #[error(
        "ClickHouse set parts aside as broken ({parts}), and {lost}, which cannot be made again: {why}, or set \
         clickhouse.losses_accepted_upto to {accept} to go on without what is missing up to there"
    )]
    Gone {
        /// The parts.
        parts: String,
        /// What is missing.
        lost: String,
        /// Why it cannot be made again.
        why: String,
        /// The epoch up to which losses would have to be accepted.
        accept: Epoch,
    },
}

impl Store {
    /// The last commit up to which everything is there, and the hash of its manifest; none before the first. Commits
    /// behind it are taken back. Waits while the store is away.
    ///
    /// # Errors
    /// If rows are gone that cannot be made again, or the store or the record cannot be read.
    pub async fn last_whole_commit(
        &self,
        check: WholenessCheck<'_>,
        record: &impl FlowRecord,
    ) -> Result<Option<(Epoch, [u8; 32])>, NotWhole> {
        let WholenessCheck { instance, generation, broken, .. } = check;
        let last = patiently("ask for the last commit", || self.last_committed(instance, generation)).await?;
        let (false, Some((upto, _))) = (broken.is_empty(), last) else { return Ok(last) };
        let parts = losses::listed(broken);
        tracing::warn!(parts, "clickhouse set parts aside as broken: looking for what is missing");
        let Some((from, lost)) = self.first_loss(check, upto, record).await? else {
            tracing::warn!(
                parts,
                "nothing is missing up to the last commit: once recorded epochs are replayed the parts may be dropped"
            );
            return Ok(last);
        };
        let before = || self.last_committed_before(instance, generation, from);
        let whole = patiently("ask for the last commit", before).await?;
        let committed = whole.map_or(Epoch(0), |(epoch, _)| epoch);
        if let Err(why) = record.reaches(committed) {
            let accept = record.oldest_reach().map_err(NotWhole::Record)?.unwrap_or(upto);
            return Err(NotWhole::Gone { parts, lost, why, accept });
        }
        tracing::error!(
            parts,
            lost,
            whole_upto = committed.0,
            committed_upto = upto.0,
            "committed rows are missing: their commits are taken back and made again"
        );
        patiently("take commits back", || self.take_back_commits(generation, committed)).await?;
        taken_back();
        Ok(whole)
    }

    /// The first epoch up to the last commit that is not whole, and what is missing.
    async fn first_loss(
        &self,
        WholenessCheck { generation, broken, accepted, .. }: WholenessCheck<'_>,
        upto: Epoch,
        record: &impl FlowRecord,
    ) -> Result<Option<(Epoch, String)>, NotWhole> {
        if accepted > Epoch(0) {
            tracing::warn!(accepted = accepted.0, "what is missing up to that epoch is not looked for");
        }
        let losses =
            patiently("look for what is missing", || self.losses(generation, accepted, upto)).await?;
        let mut found: Vec<(Epoch, String)> =
            losses.iter().map(|loss| (loss.from, loss.to_string())).collect();
        // A commit that is gone together with its rows leaves nothing to compare in the store.
        if broken.iter().any(|part| part.table == losses::COMMITS) {
            let mut epochs = record.epochs_with_input().map_err(NotWhole::Record)?;
            epochs.retain(|epoch| *epoch > accepted && *epoch <= upto);
            tracing::warn!(
                oldest = epochs.first().map(|epoch| epoch.0),
                "parts with commits are broken: commits older than the record cannot be compared with it"
            );
            let gone = || self.not_committed(generation, &epochs);
            let gone = patiently("read which epochs are committed", gone).await?;
            found.extend(gone.first().map(|first| (*first, format!("the commit of epoch {first} is gone"))));
        }
        let from = found.iter().map(|(from, _)| *from).min();
        let told: Vec<String> = found.into_iter().map(|(_, told)| told).collect();
        Ok(from.map(|from| (from, told.join("; "))))
    }
}

/// The stopping point `recovery_after_taking_back`: nothing is made again yet.
fn taken_back() {
    fail::fail_point!("recovery_after_taking_back", |_| std::process::abort());
}
