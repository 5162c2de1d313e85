//! Figures as lists of providers and models write them.

/// `0.39 s`.
pub fn seconds(millis: u32) -> String {
    if millis < 10 {
        return format!("{} ms", millis.max(1));
    }
    let hundredths = (millis + 5) / 10;
    format!("{}.{:02} s", hundredths / 100, hundredths % 100)
}

/// A part in percent, to two decimals below ten: `0.04 %`, `12.5 %`; `–` where there is no whole.
pub fn share(part: u64, whole: u64) -> String {
    let Some(basis) = (part * 10_000 + whole / 2).checked_div(whole) else { return "–".into() };
    match basis {
        0 if part == 0 => "0 %".into(),
        ..1_000 => format!("{}.{:02} %", basis / 100, basis % 100),
        _ => format!("{}.{} %", basis / 100, basis % 100 / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::{seconds, share};

    #[test]
    fn figures_keep_the_precision_that_matters() {
        for (part, whole, text) in
            [(0, 0, "–"), (0, 9, "0 %"), (4, 10_000, "0.04 %"), (1, 8, "12.5 %"), (7, 7, "100.0 %")]
        {
            assert_eq!(share(part, whole), text, "{part} of {whole}");
        }
        for (millis, text) in [(0, "1 ms"), (8, "8 ms"), (394, "0.39 s"), (2_061, "2.06 s")] {
            assert_eq!(seconds(millis), text, "{millis}");
        }
    }
}
