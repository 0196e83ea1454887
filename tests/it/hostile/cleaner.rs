//! Does anything of a stranger's HTML run, load, cover or report in a reader's browser?

use tributary::markup::html;

use super::Expected::{Is, Lacks, Says};
use super::{Expected, Row, rows};
use crate::harmless::assert_harmless;

fn clean(given: &str) -> String {
    let base = url::Url::parse("https://example.org/blog/post").unwrap();
    let clean = html::clean(given, &base);
    assert_harmless(&clean);
    assert_harmless(&html::clean(&clean, &base));
    clean
}

/// Text that has to come out exactly.
const EXACT: &[(&str, &str, &str)] = &[
    ("script", "a<script>alert(1)</script>b", "ab"),
    ("script in capitals", "a<SCRIPT SRC=//x.example/x.js></SCRIPT>b", "ab"),
    ("script with a slash", "a<script/x>alert(1)</script>b", "ab"),
    ("script never closed", "a<script>alert(1)", "aalert(1)"),
    ("script within script", "a<scr<script>ipt>alert(1)</script>b", "aipt&gt;alert(1)b"),
    ("handler", "<b onclick=alert(1)>a</b>", "<b>a</b>"),
    ("handler in capitals", "<b ONMOUSEOVER=alert(1)>a</b>", "<b>a</b>"),
    ("handler after a slash", "<b/onclick=alert(1)>a</b>", "<b>a</b>"),
    ("handler on an image", "<img src=x.png onerror=alert(1)>", "<img src=\"https://example.org/blog/x.png\">"),
    ("link to a script", "<a href=\"javascript:alert(1)\">a</a>", "<a>a</a>"),
    ("link to a script in capitals", "<a href=\"JaVaScRiPt:alert(1)\">a</a>", "<a>a</a>"),
    ("link to a script, a newline within", "<a href=\"java\nscript:alert(1)\">a</a>", "<a>a</a>"),
    ("link to a script, a tab within", "<a href=\"java&#9;script:alert(1)\">a</a>", "<a>a</a>"),
    ("link to a script, a return within", "<a href=\"java&#13;script:alert(1)\">a</a>", "<a>a</a>"),
    ("link to a script, control character in front", "<a href=\"&#1;javascript:alert(1)\">a</a>", "<a>a</a>"),
    ("link to a script, blanks in front", "<a href=\"  javascript:alert(1)\">a</a>", "<a>a</a>"),
    ("link to a script, as references", "<a href=\"&#106;&#97;vascript&colon;alert(1)\">a</a>", "<a>a</a>"),
    ("link to a script, as long references", "<a href=\"&#x000006A;avascript:alert(1)\">a</a>", "<a>a</a>"),
    ("link to a script without quotes", "<a href=javascript:alert(1)>a</a>", "<a>a</a>"),
    (
        "link to a script in back quotes",
        "<a href=`javascript:alert(1)`>a</a>",
        "<a href=\"https://example.org/blog/%60javascript:alert(1)%60\">a</a>",
    ),
    ("link to vbscript", "<a href=\"vbscript:x\">a</a>", "<a>a</a>"),
    ("link to data", "<a href=\"data:text/html,<script>x</script>\">a</a>", "<a>a</a>"),
    ("link to data in base64", "<a href=\"data:text/html;base64,PHNjcmlwdD4=\">a</a>", "<a>a</a>"),
    ("link to a file", "<a href=\"file:///etc/passwd\">a</a>", "<a>a</a>"),
    ("link to a telephone", "<a href=\"tel:+1\">a</a>", "<a>a</a>"),
    ("link to a blob", "<a href=\"blob:https://x.example/1\">a</a>", "<a>a</a>"),
    ("image of data", "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\" alt=a>", "<img alt=\"a\">"),
    ("citation of a script", "<blockquote cite=\"javascript:alert(1)\">a</blockquote>", "<blockquote>a</blockquote>"),
    ("svg", "a<svg onload=alert(1)><a xlink:href=javascript:x>t</a></svg>b", "ab"),
    ("svg with a foreign object", "a<svg><foreignObject><script>x</script></foreignObject></svg>b", "ab"),
    ("math", "a<math><maction xlink:href=javascript:x>t</maction></math>b", "ab"),
    ("iframe", "a<iframe src=javascript:alert(1)></iframe>b", "ab"),
    ("iframe with a document", "a<iframe srcdoc=\"<script>x</script>\"></iframe>b", "ab"),
    ("object", "a<object data=x.swf></object>b", "ab"),
    ("embed", "a<embed src=x.swf>b", "ab"),
    ("form", "a<form action=//x.example><input name=p><button>Log in</button></form>b", "ab"),
    ("refresh", "a<meta http-equiv=refresh content=\"0;url=//x.example\">b", "ab"),
    ("base", "a<base href=//x.example><a href=y>c</a>", "a<a href=\"https://example.org/blog/y\">c</a>"),
    ("stylesheet", "a<link rel=stylesheet href=//x.example/x.css>b", "ab"),
    ("style element", "a<style>@import url(//x.example)</style>b", "ab"),
    ("style attribute", "<p style=\"background:url(//x.example)\">a</p>", "<p>a</p>"),
    ("overlay", "<div style=\"position:fixed;inset:0;z-index:9\">a</div>", "<div>a</div>"),
    ("class of ours", "<p class=alert id=main>a</p>", "<p>a</p>"),
    ("tracking pixel", "a<img src=//t.example/x.gif width=1 height=1>", "a"),
    ("tracking pixel with units", "a<img src=//t.example/x.gif width=1px height=1px>", "a"),
    ("tracking pixel of no size", "a<img src=//t.example/x.gif width=0 height=0>", "a"),
    ("tracking pixel by style", "a<img src=//t.example/x.gif style=\"width:1px;height:1px\">", "a"),
    ("hidden image", "a<img src=//t.example/x.gif style=\"display: none\">", "a"),
    ("comment", "a<!-- <script>x</script> -->b", "ab"),
    ("conditional comment", "a<!--[if IE]><script>x</script><![endif]-->b", "ab"),
    ("template", "a<template><script>x</script></template>b", "ab"),
];

/// Payloads that parsers disagree on, of which some words may stay: nothing that runs does.
const MUTATIONS: &[(&str, &str)] = &[
    ("noscript with a title", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>"),
    (
        "math, mglyph and style",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    ),
    ("svg, style and a title", "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">"),
    ("form within form", "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>"),
    ("title that ends early", "<svg><title><style><img src=x onerror=alert(1)></style></title></svg>"),
    ("xmp", "<xmp><p title=\"</xmp><svg/onload=alert(1)>\"></xmp>"),
    ("textarea", "<textarea></textarea><script>alert(1)</script>"),
    ("noembed", "<noembed><img title=\"</noembed><img src onerror=alert(1)>\"></noembed>"),
    ("CDATA", "<![CDATA[><script>alert(1)</script>]]>"),
    ("processing instruction", "<?xml-stylesheet href=\"javascript:alert(1)\"?><b>a</b>"),
    ("quote that never ends", "<a href=\"javascript:alert(1)><b onclick=x>a</b>"),
    ("NUL within a tag", "<scr\0ipt>alert(1)</scr\0ipt>"),
    ("attribute of slashes", "<img/src=`x`/onerror=alert(1)>"),
    (
        "select",
        "<select><template><style><!--</style><a rel=\"--></style></template></select><img id=x src onerror=alert(1)>\">",
    ),
    ("depth of 100,000", "DEEP"),
];

pub fn table() -> Vec<Row> {
    let exact = EXACT.iter().map(|(attack, given, clean)| (*attack, *given, Is((*clean).into())));
    let mutations = MUTATIONS.iter().map(|(attack, given)| {
        let given = if *given == "DEEP" { "<div>".repeat(100_000) + "<script>" } else { (*given).to_owned() };
        (*attack, given, Lacks("<script"))
    });
    let rest: [(&str, &str, Expected); 2] = [
        ("words around what goes", "<p>kept</p><script>x</script><p>too</p>", Says("<p>too</p>")),
        (
            "escaped markup stays escaped",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            Is("&lt;script&gt;alert(1)&lt;/script&gt;".into()),
        ),
    ];
    let mut table = rows("cleaner", clean, exact);
    table.extend(rows("cleaner", clean, mutations));
    table.extend(rows("cleaner", clean, rest));
    table
}
