//! Does a source get more than it is trusted with? Each test has a source that tries, with real texts and the real judge.

use tributary::model::{Language, MemberRole, RawEntry, Role, Source};
use tributary::normalise::MAX_AHEAD;
use tributary::store::{Draft, Waiting, query};

use super::press::{ESSAY, ESSAY_ES, LETTER, Press, entry, members, source, text};
use super::world::at;

fn essay(host: &str) -> RawEntry {
    entry("essay", &format!("https://{host}.example/essay"), "Your Code of Conduct", &text(ESSAY))
}

fn spanish(host: &str) -> RawEntry {
    entry("ensayo", &format!("https://{host}.example/ensayo"), "Tu Código de Conducta", &text(ESSAY_ES))
}

fn authored(raw: RawEntry, name: &str) -> RawEntry {
    let person = tributary::model::Person { name: name.to_owned(), ..Default::default() };
    RawEntry { authors: vec![person], ..raw }
}

#[test]
fn a_source_of_originals_is_trusted_on_its_own_hosts_only() {
    // The thief calls itself a source of originals, and publishes the essay under the author's address, first.
    let thief = source("thief", Role::Original);
    let mut press = Press::new(vec![thief, source("author", Role::Original)]);
    let stolen = press.publish("thief", authored(essay("author"), "Theo Thief"));
    let original = press.publish("author", essay("author"));
    let story = press.story(original);
    assert_eq!((story.head, story.original), (original, Some(original)));
    assert_eq!(press.story(stolen).original, None, "an original elsewhere than on its own host");

    // What is published on a host that the configuration names is as good as on its own.
    let author = Source { hosts: vec!["essays.example".to_owned()], ..source("author", Role::Original) };
    let mut press = Press::new(vec![author, source("copies", Role::Repost)]);
    let copy = press.publish("copies", essay("copies"));
    let original = press.publish("author", essay("essays"));
    assert_eq!(press.story(copy).original, Some(original));
}

#[test]
fn who_is_original_is_decided_by_trust_then_by_what_we_saw_first() {
    // A copy that claims everything: an older date, the guid, an original elsewhere, the feed it was taken from.
    let claims = |host: &str, of: &str| RawEntry {
        published: Some(at(-1_000_000)),
        via: vec![format!("https://{of}.example/essay")],
        source_title: Some("The one true source".to_owned()),
        source_link: Some(format!("https://{of}.example/feed")),
        ..essay(host)
    };
    let mixed = ["early", "late", "forger"].map(|name| source(name, Role::Mixed));
    let mut press = Press::new([mixed.to_vec(), vec![source("author", Role::Original)]].concat());
    let early = press.publish("early", RawEntry { published: Some(at(0)), ..essay("early") });
    let late = press.publish("late", claims("late", "late"));
    let story = press.story(early);
    assert_eq!(
        (members(&story), story.head),
        (vec![early, late], early),
        "the first seen heads, whatever others claim"
    );
    let id = story.id;
    // One that says it is the author's very entry: his guid, his page as its source, his feed as the one it is from.
    let forged = RawEntry { id: Some("essay".to_owned()), ..claims("forger", "author") };
    let forged = press.publish("forger", forged);
    assert_eq!((press.story(forged).head, press.story(forged).original), (early, story.original));
    // The author is found last of all.
    let original = press.publish("author", RawEntry { published: Some(at(1_000)), ..essay("author") });
    let story = press.story(original);
    assert_eq!((story.id, story.head, story.original), (id, original, Some(original)), "and the id stays");
    assert_eq!(members(&story).len(), 4);
    let role = |id| story.members.iter().find(|m| m.entry == id).map(|m| m.role);
    assert_eq!((role(forged), role(original)), (Some(MemberRole::Repost), Some(MemberRole::Original)));
}

#[test]
fn whoever_gives_an_address_as_his_own_is_not_meant_by_it() {
    // The forger gives the author's address, and that of a letter, for texts of its own.
    let forged = |guid: &str, link: &str| {
        let words = "Nothing of this has to do with anything that was said by anybody in these rooms before. ";
        entry(guid, link, "Something else", &format!("<p>{}</p>", words.repeat(8)))
    };
    let sources = vec![source("author", Role::Original), source("copies", Role::Mixed), source("forger", Role::Mixed)];
    let mut press = Press::new(sources);
    let (essay_at, letter_at) = ("https://author.example/essay", "https://copies.example/letter");
    let false_essay = press.publish("forger", forged("one", essay_at));
    let false_letter = press.publish("forger", forged("two", letter_at));
    let original = press.publish("author", essay("author"));
    let letter = press.publish("copies", entry("letter", letter_at, "Newsletter", &text(LETTER)));
    press.overrule(vec![super::press::same(&[essay_at, letter_at])]);
    assert_eq!(members(&press.story(original)), [original, letter], "the override means the pages that stand there");
    assert!(press.story(false_essay).id != press.story(original).id);
    assert!(press.story(false_letter).id != press.story(original).id);
    assert_eq!(press.house.find(essay_at).unwrap().unwrap().id, original);
    assert_eq!(press.house.find(letter_at).unwrap().unwrap().id, letter);
}

#[test]
fn a_trusted_original_is_hidden_under_nobody() {
    // Two trusted sources with one text: the copyist is trusted too, so that neither is folded under the other.
    let mut press = Press::new(vec![source("author", Role::Original), source("copyist", Role::Original)]);
    let original = press.publish("author", essay("author"));
    let copy = press.publish("copyist", authored(essay("copyist"), "Cora Copy"));
    assert_ne!(press.story(original).id, press.story(copy).id);
    assert!(press.evidence(original, copy).is_some_and(|e| e.coverage_a > 0.9), "though the texts are the same");
    assert_eq!(press.story(original).possible, [copy]);
    // One author who publishes one text twice, in one language: it folds. In two languages it does not.
    let mut press = Press::new(vec![source("author", Role::Original), source("blog", Role::Original)]);
    let original = press.publish("author", essay("author"));
    let again = press.publish("blog", essay("blog"));
    let translated = press.publish("blog", spanish("blog"));
    assert_eq!(press.story(original).id, press.story(again).id);
    assert_ne!(press.story(original).id, press.story(translated).id);
}

#[test]
fn only_what_comes_from_sources_that_repost_folds_under_an_original() {
    // On a foreign host a source of originals is trusted with nothing, but it is no reposter either.
    let stranger = source("stranger", Role::Original);
    let mut press = Press::new(vec![source("author", Role::Original), stranger, source("copies", Role::Repost)]);
    let original = press.publish("author", essay("author"));
    let elsewhere = press.publish("stranger", essay("elsewhere"));
    let copy = press.publish("copies", essay("copies"));
    assert_eq!(members(&press.story(original)), [original, copy]);
    assert_eq!(members(&press.story(elsewhere)), [elsewhere]);
}

#[test]
fn a_page_of_two_halves_bridges_no_works() {
    let sources = vec![source("one", Role::Mixed), source("two", Role::Mixed), source("patchwork", Role::Mixed)];
    let mut press = Press::new(sources);
    let first = press.publish("one", essay("one"));
    let second = press.publish("two", entry("letter", "https://two.example/letter", "Newsletter", &text(LETTER)));
    let half = |text: String| text[..text.floor_char_boundary(text.len() / 2)].to_owned();
    let page = format!("{}</p>{}</p>", half(text(ESSAY)), half(text(LETTER)));
    press.publish("patchwork", entry("patch", "https://patchwork.example/1", "Notes", &page));
    assert_ne!(press.story(first).id, press.story(second).id);
}

#[test]
fn a_reference_is_named_and_never_shown_in_place_of_a_configured_entry() {
    let mut press = Press::new(vec![source("copies", Role::Repost), source("stranger", Role::Mixed)]);
    // What was fetched because a repost links to it came before the repost was judged.
    let found = press.publish("stranger", essay("stranger"));
    let mut draft = Draft::new(press.house.store());
    let mut reference = query::whole_entry(press.house.store(), found).unwrap().unwrap();
    reference.reference = true;
    draft.put_entry(&reference).unwrap();
    draft.put_waiting(&Waiting { entry: found, ready: press.now(), date: press.now() }).unwrap();
    draft.commit().unwrap();
    press.judge();
    assert_eq!(query::story_of(press.house.store(), found).unwrap(), None, "a reference alone is no story");
    let translation = press.publish("copies", spanish("copies"));
    let story = press.story(translation);
    assert_eq!((story.head, story.original), (translation, Some(found)));
    let role = |id| story.members.iter().find(|m| m.entry == id).unwrap().role;
    assert_eq!((role(found), role(translation)), (MemberRole::Original, MemberRole::Translation));
}

#[test]
fn a_guid_names_an_entry_within_its_source_only() {
    let sources = vec![source("author", Role::Original), source("thief", Role::Mixed)];
    let mut press = Press::new(sources);
    let original = press.publish("author", essay("author"));
    let before = press.story(original);
    let other = entry("essay", "https://thief.example/x", "Bitcoin Optech Newsletter #367", &text(LETTER));
    let stolen = press.publish("thief", other);
    assert_ne!(original, stolen);
    assert_eq!(press.story(original), before);
    let kept = query::whole_entry(press.house.store(), original).unwrap().unwrap();
    assert_eq!(kept.title, "Your Code of Conduct", "nothing was overwritten");
}

#[test]
fn a_date_of_the_future_counts_as_ten_minutes_ahead_at_the_most_and_edits_move_it_no_further() {
    let mut press = Press::new(vec![source("eager", Role::Mixed)]);
    let dated = |days: i64, word: &str| RawEntry {
        published: Some(at(days * 86_400)),
        ..entry("post", "https://eager.example/post", word, &text(LETTER))
    };
    let id = press.publish("eager", dated(30, "First"));
    let read = |press: &Press| query::entry(press.house.store(), id).unwrap().unwrap();
    let first_seen = read(&press).first_seen;
    assert_eq!(read(&press).published, Some(first_seen + MAX_AHEAD));
    for day in 31..34 {
        press.publish("eager", dated(day, &format!("Edit {day}")));
        assert_eq!(read(&press).published, Some(first_seen + MAX_AHEAD));
    }
    assert_eq!(press.story(id).touched, first_seen + MAX_AHEAD);
}

#[test]
fn a_list_of_links_names_no_original() {
    let mut press = Press::new(vec![source("author", Role::Original), source("links", Role::Repost)]);
    let original = press.publish("author", essay("author"));
    let line = |n: usize| match n {
        3 => "<p>Source: <a href=\"https://author.example/essay\">Your Code of Conduct</a></p>".to_owned(),
        n => format!(
            "<p>Source: <a href=\"https://read{n}.example/{n}\">Something that was worth reading, number {n}</a></p>"
        ),
    };
    let list: String = (0..8).map(line).collect();
    // The whole essay stands below the list, so that the two are compared.
    let page = format!("{list}{}", text(ESSAY_ES));
    let listed = press.publish("links", entry("links", "https://links.example/1", "Links of the week", &page));
    let evidence = press.evidence(original, listed).expect("they were compared");
    let link = evidence.findings.iter().find(|f| f.signal == "source link").expect("the link was seen");
    assert_eq!((link.level.as_str(), link.weight_bits), ("inside", 0.0));
    // The list alone joins nothing.
    let alone = press.publish("links", entry("links2", "https://links.example/2", "More links", &list));
    assert_eq!(members(&press.story(alone)), [alone]);
}

#[test]
fn of_two_translations_into_one_language_one_is_listed() {
    let sources = vec![source("author", Role::Original), source("uno", Role::Repost), source("dos", Role::Repost)];
    let mut press = Press::new(sources);
    let original = press.publish("author", essay("author"));
    // Both of the first round of polls, where what we saw first says nothing.
    let dated = |host: &str, when: i64| RawEntry { published: Some(at(when)), ..spanish(host) };
    let (uno, dos) = (press.publish("uno", dated("uno", -200)), press.publish("dos", dated("dos", -100)));
    let story = press.story(original);
    assert_eq!(members(&story), [original, uno, dos]);
    let listed: Vec<bool> = story.members.iter().map(|m| m.listed).collect();
    assert_eq!(listed, [true, true, false]);
    let language = query::entry(press.house.store(), dos).unwrap().unwrap().language;
    assert_eq!(language, Language::parse("es"));
}
