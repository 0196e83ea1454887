//! When do two addresses name one thing, although they are written differently?

use url::Url;

/// Parameters that carry no content: campaigns, referrers, transformations of images.
fn is_noise(name: &str) -> bool {
    name.starts_with("utm_")
        || name.starts_with("mc_")
        || matches!(
            name,
            "fbclid"
                | "gclid"
                | "ref"
                | "ref_src"
                | "source"
                | "share"
                | "s"
                | "amp"
                | "r"
                | "triedredirect"
                | "isfreemail"
                | "publication_id"
                | "post_id"
                | "token"
                | "igshid"
                | "feature"
                | "si"
                | "noredirect"
                | "showwelcomeonshare"
        )
}

/// Host without `www.` and path without its final slash, plus what parameters name content.
pub fn comparable(address: &str) -> Option<String> {
    let url = Url::parse(address.trim()).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
    let host = url.host_str()?.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/amp").unwrap_or(path);
    let mut out = match url.port() {
        Some(port) => format!("{host}:{port}{path}"),
        None => format!("{host}{path}"),
    };
    let mut parameters: Vec<(String, String)> = url
        .query_pairs()
        .map(|(k, v)| (k.to_ascii_lowercase(), v.into_owned()))
        .filter(|(k, _)| !is_noise(k))
        .collect();
    parameters.sort();
    for (i, (k, v)) in parameters.iter().enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        out.push_str(&format!("{k}={v}"));
    }
    Some(out)
}

/// What a host calls its site: `korybko` of `korybko.substack.com`, `example` of `www.example.co.uk`.
pub fn name_of_host(host: &str) -> &str {
    const PLATFORMS: [&str; 9] =
        ["substack", "wordpress", "blogspot", "medium", "ghost", "tumblr", "livejournal", "altervista", "github"];
    let labels: Vec<&str> = host.split('.').collect();
    let before_the_last = labels.iter().rev().skip(1).rev();
    before_the_last.filter(|label| !PLATFORMS.contains(label)).max_by_key(|label| label.len()).copied().unwrap_or(host)
}

/// Whether the address names a page of its own, not a site's front page or a button for sharing.
pub fn is_page(comparable: &str) -> bool {
    let Some((host, path)) = comparable.split_once('/') else { return false };
    let shares = [
        "facebook.com",
        "twitter.com",
        "x.com",
        "t.me",
        "wa.me",
        "api.whatsapp.com",
        "linkedin.com",
        "pinterest.com",
        "reddit.com",
        "vk.com",
    ];
    let is_share = shares.contains(&host)
        && (path.contains("share") || path.contains("intent") || path.contains("url=") || path.contains("submit"));
    !is_share && !path.is_empty()
}

/// An image's address with the transformations of its CDN undone: the original's path, sizes cut off.
pub fn image(address: &str) -> Option<String> {
    // Substack and Cloudinary carry the original's address, escaped, as the last part of the path.
    let unescaped = percent_decoded(address);
    let inner = unescaped.rfind("https://").or_else(|| unescaped.rfind("http://")).unwrap_or(0);
    let url = Url::parse(&unescaped[inner..]).ok()?;
    let host = url.host_str()?.to_ascii_lowercase();
    let mut path = url.path().to_owned();
    let mut host = host.trim_start_matches("www.").to_owned();
    // Jetpack: i0.wp.com/host/path
    if host.ends_with(".wp.com") && host.starts_with('i') && host.len() == 9 {
        let rest = path.trim_start_matches('/').to_owned();
        let (inner_host, inner_path) = rest.split_once('/')?;
        host = inner_host.trim_start_matches("www.").to_owned();
        path = format!("/{inner_path}");
    }
    let parts: Vec<&str> = path.split('/').collect();
    let last = parts.len() - 1;
    let makes = |n: usize, part: &str| n < last && is_transformation(part, parts.get(n.wrapping_sub(1)));
    let named = parts.iter().enumerate().filter(|(n, part)| !makes(*n, part));
    let path = named.map(|(_, part)| *part).collect::<Vec<_>>().join("/");
    let (stem, ending) = path.rsplit_once('.').unwrap_or((&path, ""));
    Some(format!("{host}{}.{}", without_size(stem), ending.to_ascii_lowercase()))
}

/// Whether a part of a path says how an image is made, not which: Ghost's `size/w600`, Blogger's `s1600`, Medium's
/// `resize:fit:1400`, Cloudinary's `w_600,c_fill` after `upload`.
fn is_transformation(part: &str, before: Option<&&str>) -> bool {
    let number = |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let after =
        |prefix: char| part.strip_prefix(prefix).is_some_and(|rest| number(rest.split('-').next().unwrap_or("")));
    let settings = part.split(',').all(|setting| setting.split_once('_').is_some_and(|(key, _)| key.len() <= 2));
    match before {
        Some(&"size") => after('w') || after('h'),
        Some(&"upload") if settings => true,
        _ => part == "size" || part.starts_with("resize:") || part.len() >= 3 && after('s'),
    }
}

/// `photo-1024x768`, `photo-scaled`, `photo_1456x816`: the size is not part of the name.
fn without_size(stem: &str) -> &str {
    let stem = stem.strip_suffix("-scaled").unwrap_or(stem);
    let Some(at) = stem.rfind(['-', '_']) else { return stem };
    let size = &stem[at + 1..];
    let is_size = size
        .split_once('x')
        .is_some_and(|(w, h)| !w.is_empty() && !h.is_empty() && w.bytes().chain(h.bytes()).all(|b| b.is_ascii_digit()));
    if is_size { &stem[..at] } else { stem }
}

fn percent_decoded(s: &str) -> String {
    let bytes = s.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex =
            (bytes[i] == b'%').then(|| s.get(i + 1..i + 3)).flatten().and_then(|h| u8::from_str_radix(h, 16).ok());
        match hex {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_name_one_page_compare_equal() {
        let check = |given: &str, expected: Option<&str>| assert_eq!(comparable(given).as_deref(), expected, "{given}");
        check("https://www.a.example/p/x/?utm_source=feed#top", Some("a.example/p/x"));
        check("http://a.example/p/x", Some("a.example/p/x"));
        check("https://a.example/?p=12", Some("a.example?p=12"));
        check("mailto:a@b.example", None);
        assert!(!is_page("a.example"));
        assert!(!is_page("twitter.com/intent/tweet?url=x"));
        assert!(is_page("a.example/p/x"));
    }

    #[test]
    fn a_site_is_called_what_its_host_is() {
        let check = |host: &str, expected: &str| assert_eq!(name_of_host(host), expected, "{host}");
        check("korybko.substack.com", "korybko");
        check("www.example.co.uk", "example");
        check("localhost", "localhost");
    }

    #[test]
    fn transformations_of_image_hosts_are_undone() {
        let check = |a: &str, b: &str| assert_eq!(image(a), image(b), "{a}");
        let plain = "https://substack-post-media.s3.amazonaws.com/public/images/abc_1456x816.jpeg";
        check(
            "https://substackcdn.com/image/fetch/w_1456,c_limit/https%3A%2F%2Fsubstack-post-media.s3.amazonaws.com%2Fpublic%2Fimages%2Fabc_1456x816.jpeg",
            plain,
        );
        check("https://i0.wp.com/www.a.example/up/photo-1024x768.JPG?resize=3", "https://a.example/up/photo.jpg");
        check("https://a.example/up/photo-scaled.jpg", "https://a.example/up/photo.jpg");
    }
}
