//! What does a reader find at each address?

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::editions::Composing;
use super::kept::Kept;
use super::views::Listing;
use super::{Error, House};
use crate::compose;
use crate::formats;
use crate::model::edition::Planet;
use crate::model::{Edition, EditionQuery, Timestamp};
use crate::pages::{self, Filter, Index, Messages, Route};
use crate::publish::{Ask, Counts, Page, Refusal, Site};

/// Planets kept: there is one.
const PLANETS_MAX: usize = 1;
/// Editions and lists of the configuration kept, each at most a few MB: more than anybody has.
const EDITIONS_MAX: usize = 256;
/// Lists by language, author or source kept: each some 200 KB.
const FILTERED_MAX: usize = 64;

/// The house as a site: what `publish` serves.
pub struct Shopfront {
    pub(super) house: Arc<House>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// What the server counts, for `/metrics`.
    pub(super) counts: Arc<Counts>,
    /// The cards of the sources.
    planets: Kept<(), Planet>,
    /// The editions of the configuration as they stand.
    editions: Kept<String, Edition>,
    /// The same as each was last committed: served on while nothing can be.
    committed: Mutex<HashMap<String, Arc<Edition>>>,
    /// The stories of each edition for the front page.
    lists: Kept<String, Listing>,
    /// The same for what is asked of them: apart, so that no question lets the front page wait.
    filtered: Kept<(String, EditionQuery), Listing>,
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
            planets: Kept::new(PLANETS_MAX),
            editions: Kept::new(EDITIONS_MAX),
            committed: Mutex::default(),
            lists: Kept::new(EDITIONS_MAX),
            filtered: Kept::new(FILTERED_MAX),
            again: Mutex::default(),
            turns: AtomicU64::new(0),
        }
    }

    fn planet(&self) -> Result<Arc<Planet>, Error> {
        self.planets.get(self.house.version(), (), || self.house.planet())
    }

    /// An edition as it stands; those of the configuration are composed once for each state.
    pub(super) fn composed(&self, id: &str, query: &EditionQuery) -> Result<Arc<Edition>, Composing> {
        // Those asked for by parameters are kept by the server, which bounds their number and their bytes.
        if !query.is_empty() {
            return self.compose(id, query).map(Arc::new);
        }
        let edition = self.editions.get(self.state(), id.to_owned(), || match self.compose(id, query) {
            Err(Composing::Store(error)) if self.house.heeds(&error) => self.last(id, error),
            other => other,
        })?;
        if self.house.fault_of_store().is_none() {
            let mut committed = self.committed();
            // Names that are in the configuration no more are forgotten with all others.
            if committed.len() >= EDITIONS_MAX && !committed.contains_key(id) {
                committed.clear();
            }
            committed.insert(id.to_owned(), Arc::clone(&edition));
        }
        Ok(edition)
    }

    fn compose(&self, id: &str, query: &EditionQuery) -> Result<Edition, Composing> {
        let composed = self.house.compose(&self.house.plan(), id, query, &*self.planet()?, (self.now)())?;
        self.look_again(composed.again);
        Ok(composed.edition)
    }

    /// Remembers when something that was composed changes though nothing comes.
    fn look_again(&self, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        *again = Some(again.map_or(at, |earlier| earlier.min(at)));
    }

    /// An edition while what it shows cannot be committed: as it stood last, else as it would stand.
    fn last(&self, id: &str, error: Error) -> Result<Edition, Composing> {
        if let Some(last) = self.committed().get(id) {
            return Ok((**last).clone());
        }
        let plan = self.house.plan();
        let spec = plan.editions.iter().find(|spec| spec.id == id).ok_or(Composing::Store(error))?;
        let composed =
            self.house.compose_page(&plan, spec, &EditionQuery::default(), &*self.planet()?, (self.now)())?;
        self.look_again(composed.again);
        Ok(composed.edition)
    }

    fn committed(&self) -> MutexGuard<'_, HashMap<String, Arc<Edition>>> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stories of an edition that meet the filter.
    fn index(&self, filter: Filter) -> Result<Index, Composing> {
        let (house, state) = (&self.house, self.state());
        let plan = house.plan();
        let spec = house.listed_edition(&plan, &filter)?;
        let planet = self.planet()?;
        let list = |query: &EditionQuery| {
            let (listing, again) = house.listing(&plan, &spec, query, &planet, (self.now)())?;
            self.look_again(again);
            Ok::<_, Composing>(listing)
        };
        let all = self.lists.get(state, spec.id.clone(), || list(&EditionQuery::default()))?;
        let found = match filter.asked.is_empty() {
            true => Arc::clone(&all),
            false => self.filtered.get(state, (spec.id.clone(), filter.asked.clone()), || list(&filter.asked))?,
        };
        house.index(&spec, (&all, &found), filter, &planet, (self.now)())
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
        self.composed(id, query).map_err(|why| match why {
            Composing::Unknown(_) => Refusal::Unknown,
            Composing::Query(sentence) => Refusal::Bad(sentence),
            Composing::Store(error) => {
                tracing::error!(edition = id, %error, "an edition cannot be composed");
                Refusal::NotReady
            }
        })
    }

    fn page(&self, ask: &Ask) -> Option<Page> {
        let messages = Messages::for_reader(&ask.languages);
        let nothing = || Page { status: 404, ..Page::html(pages::not_found(&self.house.frame(), messages)) };
        let made = match Route::of(&ask.path) {
            Some(route) => self.made(route, ask, messages),
            None => Ok(None),
        };
        Some(match made {
            Ok(Some(page)) => page,
            Ok(None) | Err(Composing::Unknown(_)) => nothing(),
            Err(Composing::Query(sentence)) => Page::new(400, TEXT, sentence + "\n"),
            Err(Composing::Store(error)) => {
                tracing::error!(path = ask.path, %error, "a page cannot be made");
                Page::new(503, TEXT, format!("this page cannot be made now: {error}\n"))
            }
        })
    }
}

/// Media type of plain answers.
const TEXT: &str = "text/plain; charset=utf-8";
/// How long stylesheets and the icon may be kept, in seconds: they change with the program.
const STYLE_MAX_AGE_S: u32 = 3_600;

impl Shopfront {
    fn made(&self, route: Route, ask: &Ask, messages: &'static Messages) -> Result<Option<Page>, Composing> {
        let house = &self.house;
        let style =
            |body: &'static str| Page { max_age_s: STYLE_MAX_AGE_S, ..Page::new(200, "text/css; charset=utf-8", body) };
        let title = || house.frame().title;
        Ok(Some(match route {
            Route::Health => Page::new(200, TEXT, "ok\n"),
            Route::Ready => match house.fault_of_store() {
                None => Page::new(200, TEXT, "ready\n"),
                Some(error) => Page::new(503, TEXT, format!("not ready: {error}\n")),
            },
            Route::Style => style(pages::STYLE),
            Route::FeedStyle => style(pages::FEED_STYLE),
            Route::Icon => {
                Page { max_age_s: STYLE_MAX_AGE_S, ..Page::new(200, "image/svg+xml; charset=utf-8", pages::ICON) }
            }
            Route::Robots => Page::new(200, TEXT, pages::ROBOTS),
            Route::Index => {
                let view = self.index(Filter::read(&ask.query).map_err(Composing::Query)?)?;
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
                Page::html(pages::sources(&house.frame_with_notices()?, &lines, &house.publications()?, messages))
            }
            Route::Status => {
                let planet = self.planet()?;
                let edition = compose::status(&planet, house.status_events(&planet, (self.now)())?);
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
            Route::Metrics => Page::new(200, pages::METRICS_MEDIA_TYPE, pages::metrics(&self.metrics((self.now)())?)),
        }))
    }
}
