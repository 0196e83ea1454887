//! In which order are the constants measured? Means, scales, centres; then pairs, trees and thresholds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use rayon::prelude::*;
use tributary::encoders::{self, xling};
use tributary::matching::calibration::{self, Calibration, EncoderCalibration, Scale, mean_key};
use tributary::matching::corpus::Document;
use tributary::matching::text::article;
use tributary::matching::{self, Context, Profile, WINDOWS_ONLY, profile};
use tributary::model::{Code, Encoder, Entry, Language, Vectors, stable_hash};
use tributary::signals;

use crate::cache::Cache;
use crate::grow::{Row, grow};
use crate::table;

/// Changes when the meaning of profiles changes.
const VERSION: u32 = 2;
const CENTRES: usize = 1024;

/// A document as it is measured: from the corpus, or cut out of one to have more damage to learn from.
pub struct Sample {
    pub entry: Entry,
    /// Its place among the corpus's documents.
    pub document: usize,
    pub cut: bool,
}

pub fn measure(documents: &[Document], cache: &Path) -> anyhow::Result<Calibration> {
    let samples = samples(documents);
    eprintln!("{} samples", samples.len());
    let texts: Vec<Vec<String>> = samples.par_iter().map(|s| article(&s.entry).sentences).collect();
    let mut calibration = Calibration { version: VERSION, ..Calibration::default() };
    calibration.features = signals::ALL.iter().flat_map(|s| s.features).map(|f| f.name.to_owned()).collect();
    let windows: Vec<Vec<xling::Vector>> =
        texts.par_iter().map(|t| xling::windows(&t.join(" "), profile::WINDOWS)).collect();
    let of_corpus = |i: &usize| !samples[*i].cut;
    calibration.window_means = means(
        (0..samples.len())
            .filter(of_corpus)
            .map(|i| (samples[i].entry.language.clone(), windows[i].iter().map(|w| w.to_vec()).collect())),
    );
    let mut caches = BTreeMap::new();
    for encoder in encoders::ALL {
        let mut vectors = Cache::open(cache, encoder.name, encoder.dimensions)?;
        let chosen = wanted(documents, &samples, encoder);
        let wanted: Vec<String> = samples
            .par_iter()
            .zip(&chosen)
            .filter(|(_, chosen)| **chosen)
            .flat_map_iter(|(s, _)| to_encode(&s.entry, encoder))
            .collect();
        vectors.fill(encoder, &wanted)?;
        let texts: Vec<Vec<String>> = samples
            .par_iter()
            .zip(&texts)
            .map(|(s, t)| t.iter().map(|t| (encoder.write)(t, s.entry.language.as_ref())).collect())
            .collect();
        let means = means((0..samples.len()).filter(of_corpus).filter_map(|i| {
            let language = samples[i].entry.language.clone();
            let found: Vec<Vec<f32>> = texts[i].iter().take(40).filter_map(|t| vectors.get(t).cloned()).collect();
            (!found.is_empty()).then_some((language, found))
        }));
        let scales = scales(documents, &samples, &texts, &vectors, &means);
        for (language, scale) in &scales {
            eprintln!("{} {language}: {:.2} {:.2}", encoder.name, scale.none, scale.full);
        }
        let empty = EncoderCalibration { means, scales, forest: Default::default(), thresholds: Vec::new() };
        calibration.encoders.insert(encoder.name.to_owned(), empty);
        caches.insert(encoder.name, vectors);
    }
    calibration.centres = centres(&samples, &windows, &calibration);
    calibration::put(calibration.clone());
    let mut profiles: Vec<Profile> = samples.par_iter().map(|s| matching::profile(&s.entry)).collect();
    let context = Context { rarity: matching::rarity::snapshot(&profiles) };
    eprintln!("{} template sentences", context.rarity.templates.len());
    let pairs = pairs(documents, &samples, &profiles, &context);
    let mut scored: HashMap<(usize, usize), table::Scored> = HashMap::new();
    let mut by_windows = HashMap::new();
    for name in std::iter::once(WINDOWS_ONLY).chain(encoders::ALL.iter().rev().map(|e| e.name)) {
        if let Some(encoder) = encoders::ALL.iter().find(|e| e.name == name) {
            let chosen = wanted(documents, &samples, encoder);
            fill(&mut profiles, &samples, &chosen, (encoder, &caches[name]), &calibration);
        }
        let learned = learn(documents, &samples, &profiles, &context, &pairs, name);
        let entry = calibration.encoders.entry(name.to_owned()).or_insert_with(|| EncoderCalibration {
            means: BTreeMap::new(),
            scales: BTreeMap::new(),
            forest: Default::default(),
            thresholds: Vec::new(),
        });
        entry.forest = learned.forest;
        table::by_encoder(documents, name, &learned.scored);
        if name == WINDOWS_ONLY {
            by_windows.clone_from(&learned.scored);
        }
        // The better encoder's word counts: windows first, the preferred one last.
        scored.extend(learned.scored);
        for p in &mut profiles {
            p.vectors.clear();
        }
    }
    let thresholds = table::choose(documents, &profiles, &scored);
    calibration.hopeless = table::hopeless(&scored, &by_windows, &thresholds);
    for (name, thresholds) in thresholds {
        if let Some(entry) = calibration.encoders.get_mut(&name) {
            entry.thresholds = thresholds;
        }
    }
    Ok(calibration)
}

fn samples(documents: &[Document]) -> Vec<Sample> {
    let mut out: Vec<Sample> = documents
        .iter()
        .enumerate()
        .map(|(document, d)| Sample { entry: d.line.entry(), document, cut: false })
        .collect();
    let cuts: Vec<Sample> = out.par_iter().filter_map(|s| cut(&documents[s.document], s)).collect();
    out.extend(cuts);
    out
}

/// Of every third text, a teaser, its first or second half, or every other sentence.
fn cut(document: &Document, sample: &Sample) -> Option<Sample> {
    let chance = stable_hash(document.line.doc_id.as_bytes());
    let all = article(&sample.entry).sentences;
    if !chance.is_multiple_of(3)
        || all.len() < 8
        || document.truth.variant_kind.is_some()
        || document.truth.kind.is_some()
    {
        return None;
    }
    let half = all.len() / 2;
    let kept: Vec<&String> = match (chance >> 8) % 5 {
        0 | 1 => {
            let mut length = 0;
            let begins_early = |s: &&String| {
                let before = length;
                length += s.len();
                before < 300
            };
            all.iter().take_while(begins_early).collect()
        }
        2 => all.iter().take(half).collect(),
        3 => all.iter().skip(half).collect(),
        _ => all.iter().step_by(2).collect(),
    };
    let body: String =
        kept.iter().map(|s| format!("<p>{}</p>", s.replace('&', "&amp;").replace('<', "&lt;"))).collect();
    let mut entry = sample.entry.clone();
    entry.id.0 = uuid::Uuid::from_u64_pair(chance, 0xc07);
    entry.link = None;
    entry.body.content = Some(body);
    Some(Sample { entry, document: sample.document, cut: true })
}

fn to_encode(entry: &Entry, encoder: &Encoder) -> Vec<String> {
    profile::to_encode(&entry.title, &article(entry), entry.language.as_ref(), encoder)
}

/// The first encoder reads all that it covers; a later one what the earlier lack, and all versions of the works that
/// have such, to compare with.
fn wanted(documents: &[Document], samples: &[Sample], encoder: &Encoder) -> Vec<bool> {
    let earlier = |l: &Language| encoders::ALL.iter().take_while(|e| e.name != encoder.name).any(|e| (e.covers)(l));
    let lacking = |s: &Sample| s.entry.language.as_ref().is_none_or(|l| !earlier(l) && (encoder.covers)(l));
    let story = |s: &Sample| documents[s.document].truth.story_id.as_str();
    let stories: BTreeSet<&str> = samples.iter().filter(|s| lacking(s)).map(story).collect();
    let first = encoders::ALL.first().is_some_and(|e| e.name == encoder.name);
    let chosen = |s: &Sample| {
        let covered = s.entry.language.as_ref().is_none_or(|l| (encoder.covers)(l));
        covered && (first || lacking(s) || !s.cut && stories.contains(story(s)))
    };
    samples.iter().map(chosen).collect()
}

/// Mean unit vector by language; `*` is the mean of the means.
fn means(texts: impl Iterator<Item = (Option<Language>, Vec<Vec<f32>>)>) -> BTreeMap<String, Vec<f32>> {
    let mut sums: BTreeMap<String, (Vec<f64>, f64)> = BTreeMap::new();
    for (language, vectors) in texts {
        let Some(language) = language else { continue };
        let d = vectors.first().map_or(0, Vec::len);
        let (sum, n) = sums.entry(mean_key(&language)).or_insert_with(|| (vec![0.0; d], 0.0));
        // Every text counts once, however long it is.
        let share = 1.0 / vectors.len().max(1) as f64;
        for v in &vectors {
            let norm = v.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
            sum.iter_mut().zip(v).for_each(|(s, x)| *s += f64::from(x / norm) * share);
        }
        *n += 1.0;
    }
    let mut out: BTreeMap<String, Vec<f32>> =
        sums.into_iter().map(|(l, (sum, n))| (l, sum.iter().map(|s| (s / n) as f32).collect())).collect();
    let d = out.values().next().map_or(0, Vec::len);
    let all = (0..d).map(|k| out.values().map(|m| m[k]).sum::<f32>() / out.len() as f32).collect();
    out.insert("*".to_owned(), all);
    // Three decimals of a component of a unit vector are far below what 8 bits keep; they compress well.
    out.values_mut().for_each(|m| m.iter_mut().for_each(|x| *x = (*x * 2000.0).round() / 2000.0));
    out
}

fn centred(vector: &[f32], mean: &[f32]) -> Vec<f32> {
    let c: Vec<f32> = vector.iter().zip(mean).map(|(x, m)| x - m).collect();
    let n = c.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
    c.into_iter().map(|x| x / n).collect()
}

/// Best cosines that the scale of a language is taken from, at the least.
const SCALE_LEAST: usize = 150;

/// Where the encoder sees counterparts, by language: between versions of one work, and between different works.
fn scales(
    documents: &[Document],
    samples: &[Sample],
    texts: &[Vec<String>],
    cache: &Cache,
    means: &BTreeMap<String, Vec<f32>>,
) -> BTreeMap<String, Scale> {
    let mut order: Vec<usize> = (0..samples.len())
        .filter(|&i| !samples[i].cut && documents[samples[i].document].truth.variant_kind.is_none())
        .collect();
    order.sort_by_key(|&i| stable_hash(samples[i].entry.id.0.as_bytes()));
    let language = |i: usize| samples[i].entry.language.as_ref().map(mean_key).unwrap_or_default();
    let vectors = |i: usize| -> Vec<Vec<f32>> {
        let mean = means.get(&language(i)).or_else(|| means.get("*")).cloned().unwrap_or_default();
        texts[i].iter().take(40).filter_map(|t| cache.get(t)).map(|v| centred(v, &mean)).collect()
    };
    let best = |(i, j): (usize, usize), mutual: bool| -> Vec<f32> {
        let (a, b) = (vectors(i), vectors(j));
        let cos = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(p, q)| p * q).sum::<f32>();
        let of = |x: &[f32], list: &[Vec<f32>]| {
            list.iter().map(|y| cos(x, y)).enumerate().max_by(|p, q| p.1.total_cmp(&q.1))
        };
        let found = a.iter().enumerate().filter_map(|(k, x)| {
            let (at, c) = of(x, &b)?;
            (!mutual || of(&b[at], &a).is_some_and(|(back, _)| back == k)).then_some(c)
        });
        found.collect()
    };
    let story = |i: usize| documents[samples[i].document].truth.story_id.as_str();
    let file = |i: usize| documents[samples[i].document].file.as_str();
    let mut by_story: HashMap<&str, Vec<usize>> = HashMap::new();
    order.iter().for_each(|&i| by_story.entry(story(i)).or_default().push(i));
    // Of each document one pair: with the next version of its work, with the next document that is another work.
    let next_version = |&i: &usize| {
        let versions = &by_story[story(i)];
        let at = versions.iter().position(|&j| j == i)?;
        let other = versions[(at + 1) % versions.len()];
        (other != i && language(other) != language(i)).then_some((i, other))
    };
    let same: Vec<(usize, usize)> = order.iter().filter_map(next_version).collect();
    let different = |w: &[usize]| {
        let apart = story(w[0]) != story(w[1]) && file(w[0]) == file(w[1]) && language(w[0]) != language(w[1]);
        apart.then_some((w[0], w[1]))
    };
    let other: Vec<(usize, usize)> = order.windows(2).filter_map(different).collect();
    let measured = |pairs: &[(usize, usize)], mutual: bool| -> BTreeMap<String, Vec<f32>> {
        let found: Vec<_> = pairs.par_iter().map(|&pair| (pair, best(pair, mutual))).collect();
        let mut by_language: BTreeMap<String, Vec<f32>> = BTreeMap::new();
        for ((i, j), cosines) in found {
            for key in [language(i), language(j), "*".to_owned()] {
                by_language.entry(key).or_default().extend(&cosines);
            }
        }
        by_language.values_mut().for_each(|cosines| cosines.sort_by(f32::total_cmp));
        by_language
    };
    let (same, other) = (measured(&same, true), measured(&other, false));
    let at = |v: &[f32], q: f64| v.get((v.len() as f64 * q) as usize).copied();
    let enough = |v: &&Vec<f32>| v.len() >= SCALE_LEAST;
    let scale = |key: &String| {
        let none = at(other.get(key).filter(enough)?, 0.9)?;
        Some((key.clone(), Scale { none, full: at(same.get(key).filter(enough)?, 0.5)? }))
    };
    same.keys().filter_map(scale).collect()
}

/// Codes around which lists gather: k-majority over the corpus's codes (k-means of Hamming space).
fn centres(samples: &[Sample], windows: &[Vec<xling::Vector>], calibration: &Calibration) -> Vec<Code> {
    let codes: Vec<Code> = (0..samples.len())
        .into_par_iter()
        .filter(|&i| !samples[i].cut)
        .flat_map_iter(|i| {
            let mean = Calibration::mean(&calibration.window_means, samples[i].entry.language.as_ref());
            let bytes: Vec<i8> = windows[i].iter().flat_map(|w| profile::quantise(w, mean)).collect();
            profile::codes(&bytes)
        })
        .collect();
    let mut order: Vec<usize> = (0..codes.len()).collect();
    order.sort_by_key(|&i| stable_hash(&codes[i].iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<_>>()));
    let mut centres: Vec<Code> = order.iter().take(CENTRES).map(|&i| codes[i]).collect();
    for _ in 0..8 {
        let nearest: Vec<usize> = codes
            .par_iter()
            .map(|c| (0..centres.len()).min_by_key(|&k| distance(c, &centres[k])).unwrap_or_default())
            .collect();
        let mut ones = vec![[0_i32; 256]; centres.len()];
        for (code, &k) in codes.iter().zip(&nearest) {
            for (bit, one) in ones[k].iter_mut().enumerate() {
                *one += if code[bit / 64] >> (bit % 64) & 1 == 1 { 1 } else { -1 };
            }
        }
        for (centre, ones) in centres.iter_mut().zip(&ones) {
            if ones.iter().any(|o| *o != 0) {
                *centre = std::array::from_fn(|w| (0..64).fold(0, |c, b| c | (u64::from(ones[w * 64 + b] > 0) << b)));
            }
        }
    }
    centres
}

fn distance(a: &Code, b: &Code) -> u32 {
    a.iter().zip(b).map(|(x, y)| (x ^ y).count_ones()).sum()
}

fn fill(
    profiles: &mut [Profile],
    samples: &[Sample],
    chosen: &[bool],
    by: (&Encoder, &Cache),
    calibration: &Calibration,
) {
    let (encoder, cache) = by;
    let means = &calibration.encoders[encoder.name].means;
    profiles.par_iter_mut().zip(samples).zip(chosen).filter(|(_, c)| **c).for_each(|((p, s), _)| {
        let mean = Calibration::mean(means, p.language.as_ref());
        let texts = to_encode(&s.entry, encoder);
        let zero = vec![0.0; encoder.dimensions];
        let values = texts.iter().flat_map(|t| profile::quantise(cache.get(t).unwrap_or(&zero), mean)).collect();
        p.vectors.push(Vectors {
            encoder: encoder.name.to_owned(),
            dimensions: encoder.dimensions as u16,
            titled: true,
            values,
        });
    });
}

/// Candidates, pairs of one work, and the look-alikes the corpus names.
fn pairs(documents: &[Document], samples: &[Sample], profiles: &[Profile], context: &Context) -> Vec<(usize, usize)> {
    let mut out: BTreeSet<(usize, usize)> = matching::archive::pairs(profiles, context).into_iter().collect();
    let found = out.len();
    let mut by_story: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, s) in samples.iter().enumerate() {
        by_story.entry(documents[s.document].truth.story_id.as_str()).or_default().push(i);
    }
    let ordered = |i: usize, j: usize| if profiles[i].entry <= profiles[j].entry { (i, j) } else { (j, i) };
    let (mut same, mut reached) = (0, 0);
    let mut lost: BTreeSet<usize> = BTreeSet::new();
    for story in by_story.values() {
        for (n, &i) in story.iter().enumerate() {
            let mut any = false;
            for &j in story.iter().filter(|&&j| j != i) {
                any |= out.contains(&ordered(i, j));
            }
            if !any && story.len() > 1 {
                lost.insert(i);
            }
            for &j in &story[n + 1..] {
                same += 1;
                reached += usize::from(out.contains(&ordered(i, j)));
            }
        }
    }
    eprintln!(
        "{found} pairs of candidates; of {same} pairs of one work {reached} are among them; {} documents reach none",
        lost.len()
    );
    for &i in lost.iter().take(15) {
        eprintln!(
            "  lost: {} {} cut={}",
            documents[samples[i].document].line.doc_id, profiles[i].length, samples[i].cut
        );
    }
    for story in by_story.values() {
        for (n, &i) in story.iter().enumerate() {
            // A story of thirty versions has 435 pairs: a share of them is enough to learn from.
            let keep = |j: usize| stable_hash(&[i.to_le_bytes(), j.to_le_bytes()].concat()) % story.len() as u64 <= 10;
            out.extend(story[n + 1..].iter().filter(|&&j| keep(j)).map(|&j| ordered(i, j)));
        }
    }
    out.into_iter().filter(|(i, j)| samples[*i].document != samples[*j].document).collect()
}

struct Learned {
    forest: matching::trees::Forest,
    scored: HashMap<(usize, usize), table::Scored>,
}

/// The sources, so that nothing is scored by trees that saw its source. The first is the only one with releases and
/// yearly reports of one template; without it there would be nothing to learn that from, so it is cut in three by
/// works, and each third is scored by trees that saw the others.
const SOURCES: [&str; 7] = ["deb-", "tico-", "isc-", "optech-", "osg-", "plur-", "pud-"];
const FOLDS: usize = SOURCES.len() + 2;

fn source(document: &Document) -> usize {
    let of = document.truth.hard_negative_of.first().unwrap_or(&document.truth.story_id);
    match SOURCES.iter().position(|p| of.starts_with(p)) {
        Some(0) | None => [0, SOURCES.len(), SOURCES.len() + 1][(stable_hash(of.as_bytes()) % 3) as usize],
        Some(k) => k,
    }
}

fn learn(
    documents: &[Document],
    samples: &[Sample],
    profiles: &[Profile],
    context: &Context,
    pairs: &[(usize, usize)],
    name: &str,
) -> Learned {
    let directions: Vec<i8> = signals::ALL.iter().flat_map(|s| s.features).map(|f| f.direction).collect();
    let document = |i: usize| &documents[samples[i].document];
    let measured: Vec<(usize, usize, matching::Figures)> = pairs
        .par_iter()
        .map(|&(i, j)| (i, j, matching::figures(&profiles[i], &profiles[j], context)))
        .filter(|(_, _, f)| f.encoder == name)
        .filter(|(i, j, _)| !document(*i).truth.ambiguous && !document(*j).truth.ambiguous)
        .collect();
    // Each file weighs as much as its square root: three large ones would drown the others.
    let mut per_file: HashMap<(&str, bool), f32> = HashMap::new();
    let same = |i: usize, j: usize| document(i).truth.story_id == document(j).truth.story_id;
    for (i, j, _) in &measured {
        *per_file.entry((&document(*i).file, same(*i, *j))).or_default() += 1.0;
    }
    let scale: f32 = 4000.0;
    let rows: Vec<Row> = measured
        .iter()
        .map(|(i, j, f)| {
            let n = per_file[&(document(*i).file.as_str(), same(*i, *j))];
            Row { figures: f.values.clone(), same: same(*i, *j), weight: (scale / n).sqrt().min(2.0) }
        })
        .collect();
    let part = |keep: &dyn Fn(usize, usize) -> bool| -> Vec<&Row> {
        rows.iter().zip(&measured).filter(|(_, (i, j, _))| keep(*i, *j)).map(|(r, _)| r).collect()
    };
    let without: Vec<_> = (0..FOLDS)
        .map(|k| grow(&part(&|i, j| source(document(i)) != k && source(document(j)) != k), &directions))
        .collect();
    let forest = grow(&rows.iter().collect::<Vec<_>>(), &directions);
    let scored: HashMap<(usize, usize), table::Scored> = measured
        .iter()
        .filter(|(i, j, _)| !samples[*i].cut && !samples[*j].cut)
        .map(|(i, j, f)| {
            let (si, sj) = (source(document(*i)), source(document(*j)));
            let bits = (without[si].score(&f.values) + without[sj].score(&f.values)) / 2.0;
            let scored = table::Scored {
                encoder: name.to_owned(),
                bits: bits + f.told_bits,
                final_bits: forest.score(&f.values) + f.told_bits,
                band: matching::band(&profiles[*i], &profiles[*j]),
                coverage_a: f.coverage_a,
                coverage_b: f.coverage_b,
                same: same(*i, *j),
            };
            ((*i, *j), scored)
        })
        .collect();
    let learned = Learned { forest, scored };
    table::importance(&learned.forest, &rows);
    learned
}
