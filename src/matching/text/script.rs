//! In which script is a text written, and does that fit the language it claims?

/// Scripts that the rules here tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Script {
    /// Latin.
    Latin,
    /// Cyrillic.
    Cyrillic,
    /// Greek.
    Greek,
    /// Arabic.
    Arabic,
    /// Hebrew.
    Hebrew,
    /// Devanagari and its sisters.
    Indic,
    /// Thai, Lao, Khmer, Burmese.
    SouthEast,
    /// Han alone.
    Han,
    /// Kana, with or without Han.
    Kana,
    /// Hangul.
    Hangul,
    /// Georgian, Armenian, Ethiopic and all else.
    Other,
}

/// The script of a letter.
pub fn of(c: char) -> Option<Script> {
    Some(match c {
        'A'..='Z' | 'a'..='z' | 'ª' | 'º' | 'À'..='ʯ' | 'Ḁ'..='ỿ' => Script::Latin,
        _ if !c.is_alphabetic() => return None,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Script::Greek,
        '\u{400}'..='\u{52f}' => Script::Cyrillic,
        '\u{590}'..='\u{5ff}' => Script::Hebrew,
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => {
            Script::Arabic
        }
        '\u{900}'..='\u{dff}' => Script::Indic,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => Script::SouthEast,
        '\u{3040}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}' => Script::Kana,
        '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}' => Script::Han,
        '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7af}' => Script::Hangul,
        _ => Script::Other,
    })
}

/// The script that most letters of the text belong to. A text with a tenth of kana is Japanese, one with a
/// fifth of Hangul Korean: both are written with Han and Latin words between.
pub fn main_script(text: &str) -> Option<Script> {
    let mut counts = [0_u32; 11];
    for script in text.chars().take(20_000).filter_map(of) {
        counts[script as usize] += 1;
    }
    let all: u32 = counts.iter().sum();
    if all == 0 {
        return None;
    }
    if counts[Script::Kana as usize] * 10 > all {
        return Some(Script::Kana);
    }
    if counts[Script::Hangul as usize] * 5 > all {
        return Some(Script::Hangul);
    }
    // One Han letter says as much as three others: English terms do not make a Chinese text Latin.
    counts[Script::Han as usize] *= 3;
    let best = counts.iter().enumerate().max_by_key(|(i, n)| (**n, std::cmp::Reverse(*i)))?.0;
    [
        Script::Latin,
        Script::Cyrillic,
        Script::Greek,
        Script::Arabic,
        Script::Hebrew,
        Script::Indic,
        Script::SouthEast,
        Script::Han,
        Script::Kana,
        Script::Hangul,
        Script::Other,
    ]
    .get(best)
    .copied()
}

/// Whether a text in this language (primary subtag) can be written in this script.
pub fn fits(language: &str, script: Script) -> bool {
    match language {
        "ru" | "uk" | "be" | "bg" | "mk" | "mn" | "kk" | "ky" | "tg" => script == Script::Cyrillic,
        "sr" | "uz" | "az" | "bs" => matches!(script, Script::Cyrillic | Script::Latin),
        "el" => script == Script::Greek,
        "ar" | "fa" | "ur" | "ps" | "ug" | "sd" | "ckb" => script == Script::Arabic,
        "he" | "yi" => script == Script::Hebrew,
        "hi" | "bn" | "ta" | "te" | "mr" | "ne" | "gu" | "kn" | "ml" | "pa" | "si" | "or" => script == Script::Indic,
        "th" | "lo" | "my" | "km" => script == Script::SouthEast,
        "zh" | "yue" => script == Script::Han,
        "ja" => matches!(script, Script::Kana | Script::Han),
        "ko" => script == Script::Hangul,
        "hy" | "ka" | "am" | "ti" => script == Script::Other,
        _ => script == Script::Latin,
    }
}

/// The language that a script alone gives away.
pub fn only_language(script: Script) -> Option<&'static str> {
    Some(match script {
        Script::Greek => "el",
        Script::Hebrew => "he",
        Script::Han => "zh",
        Script::Kana => "ja",
        Script::Hangul => "ko",
        Script::SouthEast => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_texts_have_the_script_of_their_language() {
        let check = |text: &str, expected| assert_eq!(main_script(text), expected, "{text}");
        check("Bitcoin Core 0.17 の候補版", Some(Script::Latin));
        check("ソフトウェアはオープンに open", Some(Script::Kana));
        check("本週的新聞 Bitcoin", Some(Script::Han));
        check("오픈 소스 Open", Some(Script::Hangul));
        check("Привет, world", Some(Script::Cyrillic));
        check("12 34", None);
    }
}
