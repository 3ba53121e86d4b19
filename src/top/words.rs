//! Every word of the terminal view, in both languages.

use ioc_model::text::Text;

/// What it is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// Vietnamese.
    Vi,
    /// English.
    En,
}

impl Language {
    /// By the names a locale goes by, the first that is set.
    pub(crate) fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Language {
        let named = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|l| !l.is_empty()));
        match named {
            Some(locale) if locale.starts_with("vi") => Language::Vi,
            _ => Language::En,
        }
    }

    pub(super) fn other(self) -> Language {
        match self {
            Language::Vi => Language::En,
            Language::En => Language::Vi,
        }
    }

    pub(crate) fn of(self, text: &Text) -> &str {
        match self {
            Language::Vi => &text.vi,
            Language::En => &text.en,
        }
    }

    /// One of the words below.
    pub(crate) fn say(self, word: Word) -> &'static str {
        match self {
            Language::Vi => word.0,
            Language::En => word.1,
        }
    }

    /// A word of the API; itself where it is not known here.
    pub(super) fn state(self, word: &str) -> &str {
        STATES.iter().find(|(state, _)| *state == word).map_or(word, |(_, named)| self.say(*named))
    }

    /// A length of time, short. Milliseconds.
    pub(super) fn age(self, milliseconds: i64) -> String {
        let seconds = milliseconds.max(0) / 1_000;
        let (minute, hour, day) = (60, 3_600, 86_400);
        let days = self.say(Word("ngày", "d"));
        match seconds {
            0..60 => format!("{seconds} s"),
            60..3_600 => format!("{} {}", seconds / minute, self.say(Word("phút", "min"))),
            3_600..172_800 => format!("{} {}", seconds / hour, self.say(Word("giờ", "h"))),
            _ => format!("{} {days}", seconds / day),
        }
    }
}

/// Vietnamese and English.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word(pub(crate) &'static str, pub(crate) &'static str);

pub(super) const EPOCH: Word = Word("đợt", "epoch");
pub(super) const UNDER_WAY: Word = Word("đang xử lý", "under way");
pub(super) const REPLAYING: Word = Word("đang tái dựng", "replaying");
pub(super) const SPEED: Word = Word("tốc độ", "speed");
pub(super) const LOG: Word = Word("nhật ký", "log");
pub(super) const ARCHIVE: Word = Word("lưu trữ", "archive");
pub(super) const ALERTS: Word = Word("cảnh báo", "alerts");
pub(super) const UNACKNOWLEDGED: Word = Word("chưa tiếp nhận", "not acknowledged");
pub(super) const CLEARED: Word = Word("đã hết", "cleared");
pub(super) const HALTED: Word = Word("DÒNG XỬ LÝ ĐÃ DỪNG", "THE FLOW IS HALTED");
pub(super) const STALLED: Word = Word("KHÔNG GHI ĐƯỢC GÌ TỪ", "NOTHING COMMITTED FOR");
pub(super) const HELD_BACK: Word = Word("PHẢI CHỜ VÌ GỬI QUÁ PHẦN CỦA MÌNH", "HELD BACK TO THEIR SHARE");
pub(super) const HELD: Word = Word("DÒNG CHỜ QUYẾT ĐỊNH, ioc held", "ROWS WAIT FOR A DECISION, ioc held");
pub(super) const NO_REPORT: Word = Word("đường ống chưa báo cáo", "the pipeline has not reported yet");
pub(super) const OLD_REPORT: Word = Word("TRẠNG THÁI CŨ", "THE STATUS IS OLD");
pub(super) const NO_CONNECTION: Word = Word("MẤT KẾT NỐI, số liệu cũ", "NO CONNECTION, what is shown is old");
pub(super) const KEYS: Word = Word("q thoát · ↑↓ cuộn · l English", "q quit · ↑↓ scroll · l tiếng Việt");

pub(super) const FEED: Word = Word("NGUỒN", "FEED");
pub(super) const LAST: Word = Word("gần nhất", "last");
pub(super) const RATE: Word = Word("/giây", "/s");
pub(super) const RECEIVED: Word = Word("nhận", "received");
pub(super) const IN_FLIGHT: Word = Word("đang xử lý", "in flight");
pub(super) const UNREADABLE: Word = Word("không đọc", "undecod.");
pub(super) const STORED: Word = Word("đã lưu", "stored");
pub(super) const DUPLICATE: Word = Word("trùng", "duplicate");
pub(super) const REJECTED: Word = Word("bị loại", "rejected");
pub(super) const WAITING: Word = Word("đang chờ", "waiting");
pub(super) const FOR_A_WORD: Word = Word("giữ", "held");
pub(super) const BALANCE: Word = Word("cân đối", "balance");
pub(super) const HOLDS: Word = Word("đúng", "holds");
pub(super) const ASTRAY: Word = Word("THẤT LẠC", "ASTRAY");
pub(super) const DROPPED: Word = Word("gói UDP BỊ BỎ chưa đọc", "datagrams DROPPED unread");
pub(super) const RECORDS_LOST: Word = Word("bản ghi Kafka ĐÃ MẤT chưa đọc", "Kafka records LOST unread");
pub(super) const NEVER: Word = Word("chưa từng", "never");
pub(super) const STATION: Word = Word("TRẠM", "STATION");
pub(super) const VALUE: Word = Word("giá trị", "value");
pub(super) const QUALITY: Word = Word("chất lượng", "quality");
pub(super) const AGE: Word = Word("tuổi", "age");
pub(super) const NOT_JUDGED: Word = Word("chưa đánh giá", "not judged yet");

pub(super) const STALE: Word = Word("số liệu cũ", "stale");

const STATES: [(&str, Word); 22] = [
    ("writing", Word("đang ghi", "writing")),
    ("full", Word("ĐẦY", "FULL")),
    ("poisoned", Word("HỎNG", "POISONED")),
    ("up", Word("hoạt động", "up")),
    ("away", Word("KHÔNG TRẢ LỜI", "AWAY")),
    ("off", Word("tắt", "off")),
    ("behind", Word("CHẬM", "BEHIND")),
    ("failing", Word("LỖI", "FAILING")),
    ("good", Word("tốt", "good")),
    ("calibrating", Word("hiệu chuẩn", "calibrating")),
    ("device_error", Word("lỗi thiết bị", "device error")),
    ("out_of_range", Word("ngoài dải đo", "out of range")),
    ("suspect", Word("nghi ngờ", "suspect")),
    ("partial", Word("thiếu thông số", "incomplete")),
    ("never", NEVER),
    ("late", Word("trễ", "late")),
    ("silent", Word("mất tín hiệu", "silent")),
    ("error", Word("lỗi", "error")),
    ("critical", Word("khẩn cấp", "critical")),
    ("high", Word("cao", "high")),
    ("medium", Word("vừa", "medium")),
    ("low", Word("thấp", "low")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_follows_the_locale() {
        let of = |set: &'static [(&str, &str)]| {
            Language::of_environment(|name| {
                set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[("LANG", "vi_VN.UTF-8")]), Language::Vi);
        assert_eq!(of(&[("LANG", "vi_VN.UTF-8"), ("LC_ALL", "C")]), Language::En);
        assert_eq!(of(&[("LANG", "vi_VN.UTF-8"), ("LC_ALL", "")]), Language::Vi);
        assert_eq!(of(&[]), Language::En);
    }

    #[test]
    fn ages_are_short_in_both_languages() {
        let ages = [-5, 59_000, 3_599_000, 7_200_000, 172_800_000];
        assert_eq!(ages.map(|age| Language::En.age(age)), ["0 s", "59 s", "59 min", "2 h", "2 d"]);
        assert_eq!(ages.map(|age| Language::Vi.age(age)), ["0 s", "59 s", "59 phút", "2 giờ", "2 ngày"]);
    }
}
