//! What happened to a story: when it was founded, who joined and why, what was split or overruled?

use std::io::Write;

use anyhow::bail;

use super::Outcome;
use super::house::print;
use crate::daemon::Rooms;
use crate::model::{Change, EntryId, StoryId};
use crate::store::query;

/// Lines of a history that are printed: the newest.
const MOST: usize = 1_000;

/// Prints the history of the story that an id, or the address of one of its entries, names.
pub fn run(rooms: &Rooms, story: &str, out: &mut dyn Write) -> Outcome {
    let store = rooms.house.store();
    let by_id = match story.parse::<StoryId>() {
        Ok(id) => query::find_story(store, id)?,
        Err(_) => None,
    };
    let found = match (by_id, rooms.house.find(story)?) {
        (Some(story), _) => Some(story),
        (None, Some(entry)) => match query::story_of(store, entry.id)? {
            Some(id) => query::story(store, id)?,
            None => None,
        },
        (None, None) => None,
    };
    let Some(found) = found else { bail!("no story is known by {story:?}; `tributary stories` lists them") };
    let title = |id: EntryId| {
        let entry = query::entry(store, id).ok().flatten();
        entry.map_or_else(|| id.to_string(), |e| format!("{:?} of {}", e.title, e.source))
    };
    print(out, format_args!("{}", found.id))?;
    for line in query::log(store, found.id, MOST)? {
        let told = match &line.change {
            Change::NewStory { entry, .. } => format!("founded by {}", title(*entry)),
            Change::Joined { entry, because, .. } => {
                let why = because.first().map(|b| format!(": {b}")).unwrap_or_default();
                format!("joined by {}{why}", title(*entry))
            }
            Change::Headed { entry, .. } => format!("{} stands for the work now", title(*entry)),
            Change::Merged { gone, .. } => format!("took over {gone}"),
            Change::Split { entry, to, .. } => format!("{} left for {to}", title(*entry)),
            Change::Revised { entry, .. } => format!("{} was edited", title(*entry)),
        };
        print(out, format_args!("{}  {told}", line.at.format("%Y-%m-%d %H:%M:%S")))?;
    }
    Ok(0)
}
