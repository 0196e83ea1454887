//! What did the server send, once its content encoding is undone? Never more than the limit, however small it came.

use std::io::{self, BufRead, BufReader, Read};

use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};

use super::FetchError;

/// What we ask for, cheapest to decode first.
pub(super) const ACCEPT_ENCODING: &str = "zstd, gzip, br, deflate";

/// More than one encoding on top of another is a mistake of two servers in a row; more than two is an attack.
const MOST_LAYERS: usize = 2;

/// Largest zstd window, as a power of two: 8 MiB, what RFC 9659 §3 lets a server use. Each decoder may ask for as much
/// memory as its window.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Buffer between two layers, and in front of the first.
const BUFFER: usize = 32 << 10;

/// First bytes of a gzip member (RFC 1952 §2.3.1) and of a zstd frame (RFC 8878 §3.1.1).
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Undoes the content encoding that the header fields name, or that the first bytes show.
pub(super) fn decode(wire: Bytes, encodings: &[String], limit: usize) -> Result<Bytes, FetchError> {
    let mut layers = layers(encodings)?;
    if layers.is_empty() && wire.starts_with(GZIP) {
        // A compressed file served as it lies on the disk. No feed begins so.
        layers.push(Layer::Gzip);
    }
    // Two common lies: the field stands, but a proxy has undone the encoding.
    match layers.as_slice() {
        [Layer::Gzip] if !wire.starts_with(GZIP) => layers.clear(),
        [Layer::Zstd] if !wire.starts_with(ZSTD) => layers.clear(),
        [Layer::Brotli | Layer::Deflate] if looks_like_text(&wire) => layers.clear(),
        _ => {}
    }
    if layers.is_empty() || wire.is_empty() {
        return if wire.len() > limit { Err(FetchError::TooLarge { limit }) } else { Ok(wire) };
    }
    let damaged = |e: io::Error| FetchError::Encoding(format!("its {} encoding is damaged: {e}", encodings.join(", ")));
    let guess = wire.len().saturating_mul(4).min(limit);
    let mut reader: Box<dyn BufRead> = Box::new(io::Cursor::new(wire));
    // They were applied in the order named (RFC 9110 §8.4), so the last is undone first.
    for layer in layers.iter().rev() {
        reader = layer.undo(reader).map_err(damaged)?;
    }
    let mut body = Vec::with_capacity(guess);
    reader.take(limit as u64 + 1).read_to_end(&mut body).map_err(damaged)?;
    if body.len() > limit {
        return Err(FetchError::TooLarge { limit });
    }
    Ok(body.into())
}

#[derive(Debug, Clone, Copy)]
enum Layer {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Layer {
    fn undo(self, mut inner: Box<dyn BufRead>) -> io::Result<Box<dyn BufRead>> {
        Ok(match self {
            Self::Gzip => Box::new(BufReader::with_capacity(BUFFER, Members { member: Some(GzDecoder::new(inner)) })),
            // "deflate" is the zlib format (RFC 9110 §8.4.1.2), but some send the bare stream: zlib begins with a
            // method of 8 and a header that is a multiple of 31 (RFC 1950 §2.2).
            Self::Deflate => {
                let start = inner.fill_buf()?;
                let zlib = start.len() < 2
                    || (start[0] & 0x0f == 8 && u16::from_be_bytes([start[0], start[1]]).is_multiple_of(31));
                if zlib {
                    Box::new(BufReader::with_capacity(BUFFER, ZlibDecoder::new(inner)))
                } else {
                    Box::new(BufReader::with_capacity(BUFFER, DeflateDecoder::new(inner)))
                }
            }
            Self::Brotli => Box::new(BufReader::with_capacity(BUFFER, brotli::Decompressor::new(inner, BUFFER))),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(inner)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(BufReader::with_capacity(BUFFER, decoder))
            }
        })
    }
}

/// The members of a gzip body one after the other; what follows the last and is none is ignored, as browsers do.
struct Members {
    member: Option<GzDecoder<Box<dyn BufRead>>>,
}

impl Read for Members {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let n = member.read(buffer)?;
            if n > 0 || buffer.is_empty() {
                return Ok(n);
            }
            let Some(member) = self.member.take() else { break };
            let mut rest = member.into_inner();
            if rest.fill_buf()?.starts_with(GZIP) {
                self.member = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// The encodings named by the header fields that mean something.
fn layers(encodings: &[String]) -> Result<Vec<Layer>, FetchError> {
    let mut layers = Vec::new();
    for name in encodings.iter().flat_map(|field| field.split(',')).map(str::trim) {
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => layers.push(Layer::Gzip),
            "deflate" => layers.push(Layer::Deflate),
            "br" => layers.push(Layer::Brotli),
            "zstd" => layers.push(Layer::Zstd),
            // A charset or a transfer encoding in the wrong field: nothing was done to the bytes.
            "" | "identity" | "none" | "utf-8" | "utf8" | "binary" | "8bit" | "chunked" | "iso-8859-1" => {}
            _ => return Err(FetchError::Encoding(format!("it is encoded as `{name}`, which was not asked for"))),
        }
        if layers.len() > MOST_LAYERS {
            return Err(FetchError::Encoding(format!("it is encoded more than {MOST_LAYERS} times over")));
        }
    }
    Ok(layers)
}

/// Whether bytes are markup or JSON rather than something compressed.
fn looks_like_text(bytes: &[u8]) -> bool {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    matches!(start, [b'<', b'?' | b'!' | b'a'..=b'z' | b'A'..=b'Z', ..] | [b'{', b'"' | b'\n' | b'\r' | b' ', ..])
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const FEED: &[u8] = b"<?xml version='1.0'?><rss><channel><title>Ein Titel</title></channel></rss>";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn br(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        brotli::CompressorWriter::new(&mut out, 4096, 5, 20).write_all(bytes).unwrap();
        out
    }

    fn run(wire: Vec<u8>, encodings: &[&str], limit: usize) -> Result<Bytes, FetchError> {
        decode(wire.into(), &encodings.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>(), limit)
    }

    #[test]
    fn what_servers_send() {
        let twice = [gzip(b"<a></a>"), gzip(b"<!-- more -->")].concat();
        let trailing = [gzip(FEED), b"\0\0garbage".to_vec()].concat();
        type Case = (&'static str, Vec<u8>, &'static [&'static str], &'static [u8]);
        let cases: Vec<Case> = vec![
            ("plain", FEED.to_vec(), &[], FEED),
            ("gzip", gzip(FEED), &["gzip"], FEED),
            ("x-gzip in capitals", gzip(FEED), &["X-GZIP"], FEED),
            ("two members", twice, &["gzip"], b"<a></a><!-- more -->"),
            ("garbage after the end", trailing, &["gzip"], FEED),
            ("zlib", zlib(FEED), &["deflate"], FEED),
            ("bare deflate", raw_deflate(FEED), &["deflate"], FEED),
            ("brotli", br(FEED), &["br"], FEED),
            ("zstd", zstd::encode_all(FEED, 3).unwrap(), &["zstd"], FEED),
            ("two in one field", br(&gzip(FEED)), &["gzip, br"], FEED),
            ("two fields", zlib(&zstd::encode_all(FEED, 3).unwrap()), &["zstd", "deflate"], FEED),
            ("gzip without a field", gzip(FEED), &[], FEED),
            ("a field without gzip", FEED.to_vec(), &["gzip"], FEED),
            ("a field without brotli", FEED.to_vec(), &["br"], FEED),
            ("a field without zstd", FEED.to_vec(), &["zstd"], FEED),
            ("a charset as encoding", FEED.to_vec(), &["UTF-8"], FEED),
            ("nothing at all", vec![], &["gzip"], b""),
        ];
        for (name, wire, encodings, expected) in cases {
            let body = run(wire, encodings, 1 << 20);
            assert_eq!(body.as_deref(), Ok(expected), "{name}");
        }
    }

    #[test]
    fn what_is_refused() {
        let zeros = vec![b' '; 8 << 20];
        let limit = 1 << 20;
        let too_large = Err(FetchError::TooLarge { limit });
        assert_eq!(run(zeros.clone(), &[], limit), too_large);
        assert_eq!(run(gzip(&zeros), &["gzip"], limit), too_large);
        assert_eq!(run(gzip(&gzip(&zeros)), &["gzip, gzip"], limit), too_large);
        assert_eq!(run(br(&zeros), &["br"], limit), too_large);
        assert_eq!(run(zlib(&zeros), &["deflate"], limit), too_large);
        assert_eq!(run(zstd::encode_all(&zeros[..], 3).unwrap(), &["zstd"], limit), too_large);
        let message = |wire: Vec<u8>, encodings: &[&str]| run(wire, encodings, limit).unwrap_err().to_string();
        let half = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
        assert!(message(half(gzip(FEED)), &["gzip"]).contains("damaged"));
        assert!(message(half(br(&gzip(FEED))), &["br"]).contains("damaged"));
        assert!(message(half(zstd::encode_all(FEED, 3).unwrap()), &["zstd"]).contains("damaged"));
        assert!(message(b"x".to_vec(), &["compress"]).contains("`compress`"));
        assert!(message(b"x".to_vec(), &["gzip, gzip, gzip"]).contains("more than 2 times"));
        // A window of 2 GiB is asked for in nine bytes: refused before it is allocated.
        assert!(message(vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00], &["zstd"]).contains("damaged"));
    }
}
