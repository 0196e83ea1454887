//! Which numbers and identifiers does a text name, in a form that no language changes?

use std::collections::BTreeSet;

/// Numbers and identifiers of a text, each once, in canonical form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Numbers: digits folded to ASCII. What is written with separators or has five digits or more is known by
    /// its significant digits alone (`s47` for 4.7 million, 4,700,000 and 470万).
    pub numbers: BTreeSet<String>,
    /// Version-like tokens, series numbers and names with digits: `2.1.7`, `cve-2024-3094`, `bip151`, `#10`.
    pub identifiers: BTreeSet<String>,
}

/// The value of a decimal digit of any script.
pub fn digit(c: char) -> Option<u32> {
    if c.is_ascii_digit() {
        return c.to_digit(10);
    }
    const ZEROS: [u32; 14] =
        [0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xe50, 0xed0, 0x1040, 0xff10];
    let code = c as u32;
    ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&code)).map(|zero| code - zero)
}

/// A text with the digits of all scripts as ASCII.
pub fn with_ascii_digits(text: &str) -> String {
    text.chars().map(|c| digit(c).and_then(|d| char::from_digit(d, 10)).unwrap_or(c)).collect()
}

/// Reads the numbers and identifiers of a text.
pub fn figures(text: &str) -> Figures {
    let mut out = Figures::default();
    let chars: Vec<char> = text.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        if digit(chars[i]).is_none() {
            i += 1;
            continue;
        }
        let start = token_start(&chars, i);
        let end = token_end(&chars, i);
        let token: String = chars[start..end].iter().map(|&c| folded(c)).collect();
        let marked = start > 0 && chars[start - 1] == '#';
        take(&mut out, token.trim_end_matches(['.', ',', '-', '\'', '’', ':', '/']), marked, chars.get(end).copied());
        i = end.max(i + 1);
    }
    out
}

fn folded(c: char) -> char {
    match digit(c) {
        Some(d) => char::from_digit(d, 10).unwrap_or('0'),
        None => match c {
            '٫' => '.',
            '٬' | '\u{a0}' | '\u{202f}' => ',',
            c => c.to_ascii_lowercase(),
        },
    }
}

/// Letters and hyphens directly before the digits belong to an identifier ("CVE-2024-1", "BIP151").
fn token_start(chars: &[char], digits: usize) -> usize {
    let mut start = digits;
    while start > 0 && digits - start < 20 {
        let c = chars[start - 1];
        let joins = c.is_ascii_alphabetic() || c == '-' && start >= 2 && chars[start - 2].is_ascii_alphabetic();
        if !joins {
            break;
        }
        start -= 1;
    }
    start
}

fn token_end(chars: &[char], digits: usize) -> usize {
    let mut end = digits;
    while end < chars.len() && end - digits < 40 {
        let c = chars[end];
        let next_is_digit = chars.get(end + 1).is_some_and(|&c| digit(c).is_some());
        let next_is_word = chars.get(end + 1).is_some_and(|&c| digit(c).is_some() || c.is_ascii_alphabetic());
        let groups_of_three = || {
            let run = chars[end + 1..].iter().take_while(|&&c| digit(c).is_some()).count();
            let before = chars[..end].iter().rev().take_while(|&&c| digit(c).is_some()).count();
            run == 3 && before <= 3
        };
        let joins = digit(c).is_some()
            || c.is_ascii_alphabetic() && chars[digits..end].iter().all(|c| digit(*c).is_some() || c.is_ascii())
            || matches!(c, '.' | ',' | '٫' | '٬' | '\'' | '’') && next_is_digit
            || matches!(c, '\u{a0}' | '\u{202f}' | ' ') && next_is_digit && groups_of_three()
            || c == '-' && next_is_word && chars[digits..end].iter().any(char::is_ascii_alphabetic)
            || c == '-' && next_is_digit && digits > 0 && chars[digits - 1] == '-';
        if !joins {
            break;
        }
        end += 1;
    }
    end
}

fn take(out: &mut Figures, token: &str, marked: bool, next: Option<char>) {
    let letters = token.chars().filter(char::is_ascii_alphabetic).count();
    let digits: String = token.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || token.len() > 40 {
        return;
    }
    if letters > 0 {
        // "19th", "2nd", "5km", "1990s": a number with an ending. "covid-19", "bip151": a name with a number.
        let starts_with_digit = token.starts_with(|c: char| c.is_ascii_digit());
        if starts_with_digit && letters <= 3 && token.chars().rev().take(letters).all(|c| c.is_ascii_alphabetic()) {
            number(out, token.trim_end_matches(|c: char| c.is_ascii_alphabetic()), next);
        } else if token.len() >= 3 {
            out.identifiers.insert(token.to_owned());
        }
        return;
    }
    if is_version(token) {
        out.identifiers.insert(token.to_owned());
        return;
    }
    if marked {
        out.identifiers.insert(format!("#{digits}"));
    }
    number(out, token, next);
}

/// Two full stops or more, and no grouping by thousands: `2.1.7`, but not `4.700.000`. A date (`19.03.2024`)
/// gives its year away instead.
fn is_version(token: &str) -> bool {
    let parts: Vec<&str> = token.split('.').collect();
    let is_date = parts.len() == 3 && parts[0].len() <= 2 && parts[1].len() == 2 && parts[2].len() == 4;
    parts.len() >= 3 && !is_date && !token.contains(',') && parts[1..].iter().any(|p| p.len() != 3)
}

fn number(out: &mut Figures, token: &str, next: Option<char>) {
    let digits: String = token.chars().filter(char::is_ascii_digit).collect();
    let parts: Vec<&str> = token.split(['.', ',', '\'', '’', ' ']).collect();
    let is_date = parts.len() == 3 && parts[2].len() == 4 && parts[0].len() <= 2;
    if is_date {
        for part in parts {
            out.numbers.insert(part.trim_start_matches('0').to_owned());
        }
        return;
    }
    let scaled = matches!(next, Some('万' | '萬' | '億' | '亿' | '만' | '억' | '兆'));
    let plain = digits.trim_start_matches('0');
    let significant = plain.trim_end_matches('0');
    let canonical = if (parts.len() > 1 || plain.len() > 4 || scaled) && significant.len() >= 2 {
        format!("s{significant}")
    } else if plain.is_empty() {
        return;
    } else {
        plain.to_owned()
    };
    if canonical.len() <= 20 {
        out.numbers.insert(canonical);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_in_every_language() {
        let check = |text: &str, numbers: &[&str], identifiers: &[&str]| {
            let found = figures(text);
            assert_eq!(found.numbers.iter().map(String::as_str).collect::<Vec<_>>(), numbers, "{text}");
            assert_eq!(found.identifiers.iter().map(String::as_str).collect::<Vec<_>>(), identifiers, "{text}");
        };
        check("4.7 million", &["s47"], &[]);
        check("4,7 milioni", &["s47"], &[]);
        check("4.700.000 Menschen", &["s47"], &[]);
        check("4 700 000 personnes", &["s47"], &[]);
        check("470万人", &["s47"], &[]);
        check("۲۰۲۰ و ٪۴۵", &["2020", "45"], &[]);
        check("March 19th, 2024", &["19", "2024"], &[]);
        check("am 19.03.2024", &["19", "2024", "3"], &[]);
        check("release 2.1.7 fixes CVE-2024-3094", &[], &["2.1.7", "cve-2024-3094"]);
        check("Newsletter #10", &["10"], &["#10"]);
        check("BIP151 and COVID-19", &[], &["bip151", "covid-19"]);
        check("0.17.0rc2", &[], &["0.17.0rc2"]);
        check("the 1990s", &["1990"], &[]);
    }
}
