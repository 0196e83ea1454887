//! Does the running server answer? For the container's HEALTHCHECK, which has no shell and no curl.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::{Common, Outcome, load_config};
use crate::config::reachable;

/// Longer than any answer takes, shorter than the container runtime's patience (30 s).
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks `/healthz` of the configured address; an address of all interfaces is asked over loopback.
pub fn run(common: &Common) -> Outcome {
    let address = reachable(load_config(common)?.server.bind);
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut status_line = vec![0; "HTTP/1.1 200".len()];
        stream.read_exact(&mut status_line)?;
        Ok(status_line)
    };
    let status_line = ask().with_context(|| format!("no answer from http://{address}/healthz"))?;
    let status_line = String::from_utf8_lossy(&status_line);
    ensure!(status_line.ends_with(" 200"), "http://{address}/healthz answered {status_line}");
    Ok(0)
}
