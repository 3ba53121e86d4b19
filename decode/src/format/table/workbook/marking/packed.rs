//! A ZIP archive that is being written (PKWARE's APPNOTE 6.3), in memory. The same parts give the same bytes.

use std::io::Write;

use flate2::{Compression, Crc, write::DeflateEncoder};

/// 1 January 1980, the first day an archive can say.
const DAY: u16 = 0x21;
const DEFLATED: u16 = 8;
const VERSION: u16 = 20;

/// Parts so far.
#[derive(Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

fn u32_of(length: usize) -> [u8; 4] {
    // What is copied is far below: see the bound of its reader.
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

impl Packed {
    /// Adds a part; names are ASCII and short.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) {
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::fast());
        let packed = deflated.write_all(content).and_then(|()| deflated.finish());
        let Ok(packed) = packed else { return };
        let mut checksum = Crc::new();
        checksum.update(content);
        let mut known = Vec::with_capacity(26);
        for field in [VERSION, 0, DEFLATED, 0, DAY] {
            known.extend_from_slice(&field.to_le_bytes());
        }
        known.extend_from_slice(&checksum.sum().to_le_bytes());
        known.extend_from_slice(&u32_of(packed.len()));
        known.extend_from_slice(&u32_of(content.len()));
        known.extend_from_slice(&(name.len() as u16).to_le_bytes());
        known.extend_from_slice(&[0, 0]);

        self.directory.extend_from_slice(b"PK\x01\x02");
        self.directory.extend_from_slice(&VERSION.to_le_bytes());
        self.directory.extend_from_slice(&known);
        self.directory.extend_from_slice(&[0; 10]);
        self.directory.extend_from_slice(&u32_of(self.bytes.len()));
        self.directory.extend_from_slice(name.as_bytes());

        self.bytes.extend_from_slice(b"PK\x03\x04");
        self.bytes.extend_from_slice(&known);
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(&packed);
        self.count = self.count.saturating_add(1);
    }

    /// The archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&self.directory);
        self.bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend_from_slice(&self.count.to_le_bytes());
        self.bytes.extend_from_slice(&self.count.to_le_bytes());
        self.bytes.extend_from_slice(&u32_of(self.directory.len()));
        self.bytes.extend_from_slice(&u32_of(at));
        self.bytes.extend_from_slice(&[0, 0]);
        self.bytes
    }
}
