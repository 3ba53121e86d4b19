//! The province pack as tables, for analysts to join with.
//!
//! Rows are keyed by the pack's version and never change: a version is written once, and taking effect is one more
//! row in `pack`. Going back to an older pack is publishing it again.

mod forms;
mod maps;
mod standards;

use ioc_model::pack::Pack;
use serde_json::{Value, json};

use crate::{
    client::{Store, answer, one},
    error::StoreError,
};

impl Store {
    /// Makes a pack the current one. Returns whether it was not already.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn publish_pack(&self, pack: &Pack) -> Result<bool, StoreError> {
        let version = &pack.version.0;
        let current: String = answer(
            "read the current pack",
            one(self.client().query("SELECT argMax(version, published_at) FROM pack")),
        )
        .await?;
        // Of the current version too: a newer program may have more tables.
        let all = dimensions(pack)
            .into_iter()
            .chain(standards::dimensions(pack))
            .chain(forms::dimensions(pack))
            .chain(maps::dimensions(pack));
        for (table, rows) in all {
            self.write_dimension(table, version, rows).await?;
        }
        if current == *version {
            return Ok(false);
        }
        // Last: readers see the version only once all of its rows are there. The moment is said and not left to the
        // column's default: going back to an older version would else be the same row, and taken for a retry.
        let publish = self
            .client()
            .query(
                "INSERT INTO pack (version, id, name_vi, name_en, timezone, replayed, user_names, published_at) VALUES \
                 ({version:String}, {id:String}, {name_vi:String}, {name_en:String}, {timezone:String}, \
                 {replayed:Bool}, {user_names:Bool}, now64(3))",
            )
            .param("version", version)
            .param("id", &pack.id)
            .param("name_vi", &pack.name.vi)
            .param("name_en", &pack.name.en)
            .param("timezone", &pack.timezone)
            .param("replayed", pack.replayed.is_some())
            .param("user_names", pack.user_names);
        answer("publish the pack", publish.execute()).await?;
        tracing::info!(pack = pack.id, version, "pack published");
        Ok(true)
    }

    async fn write_dimension(&self, table: &str, version: &str, rows: Vec<Value>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let doing = format!("write table {table}");
        let held = self
            .client()
            .query(&format!("SELECT count() FROM {table} WHERE pack = {{version:String}}"))
            .param("version", version);
        let held: u64 = answer(&doing, one(held)).await?;
        let expected = rows.len() as u64;
        if held == expected {
            return Ok(());
        }
        if held != 0 {
            return Err(StoreError::Unreadable(format!(
                "table {table} holds {held} rows of pack {version}, the pack has {expected}"
            )));
        }
        let mut lines = String::new();
        for row in rows {
            lines.push_str(&row.to_string());
            lines.push('\n');
        }
        let insert = self
            .client()
            .insert_formatted_with(format!("INSERT INTO {table} FORMAT JSONEachRow"))
            .with_setting("async_insert", "0");
        let send = async move {
            let mut insert = insert;
            insert.send(lines.into()).await?;
            insert.end().await
        };
        answer(&doing, send).await
    }
}

/// Each dimension's rows, in the pack's order. A pack is a few thousand rows: one insert a table, atomic.
fn dimensions(pack: &Pack) -> [(&'static str, Vec<Value>); 5] {
    let version = &pack.version.0;
    let places = pack.places.iter().map(|place| {
        json!({
            "pack": version,
            "code": place.key.code,
            "valid_from": place.key.valid_from.to_string(),
            "valid_to": place.valid_to.map(|date| date.to_string()),
            "kind": place.kind.word(),
            "name_vi": place.name.vi,
            "name_en": place.name.en,
            "parent": place.parent.as_deref().unwrap_or_default(),
            "area_km2": place.area_km2,
            "longitude": place.point.map(|point| point.0),
            "latitude": place.point.map(|point| point.1),
        })
    });
    let stations = pack.stations.values().map(|station| {
        json!({
            "pack": version,
            "id": station.id,
            "name_vi": station.name.vi,
            "name_en": station.name.en,
            "kind": station.kind.word(),
            "place_code": station.place.code,
            "place_valid_from": station.place.valid_from.to_string(),
            "longitude": station.point.map(|point| point.0),
            "latitude": station.point.map(|point| point.1),
            "valid_from": station.valid_from.to_string(),
            "valid_to": station.valid_to.map(|date| date.to_string()),
        })
    });
    let measures = pack.stations.values().flat_map(|station| {
        station.measures.iter().map(|(indicator, every)| {
            json!({ "pack": version, "station": station.id, "indicator": indicator, "every_ms": every.0 })
        })
    });
    let indicators = pack.indicators.values().map(|indicator| {
        let windows: Vec<&str> = indicator.windows.iter().map(|kind| kind.word()).collect();
        json!({
            "pack": version,
            "id": indicator.id,
            "symbol": indicator.symbol,
            "name_vi": indicator.name.vi,
            "name_en": indicator.name.en,
            "unit": indicator.unit,
            "decimals": indicator.decimals,
            "range_low": indicator.range.0,
            "range_high": indicator.range.1,
            "increase_of": indicator.increase_of.as_deref().unwrap_or_default(),
            "windows": windows,
        })
    });
    let feeds = pack.feeds.values().map(|feed| {
        json!({
            "pack": version,
            "id": feed.id,
            "name_vi": feed.name.vi,
            "name_en": feed.name.en,
            "owner_vi": feed.owner.vi,
            "owner_en": feed.owner.en,
            "transport": feed.transport.word(),
            "format": feed.format.word(),
            "silent_after_ms": feed.silent_after.0,
            "max_bytes": feed.contract.max_bytes,
            "max_future_ms": feed.contract.max_future.0,
            "max_age_ms": feed.contract.max_age.0,
            "lateness_ms": feed.contract.lateness.0,
            "patience_ms": feed.contract.patience.0,
        })
    });
    [
        ("place", places.collect()),
        ("station", stations.collect()),
        ("station_indicator", measures.collect()),
        ("indicator", indicators.collect()),
        ("feed", feeds.collect()),
    ]
}
