//! Do the pages say what is so, in two languages, and does nothing of a source get out of its quotes?
//!
//! To look at them: `cargo test --test it -- --ignored pages::show --nocapture`, with `SHOW=127.0.0.1:8099`;
//! `tests/browser/run.sh` has a browser look.

use std::sync::Arc;

use tributary::formats::{self, opml};
use tributary::model::evidence::NOT_OBSERVED;
use tributary::model::poll::{Outcome, PollRecord, SourceState};
use tributary::model::{
    Edition, EditionQuery, EditionSpec, Evidence, Finding, Language, Phrase, Publication, SourceId, StoryId, Verdict,
    html,
};
use tributary::pages::{
    self, Filter, Frame, Happened, HistoryLine, Index, Messages, Metric, PossiblePage, Route, SourceLine, StoryLine,
    StoryPage, VersionPage,
};
use tributary::publish::{Ask, Counts, Limits, Page, Refusal, Site, serve};
use tributary::{matching, schedule, signals};

use crate::planet::{Desk, at, entry, essay, lang, large_edition, now, planet, url, work};

fn frame() -> Frame {
    let mut italian = EditionSpec::new("it", "In italiano, altrimenti in inglese");
    (italian.languages, italian.any_language) = (vec![lang("it"), lang("en")], false);
    let mut wanted = EditionSpec::new("to-translate", "Still to be translated");
    wanted.languages = vec![lang("it")];
    Frame {
        title: "Rivers & Roads, once each".into(),
        home: url("http://127.0.0.1:8080/"),
        editions: vec![EditionSpec::new("main", "Rivers & Roads, once each"), italian, wanted],
        config_fault: None,
        notices: Vec::new(),
    }
}

fn works() -> Vec<tributary::compose::Work> {
    let more = [
        ("rivers", "bridge", "en", "A bridge is a promise kept in stone", "2026-11-18T08:00:00Z"),
        ("reki", "led", "ru", "Как лёд уходит с реки", "2026-11-16T08:00:00Z"),
        ("anhar", "nahr", "ar", "النهر الذي غيّر مجراه", "2026-11-09T08:00:00Z"),
        ("routes", "carte", "fr", "La carte que personne n’a signée", "2026-11-05T08:00:00Z"),
    ];
    let mut works: Vec<_> = more.map(|(s, k, l, t, d)| work(vec![entry(s, k, l, t, d)])).into();
    works.push(essay());
    for work in &mut works {
        for entry in &mut work.entries {
            let text = match entry.language.as_ref().map(Language::as_str) {
                Some("it") => {
                    "Per quarant’anni i disegni rimasero in un cassetto del municipio. Chi li apriva trovava una diga, una centrale e una strada che nessuno aveva mai chiesto."
                }
                Some("ar") => "بقيت الرسوم أربعين عامًا في درج البلدية. ومن فتحها وجد سدًا ومحطة وطريقًا لم يطلبه أحد قط.",
                Some("ru") => {
                    "Сорок лет чертежи пролежали в ящике городской управы. Кто открывал его, находил плотину, станцию и дорогу, о которой никто не просил."
                }
                Some("fr") => {
                    "Pendant quarante ans les plans restèrent dans un tiroir de la mairie. Qui l’ouvrait y trouvait un barrage, une centrale et une route que personne n’avait demandée."
                }
                _ => {
                    "For forty years the drawings lay in a drawer of the town hall. Whoever opened it found a dam, a power station, and a road that nobody had ever asked for."
                }
            };
            entry.body.content = Some(format!("<p>{text}</p><p>{text}</p>"));
        }
    }
    works
}

fn index() -> Index {
    index_page(Desk::new(&["it", "*"]).compose(&works(), now()).edition)
}

/// The page of an edition's stories.
pub fn index_of(edition: Edition) -> String {
    pages::index(&frame(), &index_page(edition), Messages::for_reader(&[]))
}

fn index_page(edition: Edition) -> Index {
    let line = |item: tributary::model::Item| StoryLine {
        id: item.story,
        date: item.published,
        authors: item.authors.iter().map(|p| p.name.clone()).collect(),
        excerpt: html::excerpt(item.content.as_deref().unwrap_or_default(), 200),
        versions: item.versions,
        shown: item.shown,
    };
    Index {
        counts: [6, 10, 5, 5],
        stories: edition.items.into_iter().map(line).collect(),
        filter: Filter::default(),
        languages: ["ar", "en", "fr", "it", "ru"].map(lang).into(),
        authors: vec!["Ada Rivers".into()],
        sources: vec![(SourceId("rivers".into()), "Rivers & Roads".into())],
        older: Some(StoryId::from(essay().entries[0].id)),
    }
}

fn finding(signal: &str, level: &str, weight_bits: f32, because: impl Into<Phrase>) -> Finding {
    Finding { signal: signal.into(), level: level.into(), weight_bits, because: because.into() }
}

const SENTENCES: &str = "{} sentences say the same in both ({} and {} compared, {} % of the matches in the same order)";

fn evidence(total_bits: f32) -> Evidence {
    let findings = vec![
        finding("text", "42 of 47", total_bits - 7.6, Phrase::new(SENTENCES, &[&42, &47, &51, &97])),
        finding("source link", "last line", 9.2, "the last line is the other's address"),
        finding("lag", "2 days", 0.6, Phrase::new("published {} days apart", &[&2])),
        finding("title", "different", -1.3, Phrase::new("the titles are different (cosine {})", &[&"0.21"])),
        finding("numbers", NOT_OBSERVED, -0.4, "Do both texts name the same numbers?"),
        finding("links", NOT_OBSERVED, -0.5, "Do both texts lead to the same rare places?"),
    ];
    let verdict = if total_bits > 10.0 { Verdict::Link } else { Verdict::PossibleLink };
    Evidence { findings, total_bits, threshold_bits: 10.0, coverage_a: 0.94, coverage_b: 0.97, verdict }
}

/// Evidence that stands without any single finding.
fn overwhelming() -> Evidence {
    let mut evidence = evidence(20.0);
    let parallel = Phrase::new("from beginning to end, the texts run {} % in parallel", &[&91]);
    evidence.findings.push(finding("windows", "0.91", 9.0, parallel));
    evidence.total_bits += 9.0;
    evidence
}

fn story() -> StoryPage {
    let works = works();
    let essay = works.last().unwrap();
    let edition = Desk::new(&["*"]).compose(std::slice::from_ref(essay), now()).edition;
    let versions = edition.items[0].versions.iter().enumerate().map(|(i, version)| {
        let entry = essay.entries.iter().find(|e| e.id == version.entry).unwrap();
        let mut version = version.clone();
        version.coverage = [1.0, 0.97, 0.94, 0.91, 0.58, 1.0][i];
        VersionPage {
            authors: vec!["Ada Rivers".into()],
            contributors: entry.authors.iter().map(|p| p.name.clone()).filter(|n| n != "Ada Rivers").collect(),
            excerpt: html::excerpt(entry.body.given(), 240),
            revised: (i == 0).then(|| at("2026-11-13T10:00:00Z")),
            outdated: (i == 1).then(|| at("2026-11-13T10:00:00Z")),
            preview: i == 4,
            evidence: (i > 0 && i != 4).then(|| if i == 2 { overwhelming() } else { evidence(18.0 + i as f32) }),
            because: if i == 4 { vec!["the languages differ".into()] } else { Vec::new() },
            overridden: i == 5,
            version,
        }
    });
    let maybe = Desk::new(&[]).compose(&works[..1], now()).edition.items.remove(0);
    let possible =
        PossiblePage { version: maybe.shown, story: maybe.story, evidence: Some(evidence(7.4)), overridden: false };
    let line = |what, name: &str, because: &[&str]| HistoryLine {
        at: now(),
        what,
        name: format!("“{name}” (rivers)"),
        source: Some(SourceId("rivers".into())),
        other: (what == Happened::Left).then_some(maybe.story),
        because: because.iter().map(|b| (*b).into()).collect(),
    };
    StoryPage {
        id: essay.story.id,
        versions: versions.collect(),
        possible: vec![possible],
        contains: vec![(maybe.story, "A bridge".into(), Some(lang("en")))],
        history: vec![
            line(Happened::Founded, "The dam", &[]),
            line(Happened::Joined, "La diga", &["Its last line is the address of the original."]),
            line(Happened::Left, "A bridge", &["an override in feeds.toml says that they are different works"]),
        ],
    }
}

fn publications() -> Vec<Publication> {
    vec![Publication {
        title: "A <b>letter</b>".to_owned(),
        home: url("https://letter.example/"),
        stories: 2,
        block: "[[source]]\nid = \"letter\"\nurl = \"https://letter.example\"\n".to_owned(),
    }]
}

fn sources() -> Vec<SourceLine> {
    let history = |status: u16| PollRecord {
        at: now(),
        status: Some(status),
        outcome: if status == 403 { Outcome::Failed("blocked".into()) } else { Outcome::Unchanged },
        entries: 20,
        bytes: 23_000,
    };
    let line = |(i, card): (usize, &Arc<tributary::model::SourceCard>)| {
        let state = SourceState {
            kind: Some("wordpress".into()),
            last_poll: Some(now()),
            next_poll: Some(at("2026-11-20T13:05:00Z")),
            next_because: "its schedule says so.".into(),
            last_change: Some(at("2026-11-19T06:00:00Z")),
            last_error: (i == 1)
                .then(|| "read the feed: 403 Forbidden; the site may block data-centre addresses".into()),
            polls: 321,
            unchanged: 300,
            bytes: 12_345_678,
            history: vec![history(200), history(304), history(304), history(if i == 1 { 403 } else { 304 })],
            ..SourceState::default()
        };
        SourceLine {
            card: card.clone(),
            url: url("https://example.org/feed"),
            state: (i != 2).then_some(state),
            entries: 41,
        }
    };
    planet().sources.values().enumerate().map(line).collect()
}

fn all(messages: &Messages) -> Vec<(&'static str, String)> {
    vec![
        ("index", pages::index(&frame(), &index(), messages)),
        ("story", pages::story(&frame(), &story(), messages)),
        ("sources", pages::sources(&frame(), &sources(), &publications(), messages)),
        ("nothing", pages::not_found(&frame(), messages)),
    ]
}

#[test]
fn pages_ask_for_nothing_from_elsewhere_and_run_nothing() {
    for (name, page) in all(Messages::for_reader(&[])) {
        for forbidden in ["<script", "<img", "<iframe", " style=", " onclick", "<style", "@import", "javascript:"] {
            assert!(!page.contains(forbidden), "{name}: {forbidden}");
        }
        for (at, _) in page.match_indices("<link ") {
            let tag = &page[at..at + page[at..].find('>').unwrap()];
            let own = ["href=\"/", "href=\"data:,\""].iter().any(|own| tag.contains(own));
            assert!(own, "{name}: {tag}");
        }
        assert!(!pages::STYLE.contains("url(") && !pages::FEED_STYLE.contains("url("));
    }
}

#[test]
fn a_browser_finds_the_feeds_and_the_icon() {
    let page = &all(Messages::for_reader(&[]))[0].1;
    for (ending, media_type) in [("atom", "atom+xml"), ("rss", "rss+xml"), ("json", "feed+json")] {
        let link = format!("<link rel=\"alternate\" type=\"application/{media_type}\" title=\"");
        let found = page.split(&link).skip(1).filter(|rest| rest.contains(&format!("/main.{ending}\">")));
        assert!(found.count() > 0, "{ending}");
    }
    assert!(page.contains("<link rel=\"icon\" type=\"image/svg+xml\" href=\"") && page.contains("/icon.svg\">"));
    assert_eq!((Route::of("/icon.svg"), Route::of("/favicon.ico")), (Some(Route::Icon), Some(Route::Icon)));
    assert!(pages::ICON.starts_with("<svg xmlns") && pages::ICON.ends_with("</svg>"));
}

#[test]
fn the_reader_is_spoken_to_in_his_language() {
    let page = |tag: &str| all(Messages::for_reader(&[lang(tag)]));
    let (english, italian) = (page("en"), page("it"));
    assert!(english[0].1.contains("<html lang=\"en\"") && english[0].1.contains("Every work once"));
    assert!(italian[0].1.contains("<html lang=\"it\"") && italian[0].1.contains("Ogni opera una volta sola"));
    assert!(italian[1].1.contains("2 giorni dopo l’originale") || italian[1].1.contains("ore dopo l’originale"));
    for (page, words) in [
        (1, "42 frasi dicono lo stesso in entrambi (47 e 51 confrontate, il 97 % delle coppie nello stesso ordine)"),
        (1, "<td>link alla fonte</td><td dir=\"auto\">l’ultima riga è l’indirizzo dell’altro</td>"),
        (1, "pubblicati a 2 giorni di distanza"),
        (1, "i titoli sono diversi (coseno 0.21)"),
        (1, "una riga di feeds.toml dice che sono opere diverse"),
        (2, "così dice il suo orario."),
    ] {
        assert!(italian[page].1.contains(words), "{words} in\n{}", italian[page].1);
    }
}

#[test]
fn every_reason_is_said_in_italian_with_all_that_it_names() {
    let italian = Messages::for_reader(&[lang("it")]);
    let overrides = [matching::stories::JOINED_BY_OVERRIDE, matching::stories::PARTED_BY_OVERRIDE];
    let findings = signals::ALL.iter().flat_map(|s| s.says).chain(&[matching::PRIOR]);
    let forms: Vec<&str> = findings.chain(&overrides).chain(schedule::SAYS).copied().collect();
    for form in &forms {
        let said = italian.reasons.iter().find(|(english, _)| english == form);
        let Some((_, said)) = said else { panic!("{form:?} is not said in Italian") };
        assert_eq!(form.matches("{}").count(), said.matches("{}").count(), "{form}");
    }
    let unused = italian.reasons.iter().find(|(english, _)| !forms.contains(english));
    assert!(unused.is_none(), "nothing gives the reason {unused:?}");
    for name in signals::ALL.iter().map(|s| s.name).chain(["prior"]) {
        assert_ne!(italian.signal(name), name, "it has no Italian name");
    }
}

#[test]
fn publications_that_were_found_can_be_pasted() {
    let page = &all(Messages::for_reader(&[]))[2].1;
    assert!(page.contains("<pre>[[source]]\nid = &quot;letter&quot;"), "{page}");
    assert!(page.contains("A &lt;b&gt;letter&lt;/b&gt;") && page.contains("originals of 2 stories"));
    assert!(!pages::sources(&frame(), &sources(), &[], Messages::for_reader(&[])).contains("[[source]]"));
}

#[test]
fn a_story_explains_itself() {
    let page = &all(Messages::for_reader(&[]))[1].1;
    for words in [
        "the last line is the other's address",
        "+9.2",
        "−".replace('−', "-").as_str(),
        "the titles are different (cosine 0.21)",
        "The original was edited after this version, on 13 November 2026.",
        "covers 58 % of the original",
        "A person said so, in feeds.toml.",
        "2.6 bits more would have folded it.",
        "Without “the last line is the other's address” it would not have been folded.",
        "No single finding decides",
        "It belongs here by way of another version:",
        "different = [&quot;https://rivers.example/dam&quot;, &quot;https://fiumi.example/diga&quot;]",
        "same = [&quot;https://rivers.example/dam&quot;, &quot;https://rivers.example/bridge&quot;]",
        "dir=\"rtl\"",
        "translated or posted by <bdi>Bruna Traduttrice</bdi>",
        "Works that this page contains",
        "Founded by <bdi>“The dam” (rivers)</bdi>",
        "left for another story",
        "an override in feeds.toml says that they are different works",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn what_was_not_seen_is_one_row_in_words() {
    let page = |tag: &str| pages::story(&frame(), &story(), Messages::for_reader(&[lang(tag)]));
    for (page, words) in [
        (page("en"), "What was not seen (no shared links, no telling numbers)"),
        (page("it"), "Che cosa non si è visto (nessun link in comune, nessun numero significativo)"),
    ] {
        assert!(!page.contains(NOT_OBSERVED) && !page.contains("Do both texts"), "{page}");
        let row = format!("<td colspan=\"2\">{words}</td><td class=\"number against\">-0.9</td>");
        assert!(page.contains(&row), "{row}");
        // And once in what spoke against.
        assert!(page.contains(&format!("<li dir=\"auto\">{words}</li>")));
    }
    for language in ["en", "it"].map(lang) {
        let messages = Messages::for_reader(&[language]);
        for signal in signals::ALL.iter().filter(|s| !s.features.is_empty()) {
            assert_ne!(messages.absence(signal.name), signal.name, "no words in {}", messages.language);
        }
    }
}

#[test]
fn nothing_of_a_source_gets_out_of_its_quotes() {
    let hostile = "\"'><script>alert(1)</script><a href=javascript:alert(1)>";
    let mut view = story();
    for version in &mut view.versions {
        version.version.title = hostile.into();
        version.version.link = Some(url("https://x.example/?\"><script>"));
        version.excerpt = hostile.into();
        version.authors = vec![hostile.into()];
        let mut card = (*version.version.source).clone();
        card.title = hostile.into();
        version.version.source = card.into();
        if let Some(evidence) = &mut version.evidence {
            evidence.findings[0].because = hostile.into();
        }
    }
    let mut index = index();
    index.stories[0].shown.title = hostile.into();
    index.stories[0].shown.link = Some(url("javascript:alert(1)"));
    let asked = EditionQuery { authors: vec![hostile.into()], ..EditionQuery::default() };
    index.filter = Filter { words: hostile.into(), asked, ..Filter::default() };
    index.authors.push(hostile.into());
    let mut frame = frame();
    frame.title = hostile.into();
    frame.config_fault = Some(hostile.into());
    let messages = Messages::for_reader(&[]);
    for page in [pages::story(&frame, &view, messages), pages::index(&frame, &index, messages)] {
        assert!(
            !page.contains("<script") && !page.contains("<a href=javascript") && !page.contains("href=\"javascript")
        );
        assert!(page.contains("&lt;script&gt;"));
    }
}

#[test]
fn a_filter_reads_what_a_form_sends() {
    let read = |pairs: &[(&str, &str)]| {
        Filter::read(&pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect::<Vec<_>>())
    };
    assert!(read(&[("q", " "), ("lang", ""), ("author", ""), ("x", "y")]).unwrap().is_empty());
    let filter =
        read(&[("q", "Dam RIVER"), ("lang", "IT,en"), ("source", "rivers"), ("include", "originals")]).unwrap();
    assert!(filter.finds("The river and the dam") && !filter.finds("The dam"));
    assert_eq!(filter.asked.to_string(), "lang=it%2Cen&include=originals&source=rivers");
    for (name, value) in [("q", "x".repeat(201)), ("lang", "klingon".into()), ("before", "yesterday".into())] {
        assert!(read(&[(name, &value)]).is_err_and(|why| why.starts_with(name)), "{name}");
    }
}

/// The planet of these tests, as a site.
struct Show(Arc<Edition>);

impl Site for Show {
    fn state(&self) -> u64 {
        1
    }

    fn edition(&self, id: &str, _: &EditionQuery) -> Result<Arc<Edition>, Refusal> {
        match id {
            "main" => Ok(Arc::new(Desk::new(&["it", "*"]).compose(&works(), now()).edition)),
            "large" => Ok(self.0.clone()),
            _ => Err(Refusal::Unknown),
        }
    }

    fn page(&self, ask: &Ask) -> Option<Page> {
        let messages = Messages::for_reader(&ask.languages);
        let html = |body| Some(Page::html(body));
        match Route::of(&ask.path) {
            Some(Route::Index) => {
                let mut view = index();
                view.filter = Filter::read(&ask.query).unwrap_or_default();
                html(pages::index(&frame(), &view, messages))
            }
            Some(Route::Story(_)) => html(pages::story(&frame(), &story(), messages)),
            Some(Route::Sources) => html(pages::sources(&frame(), &sources(), &publications(), messages)),
            Some(Route::Icon) => Some(Page::new(200, "image/svg+xml; charset=utf-8", pages::ICON)),
            Some(Route::Style) => Some(Page::new(200, "text/css; charset=utf-8", pages::STYLE)),
            Some(Route::FeedStyle) => Some(Page::new(200, "text/css; charset=utf-8", pages::FEED_STYLE)),
            Some(Route::EditionsOpml) => {
                let opml = opml::editions("Rivers", &planet(), &frame().editions);
                Some(Page::new(200, "text/x-opml; charset=utf-8", opml))
            }
            Some(Route::Metrics) => {
                let polls = Metric::plain("polls_total", "Polls.", true, 3.0);
                Some(Page::new(200, pages::METRICS_MEDIA_TYPE, pages::metrics(&[polls])))
            }
            _ => Some(Page { status: 404, ..Page::html(pages::not_found(&frame(), messages)) }),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "serves a planet to a browser or to wrk until it is stopped"]
async fn show() {
    let address = std::env::var("SHOW").unwrap_or("127.0.0.1:8099".into());
    let listener = tokio::net::TcpListener::bind(&address).await.unwrap();
    let address = listener.local_addr().unwrap();
    println!("http://{address}/ and http://{address}/story/{}", StoryId::from(essay().entries[0].id).0);
    // About 250 KB, as many a busy edition has.
    let site = Arc::new(Show(Arc::new(large_edition(20, 10_500))));
    serve(listener, site, formats::ALL, Limits::default(), Arc::new(Counts::default()), std::future::pending()).await;
}
