//! What do strangers try, and what comes of it? One table: attack, payload, expectation.
//!
//! A row's payload is handed to the real code of its room, and what came out is told as a text; the row says what that
//! text is, holds or lacks. All faults are told at once. Servers that misbehave on the wire are in `servers.rs`.

mod cleaner;
mod fetcher;
mod reader;
mod rendered;
mod settings;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What has to come of an attack.
#[derive(Debug)]
pub enum Expected {
    /// Exactly this.
    Is(String),
    /// This is in it.
    Says(&'static str),
    /// This is nowhere in it.
    Lacks(&'static str),
}

/// One attack.
pub struct Row {
    /// The room that is attacked, as the functions of this module are named.
    room: &'static str,
    /// What is tried.
    attack: String,
    /// With what.
    payload: String,
    /// What has to come of it.
    expected: Expected,
    /// Does it, and tells what came of it; a panic is a failure of the row.
    run: fn(&str) -> String,
}

/// Rows of one room: attack, payload, expectation.
fn rows(
    room: &'static str,
    run: fn(&str) -> String,
    table: impl IntoIterator<Item = (impl Into<String>, impl Into<String>, Expected)>,
) -> Vec<Row> {
    let row = |(attack, payload, expected): (_, _, _)| {
        let (attack, payload) = (Into::into(attack), Into::into(payload));
        Row { room, attack, payload, expected, run }
    };
    table.into_iter().map(row).collect()
}

/// The hostile list.
fn table() -> Vec<Row> {
    let rooms = [fetcher::table(), reader::table(), cleaner::table(), rendered::table(), settings::table()];
    rooms.into_iter().flatten().collect()
}

/// A long text as a failure shows it.
fn brief(text: &str) -> String {
    text.chars().take(160).flat_map(char::escape_debug).collect()
}

/// What is wrong with a row, if anything is.
fn fault(row: &Row) -> Option<String> {
    let came = catch_unwind(AssertUnwindSafe(|| (row.run)(&row.payload)));
    let came = match came {
        Ok(came) => came,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            format!(
                "a panic: {}",
                said.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).into())).unwrap_or_default()
            )
        }
    };
    let holds = !came.starts_with("a panic")
        && match &row.expected {
            Expected::Is(text) => came == *text,
            Expected::Says(part) => came.contains(part),
            Expected::Lacks(part) => !came.contains(part),
        };
    let (room, attack, expected) = (row.room, &row.attack, brief(&format!("{:?}", row.expected)));
    (!holds).then(|| {
        format!("{room}: {attack}: {}\n    gave     {}\n    expected {expected}", brief(&row.payload), brief(&came))
    })
}

#[test]
fn hostile_list() {
    let table = table();
    let mut names: Vec<_> = table.iter().map(|row| (row.room, row.attack.as_str())).collect();
    names.sort_unstable();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    assert!(twice.is_empty(), "a row's name says its attack, and no other: {twice:?}");
    assert!(table.len() >= 150, "{} rows", table.len());
    let faults: Vec<String> = table.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{} of {} rows:\n{}", faults.len(), table.len(), faults.join("\n"));
}
