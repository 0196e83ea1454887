//! Does one link to the other as its source? Where the link stands says what it is for.

use crate::model::{Pair, Place, Profile, Signal, Told};

const INTRODUCED: &str = "a line that names the source links to the other";
const LAST_LINE: &str = "the last line is the other's address";
const EDGE: &str = "the first or last paragraph links to the other";
const INSIDE: &str = "the text links to the other; commentators do that too";

/// An explicit link to the other entry.
pub const SIGNAL: Signal = Signal {
    name: "source link",
    asks: "Does one link to the other as its source?",
    says: &[INTRODUCED, LAST_LINE, EDGE, INSIDE],
    features: &[],
    measure: super::nothing,
    tell,
};

/// By place. Set by hand, for commentators link too (148 of the corpus's look-alikes link to the original): a line
/// that names the source makes a repost some eight times likelier; a link inside the text says nothing.
fn weight(place: Place) -> f32 {
    match place {
        Place::Introduced | Place::LastLine => 3.0,
        Place::Edge => 0.5,
        Place::Inside => 0.0,
    }
}

fn link(from: &Profile, to: &Profile) -> Option<Place> {
    let target = to.link.as_deref()?;
    // A list of links names many sources, so it names none.
    let sources = from.mentions.iter().filter(|m| m.place <= Place::LastLine).count();
    let place = from.mentions.iter().find(|m| m.target == target)?.place;
    Some(if sources > 3 { Place::Inside } else { place })
}

fn tell(pair: &Pair) -> Option<Told> {
    let found = [link(pair.a, pair.b), link(pair.b, pair.a)];
    let place = found.into_iter().flatten().min()?;
    let (level, because) = match place {
        Place::Introduced => ("introduced", INTRODUCED),
        Place::LastLine => ("last line", LAST_LINE),
        Place::Edge => ("first or last paragraph", EDGE),
        Place::Inside => ("inside", INSIDE),
    };
    Some(Told { level: level.into(), because: because.into(), bits: weight(place) })
}
