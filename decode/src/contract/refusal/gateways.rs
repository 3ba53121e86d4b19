//! What is wrong with messages of gateways, and with bodies that came packed.

use ioc_model::reject::RejectReason;

use super::{Refusal, quoted};
use crate::unpack::{NotUnpacked, Packing};

impl Refusal {
    pub(crate) fn unknown_packing(encoding: &str) -> Refusal {
        let encoding = quoted(encoding);
        Refusal::new(
            RejectReason::Malformed,
            "",
            format!(
                "Nội dung nén kiểu '{encoding}' không đọc được. Hãy dùng gzip, deflate, zstd hoặc không nén."
            ),
            format!(
                "The content is packed as '{encoding}', which is not read here. Use gzip, deflate, zstd, or none."
            ),
        )
    }

    pub(crate) fn not_unpacked(packing: Packing, fault: NotUnpacked, limit: usize) -> Refusal {
        let word = packing.word();
        match fault {
            NotUnpacked::Broken => Refusal::new(
                RejectReason::Malformed,
                "",
                format!(
                    "Nội dung nén {word} bị đứt hoặc hỏng, nên không phần nào được nhận. Hãy gửi lại trọn bản tin."
                ),
                format!(
                    "The {word} is cut off or damaged, so that nothing of it is taken. Send the whole message again."
                ),
            ),
            NotUnpacked::TooLarge(most) => Refusal::new(
                RejectReason::TooLarge,
                "",
                format!(
                    "Giải nén {word} ra hơn {most} byte (nguồn này nhận {limit} byte, và không quá 1000 lần kích thước nén). Hãy \
                     chia nhỏ rồi gửi lại."
                ),
                format!(
                    "Unpacked from {word} it has more than {most} bytes (the feed takes {limit} bytes, and 1000 times what came \
                     at most). Split it and send it again."
                ),
            ),
        }
    }

    /// With what to do about it.
    pub(crate) fn explained(mut self, vi: &str, en: &str) -> Refusal {
        self.message.vi = format!("{} {vi}", self.message.vi);
        self.message.en = format!("{} {en}", self.message.en);
        self
    }

    /// What it means no birth before it tells.
    pub(crate) fn no_birth(field: &'static str, vi: String, en: String) -> Refusal {
        Refusal::new(RejectReason::NoBirth, field, vi, en)
    }

    pub(crate) fn unknown_device(field: &'static str, name: &str) -> Refusal {
        let name = quoted(name);
        Refusal::new(
            RejectReason::UnknownSubject,
            field,
            format!(
                "Không trạm nào có thiết bị '{name}'. Hãy kiểm tra tên thiết bị, hoặc ghi tên này vào 'devices' của trạm trong \
                 stations.toml."
            ),
            format!(
                "No station has a device '{name}'. Check the device's name, or add it to 'devices' of its station in \
                 stations.toml."
            ),
        )
    }

    pub(crate) fn no_device_in_address(field: &'static str, address: &str) -> Refusal {
        let address = quoted(address);
        Refusal::new(
            RejectReason::UnknownSubject,
            field,
            format!(
                "Không rõ bản tin của trạm nào: bản tin không ghi thiết bị, và trong địa chỉ '{address}' không có thiết bị nào \
                 được khai báo. Hãy ghi tên thiết bị vào 'devices' của trạm trong stations.toml."
            ),
            format!(
                "Whose message it is is unclear: it names no device, and none that the pack knows is in the address \
                 '{address}'. Add the device's name to 'devices' of its station in stations.toml."
            ),
        )
    }

    pub(crate) fn no_station_status(field: &'static str, found: &str) -> Refusal {
        Refusal::invalid(
            field,
            found,
            "không phải là trạng thái 00 (đang đo), 01 (hiệu chuẩn) hay 02 (lỗi thiết bị)",
            "which is not a status 00 (measuring), 01 (calibrating) or 02 (device error)",
            "00",
        )
    }

    /// A whole number that no double holds.
    pub(crate) fn not_exact(field: &'static str, found: &str) -> Refusal {
        Refusal::invalid(
            field,
            found,
            "là số nguyên lớn đến mức không lưu được đúng từng chữ số (quá 9007199254740992)",
            "a whole number so large that not every digit of it could be kept (beyond 9007199254740992)",
            "340",
        )
    }
}
