//! What became of one envelope.

use clickhouse::Row;
use ioc_model::position::Position;
use serde::{Deserialize, Serialize};

use crate::{
    client::{Store, answer, one},
    error::StoreError,
};

/// What was stored of one envelope. Duplicates leave no row: they are the rest of what the sender counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct Receipt {
    /// Rows stored.
    pub stored: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// The envelope as a whole was rejected: 0 or 1.
    pub undecodable: u64,
}

impl Store {
    /// What committed epochs stored of one envelope.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn receipt(&self, position: Position) -> Result<Receipt, StoreError> {
        let receipt = self
            .client()
            .query(
                "WITH (SELECT mapFromArrays(groupArray(generation), groupArray(last_epoch)) FROM committed) \
                 AS last_epochs, (SELECT max(generation) FROM committed) AS newest \
                 SELECT countIf(kind = 'stored') AS stored, countIf(kind = 'rejected') AS rejected, \
                 countIf(kind = 'whole') AS undecodable FROM (\
                 SELECT 'stored' AS kind FROM observation WHERE log = {log:UInt16} \
                 AND partition = {partition:UInt16} AND offset = {offset:UInt64} \
                 AND generation = newest AND epoch <= last_epochs[generation] \
                 UNION ALL \
                 SELECT if(whole, 'whole', 'rejected') AS kind FROM reject WHERE log = {log:UInt16} \
                 AND partition = {partition:UInt16} AND offset = {offset:UInt64} \
                 AND generation = newest AND epoch <= last_epochs[generation])",
            )
            .param("log", position.log.0)
            .param("partition", position.partition.0)
            .param("offset", position.offset.0);
        answer("look an envelope up", one(receipt)).await
    }
}
