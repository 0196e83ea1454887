//! Does one text name the title, the day or the site of the other?

use chrono::Datelike;

use crate::model::{Pair, Profile, Signal, Told};

const TITLE: &str = "one text names the other's title";
const DAY: &str = "one text names the other's day";
const SITE: &str = "one text names the other's site";
const TITLE_DAY: &str = "one text names the other's title and day";
const TITLE_SITE: &str = "one text names the other's title and site";
const DAY_SITE: &str = "one text names the other's day and site";
const ALL: &str = "one text names the other's title, day and site";

/// What a reposter tells of the original: its title as a sentence of the text, its day and its site at the edges.
pub const SIGNAL: Signal = Signal {
    name: "named",
    asks: "Does one text name the title, the day or the site of the other?",
    says: &[TITLE, DAY, SITE, TITLE_DAY, TITLE_SITE, DAY_SITE, ALL],
    features: &[],
    measure: super::nothing,
    tell,
};

/// A header in both languages does that; so do lists of "related posts": little.
const TITLE_BITS: f32 = 0.5;
/// Of 51 real reposts 39 % show the original's day. Of other works that are candidates, appeared within a month and
/// show a day at all, one in thirty shows this one by chance: 3.5 bits. News of one day show it too, so it is less.
const DAY_BITS: f32 = 1.0;
/// Of the same reposts 41 % name the original's site; so does whoever answers it.
const SITE_BITS: f32 = 0.5;
/// A page's own date and the original's may differ by the zone that they are told in.
const SAME_DAY_DAYS: i32 = 1;

fn tell(pair: &Pair) -> Option<Told> {
    let either = |names: fn(&Profile, &Profile) -> bool| names(pair.a, pair.b) || names(pair.b, pair.a);
    let (title, day, site) = (either(names_title), either(names_day), either(names_site));
    let (level, because) = match (title, day, site) {
        (false, false, false) => return None,
        (true, false, false) => ("title named", TITLE),
        (false, true, false) => ("day named", DAY),
        (false, false, true) => ("site named", SITE),
        (true, true, false) => ("title and day named", TITLE_DAY),
        (true, false, true) => ("title and site named", TITLE_SITE),
        (false, true, true) => ("day and site named", DAY_SITE),
        (true, true, true) => ("title, day and site named", ALL),
    };
    let bits = [(title, TITLE_BITS), (day, DAY_BITS), (site, SITE_BITS)];
    let bits = bits.into_iter().filter(|(seen, _)| *seen).map(|(_, bits)| bits).sum();
    Some(Told { level: level.into(), because: because.into(), bits })
}

fn names_title(from: &Profile, to: &Profile) -> bool {
    // One-word titles are shown by chance.
    to.title.chars().count() >= 15
        && from.title_hash != to.title_hash
        && from.sentences.iter().any(|s| s.hash == to.title_hash)
}

fn names_day(from: &Profile, to: &Profile) -> bool {
    let (Some(own), Some(other)) = (from.published, to.published) else { return false };
    let (own, other) = (own.num_days_from_ce(), other.num_days_from_ce());
    // Most pages show their own day.
    (own - other).abs() > SAME_DAY_DAYS && from.dates.contains(&other)
}

fn names_site(from: &Profile, to: &Profile) -> bool {
    // A site that is called what its author is says nothing beside the author.
    let own = |word: &String| from.site.contains(word) || to.authors.iter().flatten().any(|w| w == word);
    to.site.iter().any(|word| word.len() >= 3 && !own(word)) && to.site.iter().all(|word| from.byline.contains(word))
}
