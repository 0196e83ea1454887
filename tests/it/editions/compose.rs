//! Which version is shown, what moves `updated`, and what is given away of a text?

use std::sync::Arc;

use tributary::compose::{Stock, Work, compose};
use tributary::model::edition::Bump;
use tributary::model::source::{Content, Paid};
use tributary::model::{EditionQuery, EntryId, Include, Page, Person, SourceId, StoryId, Timestamp, Tombstone};

use crate::planet::{Desk, at, entry, essay, lang, now, planet, shown, url, work};

/// The source of the version that an edition of these languages shows.
fn pick(languages: &[&str], include: Include, work: &Work) -> Option<String> {
    let edition = Desk::new(languages).include(include).compose(std::slice::from_ref(work), now()).edition;
    shown(&edition).first().map(|s| (*s).to_owned())
}

#[test]
fn the_first_language_that_has_a_version_is_shown() {
    let check = |languages: &[&str], include, expected: Option<&str>| {
        assert_eq!(pick(languages, include, &essay()).as_deref(), expected, "{languages:?} {include:?}");
    };
    check(&[], Include::All, Some("rivers"));
    check(&["*"], Include::All, Some("rivers"));
    check(&["it", "en"], Include::All, Some("fiumi"));
    check(&["de", "fr", "en"], Include::All, Some("routes"));
    check(&["de"], Include::All, None);
    check(&["de", "*"], Include::All, Some("rivers"));
    check(&["it"], Include::Originals, None);
    check(&["en"], Include::Originals, Some("rivers"));
    check(&["it"], Include::Translations, Some("fiumi"));
    check(&["en"], Include::Translations, None);
    check(&["it"], Include::Untranslated, None);
    check(&["de"], Include::Untranslated, Some("rivers"));
    check(&["de", "ru"], Include::Untranslated, Some("reki"));
}

#[test]
fn within_a_language_original_then_repost_then_mixed() {
    let entries = |sources: [&str; 2]| {
        let mut work = work(vec![
            entry("reki", "a", "ru", "А", "2026-11-10T00:00:00Z"),
            entry(sources[0], "b", "en", "B", "2026-11-11T00:00:00Z"),
            entry(sources[1], "c", "en", "C", "2026-11-12T00:00:00Z"),
        ]);
        // The first covers less: trust comes before coverage.
        work.story.members[1].coverage = 0.7;
        work
    };
    for (trusted, other) in [("copies", "routes"), ("rivers", "copies"), ("rivers", "routes")] {
        assert_eq!(pick(&["en"], Include::All, &entries([trusted, other])).as_deref(), Some(trusted));
        assert_eq!(pick(&["en"], Include::All, &entries([other, trusted])).as_deref(), Some(trusted));
    }
    // Of one trust, the one that covers more.
    let desk = Desk::new(&["en"]);
    let edition = desk.compose(&[entries(["copies", "copies"])], now()).edition;
    assert_eq!(edition.items[0].shown.title, "C");
    // Of one coverage, the one that was seen first.
    let mut equal = entries(["copies", "copies"]);
    equal.story.members[1].coverage = 1.0;
    equal.story.members[2].coverage = 1.0;
    for (place, title) in [(1, "B"), (2, "C")] {
        equal.entries[place].first_seen = at("2026-11-10T12:00:00Z");
        equal.entries[3 - place].first_seen = at("2026-11-10T13:00:00Z");
        assert_eq!(desk.compose(std::slice::from_ref(&equal), now()).edition.items[0].shown.title, title);
    }
}

#[test]
fn a_version_that_covers_too_little_is_linked_and_not_shown() {
    let mut work = essay();
    work.story.members[1].coverage = 0.59;
    let edition = Desk::new(&["it", "en"]).compose(&[work.clone()], now()).edition;
    assert_eq!(shown(&edition), ["rivers"]);
    let part = edition.items[0].versions.iter().find(|v| v.source.id.as_str() == "fiumi").unwrap();
    assert!(part.listed, "still an alternate");
    work.story.members[1].coverage = 0.6;
    assert_eq!(pick(&["it", "en"], Include::All, &work).as_deref(), Some("fiumi"));
}

#[test]
fn what_was_shown_stays_except_before_a_better_language_and_the_original() {
    let first = entry("copies", "a", "en", "A copy", "2026-11-10T00:00:00Z");
    let better = entry("copies", "b", "en", "A fuller copy", "2026-11-11T00:00:00Z");
    let original = entry("rivers", "c", "en", "The original", "2026-11-09T00:00:00Z");
    let italian = entry("fiumi", "d", "it", "In italiano", "2026-11-12T00:00:00Z");
    let story = StoryId::from(first.id);
    let mut desk = Desk::new(&["it", "en"]);
    let mut publish = |entries: Vec<_>, coverage: &[f32]| {
        let mut work = work(entries);
        work.story.id = story;
        work.story.members.iter_mut().zip(coverage).for_each(|(m, c)| m.coverage = *c);
        let edition = desk.publish(&[work], now()).edition;
        assert_eq!(edition.items[0].story, story);
        edition.items[0].shown.title.clone()
    };
    assert_eq!(publish(vec![first.clone()], &[1.0]), "A copy");
    assert_eq!(publish(vec![better.clone(), first.clone()], &[1.0, 0.8]), "A copy");
    assert_eq!(publish(vec![original.clone(), better.clone(), first.clone()], &[1.0, 1.0, 0.8]), "The original");
    assert_eq!(publish(vec![original.clone(), italian.clone(), first.clone()], &[1.0, 1.0, 0.8]), "In italiano");
    assert_eq!(publish(vec![original, first], &[1.0, 0.8]), "The original");
}

#[test]
fn same_input_same_edition_and_nothing_to_store() {
    let works = [essay(), work(vec![entry("reki", "x", "ru", "Один", "2026-11-16T00:00:00Z")])];
    let mut desk = Desk::new(&["it", "*"]);
    let first = desk.publish(&works, now());
    assert_eq!(first.shown.len(), 2);
    let later = desk.publish(&works, at("2026-12-20T00:00:00Z"));
    assert_eq!(first.edition, later.edition);
    assert_eq!(later.shown, []);
}

/// `updated` of the essay in an Italian edition, after `change`, composed a day later.
fn updated_after(change: impl Fn(&mut Work, &mut Desk)) -> (Timestamp, Timestamp, Timestamp) {
    let (mut work, mut desk) = (essay(), Desk::new(&["it"]));
    let before = desk.publish(&[work.clone()], now()).edition.items[0].updated;
    change(&mut work, &mut desk);
    let then = now() + chrono::TimeDelta::days(1);
    (before, desk.publish(&[work], then).edition.items[0].updated, then)
}

#[test]
fn updated_moves_only_if_what_is_seen_moved() {
    let stays = |what: &str, change: fn(&mut Work, &mut Desk)| {
        let (before, after, _) = updated_after(change);
        assert_eq!(before, after, "{what}");
    };
    let moves = |what: &str, change: fn(&mut Work, &mut Desk)| {
        let (_, after, then) = updated_after(change);
        assert_eq!(after, then, "{what}");
    };
    stays("nothing", |_, _| {});
    stays("the text of a version that is not shown", |w, _| w.entries[2].body.content = Some("<p>new</p>".into()));
    stays("the shown page's text, which is not given away", |w, _| {
        w.entries[1].body.page = Some(Page { html: "<p>more</p>".repeat(100), ..Page::default() });
    });
    stays("the source's title", |_, d| {
        let mut card = (*d.planet.sources[&SourceId("fiumi".into())]).clone();
        card.title = "Fiumi, strade".into();
        d.planet.sources.insert(card.id.clone(), card.into());
    });
    stays("the planet's address", |_, d| d.planet.public_url = url("https://planet.example/"));
    stays("a score", |w, _| w.story.members[1].score_bits = Some(99.0));
    moves("the shown text", |w, _| w.entries[1].body.content = Some("<p>edited</p>".into()));
    moves("the shown title", |w, _| w.entries[1].title = "Un altro titolo".into());
    moves("a translation joined", |w, _| {
        let mut more = w.entries.clone();
        more.push(entry("routes", "es", "es", "En español", "2026-11-20T00:00:00Z"));
        *w = work(more);
    });
}

#[test]
fn an_edition_waits_for_its_first_language_as_long_as_it_was_told() {
    let english = work(vec![entry("rivers", "new", "en", "New", "2026-11-20T06:00:00Z")]);
    let mut desk = Desk::new(&["it", "en"]);
    desk.spec.hold_s = 24 * 3_600;
    let composed = desk.publish(std::slice::from_ref(&english), now());
    assert_eq!(composed.edition.items.len(), 0);
    assert_eq!(composed.again, Some(at("2026-11-21T06:00:00Z")));
    let composed = desk.publish(std::slice::from_ref(&english), at("2026-11-21T06:00:00Z"));
    assert_eq!((shown(&composed.edition), composed.again), (vec!["rivers"], None));
    // Once shown it is not taken back, whatever the clock does.
    assert_eq!(desk.publish(&[english], now()).edition.items.len(), 1);
    // With a version in the first language there is nothing to wait for.
    let italian = entry("fiumi", "nuovo", "it", "Nuovo", "2026-11-20T07:00:00Z");
    let both = work(vec![entry("rivers", "new2", "en", "New", "2026-11-20T06:00:00Z"), italian]);
    assert_eq!(shown(&desk.publish(&[both], now()).edition), ["fiumi"]);
}

#[test]
fn a_translation_moves_its_story_up_only_where_that_is_wanted() {
    let old = entry("rivers", "old", "en", "Old", "2026-11-01T00:00:00Z");
    let newer = work(vec![entry("rivers", "newer", "en", "Newer", "2026-11-05T00:00:00Z")]);
    let italian = entry("fiumi", "vecchio", "it", "Vecchio", "2026-11-18T00:00:00Z");
    for (bump, expected) in [(Bump::Never, ["Newer", "Vecchio"]), (Bump::Translation, ["Vecchio", "Newer"])] {
        let mut desk = Desk::new(&["it", "en"]).bump(bump);
        desk.publish(&[work(vec![old.clone()]), newer.clone()], at("2026-11-06T00:00:00Z"));
        let edition = desk.publish(&[work(vec![old.clone(), italian.clone()]), newer.clone()], now()).edition;
        let titles: Vec<&str> = edition.items.iter().map(|i| i.shown.title.as_str()).collect();
        assert_eq!(titles, expected, "{bump:?}");
        let date = if bump == Bump::Never { at("2026-11-01T00:00:00Z") } else { now() };
        let item = edition.items.iter().find(|i| i.shown.title == "Vecchio").unwrap();
        assert_eq!(item.published, date, "{bump:?}");
        assert_eq!(item.updated, now(), "{bump:?}");
    }
}

#[test]
fn the_limit_never_drops_what_came_in_the_last_hour() {
    let works: Vec<Work> = (0..50)
        .map(|i| {
            let mut e = entry("rivers", &format!("n{i}"), "en", &format!("{i}"), "2026-11-20T10:00:00Z");
            e.published = Some(at("2026-11-20T10:00:00Z") - chrono::TimeDelta::minutes(i));
            // Thirty came in one burst, the others the day before.
            e.first_seen = if i < 30 { at("2026-11-20T11:30:00Z") } else { at("2026-11-19T11:30:00Z") };
            work(vec![e])
        })
        .collect();
    let mut desk = Desk::new(&[]);
    desk.spec.limit = 5;
    let edition = desk.compose(&works, now()).edition;
    assert_eq!(edition.items.len(), 30);
    // Nor does the passing of time alone change an edition.
    assert_eq!(desk.compose(&works, at("2026-11-28T00:00:00Z")).edition, edition);
    // What a source had when it was first read is an archive, no news; what it adds is news, whatever its date.
    let old: Vec<Work> = (0..50)
        .map(|i| {
            let mut e = entry("rivers", &format!("o{i}"), "en", &format!("{i}"), "2025-01-01T00:00:00Z");
            e.first_seen = at("2026-11-20T11:30:00Z");
            work(vec![e])
        })
        .collect();
    let mut since = |when: &str| {
        let rivers = desk.planet.sources.get_mut(&SourceId("rivers".into())).unwrap();
        Arc::make_mut(rivers).since = Some(at(when));
        desk.compose(&old, now()).edition.items.len()
    };
    assert_eq!((since("2026-11-20T11:30:00Z"), since("2026-11-19T11:30:00Z")), (5, 50));
    // By date it would not be reached: of many newer stories only the first are read.
    let mut desk = Desk::new(&[]);
    desk.spec.limit = 5;
    desk.arrivals = old[..3].to_vec();
    let newer: Vec<Work> = (0..2_000)
        .map(|i| {
            let date = at("2026-11-20T11:30:00Z") - chrono::TimeDelta::hours(i);
            work(vec![entry("rivers", &format!("d{i}"), "en", "Title", &date.to_rfc3339())])
        })
        .collect();
    let items = desk.compose(&newer, now()).edition.items;
    assert_eq!(items.iter().filter(|item| item.shown.title.len() < 3).count(), 3);
}

#[test]
fn of_a_million_stories_only_the_newest_are_read() {
    let mut read = 0;
    let works = (0..1_000_000).map(|i| {
        read += 1;
        let date = now() - chrono::TimeDelta::hours(i);
        work(vec![entry("rivers", &format!("{i}"), "en", "Title", &date.to_rfc3339())])
    });
    let planet = planet();
    let stock = Stock { body: &|e| e.body.clone(), shown: &|_| None, arrivals: &[], tombstones: &[], planet: &planet };
    let composed = compose(&Desk::new(&[]).spec, &EditionQuery::default(), works, &stock, now()).unwrap();
    assert_eq!(composed.edition.items.len(), 100);
    assert!(read < 300, "{read} works were read for an edition of 100");
}

#[test]
fn texts_are_given_away_as_far_as_the_policy_says() {
    let mut essay = essay();
    essay.entries[0].body.summary = Some("<p>In short.</p>".into());
    essay.entries[0].body.page = Some(Page { html: format!("<p>{}</p>", "The whole. ".repeat(99)), ..Page::default() });
    let check = |source: Option<Content>, edition: Option<Content>, content: Option<&str>, summary: Option<&str>| {
        let mut desk = Desk::new(&[]);
        let mut card = (*desk.planet.sources[&SourceId("rivers".into())]).clone();
        card.content = source;
        desk.planet.sources.insert(card.id.clone(), card.into());
        desk.spec.content = edition;
        desk.spec.footer = false;
        let item = desk.compose(&[essay.clone()], now()).edition.items.remove(0);
        let begins = |text: Option<String>| text.map(|t| t.chars().take(12).collect::<String>());
        assert_eq!(begins(item.content).as_deref(), content, "{source:?} {edition:?}");
        assert_eq!(begins(item.summary).as_deref(), summary, "{source:?} {edition:?}");
    };
    let (feed, whole, short) = (Some("<p>Why the d"), Some("<p>The whole"), Some("<p>In short."));
    check(None, None, feed, short);
    check(None, Some(Content::Full), whole, short);
    check(Some(Content::Full), None, whole, short);
    check(Some(Content::Feed), Some(Content::Full), feed, short);
    check(Some(Content::Full), Some(Content::Summary), None, short);
    check(Some(Content::Link), Some(Content::Full), None, None);
}

#[test]
fn filters_by_pattern_author_and_source() {
    let titles = |change: fn(&mut Desk)| {
        let mut desk = Desk::new(&[]);
        change(&mut desk);
        let mut other = entry("reki", "y", "ru", "Мост", "2026-11-16T00:00:00Z");
        other.authors = vec![Person { name: "Boris Bridge".into(), ..Person::default() }];
        let composed = desk.try_compose(&[essay(), work(vec![other])], now());
        composed.map(|c| c.edition.items.iter().map(|i| i.shown.title.clone()).collect::<Vec<_>>())
    };
    let (dam, bridge) = ("Why the dam was never built".to_owned(), "Мост".to_owned());
    assert_eq!(titles(|_| {}), Ok(vec![bridge.clone(), dam.clone()]));
    assert_eq!(titles(|d| d.spec.keep = vec!["DAM".into()]), Ok(vec![dam.clone()]));
    assert_eq!(titles(|d| d.spec.keep = vec!["second paragraph".into()]), Ok(vec![bridge.clone(), dam.clone()]));
    assert_eq!(titles(|d| d.spec.block = vec!["мост$".into()]), Ok(vec![dam.clone()]));
    assert_eq!(titles(|d| d.spec.block = vec!["^boris".into()]), Ok(vec![dam.clone()]));
    assert_eq!(titles(|d| d.spec.authors = vec!["ada rivers ".into()]), Ok(vec![dam.clone()]));
    assert_eq!(
        titles(|d| d.spec.sources = vec![SourceId("reki".into())]),
        Ok(vec![bridge, "Почему плотину так и не построили".into()])
    );
    assert!(titles(|d| d.spec.keep = vec!["(".into()]).is_err());
    // A pattern that would take exponential time to a backtracking engine.
    assert!(titles(|d| d.spec.keep = vec!["(a*)*(b*)*c{50}".into()]).is_ok());
}

#[test]
fn what_is_kept_to_itself_is_never_named_and_a_reference_is_linked_only() {
    let mut reference = entry("elsewhere", "orig", "en", "An original we do not poll", "2026-11-01T00:00:00Z");
    reference.reference = true;
    let work = work(vec![
        reference,
        entry("private", "p", "it", "Privato", "2026-11-02T00:00:00Z"),
        entry("fiumi", "f", "it", "Pubblico", "2026-11-03T00:00:00Z"),
        entry("removed", "r", "fr", "Removed source", "2026-11-03T00:00:00Z"),
    ]);
    let edition = Desk::new(&["en", "*"]).compose(&[work], now()).edition;
    let item = &edition.items[0];
    assert_eq!(item.shown.title, "Pubblico");
    let titles: Vec<&str> = item.versions.iter().map(|v| v.title.as_str()).collect();
    assert_eq!(titles, ["An original we do not poll", "Pubblico"]);
    assert!(item.versions[0].listed);
}

#[test]
fn no_two_alternates_have_one_language() {
    let mut work = essay();
    for member in &mut work.story.members {
        member.listed = true;
    }
    let edition = Desk::new(&["en"]).compose(&[work], now()).edition;
    let mut languages: Vec<_> =
        edition.items[0].versions.iter().filter(|v| v.listed).map(|v| v.language.clone()).collect();
    assert_eq!(languages.len(), 5);
    languages.sort();
    languages.dedup();
    assert_eq!(languages.len(), 5);
}

#[test]
fn authors_of_the_work_and_its_translators_apart() {
    let edition = Desk::new(&["it"]).compose(&[essay()], now()).edition;
    let item = &edition.items[0];
    assert_eq!(item.authors[0].name, "Ada Rivers");
    assert_eq!(item.contributors.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Bruna Traduttrice"]);
    // RFC 4287 §4.1.2: a source that names nobody stands in itself.
    let mut anonymous = entry("reki", "z", "ru", "Без имени", "2026-11-16T00:00:00Z");
    anonymous.authors.clear();
    let edition = Desk::new(&[]).compose(&[work(vec![anonymous])], now()).edition;
    assert_eq!(edition.items[0].authors[0].name, "Реки и дороги");
}

#[test]
fn one_line_names_the_other_versions_in_the_language_of_the_edition() {
    let footer = |languages: &[&str]| {
        let edition = Desk::new(languages).compose(&[essay()], now()).edition;
        let content = edition.items[0].content.clone().unwrap();
        tributary::model::html::plain(&content[content.rfind("<p").unwrap()..], 1_000)
    };
    assert_eq!(
        footer(&["it", "en"]),
        "Originale in inglese: Why the dam was never built · Anche in: français, العربية, русский"
    );
    assert_eq!(footer(&["en"]), "Also in: italiano, français, العربية, русский");
    assert_eq!(
        footer(&["fr"]),
        "Original (English): Why the dam was never built · Aussi en: italiano, العربية, русский"
    );
    let mut desk = Desk::new(&["it"]);
    desk.spec.footer = false;
    let content = desk.compose(&[essay()], now()).edition.items[0].content.clone().unwrap();
    assert!(!content.contains("Originale"));
}

#[test]
fn paid_previews_are_marked_dropped_or_shown_as_the_source_says() {
    let check = |paid, expected: Option<bool>| {
        let mut desk = Desk::new(&["en"]);
        let mut card = (*desk.planet.sources[&SourceId("rivers".into())]).clone();
        card.paid = paid;
        desk.planet.sources.insert(card.id.clone(), card.into());
        let mut preview = entry("rivers", "paid", "en", "Paid", "2026-11-16T00:00:00Z");
        preview.preview = true;
        let edition = desk.compose(&[work(vec![preview])], now()).edition;
        assert_eq!(edition.items.first().map(|i| i.preview), expected, "{paid:?}");
    };
    check(Paid::Mark, Some(true));
    check(Paid::Keep, Some(false));
    check(Paid::Drop, None);
}

#[test]
fn a_story_that_went_leaves_a_tombstone_where_it_was_shown() {
    let gone = work(vec![entry("copies", "gone", "en", "Gone", "2026-11-11T00:00:00Z")]);
    let stranger = StoryId::from(EntryId::new(&SourceId("x".into()), "never shown"));
    let mut desk = Desk::new(&[]);
    desk.publish(&[essay(), gone.clone()], now());
    let when = at("2026-11-20T11:00:00Z");
    let into = Some(essay().story.id);
    desk.tombstones =
        vec![Tombstone { story: gone.story.id, into, when }, Tombstone { story: stranger, into: None, when }];
    let edition = desk.publish(&[essay()], now()).edition;
    assert_eq!(edition.tombstones.iter().map(|t| t.story).collect::<Vec<_>>(), [gone.story.id]);
    assert_eq!(edition.updated, when);
}

#[test]
fn after_a_merge_no_version_stands_under_two_ids() {
    let original = entry("rivers", "dam", "en", "Why the dam was never built", "2026-11-10T07:00:00Z");
    let italian = entry("fiumi", "diga", "it", "Perché la diga non fu mai costruita", "2026-11-12T09:30:00Z");
    let mut desk = Desk::new(&["it", "*"]);
    let apart = [work(vec![original.clone()]), work(vec![italian.clone()])];
    assert_eq!(shown(&desk.publish(&apart, now()).edition), ["fiumi", "rivers"]);
    let (stays, gone) = (apart[0].story.id, apart[1].story.id);
    // By way of a third story, which nobody was shown.
    let third = StoryId::from(EntryId::new(&SourceId("x".into()), "third"));
    let when = at("2026-11-20T11:00:00Z");
    let went = |story, into| Tombstone { story, into: Some(into), when };
    desk.tombstones = vec![went(gone, third), went(third, stays)];
    let merged = work(vec![original, italian.clone()]);
    let edition = desk.publish(std::slice::from_ref(&merged), now()).edition;
    assert_eq!(shown(&edition), ["rivers"], "readers have the Italian version under the id that went");
    assert!(edition.items[0].versions.iter().any(|v| v.source.id.as_str() == "fiumi" && v.listed));
    assert_eq!(shown(&desk.publish(std::slice::from_ref(&merged), now()).edition), ["rivers"]);
    // An edition that never showed it is free.
    assert_eq!(pick(&["it", "*"], Include::All, &merged).as_deref(), Some("fiumi"));
    // Better a version twice than a story that is nowhere.
    desk.spec.include = Include::Translations;
    assert_eq!(shown(&desk.compose(&[merged], now()).edition), ["fiumi"]);
}

#[test]
fn a_question_narrows_an_edition_and_says_so_in_its_addresses() {
    let planet = planet();
    let stock = Stock { body: &|e| e.body.clone(), shown: &|_| None, arrivals: &[], tombstones: &[], planet: &planet };
    let spec = Desk::new(&["it"]).spec;
    let query = EditionQuery::read([("lang", "fr,en"), ("source", "routes")]).unwrap();
    let composed = compose(&spec, &query, [essay()], &stock, now()).unwrap();
    assert_eq!(shown(&composed.edition), ["routes"]);
    assert_eq!(composed.edition.address("atom"), "http://127.0.0.1:8080/main.atom?lang=fr%2Cen&source=routes");
    assert_eq!(composed.edition.language, Some(lang("fr")));
    for query in [[("source", "private")], [("source", "nowhere")]] {
        let query = EditionQuery::read(query).unwrap();
        assert!(compose(&spec, &query, [essay()], &stock, now()).is_err_and(|e| e.starts_with("source:")));
    }
}
