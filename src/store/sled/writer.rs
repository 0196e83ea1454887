//! Who writes to the database? One thread: it groups what waits, flushes once, syncs the files, and acknowledges.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use ::sled::Db;

use super::looks::{self, Looks};
use super::open::{self, Layout, Reading, SEAL_KEY, guard};
use super::seal::{Acked, FORMAT, Seal};
use super::{Shared, State};
use crate::store::{Batch, Error};

/// Batches that share one flush at the most: a flush costs some 4 ms on a disk, a batch well below 1 ms, so beyond 32
/// nothing is won, and the first of them has waited long enough.
const GROUP: usize = 32;

/// Pause between two slices of a reading of everything, so that it takes a small part of one core.
const READING_PAUSE: Duration = Duration::from_millis(5);

/// Where the result of a job goes.
pub type Reply = SyncSender<Result<(), Error>>;

/// What the thread is asked for.
pub enum Job {
    /// Write a batch.
    Apply(Batch, Reply),
    /// Reopen if need be.
    Ready(Reply),
    /// Rewrite with live records only.
    Compact(Reply),
}

/// The writing thread's state.
pub struct Writer {
    pub(super) layout: Layout,
    pub(super) shared: Arc<Shared>,
    pub(super) acked: Acked,
    pub(super) seal: Seal,
    /// The log, to be synced.
    pub(super) log: Option<File>,
    /// Writing failed: the database must be reopened, since sled refuses all from then on.
    pub(super) broken: Option<Error>,
    /// Room in bytes that the last batch lacked.
    pub(super) lacking: u64,
    /// A reading of everything that goes on beside the writing.
    pub(super) reading: Option<Reading>,
}

impl Writer {
    /// Serves jobs until the store is dropped.
    pub fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let job = match self.reading {
                Some(_) => jobs.recv_timeout(READING_PAUSE),
                None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match job {
                Ok(Job::Apply(batch, reply)) => self.apply_with_others(batch, reply, jobs),
                Ok(other) => self.serve(other),
                Err(RecvTimeoutError::Timeout) => self.read_on(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let _ = self.close();
    }

    /// Serves what is no batch.
    fn serve(&mut self, job: Job) {
        let (result, reply) = match job {
            Job::Ready(reply) => (self.mend().and_then(|()| self.layout.room(self.lacking)), reply),
            Job::Compact(reply) => (self.mend().and_then(|()| self.compact()), reply),
            Job::Apply(batch, reply) => (self.apply(&[batch]), reply),
        };
        // Who asked may have gone: then nobody wants to know.
        let _ = reply.send(result);
    }

    /// Takes the batches that already wait along with this one.
    fn apply_with_others(&mut self, batch: Batch, reply: Reply, jobs: &Receiver<Job>) {
        let (mut batches, mut replies, mut after) = (vec![batch], vec![reply], None);
        while batches.len() < GROUP {
            match jobs.try_recv() {
                Ok(Job::Apply(batch, reply)) => {
                    batches.push(batch);
                    replies.push(reply);
                }
                Ok(other) => {
                    after = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        let result = self.apply(&batches);
        for reply in replies {
            let _ = reply.send(result.clone());
        }
        if let Some(job) = after {
            self.serve(job);
        }
    }

    /// Writes batches, each atomic, and makes them durable together.
    fn apply(&mut self, batches: &[Batch]) -> Result<(), Error> {
        self.mend()?;
        // A batch may go into segments of its own, and a large value into a file: twice its size is more than both.
        let more = batches.iter().map(Batch::bytes).sum::<u64>().saturating_mul(2);
        self.lacking = more;
        self.layout.room(more)?;
        self.lacking = 0;
        let before = self.seal;
        let result = self.write(batches);
        if let Err(error) = &result {
            self.seal = before;
            self.broken = Some(error.clone());
            // A reading would compare the half-written with the whole; it begins again once the store is mended.
            self.reading = self.reading.take().map(|_| Reading::default());
        }
        result
    }

    fn write(&mut self, batches: &[Batch]) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let state = shared.state.read().unwrap_or_else(PoisonError::into_inner);
        let db = state.db(&self.layout)?;
        for batch in batches {
            let writes = self.prepare(db, batch)?;
            fail::fail_point!("store-before-apply", |_| std::process::abort());
            guard(&self.layout, || db.apply_batch(writes))?;
        }
        fail::fail_point!("store-before-flush", |_| std::process::abort());
        guard(&self.layout, || db.flush())?;
        fail::fail_point!("store-before-sync", |_| std::process::abort());
        self.sync().map_err(|e| self.layout.unwritable(&e))?;
        fail::fail_point!("store-after-sync", |_| std::process::abort());
        shared.stats(self.seal.stats(0));
        self.acked.write(&self.seal).map_err(|e| self.layout.unwritable(&e))?;
        fail::fail_point!("store-acked", |_| std::process::abort());
        Ok(())
    }

    /// What of a batch changes anything, with the seal that follows from it.
    fn prepare(&mut self, db: &Db, batch: &Batch) -> Result<::sled::Batch, Error> {
        let mut writes = ::sled::Batch::default();
        for (key, value) in batch.writes() {
            let old = guard(&self.layout, || {
                let old = db.get(key)?;
                looks::alone(db, &looks::WRITTEN_ALONE, key, old.as_deref().or(value).map_or(0, <[u8]>::len))?;
                Ok(old)
            })?;
            if old.as_deref() == value {
                continue;
            }
            if let Some(old) = &old {
                self.seal.remove(key, old);
            }
            match value {
                Some(value) => {
                    self.seal.add(key, value);
                    writes.insert(key, value);
                }
                None => writes.remove(key),
            }
            if let Some(reading) = &mut self.reading {
                reading.written(key, old.as_deref(), value);
            }
        }
        self.seal.batch += 1;
        writes.insert(&SEAL_KEY, self.seal.encode());
        Ok(writes)
    }

    /// Makes what sled has flushed durable: its flush is sync_file_range, which a power loss does not respect.
    fn sync(&mut self) -> std::io::Result<()> {
        let log = match &self.log {
            Some(log) => log,
            None => self.log.insert(File::open(self.layout.database().join("db"))?),
        };
        log.sync_data()?;
        // Values beyond half a segment are files of their own, and sled syncs none of them.
        let blobs = self.layout.database().join("blobs");
        let changed = fs::metadata(&blobs).map(|meta| (meta.mtime(), meta.mtime_nsec())).ok();
        if changed != self.shared.blobs_synced() {
            for blob in fs::read_dir(&blobs)?.flatten() {
                match File::open(blob.path()) {
                    Ok(file) => file.sync_all()?,
                    // Nothing needs it any more: its threads remove such files while we are at it.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            Layout::sync_folder(&blobs)?;
            self.shared.set_blobs_synced(changed);
        }
        Ok(())
    }

    /// Reopens a database that refuses to write, once there is room.
    fn mend(&mut self) -> Result<(), Error> {
        let Some(error) = self.broken.clone() else { return Ok(()) };
        if matches!(error, Error::Damaged { .. }) {
            // sled gives up in many ways on a full disk, a panic among them: only reopening tells which it was.
            tracing::warn!(%error, "the store stopped; it is opened again");
        }
        // Asked first: a probe writes, and this is asked every second.
        self.layout.room(0)?;
        self.layout.probe()?;
        self.close()?;
        let opened = open::open(&self.layout)?;
        self.install(opened);
        Ok(())
    }

    /// Puts an opened database in its place.
    pub(super) fn install(&mut self, opened: open::Opened) {
        if let Some(reason) = &opened.repaired {
            tracing::warn!(path = %self.layout.root.display(), reason, "the store was damaged, and was repaired without loss");
        }
        // What is written from now on is of this format.
        self.seal = Seal { format: FORMAT, ..opened.seal };
        self.shared.stats(self.seal.stats(0));
        self.log = None;
        self.broken = None;
        let mut state = self.shared.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State { db: Some(opened.db), fault: None };
    }

    /// Drops the database; sled may panic when it cannot write its last words.
    fn close(&mut self) -> Result<(), Error> {
        let db = {
            let mut state = self.shared.state.write().unwrap_or_else(PoisonError::into_inner);
            state.fault = self.broken.clone();
            state.db.take()
        };
        self.log = None;
        guard(&self.layout, || {
            drop(db);
            Ok(())
        })
    }

    /// One slice of the reading; damage closes the store, since its answers could be wrong.
    fn read_on(&mut self) {
        let Some(mut reading) = self.reading.take() else { return };
        let state = self.shared.state.read().unwrap_or_else(PoisonError::into_inner);
        let Ok(db) = state.db(&self.layout) else { return };
        let result = match reading.slice(&self.layout, db) {
            Ok(false) => {
                self.reading = Some(reading);
                return;
            }
            Ok(true) => reading.compare(&self.layout, &self.seal),
            Err(error) => Err(error),
        };
        drop(state);
        if let Err(error) = result {
            tracing::error!(%error, "the store is closed");
            self.broken = Some(error);
            let _ = self.close();
        }
    }

    /// Copies all live records into a new database and puts it in the old one's place.
    fn compact(&mut self) -> Result<(), Error> {
        let layout = self.layout.clone();
        let failed = |e: std::io::Error| layout.unwritable(&e);
        let (database, next, previous) = (layout.database(), layout.next(), layout.previous());
        if next.exists() {
            fs::remove_dir_all(&next).map_err(failed)?;
        }
        // Right after a rewrite sled takes some twice the live bytes (`pipeline/upkeep.rs`).
        layout.room(self.seal.bytes.saturating_mul(3))?;
        // A copy that cannot be written panics as it is dropped, too.
        let copied = catch_unwind(AssertUnwindSafe(|| self.copy_to_next()));
        if let Err(error) = copied.unwrap_or_else(|_| Err(layout.unwritable(&"the copy could not be closed"))) {
            let _ = fs::remove_dir_all(&next);
            return Err(error);
        }
        Layout::sync_folder(&next).map_err(failed)?;
        fail::fail_point!("compact-copied", |_| std::process::abort());
        self.close()?;
        fs::rename(&database, &previous).map_err(failed)?;
        fail::fail_point!("compact-between-renames", |_| std::process::abort());
        fs::rename(&next, &database).map_err(failed)?;
        fail::fail_point!("compact-renamed", |_| std::process::abort());
        Layout::sync_folder(&layout.root).map_err(failed)?;
        self.shared.set_blobs_synced(None);
        match open::open(&self.layout) {
            Ok(opened) => self.install(opened),
            Err(error) => {
                self.broken = Some(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }

    fn copy_to_next(&self) -> Result<(), Error> {
        // sled frees the pages that a batch replaced when the batch ends, one for each record: batches of 4 MB took 1 GiB
        // of memory at 100,000 entries. Written one by one, records take half as much disk again.
        const CHUNK_BYTES: usize = 512 << 10;
        let layout = &self.layout;
        let state = self.shared.state.read().unwrap_or_else(PoisonError::into_inner);
        let db = state.db(layout)?;
        let copy = open::open_database(layout, &layout.next())?;
        let mut seen = Seal { batch: self.seal.batch, ..Seal::default() };
        let (mut chunk, mut written, mut bytes) = (::sled::Batch::default(), Vec::new(), 0);
        let (mut pairs, mut read, mut copied) = (db.iter(), Looks::default(), Looks::default());
        while let Some((key, value)) = guard(layout, || pairs.next().transpose())? {
            guard(layout, || read.read(db, &key, value.len()))?;
            if key.as_ref() == SEAL_KEY {
                continue;
            }
            seen.add(&key, &value);
            bytes += key.len() + value.len();
            written.push((key.clone(), value.len()));
            chunk.insert(key, value);
            if bytes > CHUNK_BYTES {
                guard(layout, || copy.apply_batch(std::mem::take(&mut chunk)))?;
                guard(layout, || written.drain(..).try_for_each(|(key, length)| copied.read(&copy, &key, length)))?;
                bytes = 0;
            }
        }
        if !seen.holds_the_same(&self.seal) {
            return Err(layout.damaged(format!("{} of {} records can be read", seen.pairs, self.seal.pairs)));
        }
        chunk.insert(&SEAL_KEY, self.seal.encode());
        guard(layout, || copy.apply_batch(chunk))?;
        guard(layout, || copy.flush())?;
        let synced = File::open(layout.next().join("db")).and_then(|log| log.sync_all());
        synced.map_err(|e| layout.unwritable(&e))?;
        catch_unwind(AssertUnwindSafe(|| drop(copy))).map_err(|_| layout.damaged("the copy could not be closed"))
    }
}
