//! Is feeds.toml right, and if not, what is to be mended?

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::Context as _;
use url::Url;

use super::house::{print, through_configured, written};
use super::{Command, Common, Outcome, environment};
use crate::config::Config;
use crate::daemon::Rooms;
use crate::matching::overrides::{Notice, Overrides};
use crate::model::{EntryId, SourceId};
use crate::normalise::link;
use crate::store::SledStore;

/// Prints every fault (exit 2), or what the file configures and what may not be meant in it. The store, where there is one,
/// is asked whether it has the entries that overrides name, and where an override is wanted.
pub fn run(common: &Common) -> Outcome {
    let (config, warnings) = Config::load(&common.config, &environment())?;
    let file = common.config.display();
    for warning in &warnings {
        println!("{file}:{}: warning: {}", warning.line, warning.message);
    }
    if SledStore::is_in(&config.store.path) {
        let whole = std::path::absolute(&common.config).context("failed to find the folder of feeds.toml")?;
        let words = ["check".to_owned(), "--config".to_owned(), whole.display().to_string()];
        if let Err(error) = through_configured(&config, common, &words, &Command::Check) {
            println!("{file}: warning: overrides and stories cannot be checked: {error:#}");
        }
    } else {
        // Nothing was polled yet: then overrides can only contradict each other.
        let page = |url: &Url| vec![EntryId::new(&SourceId(String::new()), link::canonical(url).as_str())];
        tell(&config, &Overrides::resolve(&written(&config), page).1, &mut std::io::stdout())?;
    }
    let (sources, editions) = (config.sources.len(), config.editions.len());
    println!("{file}: ok, {} and {}", count(sources, "source"), count(editions, "edition"));
    Ok(0)
}

/// Says what is wrong with the overrides, and where one is wanted, where the store is held.
pub(super) fn stories(rooms: &Rooms, common: &Common, out: &mut dyn Write) -> Outcome {
    let (config, _) = Config::load(&common.config, &environment())?;
    tell(&config, &rooms.house.resolve_overrides(&written(&config))?.1, out)?;
    let file = config.file.display();
    for crowd in rooms.house.crowds()? {
        print(out, format_args!("{file}: warning: {crowd}"))?;
    }
    Ok(0)
}

fn tell(config: &Config, notices: &[Notice], out: &mut dyn Write) -> anyhow::Result<()> {
    let file = config.file.display();
    let lines: BTreeSet<(usize, &str)> = notices
        .iter()
        .filter_map(|notice| Some((config.overrides.get(notice.rule)?.line, notice.message.as_str())))
        .collect();
    lines.into_iter().try_for_each(|(line, message)| print(out, format_args!("{file}:{line}: warning: {message}")))
}

/// `1 source`, `3 sources`.
pub fn count(n: usize, noun: &str) -> String {
    match (n, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        _ => format!("{n} {noun}s"),
    }
}
