//! Under which key does a record stand? One byte for its kind, then its parts, so that they sort as they are read.

use std::fmt::Write as _;

use uuid::Uuid;

use super::Error;
use crate::model::{EntryId, StoryId, Timestamp};

/// The first byte of every key. A byte is never reused for another kind.
pub mod kind {
    /// What the store says of itself: its format, its digest. Not exported.
    pub const STORE: u8 = 0;
    /// source, alias -> entry.
    pub const ALIAS: u8 = b'a';
    /// first seen, entry -> its body: those of one poll stand side by side, and are written and read together. Behind the
    /// entries and the bodies of the first format, so that whoever reads all keys in their order, beside others that write,
    /// finds the body of each entry.
    pub const BODY: u8 = b'h';
    /// entry -> its body, in the first format of the store.
    pub const BODY_ALONE: u8 = b'b';
    /// story, time, number -> change.
    pub const LOG: u8 = b'c';
    /// entry -> entry without body.
    pub const ENTRY: u8 = b'e';
    /// founding time backwards, story: index.
    pub const FOUNDED: u8 = b'f';
    /// smaller entry, larger entry -> evidence.
    pub const EVIDENCE: u8 = b'g';
    /// entry -> job.
    pub const JOB: u8 = b'j';
    /// link, entry: index.
    pub const LINK: u8 = b'l';
    /// entry -> story.
    pub const MEMBERSHIP: u8 = b'm';
    /// entry -> its edges.
    pub const EDGES: u8 = b'o';
    /// entry, entry -> edge, both ways: before the third format of the store.
    pub const EDGE_ALONE: u8 = b'n';
    /// name -> bytes.
    pub const META: u8 = b'M';
    /// entry -> node.
    pub const NODE: u8 = b'N';
    /// entry -> profile.
    pub const PROFILE: u8 = b'p';
    /// due time, entry: index.
    pub const DUE: u8 = b'q';
    /// entry -> what is remembered of it once it was removed.
    pub const REMEMBERED: u8 = b'r';
    /// source, first seen, entry: index.
    pub const OF_SOURCE: u8 = b's';
    /// source -> state.
    pub const STATE: u8 = b'S';
    /// touched backwards, story: index.
    pub const TOUCHED: u8 = b't';
    /// story -> tombstone.
    pub const TOMBSTONE: u8 = b'T';
    /// edition, story -> what was shown.
    pub const SHOWN: u8 = b'v';
    /// time backwards, story: index of tombstones.
    pub const GONE: u8 = b'w';
    /// entry -> entry to judge.
    pub const WAITING: u8 = b'W';
    /// date backwards, entry: index of entries to judge.
    pub const NEWEST_WAITING: u8 = b'x';
    /// story -> story.
    pub const STORY: u8 = b'y';
}

/// A key, built part by part.
#[derive(Debug, Clone, Default)]
pub struct Key(Vec<u8>);

impl Key {
    /// A key of this kind.
    pub fn of(kind: u8) -> Self {
        Self(vec![kind])
    }

    /// Adds an entry's id.
    pub fn entry(self, id: EntryId) -> Self {
        self.uuid(id.0)
    }

    /// Adds a story's id.
    pub fn story(self, id: StoryId) -> Self {
        self.uuid(id.0)
    }

    fn uuid(mut self, id: Uuid) -> Self {
        self.0.extend_from_slice(id.as_bytes());
        self
    }

    /// Adds a text, ended by a NUL so that no text is the beginning of another. A NUL inside is left out: ids and
    /// cleaned links hold none.
    pub fn text(mut self, text: &str) -> Self {
        self.0.extend(text.bytes().filter(|b| *b != 0));
        self.0.push(0);
        self
    }

    /// Adds the last part, as it is.
    pub fn tail(mut self, text: &str) -> Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// Adds a time, earliest first.
    pub fn time(mut self, at: Timestamp) -> Self {
        self.0.extend_from_slice(&sortable(at).to_be_bytes());
        self
    }

    /// Adds a time, latest first.
    pub fn time_backwards(mut self, at: Timestamp) -> Self {
        self.0.extend_from_slice(&(!sortable(at)).to_be_bytes());
        self
    }

    /// Adds a number.
    pub fn number(mut self, n: u16) -> Self {
        self.0.extend_from_slice(&n.to_be_bytes());
        self
    }

    /// The bytes.
    pub fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Milliseconds since 1970, with the sign turned so that the bytes sort as the times do.
fn sortable(at: Timestamp) -> u64 {
    (at.timestamp_millis() as u64) ^ (1 << 63)
}

/// Reads a key back, part by part from the end: there all parts have a fixed length.
pub struct Tail<'a>(&'a [u8]);

impl<'a> Tail<'a> {
    /// The key to read.
    pub fn of(key: &'a [u8]) -> Self {
        Self(key)
    }

    /// The last sixteen bytes, as an id.
    pub fn uuid(&self) -> Result<Uuid, Error> {
        let bytes = self.0.len().checked_sub(16).and_then(|at| self.0.get(at..)).unwrap_or_default();
        Uuid::from_slice(bytes).map_err(|e| Error::Record { kind: "key", key: hex(self.0), reason: e.to_string() })
    }

    /// The last part, as an entry's id.
    pub fn entry(&self) -> Result<EntryId, Error> {
        self.uuid().map(EntryId)
    }

    /// The last part, as a story's id.
    pub fn story(&self) -> Result<StoryId, Error> {
        self.uuid().map(StoryId)
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// Bytes out of hexadecimal.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn keys_sort_as_their_times_do_before_1970_too() {
        let at = |s: i64| DateTime::from_timestamp(s, 0).unwrap();
        let forwards = |s| Key::of(1).time(at(s)).bytes();
        let backwards = |s| Key::of(1).time_backwards(at(s)).bytes();
        for (earlier, later) in [(-5, 3), (0, 1), (-9, -8), (1_700_000_000, 1_800_000_000)] {
            assert!(forwards(earlier) < forwards(later));
            assert!(backwards(earlier) > backwards(later));
        }
    }

    #[test]
    fn no_source_is_the_beginning_of_another() {
        let under = |source: &str| Key::of(kind::OF_SOURCE).text(source).bytes();
        assert!(!under("blog-two").starts_with(&under("blog")));
    }

    #[test]
    fn hexadecimal_comes_back() {
        assert_eq!(unhex(&hex(&[0, 1, 0xab, 255])), Some(vec![0, 1, 0xab, 255]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("zz"), None);
        assert_eq!(unhex("é"), None);
    }
}
