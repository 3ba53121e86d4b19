use std::collections::BTreeMap;

use ioc_model::{reject::RejectReason, text::Text, time::ReceivedAt};

use super::*;

fn printer(language: Language, coloured: bool) -> Printer {
    Printer { json: false, language, coloured, zone: TimeZone::UTC, trouble: None }
}

fn message(became: &[Outcome]) -> Message {
    Message {
        position: "1-0-42".to_owned(),
        received_at: ReceivedAt(1_000),
        feed: "gateway".to_owned(),
        sender: "gw1".to_owned(),
        transport: Some("mqtt".to_owned()),
        address: "test/ST01/observation".to_owned(),
        address_bytes: 21,
        peer: "127.0.0.1:5555".to_owned(),
        content_type: String::new(),
        content: "raw".to_owned(),
        bytes: 93,
        attributes: BTreeMap::new(),
        personal: false,
        became: became.to_vec(),
        again: false,
        rows: Some(3),
        stored: 2,
        duplicate: Some(0),
        rejected: 1,
        held: 0,
        waiting: 0,
        rejects: vec![Rejected {
            row: 2,
            whole: false,
            reason: RejectReason::UnknownSubject,
            place: "[2]".to_owned(),
            message: Text {
                vi: "không có trạm \u{1b}[2J".to_owned(), en: "no station \u{1b}[2J".to_owned()
            },
        }],
        payload: None,
        payload_base64: None,
        cut: false,
        kept_back: false,
    }
}

fn text(lines: &[top::Line]) -> Vec<String> {
    let whole = |line: &top::Line| line.iter().map(|(_, text)| text.as_str()).collect::<String>();
    lines.iter().map(whole).collect()
}

#[test]
fn a_message_is_a_line_and_its_rejects_stand_below_in_the_readers_language() {
    let partly = message(&[Outcome::Stored, Outcome::Rejected]);
    assert_eq!(
        text(&printer(Language::En, false).message(&partly, None)),
        [
            "00:00:01.000 stored 2, rejected 1    gateway       gw1           mqtt test/ST01/observation  \
             93 B · 127.0.0.1:5555 · 1-0-42",
            "    ✗ row 3 [2]: unknown_subject no station \\u{1b}[2J",
        ]
    );
    let said = text(&printer(Language::Vi, false).message(&partly, None));
    assert!(said[0].contains("lưu 2, bị loại 1"), "{said:?}");
    assert!(said[1].contains("dòng 3 [2]: unknown_subject không có trạm"), "{said:?}");
}

#[test]
fn a_narrow_terminal_cuts_the_address_alone() {
    let long = Message { address: "ấp/".repeat(60), ..message(&[Outcome::Stored]) };
    let line = &text(&printer(Language::En, false).message(&long, Some(120)))[0];
    assert_eq!(line.width(), 120, "{line}");
    assert!(line.contains('…') && line.ends_with("1-0-42"), "{line}");
}

#[test]
fn safe_no_control_character_of_a_sender_reaches_the_terminal_as_a_line_or_as_json() {
    let mut hostile = message(&[Outcome::Stored]);
    for text in [&mut hostile.address, &mut hostile.sender, &mut hostile.feed, &mut hostile.content_type] {
        text.push_str("\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\n");
    }
    hostile.payload = Some("\u{1b}[2J\u{9b}".to_owned());
    let mut out = Vec::new();
    printer(Language::En, false).print(&Line::Message(Box::new(hostile.clone())), &mut out).unwrap();
    let mut json = Printer { json: true, ..printer(Language::En, false) };
    json.print(&Line::Message(Box::new(hostile.clone())), &mut out).unwrap();
    let said = String::from_utf8(out).unwrap();
    assert!(said.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{said:?}");
    let told: Line = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(told, Line::Message(Box::new(hostile)), "what is escaped is the same");
}

#[test]
fn colours_end_with_what_they_colour_and_stand_nowhere_else() {
    let mut out = Vec::new();
    printer(Language::En, true)
        .print(&Line::Message(Box::new(message(&[Outcome::Stored]))), &mut out)
        .unwrap();
    let said = String::from_utf8(out).unwrap();
    assert!(said.contains("\u{1b}["), "{said:?}");
    for line in said.lines().filter(|line| line.contains('\u{1b}')) {
        let last = line.rsplit('\u{1b}').next().unwrap();
        assert!(last.starts_with("[0m"), "{line:?}");
    }
}

#[test]
fn what_is_missed_what_is_personal_and_what_came_again_say_so() {
    let printer = printer(Language::En, false);
    let missed =
        Missed { messages: 7, why: MissedBecause::Slow, from: "1-0-1".to_owned(), to: "1-0-8".to_owned() };
    assert_eq!(
        text(&[printer.missed(&missed)]),
        ["-- 7 messages passed by unseen: read too slowly (1-0-1 … 1-0-8)"]
    );
    let personal = Message {
        address: String::new(),
        personal: true,
        kept_back: true,
        again: true,
        rejects: Vec::new(),
        ..message(&[Outcome::Duplicate])
    };
    let said = text(&printer.message(&personal, None));
    assert!(said[0].contains("↳ duplicate 0") && said[0].contains("(21 bytes of address)"), "{said:?}");
    assert_eq!(said[1], "    | (personal data: not shown)");
}
