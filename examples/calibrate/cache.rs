//! Which sentences were encoded before? Encoding a corpus takes minutes, and constants are measured again and again.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rayon::prelude::*;
use tributary::model::{Encoder, stable_hash};

/// Vectors of one encoder by hash of the sentence.
pub struct Cache {
    pub vectors: HashMap<u64, Vec<f32>>,
    path: PathBuf,
}

impl Cache {
    pub fn open(folder: &Path, name: &str, dimensions: usize) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{name}.vectors"));
        let mut vectors = HashMap::new();
        if let Ok(file) = File::open(&path) {
            let mut reader = BufReader::new(file);
            let mut key = [0_u8; 8];
            let mut bytes = vec![0_u8; dimensions * 4];
            while reader.read_exact(&mut key).is_ok() && reader.read_exact(&mut bytes).is_ok() {
                let vector = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
                vectors.insert(u64::from_le_bytes(key), vector);
            }
        }
        Ok(Self { vectors, path })
    }

    /// Encodes what is missing, and keeps it.
    pub fn fill(&mut self, encoder: &Encoder, texts: &[String]) -> anyhow::Result<()> {
        let mut missing: Vec<&String> = texts.iter().filter(|t| !self.vectors.contains_key(&key(t))).collect();
        missing.sort();
        missing.dedup();
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path).context("the cache of vectors")?;
        let all = missing.len();
        for (i, part) in missing.chunks(512).enumerate() {
            eprintln!("encoding with {}: {} of {all}", encoder.name, i * 512);
            let new: Vec<(u64, Vec<f32>)> = part
                .par_chunks(64)
                .flat_map_iter(|chunk| {
                    let texts: Vec<&str> = chunk.iter().map(|t| t.as_str()).collect();
                    let vectors = (encoder.encode)(&texts);
                    chunk.iter().map(|t| key(t)).zip(vectors).collect::<Vec<_>>()
                })
                .collect();
            for (key, vector) in new {
                file.write_all(&key.to_le_bytes())?;
                file.write_all(&vector.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
                self.vectors.insert(key, vector);
            }
        }
        Ok(())
    }

    pub fn get(&self, text: &str) -> Option<&Vec<f32>> {
        self.vectors.get(&key(text))
    }
}

fn key(text: &str) -> u64 {
    stable_hash(text.as_bytes())
}
