//! The same target again: when, how long after, and how it is counted (contract §2.7).

use app::model::routing::Retry;
use http::{HeaderMap, HeaderName};

/// Statuses that are tried again where the config names none.
const CODES: [u16; 6] = [429, 500, 502, 503, 504, 529];

/// Milliseconds that one target is waited for at most, all its retries together.
const LONGEST: u64 = 60_000;

/// The first that is present counts, with the milliseconds that its unit has.
static HEADERS: [(HeaderName, u64); 3] = [
    (HeaderName::from_static("retry-after-ms"), 1),
    (HeaderName::from_static("x-ms-retry-after-ms"), 1),
    (http::header::RETRY_AFTER, 1000),
];

/// How long the upstream asks to wait, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter(pub u64);

/// What follows an attempt, as far as its own target is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The answer stands: a success, or a status that is not tried again.
    Stop,
    /// It would be tried again, but the retries are used up or the wait is too long.
    GiveUp,
    Wait {
        ms: u64,
    },
}

/// `done` retries have been made, for which `waited_ms` were waited; the last answer had `status` and asked for `after`.
pub fn next(retry: &Retry, done: u32, status: u16, after: Option<RetryAfter>, waited_ms: u64) -> Next {
    let codes = retry.on_status_codes.as_deref().unwrap_or(&CODES);
    if retry.attempts == 0 || (200..=204).contains(&status) || !codes.contains(&status) {
        return Next::Stop;
    }
    if done >= retry.attempts {
        return Next::GiveUp;
    }
    let asked = after.filter(|_| status == 429 && honours(retry));
    let ms = asked.map_or_else(|| backoff(done), |RetryAfter(ms)| ms);
    if ms >= LONGEST || ms > LONGEST.saturating_sub(waited_ms) { Next::GiveUp } else { Next::Wait { ms } }
}

/// The header `x-portkey-retry-attempt-count`: 0 for none, n where the n-th retry gave the answer, -1 where they were
/// used up or left out because the wait was too long.
pub fn count(done: u32, last: Next) -> i64 {
    match last {
        Next::GiveUp => -1,
        Next::Stop | Next::Wait { .. } => i64::from(done),
    }
}

impl RetryAfter {
    /// Whole numbers only: a date or a fraction is as good as nothing.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let (value, unit) = HEADERS.iter().find_map(|(name, unit)| Some((headers.get(name)?, unit)))?;
        let text = value.to_str().ok()?.trim();
        let number: u64 = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??;
        Some(Self(number.saturating_mul(*unit)))
    }
}

/// Milliseconds for which a target that is overloaded asks to be left alone, a minute at most.
pub fn cooling(headers: &HeaderMap, status: u16) -> Option<u64> {
    let asked = matches!(status, 429 | 503).then(|| RetryAfter::read(headers))?;
    asked.map(|RetryAfter(ms)| ms.min(LONGEST)).filter(|ms| *ms > 0)
}

fn honours(retry: &Retry) -> bool {
    retry.use_retry_after_headers.or(retry.use_retry_after_header).unwrap_or(false)
}

/// 1, 2, 4, 8, 16 seconds.
fn backoff(done: u32) -> u64 {
    1000 << done.min(4)
}

#[cfg(test)]
mod tests {
    use super::{Next, RetryAfter, cooling, count, next};
    use app::model::routing::Retry;
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn retry(attempts: u32) -> Retry {
        Retry { attempts, ..Retry::default() }
    }

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        list.iter().map(pair).collect()
    }

    #[test]
    fn documented_codes_are_tried_again_as_often_as_asked() {
        for status in [429, 500, 502, 503, 504, 529] {
            assert_eq!(next(&retry(0), 0, status, None, 0), Next::Stop, "{status}");
            assert_eq!(next(&retry(2), 0, status, None, 0), Next::Wait { ms: 1000 }, "{status}");
            assert_eq!(next(&retry(2), 2, status, None, 0), Next::GiveUp, "{status}");
        }
        for status in [200, 201, 204, 246, 400, 401, 404, 408, 412, 501] {
            assert_eq!(next(&retry(5), 0, status, None, 0), Next::Stop, "{status}");
        }
    }

    #[test]
    fn codes_of_the_config_stand_for_the_documented_ones() {
        let retry = Retry { on_status_codes: Some(vec![200, 246, 408]), ..retry(1) };
        for (status, wanted) in [
            (200, Next::Stop),
            (246, Next::Wait { ms: 1000 }),
            (408, Next::Wait { ms: 1000 }),
            (429, Next::Stop),
            (500, Next::Stop),
        ] {
            assert_eq!(next(&retry, 0, status, None, 0), wanted, "{status}");
        }
    }

    #[test]
    fn the_wait_doubles() {
        let mut waited = 0;
        for (done, ms) in [(0, 1000), (1, 2000), (2, 4000), (3, 8000), (4, 16_000)] {
            assert_eq!(next(&retry(5), done, 500, None, waited), Next::Wait { ms });
            waited += ms;
        }
        assert_eq!(next(&retry(5), 5, 500, None, waited), Next::GiveUp);
    }

    #[test]
    fn the_upstreams_wish_counts_on_429_where_the_config_says_so() {
        let plural = Retry { use_retry_after_headers: Some(true), ..retry(5) };
        let singular = Retry { use_retry_after_header: Some(true), ..retry(5) };
        let never = Retry { use_retry_after_headers: Some(false), ..retry(5) };
        for (retry, status, asked, waited, wanted) in [
            (&plural, 429, 7000, 0, Next::Wait { ms: 7000 }),
            (&singular, 429, 7000, 0, Next::Wait { ms: 7000 }),
            (&never, 429, 7000, 0, Next::Wait { ms: 1000 }),
            (&plural, 503, 7000, 0, Next::Wait { ms: 1000 }),
            (&plural, 429, 0, 0, Next::Wait { ms: 0 }),
            (&plural, 429, 59_999, 0, Next::Wait { ms: 59_999 }),
            (&plural, 429, 60_000, 0, Next::GiveUp),
            (&plural, 429, 20_000, 40_000, Next::Wait { ms: 20_000 }),
            (&plural, 429, 20_001, 40_000, Next::GiveUp),
            (&plural, 500, 0, 59_500, Next::GiveUp),
            (&plural, 429, u64::MAX, u64::MAX, Next::GiveUp),
        ] {
            assert_eq!(next(retry, 0, status, Some(RetryAfter(asked)), waited), wanted, "{status} {asked} {waited}");
        }
    }

    #[test]
    fn the_header_counts_as_documented() {
        for (done, last, wanted) in
            [(0, Next::Stop, 0), (3, Next::Stop, 3), (5, Next::GiveUp, -1), (0, Next::GiveUp, -1)]
        {
            assert_eq!(count(done, last), wanted);
        }
    }

    #[test]
    fn the_first_header_counts_and_whole_numbers_only() {
        for (list, ms) in [
            (&[][..], None),
            (&[("retry-after", "3")], Some(3000)),
            (&[("retry-after", " 3 ")], Some(3000)),
            (&[("x-ms-retry-after-ms", "20"), ("retry-after", "3")], Some(20)),
            (&[("retry-after-ms", "250"), ("x-ms-retry-after-ms", "20"), ("retry-after", "3")], Some(250)),
            (&[("retry-after-ms", "soon"), ("retry-after", "3")], None),
            (&[("retry-after", "1.5")], None),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "")], None),
            (&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], None),
            (&[("retry-after", "18446744073709551615")], Some(u64::MAX)),
            (&[("retry-after", "99999999999999999999")], None),
        ] {
            assert_eq!(RetryAfter::read(&headers(list)), ms.map(RetryAfter), "{list:?}");
        }
    }

    #[test]
    fn an_overloaded_target_is_left_alone_for_a_minute_at_most() {
        for (status, value, ms) in [
            (429, "2", Some(2000)),
            (503, "2", Some(2000)),
            (500, "2", None),
            (429, "0", None),
            (429, "3600", Some(60_000)),
            (429, "x", None),
        ] {
            assert_eq!(cooling(&headers(&[("retry-after", value)]), status), ms, "{status} {value}");
        }
    }
}
