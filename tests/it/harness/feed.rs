//! What does a small valid feed look like?

/// An item of a feed: its guid is its slug, its page is at `/SLUG`.
pub struct Item<'a> {
    /// Names it.
    pub slug: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its text, as HTML.
    pub html: &'a str,
}

/// RSS 2.0 with full texts, its links below `base`.
pub fn rss(title: &str, base: &str, items: &[Item<'_>]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\n\
         <channel><title>{title}</title><link>{base}/</link><description>d</description><language>en</language>\n"
    );
    for (number, Item { slug, title, html }) in items.iter().enumerate() {
        // One day apart, the first the newest.
        let day = 28 - number;
        out.push_str(&format!(
            "<item><title>{title}</title><link>{base}/{slug}</link><guid isPermaLink=\"false\">{slug}</guid>\
             <pubDate>{day} Oct 2025 10:00:00 GMT</pubDate><content:encoded><![CDATA[{html}]]></content:encoded></item>\n"
        ));
    }
    out.push_str("</channel></rss>\n");
    out
}

/// Three items on three subjects, too different to be taken for one another.
pub const ITEMS: &[Item<'static>] = &[
    Item {
        slug: "kiln",
        title: "How a Brick Kiln Is Emptied",
        html: "<p>The kiln at Oldmere is opened on a Friday, when the bricks have cooled for six days. Two men take out the \
               wicket, course by course, and stack it to one side, since the same bricks will close it again next week.</p>\
               <p>What comes out first is never sold. The outer rows have had the draught, and ring like cracked bells.</p>",
    },
    Item {
        slug: "chess",
        title: "A Chess Club With One Board",
        html: "<p>For eleven winters the chess club of the railway workshop owned a single board, and nineteen members. They \
               played by post from one bench to the next, with a shunter carrying the moves on the backs of waybills.</p>\
               <p>The longest game lasted from October to March and was lost by a man who had been dead for a week.</p>",
    },
    Item {
        slug: "tide",
        title: "Reading a Tide Table",
        html: "<p>A tide table tells you when the water turns, not when it will be deep enough for your boat. Between the two \
               lies the rule of twelfths, which every pupil learns and no estuary obeys.</p><p>Add an hour for the bar, and \
               another if the wind has been in the west since yesterday.</p>",
    },
];
