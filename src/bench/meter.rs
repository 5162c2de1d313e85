//! What the kernel says of a process.

use crate::line::Fallible;
use std::fs;
use std::time::Duration;

/// CPU time of the process since it began.
///
/// Two lower bounds are known: what its living threads ran, to the nanosecond (`/proc/PID/task/*/schedstat`), and what
/// all its threads ran, those that ended too, in ticks of 10 ms (`/proc/PID/stat`). The larger one is returned.
pub fn cpu(process: u32) -> Fallible<Duration> {
    let mut threads = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let schedule = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        threads += schedule.split_whitespace().next().and_then(|ran| ran.parse::<u64>().ok()).unwrap_or(0);
    }
    let about = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = about.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_nanos(threads).max(Duration::from_millis(ticks * 10)))
}

/// Resident memory now, in KiB.
pub fn resident(process: u32) -> Fallible<u64> {
    let about = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = about.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
