//! What does the page of an article say?

use crate::model::{Document, Page};

/// Full texts of pages are not read yet: the entry stands with what its feed gave.
///
/// # Errors
/// Always.
pub fn read(document: &Document) -> Result<Page, String> {
    Err(format!("pages such as {} are not read yet", document.url))
}
