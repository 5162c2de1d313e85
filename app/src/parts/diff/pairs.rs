//! Two texts line by line, side by side.

/// A row: lines of the old and the new text, numbered from 1. Both: equal, or one in the other's place, as `same` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub old: Option<(usize, String)>,
    pub new: Option<(usize, String)>,
    pub same: bool,
}

/// Cells of the table that is compared at most; beyond it, what lies between equal ends counts as replaced.
const CELLS_MOST: usize = 4_000_000;

/// The longest common subsequence of lines decides what stayed.
pub fn pairs(old: &str, new: &str) -> Vec<Pair> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let mut rows = Rows { old: &old, new: &new, made: Vec::new() };
    (0..head).for_each(|at| rows.equal(at, at));
    for (left, right) in common(&old[head..old_end], &new[head..new_end]) {
        rows.until(head + left, head + right);
        rows.equal(head + left, head + right);
    }
    rows.until(old_end, new_end);
    (0..tail).for_each(|at| rows.equal(old_end + at, new_end + at));
    rows.made
}

struct Rows<'a> {
    old: &'a [&'a str],
    new: &'a [&'a str],
    made: Vec<Pair>,
}

impl Rows<'_> {
    fn equal(&mut self, left: usize, right: usize) {
        self.made.push(Pair { old: line(self.old, left), new: line(self.new, right), same: true });
    }

    /// Rows for what is not in both, up to these lines.
    fn until(&mut self, left: usize, right: usize) {
        let from_old = self.made.iter().rev().find_map(|row| row.old.as_ref()).map_or(0, |(number, _)| *number);
        let from_new = self.made.iter().rev().find_map(|row| row.new.as_ref()).map_or(0, |(number, _)| *number);
        let gone: Vec<usize> = (from_old..left).collect();
        let come: Vec<usize> = (from_new..right).collect();
        for at in 0..gone.len().max(come.len()) {
            let old = gone.get(at).and_then(|at| line(self.old, *at));
            let new = come.get(at).and_then(|at| line(self.new, *at));
            self.made.push(Pair { old, new, same: false });
        }
    }
}

fn line(lines: &[&str], at: usize) -> Option<(usize, String)> {
    lines.get(at).map(|text| (at + 1, (*text).to_owned()))
}

/// The places of lines that both have, in order.
fn common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let wide = new.len() + 1;
    if old.is_empty() || new.is_empty() || old.len() * wide > CELLS_MOST {
        return Vec::new();
    }
    let mut long = vec![0u32; (old.len() + 1) * wide];
    for left in (0..old.len()).rev() {
        for right in (0..new.len()).rev() {
            long[left * wide + right] = if old[left] == new[right] {
                long[(left + 1) * wide + right + 1] + 1
            } else {
                long[(left + 1) * wide + right].max(long[left * wide + right + 1])
            };
        }
    }
    let (mut left, mut right, mut shared) = (0, 0, Vec::new());
    while left < old.len() && right < new.len() {
        if old[left] == new[right] {
            shared.push((left, right));
            left += 1;
            right += 1;
        } else if long[(left + 1) * wide + right] >= long[left * wide + right + 1] {
            left += 1;
        } else {
            right += 1;
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(old: &str, new: &str) -> String {
        let side =
            |side: &Option<(usize, String)>| side.as_ref().map_or("·".into(), |(at, text)| format!("{at}{text}"));
        let row = |row: &Pair| format!("{}{}{}", side(&row.old), if row.same { "=" } else { "~" }, side(&row.new));
        pairs(old, new).iter().map(row).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_stayed_stands_beside_itself() {
        assert_eq!(told("a\nb\nc", "a\nb\nc"), "1a=1a 2b=2b 3c=3c");
        assert_eq!(told("a\nb\nc", "a\nx\nc"), "1a=1a 2b~2x 3c=3c");
        assert_eq!(told("a\nc", "a\nb\nc"), "1a=1a ·~2b 2c=3c");
        assert_eq!(told("a\nb\nc\nd", "b\nd\ne"), "1a~· 2b=1b 3c~· 4d=2d ·~3e");
        assert_eq!(told("", "a"), "·~1a");
        assert_eq!(told("", ""), "");
        assert_eq!(told("a\na", "a"), "1a=1a 2a~·");
    }
}
