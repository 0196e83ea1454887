//! Which month does a word mean?

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
