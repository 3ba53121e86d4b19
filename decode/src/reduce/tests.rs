//! What is left of messages that tell of persons.

use std::sync::{Arc, LazyLock};

use ioc_model::{attribute::Attributes, form::Rule, names::Names, pack::Pack};
use proptest::prelude::*;

use super::*;
use crate::{Decoder, contract::form::tests::with_forms, grid::Content, said::Wrong, trial::trial};

const LIST: &str = r#"
[list]
name = { vi = "Ca bệnh", en = "Cases" }
titles = ["*danh sách ca bệnh*"]
period = "month"
owner = "place"
places = { kinds = ["commune", "ward"], below = ["80"] }
columns = [
    { id = "case", role = "id", name = { vi = "Mã ca", en = "Case" } },
    { id = "place", role = "place", name = { vi = "Mã xã", en = "Code" }, required = true },
    { id = "name", role = "ignored", name = { vi = "Họ và tên", en = "Name" } },
    { id = "sex", role = "dimension", name = { vi = "Giới", en = "Sex" }, members = [
        { id = "f", name = { vi = "Nữ", en = "Female" } }, { id = "m", name = { vi = "Nam", en = "Male" } } ] },
    { id = "from", role = "date", name = { vi = "Mắc", en = "Fell ill" }, required = true },
    { id = "note", role = "note", name = { vi = "Ghi chú", en = "Note" } },
]

[list.indicators.cases]
name = { vi = "Số ca", en = "Cases" }
unit = "ca"
counts = { rows = true }
"#;

const NAME: &str = "Nguyễn Thị Bích Ngân";
const CARD: &str = "072196001234";
const TELEPHONE: &str = "0903771455";
const ADDRESS: &str = "tổ 7, ấp Thạnh Lợi";

fn personal(format: FormatName) -> Pack {
    let mut pack = with_forms(LIST);
    let feed = ioc_model::pack::Feed {
        format,
        forms: vec!["list".to_owned()],
        personal: true,
        ..ioc_testing::feed("cases", ioc_model::contract::Contract::default())
    };
    let _ = pack.feeds.insert("cases".to_owned(), feed);
    pack
}

/// Of those tables.
fn reducer(format: FormatName) -> Reducer {
    Reducer::of_pack(&personal(format), Key::new([1; 32])).unwrap().unwrap()
}

/// 3 November 2026.
const RECEIVED: ReceivedAt = ReceivedAt(1_793_700_000_000);

static TABLES: LazyLock<Reducer> = LazyLock::new(|| reducer(FormatName::Table));

fn left(csv: &str) -> String {
    String::from_utf8(TABLES.reduce("cases", "a.csv", RECEIVED, csv.as_bytes())).unwrap()
}

fn list(rows: &[&str]) -> String {
    let head =
        format!("Danh sách ca bệnh tháng 10/2026 - người lập {NAME}\nĐơn vị: trạm của {NAME} (25486)\n");
    format!("{head}Mã ca;Mã xã;Họ và tên;Giới;Mắc;Ghi chú;Số điện thoại\n{}\n", rows.join("\n"))
}

#[test]
fn personal_a_list_keeps_what_its_form_names_and_nothing_else() {
    let row = format!("{CARD};25486;{NAME};Nữ;5/10/2026;{ADDRESS};{TELEPHONE}");
    let left = left(&list(&[&row]));
    for planted in [NAME, CARD, TELEPHONE, ADDRESS, "Ngân", "072196"] {
        assert!(!left.contains(planted), "{planted} in {left}");
    }
    for kept in ["2026-10", "25486", "05/10/2026", "\"f\"", "Mã xã", "[13 ký tự/characters]"] {
        assert!(left.contains(kept), "{kept} not in {left}");
    }
}

#[test]
fn personal_what_is_in_the_wrong_column_is_told_by_its_length() {
    let row = format!("{NAME};{ADDRESS};25486;{TELEPHONE};{NAME};x;x");
    let Says::Table { workbook, .. } =
        TABLES.reduced("cases", "a.csv", RECEIVED, list(&[&row]).as_bytes()).says
    else {
        panic!("a table");
    };
    let row = workbook.sheets[0].rows.last().unwrap();
    let texts: Vec<(u32, &str)> = row
        .cells
        .iter()
        .map(|(column, cell)| match &cell.content {
            Content::Text(text) => (*column, text.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    let pseudonym = texts[0].1;
    assert!(pseudonym.len() == 16 && pseudonym.bytes().all(|letter| (b'a'..=b'p').contains(&letter)));
    assert_eq!(
        texts[1..],
        [(1, "[18 ký tự/characters]"), (3, "[10 chữ số/digits]"), (4, "[20 ký tự/characters]")]
    );
    assert_eq!(row.number, 4);
}

#[test]
fn personal_what_is_left_is_judged_as_the_whole_would_be() {
    let judged = |personal: bool, csv: &str| -> Vec<String> {
        let mut pack = self::personal(FormatName::Table);
        pack.feeds.get_mut("cases").unwrap().personal = personal;
        let decoder = Decoder::new(Arc::new(pack), Names::default()).unwrap();
        let trial = trial(&decoder, "cases", "a.csv", Attributes::default(), RECEIVED, csv.as_bytes());
        trial.lines.into_iter().filter(|line| line.contains("\"kind\":\"cell\"")).collect()
    };
    let csv =
        list(&["c1;25486;A;Nữ;5/10/2026;x;", "c2;25486;B;1;6/10/2026;;", "c3;25486;C;Nam;31/10/2026;;"]);
    let good = csv.replace(";1;", ";nữ;");
    assert_eq!(judged(true, &good).len(), 2);
    assert_eq!(judged(true, &good), judged(false, &good));
    assert_eq!(judged(true, &csv), judged(false, &csv));
}

#[test]
fn personal_the_same_case_has_the_same_pseudonym_and_the_same_bytes_the_same_mark() {
    let row = |name: &str| format!("{CARD};25486;{name};Nữ;5/10/2026;;");
    let (one, other) = (left(&list(&[&row("A")])), left(&list(&[&row("B")])));
    assert_eq!(one, left(&list(&[&row("A")])));
    let after = |text: &str| text.split("\"mark\"").nth(1).unwrap()[40..].to_owned();
    assert_ne!(one, other);
    assert_eq!(after(&one), after(&other));
    let key = Reducer::of_pack(&personal(FormatName::Table), Key::new([2; 32])).unwrap().unwrap();
    let csv = list(&[&row("A")]);
    assert_ne!(key.reduce("cases", "a.csv", RECEIVED, csv.as_bytes()), one.into_bytes());
}

#[test]
fn personal_what_cannot_be_read_keeps_its_size_and_an_error() {
    for (payload, says) in [
        (format!("{NAME}\0{CARD}").into_bytes(), "UTF-8"),
        (format!("PK\x03\x04{NAME}{CARD}").into_bytes(), "cut off"),
        (format!("\"{NAME};{CARD}").into_bytes(), "A quote is opened"),
    ] {
        let left = TABLES.reduce("cases", "a.csv", RECEIVED, &payload);
        let left = String::from_utf8(left).unwrap();
        assert!(!left.contains(NAME) && !left.contains(CARD), "{left}");
        assert!(left.contains(&format!("\"bytes\":{}", payload.len())), "{left}");
        assert!(left.contains(says), "{left}");
    }
}

#[test]
fn personal_the_name_of_a_file_keeps_its_period_and_places() {
    let address = format!("{NAME} {CARD}/{NAME}_25486_2026-10.xlsx");
    let kept = TABLES.address("cases", &address, RECEIVED);
    assert!(!kept.contains(NAME) && !kept.contains(CARD), "{kept}");
    assert!(kept.contains("2026-10") && kept.ends_with("_25486"), "{kept}");
    assert_eq!(kept, TABLES.address("cases", &address, RECEIVED));
}

#[test]
fn personal_a_pack_without_such_feeds_has_nothing_to_reduce() {
    assert!(Reducer::of_pack(&with_forms(LIST), Key::new([1; 32])).unwrap().is_none());
}

#[test]
fn personal_a_finding_says_no_more_than_lengths() {
    let finding = form::told_unread(Wrong::new(Rule::UnknownForm, NAME, "a", "b"));
    assert_eq!(&*finding.stands, "[20 ký tự/characters]");
    let parsed = form::told_unread(Wrong::new(Rule::Unreadable, "", NAME, NAME));
    assert!(!parsed.message.en.contains(NAME) && !parsed.message.vi.contains(NAME));
}

proptest! {
    /// A word that nobody else writes, anywhere in a table, never comes through.
    #[test]
    fn personal_no_word_that_is_not_listed_comes_through(
        places in proptest::collection::vec((0usize..6, 0usize..8), 1..12),
        word in "[ŵžẇ]{3}[a-zà-ỹ0-9 ,.:/()\\-]{0,30}[ŵžẇ]{3}",
    ) {
        let mut rows: Vec<Vec<String>> = list(&[
            "c1;25486;A;Nữ;5/10/2026;;", "c2;25486;B;Nam;6/10/2026;;", "Tổng cộng;;;;;;",
        ])
        .lines()
        .map(|line| line.split(';').map(str::to_owned).collect())
        .collect();
        for (row, column) in places {
            let row = &mut rows[row];
            row.resize(8, String::new());
            row[column] = word.clone();
        }
        let csv: String = rows.iter().map(|row| format!("\"{}\"\n", row.join("\";\""))).collect();
        let left = left(&csv);
        prop_assert!(!left.contains(['ŵ', 'ž', 'ẇ']), "{left}");
    }
}
