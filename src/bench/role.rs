//! The bench's own servers run as children of it, so that the kernel counts the CPU of each apart.

use http_body::Body;
use hyper::body::Incoming;
use hyper::service::HttpService;
use hyper_util::rt::TokioIo;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

pub use crate::line::Fallible;

/// A child that plays a role of the bench; it ends when this is dropped.
pub struct Role {
    child: Child,
    pub address: SocketAddr,
}

impl Role {
    /// Starts this very program again with `words`, and learns where it listens.
    pub fn start(words: &[&str]) -> Fallible<Self> {
        let mut child =
            Command::new(std::env::current_exe()?).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        Ok(Self { child, address: line.trim().parse().map_err(|error| format!("{words:?}: {error}"))? })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// In the child: serves on a port of its own, says which on the first line of output, and ends with the parent, whose
/// end closes the input.
pub async fn serve<S>(service: S) -> Fallible<()>
where
    S: HttpService<Incoming> + Clone + Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send,
    S::ResBody: Send + 'static,
    <S::ResBody as Body>::Data: Send,
    <S::ResBody as Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    let mut input = tokio::io::stdin();
    let mut nothing = [0];
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                stream.set_nodelay(true)?;
                let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
                tokio::spawn(async move { connection.await.ok() });
            }
            _ = input.read(&mut nothing) => return Ok(()),
        }
    }
}
