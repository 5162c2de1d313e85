//! What stands around every route of the gateway, in one place: the router clones and boxes each layer for each call.

use crate::gateway::names;
use crate::gateway::refusal::Refusal;
use crate::gateway::trace::Trace;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use tower::Service;

/// Puts the trace id on every answer, refusals included: the SDKs retry what lacks it. A panic becomes an answer too.
#[derive(Clone, Debug)]
pub struct Gate<S>(pub S);

impl<S> Service<Request> for Gate<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let trace = Trace::of(request.headers());
        request.extensions_mut().insert(trace.clone());
        let called = catch_unwind(AssertUnwindSafe(|| self.0.call(request)));
        let answer = async {
            match called {
                Ok(answer) => answer.await.unwrap_or_else(|never| match never {}),
                Err(_) => Refusal::defect().response(),
            }
        };
        Box::pin(gated(trace, answer).map(Ok))
    }
}

/// The answer of a call in this trace.
pub async fn gated(trace: Trace, answer: impl Future<Output = Response>) -> Response {
    let answered = AssertUnwindSafe(answer).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| Refusal::defect().response::<Body>());
    if let Ok(id) = HeaderValue::try_from(trace.told()) {
        response.headers_mut().insert(&names::TRACE_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{Body, Gate, Infallible, Request, Response};
    use tower::{ServiceExt, service_fn};

    #[tokio::test]
    async fn a_panic_is_an_answer_with_a_trace() {
        let gate = Gate(service_fn(|_: Request| async {
            assert!(std::hint::black_box(false), "on purpose");
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }));
        let request = Request::builder().header("x-portkey-trace-id", "t-1").body(Body::empty()).expect("a request");
        let answer = gate.oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers()["x-portkey-trace-id"], "t-1");
    }
}
