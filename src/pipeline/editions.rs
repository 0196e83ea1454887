//! Which stories does an edition show now? The store's side of `compose`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::ingest::lock;
use super::{Error, House, Plan};
use crate::compose::{self, Composed, Stock, Work};
use crate::model::edition::{Planet, SourceCard};
use crate::model::{
    EditionQuery, EditionSpec, Entry, EntryId, SourceId, SourceState, Story, StoryId, Timestamp, Tombstone,
};
use crate::store::{Draft, Read, query};

/// Stories read at once.
const PAGE: usize = 64;
/// Stories that came last are read by so many: mostly few came within an hour.
const ARRIVALS_AT_ONCE: usize = 16;
/// Tombstones that an edition is given: it names those as old as its oldest story.
const TOMBSTONES_MAX: usize = 1_000;
/// How far back tombstones are looked for: a reader that was away longer has forgotten the entries too.
const TOMBSTONES_AGE: TimeDelta = TimeDelta::days(90);

/// Why an edition cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum Composing {
    /// No edition has this name.
    #[error("there is no edition {0:?}")]
    Unknown(String),
    /// The query asks for what there is not.
    #[error("{0}")]
    Query(String),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] Error),
}

/// How an entry is read: `query::entry`, or `query::whole_entry` with its texts.
pub(super) type ReadEntry = fn(&dyn Read, EntryId) -> Result<Option<Entry>, Error>;

impl House {
    /// Composes an edition and commits what it shows, so that it shows the same after a restart. An edition asked for
    /// by parameters keeps no records.
    ///
    /// # Errors
    /// See [`Composing`].
    pub fn compose(
        &self,
        plan: &Plan,
        id: &str,
        query: &EditionQuery,
        planet: &Planet,
        now: Timestamp,
    ) -> Result<Composed, Composing> {
        let spec = plan.editions.iter().find(|spec| spec.id == id);
        let spec = spec.ok_or_else(|| Composing::Unknown(id.to_owned()))?;
        let composed = self.composed(plan, spec, query, planet, query.is_empty(), now)?;
        if !composed.shown.is_empty() && query.is_empty() {
            let _writing = self.writer();
            let mut draft = Draft::new(self.store());
            for (story, shown) in &composed.shown {
                draft.put_shown(id, *story, shown)?;
            }
            fail::fail_point!("edition-before-commit", |_| std::process::abort());
            draft.commit()?;
            fail::fail_point!("edition-committed", |_| std::process::abort());
        }
        Ok(composed)
    }

    /// Composes the stories of an edition for a page: in the versions that the edition shows, but nothing is
    /// remembered of it.
    pub(super) fn compose_page(
        &self,
        plan: &Plan,
        spec: &EditionSpec,
        query: &EditionQuery,
        planet: &Planet,
        now: Timestamp,
    ) -> Result<Composed, Composing> {
        self.composed(plan, spec, query, planet, query.is_empty(), now)
    }

    fn composed(
        &self,
        plan: &Plan,
        spec: &EditionSpec,
        query: &EditionQuery,
        planet: &Planet,
        remembers: bool,
        now: Timestamp,
    ) -> Result<Composed, Composing> {
        let store = self.store();
        let tombstones: Vec<Tombstone> = query::tombstones_since(store, now - TOMBSTONES_AGE, TOMBSTONES_MAX)?;
        let reads = Reads::default();
        let stock = Stock {
            body: &|entry: &Entry| reads.or_default(query::body(store, entry)),
            shown: &|story: StoryId| {
                if remembers { reads.or_default(query::shown(store, &spec.id, story).map(Some)) } else { None }
            },
            arrivals: &[],
            tombstones: &tombstones,
            planet,
        };
        let arrivals = self.arrivals(plan)?;
        let stock = Stock { arrivals: &arrivals, ..stock };
        let works = Works { house: self, plan, reads: &reads, page: Vec::new(), last: None, ended: false };
        let composed = compose::compose(spec, query, works, &stock, now);
        // What could not be read is no reason to publish an edition without it.
        reads.all_went_well()?;
        composed.map_err(Composing::Query)
    }

    /// Works that were founded within an hour of the last one, of which the dates say that they are older: by date they
    /// would be found late or not at all.
    fn arrivals(&self, plan: &Plan) -> Result<Vec<Work>, Error> {
        let mut arrivals = Vec::new();
        let (mut read, mut last, mut since) = (0, None::<Story>, None);
        while read < compose::ITEMS_MAX {
            let page = query::latest_founded(self.store(), last.as_ref(), ARRIVALS_AT_ONCE)?;
            read += page.len();
            last = page.last().cloned();
            let ends = page.len() < ARRIVALS_AT_ONCE;
            for story in page {
                let since = *since.get_or_insert(story.founded - compose::WINDOW);
                if story.founded < since {
                    return Ok(arrivals);
                }
                if story.touched < since {
                    arrivals.extend(self.work(plan, story, query::entry)?);
                }
            }
            if ends {
                break;
            }
        }
        Ok(arrivals)
    }

    /// When the first entries of a source came.
    fn since(&self, source: &SourceId) -> Result<Option<Timestamp>, Error> {
        if let Some(since) = lock(&self.first_seen).get(source) {
            return Ok(Some(*since));
        }
        let Some(first) = query::first_of_source(self.store(), source)? else { return Ok(None) };
        let since = query::entry(self.store(), first)?.map(|entry| entry.first_seen);
        if let Some(since) = since {
            lock(&self.first_seen).insert(source.clone(), since);
        }
        Ok(since)
    }

    /// A story with the entries that may be named; `None` where no configured source has one.
    pub(super) fn work(&self, plan: &Plan, story: Story, read: ReadEntry) -> Result<Option<Work>, Error> {
        let mut entries = Vec::with_capacity(story.members.len());
        for member in &story.members {
            let entry = read(self.store(), member.entry)?;
            entries.extend(entry.filter(|entry| entry.reference || plan.source(&entry.source).is_some()));
        }
        Ok(entries.iter().any(|entry| !entry.reference).then_some(Work { story, entries }))
    }

    /// What all editions share: the sources as they say they are, or as the person calls them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn planet(&self) -> Result<Planet, Error> {
        let plan = self.plan();
        let mut sources = BTreeMap::new();
        for source in plan.sources() {
            let state: SourceState = self.state(&source.id)?;
            let facts = state.facts;
            let title = source.title.clone().unwrap_or(facts.title);
            let card = SourceCard {
                id: plan.name(&source.id).clone(),
                title: if title.is_empty() { source.url.host_str().unwrap_or_default().to_owned() } else { title },
                link: facts.link.or_else(|| Some(source.url.clone())),
                feed: state.feed,
                feed_id: facts.id,
                since: self.since(&source.id)?,
                language: source.language.clone().or(facts.language),
                rights: facts.rights,
                updated: state.last_change,
                role: source.role,
                content: source.content,
                publish: source.publish,
                paid: source.paid,
            };
            sources.insert(source.id.clone(), Arc::new(card));
        }
        Ok(Planet { public_url: plan.public_url.clone(), hubs: plan.hubs.clone(), sources })
    }
}

/// Reads made while composing, which is pure and asks through closures that cannot fail: the first that failed is
/// kept, and told when all is done.
#[derive(Default)]
struct Reads(RefCell<Option<Error>>);

impl Reads {
    fn or_default<T: Default>(&self, read: Result<Option<T>, Error>) -> T {
        read.unwrap_or_else(|error| {
            self.0.borrow_mut().get_or_insert(error);
            None
        })
        .unwrap_or_default()
    }

    fn all_went_well(&self) -> Result<(), Error> {
        self.0.take().map_or(Ok(()), Err)
    }
}

/// The works, newest first, read as they are asked for; at the first that cannot be read they end.
struct Works<'a> {
    house: &'a House,
    plan: &'a Plan,
    reads: &'a Reads,
    page: Vec<Story>,
    last: Option<Story>,
    ended: bool,
}

impl Works<'_> {
    fn story(&mut self) -> Result<Option<Story>, Error> {
        if self.page.is_empty() && !self.ended {
            self.page = query::newest_stories(self.house.store(), self.last.as_ref(), PAGE)?;
            self.ended = self.page.len() < PAGE;
            self.last = self.page.last().cloned();
            self.page.reverse();
        }
        Ok(self.page.pop())
    }

    fn work(&mut self) -> Result<Option<Work>, Error> {
        while let Some(story) = self.story()? {
            if let Some(work) = self.house.work(self.plan, story, query::entry)? {
                return Ok(Some(work));
            }
        }
        Ok(None)
    }
}

impl Iterator for Works<'_> {
    type Item = Work;

    fn next(&mut self) -> Option<Work> {
        let work = self.work();
        self.reads.or_default(work.map(Some))
    }
}
