//! What the fuzzers found worth keeping, replayed: the targets of `fuzz/` over every file of their corpora.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

#[path = "../../fuzz/targets/config.rs"]
mod config;
#[path = "../../fuzz/targets/response.rs"]
mod response;
#[path = "../../fuzz/targets/sse.rs"]
mod sse;

/// Fewer would mean that the corpus was lost.
const FEWEST: usize = 30;

#[test]
fn configs_are_written_back_settle_and_plan() {
    replay("config", config::run);
}

#[test]
fn streams_leave_alike_however_they_are_cut() {
    replay("sse", sse::run);
}

#[test]
fn bodies_answers_and_forms_are_read_or_refused() {
    replay("response", response::run);
}

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).map(Iterator::collect).unwrap_or_else(|_| Vec::new());
    let mut failed = Vec::new();
    for file in &files {
        let path = file.as_ref().map(fs::DirEntry::path).unwrap_or_default();
        let read = fs::read(&path);
        if read.is_err() || read.is_ok_and(|data| catch_unwind(|| run(&data)).is_err()) {
            failed.push(path);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(files.len() >= FEWEST, "{} files in {}", files.len(), folder.display());
}
