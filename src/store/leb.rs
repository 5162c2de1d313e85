//! Whole numbers in as few bytes as they need: LEB128.

pub fn write(out: &mut Vec<u8>, mut figure: u64) {
    while figure >= 0x80 {
        let [low, ..] = figure.to_le_bytes();
        out.push(low | 0x80);
        figure >>= 7;
    }
    let [low, ..] = figure.to_le_bytes();
    out.push(low);
}

/// `None`: cut short, or longer than any number.
#[inline]
pub fn read(bytes: &mut &[u8]) -> Option<u64> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    if first & 0x80 == 0 { Some(u64::from(*first)) } else { further(u64::from(first & 0x7f), bytes) }
}

fn further(mut figure: u64, bytes: &mut &[u8]) -> Option<u64> {
    for shift in (7..64).step_by(7) {
        let (next, rest) = bytes.split_first()?;
        *bytes = rest;
        figure |= u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Some(figure);
        }
    }
    None
}

/// As many bytes as the number before them says.
pub fn slice<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(read(bytes)?).ok()?;
    let (slice, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(slice)
}

/// Bytes after their number.
pub fn write_slice(out: &mut Vec<u8>, bytes: &[u8]) {
    write(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::{read, slice, write, write_slice};

    #[test]
    fn what_is_written_is_read_and_what_is_cut_short_is_not() {
        for figure in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            write(&mut bytes, figure);
            assert_eq!(read(&mut &*bytes), Some(figure));
            assert_eq!(read(&mut &bytes[..bytes.len() - 1]), None, "{figure}");
        }
        assert_eq!(read(&mut &[0xff; 11][..]), None);
        let mut bytes = Vec::new();
        write_slice(&mut bytes, b"word");
        assert_eq!(slice(&mut &*bytes), Some(&b"word"[..]));
        assert_eq!(slice(&mut &bytes[..4]), None);
    }
}
