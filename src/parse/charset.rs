//! In which charset are these bytes written? Byte order mark, HTTP, XML declaration, then the bytes themselves.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::legacy;

/// A decoded document.
pub struct Decoded<'a> {
    /// Its text, without byte order marks.
    pub text: Cow<'a, str>,
    /// What was wrong with the labels or the bytes.
    pub fault: Option<String>,
}

/// Bytes looked at for an XML declaration or `<meta charset>`: the HTML standard's prescan reads as many.
const PRESCAN_BYTES: usize = 1024;

/// Decodes a document. `content_type` is the header's value.
///
/// The order is that of RFC 7303 §3 (mark, header, declaration), with one exception that real documents need:
/// bytes that are valid UTF-8 and hold a multi-byte sequence are UTF-8, whatever a label for a legacy charset says.
/// Text in any other charset is almost never valid UTF-8 by accident; mislabelled UTF-8 is common.
pub fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    if let Some(decoded) = by_mark(bytes) {
        return decoded;
    }
    if let Some(decoded) = by_zero_bytes(bytes) {
        return decoded;
    }
    let from_http = content_type.and_then(charset_parameter);
    let from_text = declared(&bytes[..bytes.len().min(PRESCAN_BYTES)]);
    let valid = std::str::from_utf8(bytes);
    if let Ok(text) = valid
        && !text.is_ascii()
    {
        return Decoded { text: Cow::Borrowed(text), fault: None };
    }
    let mut unknown = None;
    for label in [from_http.as_deref(), from_text.as_deref()].into_iter().flatten() {
        match by_label(bytes, label, valid.is_ok()) {
            Some(decoded) => return decoded,
            // ASCII under the label of UTF-8 is what it says; another label may still read more out of it.
            None if Encoding::for_label(label.as_bytes()) == Some(UTF_8) => {}
            None if unknown.is_none() => unknown = Some(format!("the charset {label:?} is unknown or untrue")),
            None => {}
        }
    }
    match valid {
        Ok(text) => Decoded { text: Cow::Borrowed(text), fault: unknown },
        Err(_) => guess(bytes, unknown),
    }
}

/// Byte order marks, UTF-32 ones too; a second mark after the first is dropped as well.
fn by_mark(bytes: &[u8]) -> Option<Decoded<'_>> {
    let trimmed = |text: Cow<'static, str>| Decoded {
        text: match text.strip_prefix('\u{feff}') {
            Some(rest) => Cow::Owned(rest.to_owned()),
            None => text,
        },
        fault: None,
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            let rest = rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest);
            // A mark can be put before bytes of another charset by a careless editor.
            match std::str::from_utf8(rest) {
                Ok(text) => Some(Decoded { text: Cow::Borrowed(text), fault: None }),
                Err(_) => Some(lossy(rest)),
            }
        }
        [0, 0, 0xfe, 0xff, rest @ ..] => Some(trimmed(utf32(rest, u32::from_be_bytes))),
        [0xff, 0xfe, 0, 0, rest @ ..] => Some(trimmed(utf32(rest, u32::from_le_bytes))),
        [0xfe, 0xff, rest @ ..] => Some(trimmed(Cow::Owned(UTF_16BE.decode_without_bom_handling(rest).0.into_owned()))),
        [0xff, 0xfe, rest @ ..] => Some(trimmed(Cow::Owned(UTF_16LE.decode_without_bom_handling(rest).0.into_owned()))),
        _ => None,
    }
}

/// UTF-16, UTF-32 and EBCDIC without a mark, known by how `<` must look at the start (XML 1.0, appendix F.1).
fn by_zero_bytes(bytes: &[u8]) -> Option<Decoded<'_>> {
    let start = bytes.iter().position(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t' | 0)).unwrap_or(0);
    // Blanks before the first character keep the width: look from the start of the unit it stands in.
    let unit = |width: usize| bytes.get(start / width * width..).unwrap_or_default();
    let text = match (unit(4), unit(2)) {
        ([0, 0, 0, b'<' | b'{', ..], _) => utf32(bytes, u32::from_be_bytes),
        ([b'<' | b'{', 0, 0, 0, ..], _) => utf32(bytes, u32::from_le_bytes),
        (_, [0, b'<' | b'{', 0, ..]) => Cow::Owned(UTF_16BE.decode_without_bom_handling(bytes).0.into_owned()),
        (_, [b'<' | b'{', 0, _, 0, ..]) => Cow::Owned(UTF_16LE.decode_without_bom_handling(bytes).0.into_owned()),
        // `<?xm` in EBCDIC.
        _ if bytes.starts_with(&[0x4c, 0x6f, 0xa7, 0x94]) => Cow::Owned(legacy::ebcdic(bytes)),
        _ => return None,
    };
    Some(Decoded { text, fault: None })
}

fn utf32<'a>(bytes: &[u8], read: fn([u8; 4]) -> u32) -> Cow<'a, str> {
    let character = |c: &[u8]| {
        let unit = c.try_into().map_or(0xfffd, read);
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    };
    Cow::Owned(bytes.chunks_exact(4).map(character).collect())
}

/// Decodes by a label, or not at all where the label is unknown or the bytes say otherwise.
fn by_label<'a>(bytes: &'a [u8], label: &str, ascii: bool) -> Option<Decoded<'a>> {
    let Some(encoding) = Encoding::for_label(label.as_bytes()).or_else(|| alias(label)) else {
        return legacy::decode(bytes, label).map(|text| Decoded { text: Cow::Owned(text), fault: None });
    };
    // A label that can be read as ASCII is not UTF-16, whatever it says (HTML standard, "prescan").
    if encoding == UTF_16LE || encoding == UTF_16BE || encoding.name() == "replacement" {
        return None;
    }
    if encoding == UTF_8 {
        return if ascii { None } else { Some(broken_utf8(bytes)) };
    }
    let (text, faulty) = encoding.decode_without_bom_handling(bytes);
    if faulty && !mostly_sound(&text) {
        return None;
    }
    let fault = faulty.then(|| format!("some bytes are not valid {}", encoding.name()));
    Some(Decoded { text, fault })
}

/// Python's and IANA's names that the Encoding Standard does not list, for charsets that it does have.
fn alias(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    let name = match label.as_str() {
        "cp932" | "ms932" | "mskanji" | "ms-kanji" | "windows-932" | "shift-jis-2004" | "shift-jisx0213" => "shift_jis",
        "cp936" | "ms936" | "936" | "windows-936" | "euc-cn" | "eucgb2312-cn" | "hz" => "gbk",
        "cp949" | "ms949" | "949" | "uhc" | "johab" => "euc-kr",
        "cp950" | "ms950" | "950" | "windows-950" => "big5",
        "eucjp" | "ujis" | "u-jis" | "cp51932" | "euc-jis-2004" | "euc-jisx0213" => "euc-jp",
        "iso2022-jp" | "iso-2022-jp-1" | "iso-2022-jp-2" | "iso-2022-jp-3" | "iso-2022-jp-ext" => "iso-2022-jp",
        "cp874" | "tis620" | "iso-8859-11" => "windows-874",
        "koi8-t" => "koi8-r",
        "cp866" => "ibm866",
        "mac-roman" | "macroman" => "macintosh",
        "mac-cyrillic" | "maccyrillic" => "x-mac-cyrillic",
        "utf8" | "u8" | "utf-8-sig" | "utf8mb4" | "unicode" | "utf" => "utf-8",
        _ => {
            // `win-1251`, `windows1251`, `cp-1251`, `iso8859-2`, `8859-2`, `latin-2`.
            let digits: String = label.chars().skip_while(|c| !c.is_ascii_digit()).collect();
            let stem = label.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
            return match stem {
                "win" | "windows" | "cp" | "x-cp" | "ansi" => {
                    Encoding::for_label(format!("windows-{digits}").as_bytes())
                }
                "latin" | "l" => Encoding::for_label(format!("latin{digits}").as_bytes()),
                "iso" | "x-iso" | "iso8859" | "" => {
                    Encoding::for_label(digits.replacen("8859", "iso-8859", 1).as_bytes())
                }
                _ => None,
            };
        }
    };
    Encoding::for_label(name.as_bytes())
}

/// Whether so few characters were lost (under one in a hundred beyond ASCII) that the label can be true.
fn mostly_sound(text: &str) -> bool {
    let (mut beyond, mut lost) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        beyond += 1;
        lost += usize::from(c == char::REPLACEMENT_CHARACTER);
    }
    lost * 100 <= beyond
}

/// Bytes labelled UTF-8 that are not: a few bad bytes among good sequences stay UTF-8; without a single good
/// sequence the label is untrue.
fn broken_utf8(bytes: &[u8]) -> Decoded<'_> {
    let sound = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    if sound { lossy(bytes) } else { guess(bytes, Some("the document says UTF-8 and is not".to_owned())) }
}

fn lossy(bytes: &[u8]) -> Decoded<'_> {
    Decoded { text: String::from_utf8_lossy(bytes), fault: Some("some bytes are not valid UTF-8".to_owned()) }
}

/// Unlabelled bytes: the detector of Firefox.
fn guess(bytes: &[u8], fault: Option<String>) -> Decoded<'_> {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    // The detector reads about 100 MB/s; the first 64 KiB tell as much as all.
    detector.feed(&bytes[..bytes.len().min(64 * 1024)], true);
    let encoding = detector.guess(None, chardetng::Utf8Detection::Allow);
    let (text, faulty) = encoding.decode_without_bom_handling(bytes);
    let (text, name) = if faulty && !mostly_sound(&text) {
        (WINDOWS_1252.decode_without_bom_handling(bytes).0, WINDOWS_1252.name())
    } else {
        (text, encoding.name())
    };
    let fault = fault.unwrap_or_else(|| "the document names no charset".to_owned());
    Decoded { text, fault: Some(format!("{fault}; read as {name}")) }
}

/// The `charset` parameter of a media type (RFC 9110 §8.3.2), quoted or not.
fn charset_parameter(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']).trim();
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
    })
}

/// The label in `<?xml encoding="…"?>`, else in `<meta charset>` or `<meta content="…charset=…">`.
fn declared(head: &[u8]) -> Option<String> {
    let head: String = head.iter().map(|&b| if b.is_ascii() { b as char } else { '?' }).collect();
    let lower = head.to_ascii_lowercase();
    let label_after = |at: usize| {
        let value = head[at..].trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
        let end = value.find(['"', '\'', ' ', '>', '?', ';', '/']).unwrap_or(value.len());
        (end > 0).then(|| value[..end].to_owned())
    };
    if let Some(start) = lower.find("<?xml") {
        let end = lower[start..].find('>').map_or(lower.len(), |end| start + end);
        if let Some(at) = lower[start..end].find("encoding") {
            return label_after(start + at + "encoding".len());
        }
    }
    let meta = lower.find("<meta")?;
    let at = meta + lower[meta..].find("charset")?;
    label_after(at + "charset".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], content_type: Option<&str>, expected: &str) {
        assert_eq!(decode(bytes, content_type).text, expected, "{content_type:?} {bytes:?}");
    }

    #[test]
    fn a_mark_is_stronger_than_every_label() {
        check(
            b"\xef\xbb\xbf<?xml encoding='latin1'?>\xc3\xa9",
            Some("text/xml; charset=koi8-r"),
            "<?xml encoding='latin1'?>é",
        );
        check(b"\xef\xbb\xbf\xef\xbb\xbf<a/>", None, "<a/>");
        check(b"\xff\xfe<\0a\0/\0>\0", None, "<a/>");
        check(b"\xff\xfe\0\0<\0\0\0a\0\0\0", None, "<a");
        check(b"\0\0\xfe\xff\0\0\0<\0\x01\xf6\0", None, "<😀");
    }

    #[test]
    fn wide_characters_are_known_without_a_mark() {
        check(b"\0<\0?\0x", None, "<?x");
        check(b"<\0?\0x\0", None, "<?x");
        check(b"\0\0\0<\0\0\0?", None, "<?");
        check(b"<\0\0\0?\0\0\0", None, "<?");
        check(b"\n\0<\0?\0", None, "\n<?");
    }

    #[test]
    fn the_header_goes_before_the_declaration() {
        let document = b"<?xml version='1.0' encoding='utf-8'?>\x93\xe9\x94";
        check(document, Some("text/xml; Charset=\"windows-1252\""), "<?xml version='1.0' encoding='utf-8'?>“é”");
    }

    #[test]
    fn valid_utf8_is_utf8_whatever_the_label_says() {
        check("é".as_bytes(), Some("text/xml; charset=iso-8859-1"), "é");
    }

    #[test]
    fn unknown_labels_are_passed_over() {
        check(
            b"<?xml encoding='windows-1251'?>\xcf\xf0\xe8",
            Some("a/b; charset=x-nonsense"),
            "<?xml encoding='windows-1251'?>При",
        );
        check(b"<?xml encoding='win-1251'?>\xcf\xf0\xe8", None, "<?xml encoding='win-1251'?>При");
    }

    #[test]
    fn a_few_bad_bytes_do_not_change_the_charset() {
        check(b"\xc3\xa9 \xff", Some("text/xml; charset=utf-8"), "é \u{fffd}");
    }
}
