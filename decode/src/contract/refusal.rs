//! Why something is refused, in words its sender can act on.
//!
//! The reader is a clerk or a technician of the sending agency, not whoever wrote this: each sentence says what was
//! found, what the rule is, and what a right one looks like, in both languages of the product. What was found is
//! quoted shortened: a sender's garbage must not become a page of ours.

mod envelopes;
mod gateways;
mod mapped;

use ioc_model::{
    reject::{RejectReason, Rejection},
    text::Text,
    time::{EventTime, Millis, ReceivedAt},
};

use super::{rows::spoken, rules::IndicatorRules};

const QUOTED: usize = 60;
/// As far as a quoted text is searched for what editors do not show. Characters.
const SEARCHED: usize = 1_000;

/// A broken rule, before it is known where in the envelope.
#[derive(Debug)]
pub(crate) struct Refusal {
    reason: RejectReason,
    /// The field it is about; empty for the row as a whole.
    field: &'static str,
    message: Text,
}

/// What is known of bytes that were not kept.
pub(crate) enum WithheldBytes<'a> {
    /// The description could be read.
    Said {
        /// A word of [`RejectReason`].
        reason: &'a str,
        /// How many bytes there were.
        bytes: u64,
    },
    /// It could not.
    Unreadable,
}

/// A sender's text, short and on one line, with its tabs to be seen. The first character of it that editors do not show
/// is named with its place, or a sender would compare two lines that look the same.
pub(crate) fn quoted(text: &str) -> String {
    legible(text, QUOTED)
}

/// As [`quoted`], so many characters of it.
pub(crate) fn legible(text: &str, most: usize) -> String {
    let visible = |character: char| match character {
        '\t' => '⇥',
        other if other.is_control() || is_unseen(other) => '\u{fffd}',
        other => other,
    };
    let mut short: String = text.chars().take(most).map(visible).collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    let mut searched = text.char_indices().take(SEARCHED);
    if let Some((at, unseen)) = searched.find(|(_, character)| is_unseen(*character)) {
        short.push_str(&format!(" [U+{:04X} @ byte {}]", u32::from(unseen), at + 1));
    }
    short
}

/// Control characters but tab and line ends, blanks of no width, marks of direction and byte order, no-break spaces.
fn is_unseen(character: char) -> bool {
    match character {
        '\t' | '\r' | '\n' => false,
        '\u{a0}'
        | '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202f}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}' => true,
        other => other.is_control(),
    }
}

impl Refusal {
    fn new(reason: RejectReason, field: &'static str, vi: String, en: String) -> Refusal {
        Refusal { reason, field, message: Text { vi, en } }
    }

    /// Of an envelope as a whole.
    pub(crate) fn whole(self) -> Rejection {
        Rejection { reason: self.reason, place: String::new(), message: self.message }
    }

    /// Of a row at a place of its envelope: `line 3, value`, `[2].value`, `value`.
    pub(crate) fn at(self, place: &dyn std::fmt::Display) -> Rejection {
        let mut full = place.to_string();
        if !self.field.is_empty() {
            if full.starts_with('[') {
                full.push('.');
            } else if !full.is_empty() {
                full.push_str(", ");
            }
            full.push_str(self.field);
        }
        Rejection { reason: self.reason, place: full, message: self.message }
    }

    /// The bytes, or a row of them, are not of their format.
    pub(crate) fn malformed(vi: String, en: String) -> Refusal {
        Refusal::new(RejectReason::Malformed, "", vi, en)
    }

    pub(crate) fn missing(field: &'static str, example: &str) -> Refusal {
        Refusal::new(
            RejectReason::MissingField,
            field,
            format!("Thiếu trường '{field}'. Ví dụ đúng: {example}."),
            format!("Field '{field}' is missing. A right one: {example}."),
        )
    }

    pub(crate) fn given_twice(field: &'static str) -> Refusal {
        Refusal::new(
            RejectReason::InvalidField,
            field,
            format!(
                "Trường '{field}' xuất hiện hai lần, không rõ giá trị nào đúng. Mỗi trường chỉ ghi một lần."
            ),
            format!("Field '{field}' is given twice, and which one counts is unclear. Give each field once."),
        )
    }

    pub(crate) fn invalid(
        field: &'static str,
        found: &str,
        rule_vi: &str,
        rule_en: &str,
        example: &str,
    ) -> Refusal {
        let found = quoted(found);
        Refusal::new(
            RejectReason::InvalidField,
            field,
            format!("Trường '{field}' có giá trị '{found}', {rule_vi}. Ví dụ đúng: {example}."),
            format!("Field '{field}' is '{found}', {rule_en}. A right one: {example}."),
        )
    }

    pub(crate) fn not_a_number(field: &'static str, found: &str) -> Refusal {
        let found = quoted(found);
        Refusal::new(
            RejectReason::NotANumber,
            field,
            format!("Giá trị '{found}' không phải là một số hữu hạn. Ví dụ đúng: 37.25."),
            format!("The value '{found}' is not a finite number. A right one: 37.25."),
        )
    }

    /// Of a station file, where a value that is no number means a device error.
    pub(crate) fn not_a_number_of_device(field: &'static str, found: &str) -> Refusal {
        let found = quoted(found);
        Refusal::new(
            RejectReason::NotANumber,
            field,
            format!(
                "Giá trị '{found}' không phải là một số, được hiểu là trạng thái 02 (lỗi thiết bị). Hãy kiểm tra thiết \
                 bị đo; ví dụ đúng: 37.25 hoặc 37,25."
            ),
            format!(
                "The value '{found}' is not a number and is taken as status 02 (device error). Check the instrument; \
                 a right one: 37.25 or 37,25."
            ),
        )
    }

    pub(crate) fn not_finite(field: &'static str) -> Refusal {
        Refusal::new(
            RejectReason::NotANumber,
            field,
            "Giá trị vượt quá số lớn nhất có thể lưu sau khi đổi đơn vị.".to_owned(),
            "The value is beyond the largest number that can be kept after its unit is converted.".to_owned(),
        )
    }

    pub(crate) fn unknown_indicator(field: &'static str, symbol: &str) -> Refusal {
        let symbol = quoted(symbol);
        Refusal::new(
            RejectReason::UnknownIndicator,
            field,
            format!(
                "Không có chỉ tiêu nào có ký hiệu '{symbol}'. Hãy dùng ký hiệu trong indicators.toml, ví dụ PM2.5, \
                 hoặc bổ sung ký hiệu này vào đó."
            ),
            format!(
                "No indicator has the symbol '{symbol}'. Use a symbol of indicators.toml, for example PM2.5, or add \
                 this one there."
            ),
        )
    }

    pub(crate) fn not_measured(field: &'static str, symbol: &str, station: &str) -> Refusal {
        let symbol = quoted(symbol);
        Refusal::new(
            RejectReason::UnknownIndicator,
            field,
            format!(
                "Trạm '{station}' không được khai báo là có đo '{symbol}'. Hãy kiểm tra ký hiệu, hoặc bổ sung chỉ tiêu \
                 này cho trạm trong stations.toml."
            ),
            format!(
                "Station '{station}' is not listed as measuring '{symbol}'. Check the symbol, or add the indicator to \
                 the station in stations.toml."
            ),
        )
    }

    pub(crate) fn unknown_subject(field: &'static str, name: &str) -> Refusal {
        let name = quoted(name);
        Refusal::new(
            RejectReason::UnknownSubject,
            field,
            format!(
                "Không có trạm '{name}' trong danh mục. Hãy kiểm tra mã trạm, hoặc khai báo trạm trong stations.toml."
            ),
            format!(
                "There is no station '{name}' in the list. Check the code, or list the station in stations.toml."
            ),
        )
    }

    pub(crate) fn not_spoken_of(field: &'static str, name: &str, patterns: &str) -> Refusal {
        let (name, patterns) = (quoted(name), quoted(patterns));
        Refusal::new(
            RejectReason::Forbidden,
            field,
            format!(
                "Người gửi không được phép gửi số liệu của '{name}', chỉ được gửi của: {patterns}. Hãy dùng đúng tài \
                 khoản của trạm này, hoặc đề nghị quản trị viên cấp quyền."
            ),
            format!(
                "The sender may not speak of '{name}', only of: {patterns}. Use the account of that station, or ask \
                 the administrator for the right to it."
            ),
        )
    }

    pub(crate) fn other_station(field: &'static str, name: &str, address: &str, station: &str) -> Refusal {
        let (name, address, station) = (quoted(name), quoted(address), quoted(station));
        Refusal::new(
            RejectReason::Contradiction,
            field,
            format!(
                "Địa chỉ '{address}' là của trạm '{station}' nhưng dòng này ghi trạm '{name}'. Hãy gửi số liệu của mỗi \
                 trạm vào địa chỉ của trạm đó."
            ),
            format!(
                "The address '{address}' is that of station '{station}', but this row says '{name}'. Send each \
                 station's values to the address of that station."
            ),
        )
    }

    /// A row that is of another time than its file says of itself.
    pub(crate) fn other_time(field: &'static str, time: &str, file: &str) -> Refusal {
        let (time, file) = (quoted(time), quoted(file));
        Refusal::new(
            RejectReason::Contradiction,
            field,
            format!(
                "Tên tệp ghi thời điểm '{file}' nhưng dòng này ghi '{time}', lệch hơn nửa năm. Hãy chỉnh đồng hồ của thiết \
                 bị, hoặc đặt tên tệp theo thời điểm đo."
            ),
            format!(
                "The file's name says '{file}', but this line says '{time}', more than half a year apart. Set the \
                 device's clock right, or name the file by the time of what is in it."
            ),
        )
    }

    pub(crate) fn unknown_file_code(address: &str, code: &str) -> Refusal {
        let (address, code) = (quoted(address), quoted(code));
        Refusal::new(
            RejectReason::UnknownSubject,
            "",
            format!(
                "Tên tệp '{address}' không ứng với trạm nào: không trạm nào có mã tệp '{code}'. Tên đúng có dạng \
                 <mã tỉnh>_<cơ sở>_<mã trạm>_<yyyyMMddHHmmss>.txt; mã tệp được khai báo ở 'file_codes' trong \
                 stations.toml."
            ),
            format!(
                "The file name '{address}' means no station: none has the file code '{code}'. A right name is \
                 <province>_<site>_<station>_<yyyyMMddHHmmss>.txt; file codes are listed as 'file_codes' in \
                 stations.toml."
            ),
        )
    }

    pub(crate) fn invalid_subject(field: &'static str, name: &str) -> Refusal {
        Refusal::invalid(
            field,
            name,
            "nhưng mã chỉ gồm 1 đến 64 ký tự A–Z a–z 0–9 . _ : -",
            "but a code is of 1 to 64 characters A–Z a–z 0–9 . _ : -",
            "TN-0412",
        )
    }

    pub(crate) fn subject_not_valid(field: &'static str, station: &str, time: EventTime) -> Refusal {
        Refusal::new(
            RejectReason::UnknownSubject,
            field,
            format!(
                "Trạm '{station}' không hoạt động vào thời điểm {time}. Hãy kiểm tra thời gian đo, hoặc sửa hiệu lực \
                 của trạm trong stations.toml."
            ),
            format!(
                "Station '{station}' was not in operation at {time}. Check the time, or correct the station's validity \
                 in stations.toml."
            ),
        )
    }

    pub(crate) fn unknown_unit(field: &'static str, unit: &str, indicator: &IndicatorRules) -> Refusal {
        let unit = quoted(unit);
        let known: Vec<&str> = indicator.unit_names().collect();
        let (name, own, known) = (&indicator.name, &indicator.unit, known.join(", "));
        Refusal::new(
            RejectReason::UnknownUnit,
            field,
            format!(
                "Đơn vị '{unit}' không đổi được sang {own} của chỉ tiêu '{name}'. Các đơn vị dùng được: {known}."
            ),
            format!(
                "The unit '{unit}' cannot be converted to {own} of indicator '{name}'. Units that can: {known}."
            ),
        )
    }

    pub(crate) fn future(
        field: &'static str,
        time: EventTime,
        received: ReceivedAt,
        bound: Millis,
    ) -> Refusal {
        let bound = spoken(bound);
        Refusal::new(
            RejectReason::FutureTime,
            field,
            format!(
                "Thời điểm đo {time} nằm sau thời điểm nhận {received} quá giới hạn {bound}. Hãy kiểm tra đồng hồ và \
                 múi giờ của thiết bị (ví dụ +07:00)."
            ),
            format!(
                "The time {time} lies further ahead of its arrival at {received} than the allowed {bound}. Check the \
                 device's clock and time zone (for example +07:00)."
            ),
        )
    }

    pub(crate) fn too_old(
        field: &'static str,
        time: EventTime,
        received: ReceivedAt,
        bound: Millis,
    ) -> Refusal {
        let bound = spoken(bound);
        Refusal::new(
            RejectReason::AbsurdTime,
            field,
            format!(
                "Thời điểm đo {time} nằm trước thời điểm nhận {received} quá giới hạn {bound}. Hãy kiểm tra đồng hồ của \
                 thiết bị; dữ liệu lịch sử cần một nguồn có giới hạn dài hơn."
            ),
            format!(
                "The time {time} lies further behind its arrival at {received} than the allowed {bound}. Check the \
                 device's clock; historic data need a feed with a longer bound."
            ),
        )
    }

    pub(crate) fn outside_the_years(field: &'static str, time: EventTime) -> Refusal {
        Refusal::new(
            RejectReason::AbsurdTime,
            field,
            format!(
                "Thời điểm đo {time} nằm ngoài các năm 1970–2200. Hãy kiểm tra đồng hồ và đơn vị thời gian."
            ),
            format!(
                "The time {time} lies outside of the years 1970–2200. Check the clock and the unit of time."
            ),
        )
    }

    /// A day or an hour that is in no calendar.
    pub(crate) fn no_such_time(field: &'static str, found: &str, example: &str) -> Refusal {
        let found = quoted(found);
        Refusal::new(
            RejectReason::AbsurdTime,
            field,
            format!("Thời điểm '{found}' không có trong lịch. Ví dụ đúng: {example}."),
            format!("The time '{found}' is in no calendar. A right one: {example}."),
        )
    }
}
