//! What does the page of a story show, and what happened to the story?

use std::sync::Arc;

use super::views::{EXCERPT_CHARS, names};
use super::{Error, House};
use crate::compose::{self, Work};
use crate::matching::overrides::Said;
use crate::model::edition::{Planet, Version};
use crate::model::{Body, Change, Entry, EntryId, Evidence, Member, MemberRole, SourceCard, SourceId, StoryId, html};
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
        let Some(work) = self.work(&self.plan(), story, query::entry)? else { return Ok(None) };
        let story = &work.story;
        let (overrides, _) = self.overrides()?;
        // What was found out about a text that is kept to itself is told of no other.
        let head = work.entries.iter().find(|entry| entry.id == story.head);
        let has_head = head.is_some_and(|head| card(planet, head).is_some());
        let mut versions = Vec::new();
        for member in &story.members {
            let Some(entry) = work.entries.iter().find(|e| e.id == member.entry) else { continue };
            let Some(card) = card(planet, entry) else { continue };
            let evidence = match has_head && member.entry != story.head {
                true => query::evidence(&*self.store, story.head, member.entry)?,
                false => None,
            };
            let same = |other: &Member| overrides.says(member.entry, other.entry) == Some(Said::Same);
            let overridden = has_head && member.entry != story.head && story.members.iter().any(same);
            let body = query::body(&*self.store, entry)?.unwrap_or_default();
            let mut version = version_page(&work, member, entry, &body, card, evidence);
            if !has_head {
                version.because.clear();
            }
            versions.push(VersionPage { overridden, ..version });
        }
        let mut possible = Vec::new();
        for other in &story.possible {
            let Some(entry) = query::entry(&*self.store, *other)? else { continue };
            let Some(card) = card(planet, &entry) else { continue };
            let Some(stands_in) = query::story_of(&*self.store, *other)? else { continue };
            let different = |member: &Member| overrides.says(member.entry, *other) == Some(Said::Different);
            possible.push(PossiblePage {
                version: version(&entry, card, MemberRole::Single, 0.0, false),
                story: stands_in,
                evidence: if has_head { query::evidence(&*self.store, story.head, *other)? } else { None },
                overridden: story.members.iter().any(different),
            });
        }
        let mut contains = Vec::new();
        for held in &story.contains {
            let Some(held) = query::find_story(&*self.store, *held)? else { continue };
            let head = query::entry(&*self.store, held.head)?.filter(|head| card(planet, head).is_some());
            contains.extend(head.map(|head| (held.id, head.title, head.language)));
        }
        if versions.is_empty() {
            return Ok(None);
        }
        let mut history = self.history(story.id, HISTORY_MAX)?;
        history.retain(|line| line.source.as_ref().is_none_or(|source| is_public(planet, source)));
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
            let (name, source) = self.called(entry)?;
            lines.push(HistoryLine { at, what, name, source, other, because });
        }
        Ok(lines)
    }

    /// An entry as a person would name it, and its source.
    fn called(&self, id: EntryId) -> Result<(String, Option<SourceId>), Error> {
        let Some(entry) = query::entry(&*self.store, id)? else { return Ok((id.to_string(), None)) };
        let plan = self.plan();
        let source = plan.name(&entry.source);
        let name = match html::excerpt(&entry.title, TITLE_CHARS) {
            title if title.is_empty() => format!("{id} ({source})"),
            title => format!("“{title}” ({source})"),
        };
        Ok((name, Some(entry.source)))
    }
}

/// Whether what a source brings may be shown: `publish = false` keeps it to the matching.
fn is_public(planet: &Planet, source: &SourceId) -> bool {
    planet.sources.get(source).is_none_or(|card| card.publish)
}

/// The card of an entry's source; `None` where the entry may not be shown.
fn card(planet: &Planet, entry: &Entry) -> Option<Arc<SourceCard>> {
    match planet.sources.get(&entry.source) {
        Some(card) => card.publish.then(|| Arc::clone(card)),
        None => Some(Arc::new(compose::stranger(entry))),
    }
}

fn version(entry: &Entry, source: Arc<SourceCard>, role: MemberRole, coverage: f32, listed: bool) -> Version {
    Version {
        entry: entry.id,
        role,
        link: entry.link.clone(),
        title: entry.title.clone(),
        language: entry.language.clone(),
        source,
        published: entry.published,
        coverage,
        listed,
    }
}

fn version_page(
    work: &Work,
    member: &Member,
    entry: &Entry,
    body: &Body,
    card: Arc<SourceCard>,
    evidence: Option<Evidence>,
) -> VersionPage {
    let (authors, contributors) = compose::people(work, entry);
    let (content, summary) = compose::allowed(card.content.unwrap_or_default(), body);
    VersionPage {
        version: version(entry, card, member.role, member.coverage, member.listed),
        authors: names(&authors),
        contributors: names(&contributors),
        excerpt: html::excerpt(summary.or(content).as_deref().unwrap_or_default(), EXCERPT_CHARS),
        because: if evidence.is_none() { member.because.clone() } else { Vec::new() },
        revised: entry.revised,
        outdated: member.outdated,
        preview: entry.preview,
        overridden: false,
        evidence,
    }
}
