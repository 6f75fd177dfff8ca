//! When a certificate ends. The verifier says whether it is valid now; a person also wants to know for how long.

/// One DER element: its tag, its content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7F => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7F))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `notAfter` of an X.509 certificate in DER form (RFC 5280 §4.1), in seconds since 1970.
pub(super) fn not_after(certificate: &[u8]) -> Option<u64> {
    let (_, body, _) = element(certificate)?;
    let (_, mut fields, _) = element(body)?;
    // Version (when it is stated), serial number, signature algorithm, issuer, validity.
    if fields.first() == Some(&0xA0) {
        fields = element(fields)?.2;
    }
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (_, validity, _) = element(fields)?;
    let (_, _, after) = element(validity)?;
    let (tag, text, _) = element(after)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        // Two digits mean 1950 to 2049.
        0x17 => {
            let year: u64 = text.get(..2)?.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, text.get(2..)?)
        }
        0x18 => (text.get(..4)?.parse().ok()?, text.get(4..)?),
        _ => return None,
    };
    let number = |at: usize| rest.get(at..at + 2)?.parse::<u64>().ok();
    let days = days_since_1970(year, number(0)?, number(2)?)?;
    Some(((days * 24 + number(4)?) * 60 + number(6)?) * 60 + number(8)?)
}

fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March put the leap day at their end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    days.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut out = vec![tag, 0x82, (content.len() >> 8) as u8, content.len() as u8];
        out.extend(content);
        out
    }

    fn certificate(version: bool, after: &[u8]) -> Vec<u8> {
        let version = if version { der(0xA0, &[&[2, 1, 2]]) } else { Vec::new() };
        let empty = der(0x30, &[]);
        let validity = der(0x30, &[&der(0x17, &[b"250101000000Z"]), after]);
        der(0x30, &[&der(0x30, &[&version, &[2, 1, 1], &empty, &empty, &validity, &empty])])
    }

    #[test]
    fn the_end_of_a_certificate() {
        for (after, expected) in [
            (der(0x17, &[b"700102000000Z"]), Some(86_400)),
            (der(0x17, &[b"491231235959Z"]), Some(2_524_607_999)),
            (der(0x18, &[b"20240229120000Z"]), Some(1_709_208_000)),
            (der(0x18, &[b"20500101000000Z"]), Some(2_524_608_000)),
            (der(0x17, &[b"tomorrow"]), None),
            (der(0x04, &[b"491231235959Z"]), None),
        ] {
            for version in [true, false] {
                assert_eq!(not_after(&certificate(version, &after)), expected, "{after:?}");
            }
        }
        let whole = certificate(true, &der(0x17, &[b"491231235959Z"]));
        for end in 0..whole.len() {
            assert_eq!(not_after(&whole[..end]), None);
        }
    }
}
