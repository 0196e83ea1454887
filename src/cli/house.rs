//! How does a subcommand come by the house? Through the process that holds the store, or by opening it itself.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Parser;
use tokio::runtime::Runtime;

use super::screen::Terminal;
use super::{Arguments, Command, Common, Outcome, load_config};
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::daemon::control::{self, Control, Handler};
use crate::daemon::{Configured, Rooms, Schedules};
use crate::fetch::{FetchSettings, Fetcher};
use crate::matching::overrides::OverrideUrls;
use crate::pipeline::{House, Plan};
use crate::store::{self, SledStore};

/// How long a command waits for another one that holds the store without listening: it is opening or closing it.
const PATIENCE: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(50);

/// A house with its runtime, listening for other commands while it holds the store.
pub struct Open {
    /// The rooms.
    pub rooms: Arc<Rooms>,
    /// Where requests run.
    pub runtime: Arc<Runtime>,
    _control: Control,
}

/// Runs a command where the store is held: here, or in the process that holds it.
pub fn through(common: &Common, arguments: &[String], command: &Command) -> Outcome {
    through_configured(&load_config(common)?, common, arguments, command)
}

/// The same, where the configuration was read already.
pub fn through_configured(config: &Config, common: &Common, arguments: &[String], command: &Command) -> Outcome {
    let folder = &config.store.path;
    let began = clock::instant();
    loop {
        if let Some(answer) = control::ask(folder, arguments, &mut Terminal::new()) {
            return answer.context("failed to run the command in the daemon")?.map_err(|why| anyhow!(why));
        }
        match open(config, Clock::system(), runtime()?) {
            Err(error) if is_busy(&error) && began.elapsed() < PATIENCE => std::thread::sleep(RETRY),
            Err(error) => return Err(error),
            Ok(open) => {
                let done = super::execute(&open.rooms, &open.runtime, common, command, &mut Terminal::new());
                return done.inspect(|_| drop(open));
            }
        }
    }
}

/// A runtime with as many threads as there are cores.
pub fn runtime() -> anyhow::Result<Arc<Runtime>> {
    Ok(Arc::new(Runtime::new().context("failed to start the runtime")?))
}

/// Whether another process holds the store.
fn is_busy(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<store::Error>(), Some(store::Error::Busy { .. }))
}

/// Opens the store and builds the house over it.
pub fn open(config: &Config, clock: Clock, runtime: Arc<Runtime>) -> anyhow::Result<Open> {
    let store = SledStore::open(&config.store.path)?;
    let Configured { plan, schedules, fetching } = configured(config).map_err(|why| anyhow!(why))?;
    let house = Arc::new(House::new(Arc::new(store), plan).context("failed to start the judging threads")?);
    // What was written while nobody held the store is followed now.
    if let Err(error) = house.apply_trust(&house.plan(), clock.now())
        && !house.heeds(&error)
    {
        return Err(error.into());
    }
    let judged = house.apply_overrides(clock.now())?;
    judged.notices.iter().for_each(|notice| tracing::warn!("{notice}"));
    let fetcher = Fetcher::new(fetching)?;
    let rooms = Arc::new(Rooms::new(house, fetcher, clock, schedules));
    let control = Control::listen(&config.store.path, handler(&rooms, &runtime))
        .with_context(|| format!("failed to listen for commands in {}", config.store.path.display()))?;
    Ok(Open { rooms, runtime, _control: control })
}

/// Runs what another process was asked to do.
fn handler(rooms: &Arc<Rooms>, runtime: &Arc<Runtime>) -> Handler {
    // Weak, so that the listener does not keep the store open after its owner is done.
    let (rooms, runtime) = (Arc::downgrade(rooms), Arc::downgrade(runtime));
    Arc::new(move |arguments, out| {
        let (Some(rooms), Some(runtime)) = (rooms.upgrade(), runtime.upgrade()) else {
            return Err("the daemon is ending; try again".to_owned());
        };
        let words = std::iter::once("tributary").chain(arguments.iter().map(String::as_str));
        let parsed = Arguments::try_parse_from(words).map_err(|e| e.to_string())?;
        let command = parsed.command.ok_or_else(|| "no command was given".to_owned())?;
        super::execute(&rooms, &runtime, &parsed.common, &command, out).map_err(|e| format!("{e:#}"))
    })
}

/// The overrides of a configuration, in its order.
pub fn written(config: &Config) -> Vec<OverrideUrls> {
    let rules = config.overrides.iter().map(|rule| {
        let (same, different) =
            if rule.same { (rule.urls.clone(), Vec::new()) } else { (Vec::new(), rule.urls.clone()) };
        OverrideUrls { same, different }
    });
    rules.collect()
}

/// What a configuration comes to.
fn configured(config: &Config) -> Result<Configured, String> {
    let plan = Plan::new(
        config.sources.clone(),
        config.editions.clone(),
        config.server.public_url.clone(),
        config.server.hubs.clone(),
        written(config),
    )
    .keeping(config.store.keep_s);
    let schedules = Schedules::new(&plan, &config.polling.schedule, config.polling.timezone.name())?;
    Ok(Configured { plan, schedules, fetching: fetching(config) })
}

/// How sources are asked.
pub fn fetching(config: &Config) -> FetchSettings {
    let polling = &config.polling;
    FetchSettings {
        user_agent_contact: polling.user_agent_contact.as_ref().map(ToString::to_string).unwrap_or_default(),
        allow_private_networks: polling.allow_private_networks,
        max_body_bytes: usize::try_from(polling.max_body_bytes).unwrap_or(usize::MAX),
        ..FetchSettings::default()
    }
}

/// Reads a configuration anew, for the daemon that runs with `before`.
pub fn reload(file: &Path, before: &Config) -> Result<Configured, String> {
    let (config, warnings) = Config::load(file, &super::environment()).map_err(|invalid| invalid.to_string())?;
    for warning in warnings {
        tracing::warn!("{}:{}: {}", file.display(), warning.line, warning.message);
    }
    if (config.server.bind, &config.store.path) != (before.server.bind, &before.store.path) {
        tracing::warn!("`bind` and `path` of the store are taken over at the next start");
    }
    configured(&config)
}

/// Prints a text, a line at a time.
pub fn print(out: &mut dyn Write, text: impl std::fmt::Display) -> anyhow::Result<()> {
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}
