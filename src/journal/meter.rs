//! One open call: gathers its record, and files it however the call ends.

use crate::journal::record::{Outcome, Record};
use crate::journal::slots::{Opening, Slot};
use crate::journal::tries::{Tries, covered};
use crate::journal::{Filed, Stopped};
use crate::limit::ticket::Ticket;
use app::model::money::Nanos;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Status of a call whose caller left before the answer.
pub const CALLER_LEFT: u16 = 499;

/// The record of a call in the making. Dropped unfinished, it files the call as cancelled.
#[derive(Debug)]
pub struct Meter {
    open: Option<Open>,
    started: Instant,
    tries: Tries,
    /// What the call was let in with, where it falls under limits.
    ticket: Option<Ticket>,
}

#[derive(Debug)]
struct Open {
    record: Box<Record>,
    place: mpsc::OwnedPermit<Filed>,
    slot: Slot,
}

impl Meter {
    pub(in crate::journal) fn new(place: mpsc::OwnedPermit<Filed>, slot: Slot, opening: &Opening) -> Self {
        let mut record = Box::<Record>::default();
        let call = &mut record.call;
        call.id.clone_from(&opening.id);
        call.workspace.clone_from(&opening.workspace);
        call.key_id.clone_from(&opening.key);
        call.at = opening.at;
        call.kind = kind_word(&opening.kind);
        call.path.clone_from(&opening.path);
        call.trace_id.clone_from(&opening.trace);
        call.span_id.clone_from(&opening.span);
        call.cache_status = "DISABLED";
        call.mode = "single";
        call.target = "config".into();
        Self {
            open: Some(Open { record, place, slot }),
            started: Instant::now(),
            tries: Tries::default(),
            ticket: None,
        }
    }

    /// Writes into the record. Does nothing once the call is filed.
    pub fn note(&mut self, write: impl FnOnce(&mut Record)) {
        if let Some(open) = &mut self.open {
            write(&mut open.record);
        }
    }

    /// Keeps what the call was let in with until it is filed.
    pub fn keep(&mut self, ticket: Ticket) {
        self.ticket = Some(ticket);
    }

    /// Microseconds since the call began.
    pub fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// When the call began.
    pub fn began(&self) -> Instant {
        self.started
    }

    /// The call's upstream attempts.
    pub fn tries(&self) -> Tries {
        self.tries.clone()
    }

    /// Files the call and waits until its row is committed.
    ///
    /// # Errors
    /// When the row could not be written: the answer must not leave.
    pub async fn finish(mut self, status: u16, outcome: Outcome) -> Result<(), Stopped> {
        match self.file(status, outcome) {
            Some(committed) => committed.await.unwrap_or(Err(Stopped)),
            None => Err(Stopped),
        }
    }

    /// Files the call now; the receiver hears when its row is committed. `None` if it was filed before.
    pub fn file(&mut self, status: u16, outcome: Outcome) -> Option<oneshot::Receiver<Result<(), Stopped>>> {
        let mut open = self.open.take()?;
        let holds = self.close(&mut open.record, status, outcome);
        if let Some(took) = open.record.took_us {
            open.record.call.latency_us = took;
            open.record.call.overhead_us = 0;
        }
        open.record.pack();
        let (answer, committed) = oneshot::channel();
        open.place.send(Filed { record: open.record, slot: Some(open.slot), holds, answer: Some(answer) });
        Some(committed)
    }

    /// What it holds in the open file stays there until it is committed.
    fn close(&self, record: &mut Record, status: u16, outcome: Outcome) -> Vec<Slot> {
        record.attempts = self.tries.take();
        record.secrets.join(&self.tries.secrets());
        let upstream_us = covered(&record.attempts);
        let call = &mut record.call;
        if let (true, Some(last)) = (call.provider.is_empty(), record.attempts.last()) {
            // It ended before its answer could say where it came from.
            call.provider.clone_from(&last.provider);
            call.vendor.clone_from(&last.vendor);
            call.model_served.clone_from(&last.model);
            call.target.clone_from(&last.target);
        }
        call.status = status;
        call.outcome = outcome;
        let lost = record.attempts.iter().any(|attempt| attempt.lost);
        if outcome == Outcome::Failed && call.tokens_in + call.tokens_out == 0 && !lost {
            // Nothing was consumed, so nothing is unknown.
            call.cost = Some(Nanos::ZERO);
        }
        call.latency_us = self.elapsed();
        call.overhead_us = call.latency_us.saturating_sub(upstream_us);
        for other in
            record.attempts.iter().filter(|attempt| !attempt.served && attempt.tokens_in + attempt.tokens_out > 0)
        {
            call.tokens_in += other.tokens_in;
            call.tokens_out += other.tokens_out;
            call.tokens_estimated = true;
            if let Some(cost) = other.cost {
                call.cost = Some(Nanos(call.cost.unwrap_or_default().0.saturating_add(cost.0)));
            }
        }
        let Some(ticket) = &self.ticket else { return Vec::new() };
        if record.attempts.is_empty() && outcome == Outcome::Failed {
            ticket.withdraw();
        }
        let used = if call.cache_status == "HIT" { 0 } else { call.tokens_in + call.tokens_out };
        let (charges, holds) = ticket.close(used);
        record.charges = charges;
        holds
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(mut open) = self.open.take() {
            let holds = self.close(&mut open.record, CALLER_LEFT, Outcome::Cancelled);
            open.place.send(Filed { record: open.record, slot: Some(open.slot), holds, answer: None });
        }
    }
}

/// The stored word of a kind of call.
pub fn kind_word(kind: &str) -> &'static str {
    match kind {
        "chat" => "chat",
        "complete" => "complete",
        "embed" => "embed",
        "models" => "models",
        "responses" => "responses",
        "images" => "images",
        "speech" => "speech",
        "transcription" => "transcription",
        "translation" => "translation",
        "moderation" => "moderation",
        "rerank" => "rerank",
        "files" => "files",
        "batches" => "batches",
        "fine_tuning" => "fine_tuning",
        "realtime" => "realtime",
        "other" => "other",
        _ => "custom",
    }
}
