//! Is feeds.toml right, and if not, what is to be mended?

use super::{Common, Outcome, environment};
use crate::config::Config;

/// Prints every fault (exit 2), or what the file configures and what may not be meant in it.
pub fn run(common: &Common) -> Outcome {
    let (config, warnings) = Config::load(&common.config, &environment())?;
    let file = common.config.display();
    for warning in &warnings {
        println!("{file}:{}: warning: {}", warning.line, warning.message);
    }
    let (sources, editions) = (config.sources.len(), config.editions.len());
    println!("{file}: ok, {} and {}", count(sources, "source"), count(editions, "edition"));
    Ok(0)
}

/// `1 source`, `3 sources`.
pub fn count(n: usize, noun: &str) -> String {
    match (n, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        _ => format!("{n} {noun}s"),
    }
}
