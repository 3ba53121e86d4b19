//! Bodies that came packed: what comes of any bytes is bounded, and what is packed again comes back.

use std::io::Write;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use ioc_decode::unpack::Packing;

use crate::{allocation::within, decoders};

/// What comes out at the most, and what readers hold for themselves: a window of zstd is 8 MiB.
const MOST: usize = 256 << 10;
const HELD: usize = 20 << 20;

const ALL: [Packing; 3] = [Packing::Gzip, Packing::Deflate, Packing::Zstd];

pub(crate) fn unpack(input: &[u8]) {
    let Some((&how, bytes)) = input.split_first() else { return };
    let packing = ALL[usize::from(how) % ALL.len()];
    let unpacked = within(HELD, || packing.unpack(bytes, MOST));
    if let Ok(whole) = unpacked {
        assert!(whole.len() <= MOST && whole.len() <= (bytes.len() * 1_000).max(64 << 10));
        assert_eq!(Packing::Gzip.unpack(&gzip(&whole), MOST).as_deref().ok(), still(&whole));
    }
}

/// What is packed better than a thousandfold is refused.
fn still(whole: &[u8]) -> Option<&[u8]> {
    let packed = gzip(whole).len();
    (whole.len() <= (packed * 1_000).max(64 << 10)).then_some(whole)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("memory takes all");
    packed.finish().expect("memory takes all")
}

pub(crate) fn bodies() -> Vec<Vec<u8>> {
    let bodies = decoders::seeds::senml_cases().into_iter().take(4).chain([vec![b' '; 100_000], Vec::new()]);
    let of = |body: Vec<u8>| {
        let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(&body).expect("memory takes all");
        let deflate = deflate.finish().expect("memory takes all");
        let both = [gzip(&body), gzip(b"[1]")].concat();
        [[&[0][..], &gzip(&body)].concat(), [&[1][..], &deflate].concat(), [&[0][..], &both].concat()]
    };
    // Two frames of zstd as a level of its own would write them: one raw block each, "[1]".
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x03, 0x19, 0x00, 0x00, b'[', b'1', b']'];
    bodies.flat_map(of).chain([[&[2][..], &frame, &frame].concat()]).collect()
}
