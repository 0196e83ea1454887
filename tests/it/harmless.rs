//! Is there anything in this text that may do harm in the browser of who reads it?

/// Asserts that no tag, attribute or scheme is in a text that never may be in one that is handed on.
pub fn assert_harmless(clean: &str) {
    const TAGS: [&str; 14] = [
        "script", "style", "iframe", "frame", "svg", "math", "form", "object", "embed", "input", "meta", "base",
        "link", "template",
    ];
    let dom = dom_query::Document::fragment(clean);
    for element in dom.root().descendants_it() {
        let Some(element) = element.element_ref() else { continue };
        let tag: &str = &element.name.local;
        assert!(!TAGS.contains(&tag), "<{tag}> in {clean:?}");
        for attribute in &element.attrs {
            let (name, value): (&str, &str) = (&attribute.name.local, &attribute.value);
            assert!(!name.starts_with("on") && name != "style", "{name} in {clean:?}");
            if matches!(name, "href" | "src" | "cite" | "poster") {
                let value: String = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
                let value = value.to_ascii_lowercase();
                let hostile = ["javascript:", "data:", "vbscript:"].iter().any(|scheme| value.starts_with(scheme));
                assert!(!hostile, "{value} in {clean:?}");
            }
        }
    }
}
