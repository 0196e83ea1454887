//! Small graphs and what they are cut into; properties over made-up ones.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::model::graph::VETO_BITS;
use crate::model::{Extent, Language, Timestamp};

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_763_800_000 + seconds, 0).unwrap()
}

fn id(name: &str) -> EntryId {
    let (source, key) = name.split_once('/').unwrap_or((name, "1"));
    EntryId::new(&SourceId(source.to_owned()), key)
}

/// A node by its name, `source` or `source/key`; the first letter of the source tells its role: T is a trusted
/// original, O an original on a foreign host, R reposts, everything else is mixed.
fn node(name: &str, language: &str, author: &str) -> Node {
    let source = name.split('/').next().unwrap_or_default();
    Node {
        entry: id(name),
        source: SourceId(source.to_owned()),
        role: match name.as_bytes()[0] {
            b'T' | b'O' => Role::Original,
            b'R' => Role::Repost,
            _ => Role::Mixed,
        },
        trusted: name.starts_with('T'),
        reference: false,
        first_seen: at(0),
        revised: None,
        published: None,
        language: Language::parse(language),
        authors: vec![author.to_owned()],
        text_len: 5000,
        extent: Extent::Whole,
    }
}

/// A link by `a b bits coverage_a coverage_b`.
fn edge(line: &str) -> Edge {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |i: usize| words[i].parse::<f32>().unwrap();
    let verdict = match number(2) {
        bits if bits <= 0.0 => Verdict::NonLink,
        bits if bits < 10.0 => Verdict::PossibleLink,
        _ => Verdict::Link,
    };
    let (total_bits, threshold_bits) = (number(2), 10.0);
    let (coverage_a, coverage_b) = (number(3), number(4));
    Edge { a: id(words[0]), b: id(words[1]), total_bits, threshold_bits, coverage_a, coverage_b, verdict }
}

fn cut(nodes: &[Node], edges: &[&str], overrides: &Overrides) -> Vec<Vec<String>> {
    cut_around(nodes, edges, overrides, &[])
}

/// As [`cut`], with the names of those that stay together.
fn cut_around(nodes: &[Node], edges: &[&str], overrides: &Overrides, stay: &[&str]) -> Vec<Vec<String>> {
    let stay: Vec<Vec<EntryId>> = stay.iter().map(|set| set.split('+').map(id).collect()).collect();
    let edges: Vec<Edge> = edges.iter().map(|line| edge(line)).collect();
    let name = |entry: &EntryId| {
        let node = nodes.iter().find(|node| node.entry == *entry).unwrap();
        node.source.0.clone()
    };
    let mut groups: Vec<Vec<String>> = partition_around(nodes, &edges, overrides, &stay)
        .groups
        .iter()
        .map(|group| {
            let mut names: Vec<_> = group.members.iter().map(|(entry, _)| name(entry)).collect();
            names.sort();
            names
        })
        .collect();
    groups.sort();
    groups
}

/// Nodes as `name:language:author`, edges, expected groups: each a word, its sources joined by `+`.
fn check(why: &str, nodes: &[&str], edges: &[&str], expected: &[&str]) {
    let nodes: Vec<Node> = nodes
        .iter()
        .map(|line| {
            let mut words = line.split(':');
            let name = words.next().unwrap();
            node(name, words.next().unwrap_or("en"), words.next().unwrap_or("ann"))
        })
        .collect();
    let expected: Vec<Vec<String>> =
        expected.iter().map(|group| group.split('+').map(str::to_owned).collect()).collect();
    assert_eq!(cut(&nodes, edges, &Overrides::default()), expected, "{why}");
}

#[test]
fn what_stays_together_is_joined_with_an_original_by_the_original_alone() {
    // Two texts within a template that two works have, each with one of them; the story of the second stays.
    let names = ["T", "a", "b", "c", "d"];
    let nodes: Vec<Node> = names.iter().map(|name| node(name, "en", "ann")).collect();
    let template = ["T a 30 .4 .5", "T d 30 .4 .5", "b a 30 .4 .5", "b d 30 .4 .5", "c a 30 .4 .5", "c d 30 .4 .5"];
    let both = [&template[..], &["a d 30 .5 .5", "b c 50 1 1"]].concat();
    let groups = |edges: &[&str]| cut_around(&nodes, edges, &Overrides::default(), &["b+c+d"]);
    assert_eq!(groups(&both), [vec!["T", "a"], vec!["b", "c", "d"]]);
    // What links the original itself is heard: here all is one work.
    let late = [&both[..], &["T b 50 1 1"]].concat();
    assert_eq!(groups(&late), [["T", "a", "b", "c", "d"]]);
}

#[test]
fn who_is_joined_with_whom() {
    check(
        "two translations into one language, and a repost of a repost, belong to the work",
        &["T", "Ra:it", "Rb:it", "Rc:it"],
        &["T Ra 40 .9 .9", "T Rb 30 .8 .9", "Ra Rc 50 .95 .95"],
        &["Ra+Rb+Rc+T"],
    );
    check(
        "each entry goes to its best trusted original",
        &["Ta", "Tb", "R:it"],
        &["Ta R 30 .8 .8", "Tb R 40 .8 .8"],
        &["R+Tb", "Ta"],
    );
    check("a link that is not strong enough shows, and folds nothing", &["T", "R"], &["T R 9 .9 .9"], &["R", "T"]);
    check("a part of a text folds under the trusted whole", &["T", "R"], &["T R 30 .3 1"], &["R+T"]);
    check("two untrusted texts, one a part of the other", &["a", "b"], &["a b 30 .3 1"], &["a+b"]);
    check(
        "a part of one text is not drawn to its versions, for it may be another text on the same page",
        &["a", "b", "c"],
        &["a b 30 1 .3", "b c 40 .7 .9"],
        &["a", "b+c"],
    );
    check(
        "but where it overlaps with them, or they know it too, it is one of theirs",
        &["a", "b", "c", "d"],
        &["a b 30 1 .3", "b c 40 .9 .9", "d b 30 1 .1", "c d 8 .1 .9"],
        &["a+b+c+d"],
    );
    check(
        "two parts of one text join its story, not one another first",
        &["a", "b", "c", "d"],
        &["a b 30 1 .3", "b c 40 .9 .9", "d b 30 1 .3", "a d 50 .8 .8"],
        &["a+b+c+d"],
    );
    check(
        "one source may hold all languages of a work",
        &["s/1", "s/2:it", "s/3:fr", "r:es"],
        &["s/1 s/2 50 .9 .9", "s/1 s/3 40 .9 .9", "s/2 s/3 30 .9 .9", "s/2 r 20 .9 .9", "s/3 r 19 .9 .9"],
        &["r+s+s+s"],
    );
    check(
        "what a source publishes twice is as good as once",
        &["a", "b:it", "s/1:ru", "s/2:ru"],
        &["s/1 s/2 90 1 1", "a b 60 .9 .9", "a s/1 30 .55 .55"],
        &["a+b+s+s"],
    );
}

#[test]
fn no_source_robs_another() {
    check(
        "a trusted original never folds under a copy, however strong the link",
        &["Ta", "Tb:en:ben", "R"],
        &["Ta R 900 1 1", "Tb R 800 1 1", "Ta Tb 900 1 1"],
        &["R+Ta", "Tb"],
    );
    check("two originals of one author in one language fold", &["Ta", "Tb"], &["Ta Tb 30 .9 .9"], &["Ta+Tb"]);
    check("in two languages they do not", &["Ta", "Tb:it"], &["Ta Tb 30 .9 .9"], &["Ta", "Tb"]);
    check("nor does one that is a small part of the other", &["Ta", "Tb"], &["Ta Tb 30 .3 1"], &["Ta", "Tb"]);
    check(
        "no untrusted entry joins two originals, of one author neither",
        &["Ta", "Tb", "R"],
        &["Ta R 30 .9 .9", "Tb R 30 .9 .9"],
        &["R+Ta", "Tb"],
    );
    check(
        "what an original source publishes on a foreign host is hidden under nothing",
        &["T", "O"],
        &["T O 30 .9 .9"],
        &["O", "T"],
    );
    check("nor by way of a repost", &["T", "O", "R"], &["T R 30 .9 .9", "O R 40 .9 .9"], &["O", "R+T"]);
    check(
        "a page with two works whole bridges nothing, though nobody said what it is",
        &["a", "b", "c"],
        &["a b 90 1 .5", "b c 90 .5 1"],
        &["a", "b", "c"],
    );
    check(
        "nor by chance matches on top of its halves, nor where it claims to be mostly one of them",
        &["a", "b", "c"],
        &["a b 90 .9 .6", "b c 80 .48 .9"],
        &["a+b", "c"],
    );
    check(
        "texts that drift apart step by step join only as far as they overlap",
        &["a", "b", "c", "d"],
        &["a b 50 .55 .55", "b c 40 .52 .52", "c d 30 .52 .52"],
        &["a+b", "c+d"],
    );
    check(
        "a veto keeps apart what others join",
        &["a", "b", "c"],
        &["a b 50 .9 .9", "b c 40 .9 .9", &format!("a c {VETO_BITS} 0 0")],
        &["a+b", "c"],
    );
}

#[test]
fn a_page_with_several_works_joins_none_and_is_said_to_contain_them() {
    let mut page = node("Rpage", "it", "ann");
    page.extent = Extent::Digest;
    let nodes = [node("T", "en", "ann"), page];
    let edges = [edge("T Rpage 50 .95 .7")];
    let cut = partition(&nodes, &edges, &Overrides::default());
    let group = cut.groups.iter().find(|g| g.members[0].0 == id("Rpage")).unwrap();
    assert_eq!((group.members.len(), &group.contains[..]), (1, &[id("T")][..]));
    let other = cut.groups.iter().find(|g| g.members[0].0 == id("T")).unwrap();
    assert_eq!(other.contains, []);

    // Found out by its neighbours, where it does not say so itself.
    let nodes = [node("Ta", "en", "ann"), node("Tb", "en", "ben"), node("Rpage", "it", "ann")];
    let edges = [edge("Ta Rpage 50 .95 .5"), edge("Tb Rpage 50 .95 .5")];
    let cut = partition(&nodes, &edges, &Overrides::default());
    assert_eq!(cut.groups.len(), 3);
    let group = cut.groups.iter().find(|g| g.members[0].0 == id("Rpage")).unwrap();
    assert_eq!(group.contains.len(), 2);
}

#[test]
fn a_page_and_its_copy_take_in_neither_of_the_works_that_they_hold() {
    check(
        "two texts side by side",
        &["page", "q", "a", "b"],
        &["page q 90 .95 .95", "a page 50 .95 .5", "b page 50 .95 .5", "a q 40 .9 .5", "b q 40 .9 .5"],
        &["a", "b", "page+q"],
    );
    check("an abridgement", &["p", "q", "a"], &["p q 90 .95 .95", "a p 50 .95 .5"], &["a+p+q"]);
}

#[test]
fn overrides_win_and_of_contradicting_ones_those_that_part() {
    let nodes = [node("Ta", "en", "ann"), node("Tb", "it", "ben"), node("R", "it", "ann")];
    let same = |names: &[&str]| vec![names.iter().map(|name| id(name)).collect::<Vec<_>>()];
    let joined = Overrides::new(same(&["Ta", "Tb"]), &[]);
    assert_eq!(cut(&nodes, &[&format!("Ta Tb {VETO_BITS} 0 0")], &joined), [vec!["R"], vec!["Ta", "Tb"]]);
    let apart = Overrides::new(Vec::new(), &same(&["Ta", "R"]));
    assert_eq!(cut(&nodes, &["Ta R 90 1 1"], &apart), [["R"], ["Ta"], ["Tb"]]);
    let both = Overrides::new(same(&["Ta", "R", "Tb"]), &same(&["Ta", "Tb"]));
    let cut = partition(&nodes, &[], &both);
    assert_eq!(cut.groups.len(), 2);
    let unknown = Overrides::new(same(&["Ta", "nobody"]), &same(&["R", "nobody"]));
    assert_eq!(partition(&nodes, &[], &unknown).groups.len(), 3);
}

#[test]
fn a_flood_of_copies_leaves_room_and_loses_nothing() {
    let mut nodes = vec![node("T", "en", "ann"), node("Rhonest", "it", "ann")];
    let mut edges = vec!["T Rhonest 30 .9 .9".to_owned()];
    for n in 0..400 {
        nodes.push(node(&format!("Rflood/{n}"), "en", "ann"));
        edges.push(format!("T Rflood/{n} 99 1 1"));
    }
    let edges: Vec<&str> = edges.iter().map(String::as_str).collect();
    let groups = cut(&nodes, &edges, &Overrides::default());
    let story = groups.iter().find(|group| group.contains(&"T".to_owned())).unwrap();
    assert!(story.contains(&"Rhonest".to_owned()));
    assert_eq!(story.len(), 2 + MEMBERS_PER_SOURCE_MAX);
    assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), 402);
}

prop_compose! {
    fn any_graph()(
        roles in prop::collection::vec(0..4_usize, 2..14),
        edges in prop::collection::vec((0..14_usize, 0..14_usize, 0..60_i32, 0..=10_u8, 0..=10_u8), 0..50),
    ) -> (Vec<Node>, Vec<Edge>) {
        let name = |i: usize| format!("{}{i}", ["T", "R", "m", "O"][roles[i]]);
        let nodes: Vec<Node> = (0..roles.len())
            .map(|i| node(&name(i), ["en", "it"][i % 2], ["ann", "ben"][i % 3 / 2]))
            .collect();
        let within = edges.iter().filter(|e| e.0 < roles.len() && e.1 < roles.len() && e.0 != e.1);
        let edges = within.map(|(a, b, bits, ca, cb)| {
            edge(&format!("{} {} {bits} {} {}", name(*a), name(*b), f32::from(*ca) / 10.0, f32::from(*cb) / 10.0))
        });
        (nodes.clone(), edges.collect())
    }
}

/// A number that sorts entries in another order for each seed.
fn shuffled(entry: EntryId, seed: u64) -> u64 {
    let (high, low) = entry.0.as_u64_pair();
    (high ^ seed).wrapping_mul(low | 1).rotate_left(17)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_arrival_makes_a_difference((nodes, edges) in any_graph(), seed in any::<u64>()) {
        let first = partition(&nodes, &edges, &Overrides::default());
        let (mut nodes, mut edges) = (nodes, edges);
        nodes.sort_by_key(|node| shuffled(node.entry, seed));
        edges.sort_by_key(|e| shuffled(e.a, seed) ^ shuffled(e.b, !seed));
        for (i, edge) in edges.iter_mut().enumerate() {
            if (seed >> (i % 64)) & 1 == 1 {
                *edge = edge.mirrored();
            }
        }
        for (i, node) in nodes.iter_mut().enumerate() {
            node.first_seen = at(i as i64);
        }
        prop_assert_eq!(partition(&nodes, &edges, &Overrides::default()), first);
    }

    #[test]
    fn every_entry_stands_once_and_trust_is_kept((nodes, edges) in any_graph()) {
        let cut = partition(&nodes, &edges, &Overrides::default());
        let by_id: BTreeMap<EntryId, &Node> = nodes.iter().map(|node| (node.entry, node)).collect();
        let mut seen = BTreeSet::new();
        for group in &cut.groups {
            prop_assert!(group.kept.len() <= KEPT_VERSIONS);
            for (entry, tie) in &group.members {
                prop_assert!(seen.insert(*entry));
                prop_assert_eq!(tie.is_some(), group.members.len() > 1);
                let node = by_id[entry];
                prop_assert!(node.trusted || node.role != Role::Original || group.trusted.is_empty());
            }
            for (a, b) in group.trusted.iter().zip(group.trusted.iter().skip(1)) {
                prop_assert!(by_id[a].shares_author(by_id[b]) && by_id[a].same_language(by_id[b]));
            }
        }
        prop_assert_eq!(seen.len(), nodes.len());
    }
}
