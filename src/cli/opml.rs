//! Sources to and from OPML, the list that every feed reader reads and writes.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;
use dom_query::Document as Dom;
use url::Url;

use super::add::{Wish, insert, write_checked};
use super::house::print;
use super::{Common, Outcome, load_config};
use crate::formats::opml;
use crate::model::Language;

/// Adds the feeds of an OPML file (`-`: standard input) that are not in feeds.toml yet.
pub fn import(common: &Common, file: &Path, out: &mut dyn Write) -> Outcome {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).context("failed to read standard input")?;
    } else {
        bytes = std::fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
    }
    let before = std::fs::read_to_string(&common.config)
        .with_context(|| format!("failed to read {}", common.config.display()))?;
    let config = load_config(common)?;
    let mut known: Vec<Url> = config.sources.into_iter().map(|s| s.url).collect();
    let mut edited = before.clone();
    let mut added = 0;
    for (url, wish) in feeds(&String::from_utf8_lossy(&bytes)) {
        if known.contains(&url) {
            continue;
        }
        let (id, text) = insert(&edited, &url, &wish)?;
        print(out, format_args!("{id}  {url}"))?;
        (edited, added) = (text, added + 1);
        known.push(url);
    }
    if added > 0 {
        write_checked(&common.config, &before, &edited)?;
    }
    print(out, format_args!("{added} sources added to {}", common.config.display()))?;
    Ok(0)
}

/// Prints all sources as OPML 2.0.
pub fn export(common: &Common, out: &mut dyn Write) -> Outcome {
    let config = load_config(common)?;
    out.write_all(&opml::configured("Sources of tributary", &config.server.public_url, &config.sources))
        .context("failed to write")?;
    Ok(0)
}

/// The feeds of a list, in its order, folders ignored. Read as leniently as HTML, as many lists are no XML.
fn feeds(text: &str) -> Vec<(Url, Wish)> {
    let dom = Dom::from(text);
    let mut feeds: Vec<(Url, Wish)> = Vec::new();
    for outline in dom.select("outline[xmlurl]").nodes() {
        let attribute = |name: &str| outline.attr(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let Some(url) = attribute("xmlurl").and_then(|u| Url::parse(&u).ok()) else { continue };
        let is_web = matches!(url.scheme(), "http" | "https");
        if is_web && !feeds.iter().any(|(known, _)| *known == url) {
            let language = attribute("language").as_deref().and_then(Language::parse);
            feeds.push((url.clone(), Wish { url: url.into(), role: None, language }));
        }
    }
    feeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_other_readers() {
        let list = r#"<?xml version="1.0" encoding="UTF-8"?>
            <opml version="2.0"><head><title>mine</title></head><body>
            <outline text="Folder"><outline type="rss" text="A &amp; B" xmlUrl="https://a.example/feed?x=1&amp;y=2" htmlUrl="https://a.example/"/>
            <outline text="C" xmlUrl="https://c.example/rss" language="it"></outline></outline>
            <outline text="again" xmlUrl="https://c.example/rss"/><outline text="no" xmlUrl="file:///etc/passwd"/>
            <outline text="bare & broken" XMLURL='http://d.example/atom'>
            </body></opml>"#;
        let found = feeds(list);
        let urls: Vec<&str> = found.iter().map(|(url, _)| url.as_str()).collect();
        assert_eq!(urls, ["https://a.example/feed?x=1&y=2", "https://c.example/rss", "http://d.example/atom"]);
        assert_eq!(found[1].1.language, Language::parse("it"));
    }
}
