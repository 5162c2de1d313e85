//! What somebody said of a made-up call.

use crate::journal::record::CallRow;
use crate::secret;
use crate::store::feedback::Feedback;
use rand::Rng;

/// Of answered calls, one in so many.
const ASKED: u32 = 300;

/// Thumbs, most of them up, within ten minutes of the answer and before `now`.
pub fn opinion(call: &CallRow, now: i64, dice: &mut impl Rng) -> Option<Feedback> {
    let said = dice.random_ratio(1, ASKED);
    let (good, later) = (dice.random_bool(0.82), dice.random_range(5_000..600_000));
    let answered = call.at + i64::try_from(call.latency_us / 1_000).unwrap_or(0);
    let at = answered + later;
    (said && call.status < 400 && at < now).then(|| Feedback {
        id: secret::id(at),
        trace_id: call.trace_id.clone(),
        value: if good { 5 } else { -5 },
        weight: 1.0,
        metadata: "{}".into(),
        key_id: call.key_id.clone(),
        created_at: at,
        updated_at: at,
    })
}
