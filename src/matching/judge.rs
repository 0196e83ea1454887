//! Are two entries the same work? All signals, one sum of bits, one threshold.

use crate::encoders;
use crate::model::evidence::NOT_OBSERVED;
use crate::model::{Alignment, Encoder, Entry, Evidence, Finding, Language, Pair, Profile, Rarity, Told, Verdict};
use crate::signals;

use super::align;
use super::calibration::{self, Calibration, Scale};
use super::text::article;

/// What is known beside the two profiles.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// What is rare, and which sentences are templates: a snapshot (`rarity::snapshot`).
    pub rarity: Rarity,
}

/// Name under which the calibration of the static windows alone stands.
pub const WINDOWS_ONLY: &str = "windows";
/// Below this share of the better covered text, no sum of bits makes a link: a link alone never joins.
const LEAST_COVERAGE: f32 = 0.3;
/// No threshold is lower, whatever was measured: where the corpus has few look-alikes (short texts in the languages
/// that USE lacks) its thresholds fall to nothing, and that proves nothing. Four bits are odds of sixteen to one.
const LEAST_BITS: f32 = 4.0;
/// What windows have to reach more in a build without e5, where they alone decide for 80 languages: a fourth of the odds.
const STRICTER_BITS: f32 = 2.0;
/// This far below the threshold, a pair is shown as possible: a likelihood ratio of 16.
const POSSIBLE_BITS: f32 = 4.0;
/// How much longer than its original a translation is at the most: of linked pairs of one work, both whole, 99 of 100 on
/// the corpus lie within 1.47.
const STRETCH: f32 = 1.5;
/// Upper ends of the length bands (characters of Latin script of the shorter text): teasers, short posts, essays.
const BANDS: [u32; 2] = [700, 2000];

/// The encoders of this build whose figures were calibrated: what nobody measured decides nothing.
fn usable() -> impl Iterator<Item = &'static Encoder> {
    encoders::ALL.iter().filter(|e| calibration::get().encoders.contains_key(e.name))
}

/// The encoder that decides between two languages: the first that covers both.
fn encoder_for(a: &Profile, b: &Profile) -> Option<&'static Encoder> {
    let covers = |e: &Encoder, l: &Option<Language>| l.as_ref().is_none_or(|l| (e.covers)(l));
    usable().find(|e| covers(e, &a.language) && covers(e, &b.language))
}

/// The encoder whose sentence vectors one of the two profiles still lacks; add them by [`super::encode`]. None where
/// the windows alone tell that the texts are different works: sentences are dear, and most candidates are such.
pub fn needs(a: &Profile, b: &Profile, context: &Context) -> Option<&'static Encoder> {
    let encoder = encoder_for(a, b)?;
    let lacks = |p: &Profile| p.vectors_of(encoder.name).is_none();
    let calibration = calibration::get();
    let by_windows = || by_windows(a, b);
    ((lacks(a) || lacks(b)) && !is_hopeless(a, b, &by_windows(), &context.rarity, calibration)).then_some(encoder)
}

/// What the two profiles have in common, measured once for all signals.
struct Compared {
    encoder: &'static str,
    alignment: Alignment,
    parallel: f32,
    anywhere: f32,
}

fn compare(a: &Profile, b: &Profile, rarity: &Rarity, calibration: &Calibration) -> Compared {
    let plain = by_windows(a, b);
    // Looked at even where both have vectors: what a pair comes to must not depend on what else was compared before.
    if is_hopeless(a, b, &plain, rarity, calibration) {
        return plain;
    }
    let scale_of = |name: &str| {
        let measured = calibration.encoders.get(name);
        measured.map_or(Scale::UNMEASURED, |e| e.scale(a.language.as_ref(), b.language.as_ref()))
    };
    // The vectors that both have: where an encoder was left out of the build, or not asked yet, the next one decides.
    let both = usable().find(|e| a.vectors_of(e.name).is_some() && b.vectors_of(e.name).is_some());
    let aligned = both.and_then(|e| Some((e.name, align::sentences(a, b, e.name, scale_of(e.name), rarity)?)));
    match aligned {
        Some((encoder, alignment)) => Compared { encoder, alignment, ..plain },
        None => plain,
    }
}

/// What the static windows alone say.
fn by_windows(a: &Profile, b: &Profile) -> Compared {
    let (parallel, anywhere) = align::windows(a, b);
    Compared { encoder: WINDOWS_ONLY, alignment: from_windows(a, b, anywhere), parallel, anywhere }
}

/// Whether a pair has so few bits by its windows that no pair of one work has as few.
fn is_hopeless(a: &Profile, b: &Profile, plain: &Compared, rarity: &Rarity, calibration: &Calibration) -> bool {
    let least = calibration.hopeless.get(band(a, b));
    let forest = calibration.encoders.get(WINDOWS_ONLY).map(|e| &e.forest);
    let Some((least, forest)) = least.zip(forest) else { return false };
    let pair = pair(a, b, plain, rarity);
    let told: f32 = signals::ALL.iter().filter_map(|s| (s.tell)(&pair)).map(|t| t.bits).sum();
    forest.score(&measure(&pair)) + told < *least
}

/// What windows say of coverage: all they see is how much of the longer text could have a counterpart.
fn from_windows(a: &Profile, b: &Profile, anywhere: f32) -> Alignment {
    let seen = if anywhere.is_nan() { 0.0 } else { (anywhere / 0.5).clamp(0.0, 1.0) };
    let (la, lb) = (a.length.max(1) as f32, b.length.max(1) as f32);
    Alignment {
        windows_only: true,
        coverage_a: seen * (lb / la).min(1.0),
        coverage_b: seen * (la / lb).min(1.0),
        ..Alignment::default()
    }
}

/// What is known of a pair before it is weighed: what the trees are grown on.
pub struct Figures {
    /// The encoder they come from, or [`WINDOWS_ONLY`].
    pub encoder: &'static str,
    /// The figures of all signals, in order.
    pub values: Vec<f32>,
    /// Bits of the signals that have no figures.
    pub told_bits: f32,
    /// Share of the first text that is covered.
    pub coverage_a: f32,
    /// Share of the second.
    pub coverage_b: f32,
}

/// Measures a pair.
pub fn figures(a: &Profile, b: &Profile, context: &Context) -> Figures {
    let compared = compare(a, b, &context.rarity, calibration::get());
    let pair = pair(a, b, &compared, &context.rarity);
    let told = signals::ALL.iter().filter_map(|s| (s.tell)(&pair));
    let (coverage_a, coverage_b) = covered(&compared.alignment, a, b);
    Figures {
        encoder: compared.encoder,
        values: measure(&pair),
        told_bits: told.map(|t| t.bits).sum(),
        coverage_a,
        coverage_b,
    }
}

/// Shares of both texts that are covered. Of a long text only the beginning is encoded, so that a page with another work
/// behind this one would seem covered whole: no text covers more of one than [`STRETCH`] times its own length.
fn covered(alignment: &Alignment, a: &Profile, b: &Profile) -> (f32, f32) {
    let (la, lb) = (a.length.max(1) as f32, b.length.max(1) as f32);
    (alignment.coverage_a.min(STRETCH * lb / la), alignment.coverage_b.min(STRETCH * la / lb))
}

fn pair<'a>(a: &'a Profile, b: &'a Profile, compared: &'a Compared, rarity: &'a Rarity) -> Pair<'a> {
    Pair { a, b, alignment: &compared.alignment, parallel: compared.parallel, anywhere: compared.anywhere, rarity }
}

fn measure(pair: &Pair) -> Vec<f32> {
    let mut out = Vec::with_capacity(40);
    for signal in signals::ALL {
        (signal.measure)(pair, &mut out);
    }
    out
}

/// Bits that a pair has to reach.
fn threshold(calibration: &Calibration, encoder: &str, a: &Profile, b: &Profile) -> f32 {
    let band = band(a, b);
    let thresholds = calibration.encoders.get(encoder).map(|e| e.thresholds.as_slice()).unwrap_or_default();
    // What e5 would decide, windows decide where it was left out of the build: with more certainty.
    let stricter = if cfg!(not(feature = "e5")) && encoder == WINDOWS_ONLY { STRICTER_BITS } else { 0.0 };
    let bits = thresholds.get(band).or(thresholds.last()).map_or(f32::INFINITY, |bits| bits.max(LEAST_BITS));
    bits + stricter
}

/// What is said of the bits before any finding.
pub const PRIOR: &str = "before anything is compared: most candidates are different works";

/// What so many bits above the threshold mean, where so much of the better covered text is covered.
pub fn verdict(margin_bits: f32, covered: f32) -> Verdict {
    match margin_bits {
        m if m >= 0.0 && covered >= LEAST_COVERAGE => Verdict::Link,
        m if m >= -POSSIBLE_BITS && covered >= LEAST_COVERAGE / 2.0 => Verdict::PossibleLink,
        _ => Verdict::NonLink,
    }
}

/// The sentences that match best, with their cosine: what a person reads to check a verdict.
pub fn best_matches(
    a: (&Entry, &Profile),
    b: (&Entry, &Profile),
    context: &Context,
    most: usize,
) -> Vec<(f32, String, String)> {
    let compared = compare(a.1, b.1, &context.rarity, calibration::get());
    let (texts_a, texts_b) = (article(a.0).sentences, article(b.0).sentences);
    let mut pairs = compared.alignment.pairs;
    pairs.sort_by(|x, y| y.2.total_cmp(&x.2).then((x.0, x.1).cmp(&(y.0, y.1))));
    let text = |(i, j, cosine): (usize, usize, f32)| Some((cosine, texts_a.get(i)?.clone(), texts_b.get(j)?.clone()));
    pairs.into_iter().filter_map(text).take(most).collect()
}

/// Which length band a pair is in, shortest first.
pub fn band(a: &Profile, b: &Profile) -> usize {
    let shorter = a.length.min(b.length);
    BANDS.iter().filter(|end| shorter >= **end).count()
}

/// The bits of a pair above its threshold, without the words: a quick look before [`judge`].
pub fn score(a: &Profile, b: &Profile, context: &Context) -> f32 {
    let calibration = calibration::get();
    let found = figures(a, b, context);
    let trees = calibration.encoders.get(found.encoder).map_or(f32::NEG_INFINITY, |e| e.forest.score(&found.values));
    trees + found.told_bits - threshold(calibration, found.encoder, a, b)
}

/// Weighs everything that is known of a pair. Symmetric, but for which coverage is whose.
pub fn judge(a: &Profile, b: &Profile, context: &Context) -> Evidence {
    let calibration = calibration::get();
    let compared = compare(a, b, &context.rarity, calibration);
    let pair = pair(a, b, &compared, &context.rarity);
    let figures = measure(&pair);
    let (base, bits) = match calibration.encoders.get(compared.encoder) {
        Some(e) => e.forest.explain(&figures),
        None => (0.0, vec![0.0; figures.len()]),
    };
    let mut findings = vec![Finding {
        signal: "prior".to_owned(),
        level: compared.encoder.to_owned(),
        weight_bits: base,
        because: PRIOR.into(),
    }];
    let mut from = 0;
    for signal in signals::ALL {
        let to = from + signal.features.len();
        let calibrated: f32 = bits[from..to].iter().sum();
        from = to;
        let told = (signal.tell)(&pair);
        if told.is_none() && calibrated.abs() < 0.05 {
            continue;
        }
        debug_assert!(told.as_ref().is_none_or(|t| signal.says.contains(&t.because.form())), "{told:?}");
        let told = told.unwrap_or(Told { level: NOT_OBSERVED.into(), because: signal.asks.into(), bits: 0.0 });
        findings.push(Finding {
            signal: signal.name.to_owned(),
            level: told.level,
            weight_bits: calibrated + told.bits,
            because: told.because,
        });
    }
    findings.sort_by(|x, y| y.weight_bits.abs().total_cmp(&x.weight_bits.abs()));
    let total_bits: f32 = findings.iter().map(|f| f.weight_bits).sum();
    let threshold_bits = threshold(calibration, compared.encoder, a, b);
    let (coverage_a, coverage_b) = covered(&compared.alignment, a, b);
    let verdict = verdict(total_bits - threshold_bits, coverage_a.max(coverage_b));
    Evidence { findings, total_bits, threshold_bits, coverage_a, coverage_b, verdict }
}
