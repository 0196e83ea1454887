//! Which sites does the demo read, when there is no network? A loopback origin plays them, each on its own port.
//!
//! The texts are in `texts/`, who posts them when is in [`cast`].
//! The daemon reads these sites as it reads any other.

pub mod cast;
mod feeds;
mod pages;
mod server;
pub mod stage;
mod text;

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::model::Timestamp;
use cast::{SITES, Shape};
use stage::{Stage, due_s};

/// The bundled sources, running.
#[derive(Debug)]
pub struct Origin {
    stage: Arc<Stage>,
    tasks: Vec<JoinHandle<()>>,
}

impl Origin {
    /// Starts the sites on free ports of the loopback interface; what they post is dated relative to `now`.
    ///
    /// Unless `still`, the posts that were held back arrive one by one ([`stage::INTERVAL_S`]), until all have.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn start(now: Timestamp, still: bool) -> io::Result<Self> {
        let mut listeners = Vec::with_capacity(SITES.len());
        let mut bases = Vec::with_capacity(SITES.len());
        for _ in SITES {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            bases.push(format!("http://{}", listener.local_addr()?));
            listeners.push(listener);
        }
        let stage = Arc::new(Stage::new(bases, now));
        let mut tasks: Vec<JoinHandle<()>> = listeners
            .into_iter()
            .enumerate()
            .map(|(site, listener)| {
                let served = server::serve(listener, Arc::clone(&stage), site);
                tokio::spawn(async move {
                    if let Err(error) = served.await {
                        tracing::error!(%error, site, "a site of the demo stopped serving");
                    }
                })
            })
            .collect();
        if !still {
            tasks.push(tokio::spawn(release_all(Arc::clone(&stage))));
        }
        Ok(Self { stage, tasks })
    }

    /// Releases the next post that is held back, and gives its site's and its own title; `None` when all are out.
    pub fn release(&self) -> Option<(&'static str, &'static str)> {
        release(&self.stage)
    }

    /// How many posts are held back.
    pub fn held(&self) -> usize {
        self.stage.held()
    }

    /// The sites' addresses by id, in the order of [`SITES`].
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, &str)> {
        SITES.iter().enumerate().map(|(number, site)| (site.id, self.stage.base(number)))
    }

    /// A configuration that reads all the sites, stores in `store` and serves on `bind` (`127.0.0.1:8080`).
    pub fn config_toml(&self, bind: &str, store: &Path) -> String {
        let mut out = format!(
            "[server]\nbind = {bind}\npublic_url = {public}\n\n[store]\npath = {store}\n\n\
             [polling]\nschedule = \"*/5 * * * * *\"\nallow_private_networks = true\n\n\
             [[edition]]\nid = \"main\"\ntitle = \"The demo planet, once each\"\nlanguages = [\"it\", \"en\", \"*\"]\n",
            bind = quoted(bind),
            public = quoted(&format!("http://{bind}")),
            store = quoted(&store.to_string_lossy()),
        );
        for (number, site) in SITES.iter().enumerate() {
            let base = self.stage.base(number);
            // What a reader would paste: the site's address where its kind is found out from it, else the feed's.
            let url = match site.shape {
                Shape::Substack | Shape::WordPress | Shape::Rss => base.to_owned(),
                Shape::Atom | Shape::Json => format!("{base}{}", site.shape.feed_path()),
            };
            let _ = write!(
                out,
                "\n[[source]]\nid = {}\nurl = {}\nrole = {}\n",
                quoted(site.id),
                quoted(&url),
                quoted(site.role)
            );
        }
        out
    }

    /// Stops the sites: their ports are free when this returns.
    pub async fn stop(mut self) {
        for task in std::mem::take(&mut self.tasks) {
            task.abort();
            // The only end of an aborted task is its cancellation.
            let _ = task.await;
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn release_all(stage: Arc<Stage>) {
    for n in 1.. {
        tokio::time::sleep(Duration::from_secs((due_s(n) - due_s(n - 1)).unsigned_abs())).await;
        match release(&stage) {
            Some((site, title)) => tracing::info!("{site} posts “{title}”; {} to come", stage.held()),
            None => {
                tracing::info!("the demo has no more posts; it stays up until you stop it");
                return;
            }
        }
    }
}

fn release(stage: &Stage) -> Option<(&'static str, &'static str)> {
    let post = stage.release()?;
    let site = SITES.iter().find(|site| site.id == post.site)?;
    Some((site.title, text::Text::read(post.file).title))
}

/// A basic string of TOML: quoted and escaped as in JSON, whose escapes are a part of TOML's (TOML 1.0, String).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::read::GzDecoder;

    use super::*;

    fn noon() -> Timestamp {
        chrono::DateTime::from_timestamp(1_764_590_400, 0).expect("in range")
    }

    /// One request on a connection of its own; the answer's head and body.
    fn get(address: &str, path: &str, fields: &str) -> (String, Vec<u8>) {
        let host = address.trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(host).expect("listening");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}\r\n").expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("received");
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(answer[..end].to_vec()).expect("ASCII");
        (head.to_ascii_lowercase(), answer[end + 4..].to_vec())
    }

    async fn ask(origin: &Origin, site: &str, path: &str, fields: &'static str) -> (String, String) {
        let address = origin.addresses().find(|(id, _)| *id == site).expect("a site").1.to_owned();
        let path = path.to_owned();
        let (head, body) = tokio::task::spawn_blocking(move || get(&address, &path, fields)).await.expect("no panic");
        (head, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_feed_answers_and_its_posts_have_pages() {
        let origin = Origin::start(noon(), true).await.expect("started");
        for (number, site) in SITES.iter().enumerate() {
            let (head, body) = ask(&origin, site.id, site.shape.feed_path(), "").await;
            assert!(head.starts_with("http/1.1 200") && head.contains("etag: \""), "{}: {head}", site.id);
            for post in origin.stage.posts(number) {
                assert!(body.contains(&post.url), "{} lacks {}", site.id, post.url);
                let (head, page) = ask(&origin, site.id, &post.path, "").await;
                assert!(
                    head.starts_with("http/1.1 200") && page.contains(post.text.title.split('«').next().unwrap_or(""))
                );
            }
            assert!(!body.contains("{{"), "{}", site.id);
        }
        origin.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn conditions_and_encodings_are_honoured() {
        let origin = Origin::start(noon(), true).await.expect("started");
        let (head, _) = ask(&origin, "gazza", "/feed/", "If-None-Match: \"0\"\r\n").await;
        assert!(head.starts_with("http/1.1 200"));
        let etag = head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("an ETag").to_owned();
        let fields: &'static str = Box::leak(format!("If-None-Match: {etag}\r\n").into_boxed_str());
        assert!(ask(&origin, "gazza", "/feed/", fields).await.0.starts_with("http/1.1 304"));
        let address = origin.addresses().nth(2).expect("gazza").1.to_owned();
        let (head, body) =
            tokio::task::spawn_blocking(move || get(&address, "/feed/", "Accept-Encoding: br, gzip\r\n"))
                .await
                .expect("no panic");
        assert!(head.contains("content-encoding: gzip"));
        let mut text = String::new();
        GzDecoder::new(&body[..]).read_to_string(&mut text).expect("gzip");
        assert!(text.contains("[&#8230;]"));
        assert!(ask(&origin, "gazza", "/none/", "").await.0.starts_with("http/1.1 404"));
        origin.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn substack_and_wordpress_have_their_habits() {
        let origin = Origin::start(noon(), true).await.expect("started");
        let (head, feed) = ask(&origin, "tidemark", "/feed", "").await;
        assert!(head.contains("x-served-by: substack") && !feed.contains('\n'));
        assert!(feed.contains("<generator>Substack</generator>") && feed.contains("length=\"0\""));
        let (_, feed) = ask(&origin, "gazza", "/feed/", "").await;
        let base = origin.addresses().next().expect("slow-ledger").1;
        assert!(!feed.contains(base), "a feed with summaries lacks the last line");
        let (_, page) = ask(&origin, "gazza", "/trattato-obbedienza/", "").await;
        assert!(page.contains(&format!("<p>{base}/p/how-a-river-treaty-dies</p>\n<div class=\"sharedaddy")));
        origin.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_release_changes_its_feed_and_no_other() {
        let origin = Origin::start(noon(), true).await.expect("started");
        let before = (ask(&origin, "polka", "/rss.xml", "").await.1, ask(&origin, "gazza", "/feed/", "").await.1);
        let held = origin.held();
        let (site, title) = origin.release().expect("held back");
        assert_eq!((site, origin.held()), ("Дальняя полка", held - 1));
        let after = (ask(&origin, "polka", "/rss.xml", "").await.1, ask(&origin, "gazza", "/feed/", "").await.1);
        assert!(after.0.contains(title) && !before.0.contains(title));
        assert_eq!(before.1, after.1);
        while origin.release().is_some() {}
        assert_eq!(origin.held(), 0);
        origin.stop().await;
    }

    #[tokio::test]
    async fn the_configuration_names_every_site() {
        let origin = Origin::start(noon(), true).await.expect("started");
        let config = origin.config_toml("127.0.0.1:8080", Path::new("C:\\data \"x\""));
        assert!(config.contains(r#"path = "C:\\data \"x\"""#), "{config}");
        assert!(origin.addresses().all(|(id, url)| config.contains(id) && config.contains(url)));
        origin.stop().await;
    }
}
