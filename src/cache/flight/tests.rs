//! One leads, everybody reads all of it, and the last to leave ends it.

use super::buffer::MOST;
use super::{Broken, Flight, Flights, Form, Reader, Role};
use crate::cache::key::Hash;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

const KEY: Hash = Hash([7; 32]);

fn lead(flights: &Flights<u32>) -> (Flight<u32>, Reader<u32>) {
    match flights.join(KEY, Form::Whole) {
        Role::Lead(flight, reader) => (flight, reader),
        _ => panic!("somebody leads already"),
    }
}

fn follow(flights: &Flights<u32>) -> Reader<u32> {
    match flights.join(KEY, Form::Whole) {
        Role::Follow(reader) => reader,
        _ => panic!("nobody leads"),
    }
}

fn beside(flights: &Flights<u32>) -> Reader<u32> {
    match flights.join(KEY, Form::Stream) {
        Role::Beside(reader) => reader,
        _ => panic!("nobody fetches the other form"),
    }
}

async fn read(mut reader: Reader<u32>) -> (Result<u16, Broken>, Vec<u8>, Result<u32, Broken>) {
    let head = reader.head().await.map(|head| head.status.as_u16());
    let mut all = Vec::new();
    while let Some(chunk) = reader.next().await {
        match chunk {
            Ok(chunk) => all.extend_from_slice(&chunk),
            Err(broken) => return (head, all, Err(broken)),
        }
    }
    (head, all, Ok(reader.word().expect("a word at the end")))
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("it does not hang")
}

#[tokio::test]
async fn a_follower_gets_everything_whenever_it_joins() {
    let flights = Flights::new();
    let (flight, first) = lead(&flights);
    let early = follow(&flights);
    flight.head(StatusCode::OK, HeaderMap::new());
    flight.push("one ".into()).await;
    let midway = follow(&flights);
    flight.push("two ".into()).await;
    flight.push(Bytes::new()).await;
    flight.push("three".into()).await;
    let late = follow(&flights);
    flight.end(42);
    for reader in [first, early, midway, late] {
        assert_eq!(soon(read(reader)).await, (Ok(200), b"one two three".to_vec(), Ok(42)));
    }
    assert!(flights.is_empty());
    drop(lead(&flights));
}

#[tokio::test]
async fn the_last_reader_to_leave_ends_the_flight_and_no_other() {
    let flights = Flights::new();
    let (flight, first) = lead(&flights);
    let second = follow(&flights);
    drop(first);
    assert_eq!(flight.abandoned().now_or_never(), None, "one reads still");
    let third = follow(&flights);
    drop(second);
    drop(third);
    soon(flight.abandoned()).await;
    soon(flight.push("nobody reads it".into())).await;
    let (next, _reader) = lead(&flights);
    drop(flight);
    follow(&flights);
    next.end(1);
    assert!(flights.is_empty());
}

#[tokio::test]
async fn a_leader_that_is_dropped_breaks_its_readers_and_the_first_to_retry_leads() {
    let flights = Flights::new();
    let (flight, first) = lead(&flights);
    let second = follow(&flights);
    flight.head(StatusCode::OK, HeaderMap::new());
    flight.push("half".into()).await;
    drop(flight);
    for reader in [first, second] {
        assert_eq!(soon(read(reader)).await, (Ok(200), b"half".to_vec(), Err(Broken::Dropped)));
    }
    let (flight, reader) = lead(&flights);
    let mut follower = follow(&flights);
    drop(flight);
    assert_eq!(follower.head().await, Err(Broken::Dropped));
    drop(reader);
}

#[tokio::test]
async fn the_buffer_is_bounded_by_the_pace_of_the_foremost() {
    let flights = Flights::new();
    let (flight, mut fast) = lead(&flights);
    let mut slow = follow(&flights);
    let piece = Bytes::from(vec![b'x'; MOST / 4]);
    for _ in 0..4 {
        soon(flight.push(piece.clone())).await;
    }
    slow.next().await.expect("a chunk").expect("kept");
    fast.next().await.expect("a chunk").expect("kept");
    soon(flight.push(piece.clone())).await;
    assert_eq!(flight.push(piece.clone()).now_or_never(), None, "it is full");
    let (other, _reader) = match flights.join(KEY, Form::Whole) {
        Role::Lead(flight, reader) => (flight, reader),
        _ => panic!("the start is gone"),
    };
    let pushing = tokio::spawn(async move {
        for _ in 0..8 {
            flight.push(piece.clone()).await;
        }
        flight.end(3);
    });
    let mut count = 0;
    while let Some(chunk) = soon(fast.next()).await {
        count += chunk.expect("the foremost is not broken").len();
    }
    assert_eq!((count, fast.word()), (12 * MOST / 4, Some(3)));
    soon(pushing).await.expect("pushed");
    assert_eq!(slow.next().await, Some(Err(Broken::Behind)));
    // The flight that took its place on the list is not struck off with it.
    drop((fast, slow));
    assert_eq!(flights.len(), 1);
    other.end(0);
}

#[tokio::test]
async fn a_full_buffer_waits_for_nobody_when_everybody_has_left() {
    let flights = Flights::new();
    let (flight, reader) = lead(&flights);
    flight.push(vec![0; MOST].into()).await;
    let pushing = tokio::spawn(async move {
        flight.push("more".into()).await;
        flight.abandoned().await;
    });
    tokio::task::yield_now().await;
    drop(reader);
    soon(pushing).await.expect("it went on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_who_ask_at_once_make_one_call() {
    for _ in 0..100 {
        let (flights, calls) = (Flights::new(), Arc::new(AtomicUsize::new(0)));
        let gate = Arc::new(tokio::sync::Barrier::new(100));
        let mut callers = JoinSet::new();
        for _ in 0..100 {
            let (flights, calls, gate) = (flights.clone(), Arc::clone(&calls), Arc::clone(&gate));
            callers.spawn(async move {
                gate.wait().await;
                let role = flights.join(KEY, Form::Whole);
                // Nothing ends before everybody has asked.
                gate.wait().await;
                let reader = match role {
                    Role::Follow(reader) => reader,
                    Role::Beside(_) => panic!("all want one form"),
                    Role::Lead(flight, reader) => {
                        calls.fetch_add(1, Ordering::Relaxed);
                        tokio::spawn(fetch(flight));
                        reader
                    }
                };
                read(reader).await
            });
        }
        while let Some(answer) = soon(callers.join_next()).await {
            assert_eq!(answer.expect("no panic"), (Ok(200), (0..50).collect(), Ok(9)));
        }
        assert_eq!((calls.load(Ordering::Relaxed), flights.len()), (1, 0));
    }
}

async fn fetch(flight: Flight<u32>) {
    let work = async {
        flight.head(StatusCode::OK, HeaderMap::new());
        for byte in 0..50 {
            flight.push(vec![byte].into()).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = work => flight.end(9),
        () = flight.abandoned() => {}
    }
}

/// Readers come and go at random and leaders fail: everybody who stays gets all of it or is told, and nothing is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_waits_for_ever_whoever_comes_and_goes() {
    let flights = Flights::new();
    let mut callers = JoinSet::new();
    for number in 0_usize..4_000 {
        let flights = flights.clone();
        callers.spawn(async move {
            for attempt in 0.. {
                let mut reader = match flights.join(Hash([u8::try_from(number % 7).expect("a byte"); 32]), Form::Whole)
                {
                    Role::Follow(reader) => reader,
                    Role::Beside(_) => panic!("all want one form"),
                    Role::Lead(flight, reader) => {
                        // Some leaders fail at once, once.
                        let flight = (number % 11 != 0 || attempt > 0).then_some(flight);
                        tokio::spawn(async move {
                            if let Some(flight) = flight {
                                fetch(flight).await;
                            }
                        });
                        reader
                    }
                };
                if number % 5 == 0 {
                    // Leaves midway.
                    let _ = reader.next().await;
                    return;
                }
                let (_, all, word) = read(reader).await;
                if word.is_ok() {
                    assert_eq!(all, (0..50).collect::<Vec<u8>>());
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
    }
    while let Some(answer) = soon(callers.join_next()).await {
        answer.expect("no panic");
    }
    assert!(flights.is_empty());
}

#[tokio::test]
async fn who_wants_the_other_form_waits_for_the_end_and_keeps_the_flight_alive() {
    let flights = Flights::new();
    let (flight, reader) = lead(&flights);
    let mut waiting = beside(&flights);
    drop(reader);
    assert_eq!(flight.abandoned().now_or_never(), None, "somebody waits");
    flight.head(StatusCode::OK, HeaderMap::new());
    flight.push(Bytes::from_static(b"all of it")).await;
    assert_eq!(waiting.sit_out().now_or_never(), None, "it has not landed");
    flight.end(7);
    soon(waiting.sit_out()).await;
    assert!(matches!(flights.join(KEY, Form::Stream), Role::Lead(..)));
}
