//! The whole house on one page.
