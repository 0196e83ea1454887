//! What does the page of a story show, and what happened to the story?

use std::sync::Arc;

use super::views::{EXCERPT_CHARS, names};
use super::{Error, House};
use crate::compose;
use crate::matching::overrides::Said;
use crate::model::edition::{Planet, Version};
use crate::model::{Change, Entry, EntryId, Evidence, Member, MemberRole, StoryId, html};
use crate::pages::{Happened, HistoryLine, PossiblePage, StoryPage, VersionPage};
use crate::store::{LogEntry, query};

/// Lines of a history on the page: the latest.
const HISTORY_MAX: usize = 100;
/// Characters of a title in a history.
const TITLE_CHARS: usize = 80;

impl House {
    /// The page of a story; `Ok(Err(id))` where it is part of another one now.
    pub(super) fn story_page(&self, planet: &Planet, id: StoryId) -> Result<Option<Result<StoryPage, StoryId>>, Error> {
        let Some(story) = query::find_story(&*self.store, id)? else { return Ok(None) };
        if story.id != id {
            return Ok(Some(Err(story.id)));
        }
        let Some(work) = self.work(&self.plan(), story, query::whole_entry)? else { return Ok(None) };
        let story = &work.story;
        let (overrides, _) = self.overrides()?;
        let mut versions = Vec::new();
        for member in &story.members {
            let Some(entry) = work.entries.iter().find(|e| e.id == member.entry) else { continue };
            let evidence = match member.entry == story.head {
                true => None,
                false => query::evidence(&*self.store, story.head, member.entry)?,
            };
            let same = |other: &Member| overrides.says(member.entry, other.entry) == Some(Said::Same);
            let overridden = member.entry != story.head && story.members.iter().any(same);
            versions.push(VersionPage { overridden, ..version_page(planet, member, entry, evidence) });
        }
        let mut possible = Vec::new();
        for other in &story.possible {
            let Some(entry) = query::entry(&*self.store, *other)? else { continue };
            let Some(stands_in) = query::story_of(&*self.store, *other)? else { continue };
            let different = |member: &Member| overrides.says(member.entry, *other) == Some(Said::Different);
            possible.push(PossiblePage {
                version: version(planet, &entry, MemberRole::Single, 0.0, false),
                story: stands_in,
                evidence: query::evidence(&*self.store, story.head, *other)?,
                overridden: story.members.iter().any(different),
            });
        }
        let mut contains = Vec::new();
        for held in &story.contains {
            let Some(held) = query::find_story(&*self.store, *held)? else { continue };
            let Some(head) = query::entry(&*self.store, held.head)? else { continue };
            contains.push((held.id, head.title, head.language));
        }
        let history = self.history(story.id, HISTORY_MAX)?;
        Ok(Some(Ok(StoryPage { id, versions, possible, contains, history })))
    }

    /// What happened to a story, oldest first; past the limit, the latest.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn history(&self, story: StoryId, limit: usize) -> Result<Vec<HistoryLine>, Error> {
        let mut lines = Vec::new();
        for LogEntry { at, change } in query::log(&*self.store, story, limit)? {
            let (what, entry, other, because) = match change {
                Change::NewStory { entry, .. } => (Happened::Founded, entry, None, Vec::new()),
                Change::Joined { entry, because, .. } => (Happened::Joined, entry, None, because),
                Change::Headed { entry, .. } => (Happened::Headed, entry, None, Vec::new()),
                Change::Merged { story: stays, gone, because } if gone == story => {
                    (Happened::WasTakenOver, EntryId(gone.0), Some(stays), because)
                }
                Change::Merged { gone, because, .. } => (Happened::TookOver, EntryId(gone.0), Some(gone), because),
                Change::Split { story: from, entry, to, because } if to == story => {
                    (Happened::Came, entry, Some(from), because)
                }
                Change::Split { entry, to, because, .. } => (Happened::Left, entry, Some(to), because),
                Change::Revised { entry, .. } => (Happened::Edited, entry, None, Vec::new()),
                Change::Capped { entry, .. } => (Happened::Capped, entry, None, Vec::new()),
            };
            lines.push(HistoryLine { at, what, name: self.called(entry)?, other, because });
        }
        Ok(lines)
    }

    /// An entry as a person would name it.
    fn called(&self, id: EntryId) -> Result<String, Error> {
        let Some(entry) = query::entry(&*self.store, id)? else { return Ok(id.to_string()) };
        let plan = self.plan();
        let source = plan.name(&entry.source);
        Ok(match html::excerpt(&entry.title, TITLE_CHARS) {
            title if title.is_empty() => format!("{id} ({source})"),
            title => format!("“{title}” ({source})"),
        })
    }
}

fn version(planet: &Planet, entry: &Entry, role: MemberRole, coverage: f32, listed: bool) -> Version {
    let card = planet.sources.get(&entry.source).cloned();
    Version {
        entry: entry.id,
        role,
        link: entry.link.clone(),
        title: entry.title.clone(),
        language: entry.language.clone(),
        source: card.unwrap_or_else(|| Arc::new(compose::stranger(entry))),
        published: entry.published,
        coverage,
        listed,
    }
}

fn version_page(planet: &Planet, member: &Member, entry: &Entry, evidence: Option<Evidence>) -> VersionPage {
    VersionPage {
        version: version(planet, entry, member.role, member.coverage, member.listed),
        authors: names(&entry.authors),
        contributors: names(&entry.contributors),
        excerpt: html::excerpt(entry.body.given(), EXCERPT_CHARS),
        revised: entry.revised,
        outdated: member.outdated,
        preview: entry.preview,
        overridden: false,
        evidence,
    }
}
