//! What is a language called, by those who speak it, in English, and in Italian?

use super::Language;

/// Tag, name of itself, name in English, name in Italian (CLDR's names, in the case each has within a sentence).
/// A tag with a script or region stands before the bare one.
const NAMES: &[(&str, &str, &str, &str)] = &[
    ("ar", "العربية", "Arabic", "arabo"),
    ("az", "azərbaycan", "Azerbaijani", "azero"),
    ("be", "беларуская", "Belarusian", "bielorusso"),
    ("bg", "български", "Bulgarian", "bulgaro"),
    ("bn", "বাংলা", "Bangla", "bengalese"),
    ("bs", "bosanski", "Bosnian", "bosniaco"),
    ("ca", "català", "Catalan", "catalano"),
    ("cs", "čeština", "Czech", "ceco"),
    ("da", "dansk", "Danish", "danese"),
    ("de", "Deutsch", "German", "tedesco"),
    ("el", "Ελληνικά", "Greek", "greco"),
    ("en", "English", "English", "inglese"),
    ("eo", "Esperanto", "Esperanto", "esperanto"),
    ("es", "español", "Spanish", "spagnolo"),
    ("et", "eesti", "Estonian", "estone"),
    ("eu", "euskara", "Basque", "basco"),
    ("fa", "فارسی", "Persian", "persiano"),
    ("fi", "suomi", "Finnish", "finlandese"),
    ("fr", "français", "French", "francese"),
    ("gl", "galego", "Galician", "galiziano"),
    ("he", "עברית", "Hebrew", "ebraico"),
    ("hi", "हिन्दी", "Hindi", "hindi"),
    ("hr", "hrvatski", "Croatian", "croato"),
    ("hu", "magyar", "Hungarian", "ungherese"),
    ("hy", "հայերեն", "Armenian", "armeno"),
    ("id", "Bahasa Indonesia", "Indonesian", "indonesiano"),
    ("is", "íslenska", "Icelandic", "islandese"),
    ("it", "italiano", "Italian", "italiano"),
    ("ja", "日本語", "Japanese", "giapponese"),
    ("ka", "ქართული", "Georgian", "georgiano"),
    ("kk", "қазақ тілі", "Kazakh", "kazako"),
    ("ko", "한국어", "Korean", "coreano"),
    ("lt", "lietuvių", "Lithuanian", "lituano"),
    ("lv", "latviešu", "Latvian", "lettone"),
    ("mk", "македонски", "Macedonian", "macedone"),
    ("nl", "Nederlands", "Dutch", "olandese"),
    ("no", "norsk", "Norwegian", "norvegese"),
    ("nb", "norsk bokmål", "Norwegian Bokmål", "norvegese bokmål"),
    ("pl", "polski", "Polish", "polacco"),
    ("pt-BR", "português do Brasil", "Brazilian Portuguese", "portoghese brasiliano"),
    ("pt", "português", "Portuguese", "portoghese"),
    ("ro", "română", "Romanian", "rumeno"),
    ("ru", "русский", "Russian", "russo"),
    ("sk", "slovenčina", "Slovak", "slovacco"),
    ("sl", "slovenščina", "Slovenian", "sloveno"),
    ("sq", "shqip", "Albanian", "albanese"),
    ("sr", "српски", "Serbian", "serbo"),
    ("sv", "svenska", "Swedish", "svedese"),
    ("ta", "தமிழ்", "Tamil", "tamil"),
    ("th", "ไทย", "Thai", "thailandese"),
    ("tr", "Türkçe", "Turkish", "turco"),
    ("uk", "українська", "Ukrainian", "ucraino"),
    ("ur", "اردو", "Urdu", "urdu"),
    ("uz", "o‘zbek", "Uzbek", "uzbeco"),
    ("vi", "Tiếng Việt", "Vietnamese", "vietnamita"),
    ("zh-Hant", "繁體中文", "Traditional Chinese", "cinese tradizionale"),
    ("zh", "中文", "Chinese", "cinese"),
];

impl Language {
    /// What its speakers call it; its tag, where it is none of ours.
    pub fn endonym(&self) -> &str {
        self.row().map_or(self.as_str(), |row| row.1)
    }

    /// What it is called in English or Italian; `None` in any other language, and for a language that is none of ours.
    pub fn name_in(&self, reader: &Language) -> Option<&'static str> {
        let row = self.row()?;
        match reader.primary() {
            "en" => Some(row.2),
            "it" => Some(row.3),
            _ => None,
        }
    }

    fn row(&self) -> Option<&'static (&'static str, &'static str, &'static str, &'static str)> {
        let exact = NAMES.iter().find(|row| row.0 == self.as_str());
        exact.or_else(|| NAMES.iter().find(|row| row.0 == self.primary()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_without_a_name_of_its_own_goes_by_its_language() {
        let name = |tag: &str| Language::parse(tag).map(|l| l.endonym().to_owned());
        assert_eq!(name("pt-BR").as_deref(), Some("português do Brasil"));
        assert_eq!(name("pt-AO").as_deref(), Some("português"));
        assert_eq!(name("tlh").as_deref(), Some("tlh"));
    }

    #[test]
    fn every_row_is_a_language() {
        for (tag, ..) in NAMES {
            assert_eq!(Language::parse(tag).as_ref().map(Language::as_str), Some(*tag));
        }
    }
}
