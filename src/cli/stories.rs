//! Which stories are there, and who belongs to each?

use std::io::Write;

use super::Outcome;
use super::house::print;
use crate::daemon::Rooms;
use crate::pipeline::Listed;

/// Lists all stories with their members, for people or as one JSON array.
pub fn run(rooms: &Rooms, json: bool, out: &mut dyn Write) -> Outcome {
    let mut failed: Option<anyhow::Error> = None;
    let mut first = true;
    if json {
        write!(out, "[")?;
    }
    rooms.house.each_story(&mut |story| {
        if failed.is_some() {
            return;
        }
        let written = if json { write_json(&story, first, out) } else { write_text(&story, out) };
        failed = written.err();
        first = false;
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if json {
        print(out, if first { "]" } else { "\n]" })?;
    }
    Ok(0)
}

fn write_json(story: &Listed, first: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let line = serde_json::to_string(story)?;
    write!(out, "{}\n{line}", if first { "" } else { "," })?;
    Ok(())
}

/// A story: its title, then a line for each member, with the strongest reason why it is there.
pub fn write_text(story: &Listed, out: &mut dyn Write) -> anyhow::Result<()> {
    print(out, format_args!("{}  {}", story.title, story.id))?;
    for member in &story.members {
        let language = member.language.as_ref().map_or("?", |l| l.as_str());
        let date = member.published.map(|p| p.format("%Y-%m-%d").to_string()).unwrap_or_default();
        print(
            out,
            format_args!("    {:11} {language:7} {date:10}  {}: {}", member.role.as_str(), member.source, member.title),
        )?;
        if let Some(link) = &member.link {
            print(out, format_args!("{:33}{link}", ""))?;
        }
        if let Some(reason) = member.because.first() {
            print(out, format_args!("{:33}{reason}", ""))?;
        }
    }
    Ok(())
}
