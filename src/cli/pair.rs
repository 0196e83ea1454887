//! Which two entries does `tributary explain` mean, and what is known of them?

use std::io::Write;

use anyhow::Context as _;

use super::house::print;
use super::{Outcome, explain};
use crate::daemon::Rooms;
use crate::matching::overrides::Said;
use crate::store::query;

/// Finds both entries by address or id, and explains the pair: by the stored evidence where there is some, then by what
/// the person said, which wins over it.
pub fn run(rooms: &Rooms, a: &str, b: &str, out: &mut dyn Write) -> Outcome {
    let find = |name: &str| {
        rooms
            .house
            .find(name)?
            .with_context(|| format!("no entry is known by {name:?}; `tributary stories` lists them"))
    };
    let (a, b) = (find(a)?, find(b)?);
    let stored = query::evidence(rooms.house.store(), a.id, b.id)?;
    explain::run(&a, &b, &rooms.house.context()?, stored.as_ref(), &mut *out)?;
    print(out, "")?;
    match rooms.house.overrides()?.0.says(a.id, b.id) {
        Some(Said::Same) => {
            print(out, "an override in feeds.toml says that they are the same work, and wins over all evidence")?
        }
        Some(Said::Different) => {
            print(out, "an override in feeds.toml says that they are different works, and wins over all evidence")?;
        }
        None => {}
    }
    let story_of = |entry| query::story_of(rooms.house.store(), entry);
    match (story_of(a.id)?, story_of(b.id)?) {
        (Some(a), Some(b)) if a == b => print(out, format_args!("both stand in {a}"))?,
        (Some(a), Some(b)) => print(out, format_args!("A stands in {a}, B in {b}"))?,
        _ => print(out, "not both stand in a story yet: they wait to be judged")?,
    }
    Ok(0)
}
