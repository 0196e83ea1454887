//! Shows it all working without network or configuration: bundled sites on loopback, and the real daemon on them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;

use super::house::{self, Open};
use super::{Outcome, run, stories};
use crate::clock::{self, Clock};
use crate::config::{Config, Environment};
use crate::daemon::{Rooms, drain, drain_pages, poll_now};
use crate::demo::Origin;

/// The port that the README names; any free one where it is taken.
const PORT: u16 = 8080;
/// When the summary line is printed at the latest, from the start of the process: whoever opens the address within two
/// seconds sees what has been judged by then. What is left is judged while it serves.
const FIRST_FEED: Duration = Duration::from_millis(1_700);
/// Entries judged at once until then. The originals come first: with these the edition has its stories, and their
/// versions join them, where sixteen at once would on a busy machine show none for three seconds.
const AT_ONCE: usize = 4;

/// Plays the sites and merges them: for ever, or `once`; `still`: no new posts arrive.
pub fn run(once: bool, still: bool) -> Outcome {
    let deadline = clock::instant() + FIRST_FEED;
    let runtime = house::runtime()?;
    let clock = Clock::system();
    let folder = Folder::new()?;
    let (origin, listener) = runtime.block_on(async {
        let origin = Origin::start(clock.now(), still || once).await.context("failed to start the demo's sites")?;
        let listener = match TcpListener::bind(("127.0.0.1", PORT)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind(("127.0.0.1", 0)).await.context("failed to find a free port")?,
        };
        Ok::<_, anyhow::Error>((origin, listener))
    })?;
    let bind: SocketAddr = listener.local_addr()?;
    let text = origin.config_toml(&bind.to_string(), &folder.0);
    let (config, _) = Config::parse(Path::new("the demo's feeds.toml"), &text, &Environment::default())?;
    let open = house::open(&config, clock, Arc::clone(&runtime))?;
    if once {
        return print_once(&open);
    }
    let rooms = Arc::clone(&open.rooms);
    let first = async move {
        // Not given up at the deadline: the daemon goes on beside it, and waits for what it has begun.
        let stories = tokio::spawn(first_stories(rooms, deadline));
        // What went wrong in it was told there.
        let _ = tokio::time::timeout_at(deadline.into(), stories).await;
    };
    runtime.block_on(run::serve(&open, listener, None, first))?;
    Ok(0)
}

/// Polls all sites, reads their pages and judges, until all is judged or the deadline has come.
async fn first_stories(rooms: Arc<Rooms>, deadline: Instant) {
    let sources = rooms.house.plan().sources().cloned().collect();
    let mut polled = poll_now(&rooms, sources, &mut |_| {}).await;
    if polled.is_ok() {
        polled = drain_pages(&rooms).await;
    }
    if let Err(error) = polled {
        tracing::error!(%error, "the first poll failed");
    }
    let judge = || rooms.house.judge_a_few(AT_ONCE, rooms.clock.now());
    while clock::instant() < deadline {
        match tokio::task::block_in_place(judge) {
            Ok(judged) if judged.entries > 0 => {}
            Ok(_) => return,
            Err(error) => {
                tracing::error!(%error, "the first entries could not be judged");
                return;
            }
        }
    }
}

/// Polls once, judges all, prints the stories that have folded, and the summary line.
fn print_once(open: &Open) -> Outcome {
    let rooms = &open.rooms;
    let sources = rooms.house.plan().sources().cloned().collect();
    let mut failed = false;
    open.runtime.block_on(async {
        poll_now(rooms, sources, &mut |report| failed |= report.failed()).await?;
        drain(rooms, &mut |_| ()).await
    })?;
    let mut folded = Vec::new();
    rooms.house.each_story(&mut |story| {
        if story.members.len() > 1 {
            folded.push(story);
        }
    })?;
    let out = &mut std::io::stdout();
    for story in &folded {
        stories::write_text(story, out)?;
    }
    println!("{}", rooms.house.summary()?);
    Ok(u8::from(failed))
}

/// A folder for the demo's store; it goes with the demo.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("tributary-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("failed to make a folder at {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // In the system's folder for temporary files: what is left there goes in time.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
