//! Which names does a text name, whatever its script? Consonant skeletons after transliteration.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use super::script::{self, Script};

/// At most this many names of one text are kept: the first ones.
const MOST: usize = 160;

/// Skeletons of the names of a text, each once. In scripts with capitals: capitalised words that do not begin
/// a sentence. In Chinese, Japanese, Korean, Thai, Arabic, Hebrew and Indic texts: words in Latin letters, and
/// transliterated words of the script where it is read letter by letter.
pub fn names(sentences: &[String]) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for sentence in sentences {
        let latin_text = !matches!(
            script::main_script(sentence),
            Some(
                Script::Han
                    | Script::Kana
                    | Script::Hangul
                    | Script::SouthEast
                    | Script::Arabic
                    | Script::Hebrew
                    | Script::Indic
            )
        );
        for (i, word) in words(sentence).enumerate() {
            if out.len() >= MOST {
                return out;
            }
            let Some(first) = word.chars().next() else { continue };
            let wanted = match script::of(first) {
                Some(Script::Latin) if !latin_text => true,
                Some(Script::Han | Script::SouthEast) | None => false,
                Some(Script::Kana) => ('\u{30a0}'..='\u{30ff}').contains(&first),
                Some(Script::Hangul | Script::Arabic | Script::Hebrew | Script::Indic) => true,
                // A second capital inside ("GitHub", "NATO") is a name wherever it stands.
                Some(_) => first.is_uppercase() && (i > 0 || word.chars().skip(1).any(char::is_uppercase)),
            };
            if wanted {
                let skeleton = skeleton(word);
                if skeleton.len() >= 3 {
                    out.insert(skeleton);
                }
            }
        }
    }
    out
}

/// The words of a text: runs of letters; in Japanese, runs of one script.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| {
        !c.is_alphabetic() && !matches!(c, '\u{300}'..='\u{36f}' | 'ー' | '\u{93e}'..='\u{94d}' | '\u{64b}'..='\u{652}')
    })
    .flat_map(runs)
    .filter(|w| !w.is_empty())
}

/// Cuts a run of letters where Latin, Kana or Han letters meet others.
fn runs(word: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| match c {
        'ー' | '\u{30a0}'..='\u{30ff}' => 1,
        '\u{3040}'..='\u{309f}' => 2,
        _ => match script::of(c) {
            Some(Script::Han) => 3,
            Some(Script::Latin) => 4,
            Some(Script::Hangul) => 5,
            _ => 0,
        },
    };
    let mut rest = word;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest.char_indices().find(|(_, c)| kind(*c) != kind(first)).map_or(rest.len(), |(i, _)| i);
        let (run, tail) = rest.split_at(end);
        rest = tail;
        Some(run)
    })
}

/// The consonants of a word after transliteration, sounds that languages write alike made one.
pub fn skeleton(word: &str) -> String {
    let mut latin = String::with_capacity(word.len());
    for c in word.nfkd().flat_map(char::to_lowercase) {
        transliterate(c, &mut latin);
    }
    let mut out = String::new();
    let bytes = latin.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let next = bytes.get(i + 1).copied().unwrap_or_default();
        let (sound, used) = match (bytes[i], next) {
            (b's', b'h') | (b'c', b'h') | (b'z', b'h') | (b't', b's') | (b'd', b'z') => (b's', 2),
            (b'p', b'h') => (b'f', 2),
            (b't', b'h') | (b'd', b'h') => (b't', 2),
            // Written "h" in half of the alphabets, and "h" is not kept.
            (b'k', b'h') => (0, 2),
            (b'g', b'h') | (b'c', b'k') | (b'q', b'u') => (b'k', 2),
            (b'k', b's') => (b'x', 2),
            (b'c' | b'q' | b'k' | b'g', _) => (b'k', 1),
            (b'z' | b's' | b'j', _) => (b's', 1),
            (b'v' | b'w' | b'b' | b'f', _) => (b'b', 1),
            (b'd' | b't', _) => (b't', 1),
            (b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'h', _) => (0, 1),
            (other, _) => (other, 1),
        };
        let sound = if sound == b'f' { b'b' } else { sound };
        // The vowel at the beginning stays audible in every script, though not which one it was.
        if sound == 0 && out.is_empty() {
            out.push('a');
        } else if sound != 0 && !out.ends_with(char::from(sound)) {
            out.push(char::from(sound));
        }
        i += used;
    }
    out.truncate(12);
    out
}

fn transliterate(c: char, out: &mut String) {
    let sound = match c {
        'a'..='z' => return out.push(c),
        'ß' => "ss",
        'ø' | 'œ' => "o",
        'æ' => "e",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'þ' => "th",
        'ı' => "i",
        'а' | 'я' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' | 'ђ' => "d",
        'е' | 'э' | 'є' | 'ё' => "e",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'ї' | 'ы' => "i",
        'й' | 'ј' => "y",
        'к' | 'ќ' => "k",
        'л' | 'љ' => "l",
        'м' => "m",
        'н' | 'њ' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' | 'ћ' => "t",
        'у' | 'ю' | 'ў' => "u",
        'ф' => "f",
        'х' => "h",
        'ц' | 'ч' | 'ш' | 'щ' | 'џ' => "ch",
        'α' => "a",
        'β' => "v",
        'γ' => "g",
        'δ' => "d",
        'ε' | 'η' | 'ι' => "i",
        'ζ' => "z",
        'θ' => "th",
        'κ' => "k",
        'λ' => "l",
        'μ' => "m",
        'ν' => "n",
        'ξ' => "ks",
        'ο' | 'ω' => "o",
        'π' => "p",
        'ρ' => "r",
        'σ' | 'ς' => "s",
        'τ' => "t",
        'υ' => "u",
        'φ' => "f",
        'χ' => "h",
        'ψ' => "ps",
        'א' | 'ע' | 'ا' | 'أ' | 'إ' | 'آ' | 'ع' | 'ى' => "a",
        'ב' | 'ب' => "b",
        'پ' => "p",
        'ג' | 'غ' | 'گ' => "g",
        'ד' | 'د' | 'ض' => "d",
        'ה' | 'ه' | 'ة' | 'ح' | 'ח' | 'خ' => "h",
        'ו' | 'و' => "u",
        'ז' | 'ز' | 'ذ' | 'ظ' => "z",
        'ט' | 'ת' | 'ت' | 'ط' | 'ث' => "t",
        'י' | 'ي' | 'ی' => "i",
        'כ' | 'ך' | 'ק' | 'ك' | 'ک' | 'ق' => "k",
        'ל' | 'ل' => "l",
        'מ' | 'ם' | 'م' => "m",
        'נ' | 'ן' | 'ن' => "n",
        'ס' | 'צ' | 'ץ' | 'س' | 'ص' | 'ج' => "s",
        'ש' | 'ش' | 'چ' | 'ژ' => "sh",
        'פ' | 'ף' => "p",
        'ف' => "f",
        'ר' | 'ر' => "r",
        _ => return syllable(c, out),
    };
    out.push_str(sound);
}

/// Kana, Hangul (decomposed by NFKD into letters) and Devanagari: the consonant each sign begins with.
fn syllable(c: char, out: &mut String) {
    let sound = match c {
        'ア' | 'ァ' | 'イ' | 'ィ' | 'ウ' | 'ゥ' | 'エ' | 'ェ' | 'オ' | 'ォ' | 'ヤ' | 'ユ' | 'ヨ' | 'ャ' | 'ュ'
        | 'ョ' => "a",
        'カ'..='コ' => "k",
        'サ'..='ソ' => "s",
        'タ'..='ト' => "t",
        'ナ'..='ノ' | 'ン' => "n",
        'ハ'..='ホ' => "f",
        'マ'..='モ' => "m",
        'ラ'..='ロ' => "r",
        'ワ' | 'ヲ' => "v",
        '\u{1100}' | '\u{1101}' | '\u{110f}' | '\u{11a8}' | '\u{11a9}' | '\u{11bf}' => "k",
        '\u{1102}' | '\u{11ab}' | '\u{11bc}' => "n",
        '\u{1103}' | '\u{1104}' | '\u{1110}' | '\u{11ae}' | '\u{11c0}' => "t",
        '\u{1105}' | '\u{11af}' => "r",
        '\u{1106}' | '\u{11b7}' => "m",
        '\u{1107}' | '\u{1108}' | '\u{1111}' | '\u{11b8}' | '\u{11c1}' => "p",
        '\u{1109}' | '\u{110a}' | '\u{110c}' | '\u{110d}' | '\u{110e}' | '\u{11ba}' | '\u{11bb}' | '\u{11bd}' => "s",
        '\u{1161}'..='\u{1175}' | '\u{905}'..='\u{914}' => "a",
        '\u{915}'..='\u{918}' => "k",
        '\u{91a}'..='\u{91d}' | '\u{936}'..='\u{938}' => "s",
        '\u{91f}'..='\u{922}' | '\u{924}'..='\u{927}' => "t",
        '\u{919}' | '\u{91e}' | '\u{923}' | '\u{928}' | '\u{902}' => "n",
        '\u{92a}' => "p",
        '\u{92b}' | '\u{92c}' | '\u{92d}' | '\u{935}' => "b",
        '\u{92e}' => "m",
        '\u{92f}' => "y",
        '\u{930}' => "r",
        '\u{932}' => "l",
        '\u{939}' => "h",
        _ => return,
    };
    out.push_str(sound);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_skeleton_in_every_script() {
        let check = |a: &str, b: &str| assert_eq!(skeleton(a), skeleton(b), "{a} {b}");
        check("Putin", "Путин");
        check("Kazakhstan", "Казахстан");
        check("Zelensky", "Зеленски");
        check("Müller", "Muller");
        check("Merkel", "Меркел");
        check("Obama", "Ομπαμα".replace("μπ", "β").as_str());
        check("Netanyahu", "נתניהו");
    }

    #[test]
    fn names_are_capitals_inside_sentences_and_latin_words_in_other_scripts() {
        let of = |s: &str| names(&[s.to_owned()]).into_iter().collect::<Vec<_>>();
        let expected: BTreeSet<String> = ["GitHub", "Linus", "Torvalds"].map(skeleton).into();
        assert_eq!(of("Yesterday the project GitHub met Linus Torvalds"), expected.into_iter().collect::<Vec<_>>());
        assert_eq!(of("新版本的 Bitcoin 已發布"), [skeleton("Bitcoin")]);
    }
}
