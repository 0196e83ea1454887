//! Where does the document of `tributary parse` come from: a file, an address, standard input?

use std::io::Read;

use anyhow::{Context, bail};
use url::Url;

use super::{Outcome, house, parse};
use crate::clock::Clock;
use crate::fetch::{FetchSettings, Fetcher};
use crate::model::document::Document;
use crate::model::poll::{Ask, Purpose};

/// Largest document that is read, in bytes: the default of `max_body_mib`.
const MOST_BYTES: u64 = 16 << 20;

/// Reads the document and prints it as JSON; exit code 1 where it is no feed.
pub fn run(document: &str, content_type: Option<&str>, base_url: Option<&Url>) -> Outcome {
    let document = match Url::parse(document) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            fetch(url).map(|fetched| as_told(fetched, content_type, base_url))
        }
        _ => local(document, content_type, base_url),
    };
    let document = match document {
        Ok(document) => document,
        // A program that reads the answer finds the reason where it looks for it.
        Err(error) => {
            println!("{}", serde_json::json!({ "ok": false, "error": format!("{error:#}") }));
            return Ok(1);
        }
    };
    let code = parse::print(&document, &mut std::io::stdout().lock())?;
    Ok(u8::try_from(code).unwrap_or(1))
}

fn local(name: &str, content_type: Option<&str>, base_url: Option<&Url>) -> anyhow::Result<Document> {
    let mut bytes = Vec::new();
    let read = match name {
        "-" => std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes),
        _ => std::fs::File::open(name).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)),
    };
    read.with_context(|| format!("failed to read {name}"))?;
    if bytes.len() as u64 > MOST_BYTES {
        bail!("{name} is larger than {} MiB, as no feed is", MOST_BYTES >> 20);
    }
    let base = match (base_url, name) {
        (Some(url), _) => url.clone(),
        (None, "-") => Url::parse("file:///dev/stdin")?,
        (None, name) => match Url::from_file_path(std::path::absolute(name)?) {
            Ok(url) => url,
            Err(()) => bail!("{name} has no address as a file; name one with --base-url"),
        },
    };
    Ok(Document::local(base, content_type, bytes, Clock::system().now()))
}

/// What the person says of a document counts before what its server says.
fn as_told(mut document: Document, content_type: Option<&str>, base_url: Option<&Url>) -> Document {
    if let Some(url) = base_url {
        document.url = url.clone();
    }
    if let Some(content_type) = content_type {
        document.headers.retain(|(name, _)| name != "content-type");
        document.headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    document
}

/// An address that a person typed is asked for wherever it leads: the guard is there for what strangers write.
fn fetch(url: Url) -> anyhow::Result<Document> {
    let fetcher = Fetcher::new(FetchSettings { allow_private_networks: true, ..FetchSettings::default() })?;
    let ask = Ask::new(url.clone(), Purpose::Feed);
    let clock = Clock::system();
    let fetched = house::runtime()?.block_on(fetcher.get(&ask, &move || clock.now()));
    fetched.with_context(|| format!("failed to fetch {url}"))
}
