//! RawEntry -> Entry: clean text, canonical links, language, dates, identity.
