//! Which two entries does `tributary explain` mean, and what is known of them?

use std::io::Write;

use anyhow::Context as _;

use super::{Outcome, explain};
use crate::daemon::Rooms;
use crate::store::query;

/// Finds both entries by address or id, and explains the pair: by the stored evidence where there is some.
pub fn run(rooms: &Rooms, a: &str, b: &str, out: &mut dyn Write) -> Outcome {
    let find = |name: &str| {
        rooms
            .house
            .find(name)?
            .with_context(|| format!("no entry is known by {name:?}; `tributary stories` lists them"))
    };
    let (a, b) = (find(a)?, find(b)?);
    let stored = query::evidence(rooms.house.store(), a.id, b.id)?;
    explain::run(&a, &b, &rooms.house.context(), stored.as_ref(), out)?;
    Ok(0)
}
