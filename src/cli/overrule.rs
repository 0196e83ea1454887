//! `same A B` and `different A B`: the person's own judgement, which wins over all evidence.

use std::io::Write;

use anyhow::{Context, bail};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};
use url::Url;

use super::add::write_checked;
use super::house::print;
use super::{Common, Outcome};

/// Adds an `[[override]]` to feeds.toml, its comments and order kept; a running daemon takes it over.
pub fn run(common: &Common, same: bool, urls: &[Url], out: &mut dyn Write) -> Outcome {
    let file = &common.config;
    let before = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    let edited = insert(&before, same, urls)?;
    write_checked(file, &before, &edited)?;
    let word = if same { "the same work" } else { "different works" };
    print(out, format_args!("{}: {} are {word}", file.display(), names(urls)))?;
    Ok(0)
}

fn names(urls: &[Url]) -> String {
    urls.iter().map(Url::as_str).collect::<Vec<_>>().join(" and ")
}

/// The text with one more `[[override]]` at its end.
fn insert(text: &str, same: bool, urls: &[Url]) -> anyhow::Result<String> {
    if let Some(odd) = urls.iter().find(|url| !matches!(url.scheme(), "http" | "https")) {
        bail!("{odd} is not the address of an entry: write its http or https address");
    }
    let mut document: DocumentMut = text.parse().context("feeds.toml is not TOML; see `tributary check`")?;
    let overrides = document.entry("override").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(overrides) = overrides.as_array_of_tables_mut() else {
        bail!("`override` is not written as [[override]] blocks, so none can be added");
    };
    let mut table = Table::new();
    let addresses: Array = urls.iter().map(Url::as_str).collect();
    table[if same { "same" } else { "different" }] = value(addresses);
    table.decor_mut().set_prefix("\n");
    overrides.push(table);
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_added_and_comments_stay() {
        let url = |path: &str| Url::parse(&format!("https://a.example/{path}")).unwrap();
        let before = "# Mine.\n[[edition]]\nid = \"main\" # the first\n";
        let once = insert(before, true, &[url("1"), url("2")]).unwrap();
        let block = "\n[[override]]\nsame = [\"https://a.example/1\", \"https://a.example/2\"]\n";
        assert_eq!(once, format!("{before}{block}"));
        let twice = insert(&once, false, &[url("3"), url("4")]).unwrap();
        assert!(twice.starts_with(&once) && twice.contains("different = [\"https://a.example/3\""), "{twice}");
        assert!(insert(before, true, &[Url::parse("urn:uuid:x").unwrap(), url("1")]).is_err());
    }
}
