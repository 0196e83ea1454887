//! How is a database opened that may be damaged? Guarded: what can be rebuilt is, the rest is refused and left as it is.

use std::fs::{self, File};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::sled::{Db, Error as SledError};

use super::looks::Looks;
use super::seal::{Acked, FORMAT, Seal};
use crate::store::Error;
use crate::store::key::kind;

/// sled's cache. Its default is 1 GiB; at a million stories the daemon's share of memory is 448 MiB, and sled keeps
/// about three times its cache while it writes (measured with 8 KB values), beside 92 MiB for a million keys.
const CACHE_BYTES: u64 = 32 << 20;

/// How often the lock of a database is asked for before it is said to be in use, and the pause between: half a second.
const LOCK_TRIES: usize = 25;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// Key of the seal.
pub const SEAL_KEY: [u8; 2] = [kind::STORE, b's'];

/// Room that must be there before sled is opened, reopened or written: it writes segments of 512 KiB and a snapshot, and
/// cannot open without.
const ROOM_BYTES: u64 = 2 << 20;

/// Pairs read at a time while all are read.
const SLICE: usize = 1000;

/// The files of a store.
#[derive(Debug, Clone)]
pub struct Layout {
    /// `store.path`.
    pub root: PathBuf,
}

impl Layout {
    /// sled's folder.
    pub fn database(&self) -> PathBuf {
        self.root.join("sled")
    }

    /// The database that a compaction is writing.
    pub fn next(&self) -> PathBuf {
        self.root.join("sled.new")
    }

    /// The database that a compaction has replaced.
    pub fn previous(&self) -> PathBuf {
        self.root.join("sled.old")
    }

    /// Where damaged files go.
    fn set_aside(&self) -> PathBuf {
        self.root.join("set-aside")
    }

    /// An error of reading or writing here.
    pub fn unwritable(&self, error: &dyn std::fmt::Display) -> Error {
        Error::Unwritable { path: self.root.clone(), reason: error.to_string() }
    }

    /// Damage.
    pub fn damaged(&self, reason: impl Into<String>) -> Error {
        Error::Damaged { path: self.root.clone(), reason: reason.into() }
    }

    /// Ends a compaction that was cut short. The new database is renamed to its place only when it is complete and
    /// the old one was moved, so where `sled` is missing the new one is whole, and where it is there the rest is waste.
    pub fn settle(&self) -> Result<(), Error> {
        let failed = |e: std::io::Error| self.unwritable(&e);
        if !self.database().exists() && self.previous().exists() {
            let whole = if self.next().exists() { self.next() } else { self.previous() };
            fs::rename(whole, self.database()).map_err(failed)?;
        }
        for waste in [self.next(), self.previous()] {
            if waste.exists() {
                fs::remove_dir_all(waste).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Whether there is room for so many bytes more, and none of it read-only, as the system says: without writing, so that
    /// sled is not asked for what would poison it. A system that says nothing of its room is believed to have some.
    pub fn room(&self, more: u64) -> Result<(), Error> {
        let facts = rustix::fs::statvfs(&self.root).map_err(|e| self.unwritable(&e))?;
        if facts.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
            return Err(self.unwritable(&"it is on a read-only file system"));
        }
        let (free, needed) = (facts.f_bavail.saturating_mul(facts.f_frsize), ROOM_BYTES.saturating_add(more));
        if facts.f_blocks > 0 && free < needed {
            let kib = |bytes: u64| bytes >> 10;
            return Err(self.unwritable(&format!("only {} KiB are free, {} are needed", kib(free), kib(needed))));
        }
        Ok(())
    }

    /// Whether there is room to write, by writing.
    pub fn probe(&self) -> Result<(), Error> {
        let path = self.root.join("probe");
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(&vec![0xa5; ROOM_BYTES as usize])?;
            file.sync_all()
        });
        let removed = fs::remove_file(&path);
        written.and(removed).map_err(|e| self.unwritable(&e))
    }

    /// Makes new names in a folder durable.
    pub fn sync_folder(folder: &Path) -> std::io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Bytes of the database on disk.
    pub fn disk_bytes(&self) -> u64 {
        fn size(folder: &Path) -> u64 {
            let Ok(entries) = fs::read_dir(folder) else { return 0 };
            let size_of = |entry: fs::DirEntry| match entry.metadata() {
                Ok(meta) if meta.is_dir() => size(&entry.path()),
                Ok(meta) => meta.len(),
                Err(_) => 0,
            };
            entries.flatten().map(size_of).sum()
        }
        size(&self.database())
    }
}

/// Opens sled in a folder; its panics are errors here.
pub fn open_database(layout: &Layout, folder: &Path) -> Result<Db, Error> {
    let config = ::sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        .mode(::sled::Mode::LowSpace)
        // We flush after every batch ourselves; a thread of sled's would only race with it.
        .flush_every_ms(None);
    // sled's own threads may hold the lock for a moment after a database was dropped.
    for _ in 0..LOCK_TRIES {
        match guard(layout, || config.open()) {
            Err(Error::Busy { .. }) => std::thread::sleep(LOCK_PAUSE),
            opened => return opened,
        }
    }
    guard(layout, || config.open())
}

/// Runs something of sled's: its errors are ours, a panic of its is damage.
pub fn guard<T>(layout: &Layout, run: impl FnOnce() -> Result<T, SledError>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(SledError::Io(e))) if e.to_string().contains("could not acquire lock") => {
            Err(Error::Busy { path: layout.root.clone() })
        }
        // A damaged file reads as one that ends too early, or as nonsense; all else is the disk's.
        Ok(Err(SledError::Io(e))) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(layout.damaged(e.to_string()))
        }
        Ok(Err(SledError::Io(e))) => Err(layout.unwritable(&e)),
        Ok(Err(e)) => Err(layout.damaged(e.to_string())),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
            Err(layout.damaged(format!("sled stopped: {}", said.lines().next().unwrap_or_default())))
        }
    }
}

/// An opened database, with what it is known to hold.
pub struct Opened {
    /// The database.
    pub db: Db,
    /// Its seal.
    pub seal: Seal,
    /// What was repaired, for the log.
    pub repaired: Option<String>,
}

/// Opens the database of a store, repairs what can be, and refuses what cannot. sled itself blanks what it takes for a
/// torn end of its log, at the first opening already: what was acknowledged there is missed, and told.
pub fn open(layout: &Layout) -> Result<Opened, Error> {
    let failed = |e: std::io::Error| layout.unwritable(&e);
    fs::create_dir_all(&layout.root).map_err(failed)?;
    layout.settle()?;
    let acked = Acked::open(&layout.root)?.read();
    match open_and_check(layout, acked, false) {
        Err(Error::Damaged { reason, .. }) if layout.database().exists() => repair(layout, acked, &reason),
        other => other,
    }
}

/// Opens, and compares with what was acknowledged; `whole`: reads everything too.
fn open_and_check(layout: &Layout, acked: Option<Seal>, whole: bool) -> Result<Opened, Error> {
    let db = open_database(layout, &layout.database())?;
    let stored = guard(layout, || db.get(SEAL_KEY))?;
    let seal = match &stored {
        Some(bytes) => Seal::decode(bytes).ok_or_else(|| layout.damaged("its seal cannot be read"))?,
        None => Seal::default(),
    };
    if seal.format > FORMAT {
        return Err(Error::Newer { path: layout.root.clone(), found: seal.format, known: FORMAT });
    }
    if stored.is_none() && guard(layout, || db.iter().next().transpose())?.is_some() {
        return Err(layout.damaged("it holds records but no seal"));
    }
    if let Some(acked) = acked {
        if seal.batch < acked.batch {
            let lost = acked.batch - seal.batch;
            return Err(layout.damaged(format!("its last {lost} of {} batches are gone", acked.batch)));
        }
        if seal.batch == acked.batch && !seal.holds_the_same(&acked) {
            return Err(layout.damaged("it is not what was acknowledged"));
        }
    }
    if whole {
        let mut reading = Reading::default();
        while !reading.slice(layout, &db)? {}
        reading.compare(layout, &seal)?;
    }
    Ok(Opened { db, seal, repaired: None })
}

/// Sets snapshot and configuration aside (both can be rebuilt from the log, which is the data), opens again and reads
/// everything. sled rewrites what it takes for torn, so the log is copied first and put back if the repair is refused.
fn repair(layout: &Layout, acked: Option<Seal>, reason: &str) -> Result<Opened, Error> {
    let failed = |e: std::io::Error| layout.unwritable(&e);
    let (database, aside) = (layout.database(), layout.set_aside());
    if aside.exists() {
        fs::remove_dir_all(&aside).map_err(failed)?;
    }
    fs::create_dir_all(&aside).map_err(failed)?;
    let log = database.join("db");
    if log.exists() {
        fs::copy(&log, aside.join("db")).map_err(failed)?;
    }
    for entry in fs::read_dir(&database).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("snap.") || name == "conf" {
            fs::rename(&path, aside.join(name)).map_err(failed)?;
        }
    }
    match open_and_check(layout, acked, true) {
        Ok(opened) => {
            // The log was sound: its copy has served. What was set aside stays for whoever wants to look.
            let _ = fs::remove_file(aside.join("db"));
            Ok(Opened { repaired: Some(reason.to_owned()), ..opened })
        }
        Err(again) => {
            for entry in fs::read_dir(&aside).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                fs::rename(&path, database.join(path.file_name().unwrap_or_default())).map_err(failed)?;
            }
            match again {
                Error::Damaged { reason: second, .. } if second != reason => {
                    Err(layout.damaged(format!("{reason}; rebuilding its index did not help: {second}")))
                }
                other => Err(other),
            }
        }
    }
}

/// A reading of all pairs, slice by slice, to be compared with the seal.
#[derive(Debug, Default)]
pub struct Reading {
    cursor: Option<Vec<u8>>,
    seen: Seal,
}

impl Reading {
    /// Reads the next slice; whether it was the last.
    pub fn slice(&mut self, layout: &Layout, db: &Db) -> Result<bool, Error> {
        let from = self.cursor.as_ref().map_or(vec![kind::STORE + 1], |key| [key.as_slice(), &[0]].concat());
        guard(layout, || {
            let (mut read, mut looks) = (0, Looks::default());
            for pair in db.range(from..).take(SLICE) {
                let (key, value) = pair?;
                looks.read(db, &key, value.len())?;
                self.seen.add(&key, &value);
                self.cursor = Some(key.to_vec());
                read += 1;
            }
            Ok(read < SLICE)
        })
    }

    /// A pair was written behind the reading's back: what was read there already is read anew.
    pub fn written(&mut self, key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) {
        if self.cursor.as_deref().is_some_and(|cursor| key <= cursor) {
            old.inspect(|old| self.seen.remove(key, old));
            new.inspect(|new| self.seen.add(key, new));
        }
    }

    /// Compares what was read with what the seal says.
    pub fn compare(&self, layout: &Layout, seal: &Seal) -> Result<(), Error> {
        if self.seen.holds_the_same(seal) {
            return Ok(());
        }
        Err(layout
            .damaged(format!("{} records were written and {} are left, or some changed", seal.pairs, self.seen.pairs)))
    }
}
