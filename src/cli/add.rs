//! Finds the feed of an address, shows what is in it, and writes its block into feeds.toml.
//!
//! The file is edited, not written anew: comments and order stay. What would make it invalid is not written.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};
use url::Url;

use super::house::{fetching, print, runtime};
use super::{Common, Outcome, environment};
use crate::clock::Clock;
use crate::config::Config;
use crate::fetch::{FetchSettings, Fetcher};
use crate::model::{Language, Outcome as Ended, Polled, Role, Source, SourceId, SourceState};
use crate::sources::{Poll, id_of};

/// Entries shown, so that a person sees whether it is the right feed.
const SHOWN: usize = 3;

/// What a person says of the new source.
#[derive(Debug, Clone)]
pub struct Wish {
    /// A site, a feed or a page.
    pub url: String,
    /// How far it is trusted.
    pub role: Option<Role>,
    /// Language of its entries.
    pub language: Option<Language>,
}

/// Finds the feed, shows its newest entries, and adds the block.
pub fn run(common: &Common, wish: &Wish, out: &mut dyn Write) -> Outcome {
    let url = address(&wish.url)?;
    let text = match std::fs::read_to_string(&common.config) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("failed to read {}", common.config.display())),
    };
    let known = Config::parse(&common.config, &text, &environment());
    if let Ok((config, _)) = &known
        && let Some(source) = config.sources.iter().find(|s| s.url == url)
    {
        bail!("{url} is already in {}, as source {:?}", common.config.display(), source.id.as_str());
    }
    let config = known.ok().map(|(config, _)| config);
    let polled = look(&url, config.as_ref())?;
    if let Ended::Failed(why) | Ended::Gone(why) = &polled.outcome {
        bail!("failed to find a feed at {url}: {why}");
    }
    show(&polled, out)?;
    let (id, edited) = insert(&text, &url, wish)?;
    write_checked(&common.config, &text, &edited)?;
    print(out, format_args!("added to {} as source {id:?}", common.config.display()))?;
    Ok(0)
}

/// What a person typed, with the scheme that it may lack.
fn address(typed: &str) -> anyhow::Result<Url> {
    let typed = typed.trim();
    let whole = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    let url = Url::parse(&whole).with_context(|| format!("{typed:?} is not an address"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        bail!("{typed:?} is not an address on the web; write one that begins with https://");
    }
    Ok(url)
}

/// One poll of the new source, nothing stored.
fn look(url: &Url, config: Option<&Config>) -> anyhow::Result<Polled> {
    let settings = match config {
        Some(config) => fetching(config),
        // Without a configuration, what a person typed is asked for wherever it leads.
        None => FetchSettings { allow_private_networks: true, ..FetchSettings::default() },
    };
    let fetcher = Fetcher::new(settings)?;
    let clock = Clock::system();
    // The texts are not looked at.
    let source = Source { full_text: Some(false), ..Source::new(SourceId("new".to_owned()), url.clone()) };
    runtime()?.block_on(async {
        let mut poll = Poll::new(&source, SourceState::default(), clock.now());
        while let Some(ask) = poll.next() {
            poll.answer(fetcher.get(&ask, &|| clock.now()).await.map_err(|error| error.failure()));
        }
        Ok(poll.finish())
    })
}

fn show(polled: &Polled, out: &mut dyn Write) -> anyhow::Result<()> {
    let state = &polled.state;
    let kind = state.kind.as_deref().unwrap_or("feed");
    let feed = state.feed.as_ref().map(Url::as_str).unwrap_or_default();
    let title = if state.facts.title.is_empty() { "without a title" } else { &state.facts.title };
    print(out, format_args!("{title}: {kind}, {} entries, {feed}", polled.reading.entries.len()))?;
    let mut entries: Vec<_> = polled.reading.entries.iter().collect();
    // Stable: without dates the feed's own order stands, which is newest first.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.published.or(entry.updated)));
    for entry in entries.into_iter().take(SHOWN) {
        let date = entry.published.or(entry.updated).map_or("          ".to_owned(), |d| d.format("%F").to_string());
        let title = crate::normalise::text::line(&entry.title.value, entry.title.html);
        print(out, format_args!("  {date}  {title}  {}", entry.link.as_deref().unwrap_or_default()))?;
    }
    Ok(())
}

/// The text with one more `[[source]]`, after the others, and its id.
pub(super) fn insert(text: &str, url: &Url, wish: &Wish) -> anyhow::Result<(String, String)> {
    let mut document: DocumentMut = text.parse().context("feeds.toml is not TOML; see `tributary check`")?;
    let sources = document.entry("source").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(sources) = sources.as_array_of_tables_mut() else {
        bail!("`source` is not written as [[source]] blocks, so none can be added");
    };
    let taken: Vec<&str> = sources.iter().filter_map(|s| s.get("id")?.as_str()).collect();
    let base = id_of(url.host_str().unwrap_or_default());
    let numbered = |n: usize| if n < 2 { base.clone() } else { format!("{base}-{n}") };
    let id = (1..).map(numbered).find(|id| !taken.contains(&id.as_str())).unwrap_or(base.clone());
    let mut table = Table::new();
    table["id"] = value(&id);
    table["url"] = value(url.as_str().trim_end_matches('/'));
    if let Some(role) = wish.role {
        table["role"] = value(match role {
            Role::Original => "original",
            Role::Repost => "repost",
            Role::Mixed => "mixed",
        });
    }
    if let Some(language) = &wish.language {
        table["language"] = value(language.to_string());
    }
    table.decor_mut().set_prefix("\n");
    sources.push(table);
    Ok((id, document.to_string()))
}

/// Writes the edited text in one step, unless the edit made a valid file invalid.
pub(super) fn write_checked(file: &Path, before: &str, edited: &str) -> anyhow::Result<()> {
    let was_valid = Config::parse(file, before, &environment()).is_ok();
    if was_valid {
        Config::parse(file, edited, &environment())?;
    }
    let beside = file.with_extension("toml.new");
    std::fs::write(&beside, edited).with_context(|| format!("failed to write {}", beside.display()))?;
    std::fs::rename(&beside, file).with_context(|| format!("failed to write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# My planet.\n[server]\npublic_url = \"http://127.0.0.1:8080\" # where\n\n# The author.\n[[source]]\n\
        id = \"korybko\"\nurl = \"https://korybko.substack.com\"\n\n# What is shown.\n[[edition]]\nid = \"main\"\n";

    fn wish(role: Option<Role>) -> Wish {
        Wish { url: String::new(), role, language: Language::parse("it") }
    }

    #[test]
    fn comments_and_order_stay() {
        let url = Url::parse("https://andreacarancini.it/").unwrap();
        let (id, after) = insert(BEFORE, &url, &wish(Some(Role::Repost))).unwrap();
        assert_eq!(id, "andreacarancini");
        let block = "\n[[source]]\nid = \"andreacarancini\"\nurl = \"https://andreacarancini.it\"\nrole = \"repost\"\nlanguage = \"it\"\n";
        let place = "url = \"https://korybko.substack.com\"\n";
        assert_eq!(after, BEFORE.replace(place, &format!("{place}{block}")));
    }

    #[test]
    fn ids_stay_apart() {
        let url = Url::parse("https://www.korybko.example/feed").unwrap();
        let (id, after) = insert(BEFORE, &url, &wish(None)).unwrap();
        assert_eq!(id, "korybko-2");
        assert_eq!(insert(&after, &url, &wish(None)).unwrap().0, "korybko-3");
        let (_, first) = insert("", &url, &wish(None)).unwrap();
        assert_eq!(
            first,
            "\n[[source]]\nid = \"korybko\"\nurl = \"https://www.korybko.example/feed\"\nlanguage = \"it\"\n"
        );
        assert!(insert("source = 1", &url, &wish(None)).is_err());
        assert!(insert("[[source", &url, &wish(None)).is_err());
    }

    #[test]
    fn what_people_type() {
        let typed = |s: &str| address(s).ok().map(String::from);
        assert_eq!(typed("korybko.substack.com").as_deref(), Some("https://korybko.substack.com/"));
        assert_eq!(typed(" http://a.example/feed ").as_deref(), Some("http://a.example/feed"));
        assert_eq!(typed("ftp://a.example"), None);
        assert_eq!(typed(""), None);
    }
}
