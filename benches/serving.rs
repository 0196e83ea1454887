//! How long does it take to render an edition of 100 entries of 12 KB, and to compress it?
//!
//! `cargo bench --bench serving` prints the median of 21 runs of each format. How many requests a second are answered
//! is measured from outside: `tests/it/pages.rs` says how to serve a planet, `wrk` asks.

#[path = "../tests/it/planet.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod planet;

use std::time::Duration;

use tributary::formats;

fn main() {
    let edition = planet::large_edition(100, 12_000);
    for format in formats::ALL {
        let mut bytes = 0;
        let took = median(|| bytes = (format.render)(&edition).len());
        println!("{:5} {:8.2} ms, {bytes} bytes", format.ending, took.as_secs_f64() * 1e3);
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..21)
        .map(|_| {
            let start = std::time::Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}
