//! What does a reader find at each address?

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use super::{Error, House, Plan};
use crate::compose::{self, Composed, Stock, Work};
use crate::formats;
use crate::model::edition::{Planet, SourceCard};
use crate::model::{Edition, EditionQuery, EditionSpec, Entry, SourceState, Story, StoryId, Timestamp, Tombstone};
use crate::pages::{self, Filter, Messages, Metric, Route};
use crate::publish::{Ask, Counts, Page, Refusal, Site};
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
    /// What the server counts, for `/metrics`.
    counts: Arc<Counts>,
    /// The cards of the sources, made for this version of the house.
    planet: Mutex<Option<(u64, Arc<Planet>)>>,
    /// When an edition changes though nothing comes: until then a story is held for a translation.
    again: Mutex<Option<Timestamp>>,
    /// How often such a time has passed.
    turns: AtomicU64,
}

impl Shopfront {
    /// A site over a house, which asks `now` for the time; `counts` are the server's.
    pub fn new(house: Arc<House>, counts: Arc<Counts>, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            house,
            now: Box::new(now),
            counts,
            planet: Mutex::default(),
            again: Mutex::default(),
            turns: AtomicU64::new(0),
        }
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
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        if again.is_some_and(|at| at <= (self.now)()) {
            *again = None;
            self.turns.fetch_add(1, Ordering::Relaxed);
        }
        // Both only grow, so the sum moves whenever one of them does.
        self.house.version() + self.turns.load(Ordering::Relaxed)
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
            Ok(composed) => {
                if let Some(at) = composed.again {
                    let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
                    *again = Some(again.map_or(at, |earlier| earlier.min(at)));
                }
                Ok(Arc::new(composed.edition))
            }
            Err(Composing::Query(sentence)) => Err(Refusal::Bad(sentence)),
            Err(Composing::Store(error)) => {
                tracing::error!(edition = id, %error, "an edition cannot be composed");
                Err(Refusal::NotReady)
            }
        }
    }

    fn page(&self, ask: &Ask) -> Option<Page> {
        let messages = Messages::for_reader(&ask.languages);
        let route = Route::of(&ask.path);
        let made = match route {
            Some(route) => self.made(route, ask, messages),
            None => Ok(None),
        };
        match made {
            Ok(Some(page)) => Some(page),
            Ok(None) => {
                let body = pages::not_found(&self.house.frame(), messages);
                Some(Page { status: 404, ..Page::html(body) })
            }
            Err(error) => {
                tracing::error!(path = ask.path, error = %error, "a page cannot be made");
                Some(Page::new(503, TEXT, format!("this page cannot be made now: {error}\n")))
            }
        }
    }
}

/// Media type of plain answers.
const TEXT: &str = "text/plain; charset=utf-8";
/// How long stylesheets may be kept, in seconds: they change with the program.
const STYLE_MAX_AGE_S: u32 = 3_600;

impl Shopfront {
    fn made(&self, route: Route, ask: &Ask, messages: &'static Messages) -> Result<Option<Page>, Composing> {
        let house = &self.house;
        let now = (self.now)();
        let style =
            |body: &'static str| Page { max_age_s: STYLE_MAX_AGE_S, ..Page::new(200, "text/css; charset=utf-8", body) };
        let title = || house.frame().title;
        Ok(Some(match route {
            Route::Health => Page::new(200, TEXT, "ok\n"),
            Route::Ready => match house.store().ready() {
                Ok(()) => Page::new(200, TEXT, "ready\n"),
                Err(error) => Page::new(503, TEXT, format!("not ready: {error}\n")),
            },
            Route::Style => style(pages::STYLE),
            Route::FeedStyle => style(pages::FEED_STYLE),
            Route::Robots => Page::new(200, TEXT, pages::ROBOTS),
            Route::Index => {
                let view = house.index(&*self.planet()?, Filter::read(&ask.query), now)?;
                Page::html(pages::index(&house.frame(), &view, messages))
            }
            Route::Story(id) => match house.story_page(&*self.planet()?, id)? {
                None => return Ok(None),
                Some(Ok(view)) => Page::html(pages::story(&house.frame(), &view, messages)),
                Some(Err(into)) => {
                    let home = house.plan().public_url.clone();
                    let location = format!("{}/story/{}", home.path().trim_end_matches('/'), into.0);
                    Page { location: Some(location), ..Page::new(308, TEXT, "this story is part of another one\n") }
                }
            },
            Route::Sources => {
                let lines = house.source_lines(&*self.planet()?)?;
                Page::html(pages::sources(&house.frame(), &lines, &house.publications()?, messages))
            }
            Route::Status => {
                let planet = self.planet()?;
                let edition = compose::status(&planet, house.status_events(&planet, now)?);
                Page::new(200, formats::atom::FORMAT.media_type, (formats::atom::FORMAT.render)(&edition))
            }
            Route::EditionsOpml => {
                let planet = self.planet()?;
                let body = formats::opml::editions(&title(), &planet, &house.plan().editions);
                Page::new(200, formats::opml::FORMAT.media_type, body)
            }
            Route::SourcesOpml => {
                Page::new(200, formats::opml::FORMAT.media_type, formats::opml::sources(&title(), &*self.planet()?))
            }
            Route::Metrics => Page::new(200, pages::METRICS_MEDIA_TYPE, pages::metrics(&self.metrics()?)),
        }))
    }

    /// The facts of the running daemon.
    fn metrics(&self) -> Result<Vec<Metric>, Error> {
        let house = &self.house;
        let summary = house.summary()?;
        let stats = house.store().stats()?;
        let folded = summary.entries.saturating_sub(summary.stories);
        let gauge = |name, help, value: u64| Metric::plain(name, help, false, value as f64);
        let mut all = vec![
            gauge("sources", "Configured sources.", summary.sources as u64),
            gauge("entries", "Entries that stand in stories.", summary.entries as u64),
            gauge("stories", "Stories.", summary.stories as u64),
            gauge("folded", "Entries folded into the story of another.", folded as u64),
            gauge(
                "config_fault",
                "Whether feeds.toml was edited and cannot be used.",
                house.config_fault().is_some().into(),
            ),
            gauge("waiting_entries", "Entries to be judged.", house.waiting(COUNTED_MAX)? as u64),
            gauge("store_live_bytes", "Bytes of live keys and values.", stats.live_bytes),
            gauge("store_disk_bytes", "Bytes of the store on disk.", stats.disk_bytes),
        ];
        let mut polls = Metric { name: "polls_total", help: "Polls of a source.", counter: true, samples: Vec::new() };
        let mut unchanged = Metric {
            name: "unchanged_total",
            help: "Polls answered by 304 or the same body.",
            counter: true,
            samples: Vec::new(),
        };
        let mut failing =
            Metric { name: "failures", help: "Failed polls in a row.", counter: false, samples: Vec::new() };
        let plan = house.plan();
        for source in plan.sources() {
            let state = house.state(&source.id)?;
            let label = || vec![("source", plan.name(&source.id).to_string())];
            polls.samples.push((label(), state.polls as f64));
            unchanged.samples.push((label(), state.unchanged as f64));
            failing.samples.push((label(), f64::from(state.failures)));
        }
        all.extend([polls, unchanged, failing]);
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = &self.counts;
        let classes = counts.answers.iter().zip(["1xx", "2xx", "3xx", "4xx", "5xx"]);
        all.push(Metric {
            name: "answers_total",
            help: "Answers by class of status.",
            counter: true,
            samples: classes.map(|(n, class)| (vec![("class", class.to_owned())], load(n) as f64)).collect(),
        });
        let counter = |name, help, value: u64| Metric::plain(name, help, true, value as f64);
        all.push(counter("not_modified_total", "Answers of 304.", load(&counts.not_modified)));
        all.push(counter("renders_total", "Editions rendered.", load(&counts.renders)));
        all.push(counter("render_microseconds_total", "Microseconds spent rendering.", load(&counts.render_us)));
        Ok(all)
    }
}

/// Entries to be judged that are counted.
const COUNTED_MAX: usize = 1_000_000;

/// Why an edition cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum Composing {
    /// The query asks for what there is not.
    #[error("{0}")]
    Query(String),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] Error),
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
    ) -> Result<Composed, Composing> {
        let spec = plan.editions.iter().find(|spec| spec.id == id);
        let spec = spec.ok_or_else(|| Composing::Query(format!("there is no edition {id:?}")))?;
        let composed = self.composed(plan, spec, query, planet, query.is_empty(), now)?;
        if !composed.shown.is_empty() && query.is_empty() {
            let _writing = self.writer();
            let mut draft = Draft::new(self.store());
            for (story, shown) in &composed.shown {
                draft.put_shown(id, *story, shown)?;
            }
            draft.commit()?;
        }
        Ok(composed)
    }

    /// Composes an edition that is not published as a feed: nothing is remembered of it.
    pub(super) fn compose_spec(
        &self,
        plan: &Plan,
        spec: &EditionSpec,
        query: &EditionQuery,
        planet: &Planet,
        now: Timestamp,
    ) -> Result<Edition, Composing> {
        Ok(self.composed(plan, spec, query, planet, false, now)?.edition)
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
        let stock = Stock {
            body: &|entry: &Entry| query::body(store, entry.id).ok().flatten().unwrap_or_default(),
            shown: &|story: StoryId| {
                if remembers { query::shown(store, &spec.id, story).ok().flatten() } else { None }
            },
            tombstones: &tombstones,
            planet,
        };
        let works = Works { house: self, plan, page: Vec::new(), last: None, ended: false };
        compose::compose(spec, query, works, &stock, now).map_err(Composing::Query)
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
