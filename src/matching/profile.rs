//! What is kept of an entry for comparing? Built once for each revision; sentence vectors are added when needed.

use chrono::Datelike;

use crate::encoders::xling;
use crate::model::{Code, Encoder, Entry, Language, Sentence, Vectors, stable_hash};

pub use crate::model::Profile;

use super::calibration::{self, Calibration};
use super::text::names::{skeleton, words};
use super::text::script::{self, Script};
use super::text::{Article, address, article, dates, latin_length, names, numbers, sentences, series};

/// Windows of a text: as in the model's own evaluation.
pub const WINDOWS: usize = 16;

/// Raised when profiles hold something else though the constants are the same. 1: parts and releases in titles, authors
/// before titles, notes of reposters. 2: what stands before the work, parts in words, confidence.
const FORM: u32 = 2;

/// Of which making a profile is: one of another version is made anew.
pub fn version() -> u32 {
    calibration::get().version.wrapping_mul(1_000).wrapping_add(FORM)
}

/// Makes the profile of an entry, without sentence vectors.
pub fn profile(entry: &Entry) -> Profile {
    let article = article(entry);
    let (language, confidence) = language(entry, &article);
    let text = article.sentences.join(" ");
    let title_figures = numbers::figures(&entry.title);
    let figures = numbers::figures(&text);
    let windows = windows(&text, language.as_ref());
    let codes = codes(&windows);
    let sentences = article.sentences.iter().zip(&article.quoted).map(|(s, q)| sentence(s, *q)).collect();
    let claims = claims(entry);
    Profile {
        version: version(),
        entry: entry.id,
        source: entry.source.clone(),
        confidence,
        published: entry.published,
        title: entry.title.chars().take(300).collect(),
        title_hash: sentences::fingerprint(&entry.title),
        title_identifiers: title_figures
            .identifiers
            .into_iter()
            .chain(short_identifiers(&entry.title))
            .chain(series::part(&entry.title))
            .chain(series::release(&entry.title))
            .collect(),
        title_numbers: title_figures.numbers.into_iter().collect(),
        authors: entry
            .authors
            .iter()
            .map(|p| words(&p.name).map(skeleton).filter(|s| s.len() >= 2).collect())
            .filter(|a: &Vec<String>| !a.is_empty())
            .collect(),
        byline: article
            .edges
            .iter()
            // Reposters put the author before the title.
            .chain([&entry.title])
            .flat_map(|e| words(e))
            .filter(|w| w.chars().next().is_some_and(|c| !c.is_lowercase()))
            .map(skeleton)
            .filter(|s| s.len() >= 2)
            .take(120)
            .collect(),
        link: entry.link.as_ref().and_then(|l| address::comparable(l.as_str())),
        dates: dates(&article),
        site: site(entry),
        length: article.length,
        paragraphs: article.paragraphs.min(usize::from(u16::MAX)) as u16,
        linked: article.linked,
        extent: article.extent,
        sentences,
        numbers: figures.numbers.into_iter().take(200).collect(),
        identifiers: figures.identifiers.into_iter().take(120).collect(),
        names: names::names(&article.sentences).into_iter().collect(),
        images: article
            .images
            .iter()
            .chain(entry.image.iter().map(url::Url::as_str).map(str::to_owned).collect::<Vec<_>>().iter())
            .filter_map(|i| address::image(i))
            .take(20)
            .collect(),
        mentions: article.mentions,
        claims,
        commentary: article.commentary as u16,
        windows,
        codes,
        vectors: Vec::new(),
        language,
    }
}

fn sentence(text: &str, quoted: bool) -> Sentence {
    let figures = numbers::figures(text);
    let bit = |thing: &String, bits: u64| stable_hash(thing.as_bytes()) % bits;
    Sentence {
        hash: sentences::fingerprint(text),
        length: latin_length(text).min(u32::from(u16::MAX)) as u16,
        quoted,
        figures: figures.numbers.iter().chain(&figures.identifiers).fold(0, |bits, f| bits | 1 << bit(f, 32)),
        names: names::names(&[text.to_owned()]).iter().fold(0, |bits, n| bits | 1 << bit(n, 64)),
    }
}

/// The language of the entry, unless the script says that it cannot be, and how sure it is. What one script alone is
/// written in is as sure as a declaration.
fn language(entry: &Entry, article: &Article) -> (Option<Language>, f32) {
    let sample: String = article.sentences.iter().take(60).map(String::as_str).collect::<Vec<_>>().join(" ");
    let main = script::main_script(&sample);
    let known = || (entry.language.clone(), entry.language_confidence);
    match (&entry.language, main) {
        (Some(language), Some(main)) if script::fits(language.primary(), main) || main == Script::Latin => known(),
        (_, Some(main)) => {
            let only = script::only_language(main).and_then(Language::parse);
            let confidence = f32::from(u8::from(only.is_some()));
            (only, confidence)
        }
        (_, None) => known(),
    }
}

/// A letter with a digit, `r4`, says something in a title only.
fn short_identifiers(title: &str) -> impl Iterator<Item = String> + '_ {
    let is_short = |word: &&str| {
        let mut chars = word.chars();
        let (letter, digit) = (chars.next(), chars.next());
        letter.is_some_and(|c| c.is_ascii_alphabetic()) && digit.is_some_and(|c| c.is_ascii_digit())
    };
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() == 2);
    words.filter(is_short).map(str::to_ascii_lowercase)
}

/// Days that the edges name: a repost tells when the original appeared.
fn dates(article: &Article) -> Vec<i32> {
    let named = article.edges.iter().flat_map(|line| dates::dates(&numbers::with_ascii_digits(line)));
    let mut out: Vec<i32> = named.map(|day| day.num_days_from_ce()).collect();
    out.sort_unstable();
    out.dedup();
    out.truncate(8);
    out
}

/// What a site is called: by its pages, else by the name within its host (`korybko` of `korybko.substack.com`).
fn site(entry: &Entry) -> Vec<String> {
    let told = entry.body.page.as_ref().and_then(|p| p.site.as_deref());
    let host = entry.link.as_ref().and_then(|l| l.host_str()).unwrap_or_default();
    let name = told.unwrap_or_else(|| address::name_of_host(host));
    words(name).map(skeleton).filter(|word| word.len() >= 2).collect()
}

fn claims(entry: &Entry) -> Vec<String> {
    let page = entry.body.page.as_ref();
    let own = entry.link.as_ref().and_then(|l| address::comparable(l.as_str()));
    let mut out: Vec<String> = entry
        .via
        .iter()
        .chain(entry.alternates.iter().map(|(_, u)| u))
        .chain(page.and_then(|p| p.canonical.as_ref()))
        .chain(page.into_iter().flat_map(|p| p.alternates.iter().map(|(_, u)| u)))
        .filter_map(|u| address::comparable(u.as_str()))
        .filter(|u| Some(u) != own.as_ref())
        .collect();
    out.sort();
    out.dedup();
    out.truncate(20);
    out
}

/// Centred window vectors in 8 bits; none for a text too short to have windows.
fn windows(text: &str, language: Option<&Language>) -> Vec<i8> {
    if latin_length(text) < 40 {
        return Vec::new();
    }
    let vectors = xling::windows(text, WINDOWS);
    let mean = Calibration::mean(&calibration::get().window_means, language);
    vectors.iter().flat_map(|v| quantise(v, mean)).collect()
}

/// Subtracts the mean and scales the largest component to 127: only directions are compared.
pub fn quantise(vector: &[f32], mean: Option<&[f32]>) -> Vec<i8> {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
    let centred: Vec<f32> = match mean {
        Some(mean) => vector.iter().zip(mean).map(|(x, m)| x / norm - m).collect(),
        None => vector.to_vec(),
    };
    let largest = centred.iter().fold(1e-9_f32, |m, x| m.max(x.abs()));
    centred.iter().map(|x| (x / largest * 127.0).round() as i8).collect()
}

/// Signs of the sums of each quarter's windows: 256 bits a quarter.
pub fn codes(windows: &[i8]) -> Vec<Code> {
    let quarter = windows.len() / 4;
    if quarter == 0 {
        return Vec::new();
    }
    windows
        .chunks_exact(quarter)
        .map(|part| {
            let mut code = [0_u64; 4];
            for d in 0..xling::DIMENSIONS {
                let sum: i32 = part.iter().skip(d).step_by(xling::DIMENSIONS).map(|&x| i32::from(x)).sum();
                if sum > 0 {
                    code[d / 64] |= 1 << (d % 64);
                }
            }
            code
        })
        .collect()
}

/// Adds the sentence vectors of an encoder to a profile, from the entry it was made of.
pub fn encode(profile: &mut Profile, entry: &Entry, encoder: &Encoder) {
    if profile.vectors_of(encoder.name).is_some() {
        return;
    }
    let article = article(entry);
    let texts = to_encode(&entry.title, &article, profile.language.as_ref(), encoder);
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    let raw = (encoder.encode)(&borrowed);
    let means = calibration::get().encoders.get(encoder.name).map(|e| &e.means);
    let mean = means.and_then(|m| Calibration::mean(m, profile.language.as_ref()));
    profile.vectors.push(Vectors {
        encoder: encoder.name.to_owned(),
        dimensions: encoder.dimensions as u16,
        titled: true,
        values: raw.iter().flat_map(|v| quantise(v, mean)).collect(),
    });
}

/// The title and the first sentences, as the encoder reads them.
pub fn to_encode(title: &str, article: &Article, language: Option<&Language>, encoder: &Encoder) -> Vec<String> {
    let sentences = article.sentences.iter().take(encoder.sentences).map(String::as_str);
    std::iter::once(title).chain(sentences).map(|text| (encoder.write)(text, language)).collect()
}
