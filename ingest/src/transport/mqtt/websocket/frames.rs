//! The frames of a WebSocket as a client sends them (RFC 6455, section 5), and those that answer it.
//!
//! A message of any length is given out as its bytes come: a library that gathers messages would hold a megabyte for
//! whoever claims one and has not said who it is (invariant BOUND). Where a message or a frame ends says nothing of where
//! a packet of MQTT does (MQTT 5, 6.0), so what is given out is one stream of bytes.

/// What a control frame may carry.
const MOST_OF_CONTROL: usize = 125;
/// The longest head: two bytes, a length of eight, a mask of four.
const LONGEST_HEAD: usize = 14;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What a client did that a WebSocket must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum Fault {
    /// A frame that the standard does not know.
    #[error("a frame that is none")]
    Protocol,
    /// MQTT is not spoken in text.
    #[error("a message of text")]
    Text,
}

impl Fault {
    /// What its close frame says (7.4.1).
    pub(super) fn status(self) -> u16 {
        match self {
            Fault::Protocol => 1002,
            Fault::Text => 1003,
        }
    }
}

/// What is to be said to what came.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Said {
    /// A ping, with what its pong repeats.
    Ping(Vec<u8>),
    /// The client is done, with the status it gives, if it gives one.
    Close(Option<u16>),
    /// What came is none.
    Fault(Fault),
}

/// Reads frames, wherever they are cut.
#[derive(Debug, Default)]
pub(in super::super) struct Frames {
    head: Head,
    /// Of the frame whose head was read.
    left: u64,
    mask: [u8; 4],
    opcode: u8,
    /// What came of a control frame.
    control: Vec<u8>,
    /// A message was begun and not ended.
    is_within_message: bool,
    is_within_frame: bool,
}

#[derive(Debug, Default)]
struct Head {
    bytes: [u8; LONGEST_HEAD],
    length: usize,
}

impl Frames {
    /// Takes what was read and leaves the bytes of messages at its beginning: how many those are. What is to be
    /// answered is told through `said`; nothing behind a close or a fault counts.
    pub(in super::super) fn take(&mut self, bytes: &mut [u8], said: &mut Option<Said>) -> usize {
        let mut given = 0;
        if let Err(fault) = self.take_until_fault(bytes, &mut given, said) {
            *said = Some(Said::Fault(fault));
        }
        given
    }

    fn take_until_fault(
        &mut self,
        bytes: &mut [u8],
        given: &mut usize,
        said: &mut Option<Said>,
    ) -> Result<(), Fault> {
        let mut from = 0;
        while from < bytes.len() || self.is_whole() {
            if !self.is_within_frame {
                from += self.take_head(&bytes[from..])?;
                continue;
            }
            let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len() - from);
            for (byte, mask) in bytes[from..from + count].iter_mut().zip(self.mask.iter().cycle()) {
                *byte ^= mask;
            }
            // The next of its bytes is unmasked by the next of the mask.
            self.mask.rotate_left(count % 4);
            self.left -= count as u64;
            if self.opcode < CLOSE {
                bytes.copy_within(from..from + count, *given);
                *given += count;
            } else {
                self.control.extend_from_slice(&bytes[from..from + count]);
            }
            from += count;
            if self.left == 0 {
                self.is_within_frame = false;
                if let Some(answer) = self.end_of_control()? {
                    let is_over = matches!(answer, Said::Close(_));
                    *said = Some(answer);
                    if is_over {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a frame is there that has no bytes to wait for.
    fn is_whole(&self) -> bool {
        self.is_within_frame && self.left == 0
    }

    fn take_head(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut used = 0;
        loop {
            let needed = self.head.needed();
            if self.head.length == needed {
                break;
            }
            let Some(byte) = bytes.get(used) else { return Ok(used) };
            self.head.bytes[self.head.length] = *byte;
            self.head.length += 1;
            used += 1;
            if self.head.length == 2 {
                self.judge_start()?;
            }
        }
        let head = std::mem::take(&mut self.head);
        let [first, second, ..] = head.bytes;
        let extended = &head.bytes[2..head.length - 4];
        self.left = match extended.len() {
            0 => u64::from(second & !MASKED),
            _ => extended.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        // The fewest bytes that can say it, and no sign.
        let is_short_enough = match extended.len() {
            2 => self.left > 125,
            8 => self.left > 0xffff && self.left >> 63 == 0,
            _ => true,
        };
        if !is_short_enough {
            return Err(Fault::Protocol);
        }
        self.mask.copy_from_slice(&head.bytes[head.length - 4..head.length]);
        self.opcode = first & 0x0f;
        self.is_within_frame = true;
        if self.opcode < CLOSE {
            self.is_within_message = first & FINAL == 0;
        }
        Ok(used)
    }

    /// The first two bytes of a head say all that can be wrong with it.
    fn judge_start(&self) -> Result<(), Fault> {
        let [first, second, ..] = self.head.bytes;
        let is_reserved = first & 0x70 != 0;
        let is_masked = second & MASKED != 0;
        let fits = match first & 0x0f {
            CONTINUATION => self.is_within_message,
            TEXT | BINARY => !self.is_within_message,
            CLOSE | PING | PONG => first & FINAL != 0 && usize::from(second & !MASKED) <= MOST_OF_CONTROL,
            _ => false,
        };
        match (is_reserved || !is_masked || !fits, first & 0x0f) {
            (true, _) => Err(Fault::Protocol),
            (false, TEXT) => Err(Fault::Text),
            (false, _) => Ok(()),
        }
    }

    fn end_of_control(&mut self) -> Result<Option<Said>, Fault> {
        if self.opcode < CLOSE {
            return Ok(None);
        }
        let carried = std::mem::take(&mut self.control);
        match (self.opcode, carried.as_slice()) {
            (PING, _) => Ok(Some(Said::Ping(carried))),
            (CLOSE, []) => Ok(Some(Said::Close(None))),
            (CLOSE, [_]) => Err(Fault::Protocol),
            (CLOSE, [high, low, ..]) => Ok(Some(Said::Close(Some(u16::from_be_bytes([*high, *low]))))),
            _ => Ok(None),
        }
    }
}

impl Head {
    /// How long it is, as far as its bytes say that.
    fn needed(&self) -> usize {
        match (self.length, self.bytes[1] & !MASKED) {
            (0 | 1, _) => 2,
            (_, 126) => 2 + 2 + 4,
            (_, 127) => 2 + 8 + 4,
            _ => 2 + 4,
        }
    }
}

/// The head of a whole message of so many bytes. What a server sends has no mask.
pub(super) fn head_of_message(length: usize) -> Vec<u8> {
    let mut head = vec![FINAL | BINARY];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => head.push(short),
        (_, Ok(length)) => {
            head.push(126);
            head.extend(length.to_be_bytes());
        }
        _ => {
            head.push(127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    head
}

/// The pong to a ping.
pub(super) fn pong(carried: &[u8]) -> Vec<u8> {
    control(PONG, carried)
}

/// The close frame of that status; of none without.
pub(super) fn close(status: Option<u16>) -> Vec<u8> {
    let status = status.map(u16::to_be_bytes);
    control(CLOSE, status.as_ref().map_or(&[], |status| status.as_slice()))
}

/// Whether a whole frame is one.
pub(super) fn is_close(frame: &[u8]) -> bool {
    frame.first() == Some(&(FINAL | CLOSE))
}

fn control(opcode: u8, carried: &[u8]) -> Vec<u8> {
    let carried = &carried[..carried.len().min(MOST_OF_CONTROL)];
    let mut frame = vec![FINAL | opcode, carried.len() as u8];
    frame.extend_from_slice(carried);
    frame
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// A frame as a client makes it.
    fn frame(first: u8, carried: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let mut frame = head_of_message(carried.len());
        frame[0] = first;
        frame[1] |= MASKED;
        frame.extend(mask);
        frame.extend(carried.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    /// All of it at once.
    fn taken(bytes: &[u8]) -> Result<(Vec<u8>, Option<Said>), Fault> {
        let (mut bytes, mut said) = (bytes.to_vec(), None);
        let count = Frames::default().take(&mut bytes, &mut said);
        bytes.truncate(count);
        match said {
            Some(Said::Fault(fault)) => Err(fault),
            said => Ok((bytes, said)),
        }
    }

    #[test]
    fn frames_are_read_as_the_standard_has_them() {
        // The examples of 5.7.
        let hello = [0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(taken(&hello), Ok((b"Hello".to_vec(), None)));
        let mut text = hello;
        text[0] = 0x81;
        assert_eq!(taken(&text), Err(Fault::Text));
        let mut ping = hello;
        ping[0] = 0x89;
        assert_eq!(taken(&ping), Ok((vec![], Some(Said::Ping(b"Hello".to_vec())))));
        assert_eq!(pong(b"Hello"), [0x8a, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        assert_eq!(head_of_message(256), [0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(head_of_message(65_536), [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(close(Some(1_002)), [0x88, 2, 0x03, 0xea]);
    }

    #[test]
    fn safe_what_the_standard_forbids_is_a_fault() {
        let mask = [1, 2, 3, 4];
        for (what, bytes) in [
            ("no mask", vec![0x82, 0x01, 0x00]),
            ("a reserved bit", frame(0xc2, b"x", mask)),
            ("an unknown kind", frame(0x83, b"x", mask)),
            ("an unknown control", frame(0x8b, b"x", mask)),
            ("a continuation of nothing", frame(0x80, b"x", mask)),
            ("a message within a message", [frame(0x02, b"x", mask), frame(0x82, b"x", mask)].concat()),
            ("a control in pieces", frame(0x09, b"x", mask)),
            ("a long control", frame(0x89, &[0; 126], mask)),
            ("half a status", frame(0x88, b"x", mask)),
            ("a length that is longer than it needs to be", vec![0x82, 0xfe, 0, 125, 0, 0, 0, 0]),
            ("and of eight bytes", vec![0x82, 0xff, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0]),
            ("a length with a sign", vec![0x82, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        ] {
            assert_eq!(taken(&bytes), Err(Fault::Protocol), "{what}");
        }
        let after = [frame(0x88, &[0x03, 0xe8], mask), frame(0x82, b"late", mask)].concat();
        assert_eq!(
            taken(&after),
            Ok((vec![], Some(Said::Close(Some(1_000))))),
            "nothing counts behind a close"
        );
        let mut before = [frame(0x82, b"kept", mask), frame(0x81, b"text", mask)].concat();
        let mut said = None;
        let count = Frames::default().take(&mut before, &mut said);
        assert_eq!(&before[..count], b"kept", "what came before a fault counts");
        assert_eq!(said, Some(Said::Fault(Fault::Text)));
    }

    proptest! {
        #[test]
        fn safe_messages_come_out_whole_however_they_are_cut(
            messages in vec((vec(any::<u8>(), 0..300), any::<[u8; 4]>(), any::<bool>(), any::<bool>()), 0..8),
            cuts in vec(1_usize..40, 1..40),
        ) {
            let (mut wire, mut meant, mut pings) = (Vec::new(), Vec::new(), 0);
            let mut is_within = false;
            for (carried, mask, goes_on, with_ping) in &messages {
                let first = if is_within { CONTINUATION } else { BINARY } | if *goes_on { 0 } else { FINAL };
                is_within = *goes_on;
                wire.extend(frame(first, carried, *mask));
                meant.extend_from_slice(carried);
                if *with_ping {
                    wire.extend(frame(FINAL | PING, b"are you there", *mask));
                    pings += 1;
                }
            }
            let (mut frames, mut given, mut heard, mut from) = (Frames::default(), Vec::new(), 0, 0);
            for cut in cuts.iter().cycle() {
                if from == wire.len() {
                    break;
                }
                let mut piece = wire[from..(from + cut).min(wire.len())].to_vec();
                from += piece.len();
                let mut said = None;
                let count = frames.take(&mut piece, &mut said);
                given.extend_from_slice(&piece[..count]);
                if let Some(said) = said {
                    prop_assert_eq!(said, Said::Ping(b"are you there".to_vec()));
                    heard += 1;
                }
            }
            prop_assert_eq!(given, meant);
            prop_assert!(heard <= pings && (heard > 0) == (pings > 0), "each, or of several that came at once the last");
        }

        #[test]
        fn safe_no_bytes_make_it_panic_or_give_out_more_than_came(bytes in vec(any::<u8>(), 0..200)) {
            let (mut read, mut said) = (bytes.clone(), None);
            prop_assert!(Frames::default().take(&mut read, &mut said) <= bytes.len());
        }
    }
}
