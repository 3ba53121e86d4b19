//! The framing as the fuzz targets see it: bytes in, plain values out. Not for anybody else.

use super::frames::{Found, Frames, More, most_undecided};

/// What was cut off a connection's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A message, and whether its sender counted characters.
    Message(Vec<u8>, bool),
    /// A line over the limit: its bytes, their hash, whether its end did not come.
    LongLine(u64, String, bool),
    /// What is no message, and what is wrong with it.
    Piece(Vec<u8>, String),
}

/// Cuts a connection that came in these parts and then ended.
///
/// # Panics
/// If more is kept undecided than may be, or something is left when it has ended.
pub fn cut<'a>(limit: usize, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<Cut> {
    let mut frames = Frames::new(limit);
    let (mut all, mut left) = (Vec::new(), Vec::new());
    let mut look = |left: &mut Vec<u8>, more| {
        let mut at = 0;
        loop {
            let (used, found) = frames.next(&left[at..], more);
            at += used;
            match found {
                None => break,
                Some(Found::Message(message)) => all.push(Cut::Message(message.to_vec(), false)),
                Some(Found::OfCharacters(message)) => all.push(Cut::Message(message.to_vec(), true)),
                Some(Found::LongLine { digest, is_cut_off }) => {
                    all.push(Cut::LongLine(digest.bytes(), digest.hex(), is_cut_off));
                }
                Some(Found::Piece(piece, fault)) => all.push(Cut::Piece(piece.to_vec(), fault.to_string())),
            }
        }
        drop(left.drain(..at));
    };
    for part in parts {
        left.extend_from_slice(part);
        look(&mut left, More::Comes);
        assert!(left.len() <= most_undecided(limit), "{} bytes are undecided", left.len());
    }
    look(&mut left, More::Never);
    assert!(left.is_empty(), "everything was decided at the end");
    all
}
