//! How is a store carried elsewhere: to a backup, another machine, a later version? As JSON Lines with a checksum.
//!
//! The first line names the format; each further line is one record, its key in hexadecimal and its value in base64,
//! with a digest of both; the last line says how many there were, and a digest over all. A cut, a changed or a missing
//! line is found, and then nothing is imported.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use super::key::{hex, kind, unhex};
use super::{Batch, Error, Read, Scan, Store, digest};

/// Format of archives that this version writes, and the newest that it reads: that of the store whose keys they hold.
const FORMAT: u32 = 3;

/// Pairs read at a time; a batch of an import holds about as many.
const SLICE: usize = 1000;

/// Longest line that is read: the largest record (64 MiB unpacked, far less packed) in base64.
const LINE_MAX_BYTES: u64 = 128 << 20;

/// A line of an archive.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Line {
    Head { tributary_archive: u32 },
    Record { key: String, value: String, digest: String },
    End { records: u64, checksum: String },
}

/// Writes all records; how many there were. Reads go on beside, and a record that is written meanwhile may be in it or
/// not: stop the polls for an archive of one moment.
///
/// # Errors
/// A record is damaged, or the archive cannot be written.
pub fn export(from: &dyn Read, to: &mut dyn Write) -> Result<u64, Error> {
    let mut put = |line: &Line| {
        let failed = |e: &dyn std::fmt::Display| Error::Io { path: "the archive".into(), reason: e.to_string() };
        let text = serde_json::to_string(line).map_err(|e| failed(&e))?;
        writeln!(to, "{text}").map_err(|e| failed(&e))
    };
    put(&Line::Head { tributary_archive: FORMAT })?;
    let (mut records, mut sum, mut after) = (0_u64, 0_u64, vec![kind::STORE, u8::MAX]);
    loop {
        let pairs = from.scan(&Scan::prefix(b"", SLICE).after(&after))?;
        for (key, value) in &pairs {
            let own = digest([key.as_slice(), value.as_slice()]);
            (records, sum) = (records + 1, sum.wrapping_add(own));
            put(&Line::Record { key: hex(key), value: base64(value), digest: format!("{own:016x}") })?;
        }
        match pairs.into_iter().last() {
            Some((key, _)) => after = key,
            None => break,
        }
    }
    put(&Line::End { records, checksum: format!("{sum:016x}") })?;
    Ok(records)
}

/// Reads an archive to its end without keeping it; how many records it holds.
///
/// # Errors
/// It is cut, changed, or of a newer format; with the number of the line.
pub fn verify(from: &mut dyn BufRead) -> Result<u64, Error> {
    read(from, |_, _| Ok(()))
}

/// Reads an archive into a store; how many records it held. Records that the store has beside them stay. Verify it
/// first: what is imported before a damaged line is found stays imported.
///
/// # Errors
/// As [`verify`], or the store does not take it.
pub fn import(into: &dyn Store, from: &mut dyn BufRead) -> Result<u64, Error> {
    let mut batch = Batch::new();
    let records = read(from, |key, value| {
        batch.put(key, value);
        if batch.len() < SLICE {
            return Ok(());
        }
        into.apply(std::mem::take(&mut batch))
    })?;
    into.apply(batch)?;
    Ok(records)
}

/// Reads an archive line by line.
fn read(from: &mut dyn BufRead, mut take: impl FnMut(Vec<u8>, Vec<u8>) -> Result<(), Error>) -> Result<u64, Error> {
    let (mut number, mut records, mut sum) = (0_u64, 0_u64, 0_u64);
    let mut text = String::new();
    loop {
        number += 1;
        let failed = |reason: &str| Error::Archive { line: number, reason: reason.to_owned() };
        text.clear();
        let length = std::io::Read::take(&mut *from, LINE_MAX_BYTES).read_line(&mut text);
        if length.map_err(|e| failed(&e.to_string()))? == 0 {
            return Err(failed("it ends before its last line: it was cut short"));
        }
        let line = serde_json::from_str(&text).map_err(|_| failed("it is no line of an archive of tributary"))?;
        match (line, number) {
            (Line::Head { tributary_archive }, 1) if tributary_archive <= FORMAT => {}
            (Line::Head { .. }, 1) => return Err(failed("it was written by a newer tributary; update this one")),
            (_, 1) | (Line::Head { .. }, _) => return Err(failed("an archive begins with its format, and only there")),
            (Line::Record { key, value, digest: told }, _) => {
                let (Some(key), Some(value)) = (unhex(&key), unbase64(&value)) else {
                    return Err(failed("the record cannot be read"));
                };
                let own = digest([key.as_slice(), value.as_slice()]);
                if format!("{own:016x}") != told || key.first().is_none_or(|kind| *kind == kind::STORE) {
                    return Err(failed("the record was changed"));
                }
                (records, sum) = (records + 1, sum.wrapping_add(own));
                take(key, value)?;
            }
            (Line::End { records: told, checksum }, _) => {
                return if told == records && checksum == format!("{sum:016x}") {
                    Ok(records)
                } else {
                    Err(failed(&format!("{told} records were written and {records} are there, or some changed")))
                };
            }
        }
    }
}

/// The alphabet of RFC 4648 §4.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes as base64 (RFC 4648 §4), padded.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, b| (word << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let six = (word >> (18 - 6 * place)) & 0x3f;
            text.push(if place > chunk.len() { '=' } else { char::from(ALPHABET[six as usize]) });
        }
    }
    text
}

/// Bytes out of base64.
fn unbase64(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let body = text.trim_end_matches('=');
    if text.len() - body.len() > 2 {
        return None;
    }
    for chunk in body.as_bytes().chunks(4) {
        let mut word = 0_u32;
        for byte in chunk {
            word = (word << 6) | u32::from(six_bits(*byte)?);
        }
        word <<= 6 * (4 - chunk.len());
        bytes.extend_from_slice(&word.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}

/// The six bits that a letter of the alphabet stands for.
fn six_bits(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::store::{MemoryStore, Pair};

    use super::*;

    fn filled() -> MemoryStore {
        let store = MemoryStore::new();
        let mut batch = Batch::new();
        for n in 0..2500_u32 {
            batch.put([&b"e"[..], &n.to_be_bytes()].concat(), vec![n as u8; n as usize % 7]);
        }
        store.apply(batch).unwrap();
        store
    }

    fn all(store: &dyn Read) -> Vec<Pair> {
        store.scan(&Scan::prefix(b"", 100_000)).unwrap()
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        // Test vectors of its §10.
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
            assert_eq!(unbase64(text), Some(bytes.as_bytes().to_vec()));
        }
        for bad in ["Z", "Zg=", "Z===", "Zg==Zg==", "Z!=="] {
            assert_eq!(unbase64(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_exported_is_imported() {
        let (store, again) = (filled(), MemoryStore::new());
        let mut bytes = Vec::new();
        assert_eq!(export(&store, &mut bytes).unwrap(), 2500);
        assert_eq!(verify(&mut bytes.as_slice()).unwrap(), 2500);
        assert_eq!(import(&again, &mut bytes.as_slice()).unwrap(), 2500);
        assert_eq!(all(&again), all(&store));
    }

    #[test]
    fn a_damaged_archive_is_refused_with_its_line() {
        let mut bytes = Vec::new();
        export(&filled(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let check = |archive: &str, expected: &str| {
            let error = verify(&mut archive.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&lines[..2000].join("\n"), "cut short");
        check(&[&lines[..7], &lines[8..]].concat().join("\n"), "2500 records were written and 2499 are there");
        check(&text.replacen(lines[5], &lines[5].replacen("65000000", "65000001", 1), 1), "line 6");
        check(&text.replacen(r#"archive":3"#, r#"archive":4"#, 1), "newer tributary");
        check("{}", "line 1");
        check("", "cut short");
    }
}
