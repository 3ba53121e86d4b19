//! Places of which nothing is reported: those that the ledger expects something of.

use ioc_dashboards::reports::CellView;
use ioc_model::{
    asker::{Asker, Sight},
    form::Mark,
    obligation::{OnChange, Owes, Reckoned},
    pack::Pack,
};

use crate::{
    reports::{cell, health},
    server::Server,
    support::pack,
};

const PATH: &str = "/api/reports/values?form=ktxh-x&period=2026-10";

fn reporting() -> Pack {
    let mut pack = Pack { forms: [("ktxh-x".to_owned(), health())].into(), ..pack() };
    pack.feeds.get_mut("air-files").unwrap().forms = vec!["ktxh-x".to_owned()];
    pack
}

/// Where one ward said something, and said so: the names of those that did not.
async fn silent(pack: Pack, mark: Mark) -> Vec<String> {
    let server = Server::of(pack).await;
    let from = "2000-01-01".parse().unwrap();
    server.record.tell(|told| {
        let number = if mark == Mark::Value { "12" } else { "" };
        told.cells = vec![CellView { place_from: from, ..cell("X01", number, mark) }];
    });
    names(&server.get(PATH, &[]).await.json())
}

fn names(values: &serde_json::Value) -> Vec<String> {
    let silent = values["silent"].as_array().unwrap().iter();
    silent.map(|place| place["place_name"]["en"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn who_reported_nothing_is_named_to_whoever_sees_all_that_could_have_come() {
    let server = Server::of(reporting()).await;
    let from = "2000-01-01".parse().unwrap();
    server.record.tell(|told| {
        told.cells = vec![CellView { place_from: from, ..cell("X01", "12", Mark::Value) }];
    });
    let values = server.get(PATH, &[]).await.json();
    assert_eq!(names(&values), ["Hòa Thành ward", "Trảng Bàng ward"]);
    let one = server.get(&format!("{PATH}&place=25459"), &[]).await.json();
    assert_eq!(one["silent"], serde_json::Value::Null);
    let quarter = server.get("/api/reports/values?form=ktxh-x&period=2026-Q4", &[]).await.json();
    assert_eq!(quarter["silent"], serde_json::Value::Null, "the form is of months");
    let domain = server.get("/api/reports/domain?screen=health", &[]).await.json();
    assert_eq!(domain["forms"][0]["feeds"], serde_json::json!(["air-files"]));
    server.asked_by(Some(Asker::of(Sight::default().and_feeds(["air-gateway"]))));
    let values = server.get(PATH, &[]).await.json();
    assert_eq!(values["silent"], serde_json::Value::Null, "who does not see the feed cannot know");
}

#[tokio::test]
async fn what_was_taken_back_or_left_empty_is_not_reported_and_what_has_no_number_is() {
    for (mark, silent_places) in [
        (Mark::Value, 2),
        (Mark::Withheld, 2),
        (Mark::NotCollected, 2),
        (Mark::Withdrawn, 3),
        (Mark::NotFilled, 3),
    ] {
        assert_eq!(silent(reporting(), mark).await.len(), silent_places, "{mark:?}");
    }
}

#[tokio::test]
async fn who_began_within_a_period_is_silent_as_the_ledger_expects_it() {
    let begun = |on_change| {
        let mut pack = reporting();
        let ward = pack.places.iter_mut().find(|place| place.name.en == "Trảng Bàng ward").unwrap();
        ward.key.valid_from = "2026-10-01".parse().unwrap();
        let due = (Reckoned::WorkingDays(2), "17:00");
        let (id, rule) = ioc_testing::obligation("monthly", "ktxh-x", Owes::Places, "2026-01-15", due);
        let _ = pack.obligations.insert(id, ioc_model::obligation::ObligationRule { on_change, ..rule });
        silent(pack, Mark::Value)
    };
    assert_eq!(begun(OnChange::AtEnd).await, ["Hòa Thành ward", "Trảng Bàng ward"]);
    assert_eq!(begun(OnChange::Whole).await, ["Hòa Thành ward"]);
}
