//! Has what a reader would see changed? One hash over what the feed gave, taken before anything is cleaned: an
//! unchanged entry costs this comparison and nothing else.

use crate::model::{RawEntry, Text};

/// Hash of all that a reader would see of an entry. The same in every build and on every machine, as it is stored.
///
/// Dates of change are left out: some feeds set them to the time of the request.
pub fn revision(raw: &RawEntry) -> u64 {
    let mut hash = Hash::new();
    for text in [&raw.title, &raw.summary, &raw.content] {
        text_into(text, &mut hash);
    }
    hash.field(raw.link.as_deref().unwrap_or_default());
    hash.field(raw.image.as_deref().unwrap_or_default());
    hash.field(raw.rights.as_deref().unwrap_or_default());
    hash.number(raw.published.map_or(0, |date| date.timestamp().unsigned_abs()));
    hash.number(u64::from(raw.preview));
    for person in raw.authors.iter().chain(&raw.contributors) {
        hash.field(&person.name);
    }
    for enclosure in &raw.enclosures {
        hash.field(&enclosure.url);
    }
    for category in &raw.categories {
        hash.field(category);
    }
    hash.finish()
}

fn text_into(text: &Text, hash: &mut Hash) {
    hash.number(u64::from(text.html));
    hash.field(&text.value);
    hash.field(text.base.as_ref().map(url::Url::as_str).unwrap_or_default());
    hash.field(text.language.as_ref().map(crate::model::Language::as_str).unwrap_or_default());
}

/// Hash of some strings, for keys that are stored.
pub fn of_strings(strings: &[&str]) -> u64 {
    let mut hash = Hash::new();
    strings.iter().for_each(|string| hash.field(string));
    hash.finish()
}

/// A multiply-and-rotate hash of eight bytes a step, as in FxHash, with the finaliser of SplitMix64. Nobody gains by
/// a collision here: it would hide the edit of one's own entry.
struct Hash(u64);

/// 2^64 divided by the golden ratio, made odd (Knuth, TAOCP 3, §6.4).
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hash {
    fn new() -> Self {
        Self(0)
    }

    fn number(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(MULTIPLIER);
        self.0 ^= self.0 >> 32;
    }

    /// The length goes first, so that "ab", "c" is not "a", "bc".
    fn field(&mut self, text: &str) {
        self.number(text.len() as u64);
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        words.iter().for_each(|word| self.number(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.number(u64::from_le_bytes(last));
    }

    fn finish(self) -> u64 {
        let mut hash = self.0;
        hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ hash >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_sees_changes_the_hash() {
        let raw = |title: &str, content: &str| RawEntry {
            title: Text { value: title.to_owned(), ..Text::default() },
            content: Text { value: content.to_owned(), ..Text::default() },
            ..RawEntry::default()
        };
        assert_eq!(revision(&raw("a", "b")), revision(&raw("a", "b")));
        assert_ne!(revision(&raw("a", "b")), revision(&raw("ab", "")));
        assert_ne!(revision(&raw("a", "b")), revision(&raw("a", "c")));
        assert_ne!(revision(&raw("a", "b\0")), revision(&raw("a", "b")));
        let later = RawEntry { updated: crate::model::Timestamp::from_timestamp(1, 0), ..raw("a", "b") };
        assert_eq!(revision(&later), revision(&raw("a", "b")));
    }

    #[test]
    fn the_hash_is_the_same_in_every_build() {
        assert_eq!(of_strings(&["tributary"]), 0xa3923c7ba7dfa0f7);
    }
}
