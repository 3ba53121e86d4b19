//! Groups that events are counted by: closed sets only, each member a measure of its own.
//!
//! A measure `alerts` by severity is the measures `alerts_high`, `alerts_medium` and so on: each has its windows, and
//! whatever speaks of a measure (rules, lineage, views) needs to know nothing of groups.

use super::{Event, EventKind, Severity};
use crate::text::Text;

/// The member that a measure is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The measure as the pack declares it.
    pub of: String,
    /// The member's word: that of its severity or kind, or the pack's of a category.
    pub member: String,
    /// Which events are its.
    pub by: GroupBy,
}

/// Which events are of a member.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupBy {
    /// Those so bad, not worse.
    Severity(Severity),
    /// Those of a kind.
    Kind(EventKind),
    /// Those of some categories.
    Category(Categories),
}

/// Categories in the words of devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories {
    /// In small letters.
    pub words: Vec<String>,
    /// All but these.
    pub others: bool,
}

impl Group {
    /// Whether an event is its.
    #[must_use]
    pub fn has(&self, event: &Event) -> bool {
        match &self.by {
            GroupBy::Severity(severity) => event.severity == *severity,
            GroupBy::Kind(kind) => event.kind == *kind,
            GroupBy::Category(categories) => categories.has(&event.category),
        }
    }
}

impl GroupBy {
    /// The word used in packs and tables.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            GroupBy::Severity(_) => "severity",
            GroupBy::Kind(_) => "kind",
            GroupBy::Category(_) => "category",
        }
    }
}

impl Categories {
    /// Whether a category is one of them. Case does not matter, nor white space around it.
    #[must_use]
    pub fn has(&self, category: &str) -> bool {
        // Asked of every event by every member: nothing is made for it.
        let category = category.trim();
        let is = |word: &String| word.chars().eq(category.chars().flat_map(char::to_lowercase));
        self.words.iter().any(is) != self.others
    }
}

impl Severity {
    /// Its name.
    #[must_use]
    pub fn name(self) -> Text {
        let (vi, en) = match self {
            Severity::NotRated => ("Chưa xếp mức", "Not rated"),
            Severity::Info => ("Thông tin", "Information"),
            Severity::Low => ("Thấp", "Low"),
            Severity::Medium => ("Vừa", "Medium"),
            Severity::High => ("Cao", "High"),
            Severity::Critical => ("Khẩn cấp", "Critical"),
        };
        Text { vi: vi.to_owned(), en: en.to_owned() }
    }
}

impl EventKind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> Text {
        let (vi, en) = match self {
            EventKind::Log => ("dòng nhật ký", "log line"),
            EventKind::Alert => ("cảnh báo xâm nhập", "intrusion alert"),
            EventKind::Allow => ("cho qua", "let through"),
            EventKind::Block => ("chặn", "blocked"),
            EventKind::Flow => ("luồng mạng", "flow"),
            EventKind::Protocol => ("giao thức", "protocol"),
            EventKind::Anomaly => ("bất thường giao thức", "protocol anomaly"),
            EventKind::Stats => ("tình trạng cảm biến", "sensor statistics"),
            EventKind::LoginFailed => ("đăng nhập thất bại", "log-in failed"),
            EventKind::LoginAccepted => ("đăng nhập thành công", "logged in"),
            EventKind::LoginProbe => ("hỏi cách đăng nhập", "log-in probe"),
            EventKind::LoginModule => ("xác thực thất bại (PAM)", "authentication failed (PAM)"),
            EventKind::LoginUser => ("tài khoản không tồn tại", "no such user"),
            EventKind::LoginLimit => ("quá số lần đăng nhập", "too many attempts"),
            EventKind::Repeat => ("dòng lặp lại", "repeated line"),
            EventKind::Infection => ("nhiễm mã độc", "infection"),
        };
        Text { vi: vi.to_owned(), en: en.to_owned() }
    }
}
