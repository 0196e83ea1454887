//! What does a reader find at each address?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use super::{Error, House, Plan};
use crate::compose::{self, Stock, Work};
use crate::model::edition::{Planet, SourceCard};
use crate::model::{Edition, EditionQuery, Entry, SourceState, Story, StoryId, Timestamp, Tombstone};
use crate::publish::{Ask, Page, Refusal, Site};
use crate::store::{Draft, query};

/// Stories read at once.
const PAGE: usize = 64;
/// Tombstones that an edition is given: it names those as old as its oldest story.
const TOMBSTONES_MAX: usize = 1_000;
/// How far back tombstones are looked for: a reader that was away longer has forgotten the entries too.
const TOMBSTONES_AGE: TimeDelta = TimeDelta::days(90);

/// The house as a site: what `publish` serves.
pub struct Shopfront {
    house: Arc<House>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// The cards of the sources, made for this version of the house.
    planet: Mutex<Option<(u64, Arc<Planet>)>>,
}

impl Shopfront {
    /// A site over a house, which asks `now` for the time.
    pub fn new(house: Arc<House>, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { house, now: Box::new(now), planet: Mutex::default() }
    }

    fn planet(&self) -> Result<Arc<Planet>, Error> {
        let version = self.house.version();
        let mut kept = self.planet.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, planet)) = &*kept
            && *at == version
        {
            return Ok(Arc::clone(planet));
        }
        let planet = Arc::new(self.house.planet()?);
        *kept = Some((version, Arc::clone(&planet)));
        Ok(planet)
    }
}

impl Site for Shopfront {
    fn state(&self) -> u64 {
        self.house.version()
    }

    fn edition(&self, id: &str, query: &EditionQuery) -> Result<Arc<Edition>, Refusal> {
        let plan = self.house.plan();
        if !plan.editions.iter().any(|spec| spec.id == id) {
            return Err(Refusal::Unknown);
        }
        let composed = self
            .planet()
            .map_err(Composing::Store)
            .and_then(|planet| self.house.compose(&plan, id, query, &planet, (self.now)()));
        match composed {
            Ok(edition) => Ok(Arc::new(edition)),
            Err(Composing::Query(sentence)) => Err(Refusal::Bad(sentence)),
            Err(Composing::Store(error)) => {
                tracing::error!(edition = id, %error, "an edition cannot be composed");
                Err(Refusal::NotReady)
            }
        }
    }

    fn page(&self, ask: &Ask) -> Option<Page> {
        match ask.path.as_str() {
            "/healthz" => Some(Page::new(200, "text/plain; charset=utf-8", "ok\n")),
            "/readyz" => Some(match self.house.store().ready() {
                Ok(()) => Page::new(200, "text/plain; charset=utf-8", "ready\n"),
                Err(error) => Page::new(503, "text/plain; charset=utf-8", format!("not ready: {error}\n")),
            }),
            _ => None,
        }
    }
}

/// Why an edition cannot be composed.
#[derive(Debug)]
pub enum Composing {
    /// The query asks for what there is not.
    Query(String),
    /// The store cannot be read or written.
    Store(Error),
}

impl House {
    /// Composes an edition and commits what it shows, so that it shows the same after a restart.
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
    ) -> Result<Edition, Composing> {
        let spec = plan.editions.iter().find(|spec| spec.id == id);
        let spec = spec.ok_or_else(|| Composing::Query(format!("there is no edition {id:?}")))?;
        let store = self.store();
        let tombstones: Vec<Tombstone> =
            query::tombstones_since(store, now - TOMBSTONES_AGE, TOMBSTONES_MAX).map_err(Composing::Store)?;
        let keeps_records = query.is_empty();
        let stock = Stock {
            body: &|entry: &Entry| query::body(store, entry.id).ok().flatten().unwrap_or_default(),
            shown: &|story: StoryId| {
                if keeps_records { query::shown(store, id, story).ok().flatten() } else { None }
            },
            tombstones: &tombstones,
            planet,
        };
        let works = Works { house: self, plan, page: Vec::new(), last: None, ended: false };
        let composed = compose::compose(spec, query, works, &stock, now).map_err(Composing::Query)?;
        if keeps_records && !composed.shown.is_empty() {
            let mut draft = Draft::new(store);
            for (story, shown) in &composed.shown {
                draft.put_shown(id, *story, shown).map_err(Composing::Store)?;
            }
            draft.commit().map_err(Composing::Store)?;
        }
        Ok(composed.edition)
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

/// The works, newest first, read as they are asked for.
struct Works<'a> {
    house: &'a House,
    plan: &'a Plan,
    page: Vec<Story>,
    last: Option<Story>,
    ended: bool,
}

impl Iterator for Works<'_> {
    type Item = Work;

    fn next(&mut self) -> Option<Work> {
        loop {
            if self.page.is_empty() && !self.ended {
                self.page =
                    query::newest_stories(self.house.store(), self.last.as_ref(), PAGE).unwrap_or_else(|error| {
                        tracing::error!(%error, "stories cannot be read");
                        Vec::new()
                    });
                self.ended = self.page.len() < PAGE;
                self.last = self.page.last().cloned();
                self.page.reverse();
            }
            let story = self.page.pop()?;
            let known = |entry: &Entry| entry.reference || self.plan.source(&entry.source).is_some();
            let read = |id| query::entry(self.house.store(), id).ok().flatten();
            let entries: Vec<Entry> = story.members.iter().filter_map(|m| read(m.entry)).filter(known).collect();
            if entries.iter().any(|entry| !entry.reference) {
                return Some(Work { story, entries });
            }
        }
    }
}
