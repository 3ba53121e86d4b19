//! Messages that say numbers of persons: what pages quote of them has none.
//!
//! A small number that is kept back beside its cell would stand in the message that brought it, in the beginning of what was
//! rejected and in the words of what was found in it. Whoever sent it has it whole, on the page where it was sent.

use std::collections::HashMap;

use ioc_model::{
    form::{Form, Rule},
    pack::{Feed, Pack},
    reject::RejectReason,
    text::Text,
};

use crate::{
    rejects::RejectView,
    reports::{FindingView, ReceiptView},
};

/// The feeds of a pack that bring reports, by whether they bring such messages. Of another feed nothing follows: it may have
/// brought them by a pack before.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuardedFeeds(HashMap<String, bool>);

impl GuardedFeeds {
    pub(crate) fn of(pack: &Pack) -> GuardedFeeds {
        let of_reports = pack.feeds.values().filter(|feed| !feed.forms.is_empty());
        GuardedFeeds(of_reports.map(|feed| (feed.id.clone(), is_guarded(pack, feed))).collect())
    }

    /// Whether a feed brings messages that are not quoted.
    pub(crate) fn guards(&self, feed: &str) -> bool {
        self.0.get(feed).copied().unwrap_or_default()
    }

    /// Whether a report of a form that came by a feed is not quoted, by the rules that found something in it: one of a form of
    /// persons, of a form that the pack has no more, or, unless its feed brings no such forms, one of which it is not known what
    /// is in it.
    pub(crate) fn guards_report(
        &self,
        pack: &Pack,
        (form, feed): (&str, &str),
        rules: impl IntoIterator<Item = Rule>,
    ) -> bool {
        let is_not_known = |rule: Rule| matches!(rule, Rule::UnknownForm | Rule::Unreadable);
        let brings_none = self.0.get(feed) == Some(&false);
        let form = pack.forms.get(form);
        form.is_none_or(Form::keeps_back) || (!brings_none && rules.into_iter().any(is_not_known))
    }

    /// The same of a receipt.
    pub(crate) fn guards_receipt(
        &self,
        pack: &Pack,
        receipt: &ReceiptView,
        findings: &[FindingView],
    ) -> bool {
        let rules = findings.iter().map(|finding| finding.rule);
        self.guards_report(pack, (&receipt.form, &receipt.feed), rules)
    }

    /// A reject as it is told: of a report whose feed the pack has no more, or that brings none now, nobody knows what it is
    /// about.
    pub(crate) fn reject(&self, reject: RejectView) -> RejectView {
        let is_told = match self.0.get(reject.feed.as_str()) {
            Some(guarded) => !guarded,
            None => reject.reason != RejectReason::Form,
        };
        if is_told {
            return reject;
        }
        RejectView { message: without_numbers(&reject.message, ""), sample: String::new(), ..reject }
    }
}

fn is_guarded(pack: &Pack, feed: &Feed) -> bool {
    feed.forms.iter().filter_map(|form| pack.forms.get(form)).any(Form::keeps_back)
}

/// Stands for a number that is kept back.
const UNSAID: &str = "▒";

/// A sentence without what it quotes and without numbers.
pub(crate) fn without_numbers(text: &Text, quoted: &str) -> Text {
    let unsaid = |text: &str| {
        let text = if quoted.is_empty() { text.to_owned() } else { text.replace(quoted, UNSAID) };
        let mut said = String::new();
        let mut is_number = false;
        let mut left = text.chars().peekable();
        while let Some(one) = left.next() {
            let joins = |next: Option<&char>| next.is_some_and(|next| next.is_numeric());
            let goes_on = is_number && matches!(one, '.' | ',') && joins(left.peek());
            match one.is_numeric() || goes_on {
                true if is_number => {}
                true => said.push_str(UNSAID),
                false => said.push(one),
            }
            is_number = one.is_numeric() || goes_on;
        }
        said
    };
    Text { vi: unsaid(&text.vi), en: unsaid(&text.en) }
}
