//! What people changed, in words.

use crate::store::changes::Change as Stored;
use app::model::money::grouped;
use app::model::recompute::By;
use app::model::usage::{Change, ChangeKind};

pub(super) fn told(changes: &[Stored]) -> Vec<Change> {
    changes.iter().map(one).collect()
}

fn one(change: &Stored) -> Change {
    let Stored { at, kind, name, id, number, note } = change;
    let (kind, title, text, href) = match kind.as_str() {
        "published" => {
            let title = format!("{name} v{number} published");
            (ChangeKind::Config, title, note.clone(), format!("/configs/{id}/versions"))
        }
        "provider" => (ChangeKind::Provider, format!("Provider @{name} added"), String::new(), "/providers".into()),
        "revoked" => {
            let text = "Its calls are refused since.".into();
            (ChangeKind::Key, format!("Key {name} revoked"), text, "/keys?state=revoked".into())
        }
        "recomputed" => {
            let prices = if By::from_word(note) == By::Today { "of that day" } else { "of their time" };
            let title = format!("Costs of {} calls recomputed", grouped(u64::try_from(*number).unwrap_or(0)));
            (ChangeKind::Price, title, format!("By the prices {prices}."), "/models/recompute".into())
        }
        _ => (ChangeKind::Key, format!("Key {name} made"), String::new(), "/keys".into()),
    };
    Change { at: *at, kind, title, text, href }
}
