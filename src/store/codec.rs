//! How does a record become bytes, and when is it refused? One version byte, then postcard; texts under zstd.

use std::cell::RefCell;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;
use super::key::hex;

/// Level of zstd for bodies and profiles: its default of 3 saves some hundredths of the room, and was a tenth of the time
/// of a first poll.
const ZSTD_LEVEL: i32 = 1;

/// No stored value is larger once unpacked: four times the cap of a fetched body (16 MiB), since a page and a feed can
/// both tell the same text. A longer one is damaged.
const UNPACKED_MAX_BYTES: usize = 64 << 20;

/// Something that is stored: the form it has on disk, apart from what it means in `model`.
pub trait Record: Serialize + DeserializeOwned {
    /// What messages call it.
    const KIND: &'static str;
    /// Its current version; 1 is the first.
    const VERSION: u8;
    /// Whether it is compressed.
    const PACKED: bool = false;

    /// Reads a form of an older version (1 to `VERSION - 1`) as the current one.
    ///
    /// # Errors
    /// It is no such form.
    fn migrate(version: u8, bytes: &[u8]) -> Result<Self, String> {
        let _ = bytes;
        Err(format!("version {version} was never written"))
    }
}

/// The bytes of a record.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>, Error> {
    let failed = |reason: String| Error::Record { kind: R::KIND, key: String::new(), reason };
    let plain = postcard::to_extend(record, vec![R::VERSION]).map_err(|e| failed(e.to_string()))?;
    if !R::PACKED {
        return Ok(plain);
    }
    let mut packed = vec![R::VERSION];
    packed.extend(pack(&plain[1..]).map_err(|e| failed(e.to_string()))?);
    Ok(packed)
}

thread_local! {
    /// A compressor of zstd has tables of some hundred KiB, and clearing them anew costs as much as packing an essay.
    static PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    /// As for packing.
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

fn pack(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    PACKER.with_borrow_mut(|kept| match kept {
        Some(packer) => packer.compress(plain),
        None => kept.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?).compress(plain),
    })
}

/// The record in these bytes, which stand under `key`.
///
/// # Errors
/// It was written by a newer tributary, or it is not what was written.
pub fn decode<R: Record>(key: &[u8], bytes: &[u8]) -> Result<R, Error> {
    let failed = |reason: String| Error::Record { kind: R::KIND, key: hex(key), reason };
    let Some((&version, rest)) = bytes.split_first() else { return Err(failed("it is empty".to_owned())) };
    if version > R::VERSION {
        let known = R::VERSION;
        return Err(failed(format!(
            "it was written by a newer tributary (version {version}, this one knows {known}); update tributary"
        )));
    }
    let unpacked;
    let plain = if R::PACKED {
        unpacked = unpack(rest).map_err(failed)?;
        &unpacked
    } else {
        rest
    };
    if version < R::VERSION {
        return R::migrate(version, plain).map_err(failed);
    }
    let (record, left) = postcard::take_from_bytes(plain).map_err(|e| failed(e.to_string()))?;
    if left.is_empty() { Ok(record) } else { Err(failed(format!("{} bytes too many", left.len()))) }
}

/// Undoes zstd, up to the cap.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, String> {
    let told = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten();
    let size = told.and_then(|size| usize::try_from(size).ok()).ok_or("it does not tell its size")?;
    if size > UNPACKED_MAX_BYTES {
        return Err("it is too large".to_owned());
    }
    let plain = UNPACKER.with_borrow_mut(|kept| match kept {
        Some(unpacker) => unpacker.decompress(packed, size),
        None => kept.insert(zstd::bulk::Decompressor::new()?).decompress(packed, size),
    });
    plain.map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Now {
        name: String,
        count: u32,
    }

    impl Record for Now {
        const KIND: &'static str = "test record";
        const VERSION: u8 = 3;

        fn migrate(version: u8, bytes: &[u8]) -> Result<Self, String> {
            match version {
                2 => {
                    postcard::from_bytes::<String>(bytes).map(|name| Self { name, count: 7 }).map_err(|e| e.to_string())
                }
                _ => Err(format!("version {version} was never written")),
            }
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Packed(String);

    impl Record for Packed {
        const KIND: &'static str = "packed test record";
        const VERSION: u8 = 1;
        const PACKED: bool = true;
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let record = Now { name: "Zürich".into(), count: 3 };
        assert_eq!(decode::<Now>(b"k", &encode(&record).unwrap()), Ok(record));
        let long = Packed("the same words again and again. ".repeat(500));
        let bytes = encode(&long).unwrap();
        assert!(bytes.len() < 200, "{} bytes", bytes.len());
        assert_eq!(decode::<Packed>(b"k", &bytes), Ok(long));
    }

    #[test]
    fn an_older_version_migrates_and_a_newer_one_is_refused() {
        let mut older = vec![2];
        older.extend(postcard::to_stdvec("old").unwrap());
        assert_eq!(decode::<Now>(b"k", &older), Ok(Now { name: "old".into(), count: 7 }));
        let newer = decode::<Now>(b"k", &[4, 0, 0]).unwrap_err().to_string();
        assert!(newer.contains("newer tributary (version 4, this one knows 3)"), "{newer}");
    }

    #[test]
    fn damaged_bytes_are_refused_and_never_panic() {
        let bytes = encode(&Now { name: "name".into(), count: 1 }).unwrap();
        for cut in 0..bytes.len() {
            assert!(decode::<Now>(b"k", &bytes[..cut]).is_err(), "cut at {cut}");
        }
        let packed = encode(&Packed("text ".repeat(40))).unwrap();
        for cut in 0..packed.len() {
            assert!(decode::<Packed>(b"k", &packed[..cut]).is_err(), "cut at {cut}");
        }
        assert!(decode::<Now>(b"k", &[&bytes[..], &[0]].concat()).is_err(), "one byte too many");
    }
}
