//! Can the store be backed up, restored, moved and shrunk, with a daemon running or without, and is a bad backup refused?

use crate::harness::aggregator::source;
use crate::harness::feed::{ITEMS, rss};
use crate::harness::{Aggregator, Answer, Origin, spawn_aggregator};

fn planet() -> (Origin, Aggregator) {
    let origin = Origin::start();
    origin.serve("/feed", Answer::ok("application/rss+xml", rss("Good", &origin.url(""), ITEMS)));
    let aggregator = spawn_aggregator(&source("good", &origin.url("/feed"), "mixed"));
    (origin, aggregator)
}

/// Moves the store away, so that the next command finds none.
fn lose(aggregator: &Aggregator) {
    let store = aggregator.store();
    std::fs::rename(&store, store.with_extension("lost")).unwrap();
}

#[test]
fn a_backup_restores_every_story_under_its_id() {
    let (_origin, aggregator) = planet();
    aggregator.poll();
    let before = aggregator.stories();
    assert_eq!(before.len(), 3);
    let file = aggregator.config().with_file_name("backup.jsonl");
    let name = file.to_str().unwrap();
    let export = aggregator.tributary(&["export", name]);
    assert_eq!(export.code, 0, "{export:?}");
    assert!(export.last_line().contains(" records -> "), "{export:?}");
    // Beside the daemon that holds the store it is the same.
    let running = aggregator.run();
    let beside = file.with_file_name("beside.jsonl");
    let export = aggregator.tributary(&["export", beside.to_str().unwrap()]);
    assert_eq!(export.code, 0, "{export:?}");
    assert_eq!(running.terminate(), 0);

    let refused = aggregator.tributary(&["import", name]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("the store is not empty"), "{refused:?}");
    for backup in [&file, &beside] {
        let store = aggregator.store();
        let _ = std::fs::remove_dir_all(store.with_extension("lost"));
        lose(&aggregator);
        let import = aggregator.tributary(&["import", backup.to_str().unwrap()]);
        assert_eq!(import.code, 0, "{import:?}");
        assert_eq!(aggregator.stories(), before);
    }
}

#[test]
fn a_backup_that_was_cut_or_changed_is_refused_and_nothing_of_it_is_kept() {
    let (_origin, aggregator) = planet();
    aggregator.poll();
    let file = aggregator.config().with_file_name("backup.jsonl");
    assert_eq!(aggregator.tributary(&["export", file.to_str().unwrap()]).code, 0);
    lose(&aggregator);
    let whole = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let swapped = |from: &str, to: &str| whole.replacen(from, to, 1);
    let cases = [
        ("cut short", lines[..lines.len() - 1].join("\n")),
        ("a record missing", [&lines[..1], &lines[2..]].concat().join("\n")),
        ("newer", swapped("\"tributary_archive\":3", "\"tributary_archive\":9")),
        ("another file", "{\"hello\":1}\n".to_owned()),
        ("a changed record", swapped("\"digest\":\"", "\"digest\":\"f")),
    ];
    for (what, text) in cases {
        std::fs::write(&file, text).unwrap();
        let import = aggregator.tributary(&["import", file.to_str().unwrap()]);
        assert_eq!(import.code, 1, "{what}: {import:?}");
        assert!(
            import.stderr.contains("nothing was imported") && import.stderr.contains("line "),
            "{what}: {import:?}"
        );
        assert!(aggregator.stories().is_empty(), "{what}");
    }
    let missing = aggregator.tributary(&["import", "/nowhere/backup.jsonl"]);
    assert!(missing.code == 1 && missing.stderr.contains("/nowhere/backup.jsonl"), "{missing:?}");
}

#[test]
fn an_export_that_cannot_be_written_leaves_the_one_before() {
    let (_origin, aggregator) = planet();
    aggregator.poll();
    let export = aggregator.tributary(&["export", "/proc/nowhere.jsonl"]);
    assert!(export.code == 1 && export.stderr.contains("/proc/nowhere.jsonl"), "{export:?}");
}

#[test]
fn compacting_changes_nothing_and_works_beside_the_daemon() {
    let (_origin, aggregator) = planet();
    aggregator.poll();
    let before = aggregator.stories();
    let compact = aggregator.tributary(&["compact"]);
    assert_eq!(compact.code, 0, "{compact:?}");
    assert!(compact.last_line().contains(" MB on disk, for "), "{compact:?}");
    let running = aggregator.run();
    assert_eq!(aggregator.tributary(&["compact"]).code, 0);
    assert_eq!(aggregator.stories(), before);
    assert_eq!(running.get("/main.atom", &[]).status, 200);
    assert_eq!(running.terminate(), 0);
    assert_eq!(aggregator.stories(), before);
}
