//! Followed lines as the fuzz targets see them: bytes in, plain values out. Not for anybody else.

use ioc_model::running_hash::RunningHash;

use super::{
    lines::{Lines, PieceKind},
    mark::Mark,
};

/// What was cut off a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A line with its end.
    Line(Vec<u8>),
    /// What is told of a line over the limit.
    TooLong(String),
}

/// Cuts a file that was read in these parts and then ended: what came of it, what all of it is known by, and where its
/// end is.
///
/// # Panics
/// If a piece is not known by what lies before it.
pub fn cut<'a>(limit: usize, parts: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Cut>, [u8; 32], u64) {
    let mut lines = Lines::new(Mark::default(), RunningHash::default(), limit);
    let mut pieces = Vec::new();
    for part in parts {
        lines.take(part, &mut pieces);
    }
    lines.end(&mut pieces);
    let mut all = Vec::new();
    let mut before = Some(RunningHash::default());
    for piece in pieces {
        if let Some(before) = &before {
            assert_eq!(piece.before.digest(), before.digest(), "known by what lies before it");
        }
        match piece.what {
            PieceKind::Lines(bytes, count) => {
                let cut = bytes.split_inclusive(|byte| *byte == b'\n').map(|line| Cut::Line(line.to_vec()));
                let known = all.len();
                all.extend(cut);
                assert_eq!((all.len() - known) as u64, count, "so many lines are in it");
                let mut behind = piece.before;
                behind.update(&bytes);
                before = Some(behind);
            }
            PieceKind::TooLong(withheld) => {
                all.push(Cut::TooLong(withheld.to_json()));
                before = None;
            }
        }
    }
    (all, lines.hash.digest(), lines.mark.at)
}
