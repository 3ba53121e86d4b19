//! What servers say that files are fetched from: lists of folders by FTP, answers by SFTP.

use ioc_ingest::transport::ftp_pull::fuzzing::{Answered, answered, listed};

use crate::allocation::within;

/// A byte that says in which form a folder is listed, and the list.
pub(crate) fn listing(input: &[u8]) {
    let Some((&how, bytes)) = input.split_first() else { return };
    // A line is a byte at least, and most of what is read of one is its name.
    let read = |bytes: &[u8]| within(4_096 + 128 * bytes.len(), || listed(how & 1 == 0, bytes));
    let (files, folders, strange) = read(bytes);
    let mut count = usize::try_from(strange).expect("no more than lines");
    for name in files.iter().chain(&folders) {
        is_name(name);
        let is_there = bytes.windows(name.len()).any(|window| window == name.as_bytes());
        assert!(is_there, "a name is what is written");
        count += 1;
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    assert!(count <= lines, "each line is one entry at most");
    // What ends its lines with one sign says the same as what ends them with two.
    if !bytes.contains(&b'\r') {
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        assert_eq!(read(&lines.join(&b"\r\n"[..])), (files, folders, strange), "however its lines end");
    }
}

pub(crate) fn listings() -> Vec<Vec<u8>> {
    [
        (0, "type=cdir;modify=20261120000000; .\r\nType=file;Size=98;Modify=20261120070512.123; a b_20261120070500.txt\r\n"),
        (0, "size=7;type=file; a; b=c.txt\ntype=dir; tram 1\ntype=OS.unix=slink:/etc;size=1; link\nmodify=1; untyped\n"),
        (1, "total 12\n-rw-rw-r--.   1 so tnmt ban quan ly     5 Jan  3  2025  two  blanks.txt\ndrwxr-xr-x 3 a b 9 Nov 20 00:00 d\n"),
        (1, "11-20-26  07:05AM                   98 DOS 1.txt\r\n11-20-2026  07:05              1,098 DOS2.txt\r\n"),
        (1, "11-20-26  07:05AM       <DIR>          tram-2\r\nls: cannot open: Permission denied\r\n"),
    ]
    .into_iter()
    .map(|(how, text)| [&[how], text.as_bytes()].concat())
    .collect()
}

/// An answer of an SFTP server, behind its length.
pub(crate) fn answer(input: &[u8]) {
    let read = within(4_096 + 32 * input.len(), || answered(input));
    match read {
        Some(Answered::Names(count, names, strange)) => {
            assert!(count * 12 <= input.len(), "a number is not believed before the bytes are there");
            // The folder itself and the one above it are counted nowhere.
            assert!(names.len() as u64 + strange <= count as u64);
            for name in &names {
                is_name(name);
                assert!(input.windows(name.len()).any(|window| window == name.as_bytes()));
            }
        }
        Some(Answered::Bytes(bytes)) => {
            assert_eq!(input.get(9..9 + bytes.len()), Some(&bytes[..]), "they are what is written");
        }
        Some(Answered::Other) | None => {}
    }
}

pub(crate) fn answers() -> Vec<Vec<u8>> {
    let text = |text: &[u8]| [&u32::try_from(text.len()).expect("short").to_be_bytes()[..], text].concat();
    let entry = |name: &[u8], shown: &[u8], attributes: &[u8]| {
        [text(name), text(shown), attributes.to_vec()].concat()
    };
    let file = [
        &15_u32.to_be_bytes()[..],
        &98_u64.to_be_bytes(),
        &[0; 8],
        &0o100_644_u32.to_be_bytes(),
        &[0; 4],
        &[9; 4],
    ]
    .concat();
    let extended = [&[0x80, 0, 0, 0, 0, 0, 0, 1][..], &text(b"k"), &text(b"v")].concat();
    let answer = |kind: u8, rest: &[&[u8]]| [&[kind, 0, 0, 0, 7][..], &rest.concat()].concat();
    vec![
        answer(2, &[&text(b"posix-rename@openssh.com"), &text(b"1")]),
        answer(101, &[&[0, 0, 0, 2], &text(b"No such file"), &text(b"en")]),
        answer(101, &[&[0, 0, 0, 1]]),
        answer(102, &[&text(b"\xff\0\xfe\x80")]),
        answer(103, &[&text(b"PM10\t12\tug/m3")]),
        answer(
            104,
            &[
                &[0, 0, 0, 4],
                &entry(b".", b"drwxr-xr-x", &file),
                &entry(b"a b.txt", b"", &file),
                &entry(b"caf\xe9", b"-rw-r--r--", &[0; 4]),
                &entry(b"tram-1", b"drwxr-xr-x 2 a b 4096", &extended),
            ],
        ),
        answer(105, &[&file]),
    ]
}

fn is_name(name: &str) {
    assert!(!name.is_empty() && name.len() <= 255 && name != "." && name != "..");
    assert!(!name.contains(['/', '\\']) && !name.contains(char::is_control), "{name:?} leads elsewhere");
}
