//! What does a configuration come to, once every name in it stands for something?

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use crate::matching::overrides::OverrideUrls;
use crate::model::{EditionSpec, Source, SourceId};

/// The sources, the editions and the person's own judgements.
///
/// A source is known inside by its *first* name (`was` lists the earlier ones, oldest first): ids of entries are made
/// of it, so a renamed source keeps its entries, and nothing in the store has to be rewritten. What is printed and
/// published is the name in force.
#[derive(Debug, Clone)]
pub struct Plan {
    sources: Vec<Arc<Source>>,
    by_id: BTreeMap<SourceId, (Arc<Source>, SourceId)>,
    /// The editions, the main one first; never empty.
    pub editions: Vec<EditionSpec>,
    /// What links are built on; ends with a slash.
    pub public_url: Url,
    /// WebSub hubs.
    pub hubs: Vec<Url>,
    /// The person's own judgements.
    pub overrides: Vec<OverrideUrls>,
    /// How long entries are kept that no edition shows, in seconds, where their source says nothing else; `None`: for ever.
    pub keep_s: Option<u64>,
}

impl Plan {
    /// Puts the parts together.
    pub fn new(
        sources: Vec<Source>,
        mut editions: Vec<EditionSpec>,
        public_url: Url,
        hubs: Vec<Url>,
        overrides: Vec<OverrideUrls>,
    ) -> Self {
        let first_name = |source: &Source| source.was.first().unwrap_or(&source.id).clone();
        let names: Vec<(SourceId, SourceId)> = sources
            .iter()
            .flat_map(|s| s.was.iter().chain([&s.id]).map(|name| (name.clone(), first_name(s))))
            .collect();
        for wanted in editions.iter_mut().flat_map(|edition| edition.sources.iter_mut()) {
            if let Some((_, first)) = names.iter().find(|(name, _)| name == wanted) {
                *wanted = first.clone();
            }
        }
        let sources: Vec<(Arc<Source>, SourceId)> = sources
            .into_iter()
            .map(|source| {
                let name = source.id.clone();
                (Arc::new(Source { id: first_name(&source), ..source }), name)
            })
            .collect();
        Self {
            by_id: sources.iter().map(|(s, name)| (s.id.clone(), (Arc::clone(s), name.clone()))).collect(),
            sources: sources.into_iter().map(|(source, _)| source).collect(),
            editions,
            public_url,
            hubs,
            overrides,
            keep_s: None,
        }
    }

    /// The same, and entries that no edition shows are kept so long.
    pub fn keeping(self, keep_s: Option<u64>) -> Self {
        Self { keep_s, ..self }
    }

    /// How long the entries of a source are kept that no edition shows, in seconds; `None`: for ever.
    pub fn keep_s(&self, source: &SourceId) -> Option<u64> {
        self.source(source).and_then(|source| source.keep_s).or(self.keep_s)
    }

    /// The sources in the order of the file; `id` is the name used inside.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.sources.iter()
    }

    /// A configured source, by the name used inside.
    pub fn source(&self, id: &SourceId) -> Option<&Arc<Source>> {
        self.by_id.get(id).map(|(source, _)| source)
    }

    /// The source that the person calls so.
    pub fn named(&self, name: &str) -> Option<&Arc<Source>> {
        self.by_id.values().find(|(_, n)| n.as_str() == name).map(|(source, _)| source)
    }

    /// What the person calls a source.
    pub fn name<'a>(&'a self, id: &'a SourceId) -> &'a SourceId {
        self.by_id.get(id).map_or(id, |(_, name)| name)
    }
}
