//! What becomes of the stories that a change touches? The touched part of the graph is walked, cut anew and resolved.
//!
//! The part is closed: with an entry come all that are linked to it, all that the reader joined it with, and all that
//! stand in a story with it. So solving the part gives what solving the whole would give there.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::overrides::Overrides;
use super::partition::{MAINLY, Partition, partition, partition_around};
use super::stories::{Scene, Standing, resolve};
use crate::model::{Change, Edge, EntryId, Node, Phrase, Resolution, Story, StoryId, Timestamp, Verdict};

/// Entries that are solved together at the most: twice as many as a story may have. A story of usual size takes below 1 ms to
/// read and to solve, one of 31 entries 2 to 3, one of 128 that are all linked with one another 16 (docs/RELIABILITY.md).
pub const COMPONENT_MAX: usize = 256;

/// What the resolver asks about the world around: answered from the store (or a draft over it) and the configuration.
pub trait World {
    /// Why an answer could not be given.
    type Error;

    /// The node of an entry with its trust set, or `None` if there is no such entry (any more).
    fn node(&self, entry: EntryId) -> Result<Option<Node>, Self::Error>;

    /// The edges of an entry, rival claims settled.
    fn edges(&self, entry: EntryId) -> Result<Vec<Edge>, Self::Error>;

    /// The story that an entry is in, or was in when it was removed.
    fn story_of(&self, entry: EntryId) -> Result<Option<StoryId>, Self::Error>;

    /// The story with this id.
    fn story(&self, id: StoryId) -> Result<Option<Story>, Self::Error>;

    /// Whether a story's id is in use, was, or is free.
    fn standing(&self, story: StoryId) -> Result<Standing, Self::Error>;

    /// Why two entries were linked, strongest reason first; empty where that is not known.
    fn because(&self, a: EntryId, b: EntryId) -> Result<Vec<Phrase>, Self::Error>;
}

/// A part of the graph that is closed.
#[derive(Debug, Default)]
struct Component {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    previous: Vec<Story>,
    /// All that was come by, what is no more included.
    seen: BTreeSet<EntryId>,
    /// It is larger than the cap; what was read of it is a part.
    capped: bool,
}

impl Component {
    /// Takes an entry in with its story, unless that makes it too large; the first always.
    fn take_in<W: World>(&mut self, graph: &mut Graph<'_, W>, entry: EntryId) -> Result<bool, W::Error> {
        let known = |id: &StoryId| self.previous.iter().any(|story| story.id == *id);
        let story = match graph.world.story_of(entry)?.filter(|id| !known(id)) {
            Some(id) => graph.world.story(id)?,
            None => None,
        };
        let members = story.iter().flat_map(|story| &story.members).map(|m| m.entry);
        let new: BTreeSet<EntryId> = members.chain([entry]).filter(|e| !self.seen.contains(e)).collect();
        if !self.seen.is_empty() && self.seen.len() + new.len() > COMPONENT_MAX {
            return Ok(false);
        }
        self.previous.extend(story);
        for entry in new {
            self.seen.insert(entry);
            if let Some(node) = graph.world.node(entry)? {
                self.nodes.push(node);
                graph.edges(entry)?;
            }
        }
        Ok(true)
    }

    /// All of it was read.
    fn close<W: World>(&mut self, graph: &Graph<'_, W>) {
        self.edges = graph.of(&self.nodes);
        self.previous.sort_by_key(|story| story.id);
    }
}

/// The entries that a change touches, and those of them that are not settled yet.
#[derive(Debug, Clone)]
pub struct Seeds {
    all: BTreeSet<EntryId>,
    rest: BTreeSet<EntryId>,
    /// Those of the rest that do not stand where they stood; `None` until a part is past the cap.
    moving: Option<BTreeSet<EntryId>>,
}

impl Seeds {
    /// Entries that came, were edited, got their full text or were removed, that were linked with one of those, or
    /// that an override names.
    pub fn new(entries: impl IntoIterator<Item = EntryId>) -> Self {
        let all: BTreeSet<EntryId> = entries.into_iter().collect();
        Self { rest: all.clone(), all, moving: None }
    }

    /// Takes those out of the rest that are among these.
    fn take(&mut self, seen: &BTreeSet<EntryId>) -> BTreeSet<EntryId> {
        let (taken, rest) = std::mem::take(&mut self.rest).into_iter().partition(|entry| seen.contains(entry));
        self.rest = rest;
        self.moving.iter_mut().for_each(|moving| moving.retain(|entry| !taken.contains(entry)));
        taken
    }
}

/// Solves anew one part of what a change touches; `None` once nothing is left. The edges of the seeds must be written
/// before, and what is returned must be written before the next part is asked for.
///
/// # Errors
/// Those of the world.
pub fn settle<W: World>(
    world: &W,
    seeds: &mut Seeds,
    overrides: &Overrides,
    now: Timestamp,
) -> Result<Option<Resolution>, W::Error> {
    let Some(first) = seeds.rest.first().copied() else { return Ok(None) };
    let mut graph = Graph { world, edges: BTreeMap::new() };
    let whole = walk(&mut graph, first, &seeds.all, overrides)?;
    let here: BTreeSet<EntryId> = seeds.rest.intersection(&whole.seen).copied().collect();
    if !whole.capped {
        seeds.take(&here);
        let cut = partition(&whole.nodes, &whole.edges, overrides);
        return solve(world, &whole, &cut, &seeds.all, overrides, now).map(Some);
    }
    // Pages that hold many works, or a flood, can link everything with everything. Then only what changed moves, and it is
    // looked at first: nobody goes along with a text that is no longer where it stood. It moves until its turn has come.
    let mut moving = match seeds.moving.take() {
        Some(moving) => moving,
        None => movers(&mut graph, &seeds.rest, overrides)?,
    };
    seeds.moving = Some(moving.clone());
    let first = here.intersection(&moving);
    let (near, done) = nearby(&mut graph, first.chain(here.difference(&moving)), overrides)?;
    let here = seeds.take(&done);
    // A late original takes along what is mainly its text, wherever that stood until now.
    let originals = near.nodes.iter().filter(|node| node.trusted && here.contains(&node.entry));
    let versions = originals.flat_map(|original| {
        let links = near.edges.iter().filter(|e| e.a == original.entry || e.b == original.entry);
        let links = links.filter(|edge| edge.verdict == Verdict::Link);
        links.map(|edge| edge.other(original.entry)).filter(|e| covers(&near.edges, original.entry, *e) >= MAINLY)
    });
    moving.extend(versions);
    let others = |story: &Story| story.members.iter().map(|m| m.entry).filter(|e| !moving.contains(e)).collect();
    let stay: Vec<Vec<EntryId>> = near.previous.iter().map(others).collect();
    let cut = partition_around(&near.nodes, &near.edges, overrides, &stay);
    let mut resolution = solve(world, &near, &cut, &seeds.all, overrides, now)?;
    tell_capped(&mut resolution, &here);
    Ok(Some(resolution))
}

/// Those of some entries that the reader names, or that no longer stand where they stood.
fn movers<W: World>(
    graph: &mut Graph<'_, W>,
    entries: &BTreeSet<EntryId>,
    overrides: &Overrides,
) -> Result<BTreeSet<EntryId>, W::Error> {
    let mut stories: BTreeMap<StoryId, Option<Story>> = BTreeMap::new();
    let mut moving = BTreeSet::new();
    for &entry in entries {
        let mut stays = false;
        if let Some(id) = graph.world.story_of(entry)? {
            let story = match stories.entry(id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(graph.world.story(id)?),
            };
            let linked = graph.leads(entry, Verdict::Link)?;
            stays = story.as_ref().is_some_and(|story| stands(story, entry, &linked));
        }
        if !stays || overrides.name(entry) {
            moving.insert(entry);
        }
    }
    Ok(moving)
}

/// Whether an entry with these links stands in its story: it is linked with what heads it, whatever else it is linked with,
/// so that nothing wanders between two stories of one work that are not looked at together. The head stands by most others.
fn stands(story: &Story, entry: EntryId, linked: &[EntryId]) -> bool {
    if story.head != entry {
        return linked.contains(&story.head);
    }
    let by = story.members.iter().filter(|member| linked.contains(&member.entry)).count();
    by * 2 > story.members.len() - 1
}

/// Says of what changed here that it was not looked at whole.
fn tell_capped(resolution: &mut Resolution, seeds: &BTreeSet<EntryId>) {
    let placed = |change: &Change| match change {
        Change::NewStory { story, entry } | Change::Joined { story, entry, .. } => Some((*story, *entry)),
        Change::Split { entry, to, .. } => Some((*to, *entry)),
        _ => None,
    };
    let placed: Vec<_> = resolution.changes.iter().filter_map(placed).filter(|(_, e)| seeds.contains(e)).collect();
    resolution.changes.extend(placed.into_iter().map(|(story, entry)| Change::Capped { story, entry }));
}

/// Share of a version's text that an original covers.
fn covers(edges: &[Edge], original: EntryId, version: EntryId) -> f32 {
    let between = edges.iter().filter(|e| (e.a, e.b) == (original, version) || (e.b, e.a) == (original, version));
    between.map(|edge| edge.coverage_of(version)).fold(0.0, f32::max)
}

fn solve<W: World>(
    world: &W,
    component: &Component,
    cut: &Partition,
    changed: &BTreeSet<EntryId>,
    overrides: &Overrides,
    now: Timestamp,
) -> Result<Resolution, W::Error> {
    let failed = RefCell::new(None);
    let because = |a, b| {
        world.because(a, b).unwrap_or_else(|error| {
            *failed.borrow_mut() = Some(error);
            Vec::new()
        })
    };
    let standing = |id| {
        world.standing(id).unwrap_or_else(|error| {
            *failed.borrow_mut() = Some(error);
            Standing::Free
        })
    };
    let resolution = resolve(&Scene {
        changed,
        nodes: &component.nodes,
        edges: &component.edges,
        partition: cut,
        previous: &component.previous,
        overrides,
        standing: &standing,
        because: &because,
        now,
    });
    match failed.into_inner() {
        Some(error) => Err(error),
        None => Ok(resolution),
    }
}

/// What was read of the edges, each entry's once.
struct Graph<'w, W> {
    world: &'w W,
    edges: BTreeMap<EntryId, Vec<Edge>>,
}

impl<W: World> Graph<'_, W> {
    fn edges(&mut self, entry: EntryId) -> Result<&[Edge], W::Error> {
        if !self.edges.contains_key(&entry) {
            let edges = self.world.edges(entry)?;
            self.edges.insert(entry, edges);
        }
        Ok(self.edges.get(&entry).map(Vec::as_slice).unwrap_or_default())
    }

    /// Where the edges of an entry lead that are at least this.
    fn leads(&mut self, entry: EntryId, least: Verdict) -> Result<Vec<EntryId>, W::Error> {
        let edges = self.edges(entry)?.iter().filter(|edge| edge.verdict >= least);
        Ok(edges.map(|edge| edge.other(entry)).collect())
    }

    /// The edges of these entries, each once.
    fn of(&self, nodes: &[Node]) -> Vec<Edge> {
        let edges = nodes.iter().filter_map(|node| self.edges.get(&node.entry)).flatten();
        let mut edges: Vec<Edge> = edges.map(Edge::canonical).collect();
        edges.sort_unstable_by_key(|edge| (edge.a, edge.b));
        edges.dedup_by_key(|edge| (edge.a, edge.b));
        edges
    }
}

/// Reads the part of the graph that an entry is in; `changed` are those whose text or links may have.
fn walk<W: World>(
    graph: &mut Graph<'_, W>,
    from: EntryId,
    changed: &BTreeSet<EntryId>,
    overrides: &Overrides,
) -> Result<Component, W::Error> {
    let mut component = Component { seen: BTreeSet::from([from]), ..Component::default() };
    let mut waiting = VecDeque::from([from]);
    let mut placed = BTreeSet::new();
    while let Some(entry) = waiting.pop_front() {
        if component.seen.len() > COMPONENT_MAX {
            component.capped = true;
            return Ok(component);
        }
        let mut next: Vec<EntryId> = overrides.joined_with(entry).collect();
        // Whoever is a member of a story that was read is in no other.
        if !placed.contains(&entry)
            && let Some(id) = graph.world.story_of(entry)?
            && component.previous.iter().all(|story| story.id != id)
            && let Some(story) = graph.world.story(id)?
        {
            next.extend(story.members.iter().map(|m| m.entry));
            placed.extend(story.members.iter().map(|m| m.entry));
            component.previous.push(story);
        }
        if let Some(node) = graph.world.node(entry)? {
            component.nodes.push(node);
            // Those that may be the same work as a changed entry say so of it: they are told anew, and no further.
            let least = if changed.contains(&entry) { Verdict::PossibleLink } else { Verdict::Link };
            next.extend(graph.leads(entry, least)?);
        }
        waiting.extend(next.into_iter().filter(|entry| component.seen.insert(*entry)));
    }
    component.close(graph);
    Ok(component)
}

/// Reads the stories next to some entries, as many as may be solved together; also gives the entries for which it did,
/// at least one. What the reader joined comes first, then trusted originals, then the strongest links: of a crowd of
/// copies some are passed over, never the original.
fn nearby<'s, W: World>(
    graph: &mut Graph<'_, W>,
    seeds: impl Iterator<Item = &'s EntryId>,
    overrides: &Overrides,
) -> Result<(Component, BTreeSet<EntryId>), W::Error> {
    let mut component = Component::default();
    let mut done = BTreeSet::new();
    for &seed in seeds {
        if !component.take_in(graph, seed)? {
            break;
        }
        done.insert(seed);
        let links = graph.edges(seed)?.iter().filter(|edge| edge.verdict == Verdict::Link);
        let links: Vec<(EntryId, f32)> = links.map(|edge| (edge.other(seed), edge.margin_bits())).collect();
        let mut next = Vec::new();
        for (entry, margin) in links {
            let trusted = graph.world.node(entry)?.is_some_and(|node| node.trusted);
            next.push((trusted, margin, entry));
        }
        next.sort_by(|x, y| y.0.cmp(&x.0).then(y.1.total_cmp(&x.1)).then(x.2.cmp(&y.2)));
        for entry in overrides.joined_with(seed).chain(next.into_iter().map(|(.., entry)| entry)) {
            if !component.take_in(graph, entry)? {
                break;
            }
        }
    }
    component.close(graph);
    Ok((component, done))
}
