//! Which charsets do old feeds name that the Encoding Standard left out?

/// Upper half of code page 437 (IBM PC), from the Unicode consortium's mapping CP437.TXT.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// Upper half of code page 850 (Western Europe), from CP850.TXT.
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
/// Upper half of code page 852 (Central Europe), from CP852.TXT.
const CP852: &str = "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}";

/// Code page 037 (EBCDIC, US and Canada), from CP037.TXT: rows of 16 from 0x40; below are control characters.
const CP037: &str = "\u{20}\u{a0}âäàáãåçñ¢.<(+|&éêëèíîïìß!$*);¬-/ÂÄÀÁÃÅÇÑ¦,%_>?øÉÊËÈÍÎÏÌ`:#@'=\"Øabcdefghi«»ðýþ±°jklmnopqrªºæ¸Æ¤µ~stuvwxyz¡¿ÐÝÞ®^£¥·©§¶¼½¾[]¯¨´×{ABCDEFGHI\u{ad}ôöòóõ}JKLMNOPQR¹ûüùúÿ\\÷STUVWXYZ²ÔÖÒÓÕ0123456789³ÛÜÙÚ";

/// Decodes by one of the code pages above; `None` where the label names none of them.
pub fn decode(bytes: &[u8], label: &str) -> Option<String> {
    let label = label.trim().to_ascii_lowercase();
    let table = match label.trim_start_matches(|c: char| !c.is_ascii_digit()) {
        "437" => CP437,
        "850" | "858" => CP850,
        "852" => CP852,
        _ => return None,
    };
    let upper: Vec<char> = table.chars().collect();
    let character = |&b: &u8| match b {
        0..=0x7f => b as char,
        _ => upper.get(usize::from(b - 0x80)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    Some(bytes.iter().map(character).collect())
}

/// Decodes code page 037: the letters, digits and signs of XML stand at the same places in all Latin EBCDIC pages.
pub fn ebcdic(bytes: &[u8]) -> String {
    let upper: Vec<char> = CP037.chars().collect();
    let character = |&b: &u8| match b {
        0x05 => '\t',
        0x0d => '\r',
        0x15 | 0x25 => '\n',
        0x40.. => upper.get(usize::from(b - 0x40)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => ' ',
    };
    bytes.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_complete() {
        for table in [CP437, CP850, CP852] {
            assert_eq!(table.chars().count(), 128);
        }
        // 0xff is a control character (EO).
        assert_eq!(CP037.chars().count(), 0xff - 0x40);
    }

    #[test]
    fn bytes_stand_for_what_the_code_page_says() {
        assert_eq!(decode(b"\x82t\x82", "cp437").as_deref(), Some("été"));
        assert_eq!(decode(b"\xd1", "IBM850").as_deref(), Some("Ð"));
        assert_eq!(decode(b"x", "koi8-r"), None);
        assert_eq!(ebcdic(&[0x4c, 0x6f, 0xa7, 0x94, 0x93, 0x6e]), "<?xml>");
    }
}
