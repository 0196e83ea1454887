//! feeds.toml -> Config, or every fault at once, each with its line.
//!
//! The file is walked by hand rather than derived, because a derived reader stops at its first fault.

mod edition;
mod sections;
mod source;
pub mod table;

pub use sections::reachable;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use toml::de::DeTable;
use url::Url;

use crate::model::{EditionSpec, Source, SourceId};
use table::{Fault, Faults, Table};

/// What feeds.toml says, with nothing left to check.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// `[server]`.
    pub server: Server,
    /// `[store]`.
    pub store: StoreConfig,
    /// `[polling]`.
    pub polling: Polling,
    /// `[[source]]`, in the order of the file.
    pub sources: Vec<Source>,
    /// `[[edition]]`, in the order of the file; never empty.
    pub editions: Vec<EditionSpec>,
    /// `[[override]]`.
    pub overrides: Vec<OverrideRule>,
}

/// Where the feeds are served.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Address to listen at.
    pub bind: SocketAddr,
    /// What self links and page links are built on (never ids); ends with a slash.
    pub public_url: Url,
    /// WebSub hubs to name and to ping.
    pub hubs: Vec<Url>,
}

/// Where the state is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreConfig {
    /// Folder of the sled store.
    pub path: PathBuf,
    /// How long entries are kept that no edition shows, in seconds; `None`: for ever.
    pub keep_s: Option<u64>,
}

/// How sources are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Polling {
    /// Cron expression of sources that have none of their own.
    pub schedule: String,
    /// Time zone of all schedules.
    pub timezone: Tz,
    /// Page that tells a site's owner who polls.
    pub user_agent_contact: Option<Url>,
    /// Whether loopback and private addresses may be asked.
    pub allow_private_networks: bool,
    /// Cap of a decoded body, in bytes.
    pub max_body_bytes: u64,
}

/// One line of an `[[override]]`: these addresses are the same work, or are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideRule {
    /// The same work, or different ones.
    pub same: bool,
    /// Addresses of entries, two or more.
    pub urls: Vec<Url>,
    /// Line in the file, for messages.
    pub line: usize,
}

/// Values of the environment that win over the file.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `TRIBUTARY_BIND`.
    pub bind: Option<String>,
    /// `TRIBUTARY_PUBLIC_URL`.
    pub public_url: Option<String>,
    /// `TRIBUTARY_STORE`.
    pub store: Option<String>,
}

/// Why a configuration cannot be used: all faults of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The file.
    pub file: PathBuf,
    /// Its faults in the order of lines; line 0 stands for the environment or the whole file.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            match fault.line {
                0 => write!(f, "{}: {}", self.file.display(), fault.message)?,
                line => write!(f, "{}:{line}: {}", self.file.display(), fault.message)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// A valid configuration, and what may not be meant in it.
pub type Checked = (Config, Vec<Fault>);

impl Config {
    /// Reads and checks a file. Relative paths in it are relative to its folder.
    pub fn load(file: &Path, environment: &Environment) -> Result<Checked, Invalid> {
        let text = std::fs::read_to_string(file).map_err(|e| Invalid {
            file: file.to_owned(),
            faults: vec![Fault {
                line: 0,
                message: format!("cannot be read: {e}; name another file with --config FILE or TRIBUTARY_CONFIG"),
            }],
        })?;
        Self::parse(file, &text, environment)
    }

    /// Checks the text of a file.
    pub fn parse(file: &Path, text: &str, environment: &Environment) -> Result<Checked, Invalid> {
        let faults = Faults::new(text);
        let (root, syntax) = DeTable::parse_recoverable(text);
        for error in &syntax {
            let span = error.span().unwrap_or_default();
            let at = text.get(span.clone()).unwrap_or_default();
            faults.add(span, format!("not TOML: {}", slip(error.message(), at)));
        }
        // Of what stands twice the first is read. What was recovered behind any other slip of syntax would be told as
        // faults that nobody made.
        if syntax.iter().any(|error| error.message() != TWICE) {
            return Err(Invalid { file: file.to_owned(), faults: faults.into_sorted() });
        }
        let root = Table::root(&root, &faults);
        let mut warnings = Vec::new();
        let polling = sections::polling(root.table("polling"), &mut warnings);
        let server = sections::server(root.table("server"), environment);
        let store = sections::store(root.table("store"), file, environment);
        let (sources, named) = source::sources(&root, polling.timezone, &mut warnings);
        let known: Vec<SourceId> = named.into_iter().chain(sources.iter().flat_map(|s| s.was.clone())).collect();
        let editions = edition::editions(&root, &known);
        let overrides = sections::overrides(&root);
        root.finish();
        let faults = faults.into_sorted();
        let (Some(server), true) = (server, faults.is_empty()) else {
            return Err(Invalid { file: file.to_owned(), faults });
        };
        Ok((Config { file: file.to_owned(), server, store, polling, sources, editions, overrides }, warnings))
    }

    /// Address of an edition's Atom feed, as the summary line names it.
    pub fn feed_url(&self, edition: &EditionSpec) -> String {
        format!("{}{}.atom", self.server.public_url, edition.id)
    }
}

/// What the parser calls a key or a table that stands twice.
const TWICE: &str = "duplicate key";

/// A slip of syntax in words; `at` is where it stands.
fn slip(message: &str, at: &str) -> String {
    match message {
        TWICE => format!("`{at}` stands here a second time; leave one of the two"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
