//! Names are looked up here and judged by what they resolve to; the connection then goes to that very address.

use crate::gateway::host::{Reach, Unfit, barred};
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::Service;

/// The system's resolver without the addresses that are closed to this reach.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    system: GaiResolver,
    reach: Reach,
}

type Failure = Box<dyn Error + Send + Sync>;

impl Lookup {
    pub(super) fn new(reach: Reach) -> Self {
        Self { system: GaiResolver::new(), reach }
    }
}

impl Service<Name> for Lookup {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.system.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (found, reach) = (self.system.call(name), self.reach);
        Box::pin(async move { Ok(fit(found.await?, reach)?.into_iter()) })
    }
}

/// The addresses that may be called; the reason, where there are some but none of them may.
fn fit(found: impl Iterator<Item = SocketAddr>, reach: Reach) -> Result<Vec<SocketAddr>, Unfit> {
    let (mut fit, mut closed) = (Vec::new(), None);
    for address in found {
        match barred(address.ip(), reach) {
            None => fit.push(address),
            Some(why) => closed = Some(why),
        }
    }
    match closed {
        Some(why) if fit.is_empty() => Err(why),
        _ => Ok(fit),
    }
}

#[cfg(test)]
mod tests {
    use super::fit;
    use crate::gateway::host::{PRIVATE, Reach};

    #[test]
    fn only_open_addresses_of_a_name_are_called() {
        for (found, reach, wanted) in [
            (&["8.8.8.8:0", "10.0.0.1:0"][..], Reach::Guarded, Ok(1)),
            (&["10.0.0.1:0", "127.0.0.1:0", "[::1]:0"], Reach::Guarded, Err(PRIVATE)),
            (&["10.0.0.1:0", "127.0.0.1:0"], Reach::Stored, Ok(2)),
            (&[], Reach::Guarded, Ok(0)),
        ] {
            let found = found.iter().map(|text| text.parse().expect(text));
            assert_eq!(fit(found, reach).map(|kept| kept.len()), wanted);
        }
    }
}
