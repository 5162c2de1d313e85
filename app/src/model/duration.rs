//! Spans of time as people read them.

/// Microseconds as `400 µs`, `2.8 ms`, `410 ms`, `2.81 s`, `2 min 5 s`, `3 h 20 min` or `2 d 4 h`.
pub fn duration(micros: u64) -> String {
    match micros {
        0 => "0 ms".into(),
        1..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        10_000..999_500 => format!("{} ms", (micros + 500) / 1_000),
        999_500..59_995_000 => {
            format!("{}.{:02} s", (micros + 5_000) / 1_000_000, (micros + 5_000) % 1_000_000 / 10_000)
        }
        _ => long((micros + 500_000) / 1_000_000),
    }
}

/// Two units are enough: nobody reads the seconds of a day.
fn long(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    match seconds {
        ..3_600 => format!("{minutes} min {} s", seconds % 60),
        3_600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn a_duration_shows_the_digits_that_matter() {
        for (micros, text) in [
            (0, "0 ms"),
            (400, "400 µs"),
            (2_810, "2.8 ms"),
            (410_400, "410 ms"),
            (999_400, "999 ms"),
            (999_600, "1.00 s"),
            (2_814_999, "2.81 s"),
            (59_996_000, "1 min 0 s"),
            (125_000_000, "2 min 5 s"),
            (3_599_600_000, "1 h 0 min"),
            (12_000_000_000, "3 h 20 min"),
            (187_200_000_000, "2 d 4 h"),
        ] {
            assert_eq!(duration(micros), text, "{micros}");
        }
    }
}
