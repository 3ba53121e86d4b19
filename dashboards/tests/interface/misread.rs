//! What could not be read over the wire: by who sent it, and by product.

use ioc_dashboards::misread::{Misread, MisreadGroup, MisreadLast, ProductView};
use ioc_model::{
    pack::{Feed, FormatName, LogSource, Pack},
    reject::RejectReason,
    text::Text,
    time::ReceivedAt,
};

use crate::{
    events::watched,
    server::{NOON, Server},
    support::{HOUR, results},
};

fn group(sender: &str, reason: RejectReason, rejects: u64, row: Option<u32>) -> MisreadGroup {
    let message =
        row.is_none().then(|| Text { vi: "95 trong 150 byte".into(), en: "95 of 150 bytes".into() });
    let last = MisreadLast { received_at: ReceivedAt(NOON), position: "1-0-7".to_owned(), row, message };
    MisreadGroup { sender: sender.to_owned(), feed: "security".to_owned(), reason, rejects, last }
}

/// What a firewall and a stranger sent wrongly, and a product without a scale.
pub fn misread() -> Misread {
    let product = ProductView {
        log_source: "ids-a".to_owned(),
        name: None,
        vendor: "ExampleSec".to_owned(),
        product: "Web Gateway".to_owned(),
        weight: 9,
        rows: 8,
        by_format: 5,
        not_rated: 3,
        unrecognized: 0,
        received_at: ReceivedAt(NOON),
        position: "1-0-8".to_owned(),
        row: 0,
    };
    let framing = group("192.0.2.7", RejectReason::Framing, 41, None);
    let malformed = group("203.0.113.9", RejectReason::Malformed, 2, Some(4));
    Misread { groups: vec![framing, malformed], senders_all: 5, products: vec![product], products_all: 1 }
}

fn pack() -> Pack {
    let mut pack = watched();
    let firewall =
        LogSource { addresses: vec!["192.0.2.7/32".parse().unwrap()], ..pack.log_sources["fw-a"].clone() };
    let _ = pack.log_sources.insert("fw-a".to_owned(), firewall);
    for (id, format) in [("security", FormatName::Syslog), ("antivirus", FormatName::EventCsv)] {
        let _ =
            pack.feeds.insert(id.to_owned(), Feed { format, ..ioc_testing::feed(id, Default::default()) });
    }
    pack
}

#[tokio::test]
async fn who_sends_what_cannot_be_read_is_the_log_source_where_the_pack_knows_the_address() {
    let server = Server::of(pack()).await;
    server.board.apply(&results(1, NOON));
    server.record.tell(|told| told.misread = misread());
    let answer =
        server.get(&format!("/api/security/misread?from={}&until={NOON}", NOON - HOUR), &[]).await.json();
    let told = &answer["senders"][0];
    let called = (&told["log_source"], &told["name"]["en"], &told["sender"], &told["rejects"]);
    assert_eq!(called, (&"fw-a".into(), &"Source".into(), &"192.0.2.7".into(), &41.into()));
    assert_eq!(told["reasons"], serde_json::json!([{ "reason": "framing", "rejects": 41 }]));
    assert_eq!(told["last"]["position"], "1-0-7");
    let stranger = &answer["senders"][1];
    assert!(stranger["log_source"].is_null() && stranger["sender"] == "203.0.113.9", "{stranger}");
    assert_eq!((&stranger["last"]["row"], &stranger["last"]["message"].is_null()), (&4.into(), &true));
    assert_eq!(answer["senders_more"], 3, "beside the two that are listed");
    let product = &answer["products"][0];
    assert_eq!((&product["name"]["vi"], &product["not_rated"]), (&"Nguồn".into(), &3.into()));
    assert_eq!(answer["products_more"], 0);
    let asked = server.record.asked();
    let expected = format!("misread [\"antivirus\", \"security\"] {} {NOON}", NOON - HOUR);
    assert_eq!(asked, [expected], "the feeds that bring events");
    for query in ["from=2&until=1", "from=0", "limit=1"] {
        assert_eq!(server.get(&format!("/api/security/misread?{query}"), &[]).await.status, 400, "{query}");
    }
}
