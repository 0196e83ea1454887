//! What does a running daemon do while its disk is full or read-only? It serves what stands, says so, and goes on by
//! itself.
//!
//! These tests mount a small disk of their own, and hang strace on the daemon: where neither is permitted they say so and
//! test nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tributary::clock::instant;

use crate::harness::aggregator::{Running, source};
use crate::harness::feed::{Item, rss};
use crate::harness::{Aggregator, Answer, Origin, spawn_aggregator};

/// What is promised: polls go on so long after there is room.
const RESUMES_WITHIN: Duration = Duration::from_secs(60);
/// Size of the small disk.
const DISK_MIB: u32 = 24;

/// A small disk of our own.
struct Disk(TempDir);

impl Disk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={DISK_MIB}m");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        match mount {
            Ok(output) if output.status.success() => Some(Self(folder)),
            other => {
                eprintln!("not tested: no disk can be mounted here ({other:?})");
                None
            }
        }
    }

    fn stuffing(&self) -> PathBuf {
        self.0.path().join("stuffing")
    }

    /// Fills the disk but for so many bytes.
    fn fill(&self, but_bytes: u64) {
        let mut file = File::create(self.stuffing()).unwrap();
        while file.write_all(&[7; 64 << 10]).is_ok() {}
        while file.write_all(&[7; 512]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(but_bytes)).unwrap();
    }

    fn clear(&self) {
        std::fs::remove_file(self.stuffing()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(self.0.path()).status());
    }
}

/// Makes every write below a folder fail as on a disk that the system made read-only, until it is dropped. (A disk with
/// files open for writing cannot be remounted read-only by hand; the system does it when the disk fails.)
struct ReadOnly(Child);

impl ReadOnly {
    fn make(daemon: &Running, store: &Path) -> Option<Self> {
        let files = ["probe", "acked", "sled/db", "sled/blobs"].map(|name| store.join(name));
        let calls = "pwrite64,pwritev,write,fsync,fdatasync,sync_file_range,ftruncate,fallocate,openat,unlink,unlinkat";
        let strace = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-p", &daemon.id().to_string()])
            .args(["-e", &format!("trace={calls}"), "-e", &format!("inject={calls}:error=EROFS")])
            .args(files.iter().flat_map(|file| [Path::new("-P"), file.as_path()]))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut strace = match strace {
            Ok(strace) => strace,
            Err(error) => {
                eprintln!("not tested: strace cannot be run here ({error})");
                return None;
            }
        };
        thread::sleep(Duration::from_secs(1));
        match strace.try_wait().unwrap() {
            Some(_) => {
                eprintln!("not tested: strace may not look at the daemon here");
                None
            }
            None => Some(Self(strace)),
        }
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        // Asked to end, it lets the daemon go; killed, it would leave it stopped.
        drop(Command::new("kill").arg("-INT").arg(self.0.id().to_string()).status());
        drop(self.0.wait());
    }
}

/// The newest items of a feed that has had so many.
fn serve(origin: &Origin, items: usize) {
    let texts: Vec<[String; 3]> = (items.saturating_sub(12)..items)
        .rev()
        .map(|n| {
            let body = format!("<p>Bulletin {n}: at gate {} the water stood at {} cm.</p>", n * 31 + 7, n * 97 + 13);
            [format!("bulletin-{n}"), format!("Bulletin {n}"), body]
        })
        .collect();
    let items: Vec<Item<'_>> = texts.iter().map(|[slug, title, html]| Item { slug, title, html }).collect();
    origin.serve("/feed", Answer::ok("application/rss+xml", rss("Bulletins", &origin.url(""), &items)));
}

/// An aggregator with its store in this folder, which polls every second.
fn on(folder: &Path, origin: &Origin) -> Aggregator {
    let aggregator = spawn_aggregator("");
    aggregator.write_config(&format!(
        "[server]\nbind = \"127.0.0.1:{port}\"\n[store]\npath = {:?}\n[polling]\nschedule = \"* * * * * *\"\n\
         allow_private_networks = true\n[[edition]]\nid = \"main\"\ntitle = \"Test\"\n\n{}",
        folder.join("data"),
        source("bulletins", &origin.url("/feed"), "mixed"),
        port = aggregator.port
    ));
    aggregator
}

/// Waits until it is so; how long that took.
fn wait(what: &str, at_most: Duration, mut is_so: impl FnMut() -> bool) -> Duration {
    let start = instant();
    while !is_so() {
        assert!(start.elapsed() < at_most, "not within {at_most:?}: {what}");
        thread::sleep(Duration::from_millis(100));
    }
    start.elapsed()
}

fn shows(daemon: &Running, item: usize) -> bool {
    daemon.get("/main.atom", &[]).text().contains(&format!("<title>Bulletin {item}</title>"))
}

fn status(daemon: &Running, target: &str) -> u16 {
    daemon.get(target, &[]).status
}

/// The ids of the edition's entries by title.
fn ids(daemon: &Running) -> BTreeMap<String, String> {
    let text = daemon.get("/main.atom", &[]).text();
    let within = |text: &str, tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>")).unwrap_or_default();
        rest.split_once('<').unwrap_or_default().0.to_owned()
    };
    text.split("<entry").skip(1).map(|entry| (within(entry, "title"), within(entry, "id"))).collect()
}

/// While nothing can be written: what stands is served, `/readyz` tells the cause, and the source is left alone.
fn survives(daemon: &Running, origin: &Origin, cause: &str, before: &str) {
    wait("told", RESUMES_WITHIN, || status(daemon, "/readyz") == 503);
    let told = daemon.get("/readyz", &[]).text();
    assert!(told.contains("cannot be written") && told.contains(cause), "{told}");
    // A poll that was under way may end.
    thread::sleep(Duration::from_secs(1));
    let asked = origin.count("/feed");
    for _ in 0..6 {
        thread::sleep(Duration::from_millis(500));
        assert_eq!((status(daemon, "/main.atom"), status(daemon, "/"), status(daemon, "/healthz")), (200, 200, 200));
    }
    assert_eq!(daemon.get("/main.atom", &[]).text(), before, "the last state");
    assert_eq!(origin.count("/feed"), asked, "polling pauses");
}

#[test]
fn a_full_disk_is_survived_without_a_restart() {
    let Some(disk) = Disk::mount() else { return };
    let origin = Origin::start();
    serve(&origin, 3);
    let aggregator = on(disk.0.path(), &origin);
    let daemon = aggregator.run();
    wait("polled", RESUMES_WITHIN, || shows(&daemon, 2) && status(&daemon, "/readyz") == 200);
    let (before, known) = (daemon.get("/main.atom", &[]).text(), ids(&daemon));
    disk.fill(0);
    serve(&origin, 4);
    survives(&daemon, &origin, "KiB are free", &before);
    disk.clear();
    wait("resumed", RESUMES_WITHIN, || shows(&daemon, 3) && status(&daemon, "/readyz") == 200);
    assert!(known.iter().all(|(title, id)| ids(&daemon).get(title) == Some(id)));
    assert_eq!(daemon.terminate(), 0);
}

#[test]
fn a_disk_that_became_read_only_is_survived_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::start();
    serve(&origin, 3);
    let aggregator = on(folder.path(), &origin);
    let daemon = aggregator.run();
    wait("polled", RESUMES_WITHIN, || shows(&daemon, 2) && status(&daemon, "/readyz") == 200);
    let (before, known) = (daemon.get("/main.atom", &[]).text(), ids(&daemon));
    let Some(read_only) = ReadOnly::make(&daemon, &folder.path().join("data")) else { return };
    serve(&origin, 4);
    survives(&daemon, &origin, "", &before);
    drop(read_only);
    wait("resumed", RESUMES_WITHIN, || shows(&daemon, 3) && status(&daemon, "/readyz") == 200);
    assert!(known.iter().all(|(title, id)| ids(&daemon).get(title) == Some(id)));
    assert_eq!(daemon.terminate(), 0);
}

/// `cargo test --test it -- --ignored --nocapture a_hundred_full_disks`; its figures stand in docs/RELIABILITY.md.
#[test]
#[ignore = "takes ten minutes; the quick version runs always"]
fn a_hundred_full_disks() {
    let Some(disk) = Disk::mount() else { return };
    let origin = Origin::start();
    let mut items = 3;
    serve(&origin, items);
    let aggregator = on(disk.0.path(), &origin);
    let daemon = aggregator.run();
    wait("polled", RESUMES_WITHIN, || shows(&daemon, items - 1));
    let mut known = ids(&daemon);
    let (mut refused, mut slowest) = (0, Duration::ZERO);
    for round in 0..100_u64 {
        // At another moment of a poll in each round; in every third with some room left, which sled tries to use.
        thread::sleep(Duration::from_millis(round * 37 % 1_000));
        items += 1;
        serve(&origin, items);
        disk.fill(if round % 3 == 0 { (round * 131 % 3_000) << 10 } else { 0 });
        thread::sleep(Duration::from_millis(1_500 + round * 53 % 1_500));
        refused += usize::from(status(&daemon, "/readyz") == 503);
        assert_eq!((status(&daemon, "/main.atom"), status(&daemon, "/")), (200, 200), "round {round}");
        disk.clear();
        let took = wait("resumed", RESUMES_WITHIN, || shows(&daemon, items - 1) && status(&daemon, "/readyz") == 200);
        slowest = slowest.max(took);
        let now = ids(&daemon);
        assert!(known.iter().all(|(title, id)| now.get(title).is_none_or(|now| now == id)), "round {round}: an id");
        known.extend(now);
    }
    let stories = aggregator.stories();
    let entries: usize = stories.iter().map(|story| story.members.len()).sum();
    assert_eq!(entries, items, "none lost, none twice");
    assert_eq!(daemon.terminate(), 0);
    println!("100 full disks, {refused} seen by /readyz: {entries} entries, none lost; slowest recovery {slowest:?}");
}
