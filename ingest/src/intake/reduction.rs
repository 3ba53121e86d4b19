//! What of a chunk may reach the disk where feeds tell of persons.
//!
//! Of a message of such a feed what its reducer leaves. Of what goes astray (no feed claims its address, or its sender may
//! not send there) nothing but its size and a mark, where it comes from who sends of persons or was meant for such a feed.
//! An address and what a sender calls its request are words of the sender, too.

use std::sync::Arc;

use ioc_bus::{ChunkBuilder, ChunkView};
use ioc_decode::reduce::Reducer;
use ioc_model::{
    attribute::Attribute,
    envelope::{Content, Envelope, UNMATCHED},
    loss::Loss,
    position::{LogNumber, Offset, Partition},
    time::ReceivedAt,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// What is left of a message may be larger than it was: text takes more room than what is packed. Larger is withheld. Bytes.
const LEFT_MAX: usize = 64 << 20;
/// And so much of all messages of a chunk: files of a folder come by the thousand, and small ones may say much.
const LEFT_OF_A_CHUNK: usize = 256 << 20;

/// So many chunks are reduced at once: each may hold a workbook, which is many times as large when it is read.
static AT_WORK: Semaphore = Semaphore::const_new(2);

/// What stands for bytes that are not kept, without their hash: a hash of a few words is found by trying.
#[derive(Debug, Serialize, Deserialize)]
struct Withheld {
    reason: String,
    bytes: u64,
}

/// Whether some of a chunk may have to be reduced.
pub(super) fn concerns(reducer: &Reducer, chunk: &ChunkBuilder) -> bool {
    chunk.feeds().any(|feed| feed == UNMATCHED || reducer.is_personal(feed))
}

/// What may be appended of what a builder collected, which is empty afterwards. A workbook is read on a thread of its own.
pub(super) async fn reduced(
    reducer: Arc<Reducer>,
    sender: Arc<[String]>,
    chunk: &mut ChunkBuilder,
    received_at: ReceivedAt,
) -> ChunkBuilder {
    let whole = chunk.finish(received_at);
    let room = AT_WORK.acquire().await.ok();
    let reduction = tokio::task::spawn_blocking(move || {
        // Whoever goes away meanwhile makes no room: the work goes on.
        let _room = room;
        let view = ChunkView::parse(whole.bytes().to_vec().into()).expect("what was built is a chunk");
        drop(whole);
        let mut kept = ChunkBuilder::new();
        for envelope in view.iter(LogNumber(0), Partition(0), Offset(0)) {
            push(&reducer, &sender, &envelope, &mut kept);
        }
        kept
    });
    match reduction.await {
        Ok(kept) => kept,
        Err(error) => match error.try_into_panic() {
            // Nothing of it is appended, and its sender is told nothing.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => std::future::pending().await,
        },
    }
}

fn push(reducer: &Reducer, sender: &[String], envelope: &Envelope<'_>, kept: &mut ChunkBuilder) {
    let forbidden = envelope.attributes.get(Attribute::Forbidden);
    let is_astray = envelope.feed == UNMATCHED
        && (forbidden.is_some_and(|feed| reducer.is_personal(feed))
            || sender.iter().any(|feed| reducer.is_personal(feed)));
    // What was reduced before comes again as it was left.
    let is_reduced = envelope.attributes.get(Attribute::Reduced).is_some();
    match () {
        () if reducer.is_personal(envelope.feed) && !is_reduced => personal(reducer, envelope, kept),
        () if is_astray => {
            let bytes = said_bytes(envelope);
            let address = reducer.mark(envelope.address.as_bytes());
            withhold(envelope, "personal", bytes, &address, &attributes(reducer, envelope), kept);
        }
        () => {
            let own: Vec<(Attribute, &str)> = envelope.attributes.own().collect();
            kept.push_with(envelope.feed, envelope.content, envelope.address, &own, envelope.payload);
        }
    }
}

fn personal(reducer: &Reducer, envelope: &Envelope<'_>, kept: &mut ChunkBuilder) {
    let Envelope { feed, address, received_at, payload, .. } = *envelope;
    // The path of a push says nothing but the feed.
    let is_path = address.strip_prefix("/ingest/") == Some(feed);
    let kept_address = if is_path { address.to_owned() } else { reducer.address(feed, address, received_at) };
    let mut attributes = attributes(reducer, envelope);
    if envelope.content == Content::Withheld {
        return withhold(envelope, "too_large", said_bytes(envelope), &kept_address, &attributes, kept);
    }
    let left = reducer.reduce(feed, address, received_at, payload);
    if left.len() > LEFT_MAX.min(LEFT_OF_A_CHUNK.saturating_sub(kept.bytes())) {
        return withhold(envelope, "too_large", payload.len() as u64, &kept_address, &attributes, kept);
    }
    attributes.push((Attribute::Reduced, reducer.version().to_owned()));
    push_owned(kept, feed, Content::Raw, &kept_address, &attributes, &left);
}

fn withhold(
    envelope: &Envelope<'_>,
    reason: &str,
    bytes: u64,
    address: &str,
    attributes: &[(Attribute, String)],
    kept: &mut ChunkBuilder,
) {
    let said = Withheld { reason: reason.to_owned(), bytes };
    let said = serde_json::to_vec(&said).unwrap_or_default();
    push_owned(kept, envelope.feed, Content::Withheld, address, attributes, &said);
}

/// How many bytes came, of a message that is there or of one that its transport withheld.
fn said_bytes(envelope: &Envelope<'_>) -> u64 {
    let said = || serde_json::from_slice::<Withheld>(envelope.payload).map(|said| said.bytes);
    match envelope.content {
        Content::Raw => envelope.payload.len() as u64,
        Content::Withheld => said().unwrap_or_default(),
    }
}

/// What is known beside a message and says nothing of what is in it. What its sender calls it is known again by its mark.
fn attributes(reducer: &Reducer, envelope: &Envelope<'_>) -> Vec<(Attribute, String)> {
    let kept = |(attribute, text): (Attribute, &str)| match attribute {
        Attribute::Retained
        | Attribute::Will
        | Attribute::Forbidden
        | Attribute::Asked
        | Attribute::Confirmed
        | Attribute::Owed
        | Attribute::Record
        | Attribute::Exchange => Some((attribute, text.to_owned())),
        // What is told of a loss is in our own words.
        Attribute::Fault if text.parse::<Loss>().is_ok() => Some((attribute, text.to_owned())),
        Attribute::Origin => Some((attribute, reducer.mark(text.as_bytes()))),
        _ => None,
    };
    envelope.attributes.own().filter_map(kept).collect()
}

fn push_owned(
    kept: &mut ChunkBuilder,
    feed: &str,
    content: Content,
    address: &str,
    attributes: &[(Attribute, String)],
    payload: &[u8],
) {
    let attributes: Vec<(Attribute, &str)> =
        attributes.iter().map(|(attribute, text)| (*attribute, text.as_str())).collect();
    kept.push_with(feed, content, address, &attributes, payload);
}

#[cfg(test)]
mod tests {
    use ioc_decode::reduce::Key;
    use ioc_model::{
        contract::Contract,
        pack::{Feed, FormatName},
    };

    use super::*;

    const NAME: &str = "Nguyễn Thị Bích";

    fn reducer() -> Arc<Reducer> {
        let lists = Feed {
            format: FormatName::Table,
            personal: true,
            ..ioc_testing::feed("lists", Contract::default())
        };
        let air = ioc_testing::feed("air", Contract::default());
        let pack = ioc_testing::pack("test", Vec::new(), Vec::new(), vec![lists, air]);
        Arc::new(Reducer::of_pack(&pack, Key::new([1; 32])).unwrap().unwrap())
    }

    /// What reaches the disk of a chunk of a sender that may send to those feeds.
    async fn kept(
        feeds: &[&str],
        fill: impl FnOnce(&mut ChunkBuilder),
    ) -> Vec<(String, Content, String, String)> {
        let mut chunk = ChunkBuilder::new();
        fill(&mut chunk);
        let sender: Arc<[String]> = feeds.iter().map(|feed| (*feed).to_owned()).collect();
        let reducer = reducer();
        assert!(concerns(&reducer, &chunk));
        let mut kept = reduced(reducer, sender, &mut chunk, ReceivedAt(0)).await;
        assert!(chunk.is_empty());
        let view = ChunkView::parse(kept.finish(ReceivedAt(0)).bytes().to_vec().into()).unwrap();
        view.iter(LogNumber(0), Partition(0), Offset(0))
            .map(|envelope| {
                let payload = String::from_utf8_lossy(envelope.payload).into_owned();
                let known = format!("{} {:?}", envelope.address, envelope.attributes);
                (envelope.feed.to_owned(), envelope.content, known, payload)
            })
            .collect()
    }

    #[tokio::test]
    async fn personal_of_a_message_address_and_attributes_nothing_is_left_but_what_may_be() {
        let known = [(Attribute::ContentType, NAME), (Attribute::Origin, NAME), (Attribute::Retained, "1")];
        let left = kept(&["lists"], |chunk| {
            chunk.push_with("lists", Content::Raw, &format!("{NAME}.csv"), &known, NAME.as_bytes());
            chunk.push_with("air", Content::Raw, NAME, &known, NAME.as_bytes());
        })
        .await;
        let (feed, content, known, payload) = &left[0];
        assert_eq!((feed.as_str(), *content), ("lists", Content::Raw));
        assert!(!known.contains(NAME) && !payload.contains(NAME), "{known} {payload}");
        assert!(known.contains("reduced") && known.contains("retained") && !known.contains("content_type"));
        // What is of another feed is as it was.
        assert_eq!((&*left[1].3, left[1].0.as_str()), (NAME, "air"));
        assert!(left[1].2.contains("content_type"));
    }

    #[tokio::test]
    async fn personal_what_goes_astray_is_withheld_where_it_may_be_of_persons() {
        let astray = |chunk: &mut ChunkBuilder| {
            chunk.push(UNMATCHED, Content::Raw, NAME, NAME.as_bytes());
            let forbidden = [(Attribute::Forbidden, "lists")];
            chunk.push_with(UNMATCHED, Content::Raw, NAME, &forbidden, NAME.as_bytes());
        };
        let withheld = (Content::Withheld, format!(r#"{{"reason":"personal","bytes":{}}}"#, NAME.len()));
        let left = kept(&["lists"], astray).await;
        for (_, content, known, payload) in &left {
            assert_eq!((*content, payload.clone()), withheld);
            assert!(!known.contains(NAME), "{known}");
        }
        let left = kept(&["air"], astray).await;
        assert_eq!((left[0].1, left[0].3.as_str()), (Content::Raw, NAME), "no such list was meant");
        assert_eq!((left[1].1, left[1].3.clone()), withheld, "it was meant for one");
    }

    #[tokio::test]
    async fn personal_what_was_withheld_has_no_hash_and_what_was_reduced_stays_as_it_was_left() {
        let reduced = [(Attribute::Reduced, "v1")];
        let left = kept(&[], |chunk| {
            let said = r#"{"reason":"too_large","bytes":7,"sha256":"ab"}"#;
            chunk.push("lists", Content::Withheld, "a", said.as_bytes());
            chunk.push_with("lists", Content::Raw, "a", &reduced, b"{}");
        })
        .await;
        assert_eq!(left[0].3, r#"{"reason":"too_large","bytes":7}"#);
        assert_eq!((left[1].3.as_str(), left[1].2.contains("v1")), ("{}", true));
    }
}
