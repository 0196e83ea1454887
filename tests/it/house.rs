//! Does every room import only what the house allows? Read from the sources, so that the table and the code are one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a room may import of ours: the table of docs/ARCHITECTURE.md, which is thereby part of the house.
fn may_import() -> BTreeMap<String, Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md");
    let text = fs::read_to_string(path).expect("the book of the house");
    let rows = text.lines().skip_while(|line| !line.starts_with("| room |")).skip(2).take_while(|l| l.starts_with('|'));
    let words = |text: &str| text.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>();
    let mut table = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [rooms, _, may] = cells[..] else { panic!("a row of three cells: {row}") };
        let may = match may.strip_prefix("all above except ") {
            Some(except) => {
                let except = words(except);
                table.keys().filter(|room| !except.contains(room)).cloned().collect()
            }
            None if may == "nothing of ours" => Vec::new(),
            None => words(may),
        };
        for room in words(rooms) {
            table.insert(room, may.clone());
        }
    }
    assert!(table.len() > 15, "the table of rooms was not found: {table:?}");
    table
}

/// One outside crate, one owner: who may name it. (`demo` plays web servers, so it serves as `publish` does.)
const OWNERS: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("reqwest", &["fetch"]),
    ("quick_xml", &["parse"]),
    ("rss", &["formats"]),
    ("atom_syndication", &["formats"]),
    ("cron", &["schedule"]),
    ("hyper", &["publish", "demo"]),
    ("toml", &["config"]),
    ("clap", &["cli", "main"]),
];

/// Folders to which one adds by adding a file and its line in `ALL`, and the type of what a member defines.
const PLURAL: &[(&str, &str)] =
    &[("sources", "SourceKind"), ("encoders", "Encoder"), ("signals", "Signal"), ("formats", "Format")];

/// One source file: its room, and its text with comments blanked and its test module cut off.
struct Source {
    path: PathBuf,
    room: String,
    text: String,
    code: String,
}

impl Source {
    /// Whether the file is its room's own (`x.rs`, `x/mod.rs`), so that `super` is the crate's root there.
    fn is_room_root(&self) -> bool {
        let inside = self.path.strip_prefix(root()).expect("read from there");
        inside.components().count() == 1 || (inside.components().count() == 2 && inside.ends_with("mod.rs"))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).expect("readable").map(|e| e.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    rust_files(&root(), &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("UTF-8");
            let inside = path.strip_prefix(root()).expect("below");
            let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
            let room = first.trim_end_matches(".rs").to_owned();
            // What only tests import makes no circle in the house, so the rooms end where their tests begin.
            let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
            let code = without_comments(&text[..end]);
            Source { path, room, text, code }
        })
        .collect()
}

/// Blanks line comments and doc comments, where links like [`crate::store`] are no imports.
fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| {
            let at = line.match_indices("//").map(|(at, _)| at).find(|&at| at == 0 || line.as_bytes()[at - 1] != b':');
            at.map_or(line, |at| &line[..at])
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names that follow `prefix` (`crate::`), those of a group (`crate::{a, b::c}`) one by one.
fn names_after(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            names.extend(top_level_names(group));
        } else {
            names.push(identifier(rest));
        }
    }
    names
}

/// The first name of each member of a use group, nested groups passed over.
fn top_level_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(identifier(group[start..at].trim_start()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(identifier(group[start..at].trim_start()));
                start = at + 1;
            }
            _ => {}
        }
    }
    names.retain(|n| !n.is_empty());
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Whether `code` names the outside crate `name`, as a path's first segment.
fn names_crate(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    code.match_indices(&path).any(|(at, _)| {
        let before = &code[..at];
        // `::rss::Channel` is the crate; `formats::rss::` and `my_rss::` are not.
        let absolute = before.ends_with("::") && !before[..at - 2].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        absolute || !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
    }) || code.lines().any(|line| line.trim() == format!("use {name};"))
}

/// Whether `name` means a module of ours in this file: declared, imported, or a file beside it.
fn is_shadowed(source: &Source, name: &str) -> bool {
    let declared = source.code.contains(&format!("mod {name};"));
    let imported = source.code.lines().any(|line| {
        let line = line.trim();
        (line.starts_with("use super::") || line.starts_with("use crate::") || line.starts_with("pub use "))
            && line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name)
    });
    (declared || imported) && !source.code.contains(&format!(" ::{name}::"))
}

fn complain(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let allowed = may_import();
    let files = sources();
    let rooms: Vec<&str> = files.iter().map(|s| s.room.as_str()).collect();
    let mut faults = Vec::new();
    for file in files.iter().filter(|s| !matches!(s.room.as_str(), "lib" | "main" | "cli")) {
        let Some(may) = allowed.get(&file.room) else {
            faults.push(format!("{}: room `{}` is not in the table", file.path.display(), file.room));
            continue;
        };
        let mut named = names_after(&file.code, "crate::");
        if file.is_room_root() {
            let outer: Vec<&str> = file.code.lines().filter(|line| line.starts_with("use super::")).collect();
            named.extend(names_after(&outer.join("\n"), "super::"));
        }
        for name in named {
            if name != file.room && rooms.contains(&name.as_str()) && !may.contains(&name) {
                faults.push(format!("{}: `{}` may not import `{name}`", file.path.display(), file.room));
            }
        }
    }
    complain(&faults);
}

#[test]
fn the_table_has_no_circle() {
    let allowed = may_import();
    // Depth-first from every room: a path longer than the number of rooms has met one twice.
    fn depth(allowed: &BTreeMap<String, Vec<String>>, room: &str, below: usize) -> usize {
        assert!(below <= allowed.len(), "the table of rooms has a circle through `{room}`");
        allowed[room].iter().map(|next| depth(allowed, next, below + 1) + 1).max().unwrap_or(0)
    }
    for room in allowed.keys().filter(|room| *room != "cli") {
        depth(&allowed, room, 0);
    }
}

#[test]
fn nothing_reaches_past_its_parent() {
    let files = sources();
    let reaching = files.iter().filter(|s| s.text.contains(concat!("super::", "super")));
    complain(
        &reaching.map(|s| format!("{}: super::super; name the room instead", s.path.display())).collect::<Vec<_>>(),
    );
}

#[test]
fn every_file_opens_with_its_question() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|s| !s.text.starts_with("//! "))
        .map(|s| format!("{}: must open with `//!` and the question that it answers", s.path.display()))
        .collect();
    complain(&silent);
}

#[test]
fn an_outside_crate_has_one_owner() {
    let mut faults = Vec::new();
    for source in sources() {
        for (name, owners) in OWNERS {
            if !owners.contains(&source.room.as_str()) && names_crate(&source.code, name) && !is_shadowed(&source, name)
            {
                faults.push(format!("{}: `{name}` belongs to {}", source.path.display(), owners.join(", ")));
            }
        }
    }
    complain(&faults);
}

#[test]
fn every_file_of_a_plural_folder_is_in_its_list() {
    let mut faults = Vec::new();
    for (folder, contract) in PLURAL {
        let dir = root().join(folder);
        let list = fs::read_to_string(dir.join("mod.rs")).expect("a plural folder has a mod.rs");
        let Some(at) = list.find("pub const ALL") else {
            faults.push(format!("{}: no list ALL", dir.display()));
            continue;
        };
        let all = &list[at..at + list[at..].find(";\n").unwrap_or(list.len() - at)];
        let words =
            |text: &str, word: &str| text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == word);
        for entry in fs::read_dir(&dir).expect("readable") {
            let path = entry.expect("entry").path();
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let file = if path.is_dir() { path.join("mod.rs") } else { path.clone() };
            let Ok(text) = fs::read_to_string(&file) else { continue }; // A folder of recordings.
            // Beside the members stands what they share; a member defines a constant of the folder's contract.
            let is_member = stem != "mod" && text.contains(&format!(": {contract} ="));
            if is_member && !words(all, &stem) {
                faults.push(format!("{}: not in {folder}::ALL", path.display()));
            }
            if stem != "mod" && !words(&list, &stem) {
                faults.push(format!("{}: no module of {folder}", path.display()));
            }
        }
        assert!(all.matches("::").count() > 1, "{folder}::ALL is empty");
    }
    complain(&faults);
}

#[test]
fn every_dependency_has_its_reason() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| fs::read_to_string(home.join(file)).expect("readable");
    let design = read("docs/DESIGN.md");
    let rows = design.lines().skip_while(|line| !line.starts_with("| package |")).skip(2);
    let rows =
        rows.take_while(|line| line.starts_with('|')).map(|row| row.trim_matches('|').split_once('|').expect(row));
    let mut told: Vec<String> = Vec::new();
    for (names, reason) in rows {
        assert!(!reason.trim().is_empty(), "{names}: {reason} is no reason");
        told.extend(names.split(',').map(|name| name.trim().to_owned()));
    }
    let manifest = read("Cargo.toml");
    let mut used = Vec::new();
    let mut counts = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            counts = line.ends_with("dependencies]");
        } else if line.starts_with('#') {
            // A comment.
        } else if let (true, Some((name, _))) = (counts, line.split_once('=')) {
            used.push(name.trim().to_owned());
        }
    }
    used.sort();
    used.dedup(); // `fail` is named for the program and for its tests.
    told.sort();
    assert!(used.len() > 30, "the dependencies were not found: {used:?}");
    assert_eq!(used, told, "the dependencies of Cargo.toml, and those of which docs/DESIGN.md says what for");
    assert!(home.join("Cargo.lock").is_file() && !read(".gitignore").contains("Cargo.lock"));
    assert!(manifest.contains("unsafe_code = \"forbid\""));
}

#[test]
fn the_readers_of_sources_read_them_rightly() {
    assert_eq!(names_after("use crate::{model::{A, B}, store};", "crate::"), ["model", "store"]);
    assert_eq!(names_after("let x = crate::clock::now();", "crate::"), ["clock"]);
    assert_eq!(names_after("use tributary_crate::x;", "crate::"), [""; 0]);
    assert_eq!(without_comments("let u = \"http://x\"; // crate::store").trim_end(), "let u = \"http://x\";");
    assert!(names_crate("use rss::Channel;", "rss"));
    assert!(names_crate("let c = ::rss::Channel::default();", "rss"));
    assert!(!names_crate("use super::rss::read;", "rss"));
    assert!(!names_crate("my_rss::read();", "rss"));
}
