//! The known word that somebody meant.

/// The closest of `known`: the same but for case and signs, or a few letters off.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let word = folded(word);
    let most = (word.len() / 3).min(2);
    let close = known.map(|known| (distance(&word, &folded(known)), known));
    close.filter(|(off, _)| *off <= most).min_by_key(|(off, _)| *off).map(|(_, known)| known)
}

fn folded(word: &str) -> Vec<char> {
    word.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Letters to add, drop, change, or swap with their neighbour.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, against) in other.iter().enumerate() {
            let changed = last[column] + usize::from(letter != against);
            let mut least = changed.min(last[column + 1] + 1).min(line[column] + 1);
            let swapped = row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *against;
            if swapped {
                least = least.min(before[column - 1] + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut last, line);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word() {
        let known = ["retry", "cache", "override_params", "custom_host", "on_status_codes"];
        for (word, meant) in [
            ("retyr", Some("retry")),
            ("Retry", Some("retry")),
            ("retries", None),
            ("cach", Some("cache")),
            ("overrideParams", Some("override_params")),
            ("override-param", Some("override_params")),
            ("customhost", Some("custom_host")),
            ("on_status_code", Some("on_status_codes")),
            ("", None),
            ("x", None),
            ("colour", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), meant, "{word}");
        }
        assert_eq!(nearest(&"r".repeat(100_000), known.into_iter()), None);
    }
}
