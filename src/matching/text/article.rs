//! What of an entry is the work, and what stands around it?

use crate::model::{Entry, Extent, Mention, Place};

use super::blocks::{Block, Kind};
use super::notes::{self, Note};
use super::{address, blocks, latin_length, lead, sentences};

/// Sentences beyond this many are not looked at: a book is known by its beginning.
pub const MOST_SENTENCES: usize = 400;
/// Links beyond this many are not kept.
const MOST_MENTIONS: usize = 80;

/// The text of an entry, taken apart.
#[derive(Debug, Clone, Default)]
pub struct Article {
    /// Sentences of the work in order; notes and furniture are left out.
    pub sentences: Vec<String>,
    /// For each of them, whether it stands in a quotation.
    pub quoted: Vec<bool>,
    /// First and last blocks and the notes: where bylines and dates of the original stand.
    pub edges: Vec<String>,
    /// Outbound links, each target once, strongest place first.
    pub mentions: Vec<Mention>,
    /// Images as given.
    pub images: Vec<String>,
    /// Blocks with text.
    pub paragraphs: usize,
    /// Share of the text that stands in links.
    pub linked: f32,
    /// What kind of text it is.
    pub extent: Extent,
    /// Length of the work in characters of Latin script.
    pub length: u32,
    /// Sentences that answer somebody else's text.
    pub commentary: usize,
}

/// Takes an entry's fullest text apart.
pub fn article(entry: &Entry) -> Article {
    let blocks = blocks::blocks(entry.body.fullest());
    let mut out = Article::default();
    let mut notes: Vec<Option<Note>> = blocks.iter().map(|b| notes::note(&b.text, b.linked())).collect();
    let mut work: Vec<usize> = (0..blocks.len())
        .filter(|&i| notes[i].is_none() && !blocks[i].text.is_empty() && blocks[i].kind != Kind::Code)
        .collect();
    let lead = lead::before(&work.iter().map(|&i| &blocks[i]).collect::<Vec<_>>());
    for i in work.drain(..lead) {
        notes[i] = Some(Note::Preface);
    }
    let last_text = blocks.iter().zip(&notes).rposition(|(b, n)| !b.text.is_empty() && *n != Some(Note::Furniture));

    for &i in &work {
        let room = MOST_SENTENCES.saturating_sub(out.sentences.len());
        out.sentences.extend(sentences::split(&blocks[i].text).into_iter().take(room));
        out.quoted.resize(out.sentences.len(), blocks[i].kind == Kind::Quote);
    }
    out.commentary = out.sentences.iter().filter(|s| notes::is_commentary(s)).count();
    out.length = work.iter().map(|&i| latin_length(&blocks[i].text)).sum();
    out.paragraphs = work.len();
    out.edges = edges(&blocks, &notes, &work);
    out.images = blocks.iter().flat_map(|b| b.images.iter().cloned()).take(20).collect();
    let linked: f32 = work.iter().map(|&i| blocks[i].linked() * latin_length(&blocks[i].text) as f32).sum();
    out.linked = linked / (out.length.max(1) as f32);
    let edge = [work.first().copied(), work.last().copied()];
    for (i, block) in blocks.iter().enumerate() {
        let place = match notes[i] {
            Some(Note::Source) if notes::is_bare_address(&block.text) && Some(i) == last_text => Place::LastLine,
            Some(Note::Source) => Place::Introduced,
            Some(Note::Furniture) => continue,
            Some(Note::Preface) => Place::Edge,
            None if edge.contains(&Some(i)) => Place::Edge,
            None => Place::Inside,
        };
        mention(&mut out.mentions, block, place);
    }
    out.mentions.sort_by_key(|m| m.place);
    out.mentions.truncate(MOST_MENTIONS);
    out.extent = extent(&out, entry, &blocks);
    out
}

fn mention(mentions: &mut Vec<Mention>, block: &Block, place: Place) {
    // A bare address is a link whether or not it is marked up as one.
    let bare = block.text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '"'));
    let bare =
        bare.filter(|w| w.starts_with("http://") || w.starts_with("https://")).map(|w| w.trim_end_matches(['.', ',']));
    for href in block.links.iter().map(|l| l.href.as_str()).chain(bare) {
        let Some(target) = address::comparable(href).filter(|t| address::is_page(t)) else { continue };
        match mentions.iter_mut().find(|m| m.target == target) {
            Some(known) => known.place = known.place.min(place),
            None => mentions.push(Mention { target, place }),
        }
    }
}

fn edges(blocks: &[Block], notes: &[Option<Note>], work: &[usize]) -> Vec<String> {
    let near = work.iter().take(2).chain(work.iter().rev().take(2));
    let noted = (0..blocks.len()).filter(|&i| matches!(notes[i], Some(Note::Source | Note::Preface)));
    let mut chosen: Vec<usize> = near.copied().chain(noted).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen.iter().map(|&i| blocks[i].text.chars().take(400).collect()).collect()
}

/// A digest is mostly short items, each with a link of its own; a teaser ends before it has begun.
fn extent(article: &Article, entry: &Entry, blocks: &[Block]) -> Extent {
    // Items that begin with a link and have little else, on addresses of more than one page.
    let items: Vec<&Block> =
        blocks.iter().filter(|b| matches!(b.kind, Kind::Item | Kind::Heading | Kind::Paragraph)).collect();
    let entries = items
        .iter()
        .filter(|b| {
            let first = b.links.first();
            first.is_some_and(|l| b.text.starts_with(&l.anchor) && latin_length(&l.anchor) >= 12)
                && latin_length(&b.text) < 500
        })
        .map(|b| latin_length(&b.text))
        .collect::<Vec<_>>();
    let in_entries: u32 = entries.iter().sum();
    if entries.len() >= 3 && f64::from(in_entries) > 0.6 * f64::from(article.length) {
        return Extent::Digest;
    }
    let tail = article.sentences.last().map(|s| s.trim_end().to_owned()).unwrap_or_default();
    let cut = tail.ends_with('…') || tail.ends_with("[...]") || tail.ends_with("...") || tail.ends_with("[…]");
    if article.length < 900 && (cut || entry.preview || article.length < 420) {
        return Extent::Teaser;
    }
    Extent::Whole
}
