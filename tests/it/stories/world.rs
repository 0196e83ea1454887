//! A world in which texts are sets of sentences, so that everybody can say what is a version of what: entries arrive,
//! change and go, are compared by the sentences they share, and are settled through a real store.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration};
use tributary::matching::overrides::Overrides;
use tributary::matching::settle::{Seeds, World, settle};
use tributary::matching::stories::Standing;
use tributary::model::{
    Edge, EntryId, Evidence, Extent, Language, Node, Phrase, Resolution, Role, SourceId, Story, StoryId, Timestamp,
    Verdict,
};
use tributary::store::{self, Draft, MemoryStore, Scan, Store, query};

/// Bits that a link must reach here.
const THRESHOLD_BITS: f32 = 10.0;

/// An entry as its source publishes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    pub source: String,
    pub guid: String,
    pub role: Role,
    pub trusted: bool,
    pub reference: bool,
    pub language: &'static str,
    pub author: String,
    pub sentences: BTreeSet<u32>,
    /// What it claims about its date, in seconds from now.
    pub claimed_s: i64,
    /// Bits that claims (a forged canonical link, a copied author) add to its comparisons.
    pub claims_bits: f32,
}

impl Post {
    pub fn id(&self) -> EntryId {
        EntryId::new(&SourceId(self.source.clone()), &format!("guid:{}", self.guid))
    }

    fn node(&self, first_seen: Timestamp) -> Node {
        Node {
            entry: self.id(),
            source: SourceId(self.source.clone()),
            role: self.role,
            trusted: self.trusted,
            reference: self.reference,
            first_seen,
            revised: None,
            // Clamped, as normalise does.
            published: Some(first_seen + Duration::seconds(self.claimed_s.min(600))),
            language: Language::parse(self.language),
            authors: vec![self.author.clone()],
            text_len: self.sentences.len() as u32 * 100,
            extent: Extent::Whole,
        }
    }
}

/// A judge that is easily taken in: whatever shares half of either text is a link, whoever is more by bits of claims.
pub fn compare(a: &Post, b: &Post) -> Option<Evidence> {
    let shared = a.sentences.intersection(&b.sentences).count() as f32;
    if shared == 0.0 {
        return None;
    }
    let (coverage_a, coverage_b) = (shared / a.sentences.len() as f32, shared / b.sentences.len() as f32);
    let most = coverage_a.max(coverage_b);
    let total_bits = 40.0 * (coverage_a + coverage_b) / 2.0 + a.claims_bits + b.claims_bits;
    let verdict = match most {
        _ if most >= 0.5 && total_bits >= THRESHOLD_BITS => Verdict::Link,
        _ if most >= 0.25 => Verdict::PossibleLink,
        _ => Verdict::NonLink,
    };
    let threshold_bits = THRESHOLD_BITS;
    Some(Evidence { findings: Vec::new(), total_bits, threshold_bits, coverage_a, coverage_b, verdict })
}

/// The daemon's part in it.
pub struct Planet {
    pub store: Box<dyn Store>,
    pub posts: BTreeMap<EntryId, Post>,
    pub overrides: Overrides,
    /// Seconds since the beginning.
    pub second: i64,
    /// Entries whose text was ever edited.
    pub edited: BTreeSet<EntryId>,
    /// Which entries hold a sentence: the candidates.
    holders: BTreeMap<u32, BTreeSet<EntryId>>,
}

pub fn at(second: i64) -> Timestamp {
    DateTime::from_timestamp(1_763_800_000 + second, 0).unwrap_or_default()
}

impl Planet {
    pub fn new(store: Box<dyn Store>) -> Self {
        Self {
            store,
            posts: BTreeMap::new(),
            overrides: Overrides::default(),
            second: 0,
            edited: BTreeSet::new(),
            holders: BTreeMap::new(),
        }
    }

    /// An entry comes, or comes again with another text.
    pub fn arrive(&mut self, post: Post) -> Resolution {
        self.second += 1;
        let id = post.id();
        let mut draft = Draft::new(&*self.store);
        let known = query::node(&draft, id).unwrap();
        let first_seen = known.as_ref().map_or(at(self.second), |node| node.first_seen);
        let edited = self.posts.get(&id).is_some_and(|old| old.sentences != post.sentences);
        let revised = if edited { Some(at(self.second)) } else { known.and_then(|node| node.revised) };
        self.edited.extend(edited.then_some(id));
        let mut seeds = vec![id];
        seeds.extend(draft.delete_edges(id).unwrap());
        draft.put_node(&Node { revised, ..post.node(first_seen) }).unwrap();
        if let Some(old) = self.posts.get(&id) {
            for sentence in &old.sentences {
                self.holders.get_mut(sentence).unwrap().remove(&id);
            }
        }
        let candidates: BTreeSet<EntryId> =
            post.sentences.iter().flat_map(|s| self.holders.get(s).into_iter().flatten()).copied().collect();
        for other in candidates {
            if let Some(evidence) = compare(&post, &self.posts[&other]) {
                draft.put_edge(id, other, &evidence).unwrap();
            }
        }
        for sentence in &post.sentences {
            self.holders.entry(*sentence).or_default().insert(id);
        }
        self.posts.insert(id, post);
        self.finish(draft, &seeds)
    }

    /// An entry is removed.
    pub fn remove(&mut self, id: EntryId) -> Resolution {
        self.second += 1;
        let Some(post) = self.posts.remove(&id) else { return Resolution::default() };
        for sentence in &post.sentences {
            self.holders.get_mut(sentence).unwrap().remove(&id);
        }
        let mut draft = Draft::new(&*self.store);
        let mut seeds = vec![id];
        seeds.extend(draft.delete_entry(id).unwrap());
        self.finish(draft, &seeds)
    }

    /// The reader writes other overrides.
    pub fn set_overrides(&mut self, same: Vec<Vec<EntryId>>, different: Vec<Vec<EntryId>>) -> Resolution {
        self.second += 1;
        let named = |overrides: &Overrides| {
            let pairs = overrides.different().flat_map(|(a, b)| [a, b]);
            overrides.same().iter().flatten().copied().chain(pairs).collect::<BTreeSet<_>>()
        };
        let mut seeds = named(&self.overrides);
        self.overrides = Overrides::new(same, &different);
        seeds.extend(named(&self.overrides));
        let seeds: Vec<EntryId> = seeds.into_iter().collect();
        self.finish(Draft::new(&*self.store), &seeds)
    }

    /// The process ends and starts again on what was stored.
    pub fn restart(&mut self) {
        let pairs = self.store.scan(&Scan::prefix(b"", usize::MAX)).unwrap();
        let mut batch = store::Batch::new();
        pairs.into_iter().for_each(|(key, value)| batch.put(key, value));
        let again = MemoryStore::new();
        again.apply(batch).unwrap();
        self.store = Box::new(again);
    }

    pub fn now(&self) -> Timestamp {
        at(self.second)
    }

    /// Settles the same entries again: nothing may come of it.
    pub fn settle_again(&self) -> Resolution {
        self.settled(Draft::new(&*self.store), self.posts.keys().copied()).0
    }

    fn finish(&self, draft: Draft<'_>, seeds: &[EntryId]) -> Resolution {
        let (resolution, draft) = self.settled(draft, seeds.iter().copied());
        draft.commit().unwrap();
        resolution
    }

    fn settled<'s>(&self, mut draft: Draft<'s>, seeds: impl Iterator<Item = EntryId>) -> (Resolution, Draft<'s>) {
        let (mut seeds, now) = (Seeds::new(seeds), at(self.second));
        let mut all = Resolution::default();
        loop {
            let around = Around { planet: self, draft: &draft };
            let Some(part) = settle(&around, &mut seeds, &self.overrides, now).unwrap() else { return (all, draft) };
            draft.put_resolution(&part, now).unwrap();
            all.append(part);
        }
    }

    pub fn stories(&self) -> Vec<Story> {
        query::stories(&*self.store, None, usize::MAX).unwrap()
    }

    pub fn story_with(&self, id: EntryId) -> Option<Story> {
        query::story_of(&*self.store, id).unwrap().and_then(|story| query::story(&*self.store, story).unwrap())
    }

    /// All nodes, for the oracle.
    pub fn nodes(&self) -> Vec<Node> {
        let draft = Draft::new(&*self.store);
        let around = Around { planet: self, draft: &draft };
        self.posts.keys().map(|id| around.node(*id).unwrap().unwrap()).collect()
    }
}

struct Around<'a, 's> {
    planet: &'a Planet,
    draft: &'a Draft<'s>,
}

impl World for Around<'_, '_> {
    type Error = store::Error;

    fn node(&self, entry: EntryId) -> Result<Option<Node>, store::Error> {
        let Some(mut node) = query::node(self.draft, entry)? else { return Ok(None) };
        let Some(post) = self.planet.posts.get(&entry) else { return Ok(None) };
        (node.role, node.trusted) = (post.role, post.trusted);
        Ok(Some(node))
    }

    fn edges(&self, entry: EntryId) -> Result<Vec<Edge>, store::Error> {
        query::edges_of(self.draft, entry)
    }

    fn story_of(&self, entry: EntryId) -> Result<Option<StoryId>, store::Error> {
        query::story_of(self.draft, entry)
    }

    fn story(&self, id: StoryId) -> Result<Option<Story>, store::Error> {
        query::story(self.draft, id)
    }

    fn standing(&self, story: StoryId) -> Result<Standing, store::Error> {
        Ok(match query::story(self.draft, story)? {
            Some(_) => Standing::Taken,
            None if query::tombstone(self.draft, story)?.is_some() => Standing::Gone,
            None => Standing::Free,
        })
    }

    fn because(&self, a: EntryId, b: EntryId) -> Result<Vec<Phrase>, store::Error> {
        let evidence = query::evidence(self.draft, a, b)?;
        Ok(evidence
            .into_iter()
            .map(|e| Phrase::new("they share {} % of their text", &[&(e.coverage_a * 100.0).round()]))
            .collect())
    }
}
