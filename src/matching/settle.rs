//! What becomes of the stories that a change touches? The touched part of the graph is walked, cut anew and resolved.
//!
//! The part is closed: with an entry come all that are linked to it, all that the reader joined it with, and all that
//! stand in a story with it. So solving the part gives what solving the whole would give there.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

use super::overrides::Overrides;
use super::partition::{Group, MAINLY, Partition, partition, partition_around};
use super::stories::{Scene, Standing, resolve};
use crate::model::{Edge, EntryId, Node, Resolution, Story, StoryId, Timestamp, Verdict};

/// Entries that are solved together at the most: twice as many as a story may have. A part of this size takes some
/// 5 ms to read and to solve, one of usual size well below one.
pub const COMPONENT_MAX: usize = 256;

/// What the resolver asks about the world around: answered from the store (or a draft over it) and the configuration.
pub trait World {
    /// Why an answer could not be given.
    type Error;

    /// The node of an entry with its trust set, or `None` if there is no such entry (any more).
    fn node(&self, entry: EntryId) -> Result<Option<Node>, Self::Error>;

    /// The edges of an entry.
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
    /// It is larger than the cap; what was read of it is a part.
    capped: bool,
}

/// Solves anew what a change touches: entries that came, were edited, got their full text or were removed, or that an
/// override names. The edges of the entries must be written before; what becomes of the stories is returned.
///
/// # Errors
/// Those of the world.
pub fn settle<W: World>(
    world: &W,
    seeds: &[EntryId],
    overrides: &Overrides,
    now: Timestamp,
) -> Result<Resolution, W::Error> {
    let whole = walk(world, seeds, overrides, Reach::All)?;
    if !whole.capped {
        let cut = partition(&whole.nodes, &whole.edges, overrides);
        return solve(world, &whole, &cut, overrides, now);
    }
    // Pages that hold many works, or a flood, can link everything with everything. Then only what changed moves.
    let near = walk(world, seeds, overrides, Reach::Near)?;
    if near.capped {
        return settle_alone(world, seeds, overrides, now);
    }
    // A late original takes along what is mainly its text, wherever that stood until now.
    let trusted = |entry: &EntryId| near.nodes.iter().any(|node| node.entry == *entry && node.trusted);
    let originals: Vec<EntryId> = seeds.iter().copied().filter(trusted).collect();
    let versions = originals.iter().flat_map(|original| {
        let links = near.edges.iter().filter(|e| e.a == *original || e.b == *original);
        let links = links.filter(|edge| edge.verdict == Verdict::Link);
        links.map(|edge| edge.other(*original)).filter(|e| covers(&near.edges, *original, *e) >= MAINLY)
    });
    let moving: BTreeSet<EntryId> = seeds.iter().copied().chain(versions).collect();
    let others = |story: &Story| story.members.iter().map(|m| m.entry).filter(|e| !moving.contains(e)).collect();
    let stay: Vec<Vec<EntryId>> = near.previous.iter().map(others).collect();
    let cut = partition_around(&near.nodes, &near.edges, overrides, &stay);
    let mut resolution = solve(world, &near, &cut, overrides, now)?;
    let named = seeds.iter().map(EntryId::to_string).collect::<Vec<_>>().join(", ");
    resolution.notices.push(format!(
        "{named}: linked with more than {COMPONENT_MAX} entries, by way of others; only the stories next to it were looked at"
    ));
    Ok(resolution)
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

/// Reads the part of the graph around some entries.
fn walk<W: World>(world: &W, seeds: &[EntryId], overrides: &Overrides, reach: Reach) -> Result<Component, W::Error> {
    let mut component = Component::default();
    let mut seen: BTreeSet<EntryId> = seeds.iter().copied().collect();
    let mut waiting: VecDeque<EntryId> = seen.iter().copied().collect();
    let mut stories = BTreeSet::new();
    while let Some(entry) = waiting.pop_front() {
        if seen.len() > COMPONENT_MAX {
            component.capped = true;
            break;
        }
        let mut next: Vec<EntryId> = overrides.joined_with(entry).collect();
        if let Some(story) = world.story_of(entry)?
            && stories.insert(story.id)
        {
            next.extend(story.members.iter().map(|m| m.entry));
            component.previous.push(story);
        }
        if let Some(node) = world.node(entry)? {
            let edges = world.edges(entry)?;
            // Those that may be the same work as a changed entry say so of it: they are told anew, and no further.
            let leads = match (seeds.contains(&entry), reach) {
                (true, Reach::All) => Some(Verdict::PossibleLink),
                (false, Reach::All) | (true, Reach::Near) => Some(Verdict::Link),
                (false, Reach::Near) => None,
            };
            let led = edges.iter().filter(|edge| leads.is_some_and(|leads| edge.verdict >= leads));
            next.extend(led.map(|edge| edge.other(entry)));
            component.nodes.push(node);
            component.edges.extend(edges);
        }
        waiting.extend(next.into_iter().filter(|entry| seen.insert(*entry)));
    }
    component.previous.sort_by_key(|story| story.id);
    Ok(component)
}

/// Where even the stories next to it are too many, nothing is joined and nothing is split: who is in a story stays
/// there, who is in none founds one, and the person is told.
fn settle_alone<W: World>(
    world: &W,
    seeds: &[EntryId],
    overrides: &Overrides,
    now: Timestamp,
) -> Result<Resolution, W::Error> {
    let mut all = Resolution::default();
    for seed in seeds {
        let Some(node) = world.node(*seed)? else { continue };
        if world.story_of(*seed)?.is_some() {
            continue;
        }
        all.notices.push(format!(
            "{seed} of {} is linked with more than {COMPONENT_MAX} entries; it stands as a story of its own until an override \
             says where it belongs or the copies are gone",
            node.source
        ));
        let group = Group { members: vec![(*seed, None)], kept: vec![*seed], ..Group::default() };
        let cut = Partition { groups: vec![group], ..Partition::default() };
        let alone = Component { nodes: vec![node], ..Component::default() };
        let one = solve(world, &alone, &cut, overrides, now)?;
        all.stories.extend(one.stories);
        all.revived.extend(one.revived);
        all.changes.extend(one.changes);
    }
    Ok(all)
}

/// The versions of a story that a new entry is compared with: the original (else the head) first, then one of each
/// language, then those that cover most of the head; at most [`super::partition::KEPT_VERSIONS`].
pub fn kept_versions(story: &Story, language_of: impl Fn(EntryId) -> Option<String>) -> Vec<EntryId> {
    let mut members: Vec<_> = story.members.iter().collect();
    let first = |entry: EntryId| Some(entry) != story.original && entry != story.head;
    members.sort_by(|a, b| {
        (Some(a.entry) != story.original, first(a.entry))
            .cmp(&(Some(b.entry) != story.original, first(b.entry)))
            .then(b.coverage.total_cmp(&a.coverage))
            .then(a.entry.cmp(&b.entry))
    });
    let mut languages = BTreeSet::new();
    let (mut kept, again): (Vec<EntryId>, Vec<EntryId>) =
        members.iter().map(|m| m.entry).partition(|entry| languages.insert(language_of(*entry)));
    kept.extend(again);
    kept.truncate(super::partition::KEPT_VERSIONS);
    kept
}
