//! How does a SentencePiece model file cut a text? Its protocol buffer holds the pieces and the normalisation.
//!
//! The messages are those of SentencePiece's sentencepiece_model.proto: ModelProto { 1: pieces, 3: normalizer_spec },
//! SentencePiece { 1: piece, 2: score, 3: type }, NormalizerSpec { 2: precompiled_charsmap }. Of the specification's
//! switches the defaults are assumed, as in the one model read here: a blank before the text, none at its ends, runs
//! of blanks as one, each written as U+2581.

use super::unigram::{Segmenter, Unigram};
use crate::encoders::numbers::bytes::{Damaged, u32_at};

/// SentencePiece.Type.NORMAL, also where the field is missing. Others (unknown, control, unused) stand for no text.
const NORMAL: u64 = 1;
/// U+2581 in UTF-8.
const BLANK: &[u8] = "\u{2581}".as_bytes();

/// A tokenizer.
pub struct SentencePiece {
    unigram: Unigram,
    map: CharacterMap,
}

impl SentencePiece {
    /// Reads a model; `unknown` is the id of what no piece covers.
    pub fn new(file: &'static [u8], name: &'static str, unknown: u32) -> Result<Self, Damaged> {
        let mut pieces: Vec<(&[u8], u32)> = Vec::new();
        let mut scores: Vec<f32> = Vec::new();
        let mut map: &[u8] = &[];
        for field in Fields(file) {
            match field.ok_or(Damaged(name))? {
                (1, Value::Bytes(message)) => {
                    let (mut piece, mut score, mut kind): (&[u8], _, _) = (&[], 0.0, NORMAL);
                    for field in Fields(message) {
                        match field.ok_or(Damaged(name))? {
                            (1, Value::Bytes(text)) => piece = text,
                            (2, Value::Fixed32(bits)) => score = f32::from_bits(bits),
                            (3, Value::Varint(number)) => kind = number,
                            _ => {}
                        }
                    }
                    if kind == NORMAL {
                        pieces.push((piece, scores.len() as u32));
                    }
                    scores.push(score);
                }
                (3, Value::Bytes(message)) => {
                    for field in Fields(message) {
                        if let (2, Value::Bytes(bytes)) = field.ok_or(Damaged(name))? {
                            map = bytes;
                        }
                    }
                }
                _ => {}
            }
        }
        if pieces.is_empty() {
            return Err(Damaged(name));
        }
        Ok(Self { unigram: Unigram::new(pieces.into_iter(), scores, unknown), map: CharacterMap::new(map, name)? })
    }

    /// The ids of the pieces of `text`, without begin and end.
    pub fn ids(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 4);
        let mut segmenter = Segmenter::new(&self.unigram);
        let mut word = BLANK.to_vec();
        // No piece has a blank inside, so words are cut one by one: the same pieces, and shorter sums.
        let mut end_word = |word: &mut Vec<u8>| {
            if word.len() > BLANK.len() {
                segmenter.cut(word, &mut ids);
                word.truncate(BLANK.len());
            }
        };
        let mut rest = text.as_bytes();
        while let Some(&first) = rest.first() {
            let (replacement, length) = self.map.prefix(rest, first);
            for part in replacement.split_inclusive(|&byte| byte == b' ') {
                match part.split_last() {
                    Some((b' ', before)) => {
                        word.extend_from_slice(before);
                        end_word(&mut word);
                    }
                    _ => word.extend_from_slice(part),
                }
            }
            rest = &rest[length.min(rest.len())..];
        }
        end_word(&mut word);
        ids
    }
}

/// What a field of a message holds.
enum Value<'a> {
    Varint(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
    Fixed64,
}

/// The fields of a message with their numbers (protocol buffers, "Encoding"); `None` where the message is cut short.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.bytes(8).map(|_| Value::Fixed64)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.bytes(length)?)
            }
            5 => Value::Fixed32(u32_at(self.bytes(4)?, 0)),
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }
}

/// The precompiled map from characters, or short runs of them, to what stands for them: a double-array trie in the
/// format of darts-clone, preceded by its size, then the replacements, each ended by a zero byte.
struct CharacterMap {
    units: &'static [u8],
    replacements: &'static [u8],
    /// ASCII that stands for itself and begins no longer key with another ASCII character, one bit each.
    plain: u128,
}

/// The characters 0 to 127, to point into.
const ASCII: [u8; 128] = {
    let mut all = [0; 128];
    let mut i = 0;
    while i < 128 {
        all[i] = i as u8;
        i += 1;
    }
    all
};

impl CharacterMap {
    fn new(bytes: &'static [u8], name: &'static str) -> Result<Self, Damaged> {
        let (head, rest) = bytes.split_at_checked(4).ok_or(Damaged(name))?;
        let (units, replacements) = rest.split_at_checked(u32_at(head, 0) as usize).ok_or(Damaged(name))?;
        let mut map = Self { units, replacements, plain: 0 };
        for byte in 0..128u8 {
            let longer = (0..128u8).any(|next| map.longest(&[byte, next]).is_some_and(|(_, length)| length > 1));
            if map.longest(&[byte]).is_none() && !longer {
                map.plain |= 1 << byte;
            }
        }
        Ok(map)
    }

    /// What stands for the characters that `text` begins with, and how many bytes those take. `first` is its first byte.
    #[inline]
    fn prefix<'t>(&self, text: &'t [u8], first: u8) -> (&'t [u8], usize)
    where
        'static: 't,
    {
        let ascii = first < 0x80 && text.get(1).is_none_or(|&next| next < 0x80);
        if ascii && self.plain >> first & 1 == 1 {
            return (&ASCII[usize::from(first)..usize::from(first) + 1], 1);
        }
        match self.longest(text) {
            Some((at, length)) => {
                let from = self.replacements.get(at..).unwrap_or_default();
                (from.split(|&byte| byte == 0).next().unwrap_or_default(), length)
            }
            None => {
                let length = 1 + text[1..].iter().take_while(|&&byte| byte & 0xC0 == 0x80).count();
                (&text[..length], length)
            }
        }
    }

    /// The longest key that `text` begins with: where its replacement begins, and the key's length.
    ///
    /// A unit's lowest 8 bits are its label, bit 8 says that a key ends there, bits 10 to 30 are the offset to the
    /// children, in steps of 256 where bit 9 is set; a value has bit 31 set.
    fn longest(&self, text: &[u8]) -> Option<(usize, usize)> {
        let offset = |unit: u32| (unit >> 10) << ((unit & 1 << 9) >> 6);
        let mut node = offset(u32_at(self.units, 0));
        let mut found = None;
        for (i, &byte) in text.iter().enumerate() {
            node ^= u32::from(byte);
            let unit = u32_at(self.units, node as usize);
            if unit & (1 << 31 | 0xFF) != u32::from(byte) {
                break;
            }
            node ^= offset(unit);
            if unit & 1 << 8 != 0 {
                found = Some(((u32_at(self.units, node as usize) & !(1 << 31)) as usize, i + 1));
            }
        }
        found
    }
}
