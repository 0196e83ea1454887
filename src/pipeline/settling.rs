//! What becomes of the stories that a change touches, and what does the person have to know of it?

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::PoisonError;

use url::Url;

use super::judge::judged;
use super::references::is_at_home;
use super::{Error, House, Judged, Plan, SAME_LINK_MAX, crowds};
use crate::matching::overrides::{Notice, OverrideUrls, Overrides};
use crate::matching::rivals::{self, Claims};
use crate::matching::settle::{Seeds, World, settle};
use crate::matching::stories::Standing;
use crate::model::{Change, Edge, EntryId, Node, Phrase, Resolution, Role, Story, StoryId, Timestamp, Verdict};
use crate::normalise::link;
use crate::store::{Draft, Read, query};

/// Under which name the store keeps the overrides that were applied.
const OVERRIDES: &str = "overrides";

impl House {
    /// Solves anew the stories that the overrides name, and those that the overrides named which were in force before,
    /// even if that was in another process: overrides win over all evidence, and evidence is heard again where one was
    /// taken back. Where none changed there is nothing to do.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn apply_overrides(&self, now: Timestamp) -> Result<Judged, Error> {
        let plan = self.plan();
        let kept = query::meta(&*self.store, OVERRIDES)?;
        let before: Vec<OverrideUrls> = kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default();
        let mut seeds = BTreeSet::new();
        if before != plan.overrides {
            for url in plan.overrides.iter().chain(&before).flat_map(|rule| rule.same.iter().chain(&rule.different)) {
                seeds.extend(named(&*self.store, &plan, url)?);
            }
        }
        let written = serde_json::to_vec(&plan.overrides).unwrap_or_default();
        let entries: Vec<EntryId> = seeds.into_iter().collect();
        self.settled(&entries, now, |draft| {
            if before != plan.overrides {
                draft.put_meta(OVERRIDES, &written);
            }
        })
    }

    /// Solves anew the stories around these entries: one commit.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn settle_anew(&self, entries: &[EntryId], now: Timestamp) -> Result<Judged, Error> {
        self.settled(entries, now, |_| ())
    }

    fn settled(&self, entries: &[EntryId], now: Timestamp, also: impl Fn(&mut Draft<'_>)) -> Result<Judged, Error> {
        let plan = self.plan();
        let _writing = self.writer();
        let mut draft = Draft::new(&*self.store);
        let (resolution, overrides) = self.settle(&mut draft, &plan, entries, now)?;
        also(&mut draft);
        draft.commit()?;
        self.touch();
        let notices = self.tell_notices(&resolution, overrides)?;
        Ok(Judged { notices, ..judged(entries.len(), resolution) })
    }

    /// The overrides in force, with what is wrong with them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn overrides(&self) -> Result<(Overrides, Vec<Notice>), Error> {
        self.resolve_overrides(&self.plan().overrides)
    }

    /// Overrides as they are written, as entries of this store, with what is wrong with them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn resolve_overrides(&self, written: &[OverrideUrls]) -> Result<(Overrides, Vec<Notice>), Error> {
        resolved(&*self.store, &self.plan(), written)
    }

    /// What the person should know, each thing once: overrides with a fault (told again when it comes back), entries
    /// that came where too many others are linked.
    pub(super) fn tell_notices(&self, resolution: &Resolution, overrides: Vec<Notice>) -> Result<Vec<String>, Error> {
        let faults: BTreeSet<String> = overrides.into_iter().map(|n| format!("feeds.toml: {}", n.message)).collect();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notices: Vec<String> = faults.difference(&told).cloned().collect();
        *told = faults;
        drop(told);
        for change in &resolution.changes {
            let Change::Capped { story, entry } = change else { continue };
            notices.extend(self.tell_crowd(*story, *entry)?);
        }
        Ok(notices)
    }

    /// Solves the touched part of the graph and writes what became of it; says what is wrong with the overrides.
    pub(super) fn settle(
        &self,
        draft: &mut Draft<'_>,
        plan: &Plan,
        seeds: &[EntryId],
        now: Timestamp,
    ) -> Result<(Resolution, Vec<Notice>), Error> {
        let (overrides, notices) = resolved(&*self.store, plan, &plan.overrides)?;
        let mut seeds = Seeds::new(seeds.iter().copied());
        let mut resolution = Resolution::default();
        while let Some(part) = settle(&Known::new(draft, plan), &mut seeds, &overrides, now)? {
            draft.put_resolution(&part, now)?;
            resolution.append(part);
        }
        crowds::keep(draft, &resolution)?;
        Ok((resolution, notices))
    }
}

/// The entries of an address that the person wrote: those that stand there, or else all that give it as theirs.
pub(super) fn named(from: &dyn Read, plan: &Plan, url: &Url) -> Result<Vec<EntryId>, Error> {
    let all = query::entries_by_link(from, &link::canonical(url), SAME_LINK_MAX)?;
    let mut at_home = Vec::new();
    for id in &all {
        // A reference beside what a source has of it is the same page: both are meant.
        let entry = query::entry(from, *id)?.filter(|entry| !entry.reference && is_at_home(plan, entry));
        at_home.extend(entry.map(|entry| entry.id));
    }
    Ok(if at_home.is_empty() { all } else { at_home })
}

/// Overrides as they are written, as entries.
fn resolved(from: &dyn Read, plan: &Plan, written: &[OverrideUrls]) -> Result<(Overrides, Vec<Notice>), Error> {
    let mut failed = None;
    let find = |url: &Url| {
        named(from, plan, url).unwrap_or_else(|e| {
            failed = Some(e);
            Vec::new()
        })
    };
    let resolved = Overrides::resolve(written, find);
    failed.map_or(Ok(resolved), Err)
}

/// Answers the resolver out of a draft, for one part of the graph.
struct Known<'a, 's> {
    read: &'a Draft<'s>,
    plan: &'a Plan,
    /// The edges read so far: each entry's have a say in those of all that it is linked with.
    edges: RefCell<HashMap<EntryId, Rc<Claims>>>,
}

impl<'a, 's> Known<'a, 's> {
    fn new(read: &'a Draft<'s>, plan: &'a Plan) -> Self {
        Self { read, plan, edges: RefCell::default() }
    }

    /// The edges of an entry as they were compared.
    fn compared(&self, entry: EntryId) -> Result<Rc<Claims>, Error> {
        if let Some(edges) = self.edges.borrow().get(&entry) {
            return Ok(Rc::clone(edges));
        }
        let edges = Rc::new(Claims::new(query::edges_of(self.read, entry)?));
        self.edges.borrow_mut().insert(entry, Rc::clone(&edges));
        Ok(edges)
    }
}

impl World for Known<'_, '_> {
    type Error = Error;

    fn node(&self, entry: EntryId) -> Result<Option<Node>, Error> {
        let Some(mut node) = query::node(self.read, entry)? else { return Ok(None) };
        let source = self.plan.source(&node.source).map(|source| &**source);
        // Only trust depends on the address, and only sources of originals are trusted: most entries need not be read.
        let link = match source {
            Some(source) if source.role == Role::Original => query::entry(self.read, entry)?.and_then(|e| e.link),
            _ => None,
        };
        node.trust(source, link.as_ref());
        Ok(Some(node))
    }

    /// Rival claims are settled first, as over the whole graph: what outdoes a link stands beside one of its ends.
    fn edges(&self, entry: EntryId) -> Result<Vec<Edge>, Error> {
        let own = self.compared(entry)?;
        let mut settled = own.edges().to_vec();
        for edge in settled.iter_mut().filter(|edge| edge.verdict == Verdict::Link) {
            let others = self.compared(edge.b)?;
            rivals::settle_one(edge, &own, &others);
        }
        Ok(settled)
    }

    fn story_of(&self, entry: EntryId) -> Result<Option<StoryId>, Error> {
        query::story_of(self.read, entry)
    }

    fn story(&self, id: StoryId) -> Result<Option<Story>, Error> {
        query::story(self.read, id)
    }

    fn standing(&self, story: StoryId) -> Result<Standing, Error> {
        if query::story(self.read, story)?.is_some() {
            return Ok(Standing::Taken);
        }
        Ok(if query::tombstone(self.read, story)?.is_some() { Standing::Gone } else { Standing::Free })
    }

    fn because(&self, a: EntryId, b: EntryId) -> Result<Vec<Phrase>, Error> {
        let Some(evidence) = query::evidence(self.read, a, b)? else { return Ok(Vec::new()) };
        let mut findings: Vec<_> =
            evidence.findings.iter().filter(|f| f.is_observed() && f.weight_bits > 0.0).collect();
        findings.sort_by(|x, y| y.weight_bits.total_cmp(&x.weight_bits));
        Ok(findings.into_iter().map(|f| f.because.clone()).collect())
    }
}
