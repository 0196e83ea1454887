//! How is a store backed up, moved and shrunk? `export FILE`, `import FILE`, `compact`.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::house::{self, print};
use super::{Command, Common, Outcome};
use crate::daemon::Rooms;
use crate::pipeline::{Retired, Walk};
use crate::store::archive;

/// Runs the command where the store is held. That process has another working directory, so it is told the whole path.
pub fn through(common: &Common, name: &str, file: &Path, command: &Command) -> Outcome {
    let file = std::path::absolute(file).with_context(|| format!("failed to find {}", file.display()))?;
    let file = file.to_str().with_context(|| format!("{} is no path in UTF-8", file.display()))?.to_owned();
    house::through(common, &[name.to_owned(), file], command)
}

/// Writes all records to a file. It appears under its name when it is whole, so that a full disk leaves the backup
/// before it as it was.
pub fn export(rooms: &Rooms, file: &Path, out: &mut dyn Write) -> Outcome {
    let failed = || format!("failed to write {}", file.display());
    let partial = partial(file)?;
    let written = || -> anyhow::Result<u64> {
        let mut to = BufWriter::new(File::create(&partial).with_context(failed)?);
        let records = archive::export(rooms.house.store(), &mut to)?;
        let to = to.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(failed)?;
        to.sync_all().with_context(failed)?;
        fs::rename(&partial, file).with_context(failed)?;
        Ok(records)
    };
    match written() {
        Ok(records) => {
            print(out, format_args!("{records} records -> {}", file.display()))?;
            Ok(0)
        }
        Err(error) => {
            let _ = fs::remove_file(&partial);
            Err(error)
        }
    }
}

fn partial(file: &Path) -> anyhow::Result<PathBuf> {
    let name = file.file_name().with_context(|| format!("{} names no file", file.display()))?;
    let mut partial = std::ffi::OsString::from(".");
    partial.push(name);
    partial.push(".partial");
    Ok(file.with_file_name(partial))
}

/// Fills an empty store from an archive, after the whole archive was found to be sound.
pub fn import(rooms: &Rooms, file: &Path, out: &mut dyn Write) -> Outcome {
    let open = || File::open(file).map(BufReader::new).with_context(|| format!("failed to read {}", file.display()));
    let store = rooms.house.store();
    if store.stats()?.pairs > 0 {
        bail!(
            "the store is not empty, and an archive is imported into an empty one only, so that nothing is mixed up: \
             stop the daemon, move the folder of [store] path away, and import again"
        );
    }
    archive::verify(&mut open()?).with_context(|| format!("nothing was imported from {}", file.display()))?;
    let records = archive::import(store, &mut open()?)?;
    rooms.house.reread();
    print(out, format_args!("{records} records <- {}", file.display()))?;
    Ok(0)
}

/// Removes what `keep` no longer wants, and rewrites the store with nothing but its live records.
pub fn compact(rooms: &Rooms, out: &mut dyn Write) -> Outcome {
    let store = rooms.house.store();
    let before = store.stats()?;
    let (retired, _) = rooms.house.retire(&mut Walk::default(), usize::MAX, rooms.clock.now())?;
    if retired.stories > 0 {
        let Retired { stories, entries } = retired;
        print(out, format_args!("{entries} entries of {stories} stories were older than `keep`, and are removed"))?;
    }
    store.compact()?;
    let after = store.stats()?;
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    print(
        out,
        format_args!(
            "{:.1} MB -> {:.1} MB on disk, for {:.1} MB of records",
            megabytes(before.disk_bytes),
            megabytes(after.disk_bytes),
            megabytes(after.live_bytes)
        ),
    )?;
    Ok(0)
}
