//! Bodies that came packed, as their sender says: gzip, deflate, zstd.
//!
//! All members of a gzip and all frames of a zstd are one body. What is cut off, or has something else behind it, is refused
//! whole: half of a message reads as another message. What comes out is bounded by what the feed takes, and by so many
//! times of what came, so that a small body cannot be made of nothing but zeros (invariant BOUND).

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status, read::MultiGzDecoder};

/// No body is larger, whatever a feed takes. Bytes.
const LARGEST: usize = 64 << 20;
/// Text of instruments packs to a fiftieth; what is a thousand times smaller is no text.
const MOST_RATIO: usize = 1_000;
/// So much may come of anything. Bytes.
const RATIO_FROM: usize = 64 << 10;
/// Windows of zstd beyond this are not made room for: 8 MiB, as RFC 9659 has it.
const WINDOW_LOG: u32 = 23;
/// Room is made in steps of this. Bytes.
const STEP: usize = 32 << 10;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, and RFC 1951 without its wrap, which some send under the same word.
    Deflate,
    /// RFC 8878.
    Zstd,
}

/// Why a body could not be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUnpacked {
    /// It is cut off, damaged, or something else.
    #[error("it is cut off or damaged")]
    Broken,
    /// More comes of it than may be.
    #[error("unpacked it has more than {0} bytes")]
    TooLarge(usize),
}

impl Packing {
    /// By the word of `Content-Encoding`, whatever its case; none if it is another one.
    #[must_use]
    pub fn named(word: &str) -> Option<Packing> {
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(word.trim()));
        match () {
            () if is(&["gzip", "x-gzip"]) => Some(Packing::Gzip),
            () if is(&["deflate"]) => Some(Packing::Deflate),
            () if is(&["zstd"]) => Some(Packing::Zstd),
            () => None,
        }
    }

    /// By a media type that says no more than how it is packed.
    #[must_use]
    pub fn of_media_type(media_type: &str) -> Option<Packing> {
        let plain = media_type.split(';').next().unwrap_or_default().trim();
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(plain));
        match () {
            () if is(&["application/gzip", "application/x-gzip"]) => Some(Packing::Gzip),
            () if is(&["application/zlib"]) => Some(Packing::Deflate),
            () if is(&["application/zstd"]) => Some(Packing::Zstd),
            () => None,
        }
    }

    /// The word of `Content-Encoding`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Packing::Gzip => "gzip",
            Packing::Deflate => "deflate",
            Packing::Zstd => "zstd",
        }
    }

    /// What it was before it was packed, of `most` bytes at the most.
    ///
    /// # Errors
    /// If it is not whole, or more comes of it than may be.
    pub fn unpack(self, packed: &[u8], most: usize) -> Result<Vec<u8>, NotUnpacked> {
        let by_ratio = packed.len().saturating_mul(MOST_RATIO).max(RATIO_FROM);
        let most = most.min(LARGEST).min(by_ratio);
        match self {
            Packing::Gzip => all_of(MultiGzDecoder::new(packed), most),
            Packing::Deflate => match inflated(packed, most, true) {
                Err(NotUnpacked::Broken) => inflated(packed, most, false),
                read => read,
            },
            Packing::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(broken)?;
                decoder.window_log_max(WINDOW_LOG).map_err(broken)?;
                // Nothing at all is no frame.
                if packed.is_empty() { Err(NotUnpacked::Broken) } else { all_of(decoder, most) }
            }
        }
    }
}

fn broken(_: io::Error) -> NotUnpacked {
    NotUnpacked::Broken
}

fn all_of(reader: impl Read, most: usize) -> Result<Vec<u8>, NotUnpacked> {
    let mut whole = Vec::new();
    let read = reader.take(most as u64 + 1).read_to_end(&mut whole).map_err(broken)?;
    if read > most { Err(NotUnpacked::TooLarge(most)) } else { Ok(whole) }
}

/// The reader at hand takes an end that is missing for the end.
fn inflated(packed: &[u8], most: usize, wrapped: bool) -> Result<Vec<u8>, NotUnpacked> {
    let mut inflate = Decompress::new(wrapped);
    let mut whole = Vec::new();
    loop {
        whole.reserve(STEP);
        let taken = usize::try_from(inflate.total_in()).map_err(|_| NotUnpacked::Broken)?;
        let (rest, before) = (packed.get(taken..).unwrap_or_default(), whole.len());
        let status = inflate.decompress_vec(rest, &mut whole, FlushDecompress::None);
        let status = status.map_err(|_| NotUnpacked::Broken)?;
        if whole.len() > most {
            return Err(NotUnpacked::TooLarge(most));
        }
        let has_moved = inflate.total_in() > taken as u64 || whole.len() > before;
        match status {
            Status::StreamEnd if inflate.total_in() == packed.len() as u64 => return Ok(whole),
            Status::StreamEnd => return Err(NotUnpacked::Broken),
            _ if has_moved => {}
            _ => return Err(NotUnpacked::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    fn packed(packing: Packing, bytes: &[u8]) -> Vec<u8> {
        match packing {
            Packing::Gzip => gzip(bytes),
            Packing::Deflate => {
                let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
                packed.write_all(bytes).unwrap();
                packed.finish().unwrap()
            }
            Packing::Zstd => zstd::encode_all(bytes, 3).unwrap(),
        }
    }

    const ALL: [Packing; 3] = [Packing::Gzip, Packing::Deflate, Packing::Zstd];

    #[test]
    fn words_and_media_types_say_how_a_body_is_packed() {
        for packing in ALL {
            assert_eq!(Packing::named(packing.word()), Some(packing));
        }
        assert_eq!(Packing::named(" X-GZIP "), Some(Packing::Gzip));
        assert_eq!(Packing::named("br"), None);
        assert_eq!(Packing::of_media_type("application/zstd; x=1"), Some(Packing::Zstd));
        assert_eq!(Packing::of_media_type("application/json"), None);
    }

    #[test]
    fn all_members_and_all_frames_are_one_body() {
        for packing in [Packing::Gzip, Packing::Zstd] {
            let both = [packed(packing, b"[1,"), packed(packing, b"2]")].concat();
            assert_eq!(packing.unpack(&both, 100), Ok(b"[1,2]".to_vec()), "{packing:?}");
        }
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(b"[1,2]").unwrap();
        assert_eq!(Packing::Deflate.unpack(&raw.finish().unwrap(), 100), Ok(b"[1,2]".to_vec()));
    }

    #[test]
    fn safe_a_body_that_is_cut_anywhere_is_none() {
        let text = b"{\"indicator\":\"pm25\",\"value\":18.4}".repeat(40);
        for packing in ALL {
            let whole = packed(packing, &text);
            for end in 0..whole.len() {
                let cut = packing.unpack(&whole[..end], 1 << 20);
                assert_eq!(cut, Err(NotUnpacked::Broken), "{packing:?} cut at {end}");
            }
            // Cut within the second of two, all of the first is there.
            let both = [whole.clone(), whole.clone()].concat();
            if packing != Packing::Deflate {
                for end in whole.len() + 1..both.len() {
                    assert!(packing.unpack(&both[..end], 1 << 20).is_err(), "{packing:?} cut at {end}");
                }
            }
            assert!(packing.unpack(&[&whole[..], b"more"].concat(), 1 << 20).is_err(), "{packing:?}");
            assert!(packing.unpack(b"<html>", 1 << 20).is_err(), "{packing:?}");
        }
    }

    #[test]
    fn bound_what_comes_of_a_body_is_no_more_than_may_be() {
        let zeros = vec![b' '; 4 << 20];
        for packing in ALL {
            let bomb = packed(packing, &zeros);
            let unpacked = packing.unpack(&bomb, 1 << 20);
            assert!(matches!(unpacked, Err(NotUnpacked::TooLarge(most)) if most <= 1 << 20), "{packing:?}");
        }
        // What the limit would let through, its ratio does not.
        let bomb = packed(Packing::Zstd, &zeros);
        assert!(bomb.len() * MOST_RATIO < zeros.len());
        assert!(matches!(Packing::Zstd.unpack(&bomb, usize::MAX), Err(NotUnpacked::TooLarge(_))));
        for packing in ALL {
            let text = vec![b'x'; 100];
            assert_eq!(packing.unpack(&packed(packing, &text), 100), Ok(text.clone()), "just as much");
            assert_eq!(packing.unpack(&packed(packing, &text), 99), Err(NotUnpacked::TooLarge(99)));
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back_and_any_bytes_are_a_body_or_none(
            bytes in proptest::collection::vec(any::<u8>(), 0..2_000),
        ) {
            for packing in ALL {
                prop_assert_eq!(packing.unpack(&packed(packing, &bytes), 4_000), Ok(bytes.clone()));
                let _ = packing.unpack(&bytes, 4_000);
            }
        }
    }
}
