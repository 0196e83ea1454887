//! Which lines are not the work itself: who shared it, where it came from, who translated it?

/// What a line that is not part of the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// Names the place it was taken from.
    Source,
    /// A share bar, an invitation to comment, subscribe or donate.
    Furniture,
    /// A note or preface of who translated or reposted it: no part of the work, but what it links to and names counts.
    Preface,
}

/// Words that introduce the source of a text, in lower case.
const SOURCE_WORDS: &[&str] = &[
    "source:",
    "original:",
    "originally published",
    "first published",
    "translated from",
    "translation of",
    "translation by",
    "translated by",
    "via:",
    "read the original",
    "original article",
    "original text",
    "republished from",
    "reposted from",
    "cross-posted",
    "fonte:",
    "fonte originale",
    "traduzione di",
    "tradotto da",
    "traduzione dall",
    "articolo originale",
    "testo originale",
    "pubblicato originariamente",
    "tratto da",
    "originale:",
    "link originale",
    "in originale",
    "source :",
    "traduit de",
    "traduction de",
    "traduit par",
    "article original",
    "publié initialement",
    "texte original",
    "quelle:",
    "übersetzt von",
    "übersetzung aus",
    "übersetzung von",
    "originalartikel",
    "zuerst erschienen",
    "im original",
    "originalbeitrag",
    "fuente:",
    "traducido de",
    "traducido por",
    "traducción de",
    "artículo original",
    "publicado originalmente",
    "texto original",
    "tradução de",
    "traduzido por",
    "traduzido de",
    "artigo original",
    "источник",
    "перевод:",
    "перевод с",
    "перевел",
    "перевёл",
    "оригинал",
    "джерело",
    "переклад",
    "крыніца",
    "извор",
    "превод",
    "źródło",
    "tłumaczenie",
    "kaynak",
    "çeviri",
    "zdroj",
    "překlad",
    "bron:",
    "vertaald",
    "källa",
    "kilde",
    "lähde",
    "forrás",
    "πηγή",
    "sursa:",
    "sumber:",
];
const SOURCE_WORDS_OTHER: &[&str] = &[
    "来源",
    "來源",
    "原文",
    "译自",
    "譯自",
    "翻译自",
    "转载自",
    "轉載自",
    "出典",
    "元記事",
    "翻訳元",
    "出处",
    "출처",
    "원문",
    "번역",
    "المصدر",
    "مصدر",
    "منبع",
];
const SOURCE_WORDS_LAST: &[&str] = &["מקור", "स्रोत", "ที่มา", "nguồn", "izvor"];

/// How translators and editors begin a note or a preface of theirs, in lower case.
const NOTES_OF_REPOSTERS: &[&str] = &[
    "translator's note",
    "translator’s note",
    "note by the translator",
    "note from the translator",
    "nota del traduttore",
    "nota della traduttrice",
    "n.d.t",
    "ndt:",
    "n.d.r",
    "note du traducteur",
    "note de la traductrice",
    "nota del traductor",
    "n. del t",
    "nota do tradutor",
    "anmerkung des übersetzers",
    "anmerkung der übersetzerin",
    "anm. d. übers",
    "примечание переводчика",
    "прим. пер",
    "от переводчика",
    "примітка перекладача",
    "przyp. tłum",
    "çevirmenin notu",
    "译者注",
    "譯者註",
    "译注",
    "訳注",
    "訳者注",
    "역주",
    "editor's note",
    "editor’s note",
    "editorial note",
    "note from the editor",
    "we republish",
    "nota della redazione",
    "nota redazionale",
    "riceviamo e pubblichiamo",
    "riprendiamo da",
    "premessa:",
    "note de la rédaction",
    "nous republions",
    "anmerkung der redaktion",
    "anm. d. red",
    "vorbemerkung",
    "nota de la redacción",
    "nota del editor",
    "nota da redação",
    "от редакции",
    "від редакції",
    "od redakcji",
    "编者按",
    "編者按",
    "編集部注",
    "편집자 주",
];
/// Characters of such a note at the most: longer, it is a text of its own.
const NOTE_OF_REPOSTER_MAX: u32 = 900;

/// Words of share bars, comment forms and the like, in lower case.
const FURNITURE: &[&str] = &[
    "share this",
    "share:",
    "share on",
    "facebook twitter",
    "facebook x ",
    "leave a comment",
    "leave a reply",
    "subscribe",
    "newsletter",
    "your email address",
    "required fields",
    "click to share",
    "like loading",
    "continue reading",
    "read more",
    "posted in",
    "tagged",
    "condividi",
    "lascia un commento",
    "iscriviti",
    "il tuo indirizzo email",
    "campi obbligatori",
    "continua a leggere",
    "sostieni",
    "contribuite",
    "partager",
    "laisser un commentaire",
    "abonnez-vous",
    "votre adresse",
    "lire la suite",
    "teilen",
    "kommentar hinterlassen",
    "schreibe einen kommentar",
    "weiterlesen",
    "abonniere",
    "compartir",
    "deja un comentario",
    "suscríbete",
    "seguir leyendo",
    "compartilhe",
    "compartilhar",
    "deixe um comentário",
    "assine",
    "leia mais",
    "continue lendo",
    "поделиться",
    "оставить комментарий",
    "подпишитесь",
    "подписаться",
    "читать далее",
    "читать дальше",
    "udostępnij",
    "dodaj komentarz",
    "paylaş",
    "yorum",
    "sdílet",
    "dela:",
    "分享",
    "订阅",
    "訂閱",
    "シェア",
    "공유",
];

/// What note a block is, given its text and the share of it that stands in links. Only short blocks can be:
/// a paragraph that speaks of a newsletter is a paragraph.
pub fn note(text: &str, linked: f32) -> Option<Note> {
    let length = super::latin_length(text);
    let lower = text.to_lowercase();
    let head = lower.trim_start_matches(|c: char| !c.is_alphanumeric());
    // To the end of a word: "N. del T." is a note, "N. del Toro" a person.
    let begins = |words: &str| {
        let rest = head.strip_prefix(words).map(|rest| rest.chars().next());
        let is_letters = words.ends_with(|c: char| c.is_alphabetic() && (c as u32) < 0x2e80);
        rest.is_some_and(|next| !is_letters || next.is_none_or(|c| !c.is_alphanumeric()))
    };
    if length <= NOTE_OF_REPOSTER_MAX && !introduces_source(&lower) && NOTES_OF_REPOSTERS.iter().any(|w| begins(w)) {
        return Some(Note::Preface);
    }
    if length > 360 {
        return None;
    }
    let begins_with_source = introduces_source(&lower);
    let is_address = is_bare_address(text);
    if is_address || begins_with_source && (length < 160 || linked > 0.3) {
        return Some(Note::Source);
    }
    let furniture = FURNITURE.iter().filter(|w| lower.contains(*w)).count();
    if furniture > 0 && (length < 90 || furniture > 1 && length < 260) {
        return Some(Note::Furniture);
    }
    // A line of nothing but links: a menu, tags, "related posts".
    (linked > 0.85 && length < 60).then_some(Note::Furniture)
}

/// Whether the words (in lower case) say where a text comes from: near their beginning, so that a sentence
/// that happens to use such a word is not taken for one.
pub fn introduces_source(lower: &str) -> bool {
    let head: String = lower.chars().take(80).collect();
    let head = head.trim_start_matches(|c: char| !c.is_alphabetic());
    SOURCE_WORDS
        .iter()
        .chain(SOURCE_WORDS_OTHER)
        .chain(SOURCE_WORDS_LAST)
        .any(|w| head.starts_with(w) || w.chars().count() > 9 && head.contains(w))
}

/// Whether a line is an address and nothing else.
pub fn is_bare_address(text: &str) -> bool {
    let text = text.trim();
    (text.starts_with("http://") || text.starts_with("https://")) && !text.contains(char::is_whitespace)
}

/// Words by which one answers a text of somebody else, in lower case.
const COMMENTARY: &[&str] = &[
    "i disagree",
    "i do not agree",
    "i don't agree",
    "the author argues",
    "the author claims",
    "he argues",
    "she argues",
    "in his article",
    "in her article",
    "in a recent article",
    "i read with",
    "in response to",
    "non sono d’accordo",
    "non sono d'accordo",
    "l’autore sostiene",
    "l'autore sostiene",
    "ho letto",
    "je ne suis pas d’accord",
    "je ne suis pas d'accord",
    "l’auteur affirme",
    "l'auteur affirme",
    "j’ai lu",
    "j'ai lu",
    "ich bin nicht einverstanden",
    "der autor behauptet",
    "ich habe gelesen",
    "no estoy de acuerdo",
    "el autor sostiene",
    "he leído",
    "não concordo",
    "o autor afirma",
    "я не согласен",
    "я не согласна",
    "автор утверждает",
    "я прочитал",
    "не могу согласиться",
    "my reply",
    "my response",
    "una risposta a",
    "une réponse à",
    "eine antwort auf",
    "una respuesta a",
    "ответ на",
    "we received",
];

/// Whether a sentence answers somebody else's text.
pub fn is_commentary(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    COMMENTARY.iter().any(|w| lower.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_told_from_the_work() {
        let check = |text: &str, linked: f32, expected| assert_eq!(note(text, linked), expected, "{text}");
        check("Fonte: https://a.example/p/x", 0.8, Some(Note::Source));
        check("https://a.example/p/x", 1.0, Some(Note::Source));
        check("Quelle: Der Blog", 0.0, Some(Note::Source));
        check("Источник: блог", 0.5, Some(Note::Source));
        for words in [
            "Source: a blog",
            "Source : un blog",
            "Fuente: un blog",
            "Fonte: um blog",
            "Traduzione di Bruna",
            "Translated by Bruna",
            "Źródło: blog",
            "Kaynak: bir blog",
            "Zdroj: blog",
            "Bron: een blog",
            "Källa: en blogg",
            "Forrás: egy blog",
            "Πηγή: ένα ιστολόγιο",
            "来源：博客",
            "出典：ブログ",
            "출처: 블로그",
            "المصدر: مدونة",
        ] {
            check(words, 0.0, Some(Note::Source));
        }
        check("[N.d.T.: il fiume si chiama oggi in un altro modo, e la diga non c’è più]", 0.0, Some(Note::Preface));
        check("N. del Toro wrote the film, and nobody else.", 0.0, None);
        check("Editor's note: originally published at an island's newspaper.", 0.5, Some(Note::Source));
        check("Translator's note: the river has another name today.", 0.0, Some(Note::Preface));
        let preface = "Riceviamo e pubblichiamo questo saggio, che dice della diga più di quanto ne abbiano detto i giornali in \
                       quarant’anni. Ringraziamo l’autrice, e chi lo ha tradotto di notte. ";
        check(&preface.repeat(3), 0.0, Some(Note::Preface));
        check("Anm. d. Übers.: Der Fluss heißt heute anders.", 0.0, Some(Note::Preface));
        check("The translator's note of 1911 says that the river has another name.", 0.0, None);
        check("Share this: Facebook Twitter Telegram WhatsApp Email Print", 0.0, Some(Note::Furniture));
        check("The source of the river lies in the mountains, and nobody knows where.", 0.0, None);
        check("Subscribe to our newsletter!", 0.0, Some(Note::Furniture));
        let long = "Why a newsletter is not enough to subscribe to a thought, and other remarks on how people read. "
            .repeat(5);
        check(&long, 0.0, None);
    }
}
