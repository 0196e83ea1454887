//! Which editions changed since a hub was last told?

use url::Url;

use super::site::Shopfront;
use super::{Composing, Error};
use crate::formats;
use crate::model::{Edition, EditionQuery, stable_hash};
use crate::store::{Draft, query};

/// An edition that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Which.
    pub edition: String,
    /// Its addresses, one for each format: the topics of WebSub (§4).
    pub topics: Vec<String>,
    /// What stands in it, as a hash.
    stamp: u64,
}

impl Shopfront {
    /// The editions of which this hub was not told as they stand.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn untold(&self, hub: &Url) -> Result<Vec<News>, Error> {
        let mut news = Vec::new();
        for spec in &self.house.plan().editions {
            let edition = match self.composed(&spec.id, &EditionQuery::default()) {
                Ok(edition) => edition,
                Err(Composing::Store(error)) => return Err(error),
                // Taken out of the configuration at this moment.
                Err(Composing::Unknown(_) | Composing::Query(_)) => continue,
            };
            let stamp = stamp(&edition);
            let told = query::meta(self.house.store(), &record(hub, &edition.id))?;
            if told.as_deref() != Some(stamp.to_be_bytes().as_slice()) {
                let topics = formats::ALL.iter().filter(|f| f.ending != formats::opml::FORMAT.ending);
                let topics = topics.map(|format| edition.address(format.ending)).collect();
                news.push(News { edition: edition.id.clone(), topics, stamp });
            }
        }
        Ok(news)
    }

    /// Remembers that a hub was told, over restarts too.
    ///
    /// # Errors
    /// The store does not take it: the hub will be told once more.
    pub fn told(&self, hub: &Url, news: &[News]) -> Result<(), Error> {
        let mut draft = Draft::new(self.house.store());
        for one in news {
            draft.put_meta(&record(hub, &one.edition), &one.stamp.to_be_bytes());
        }
        draft.commit()
    }
}

fn record(hub: &Url, edition: &str) -> String {
    format!("told {edition} {hub}")
}

/// Hash of what a subscriber would notice: which stories stand in it, when each last changed, which are gone.
fn stamp(edition: &Edition) -> u64 {
    let mut text = String::new();
    edition.items.iter().for_each(|item| text.push_str(&format!("{} {}\n", item.story, item.updated)));
    edition.tombstones.iter().for_each(|gone| text.push_str(&format!("{} {}\n", gone.story, gone.when)));
    stable_hash(text.as_bytes())
}
