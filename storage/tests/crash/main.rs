//! ONCE at the stopping points between insert and commit, and the control that shows these tests can fail.
//!
//! Apart from the other tests, because stopping points are the whole process's: run with
//! `cargo test -p ioc-storage --features failpoints --test crash`.

mod archive;
#[path = "../../src/sample.rs"]
mod sample;
#[allow(dead_code, reason = "shared with the other tests")]
#[path = "../store/server.rs"]
mod server;
#[path = "../store/template.rs"]
mod template;

use ioc_model::epoch::Epoch;
use server::TestServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_an_epoch_whose_process_died_at_any_point_is_stored_once_by_the_next() {
    let scenario = fail::FailScenario::setup();
    let server = TestServer::start().await;
    let points = ["sink_before_insert", "sink_after_insert", "sink_after_commit"];
    for (number, point) in (1..).zip(points) {
        let results = sample::results(Epoch(number), 10);
        fail::cfg(point, "panic").unwrap();
        let sink = server.sink();
        let dying = {
            let results = results.clone();
            tokio::spawn(async move { sink.write(&results, false).await })
        };
        assert!(dying.await.unwrap_err().is_panic(), "{point} was not reached");
        fail::remove(point);
        let stored = if point == "sink_before_insert" { 0 } else { 10 };
        let committed = u64::from(point == "sink_after_commit");
        assert_eq!(server.count(&format!("observation WHERE epoch = {number}")).await, stored, "{point}");
        assert_eq!(server.count(&format!("epoch WHERE epoch = {number}")).await, committed, "{point}");

        server.sink().write(&results, true).await.unwrap();
        assert_eq!(server.count(&format!("observation WHERE epoch = {number}")).await, 10, "{point}");
        assert_eq!(server.count(&format!("epoch WHERE epoch = {number}")).await, 1, "{point}");
    }
    scenario.teardown();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_without_tokens_and_counting_the_same_epoch_is_doubled() {
    let scenario = fail::FailScenario::setup();
    let server = TestServer::start().await;
    fail::cfg("sink_no_deduplication", "return").unwrap();
    let results = sample::results(Epoch(1), 10);
    server.sink().write(&results, false).await.unwrap();
    server.sink().write(&results, false).await.unwrap();
    assert_eq!(server.count("observation").await, 20);
    scenario.teardown();
}
