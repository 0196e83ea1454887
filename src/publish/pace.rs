//! Does the reader take its answer fast enough to be waited for?

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// A stream that ends when its peer takes less than a minimum of bytes in a window of time. Time counts only while
/// something waits to be written: a reader that is fast never meets a timer.
pub(super) struct Paced {
    stream: TcpStream,
    window: Duration,
    bytes_min: u64,
    /// The window under way, and what was written in it.
    waiting: Option<(Pin<Box<Sleep>>, u64)>,
}

impl Paced {
    pub(super) fn new(stream: TcpStream, window: Duration, bytes_min: u64) -> Self {
        Self { stream, window, bytes_min, waiting: None }
    }

    fn judge(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = written {
            if let (Some((_, bytes)), Ok(n)) = (&mut self.waiting, &result) {
                *bytes += *n as u64;
            }
            return Poll::Ready(result);
        }
        let (timer, bytes) = self.waiting.get_or_insert_with(|| (Box::pin(sleep(self.window)), 0));
        while timer.as_mut().poll(cx).is_ready() {
            if *bytes < self.bytes_min {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the reader is too slow")));
            }
            *bytes = 0;
            let next = timer.deadline() + self.window;
            timer.as_mut().reset(next);
        }
        Poll::Pending
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when all of an answer was written: the next one starts with a window of its own.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        self.waiting = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
