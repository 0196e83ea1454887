//! In which language is a text written? A BCP 47 tag (RFC 5646), well-formed by construction.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A well-formed BCP 47 language tag in its usual case: `en`, `pt-BR`, `zh-Hant`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

impl Language {
    /// Reads a tag as feeds and pages write it: any case, `_` for `-`, blanks around.
    ///
    /// Returns `None` where the tag is not well-formed (RFC 5646 §2.1), or says nothing (`und`, `mul`, `zxx`).
    pub fn parse(tag: &str) -> Option<Self> {
        let mut out = String::with_capacity(tag.len());
        let tag = tag.trim();
        // `en_US.UTF-8` and `en-US;q=0.8` are seen in the wild: the tag ends there.
        let tag = tag.split(['.', ';', ',', ' ']).next()?;
        for (i, subtag) in tag.split(['-', '_']).enumerate() {
            if subtag.is_empty() || subtag.len() > 8 || !subtag.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return None;
            }
            let alphabetic = subtag.bytes().all(|b| b.is_ascii_alphabetic());
            if i == 0 {
                if !alphabetic || !(2..=3).contains(&subtag.len()) {
                    return None;
                }
                out.push_str(&subtag.to_ascii_lowercase());
                continue;
            }
            out.push('-');
            match (subtag.len(), alphabetic) {
                (2, true) => out.push_str(&subtag.to_ascii_uppercase()),
                (4, true) => {
                    out.push_str(&subtag[..1].to_ascii_uppercase());
                    out.push_str(&subtag[1..].to_ascii_lowercase());
                }
                _ => out.push_str(&subtag.to_ascii_lowercase()),
            }
        }
        if matches!(out.as_str(), "und" | "mul" | "zxx") {
            return None;
        }
        Some(Self(out))
    }

    /// The whole tag: `pt-BR`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The primary language subtag (RFC 5646 §2.2.1): `pt` of `pt-BR`.
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// Whether a reader who asked for `self` is served by `other` (RFC 4647 §3.3.1, basic filtering):
    /// `pt` serves itself, `pt-BR` and `pt-PT`; `zh-Hant` is not served by `zh-Hans`.
    pub fn serves(&self, other: &Language) -> bool {
        other.0 == self.0 || (other.0.starts_with(&self.0) && other.0.as_bytes().get(self.0.len()) == Some(&b'-'))
    }

    /// Whether the language is usually written from right to left.
    pub fn is_right_to_left(&self) -> bool {
        matches!(self.primary(), "ar" | "fa" | "he" | "ur" | "ps" | "yi" | "dv" | "ckb" | "ug" | "sd")
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

impl TryFrom<String> for Language {
    type Error = String;

    fn try_from(tag: String) -> Result<Self, Self::Error> {
        Self::parse(&tag).ok_or_else(|| format!("{tag:?} is not a BCP 47 language tag such as \"it\" or \"pt-BR\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_they_are_written_and_kept_in_their_usual_case() {
        let check = |given: &str, expected: Option<&str>| {
            assert_eq!(Language::parse(given).as_ref().map(Language::as_str), expected, "{given:?}");
        };
        check("EN", Some("en"));
        check(" pt_br ", Some("pt-BR"));
        check("zh-hant-TW", Some("zh-Hant-TW"));
        check("en_US.UTF-8", Some("en-US"));
        check("es-419", Some("es-419"));
        check("und", None);
        check("english", None);
        check("", None);
        check("e", None);
        check("en--US", None);
    }

    #[test]
    fn a_range_serves_what_it_is_a_prefix_of() {
        let serves = |a: &str, b: &str| Language::parse(a).unwrap().serves(&Language::parse(b).unwrap());
        assert!(serves("pt", "pt-BR"));
        assert!(!serves("pt-BR", "pt"));
        assert!(!serves("zh-Hant", "zh-Hans"));
        assert!(!serves("fi", "fil"));
    }
}
