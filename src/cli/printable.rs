//! How does a stranger's text stand in a terminal or a log? With its control characters spelled out.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use super::LogFormat;

/// Whether a character moves the cursor, changes colours, ends a line, or turns the direction of the text around it:
/// what can make a line say something else than what was written.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// The text on one line, each control character as `\u{1b}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_control(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Standard error, on which one event is one line.
#[derive(Clone, Copy)]
pub struct Log {
    /// The form of the lines, which says how a character is spelled out.
    pub format: LogFormat,
    /// Whether the subscriber colours its lines; it spells out what is ESC in an event itself.
    pub colours: bool,
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

impl Write for Log {
    /// One event, whole: the subscriber hands it on in one piece.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(self.line(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl Log {
    fn line(self, event: &str) -> String {
        let text = event.strip_suffix('\n').unwrap_or(event);
        let mut line = String::with_capacity(event.len() + 16);
        for c in text.chars() {
            match (c, self.format) {
                ('\u{1b}', LogFormat::Text) if self.colours => line.push(c),
                (c, LogFormat::Text) if is_control(c) => line.extend(c.escape_unicode()),
                // Within a string of JSON (RFC 8259 §7); all of them are of the basic plane.
                (c, LogFormat::Json) if is_control(c) => {
                    // Writing to a string does not fail.
                    let _ = write!(line, "\\u{:04x}", u32::from(c));
                }
                (c, _) => line.push(c),
            }
        }
        line.push('\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_stranger_moves_the_cursor() {
        let hostile = "a\u{1b}[31m\r\nb\u{202e}c\u{9b}2J\u{7f}\u{2028}é日\u{200d}";
        assert_eq!(printable(hostile), "a\\u{1b}[31m\\u{d}\\u{a}b\\u{202e}c\\u{9b}2J\\u{7f}\\u{2028}é日\u{200d}");
        assert!(matches!(printable("plain é"), Cow::Borrowed(_)));
        let text = Log { format: LogFormat::Text, colours: false };
        assert_eq!(text.line(&format!("{hostile}\n")), format!("{}\n", printable(hostile)));
        let json = Log { format: LogFormat::Json, colours: false };
        let line = json.line("{\"message\":\"a\u{202e}b\u{9b}\u{7f}\"}\n");
        assert_eq!(line, "{\"message\":\"a\\u202eb\\u009b\\u007f\"}\n");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["message"], "a\u{202e}b\u{9b}\u{7f}");
    }
}
