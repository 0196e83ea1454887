//! What happened to a story: when it was founded, who joined and why, what was split or overruled?

use std::io::Write;

use anyhow::bail;

use super::Outcome;
use super::house::print;
use crate::daemon::Rooms;
use crate::model::StoryId;
use crate::pages::Messages;
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
    let messages = Messages::for_reader(&[]);
    print(out, format_args!("{}", found.id))?;
    for line in rooms.house.history(found.id, MOST)? {
        let told = messages.happened[line.what as usize].replace("{}", &line.name);
        let other = line.other.map(|id| format!(" ({id})")).unwrap_or_default();
        let why = line.because.first().map(|b| format!(": {b}")).unwrap_or_default();
        print(out, format_args!("{}  {told}{other}{why}", line.at.format("%Y-%m-%d %H:%M:%S")))?;
    }
    Ok(0)
}
