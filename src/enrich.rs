//! Which entries need their page, and what is taken from it?
//!
//! A feed that gives summaries lacks the last lines of a post, which is where the link to the original stands.

use crate::markup::language;
use crate::model::{Entry, Page, Source, Timestamp};

/// Bytes of clean HTML from which on a content counts as whole, unless it is visibly cut. The 24 real captures of
/// the feed corpus: excerpts of WordPress have 55 words (about 400 bytes), whole posts start at about 1,500.
const WHOLE_BYTES: usize = 1_500;

/// What follows a text that was cut: WordPress's "[…]" and "The post … appeared first on", links to read on. In lower
/// case; in the languages in which feeds were seen.
const CUT: [&str; 34] = [
    "[…]",
    "[...]",
    "[&hellip;]",
    "(…)",
    "(...)",
    "read more",
    "continue reading",
    "keep reading",
    "read the rest",
    "read the full",
    "read on",
    "leggi tutto",
    "continua a leggere",
    "leggi di più",
    "continua →",
    "leggi ancora",
    "lire la suite",
    "continuer la lecture",
    "lire plus",
    "leer más",
    "seguir leyendo",
    "continuar leyendo",
    "sigue leyendo",
    "weiterlesen",
    "mehr lesen",
    "leia mais",
    "continue lendo",
    "lees verder",
    "czytaj dalej",
    "читать далее",
    "читать полностью",
    "читать дальше",
    "devamını oku",
    "続きを読む",
];

/// Characters at the end of a text that are searched for such a mark.
const TAIL: usize = 400;

/// Whether the entry's page is to be fetched: never for one without a link, nor twice for a revision; otherwise as
/// `full_text` says, and where it says nothing, if the feed gave less than a whole text.
pub fn needs_page(entry: &Entry, source: &Source) -> bool {
    if entry.link.is_none() || entry.body.page.is_some() {
        return false;
    }
    match source.full_text {
        Some(wanted) => wanted,
        // The page of a paid post shows no more than the feed does.
        None => !entry.preview && !is_whole(entry),
    }
}

fn is_whole(entry: &Entry) -> bool {
    let Some(content) = entry.body.content.as_deref() else {
        // A summary alone: whole only if it is as long as a text and does not break off.
        let summary = entry.body.summary.as_deref().unwrap_or_default();
        return summary.len() >= WHOLE_BYTES && !is_cut(summary);
    };
    // Podcasts and pictures say little and mean it.
    let is_media = entry.enclosures.iter().any(|enclosure| {
        enclosure.media_type.as_deref().is_some_and(|kind| kind.starts_with("audio/") || kind.starts_with("video/"))
    });
    !is_cut(content) && (content.len() >= WHOLE_BYTES || is_media)
}

/// Whether a text ends as texts do that were cut.
fn is_cut(html: &str) -> bool {
    let tail = &html[html.floor_char_boundary(html.len().saturating_sub(TAIL))..];
    let tail = tail.to_lowercase();
    let text = strip_tags(&tail);
    let text = text.trim_end();
    text.ends_with('…') || text.ends_with("...") || CUT.iter().any(|mark| text.contains(mark))
}

fn strip_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    // The tail can start inside of a tag.
    let html = match (html.find('>'), html.find('<')) {
        (Some(end), start) if start.is_none_or(|start| end < start) => &html[end + 1..],
        _ => html,
    };
    for piece in html.split('<') {
        out.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
    }
    out
}

/// A page has more text than a summary, so it is asked wherever nobody declared the language of this very entry.
fn find_language(entry: &mut Entry, page: &Page) {
    if entry.language.is_some() && entry.language_confidence >= 1.0 {
        return;
    }
    let site = entry.language.clone().or_else(|| page.language.clone());
    if let Some((language, confidence)) = language::of_site(site, &entry.title, &page.html) {
        (entry.language, entry.language_confidence) = (Some(language), confidence);
    }
}

/// Takes from the page what the feed did not tell. What the feed said itself stays: a page is read by guesswork.
pub fn apply(entry: &mut Entry, page: Page, now: Timestamp) {
    find_language(entry, &page);
    if entry.title.is_empty() {
        entry.title = page.title.clone().unwrap_or_default();
    }
    if entry.authors.is_empty()
        && let Some(byline) = &page.byline
    {
        entry.authors.push(crate::model::Person { name: byline.clone(), ..Default::default() });
    }
    entry.published = entry.published.or_else(|| page.published.filter(|date| *date <= now));
    entry.image = entry.image.take().or_else(|| page.images.first().cloned());
    for (language, link) in &page.alternates {
        if !entry.alternates.iter().any(|(known, _)| known == language) {
            entry.alternates.push((language.clone(), link.clone()));
        }
    }
    if let Some(canonical) = &page.canonical
        && Some(canonical) != entry.link.as_ref()
        && !entry.via.contains(canonical)
    {
        entry.via.push(canonical.clone());
    }
    entry.body.page = Some(page);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_tells_the_language_where_only_the_site_declared_one() {
        let text = "Il Kazakistan potrebbe essersi appena messo su una rotta di collisione irreversibile con la Russia, e \
                    questo non promette bene per nessuno: né per i vicini, né per chi su quelle strade vive di commercio.";
        let read = |declared: &str, confidence: f32| {
            let line = serde_json::json!({ "doc_id": "one", "lang": declared, "text": "Il Kazakistan" });
            let line: crate::matching::archive::Line = serde_json::from_value(line).expect("a line");
            let mut entry = Entry { language_confidence: confidence, ..line.entry() };
            let page = Page { html: format!("<p>{text}</p>"), ..Page::default() };
            apply(&mut entry, page, chrono::DateTime::UNIX_EPOCH);
            entry.language.expect("declared").as_str().to_owned()
        };
        assert_eq!(read("en", 0.8), "it");
        assert_eq!(read("en", 1.0), "en");
    }

    #[test]
    fn texts_that_were_cut_are_known_by_their_end() {
        let check = |html: &str, expected: bool| assert_eq!(is_cut(html), expected, "{html}");
        check("<p>Il Kazakistan potrebbe […]</p>", true);
        check("<p>Text <a href=\"https://a.example/p\">Continue reading</a></p>", true);
        check("<p>Text</p><p><a class=\"more\">Weiterlesen →</a></p>", true);
        check("<p>And then...</p>", true);
        check("<p>The end.</p>", false);
        check(&format!("<p>read more{}</p>", " books".repeat(200)), false);
    }
}
