//! The figures of the overview are told as they were said, now and as of a moment.

use ioc_dashboards::figures::FigureView;
use ioc_model::{asker::Asker, epoch::Epoch};
use serde_json::Value;

use crate::{
    server::{NOON, Server},
    support::{figure, pack_with_map, results},
};

fn values(answer: &Value) -> Vec<f64> {
    answer["figures"].as_array().unwrap().iter().map(|figure| figure["value"].as_f64().unwrap()).collect()
}

#[tokio::test]
async fn what_the_flow_said_is_in_the_picture_pushed_once_and_asked_for() {
    let server = Server::of(pack_with_map()).await;
    let mut made = results(1, NOON);
    made.facts.figures.push(figure(NOON, 97.0));
    server.board.apply(&made);
    server.board.apply(&results(2, NOON + 1));
    assert_eq!(server.board.everything(&Asker::everyone()).figures.len(), 1);
    assert_eq!(
        server.board.changes(&Asker::everyone(), Epoch(0)).figures,
        [FigureView::new(Epoch(1), &figure(NOON, 97.0))]
    );
    assert!(server.board.changes(&Asker::everyone(), Epoch(1)).is_empty());
    let answer = server.get("/api/figures", &[]).await.json();
    assert_eq!((values(&answer), &answer["known_at"]), (vec![97.0], &Value::Null));
    assert_eq!(answer["figures"][0]["verdict"], "near");
    assert!(server.record.asked().is_empty(), "how they are, the board knows");
}

#[tokio::test]
async fn what_was_said_at_a_moment_comes_from_the_store_by_both_ways_to_write_a_moment() {
    let server = Server::of(pack_with_map()).await;
    server.record.tell(|told| told.figures = vec![FigureView::new(Epoch(1), &figure(NOON, 12.0))]);
    for at in ["1772499600000", "2026-03-03T08:00:00%2B07:00", "2026-03-03T01:00:00Z"] {
        let answer = server.get(&format!("/api/figures?at={at}"), &[]).await.json();
        assert_eq!((values(&answer), answer["known_at"].as_i64()), (vec![12.0], Some(1_772_499_600_000)));
    }
    assert_eq!(server.record.asked(), ["figures 1772499600000"; 3]);
    for at in ["yesterday", "2026-03-03", "99999999999999999", ""] {
        let reply = server.get(&format!("/api/figures?at={at}"), &[]).await;
        assert_eq!(reply.status, 400, "{at}");
    }
}
