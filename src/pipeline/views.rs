//! What do the pages show? Facts out of the store, put into the views of `pages`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::editions::Composing;
use super::{Error, House, Plan};
use crate::compose::StatusEvent;
use crate::model::edition::Planet;
use crate::model::poll::Outage;
use crate::model::{EditionQuery, EditionSpec, Item, Person, SourceCard, SourceId, Timestamp, html};
use crate::pages::{Filter, Frame, Index, SourceLine, StoryLine};
use crate::store::query;

/// Stories on the front page, and how many are searched for words.
const LISTED: usize = 60;
const SEARCHED: usize = 500;
/// Characters of an excerpt: three lines on a wide screen.
pub(super) const EXCERPT_CHARS: usize = 280;

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
            notices: Vec::new(),
        }
    }

    /// The frame of the page of the sources, where it is told what is wrong with the overrides.
    pub(super) fn frame_with_notices(&self) -> Result<Frame, Error> {
        let faults = self.overrides()?.1.into_iter().map(|notice| notice.message);
        let notices = faults.chain(self.crowds()?).collect();
        Ok(Frame { notices, ..self.frame() })
    }

    /// The edition whose stories the front page lists.
    pub(super) fn listed_edition(&self, plan: &Plan, filter: &Filter) -> Result<EditionSpec, Composing> {
        let first = || plan.editions.first().cloned().unwrap_or_else(|| EditionSpec::new("main", ""));
        let Some(id) = &filter.edition else { return Ok(first()) };
        let spec = plan.editions.iter().find(|spec| spec.id == *id);
        spec.cloned().ok_or_else(|| Composing::Unknown(id.clone()))
    }

    /// The newest stories of an edition, as lines of the front page, and when they change though nothing comes.
    pub(super) fn listing(
        &self,
        plan: &Plan,
        spec: &EditionSpec,
        query: &EditionQuery,
        planet: &Planet,
        now: Timestamp,
    ) -> Result<(Listing, Option<Timestamp>), Composing> {
        let spec = EditionSpec { limit: SEARCHED, footer: false, ..spec.clone() };
        let composed = self.compose_page(plan, &spec, query, planet, now)?;
        Ok((Listing { lines: composed.edition.items.iter().map(story_line).collect() }, composed.again))
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

pub(super) fn names(people: &[Person]) -> Vec<String> {
    people.iter().map(|p| p.name.clone()).filter(|name| !name.is_empty()).collect()
}
