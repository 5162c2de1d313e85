//! A request's body, which tells when a connection takes it.

use crate::limit::permit::Sent;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Whole, and handed over as one piece: before that no provider can serve what it asks for.
#[derive(Debug)]
pub struct Load {
    bytes: Full<Bytes>,
    sent: Option<Sent>,
}

impl Load {
    /// An empty body counts as sent from the start, since a head alone asks for everything.
    pub fn new(bytes: Bytes, sent: Option<Sent>) -> Self {
        if let Some(sent) = sent.as_ref().filter(|_| bytes.is_empty()) {
            sent.mark();
        }
        Self { bytes: Full::new(bytes), sent }
    }
}

impl From<Full<Bytes>> for Load {
    fn from(bytes: Full<Bytes>) -> Self {
        Self { bytes, sent: None }
    }
}

impl Body for Load {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(sent) = &self.sent {
            sent.mark();
        }
        Pin::new(&mut self.bytes).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.bytes.size_hint()
    }
}
