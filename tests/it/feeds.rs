//! Does the reader read the corpus of feeds as each case says? The comparison is that of the corpus's own scorer.
//!
//! `tests/corpus/feeds/cases.jsonl` states an expectation for each document: only the fields that it names are
//! checked, texts by their letters alone, addresses by where they lead.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use dom_query::Document as Dom;
use serde_json::{Map, Value};
use tributary::model::{Document, Timestamp};
use url::Url;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/feeds")
}

/// What `tributary parse` prints for a case.
fn parse(case: &Value) -> Value {
    let body = std::fs::read(corpus().join(case["file"].as_str().unwrap())).unwrap();
    let url = case["base_url"].as_str().map_or_else(|| Url::parse("file:///feed.xml"), Url::parse).unwrap();
    let content_type = case["headers"]["content-type"].as_str();
    let now = Timestamp::from_timestamp(1_790_000_000, 0).unwrap();
    let document = Document::local(url, content_type, Bytes::from(body), now);
    tributary::cli::parse::describe(&document).0
}

#[test]
fn the_corpus_of_feeds_is_read_as_it_says() {
    let cases = std::fs::read_to_string(corpus().join("cases.jsonl")).unwrap();
    let mut levels: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut printed = String::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let mut output = parse(&case);
        let errors = check(&case["expect"], &output);
        let level = case["level"].as_str().unwrap_or("core").to_owned();
        let refuse = case["expect"]["reject"].as_bool().unwrap_or_default();
        for level in [level, "all".to_owned()].into_iter().chain(refuse.then(|| "refuse".to_owned())) {
            let (passed, total) = levels.entry(level).or_default();
            *passed += usize::from(errors.is_empty());
            *total += 1;
        }
        if !errors.is_empty() {
            failures.push(format!("{} ({}): {}", case["id"], case["level"], errors.join("; ")));
        }
        output["id"] = case["id"].clone();
        printed.push_str(&format!("{output}\n"));
    }
    // For `score.py cases.jsonl feeds-out.jsonl`, where the corpus's own scorer is at hand.
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("feeds-out.jsonl"), printed).unwrap();
    let report = format!("{levels:?}\n{}", failures.join("\n"));
    println!("{report}");
    let complete = |level: &str| levels.get(level).is_some_and(|(passed, total)| passed == total && *total > 0);
    assert!(complete("core"), "{report}");
    assert!(complete("security"), "{report}");
    assert!(complete("refuse"), "{report}");
    let (passed, total) = levels["all"];
    assert!(passed * 100 >= total * 97, "{report}");
}

#[test]
fn no_document_with_entries_is_read_as_empty() {
    let cases = std::fs::read_to_string(corpus().join("cases.jsonl")).unwrap();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let body = std::fs::read(corpus().join(case["file"].as_str().unwrap())).unwrap();
        let lossy = String::from_utf8_lossy(&body).to_lowercase();
        let output = parse(&case);
        let has_entries = ["<item", "<entry", ":item", ":entry"].iter().any(|start| lossy.contains(start))
            && case["expect"]["n_entries"] != 0;
        if output["ok"] == true && has_entries {
            assert!(!output["entries"].as_array().unwrap().is_empty(), "{}", case["id"]);
        }
    }
}

fn check(expect: &Value, output: &Value) -> Vec<String> {
    let ok = output["ok"].as_bool().unwrap_or_default();
    if expect["reject"].as_bool().unwrap_or_default() {
        return if ok { vec!["should be refused".to_owned()] } else { Vec::new() };
    }
    if !ok {
        return vec![format!("refused: {}", output["error"])];
    }
    let mut errors = Vec::new();
    let entries = output["entries"].as_array().cloned().unwrap_or_default();
    if let Some(wanted) = expect["n_entries"].as_u64()
        && entries.len() as u64 != wanted
    {
        errors.push(format!("{} entries, not {wanted}", entries.len()));
    }
    if let Some(wanted) = expect["min_entries"].as_u64()
        && (entries.len() as u64) < wanted
    {
        errors.push(format!("{} entries, under {wanted}", entries.len()));
    }
    if let Some(feed) = expect["feed"].as_object() {
        check_fields("feed", feed, &output["feed"], &mut errors);
    }
    for wanted in expect["entries"].as_array().into_iter().flatten() {
        let wanted = wanted.as_object().unwrap();
        let found = match (wanted.get("match_title"), wanted.get("i")) {
            (Some(title), _) => entries.iter().find(|entry| same_text(text(title), &entry["title"])),
            (None, Some(i)) => entries.get(i.as_u64().unwrap() as usize),
            (None, None) => None,
        };
        match found {
            Some(found) => check_fields("entry", wanted, found, &mut errors),
            None => errors.push(format!("no entry {wanted:?}")),
        }
    }
    errors
}

fn check_fields(place: &str, wanted: &Map<String, Value>, got: &Value, errors: &mut Vec<String>) {
    for (field, value) in wanted {
        if !matches!(field.as_str(), "i" | "match_title") && !holds(field, value, got) {
            let got = got.get(field).map_or_else(|| got.to_string(), Value::to_string);
            let got: String = got.chars().take(300).collect();
            errors.push(format!("{place}.{field}: wanted {value}, got {got}"));
        }
    }
}

fn holds(field: &str, wanted: &Value, got: &Value) -> bool {
    let body = format!("{}\n{}", text(&got["content"]), text(&got["summary"]));
    let in_body = |wanted: &Value| {
        [text(&got["content"]), text(&got["summary"]), &body].iter().any(|body| has_text(text(wanted), body))
    };
    match field {
        "title" | "description" | "source_title" | "rights" => same_text(text(wanted), &got[field]),
        "link" | "comments" | "image" => {
            list(wanted).iter().any(|wanted| same_address(text(wanted), text(&got[field])))
        }
        "id" => spaced(text(wanted)) == spaced(text(&got["id"])) || same_address(text(wanted), text(&got["id"])),
        "published" | "updated" => moment(wanted) == moment(&got[field]),
        "date" => [moment(&got["published"]), moment(&got["updated"])].contains(&moment(wanted)),
        "no_date" => got["published"].is_null() && got["updated"].is_null(),
        "body" => list(wanted).iter().all(in_body),
        "body_any" => list(wanted).iter().any(in_body),
        "author" => {
            let people = got["authors"].to_string().to_lowercase();
            list(wanted).iter().all(|name| {
                people.contains(
                    serde_json::to_string(&spaced(text(name))).unwrap().to_lowercase()[1..].trim_end_matches('"'),
                )
            })
        }
        "language" => text(wanted).eq_ignore_ascii_case(text(&got["language"])),
        "enclosures" => list(wanted).iter().all(|wanted| has_enclosure(wanted, &got["enclosures"])),
        "categories" => {
            let got: HashSet<String> = list(&got["categories"]).iter().map(|category| spaced(text(category))).collect();
            list(wanted).iter().all(|wanted| got.contains(&spaced(text(wanted))))
        }
        "urls" => {
            let fields = ["content", "summary", "title", "description"];
            let got: Vec<String> = fields.iter().flat_map(|field| addresses(text(&got[*field]))).collect();
            list(wanted).iter().all(|wanted| got.iter().any(|got| same_address(text(wanted), got)))
        }
        "forbid" => {
            let fields = ["content", "summary", "title", "description", "link"];
            let all = fields.map(|field| text(&got[field]).to_lowercase()).join(" ");
            list(wanted).iter().all(|wanted| !all.contains(&text(wanted).to_lowercase()))
        }
        _ => false,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::Null => Vec::new(),
        value => vec![value.clone()],
    }
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The letters of a text: as it stands, with its tags taken out once and twice, with its references resolved.
fn forms(text: &str) -> HashSet<String> {
    let letters = |text: &str| {
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}' | '\u{feff}')).collect::<String>()
    };
    let projected = project(text);
    let twice = project(&projected);
    [letters(text), letters(&projected), letters(&twice), letters(&html_escape::decode_html_entities(text))].into()
}

fn project(html: &str) -> String {
    let dom = Dom::fragment(html);
    dom.select("script, style").remove();
    dom.text().to_string()
}

fn addresses(html: &str) -> Vec<String> {
    let dom = Dom::fragment(html);
    let of = |attribute: &str| {
        let found = dom.select(&format!("[{attribute}]"));
        found
            .iter()
            .filter_map(|element| element.attr(attribute))
            .map(|address| address.trim().to_owned())
            .collect::<Vec<_>>()
    };
    ["href", "src", "cite", "poster", "action"].iter().flat_map(|attribute| of(attribute)).collect()
}

fn same_text(wanted: &str, got: &Value) -> bool {
    got.as_str().is_some_and(|got| !forms(wanted).is_disjoint(&forms(got)))
}

fn has_text(wanted: &str, got: &str) -> bool {
    let got = forms(got);
    forms(wanted).iter().any(|wanted| got.iter().any(|got| got.contains(wanted.as_str())))
}

fn same_address(a: &str, b: &str) -> bool {
    let normal = |address: &str| {
        let address = address.trim();
        let address = match address.split_once("://") {
            Some((scheme, rest)) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let path = if rest[end..].is_empty() { "/" } else { &rest[end..] };
                format!("{}://{}{path}", scheme.to_lowercase(), rest[..end].to_lowercase())
            }
            None => address.to_owned(),
        };
        let address = html_escape::decode_html_entities(&address).into_owned();
        let bytes = address.as_bytes();
        let mut out = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while at < bytes.len() {
            let escaped = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
            let escaped =
                escaped.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
            out.push(escaped.unwrap_or(bytes[at]));
            at += if escaped.is_some() { 3 } else { 1 };
        }
        String::from_utf8_lossy(&out).replace(' ', "").trim_end_matches('/').to_owned()
    };
    normal(a) == normal(b)
}

fn moment(value: &Value) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|date| date.timestamp())
}

fn has_enclosure(wanted: &Value, got: &Value) -> bool {
    let found = list(got).into_iter().find(|got| same_address(text(&wanted["url"]), text(&got["url"])));
    let as_text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    found.is_some_and(|found| {
        ["type", "length"]
            .iter()
            .all(|field| wanted[*field].is_null() || as_text(&wanted[*field]) == as_text(&found[*field]))
    })
}
