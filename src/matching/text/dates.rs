//! Which days does a line name?

use chrono::NaiveDate;

use crate::model::months::month;

/// Marks and words between the parts of a written date: "12 de marzo de 2025", "12th of March, 2025", "3月12日".
const BETWEEN: [&str; 12] = ["de", "del", "of", "di", "the", "den", "º", "er", "th", "st", "nd", "rd"];

/// A part of a line.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// A number of one to four digits.
    Number(u32),
    Month(u32),
    /// One of [`BETWEEN`].
    Between,
    Word,
}

/// The days that a line names, each once, in order: with the month as a word, with the year first, or in numbers alone,
/// which may be read both ways round.
pub fn dates(line: &str) -> Vec<NaiveDate> {
    let parts = parts(line);
    let day = |year: u32, month, day| NaiveDate::from_ymd_opt(year as i32, month, day);
    let mut out: Vec<NaiveDate> = Vec::new();
    for window in parts.windows(3) {
        let found = match *window {
            [Part::Number(y), Part::Number(m), Part::Number(d)] if y > 1900 => [day(y, m, d), None],
            [Part::Number(d), Part::Number(m), Part::Number(y)] if y > 1900 => [day(y, m, d), day(y, d, m)],
            _ => [None, None],
        };
        out.extend(found.into_iter().flatten());
    }
    let named: Vec<Part> = parts.into_iter().filter(|part| *part != Part::Between).collect();
    for window in named.windows(3) {
        out.extend(match *window {
            [Part::Number(d), Part::Month(m), Part::Number(y)] if y > 1900 => day(y, m, d),
            [Part::Month(m), Part::Number(d), Part::Number(y)] if y > 1900 => day(y, m, d),
            _ => None,
        });
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// A line in numbers, months and other words; digits of all scripts are folded before (`numbers`).
fn parts(line: &str) -> Vec<Part> {
    let kind = |c: char| match c {
        '年' | '月' | '日' | '년' | '월' | '일' => 0,
        c if c.is_numeric() => 1,
        c if c.is_alphabetic() => 2,
        _ => 0,
    };
    let chars: Vec<(usize, char)> = line.char_indices().collect();
    let words = chars.chunk_by(|x, y| kind(x.1) == kind(y.1)).filter(|chunk| kind(chunk[0].1) > 0);
    let text = |chunk: &[(usize, char)]| chunk.iter().map(|(_, c)| *c).collect::<String>();
    let part = |word: String| match word.parse::<u32>() {
        Ok(number) if word.len() <= 4 => Part::Number(number),
        Ok(_) => Part::Word,
        Err(_) if BETWEEN.contains(&word.to_lowercase().as_str()) => Part::Between,
        Err(_) => month(&word).map_or(Part::Word, Part::Month),
    };
    words.map(text).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_in_the_forms_of_many_languages() {
        let check = |line: &str, expected: &[&str]| {
            let found: Vec<String> = dates(line).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{line}");
        };
        check("Pubblicato originariamente il 12 marzo 2025 su Substack", &["2025-03-12"]);
        check("Published on March 12th, 2025.", &["2025-03-12"]);
        check("Fuente: blog, 12 de marzo de 2025", &["2025-03-12"]);
        check("Quelle: Blatt vom 12. März 2025", &["2025-03-12"]);
        check("Источник: 12 марта 2025 г.", &["2025-03-12"]);
        check("2025年3月12日", &["2025-03-12"]);
        check("first seen 2025-03-12", &["2025-03-12"]);
        check("12.03.2025", &["2025-03-12", "2025-12-03"]);
        check("on 31.12.2025", &["2025-12-31"]);
        check("In 2025, 12 of 30 members left; March was cold. Call 555 1234 5678.", &[]);
    }
}
