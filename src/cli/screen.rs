//! Where does a command print when nobody stands between? On stdout; how far it is, as a bar on stderr.

use std::io::{self, Stdout, Write};

use indicatif::{ProgressBar, ProgressStyle};

use crate::daemon::control::{Progress, Screen};

/// Stdout, with a bar on stderr where that is a terminal.
pub struct Terminal {
    out: Stdout,
    bar: Option<ProgressBar>,
}

impl Terminal {
    /// This process's own.
    pub fn new() -> Self {
        Self { out: io::stdout(), bar: None }
    }
}

impl Write for Terminal {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let Self { out, bar } = self;
        match bar {
            // The bar steps aside, so that a line is not written into it.
            Some(bar) => bar.suspend(|| out.write(text)),
            None => out.write(text),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Screen for Terminal {
    fn progress(&mut self, Progress { done, of, what }: Progress) {
        let bar = self.bar.get_or_insert_with(|| {
            // Hidden where stderr is no terminal.
            let bar = ProgressBar::new(of);
            match ProgressStyle::with_template("{bar:30} {pos} of {len} {msg}") {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        bar.set_length(of);
        bar.set_position(done);
        bar.set_message(what);
        if done >= of {
            bar.finish_and_clear();
            self.bar = None;
        }
    }
}
