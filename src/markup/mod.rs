//! What is safe to do with a stranger's HTML? `tidy` bounds what a tree builder is handed, `html` cleans it, `text`
//! reads it as plain text, `language` finds out in which language.
//!
//! A room on the ground: pages (`parse`) and the texts of feeds (`normalise`) go through the same caps.

pub mod html;
pub mod language;
mod straight;
mod tag;
pub mod text;
pub mod tidy;
