//! Names that are looked for among many.
//!
//! Each has a place of its own in a table, where a key's code leads to. Both are worked out when the program is
//! compiled, so that a key is compared with one name at most.

/// So many places a table has.
const PLACES: usize = 128;
/// No name is there.
const NONE: u8 = u8::MAX;

/// See above.
#[derive(Debug)]
pub(super) struct Keys {
    names: &'static [&'static str],
    /// Of each place, the number of its name; [`NONE`] of most.
    places: [u8; PLACES],
    /// Leads every name to another place.
    multiplier: u64,
}

impl Keys {
    /// # Panics
    /// If two names have the same code, or there are so many that no multiplier is found.
    pub(super) const fn new(names: &'static [&'static str]) -> Keys {
        let mut multiplier = 1;
        let mut tries = 0;
        loop {
            match Keys::with(names, multiplier) {
                Some(places) => return Keys { names, places, multiplier },
                None => multiplier = multiplier.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(2),
            }
            tries += 1;
            assert!(tries < 10_000, "names that cannot be told apart");
        }
    }

    const fn with(names: &[&str], multiplier: u64) -> Option<[u8; PLACES]> {
        let mut places = [NONE; PLACES];
        let mut at = 0;
        while at < names.len() {
            let place = place(names[at].as_bytes(), multiplier);
            if places[place] != NONE {
                return None;
            }
            places[place] = at as u8;
            at += 1;
        }
        Some(places)
    }

    /// The one that it is.
    #[inline]
    pub(super) fn word(&self, key: &str) -> Option<&'static str> {
        self.find(key).map(|at| self.names[at])
    }

    /// Which of them it is.
    #[inline]
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        let at = usize::from(self.places[place(key.as_bytes(), self.multiplier)]);
        (*self.names.get(at)? == key).then_some(at)
    }
}

/// Where a name leads to, by its length and its first and last bytes.
#[inline]
const fn place(name: &[u8], multiplier: u64) -> usize {
    let code = match name {
        [] => 0,
        [first, .., before, last] if name.len() < 4 => word([*first, *before, *last, 0], [0; 4]),
        [first, ..] if name.len() < 4 => word([*first, name[name.len() - 1], 0, 0], [0; 4]),
        [a, b, c, d, ..] => {
            let end = name.len();
            word([*a, *b, *c, *d], [name[end - 4], name[end - 3], name[end - 2], name[end - 1]])
        }
        _ => 0,
    };
    let code = code ^ (name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (code.wrapping_mul(multiplier) >> (u64::BITS - PLACES.ilog2())) as usize
}

const fn word(first: [u8; 4], last: [u8; 4]) -> u64 {
    u32::from_le_bytes(first) as u64 | (u32::from_le_bytes(last) as u64) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_among_others() {
        const KEYS: Keys = Keys::new(&["", "a", "ab", "gid", "src_ip", "src_port", "signature", "signatory"]);
        for (at, name) in KEYS.names.iter().enumerate() {
            assert_eq!(KEYS.find(name), Some(at));
        }
        for other in ["b", "aa", "gad", "src_ipx", "srcxip", "signXture", "ế"] {
            assert_eq!(KEYS.find(other), None, "{other}");
        }
    }
}
