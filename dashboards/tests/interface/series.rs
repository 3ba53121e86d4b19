//! Long series and the map.

use ioc_dashboards::series::{SeriesEntries, SeriesEntry};
use ioc_model::time::EventTime;

use crate::{
    server::{NOON, STATION, Server},
    support::{HOUR, pack_with_map},
};

fn path(indicator: &str, kind: &str, more: &str) -> String {
    format!(
        "/api/series?subject={STATION}&indicator={indicator}&kind={kind}&from={}&to={NOON}{more}",
        NOON - HOUR
    )
}

#[tokio::test]
async fn a_series_comes_as_numbers_and_says_how_much_it_was_thinned() {
    let server = Server::start().await;
    let entry = |start, mean| SeriesEntry {
        start: EventTime(start),
        mean,
        min: mean,
        max: mean,
        completeness: Some(0.5),
    };
    let entries = vec![entry(NOON - HOUR, Some(1.5)), entry(NOON - 1, None)];
    server.record.tell(|told| told.series = Some(SeriesEntries { entries, found: 7 }));
    let reply = server.get(&path("pm25", "point", "&points=2"), &[]).await;
    assert_eq!((reply.status, reply.header("x-ioc-thinned")), (200, Some("4")));
    assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    assert_eq!(reply.body.len(), 20 + 2 * 24);
    assert_eq!(&reply.body[..4], b"IOCS");
    assert_eq!(f64::from_le_bytes(reply.body[28..36].try_into().unwrap()), (NOON - 1) as f64);
    assert!(f32::from_le_bytes(reply.body[40..44].try_into().unwrap()).is_nan());
    let asked = server.record.asked().join("\n");
    assert!(asked.contains("points: 2"), "{asked}");
}

#[tokio::test]
async fn a_series_without_bounds_is_all_there_is_up_to_now_and_no_more_than_can_be_drawn_bound() {
    let server = Server::start().await;
    let asked = format!("/api/series?subject={STATION}&indicator=vn_aqi&kind=day");
    let reply = server.get(&asked, &[]).await;
    assert_eq!((reply.status, reply.header("x-ioc-thinned")), (200, None));
    let asked = server.record.asked().join("\n");
    assert!(asked.contains("Index(VnAqi, Day)") && asked.contains("points: 50000"), "{asked}");
    assert!(asked.contains(&format!("to: EventTime({}", NOON / 100_000)), "{asked}");
}

#[tokio::test]
async fn a_series_that_cannot_be_meant_is_refused_before_the_store_is_asked() {
    let server = Server::start().await;
    for (path, status) in [
        (path("radon", "hour", ""), 404),
        (path("pm25", "hour", "").replace(STATION, "NOBODY"), 404),
        (path("vn_aqi", "point", ""), 400),
        (path("pm25", "minute", ""), 400),
        (path("pm25", "hour", "&points=0"), 400),
        (path("pm25", "hour", "&points=50001"), 400),
        (path("pm25", "hour", "").replace("from=1", "from=999999999999"), 400),
        (path("pm25", "hour", "").replace("to=1", "to=0"), 400),
        ("/api/series?subject=x".to_owned(), 400),
    ] {
        assert_eq!(server.get(&path, &[]).await.status, status, "{path}");
    }
    assert!(server.record.asked().is_empty());
}

#[tokio::test]
async fn the_map_is_the_packs_and_is_sent_once() {
    let server = Server::of(pack_with_map()).await;
    let first = server.get("/api/map", &[]).await;
    assert_eq!((first.status, first.json()["type"].as_str()), (200, Some("Topology")));
    let tag = first.header("etag").unwrap();
    let again = server.get("/api/map", &[("if-none-match", tag)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(server.get("/api/overview", &[]).await.json()["has_map"], true);
    let without = Server::start().await;
    assert_eq!(without.get("/api/map", &[]).await.status, 404);
}

#[tokio::test]
async fn every_screen_of_a_wall_is_the_page() {
    let server = Server::start().await;
    let page = server.get("/", &[]).await;
    let wall = server.get("/wall/air", &[]).await;
    assert_eq!((wall.status, &wall.body), (200, &page.body));
    assert!(wall.header("content-security-policy").unwrap().contains("default-src 'none'"));
}
