//! Is what is published well-formed and valid, and does it stay as it is?

use std::process::Command;
use std::sync::Arc;

use tributary::compose::{StatusEvent, status};
use tributary::formats::{self, opml};
use tributary::model::{Edition, EditionSpec, Enclosure, Language, Person, Planet, SourceCard, SourceId, Tombstone};

use crate::planet::{Desk, at, entry, essay, now, planet, url, work};

fn render(edition: &Edition, ending: &str) -> String {
    let format = formats::ALL.iter().find(|f| f.ending == ending).unwrap();
    String::from_utf8((format.render)(edition)).unwrap()
}

/// The essay in an Italian edition, with all that an item can have.
fn full_edition() -> Edition {
    let mut essay = essay();
    let shown = &mut essay.entries[1];
    shown.categories = vec!["acqua".into(), "strade & ponti".into()];
    shown.enclosures = vec![
        Enclosure { url: "https://fiumi.example/a.mp3".into(), media_type: Some("audio/mpeg".into()), length: Some(9) },
        Enclosure { url: "https://fiumi.example/b.mp3".into(), media_type: None, length: None },
    ];
    shown.rights = Some("© 2026 Fiumi".into());
    shown.license = Some(url("https://creativecommons.org/licenses/by/4.0/"));
    shown.comments = Some(url("https://fiumi.example/diga#comments"));
    shown.image = Some(url("https://fiumi.example/diga.jpg"));
    shown.body.summary = Some("<p>In <b>breve</b>.</p>".into());
    let gone = work(vec![entry("copies", "gone", "en", "Gone", "2026-11-11T00:00:00Z")]);
    let mut desk = Desk::new(&["it", "*"]);
    desk.planet.hubs = vec![url("https://hub.example/")];
    describe(&mut desk, "fiumi", |card| {
        card.feed_id = Some("tag:fiumi.example,2026:feed".into());
        card.rights = Some("© Fiumi e strade, CC BY".into());
    });
    desk.publish(&[essay.clone(), gone.clone()], now());
    desk.tombstones =
        vec![Tombstone { story: gone.story.id, into: Some(essay.story.id), when: at("2026-11-20T11:00:00Z") }];
    desk.publish(&[essay], now()).edition
}

/// Changes what is known of a source.
fn describe(desk: &mut Desk, source: &str, change: impl FnOnce(&mut SourceCard)) {
    let card = desk.planet.sources.get_mut(&SourceId(source.into())).expect("a source of the planet");
    change(Arc::make_mut(card));
}

#[test]
fn what_is_published_is_what_it_was() {
    let edition = full_edition();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        for ending in ["atom", "rss", "opml"] {
            insta::assert_snapshot!(format!("edition.{ending}"), render(&edition, ending));
        }
        let json: serde_json::Value = serde_json::from_str(&render(&edition, "json")).unwrap();
        insta::assert_snapshot!("edition.json", serde_json::to_string_pretty(&json).unwrap());
    });
}

#[test]
fn opml_of_editions_and_of_sources() {
    let planet = planet();
    let specs = [EditionSpec::new("main", "Main & more"), EditionSpec::new("it", "Italiano")];
    let editions = String::from_utf8(opml::editions("A planet", &planet, &specs)).unwrap();
    assert!(editions.contains("xmlUrl=\"http://127.0.0.1:8080/main.atom\"") && editions.contains("Main &amp; more"));
    let sources = String::from_utf8(opml::sources("A planet", &planet)).unwrap();
    assert!(sources.contains("https://rivers.example/feed"));
    assert!(!sources.contains("private.example"), "what is kept to itself is not named");
}

/// Strings that have broken writers of feeds.
pub(super) const HOSTILE: &[&str] = &[
    "]]>",
    "<![CDATA[ x ]]>",
    "</title></entry><script>alert(1)</script>",
    "&amp;lt; &nosuch; &#0; &#x1F;",
    "\u{0}\u{1}\u{8}\u{b}\u{c}\u{1f}\u{7f}\u{85}\u{9f}",
    "\u{fffe}\u{ffff}\u{fffd}\u{fdd0}\u{1fffe}",
    "\u{202e}right to left override\u{202c} \u{200f}\u{61c}\u{2067}مرحبا\u{2069}",
    "👩‍👩‍👧‍👦🏳️‍🌈 \u{1f468}\u{200d}\u{2695}\u{fe0f}",
    "\r\nlines\rand\ttabs\n",
    "\u{2028}\u{2029}\u{feff}",
    "\"quotes' \"attr=\"x\" onload='y'",
    "-->",
    "<?xml version=\"1.0\"?>",
    " ",
];

pub(super) fn hostile_edition() -> Edition {
    let mut works: Vec<_> = HOSTILE
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let mut e = entry("rivers", &format!("h{i}"), "en", text, "2026-11-10T00:00:00Z");
            e.body.content = Some(format!("<p>{}</p>", tributary::model::html::escape(text)));
            e.body.summary = Some(format!("<p>{}!</p>", tributary::model::html::escape(text)));
            e.authors = vec![Person { name: (*text).into(), email: Some((*text).into()), uri: Some((*text).into()) }];
            e.contributors = vec![Person { name: format!("{text}2"), ..Person::default() }];
            e.categories = vec![(*text).into()];
            e.rights = Some((*text).into());
            e.enclosures = vec![
                Enclosure { url: (*text).into(), media_type: Some((*text).into()), length: None },
                Enclosure {
                    url: "https://a.example/?a=1&b=2".into(),
                    media_type: Some((*text).into()),
                    length: Some(0),
                },
            ];
            let mut other = e.clone();
            other.source = tributary::model::SourceId("fiumi".into());
            other.id = tributary::model::EntryId::new(&other.source, &other.key);
            other.language = Language::parse("it");
            work(vec![e, other])
        })
        .collect();
    works.push(work(vec![entry("rivers", "long", "en", &"long <&> ".repeat(116_509), "2026-11-09T00:00:00Z")]));
    let mut nameless = entry("rivers", "none", "en", "", "2026-11-08T00:00:00Z");
    (nameless.authors, nameless.link, nameless.language) = (Vec::new(), None, Language::parse("en"));
    nameless.body = tributary::model::Body::default();
    works.push(work(vec![nameless]));
    let mut desk = Desk::new(&["en", "*"]);
    desk.spec.title = "Hostile ]]> & \u{1}".into();
    desk.planet = hostile_planet();
    desk.publish(&works, now()).edition
}

/// Sources that call themselves what breaks writers of feeds.
fn hostile_planet() -> Planet {
    let mut desk = Desk::new(&["*"]);
    for source in ["rivers", "fiumi"] {
        describe(&mut desk, source, |card| {
            card.title = HOSTILE.concat();
            card.rights = Some(HOSTILE.concat());
            card.feed_id = Some(HOSTILE.concat());
        });
    }
    desk.planet
}

/// Validators of RFC 4287's grammar, of the JSON Feed schema, and of rules that no schema can say. They are programs
/// of Python and libxml2; where those are not installed CI fails, and a person's test run says that it skipped them.
#[test]
fn validators_find_no_errors() {
    let has =
        |program: &str, args: &[&str]| Command::new(program).args(args).output().is_ok_and(|o| o.status.success());
    if !has("xmllint", &["--version"]) || !has("python3", &["-c", "import jsonschema"]) {
        assert!(std::env::var_os("CI").is_none(), "xmllint and python3-jsonschema must be there in CI");
        eprintln!("skipped: needs xmllint and python3-jsonschema");
        return;
    }
    let validators = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/validators/validate.py");
    let dir = tempfile::tempdir().unwrap();
    let empty = Desk::new(&["de"]).compose(&[essay()], now()).edition;
    assert_eq!(empty.items.len(), 0);
    let validate = |name: &str, ending: &str, bytes: Vec<u8>, address: String| {
        let file = dir.path().join(format!("{name}.{ending}"));
        std::fs::write(&file, bytes).unwrap();
        let out = Command::new("python3").arg(validators).arg(ending).arg(&file).arg(address).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{name}.{ending}: {said}");
    };
    for (name, edition) in [("full", full_edition()), ("hostile", hostile_edition()), ("empty", empty)] {
        for ending in ["atom", "rss", "json", "opml"] {
            validate(name, ending, render(&edition, ending).into_bytes(), edition.address(ending).to_string());
        }
    }
    let planet = hostile_planet();
    let event =
        |fault| StatusEvent { source: Arc::clone(&planet.sources[&SourceId("rivers".into())]), when: now(), fault };
    let told = status(&planet, vec![event(Some(HOSTILE.concat())), event(None)]);
    assert_eq!(told.items.len(), 2);
    validate("status", "atom", render(&told, "atom").into_bytes(), told.address("atom").to_string());
    let specs: Vec<EditionSpec> = HOSTILE.iter().map(|title| EditionSpec::new("main", title)).collect();
    let address = "http://127.0.0.1:8080/x.opml".to_owned();
    validate("editions", "opml", opml::editions(&HOSTILE.concat(), &planet, &specs), address.clone());
    validate("sources", "opml", opml::sources(&HOSTILE.concat(), &planet), address);
}
