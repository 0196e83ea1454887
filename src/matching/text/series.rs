//! Which part, and which release, does a title name? "Part 3", "2. Teil", "第2回"; "Debian 5.0".

use super::numbers::{digit, with_ascii_digits};

/// Words beside the number of a part, in lower case.
const PART_WORDS: &[&str] = &[
    "part",
    "pt",
    "chapter",
    "episode",
    "ep",
    "volume",
    "vol",
    "issue",
    "nr",
    "parte",
    "capitolo",
    "puntata",
    "episodio",
    "numero",
    "partie",
    "chapitre",
    "épisode",
    "tome",
    "numéro",
    "teil",
    "kapitel",
    "folge",
    "ausgabe",
    "capítulo",
    "número",
    "часть",
    "глава",
    "выпуск",
    "серия",
    "частина",
    "розділ",
    "część",
    "rozdział",
    "odcinek",
    "deel",
    "hoofdstuk",
    "díl",
    "část",
    "kapitola",
    "bölüm",
    "kısım",
    "afsnit",
    "avsnitt",
    "osa",
    "luku",
    "rész",
    "fejezet",
    "μέρος",
    "κεφάλαιο",
    "partea",
    "capitolul",
    "phần",
    "chương",
    "bagian",
];
/// What stands behind the number in Chinese and Japanese: 第3部, 第3回.
const PART_SIGNS: &[char] = &['部', '回', '话', '話', '章', '篇', '集', '期', '編', '卷', '巻', '节', '節'];

/// Small numbers in words, as they stand beside those of [`PART_WORDS`]: "Part Two", "seconda parte", "zweiter Teil".
const NUMBERS_IN_WORDS: [&str; 6] = [
    "one first uno prima première eins erster erste primera primeira первая перша pierwsza první",
    "two second due seconda deux deuxième seconde zwei zweiter zweite dos segunda dois вторая друга druga druhá",
    "three third tre terza trois troisième drei dritter dritte tres tercera três terceira третья третя trzecia třetí",
    "four fourth quattro quarta quatre quatrième vier vierter vierte cuatro cuarta quatro четвертая четвёртая четверта czwarta čtvrtá",
    "five fifth cinque quinta cinq cinquième fünf fünfter fünfte cinco пятая piąta pátá",
    "six sixth sei sesta sixième sechs sechster sechste seis sexta шестая шоста szósta šestá",
];
/// Chinese and Japanese in brackets: the first of two, the middle, the last (two parts are commoner than three).
const HALVES: [(char, u32); 3] = [('上', 1), ('中', 2), ('下', 2)];

/// The part that a title names, as `§3`; `None` where it names none, or several.
pub fn part(title: &str) -> Option<String> {
    let title = with_ascii_digits(title).to_lowercase();
    let mut found = Vec::new();
    for (at, _) in title.match_indices('第') {
        let rest = &title[at + '第'.len_utf8()..];
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let sign = rest[number.len()..].trim_start().chars().next();
        if sign.is_some_and(|sign| PART_SIGNS.contains(&sign)) {
            found.extend(number.parse::<u32>().ok());
        }
    }
    for (half, number) in HALVES {
        let in_brackets =
            ['(', '（', '【', '[', '〈', '《'].iter().any(|open| title.contains(&format!("{open}{half}")));
        let closes = title.split(half).skip(1).any(|rest| rest.starts_with([')', '）', '】', ']', '〉', '》']));
        found.extend((in_brackets && closes).then_some(number));
    }
    let words: Vec<&str> = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    for pair in words.windows(2) {
        // "Part 3" and "Parte III", "2. Teil" and "3ª parte".
        found.extend(match (PART_WORDS.contains(&pair[0]), PART_WORDS.contains(&pair[1])) {
            (true, false) => ordinal(pair[1]),
            (false, true) => pair[0]
                .parse()
                .ok()
                .or_else(|| in_words(pair[0]))
                .or_else(|| ordinal(pair[0].trim_end_matches(|c: char| digit(c).is_none()))),
            _ => None,
        });
    }
    found.dedup();
    match found[..] {
        [number] => Some(format!("§{number}")),
        _ => None,
    }
}

/// A number of up to three digits, a small one in words, or a Roman one up to 39.
fn ordinal(word: &str) -> Option<u32> {
    if let Some(number) = in_words(word) {
        return Some(number);
    }
    if let Ok(number) = word.parse::<u32>() {
        return (word.len() <= 3).then_some(number);
    }
    let value = |c: char| match c {
        'i' => Some(1),
        'v' => Some(5),
        'x' => Some(10),
        _ => None,
    };
    let values: Vec<u32> = word.chars().map(value).collect::<Option<_>>()?;
    let sum = values.iter().enumerate().map(|(n, v)| match values.get(n + 1) {
        Some(next) if next > v => -i64::from(*v),
        _ => i64::from(*v),
    });
    u32::try_from(sum.sum::<i64>()).ok().filter(|number| (1..40).contains(number))
}

fn in_words(word: &str) -> Option<u32> {
    let at = NUMBERS_IN_WORDS.iter().position(|words| words.split(' ').any(|known| known == word))?;
    u32::try_from(at + 1).ok()
}

/// The release that a title names by two numbers, as `5.0`; `None` where it names none, or several.
pub fn release(title: &str) -> Option<String> {
    let title = with_ascii_digits(title);
    let tokens = title.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')));
    let two = |token: &str| {
        let token = token.trim_matches(['.', ',']);
        let (whole, rest) = token.split_once(['.', ','])?;
        let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        (is_number(whole) && is_number(rest) && whole.len() <= 3 && rest.len() <= 2).then(|| format!("{whole}.{rest}"))
    };
    let found: Vec<String> = tokens.filter_map(two).collect();
    match &found[..] {
        [one] => Some(one.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_the_words_of_many_languages() {
        let check = |title: &str, expected: Option<&str>| assert_eq!(part(title).as_deref(), expected, "{title}");
        check("The River, Part 3", Some("§3"));
        check("The River (Part III)", Some("§3"));
        check("Il fiume. Parte 4: la diga", Some("§4"));
        check("Der Fluss – 2. Teil", Some("§2"));
        check("El río, 3ª parte", Some("§3"));
        check("Река. Часть 12", Some("§12"));
        check("河（第3部）", Some("§3"));
        check("川 第１２回", Some("§12"));
        check("The River, Part Two", Some("§2"));
        check("Il fiume (seconda parte)", Some("§2"));
        check("Der Fluss, erster Teil", Some("§1"));
        check("Река. Часть третья", Some("§3"));
        check("河流的故事（上）", Some("§1"));
        check("河流的故事（下）", Some("§2"));
        check("上海的故事", None);
        check("A part of the story", None);
        check("Una parte della storia", None);
        check("Take part in 2024", None);
        check("Parts 3 and 4", None);
        check("Part 3 of Part 4", None);
        check("Nine sergeants", None);
    }

    #[test]
    fn releases_of_two_numbers() {
        let check = |title: &str, expected: Option<&str>| assert_eq!(release(title).as_deref(), expected, "{title}");
        check("End of support for Debian 5.0", Some("5.0"));
        check("Debian ٣٫١", None);
        check("Inflazione al 3,1 %", Some("3.1"));
        check("Version 2.1.7 is out", None);
        check("On 12.05.2020", None);
        check("1,000 people", None);
        check("From 3.1 to 5.0", None);
    }
}
