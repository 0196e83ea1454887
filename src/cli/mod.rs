//! One file a subcommand: what a person types, and what is printed.
//!
//! Results go to stdout, logs and progress to stderr. Exit codes: 0 done, 1 failed, 2 not understood (arguments or
//! feeds.toml).

mod add;
mod archive;
mod arena;
pub mod check;
pub mod cluster;
mod demo;
pub mod evaluate;
pub mod explain;
pub mod healthcheck;
mod house;
mod log;
mod opml;
mod overrule;
mod pair;
pub mod parse;
mod poll;
mod printable;
mod publications;
mod run;
mod screen;
mod show;
mod stories;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use tokio::runtime::Runtime;

use crate::clock::Clock;
use crate::config::{Config, Environment, Invalid};
use crate::daemon::Rooms;
use crate::daemon::control::Screen;
use crate::model::{Language, Role};

/// One merged feed in which every work stands once, with its original and all its translations.
#[derive(Debug, Parser)]
#[command(name = "tributary", version, about, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every subcommand.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The configuration; without this, what TRIBUTARY_CONFIG names.
    #[arg(long, global = true, value_name = "FILE", default_value_os_t = usual_config())]
    pub config: PathBuf,
    /// How logs are written to stderr.
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub log_format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Poll every source on its schedule, for ever, and serve. What is done without a subcommand.
    Run,
    /// Fetch every source now, say what happened to each, and exit: 1 if a source failed.
    Poll {
        /// Only this one.
        #[arg(long, value_name = "ID")]
        source: Option<String>,
    },
    /// Play bundled sites on loopback and merge them: no network, no configuration.
    Demo {
        /// Print the folded stories and the summary line, then exit.
        #[arg(long)]
        once: bool,
        /// No new posts arrive.
        #[arg(long)]
        still: bool,
    },
    /// Validate feeds.toml, and say every fault at once.
    Check,
    /// Say why two entries are one work, or are not.
    Explain {
        /// Address or id of an entry.
        a: String,
        /// Address or id of another.
        b: String,
    },
    /// Recognise the works in an archive: JSON Lines in, one line out for each.
    Cluster {
        /// The archive; - for standard input.
        file: PathBuf,
    },
    /// Measure the recognition on archives whose answers are known.
    Evaluate {
        /// The archives.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Compare all pairs too, and tell what candidates lose: quadratic, hours for thousands of documents.
        #[arg(long)]
        all_pairs: bool,
        /// Take all links and addresses out of the texts first.
        #[arg(long)]
        strip_links: bool,
    },
    /// List the stories with their members.
    Stories {
        /// As one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// List the publications that are not configured and have originals of stories, as [[source]] blocks to paste.
    Publications,
    /// Say that two entries are the same work, whatever the evidence: written into feeds.toml.
    Same {
        /// Addresses of the entries.
        #[arg(num_args = 2.., required = true, value_name = "URL")]
        urls: Vec<url::Url>,
    },
    /// Say that two entries are different works, whatever the evidence: written into feeds.toml.
    Different {
        /// Addresses of the entries.
        #[arg(num_args = 2.., required = true, value_name = "URL")]
        urls: Vec<url::Url>,
    },
    /// Tell what happened to a story.
    Log {
        /// Id of the story, or address of one of its entries.
        story: String,
    },
    /// Show how a feed is read, as one JSON object.
    Parse {
        /// A file, an address, or - for standard input.
        document: String,
        /// The Content-Type header of a file, or in place of what a server says.
        #[arg(long, value_name = "CT")]
        content_type: Option<String>,
        /// What relative addresses are resolved against.
        #[arg(long, value_name = "URL")]
        base_url: Option<url::Url>,
    },
    /// Find the feed of an address, show its newest entries, and add it to feeds.toml.
    Add {
        /// A site, a feed or a page.
        url: String,
        /// What it publishes.
        #[arg(long, value_enum)]
        role: Option<RoleName>,
        /// Language of its entries, as in BCP 47: `it`, `pt-BR`.
        #[arg(long, value_parser = parse_language)]
        language: Option<Language>,
    },
    /// Take sources from, or give them to, another feed reader.
    Opml {
        #[command(subcommand)]
        direction: Direction,
    },
    /// Back the store up: all records as JSON Lines with a checksum. A running daemon goes on meanwhile.
    Export {
        /// The file to write.
        file: PathBuf,
    },
    /// Restore a backup into an empty store, or move a store to another machine or version.
    Import {
        /// A file that `export` wrote.
        file: PathBuf,
    },
    /// Rewrite the store with nothing but its live records. The daemon does so by itself when there is much to gain.
    Compact,
    /// Ask the running server whether it is well: exit 0 or 1.
    Healthcheck,
}

/// The way of a list of sources.
#[derive(Debug, Subcommand)]
enum Direction {
    /// Add the feeds of an OPML file that are not in feeds.toml yet.
    Import {
        /// The file, or - for standard input.
        file: PathBuf,
    },
    /// Print all sources as OPML.
    Export,
}

/// The roles by the names that they have in feeds.toml.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Its entries are originals.
    Original,
    /// Its entries are translations or copies.
    Repost,
    /// Some of both.
    Mixed,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Original => Self::Original,
            RoleName::Repost => Self::Repost,
            RoleName::Mixed => Self::Mixed,
        }
    }
}

fn parse_language(tag: &str) -> Result<Language, String> {
    Language::parse(tag).ok_or_else(|| format!("{tag:?} is not a language tag; write one such as it or pt-BR"))
}

/// Parses the arguments, runs the subcommand, and turns what it says into an exit code.
pub fn main() -> ExitCode {
    // Tests name in FAILPOINTS where the program is to die; a release has no such points.
    let _points = fail::has_failpoints().then(fail::FailScenario::setup);
    let arguments = Arguments::parse();
    log_to_stderr(arguments.common.log_format);
    if matches!(
        arguments.command,
        None | Some(Command::Run | Command::Poll { .. } | Command::Import { .. } | Command::Compact)
    ) {
        arena::one();
    }
    match dispatch(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Faults of a configuration stand one on a line; nothing else of theirs reaches the terminal as it is.
            let told = format!("{error:#}");
            let lines: Vec<_> = told.lines().map(printable::printable).collect();
            eprintln!("tributary: {}", lines.join("\n"));
            ExitCode::from(if error.is::<Invalid>() { 2 } else { 1 })
        }
    }
}

fn dispatch(arguments: &Arguments) -> Outcome {
    let common = &arguments.common;
    let Some(command) = &arguments.command else { return run::run(common) };
    match command {
        Command::Run => run::run(common),
        Command::Demo { once, still } => demo::run(*once, *still),
        Command::Check => check::run(common),
        Command::Healthcheck => healthcheck::run(common),
        Command::Add { url, role, language } => {
            let wish = add::Wish { url: url.clone(), role: role.map(Role::from), language: language.clone() };
            add::run(common, &wish, &mut std::io::stdout())
        }
        Command::Opml { direction: Direction::Import { file } } => opml::import(common, file, &mut std::io::stdout()),
        Command::Opml { direction: Direction::Export } => opml::export(common, &mut std::io::stdout()),
        Command::Parse { document, content_type, base_url } => {
            show::run(document, content_type.as_deref(), base_url.as_ref())
        }
        Command::Same { urls } => overrule::run(common, true, urls, &mut std::io::stdout()),
        Command::Different { urls } => overrule::run(common, false, urls, &mut std::io::stdout()),
        Command::Cluster { file } => cluster_file(file),
        Command::Evaluate { files, all_pairs, strip_links } => {
            let options = evaluate::Options { all_pairs: *all_pairs, strip_links: *strip_links };
            evaluate::run(files, options, std::io::stdout().lock(), Clock::system().now())?;
            Ok(0)
        }
        Command::Export { file } => archive::through(common, "export", file, command),
        Command::Import { file } => archive::through(common, "import", file, command),
        Command::Poll { .. }
        | Command::Compact
        | Command::Explain { .. }
        | Command::Stories { .. }
        | Command::Publications
        | Command::Log { .. } => {
            let words: Vec<String> = std::env::args().skip(1).collect();
            house::through(common, &words, command)
        }
    }
}

/// Runs a subcommand that needs the house, in the process that holds it.
fn execute(rooms: &Arc<Rooms>, runtime: &Runtime, common: &Common, command: &Command, out: &mut dyn Screen) -> Outcome {
    match command {
        Command::Check => check::stories(rooms, common, out),
        Command::Poll { source } => poll::run(rooms, runtime, source.as_deref(), out),
        Command::Explain { a, b } => pair::run(rooms, a, b, out),
        Command::Stories { json } => stories::run(rooms, *json, out),
        Command::Publications => publications::run(rooms, out),
        Command::Log { story } => log::run(rooms, story, out),
        Command::Export { file } => archive::export(rooms, file, out),
        Command::Import { file } => archive::import(rooms, file, out),
        Command::Compact => archive::compact(rooms, out),
        _ => anyhow::bail!("this command does not go through the daemon"),
    }
}

fn cluster_file(file: &Path) -> Outcome {
    let output = std::io::BufWriter::new(std::io::stdout().lock());
    let now = Clock::system().now();
    if file == Path::new("-") {
        cluster::run(std::io::stdin().lock(), output, now)?;
    } else {
        let opened = std::fs::File::open(file).with_context(|| format!("failed to read {}", file.display()))?;
        cluster::run(std::io::BufReader::new(opened), output, now)?;
    }
    Ok(0)
}

/// What a subcommand ends with: its exit code, or an error that is printed and ends with 1 (2 for a faulty
/// configuration).
pub type Outcome = anyhow::Result<u8>;

/// The configuration with the environment's overrides; warnings are logged.
pub fn load_config(common: &Common) -> Result<Config, Invalid> {
    let (config, warnings) = Config::load(&common.config, &environment())?;
    for warning in warnings {
        tracing::warn!("{}:{}: {}", common.config.display(), warning.line, warning.message);
    }
    Ok(config)
}

/// `TRIBUTARY_CONFIG`, or `feeds.toml` here. One that is empty is not set, as with the others: container files say so.
fn usual_config() -> PathBuf {
    let named = std::env::var_os("TRIBUTARY_CONFIG").filter(|value| !value.is_empty());
    named.map_or_else(|| PathBuf::from("feeds.toml"), PathBuf::from)
}

/// The variables that override feeds.toml in a container.
pub fn environment() -> Environment {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    Environment {
        bind: variable("TRIBUTARY_BIND"),
        public_url: variable("TRIBUTARY_PUBLIC_URL"),
        store: variable("TRIBUTARY_STORE"),
    }
}

fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = matches!(format, LogFormat::Text) && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let log = printable::Log { format, colours };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(log).with_target(false);
    match format {
        LogFormat::Text => builder.with_ansi(colours).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    // A panic is a line of the log like any other: in its format, and without the control characters of a source.
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "a fault of this program: {}", panic.payload_as_str().unwrap_or("no message"));
    }));
}
