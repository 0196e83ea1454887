//! Is the article taken out of its page whole, with its last links, and with nothing of the site around it?
//!
//! Each page of `tests/corpus/pages` starts with a comment that states what is to be read of it; the pages and the
//! texts on them were written for this project, in the shapes that the software of sites gives to real ones.

use std::path::Path;

use tributary::markup::text;
use tributary::model::{Document, Page, Timestamp};
use tributary::parse::page;
use url::Url;

/// The expectations of a page: name and value, and the lines of its text.
struct Case {
    name: String,
    fields: Vec<(String, String)>,
    text: String,
    bytes: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/pages");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "html"));
    paths.sort();
    paths.into_iter().map(|path| case(&path)).collect()
}

fn case(path: &Path) -> Case {
    let bytes = std::fs::read(path).unwrap();
    let end = bytes.windows(4).position(|window| window == b"-->\n").unwrap() + 4;
    let comment = match path.file_stem().unwrap().to_str().unwrap() {
        name if name.ends_with("cp1251") => encoding_rs::WINDOWS_1251.decode(&bytes[..end]).0.into_owned(),
        _ => String::from_utf8(bytes[..end].to_vec()).unwrap(),
    };
    let (fields, text) = comment.strip_prefix("<!-- expect\n").unwrap().split_once("text:\n").unwrap();
    let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    Case {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        fields: fields.lines().map(field).collect(),
        text: html_escape::decode_html_entities(text.trim_end_matches("-->\n").trim()).into_owned(),
        // The page as a server would send it, without our comment.
        bytes: bytes[end..].to_vec(),
    }
}

fn read(case: &Case) -> Result<Page, String> {
    let url = case.fields.iter().find(|(name, _)| name == "url").map(|(_, url)| Url::parse(url).unwrap()).unwrap();
    page::read(&Document::local(url, Some("text/html"), case.bytes.clone(), Timestamp::default()))
}

fn field(page: &Page, name: &str) -> Option<String> {
    match name {
        "title" => page.title.clone(),
        "byline" => page.byline.clone(),
        "language" => page.language.as_ref().map(ToString::to_string),
        "canonical" => page.canonical.as_ref().map(ToString::to_string),
        "site" => page.site.clone(),
        "published" => page.published.map(|date| date.to_rfc3339()),
        "images" => Some(page.images.iter().map(Url::as_str).collect::<Vec<_>>().join(", ")),
        "alternates" => Some(
            page.alternates.iter().map(|(language, url)| format!("{language} {url}")).collect::<Vec<_>>().join(", "),
        ),
        "last" => page
            .html
            .rsplit("href=\"")
            .next()
            .and_then(|rest| rest.split('"').next())
            .map(|url| url.replace("&amp;", "&")),
        _ => panic!("no field {name}"),
    }
}

#[test]
fn the_corpus_of_pages_is_read_as_it_says() {
    let mut failures = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 25, "{} pages", cases.len());
    for case in &cases {
        let page = match read(case) {
            Ok(page) => page,
            Err(error) => {
                failures.push(format!("{}: {error}", case.name));
                continue;
            }
        };
        let squeeze = |text: &str| {
            text.lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let got = squeeze(&text::plain(&page.html));
        if got != squeeze(&case.text) {
            let parted = got.lines().zip(case.text.lines()).find(|(got, wanted)| squeeze(got) != squeeze(wanted));
            let lines = (got.lines().count(), case.text.lines().count());
            failures.push(format!(
                "{}: text differs {lines:?}: {parted:?}\n   ends {:?}",
                case.name,
                got.lines().last()
            ));
        }
        for (name, wanted) in case.fields.iter().filter(|(name, _)| name != "url") {
            let got = field(&page, name);
            let date = |text: &str| chrono::DateTime::parse_from_rfc3339(text).ok().map(|date| date.timestamp());
            let same =
                got.as_deref() == Some(wanted) || name == "published" && got.as_deref().and_then(date) == date(wanted);
            if !same {
                failures.push(format!("{}: {name} is {got:?}, not {wanted:?}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} faults\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn what_is_no_article_is_an_error() {
    let read = |body: Vec<u8>, kind: &str| {
        let url = Url::parse("https://a.example/").unwrap();
        page::read(&Document::local(url, Some(kind), body, Timestamp::default()))
    };
    assert!(read(Vec::new(), "text/html").is_err());
    assert!(read(b"<html><body><p>404</p></body></html>".to_vec(), "text/html").is_err());
    assert!(read(b"%PDF-1.7".to_vec(), "application/pdf").is_err());
    assert!(read(vec![b'<'; 100 << 20], "text/html").is_err());
}

#[test]
fn hostile_pages_are_read_in_bounded_time() {
    let read = |body: String| {
        let url = Url::parse("https://a.example/").unwrap();
        page::read(&Document::local(url, Some("text/html"), body, Timestamp::default()))
    };
    let text =
        "A text that is long enough to be an article, with words enough to be taken for one by everybody. ".repeat(5);
    for open in ["<div>", "<p><b>", "<table><tr><td>", "<a href=x><div>", "<ul><li>"] {
        let deep = |levels: usize| read(format!("<html><body>{}<p>{text}</p>", open.repeat(levels)));
        assert!(deep(1_000).unwrap_or_else(|error| panic!("{open}: {error}")).html.contains("A text"), "{open}");
        assert!(deep(100_000).is_err(), "{open}");
    }
    let wide = format!("<div class=\"{}\"><p>{text}</p></div>", "x ".repeat(500_000));
    assert!(read(wide).unwrap().html.contains("A text"));
    let attributes: String = (0..100_000).map(|i| format!(" a{i}=b")).collect();
    assert!(read(format!("<div{attributes}><p>{text}</p></div>")).unwrap().html.contains("A text"));
}
