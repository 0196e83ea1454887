//! How is the store kept on disk? In one sled tree that one thread writes, opened with care and closed on doubt.

mod looks;
mod open;
mod seal;
mod writer;

#[cfg(test)]
mod faults;

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use ::sled::Db;

use self::looks::Looks;
use self::open::{Layout, Reading, guard};
use self::seal::Acked;
use self::writer::{Job, Reply, Writer};
use super::key::kind;
use super::{Batch, Error, Pair, Read, Scan, Stats, Store};

/// Jobs that may wait before who asks must wait too.
const QUEUE: usize = 256;

/// Up to so many bytes of live data the whole store is read and compared with its seal before it is used, which takes
/// well below 0.2 s; a larger one is read beside the work, and closed if it is found damaged.
const READ_AT_ONCE_BYTES: u64 = 16 << 20;

/// A store in a folder, ours alone while it is open.
pub struct SledStore {
    layout: Layout,
    shared: Arc<Shared>,
    /// `None` once dropped: the thread ends when its last sender goes.
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// The database while it is open.
struct State {
    db: Option<Db>,
    /// Why it is not.
    fault: Option<Error>,
}

impl State {
    fn db(&self, layout: &Layout) -> Result<&Db, Error> {
        self.db.as_ref().ok_or_else(|| self.fault.clone().unwrap_or_else(|| layout.damaged("it is closed")))
    }
}

/// What readers and the writing thread share.
struct Shared {
    /// Readers hold it while they read, and keep nothing: so the writer can replace the database.
    state: RwLock<State>,
    stats: Mutex<Stats>,
    /// When the folder of large values last changed before it was synced.
    blobs_synced: Mutex<Option<(i64, i64)>>,
}

impl Shared {
    fn stats(&self, stats: Stats) {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }

    fn blobs_synced(&self) -> Option<(i64, i64)> {
        *self.blobs_synced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_blobs_synced(&self, at: Option<(i64, i64)>) {
        *self.blobs_synced.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

impl SledStore {
    /// Opens the store in this folder, and creates it where there is none.
    ///
    /// A damaged index is rebuilt; the files set aside stand in `set-aside/`.
    ///
    /// # Errors
    /// It is in use, damaged, of a newer format, or there is no room to open it.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let layout = Layout { root: folder.as_ref().to_owned() };
        let opened = open::open(&layout)?;
        let shared = Arc::new(Shared {
            state: RwLock::new(State { db: None, fault: None }),
            stats: Mutex::default(),
            blobs_synced: Mutex::default(),
        });
        let mut reading = opened.repaired.is_none().then(Reading::default);
        if opened.seal.bytes <= READ_AT_ONCE_BYTES
            && let Some(mut at_once) = reading.take()
        {
            while !at_once.slice(&layout, &opened.db)? {}
            at_once.compare(&layout, &opened.seal)?;
        }
        let mut writer = Writer {
            acked: Acked::open(&layout.root)?,
            layout: layout.clone(),
            shared: Arc::clone(&shared),
            seal: opened.seal,
            log: None,
            broken: None,
            lacking: 0,
            reading,
        };
        writer.install(opened);
        let (jobs, waiting) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || writer.run(&waiting));
        let thread = thread.map_err(|e| layout.unwritable(&e))?;
        Ok(Self { layout, shared, jobs: Some(jobs), thread: Some(thread) })
    }

    /// Whether a store was ever opened in this folder.
    pub fn is_in(folder: impl AsRef<Path>) -> bool {
        let layout = Layout { root: folder.as_ref().to_owned() };
        layout.database().exists() || layout.previous().exists()
    }

    /// Asks the writing thread, and waits.
    fn ask(&self, job: impl FnOnce(Reply) -> Job) -> Result<(), Error> {
        let closed = || self.layout.damaged("its writing thread has stopped");
        let (reply, answer) = sync_channel(1);
        self.jobs.as_ref().ok_or_else(closed)?.send(job(reply)).map_err(|_| closed())?;
        answer.recv().map_err(|_| closed())?
    }
}

impl Read for SledStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let state = self.shared.state.read().unwrap_or_else(PoisonError::into_inner);
        let db = state.db(&self.layout)?;
        guard(&self.layout, || {
            let Some(value) = db.get(key)? else { return Ok(None) };
            looks::alone(db, &looks::READ_ALONE, key, value.len())?;
            Ok(Some(value.to_vec()))
        })
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Vec<Pair>, Error> {
        let (from, to) = scan.range();
        // What the store says of itself stands before all records, and is nobody else's.
        let from = from.max(vec![kind::STORE + 1]);
        let state = self.shared.state.read().unwrap_or_else(PoisonError::into_inner);
        let db = state.db(&self.layout)?;
        let range = match to {
            Some(to) if to <= from => return Ok(Vec::new()),
            Some(to) => db.range(from..to),
            None => db.range(from..),
        };
        let mut looks = Looks::default();
        let copied = |pair: ::sled::Result<(::sled::IVec, ::sled::IVec)>| {
            let (key, value) = pair?;
            looks.read(db, &key, value.len())?;
            Ok((key.to_vec(), value.to_vec()))
        };
        guard(&self.layout, || {
            if scan.backwards {
                range.rev().take(scan.limit).map(copied).collect()
            } else {
                range.take(scan.limit).map(copied).collect()
            }
        })
    }
}

impl Store for SledStore {
    fn apply(&self, batch: Batch) -> Result<(), Error> {
        self.ask(|reply| Job::Apply(batch, reply))
    }

    fn ready(&self) -> Result<(), Error> {
        self.ask(Job::Ready)
    }

    fn stats(&self) -> Result<Stats, Error> {
        let stats = *self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Stats { disk_bytes: self.layout.disk_bytes(), ..stats })
    }

    fn compact(&self) -> Result<(), Error> {
        self.ask(Job::Compact)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
