//! `explain A B`: why are two entries one work, or why not?

use std::io::Write;

use crate::explain;
use crate::matching::{self, Context, Profile};
use crate::model::{Entry, Evidence};

/// Compares two entries as the daemon would, and prints each finding, the sum, the threshold and the sentences that
/// match best. Where the stored evidence is at hand, it is what is shown.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(
    a: &Entry,
    b: &Entry,
    context: &Context,
    stored: Option<&Evidence>,
    mut out: impl Write,
) -> anyhow::Result<()> {
    let (mut pa, mut pb) = (matching::profile(a), matching::profile(b));
    if let Some(encoder) = matching::needs(&pa, &pb, context) {
        matching::encode(&mut pa, a, encoder);
        matching::encode(&mut pb, b, encoder);
    }
    let evidence = stored.cloned().unwrap_or_else(|| matching::judge(&pa, &pb, context));
    let matches = matching::best_matches((a, &pa), (b, &pb), context, 8);
    for (letter, entry, profile) in [("A", a, &pa), ("B", b, &pb)] {
        let link = entry.link.as_ref().map_or_else(|| entry.id.to_string(), url::Url::to_string);
        writeln!(out, "{letter}  {}\n   {link}\n   {}", entry.title, language(profile))?;
    }
    writeln!(out)?;
    out.write_all(explain::table(&evidence, &matches).as_bytes())?;
    Ok(())
}

/// The language that a text is compared in.
fn language(profile: &Profile) -> String {
    match &profile.language {
        Some(language) if profile.confidence >= 1.0 => format!("language: {language}"),
        Some(language) => format!("language: {language}, {:.0} % sure", profile.confidence * 100.0),
        None => "language: not known".to_owned(),
    }
}
