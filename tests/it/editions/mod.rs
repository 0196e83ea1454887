//! Does an edition show each work once, in the right version, and stand still while nothing a reader sees moves?

mod compose;
pub mod readback;
mod render;
