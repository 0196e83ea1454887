//! What does an entry say, as far as comparing goes? Blocks, sentences, numbers, names and links of its HTML.

pub mod address;
pub mod article;
pub mod blocks;
pub mod dates;
mod lead;
pub mod names;
pub mod notes;
pub mod numbers;
pub mod script;
pub mod sentences;
pub mod series;

pub use article::{Article, article};

/// Length of a text in characters of Latin script: what one Han character says takes three of ours.
///
/// Figures: median ratio to the English version over the corpus, zh 3.1, ja 2.0 (of it two thirds kana), ko 2.0.
pub fn latin_length(text: &str) -> u32 {
    let tenths: u32 = text
        .chars()
        .map(|c| match c {
            c if c.is_whitespace() => 0,
            '\u{3040}'..='\u{30ff}' => 16,
            '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}' => 30,
            '\u{ac00}'..='\u{d7af}' => 22,
            _ => 10,
        })
        .sum();
    tenths / 10
}
