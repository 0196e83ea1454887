//! What do all black-box tests stand on? A scriptable origin on the loopback interface.
#![expect(dead_code, reason = "each test takes what it needs of the harness")]

pub mod origin;
