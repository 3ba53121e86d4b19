//! What a message was sent for: who opens an obligation and brings a file to it says once more of which period that is.
//!
//! A clerk begins November from October's file and forgets its title. Where the file's name says nothing either, it agrees
//! with itself, and October would be filed anew while November is owed. So what was opened is held against all that the
//! message says; it stands for nothing that the message does not say, and of another form it says nothing.

use std::collections::BTreeSet;

use ioc_model::form::{Finding, ObligationKey, Period, Rule, Weight};

use super::{Judged, findings::said};

impl Judged {
    /// The same, refused where it is of another period than the obligation that it was sent for. What was refused was an
    /// attempt at that.
    pub(crate) fn sent_for(mut self, owed: Option<&str>) -> Judged {
        let Some(owed) = owed.and_then(|owed| owed.parse::<ObligationKey>().ok()) else { return self };
        if self.form.as_str() != owed.form {
            return self;
        }
        let of_cells = self.cells.iter().map(|cell| cell.key.period);
        let others: BTreeSet<Period> =
            self.period.into_iter().chain(of_cells).filter(|period| *period != owed.period).collect();
        if let Some(other) = others.first() {
            let (label, wanted) = (other.label(), owed.period.label());
            let message = said(
                format!(
                    "Tệp được nộp cho kỳ {wanted} nhưng ghi kỳ {label}. Hãy sửa kỳ trong tệp rồi gửi lại, hoặc mở đúng kỳ {label} để nộp."
                ),
                format!(
                    "The file was sent for {wanted} and says {label}. Correct the period in it and send it again, or open {label} and send it there."
                ),
            );
            let (weight, rule) = (Weight::Error, Rule::Period);
            self.findings.insert(0, Finding { weight, rule, at: "".into(), stands: label.into(), message });
            self.cells.clear();
            self.left_out.clear();
        }
        if self.cells.is_empty() {
            self.period = Some(owed.period);
        }
        self
    }
}
