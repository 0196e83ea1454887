//! How do the other subcommands work while a daemon holds the store? Over a Unix socket of mode 0600 in the store's
//! folder: the arguments go in, what the subcommand prints comes out.
//!
//! One connection is one command: a JSON array of arguments on a line, then JSON objects, one a line:
//! `{"out": text}` as it is printed, `{"progress": …}` for the bar of a terminal, and `{"exit": code}` or
//! `{"failed": why}` at the end.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

/// Name of the socket in the store's folder.
const SOCKET: &str = "control.sock";
/// Largest line of arguments: longer than any command line that a shell lets through is of no use.
const MAX_REQUEST_BYTES: u64 = 2 << 20;
/// Commands at once: people type them.
const MAX_CONNECTIONS: usize = 16;

/// How far a command is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub done: u64,
    /// Steps in all; when all are done, the bar goes.
    pub of: u64,
    /// What is done now.
    pub what: String,
}

/// Where a command prints: its results, and how far it is.
pub trait Screen: Write + Send {
    /// Shows how far the command is, where somebody looks.
    fn progress(&mut self, progress: Progress);
}

/// What runs a command: `(arguments, where its output goes) -> exit code`, or the sentence it failed with.
pub type Handler = Arc<dyn Fn(&[String], &mut dyn Screen) -> Result<u8, String> + Send + Sync>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Frame {
    Out(String),
    Progress(Progress),
    Failed(String),
    Exit(u8),
}

/// The listening socket; its file goes when this is dropped.
pub struct Control {
    path: PathBuf,
}

impl Control {
    /// Listens in this folder, whose store the caller holds, so that a socket found there is a dead one.
    pub fn listen(folder: &Path, handler: Handler) -> io::Result<Self> {
        let path = folder.join(SOCKET);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let listener = with_short_path(&path, |short| UnixListener::bind(short))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        let open = Arc::new(AtomicUsize::new(0));
        std::thread::Builder::new().name("control".into()).spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if open.fetch_add(1, Ordering::SeqCst) >= MAX_CONNECTIONS {
                    open.fetch_sub(1, Ordering::SeqCst);
                    continue;
                }
                let (handler, closed) = (Arc::clone(&handler), Arc::clone(&open));
                let spawned = std::thread::Builder::new().name("command".into()).spawn(move || {
                    if let Err(error) = answer(stream, &handler) {
                        tracing::debug!(%error, "a command's client went away");
                    }
                    closed.fetch_sub(1, Ordering::SeqCst);
                });
                if spawned.is_err() {
                    open.fetch_sub(1, Ordering::SeqCst);
                }
            }
        })?;
        Ok(Self { path })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // A leftover file does no harm: nobody answers there.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn answer(stream: UnixStream, handler: &Handler) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new((&stream).take(MAX_REQUEST_BYTES)).read_line(&mut line)?;
    let arguments: Vec<String> = serde_json::from_str(&line)?;
    let ended = handler(&arguments, &mut Framed { stream: &stream });
    send(&stream, &ended.map_or_else(Frame::Failed, Frame::Exit))
}

fn send(mut stream: &UnixStream, frame: &Frame) -> io::Result<()> {
    let mut line = serde_json::to_vec(frame)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Writes what a command prints as frames.
struct Framed<'a> {
    stream: &'a UnixStream,
}

impl Write for Framed<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        // `write!` may cut a text anywhere, a character too: only whole ones are sent.
        let whole = match std::str::from_utf8(buf) {
            Ok(text) => text,
            Err(e) if e.valid_up_to() > 0 => std::str::from_utf8(&buf[..e.valid_up_to()]).unwrap_or_default(),
            Err(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "output is not UTF-8")),
        };
        send(self.stream, &Frame::Out(whole.to_owned()))?;
        Ok(whole.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen for Framed<'_> {
    fn progress(&mut self, progress: Progress) {
        // A client that went away is found out by what is printed next.
        let _ = send(self.stream, &Frame::Progress(progress));
    }
}

/// Asks the daemon that holds the store in this folder to run a command, and prints what it prints.
///
/// `None` where nobody listens there.
pub fn ask(folder: &Path, arguments: &[String], out: &mut dyn Screen) -> Option<io::Result<Result<u8, String>>> {
    let stream = with_short_path(&folder.join(SOCKET), |short| UnixStream::connect(short)).ok()?;
    Some(converse(stream, arguments, out))
}

fn converse(stream: UnixStream, arguments: &[String], out: &mut dyn Screen) -> io::Result<Result<u8, String>> {
    let mut line = serde_json::to_vec(arguments)?;
    line.push(b'\n');
    (&stream).write_all(&line)?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            Frame::Out(text) => {
                out.write_all(text.as_bytes())?;
                out.flush()?;
            }
            Frame::Progress(progress) => out.progress(progress),
            Frame::Exit(code) => return Ok(Ok(code)),
            Frame::Failed(why) => return Ok(Err(why)),
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the daemon ended before the command did"))
}

/// The address of a Unix socket holds 107 bytes (`sun_path`, unix(7)): a longer path is named through its folder's
/// descriptor.
fn with_short_path<T>(path: &Path, f: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    use std::os::fd::AsRawFd;
    if path.as_os_str().len() <= 107 {
        return f(path);
    }
    let folder = std::fs::File::open(path.parent().unwrap_or(Path::new("/")))?;
    f(&PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd())))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Screen for Vec<u8> {
        fn progress(&mut self, progress: Progress) {
            self.extend(format!("[{} of {} {}]", progress.done, progress.of, progress.what).into_bytes());
        }
    }

    #[test]
    fn a_command_runs_where_the_store_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(120));
        std::fs::create_dir(&long).unwrap();
        for folder in [folder.path(), &long] {
            let mut out = Vec::new();
            assert!(ask(folder, &[], &mut out).is_none());
            let handler: Handler = Arc::new(|arguments, out| {
                out.progress(Progress { done: 1, of: 2, what: "one".to_owned() });
                write!(out, "{} è\n{}", arguments.join("+"), "x".repeat(100_000)).unwrap();
                Ok(7)
            });
            let control = Control::listen(folder, handler).unwrap();
            let code = ask(folder, &["stories".into(), "--json".into()], &mut out).unwrap().unwrap();
            assert_eq!(code, Ok(7));
            assert!(String::from_utf8(out).unwrap().starts_with("[1 of 2 one]stories+--json è\nxxx"));
            let mode = std::fs::metadata(folder.join(SOCKET)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            drop(control);
            assert!(!folder.join(SOCKET).exists());
        }
    }
}
