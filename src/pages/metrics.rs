//! How do the facts of a running daemon read for Prometheus (text format 0.0.4)?

use std::fmt::Write as _;

/// Media type of the exposition.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One metric with its samples.
#[derive(Debug, Clone)]
pub struct Metric {
    /// Name without the prefix `tributary_`.
    pub name: &'static str,
    /// What it counts, with its unit.
    pub help: &'static str,
    /// Whether it only grows.
    pub counter: bool,
    /// Labels with values, and the value.
    pub samples: Vec<(Vec<(&'static str, String)>, f64)>,
}

impl Metric {
    /// A metric with one sample and no labels.
    pub fn plain(name: &'static str, help: &'static str, counter: bool, value: f64) -> Self {
        Self { name, help, counter, samples: vec![(Vec::new(), value)] }
    }
}

/// The exposition.
pub fn metrics(metrics: &[Metric]) -> String {
    let mut out = String::new();
    for metric in metrics {
        let kind = if metric.counter { "counter" } else { "gauge" };
        let _ = writeln!(out, "# HELP tributary_{} {}", metric.name, escape(metric.help));
        let _ = writeln!(out, "# TYPE tributary_{} {kind}", metric.name);
        for (labels, value) in &metric.samples {
            let labels: Vec<String> = labels.iter().map(|(n, v)| format!("{n}=\"{}\"", escape(v))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(out, "tributary_{}{labels} {value}", metric.name);
        }
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let samples = vec![(vec![("source", "a\"b\\c\nd".to_owned())], 3.0)];
        let polls = Metric { name: "polls_total", help: "Polls.", counter: true, samples };
        let expected = "# HELP tributary_polls_total Polls.\n# TYPE tributary_polls_total counter\n\
                        tributary_polls_total{source=\"a\\\"b\\\\c\\nd\"} 3\n";
        assert_eq!(metrics(&[polls]), expected);
    }
}
