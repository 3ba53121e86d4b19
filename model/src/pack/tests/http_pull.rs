//! Feeds that are asked of an interface over HTTP (LOUD).

use super::*;
use crate::pack::{PagingBy, PeriodLength, Placeholder, PullAuth, SinceForm, Taken, Total};

const TRANSPORT: &str = "transport = { kind = \"mqtt\", topics = [\"ioc/air/+\"] }";

/// The valid pack, whose feed is asked so.
fn asked(transport: &str) -> PackFiles {
    let indented = format!("transport = {{ kind = \"http_pull\", {transport} }}");
    replaced("feeds.toml", TRANSPORT, &indented)
}

const PAGES: &str = "url = \"https://h.example/x?tu={since}&trang={page}&so={limit}\", every = \"5m\", records = \"/data\", \
    key = [\"/id\"], paging = { kind = \"page\", size = 50, total = \"/total\" }, \
    since = { at = \"/t\", first = \"2026-01-01T00:00:00Z\" }";

#[test]
fn a_feed_says_what_is_asked_and_what_of_it_is_taken() {
    let more = "auth = { kind = \"oauth2\", token_url = \"https://h.example/token\", scope = \"doc\", by = \"body\" }, \
        headers = { Accept = \"application/json\" }, \
        compare = { every = \"24h\", period = \"quarter\", back = 4, url = \"https://h.example/x?ky={period}&trang={page}\" }";
    let pack = Pack::parse(&asked(&format!("{PAGES}, {more}"))).unwrap_or_else(|faults| panic!("{faults}"));
    let Transport::HttpPull(of) = &pack.feeds["air"].transport else { panic!() };
    assert_eq!(of.address(), "https://h.example/x");
    assert_eq!((of.paging.by.clone(), of.paging.size, of.paging.look_back), (PagingBy::Page(1), 50, true));
    assert_eq!(of.paging.total, Some(Total::At("/total".to_owned())));
    assert_eq!(of.taken, Taken::Records { at: "/data".to_owned(), key: vec!["/id".to_owned()] });
    let since = of.since.as_ref().unwrap();
    assert_eq!((&since.form, since.overlap), (&SinceForm::Rfc3339, Millis::minutes(1)));
    assert!(matches!(&of.auth, PullAuth::OAuth2 { in_body: true, .. }));
    let compare = of.compare.as_ref().unwrap();
    assert_eq!((compare.period, compare.back, compare.format.as_str()), (PeriodLength::Quarter, 4, "%Y-Q%q"));
    assert_eq!(of.headers, [("Accept".to_owned(), "application/json".to_owned())]);
    assert!(of.is_in_parts());
    let whole = Pack::parse(&asked("url = \"https://h.example/x.csv\", every = \"1h\"")).unwrap();
    let Transport::HttpPull(of) = &whole.feeds["air"].transport else { panic!() };
    assert!(!of.is_in_parts() && of.taken == Taken::Answer);
}

#[test]
fn what_cannot_be_asked_is_said_before_anything_is() {
    let with = |from: &str, to: &str| {
        assert!(PAGES.contains(from), "{from}");
        PAGES.replacen(from, to, 1)
    };
    let offset = with("{ kind = \"page\", size = 50", "{ kind = \"offset\", size = 1");
    for (transport, fault) in [
        (with("https://h.example", "ftp://h.example"), "is no address"),
        (with("https://h.example", "https://ioc:secret@h.example"), "who asks is not the pack's to say"),
        (with("{limit}", "{size}"), "'{size}' stands for nothing (there are: {since}"),
        (with("tu={since}&", ""), "{since} stands neither in 'url' nor in 'body', and 'since' needs it"),
        (with("trang={page}", "trang={offset}"), "{offset} stands for nothing without paging by offset"),
        (with("so={limit}", "ky={period}"), "{period} stands for nothing without 'compare'"),
        (with("every = \"5m\"", "every = \"100ms\""), "'every' is at least 1s"),
        (with("key = [\"/id\"], ", ""), "'key' must name what makes a record one"),
        (with("\"/data\"", "\"data\""), "'data' is no place in JSON: write \"/data\""),
        (with("records = \"/data\", key = [\"/id\"], ", ""), "pages by number end where no record is"),
        (with("kind = \"page\"", "kind = \"scroll\""), "'scroll' is no paging"),
        (with("kind = \"page\"", "kind = \"cursor\""), "'at' says where the cursor is"),
        (with("total = \"/total\"", "at = \"/next\""), "'at' is of links and cursors"),
        (offset, "'size'"),
        (with("first = \"2026-01-01T00:00:00Z\"", "first = \"hôm qua\""), "'first' is a moment"),
        (
            with("at = \"/t\",", "at = \"/t\", form = \"number\", overlap = \"1m\","),
            "'overlap' is of moments",
        ),
        (with("at = \"/t\",", "at = \"/t\", ordered = true,"), "'ordered' is of numbers"),
        (with("at = \"/t\",", "at = \"/t\", form = \"iso\","), "'iso' is neither number, rfc3339"),
        (with("at = \"/t\",", "at = \"/t\", overlap = \"72h\","), "'overlap' is at most 48h"),
        (format!("{PAGES}, columns = [\"id\"]"), "'json_observation' is no format of tables"),
        (
            format!("{PAGES}, headers = {{ Authorization = \"x\" }}"),
            "'Authorization' is no header of a pack's",
        ),
        (
            format!("{PAGES}, auth = {{ kind = \"ntlm\" }}"),
            "'ntlm' is not known (there are: basic, bearer, oauth2)",
        ),
        (format!("{PAGES}, auth = {{ kind = \"oauth2\" }}"), "'token_url' is missing"),
        (
            format!("{PAGES}, auth = {{ kind = \"oauth2\", token_url = \"https://h/t\", by = \"query\" }}"),
            "'by' is \"header\" or \"body\"",
        ),
        (
            format!("{PAGES}, compare = {{ every = \"24h\", period = \"month\", url = \"https://h/x\" }}"),
            "'url' says nowhere which period",
        ),
        (
            format!(
                "{PAGES}, compare = {{ every = \"24h\", period = \"month\", url = \"https://h/x?ky={{period}}\" }}"
            ),
            "{page} is missing in 'url' of 'compare'",
        ),
        (
            format!(
                "{PAGES}, compare = {{ every = \"24h\", period = \"week\", url = \"https://h/x?ky={{period}}&p={{page}}\" }}"
            ),
            "'week' is no period",
        ),
        (
            with("kind = \"page\", size = 50, total = \"/total\"", "kind = \"link\", ends_short = true"),
            "'ends_short' is of pages",
        ),
        (
            with("kind = \"page\", size = 50,", "kind = \"cursor\", at = \"/next\","),
            "a cursor leads to its own end",
        ),
        (format!("{PAGES}, colour = \"red\""), "'colour' is not a key of this table"),
    ] {
        let faults = faults(&asked(&transport));
        assert!(faults.iter().any(|said| said.contains(fault)), "{fault}: {faults:?}");
    }
    let syslog = replaced("feeds.toml", "json_observation", "syslog");
    let mut files = syslog;
    let text = files["feeds.toml"].replacen(
        TRANSPORT,
        "transport = { kind = \"http_pull\", url = \"https://h/x\", every = \"1m\" }",
        1,
    );
    let _before = files.insert("feeds.toml".to_owned(), text);
    assert!(faults(&files).iter().any(|said| said.contains("rows of 'syslog' have no key of their own")));
}

#[test]
fn safe_periods_are_asked_for_where_the_listing_is_and_nowhere_else() {
    let faults_of = |url: &str| {
        let compare = format!(
            "compare = {{ every = \"24h\", period = \"month\", url = \"{url}/y?ky={{period}}&p={{page}}\" }}"
        );
        let parsed = Pack::parse(&asked(&format!("{PAGES}, {compare}")));
        parsed.err().map_or_else(String::new, |faults| faults.to_string())
    };
    for same in ["https://h.example", "https://H.example:443"] {
        assert_eq!(faults_of(same), "", "{same}");
    }
    for other in ["http://h.example", "https://h.example:8443", "https://h.example.evil"] {
        assert!(faults_of(other).contains("'url' of 'compare' leads to another place"), "{other}");
    }
}

#[test]
fn once_rows_of_events_are_asked_for_only_where_something_makes_each_of_them_one() {
    let sql =
        "kind = \"sql\", url = \"postgres://h/x\", query = \"SELECT * FROM t\", by = \"n\", every = \"1m\"";
    for transport in ["kind = \"http_pull\", url = \"https://h/x.csv\", every = \"1m\"", sql] {
        let faults_of = |id: &str| {
            let mut files = replaced("feeds.toml", "json_observation", "event_csv");
            let columns = format!("[air.columns]\nkind = \"infection\"\ntime = \"T\"\n{id}[air.contract]");
            let text = files["feeds.toml"].replacen(TRANSPORT, &format!("transport = {{ {transport} }}"), 1);
            let _before = files.insert("feeds.toml".to_owned(), text.replacen("[air.contract]", &columns, 1));
            Pack::parse(&files).err().map_or_else(String::new, |faults| faults.to_string())
        };
        assert_eq!(faults_of("id = [\"Mã\"]\n"), "", "{transport}");
        assert!(faults_of("").contains("name in 'columns' the 'id' that makes a row"), "{transport}");
    }
}

#[test]
fn each_placeholder_is_written_once() {
    let texts: std::collections::BTreeSet<&str> =
        Placeholder::ALL.into_iter().map(Placeholder::text).collect();
    assert_eq!(texts.len(), Placeholder::ALL.len());
}
