//! What is kept of one agency, packed and unpacked.
//!
//! Names of forms and versions of places are written once; a period is its kind and its first day, from which its last
//! follows; where the newest message is the first, it is not written again.

use std::collections::BTreeMap;

use ioc_model::{
    calendar::{Calendar, DayNumber},
    form::{Period, PeriodKind},
    name::Name,
    obligation::{Owed, Received},
    place::Date,
    results::ObligationState,
    time::EventTime,
};
use serde::{Deserialize, Serialize};

/// By form and period.
pub(super) type Entries = BTreeMap<(Name, Period), Entry>;

/// What came of one period of a form, and what was said of it last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) received: Received,
    /// None of what nobody ever owed.
    pub(super) said: Option<Said>,
}

/// What was said of an obligation last, beside what came for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) owed_from: EventTime,
    pub(super) due_at: EventTime,
    pub(super) place_from: Option<Date>,
    pub(super) state: ObligationState,
    pub(super) reminders: u32,
}

impl Said {
    pub(super) fn of(owed: Owed, place_from: Option<Date>, state: ObligationState, reminders: u32) -> Said {
        Said { owed_from: owed.owed_from, due_at: owed.due_at, place_from, state, reminders }
    }
}

/// An agency's entries, packed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account(#[serde(with = "serde_bytes")] Vec<u8>);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Packed {
    forms: Vec<(Name, PeriodKind, Vec<PackedEntry>)>,
    places: Vec<Date>,
}

/// Its first day, in days since 1970; what came; what was said: when it is owed from, how long behind that it is due, the place's version by its
/// number in the list from 1, the state, the reminders.
#[derive(Debug, Serialize, Deserialize)]
struct PackedEntry(DayNumber, Received, Option<(i64, i64, u16, ObligationState, u32)>);

impl Account {
    pub(super) fn packed(entries: &Entries) -> Account {
        let mut packed = Packed::default();
        for ((form, period), Entry { received, said }) in entries {
            let places = &mut packed.places;
            let said = said.map(|said| {
                let Said { owed_from, due_at, place_from, state, reminders } = said;
                let place = place_from.map_or(0, |from| number(places, from));
                (owed_from.0, due_at.0.saturating_sub(owed_from.0), place, state, reminders)
            });
            let entry = PackedEntry(Calendar::number(period.start), received.clone(), said);
            match packed.forms.last_mut() {
                Some((of, kind, entries)) if (*of, *kind) == (*form, period.kind) => entries.push(entry),
                _ => packed.forms.push((*form, period.kind, vec![entry])),
            }
        }
        let mut bytes = postcard::to_stdvec(&packed).expect("plain lists can be encoded");
        bytes.shrink_to_fit();
        Account(bytes)
    }

    /// What is in it.
    ///
    /// # Errors
    /// If it is not what [`Account::packed`] made: a checkpoint that passed its checksum was written by another program.
    pub(super) fn unpacked(&self) -> Result<Entries, postcard::Error> {
        let Packed { forms, places } = postcard::from_bytes(&self.0)?;
        let mut unpacked = Entries::new();
        for (form, kind, entries) in forms {
            for PackedEntry(start, received, said) in entries {
                let start = Calendar::date(start).ok_or(postcard::Error::DeserializeBadEncoding)?;
                let period = Period::holding(kind, start).filter(|period| period.start == start);
                let period = period.ok_or(postcard::Error::DeserializeBadEncoding)?;
                let said = said.map(|(owed_from, behind, place, state, reminders)| {
                    let place_from = match usize::from(place).checked_sub(1) {
                        Some(number) => {
                            Some(*places.get(number).ok_or(postcard::Error::DeserializeBadEncoding)?)
                        }
                        None => None,
                    };
                    let (owed_from, due_at) =
                        (EventTime(owed_from), EventTime(owed_from.saturating_add(behind)));
                    Ok::<_, postcard::Error>(Said { owed_from, due_at, place_from, state, reminders })
                });
                let _ = unpacked.insert((form, period), Entry { received, said: said.transpose()? });
            }
        }
        Ok(unpacked)
    }

    /// How many bytes it is.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }
}

/// The number of a version in a list that grows with what comes up, from 1.
fn number(places: &mut Vec<Date>, from: Date) -> u16 {
    let known = places.iter().position(|known| *known == from);
    let index = known.unwrap_or_else(|| {
        places.push(from);
        places.len() - 1
    });
    u16::try_from(index + 1).expect("a code has fewer than 65,535 versions")
}

#[cfg(test)]
mod tests {
    use ioc_model::{position::Arrival, time::ReceivedAt};

    use super::*;

    /// Whether the last message is the first was a truth value, which is the lowest bit of the byte that stands there.
    #[test]
    fn replay_what_version_9_kept_of_what_came_reads_as_it_was() {
        let at = |received_at| Arrival { received_at: ReceivedAt(received_at), ..Arrival::default() };
        let mut received = Received::default();
        received.accept(at(1_500), true);
        for (changing, later) in [(1_u32, None), (2, Some(at(1_800)))] {
            later.into_iter().for_each(|later| received.accept(later, true));
            let first = Some((at(1_500), true));
            let written = (first, later.is_none(), later, changing, 0_u32, None::<Arrival>);
            let bytes = postcard::to_stdvec(&written).expect("plain values can be encoded");
            assert_eq!(postcard::from_bytes::<Received>(&bytes).expect("it reads"), received);
            assert_eq!(postcard::to_stdvec(&received).expect("plain values can be encoded"), bytes);
        }
        assert!(received.stands(false));
        let bytes = postcard::to_stdvec(&received).expect("plain values can be encoded");
        assert_eq!(postcard::from_bytes::<Received>(&bytes).expect("it reads"), received);
    }
}
