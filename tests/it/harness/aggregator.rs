//! How does the program behave to the person who runs it? The binary itself, a temporary folder, a free port.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

use super::http::{self, Response};

/// How long a command may take in a debug build on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(240);

/// A configuration, a store and a port of its own.
pub struct Aggregator {
    folder: TempDir,
    /// The port that `run` listens at.
    pub port: u16,
}

/// What a command printed and ended with.
#[derive(Debug)]
pub struct Output {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// The last line of standard output: the summary.
    pub fn last_line(&self) -> &str {
        self.stdout.lines().next_back().unwrap_or("")
    }
}

/// A story as `stories --json` prints it; unknown keys are allowed, missing ones are not.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Story {
    /// Published id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Id of the entry that is its original.
    pub original: Option<String>,
    /// Its members.
    pub members: Vec<Member>,
}

/// A member as `stories --json` prints it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Member {
    /// Entry id.
    pub id: String,
    /// Source id.
    pub source: String,
    /// Its page.
    pub link: Option<String>,
    /// Title.
    pub title: String,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// `original`, `translation`, `repost` or `single`.
    pub role: String,
    /// RFC 3339.
    pub published: Option<String>,
}

impl Member {
    /// The last part of its address, without its ending.
    pub fn slug(&self) -> &str {
        let link = self.link.as_deref().unwrap_or("").trim_end_matches('/').trim_end_matches(".html");
        link.rsplit('/').next().unwrap_or("")
    }
}

/// An aggregator that reads these sources (tables of `feeds.toml`), in an edition `main` of any language.
pub fn spawn_aggregator(sources: &str) -> Aggregator {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let aggregator = Aggregator { folder, port: free_port() };
    aggregator.configure(sources);
    aggregator
}

/// A port that stays free until the program listens there: the system lends those from 32768 on to connections, of which
/// other tests open many.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id() * 97;
    let ports = (0..10_000).map(|_| 20_000 + (begin + NEXT.fetch_add(1, Ordering::SeqCst)) % 10_000);
    let mut ports = ports.filter_map(|port| u16::try_from(port).ok());
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

/// The table of one source.
pub fn source(id: &str, url: &str, role: &str) -> String {
    format!("[[source]]\nid = {id:?}\nurl = {url:?}\nrole = {role:?}\n\n")
}

impl Aggregator {
    /// Writes a new configuration with these sources, the store and the port staying as they are.
    pub fn configure(&self, sources: &str) {
        self.write_config(&format!(
            "[server]\nbind = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n[store]\npath = \"data\"\n\
             [polling]\nschedule = \"0 0 3 1 1 *\"\nallow_private_networks = true\n\
             [[edition]]\nid = \"main\"\ntitle = \"Test\"\nlanguages = [\"*\"]\n\n{sources}",
            port = self.port
        ));
    }

    /// Writes a whole configuration.
    pub fn write_config(&self, config: &str) {
        fs::write(self.config(), config).expect("written");
    }

    /// `feeds.toml`.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("feeds.toml")
    }

    /// The folder of the store.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs a subcommand to its end.
    pub fn tributary(&self, arguments: &[&str]) -> Output {
        self.tributary_with(arguments, &[])
    }

    /// The same with variables in its environment.
    pub fn tributary_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut child = self.spawn_with(arguments, variables);
        let (stdout, stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (out, err) = (read_aside(stdout), read_aside(stderr));
        let mut waited = Duration::ZERO;
        let code = loop {
            match child.try_wait().expect("a child") {
                Some(status) => break status.code().unwrap_or(-1),
                None if waited > PATIENCE => {
                    child.kill().expect("killed");
                    panic!("`tributary {}` did not end in {PATIENCE:?}", arguments.join(" "));
                }
                None => thread::sleep(Duration::from_millis(20)),
            }
            waited += Duration::from_millis(20);
        };
        Output { code, stdout: out.join().expect("read"), stderr: err.join().expect("read") }
    }

    /// `poll`.
    pub fn poll(&self) -> Output {
        self.tributary(&["poll"])
    }

    /// `stories --json`, parsed.
    pub fn stories(&self) -> Vec<Story> {
        let output = self.tributary(&["stories", "--json"]);
        assert_eq!(output.code, 0, "{output:?}");
        serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", output.stdout))
    }

    /// Starts the daemon, and waits until it says that the edition is served.
    pub fn run(&self) -> Running {
        let mut child = self.spawn(&["run"]);
        let (stdout, stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let log = read_aside(stderr);
        let (told, tells) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody listens any more once the test has seen the first line.
                drop(told.send(line));
            }
        });
        match tells.recv_timeout(PATIENCE) {
            Ok(summary) => Running { child, port: self.port, summary, log: Some(log) },
            Err(_) => {
                child.kill().expect("killed");
                panic!("`tributary run` served nothing: {}", log.join().expect("read"));
            }
        }
    }

    /// Starts a subcommand and does not wait for it: it can be killed at any moment.
    pub fn begin(&self, arguments: &[&str]) -> Running {
        self.begin_with(arguments, &[])
    }

    /// The same with variables in its environment.
    pub fn begin_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut child = self.spawn_with(arguments, variables);
        drop(child.stdout.take().map(read_aside));
        let log = child.stderr.take().map(read_aside);
        Running { child, port: self.port, summary: String::new(), log }
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        self.spawn_with(arguments, &[])
    }

    fn spawn_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_tributary"))
            .args(arguments)
            .arg("--config")
            .arg(self.config())
            .current_dir(self.folder.path())
            .env_remove("TRIBUTARY_CONFIG")
            .env_remove("TRIBUTARY_BIND")
            .env_remove("TRIBUTARY_PUBLIC_URL")
            .env_remove("TRIBUTARY_STORE")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    }
}

/// The daemon, until the value ends.
pub struct Running {
    child: Child,
    port: u16,
    /// Its first line.
    pub summary: String,
    /// What it writes to standard error.
    log: Option<thread::JoinHandle<String>>,
}

impl Running {
    /// Asks it.
    pub fn get(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        http::ask("GET", self.port, target, headers).expect("an answer")
    }

    /// Asks it with another method.
    pub fn ask(&self, method: &str, target: &str) -> Response {
        http::ask(method, self.port, target, &[]).expect("an answer")
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill(1)").success());
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child")
    }

    /// Asks it, whether it answers or not.
    pub fn try_get(&self, target: &str) -> Option<Response> {
        http::ask("GET", self.port, target, &[])
    }

    /// Sends SIGTERM, and gives the exit code.
    pub fn terminate(mut self) -> i32 {
        self.signal("TERM");
        self.child.wait().expect("a child").code().unwrap_or(-1)
    }

    /// Sends SIGTERM, and gives what it had written to standard error.
    pub fn log(mut self) -> String {
        self.signal("TERM");
        self.child.wait().expect("a child");
        self.log.take().map(|log| log.join().expect("read")).unwrap_or_default()
    }

    /// Sends SIGKILL: what a crash or a power cut is to the program.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("a child");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn read_aside(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut text = String::new();
        match stream.read_to_end(&mut bytes) {
            Ok(_) => text.push_str(&String::from_utf8_lossy(&bytes)),
            Err(e) => write!(text, "unreadable: {e}").expect("a string"),
        }
        text
    })
}
