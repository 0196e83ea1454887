//! `explain A B`: why are two entries one work, or why not?

use std::io::Write;

use crate::explain;
use crate::matching::{self, Context};
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
    let name = |e: &Entry| e.link.as_ref().map_or_else(|| e.id.to_string(), url::Url::to_string);
    writeln!(out, "A  {}\n   {}\nB  {}\n   {}\n", a.title, name(a), b.title, name(b))?;
    out.write_all(explain::table(&evidence, &matches).as_bytes())?;
    Ok(())
}
