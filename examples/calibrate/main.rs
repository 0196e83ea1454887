//! Measures every constant that the matching ships with, and prints what they are worth:
//! `cargo run --release --example calibrate -- CORPUS_FOLDER CACHE_FOLDER src/matching/calibration.bin`

mod cache;
mod grow;
mod measure;
mod table;

use std::path::Path;

use anyhow::Context as _;
use tributary::matching::calibration::Calibration;
use tributary::matching::corpus::{self, Document};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, cache, out, ..] = arguments.as_slice() else {
        anyhow::bail!("usage: calibrate CORPUS_FOLDER CACHE_FOLDER OUT");
    };
    let mut documents = read(Path::new(folder))?;
    corpus::make_opaque(&mut documents);
    eprintln!("{} documents", documents.len());
    let calibration: Calibration = measure::measure(&documents, Path::new(cache))?;
    let bytes = calibration.to_bytes().context("the constants do not encode")?;
    std::fs::write(out, &bytes)?;
    eprintln!("{out}: {} bytes", bytes.len());
    Ok(())
}

/// All documents of a folder's `*.jsonl`, in order of file name.
fn read(folder: &Path) -> anyhow::Result<Vec<Document>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?.filter_map(|f| Some(f.ok()?.path())).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "jsonl"));
    files.sort();
    let mut out = Vec::new();
    for file in files {
        let name = file.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_owned();
        out.extend(std::fs::read_to_string(&file)?.lines().filter_map(|l| corpus::read(l, &name)));
    }
    Ok(out)
}
