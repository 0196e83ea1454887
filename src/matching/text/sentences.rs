//! Where do sentences end, in all scripts?

use super::latin_length;
use crate::model::stable_hash;

/// Shorter ones are joined to their neighbour in the block: "Mr." is no sentence.
const SHORTEST: u32 = 18;
/// Longer ones are cut at a comma or blank: encoders read no more at once, and one side's full stop is the
/// other's semicolon.
const LONGEST: u32 = 320;

/// The sentences of one block.
pub fn split(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut current = String::new();
    let chars: Vec<char> = text.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        current.push(if c == '\n' { ' ' } else { c });
        if ends_here(&chars, i, &current) {
            push(&mut out, &mut current);
        }
    }
    push(&mut out, &mut current);
    out.into_iter().flat_map(|s| if latin_length(&s) > LONGEST { cut(&s) } else { vec![s] }).collect()
}

fn push(out: &mut Vec<String>, current: &mut String) {
    let sentence = current.trim();
    if sentence.is_empty() {
        current.clear();
        return;
    }
    match out.last_mut() {
        Some(last) if latin_length(sentence) < SHORTEST || latin_length(last) < SHORTEST => {
            last.push(' ');
            last.push_str(sentence);
        }
        _ => out.push(sentence.to_owned()),
    }
    current.clear();
}

fn ends_here(chars: &[char], i: usize, current: &str) -> bool {
    let c = chars[i];
    let next = chars.get(i + 1).copied();
    match c {
        '。' | '！' | '？' | '｡' => !matches!(next, Some('」' | '』' | '”' | '’' | '）' | '。' | '！' | '？')),
        '」' | '』' | '”' | '’' | '»' | '"' | ')' | '）' => {
            let before = i.checked_sub(1).map(|p| chars[p]);
            match before {
                Some('。' | '！' | '？') => true,
                Some('.' | '!' | '?' | '…') => next.is_none_or(char::is_whitespace) && starts_anew(chars, i + 1),
                _ => false,
            }
        }
        '।' | '॥' | '۔' | '։' | '။' | '។' => true,
        '!' | '?' | '؟' | '…' | ';' if c != ';' => next.is_none_or(char::is_whitespace),
        '.' => next.is_none_or(char::is_whitespace) && !is_abbreviation(current) && starts_anew(chars, i + 1),
        // Thai and its neighbours separate sentences by blanks alone.
        ' ' => {
            i > 0
                && matches!(chars[i - 1], '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
                && current.chars().count() > 60
        }
        _ => false,
    }
}

/// Whether what follows begins a sentence: no lower-case letter.
fn starts_anew(chars: &[char], from: usize) -> bool {
    chars[from..].iter().find(|c| !c.is_whitespace()).is_none_or(|c| !c.is_lowercase())
}

/// "J. Smith", "e.g. that", "Nr. 5", "Dr. No": a capital alone or a word of up to three letters with a capital.
fn is_abbreviation(current: &str) -> bool {
    let word = current.trim_end_matches('.').rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let first_upper = word.chars().next().is_some_and(char::is_uppercase);
    word.contains('.') && letters <= 4
        || letters == 1 && first_upper
        || matches!(
            word,
            "Mr" | "Mrs"
                | "Ms"
                | "Dr"
                | "Prof"
                | "Sr"
                | "Sra"
                | "St"
                | "Nr"
                | "No"
                | "vs"
                | "etc"
                | "Hr"
                | "Fr"
                | "bzw"
                | "ca"
                | "Sig"
                | "Dott"
                | "им"
                | "г"
        )
}

fn cut(sentence: &str) -> Vec<String> {
    let parts = latin_length(sentence).div_ceil(LONGEST - 40).max(2);
    let goal = latin_length(sentence) / parts;
    let mut out = Vec::new();
    let mut current = String::new();
    let mut length = 0;
    for c in sentence.chars() {
        current.push(c);
        length += latin_length(c.encode_utf8(&mut [0; 4]));
        let good = matches!(c, ',' | ';' | ':' | '，' | '；' | '、' | '،' | '：' | '—' | '–');
        let late = length > goal + 60 && (c.is_whitespace() || latin_length(c.encode_utf8(&mut [0; 4])) > 1);
        if length >= goal && good || late {
            out.push(std::mem::take(&mut current).trim().to_owned());
            length = 0;
        }
    }
    let rest = current.trim();
    match out.last_mut() {
        Some(last) if latin_length(rest) < SHORTEST => {
            last.push(' ');
            last.push_str(rest);
        }
        _ if !rest.is_empty() => out.push(rest.to_owned()),
        _ => {}
    }
    out
}

/// What a sentence is known by elsewhere: its letters and digits in lower case.
pub fn fingerprint(sentence: &str) -> u32 {
    let letters: String = sentence.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    stable_hash(letters.as_bytes()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_readers_hear_them_end() {
        let check = |text: &str, expected: &[&str]| assert_eq!(split(text), expected);
        check(
            "The U.S. plan by J. Smith costs 4.7 million euros. Nobody knows why it was made so. “Who would pay?” he asked.",
            &[
                "The U.S. plan by J. Smith costs 4.7 million euros.",
                "Nobody knows why it was made so.",
                "“Who would pay?” he asked.",
            ],
        );
        check(
            "本週的新聞摘要介紹了新版本的候選版。「我們需要測試。」他如此說道並且離開了。",
            &["本週的新聞摘要介紹了新版本的候選版。", "「我們需要測試。」", "他如此說道並且離開了。"],
        );
        check(
            "यह एक छोटा लेख है जो बताता है। इसमें दो वाक्य लिखे हुए हैं।",
            &["यह एक छोटा लेख है जो बताता है।", "इसमें दो वाक्य लिखे हुए हैं।"],
        );
        check(
            "今週のニュースレターでは新しい版を紹介します。試験をしてくださる方を探しています。",
            &["今週のニュースレターでは新しい版を紹介します。", "試験をしてくださる方を探しています。"],
        );
        // Thai ends a sentence with a blank; one after a few words is that of a clause.
        let (long, short) = (
            "จดหมายข่าวประจำสัปดาห์นี้แนะนำรุ่นใหม่ของโปรแกรมที่หลายคนใช้ทุกวันและรอมานานแล้ว",
            "เรากำลังมองหาผู้ที่จะช่วยทดสอบรุ่นนี้ ก่อนสิ้นเดือน",
        );
        check(&format!("{long} {short}"), &[long, short]);
        check("", &[]);
    }

    #[test]
    fn endless_sentences_are_cut() {
        let long = "a word, ".repeat(300);
        let parts = split(&long);
        assert!(parts.len() > 4 && parts.iter().all(|p| latin_length(p) <= LONGEST + 80), "{}", parts.len());
    }
}
