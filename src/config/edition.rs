//! What does `[[edition]]` say?

use std::collections::HashMap;

use super::sections::parse_duration;
use super::source::{parse_language, read_content, read_id};
use super::table::Table;
use crate::model::edition::Bump;
use crate::model::{EditionSpec, Include, Language, SourceId};

/// Default and largest number of stories in an edition: a few weeks of a lively planet; 1,000 bounds a document.
const LIMIT: u64 = 100;
const MAX_LIMIT: u64 = 1_000;
/// Addresses of the planet's own that no edition can take: those of pages, and the stems of other feeds and lists.
const RESERVED: [&str; 8] = ["story", "sources", "status", "metrics", "healthz", "readyz", "editions", "robots"];

pub(super) fn editions(root: &Table<'_, '_>, sources: &[SourceId]) -> Vec<EditionSpec> {
    let mut editions = Vec::new();
    let mut lines = HashMap::new();
    for table in root.tables("edition") {
        let id = read_id(&table, "edition", &mut lines);
        if let Some(id) = id.as_ref().filter(|id| RESERVED.contains(&id.as_str())) {
            table.fault(table.span(), format!("edition id {id:?} is an address of its own; choose another id"));
        }
        let edition = read_edition(&table, id.clone().unwrap_or_default(), sources);
        if id.is_some() {
            editions.push(edition);
        }
        table.finish();
    }
    if editions.is_empty() {
        editions.push(EditionSpec::new("main", "All stories, once each"));
    }
    editions
}

fn read_edition(table: &Table<'_, '_>, id: String, sources: &[SourceId]) -> EditionSpec {
    let title = table.string("title").map_or_else(|| id.clone(), |(title, _)| title);
    let mut spec = EditionSpec::new(&id, &title);
    if let Some((languages, any)) = read_languages(table) {
        spec.any_language = any || languages.is_empty();
        spec.languages = languages;
    }
    let include = [
        ("all", Include::All),
        ("originals", Include::Originals),
        ("translations", Include::Translations),
        ("untranslated", Include::Untranslated),
    ];
    spec.include = table.one_of("include", &include).unwrap_or_default();
    for (name, span) in table.strings("sources").unwrap_or_default() {
        let id = SourceId(name);
        if sources.contains(&id) {
            spec.sources.push(id);
        } else {
            let known: Vec<_> = sources.iter().map(|s| format!("{:?}", s.0)).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            table.fault(span, format!("there is no source {:?}; the sources are: {known}", id.0));
        }
    }
    spec.authors = table.strings("authors").into_iter().flatten().map(|(author, _)| author).collect();
    spec.keep = table.all_parsed("keep", parse_regex).unwrap_or_default();
    spec.block = table.all_parsed("block", parse_regex).unwrap_or_default();
    spec.content = read_content(table);
    spec.limit = table.integer("limit", 1..=MAX_LIMIT).unwrap_or(LIMIT) as usize;
    spec.hold_s = table.parsed("hold", parse_duration).unwrap_or(0);
    spec.bump = table.one_of("bump", &[("never", Bump::Never), ("translation", Bump::Translation)]).unwrap_or_default();
    spec.footer = table.boolean("footer").unwrap_or(true);
    spec
}

/// The languages in order, and whether any other will do too (`"*"`).
fn read_languages(table: &Table<'_, '_>) -> Option<(Vec<Language>, bool)> {
    let mut any = false;
    let mut languages = Vec::new();
    for (text, span) in table.strings("languages")? {
        match text.as_str() {
            "*" => any = true,
            text => match parse_language(text) {
                Ok(language) => languages.push(language),
                Err(e) => table.fault(span, format!("`languages`: {e}, or \"*\" for any")),
            },
        }
    }
    Some((languages, any))
}

/// Regular expressions of the `regex` crate take linear time; its size limit bounds the memory.
pub(super) fn parse_regex(text: &str) -> Result<String, String> {
    let told = |error: regex::Error| {
        // The last line says what is wrong; those before draw the place, which the line number names already.
        let told = error.to_string();
        let last = told.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        format!("{text:?} is not a regular expression: {last}")
    };
    regex::Regex::new(text).map(|_| text.to_owned()).map_err(told)
}
