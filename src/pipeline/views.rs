//! What do the pages show? Facts out of the store, put into the views of `pages`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::editions::Composing;
use super::{Error, House, Plan};
use crate::compose::{self, StatusEvent};
use crate::model::edition::{Planet, Version};
use crate::model::poll::Outage;
use crate::model::{
    EditionQuery, EditionSpec, Entry, Item, Member, MemberRole, Person, SourceCard, SourceId, StoryId, Timestamp, html,
};
use crate::pages::{Filter, Frame, Index, PossiblePage, SourceLine, StoryLine, StoryPage, VersionPage};
use crate::store::query;

/// Stories on the front page, and how many are searched for words.
const LISTED: usize = 60;
const SEARCHED: usize = 500;
/// Characters of an excerpt: three lines on a wide screen.
const EXCERPT_CHARS: usize = 280;

/// The newest stories of an edition, as they are listed.
pub(super) struct Listing {
    lines: Vec<StoryLine>,
}

impl House {
    /// What stands on every page.
    pub(super) fn frame(&self) -> Frame {
        let plan = self.plan();
        Frame {
            title: plan.editions.first().map(|e| e.title.clone()).unwrap_or_default(),
            home: plan.public_url.clone(),
            editions: plan.editions.clone(),
            config_fault: self.config_fault(),
        }
    }

    /// The edition whose stories the front page lists.
    pub(super) fn listed_edition(&self, plan: &Plan, filter: &Filter) -> Result<EditionSpec, Composing> {
        let first = || plan.editions.first().cloned().unwrap_or_else(|| EditionSpec::new("main", ""));
        let Some(id) = &filter.edition else { return Ok(first()) };
        let spec = plan.editions.iter().find(|spec| spec.id == *id);
        spec.cloned().ok_or_else(|| Composing::Unknown(id.clone()))
    }

    /// The newest stories of an edition, as lines of the front page.
    pub(super) fn listing(
        &self,
        plan: &Plan,
        spec: &EditionSpec,
        query: &EditionQuery,
        planet: &Planet,
        now: Timestamp,
    ) -> Result<Listing, Composing> {
        let spec = EditionSpec { limit: SEARCHED, footer: false, ..spec.clone() };
        let edition = self.compose_page(plan, &spec, query, planet, now)?;
        Ok(Listing { lines: edition.items.iter().map(story_line).collect() })
    }

    /// The front page: of the stories `found` those that meet the filter; the choices are those of `all`.
    pub(super) fn index(
        &self,
        spec: &EditionSpec,
        (all, found): (&Listing, &Listing),
        filter: Filter,
        planet: &Planet,
        now: Timestamp,
    ) -> Result<Index, Composing> {
        let versions = all.lines.iter().flat_map(|line| &line.versions);
        let languages: BTreeSet<_> = versions.filter_map(|v| v.language.clone()).collect();
        let authors: BTreeSet<_> = all.lines.iter().flat_map(|line| line.authors.iter().cloned()).collect();
        let stands =
            |id: &SourceId, card: &SourceCard| card.publish && (spec.sources.is_empty() || spec.sources.contains(id));
        let sources = planet.sources.iter().filter(|(id, card)| stands(id, card));
        let named = found.lines.iter().filter(|line| line.versions.iter().any(|version| filter.finds(&version.title)));
        let mut lines: Vec<&StoryLine> = named.collect();
        if let Some(place) = filter.before.and_then(|last| lines.iter().position(|line| line.id == last)) {
            lines.drain(..=place);
        }
        let older = lines.len() > LISTED;
        lines.truncate(LISTED);
        let summary = self.recent_summary(now)?;
        let folded = summary.entries.saturating_sub(summary.stories);
        Ok(Index {
            counts: [summary.sources, summary.entries, summary.stories, folded].map(|n| n as u64),
            older: lines.last().filter(|_| older).map(|line| line.id),
            stories: lines.into_iter().cloned().collect(),
            languages: languages.into_iter().collect(),
            authors: authors.into_iter().collect(),
            sources: sources.map(|(_, card)| (card.id.clone(), card.title.clone())).collect(),
            filter,
        })
    }

    /// The page of a story; `Ok(Err(id))` where it is part of another one now.
    pub(super) fn story_page(&self, planet: &Planet, id: StoryId) -> Result<Option<Result<StoryPage, StoryId>>, Error> {
        let Some(story) = query::find_story(&*self.store, id)? else { return Ok(None) };
        if story.id != id {
            return Ok(Some(Err(story.id)));
        }
        let Some(work) = self.work(&self.plan(), story, query::whole_entry)? else { return Ok(None) };
        let mut versions = Vec::new();
        for member in &work.story.members {
            let Some(entry) = work.entries.iter().find(|e| e.id == member.entry) else { continue };
            let evidence = match member.entry == work.story.head {
                true => None,
                false => query::evidence(&*self.store, work.story.head, member.entry)?,
            };
            versions.push(version_page(planet, member, entry, evidence));
        }
        let mut possible = Vec::new();
        for other in &work.story.possible {
            let Some(entry) = query::entry(&*self.store, *other)? else { continue };
            let Some(stands_in) = query::story_of(&*self.store, *other)? else { continue };
            possible.push(PossiblePage {
                version: version(planet, &entry, MemberRole::Single, 0.0, false),
                story: stands_in,
                evidence: query::evidence(&*self.store, work.story.head, *other)?,
            });
        }
        Ok(Some(Ok(StoryPage { id: work.story.id, versions, possible })))
    }

    /// The sources with what is kept of them.
    pub(super) fn source_lines(&self, planet: &Planet) -> Result<Vec<SourceLine>, Error> {
        let plan = self.plan();
        let mut lines = Vec::new();
        for source in plan.sources() {
            let Some(card) = planet.sources.get(&source.id) else { continue };
            let state = self.kept_state(&source.id)?;
            let entries = query::entries_of_source(&*self.store, &source.id, COUNTED_MAX)?.len() as u64;
            lines.push(SourceLine { card: Arc::clone(card), url: source.url.clone(), state, entries });
        }
        Ok(lines)
    }

    /// The sources that have been failing for a day, and those that came back after that.
    pub(super) fn status_events(&self, planet: &Planet, now: Timestamp) -> Result<Vec<StatusEvent>, Error> {
        let mut events = Vec::new();
        for source in self.plan().sources() {
            let Some(card) = planet.sources.get(&source.id) else { continue };
            let state = self.state(&source.id)?;
            for outage in state.outages.iter().filter(|outage| outage.is_told(now)) {
                let event = |when, fault| StatusEvent { source: Arc::clone(card), when, fault };
                events.push(event(outage.since + Outage::TOLD_AFTER, Some(outage.fault.clone())));
                events.extend(outage.until.map(|until| event(until, None)));
            }
        }
        Ok(events)
    }
}

/// Entries of a source that are counted for its line.
const COUNTED_MAX: usize = 100_000;

fn story_line(item: &Item) -> StoryLine {
    let text = item.summary.as_deref().or(item.content.as_deref()).unwrap_or_default();
    StoryLine {
        id: item.story,
        shown: item.shown.clone(),
        date: item.published,
        authors: names(&item.authors),
        excerpt: html::excerpt(text, EXCERPT_CHARS),
        versions: item.versions.clone(),
    }
}

fn names(people: &[Person]) -> Vec<String> {
    people.iter().map(|p| p.name.clone()).filter(|name| !name.is_empty()).collect()
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

fn version_page(
    planet: &Planet,
    member: &Member,
    entry: &Entry,
    evidence: Option<crate::model::Evidence>,
) -> VersionPage {
    VersionPage {
        version: version(planet, entry, member.role, member.coverage, member.listed),
        authors: names(&entry.authors),
        contributors: names(&entry.contributors),
        excerpt: html::excerpt(entry.body.given(), EXCERPT_CHARS),
        revised: entry.revised,
        preview: entry.preview,
        overridden: evidence.is_none() && member.score_bits.is_none() && member.role != MemberRole::Original,
        evidence,
    }
}
