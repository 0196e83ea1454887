//! What does `[[source]]` say?

use std::collections::HashMap;
use std::ops::Range;

use chrono_tz::Tz;

use super::edition::parse_regex;
use super::sections::{parse_http, parse_keep, read_schedule};
use super::table::{Fault, Table};
use crate::model::source::{Content, Paid};
use crate::model::{Language, Role, Source, SourceId};
use crate::sources;

/// Most posts of an archive that are read at a first poll: 40 pages of the archive API.
const MAX_BACKFILL: u64 = 1_000;

/// The sources, and the ids of all tables: those of sources with a fault too.
pub(super) fn sources(root: &Table<'_, '_>, timezone: Tz, warnings: &mut Vec<Fault>) -> (Vec<Source>, Vec<SourceId>) {
    let mut sources: Vec<Source> = Vec::new();
    let mut named = Vec::new();
    let mut lines: HashMap<String, usize> = HashMap::new();
    let mut earlier: Vec<(SourceId, SourceId, Range<usize>)> = Vec::new();
    for table in root.tables("source") {
        let id = read_id(&table, "source", &mut lines);
        named.extend(id.clone().map(SourceId));
        let owner = SourceId(id.clone().unwrap_or_default());
        earlier
            .extend(table.string_or_strings("was").into_iter().map(|(was, span)| (owner.clone(), SourceId(was), span)));
        let source = read_source(&table, id, timezone, warnings);
        if let Some(source) = source {
            sources.push(source);
        }
        table.finish();
    }
    for (n, (owner, was, span)) in earlier.iter().enumerate() {
        let claimed = earlier[..n].iter().find(|(other, claimed, _)| claimed == was && other != owner);
        let message = match claimed {
            _ if named.contains(was) => "which is a source itself; rename that one, or leave this out".to_owned(),
            Some((other, ..)) => format!("as that of {:?} does; one of them only can have been it", other.0),
            None => continue,
        };
        root.fault(span.clone(), format!("`was` of source {:?} names {:?}, {message}", owner.0, was.0));
    }
    (sources, named)
}

/// The `id` of a table: a slug, and the first of its name.
pub(super) fn read_id(table: &Table<'_, '_>, what: &str, lines: &mut HashMap<String, usize>) -> Option<String> {
    let Some((id, span)) = table.string("id") else {
        table.fault(table.span(), format!("[[{what}]] has no `id`; write one such as id = \"korybko\""));
        return None;
    };
    let line = table.line(&span);
    if let Err(e) = parse_id(&id) {
        table.fault(span, format!("`id` of [[{what}]]: {e}"));
        return None;
    }
    if let Some(first) = lines.insert(id.clone(), line) {
        lines.insert(id.clone(), first);
        table.fault(span, format!("{what} id {id:?} is taken by line {first}; give each {what} an id of its own"));
        return None;
    }
    Some(id)
}

/// An id stands in addresses, file names and logs.
fn parse_id(id: &str) -> Result<String, String> {
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    let starts = id.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if starts && id.len() <= 64 && id.bytes().all(letters) {
        return Ok(id.to_owned());
    }
    Err(format!("{id:?} is not an id; write up to 64 of a-z, 0-9, - and _, a letter or digit first"))
}

fn read_source(table: &Table<'_, '_>, id: Option<String>, timezone: Tz, warnings: &mut Vec<Fault>) -> Option<Source> {
    let url = table.parsed("url", parse_http);
    if url.is_none() && table.string("url").is_none() {
        table.fault(table.span(), "[[source]] has no `url`; write the address of a site, a feed or a page");
    }
    let text = |key| table.string(key).map(|(text, _)| text).filter(|text| !text.is_empty());
    let source = Source {
        id: SourceId(id.clone().unwrap_or_default()),
        url: url.clone().or_else(|| "http://localhost".parse().ok())?,
        kind: table.parsed("kind", parse_kind).flatten(),
        role: table
            .one_of("role", &[("original", Role::Original), ("repost", Role::Repost), ("mixed", Role::Mixed)])
            .unwrap_or_default(),
        language: table.parsed("language", parse_language),
        hosts: table.all_parsed("hosts", parse_host).unwrap_or_default(),
        was: was(table),
        author: text("author"),
        title: text("title"),
        full_text: table.boolean("full_text"),
        content: read_content(table),
        publish: table.boolean("publish").unwrap_or(true),
        paid: table
            .one_of("paid", &[("mark", Paid::Mark), ("drop", Paid::Drop), ("keep", Paid::Keep)])
            .unwrap_or_default(),
        backfill: table.integer("backfill", 0..=MAX_BACKFILL).unwrap_or(0) as u32,
        references: table.boolean("references").unwrap_or(true),
        selector: table.parsed("selector", parse_selector),
        pattern: table.parsed("pattern", parse_regex),
        headers: table.header_fields("headers"),
        schedule: read_schedule(table, timezone, warnings),
        keep_s: table.parsed("keep", parse_keep),
    };
    (id.is_some() && url.is_some()).then_some(source)
}

/// How much of a text is republished: a word of sources and editions alike.
pub(super) fn read_content(table: &Table<'_, '_>) -> Option<Content> {
    table.one_of(
        "content",
        &[("feed", Content::Feed), ("full", Content::Full), ("summary", Content::Summary), ("link", Content::Link)],
    )
}

/// One earlier id, or a list of them.
fn was(table: &Table<'_, '_>) -> Vec<SourceId> {
    table.string_or_strings("was").into_iter().map(|(was, _)| SourceId(was)).collect()
}

fn parse_kind(text: &str) -> Result<Option<String>, String> {
    if text == "auto" {
        return Ok(None);
    }
    if sources::ALL.iter().any(|kind| kind.name == text) {
        return Ok(Some(text.to_owned()));
    }
    let known: Vec<_> = sources::ALL.iter().map(|kind| format!("{:?}", kind.name)).collect();
    Err(format!("{text:?} is not a kind of source; write \"auto\" or one of {}", known.join(", ")))
}

pub(super) fn parse_language(text: &str) -> Result<Language, String> {
    Language::try_from(text.to_owned())
}

fn parse_selector(text: &str) -> Result<String, String> {
    match dom_query::Matcher::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("{text:?} is not a CSS selector; write one such as \"article h2 a\"")),
    }
}

fn parse_host(text: &str) -> Result<String, String> {
    match url::Host::parse(text) {
        Ok(host) => Ok(host.to_string()),
        Err(_) => Err(format!("{text:?} is not a host; write one such as \"www.example.org\", without https://")),
    }
}
