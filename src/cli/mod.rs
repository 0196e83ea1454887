//! One file a subcommand: what a person types, and what is printed.
//!
//! Results go to stdout, logs and progress to stderr. Exit codes: 0 done, 1 failed, 2 not understood (arguments or
//! feeds.toml).

pub mod check;
pub mod healthcheck;
pub mod parse;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, Environment, Invalid};

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
    /// The configuration.
    #[arg(long, global = true, value_name = "FILE", env = "TRIBUTARY_CONFIG", default_value = "feeds.toml")]
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
    /// Validate feeds.toml, and say every fault at once.
    Check,
    /// Ask the running server whether it is well: exit 0 or 1.
    Healthcheck,
}

/// Parses the arguments, runs the subcommand, and turns what it says into an exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr(arguments.common.log_format);
    let common = &arguments.common;
    let done = match arguments.command {
        None => todo!(),
        Some(Command::Check) => check::run(common),
        Some(Command::Healthcheck) => healthcheck::run(common),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("tributary: {error:#}");
            ExitCode::from(if error.is::<Invalid>() { 2 } else { 1 })
        }
    }
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
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}
