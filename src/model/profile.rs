//! What of an entry has to be kept, so that it can be compared with others without its text?

use serde::{Deserialize, Serialize};

use super::{EntryId, Extent, Language, SourceId, Timestamp};

/// A 256-bit code of a fourth of a text: the signs of its centred static vector.
pub type Code = [u64; 4];

/// Where in a text a link stands, strongest claim first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// A line that names a source: "Fonte: …", "translated from …".
    Introduced,
    /// The last line of the text is nothing but this address.
    LastLine,
    /// In the first or last paragraph.
    Edge,
    /// Anywhere else.
    Inside,
}

/// A link of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Where it leads: host and path, in the form in which addresses are compared.
    pub target: String,
    /// Where it stands.
    pub place: Place,
}

/// One sentence, its words left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// Hash of its letters, so that the same sentence elsewhere is known.
    pub hash: u32,
    /// Length in characters of Latin script (`matching::text::latin_length`).
    pub length: u16,
    /// Whether it stands in a quotation.
    pub quoted: bool,
    /// Its numbers and identifiers, one bit each (a Bloom filter of one hash).
    pub figures: u32,
    /// Its names, likewise.
    pub names: u64,
}

/// Sentence vectors of one encoder: centred by the mean of the language, 8 bits a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vectors {
    /// Name of the encoder.
    pub encoder: String,
    /// Dimensions of a vector.
    pub dimensions: u16,
    /// Whether the first vector is that of the title; the sentences follow in order, from the first on.
    pub titled: bool,
    /// The vectors one after the other.
    pub values: Vec<i8>,
}

impl Vectors {
    /// Vector `i`, the title's included.
    pub fn get(&self, i: usize) -> &[i8] {
        let d = usize::from(self.dimensions);
        self.values.get(i * d..(i + 1) * d).unwrap_or_default()
    }

    /// The title's vector.
    pub fn title(&self) -> Option<&[i8]> {
        (self.titled && !self.values.is_empty()).then(|| self.get(0))
    }

    /// How many sentences have a vector.
    pub fn sentences(&self) -> usize {
        (self.values.len() / usize::from(self.dimensions).max(1)).saturating_sub(usize::from(self.titled))
    }

    /// The vector of sentence `i`.
    pub fn sentence(&self, i: usize) -> &[i8] {
        self.get(i + usize::from(self.titled))
    }
}

/// Everything about an entry that comparing needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Version of the calibration it was made with; another one's vectors cannot be compared.
    pub version: u32,
    /// The entry.
    pub entry: EntryId,
    /// Where it was seen.
    pub source: SourceId,
    /// Its language, as far as known.
    pub language: Option<Language>,
    /// How sure that is, 0 to 1.
    pub confidence: f32,
    /// When it was published, if it says so.
    pub published: Option<Timestamp>,
    /// Title as shown.
    pub title: String,
    /// Hash of the title's letters, as of a sentence.
    pub title_hash: u32,
    /// Version-like tokens and series numbers of the title.
    pub title_identifiers: Vec<String>,
    /// Other numbers of the title.
    pub title_numbers: Vec<String>,
    /// Consonant skeletons of the authors' names, each its words in order.
    pub authors: Vec<Vec<String>>,
    /// Consonant skeletons of names at the edges of the text: bylines.
    pub byline: Vec<String>,
    /// Days named at the edges of the text, in days from 1 January of year 1.
    pub dates: Vec<i32>,
    /// Its page, in the form in which addresses are compared.
    pub link: Option<String>,
    /// Words of the site's name, else of its host's, as skeletons.
    pub site: Vec<String>,
    /// Length in characters of Latin script.
    pub length: u32,
    /// Paragraphs.
    pub paragraphs: u16,
    /// Share of the text that stands in links, 0 to 1.
    pub linked: f32,
    /// What kind of text it is.
    pub extent: Extent,
    /// Its sentences in order.
    pub sentences: Vec<Sentence>,
    /// Numbers in canonical form, each once.
    pub numbers: Vec<String>,
    /// Version-like tokens and other identifiers, each once.
    pub identifiers: Vec<String>,
    /// Consonant skeletons of names, each once.
    pub names: Vec<String>,
    /// Outbound links, each once, the strongest place first.
    pub mentions: Vec<Mention>,
    /// What its page claims to be a version of (canonical, hreflang, via).
    pub claims: Vec<String>,
    /// Images with the transformations of CDNs undone.
    pub images: Vec<String>,
    /// Words that mark an answer to another text rather than the text itself: how many sentences have them.
    pub commentary: u16,
    /// Static vectors of 16 windows, centred, 8 bits a dimension; empty where there is no text.
    pub windows: Vec<i8>,
    /// Codes of the four quarters.
    pub codes: Vec<Code>,
    /// Sentence vectors, as far as they were needed.
    pub vectors: Vec<Vectors>,
}

impl Profile {
    /// The vectors of an encoder.
    pub fn vectors_of(&self, encoder: &str) -> Option<&Vectors> {
        self.vectors.iter().find(|v| v.encoder == encoder)
    }
}
