//! A verdict as a table for people.
