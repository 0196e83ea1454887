//! Under which identity do readers know a group? Groups and the stories there were -> the stories there are.
//!
//! An id is that of the entry which founded the story, and it stays with the group that holds this entry, unless the
//! entry was edited and the others stayed what they were. Of two stories that became one, the older keeps its id and the
//! other gets a tombstone; what is split off founds a story of its own, under the id that one of its entries once had
//! before, where there is one.
//!
//! No source robs another of its id: that of a story which a trusted original heads goes where the original goes, and
//! an older story of others that turns out to be the same work does not take it; nor does an edit make a story older
//! than the edit, or have it take over most of a story that stood before and was split. Where the reader joins or parts
//! them by an override, founding and age alone decide.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::overrides::{Overrides, Said};
use super::partition::{Group, Partition, Tie};
use crate::model::entry::NAMESPACE;
use crate::model::{
    Change, Edge, EntryId, Member, MemberRole, Node, Phrase, Resolution, Role, Story, StoryId, Timestamp, Tombstone,
    Verdict,
};

/// Versions that are alternates of their own, at the most: as many languages as the largest of works has.
const LISTED_MAX: usize = 64;

/// What is said where an override decided.
pub const JOINED_BY_OVERRIDE: &str = "an override in feeds.toml says that they are the same work";
/// See [`JOINED_BY_OVERRIDE`].
pub const PARTED_BY_OVERRIDE: &str = "an override in feeds.toml says that they are different works";

/// What is known of a story's id beyond the stories that are being resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was never used.
    Free,
    /// Its story is gone: there is a tombstone.
    Gone,
    /// It is the id of a living story elsewhere.
    Taken,
}

/// All that a resolution reads.
pub struct Scene<'a> {
    /// Entries whose comparisons may say something else than before.
    pub changed: &'a BTreeSet<EntryId>,
    /// The nodes of the component.
    pub nodes: &'a [Node],
    /// Its edges.
    pub edges: &'a [Edge],
    /// The groups that it was cut into.
    pub partition: &'a Partition,
    /// All stories that have an entry of the component, or had one that is gone.
    pub previous: &'a [Story],
    /// What the reader says.
    pub overrides: &'a Overrides,
    /// What is known of an id.
    pub standing: &'a dyn Fn(StoryId) -> Standing,
    /// Why two entries were linked, strongest reason first.
    pub because: &'a dyn Fn(EntryId, EntryId) -> Vec<Phrase>,
    /// Now.
    pub now: Timestamp,
}

/// Who stands for the work, if nothing else decides: what the reader configured, then what we saw first. What a source
/// claims (a date) comes after that, and only orders what was seen at one time.
fn precedence(node: &Node) -> (bool, bool, bool, Timestamp, Timestamp, EntryId) {
    let reposts = node.role == Role::Repost;
    (node.reference, !node.trusted, reposts, node.first_seen, node.date(), node.entry)
}

/// Gives every group its id, head and members, and says what changed.
///
/// Idempotent: resolved again with its own result as `previous`, nothing changes.
pub fn resolve(scene: &Scene<'_>) -> Resolution {
    let nodes: BTreeMap<EntryId, &Node> = scene.nodes.iter().map(|node| (node.entry, node)).collect();
    // A group of references alone is nothing that a configured source published: it is no story.
    let published = |group: &&Group| group.members.iter().any(|(e, _)| nodes.get(e).is_some_and(|n| !n.reference));
    let groups: Vec<&Group> = scene.partition.groups.iter().filter(published).collect();
    let names = name_groups(scene, &groups, &nodes);
    let mut resolution = Resolution { revived: names.revived.clone(), ..Resolution::default() };
    for (story, into) in &names.gone {
        resolution.gone.push(Tombstone { story: *story, into: *into, when: scene.now });
    }
    let was_in: BTreeMap<EntryId, StoryId> =
        scene.previous.iter().flat_map(|story| story.members.iter().map(|m| (m.entry, story.id))).collect();
    let is_in: BTreeMap<EntryId, StoryId> =
        groups.iter().zip(&names.ids).flat_map(|(group, id)| group.members.iter().map(|(e, _)| (*e, *id))).collect();
    let links = Links::new(scene.edges);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|g| names.ids[*g]);
    for g in order {
        let before = scene.previous.iter().find(|story| story.id == names.ids[g]);
        let story =
            Telling { scene, nodes: &nodes, is_in: &is_in, links: &links, before }.tell(groups[g], names.ids[g]);
        Changes { scene, was_in: &was_in, gone: &names.gone }.tell(&story, before, &mut resolution.changes);
        if before != Some(&story) {
            resolution.stories.push(story);
        }
    }
    resolution
}

/// The ids of the groups, in their order.
struct Names {
    ids: Vec<StoryId>,
    gone: BTreeMap<StoryId, Option<StoryId>>,
    revived: Vec<StoryId>,
}

fn name_groups(scene: &Scene<'_>, groups: &[&Group], nodes: &BTreeMap<EntryId, &Node>) -> Names {
    let group_of: BTreeMap<EntryId, usize> =
        groups.iter().enumerate().flat_map(|(g, group)| group.members.iter().map(move |(e, _)| (*e, g))).collect();
    let mut claims: BTreeMap<usize, Vec<&Story>> = BTreeMap::new();
    let mut gone = BTreeMap::new();
    for story in scene.previous {
        match owner(story, &group_of, nodes, scene) {
            Some(group) => claims.entry(group).or_default().push(story),
            None => drop(gone.insert(story.id, None)),
        }
    }
    let mut ids: Vec<Option<StoryId>> = vec![None; groups.len()];
    let mut robbed: BTreeMap<usize, Vec<&Story>> = BTreeMap::new();
    for (group, mut stories) in claims {
        let here = |entry: &EntryId| group_of.get(entry) == Some(&group);
        let by_reader = groups[group].members.iter().any(|(_, tie)| matches!(tie, Some(Tie::Override(_))));
        let heads = |story: &Story| here(&story.head) && nodes.get(&story.head).is_some_and(|node| node.trusted);
        stories.sort_by_key(|story| {
            (!by_reader && !heads(story), stands_since(story, nodes, here), story.founded, story.id)
        });
        if !by_reader && !heads(stories[0]) && is_robbed(&groups[group].members, &stories, scene, nodes) {
            robbed.insert(group, stories);
            continue;
        }
        let stays = stories[0].id;
        ids[group] = Some(stays);
        gone.extend(stories[1..].iter().map(|story| (story.id, Some(stays))));
    }
    let mut used: BTreeSet<StoryId> = scene.previous.iter().map(|story| story.id).collect();
    let mut revived = Vec::new();
    let ids = ids.into_iter().zip(groups).map(|(id, group)| {
        id.unwrap_or_else(|| {
            let (id, standing) = founding_id(group, nodes, scene.standing, &used);
            used.insert(id);
            if standing == Standing::Gone {
                revived.push(id);
            }
            id
        })
    });
    let ids: Vec<StoryId> = ids.collect();
    for (group, stories) in robbed {
        gone.extend(stories.iter().map(|story| (story.id, Some(ids[group]))));
    }
    Names { ids, gone, revived }
}

/// Whether most members of a group were split off from stories that stood before an edit made the first of its claimants
/// what it is. Then they found a story of their own, which takes the claimants over.
fn is_robbed(
    members: &[(EntryId, Option<Tie>)],
    claimants: &[&Story],
    scene: &Scene<'_>,
    nodes: &BTreeMap<EntryId, &Node>,
) -> bool {
    let here = |entry: &EntryId| members.binary_search_by_key(entry, |(member, _)| *member).is_ok();
    let Some(edited) = by_right(claimants[0], nodes, here).and_then(|node| node.revised) else { return false };
    let lost = scene.previous.iter().filter(|was| was.founded < edited && !claimants.iter().any(|c| c.id == was.id));
    let split_off = lost.flat_map(|was| &was.members).filter(|m| here(&m.entry)).count();
    split_off * 2 > members.len()
}

/// Since when a story is what it is: since it was founded, but not before the last edit of the entry that founded it (of
/// its head, where that is no longer `here`), which may have been about something else until then. Edits of others make
/// no story younger: else whoever joins it could.
fn stands_since(story: &Story, nodes: &BTreeMap<EntryId, &Node>, here: impl Fn(&EntryId) -> bool) -> Timestamp {
    if nodes.get(&story.head).is_some_and(|head| head.trusted) {
        return story.founded;
    }
    let edited = by_right(story, nodes, here).and_then(|node| node.revised);
    edited.map_or(story.founded, |edited| edited.max(story.founded))
}

/// Who says what a story is about: the entry that founded it, else its head.
fn by_right<'n>(
    story: &Story,
    nodes: &BTreeMap<EntryId, &'n Node>,
    here: impl Fn(&EntryId) -> bool,
) -> Option<&'n Node> {
    [EntryId(story.id.0), story.head].into_iter().filter(here).find_map(|entry| nodes.get(&entry).copied())
}

/// Which group a story lives on in: that of the trusted original which heads it, else that of its founding entry; where
/// that entry is no more, that of its head, else that of most of its members. An entry that was edited since it joined
/// says nothing where others were not: what readers know by the id is what those are.
fn owner(
    story: &Story,
    group_of: &BTreeMap<EntryId, usize>,
    nodes: &BTreeMap<EntryId, &Node>,
    scene: &Scene<'_>,
) -> Option<usize> {
    let founder = EntryId(story.id.0);
    // An original whose own story was taken over goes back to its own id: readers know each of the two by its own.
    let had_own = |entry: EntryId| (scene.standing)(entry.into()) == Standing::Gone;
    let original = nodes.get(&story.head).filter(|node| node.trusted);
    let original = original.filter(|n| !scene.overrides.are_different(founder, n.entry) && !had_own(n.entry));
    let founder = story.members.iter().map(|m| m.entry).find(|entry| *entry == founder);
    let unedited = |m: &&Member| nodes.get(&m.entry).is_some_and(|n| n.revised.is_none_or(|edited| edited <= m.joined));
    let members = || story.members.iter().filter(|m| group_of.contains_key(&m.entry));
    let mut heard: Vec<EntryId> = members().filter(unedited).map(|m| m.entry).collect();
    if heard.is_empty() {
        heard = members().map(|m| m.entry).collect();
    }
    let by_right = [founder, Some(story.head)].into_iter().flatten().filter(|entry| heard.contains(entry));
    let by_right = original.map(|node| node.entry).into_iter().chain(by_right);
    if let Some(group) = by_right.into_iter().find_map(|entry| group_of.get(&entry)) {
        return Some(*group);
    }
    let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
    for group in heard.iter().filter_map(|entry| group_of.get(entry)) {
        *votes.entry(*group).or_default() += 1;
    }
    votes.into_iter().max_by_key(|(group, n)| (*n, usize::MAX - group)).map(|(group, _)| group)
}

/// The id of a group that has none: one that an entry of it had before, else that of its first entry whose id is free.
fn founding_id(
    group: &Group,
    nodes: &BTreeMap<EntryId, &Node>,
    standing: &dyn Fn(StoryId) -> Standing,
    used: &BTreeSet<StoryId>,
) -> (StoryId, Standing) {
    let mut members: Vec<&Node> = group.members.iter().filter_map(|(entry, _)| nodes.get(entry).copied()).collect();
    members.retain(|node| !node.reference);
    members.sort_by_key(|node| precedence(node));
    let standing = |id: StoryId| if used.contains(&id) { Standing::Taken } else { standing(id) };
    for wanted in [Standing::Gone, Standing::Free] {
        if let Some(id) = members.iter().map(|n| StoryId::from(n.entry)).find(|id| standing(*id) == wanted) {
            return (id, wanted);
        }
    }
    // Every entry's id is in use by a story that it has left: rare, and still an id that is the same on every machine.
    let first = members.first().map_or(Uuid::nil(), |node| node.entry.0);
    let derived = |n: u32| StoryId(Uuid::new_v5(&NAMESPACE, format!("story\0{first}\0{n}").as_bytes()));
    let untaken = |id: StoryId| Some((id, standing(id))).filter(|(_, standing)| *standing != Standing::Taken);
    (2..).map(derived).find_map(untaken).unwrap_or((derived(0), Standing::Free))
}

/// The links, by their ends.
struct Links(Vec<Edge>);

impl Links {
    fn new(edges: &[Edge]) -> Self {
        let links = edges.iter().filter(|edge| edge.verdict == Verdict::Link);
        let mut links: Vec<Edge> = links.map(Edge::canonical).collect();
        links.sort_by_key(|edge| (edge.a, edge.b));
        Self(links)
    }

    /// The link of two entries, seen from `a`.
    fn between(&self, a: EntryId, b: EntryId) -> Option<Edge> {
        let at = self.0.binary_search_by_key(&(a.min(b), a.max(b)), |edge| (edge.a, edge.b)).ok()?;
        self.0.get(at).map(|edge| if a <= b { *edge } else { edge.mirrored() })
    }
}

/// One group on its way to becoming a story.
struct Telling<'a> {
    scene: &'a Scene<'a>,
    nodes: &'a BTreeMap<EntryId, &'a Node>,
    is_in: &'a BTreeMap<EntryId, StoryId>,
    links: &'a Links,
    before: Option<&'a Story>,
}

impl Telling<'_> {
    fn tell(&self, group: &Group, id: StoryId) -> Story {
        let mut members: Vec<&Node> = group.members.iter().filter_map(|(e, _)| self.nodes.get(e).copied()).collect();
        members.sort_by_key(|node| precedence(node));
        let head = self.head(&members);
        let reference = members.iter().find(|node| node.reference).map(|node| node.entry);
        let trusted = self.nodes.get(&head).is_some_and(|node| node.trusted);
        let original = if trusted { Some(head) } else { reference };
        let base = self.nodes.get(&original.unwrap_or(head)).copied();
        let listed = listed(&members, head);
        members.sort_by_key(|node| (node.entry != head, node.first_seen, node.date(), node.entry));
        let single = members.len() == 1;
        let told = members.iter().map(|node| {
            let tie = group.members.iter().find(|(entry, _)| *entry == node.entry).and_then(|(_, tie)| *tie);
            let is_head = node.entry == head;
            let (score_bits, because) = if is_head { (None, Vec::new()) } else { self.reason(node.entry, head, tie) };
            let joined = self.before.and_then(|story| story.members.iter().find(|m| m.entry == node.entry));
            if let (Some(joined), Some(Tie::Stays), Some(before)) = (joined, tie, self.before)
                && before.head == head
                && !single
            {
                let (role, outdated) = (role(node, base), outdated(node, base));
                return Member { role, outdated, listed: listed.contains(&node.entry), ..joined.clone() };
            }
            Member {
                entry: node.entry,
                role: if single { MemberRole::Single } else { role(node, base) },
                listed: listed.contains(&node.entry),
                coverage: if is_head { 1.0 } else { coverage(node.entry, head, tie, self.links) },
                score_bits,
                because,
                joined: joined.map_or(self.scene.now, |m| m.joined),
                outdated: outdated(node, base),
            }
        });
        let told: Vec<Member> = told.collect();
        let dates = members.iter().filter(|node| !node.reference).map(|node| node.date());
        let mut contains: Vec<StoryId> = group.contains.iter().filter_map(|e| self.is_in.get(e).copied()).collect();
        contains.sort();
        contains.dedup();
        Story {
            id,
            original,
            head,
            members: told,
            possible: group.possible.clone(),
            contains,
            founded: self.before.map_or(self.scene.now, |story| story.founded),
            touched: dates.max().unwrap_or(self.scene.now),
        }
    }

    /// The trusted original; else who stood for the story before, so that it does not flip; else the first.
    fn head(&self, members: &[&Node]) -> EntryId {
        let class = |node: &Node| (node.reference, !node.trusted, node.role == Role::Repost);
        let Some(first) = members.first() else { return EntryId(Uuid::nil()) };
        let before = self.before.and_then(|story| members.iter().find(|node| node.entry == story.head));
        before.filter(|node| class(node) == class(first)).unwrap_or(first).entry
    }

    /// Evidence in bits and reasons: of the link with the head where there is one, else of what tied it to the rest.
    fn reason(&self, entry: EntryId, head: EntryId, tie: Option<Tie>) -> (Option<f32>, Vec<Phrase>) {
        if let Some(Tie::Override(_)) = tie {
            return (None, vec![JOINED_BY_OVERRIDE.into()]);
        }
        let edge = self.links.between(entry, head).or(match tie {
            Some(Tie::Edge(edge)) => Some(edge),
            _ => None,
        });
        let Some(edge) = edge else { return (None, Vec::new()) };
        // Reading evidence is dear, and that of two entries which both stayed as they were is what it was.
        let told =
            self.before.filter(|story| story.head == head && edge.b == head && !self.scene.changed.contains(&head));
        let told = told.and_then(|story| story.members.iter().find(|m| m.entry == entry));
        let told = told.filter(|m| m.score_bits == Some(edge.total_bits) && !self.scene.changed.contains(&entry));
        let because = match told {
            Some(member) => member.because.clone(),
            None => (self.scene.because)(edge.a, edge.b),
        };
        (Some(edge.total_bits), because)
    }
}

/// What a version is beside the one that stands for the original.
fn role(node: &Node, base: Option<&Node>) -> MemberRole {
    if base.is_some_and(|base| base.entry == node.entry) && node.role != Role::Repost {
        return MemberRole::Original;
    }
    match (&node.language, base.and_then(|base| base.language.as_ref())) {
        (Some(own), Some(base)) if own.primary() != base.primary() => MemberRole::Translation,
        _ => MemberRole::Repost,
    }
}

/// When the original was edited, if that was after all that we saw of this version.
fn outdated(node: &Node, base: Option<&Node>) -> Option<Timestamp> {
    let original = base.filter(|base| base.entry != node.entry && base.role != Role::Repost)?;
    original.revised.filter(|edited| *edited > node.first_seen.max(node.revised.unwrap_or(node.first_seen)))
}

/// Share of the head's text that an entry covers: as compared, or else by way of the version that tied it to the rest.
fn coverage(entry: EntryId, head: EntryId, tie: Option<Tie>, links: &Links) -> f32 {
    let direct = |a: EntryId| links.between(a, head).map(|edge| edge.coverage_b);
    match (direct(entry), tie) {
        (Some(coverage), _) => coverage,
        (None, Some(Tie::Edge(edge))) => edge.coverage_b * direct(edge.b).unwrap_or(1.0),
        (None, Some(Tie::Override(_))) => 1.0,
        (None, Some(Tie::Stays)) => 0.0,
        (None, Some(Tie::First) | None) => 0.0,
    }
}

/// One version for each language, the head's first; the others fold without being listed (RFC 4287 §4.2.7.4 allows one
/// alternate link for each pair of type and hreflang).
fn listed(members: &[&Node], head: EntryId) -> BTreeSet<EntryId> {
    let head_first = members.iter().filter(|n| n.entry == head).chain(members.iter().filter(|n| n.entry != head));
    let mut languages = BTreeSet::new();
    head_first.filter(|node| languages.insert(node.language.as_ref())).map(|node| node.entry).take(LISTED_MAX).collect()
}

/// What happened to one story after the other.
struct Changes<'a> {
    scene: &'a Scene<'a>,
    was_in: &'a BTreeMap<EntryId, StoryId>,
    gone: &'a BTreeMap<StoryId, Option<StoryId>>,
}

impl Changes<'_> {
    fn tell(&self, story: &Story, before: Option<&Story>, changes: &mut Vec<Change>) {
        let merged = self.gone.iter().filter(|(_, into)| **into == Some(story.id)).map(|(gone, _)| *gone);
        changes.extend(merged.map(|gone| Change::Merged {
            story: story.id,
            gone,
            because: self.joined_by(story, gone),
        }));
        let founder = story.members.iter().find(|m| EntryId(story.id.0) == m.entry).or(story.members.first());
        let founder = founder.filter(|m| before.is_none() && !self.was_in.contains_key(&m.entry)).map(|m| m.entry);
        changes.extend(founder.map(|entry| Change::NewStory { story: story.id, entry }));
        for member in story.members.iter().filter(|m| Some(m.entry) != founder) {
            let (entry, to) = (member.entry, story.id);
            match self.was_in.get(&entry) {
                Some(was) if *was == to || self.gone.get(was) == Some(&Some(to)) => {}
                Some(was) => {
                    changes.push(Change::Split { story: *was, entry, to, because: self.parted_by(story, *was) });
                }
                None => changes.push(Change::Joined { story: to, entry, because: member.because.clone() }),
            }
        }
        if before.is_some_and(|before| before.head != story.head) {
            changes.push(Change::Headed { story: story.id, entry: story.head });
        }
    }

    /// Why the members of a story that is gone are in this one: what an override says, else the strongest evidence.
    fn joined_by(&self, story: &Story, gone: StoryId) -> Vec<Phrase> {
        let told = |m: &&Member| !m.because.is_empty();
        let strength = |m: &&Member| m.score_bits.unwrap_or(f32::INFINITY);
        let strongest = |members: &mut dyn Iterator<Item = &Member>| {
            members.max_by(|a, b| strength(a).total_cmp(&strength(b))).map(|m| m.because.clone())
        };
        let came = story.members.iter().filter(|m| self.was_in.get(&m.entry) == Some(&gone));
        // One that came and stands for the work now has no reasons itself; those it found have.
        let because = strongest(&mut came.filter(told));
        because.or_else(|| strongest(&mut story.members.iter().filter(told))).unwrap_or_default()
    }

    /// Whether it was an override that parted a story from the one that it was.
    fn parted_by(&self, story: &Story, was: StoryId) -> Vec<Phrase> {
        let before = self.scene.previous.iter().find(|before| before.id == was);
        let others = before.into_iter().flat_map(|before| &before.members).map(|m| m.entry);
        let different = |other: EntryId| {
            story.members.iter().any(|m| self.scene.overrides.says(m.entry, other) == Some(Said::Different))
        };
        others.filter(|other| different(*other)).map(|_| PARTED_BY_OVERRIDE.into()).take(1).collect()
    }
}
