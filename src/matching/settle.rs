//! What becomes of the stories that a change touches? The touched part of the graph is walked, cut anew and resolved.
//!
//! The part is closed: with an entry come all that are linked to it, all that the reader joined it with, and all that
//! stand in a story with it. So solving the part gives what solving the whole would give there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::overrides::Overrides;
use super::partition::{Group, MAINLY, Partition, partition, partition_around};
use super::stories::{Scene, Standing, resolve};
use crate::model::{Change, Edge, EntryId, Node, Resolution, Story, StoryId, Timestamp, Verdict};

/// Entries that are solved together at the most: twice as many as a story may have. A part of this size takes some
/// 5 ms to read and to solve, one of usual size well below one.
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
    fn story_of(&self, entry: EntryId) -> Result<Option<Story>, Self::Error>;

    /// Whether a story's id is in use, was, or is free.
    fn standing(&self, story: StoryId) -> Result<Standing, Self::Error>;

    /// Why two entries were linked, strongest reason first; empty where that is not known.
    fn because(&self, a: EntryId, b: EntryId) -> Result<Vec<String>, Self::Error>;
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

/// The entries that a change touches, and those of them that are not settled yet.
#[derive(Debug, Clone)]
pub struct Seeds {
    all: BTreeSet<EntryId>,
    rest: BTreeSet<EntryId>,
}

impl Seeds {
    /// Entries that came, were edited, got their full text or were removed, that were linked with one of those, or
    /// that an override names.
    pub fn new(entries: impl IntoIterator<Item = EntryId>) -> Self {
        let all: BTreeSet<EntryId> = entries.into_iter().collect();
        Self { rest: all.clone(), all }
    }

    /// Takes those out of the rest that are among these.
    fn take(&mut self, seen: &BTreeSet<EntryId>) -> BTreeSet<EntryId> {
        let (taken, rest) = std::mem::take(&mut self.rest).into_iter().partition(|entry| seen.contains(entry));
        self.rest = rest;
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
    let whole = walk(&mut graph, &BTreeSet::from([first]), &seeds.all, overrides, Reach::All)?;
    let here = seeds.take(&whole.seen);
    if !whole.capped {
        let cut = partition(&whole.nodes, &whole.edges, overrides);
        return solve(world, &whole, &cut, &seeds.all, overrides, now).map(Some);
    }
    // Pages that hold many works, or a flood, can link everything with everything. Then only what changed moves.
    let near = walk(&mut graph, &here, &here, overrides, Reach::Near)?;
    if near.capped {
        return settle_alone(world, &here, overrides, now).map(Some);
    }
    // A late original takes along what is mainly its text, wherever that stood until now.
    let originals = near.nodes.iter().filter(|node| node.trusted && here.contains(&node.entry));
    let versions = originals.flat_map(|original| {
        let links = near.edges.iter().filter(|e| e.a == original.entry || e.b == original.entry);
        let links = links.filter(|edge| edge.verdict == Verdict::Link);
        links.map(|edge| edge.other(original.entry)).filter(|e| covers(&near.edges, original.entry, *e) >= MAINLY)
    });
    let moving: BTreeSet<EntryId> = here.iter().copied().chain(versions).collect();
    let others = |story: &Story| story.members.iter().map(|m| m.entry).filter(|e| !moving.contains(e)).collect();
    let stay: Vec<Vec<EntryId>> = near.previous.iter().map(others).collect();
    let cut = partition_around(&near.nodes, &near.edges, overrides, &stay);
    let mut resolution = solve(world, &near, &cut, &seeds.all, overrides, now)?;
    tell_capped(&mut resolution, &here);
    Ok(Some(resolution))
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

/// How far a walk goes.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    /// As far as links lead.
    All,
    /// To the stories next to the seeds.
    Near,
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
        let edges = nodes.iter().filter_map(|node| self.edges.get(&node.entry)).flatten().map(Edge::canonical);
        let edges: BTreeMap<_, _> = edges.map(|edge| ((edge.a, edge.b), edge)).collect();
        edges.into_values().collect()
    }
}

/// Reads the part of the graph around some entries; `changed` are those whose text or links may have.
fn walk<W: World>(
    graph: &mut Graph<'_, W>,
    from: &BTreeSet<EntryId>,
    changed: &BTreeSet<EntryId>,
    overrides: &Overrides,
    reach: Reach,
) -> Result<Component, W::Error> {
    let mut component = Component { seen: from.clone(), ..Component::default() };
    let mut waiting: VecDeque<EntryId> = from.iter().copied().collect();
    let mut stories = BTreeSet::new();
    while let Some(entry) = waiting.pop_front() {
        if component.seen.len() > COMPONENT_MAX {
            component.capped = true;
            return Ok(component);
        }
        let mut next: Vec<EntryId> = overrides.joined_with(entry).collect();
        if let Some(story) = graph.world.story_of(entry)?
            && stories.insert(story.id)
        {
            next.extend(story.members.iter().map(|m| m.entry));
            component.previous.push(story);
        }
        if let Some(node) = graph.world.node(entry)? {
            component.nodes.push(node);
            next.extend(match (changed.contains(&entry), reach) {
                // Those that may be the same work as a changed entry say so of it: they are told anew, and no further.
                (true, Reach::All) => graph.leads(entry, Verdict::PossibleLink)?,
                (false, Reach::All) | (true, Reach::Near) => graph.leads(entry, Verdict::Link)?,
                (false, Reach::Near) => graph.edges(entry).map(|_| Vec::new())?,
            });
        }
        waiting.extend(next.into_iter().filter(|entry| component.seen.insert(*entry)));
    }
    component.edges = graph.of(&component.nodes);
    component.previous.sort_by_key(|story| story.id);
    Ok(component)
}

/// Where even the stories next to it are too many, nothing is joined and nothing is split: who is in a story stays
/// there, who is in none founds one, and the person is told.
fn settle_alone<W: World>(
    world: &W,
    seeds: &BTreeSet<EntryId>,
    overrides: &Overrides,
    now: Timestamp,
) -> Result<Resolution, W::Error> {
    let mut all = Resolution::default();
    for seed in seeds {
        let Some(node) = world.node(*seed)? else { continue };
        if world.story_of(*seed)?.is_some() {
            continue;
        }
        let group = Group { members: vec![(*seed, None)], kept: vec![*seed], ..Group::default() };
        let cut = Partition { groups: vec![group] };
        let alone = Component { nodes: vec![node], ..Component::default() };
        let one = solve(world, &alone, &cut, seeds, overrides, now)?;
        all.append(one);
    }
    tell_capped(&mut all, seeds);
    Ok(all)
}
