//! The table `archive_file`: the archive's files as analysts find them.
//!
//! A pass may be registered twice (a process killed in between, a restored store): what is held is asked first. The
//! token makes a repeated insert harmless; that it may outlive its rows is why the rows are counted after it.

use std::collections::HashSet;

use clickhouse::Row;
use ioc_model::position::LogNumber;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{record::PassRecord, span::Span};
use crate::{
    client::{Store, answer},
    error::StoreError,
};

#[derive(Row, Deserialize)]
struct HeldPass {
    partition: u16,
    pass_from: u64,
    pass_to: u64,
}

impl Store {
    /// The passes of a log that are registered.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn registered_passes(&self, log: LogNumber) -> Result<HashSet<Span>, StoreError> {
        let held = self
            .client()
            .query("SELECT DISTINCT partition, pass_from, pass_to FROM archive_file WHERE log = {log:UInt16}")
            .param("log", log.0);
        let held: Vec<HeldPass> = answer("read the archived files", held.fetch_all()).await?;
        let span = |held: HeldPass| Span {
            log,
            partition: ioc_model::position::Partition(held.partition),
            from: ioc_model::position::Offset(held.pass_from),
            to: ioc_model::position::Offset(held.pass_to),
        };
        Ok(held.into_iter().map(span).collect())
    }

    /// Registers the files of a pass that are not registered.
    ///
    /// # Errors
    /// If ClickHouse does not answer or refuses.
    pub async fn register_pass(&self, pass: &PassRecord) -> Result<(), StoreError> {
        let token = format!("archive-{}-{}", pass.log_id, pass.span());
        let mut missing = self.unregistered(pass).await?;
        if missing.is_empty() {
            return Ok(());
        }
        self.insert_files(missing, token.clone()).await?;
        missing = self.unregistered(pass).await?;
        if missing.is_empty() {
            return Ok(());
        }
        // The token is known and the rows are not there: the store was killed between the two.
        self.insert_files(missing, format!("{token}-again-{}", Uuid::new_v4().simple())).await
    }

    /// The rows of a pass that are not there.
    async fn unregistered(&self, pass: &PassRecord) -> Result<Vec<Value>, StoreError> {
        let held = self
            .client()
            .query(
                "SELECT path FROM archive_file WHERE log = {log:UInt16} AND partition = {partition:UInt16} \
                 AND pass_from = {from:UInt64} AND pass_to = {to:UInt64}",
            )
            .param("log", pass.log.0)
            .param("partition", pass.partition.0)
            .param("from", pass.from.0)
            .param("to", pass.to.0);
        let held: Vec<String> = answer("read the archived files", held.fetch_all()).await?;
        Ok(rows(pass).filter(|(path, _)| !held.contains(path)).map(|(_, row)| row).collect())
    }

    async fn insert_files(&self, rows: Vec<Value>, token: String) -> Result<(), StoreError> {
        let mut lines = String::new();
        for row in rows {
            lines.push_str(&row.to_string());
            lines.push('\n');
        }
        let insert = self
            .client()
            .insert_formatted_with("INSERT INTO archive_file FORMAT JSONEachRow")
            .with_setting("async_insert", "0")
            .with_setting("wait_end_of_query", "1")
            .with_setting("date_time_input_format", "best_effort")
            .with_setting("insert_deduplicate", "1")
            .with_setting("insert_deduplication_token", token);
        let send = async move {
            let mut insert = insert;
            insert.send(lines.into()).await?;
            insert.end().await
        };
        answer("register archived files", send).await
    }
}

fn rows(pass: &PassRecord) -> impl Iterator<Item = (String, Value)> + '_ {
    pass.files.iter().map(|file| {
        let mut row = Map::new();
        let mut set = |name: &str, value: Value| {
            let _ = row.insert(name.to_owned(), value);
        };
        set("path", file.path.clone().into());
        set("feed", file.feed.clone().into());
        set("day", file.day.clone().into());
        set("log", pass.log.0.into());
        set("partition", pass.partition.0.into());
        set("offset_from", file.offset_from.0.into());
        set("offset_to", file.offset_to.0.into());
        set("pass_from", pass.from.0.into());
        set("pass_to", pass.to.0.into());
        set("envelopes", file.envelopes.into());
        set("bytes", file.bytes.into());
        set("sha256", file.sha256.clone().into());
        set("first_received", file.first_received.rfc3339().into());
        set("last_received", file.last_received.rfc3339().into());
        (file.path.clone(), Value::Object(row))
    })
}
