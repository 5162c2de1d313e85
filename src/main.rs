//! Reads settings, opens the house, serves, and waits for what is in flight.

use std::io;
use std::num::NonZero;
use std::process::ExitCode;
use std::time::Duration;
use switchyard::clock::Clock;
use switchyard::errand::{self, ErrandError};
use switchyard::house::{self, House, OpenError, Shared};
use switchyard::server;
use switchyard::settings::{Act, Mistake, Settings};
use switchyard::setup::SetupError;
use switchyard::store::StoreError;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// How long calls in flight may go on once the process was asked to stop.
const GRACE: Duration = Duration::from_secs(30);
/// How long what is finished may take to be written after that.
const LAST: Duration = Duration::from_secs(5);

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let settings = match from_process() {
        Ok(settings) => settings,
        Err(mistakes) => return report(&mistakes),
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&settings.log).unwrap_or_default())
        .with_writer(io::stderr)
        .init();
    match workers(std::thread::available_parallelism().map_or(1, NonZero::get)) {
        Ok(runtime) => runtime.block_on(ended(settings)),
        Err(error) => {
            tracing::error!(%error, "no threads can be had");
            ExitCode::FAILURE
        }
    }
}

/// One core is SQLite's: its thread does a quarter of the work. A worker there as well would pull calls to and fro
/// between the cores, at a fifth more CPU a call, as the bench has it on two.
fn workers(cores: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(cores.saturating_sub(1).max(1)).enable_all().build()
}

async fn ended(settings: Settings) -> ExitCode {
    let ended = match settings.act {
        Act::Serve => run(settings).await,
        _ => errand::run(&settings, &Clock::wall(), say).await.map_err(Into::into),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if matches!(error.downcast_ref(), Some(ErrandError::Flawed)) => flawed(&*error),
        Err(error) => match error.downcast_ref() {
            Some(OpenError::Setup(SetupError::Conflicts(mistakes))) => report(mistakes),
            _ => {
                tracing::error!("{error}");
                ExitCode::FAILURE
            }
        },
    }
}

async fn run(mut settings: Settings) -> Result<(), Box<dyn std::error::Error>> {
    let listen = settings.listen;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| format!("cannot listen on {listen}: {error}. Choose another address with --listen."))?;
    settings.listen = listener.local_addr()?;
    let house = House::open(settings, Clock::wall()).await?;
    greet(&house).await?;
    let stop = CancellationToken::new();
    let served = server::serve(&house, listener, stop.clone().cancelled_owned());
    let asked = async {
        stop_asked().await;
        stop.cancel();
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = served => {}
        () = asked => {}
    }
    if !house::close(house, LAST).await {
        tracing::warn!("calls were still in flight; they are logged as interrupted at the next start");
    }
    Ok(())
}

fn from_process() -> Result<Settings, Vec<Mistake>> {
    Settings::load(std::env::args_os(), |name| std::env::var(name).ok())
}

#[expect(clippy::print_stderr, reason = "nothing is logged before there are settings")]
fn report(mistakes: &[Mistake]) -> ExitCode {
    eprintln!("Switchyard cannot start. To put right:");
    for mistake in mistakes {
        eprintln!("  {mistake}");
    }
    ExitCode::from(2)
}

/// What stands in the file that an errand was given is to be put right.
#[expect(clippy::print_stderr, reason = "what is wrong was told to the terminal too")]
fn flawed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(2)
}

#[expect(clippy::print_stdout, reason = "an errand talks to its terminal")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stdout, reason = "the address is what a person starts the program for")]
async fn greet(house: &Shared) -> Result<(), StoreError> {
    println!("Switchyard {} is ready at {}", env!("CARGO_PKG_VERSION"), house.settings.origin());
    if let Some(token) = house.door.start_token()
        && !house.store.has_people().await?
    {
        println!("To make the first account, from any machine, give this token: {token}");
    }
    Ok(())
}

async fn stop_asked() {
    let interrupt = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "no interrupt can be heard");
            std::future::pending::<()>().await;
        }
    };
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "no termination can be heard");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
