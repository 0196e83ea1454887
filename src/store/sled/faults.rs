//! What does the store do with a damaged disk? It opens, repairs or refuses, and never answers wrongly.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::SledStore;
use crate::store::{Batch, Error, Pair, Read as _, Scan, Store as _};

/// A store in which keys were written, overwritten and removed, opened more than once.
fn filled(folder: &Path) -> Vec<Pair> {
    for opening in 0..3_u8 {
        let store = SledStore::open(folder).unwrap();
        for n in 0..60_u8 {
            let mut batch = Batch::new();
            batch.put([b'a', n], vec![n ^ opening; 40 + usize::from(n)]);
            batch.put([b'b', n, opening], [opening]);
            batch.delete([b'b', n.wrapping_sub(3), opening]);
            if n == 30 {
                batch.put([b'c', opening], vec![opening; 700_000]);
            }
            store.apply(batch).unwrap();
        }
    }
    all(&SledStore::open(folder).unwrap()).unwrap()
}

fn all(store: &SledStore) -> Result<Vec<Pair>, Error> {
    store.scan(&Scan::prefix(b"", 100_000))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn file(folder: &Path, beginning: &str) -> PathBuf {
    let named = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(beginning);
    files(folder).into_iter().find(named).unwrap()
}

#[test]
fn a_damaged_snapshot_is_rebuilt_without_loss() {
    let folder = TempDir::new().unwrap();
    let expected = filled(folder.path());
    for keep in [0, 1, 2] {
        let snapshot = file(&folder.path().join("sled"), "snap.");
        let bytes = fs::read(&snapshot).unwrap();
        fs::write(&snapshot, &bytes[..bytes.len() * keep / 3]).unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        assert_eq!(all(&store).unwrap(), expected, "{keep} thirds kept");
        assert!(folder.path().join("set-aside").exists());
    }
}

#[test]
fn a_log_that_was_cut_is_refused_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    filled(folder.path());
    let log = folder.path().join("sled/db");
    let bytes = fs::read(&log).unwrap();
    let cut = &bytes[..bytes.len() / 16];
    fs::write(&log, cut).unwrap();
    let error = SledStore::open(folder.path()).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("tributary import FILE"), "{error}");
}

#[test]
fn a_store_in_use_is_not_opened_twice() {
    let folder = TempDir::new().unwrap();
    let _first = SledStore::open(folder.path()).unwrap();
    let error = SledStore::open(folder.path()).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
}

#[test]
fn a_newer_format_is_refused() {
    let folder = TempDir::new().unwrap();
    filled(folder.path());
    let db = ::sled::open(folder.path().join("sled")).unwrap();
    let seal = super::seal::Seal { format: 99, batch: u64::MAX, ..super::seal::Seal::default() };
    db.insert(super::open::SEAL_KEY, seal.encode()).unwrap();
    db.flush().unwrap();
    drop(db);
    let error = SledStore::open(folder.path()).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Newer { found: 99, .. }), "{error}");
}

#[test]
fn a_store_of_the_first_format_is_taken_over() {
    let folder = TempDir::new().unwrap();
    let expected = filled(folder.path());
    let first = |seal: super::seal::Seal| super::seal::Seal { format: 1, ..seal };
    let db = ::sled::open(folder.path().join("sled")).unwrap();
    let seal = super::seal::Seal::decode(&db.get(super::open::SEAL_KEY).unwrap().unwrap()).unwrap();
    db.insert(super::open::SEAL_KEY, first(seal).encode()).unwrap();
    db.flush().unwrap();
    drop(db);
    super::seal::Acked::open(folder.path()).unwrap().write(&first(seal)).unwrap();
    // Rewritten before anything is written to it.
    let store = SledStore::open(folder.path()).unwrap();
    store.compact().unwrap();
    drop(store);
    let store = SledStore::open(folder.path()).unwrap();
    assert_eq!(all(&store).unwrap(), expected);
    drop(store);
    let db = ::sled::open(folder.path().join("sled")).unwrap();
    let seal = super::seal::Seal::decode(&db.get(super::open::SEAL_KEY).unwrap().unwrap()).unwrap();
    assert_eq!(seal.format, super::seal::FORMAT);
}

#[test]
fn a_file_that_sled_removes_while_they_are_made_durable_is_no_fault() {
    let folder = TempDir::new().unwrap();
    let store = SledStore::open(folder.path()).unwrap();
    // Listed, and gone when it is opened.
    std::os::unix::fs::symlink("/nowhere", folder.path().join("sled/blobs/1")).unwrap();
    let mut batch = Batch::new();
    batch.put("x", "y");
    store.apply(batch).unwrap();
}

#[test]
fn a_compaction_that_was_cut_short_is_settled() {
    let folder = TempDir::new().unwrap();
    let expected = filled(folder.path());
    let path = |name: &str| folder.path().join(name);
    // Stopped while it copied.
    fs::create_dir_all(path("sled.new/blobs")).unwrap();
    assert_eq!(all(&SledStore::open(folder.path()).unwrap()).unwrap(), expected);
    // Stopped between the two renames.
    copy(&path("sled"), &path("sled.new"));
    fs::rename(path("sled"), path("sled.old")).unwrap();
    assert_eq!(all(&SledStore::open(folder.path()).unwrap()).unwrap(), expected);
    assert!(!path("sled.old").exists() && !path("sled.new").exists());
}

/// Damages copies of a store in this many places: bytes turned, ranges zeroed, files cut.
fn damage(rounds: u64) {
    let original = TempDir::new().unwrap();
    let expected = filled(original.path());
    let (mut whole, mut refused) = (0, 0);
    for round in 0..rounds {
        // A number for each round that spreads over files and places (SplitMix64).
        let mut z = round.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let folder = TempDir::new().unwrap();
        copy(original.path(), folder.path());
        let files = files(folder.path());
        let victim = &files[z as usize % files.len()];
        let mut bytes = fs::read(victim).unwrap();
        // Most of the log is empty: places are drawn from what is written.
        let used = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
        let at = (z >> 16) as usize % used.max(1);
        match round % 3 {
            0 if at < bytes.len() => bytes[at] ^= 1 << (z >> 60 & 7),
            1 => bytes.iter_mut().skip(at).take(64).for_each(|b| *b = 0),
            _ => bytes.truncate(at),
        }
        fs::write(victim, &bytes).unwrap();
        let place = format!("round {round}: {} at {at}", victim.strip_prefix(folder.path()).unwrap().display());
        let opened = catch_unwind(AssertUnwindSafe(|| SledStore::open(folder.path()).and_then(|store| all(&store))));
        match opened {
            Ok(Ok(read)) => {
                assert!(read == expected, "{place}: a wrong answer");
                whole += 1;
            }
            Ok(Err(Error::Damaged { .. } | Error::Newer { .. } | Error::Unwritable { .. })) => refused += 1,
            Ok(Err(other)) => panic!("{place}: {other}"),
            Err(_) => panic!("{place}: it panicked"),
        }
    }
    eprintln!("{whole} opened or repaired without loss, {refused} refused");
    assert!(whole > 0 && refused > 0);
}

#[test]
fn damage_in_sixty_places_never_gives_a_wrong_answer() {
    damage(60);
}

/// The long version: `cargo test --release --lib -- --ignored damage_in_five_hundred`.
#[test]
#[ignore = "takes half a minute; the quick version runs always"]
fn damage_in_five_hundred_places_never_gives_a_wrong_answer() {
    damage(500);
}
