//! Who asks: every answer is theirs, and what is not is not there.

use ioc_dashboards::{Original, routes::PATHS};
use ioc_model::{
    asker::{Asker, Sight},
    name::Name,
    place::{Place, PlaceKey, PlaceKind},
    reject::RejectReason,
    results::{EpochResults, FeedMinute},
    rule::AlertChange,
};
use serde_json::Value;

use crate::{
    described::{NODE, ORDER, asked, filled},
    lineage::original,
    server::{NOON, STATION, Server},
    support::{
        HOUR, alert, arrival, counts, figure, hour, observation, pack, pack_with_map, reject, results, text,
    },
};

/// The other station of the pack that measures the same.
const FOREIGN: &str = "TN_TRBANG_KHIXQU";

fn key(code: &str) -> PlaceKey {
    PlaceKey { code: code.to_owned(), valid_from: "2000-01-01".parse().unwrap() }
}

/// Who is given a ward.
fn ward(code: &str) -> Asker {
    Asker::of(Sight::of_places(&pack(), &[key(code)]))
}

fn agency(feed: &str) -> Asker {
    Asker::of(Sight::default().and_feeds([feed]))
}

fn subjects(list: &Value) -> Vec<&str> {
    let mut subjects: Vec<&str> =
        list.as_array().unwrap().iter().map(|it| it["subject"].as_str().unwrap()).collect();
    subjects.dedup();
    subjects
}

/// An epoch that says something of both stations and by two feeds.
fn of_both(epoch: u64) -> EpochResults {
    let mut made = results(epoch, NOON);
    for (station, feed, offset) in [(STATION, "air-gateway", 1), (FOREIGN, "air-files", 2)] {
        let at = arrival(NOON, 10 * epoch + offset, 0);
        made.facts.observations.push(observation(station, "pm25", NOON - HOUR, epoch as f64, feed, at));
        made.facts.windows.push(hour(station, "pm25", NOON - 2 * HOUR, &[1.0], 1));
        made.facts.feed_minutes.push(FeedMinute::new(feed.into(), made.now, counts(1, 1, 0, 0)));
        made.facts.rejects.push(reject(feed, at, RejectReason::Malformed, text("a", "b"), b"x"));
        let mut raised = alert("aqi-bad", 1, AlertChange::Raised, NOON);
        raised.key.subject = station.into();
        made.facts.alerts.push(raised);
    }
    made.facts.figures.push(figure(NOON, 97.0));
    made
}

async fn of_two() -> Server {
    let server = Server::start().await;
    let made = of_both(1);
    server.board.apply(&made);
    server.record.take(&made);
    server
}

#[tokio::test]
async fn nothing_is_answered_before_it_is_known_who_asks() {
    let server = filled().await;
    server.asked_by(None);
    for path in PATHS.iter().filter(|path| path.starts_with("/api/")) {
        let asked = asked(path);
        let reply = if path.ends_with("/reload") || path.ends_with("/acknowledge") {
            server.post(&asked, "application/json", b"{\"user\":\"an\"}").await
        } else if path.starts_with("/api/replays") {
            server.post(&asked, "application/json", ORDER).await
        } else if path.ends_with("/rebirth") {
            server.post(&asked, "application/json", NODE).await
        } else {
            server.get(&asked, &[]).await
        };
        assert_eq!(
            (reply.status, &reply.json()["detail"]),
            (403, &Value::from("nobody knows you")),
            "{path}"
        );
    }
    assert_eq!(server.post("/api/held", "application/json", b"{}").await.status, 403);
    assert!(server.record.asked().is_empty() && server.desk.taken.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_store_is_asked_as_whoever_asked_the_page() {
    let server = filled().await;
    let asker = Asker::of(Sight { stations: [Name::from(STATION)].into(), ..Sight::default() });
    server.asked_by(Some(asker.clone()));
    let ends = |path: &&&str| !matches!(**path, "/api/events" | "/api/tap");
    for path in PATHS.iter().filter(|path| path.starts_with("/api/")).filter(ends) {
        let _ = server.get(&asked(path), &[]).await;
    }
    let figures = format!("/api/figures?at={NOON}");
    for path in ["/api/alerts?state=all", "/api/held", &figures] {
        assert_eq!(server.get(path, &[]).await.status, 200, "{path}");
    }
    assert_eq!(server.post("/api/replays/trial", "application/json", ORDER).await.status, 200);
    let said = br#"{"decision":"accept","of":{"sender":"gw"},"user":"an"}"#;
    assert_eq!(server.post("/api/held", "application/json", said).await.status, 404);
    let asked: Vec<String> = server.record.asked();
    let of = |word: &str| asked.iter().any(|asked| asked.starts_with(word));
    let questions = [
        "trend ",
        "rejects ",
        "fate ",
        "held ",
        "reject groups ",
        "replays ",
        "foresee ",
        "events ",
        "events_summed ",
        "misread ",
        "SeriesQuery ",
        "alerts ",
        "alert ",
        "times of alerts ",
        "figures ",
        "index ",
        "assessment ",
        "window ",
        "rows_of ",
        "receipts ",
        "report ",
        "report_values ",
        "report_targets ",
        "obligations ",
        "obligation_sums ",
        "owed_periods ",
        "owing ",
        "obligation_said ",
    ];
    assert_eq!(questions.into_iter().filter(|word| !of(word)).collect::<Vec<_>>(), [""; 0]);
    assert!(server.record.askers().iter().all(|by| *by == asker));
}

#[tokio::test]
async fn a_ward_is_shown_and_pushed_what_is_measured_in_it_and_where_that_is() {
    let server = of_two().await;
    server.asked_by(Some(ward("25459")));
    let overview = server.get("/api/overview", &[]).await.json();
    let picture = &overview["picture"];
    for list in ["tiles", "indices", "stations", "alerts"] {
        assert_eq!(subjects(&picture[list]), [STATION], "{list}");
        for it in picture[list].as_array().unwrap() {
            assert_eq!(
                it["place"],
                serde_json::json!({"code": "25459", "valid_from": "2000-01-01"}),
                "{list}"
            );
        }
    }
    assert_eq!(picture["alerts_open"], 1);
    for list in ["feeds", "rejects", "figures"] {
        assert_eq!(picture[list].as_array().unwrap().len(), 0, "{list} are of an agency or the province");
    }
    let stations = overview["pack"]["stations"].as_array().unwrap();
    assert_eq!(stations.iter().map(|it| it["id"].as_str().unwrap()).collect::<Vec<_>>(), [STATION]);
    assert_eq!(overview["pack"]["feeds"].as_array().unwrap().len(), 0);

    let mut events = server.listen("/api/events?since=1", &[]).await;
    // Nothing of the first epoch is theirs to hear of: it is passed over in silence.
    let mut foreign = of_both(2);
    foreign.facts.observations.remove(0);
    foreign.facts.windows.clear();
    foreign.facts.alerts.clear();
    server.board.apply(&foreign);
    server.board.apply(&of_both(3));
    let pushed = events.named("changes").await.data;
    assert_eq!(pushed["epoch"], 3);
    for list in ["tiles", "alerts"] {
        assert_eq!(subjects(&pushed[list]), [STATION], "{list}");
    }
    for list in ["feeds", "rejects", "figures"] {
        assert_eq!(pushed[list].as_array().unwrap().len(), 0, "{list}");
    }

    let series = |station| format!("/api/series?subject={station}&indicator=pm25&kind=hour&from=0&to={NOON}");
    let trend = |station| format!("/api/trend?subject={station}&indicator=pm25");
    for (path, status) in
        [(series(STATION), 200), (series(FOREIGN), 404), (trend(STATION), 200), (trend(FOREIGN), 404)]
    {
        assert_eq!(server.get(&path, &[]).await.status, status, "{path}");
    }
    for path in ["/api/alerts", "/api/alerts?state=all"] {
        let answer = server.get(path, &[]).await.json();
        assert_eq!(
            (subjects(&answer["alerts"]), &answer["open"]),
            (vec![STATION], &Value::from(1)),
            "{path}"
        );
        assert_eq!(answer["alerts"][0]["place"]["code"], "25459", "{path}");
    }
    let alert = |station| format!("/api/alerts/aqi-bad~{station}~1");
    assert_eq!(server.get(&alert(STATION), &[]).await.json()["alert"]["place"]["code"], "25459");
    assert_eq!(server.get(&alert(FOREIGN), &[]).await.status, 404);
}

#[tokio::test]
async fn an_agency_opens_its_own_messages_and_a_foreign_one_is_not_found() {
    let server = of_two().await;
    let of_feed = |feed: &str| Original { feed: feed.to_owned(), ..original(b"secret") };
    for (position, feed) in [("1-0-1", "air-gateway"), ("1-0-2", "air-files")] {
        let _ = server.shelf.0.lock().unwrap().insert(position.parse().unwrap(), of_feed(feed));
    }
    server.asked_by(Some(agency("air-gateway")));
    for ending in ["", "/raw"] {
        let path = |position| format!("/api/lineage/envelope/{position}{ending}");
        assert_eq!(server.get(&path("1-0-1"), &[]).await.status, 200, "{ending}");
        let foreign = server.get(&path("1-0-2"), &[]).await;
        assert_eq!(foreign.status, 404, "{ending}");
        let nowhere = server.get(&path("1-0-9"), &[]).await;
        let alike = String::from_utf8(foreign.body).unwrap().replace("1-0-2", "1-0-9");
        assert_eq!(alike, String::from_utf8(nowhere.body).unwrap(), "as if it were not there");
    }
    let rejects = server.get("/api/rejects", &[]).await.json();
    let feeds = |list: &Value, name: &str| -> Vec<String> {
        list.as_array().unwrap().iter().map(|it| it[name].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(feeds(&rejects["rejects"], "feed"), ["air-gateway"]);
    let picture = server.get("/api/overview", &[]).await.json();
    assert_eq!(feeds(&picture["picture"]["rejects"], "feed"), ["air-gateway"]);
    assert_eq!(feeds(&picture["picture"]["feeds"], "id"), ["air-gateway"]);
    assert_eq!(feeds(&picture["pack"]["feeds"], "id"), ["air-gateway"]);
    assert!(picture["status"]["door"].as_array().unwrap().is_empty());
    assert!(server.get("/api/clients", &[]).await.json()["senders"].as_array().unwrap().is_empty());
    assert!(server.get("/api/pulls", &[]).await.json()["pulls"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn nobody_acts_on_what_they_do_not_see() {
    let server = of_two().await;
    server.asked_by(Some(ward("25459")));
    let said = b"{\"user\":\"an\"}";
    let acknowledge = |station| format!("/api/alerts/aqi-bad~{station}~1/acknowledge");
    assert_eq!(server.post(&acknowledge(FOREIGN), "application/json", said).await.status, 404);
    assert!(server.desk.taken.lock().unwrap().is_empty());
    assert_eq!(server.post(&acknowledge(STATION), "application/json", said).await.status, 202);
    assert_eq!(server.post("/api/pack/reload", "application/json", b"").await.status, 403);
    assert_eq!(server.post("/api/nodes/rebirth", "application/json", NODE).await.status, 403);
}

#[tokio::test]
async fn the_figures_are_the_provinces_and_who_is_given_it_sees_them() {
    let province =
        Place { name: text("Tỉnh", "Province"), ..ioc_testing::place(key("80"), PlaceKind::Province) };
    let mut pack = pack_with_map();
    for place in &mut pack.places {
        place.parent = Some("80".to_owned());
    }
    pack.places.push(province);
    let given = Asker::of(Sight::of_places(&pack, &[key("80")]));
    let server = Server::of(pack).await;
    server.board.apply(&of_both(1));
    for asker in [Asker::everyone(), given] {
        server.asked_by(Some(asker));
        let figures = server.get("/api/figures", &[]).await.json();
        assert_eq!(figures["figures"][0]["place"]["code"], "80");
        let picture = &server.get("/api/overview", &[]).await.json()["picture"];
        assert_eq!(picture["figures"][0]["place"]["code"], "80");
        assert!(subjects(&picture["tiles"]).contains(&FOREIGN), "what lies below it is in it");
    }
}
