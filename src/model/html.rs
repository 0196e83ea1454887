//! What does clean HTML say as plain text, and how does plain text stand in HTML?
//!
//! For HTML that was cleaned already (`normalise::text`): a tag is whatever stands between `<` and `>`.

/// Elements whose start or end parts two words.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "br",
    "li",
    "ul",
    "ol",
    "tr",
    "td",
    "th",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
    "hr",
    "figure",
    "figcaption",
    "section",
    "article",
    "table",
    "dd",
    "dt",
];

/// The words of clean HTML, one blank between them, up to `chars_max` characters.
pub fn plain(html: &str, chars_max: usize) -> String {
    let mut out = String::new();
    let mut chars = 0;
    let mut blank = false;
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        if chars >= chars_max {
            break;
        }
        if c == '<' {
            let Some(end) = rest.find('>') else { break };
            let tag = rest[1..end].trim_start_matches('/');
            let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            blank |= BLOCKS.iter().any(|b| b.eq_ignore_ascii_case(name));
            rest = &rest[end + 1..];
            continue;
        }
        let (c, length) = if c == '&' { reference(rest) } else { (c, c.len_utf8()) };
        rest = &rest[length..];
        if c.is_whitespace() {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) && !out.is_empty() {
            out.push(' ');
            chars += 1;
        }
        out.push(c);
        chars += 1;
    }
    out
}

/// The first words of clean HTML, at most `chars_max` characters of them, an ellipsis where more follow.
pub fn excerpt(html: &str, chars_max: usize) -> String {
    let text = plain(html, chars_max + 1);
    let Some((cut, _)) = text.char_indices().nth(chars_max) else { return text };
    // At a word's end where one is near; Chinese and Japanese put no blanks, so there the characters decide.
    let head = &text[..cut];
    let end = head.rfind(' ').filter(|&at| at * 4 > head.len() * 3).unwrap_or(cut);
    format!("{}…", head[..end].trim_end())
}

/// The character that a reference at the start of `text` stands for, and the reference's length in bytes: the five
/// that a serialiser writes, `&nbsp;`, and numeric ones.
fn reference(text: &str) -> (char, usize) {
    let Some(end) = text.bytes().take(12).position(|b| b == b';') else { return ('&', 1) };
    let name = &text[1..end];
    let numeric = || {
        let digits = name.strip_prefix('#')?;
        let hex = digits.strip_prefix(['x', 'X']).map(|h| u32::from_str_radix(h, 16));
        char::from_u32(hex.unwrap_or_else(|| digits.parse()).ok()?)
    };
    let c = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => numeric(),
    };
    c.map_or(('&', 1), |c| (c, end + 1))
}

/// Plain text as it stands in HTML, within an element or a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_by_blocks_and_not_by_inline_tags() {
        let check = |html: &str, expected: &str| assert_eq!(plain(html, 1_000), expected, "{html}");
        check("<p>One</p><p>two<br>three</p>", "One two three");
        check("b<em>ol</em>d  \n move", "bold move");
        check("a &amp; b &lt;i&gt; &#233;&#xe9;&nbsp;&copy; &", "a & b <i> éé &copy; &");
        check("<img alt=\"x\">", "");
        check("<p>cut <b", "cut");
    }

    #[test]
    fn excerpts_end_at_a_word_where_there_are_words() {
        assert_eq!(excerpt("<p>The quick brown fox</p>", 11), "The quick…");
        assert_eq!(excerpt("<p>short</p>", 11), "short");
        assert_eq!(excerpt("四五六七八九", 3), "四五六…");
    }

    #[test]
    fn escaped_text_reads_as_itself() {
        let hostile = "<a href=\"x\">&amp; ]]> 'q'";
        assert_eq!(plain(&escape(hostile), 1_000), hostile);
    }
}
