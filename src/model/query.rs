//! What does a reader ask of an edition beside its name? `?lang=it,en&include=translations&author=…&source=…`

use std::fmt;

use url::form_urlencoded;

use super::{EditionSpec, Include, Language, SourceId};

/// Languages in one question: more than anybody reads, fewer than it takes to make the address a burden.
const LANGUAGES_MAX: usize = 16;
/// Authors or sources in one question.
const NAMES_MAX: usize = 32;
/// Bytes of one name: as long as the longest personal name in use, several times over.
const NAME_BYTES_MAX: usize = 256;

/// The parameters that any edition answers, in one spelling for each meaning: the address of a cache entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct EditionQuery {
    /// `lang`: languages in order of preference.
    pub languages: Vec<Language>,
    /// Whether `*` stands in `lang`.
    pub any_language: bool,
    /// `include`.
    pub include: Option<Include>,
    /// `author`, once for each.
    pub authors: Vec<String>,
    /// `source`, once for each or with commas between.
    pub sources: Vec<SourceId>,
}

impl EditionQuery {
    /// Reads the pairs of a query. Other parameters than its own are passed over: readers add some of their own
    /// against caches.
    ///
    /// # Errors
    /// A sentence for the person who typed the address.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut query = Self::default();
        for (name, value) in pairs {
            let words = || value.split(',').map(str::trim).filter(|w| !w.is_empty());
            if matches!(name, "lang" | "source") && words().next().is_none() {
                return Err(format!("{name}: nothing is named; leave it out to have all"));
            }
            match name {
                "lang" => {
                    for word in words() {
                        if word == "*" {
                            query.any_language = true;
                            continue;
                        }
                        let language = Language::parse(word).filter(|_| word.len() <= NAME_BYTES_MAX);
                        let language = language.ok_or_else(|| {
                            format!("lang: {} is not a language tag such as it or pt-BR", brief(word))
                        })?;
                        if !query.languages.contains(&language) {
                            query.languages.push(language);
                        }
                    }
                }
                "include" => query.include = Some(include(value)?),
                "author" => push_name(&mut query.authors, "author", value.trim().to_owned(), String::as_str)?,
                "source" => {
                    for word in words() {
                        push_name(&mut query.sources, "source", SourceId(word.to_owned()), SourceId::as_str)?;
                    }
                }
                _ => {}
            }
        }
        if query.languages.len() > LANGUAGES_MAX {
            return Err(format!("lang: at most {LANGUAGES_MAX} languages"));
        }
        query.authors.sort();
        query.sources.sort();
        Ok(query)
    }

    /// Whether it asks for nothing beside the edition itself.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The edition asked for: languages and `include` in place of its own, authors and sources narrowing it. `source`
    /// gives the name used inside of a source that may be asked for.
    ///
    /// # Errors
    /// A sentence, where nothing of the edition can meet the question.
    pub fn apply(
        &self,
        spec: &EditionSpec,
        source: &dyn Fn(&SourceId) -> Option<SourceId>,
    ) -> Result<EditionSpec, String> {
        let mut spec = spec.clone();
        if !self.languages.is_empty() || self.any_language {
            spec.languages.clone_from(&self.languages);
            spec.any_language = self.any_language;
        }
        spec.include = self.include.unwrap_or(spec.include);
        if !self.sources.is_empty() {
            let found = self.sources.iter().map(|name| {
                let id = source(name).filter(|id| spec.sources.is_empty() || spec.sources.contains(id));
                id.ok_or_else(|| format!("source: {} is none of this edition", brief(name.as_str())))
            });
            spec.sources = found.collect::<Result<_, _>>()?;
        }
        if !self.authors.is_empty() {
            let same = |a: &String, b: &String| a.to_lowercase() == b.to_lowercase();
            let stands = |a: &String| spec.authors.is_empty() || spec.authors.iter().any(|b| same(a, b));
            if let Some(stranger) = self.authors.iter().find(|a| !stands(a)) {
                return Err(format!("author: {} is none of this edition", brief(stranger)));
            }
            spec.authors.clone_from(&self.authors);
        }
        Ok(spec)
    }
}

/// Its one spelling, without the question mark.
impl fmt::Display for EditionQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = form_urlencoded::Serializer::new(String::new());
        let any = self.any_language.then_some("*");
        let languages: Vec<&str> = self.languages.iter().map(Language::as_str).chain(any).collect();
        if !languages.is_empty() {
            out.append_pair("lang", &languages.join(","));
        }
        if let Some(include) = self.include {
            out.append_pair("include", include.as_str());
        }
        self.authors.iter().for_each(|a| {
            out.append_pair("author", a);
        });
        self.sources.iter().for_each(|s| {
            out.append_pair("source", s.as_str());
        });
        f.write_str(&out.finish())
    }
}

fn include(value: &str) -> Result<Include, String> {
    let all = [Include::All, Include::Originals, Include::Translations, Include::Untranslated];
    let known = all.into_iter().find(|i| i.as_str() == value);
    known.ok_or_else(|| format!("include: {} is none of all, originals, translations, untranslated", brief(value)))
}

fn push_name<T: PartialEq>(to: &mut Vec<T>, what: &str, name: T, text: fn(&T) -> &str) -> Result<(), String> {
    if text(&name).is_empty() || text(&name).len() > NAME_BYTES_MAX {
        return Err(format!("{what}: a name has 1 to {NAME_BYTES_MAX} bytes"));
    }
    if !to.contains(&name) {
        to.push(name);
    }
    if to.len() > NAMES_MAX {
        return Err(format!("{what}: at most {NAMES_MAX} of them"));
    }
    Ok(())
}

/// A stranger's word, fit to be said back to him.
fn brief(word: &str) -> String {
    format!("{:?}", word.chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<EditionQuery, String> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        EditionQuery::read(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())))
    }

    #[test]
    fn one_spelling_for_each_meaning() {
        let check = |given: &str, expected: &str| {
            assert_eq!(read(given).map(|q| q.to_string()).as_deref(), Ok(expected), "{given}");
        };
        check("", "");
        check("utm_source=x&_=17", "");
        check("lang=IT,%20en,it", "lang=it%2Cen");
        check("lang=*,it", "lang=it%2C*");
        check("source=b,a&source=a&include=originals", "include=originals&source=a&source=b");
        check("author=J%C3%BCrgen%20M", "author=J%C3%BCrgen+M");
    }

    #[test]
    fn what_is_out_of_range_is_refused_with_a_sentence() {
        let check = |given: &str, expected: &str| {
            let error = read(given).expect_err(given);
            assert!(error.starts_with(expected) && error.len() < 200, "{given}: {error}");
        };
        check("lang=klingon", "lang:");
        check("lang=%00", "lang:");
        check(&format!("lang={}", "x".repeat(9_000)), "lang:");
        check("include=everything", "include:");
        check("author=", "author:");
        check(&format!("author={}", "x".repeat(257)), "author:");
        check(&(0..40).map(|i| format!("source=s{i}&")).collect::<String>(), "source:");
        let many: Vec<String> = (b'a'..=b'z').map(|c| format!("a{}", char::from(c))).collect();
        check(&format!("lang={}", many.join(",")), "lang:");
    }

    #[test]
    fn a_query_narrows_and_never_widens() {
        let mut spec = EditionSpec::new("main", "Main");
        spec.sources = vec![SourceId("a".into()), SourceId("b".into())];
        spec.authors = vec!["Ada".into()];
        let apply = |query: &str| read(query).and_then(|q| q.apply(&spec, &|name| Some(name.clone())));
        assert_eq!(apply("source=a").map(|s| s.sources), Ok(vec![SourceId("a".into())]));
        assert!(apply("source=c").is_err_and(|e| e.starts_with("source:")));
        assert!(apply("author=ADA").is_ok());
        assert!(apply("author=Bob").is_err_and(|e| e.starts_with("author:")));
        assert_eq!(apply("lang=it").map(|s| (s.languages.len(), s.any_language)), Ok((1, false)));
    }
}
