//! Does `cluster` give the same stories for every order of its lines?

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tributary::cli::cluster;
use tributary::clock::Clock;
use tributary::matching::corpus;
use uuid::Uuid;

/// Short texts in two to three languages each, and one line that stands there twice with different texts.
fn archive() -> Vec<Value> {
    let lines: Vec<&str> = include_str!("../corpus/pairs/works.jsonl").lines().collect();
    // Its addresses repeat from language to language, which those of real sites do not.
    let mut documents: Vec<_> = lines.iter().filter_map(|line| corpus::read(line, "works")).collect();
    corpus::make_opaque(&mut documents);
    let lines = lines.into_iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines = lines.filter(|line| line["doc_id"].is_string()).zip(documents).map(|(mut line, document)| {
        assert_eq!(line["doc_id"], document.line.doc_id.as_str());
        line["url"] = json!(document.line.url);
        line["html"] = json!(document.line.html);
        line["text"] = json!(document.line.text);
        line
    });
    let is_short =
        |id: &str| ["deb-2012-20120213", "deb-2017-20170417", "deb-2017-20170425"].iter().any(|w| id.starts_with(w));
    let mut lines: Vec<Value> = lines.filter(|line| line["doc_id"].as_str().is_some_and(is_short)).collect();
    assert_eq!(lines.len(), 9);
    let mut again = lines[0].clone();
    again["text"] = json!("Something else stands under the same name here, which is a mistake that archives have.");
    again["html"] = Value::Null;
    lines.push(again);
    lines
}

/// What was said of each line, by its name and text; the answers stand in the order of the lines.
fn answers(lines: &[Value]) -> BTreeMap<String, Value> {
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut output = Vec::new();
    cluster::run(input.as_bytes(), &mut output, Clock::system().now()).expect("clustered");
    let output = String::from_utf8(output).expect("UTF-8");
    let answers = output.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
    let mut told = BTreeMap::new();
    for (line, answer) in lines.iter().zip(answers) {
        assert_eq!(line["doc_id"], answer["doc_id"]);
        told.insert(format!("{} {} {}", line["doc_id"], line["text"], line["html"]), answer);
    }
    assert_eq!(told.len(), lines.len());
    told
}

/// The places of `n` lines in an order that looks like none.
fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut places: Vec<usize> = (0..n).collect();
    places.sort_by_cached_key(|i| Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{seed} {i}").as_bytes()));
    places
}

fn check(lines: Vec<Value>) {
    let expected = answers(&lines);
    let stories = expected.values().map(|answer| answer["story"].to_string());
    assert!(stories.collect::<std::collections::BTreeSet<_>>().len() < lines.len(), "nothing folds: {expected:#?}");
    // Backwards, begun in the middle, every third line first, and as chance has it.
    let n = lines.len();
    let orders: [Vec<usize>; 3] =
        [(0..n).rev().collect(), (0..n).map(|i| (i + n / 2) % n).collect(), (0..n).map(|i| i * 3 % n).collect()];
    for order in orders.into_iter().chain((1..=3).map(|seed| shuffled(n, seed))) {
        let permuted: Vec<Value> = order.iter().map(|i| lines[*i].clone()).collect();
        assert_eq!(answers(&permuted), expected, "{order:?}");
    }
}

#[test]
fn dated_lines_give_the_same_stories_in_every_order() {
    let mut lines = archive();
    // Dates that contradict the order of the works: translations before their originals, two on one day.
    for (i, line) in lines.iter_mut().enumerate() {
        line["published"] = json!(format!("2012-02-{:02}", 28 - (i * 5) % 12));
    }
    check(lines);
}

#[test]
fn lines_without_dates_give_the_same_stories_in_every_order() {
    let mut lines = archive();
    for (i, line) in lines.iter_mut().enumerate() {
        line["published"] = Value::Null;
        line["role"] = json!(["original", "repost", "mixed"][i % 3]);
    }
    check(lines);
}
