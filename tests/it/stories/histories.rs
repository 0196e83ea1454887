//! Do stories keep their identity, whatever arrives when? Random histories, against an oracle that knows no history.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use tributary::model::{EntryId, Node, Resolution, Role, Story, StoryId, Verdict};
use tributary::store::{MemoryStore, query};

use super::world::{Planet, Post, at};

/// What can happen.
#[derive(Debug, Clone)]
enum Event {
    Arrive(usize, usize),
    Remove(usize),
    Same(usize, usize),
    Different(usize, usize),
    NoOverrides,
    Restart,
}

/// Entries of a history: few, so that they meet.
const POSTS: usize = 14;

/// Texts: works of ten sentences, their damaged versions, pages of two works, texts that drift from one to the next.
fn texts() -> Vec<BTreeSet<u32>> {
    let work = |n: u32| (n * 100..n * 100 + 10).collect::<BTreeSet<u32>>();
    let mut texts = Vec::new();
    for n in 0..3 {
        texts.push(work(n));
        texts.push(work(n).into_iter().take(7).chain([n * 100 + 50]).collect());
        texts.push(work(n).into_iter().take(3).collect());
        texts.push(work(n).into_iter().skip(4).chain(n * 100 + 20..n * 100 + 24).collect());
        texts.push(work(n).into_iter().chain(work((n + 1) % 3)).collect());
    }
    texts
}

/// The entry in this place, with this text: sources of all kinds, two entries each.
fn post(place: usize, text: usize) -> Post {
    let (role, trusted, reference) = match place % 7 {
        0 | 1 => (Role::Original, true, false),
        2 => (Role::Original, false, false),
        3 | 4 => (Role::Repost, false, false),
        5 => (Role::Mixed, false, false),
        _ => (Role::Mixed, false, true),
    };
    let texts = texts();
    Post {
        source: format!("source{}", place % 7),
        guid: (place / 7).to_string(),
        role,
        trusted,
        reference,
        language: ["en", "it", "fr"][place % 3],
        author: ["ann", "ben"][place % 2].to_owned(),
        sentences: texts[text % texts.len()].clone(),
        claimed_s: place as i64 * 1000 - 5000,
        claims_bits: place as f32 / 10.0,
    }
}

fn event() -> impl Strategy<Value = Event> {
    let place = 0..POSTS;
    prop_oneof![
        12 => (place.clone(), any::<Index>()).prop_map(|(p, text)| Event::Arrive(p, text.index(15))),
        3 => place.clone().prop_map(Event::Remove),
        1 => (place.clone(), 0..POSTS).prop_map(|(a, b)| Event::Same(a, b)),
        1 => (place, 0..POSTS).prop_map(|(a, b)| Event::Different(a, b)),
        1 => Just(Event::NoOverrides),
        1 => Just(Event::Restart),
    ]
}

fn happen(planet: &mut Planet, event: &Event) -> Resolution {
    let id = |place: usize| post(place, 0).id();
    let written = |planet: &Planet| {
        let different = planet.overrides.different().map(|(a, b)| vec![a, b]).collect::<Vec<_>>();
        (planet.overrides.same().to_vec(), different)
    };
    match event {
        Event::Arrive(place, text) => planet.arrive(post(*place, *text)),
        Event::Remove(place) => planet.remove(id(*place)),
        Event::Same(a, b) if a != b => {
            let (mut same, different) = written(planet);
            same.push(vec![id(*a), id(*b)]);
            planet.set_overrides(same, different)
        }
        Event::Different(a, b) if a != b => {
            let (same, mut different) = written(planet);
            different.push(vec![id(*a), id(*b)]);
            planet.set_overrides(same, different)
        }
        Event::Same(..) | Event::Different(..) => Resolution::default(),
        Event::NoOverrides => planet.set_overrides(Vec::new(), Vec::new()),
        Event::Restart => {
            planet.restart();
            Resolution::default()
        }
    }
}

/// The groups, found anew from everything at once, without indexes, by trying every pair of groups at every step.
mod oracle {
    use super::super::world::compare;
    use super::*;
    use tributary::model::Edge;

    // Written again rather than taken from what is tested.
    const KEPT_VERSIONS: usize = 5;
    const MUTUAL_COVERAGE: f32 = 0.5;

    struct Slow<'a> {
        nodes: &'a BTreeMap<EntryId, Node>,
        links: Vec<Edge>,
        held_two: BTreeSet<EntryId>,
        apart: BTreeSet<(EntryId, EntryId)>,
        free: BTreeSet<EntryId>,
        /// Members, and the kept versions among them in their order.
        groups: Vec<(BTreeSet<EntryId>, Vec<EntryId>)>,
        /// What the reader joined.
        joined: BTreeSet<EntryId>,
    }

    pub fn groups(planet: &Planet) -> BTreeSet<BTreeSet<EntryId>> {
        let nodes: BTreeMap<EntryId, Node> = planet.nodes().into_iter().map(|node| (node.entry, node)).collect();
        // Every pair is compared anew: nothing is taken from the edges that were stored.
        let pairs = planet.posts.iter().flat_map(|a| planet.posts.iter().map(move |b| (a, b)));
        let edges: Vec<Edge> = pairs
            .filter(|((a, _), (b, _))| a < b)
            .filter_map(|((a, of_a), (b, of_b))| Some(Edge::new(*a, *b, &compare(of_a, of_b)?)))
            .collect();
        let linked = |e: &&Edge| e.verdict == Verdict::Link;
        let mut links: Vec<Edge> = edges.iter().filter(linked).copied().collect();
        links.sort_by(|x, y| {
            let key = |e: &Edge| (e.total_bits - e.threshold_bits, e.coverage_a.min(e.coverage_b));
            key(y).partial_cmp(&key(x)).unwrap().then((x.a, x.b).cmp(&(y.a, y.b)))
        });
        let groups = nodes.keys().map(|id| (BTreeSet::from([*id]), vec![*id])).collect();
        let apart = planet.overrides.different().collect();
        let held_two = BTreeSet::new();
        let mut slow =
            Slow { nodes: &nodes, links, held_two, apart, free: BTreeSet::new(), groups, joined: BTreeSet::new() };
        slow.overridden(planet);
        slow.held_two =
            nodes.keys().copied().filter(|id| !nodes[id].trusted && slow.holds_two(*id, 0.6, 0.6)).collect();
        let digests: Vec<EntryId> = nodes.keys().copied().filter(|id| slow.is_digest(*id)).collect();
        // What the reader tied is tied whole, whatever it holds.
        slow.free = digests.into_iter().filter(|id| slow.group(*id).0.len() == 1).collect();
        let free = slow.free.clone();
        slow.links.retain(|e| !free.contains(&e.a) && !free.contains(&e.b));
        for phase in 0..6 {
            for edge in slow.links.clone() {
                slow.consider(phase, &edge);
            }
        }
        slow.groups.into_iter().map(|(members, _)| members).collect()
    }

    impl Slow<'_> {
        fn group(&self, id: EntryId) -> &(BTreeSet<EntryId>, Vec<EntryId>) {
            self.groups.iter().find(|(members, _)| members.contains(&id)).unwrap()
        }

        fn are_apart(&self, a: &BTreeSet<EntryId>, b: &BTreeSet<EntryId>) -> bool {
            a.iter().any(|x| b.iter().any(|y| self.apart.contains(&(*x.min(y), *x.max(y)))))
        }

        fn overridden(&mut self, planet: &Planet) {
            for set in planet.overrides.same() {
                let live: BTreeSet<EntryId> = set.iter().copied().filter(|id| self.nodes.contains_key(id)).collect();
                let live: Vec<EntryId> = live.into_iter().collect();
                for pair in live.windows(2) {
                    let (a, b) = (self.group(pair[0]).0.clone(), self.group(pair[1]).0.clone());
                    if a != b && !self.are_apart(&a, &b) {
                        self.joined.extend([pair[0], pair[1]]);
                        self.merge(pair[0], pair[1]);
                    }
                }
            }
        }

        fn merge(&mut self, a: EntryId, b: EntryId) {
            let (a, b) = (self.group(a).clone(), self.group(b).clone());
            let trusted = |group: &BTreeSet<EntryId>| group.iter().any(|id| self.nodes[id].trusted);
            let rank =
                |g: &(BTreeSet<EntryId>, Vec<EntryId>)| (!trusted(&g.0), usize::MAX - g.0.len(), g.0.first().copied());
            let (first, second) = if rank(&a) <= rank(&b) { (&a, &b) } else { (&b, &a) };
            let mut kept: Vec<EntryId> = first.1.iter().chain(&second.1).copied().collect();
            let all: BTreeSet<EntryId> = first.0.union(&second.0).copied().collect();
            // Of trusted originals each is kept while there is room, in whatever order they came together.
            let (mut originals, rest): (Vec<_>, Vec<_>) = kept.drain(..).partition(|id| self.nodes[id].trusted);
            originals.extend(rest);
            originals.truncate(KEPT_VERSIONS);
            self.groups.retain(|g| *g != a && *g != b);
            self.groups.push((all, originals));
        }

        /// What is linked with an entry: the other, the share of the entry that it covers, the share of it that is covered.
        fn around(&self, id: EntryId) -> Vec<(EntryId, f32, f32)> {
            let of = self.links.iter().filter(|e| e.a == id || e.b == id);
            of.map(|e| (e.other(id), e.coverage_of(id), e.coverage_of(e.other(id)))).collect()
        }

        fn is_part(&self, page: EntryId, text: EntryId, own: f32, whole: f32) -> bool {
            let shorter = self.nodes[&text].text_len as f32 <= 0.8 * self.nodes[&page].text_len as f32;
            whole >= 0.8 && own < 0.8 && (own < 0.6 || shorter)
        }

        fn holds_two(&self, id: EntryId, least: f32, most: f32) -> bool {
            let here = self.around(id);
            let linked = |x: EntryId, y: EntryId| self.links.iter().any(|e| (e.a, e.b) == (x.min(y), x.max(y)));
            here.iter().any(|(x, own_x, whole_x)| {
                here.iter().any(|(y, own_y, whole_y)| {
                    let both = own_x + own_y;
                    let (less, more) = (own_x.min(*own_y), own_x.max(*own_y));
                    let are_parts = self.is_part(id, *x, *own_x, *whole_x) && self.is_part(id, *y, *own_y, *whole_y);
                    let parts = are_parts && more < most && (more < 0.6 || less > 0.2);
                    let side_by_side = parts && both >= least && both < 1.1 && !linked(*x, *y);
                    x != y && side_by_side
                })
            })
        }

        fn is_digest(&self, id: EntryId) -> bool {
            let around = self.around(id);
            let none_is_most = around.iter().all(|(x, own, whole)| *own < 0.6 || self.is_part(id, *x, *own, *whole));
            !self.nodes[&id].trusted && self.holds_two(id, 0.0, 0.8) && none_is_most
        }

        /// Whether most sources of the kept versions have most of theirs linked with a text, or copies that are.
        fn agree(&self, text: EntryId, kept: &[EntryId]) -> bool {
            let among: Vec<EntryId> = self.around(text).iter().map(|(other, ..)| *other).collect();
            let copies = |a: EntryId, b: EntryId| self.around(a).iter().any(|(c, x, y)| *c == b && x.min(*y) >= 0.9);
            let says = |k: EntryId| kept.iter().any(|c| among.contains(c) && (*c == k || copies(k, *c)));
            let sources: BTreeSet<_> = kept.iter().map(|k| &self.nodes[k].source).collect();
            let agree = sources.iter().filter(|source| {
                let of: Vec<_> = kept.iter().filter(|k| &self.nodes[*k].source == **source).collect();
                of.iter().filter(|k| says(***k)).count() * 2 > of.len()
            });
            agree.count() * 2 > sources.len()
        }

        /// Whether a text is one more version of the group of one that is kept there.
        fn borne_out(&self, text: EntryId, kept: EntryId, mutual: f32) -> bool {
            mutual >= 0.9 || self.joined.contains(&kept) || self.agree(text, &self.group(kept).1)
        }

        fn part_of(&self, part: EntryId, edge: &Edge) -> bool {
            let whole = edge.other(part);
            let (members, kept) = self.group(whole);
            self.group(part).0.len() == 1
                && !self.nodes[&part].trusted
                && edge.coverage_of(part) >= 0.6
                && members.len() > 1
                && kept.contains(&whole)
                && !(self.held_two.contains(&whole) && edge.coverage_of(whole) < 0.6)
                && self.agree(part, kept)
        }

        /// Whether some text holds both as its smaller parts.
        fn parts_of_one(&self, a: EntryId, b: EntryId) -> bool {
            let wholes = |id: EntryId| {
                let of = self.around(id).into_iter().filter(|(_, own, other)| *own >= 0.6 && *other < 0.5);
                of.map(|(whole, ..)| whole).collect::<BTreeSet<_>>()
            };
            !wholes(a).is_disjoint(&wholes(b))
        }

        fn consider(&mut self, phase: usize, edge: &Edge) {
            let (a, b) = (self.group(edge.a).clone(), self.group(edge.b).clone());
            if a == b || self.are_apart(&a.0, &b.0) {
                return;
            }
            let node = |id: &EntryId| &self.nodes[id];
            let trusted = |g: &BTreeSet<EntryId>| g.iter().filter(|id| node(id).trusted).copied().collect::<Vec<_>>();
            let (ta, tb) = (trusted(&a.0), trusted(&b.0));
            let mutual = edge.coverage_a.min(edge.coverage_b) >= MUTUAL_COVERAGE;
            let wanted = match phase {
                0 => mutual && node(&edge.a).trusted && node(&edge.b).trusted,
                1 => node(&edge.a).trusted != node(&edge.b).trusted,
                2 | 4 => {
                    mutual
                        && a.1.contains(&edge.a)
                        && b.1.contains(&edge.b)
                        && [edge.a, edge.b].iter().all(|id| !self.held_two.contains(id) || edge.coverage_of(*id) >= 0.6)
                        && self.borne_out(edge.b, edge.a, edge.coverage_a.min(edge.coverage_b))
                        && self.borne_out(edge.a, edge.b, edge.coverage_a.min(edge.coverage_b))
                        && (phase == 4 || !self.parts_of_one(edge.a, edge.b))
                }
                3 => self.part_of(edge.a, edge) || self.part_of(edge.b, edge),
                _ => a.0.len() == 1 && b.0.len() == 1 && ta.is_empty() && tb.is_empty(),
            };
            let one_author =
                ta.iter().all(|x| tb.iter().all(|y| node(x).shares_author(node(y)) && node(x).same_language(node(y))));
            let may = if phase == 0 { one_author } else { ta.is_empty() || tb.is_empty() };
            let foreign = a.0.union(&b.0).any(|id| node(id).role == Role::Original && !node(id).trusted);
            let hides = foreign && !(ta.is_empty() && tb.is_empty());
            if wanted && may && !hides {
                let kept = [edge.a, edge.b].into_iter().find(|id| phase == 3 && self.part_of(*id, edge));
                let kept = kept.map(|part| self.group(edge.other(part)).1.clone());
                self.merge(edge.a, edge.b);
                if let (Some(kept), Some(group)) = (kept, self.groups.last_mut()) {
                    group.1 = kept;
                }
            }
        }
    }
}

/// The partition is the oracle's; every published id still leads somewhere; heads, tombstones and log are right.
fn check(planet: &Planet, before: &BTreeMap<StoryId, Story>, resolution: &Resolution) -> Result<(), TestCaseError> {
    let stories = planet.stories();
    let sets = |stories: &[Story]| {
        stories.iter().map(|s| s.members.iter().map(|m| m.entry).collect()).collect::<BTreeSet<_>>()
    };
    let mut expected: BTreeSet<BTreeSet<EntryId>> = oracle::groups(planet);
    expected.retain(|group| group.iter().any(|id| !planet.posts[id].reference));
    prop_assert_eq!(sets(&stories), expected);

    for story in &stories {
        let posts: Vec<&Post> = story.members.iter().map(|m| &planet.posts[&m.entry]).collect();
        let head = &planet.posts[&story.head];
        prop_assert_eq!(story.members[0].entry, story.head);
        prop_assert!(!head.reference);
        prop_assert!(head.trusted || posts.iter().all(|p| !p.trusted), "a trusted original is hidden");
        prop_assert!(query::tombstone(&*planet.store, story.id).unwrap().is_none());
        let mut languages = BTreeSet::new();
        for member in story.members.iter().filter(|m| m.listed) {
            prop_assert!(languages.insert(planet.posts[&member.entry].language), "listed twice");
            prop_assert_eq!(query::story_of(&*planet.store, member.entry).unwrap(), Some(story.id));
        }
        prop_assert!(!query::log(&*planet.store, story.id, 100).unwrap().is_empty());
    }
    let living: BTreeMap<StoryId, &Story> = stories.iter().map(|story| (story.id, story)).collect();
    for (id, old) in before {
        let Some(tombstone) = query::tombstone(&*planet.store, *id).unwrap() else {
            prop_assert!(living.contains_key(id), "{id} vanished");
            // Nobody leaves with an id that another entry founded.
            let founder = EntryId(id.0);
            let here = old.members.iter().any(|m| m.entry == founder) && planet.posts.contains_key(&founder);
            if here && !planet.posts[&living[id].head].trusted && !planet.edited.contains(&founder) {
                prop_assert!(living[id].members.iter().any(|m| m.entry == founder), "{id} lost its founder");
            }
            continue;
        };
        prop_assert_eq!(tombstone.when, at(planet.second));
        match tombstone.into {
            Some(into) => {
                let edited = [EntryId(id.0), old.head].iter().any(|entry| planet.edited.contains(entry))
                    || planet.posts[&living[&into].head].trusted;
                let older = (living[&into].founded, into) < (old.founded, *id);
                prop_assert!(older || edited, "the younger id stayed");
                // It leads to where the story lives on: to its founder or head; to others only if these were edited.
                let there = |id: EntryId| living[&into].members.iter().any(|m| m.entry == id);
                let known = |id: &EntryId| old.members.iter().any(|m| m.entry == *id) && planet.posts.contains_key(id);
                let by_right: Vec<EntryId> = [EntryId(id.0), old.head].into_iter().filter(known).collect();
                let lapsed = by_right.iter().all(|entry| planet.edited.contains(entry));
                let lives_on = by_right.into_iter().any(there) || lapsed && old.members.iter().any(|m| there(m.entry));
                prop_assert!(lives_on, "{id} leads to where it does not live on");
            }
            None => {
                let left = old.members.iter().filter(|m| planet.posts.get(&m.entry).is_some_and(|p| !p.reference));
                prop_assert_eq!(left.count(), 0, "a story went although its entries are there");
            }
        }
    }
    for story in &resolution.stories {
        prop_assert!(before.get(&story.id) != Some(story), "a story was written that did not change");
    }
    let again = planet.settle_again();
    prop_assert_eq!((again.stories, again.gone, again.changes), (Vec::new(), Vec::new(), Vec::new()));
    Ok(())
}

fn play(events: &[Event]) -> Result<(), TestCaseError> {
    let mut planet = Planet::new(Box::new(MemoryStore::new()));
    for event in events {
        let before: BTreeMap<StoryId, Story> = planet.stories().into_iter().map(|story| (story.id, story)).collect();
        let resolution = happen(&mut planet, event);
        check(&planet, &before, &resolution)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_thousand_histories_end_as_the_oracle_says(events in prop::collection::vec(event(), 1..25)) {
        play(&events)?;
    }
}

#[test]
fn a_late_original_heads_the_story_under_its_old_id() {
    let mut planet = Planet::new(Box::new(MemoryStore::new()));
    let (repost, original) = (post(3, 0), post(0, 0));
    planet.arrive(repost.clone());
    let id = planet.story_with(repost.id()).unwrap().id;
    planet.arrive(original.clone());
    let story = planet.story_with(original.id()).unwrap();
    assert_eq!((story.id, story.head, story.original), (id, original.id(), Some(original.id())));
}

#[test]
fn a_split_gives_the_merged_story_its_id_back() {
    let mut planet = Planet::new(Box::new(MemoryStore::new()));
    let (a, b) = (post(3, 0), post(5, 0));
    planet.arrive(a.clone());
    planet.arrive(Post { sentences: (900..910).collect(), ..b.clone() });
    let (first, second) = (planet.story_with(a.id()).unwrap().id, planet.story_with(b.id()).unwrap().id);
    assert_ne!(first, second);
    planet.arrive(b.clone());
    assert_eq!(planet.story_with(b.id()).unwrap().id, first);
    assert_eq!(query::find_story(&*planet.store, second).unwrap().unwrap().id, first);
    planet.set_overrides(Vec::new(), vec![vec![a.id(), b.id()]]);
    assert_eq!(planet.story_with(a.id()).unwrap().id, first);
    assert_eq!(planet.story_with(b.id()).unwrap().id, second);
    assert!(query::tombstone(&*planet.store, second).unwrap().is_none());
}

#[test]
fn who_edits_its_text_into_another_takes_the_id_along_from_nobody() {
    let mut planet = Planet::new(Box::new(MemoryStore::new()));
    let (bait, honest) = (post(3, 0), post(5, 0));
    planet.arrive(bait.clone());
    planet.arrive(honest.clone());
    let id = planet.story_with(honest.id()).unwrap().id;
    assert_eq!(EntryId(id.0), bait.id(), "seen first, it founded the story");
    planet.arrive(Post { sentences: (900..910).collect(), ..bait.clone() });
    assert_eq!(planet.story_with(honest.id()).unwrap().id, id, "which is still about what it was about");
    let left = planet.story_with(bait.id()).unwrap().id;
    assert_ne!(left, id);
    // Edited back, it joins what it founded; its story of the meantime leads there.
    planet.arrive(bait.clone());
    assert_eq!(planet.story_with(bait.id()).unwrap().id, id);
    assert_eq!(query::find_story(&*planet.store, left).unwrap().unwrap().id, id);
}
