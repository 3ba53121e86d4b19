//! SUBSCRIBE and UNSUBSCRIBE: what is asked, and what of it a session has.

use ioc_model::topic::TopicFilter;
use serde::{Deserialize, Serialize};

use super::{super::reply, Said};
use crate::transport::mqtt::wire::{Fields, Version, Violation};

/// What a client asks, its filters as they stand in the packet: they were found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Request {
    pub(in super::super) id: u16,
    /// Subscription identifier of version 5.
    pub(in super::super) identifier: Option<u32>,
    /// False: to hear it no more.
    pub(in super::super) subscribes: bool,
    pub(in super::super) filters: Box<[u8]>,
}

impl Request {
    /// What it asks, filter by filter.
    pub(in super::super) fn asked(&self) -> impl Iterator<Item = Asked<'_>> {
        let mut fields = Fields::new(&self.filters);
        std::iter::from_fn(move || Asked::next(&mut fields, self.subscribes).ok().flatten())
    }
}

/// SUBACK or UNSUBACK with one code for each filter; 3.1.1 has none to say of the end of a subscription.
pub(in super::super) fn push_answer(out: &mut Vec<u8>, version: Version, request: &Request, codes: &[u8]) {
    if request.subscribes {
        reply::push_suback(out, version, request.id, codes);
    } else {
        reply::push_unsuback(out, version, request.id, codes);
    }
}

/// One filter of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Asked<'a> {
    pub(in super::super) filter: &'a str,
    /// Options, as section 3.8.3.1 of version 5 has them.
    pub(in super::super) options: u8,
}

impl<'a> Asked<'a> {
    /// The next filter; none at the end.
    pub(in super::super) fn next(
        fields: &mut Fields<'a>,
        subscribes: bool,
    ) -> Result<Option<Asked<'a>>, Violation> {
        if fields.is_empty() {
            return Ok(None);
        }
        let filter = fields.text()?;
        let options = if subscribes { fields.byte()? } else { 0 };
        Ok(Some(Asked { filter, options }))
    }

    pub(in super::super) fn qos(self) -> u8 {
        self.options & 0b11
    }

    /// Nothing that a client published comes back to it, so that it asks for nothing; of a shared one it is forbidden.
    pub(in super::super) fn no_local(self) -> bool {
        self.options & 0b100 != 0
    }

    pub(super) fn as_published(self) -> bool {
        self.options & 0b1000 != 0
    }

    /// Whether what is retained is told: 0 always, 1 to who was not subscribed, 2 never.
    pub(in super::super) fn retain_handling(self) -> u8 {
        (self.options >> 4) & 0b11
    }

    pub(in super::super) fn is_shared(self) -> bool {
        self.filter.starts_with("$share/")
    }
}

/// A subscription of a session, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Subscription {
    pub(super) filter: String,
    /// The highest quality of service, 0 or 1.
    #[serde(default)]
    pub(super) qos: u8,
    /// RETAIN says that it was said to be retained, also of what is said while subscribed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) as_published: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) identifier: Option<u32>,
}

impl Subscription {
    pub(super) fn of(asked: Asked<'_>, identifier: Option<u32>) -> Subscription {
        Subscription {
            filter: asked.filter.to_owned(),
            qos: asked.qos().min(1),
            as_published: asked.as_published(),
            identifier,
        }
    }

    pub(super) fn matches(&self, said: &Said) -> bool {
        // A handful of filters, and something is said a few times a minute: they are read when they are needed.
        TopicFilter::parse(&self.filter).is_ok_and(|filter| filter.matches(&said.topic))
    }

    /// Whether this can have been granted: a line of a file is no more trusted than a client.
    pub(in super::super) fn is_sound(&self) -> bool {
        self.qos <= 1
            && self.filter.len() <= super::LONGEST_TOPIC
            && !self.filter.starts_with("$share/")
            && TopicFilter::parse(&self.filter).is_ok()
            && self.identifier.is_none_or(|identifier| (1..=268_435_455).contains(&identifier))
    }
}
