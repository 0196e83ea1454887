//! Which character does a reference stand for? Those of HTML too: feeds use them without declaring them.

use std::borrow::Cow;

use html_escape::NAMED_ENTITIES;
use memchr::memchr;

/// Entities that the document's own internal subset declares: name and replacement text.
#[derive(Debug, Default)]
pub struct Declared {
    entities: Vec<(String, String)>,
}

/// Declarations kept: a feed uses a handful, an attack uses ten levels or a million names.
const MAX_DECLARED: usize = 64;
/// Length of one replacement text, in bytes: an entity is a word or a name of a company.
const MAX_REPLACEMENT: usize = 1024;
/// Length of a name of HTML's table (`&CounterClockwiseContourIntegral;` has 31 letters), with room.
const MAX_NAME: usize = 64;

impl Declared {
    /// Reads the `<!ENTITY name "text">` declarations of a document type declaration.
    ///
    /// External and parameter entities are passed over. A replacement text that names other entities is kept, but
    /// what it names is not expanded: so nothing can grow exponentially.
    pub fn read(doctype: &str) -> Self {
        let mut entities: Vec<(String, String)> = Vec::new();
        for declaration in doctype.split("<!ENTITY").skip(1).take(MAX_DECLARED) {
            let declaration = declaration.trim_start();
            let Some((name, rest)) = declaration.split_once(|c: char| c.is_ascii_whitespace()) else { continue };
            let rest = rest.trim_start();
            let Some(quote @ ('"' | '\'')) = rest.chars().next() else { continue };
            let Some(text) = rest[1..].split(quote).next() else { continue };
            // XML 1.0 §4.2: the first declaration binds.
            if name != "%" && text.len() <= MAX_REPLACEMENT && !entities.iter().any(|(known, _)| known == name) {
                entities.push((name.to_owned(), decode(text, &Self::default()).into_owned()));
            }
        }
        Self { entities }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.entities.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

/// Replaces the references in a text by what they stand for; what stands for nothing is left as it is.
pub fn decode<'a>(text: &'a str, declared: &Declared) -> Cow<'a, str> {
    let Some(first) = memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut at = Some(first);
    while let Some(ampersand) = at {
        out.push_str(&rest[..ampersand]);
        rest = &rest[ampersand..];
        let consumed = reference(rest, declared, &mut out);
        if consumed == 0 {
            out.push('&');
        }
        rest = &rest[consumed.max(1)..];
        at = memchr(b'&', rest.as_bytes());
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Writes what the reference at the start of `text` stands for, and returns its length; 0 where it is none.
fn reference(text: &str, declared: &Declared, out: &mut String) -> usize {
    let bytes = text.as_bytes();
    // The five of XML, first: they are nearly all that occur.
    for (name, character) in [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"'), ("&apos;", '\'')] {
        if bytes.starts_with(name.as_bytes()) {
            out.push(character);
            return name.len();
        }
    }
    let window = &bytes[1..bytes.len().min(MAX_NAME)];
    if let Some(rest) = window.strip_prefix(b"#") {
        return character_reference(rest, out).map_or(0, |length| length + 2);
    }
    let Some(end) = memchr(b';', window) else { return 0 };
    let name = &text[1..=end];
    if let Some(replacement) = declared.get(name).or_else(|| named(name)) {
        out.push_str(replacement);
        return end + 2;
    }
    0
}

/// `#` was read: digits, and a semicolon that may be missing. Returns the bytes read after `#`.
fn character_reference(rest: &[u8], out: &mut String) -> Option<usize> {
    let (prefix, radix) = if matches!(rest.first(), Some(b'x' | b'X')) { (1, 16) } else { (0, 10) };
    let digits = rest[prefix..].iter().take_while(|b| (**b as char).is_digit(radix)).count();
    if digits == 0 {
        return None;
    }
    let number = std::str::from_utf8(&rest[prefix..prefix + digits]).ok()?;
    out.push(character(u32::from_str_radix(number, radix).unwrap_or(0xfffd)));
    let semicolon = usize::from(rest.get(prefix + digits) == Some(&b';'));
    Some(prefix + digits + semicolon)
}

/// The character of a number, by the rules of HTML ("numeric character reference end state"): 128 to 159 mean
/// windows-1252, and what cannot be a character is a replacement character.
fn character(number: u32) -> char {
    if let (0x80..=0x9f, Ok(byte)) = (number, u8::try_from(number)) {
        let bytes = [byte];
        return encoding_rs::WINDOWS_1252.decode_without_bom_handling(&bytes).0.chars().next().unwrap_or('\u{fffd}');
    }
    match char::from_u32(number) {
        None | Some('\0') => char::REPLACEMENT_CHARACTER,
        Some(c) => c,
    }
}

/// HTML's entity of this name; also with the wrong case where only one name can be meant (`&NBSP;`).
fn named(name: &str) -> Option<&'static str> {
    let find = |name: &str| {
        let at = NAMED_ENTITIES.binary_search_by(|(known, _)| (*known).cmp(name.as_bytes())).ok()?;
        Some(NAMED_ENTITIES[at].1)
    };
    find(name).or_else(|| find(&name.to_ascii_lowercase()))
}

/// Whether the text holds a reference that an HTML reader would replace.
pub fn has_reference(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        rest = &rest[at..];
        if reference(rest, &Declared::default(), &mut String::new()) > 0 {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_loose_ampersands_stay() {
        let check = |given: &str, expected: &str| assert_eq!(decode(given, &Declared::default()), expected, "{given}");
        check("Fish & Chips &amp; more &lt;3", "Fish & Chips & more <3");
        check("&lambda;&Omega;&Upsilon;&iacute;&nbsp;&hellip;", "λΩΥí\u{a0}…");
        check("It&#146;s &#x263A; &#65 &#xD800;&#0;", "It’s ☺ A \u{fffd}\u{fffd}");
        check("a?x=1&y=2&unknown;&", "a?x=1&y=2&unknown;&");
        check("&amp;amp;", "&amp;");
        check("&#99999999999;", "\u{fffd}");
        check("&é;&#;&#x;", "&é;&#;&#x;");
    }

    #[test]
    fn declared_entities_are_expanded_once() {
        let declared = Declared::read(
            r#"rss [<!ENTITY nbsp "&#160;"> <!ENTITY co 'Ex & Co'> <!ENTITY co "second"> <!ENTITY % p "x">
               <!ENTITY a "&co;&co;"> <!ENTITY ext SYSTEM "file:///etc/passwd">]"#,
        );
        assert_eq!(decode("&co; &a; &ext; &nbsp;", &declared), "Ex & Co &co;&co; &ext; \u{a0}");
    }
}
