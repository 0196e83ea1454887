//! Who posts what on which site, and when?

/// What the feed and the pages of a site look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A Substack publication: RSS 2.0 on one line, full text, guid equal to the link yet no permalink.
    Substack,
    /// A WordPress site whose feed has summaries; the full text stands on the pages, within a theme.
    WordPress,
    /// Atom with full text.
    Atom,
    /// JSON Feed 1.1 with full text.
    Json,
    /// RSS 2.0 with full text in `content:encoded`.
    Rss,
}

impl Shape {
    /// Path of the feed.
    pub fn feed_path(self) -> &'static str {
        match self {
            Self::Substack => "/feed",
            Self::WordPress => "/feed/",
            Self::Atom => "/atom.xml",
            Self::Json => "/feed.json",
            Self::Rss => "/rss.xml",
        }
    }

    /// Media type of the feed, as such sites send it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Substack => "application/xml; charset=utf-8",
            Self::WordPress | Self::Rss => "application/rss+xml; charset=UTF-8",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
        }
    }
}

/// A site of the demo.
#[derive(Debug)]
pub struct Site {
    /// Its id in the configuration.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The line under its title.
    pub tagline: &'static str,
    /// Its language, as a BCP 47 tag.
    pub language: &'static str,
    /// Its role in the configuration.
    pub role: &'static str,
    /// What it looks like.
    pub shape: Shape,
}

/// The sites, originals first.
pub const SITES: &[Site] = &[
    Site {
        id: "slow-ledger",
        title: "The Slow Ledger",
        tagline: "Ottilie Varnham on things that take time",
        language: "en",
        role: "original",
        shape: Shape::Substack,
    },
    Site {
        id: "tidemark",
        title: "Tidemark",
        tagline: "Tamsin Okerlund’s notes on what holds things up",
        language: "en",
        role: "original",
        shape: Shape::Substack,
    },
    Site {
        id: "gazza",
        title: "La gazza traduttrice",
        tagline: "Quello che luccica altrove, in italiano",
        language: "it",
        role: "repost",
        shape: Shape::WordPress,
    },
    Site {
        id: "traverse",
        title: "Cahiers de la Traverse",
        tagline: "Essais venus d’ailleurs",
        language: "fr",
        role: "repost",
        shape: Shape::Atom,
    },
    Site {
        id: "ultramarinos",
        title: "Cuaderno de ultramarinos",
        tagline: "Ensayos de importación",
        language: "es",
        role: "repost",
        shape: Shape::Json,
    },
    Site {
        id: "polka",
        title: "Дальняя полка",
        tagline: "Переводы, за которыми надо тянуться",
        language: "ru",
        role: "repost",
        shape: Shape::Rss,
    },
    Site {
        id: "shed",
        title: "The Reading Shed",
        tagline: "One good long read at a time",
        language: "en",
        role: "repost",
        shape: Shape::Rss,
    },
    Site {
        id: "margini",
        title: "Margini larghi",
        tagline: "Note di Livio Castrense",
        language: "it",
        role: "mixed",
        shape: Shape::Rss,
    },
    Site {
        id: "courier",
        title: "The Brenn Courier",
        tagline: "News from both banks of the Aldra",
        language: "en",
        role: "mixed",
        shape: Shape::Rss,
    },
];

/// A post on a site.
#[derive(Debug)]
pub struct Post {
    /// Id of its site.
    pub site: &'static str,
    /// Last part of its address; Substack cuts its slugs short.
    pub slug: &'static str,
    /// Name by which texts link to it (`{{name}}`): originals only.
    pub name: Option<&'static str>,
    /// File of its text.
    pub file: &'static str,
    /// A line that the site puts above the text.
    pub above: &'static str,
    /// A line that the site puts below it.
    pub below: &'static str,
    /// How old it is when the demo starts, or when it is released, in hours.
    pub hours_ago: i64,
}

macro_rules! post {
    ($site:literal, $slug:literal, $file:literal, $hours_ago:literal) => {
        post!($site, $slug, $file, $hours_ago, "", "")
    };
    ($site:literal, $slug:literal, $file:literal, $hours_ago:literal, original $name:literal) => {
        Post { name: Some($name), ..post!($site, $slug, $file, $hours_ago, "", "") }
    };
    ($site:literal, $slug:literal, $file:literal, $hours_ago:literal, $above:literal, $below:literal) => {
        Post {
            site: $site,
            slug: $slug,
            name: None,
            file: include_str!(concat!("texts/", $file, ".md")),
            above: $above,
            below: $below,
            hours_ago: $hours_ago,
        }
    };
}

/// What stands on the sites when the demo starts.
pub const POSTS: &[Post] = &[
    post!("tidemark", "the-price-of-mending", "repair.en", 196, original "repair"),
    post!("ultramarinos", "lo-que-cuesta-arreglar-una-lavadora", "repair.es", 171),
    post!("polka", "pochinit", "repair.ru", 160),
    post!(
        "shed",
        "mending",
        "repair.en",
        149,
        "Too good to leave in one inbox: today’s long read is by Tamsin Okerlund.",
        "First published on [Tidemark]({{repair}}). Thank you for reading with us."
    ),
    post!("slow-ledger", "why-small-languages-survive", "languages.en", 120, original "languages"),
    post!("gazza", "ottilie-varnham-lingue-piccole", "languages.it", 93),
    post!("traverse", "petites-langues", "languages.fr", 68),
    post!("margini", "il-vicino-che-parla-per-primo", "prima.it", 44),
    post!("slow-ledger", "how-a-river-treaty-dies", "river.en", 70, original "river"),
    post!("courier", "lowmark-votes-to-let-convention-go", "vote.en", 65),
    post!("gazza", "trattato-obbedienza", "river.it", 46),
    post!("ultramarinos", "ottilie-varnham-el-tratado", "river.es", 40),
    post!("tidemark", "the-cable-at-the-end-of-the", "garden.en", 53, original "garden"),
    post!("tidemark", "eleven-ships-for-the-whole", "ships.en", 29, original "ships"),
    post!("gazza", "il-tombino-in-fondo-all-orto", "garden.it", 26),
];

/// What is held back, in the order of its release: a translation joins its story; a translation comes before its
/// original; an essay comes alone, then its translations. Then the one reposter who does not translate goes through what
/// he has missed, one by one ([`COPIES_FROM`]).
pub const QUEUE: &[Post] = &[
    post!("polka", "odinnadcat-korablej", "ships.ru", 0),
    post!("traverse", "memoire-en-vrac", "library.fr", 0),
    post!("slow-ledger", "what-the-library-kept", "library.en", 20, original "library"),
    post!("slow-ledger", "nine-sergeants-and-a-mule", "maps.en", 0, original "maps"),
    post!("gazza", "quanto-costa-una-carta-gratuita", "maps.it", 0),
    post!("polka", "devyat-serzhantov", "maps.ru", 0),
    post!(
        "shed",
        "sergeants",
        "maps.en",
        0,
        "Today’s long read is free, like the map it is about. The author is Ottilie Varnham.",
        "First published in [The Slow Ledger]({{maps}}). Thank you for reading with us."
    ),
    post!("shed", "ashore", "garden.en", 0, "Tamsin Okerlund again, since so many of you wrote to us.", ""),
    post!(
        "shed",
        "treaty",
        "river.en",
        0,
        "A river, a treaty and sixty years of good behaviour: today’s long read is by Ottilie Varnham.",
        "First published in [The Slow Ledger]({{river}}). Thank you for reading with us."
    ),
    post!("shed", "ships", "ships.en", 0, "The sequel that you asked for, by Tamsin Okerlund of Tidemark.", ""),
    post!(
        "shed",
        "kept",
        "library.en",
        0,
        "For whoever has ever emptied a house: today’s long read is by Ottilie Varnham.",
        "First published in [The Slow Ledger]({{library}}). Thank you for reading with us."
    ),
    post!("shed", "tongues", "languages.en", 0, "Ottilie Varnham of The Slow Ledger on the languages that stayed.", ""),
];

/// Where in [`QUEUE`] the copies begin.
pub const COPIES_FROM: usize = 6;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::demo::text::Text;

    #[test]
    fn every_post_has_a_site_a_title_and_an_author() {
        for post in POSTS.iter().chain(QUEUE) {
            let text = Text::read(post.file);
            assert!(SITES.iter().any(|site| site.id == post.site), "{}", post.slug);
            assert!(!text.title.is_empty() && !text.author.is_empty(), "{}", post.slug);
        }
    }

    #[test]
    fn addresses_are_unique() {
        let mut seen = HashSet::new();
        assert!(POSTS.iter().chain(QUEUE).all(|post| seen.insert((post.site, post.slug))));
    }

    #[test]
    fn essays_and_translations_are_long_enough_to_show_something() {
        let exempt = ["lowmark-votes-to-let-convention-go", "il-vicino-che-parla-per-primo"];
        for post in POSTS.iter().chain(QUEUE).filter(|post| !exempt.contains(&post.slug)) {
            let words = Text::read(post.file).body.split_whitespace().count();
            assert!((500..=850).contains(&words), "{}: {words} words", post.slug);
        }
    }

    #[test]
    fn every_link_names_an_original() {
        let names: HashSet<&str> = POSTS.iter().chain(QUEUE).filter_map(|post| post.name).collect();
        for post in POSTS.iter().chain(QUEUE) {
            for part in [post.file, post.above, post.below] {
                let linked = part.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
                linked.for_each(|name| assert!(names.contains(name), "{}: {{{{{name}}}}}", post.slug));
            }
        }
    }

    #[test]
    fn one_reposter_never_links() {
        let russian = POSTS.iter().chain(QUEUE).filter(|post| post.site == "polka");
        assert!(russian.clone().count() > 1);
        assert!(russian.into_iter().all(|post| !post.file.contains("{{") && !post.file.contains("://")));
    }
}
