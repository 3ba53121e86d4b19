//! Ends what the analyst's queries take too long for.
//!
//! ClickHouse has limits that a query may lower and constraints that refuse to raise them. A refusal is the wrong word
//! for the tools people use: clickhouse-go, and Grafana with it, turns any deadline of its caller into a
//! `max_execution_time` five seconds beyond, and JDBC tools say 0 for none. So such settings are the tool's own, and the
//! time a query may take is not asked of it.

use std::time::Duration;

use super::configuration::ANALYST_USER;
use crate::{
    Store,
    client::{answer, one},
};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks for as long as it is polled.
pub(super) async fn end_overtime(store: &Store, patience: Duration) -> ! {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let _tick = look.tick().await;
        let ended = end_once(store, patience).await;
        // A server that is going down does not answer; the next one has none of its queries.
        if let Err(error) = ended {
            tracing::debug!(%error, "cannot end queries of the analyst");
        }
    }
}

async fn end_once(store: &Store, patience: Duration) -> Result<(), crate::StoreError> {
    let overtime = format!("user = '{ANALYST_USER}' AND elapsed > {}", patience.as_secs());
    let doing = "end queries of the analyst that take too long";
    let found = store.bare().query(&format!("SELECT count() FROM system.processes WHERE {overtime}"));
    let found: u64 = answer(doing, one(found)).await?;
    if found > 0 {
        let end = store.bare().query(&format!("KILL QUERY WHERE {overtime} ASYNC"));
        answer(doing, end.execute()).await?;
        tracing::info!(found, "ended queries of the analyst that took longer than {} s", patience.as_secs());
    }
    Ok(())
}
