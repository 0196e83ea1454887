//! What do the pages show? Facts out of the store, put into the views of `pages`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::site::Composing;
use super::{Error, House, Plan};
use crate::compose::{self, StatusEvent, Work};
use crate::model::edition::{Planet, Version};
use crate::model::poll::Outcome;
use crate::model::{
    Edition, EditionQuery, EditionSpec, Entry, Item, Member, MemberRole, Person, Story, StoryId, Timestamp, html,
};
use crate::pages::{Filter, Frame, Index, PossiblePage, SourceLine, StoryLine, StoryPage, VersionPage};
use crate::store::query;

/// Stories on the front page, and how many are searched for words.
const LISTED: usize = 60;
const SEARCHED: usize = 500;
/// Characters of an excerpt: three lines on a wide screen.
const EXCERPT_CHARS: usize = 280;
/// A source that fails for so long is told of in the status feed.
const FAILING_FOR_S: i64 = 24 * 3_600;

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

    /// The front page: the stories of an edition that meet the filter.
    pub(super) fn index(&self, planet: &Planet, filter: Filter, now: Timestamp) -> Result<Index, Composing> {
        let plan = self.plan();
        let asked = plan.editions.iter().find(|e| Some(&e.id) == filter.edition.as_ref()).or(plan.editions.first());
        let spec = EditionSpec { limit: SEARCHED, footer: false, ..asked.cloned().unwrap_or_else(everything) };
        let all = self.compose_spec(&plan, &spec, &EditionQuery::default(), planet, now)?;
        let languages: BTreeSet<_> =
            all.items.iter().flat_map(|i| i.versions.iter().filter_map(|v| v.language.clone())).collect();
        let authors: BTreeSet<_> = all.items.iter().flat_map(|i| i.authors.iter().map(|a| a.name.clone())).collect();
        let chosen = match filter.is_empty() {
            true => all,
            false => match self.filtered(&plan, &spec, &filter, planet, now) {
                Err(Composing::Query(_)) => Edition { items: Vec::new(), ..all },
                filtered => filtered?,
            },
        };
        let found = chosen.items.iter().filter(|item| filter.finds(&item.shown.title)).take(LISTED);
        let summary = self.summary().map_err(Composing::Store)?;
        let folded = summary.entries.saturating_sub(summary.stories);
        Ok(Index {
            counts: [summary.sources, summary.entries, summary.stories, folded].map(|n| n as u64),
            stories: found.map(story_line).collect(),
            languages: languages.into_iter().collect(),
            authors: authors.into_iter().filter(|name| !name.is_empty()).collect(),
            sources: planet.sources.values().filter(|c| c.publish).map(|c| (c.id.clone(), c.title.clone())).collect(),
            older: None,
            filter,
        })
    }

    /// The edition narrowed by what was asked.
    fn filtered(
        &self,
        plan: &Plan,
        spec: &EditionSpec,
        filter: &Filter,
        planet: &Planet,
        now: Timestamp,
    ) -> Result<Edition, Composing> {
        let sources = filter.source.iter().filter_map(|name| plan.named(name.as_str())).map(|s| s.id.clone());
        let query = EditionQuery {
            languages: filter.language.iter().cloned().collect(),
            authors: filter.author.iter().cloned().collect(),
            sources: sources.collect(),
            ..EditionQuery::default()
        };
        self.compose_spec(plan, spec, &query, planet, now)
    }

    /// The page of a story; `Ok(Err(id))` where it is part of another one now.
    pub(super) fn story_page(&self, planet: &Planet, id: StoryId) -> Result<Option<Result<StoryPage, StoryId>>, Error> {
        let Some(story) = query::find_story(&*self.store, id)? else { return Ok(None) };
        if story.id != id {
            return Ok(Some(Err(story.id)));
        }
        let Some(work) = self.work(story)? else { return Ok(None) };
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

    /// The sources that have been failing for a day.
    pub(super) fn status_events(&self, planet: &Planet, now: Timestamp) -> Result<Vec<StatusEvent>, Error> {
        let mut events = Vec::new();
        for source in self.plan().sources() {
            let Some(card) = planet.sources.get(&source.id) else { continue };
            let state = self.state(&source.id)?;
            let failed = |o: &Outcome| matches!(o, Outcome::Failed(_) | Outcome::Gone(_));
            let since = state.history.iter().rev().take_while(|poll| failed(&poll.outcome)).last().map(|poll| poll.at);
            if let (Some(since), Some(fault)) = (since, &state.last_error)
                && (now - since).num_seconds() >= FAILING_FOR_S
            {
                let when = since + chrono::TimeDelta::seconds(FAILING_FOR_S);
                events.push(StatusEvent { source: Arc::clone(card), when, fault: Some(fault.clone()) });
            }
        }
        Ok(events)
    }

    /// A story with the entries that may be named.
    pub(super) fn work(&self, story: Story) -> Result<Option<Work>, Error> {
        let plan = self.plan();
        let mut entries = Vec::with_capacity(story.members.len());
        for member in &story.members {
            if let Some(entry) = query::whole_entry(&*self.store, member.entry)?
                && (entry.reference || plan.source(&entry.source).is_some())
            {
                entries.push(entry);
            }
        }
        Ok(entries.iter().any(|e| !e.reference).then_some(Work { story, entries }))
    }
}

/// Entries of a source that are counted for its line.
const COUNTED_MAX: usize = 100_000;

fn everything() -> EditionSpec {
    EditionSpec::new("main", "")
}

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
