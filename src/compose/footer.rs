//! Which other versions does the line under a text name, and in which words?

use std::fmt::Write as _;

use crate::model::html::escape;
use crate::model::{Language, MemberRole, Version};

/// The words of the line in one language.
struct Phrases {
    language: &'static str,
    /// `{}` is the name of the original's language.
    original: &'static str,
    also: &'static str,
    preview: &'static str,
}

/// Where a language has no names of languages here (see `Language::name_in`), the original's own name of its
/// language stands in brackets, which no grammar bends.
const PHRASES: &[Phrases] = &[
    phrases("en", "Original in {}", "Also in", "A preview: the whole text is for subscribers"),
    phrases("it", "Originale in {}", "Anche in", "Un’anteprima: il testo intero è per gli abbonati"),
    phrases("fr", "Original ({})", "Aussi en", "Un aperçu : le texte entier est réservé aux abonnés"),
    phrases("es", "Original ({})", "También en", "Un avance: el texto completo es para suscriptores"),
    phrases("pt", "Original ({})", "Também em", "Uma prévia: o texto completo é para assinantes"),
    phrases("ca", "Original ({})", "També en", "Una mostra: el text sencer és per a subscriptors"),
    phrases("ro", "Original ({})", "Și în", "O previzualizare: textul întreg este pentru abonați"),
    phrases("de", "Original ({})", "Auch auf", "Eine Vorschau: der ganze Text ist für Abonnenten"),
    phrases("nl", "Origineel ({})", "Ook in het", "Een voorproefje: de hele tekst is voor abonnees"),
    phrases("sv", "Original ({})", "Även på", "En förhandsvisning: hela texten är för prenumeranter"),
    phrases("da", "Original ({})", "Også på", "En smagsprøve: hele teksten er for abonnenter"),
    phrases("pl", "Oryginał ({})", "Także", "Zapowiedź: cały tekst jest dla subskrybentów"),
    phrases("cs", "Originál ({})", "Také", "Ukázka: celý text je pro předplatitele"),
    phrases("ru", "Оригинал ({})", "Также", "Отрывок: полный текст для подписчиков"),
    phrases("uk", "Оригінал ({})", "Також", "Уривок: повний текст для передплатників"),
    phrases("sr", "Оригинал ({})", "Такође", "Одломак: цео текст је за претплатнике"),
    phrases("tr", "Özgün metin ({})", "Diğer diller", "Önizleme: metnin tamamı aboneler içindir"),
    phrases("ar", "الأصل ({})", "أيضًا", "مقتطف: النص الكامل للمشتركين"),
    phrases("fa", "متن اصلی ({})", "همچنین", "پیش‌نمایش: متن کامل برای مشترکان است"),
    phrases("he", "המקור ({})", "גם", "תצוגה מקדימה: הטקסט המלא למנויים"),
    phrases("el", "Πρωτότυπο ({})", "Επίσης", "Προεπισκόπηση: όλο το κείμενο για συνδρομητές"),
    phrases("zh", "原文（{}）", "其他语言", "预览：全文仅供订阅者阅读"),
    phrases("ja", "原文（{}）", "ほかの言語", "プレビュー：全文は購読者向けです"),
    phrases("ko", "원문({})", "다른 언어", "미리보기: 전문은 구독자용입니다"),
];

const fn phrases(language: &'static str, original: &'static str, also: &'static str, preview: &'static str) -> Phrases {
    Phrases { language, original, also, preview }
}

/// The line for a reader of `language` (English, where its words are not known), as an HTML paragraph; `None` where
/// there is nothing to say.
pub fn footer(shown: &Version, versions: &[Version], preview: bool, language: Option<&Language>) -> Option<String> {
    let words = language.and_then(|l| PHRASES.iter().find(|p| p.language == l.primary())).unwrap_or(&PHRASES[0]);
    let mut parts = Vec::new();
    if preview {
        parts.push(words.preview.to_owned());
    }
    let original = versions.iter().find(|v| v.role == MemberRole::Original && v.entry != shown.entry);
    if let Some(original) = original.filter(|o| o.link.is_some()) {
        parts.push(format!("{}: {}", lead(words, original), link(original, &escape(&original.title))));
    }
    let others = versions.iter().filter(|v| {
        let again = v.entry == shown.entry || original.is_some_and(|o| o.entry == v.entry);
        v.listed && !again && v.link.is_some() && v.language.is_some() && v.language != shown.language
    });
    let others: Vec<String> =
        others.filter_map(|v| v.language.as_ref().map(|l| link(v, &escape(l.endonym())))).collect();
    if !others.is_empty() {
        parts.push(format!("{}: {}", words.also, others.join(", ")));
    }
    if parts.is_empty() {
        return None;
    }
    let direction = if ["ar", "fa", "he"].contains(&words.language) { "rtl" } else { "ltr" };
    Some(format!("<p lang=\"{}\" dir=\"{direction}\">{}</p>", words.language, parts.join(" · ")))
}

fn lead(words: &Phrases, original: &Version) -> String {
    let Some(language) = &original.language else {
        // Without a name the phrase ends where the name would begin.
        return words.original.split([' ', '(', '（']).next().unwrap_or_default().to_owned();
    };
    let reader = Language::parse(words.language);
    let name = reader.and_then(|reader| language.name_in(&reader)).unwrap_or(language.endonym());
    words.original.replace("{}", &escape(name))
}

fn link(version: &Version, text: &str) -> String {
    let mut out = String::new();
    let href = version.link.as_ref().map(|l| escape(l.as_str())).unwrap_or_default();
    let _ = write!(out, "<a href=\"{href}\"");
    if let Some(language) = &version.language {
        let _ = write!(out, " hreflang=\"{language}\"");
    }
    let _ = write!(out, ">{text}</a>");
    out
}
