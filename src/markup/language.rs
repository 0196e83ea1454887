//! In which language is this text? Who declares one for it is believed; who declares one for a whole site is, unless
//! the text is surely in another.

use whatlang::{Lang, Script, detect as whatlang_detect};

use super::text;
use crate::model::Language;

/// Characters read: more do not change the answer (whatlang looks at trigrams and alphabets), and cost a second of
/// the first poll of a thousand feeds.
const MAX_CHARACTERS: usize = 1_500;
/// Letters that a text must have for its trigrams to mean anything: a title has about 50.
const MIN_LETTERS: usize = 20;
/// Below this confidence a text in an alphabet of many languages is left undecided: eight of eight short titles
/// that whatlang got wrong lay below it.
const MIN_CONFIDENCE: f32 = 0.5;

/// Letters and confidence that both halves of a text must have to contradict what its site declares. Of 3,400 texts in 33
/// languages 5 would be called by another language than theirs, all of them pages that quote or list half of what they
/// have in that; with one look at the beginning it was 20.
const SURE_LETTERS: usize = 60;
/// See [`SURE_LETTERS`].
const SURE: f32 = 0.9;
/// Bytes of HTML that are read: more than any essay has, and a book costs no more than one.
const READ_BYTES: usize = 64 << 10;
/// Bytes of a text that are looked at first: if they are in what the site declares, the rest is not.
const GLANCE_BYTES: usize = 512;
/// Words of which at least one in eight is in an English text: at the beginning and in the middle of 358 of 473, nearly all
/// that are long enough to tell, and of 2 of 3,301 in other languages, both of which quote and list what is in English.
const ENGLISH: [&str; 12] = ["the", "of", "and", "to", "in", "is", "that", "for", "it", "with", "this", "are"];
/// Words that a glance must have for their share to mean anything.
const GLANCE_WORDS: usize = 20;
/// How sure a language is at the most that nobody declared.
const FOUND_MAX: f32 = 0.99;
/// How sure a language is that a site declares for all that it has, and that the text neither bears out nor contradicts.
const SITE_CONFIDENCE: f32 = 0.8;

/// The language of a text, given as HTML, whose site declares `site` for all that it has, and how sure that is (0 to 1).
/// That can be what its software declares if nobody sets it (WordPress: `en-US`).
pub fn of_site(site: Option<Language>, title: &str, html: &str) -> Option<(Language, f32)> {
    // Every entry of a first poll comes by here, most sites declare English, and reading all of the text and asking the
    // detector would take a fifth of it.
    if let Some(site) = site.as_ref().filter(|site| site.primary() == "en" && is_english(html)) {
        return Some((site.clone(), FOUND_MAX));
    }
    let text = &text::plain(&html[..html.floor_char_boundary(READ_BYTES)]);
    let Some(site) = site else { return detect(title, text) };
    let is_borne_out = |found: &(Language, f32)| found.0.primary() == site.primary();
    let glance = &text[..text.floor_char_boundary(GLANCE_BYTES)];
    let found = detect(title, glance).filter(is_borne_out).or_else(|| detect(title, text));
    Some(match found {
        Some((language, confidence)) if language.primary() == site.primary() => (site, confidence.max(SITE_CONFIDENCE)),
        Some((language, confidence)) if is_known(&site) && is_all_in(text, &language) => (language, confidence),
        _ => (site, SITE_CONFIDENCE),
    })
}

/// Whether the beginning and the middle of a text are in English, by its most frequent words.
fn is_english(html: &str) -> bool {
    let glance = |from: usize| {
        let rest = &html[html.floor_char_boundary(from)..];
        // Half a tag is no text.
        let rest = match (rest.find('>'), rest.find('<')) {
            (Some(end), start) if from > 0 && start.is_none_or(|start| end < start) => &rest[end + 1..],
            _ => rest,
        };
        let piece = &rest[..rest.floor_char_boundary(2 * GLANCE_BYTES)];
        let end = piece.rfind('<').filter(|start| !piece[*start..].contains('>')).unwrap_or(piece.len());
        text::plain(&piece[..end])
    };
    [glance(0), glance(html.len() / 2)].iter().all(|glance| {
        let words = glance.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        let (all, frequent) = words.fold((0, 0), |(all, frequent), word| {
            (all + 1, frequent + usize::from(ENGLISH.iter().any(|of| of.eq_ignore_ascii_case(word))))
        });
        all >= GLANCE_WORDS && frequent * 8 >= all
    })
}

/// Whether both halves of a text are surely in a language.
fn is_all_in(text: &str, language: &Language) -> bool {
    let halves = text.split_at(text.floor_char_boundary(text.len() / 2));
    [halves.0, halves.1].into_iter().all(|half| {
        letters(&sample("", half)) >= SURE_LETTERS
            && detect("", half).is_some_and(|(own, sure)| own.primary() == language.primary() && sure >= SURE)
    })
}

/// Whether the detector could have said so: what it does not know it takes for a neighbour.
fn is_known(language: &Language) -> bool {
    Lang::all().iter().any(|lang| tag(*lang).is_some_and(|tag| tag == language.primary()))
}

/// The language of a text, and how sure that is (0 to 1). The text goes first, as titles are short and full of names;
/// the title alone is asked where there is nothing else.
pub fn detect(title: &str, text: &str) -> Option<(Language, f32)> {
    let sample = sample(title, text);
    if letters(&sample) < MIN_LETTERS.min(4) {
        return None;
    }
    let info = whatlang_detect(&sample)?;
    // What is found is never as sure as what is declared.
    let confidence = (info.confidence() as f32).min(FOUND_MAX);
    let by_script_alone = matches!(
        info.script(),
        Script::Greek
            | Script::Hangul
            | Script::Hiragana
            | Script::Katakana
            | Script::Thai
            | Script::Georgian
            | Script::Armenian
            | Script::Khmer
            | Script::Tamil
            | Script::Telugu
            | Script::Kannada
            | Script::Malayalam
            | Script::Gujarati
            | Script::Gurmukhi
            | Script::Sinhala
            | Script::Oriya
            | Script::Myanmar
            | Script::Bengali
    );
    let han = matches!(info.script(), Script::Mandarin);
    if !by_script_alone && !han && (letters(&sample) < MIN_LETTERS || confidence < MIN_CONFIDENCE) {
        return None;
    }
    let tag = match info.lang() {
        Lang::Cmn => chinese(&sample),
        Lang::Jpn if !sample.chars().any(is_kana) => chinese(&sample),
        lang => tag(lang)?,
    };
    Some((Language::parse(tag)?, confidence))
}

/// What is looked at: the beginning of the text, or the title with it where it is short.
fn sample(title: &str, text: &str) -> String {
    let text: String = text.chars().take(MAX_CHARACTERS).collect();
    without_addresses(&if letters(&text) >= MIN_LETTERS { text } else { format!("{title}. {text}") })
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// Addresses are in no language.
fn without_addresses(text: &str) -> String {
    text.split_whitespace().filter(|word| !word.contains("://") && !word.contains('@')).collect::<Vec<_>>().join(" ")
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}')
}

/// Characters that the one script simplified and the other did not, from the most frequent ones of either.
const SIMPLIFIED: &str =
    "这个们来时为说国学对发会经过还进动种样开关问长门见间车东马鱼鸟书买卖写汉语话让认识请谁读语课谈该调谢";
const TRADITIONAL: &str =
    "這個們來時為說國學對發會經過還進動種樣開關問長門見間車東馬魚鳥書買賣寫漢語話讓認識請誰讀語課談該調謝";

fn chinese(text: &str) -> &'static str {
    let count = |of: &str| text.chars().filter(|c| of.contains(*c)).count();
    match count(SIMPLIFIED).cmp(&count(TRADITIONAL)) {
        std::cmp::Ordering::Greater => "zh-Hans",
        std::cmp::Ordering::Less => "zh-Hant",
        std::cmp::Ordering::Equal => "zh",
    }
}

/// ISO 639-3, as the detector says it, to the shortest tag, as BCP 47 wants it.
fn tag(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Afr => "af",
        Lang::Aka => "ak",
        Lang::Amh => "am",
        Lang::Ara => "ar",
        Lang::Aze => "az",
        Lang::Bel => "be",
        Lang::Ben => "bn",
        Lang::Bul => "bg",
        Lang::Cat => "ca",
        Lang::Ces => "cs",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Eng => "en",
        Lang::Epo => "eo",
        Lang::Est => "et",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Guj => "gu",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Hye => "hy",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Jav => "jv",
        Lang::Jpn => "ja",
        Lang::Kan => "kn",
        Lang::Kat => "ka",
        Lang::Khm => "km",
        Lang::Kor => "ko",
        Lang::Lat => "la",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        Lang::Mal => "ml",
        Lang::Mar => "mr",
        Lang::Mkd => "mk",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Nld => "nl",
        Lang::Nob => "nb",
        Lang::Ori => "or",
        Lang::Pan => "pa",
        Lang::Pes => "fa",
        Lang::Pol => "pl",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Sin => "si",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Sna => "sn",
        Lang::Spa => "es",
        Lang::Srp => "sr",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tel => "te",
        Lang::Tgl => "tl",
        Lang::Tha => "th",
        Lang::Tuk => "tk",
        Lang::Tur => "tr",
        Lang::Ukr => "uk",
        Lang::Urd => "ur",
        Lang::Uzb => "uz",
        Lang::Vie => "vi",
        Lang::Yid => "yi",
        Lang::Zul => "zu",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_site_declares_for_all_its_texts_yields_to_a_text_that_is_surely_in_another_language() {
        let italian = "Il Kazakistan potrebbe essersi appena messo su una rotta di collisione irreversibile con la Russia, e \
                       questo non promette bene per nessuno: né per i vicini, né per chi su quelle strade vive di commercio.";
        let check = |site: &str, text: &str, expected: &str, sure: bool| {
            let (language, confidence) = of_site(Language::parse(site), "", text).expect("declared");
            assert_eq!((language.as_str(), confidence > SITE_CONFIDENCE), (expected, sure), "{site}: {text}");
        };
        check("en-US", italian, "it", true);
        check("it-IT", italian, "it-IT", true);
        check("en-US", "Il Kazakistan e la Russia", "en-US", false);
        let english = "The two countries signed an agreement last week that nobody expected, and its consequences will be felt \
                       for years in all of the region. What it is worth depends on the price of grain, and on the weather.";
        check("en-US", english, "en-US", true);
        // The detector knows no Corsican, and takes it for Italian.
        check("co", italian, "co", false);
        assert_eq!(of_site(None, "", italian).map(|(language, _)| language), Language::parse("it"));
    }

    #[test]
    fn english_is_known_at_a_glance_by_its_beginning_and_its_middle() {
        let english =
            "The two countries signed an agreement that nobody expected, and its consequences will be felt for years.";
        let danish = "De to lande underskrev i sidste uge en aftale, som ingen havde ventet, og følgerne vil kunne mærkes i årevis.";
        assert!(is_english(&english.repeat(9)));
        assert!(is_english(&format!("<p>{}</p>", english.repeat(30))), "one paragraph");
        let address = format!("<p><a href=\"https://example.org/{}\">{english}</a></p>", "vand-og-brød-".repeat(40));
        assert!(is_english(&format!("<p>{}</p>{address}{}", english.repeat(5), english.repeat(5))), "cut within a tag");
        assert!(!is_english(&danish.repeat(9)));
        assert!(!is_english(&format!("{}{}", english.repeat(4), danish.repeat(9))), "a quotation before the text");
        assert!(!is_english(english), "too short to tell");
    }

    #[test]
    fn languages_are_found_in_texts() {
        let check = |text: &str, expected: Option<&str>| {
            let found = detect("", text);
            assert_eq!(found.as_ref().map(|(language, _)| language.as_str()), expected, "{text}: {found:?}");
        };
        check(
            "Il Kazakistan potrebbe essersi appena messo su una rotta di collisione irreversibile con la Russia, e questo non promette bene per nessuno.",
            Some("it"),
        );
        check(
            "The two countries signed an agreement last week that nobody expected, and its consequences will be felt for years.",
            Some("en"),
        );
        check(
            "Los dos países firmaron la semana pasada un acuerdo que nadie esperaba y cuyas consecuencias se sentirán durante años.",
            Some("es"),
        );
        check(
            "Les deux pays ont signé la semaine dernière un accord que personne n'attendait, et dont les conséquences dureront des années.",
            Some("fr"),
        );
        check(
            "Die beiden Länder haben in der vergangenen Woche ein Abkommen unterzeichnet, das niemand erwartet hatte.",
            Some("de"),
        );
        check("Обе страны подписали на прошлой неделе соглашение, которого никто не ожидал.", Some("ru"));
        check("这个国家的学生们来到了新的学校，他们说这是一个很好的开始。", Some("zh-Hans"));
        check("這個國家的學生們來到了新的學校，他們說這是一個很好的開始。", Some("zh-Hant"));
        check("この国の学生たちは新しい学校に来て、とても良い始まりだと言いました。", Some("ja"));
        check("Οι δύο χώρες υπέγραψαν συμφωνία", Some("el"));
        check("ok", None);
        check("https://example.org/a-long-address-with-english-words-in-it", None);
        check("", None);
    }
}
