//! What routing adds to a call: a fallback beside the plain call, a hit of the cache, and a miss that is stored.

use crate::client::{Load, Pace, Way};
use crate::line::Fallible;
use crate::report::{self, Reading};
use crate::server::Server;
use crate::{Effort, driven, expected, question};
use std::time::Duration;

/// What the ways are configured by, in the set-up file's form.
pub const CONFIGS: &str = r#"
[[config]]
id = "pc-fallback"
name = "fallback"
body = """{"strategy":{"mode":"fallback"},"targets":[{"provider":"@bench"},{"provider":"@sandbox"}]}"""
[[config]]
id = "pc-cached"
name = "cached"
body = """{"cache":{"mode":"simple"},"provider":"@bench"}"""
"#;

/// One way and the ratio to the plain call that it is held to.
struct Course {
    name: &'static str,
    way: Way,
    limit: Option<f64>,
}

const COURSES: [Course; 4] = [
    Course { name: "plain", way: Way { config: None, fresh: false }, limit: None },
    Course { name: "fallback", way: Way { config: Some("pc-fallback"), fresh: false }, limit: Some(1.15) },
    Course { name: "hit", way: Way { config: Some("pc-cached"), fresh: false }, limit: Some(1.0) },
    Course { name: "miss, stored", way: Way { config: Some("pc-cached"), fresh: true }, limit: None },
];

/// Measures all ways in turn and prints them; true where every limit is kept.
pub async fn measure(effort: &Effort, server: &Server) -> Fallible<bool> {
    let mut readings: [Vec<Reading>; COURSES.len()] = Default::default();
    for _ in 0..effort.rounds {
        for (course, readings) in COURSES.iter().zip(&mut readings) {
            let load = Load {
                to: server.address,
                body: question(false),
                expected: expected(false),
                lines: 32,
                pace: Pace::Closed,
                way: course.way,
            };
            readings.push(driven(&load, effort, server.id()).await?);
        }
    }
    report::head("What routing adds, non-stream, 32 connections", effort.rounds);
    let mut kept = true;
    for (course, own) in COURSES.iter().zip(&readings) {
        report::row(course.name, own);
        let ratio = report::ratio(own, &readings[0]);
        match course.limit {
            Some(limit) => println!("{:<18}{ratio:>12.2}   at most {limit}", "  over plain"),
            None => println!("{:<18}{ratio:>12.2}", "  over plain"),
        }
        kept &= course.limit.is_none_or(|limit| ratio <= limit);
    }
    Ok(kept & quick(effort, server).await?)
}

/// Hits of a gateway that has time: whether the median one takes less than a millisecond.
async fn quick(effort: &Effort, server: &Server) -> Fallible<bool> {
    let way = Way { config: Some("pc-cached"), fresh: false };
    let pace = Pace::Open { rate: 500 };
    let load = Load { to: server.address, body: question(false), expected: expected(false), lines: 64, pace, way };
    let reading = driven(&load, effort, server.id()).await?;
    report::row("hit, 500 calls/s", &[reading]);
    println!("{:<18}{:>12.2}   at most 1", "  median ms", reading.p50.as_secs_f64() * 1e3);
    Ok(reading.p50 < Duration::from_millis(1))
}
