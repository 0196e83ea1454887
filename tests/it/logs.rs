//! Does the log say each thing once, on one line, in words that no source can forge?

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use crate::harness::feed::{ITEMS, rss};
use crate::harness::{Answer, Origin, aggregator::source, spawn_aggregator};

/// What could move a cursor, colour a line, end it, or turn it round.
fn assert_plain(text: &str) {
    let odd = text.chars().find(|c| {
        (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}')
    });
    assert_eq!(odd, None, "{text:?}");
}

/// A server whose answers are failures that carry these bytes in their header.
fn says(head: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(head.as_bytes());
        }
    });
    format!("http://{address}/feed")
}

/// Failures and faults whose words are a source's.
fn hostile(origin: &Origin) -> String {
    let title = "Red \u{1b}[31m\u{202e}txet\u{9b}2J";
    let broken = rss(title, &origin.url(""), ITEMS).replace("</item>", "<x\u{1b}[31m\u{202e}></item>");
    origin.serve("/broken", Answer::ok("application/rss+xml", broken));
    origin.serve("/page", Answer::ok("text/html", "<html><title>\u{1b}[2J</title></html>"));
    let encoded = says("HTTP/1.1 200 OK\r\nContent-Encoding: \u{9b}31m\u{202e}x\r\nContent-Length: 1\r\n\r\nx");
    let moved = says("HTTP/1.1 302 Found\r\nLocation: ht\u{202e}tp://\u{9b}2J/\r\nContent-Length: 0\r\n\r\n");
    [
        source("broken", &origin.url("/broken"), "original"),
        source("page", &origin.url("/page"), "original"),
        source("encoded", &encoded, "original"),
        source("moved", &moved, "original"),
        source("down", &origin.url("/down"), "original"),
        source("good", &origin.url("/good"), "original"),
    ]
    .concat()
}

/// The lines of a log in JSON, each of them read.
fn lines(log: &str) -> Vec<serde_json::Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}"))).collect()
}

#[test]
fn a_log_has_one_line_for_each_event_and_nothing_that_moves_a_cursor() {
    let origin = Origin::start();
    let aggregator = spawn_aggregator(&hostile(&origin));
    origin.serve("/down", Answer::status(500));
    origin.serve("/good", Answer::ok("application/rss+xml", rss("Good", &origin.url(""), ITEMS)));
    for format in ["text", "json"] {
        let output = aggregator.tributary(&["poll", "--log-format", format]);
        assert_eq!(output.code, 1, "{output:?}");
        assert_plain(&output.stdout);
        assert_plain(&output.stderr);
        // One line a source, one for each fault of a document, and the summary.
        for id in ["broken", "page", "encoded", "moved", "down", "good"] {
            assert_eq!(output.stdout.lines().filter(|line| line.starts_with(id)).count(), 1, "{id}: {output:?}");
        }
        if format == "json" {
            lines(&output.stderr);
        }
    }
}

#[test]
fn a_daemon_tells_a_failure_once_and_when_it_is_over_each_as_a_line_of_json() {
    let origin = Origin::start();
    origin.serve("/feed", Answer::status(500));
    let aggregator = spawn_aggregator(&source("blog", &origin.url("/feed"), "original"));
    let daemon = aggregator.begin(&["run", "--log-format", "json"]);
    while daemon.try_get("/healthz").is_none() {
        thread::sleep(Duration::from_millis(20));
    }
    for _ in 0..3 {
        assert_eq!(aggregator.poll().code, 1);
    }
    // Its new address is asked at once.
    origin.serve("/new", Answer::ok("application/rss+xml", rss("Good", &origin.url(""), ITEMS)));
    aggregator.configure(&source("blog", &origin.url("/new"), "original"));
    while origin.count("/new") == 0 {
        thread::sleep(Duration::from_millis(20));
    }
    for _ in 0..2 {
        assert_eq!(aggregator.poll().code, 0);
    }
    let log = daemon.log();
    let of_blog = |level: &str| {
        let told = lines(&log).into_iter().filter(|line| line["source"] == "blog" && line["level"] == level);
        told.map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of_blog("WARN").len(), 1, "{log}");
    assert_eq!(of_blog("INFO").iter().filter(|message| message.contains("answers again")).count(), 1, "{log}");
}
