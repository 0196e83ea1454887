//! The bundled sources, played by a loopback origin.
