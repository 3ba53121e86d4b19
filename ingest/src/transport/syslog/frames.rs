//! Where a message ends in what a TCP connection sends.
//!
//! RFC 6587 knows two framings and a sender does not say which it uses: `118 <86>1 …`, counted in octets, or a line a
//! message. It is decided frame by frame: **a count is digits, one space and `<`**, everything else is a line, also one
//! that begins with a date, an address or a number.
//!
//! Counts lie: senders count characters instead of bytes, announce what they then cut, end within a frame. One wrong
//! count shifts the rest of the connection, so behind a counted frame there must be nothing, or the beginning of a
//! frame. What must be there is looked at before a frame is believed that could be cut wrongly: one that is not ASCII, or
//! that has a count in it. When nothing more comes for a while ([`More::Quiet`]) such a frame is believed as it is. If
//! the count is the number of its characters, the message is whole and is taken. Otherwise all up to the next frame is a
//! piece with a [`FramingFault`]: it is kept and is no message. Nothing that was read is left out.
//!
//! Pure: bytes in, frames out, and the same frames however the bytes were cut (but for who pauses within a frame whose
//! count lies). What is not decided yet is at most [`most_undecided`] bytes long, whatever a count announces (BOUND).

use ioc_model::framing::FramingFault;

use crate::transport::withheld::Digest;

/// More digits than any count has are the beginning of a line.
const MOST_DIGITS: usize = 32;
/// What a frame begins with must be seen to know it: a count, a space, and `<999>`.
const HEAD: usize = MOST_DIGITS + 6;
/// Senders that put a line end, or a NUL, behind a counted frame put no more of them there.
const MOST_BLANKS: usize = 8;

/// What follows the bytes that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    /// More.
    Comes,
    /// More, but nothing has come for a while.
    Quiet,
    /// Nothing: the connection ended.
    Never,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// A message.
    Message(&'a [u8]),
    /// A message whose sender counted its characters.
    OfCharacters(&'a [u8]),
    /// A line over the limit, hashed as it passed; cut off if the connection ended within it.
    LongLine {
        /// Its bytes.
        digest: Digest,
        /// Whether its end did not come.
        is_cut_off: bool,
    },
    /// What is no message.
    Piece(&'a [u8], FramingFault),
}

/// One connection's frames.
#[derive(Debug)]
pub(super) struct Frames {
    limit: usize,
    is_behind_counted: bool,
    long_line: Option<Digest>,
}

/// Whether a frame begins somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Begins,
    Not,
    /// More must be seen.
    Open,
}

enum Start<'a> {
    /// Digits, a space, and `<` behind it.
    Counted {
        digits: &'a [u8],
        head: usize,
    },
    Line,
    Open,
}

/// Where the next frame begins behind a fault.
enum Next {
    At(usize),
    Open,
}

/// The longest run of bytes of which nothing may be decided yet.
pub(super) fn most_undecided(limit: usize) -> usize {
    2 * (limit + HEAD + HEAD + MOST_BLANKS)
}

impl Frames {
    /// Of messages of at most so many bytes.
    pub(super) fn new(limit: usize) -> Frames {
        Frames { limit, is_behind_counted: false, long_line: None }
    }

    /// Looks at what is not used yet. How much of it is used now, and what was found; nothing was found if more must
    /// be seen first.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8], more: More) -> (usize, Option<Found<'a>>) {
        if self.long_line.is_some() {
            return self.go_on_with_long_line(bytes, more);
        }
        let mut used = blanks(bytes);
        loop {
            let rest = &bytes[used..];
            if rest.is_empty() {
                return (used, None);
            }
            let (more_used, found) = self.frame(rest, more);
            used += more_used;
            // A line of blanks carries nothing.
            if found.is_some() || more_used == 0 || self.long_line.is_some() {
                return (used, found);
            }
        }
    }

    fn frame<'a>(&mut self, bytes: &'a [u8], more: More) -> (usize, Option<Found<'a>>) {
        if self.is_behind_counted {
            match fit(bytes, more) {
                Fit::Begins => {}
                Fit::Open => return (0, None),
                Fit::Not => {
                    let Next::At(end) = self.next_frame(bytes, 0, more) else { return (0, None) };
                    let piece = &bytes[..end];
                    let fault = FramingFault::LeftOver { bytes: piece.len() as u64 };
                    return (end, Some(Found::Piece(piece, fault)));
                }
            }
        }
        match start(bytes, more) {
            Start::Open => (0, None),
            Start::Line => self.line(bytes, more),
            Start::Counted { digits, head } => self.counted(bytes, digits, head, more),
        }
    }

    fn counted<'a>(
        &mut self,
        bytes: &'a [u8],
        digits: &[u8],
        head: usize,
        more: More,
    ) -> (usize, Option<Found<'a>>) {
        self.is_behind_counted = true;
        let Some(count) = self.count_of(digits) else {
            let announced = String::from_utf8_lossy(digits).into_owned();
            let fault = FramingFault::OverLimit { announced, limit: self.limit as u64 };
            return self.piece(bytes, head, more, |_| fault);
        };
        let (frame, announced) = (&bytes[head..], count as u64);
        let wrong = |found| FramingFault::WrongCount { announced, found };
        if count == 0 {
            return self.piece(bytes, head, more, wrong);
        }
        let Some((message, behind)) = frame.split_at_checked(count) else {
            return match more {
                More::Never => {
                    let fault = FramingFault::CutOff { came: frame.len() as u64, announced };
                    (bytes.len(), Some(Found::Piece(frame, fault)))
                }
                More::Comes | More::Quiet => (0, None),
            };
        };
        if !may_be_cut_wrongly(message) {
            return (head + count, Some(Found::Message(message)));
        }
        match fit(behind, more) {
            Fit::Begins => return (head + count, Some(Found::Message(message))),
            Fit::Open => return (0, None),
            Fit::Not => {}
        }
        if let Some(length) = length_of_characters(frame, count).filter(|length| *length <= self.limit) {
            match frame.split_at_checked(length) {
                Some((message, behind)) => match fit(behind, more) {
                    Fit::Begins => return (head + length, Some(Found::OfCharacters(message))),
                    Fit::Open => return (0, None),
                    Fit::Not => {}
                },
                None if more == More::Comes => return (0, None),
                None => {}
            }
        }
        self.piece(bytes, head, more, wrong)
    }

    /// From behind the head of a frame up to the next one.
    fn piece<'a>(
        &self,
        bytes: &'a [u8],
        head: usize,
        more: More,
        fault: impl FnOnce(u64) -> FramingFault,
    ) -> (usize, Option<Found<'a>>) {
        let Next::At(end) = self.next_frame(bytes, head, more) else { return (0, None) };
        let piece = &bytes[head..end];
        (end, Some(Found::Piece(piece, fault(piece.len() as u64))))
    }

    fn line<'a>(&mut self, bytes: &'a [u8], more: More) -> (usize, Option<Found<'a>>) {
        self.is_behind_counted = false;
        match bytes.iter().take(self.limit + 1).position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, message_of_line(&bytes[..end])),
            None if bytes.len() > self.limit => {
                self.long_line = Some(Digest::default());
                self.go_on_with_long_line(bytes, more)
            }
            None if more == More::Never => (bytes.len(), message_of_line(bytes)),
            None => (0, None),
        }
    }

    fn go_on_with_long_line<'a>(&mut self, bytes: &[u8], more: More) -> (usize, Option<Found<'a>>) {
        let Some(mut digest) = self.long_line.take() else { return (0, None) };
        let end = bytes.iter().position(|byte| *byte == b'\n');
        digest.update(&bytes[..end.unwrap_or(bytes.len())]);
        match (end, more) {
            (Some(end), _) => (end + 1, Some(Found::LongLine { digest, is_cut_off: false })),
            (None, More::Never) => (bytes.len(), Some(Found::LongLine { digest, is_cut_off: true })),
            (None, _) => {
                self.long_line = Some(digest);
                (bytes.len(), None)
            }
        }
    }

    fn count_of(&self, digits: &[u8]) -> Option<usize> {
        let count = std::str::from_utf8(digits).ok()?.parse::<usize>().ok()?;
        (count <= self.limit).then_some(count)
    }

    /// Where the next frame begins behind a frame that begins at `from` and whose end is not known. What lies between
    /// may end in digits, and the count behind them begins with some: the shortest count behind which a frame begins is
    /// the right one. Without any the piece ends where everything does, or at the limit.
    fn next_frame(&self, bytes: &[u8], from: usize, more: More) -> Next {
        let most = from + self.limit;
        let mut at = from + 1;
        while let Some(space) = bytes.iter().skip(at).position(|byte| *byte == b' ').map(|found| at + found) {
            at = space + 1;
            if space > most {
                break;
            }
            let digits = bytes[from + 1..space].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                continue;
            }
            match priority(&bytes[space + 1..], more) {
                Fit::Not => continue,
                Fit::Open => return Next::Open,
                Fit::Begins => {}
            }
            let mut cut_off = None;
            for first in (space - digits.min(MOST_DIGITS)..space).rev() {
                let Some(count) = self.count_of(&bytes[first..space]).filter(|_| bytes[first] != b'0') else {
                    continue;
                };
                match bytes.get(space + 1 + count..).map(|behind| fit(behind, more)) {
                    Some(Fit::Begins) => return Next::At(first),
                    Some(Fit::Not) => {}
                    None if more != More::Comes => cut_off = cut_off.or(Some(first)),
                    Some(Fit::Open) | None => return Next::Open,
                }
            }
            if let Some(first) = cut_off {
                return Next::At(first);
            }
        }
        match more {
            More::Comes if bytes.len() <= most + HEAD => Next::Open,
            _ => Next::At(bytes.len().min(most)),
        }
    }
}

/// What lies between frames and carries nothing: line ends, and the NULs of senders that end a message so.
fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r' | 0)).count()
}

fn message_of_line<'a>(line: &'a [u8]) -> Option<Found<'a>> {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | 0))? + 1;
    Some(Found::Message(&line[..end]))
}

fn start(bytes: &[u8], more: More) -> Start<'_> {
    let digits = bytes.iter().take(MOST_DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > MOST_DIGITS {
        return Start::Line;
    }
    match (bytes.get(digits), bytes.get(digits + 1)) {
        (Some(b' '), Some(b'<')) => Start::Counted { digits: &bytes[..digits], head: digits + 1 },
        (None, _) | (Some(b' '), None) if more != More::Never => Start::Open,
        _ => Start::Line,
    }
}

/// Whether behind a counted frame there is what may be there: nothing, or the beginning of a frame.
fn fit(bytes: &[u8], more: More) -> Fit {
    let blanks = blanks(bytes);
    if blanks > MOST_BLANKS {
        return Fit::Begins;
    }
    let rest = &bytes[blanks..];
    if rest.is_empty() {
        return if more == More::Comes { Fit::Open } else { Fit::Begins };
    }
    match start(rest, more) {
        Start::Counted { .. } => Fit::Begins,
        Start::Open => Fit::Open,
        Start::Line => priority(rest, more),
    }
}

/// Whether it begins with `<`, one to three digits and `>`.
fn priority(bytes: &[u8], more: More) -> Fit {
    let open = if more == More::Never { Fit::Not } else { Fit::Open };
    let Some((first, rest)) = bytes.split_first() else { return open };
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    match (first, digits, rest.get(digits)) {
        (b'<', 1..=3, Some(b'>')) => Fit::Begins,
        (b'<', 0..=3, None) => open,
        _ => Fit::Not,
    }
}

/// ASCII counts the same in characters and in bytes, and what has no count in it has swallowed no other frame.
fn may_be_cut_wrongly(message: &[u8]) -> bool {
    let has_count = |three: &[u8]| three[0].is_ascii_digit() && three[1..] == *b" <";
    !message.is_ascii() || message.windows(3).any(has_count)
}

/// How many bytes so many characters have; none if there are others than UTF-8's. It may be more than there are.
fn length_of_characters(bytes: &[u8], characters: usize) -> Option<usize> {
    let mut length = 0;
    for _ in 0..characters {
        length += match bytes.get(length) {
            None | Some(0..0x80) => 1,
            Some(0xc2..=0xdf) => 2,
            Some(0xe0..=0xef) => 3,
            Some(0xf0..=0xf4) => 4,
            Some(_) => return None,
        };
    }
    Some(length)
}

#[cfg(test)]
mod tests;
