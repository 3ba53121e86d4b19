//! What a row does to the point it is of, and what that makes of the row.

use ioc_model::{names::Source, results::RowStanding};
use rustc_hash::FxHashMap;

use super::{Point, Version, points::Points};

/// What became of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Placed {
    /// It is stored, and whether the point's current value is another one now.
    Stored {
        /// How it stands to what was there.
        standing: RowStanding,
        /// What is the point's current version behind it.
        current: Current,
    },
    /// Its content was known already, and not later.
    Duplicate,
}

/// A point's current version behind a row that was stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Current {
    /// The row's, which is of another content than what was current before.
    Becomes,
    /// The row's, which is of the same content as what was current, and known since earlier.
    Lowered,
    /// The one that was current before.
    Stays,
    /// One that was known before and not current: it must be said again, for no row says now that it is. So rare that
    /// what every row is answered must not be as large.
    Restored(Box<(Version, Source)>),
}

impl Current {
    /// Whether it is that of the row.
    #[must_use]
    pub(crate) fn is_the_row(&self) -> bool {
        matches!(self, Current::Becomes | Current::Lowered)
    }

    /// Whether the point's (value, quality) is another one.
    #[must_use]
    pub(crate) fn changes(&self) -> bool {
        matches!(self, Current::Becomes | Current::Restored(..))
    }
}

/// What became of a point when a version of it was replaced.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Replaced {
    /// What is the point's current version now; the row's is the one that took the other's place.
    pub current: Current,
    /// Whether the point's (value, quality) is another one.
    pub changes: bool,
}

/// The versions of points that are not current, by the points' time.
pub(super) type Others = FxHashMap<u32, Vec<Version>>;

/// Adds a row's content to points.
#[inline]
pub(super) fn apply_to(points: &mut Points, others: &mut Others, at: u32, version: Version) -> Placed {
    let place = match points.last_at() {
        Some(last) if last >= at => points.find(at),
        _ => Err(points.len()),
    };
    match place {
        Ok(index) => {
            let mut point = points.get(index);
            let placed = again(&mut point, others, version);
            points.set(index, &point);
            placed
        }
        Err(index) => {
            points.insert(index, &Point::new(at, &version));
            Placed::Stored { standing: RowStanding::First, current: Current::Becomes }
        }
    }
}

/// Puts a version in the place of the one that arrived with it: what its row said before counts as never said. Where it
/// says what another row of the point says, both are one version, known since the earlier.
pub(super) fn replace_in(
    points: &mut Points,
    others: &mut Others,
    at: u32,
    version: Version,
    source_of: impl FnOnce(&Version) -> Source,
) -> Replaced {
    let place = points.find(at);
    let before = place.ok().map(|index| points.get(index).version());
    let mut versions = others.remove(&at).unwrap_or_default();
    versions.extend(before);
    versions.retain(|known| known.arrival != version.arrival);
    match versions.iter_mut().find(|known| known.same_content(&version)) {
        Some(known) => known.arrival = known.arrival.min(version.arrival),
        None => versions.push(version),
    }
    let latest = (0..versions.len()).max_by_key(|index| versions[*index].arrival).unwrap_or_default();
    let after = versions.remove(latest);
    if !versions.is_empty() {
        let _ = others.insert(at, versions);
    }
    let point = Point::new(at, &after);
    match place {
        Ok(index) => points.set(index, &point),
        Err(index) => points.insert(index, &point),
    }
    let changes = before.is_none_or(|before| !before.same_content(&after));
    let current = if after.arrival == version.arrival {
        if changes { Current::Becomes } else { Current::Lowered }
    } else if before == Some(after) {
        Current::Stays
    } else {
        let source = source_of(&after);
        Current::Restored(Box::new((after, source)))
    };
    Replaced { current, changes }
}

/// Another row for a point.
fn again(point: &mut Point, others: &mut Others, version: Version) -> Placed {
    let current = point.version();
    if current.same_content(&version) {
        if version.arrival >= current.arrival {
            return Placed::Duplicate;
        }
        return lower_current(point, others, version);
    }
    let others = others.entry(point.at).or_default();
    if let Some(known) = others.iter_mut().find(|other| other.same_content(&version)) {
        if version.arrival >= known.arrival {
            return Placed::Duplicate;
        }
        known.arrival = version.arrival;
        return Placed::Stored { standing: RowStanding::History, current: Current::Stays };
    }
    if version.arrival > current.arrival {
        others.push(current);
        *point = Point::new(point.at, &version);
        return Placed::Stored { standing: RowStanding::Correction, current: Current::Becomes };
    }
    others.push(version);
    Placed::Stored { standing: RowStanding::History, current: Current::Stays }
}

/// The current content turns out to be known since earlier, which may make another version the latest known.
fn lower_current(point: &mut Point, others: &mut Others, earlier: Version) -> Placed {
    let latest_other = others.get_mut(&point.at).and_then(|others| {
        let latest = (0..others.len()).max_by_key(|i| others[*i].arrival)?;
        (others[latest].arrival > earlier.arrival).then(|| std::mem::replace(&mut others[latest], earlier))
    });
    *point = Point::new(point.at, latest_other.as_ref().unwrap_or(&earlier));
    // The day knows who sent it.
    let current = latest_other
        .map_or(Current::Lowered, |other| Current::Restored(Box::new((other, Source::default()))));
    Placed::Stored { standing: RowStanding::History, current }
}
