//! What a browser is shown: views -> HTML.
