//! SFTP as it is written (version 3, draft-ietf-secsh-filexfer-02): what is asked for, and what a server answers.
//!
//! All of an answer is a stranger's. Handles are bytes and no text, names may be no UTF-8, and no number in it is believed
//! before the bytes are there (invariant BOUND). Of all that the protocol can ask only what reads is written here.

/// The version that is spoken.
pub(super) const VERSION: u32 = 3;
/// An answer at most. Bytes.
pub(super) const LONGEST: usize = 256 << 10;
/// A handle at most, by the draft. Bytes.
const LONGEST_HANDLE: usize = 256;

/// What a status says.
pub(super) const END: u32 = 1;
pub(super) const NO_SUCH_FILE: u32 = 2;
/// Of later versions; some servers say it all the same.
pub(super) const NO_SUCH_PATH: u32 = 10;

const SIZE: u32 = 0x1;
const OWNERS: u32 = 0x2;
const PERMISSIONS: u32 = 0x4;
const TIMES: u32 = 0x8;
const EXTENDED: u32 = 0x8000_0000;
/// The bits of permissions that say what it is.
const KIND: u32 = 0o170_000;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask<'a> {
    Begin,
    RealPath(&'a str),
    OpenFolder(&'a str),
    ReadFolder(&'a [u8]),
    OpenFile(&'a str),
    ReadFile {
        handle: &'a [u8],
        offset: u64,
        length: u32,
    },
    Close(&'a [u8]),
    /// What is at a path; a link is one.
    Look(&'a str),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Version(u32),
    Status { code: u32, words: Vec<u8> },
    Handle(Vec<u8>),
    Piece(Vec<u8>),
    Names(Vec<Named>),
    Is(Attributes),
}

/// An entry of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: Vec<u8>,
    /// As `ls` would show it: what it is, where the attributes do not say it.
    shown: Option<u8>,
    pub(super) attributes: Attributes,
}

/// What is said of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) size: Option<u64>,
    pub(super) modified: Option<u32>,
    permissions: Option<u32>,
}

/// What something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A link, a device, a pipe.
    Other,
}

/// Bytes that are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server says something that is no SFTP")]
pub(super) struct Strange;

impl Ask<'_> {
    /// With its length, under a number.
    pub(super) fn written(&self, number: u32) -> Vec<u8> {
        let mut packet = vec![0; 4];
        packet.push(match self {
            Ask::Begin => 1,
            Ask::OpenFile(_) => 3,
            Ask::Close(_) => 4,
            Ask::ReadFile { .. } => 5,
            Ask::Look(_) => 7,
            Ask::OpenFolder(_) => 11,
            Ask::ReadFolder(_) => 12,
            Ask::RealPath(_) => 16,
        });
        packet.extend(if matches!(self, Ask::Begin) { VERSION } else { number }.to_be_bytes());
        match self {
            Ask::Begin => {}
            Ask::RealPath(path) | Ask::OpenFolder(path) | Ask::Look(path) => {
                write(&mut packet, path.as_bytes());
            }
            Ask::OpenFile(path) => {
                write(&mut packet, path.as_bytes());
                // To read, and with no attributes.
                packet.extend(1_u32.to_be_bytes());
                packet.extend(0_u32.to_be_bytes());
            }
            Ask::ReadFolder(handle) | Ask::Close(handle) => write(&mut packet, handle),
            Ask::ReadFile { handle, offset, length } => {
                write(&mut packet, handle);
                packet.extend(offset.to_be_bytes());
                packet.extend(length.to_be_bytes());
            }
        }
        let length = u32::try_from(packet.len() - 4).unwrap_or(u32::MAX);
        packet[..4].copy_from_slice(&length.to_be_bytes());
        packet
    }
}

fn write(packet: &mut Vec<u8>, text: &[u8]) {
    packet.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    packet.extend_from_slice(text);
}

impl Attributes {
    /// What it is; none if that is not said.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.permissions? & KIND {
            0 => None,
            0o100_000 => Some(Kind::File),
            0o040_000 => Some(Kind::Folder),
            _ => Some(Kind::Other),
        }
    }
}

impl Named {
    /// What it is; none if nothing says it.
    pub(super) fn kind(&self) -> Option<Kind> {
        self.attributes.kind().or_else(|| match self.shown? {
            b'-' => Some(Kind::File),
            b'd' => Some(Kind::Folder),
            b'l' | b'b' | b'c' | b'p' | b's' => Some(Kind::Other),
            _ => None,
        })
    }
}

/// An answer without its length: the number of what was asked, none of the version, and what is answered.
pub(super) fn read(packet: &[u8]) -> Result<(Option<u32>, Answer), Strange> {
    let mut rest = packet;
    let kind = number::<1>(&mut rest)?[0];
    let first = u32::from_be_bytes(number(&mut rest)?);
    let rest = &mut rest;
    let answer = match kind {
        // Extensions may follow it.
        2 => return Ok((None, Answer::Version(first))),
        101 => {
            let code = u32::from_be_bytes(number(rest)?);
            // Servers of old versions say no words.
            let words = if rest.is_empty() { &[] } else { text(rest)? };
            Answer::Status { code, words: words.to_vec() }
        }
        102 => {
            let handle = text(rest)?;
            if handle.len() > LONGEST_HANDLE {
                return Err(Strange);
            }
            Answer::Handle(handle.to_vec())
        }
        103 => Answer::Piece(text(rest)?.to_vec()),
        104 => {
            let count = u32::from_be_bytes(number(rest)?);
            let mut names = Vec::new();
            for _ in 0..count {
                let (name, shown) = (text(rest)?.to_vec(), text(rest)?.first().copied());
                names.push(Named { name, shown, attributes: attributes(rest)? });
            }
            Answer::Names(names)
        }
        105 => Answer::Is(attributes(rest)?),
        _ => return Err(Strange),
    };
    Ok((Some(first), answer))
}

fn attributes(rest: &mut &[u8]) -> Result<Attributes, Strange> {
    let flags = u32::from_be_bytes(number(rest)?);
    let mut read = Attributes::default();
    if flags & SIZE != 0 {
        read.size = Some(u64::from_be_bytes(number(rest)?));
    }
    if flags & OWNERS != 0 {
        let _ids: [u8; 8] = number(rest)?;
    }
    if flags & PERMISSIONS != 0 {
        read.permissions = Some(u32::from_be_bytes(number(rest)?));
    }
    if flags & TIMES != 0 {
        let _accessed: [u8; 4] = number(rest)?;
        read.modified = Some(u32::from_be_bytes(number(rest)?));
    }
    if flags & EXTENDED != 0 {
        for _ in 0..u32::from_be_bytes(number(rest)?) {
            let _pair = (text(rest)?, text(rest)?);
        }
    }
    Ok(read)
}

fn number<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Strange> {
    let (number, behind) = rest.split_first_chunk().ok_or(Strange)?;
    *rest = behind;
    Ok(*number)
}

fn text<'p>(rest: &mut &'p [u8]) -> Result<&'p [u8], Strange> {
    let length = u32::from_be_bytes(number(rest)?) as usize;
    let (text, behind) = rest.split_at_checked(length).ok_or(Strange)?;
    *rest = behind;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(entries: &[(&[u8], &str, &[u8])]) -> Vec<u8> {
        let mut packet = vec![104, 0, 0, 0, 7];
        packet.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
        for (name, shown, attributes) in entries {
            write(&mut packet, name);
            write(&mut packet, shown.as_bytes());
            packet.extend_from_slice(attributes);
        }
        packet
    }

    #[test]
    fn what_servers_answer_is_read() {
        // As OpenSSH says it: size, owners, permissions, times.
        let openssh = [
            &[0, 0, 0, 15][..],
            &98_u64.to_be_bytes(),
            &[0; 8],
            &0o100_644_u32.to_be_bytes(),
            &[0; 4],
            &1_795_000_000_u32.to_be_bytes(),
        ]
        .concat();
        // Permissions without a kind, and an extension.
        let other = [
            &[0x80, 0, 0, 4][..],
            &0o755_u32.to_be_bytes(),
            &[0, 0, 0, 1, 0, 0, 0, 1, b'k', 0, 0, 0, 2, b'v', b'v'],
        ]
        .concat();
        let packet = names(&[(b"a.txt", "", &openssh), (b"\xe9\xff", "drwxr-xr-x 1 x", &other)]);
        let (number, Answer::Names(read)) = read(&packet).unwrap() else { panic!("no names") };
        assert_eq!(number, Some(7));
        assert_eq!((read[0].name.as_slice(), read[0].kind()), (&b"a.txt"[..], Some(Kind::File)));
        assert_eq!((read[0].attributes.size, read[0].attributes.modified), (Some(98), Some(1_795_000_000)));
        assert_eq!((read[1].name.as_slice(), read[1].kind()), (&b"\xe9\xff"[..], Some(Kind::Folder)));
        assert_eq!(read[1].attributes.size, None);
        let link = [&[0, 0, 0, 4][..], &0o120_777_u32.to_be_bytes()].concat();
        let (_, Answer::Names(read)) = super::read(&names(&[(b"link", "-rw", &link)])).unwrap() else {
            panic!("no names")
        };
        assert_eq!(read[0].kind(), Some(Kind::Other), "the attributes say more than what is shown");
        // A status without words, and a handle that is no text.
        let status = Answer::Status { code: END, words: Vec::new() };
        assert_eq!(super::read(&[101, 0, 0, 0, 1, 0, 0, 0, 1]), Ok((Some(1), status)));
        let handle = Answer::Handle(vec![0xff, 0, 0x80]);
        assert_eq!(super::read(&[102, 0, 0, 0, 1, 0, 0, 0, 3, 0xff, 0, 0x80]), Ok((Some(1), handle)));
    }

    #[test]
    fn what_is_asked_is_what_the_draft_says() {
        assert_eq!(Ask::Begin.written(9), [0, 0, 0, 5, 1, 0, 0, 0, 3]);
        let open = Ask::OpenFile("/a").written(9);
        assert_eq!(
            open,
            [&[0, 0, 0, 19, 3, 0, 0, 0, 9, 0, 0, 0, 2, b'/', b'a', 0, 0, 0, 1][..], &[0; 4]].concat()
        );
        let read = Ask::ReadFile { handle: b"\xff", offset: 1 << 32, length: 32_768 }.written(1);
        assert_eq!(read.len(), 4 + 1 + 4 + 5 + 8 + 4);
        assert_eq!(read[9..], [0, 0, 0, 1, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x80, 0]);
    }

    #[test]
    fn bound_a_number_is_not_believed_before_the_bytes_are_there() {
        let mut many = vec![104, 0, 0, 0, 7];
        many.extend(u32::MAX.to_be_bytes());
        assert_eq!(read(&many), Err(Strange));
        assert_eq!(read(&[103, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 1]), Err(Strange));
        let mut handle = vec![102, 0, 0, 0, 1];
        write(&mut handle, &[1; LONGEST_HANDLE + 1]);
        assert_eq!(read(&handle), Err(Strange));
        assert_eq!(read(&[]), Err(Strange));
    }

    proptest! {
        #[test]
        fn safe_whatever_a_server_answers_it_is_read_or_strange(
            kind in prop_oneof![Just(2_u8), 100..107_u8, any::<u8>()],
            rest in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..200),
                prop::collection::vec(prop_oneof![Just(0_u8), 0..9_u8, Just(0x80)], 0..200),
            ],
        ) {
            let packet = [&[kind][..], &rest].concat();
            if let Ok((_, Answer::Names(names))) = read(&packet) {
                prop_assert!(names.len() * 12 <= packet.len());
            }
        }
    }
}
