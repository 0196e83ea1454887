//! What is safe to do with a stranger's HTML? `tidy` bounds what a tree builder is handed, `html` cleans it, `text`
//! reads it as plain text.
//!
//! A room on the ground: pages (`parse`) and the texts of feeds (`normalise`) go through the same caps.

pub mod html;
mod straight;
mod tag;
pub mod text;
pub mod tidy;
