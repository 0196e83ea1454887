//! Is what happened to a story told: edits, overrides, splits, floods?

use tributary::model::{Change, MemberRole, Phrase, Role, StoryId};
use tributary::pages::Happened;
use tributary::store::query;

use super::press::{ESSAY, ESSAY_ES, LETTER, Press, different, entry, members, same, source, text};
use super::world::{Planet, Post};

const ESSAY_AT: &str = "https://author.example/essay";
const SPANISH_AT: &str = "https://copies.example/ensayo";
const LETTER_AT: &str = "https://copies.example/letter";

/// The essay and its Spanish translation in one story, an English letter in another.
fn press() -> (Press, [tributary::model::EntryId; 3]) {
    let mut press = Press::new(vec![source("author", Role::Original), source("copies", Role::Repost)]);
    let essay = press.publish("author", entry("essay", ESSAY_AT, "Your Code of Conduct", &text(ESSAY)));
    let spanish = press.publish("copies", entry("ensayo", SPANISH_AT, "Tu Código de Conducta", &text(ESSAY_ES)));
    let letter = press.publish("copies", entry("letter", LETTER_AT, "A newsletter", &text(LETTER)));
    assert_eq!(press.story(essay).id, press.story(spanish).id);
    (press, [essay, spanish, letter])
}

#[test]
fn an_original_edited_after_its_translation_is_marked_so_on_the_translation() {
    let (mut press, [essay, spanish, _]) = press();
    let outdated = |press: &Press| press.story(essay).members.iter().map(|m| m.outdated).collect::<Vec<_>>();
    assert_eq!(outdated(&press), [None, None]);
    let longer = format!("{}<p>A paragraph that the translator has not seen.</p>", text(ESSAY));
    press.publish("author", entry("essay", ESSAY_AT, "Your Code of Conduct", &longer));
    assert_eq!(outdated(&press), [None, Some(press.now())]);
    let edits =
        press.log(press.story(essay).id).into_iter().filter(|line| matches!(line.change, Change::Revised { .. }));
    assert_eq!(edits.count(), 1);
    // The translator follows.
    let longer = format!("{}<p>Un párrafo que el traductor ya ha visto.</p>", text(ESSAY_ES));
    press.publish("copies", entry("ensayo", SPANISH_AT, "Tu Código de Conducta", &longer));
    assert_eq!(outdated(&press), [None, None]);
    let story = press.story(spanish);
    assert_eq!((story.head, story.members[1].role), (essay, MemberRole::Translation));
}

#[test]
fn a_merge_that_is_taken_back_gives_each_entry_the_id_that_readers_know_it_by() {
    // Whichever came first, the repost's essay or the letter of the original.
    for original_first in [true, false] {
        let mut press = Press::new(vec![source("author", Role::Original), source("copies", Role::Repost)]);
        let original = entry("essay", ESSAY_AT, "Your Code of Conduct", &text(ESSAY));
        let letter = entry("letter", LETTER_AT, "A newsletter", &text(LETTER));
        let (essay, letter) = if original_first {
            (press.publish("author", original), press.publish("copies", letter))
        } else {
            let letter = press.publish("copies", letter);
            (press.publish("author", original), letter)
        };
        let ids = |press: &Press| [press.story(essay).id, press.story(letter).id];
        let before = ids(&press);
        press.overrule(vec![same(&[ESSAY_AT, LETTER_AT])]);
        assert_eq!(ids(&press), [before[usize::from(!original_first)]; 2], "the older story takes the other over");
        assert_eq!(press.story(essay).head, essay);
        press.overrule(Vec::new());
        assert_eq!(ids(&press), before, "original first: {original_first}");
    }
}

#[test]
fn what_an_override_joins_and_parts_is_told() {
    let (mut press, [essay, spanish, letter]) = press();
    let (ours, theirs) = (press.story(essay).id, press.story(letter).id);
    press.overrule(vec![same(&[SPANISH_AT, LETTER_AT]), different(&[ESSAY_AT, SPANISH_AT])]);
    // The essay keeps the story that it heads; the other two stand together, under the id that one of them had.
    assert_eq!(members(&press.story(essay)), [essay]);
    assert_eq!((press.story(essay).id, press.story(spanish).id), (ours, theirs));
    let story = press.story(letter);
    assert_eq!(story.members.len(), 2);
    let told = story.members.iter().flat_map(|m| m.because.clone()).collect::<Vec<_>>();
    assert_eq!(told, [Phrase::from("an override in feeds.toml says that they are the same work")]);
    let split = press.log(ours).into_iter().rev().find_map(|line| match line.change {
        Change::Split { entry, to, because, .. } => Some((entry, to, because)),
        _ => None,
    });
    let apart = "an override in feeds.toml says that they are different works".into();
    assert_eq!(split, Some((spanish, theirs, vec![apart])));
    // Taken back, evidence is heard again; the entry that was parted stands where it stood.
    press.overrule(Vec::new());
    assert_eq!(press.story(spanish).id, ours);
    assert_eq!((press.story(letter).id, members(&press.story(letter))), (theirs, vec![letter]));
    // Joined by the person alone: the younger story goes, and it is told why.
    press.overrule(vec![same(&[ESSAY_AT, LETTER_AT])]);
    assert_eq!(press.story(letter).id, ours);
    let merged = press.log(ours).into_iter().rev().find_map(|line| match line.change {
        Change::Merged { gone, because, .. } => Some((gone, because)),
        _ => None,
    });
    let joined = "an override in feeds.toml says that they are the same work".into();
    assert_eq!(merged, Some((theirs, vec![joined])));
}

#[test]
fn what_happened_is_told_of_each_story_from_its_side() {
    let (mut press, [essay, spanish, letter]) = press();
    let (ours, theirs) = (press.story(essay).id, press.story(letter).id);
    press.overrule(vec![same(&[ESSAY_AT, LETTER_AT])]);
    press.overrule(vec![different(&[ESSAY_AT, SPANISH_AT])]);
    press.overrule(Vec::new());
    press.publish("author", entry("essay", ESSAY_AT, "Your Code of Conduct", &format!("{}<p>More.</p>", text(ESSAY))));
    let told = |story| {
        let lines = press.house.history(story, 99).expect("read");
        lines.into_iter().map(|line| (line.what, line.name, line.other)).collect::<Vec<_>>()
    };
    let named = |title: &str, source: &str| format!("“{title}” ({source})");
    let [essay, spanish, letter] = [(essay, "author"), (spanish, "copies"), (letter, "copies")].map(|(id, source)| {
        let title = query::entry(press.house.store(), id).expect("read").expect("there").title;
        (id, named(&title, source))
    });
    let parted = StoryId::from(spanish.0);
    let expected = [
        (Happened::Founded, essay.1.clone(), None),
        (Happened::Joined, spanish.1.clone(), None),
        (Happened::TookOver, letter.1.clone(), Some(theirs)),
        (Happened::Left, letter.1.clone(), Some(theirs)),
        (Happened::Left, spanish.1.clone(), Some(parted)),
        (Happened::TookOver, spanish.1.clone(), Some(parted)),
        (Happened::Edited, essay.1.clone(), None),
    ];
    assert_eq!(told(ours), expected);
    let expected = [
        (Happened::Founded, letter.1.clone(), None),
        (Happened::WasTakenOver, letter.1.clone(), Some(ours)),
        (Happened::Came, letter.1, Some(ours)),
    ];
    assert_eq!(told(theirs), expected);
}

#[test]
fn what_came_before_a_restart_is_found_by_what_comes_after_it() {
    let mut press = Press::new(vec![source("author", Role::Original), source("copies", Role::Repost)]);
    let essay = press.publish("author", entry("essay", ESSAY_AT, "Your Code of Conduct", &text(ESSAY)));
    press.restart();
    let spanish = press.publish("copies", entry("ensayo", SPANISH_AT, "Tu Código de Conducta", &text(ESSAY_ES)));
    assert_eq!(members(&press.story(essay)), [essay, spanish], "the index is built anew from the store");
}

#[test]
fn a_page_of_two_whole_works_joins_neither_and_is_said_to_contain_them() {
    let sources = vec![source("one", Role::Original), source("two", Role::Original), source("digest", Role::Mixed)];
    let mut press = Press::new(sources);
    // Short enough for all of the page to be encoded.
    let [first, second] = ["plur-1-en", "deb-2017-20170425-en"].map(text);
    let one = press.publish("one", entry("news", "https://one.example/1", "What is Plurality?", &first));
    let two = press.publish("two", entry("news", "https://two.example/1", "Debian in schools", &second));
    let source = |at: &str| format!("<p>Source: <a href=\"{at}\">{at}</a></p>");
    let sources = ["https://one.example/1", "https://two.example/1"].map(source);
    let page = format!("<h2>One</h2>{first}{}<h2>Two</h2>{second}{}", sources[0], sources[1]);
    let page = press.publish("digest", entry("page", "https://digest.example/1", "Two to read", &page));
    let story = press.story(page);
    let mut works = [press.story(one).id, press.story(two).id];
    works.sort();
    assert_eq!((members(&story), story.contains), (vec![page], works.to_vec()));
}

#[test]
fn overrides_that_cannot_be_followed_are_told_once_and_the_rest_goes_on() {
    let (mut press, [essay, _, letter]) = press();
    let lost = same(&[ESSAY_AT, "https://nobody.example/lost"]);
    let torn = [same(&[ESSAY_AT, LETTER_AT]), different(&[ESSAY_AT, LETTER_AT])];
    let told = press.overrule([vec![lost], torn.to_vec()].concat()).notices;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("https://nobody.example/lost, which is no entry"), "{told:?}");
    assert!(told[1].contains(ESSAY_AT) && told[1].contains(LETTER_AT) && told[1].contains("kept apart"), "{told:?}");
    assert_ne!(press.story(essay).id, press.story(letter).id);
    let again = press.house.settle_anew(&[essay, letter], press.now()).expect("settled").notices;
    assert_eq!(again, Vec::<String>::new(), "each judgement would say it again");
    assert_eq!(press.house.overrides().expect("read").1.len(), 2, "the page and `check` say it as long as it is so");
}

#[test]
fn many_overrides_are_no_crowd() {
    // Each touches a part of its own; together they name more entries than are solved at once.
    let mut press = Press::new(vec![source("one", Role::Mixed), source("two", Role::Mixed)]);
    let mut rules = Vec::new();
    for n in 0..160 {
        let links = ["one", "two"].map(|source| format!("https://{source}.example/{n}"));
        for (source, link) in ["one", "two"].iter().zip(&links) {
            let note = format!("<p>{}</p>", ["A note", "Another"][usize::from(*source == "two")]);
            press.publish(source, entry(&format!("{n}"), link, &format!("{source} {n}"), &note));
        }
        rules.push(same(&[&links[0], &links[1]]));
    }
    let told = press.overrule(rules);
    assert_eq!(told.notices, Vec::<String>::new());
    assert_eq!(press.house.summary().expect("counted").stories, 160);
}

fn post(source: String, role: Role, language: &'static str, sentences: impl IntoIterator<Item = u32>) -> Post {
    Post {
        guid: "1".to_owned(),
        role,
        trusted: role == Role::Original,
        reference: false,
        language,
        author: "Ada".to_owned(),
        sentences: sentences.into_iter().collect(),
        claimed_s: 0,
        claims_bits: 0.0,
        source,
    }
}

#[test]
fn past_the_cap_an_edit_takes_nobody_along_from_one_work_to_another() {
    // Which of them is looked at first goes by their ids.
    for n in 0..2 {
        let mut planet = Planet::new(Box::new(tributary::store::MemoryStore::new()));
        let (one, other) = (0..20, 100..120);
        let turncoat = |sentences: Vec<u32>| post(format!("turncoat{n}"), Role::Mixed, "en", sentences);
        planet.arrive(turncoat(one.clone().collect()));
        let copies = [("a", 0..20), ("b", 0..18), ("c", 100..120), ("d", 100..118), ("e", 102..120)];
        let copies = copies.map(|(name, text)| post(format!("{name}{n}"), Role::Mixed, "en", text));
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|i: usize| copies[i].id());
        copies.into_iter().for_each(|copy| drop(planet.arrive(copy)));
        // Pages of both that link all with all.
        for page in 0..260 {
            planet.arrive(post(format!("page{page}"), Role::Mixed, "en", (0..10).chain(100..110)));
        }
        planet.arrive(turncoat(one.clone().chain(other.clone()).collect()));
        let before = [c, d, e].map(|id| planet.story_with(id).expect("a story").id);
        let changes = planet.arrive(turncoat(other.collect())).changes;
        assert!(changes.iter().any(|change| matches!(change, Change::Capped { .. })), "{changes:?}");
        let of = |id| planet.story_with(id).expect("a story").members.into_iter().map(|m| m.entry).collect::<Vec<_>>();
        assert!(of(a).contains(&b) && [c, d, e].iter().all(|id| !of(a).contains(id)), "{n}: {:?}", of(a));
        assert_eq!([c, d, e].map(|id| planet.story_with(id).expect("a story").id), before, "{n}");
    }
}

#[test]
fn a_flood_past_the_cap_is_told_and_moves_nothing_that_stood() {
    let mut planet = Planet::new(Box::new(tributary::store::MemoryStore::new()));
    let original = post("author".into(), Role::Original, "en", 0..20);
    let translation = post("translator".into(), Role::Repost, "it", 0..18);
    let (essay, italian) = (original.id(), translation.id());
    planet.arrive(original);
    planet.arrive(translation);
    let story = planet.story_with(essay).expect("a story").id;
    let mut told = Vec::new();
    for n in 0..300 {
        // From as many sources, so that no cap of one source bounds them first.
        let flood = post(format!("flood{n}"), Role::Mixed, "en", 0..20 - n % 3);
        let id = flood.id();
        let changes = planet.arrive(flood).changes;
        let capped = |c: &Change| matches!(c, Change::Capped { entry, .. } if *entry == id);
        told.push(changes.iter().any(capped));
    }
    assert!(!told[..100].contains(&true), "well below the cap nothing is told");
    assert!(told.ends_with(&[true; 20]), "past it, of each that comes");
    let after = planet.story_with(essay).expect("it is still there");
    assert_eq!((after.id, after.head), (story, essay));
    assert!(after.members.iter().any(|m| m.entry == italian && m.listed), "the translation stays, and is listed");
    assert!(after.members.len() <= tributary::matching::partition::MEMBERS_MAX);
}
