use std::fs::File;

use ioc_bus::{DiskLog, DiskLogConfig};

use super::*;
use crate::transport::mqtt::exchanges::Taken;

const LIMITS: SessionLimits = SessionLimits { most: 3, longest: 1_000 };

fn opened(folder: &Path) -> Result<Sessions, SessionsError> {
    // Another one each time: that of a killed process is still held.
    let folder_of_log = folder.join(format!("log-{}", rand::random::<u64>()));
    let config = DiskLogConfig { folder: folder_of_log, partitions: 1, ..DiskLogConfig::default() };
    let log = DiskLog::open(&config).expect("a log");
    Sessions::open(folder, LIMITS, Arc::new(log), Arc::default(), Arc::default())
}

fn key(client: &str) -> ClientKey {
    ClientKey::new("gateway", client)
}

fn end(sessions: &Sessions, client: &str, lifetime: Option<u32>) {
    let listener = sessions.shared.lock().listening[&key(client)].clone();
    sessions.end(&listener, lifetime);
}

async fn present(sessions: &Sessions, client: &str, clean: bool, lifetime: u32) -> bool {
    sessions.begin(&key(client), clean, lifetime).await.expect("stored").present
}

#[tokio::test]
async fn a_session_outlives_the_process_and_a_cleaned_one_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || opened(folder.path()).expect("opened");
    let sessions = open();
    assert!(!present(&sessions, "lasting", false, u32::MAX).await);
    assert!(!present(&sessions, "cleaned", false, 100).await);
    assert!(!present(&sessions, "fleeting", false, 0).await);
    assert!(present(&sessions, "cleaned", false, 100).await);
    assert!(!present(&sessions, "cleaned", true, 0).await);
    // A killed process drops nothing in order: the file alone must tell.
    std::mem::forget(sessions);
    let sessions = open();
    assert!(present(&sessions, "lasting", false, u32::MAX).await);
    assert!(!present(&sessions, "cleaned", false, 0).await);
    assert!(!present(&sessions, "fleeting", false, 0).await);
}

#[tokio::test]
async fn ack_what_a_session_is_subscribed_to_outlives_the_process_and_a_clean_start_has_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let sessions = opened(folder.path()).expect("opened");
    let line = r#"[{"filter":"spBv1.0/G/NCMD/#","qos":1,"identifier":7}]"#;
    let wanted: Arc<[Subscription]> = serde_json::from_str(line).expect("subscriptions");
    let begun = sessions.begin(&key("lasting"), false, 100).await.expect("stored");
    assert!(sessions.subscribed(&begun.listener, wanted.clone()).await);
    let fleeting = sessions.begin(&key("fleeting"), false, 0).await.expect("begun");
    assert!(sessions.subscribed(&fleeting.listener, wanted.clone()).await, "there is nothing to keep");
    // A killed process drops nothing in order.
    std::mem::forget(sessions);
    let sessions = opened(folder.path()).expect("opened");
    let begun = sessions.begin(&key("lasting"), false, 100).await.expect("stored");
    assert!(begun.present);
    assert_eq!(begun.listener.subscriptions(), wanted);
    assert!(sessions.subscribed(&begun.listener, Arc::default()).await);
    assert!(sessions.subscribed(&begun.listener, wanted.clone()).await);
    let clean = sessions.begin(&key("lasting"), true, 100).await.expect("stored");
    assert!(!clean.present && clean.listener.subscriptions().is_empty());
    assert!(sessions.subscribed(&begun.listener, wanted).await, "of a session that is over nothing is kept");
    drop(sessions);
    let sessions = opened(folder.path()).expect("opened");
    let begun = sessions.begin(&key("lasting"), false, 100).await.expect("stored");
    assert!(begun.present && begun.listener.subscriptions().is_empty());
}

#[test]
fn safe_a_line_with_subscriptions_nobody_can_have_been_granted_costs_its_session() {
    for filter in ["a/#/b", "", "$share/g/a"] {
        let line = format!(
            "{{\"client\":\"gateway/a\",\"lifetime\":9}}\n{{\"client\":\"gateway/a\",\"lifetime\":9,\"subscriptions\":[{{\"filter\":\"{filter}\"}}]}}\n"
        );
        assert!(read_lines(line.as_bytes()).is_empty(), "{filter}");
    }
    let line = "{\"client\":\"gateway/a\",\"lifetime\":9,\"subscriptions\":[{\"filter\":\"a\"}]}\n";
    assert_eq!(read_lines(line.as_bytes()).len(), 1);
}

#[tokio::test]
async fn a_clean_start_is_never_present_but_may_begin_a_lasting_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let sessions = opened(folder.path()).expect("opened");
    assert!(!present(&sessions, "a", true, 100).await);
    assert!(!present(&sessions, "a", true, 100).await);
    assert!(present(&sessions, "a", false, 100).await);
}

#[tokio::test]
async fn a_session_ends_with_its_lifetime() {
    let folder = tempfile::tempdir().expect("a folder");
    let sessions = opened(folder.path()).expect("opened");
    assert!(!present(&sessions, "a", false, 10).await);
    end(&sessions, "a", None);
    sessions.shared.lock().sessions.get_mut(&key("a")).expect("kept").since = Some(now() - 9_000);
    assert!(present(&sessions, "a", false, 10).await);
    end(&sessions, "a", None);
    sessions.shared.lock().sessions.get_mut(&key("a")).expect("kept").since = Some(now() - 10_000);
    assert!(!present(&sessions, "a", false, 10).await);
    end(&sessions, "a", Some(0));
    assert!(!present(&sessions, "a", false, 10).await, "its DISCONNECT ended it");
    assert_eq!(sessions.begin(&key("a"), false, u32::MAX).await.expect("stored").lifetime, LIMITS.longest);
}

#[tokio::test]
async fn bound_what_a_session_has_open_ends_with_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let sessions = opened(folder.path()).expect("opened");
    let begun = sessions.begin(&key("a"), false, 10).await.expect("stored");
    let mut opening = None;
    let taken = begun.exchanges.publish(1, false, None, &mut opening, true);
    assert!(matches!(taken, Taken::New));
    end(&sessions, "a", None);
    tokio::time::sleep(5 * SWEEP_EVERY).await;
    assert!(sessions.shared.lock().sessions.contains_key(&key("a")), "its time is not over");
    sessions.shared.lock().sessions.get_mut(&key("a")).expect("kept").since = Some(now() - 10_000);
    while sessions.shared.lock().exchanges.contains_key(&key("a")) {
        tokio::time::sleep(SWEEP_EVERY).await;
    }
    drop(sessions);
    let text = std::fs::read_to_string(folder.path().join(FILE)).expect("read");
    assert_eq!(text.lines().count(), 3, "begun, ended, forgotten");
}

#[tokio::test]
async fn bound_the_session_longest_away_goes_first_among_the_senders_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let sessions = opened(folder.path()).expect("opened");
    for (sender, client, since) in
        [("other", "old", 1_000), ("gateway", "away", 2_000), ("gateway", "here", 0)]
    {
        let key = ClientKey::new(sender, client);
        let _begun = sessions.begin(&key, false, 1_000).await.expect("stored");
        if since > 0 {
            sessions.shared.lock().sessions.get_mut(&key).expect("kept").since = Some(now() - since);
        }
    }
    let kept = |sender, client| sessions.shared.lock().sessions.contains_key(&ClientKey::new(sender, client));
    assert!(!present(&sessions, "new", false, 1_000).await);
    assert!(kept("other", "old") && !kept("gateway", "away"));
    assert!(!present(&sessions, "newer", false, 1_000).await);
    assert!(!kept("other", "old"));
    assert!(matches!(sessions.begin(&key("newest"), false, 1_000).await, Err(SessionsError::TooMany)));
    assert!(!present(&sessions, "fleeting", true, 0).await, "no room is needed for none");
}

#[tokio::test]
async fn torn_and_damaged_lines_cost_only_their_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let sessions = opened(folder.path()).expect("opened");
    assert!(!present(&sessions, "a", false, 100).await);
    assert!(!present(&sessions, "b", false, 100).await);
    drop(sessions);
    let path = folder.path().join(FILE);
    let mut text = std::fs::read(&path).expect("read");
    text.splice(0..0, *b"\0\0garbage\n");
    text.extend_from_slice(b"{\"client\":\"gateway/a\"");
    std::fs::write(&path, text).expect("written");
    let sessions = opened(folder.path()).expect("opened");
    assert!(present(&sessions, "a", false, 100).await);
    assert!(present(&sessions, "b", false, 100).await);
}

#[tokio::test]
async fn bound_the_file_is_rewritten_when_most_of_it_is_outdated() {
    let folder = tempfile::tempdir().expect("a folder");
    let sessions = opened(folder.path()).expect("opened");
    let _begun = sessions.begin(&key("a"), false, 100).await.expect("stored");
    for round in 0..2 * SPARE_LINES as u32 {
        assert!(present(&sessions, "a", false, 200 + round).await);
    }
    drop(sessions);
    let text = std::fs::read_to_string(folder.path().join(FILE)).expect("read");
    assert!(text.lines().count() < 2 * SPARE_LINES, "{} lines", text.lines().count());
}

#[tokio::test]
async fn loud_while_the_disk_refuses_new_sessions_are_refused_and_known_ones_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("away").join(FILE);
    // A file that can only be read, in a folder that is not there, stands in for a disk that refuses.
    let readable = folder.path().join("readable");
    std::fs::write(&readable, "").expect("written");
    let broken = LinesFile { path: path.clone(), file: File::open(&readable).expect("opened"), lines: 0 };
    let shared = Arc::new(Shared::default());
    let all = Exchanges::new(Arc::default());
    let own = all.begin("gateway");
    let (number, subscriptions) = (own.number(), Arc::default());
    let known = Session { lifetime: 100, since: Some(now()), number, is_stored: true, subscriptions };
    let _none = shared.lock().sessions.insert(key("known"), known);
    let _none = shared.lock().exchanges.insert(key("known"), own);
    let listeners: Arc<Listeners> = Arc::default();
    let heard = listeners.enter(&key("known"), &Arc::default());
    let _none = shared.lock().listening.insert(key("known"), heard);
    let writer = std::thread::spawn({
        let shared = shared.clone();
        move || shared.write_until_closed(broken)
    });
    let sessions =
        Sessions { shared, exchanges: all, listeners, _book: None, limits: LIMITS, writer: Some(writer) };
    for _attempt in 0..2 {
        assert!(matches!(sessions.begin(&key("new"), false, 100).await, Err(SessionsError::NotStored)));
        assert!(present(&sessions, "known", false, 100).await);
    }
    std::fs::create_dir(folder.path().join("away")).expect("made");
    assert!(!present(&sessions, "new", false, 100).await, "it was never stored before");
    assert!(present(&sessions, "new", false, 100).await);
    drop(sessions);
    let text = std::fs::read_to_string(&path).expect("written anew");
    assert!(text.contains("gateway/known") && text.contains("gateway/new"));
}
