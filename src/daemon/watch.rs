//! Was the configuration saved? Its folder is watched, and its time of change is looked at, for mounts that send no
//! events.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::{RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

/// How often the time of change is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Editors write a file in several steps: it is read when it was left alone for so long.
const SETTLE: Duration = Duration::from_millis(200);

/// What identifies the content of a file without reading it.
type Stamp = Option<(SystemTime, u64)>;

/// A watched file.
pub(super) struct Watch {
    file: PathBuf,
    seen: Stamp,
    events: mpsc::UnboundedReceiver<()>,
    /// Dropping it ends the events. `None` where the system grants no watch: then only time is looked at.
    _watcher: Option<notify::RecommendedWatcher>,
}

impl Watch {
    /// Watches the folder of a file: a save often replaces the file itself.
    pub(super) fn start(file: &Path) -> Self {
        let (touched, events) = mpsc::unbounded_channel();
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let watcher = notify::recommended_watcher(move |_| {
            // The loop is gone only when the process ends.
            let _ = touched.send(());
        });
        let watcher = watcher.and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        if let Err(error) = &watcher {
            tracing::info!(%error, "the configuration's folder cannot be watched; it is looked at every few seconds");
        }
        Self { file: file.to_owned(), seen: stamp(file), events, _watcher: watcher.ok() }
    }

    /// Waits until the file is another one than before, and was left alone for a moment.
    pub(super) async fn changed(&mut self) {
        loop {
            let event = tokio::time::timeout(LOOK, self.events.recv()).await;
            if matches!(event, Ok(None)) {
                tokio::time::sleep(LOOK).await;
            }
            if stamp(&self.file) == self.seen {
                continue;
            }
            let mut now = stamp(&self.file);
            loop {
                tokio::time::sleep(SETTLE).await;
                let later = stamp(&self.file);
                if later == now {
                    break;
                }
                now = later;
            }
            while self.events.try_recv().is_ok() {}
            self.seen = now;
            return;
        }
    }
}

fn stamp(file: &Path) -> Stamp {
    let facts = std::fs::metadata(file).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}
