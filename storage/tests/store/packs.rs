//! A pack's dimensions as tables: whole, once, and those of the current pack in the views.

use ioc_model::pack::PackVersion;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pack_is_stored_whole_and_once_and_the_views_show_the_one_in_effect() {
    let server = TestServer::start().await;
    let pack = ioc_testing::tay_ninh(None);
    assert!(server.store.publish_pack(&pack).await.unwrap());
    assert!(!server.store.publish_pack(&pack).await.unwrap());
    let expected = [
        ("place", pack.places.len()),
        ("station", pack.stations.len()),
        ("indicator", pack.indicators.len()),
        ("feed", pack.feeds.len()),
        ("legal_limit", pack.limits.len()),
        ("rule", pack.rules.len()),
        ("index_category", 12),
        ("succession", 304),
        ("place_group", 376),
        ("holiday", pack.holidays.len()),
    ];
    for (table, rows) in expected {
        assert_eq!(server.count(table).await, rows as u64, "{table}");
        assert_eq!(server.count(&format!("{table}_current")).await, rows as u64, "{table}");
    }

    let limit =
        "SELECT high, low, kinds, valid_to FROM legal_limit_current WHERE id = 'qcvn05-2026-pm25-day'";
    assert_eq!(server.ask(limit).await, "45\t\\N\t['ambient_air']\t\\N");
    let rule = "SELECT condition, measure, averaging, side, raise_at, clear_at, clear_share, statuses, lasting_ms \
                FROM rule_current WHERE id IN ('aqi-bad', 'pm25-day-over-limit', 'station-silent') ORDER BY id";
    assert_eq!(
        server.ask(rule).await.lines().collect::<Vec<_>>(),
        [
            "index\tvn_aqi\thour\tabove\t150\t140\t\\N\t[]\t\\N",
            "limit\tpm25\tday\t\t\\N\t\\N\t0.9\t[]\t\\N",
            "status\t\t\t\t\\N\t\\N\t\\N\t['silent']\t600000",
        ]
    );
    let category =
        "SELECT word, name_vi, color FROM index_category_current WHERE `index` = 'vn_aqi' AND position = 2";
    assert_eq!(server.ask(category).await, "poor\tKém\t#ff7e00");
    let shares = "SELECT count() FROM (SELECT from_code FROM succession_current GROUP BY from_code \
                  HAVING abs(sum(weight) - 1) > 1e-6)";
    assert_eq!(server.ask(shares).await, "0");
    assert_eq!(server.ask("SELECT uniqExact(map_from) FROM place_conversion_current").await, "2");
    let lost = "SELECT count() FROM (SELECT sum(weight) AS all FROM place_conversion_current WHERE reason = '' \
                GROUP BY map_from, from_code, from_valid_from HAVING all != 1)";
    assert_eq!(server.ask(lost).await, "0", "the shares of a unit add up to all of it");

    let mut other = pack.clone();
    other.version = PackVersion("another".to_owned());
    other.limits.truncate(1);
    assert!(server.store.publish_pack(&other).await.unwrap());
    assert_eq!(server.count("legal_limit_current").await, 1);
    assert!(server.store.publish_pack(&pack).await.unwrap(), "going back is publishing it again");
    assert_eq!(server.count("legal_limit_current").await, pack.limits.len() as u64);
    assert_eq!(server.count("legal_limit").await, pack.limits.len() as u64 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dimensions_a_newer_program_has_are_added_to_the_pack_in_effect() {
    let server = TestServer::start().await;
    let pack = ioc_testing::tay_ninh(None);
    assert!(server.store.publish_pack(&pack).await.unwrap());
    let _ = server.ask("TRUNCATE TABLE index_category").await;
    assert!(!server.store.publish_pack(&pack).await.unwrap());
    assert_eq!(server.count("index_category_current").await, 12);
}
