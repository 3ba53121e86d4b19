//! What is wrong with an envelope as a whole: whose it is, how large, what was withheld or lost of it.

use ioc_model::{
    framing::FramingFault,
    loss::{Deleted, Loss, Unread},
    reject::RejectReason,
    time::Now,
};

use super::{Refusal, WithheldBytes, quoted};

/// Why bytes are withheld that belong to no feed and come from who sends of persons.
const PERSONAL: &str = "personal";

/// Between which records deleted ones were written, in both languages.
fn written_between(deleted: &Deleted) -> ((String, String), (String, String)) {
    let said = |time: Option<i64>, vi: &str, en: &str| {
        let time = time.map(|millis| Now(millis).rfc3339());
        time.map(|time| (format!(", {vi} {time}"), format!(", {en} {time}"))).unwrap_or_default()
    };
    (said(deleted.after, "ghi sau", "written after"), said(deleted.before, "trước", "before"))
}

impl Refusal {
    pub(crate) fn unmatched(address: &str) -> Refusal {
        let address = quoted(address);
        Refusal::new(
            RejectReason::Unmatched,
            "",
            format!(
                "Không có nguồn dữ liệu nào nhận địa chỉ '{address}'. Hãy sửa chủ đề hoặc thư mục cho đúng (ví dụ \
                 ioc/air/TN-0412/observation), hoặc khai báo nguồn này trong feeds.toml."
            ),
            format!(
                "No feed claims the address '{address}'. Correct the topic or folder (for example \
                 ioc/air/TN-0412/observation), or define a feed for it in feeds.toml."
            ),
        )
    }

    pub(crate) fn forbidden(address: &str, feed: &str) -> Refusal {
        let address = quoted(address);
        Refusal::new(
            RejectReason::Forbidden,
            "",
            format!(
                "Người gửi không được phép gửi vào nguồn '{feed}' (địa chỉ '{address}'). Hãy dùng đúng tài khoản của \
                 nguồn này, hoặc đề nghị quản trị viên cấp quyền."
            ),
            format!(
                "The sender may not send to feed '{feed}' (address '{address}'). Use the account of that feed, or ask \
                 the administrator for the right to it."
            ),
        )
    }

    pub(crate) fn unknown_feed(feed: &str) -> Refusal {
        let feed = quoted(feed);
        Refusal::new(
            RejectReason::Unmatched,
            "",
            format!(
                "Nguồn '{feed}' không có (hoặc không còn) trong gói cấu hình của tỉnh. Hãy khai báo lại trong \
                 feeds.toml rồi xử lý lại dữ liệu này."
            ),
            format!(
                "Feed '{feed}' is not in the province's pack (any more). Define it in feeds.toml and replay this \
                 envelope."
            ),
        )
    }

    pub(crate) fn too_large(bytes: u64, limit: Option<usize>, feed: &str) -> Refusal {
        let feed = quoted(feed);
        let (limit_vi, limit_en) = match limit {
            Some(limit) => (format!("giới hạn {limit} byte"), format!("the limit of {limit} bytes")),
            None => ("giới hạn".to_owned(), "the limit".to_owned()),
        };
        Refusal::new(
            RejectReason::TooLarge,
            "",
            format!(
                "Dữ liệu gửi đến dài {bytes} byte, vượt {limit_vi} của nguồn '{feed}'. Hãy chia nhỏ rồi gửi lại."
            ),
            format!(
                "The message has {bytes} bytes, over {limit_en} of feed '{feed}'. Split it and send it again."
            ),
        )
    }

    pub(crate) fn withheld(what: &WithheldBytes<'_>) -> Refusal {
        let (reason, vi, en) = match what {
            WithheldBytes::Said { reason: PERSONAL, bytes } => (
                RejectReason::Unmatched,
                format!(
                    "Dữ liệu gửi đến ({bytes} byte) không thuộc nguồn nào, và có thể chứa thông tin cá nhân: nội dung không được giữ. \
                     Hãy gửi đúng địa chỉ của nguồn."
                ),
                format!(
                    "The message ({bytes} bytes) is of no feed and may tell of persons: none of it is kept. Send it to the address of \
                     its feed."
                ),
            ),
            WithheldBytes::Said { reason, bytes } => (
                RejectReason::from_word(reason).unwrap_or(RejectReason::Malformed),
                format!("Dữ liệu gửi đến ({bytes} byte) không được lưu giữ, lý do: {}.", quoted(reason)),
                format!("The message ({bytes} bytes) was not kept, for the reason: {}.", quoted(reason)),
            ),
            WithheldBytes::Unreadable => (
                RejectReason::Malformed,
                "Dữ liệu gửi đến không được lưu giữ và không rõ lý do.".to_owned(),
                "The message was not kept, and why cannot be read.".to_owned(),
            ),
        };
        Refusal::new(reason, "", vi, en)
    }

    /// What is left of a message is none that this program wrote.
    pub(crate) fn not_reduced() -> Refusal {
        Refusal::new(
            RejectReason::Malformed,
            "",
            "Phần được giữ của bản tin có thông tin cá nhân không đọc được: có lẽ do một phiên bản khác của chương trình ghi."
                .to_owned(),
            "What was kept of a personal message cannot be read: another version of the program may have written it."
                .to_owned(),
        )
    }

    /// A piece of a stream that its transport could not cut into messages.
    pub(crate) fn framing(fault: &str) -> Refusal {
        let (vi, en) = match fault.parse() {
            Ok(FramingFault::CutOff { came, announced }) => (
                format!("kết nối kết thúc khi mới nhận {came} trong {announced} byte đã báo trước"),
                format!("the connection ended after {came} of the {announced} bytes it announced"),
            ),
            Ok(FramingFault::WrongCount { announced, found }) => (
                format!(
                    "báo trước {announced} byte, nhưng sau đó không có bản tin nào bắt đầu ({found} byte được giữ lại)"
                ),
                format!(
                    "{announced} bytes were announced, but no message begins behind them ({found} bytes are kept)"
                ),
            ),
            Ok(FramingFault::OverLimit { announced, limit }) => {
                let announced = quoted(&announced);
                (
                    format!(
                        "báo trước {announced} byte, vượt giới hạn {limit} byte (syslog.max_message_bytes)"
                    ),
                    format!(
                        "{announced} bytes were announced, over the limit of {limit} bytes (syslog.max_message_bytes)"
                    ),
                )
            }
            Ok(FramingFault::LeftOver { bytes }) => (
                format!("còn thừa {bytes} byte sau một bản tin trọn vẹn"),
                format!("{bytes} bytes were left over behind a whole message"),
            ),
            Err(_) => (quoted(fault), quoted(fault)),
        };
        Refusal::new(
            RejectReason::Framing,
            "",
            format!(
                "Không cắt được luồng dữ liệu thành bản tin: {vi}. Thiết bị gửi phải đếm byte, không đếm ký tự (RFC 6587), \
                 hoặc gửi mỗi bản tin trên một dòng. Phần này được giữ nguyên, không được tính là bản tin."
            ),
            format!(
                "The stream could not be cut into messages: {en}. The sender has to count bytes, not characters (RFC \
                 6587), or to send a message a line. This piece is kept as it came and counts as no message."
            ),
        )
    }

    /// What was lost before it could be read.
    pub(crate) fn lost(loss: Loss) -> Refusal {
        let (vi, en) = match loss {
            Loss::CutShort(Unread { read, at_least }) => (
                format!(
                    "Tệp bị cắt ngắn khi mới đọc được {read} byte và không tìm thấy bản sao của nó: mất ít nhất {at_least} \
                     byte. Hãy để logrotate đổi tên tệp (create) thay vì copytruncate, hoặc giữ bản sao trong cùng thư mục."
                ),
                format!(
                    "The file was cut short when {read} bytes of it were read, and no copy of it was found: at least \
                     {at_least} bytes are lost. Let logrotate rename the file (create) and not copytruncate it, or keep \
                     the copy in the same folder."
                ),
            ),
            Loss::Gone(Unread { read, at_least }) => (
                format!(
                    "Tệp biến mất khi mới đọc được {read} byte và không tìm lại được: mất ít nhất {at_least} byte. Hãy giữ \
                     tệp đã xoay vòng trong cùng thư mục, lâu hơn thời gian chương trình có thể dừng."
                ),
                format!(
                    "The file went away when {read} bytes of it were read, and was not found again: at least {at_least} \
                     bytes are lost. Keep rotated files in the same folder, for longer than the program may stand still."
                ),
            ),
            Loss::RestOfLine { left } => (
                format!(
                    "Bản sao của tệp kết thúc giữa dòng: chỉ còn {left} byte đầu của dòng, phần còn lại đã mất. Phần này \
                     được giữ nguyên, không được tính là một dòng."
                ),
                format!(
                    "The copy of the file ends within a line: the first {left} bytes of the line are left, the rest is \
                     lost. This piece is kept as it is and counts as no line."
                ),
            ),
            Loss::Datagrams { count } => (
                format!(
                    "Hệ điều hành đã bỏ {count} gói tin trước khi kịp đọc, vì bộ đệm đầy (syslog.receive_buffer_bytes)."
                ),
                format!(
                    "The system dropped {count} datagrams before they could be read: their buffer was full \
                     (syslog.receive_buffer_bytes)."
                ),
            ),
            Loss::Records(deleted) => {
                let Deleted { partition, first, last, .. } = deleted;
                let count = deleted.count();
                let ((after_vi, after_en), (before_vi, before_en)) = written_between(&deleted);
                (
                    format!(
                        "Máy chủ Kafka đã xóa bản ghi offset {first} đến {last} của phân vùng {partition} trước khi kịp đọc:                          mất {count} bản ghi{after_vi}{before_vi}. Hãy để chủ đề giữ bản ghi (retention) lâu hơn thời gian                          chương trình có thể dừng."
                    ),
                    format!(
                        "The broker deleted the records of offsets {first} to {last} of partition {partition} before they                          could be read: {count} are lost{after_en}{before_en}. Let the topic keep records (retention) for                          longer than this program may stand still."
                    ),
                )
            }
            Loss::MadeAnew { unread } => (
                format!(
                    "Chủ đề Kafka đã bị xóa và tạo lại: {unread} bản ghi đã thấy trong chủ đề cũ chưa kịp đọc và đã mất, có thể                      nhiều hơn. Chủ đề mới được đọc từ bản ghi đầu tiên."
                ),
                format!(
                    "The topic was deleted and made anew: {unread} records that were seen in the one before were not read and                      are lost, maybe more. The new one is read from its first record."
                ),
            ),
        };
        Refusal::new(RejectReason::Lost, "", vi, en)
    }
}
