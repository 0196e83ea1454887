//! The whole house on one page.

pub mod poll;
