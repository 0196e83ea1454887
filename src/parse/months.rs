//! Which zone or half of the day does a word in a date mean?

use unicode_normalization::UnicodeNormalization;

use crate::model::months::month;

/// Minutes east of Greenwich of a zone's name. RFC 2822 §4.3 defines the American ones; of others only those
/// are listed that mean one thing in feeds.
pub fn zone_minutes(word: &str) -> Option<i32> {
    let hours = |hours: i32| Some(hours * 60);
    match word.to_ascii_uppercase().as_str() {
        "Z" | "UT" | "UTC" | "GMT" | "WET" => hours(0),
        "EST" | "ET" => hours(-5),
        "EDT" => hours(-4),
        "CST" | "CT" => hours(-6),
        "CDT" => hours(-5),
        "MST" | "MT" => hours(-7),
        "MDT" => hours(-6),
        "PST" | "PT" => hours(-8),
        "PDT" => hours(-7),
        "AST" | "AT" => hours(-4),
        "ADT" => hours(-3),
        "AKST" => hours(-9),
        "AKDT" => hours(-8),
        "HST" => hours(-10),
        "NST" => Some(-210),
        "NDT" => Some(-150),
        "BRT" => hours(-3),
        "BST" | "CET" | "MEZ" | "WEST" => hours(1),
        "CEST" | "MESZ" | "EET" | "SAST" => hours(2),
        "EEST" | "MSK" | "TRT" => hours(3),
        "MSD" => hours(4),
        "PKT" => hours(5),
        "IST" => Some(330),
        "WIB" | "ICT" => hours(7),
        "HKT" | "SGT" | "AWST" => hours(8),
        "JST" | "KST" => hours(9),
        "ACST" => Some(570),
        "AEST" => hours(10),
        "AEDT" => hours(11),
        "NZST" => hours(12),
        "NZDT" => hours(13),
        _ => None,
    }
}

/// Writes a date in signs that the reader knows: East Asian units and halves of the day, no-break and double
/// blanks, full-width digits; a weekday before a year is dropped.
pub fn simplify(text: &str) -> String {
    if text.is_ascii() {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        return without_weekday(text.trim_end_matches(':')).to_owned();
    }
    let mut text: String = text.nfkc().collect();
    let korean = ["년", "오전", "오후"].iter().any(|mark| text.contains(mark));
    for (units, sign) in [
        (["년", "年"], "-"),
        (["월", "月"], "-"),
        (["일", "日"], " "),
        (["시", "時"], ":"),
        (["분", "分"], ":"),
        (["초", "秒"], " "),
    ] {
        for unit in units {
            if text.contains(unit) {
                text = text.split(unit).map(str::trim_start).collect::<Vec<_>>().join(sign);
            }
        }
    }
    for (marks, half) in [(["오전", "上午"], " AM"), (["오후", "下午"], " PM")] {
        for mark in marks {
            if text.contains(mark) {
                text = text.replace(mark, " ") + half;
            }
        }
    }
    if korean {
        // Software that writes Korean dates writes no zone: Korea has one.
        text.push_str(" KST");
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.trim_end_matches(':').replace(": ", ":");
    without_weekday(&text).to_owned()
}

/// `Fri, 2006/09/15 08:19:53 EDT`: the weekday hides that the year comes first.
fn without_weekday(text: &str) -> &str {
    let rest = text.trim_start_matches(|c: char| c.is_alphabetic()).trim_start_matches([',', '.', ' ']);
    let year_first = rest.len() > 4 && rest.bytes().take(4).all(|b| b.is_ascii_digit());
    if rest.len() < text.len() && year_first && month(text.split([' ', ',', '.']).next().unwrap_or_default()).is_none()
    {
        rest
    } else {
        text
    }
}
