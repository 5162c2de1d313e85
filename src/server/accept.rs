//! Connections: accepted, served, and left to finish.

use super::Entry;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// What is read of a request's head at all. The gateway refuses far less, in words.
const MOST_HEADERS: usize = 1024;
const LARGEST_HEAD: usize = 1 << 20;
/// How long a request's head may take to arrive, and how long a connection may be kept without one.
const HEAD_PATIENCE: Duration = Duration::from_secs(120);
/// How long to wait where no further connection can be had, such as for want of file handles.
const PAUSE: Duration = Duration::from_secs(1);

/// One connection's way in.
#[derive(Clone)]
struct Way {
    builder: Builder<TokioExecutor>,
    entry: Entry,
    stopping: CancellationToken,
}

/// Serves until `stop` resolves, then until what is in flight has ended.
pub(super) async fn serve(entry: Entry, listener: TcpListener, stop: impl Future<Output = ()>) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
    builder.http1().max_headers(MOST_HEADERS).max_buf_size(LARGEST_HEAD);
    let largest = u32::try_from(LARGEST_HEAD).unwrap_or(u32::MAX);
    builder.http2().enable_connect_protocol().max_header_list_size(largest);
    let way = Way { builder, entry, stopping: CancellationToken::new() };
    let connections = TaskTracker::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => drop(connections.spawn(way.clone().serve(stream, peer))),
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    way.stopping.cancel();
    connections.close();
    connections.wait().await;
}

impl Way {
    async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        // Without it a small chunk would wait for the last one's acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let service = self.entry.from(peer).map_request(|request: Request<Incoming>| request.map(Body::new));
        let service = TowerToHyperService::new(service);
        let mut connection = pin!(self.builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stopping.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::trace!(%error, "a connection broke");
        }
    }
}

fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
