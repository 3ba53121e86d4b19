//! What a node of Sparkplug B said before: what its numbers stand for, and which of its messages did not come.
//!
//! A birth names each metric, with its type and the number (alias) that later messages have in place of both. So data is
//! read by the last birth before it: a birth of the node replaces everything, those of its devices too, which are born
//! again behind it; a birth of a device replaces the device's. A death ends them. Nothing is added to an older table and
//! nothing is guessed: 62.4 under the name of another metric is as plausible as under its own.
//!
//! Messages of a node are counted from 0 to 255 and on from 0, its devices' among them. One that is missing may be behind
//! the next by [`REORDER`]; then it is lost, and what it said too: a birth is wanted, as it is where data comes that no birth
//! names. It is wanted once, and again after [`AGAIN`] if data goes on without one: many nodes asked at once, or one asked
//! at each of its messages, would fall silent over their births.
//!
//! Pure: whoever holds a node gives it the node's messages in their order. What it holds is bounded by bytes that are
//! counted for each metric ([`LARGEST`]); of a birth that is larger the rest is not kept, and counted.

mod sequence;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    rebirth::Why,
    time::{Millis, Now, ReceivedAt},
};
use serde::{Deserialize, Serialize};

pub(crate) use self::tables::{Declared, Type};
use self::{sequence::Sequence, tables::Table};

/// A message may be behind the one that was sent after it by so much.
pub const REORDER: Millis = Millis(5_000);
/// A birth that did not come is wanted again after so much.
pub const AGAIN: Millis = Millis::minutes(10);
/// So many bytes the tables of one node take at most.
pub const LARGEST: usize = 1 << 20;
/// What every topic begins with.
const NAMESPACE: &str = "spBv1.0";

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Birth,
    Data,
    Death,
}

/// Whose a message is, by its topic `spBv1.0/<group>/<type>/<node>[/<device>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic<'a> {
    /// The group of the node.
    pub group: &'a str,
    /// The node.
    pub node: &'a str,
    /// The device of it that the message is of; none where it is the node's own.
    pub device: Option<&'a str>,
    pub(crate) kind: Kind,
}

impl<'a> Topic<'a> {
    /// Of a message of a node; none of commands, of states of hosts, and of what has no such topic, or a name in it of
    /// more than 512 bytes.
    #[must_use]
    pub fn of(address: &'a str) -> Option<Topic<'a>> {
        let mut levels = address.split('/').skip_while(|level| *level != NAMESPACE).skip(1);
        let (group, kind, node, device) = (levels.next()?, levels.next()?, levels.next()?, levels.next());
        let (kind, of_device) = match kind {
            "NBIRTH" => (Kind::Birth, false),
            "DBIRTH" => (Kind::Birth, true),
            "NDATA" => (Kind::Data, false),
            "DDATA" => (Kind::Data, true),
            "NDEATH" => (Kind::Death, false),
            "DDEATH" => (Kind::Death, true),
            _ => return None,
        };
        let is_whole = levels.next().is_none() && of_device == device.is_some();
        let is_name = |name: &str| (1..=tables::LONGEST_NAME).contains(&name.len());
        let has_names = is_name(group) && is_name(node) && device.is_none_or(is_name);
        (is_whole && has_names).then_some(Topic { group, node, device, kind })
    }

    /// The topic of the data of that device of the same node, or of the node itself.
    pub(crate) fn of_data(&self, device: Option<&str>) -> String {
        let Topic { group, node, .. } = self;
        match device {
            Some(device) => format!("{NAMESPACE}/{group}/DDATA/{node}/{device}"),
            None => format!("{NAMESPACE}/{group}/NDATA/{node}"),
        }
    }
}

/// What a payload says beside its metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) seq: Option<u64>,
    /// The number of the session that a birth or a death is of.
    pub(crate) session: Option<u64>,
    /// Milliseconds since 1970.
    pub(crate) at: Option<u64>,
    /// Whether its sender says that it may have sent it before.
    pub(crate) again: bool,
}

/// A birth that is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wanted {
    why: Why,
    /// When the message came that is not whole without it; of a gap, the one behind it.
    since: ReceivedAt,
    /// The device whose birth would do; none where it takes the node's.
    device: Option<Box<str>>,
    /// When it was said, and whether something came since.
    said: Option<(Now, bool)>,
}

/// What is kept of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The node's own metrics; none where its birth is not known, or over.
    own: Option<Table>,
    devices: BTreeMap<Box<str>, Table>,
    session: Option<u64>,
    born_at: Option<u64>,
    sequence: Sequence,
    /// It ended by a death, and nothing was born since.
    dead: bool,
    /// Devices that did.
    dead_devices: BTreeSet<Box<str>>,
    wanted: Option<Wanted>,
    /// When it was heard last, by the recorded clock.
    heard: Option<Now>,
    /// Bytes that its tables take.
    size: usize,
    /// Bytes that its tables may take from now on.
    #[serde(skip)]
    room: usize,
    /// Metrics there was no room for, since it was asked.
    #[serde(skip)]
    not_kept: u64,
}

impl Node {
    /// Bytes that its tables take.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    fn measured(&self) -> usize {
        let dead: usize = self.dead_devices.iter().map(|name| tables::OF_DEVICE + name.len()).sum();
        let devices: usize =
            self.devices.iter().map(|(name, table)| tables::OF_DEVICE + name.len() + table.size()).sum();
        self.own.as_ref().map_or(0, Table::size) + devices + dead
    }

    /// Lets its tables take so many bytes at most, and no more than [`LARGEST`].
    pub fn allow(&mut self, room: usize) {
        self.room = room.min(LARGEST);
    }

    /// A message of it is read in an epoch of that clock.
    pub fn hear(&mut self, now: Now) {
        self.heard = Some(now);
    }

    /// When one was read last.
    #[must_use]
    pub fn heard(&self) -> Option<Now> {
        self.heard
    }

    /// How many metrics of births there was no room for since this was asked.
    pub fn take_not_kept(&mut self) -> u64 {
        std::mem::take(&mut self.not_kept)
    }

    /// Takes what a message says of itself, before its metrics are read by it. `metrics` are those of a birth. Gives back
    /// whom a death ended: devices by their names, the node itself by none.
    pub(crate) fn take<'m>(
        &mut self,
        topic: &Topic<'_>,
        said: Said,
        received_at: ReceivedAt,
        metrics: impl Iterator<Item = Declared<'m>>,
    ) -> Vec<Option<Box<str>>> {
        let ended = match topic.kind {
            Kind::Birth => {
                self.birth(topic.device, said, received_at, metrics);
                Vec::new()
            }
            Kind::Data => {
                self.data(topic.device, said, received_at);
                return Vec::new();
            }
            Kind::Death => self.death(topic.device, said, received_at),
        };
        self.size = self.measured();
        ended
    }

    fn birth<'m>(
        &mut self,
        device: Option<&str>,
        said: Said,
        received_at: ReceivedAt,
        metrics: impl Iterator<Item = Declared<'m>>,
    ) {
        let Some(name) = device else {
            // What is sent a second time behind its successors begins nothing.
            let is_known = self.own.is_some() && said.session == self.session && said.at <= self.born_at;
            if said.again && is_known {
                return;
            }
            self.devices.clear();
            self.dead_devices.clear();
            self.own = None;
            let (table, not_kept) = Table::of(metrics, self.room);
            self.own = Some(table);
            self.not_kept += not_kept;
            (self.session, self.born_at, self.dead) = (said.session, said.at, false);
            self.sequence = Sequence::begun(said.seq);
            self.wanted = None;
            return;
        };
        self.count(said, received_at);
        let _ = self.devices.remove(name);
        let _ = self.dead_devices.remove(name);
        let room = self.room.saturating_sub(self.measured() + tables::OF_DEVICE + name.len());
        let (table, not_kept) = Table::of(metrics, room);
        self.not_kept += not_kept;
        if room > 0 {
            let _ = self.devices.insert(name.into(), table);
        }
        if self.wanted.as_ref().is_some_and(|wanted| wanted.device.as_deref() == device) && self.own.is_some()
        {
            self.wanted = None;
        }
        if self.own.is_none() {
            self.want(if self.dead { Why::Dead } else { Why::Unborn }, None, received_at);
        }
    }

    fn data(&mut self, device: Option<&str>, said: Said, received_at: ReceivedAt) {
        self.count(said, received_at);
        if let Some((_, came)) = self.wanted.as_mut().and_then(|wanted| wanted.said.as_mut()) {
            *came = true;
        }
        if self.own.is_none() {
            self.want(if self.dead { Why::Dead } else { Why::Unborn }, None, received_at);
        } else if let Some(name) = device.filter(|name| !self.devices.contains_key(*name)) {
            let is_dead = self.dead_devices.contains(name);
            self.want(if is_dead { Why::Dead } else { Why::Unborn }, Some(name), received_at);
        }
    }

    /// A death of another session is a will that came late: it is of nobody who lives. One without the number of its
    /// session cannot be told from those, where the birth has one.
    fn death(&mut self, device: Option<&str>, said: Said, received_at: ReceivedAt) -> Vec<Option<Box<str>>> {
        if let Some(name) = device {
            self.count(said, received_at);
            if self.devices.remove(name).is_none() {
                return Vec::new();
            }
            if self.measured() + tables::OF_DEVICE + name.len() <= self.room {
                let _ = self.dead_devices.insert(name.into());
            }
            return vec![Some(name.into())];
        }
        if self.own.is_none() || said.session != self.session {
            return Vec::new();
        }
        let devices = std::mem::take(&mut self.devices).into_keys().map(Some);
        let ended = [None].into_iter().chain(devices).collect();
        *self = Node {
            dead: true,
            heard: self.heard,
            room: self.room,
            not_kept: self.not_kept,
            ..Node::default()
        };
        ended
    }

    fn count(&mut self, said: Said, received_at: ReceivedAt) {
        if let Some(seq) = said.seq.and_then(|seq| u8::try_from(seq).ok()) {
            self.sequence.take(seq, said.again, received_at);
        }
    }

    fn want(&mut self, why: Why, device: Option<&str>, since: ReceivedAt) {
        match &mut self.wanted {
            // The node's birth brings all others.
            Some(wanted) if wanted.device.as_deref() != device => wanted.device = None,
            Some(_) => {}
            None => {
                self.wanted = Some(Wanted { why, since, device: device.map(Box::from), said: None });
            }
        }
    }

    /// The name and type of a metric of the node or of that device of it, by its number.
    pub(crate) fn declared(&self, device: Option<&str>, alias: u64) -> Named<'_> {
        match self.table(device) {
            Some(table) => table.by_alias(alias).map_or(Named::Undeclared, |(name, of)| Named::So(name, of)),
            None => Named::Unborn,
        }
    }

    /// The type of integers of that name.
    pub(crate) fn type_of(&self, device: Option<&str>, name: &str) -> Option<Type> {
        self.table(device)?.type_of(name)
    }

    fn table(&self, device: Option<&str>) -> Option<&Table> {
        match device {
            Some(name) => self.devices.get(name),
            None => self.own.as_ref(),
        }
    }

    /// A message had a number that its birth does not name.
    pub(crate) fn undeclared(&mut self, device: Option<&str>, received_at: ReceivedAt) {
        self.want(Why::Undeclared, device, received_at);
    }

    /// Whether a birth is wanted at that moment, why and since when. It is said once, and again where it is not there
    /// after [`AGAIN`] and something came meanwhile.
    pub fn wants(&mut self, now: Now) -> Option<(Why, ReceivedAt)> {
        if let Some(since) = self.sequence.lost(now) {
            self.want(Why::Gap, None, since);
        }
        let wanted = self.wanted.as_mut()?;
        let is_due = match wanted.said {
            None => true,
            Some((said, came)) => came && said.0.saturating_add(AGAIN.0) <= now.0,
        };
        is_due.then(|| {
            wanted.said = Some((now, false));
            (wanted.why, wanted.since)
        })
    }

    /// When a message that is missing is lost, if one is.
    #[must_use]
    pub fn due(&self) -> Option<Now> {
        self.sequence.due()
    }
}

/// What a number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named<'n> {
    /// The metric of that name and type.
    So(&'n str, Type),
    /// The birth does not name it.
    Undeclared,
    /// There is no birth.
    Unborn,
}

#[cfg(test)]
mod tests;
