//! What is wrong with messages that a mapping reads, with what it made of them, and with itself.

use ioc_mapping::{DEEPEST, NotJson, Spent};
use ioc_model::{event::EventKind, reject::RejectReason};

use super::{Refusal, legible, quoted};

/// So much of what jq says of a failure is told.
const REASON: usize = 300;

impl Refusal {
    pub(crate) fn no_text() -> Refusal {
        Refusal::malformed(
            "Bản tin không phải là văn bản UTF-8 hay UTF-16.".to_owned(),
            "The message is no text in UTF-8 or UTF-16.".to_owned(),
        )
    }

    pub(crate) fn no_mapping() -> Refusal {
        Refusal::malformed(
            "Nguồn này không có tệp ánh xạ. Hãy khai báo 'mapping' trong feeds.toml.".to_owned(),
            "This feed has no mapping. Name one by 'mapping' in feeds.toml.".to_owned(),
        )
    }

    pub(crate) fn not_json(wrong: &NotJson) -> Refusal {
        let (line, column) = wrong.at;
        Refusal::malformed(
            format!("Không đọc được JSON ở dòng {line}, cột {column}: {}.", wrong.why.vi),
            format!("The JSON cannot be read at line {line}, column {column}: {}.", wrong.why.en),
        )
    }

    /// A line of messages is none.
    pub(crate) fn not_json_in_line(line: usize, wrong: &NotJson) -> Refusal {
        Refusal::not_json(&NotJson { at: (line, wrong.at.1), why: wrong.why.clone() })
    }

    /// The mapping failed on an input.
    pub(crate) fn mapping_failed(file: &str, why: &str) -> Refusal {
        let (file, why) = (quoted(file), legible(why, REASON));
        Refusal::malformed(
            format!(
                "Tệp ánh xạ '{file}' không xử lý được nội dung này: {why}. Hãy so bản tin với điều tệp ánh xạ chờ đợi."
            ),
            format!(
                "The mapping '{file}' fails on this: {why}. Compare the message with what the mapping expects."
            ),
        )
    }

    /// The mapping did not end within the bounds of a message.
    pub(crate) fn mapping_spent(file: &str, spent: Spent) -> Refusal {
        let file = quoted(file);
        let (vi, en) = match spent {
            Spent::Steps(most) => (
                format!("chưa kết thúc sau {most} bước cho phép với cỡ bản tin này"),
                format!("did not end within the {most} steps that a message of this size may take"),
            ),
            Spent::Bytes(most) => (
                format!("tạo ra nhiều hơn {most} byte cho phép với cỡ bản tin này"),
                format!("made more than the {most} bytes that a message of this size may take"),
            ),
            Spent::Calls => (
                "gọi các hàm lồng nhau quá sâu".to_owned(),
                "calls filters within each other too deep".to_owned(),
            ),
            Spent::Nesting => (
                format!("tạo ra giá trị lồng nhau sâu hơn {DEEPEST}"),
                format!("made a value that nests deeper than {DEEPEST}"),
            ),
            Spent::Engine => (
                "gặp lỗi của trình thông dịch jq".to_owned(),
                "ran into a fault of the interpreter of jq".to_owned(),
            ),
        };
        Refusal::malformed(
            format!(
                "Tệp ánh xạ '{file}' {vi}. Hãy xem lại vòng lặp và đệ quy trong tệp, hoặc gửi bản tin nhỏ hơn."
            ),
            format!("The mapping '{file}' {en}. Look at its loops and recursion, or send smaller messages."),
        )
    }

    /// What a mapping made is no row, whose fields are such.
    pub(crate) fn no_row(kind: &str, found: &str, fields: &str) -> Refusal {
        let found = quoted(found);
        let note = match kind {
            "array" => (" Hãy thêm '.[]' để tách từng phần tử.", " Add '.[]' to take it apart."),
            "null" => (
                " Hãy thêm 'select(. != null)' nếu không có gì để ghi.",
                " Add 'select(. != null)' where there is nothing to say.",
            ),
            _ => ("", ""),
        };
        Refusal::malformed(
            format!(
                "Kết quả ánh xạ '{found}' thuộc kiểu {kind}, phải là một đối tượng có {fields}.{}",
                note.0
            ),
            format!(
                "The mapping made '{found}', of type {kind}; it must be an object of {fields}.{}",
                note.1
            ),
        )
    }

    /// An output says something that no row has.
    pub(crate) fn unknown_field(field: &str, known: &[&str]) -> Refusal {
        let (field, known) = (quoted(field), known.join(", "));
        Refusal::new(
            RejectReason::InvalidField,
            "",
            format!("Kết quả ánh xạ có trường '{field}' không dùng đến. Các trường: {known}."),
            format!("The mapping made a field '{field}' that no row has. There are: {known}."),
        )
    }

    /// A field of an event holds what is no text.
    pub(crate) fn no_text_in(field: &'static str, found: &str) -> Refusal {
        Refusal::invalid(field, found, "phải là chuỗi hoặc số", "it must be a text or a number", "\"PC-01\"")
    }

    /// What else an event says is not by names.
    pub(crate) fn no_attributes(found: &str) -> Refusal {
        Refusal::invalid(
            "attributes",
            found,
            "phải là một đối tượng gồm các chuỗi và số",
            "it must be an object of texts and numbers",
            r#"{"door":"A-3"}"#,
        )
    }

    /// An event of a kind that there is not.
    pub(crate) fn no_kind(found: &str) -> Refusal {
        let known = EventKind::ALL.map(EventKind::word).join(", ");
        let (vi, en) = (format!("phải là một trong: {known}"), format!("it must be one of: {known}"));
        Refusal::invalid("kind", found, &vi, &en, "\"alert\"")
    }

    /// An event that says nothing of what happened.
    pub(crate) fn says_nothing() -> Refusal {
        Refusal::new(
            RejectReason::MissingField,
            "",
            "Kết quả ánh xạ không cho biết lúc nào, ở đâu hay việc gì. Hãy ghi ít nhất một trong các trường time, host, \
             source, target, user, category, signature, message."
                .to_owned(),
            "The mapping says neither when, nor where, nor what. Give at least one of time, host, source, target, user, \
             category, signature, message."
                .to_owned(),
        )
    }

    /// What is asked for comes again, and nothing tells this event from another.
    pub(crate) fn no_id() -> Refusal {
        Refusal::new(
            RejectReason::MissingField,
            "id",
            "Nguồn này được hỏi lại nhiều lần nên mỗi sự kiện phải có 'id' riêng, nếu không sẽ bị đếm hai lần. Hãy thêm \
             'id' vào tệp ánh xạ."
                .to_owned(),
            "This source is asked again and again, so each event needs an 'id' of its own, or it would be counted twice. \
             Add an 'id' in the mapping."
                .to_owned(),
        )
    }

    pub(crate) fn subject_and_device() -> Refusal {
        Refusal::new(
            RejectReason::Contradiction,
            "device",
            "Kết quả ánh xạ có cả 'subject' và 'device'. Chỉ ghi một trong hai.".to_owned(),
            "The mapping made both a 'subject' and a 'device'. Give one of them.".to_owned(),
        )
    }

    pub(crate) fn column_twice(name: &str) -> Refusal {
        let name = quoted(name);
        Refusal::malformed(
            format!("Có hai cột tên '{name}', không biết cột nào đúng. Hãy đặt tên khác nhau."),
            format!("Two columns are called '{name}', and nobody can tell which is meant. Name them apart."),
        )
    }
}
