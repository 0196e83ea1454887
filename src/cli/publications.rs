//! Which publications were found because reposts name originals of theirs, and how are they followed?

use std::io::Write;

use super::Outcome;
use super::house::print;
use crate::daemon::Rooms;

/// Prints a `[[source]]` block for each, fit to be appended to feeds.toml.
pub fn run(rooms: &Rooms, out: &mut dyn Write) -> Outcome {
    for publication in rooms.house.publications()? {
        let stories = match publication.stories {
            1 => "1 story has its original".to_owned(),
            n => format!("{n} stories have their originals"),
        };
        // A title is a stranger's: whatever line breaks it has would end the comment.
        let title = publication.title.split_whitespace().collect::<Vec<_>>().join(" ");
        print(out, format_args!("\n# {title}: {stories} there.\n{}", publication.block.trim_end()))?;
    }
    Ok(0)
}
