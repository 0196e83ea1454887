//! How is a TOML table read so that every fault is told at once, each with its line and what would be right?

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A fault or a warning: where it stands, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong and what would be right, without the file's name.
    pub message: String,
}

/// Collects faults while the tables of one file are read.
pub struct Faults<'t> {
    text: &'t str,
    found: RefCell<Vec<Fault>>,
}

impl<'t> Faults<'t> {
    /// For a file with this text.
    pub fn new(text: &'t str) -> Self {
        Self { text, found: RefCell::default() }
    }

    /// Notes a fault that stands at this span of bytes.
    pub fn add(&self, span: Range<usize>, message: impl Into<String>) {
        self.found.borrow_mut().push(Fault { line: self.line(&span), message: message.into() });
    }

    /// Notes a fault that stands nowhere in the file.
    pub fn add_outside(&self, message: impl Into<String>) {
        self.found.borrow_mut().push(Fault { line: 0, message: message.into() });
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        1 + before.iter().filter(|&&b| b == b'\n').count()
    }

    /// All faults, in the order of the lines.
    pub fn into_sorted(self) -> Vec<Fault> {
        let mut found = self.found.into_inner();
        found.sort();
        found.dedup();
        found
    }
}

/// Whether this can be sent as a header field (RFC 9110 §5.1, §5.5).
fn is_field(name: &str, value: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(is_token) && value.bytes().all(|b| b == b'\t' || matches!(b, b' '..=b'~'))
}

/// A table being read: what is not asked for by the end is an unknown key.
pub struct Table<'a, 't> {
    name: String,
    span: Range<usize>,
    table: Option<&'a DeTable<'t>>,
    faults: &'a Faults<'t>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a, 't> Table<'a, 't> {
    /// The whole document.
    pub fn root(table: &'a Spanned<DeTable<'t>>, faults: &'a Faults<'t>) -> Self {
        Self {
            name: String::new(),
            span: table.span(),
            table: Some(table.get_ref()),
            faults,
            asked: RefCell::default(),
        }
    }

    /// Where the table stands.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Notes a fault at a value of this table.
    pub fn fault(&self, span: Range<usize>, message: impl Into<String>) {
        self.faults.add(span, message);
    }

    /// Line of a span in the file, from 1.
    pub fn line(&self, span: &Range<usize>) -> usize {
        self.faults.line(span)
    }

    fn named(&self, key: &str) -> String {
        if self.name.is_empty() { format!("`{key}`") } else { format!("`{key}` of {}", self.name) }
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().insert(key);
        self.table?.get(key)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = value.get_ref().type_str();
        self.faults.add(value.span(), format!("{} is {} {found}; write {wanted}", self.named(key), article(found)));
    }

    /// A string, with its span.
    pub fn string(&self, key: &'static str) -> Option<(String, Range<usize>)> {
        let value = self.value(key)?;
        match value.get_ref().as_str() {
            Some(s) => Some((s.trim().to_owned(), value.span())),
            None => {
                self.wrong_type(key, value, "a string in quotes");
                None
            }
        }
    }

    /// A string that `read` understands, or what the environment says in its place.
    pub fn parsed_or_env<T>(
        &self,
        key: &'static str,
        variable: &str,
        value: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let written = self.parsed(key, &read);
        let Some(value) = value else { return written };
        read(value).map_err(|e| self.faults.add_outside(format!("{variable}: {e}"))).ok()
    }

    /// A string that `read` understands; it says what is wrong otherwise.
    pub fn parsed<T>(&self, key: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let (text, span) = self.string(key)?;
        read(&text).map_err(|e| self.faults.add(span, format!("{}: {e}", self.named(key)))).ok()
    }

    /// One of a few words.
    pub fn one_of<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.parsed(key, |text| {
            words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
                let words: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
                format!("{text:?} is not known; write {}", words.join(", "))
            })
        })
    }

    /// True or false.
    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        value.get_ref().as_bool().or_else(|| {
            self.wrong_type(key, value, "true or false");
            None
        })
    }

    /// A whole number in a range.
    pub fn integer(&self, key: &'static str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|i| u64::from_str_radix(i.as_str(), i.radix()).ok())
            .filter(|i| range.contains(i));
        if number.is_none() {
            let (from, to) = (range.start(), range.end());
            self.faults.add(value.span(), format!("{} has to be a whole number from {from} to {to}", self.named(key)));
        }
        number
    }

    /// A list of strings, each with its span.
    pub fn strings(&self, key: &'static str) -> Option<Vec<(String, Range<usize>)>> {
        let value = self.value(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of strings, such as [\"a\", \"b\"]");
            return None;
        };
        let mut strings = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(s) => strings.push((s.trim().to_owned(), item.span())),
                None => self.wrong_type(key, item, "strings in the list"),
            }
        }
        Some(strings)
    }

    /// A list of strings, or a single one in its place.
    pub fn string_or_strings(&self, key: &'static str) -> Vec<(String, Range<usize>)> {
        if self.table.and_then(|t| t.get(key)).is_some_and(|v| v.get_ref().is_str()) {
            return self.string(key).into_iter().collect();
        }
        self.strings(key).unwrap_or_default()
    }

    /// A list of strings that `read` understands, the faulty ones left out and told.
    pub fn all_parsed<T>(&self, key: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let strings = self.strings(key)?;
        let mut parsed = Vec::new();
        for (text, span) in strings {
            match read(&text) {
                Ok(value) => parsed.push(value),
                Err(e) => self.faults.add(span, format!("{}: {e}", self.named(key))),
            }
        }
        Some(parsed)
    }

    /// A table of this table; one that is missing reads as empty.
    pub fn table(&self, key: &'static str) -> Table<'a, 't> {
        let value = self.value(key);
        let table = value.and_then(|v| {
            let table = v.get_ref().as_table();
            if table.is_none() {
                self.wrong_type(key, v, &format!("a table: [{key}] on a line of its own"));
            }
            table
        });
        self.inner(format!("[{key}]"), value.map_or(self.span(), Spanned::span), table)
    }

    /// A string-to-string table, in the order of the file's keys.
    pub fn header_fields(&self, key: &'static str) -> Vec<(String, String)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "a table, such as { X-Key = \"…\" }");
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (name, value) in table {
            match value.get_ref().as_str() {
                Some(text) if is_field(name.get_ref(), text) => {
                    pairs.push((name.get_ref().to_string(), text.to_owned()))
                }
                Some(_) => {
                    let told = self.named(key);
                    self.faults.add(value.span(), format!(
                        "{told}: {:?} cannot be a header field; a name has letters, digits and hyphens, a value ASCII on one line",
                        name.get_ref()
                    ));
                }
                None => self.wrong_type(name.get_ref(), value, "a string in quotes"),
            }
        }
        pairs
    }

    /// The tables of an array of tables (`[[source]]`).
    pub fn tables(&self, key: &'static str) -> Vec<Table<'a, 't>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &format!("[[{key}]] with two brackets"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push(self.inner(format!("[[{key}]]"), item.span(), Some(table))),
                None => self.wrong_type(key, item, &format!("[[{key}]] with two brackets")),
            }
        }
        tables
    }

    fn inner(&self, name: String, span: Range<usize>, table: Option<&'a DeTable<'t>>) -> Self {
        Self { name, span, table, faults: self.faults, asked: RefCell::default() }
    }

    /// Tells of every key that nobody asked for.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table.into_iter().flatten() {
            let name = key.get_ref().as_ref();
            if asked.contains(name) {
                continue;
            }
            let nearest = asked.iter().min_by_key(|known| distance(name, known));
            let hint = match nearest {
                Some(known) if distance(name, known) <= 1 + name.len() / 4 => format!("; did you mean `{known}`?"),
                _ => {
                    let known: Vec<_> = asked.iter().map(|k| format!("`{k}`")).collect();
                    format!("; known here: {}", known.join(", "))
                }
            };
            let place = if self.name.is_empty() { "the top level" } else { &self.name };
            self.faults.add(key.span(), format!("unknown key `{name}` in {place}{hint}"));
        }
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// Levenshtein's distance: how many letters to insert, delete or replace.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
