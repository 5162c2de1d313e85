//! The way upstream: pooled clients for every provider, the sandbox included. Redirects are not followed.

mod load;
mod lookup;

use crate::gateway::host::{self, Reach, Unfit};
use crate::gateway::opened::{Next, Source};
use crate::gateway::refusal::Refusal;
use crate::limit::permit::Used;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
pub use load::Load;
use lookup::Lookup;
use std::error::Error;
use std::future::poll_fn;
use std::time::Duration;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(60);
/// Largest answer that is held in memory. A compressed one counts as it unpacks.
pub const LARGEST_ANSWER: usize = 64 << 20;

/// Sends requests. Cheap to clone. What is reached differently shares no connection.
#[derive(Clone, Debug)]
pub struct Relay {
    stored: Clients,
    guarded: Clients,
}

#[derive(Clone, Debug)]
struct Clients {
    calls: Pool,
    /// HTTP/1.1 alone, since only there a connection changes its protocol.
    tunnels: Pool,
}

type Pool = Client<HttpsConnector<HttpConnector<Lookup>>, Load>;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing came within the caller's time, in milliseconds.
    Timeout(u64),
    /// No connection: nothing was sent.
    Absent(String),
    /// A connection that broke.
    Unreachable(String),
    /// What came cannot be used.
    Unusable(String),
    /// The address is closed. Trying again does not help.
    Barred(Unfit),
}

impl Default for Relay {
    fn default() -> Self {
        Self::new()
    }
}

impl Relay {
    pub fn new() -> Self {
        Self { stored: Clients::new(Reach::Stored), guarded: Clients::new(Reach::Guarded) }
    }

    /// Sends, and waits for the answer's head.
    ///
    /// # Errors
    /// When no head comes, or not within `patience`, or when the address is closed to this `reach`.
    pub async fn send(
        &self,
        request: Request<impl Into<Load>>,
        patience: Duration,
        reach: Reach,
    ) -> Result<Response<Incoming>, Fault> {
        sent(&self.clients(reach).calls, request.map(Into::into), patience, reach).await
    }

    /// Like [`Relay::send`], of a request that asks for another protocol on its connection.
    ///
    /// # Errors
    /// As there.
    pub async fn open(
        &self,
        request: Request<impl Into<Load>>,
        patience: Duration,
        reach: Reach,
    ) -> Result<Response<Incoming>, Fault> {
        sent(&self.clients(reach).tunnels, request.map(Into::into), patience, reach).await
    }

    fn clients(&self, reach: Reach) -> &Clients {
        match reach {
            Reach::Stored => &self.stored,
            Reach::Guarded => &self.guarded,
        }
    }
}

impl Clients {
    fn new(reach: Reach) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Lookup::new(reach));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let builder = || hyper_rustls::HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1();
        Self {
            calls: pool(builder().enable_http2().wrap_connector(tcp.clone())),
            tunnels: pool(builder().wrap_connector(tcp)),
        }
    }
}

fn pool(connector: HttpsConnector<HttpConnector<Lookup>>) -> Pool {
    Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).build(connector)
}

async fn sent(
    pool: &Pool,
    request: Request<Load>,
    patience: Duration,
    reach: Reach,
) -> Result<Response<Incoming>, Fault> {
    // An address in digits is never looked up.
    if let Some(why) = host::closed(request.uri(), reach) {
        return Err(Fault::Barred(why));
    }
    match tokio::time::timeout(patience, pool.request(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(unanswered(&error, error.is_connect())),
        Err(_) => Err(Fault::timeout(patience)),
    }
}

fn unanswered(error: &(dyn Error + 'static), connecting: bool) -> Fault {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(why) = error.downcast_ref::<Unfit>() {
            return Fault::Barred(*why);
        }
        cause = error.source();
    }
    let why = self::cause(error);
    if connecting { Fault::Absent(why) } else { Fault::Unreachable(why) }
}

impl Fault {
    pub fn timeout(patience: Duration) -> Self {
        Self::Timeout(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX))
    }

    /// What became of what a budget held; `status`: of the answer's head, if one came.
    pub fn used(&self, status: u16) -> Used<'static> {
        match self {
            Self::Absent(_) | Self::Barred(_) => Used::Nothing,
            // It refused, whatever became of the rest of its words.
            _ if status >= 300 => Used::Nothing,
            Self::Timeout(_) | Self::Unreachable(_) | Self::Unusable(_) => Used::Unknown,
        }
    }

    /// In words.
    pub fn why(&self) -> String {
        self.refusal("provider").message
    }

    /// The answer that the caller gets. `provider` is the slug.
    pub fn refusal(&self, provider: &str) -> Refusal {
        match self {
            Self::Timeout(millis) => Refusal::timeout(*millis),
            Self::Absent(why) | Self::Unreachable(why) => Refusal::upstream(format!(
                "@{provider} could not be reached: {why}. Check its base URL and whether it is up, then try again."
            )),
            Self::Unusable(why) => Refusal::upstream(why.clone()),
            Self::Barred(why) => (*why).into(),
        }
    }
}

/// Reads a whole answer, unpacked, of at most [`LARGEST_ANSWER`] bytes.
///
/// # Errors
/// When it breaks off, is too large, or is packed in a way that was not asked for.
pub async fn whole(provider: &str, headers: &HeaderMap, mut source: Source) -> Result<Bytes, Fault> {
    let too_large = || Fault::Unusable(format!("@{provider} answered with more than {LARGEST_ANSWER} bytes."));
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST_ANSWER) {
        return Err(too_large());
    }
    let mut chunks = Vec::new();
    let mut size = 0;
    loop {
        let chunk = match poll_fn(|context| source.poll_chunk(context)).await {
            Next::Chunk(chunk) => chunk,
            Next::End => break,
            Next::Cut(cut) => {
                let why = format!("the answer broke off after {size} bytes ({})", cut.why);
                return Err(Fault::Unreachable(why));
            }
        };
        size += chunk.len();
        if size > LARGEST_ANSWER {
            return Err(too_large());
        }
        chunks.push(chunk);
    }
    unpacked(provider, headers, joined(chunks, size))
}

/// One chunk is handed on as it is; most answers are one.
fn joined(mut chunks: Vec<Bytes>, size: usize) -> Bytes {
    if chunks.len() == 1 {
        return chunks.pop().unwrap_or_default();
    }
    let mut whole = BytesMut::with_capacity(size);
    chunks.iter().for_each(|chunk| whole.extend_from_slice(chunk));
    whole.freeze()
}

/// The name of a packing other than none.
pub fn packing(headers: &HeaderMap) -> Option<&str> {
    let name = headers.get(CONTENT_ENCODING)?.to_str().unwrap_or("unknown").trim();
    (!name.is_empty() && !name.eq_ignore_ascii_case("identity")).then_some(name)
}

fn unpacked(provider: &str, headers: &HeaderMap, bytes: Bytes) -> Result<Bytes, Fault> {
    let Some(packing) = packing(headers) else { return Ok(bytes) };
    if !packing.eq_ignore_ascii_case("gzip") {
        let why = format!("@{provider} answered with content-encoding {packing}, though none was asked for.");
        return Err(Fault::Unusable(why));
    }
    let mut plain = Vec::new();
    let limit = u64::try_from(LARGEST_ANSWER).unwrap_or(u64::MAX);
    let mut reader = std::io::Read::take(flate2::read::GzDecoder::new(&bytes[..]), limit + 1);
    match std::io::Read::read_to_end(&mut reader, &mut plain) {
        Ok(_) if plain.len() > LARGEST_ANSWER => Err(Fault::Unusable(format!(
            "@{provider} answered with gzip that unpacks to more than {LARGEST_ANSWER} bytes."
        ))),
        Ok(_) => Ok(plain.into()),
        Err(_) => Err(Fault::Unusable(format!("@{provider} answered with gzip that cannot be unpacked."))),
    }
}

/// The innermost cause of an error: the one that a person can act on.
pub fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Fault, Reach, Relay};
    use crate::gateway::host::{METADATA, PRIVATE};
    use http::Request;
    use http_body_util::Full;
    use std::time::Duration;

    /// What becomes of a request to `authority`, where nothing listens.
    async fn fault(authority: &str, reach: Reach) -> Fault {
        let request = Request::get(format!("http://{authority}/v1")).body(Full::default()).expect(authority);
        Relay::new().send(request, Duration::from_secs(60), reach).await.expect_err(authority)
    }

    #[tokio::test]
    async fn a_closed_address_is_not_connected_to_by_digits_or_by_name() {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port")
            .port();
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433"] {
            let authority = format!("{host}:{port}");
            assert_eq!(fault(&authority, Reach::Guarded).await, Fault::Barred(PRIVATE), "{host}");
        }
        for host in ["127.0.0.1", "localhost"] {
            let tried = fault(&format!("{host}:{port}"), Reach::Stored).await;
            assert!(matches!(tried, Fault::Absent(_)), "{host}: {tried:?}");
        }
        for reach in [Reach::Stored, Reach::Guarded] {
            assert_eq!(fault("169.254.169.254", reach).await, Fault::Barred(METADATA));
        }
    }
}
