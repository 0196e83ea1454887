//! Polls every source on its schedule, for ever, and serves.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::house::{self, Open};
use super::{Common, Outcome, load_config};
use crate::clock::Clock;
use crate::daemon::{self, Reload};
use crate::formats;
use crate::pipeline::site::Shopfront;
use crate::publish::{self, Counts, Limits};

/// Runs until SIGTERM or Ctrl-C; then stops polling, ends what is under way, and exits with 0.
pub fn run(common: &Common) -> Outcome {
    let config = load_config(common)?;
    let open = house::open(&config, Clock::system(), house::runtime()?)?;
    let file = config.file.clone();
    let reload: Reload = {
        let (file, before) = (file.clone(), config.clone());
        Box::new(move || house::reload(&file, &before))
    };
    let runtime = Arc::clone(&open.runtime);
    runtime.block_on(async {
        let listener = listen(config.server.bind).await?;
        serve(&open, listener, Some((file, reload)), async {}).await
    })?;
    Ok(0)
}

/// Listens at an address.
pub async fn listen(bind: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(bind).await.with_context(|| {
        format!(
            "failed to listen at {bind}; stop what listens there, or set another address as `bind` or TRIBUTARY_BIND"
        )
    })
}

/// Serves, prints the summary line once `first` is done, and runs the daemon until the process is told to stop.
pub async fn serve(
    open: &Open,
    listener: TcpListener,
    config: Option<(PathBuf, Reload)>,
    first: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    // Heard from here on: whoever reads the summary line may send one at once.
    let signals = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    let hangups = signal(SignalKind::hangup()).context("failed to hear signals")?;
    let (stop, stopped) = watch::channel(false);
    let clock = open.rooms.clock.clone();
    let counts = Arc::new(Counts::default());
    let site = Arc::new(Shopfront::new(Arc::clone(&open.rooms.house), Arc::clone(&counts), move || clock.now()));
    let hear = |mut stopped: watch::Receiver<bool>| async move {
        // An error says that the sender is gone: then it is time to stop, too.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let server = tokio::spawn(publish::serve(
        listener,
        Arc::clone(&site) as _,
        formats::ALL,
        Limits::default(),
        counts,
        hear(stopped.clone()),
    ));
    first.await;
    println!("{}", tokio::task::block_in_place(|| open.rooms.house.summary())?);
    tokio::spawn(told_to_stop(signals, stop));
    daemon::run(Arc::clone(&open.rooms), site, config, hangups, hear(stopped)).await?;
    server.await.context("the server ended by a fault of this program; please report it")
}

/// Waits for SIGTERM or Ctrl-C.
async fn told_to_stop(signals: [std::io::Result<Signal>; 2], stop: watch::Sender<bool>) {
    let [Ok(mut terminate), Ok(mut interrupt)] = signals else {
        tracing::error!("signals cannot be heard: this process has to be killed");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    // Whoever listened may be gone already.
    let _ = stop.send(true);
}
