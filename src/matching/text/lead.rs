//! What stands before the work? Its beginning in another language, or a preface that a rule sets apart.
//!
//! A preface that begins as prefaces do is known by its words (`notes`); one that says nothing of itself and is not set
//! apart is told by comparing only: nothing in the original covers it.

use crate::markup::language;

use super::blocks::Block;
use super::latin_length;

/// A header in another language is no more than this share of the text: more, and the page holds both versions.
const FOREIGN_MAX: f32 = 0.4;
/// Letters of a block whose language is looked at: below, it goes with its neighbours.
const FOREIGN_LETTERS: u32 = 60;
/// How sure a language must be to be another one than the text's. Bilingual headers of the corpus are found at .99 and
/// more; quotations in a language that the detector takes for its neighbour lie below.
const SURE: f32 = 0.9;
/// A preface that a rule sets apart is no longer than this (characters of Latin script), and no more than this share of
/// the text: else it is the first section.
const PREFACE_MAX: u32 = 900;
/// See [`PREFACE_MAX`].
const PREFACE_SHARE: f32 = 0.2;

/// How many of the blocks of a text, given in order, stand before the work.
pub fn before(work: &[&Block]) -> usize {
    let lengths: Vec<u32> = work.iter().map(|block| latin_length(&block.text)).collect();
    let all: u32 = lengths.iter().sum();
    foreign(work, &lengths, all).max(preface(work, &lengths, all))
}

/// Blocks up to the last of those, from the first on, that are surely in another language than the second half.
fn foreign(work: &[&Block], lengths: &[u32], all: u32) -> usize {
    let (mut before, mut count) = (0, 0);
    let mut body = None;
    for (i, block) in work.iter().enumerate() {
        before += lengths[i];
        if lengths[i] < FOREIGN_LETTERS {
            continue;
        }
        let Some(own) = surely(&block.text) else { return count };
        match body.get_or_insert_with(|| second_half(work, lengths, all)) {
            Some(body) if *body == own => return count,
            Some(_) if before as f32 <= all as f32 * FOREIGN_MAX => count = i + 1,
            _ => return 0,
        }
    }
    0
}

/// The first blocks, if a rule sets them apart and they are short.
fn preface(work: &[&Block], lengths: &[u32], all: u32) -> usize {
    let most = PREFACE_MAX.min((all as f32 * PREFACE_SHARE) as u32);
    let mut before = 0;
    for (i, block) in work.iter().enumerate() {
        if i > 0 && block.ruled {
            return i;
        }
        before += lengths[i];
        if before > most {
            break;
        }
    }
    0
}

/// The primary language of a text, if that is sure.
fn surely(text: &str) -> Option<String> {
    let (language, confidence) = language::detect("", text)?;
    (confidence >= SURE).then(|| language.primary().to_owned())
}

fn second_half(work: &[&Block], lengths: &[u32], all: u32) -> Option<String> {
    let mut before = 0;
    let second = work.iter().zip(lengths).skip_while(|(_, length)| {
        before += **length;
        before < all / 2
    });
    let text: Vec<&str> = second.map(|(block, _)| block.text.as_str()).take(40).collect();
    surely(&text.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::text::blocks::blocks;

    const ENGLISH: &str = "<p>Every company, team, project and individual is different, and so is the way in which the dam \
                           was built that nobody had asked for.</p>";
    const ITALIAN: &str = "<p>Ogni azienda, squadra, progetto e individuo è diverso, e così anche il modo in cui fu costruita \
                           la diga che nessuno aveva chiesto.</p>";

    fn check(html: &str, expected: usize) {
        let blocks = blocks(html);
        assert_eq!(before(&blocks.iter().collect::<Vec<_>>()), expected, "{html}");
    }

    #[test]
    fn a_beginning_in_another_language_stands_before_the_work() {
        check(&format!("<h2>The dam</h2>{ENGLISH}{}", ITALIAN.repeat(4)), 2);
        check(&format!("<h2>La diga</h2>{}{ENGLISH}", ITALIAN.repeat(4)), 0);
        check(&format!("{}{}", ENGLISH.repeat(3), ITALIAN.repeat(3)), 0);
        check(&format!("<h2>La diga</h2>{}", ITALIAN.repeat(4)), 0);
    }

    #[test]
    fn what_a_rule_sets_apart_stands_before_the_work_if_it_is_short() {
        check(&format!("<p>Grazie a chi ha tradotto.</p><hr>{}", ITALIAN.repeat(4)), 1);
        check(&format!("{ITALIAN}<hr>{ITALIAN}"), 0);
        check(&format!("<hr>{}", ITALIAN.repeat(4)), 0);
    }
}
