//! One HTTP/1.1 connection, used for one call after another.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::net::SocketAddr;
use tokio::net::TcpStream;

pub type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The API key that every server under test declares.
pub const KEY: &str = "sy-bench000000000000000000000000000000000000";

/// A connection kept open.
pub struct Line {
    to: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Line {
    pub async fn open(to: SocketAddr) -> Fallible<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move { connection.await.ok() });
        Ok(Self { to, sender })
    }

    /// Posts a chat call with `further` headers. The answer's body must be read to its end before the next.
    pub async fn chat(&mut self, body: Bytes, further: &[(&str, &str)]) -> Fallible<Response<Incoming>> {
        self.post("/v1/chat/completions", body, further).await
    }

    /// The same of JSON to any path.
    pub async fn post(&mut self, path: &str, body: Bytes, further: &[(&str, &str)]) -> Fallible<Response<Incoming>> {
        self.sender.ready().await?;
        let mut request = Request::post(path)
            .header("host", self.to.to_string())
            .header("authorization", format!("Bearer {KEY}"))
            .header("content-type", "application/json");
        for (name, value) in further {
            request = request.header(*name, *value);
        }
        Ok(self.sender.send_request(request.body(Full::new(body))?).await?)
    }
}
