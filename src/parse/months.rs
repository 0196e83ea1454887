//! Which month, zone or half of the day does a word in a date mean?

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Names of the months, without diacritics and in lower case, from the Unicode CLDR (format and stand-alone wide
/// names) for the languages in which feeds with local dates were seen.
const MONTHS: [&str; 12] = [
    "january januar janvier enero gennaio janeiro januari styczen stycznia января январь січня січень leden ledna januarie ianuarie ocak tammikuu tammikuuta ιανουαριος ιανουαριου gener siječanj sijecanj janvaris sausio",
    "february februar fevrier febrero febbraio fevereiro februari luty lutego февраля февраль лютого лютий unor unora februarie subat helmikuu helmikuuta φεβρουαριος φεβρουαριου febrer feber veljaca februaris vasario",
    "march marz mars marzo marco maart marzec marca марта март березня березень brezen brezna martie mart maaliskuu maaliskuuta μαρτιος μαρτιου marts marcius maret ozujak kovo",
    "april avril abril aprile kwiecien kwietnia апреля апрель квітня квітень duben dubna aprilie nisan huhtikuu huhtikuuta απριλιος απριλιου aprilis travanj balandzio",
    "may mai mayo maggio maio mei maj maja мая май травня травень kveten kvetna mayis toukokuu toukokuuta μαιος μαιου majus svibanj maig geguzes",
    "june juni juin junio giugno junho czerwiec czerwca июня июнь червня червень cerven cervna iunie haziran kesakuu kesakuuta ιουνιος ιουνιου junius lipanj juny birzelio",
    "july juli juillet julio luglio julho lipiec lipca июля июль липня липень cervenec cervence iulie temmuz heinakuu heinakuuta ιουλιος ιουλιου julius srpanj juliol liepos",
    "august aout agosto augustus sierpien sierpnia августа август серпня серпень srpen srpna agustos elokuu elokuuta αυγουστος αυγουστου augusztus agustus kolovoz agost augusti rugpjucio",
    "september septembre septiembre setiembre settembre setembro wrzesien wrzesnia сентября сентябрь вересня вересень zari septembrie eylul syyskuu syyskuuta σεπτεμβριος σεπτεμβριου szeptember rujan setembre rugsejo",
    "october oktober octobre octubre ottobre outubro pazdziernik pazdziernika октября октябрь жовтня жовтень rijen rijna octombrie ekim lokakuu lokakuuta οκτωβριος οκτωβριου listopada-hr spalio",
    "november novembre noviembre novembro listopad listopada ноября ноябрь листопада листопад noiembrie kasim marraskuu marraskuuta νοεμβριος νοεμβριου studeni lapkricio",
    "december dezember decembre diciembre dicembre dezembro grudzien grudnia декабря декабрь грудня грудень prosinec prosince decembrie aralik joulukuu joulukuuta δεκεμβριος δεκεμβριου desember prosinac gruodzio",
];

/// The month of a name, or of its first letters: three at least, as "ma" is not one month.
pub fn month(word: &str) -> Option<u32> {
    // Whole names go first: "mart" is a month of its own, and the beginning of none.
    static KNOWN: LazyLock<[HashMap<String, u32>; 2]> = LazyLock::new(|| [names(), beginnings()]);
    let word = plain(word);
    KNOWN.iter().find_map(|known| known.get(&word)).copied()
}

fn names() -> HashMap<String, u32> {
    let mut known = HashMap::new();
    for (names, month) in MONTHS.iter().zip(1..) {
        for name in names.split(' ').filter(|name| name.chars().count() >= 3) {
            known.entry(name.to_owned()).or_insert(month);
        }
    }
    known
}

/// `sept`, `juill`: an abbreviation is a beginning of three to five letters.
fn beginnings() -> HashMap<String, u32> {
    let mut known = HashMap::new();
    for (names, month) in MONTHS.iter().zip(1..) {
        for name in names.split(' ') {
            for letters in 3..=5 {
                known.entry(name.chars().take(letters).collect()).or_insert(month);
            }
        }
    }
    known
}

/// Lower case, without diacritics.
fn plain(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'ς' => 'σ',
            'ı' => 'i',
            c => c,
        })
        .collect()
}

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
