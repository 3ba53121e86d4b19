//! What an interface answers: its head, and a body that is unpacked and bounded while it comes.

use std::io::{self, Write};

use axum::http::{HeaderMap, header};
use flate2::write::MultiGzDecoder;

use crate::transport::{pull::CannotFetch, withheld::Digest};

/// No answer is followed further: a small body may be made of nothing but zeros.
const ENDLESS: u64 = 1 << 30;

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) etag: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) content_type: Option<String>,
    /// Values of `Link`.
    pub(super) links: Vec<String>,
    pub(super) content_range: Option<String>,
    pub(super) body: Body,
}

/// The bytes, unpacked.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Whole(Vec<u8>, Digest),
    /// More than may be held at once.
    TooLarge(Digest),
}

impl Body {
    /// What came at once.
    #[cfg(test)]
    pub(super) fn whole(bytes: Vec<u8>) -> Body {
        let mut digest = Digest::default();
        digest.update(&bytes);
        Body::Whole(bytes, digest)
    }
}

/// What was said to a request.
#[derive(Clone, Debug)]
pub(super) enum Said {
    Answer(Box<Answer>),
    /// There is nothing (204).
    Nothing,
    /// It is what it was (304).
    Unchanged,
    /// There is no such thing, or not any more (400, 404, 410, 416, 422).
    Refused(u16),
}

impl Answer {
    pub(super) fn new(headers: &HeaderMap, body: Body) -> Answer {
        let text = |name: header::HeaderName| {
            let value = headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let links = headers.get_all(header::LINK).iter();
        Answer {
            etag: text(header::ETAG),
            modified: text(header::LAST_MODIFIED),
            content_type: text(header::CONTENT_TYPE),
            links: links.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect(),
            content_range: text(header::CONTENT_RANGE),
            body,
        }
    }
}

/// Takes a body in as it comes.
#[derive(Debug)]
pub(super) enum Unpacking {
    Plain(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
}

/// Holds what may be held, and hashes all of it.
#[derive(Debug)]
pub(super) struct Sink {
    held: Vec<u8>,
    most: usize,
    digest: Digest,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.digest.update(bytes);
        if self.digest.bytes() > ENDLESS {
            return Err(io::Error::other("it does not end"));
        }
        if self.digest.bytes() <= self.most as u64 {
            self.held.extend_from_slice(bytes);
        } else {
            self.held = Vec::new();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Unpacking {
    /// Of a body that is packed so; `most` bytes of it are held.
    pub(super) fn of(headers: &HeaderMap, most: usize) -> Result<Unpacking, CannotFetch> {
        let sink = Sink { held: Vec::new(), most, digest: Digest::default() };
        let encoding =
            headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase());
        match encoding.as_deref().unwrap_or_default().trim_ascii() {
            b"" | b"identity" => Ok(Unpacking::Plain(sink)),
            b"gzip" | b"x-gzip" => Ok(Unpacking::Gzip(Box::new(MultiGzDecoder::new(sink)))),
            other => {
                let other = String::from_utf8_lossy(other);
                Err(CannotFetch::fault(
                    format!("nội dung nén kiểu '{other}' mà không ai yêu cầu"),
                    format!("the answer is packed as '{other}', which nobody asked for"),
                ))
            }
        }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), CannotFetch> {
        let taken = match self {
            Unpacking::Plain(sink) => sink.write_all(bytes),
            Unpacking::Gzip(gzip) => gzip.write_all(bytes),
        };
        taken.map_err(|error| broken(&error))
    }

    /// The body, when all of it has come; and how many bytes there were.
    pub(super) fn finish(self) -> Result<(Body, u64), CannotFetch> {
        let sink = match self {
            Unpacking::Plain(sink) => sink,
            Unpacking::Gzip(gzip) => gzip.finish().map_err(|error| broken(&error))?,
        };
        let Sink { held, most, digest } = sink;
        let bytes = digest.bytes();
        let body = if bytes <= most as u64 { Body::Whole(held, digest) } else { Body::TooLarge(digest) };
        Ok((body, bytes))
    }
}

fn broken(error: &io::Error) -> CannotFetch {
    CannotFetch::told(
        format!("nội dung trả lời hỏng: {error}"),
        format!("the body of the answer is broken: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn unpacked(encoding: &'static str, bytes: &[u8], most: usize) -> Result<(Body, u64), CannotFetch> {
        let mut headers = HeaderMap::new();
        let _none = headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        let mut unpacking = Unpacking::of(&headers, most)?;
        bytes.chunks(7).try_for_each(|part| unpacking.take(part))?;
        unpacking.finish()
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn bound_a_packed_body_is_held_up_to_its_limit_and_hashed_beyond() {
        let text = b"0123456789".repeat(100_000);
        let gzip = packed(&text);
        assert!(gzip.len() < 10_000);
        let (Body::Whole(whole, digest), bytes) = unpacked("gzip", &gzip, text.len()).unwrap() else {
            panic!()
        };
        assert_eq!((whole, bytes, digest.bytes()), (text.clone(), text.len() as u64, text.len() as u64));
        let (Body::TooLarge(digest), _) = unpacked("x-gzip", &gzip, text.len() - 1).unwrap() else {
            panic!()
        };
        let mut own = Digest::default();
        own.update(&text);
        assert_eq!((digest.bytes(), digest.hex()), (own.bytes(), own.hex()));
        assert!(unpacked("gzip", &gzip[..gzip.len() - 9], 10).is_err(), "its end is missing");
        assert!(unpacked("gzip", b"<html>", 10).is_err());
        assert!(unpacked("br", b"x", 10).unwrap_err().is_fault);
    }
}
