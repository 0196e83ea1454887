//! How does XLM-RoBERTa cut a text into pieces? Its 250,002 pieces and the map that normalises the text before.
//!
//! `xling` and `e5` share it; it is read from the file of `xling` (layout: models/xling-static-e5/README.md).

use std::sync::OnceLock;

use super::unigram::{Segmenter, Unigram};
use crate::encoders::numbers::bytes::{Damaged, Reader, u32_at};

/// The id of what no piece covers.
pub const UNKNOWN: u32 = 3;

/// U+2581, SentencePiece's blank, in UTF-8: each word begins with it.
const BLANK: &[u8] = "\u{2581}".as_bytes();
/// A page of the map covers this many code points.
const PAGE: u32 = 256;

/// The vocabulary and the normalisation.
pub struct XlmR {
    unigram: Unigram,
    map: NormalisationMap,
}

/// The tokenizer; the first call builds it.
pub fn tokenizer() -> &'static XlmR {
    static TOKENIZER: OnceLock<XlmR> = OnceLock::new();
    TOKENIZER.get_or_init(|| match Layout::read(tributary_models::XLING) {
        Ok(layout) => XlmR::new(&layout),
        Err(damaged) => panic!("{damaged}"),
    })
}

impl XlmR {
    fn new(layout: &Layout) -> Self {
        let piece = |id: usize| {
            let (from, to) = (u32_at(layout.offsets, id) as usize, u32_at(layout.offsets, id + 1) as usize);
            layout.blob.get(from..to).unwrap_or_default()
        };
        // `<s>`, `<pad>`, `</s>`, `<unk>` and, at the end, `<mask>` stand for no text: a page that writes "<s>" means
        // these three characters.
        let text = (4..layout.pieces as u32 - 1).map(|id| (piece(id as usize), id));
        Self {
            unigram: Unigram::new(text, layout.scores.clone(), UNKNOWN),
            map: NormalisationMap::new(layout.map, layout.map_entries),
        }
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
        for c in text.chars() {
            match self.map.get(c) {
                None if c == ' ' => end_word(&mut word),
                None => push(&mut word, c),
                Some(replacement) => {
                    for c in replacement {
                        if c == ' ' { end_word(&mut word) } else { push(&mut word, c) }
                    }
                }
            }
        }
        end_word(&mut word);
        ids
    }

    /// The probability of a piece in the text the vocabulary was made from.
    #[inline]
    pub fn probability(&self, piece: u32) -> f32 {
        self.unigram.score(piece).exp()
    }
}

#[inline]
fn push(word: &mut Vec<u8>, c: char) {
    if c.is_ascii() {
        word.push(c as u8);
    } else {
        word.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// The parts of the file.
pub struct Layout<'a> {
    /// How many pieces.
    pub pieces: usize,
    /// Values of a row.
    pub dimensions: usize,
    offsets: &'a [u8],
    scores: Vec<f32>,
    blob: &'a [u8],
    map: &'a [u8],
    map_entries: usize,
    /// One f16 a piece: what its row is multiplied with.
    pub scales: &'a [u8],
    /// `dimensions` nibbles a piece.
    pub rows: &'a [u8],
}

impl<'a> Layout<'a> {
    /// Finds the parts, copying the scores alone.
    pub fn read(file: &'a [u8]) -> Result<Self, Damaged> {
        let mut reader = Reader::new(file, b"XLS1", "xling-static-256-q4.bin")?;
        let (pieces, dimensions, blob) = (reader.count()?, reader.count()?, reader.count()?);
        let (map_entries, map) = (reader.count()?, reader.count()?);
        Ok(Self {
            pieces,
            dimensions,
            offsets: reader.bytes((pieces + 1) * 4)?,
            scores: reader.f32s(pieces)?,
            blob: reader.bytes(blob)?,
            map: reader.bytes(map)?,
            map_entries,
            scales: reader.bytes(pieces * 2)?,
            rows: reader.bytes(pieces * dimensions / 2)?,
        })
    }
}

/// What some characters are replaced with before a text is cut (NFKC and more), in pages of 256 code points of which
/// those without an entry share one.
struct NormalisationMap {
    pages: Vec<u16>,
    /// One more than the index into `replacements`; 0: the character stays.
    entries: Vec<u16>,
    replacements: Vec<Box<[char]>>,
}

impl NormalisationMap {
    fn new(mut bytes: &[u8], count: usize) -> Self {
        let mut map = Self {
            pages: vec![0; (char::MAX as usize + 1).div_ceil(PAGE as usize)],
            entries: vec![0; PAGE as usize],
            replacements: Vec::with_capacity(count),
        };
        while let Some((head, rest)) = bytes.split_at_checked(5) {
            let (code, length) = (u32_at(head, 0), usize::from(head[4]));
            let Some((replacement, rest)) = rest.split_at_checked(length * 4) else { break };
            bytes = rest;
            let Some(page) = map.pages.get_mut((code / PAGE) as usize) else { continue };
            if *page == 0 {
                *page = (map.entries.len() / PAGE as usize) as u16;
                map.entries.resize(map.entries.len() + PAGE as usize, 0);
            }
            map.replacements.push((0..length).filter_map(|i| char::from_u32(u32_at(replacement, i))).collect());
            map.entries[usize::from(*page) * PAGE as usize + (code % PAGE) as usize] = map.replacements.len() as u16;
        }
        map
    }

    /// What stands for `c`, if not `c` itself.
    #[inline]
    fn get(&self, c: char) -> Option<impl Iterator<Item = char>> {
        let code = u32::from(c);
        let page = self.pages.get((code / PAGE) as usize)?;
        let entry = self.entries.get(usize::from(*page) * PAGE as usize + (code % PAGE) as usize)?;
        let index = usize::from(*entry).checked_sub(1)?;
        Some(self.replacements.get(index)?.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoders::recorded::check_ids;

    #[test]
    fn it_cuts_as_the_reference_does() {
        check_ids(|text| tokenizer().ids(text), |sentence| &sentence.xlm_r);
    }

    #[test]
    fn blanks_of_any_kind_part_words_and_compatibility_forms_are_folded() {
        let check = |text: &str, same_as: &str| assert_eq!(tokenizer().ids(text), tokenizer().ids(same_as), "{text:?}");
        check("  two\u{a0}\n words\t", "two words");
        check("ﬁne ＡＢＣ １２３", "fine ABC 123");
        check("\u{1}a\u{7f}", "a");
        check(" \u{3000} ", "");
    }

    #[test]
    fn a_control_piece_in_the_text_is_text() {
        let ids = tokenizer().ids("<s> </s> <mask> <unk>");
        assert!(ids.iter().all(|&id| (4..250_001).contains(&id)), "{ids:?}");
    }
}
