//! What is a sentence that can be said in another language? Its English form with gaps, and what stands in them.

use std::fmt::{self, Display, Write as _};

use serde::{Deserialize, Serialize};

/// What parts the form from the values, and these from each other: a control character, which neither holds.
const BETWEEN: char = '\u{1f}';
/// A gap of a form.
const GAP: &str = "{}";

/// A sentence. Its form is what a language has other words for; its values (numbers, names, addresses) are of no language.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phrase(String);

impl Phrase {
    /// A sentence: `{}` in its form stands for one value after the other.
    pub fn new(form: &str, values: &[&dyn Display]) -> Self {
        let mut all = form.to_owned();
        for value in values {
            all.push(BETWEEN);
            all.extend(value.to_string().chars().filter(|c| *c != BETWEEN));
        }
        Self(all)
    }

    /// Its form: the key to its words in other languages.
    pub fn form(&self) -> &str {
        self.0.split(BETWEEN).next().unwrap_or_default()
    }

    /// Its values put in another form.
    pub fn fill(&self, form: &str) -> String {
        let mut values = self.0.split(BETWEEN).skip(1);
        let mut pieces = form.split(GAP);
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let _ = write!(out, "{}{piece}", values.next().unwrap_or(GAP));
        }
        out
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it is stored: one string. A sentence stored whole, without gaps, is one too.
    pub fn stored(&self) -> &str {
        &self.0
    }

    /// Out of [`Phrase::stored`].
    pub fn from_stored(stored: String) -> Self {
        Self(stored)
    }
}

/// In English.
impl Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.fill(self.form()))
    }
}

impl From<&str> for Phrase {
    fn from(words: &str) -> Self {
        Self::new(words, &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_the_gaps_of_any_form() {
        let phrase = Phrase::new("{} of {} in common", &[&2, &"a {} b\u{1f}c"]);
        assert_eq!(phrase.to_string(), "2 of a {} bc in common");
        assert_eq!(phrase.fill("in comune {} ({})"), "in comune 2 (a {} bc)");
        assert_eq!(Phrase::from_stored(phrase.stored().to_owned()), phrase);
        assert_eq!(Phrase::from("as it was stored").to_string(), "as it was stored");
        assert_eq!(Phrase::from("no {} value").to_string(), "no {} value");
    }
}
