//! LZO1X, as far as it is to be unpacked: what nfdump's files are compressed by with `-z`.
//!
//! A stream is of instructions: literals to be copied, and matches with what has been unpacked already. What an
//! instruction below 16 means depends on how many literals the one before it brought: none, some, or four and more.

/// Unpacks a stream to at most so many octets; `None` if it makes no sense, or does not end.
pub(super) fn unpack(stored: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut stream = Stream { rest: stored, out: Vec::new(), most };
    let mut literals = match *stored.first()? {
        first @ 18.. => {
            stream.octet()?;
            stream.copy(usize::from(first) - 17)?
        }
        _ => 0,
    };
    loop {
        let code = stream.octet()?;
        let n = usize::from(code);
        let (length, distance, next) = match (code, literals) {
            (64.., _) => ((n >> 5) + 1, (stream.far()? << 3) + (n >> 2 & 7) + 1, n),
            (32.., _) => {
                let length = stream.length(n & 31, 31)? + 2;
                let pair = stream.pair()?;
                (length, (pair >> 2) + 1, pair)
            }
            (16.., _) => {
                let length = stream.length(n & 7, 7)? + 2;
                let pair = stream.pair()?;
                let distance = ((n & 8) << 11) + (pair >> 2);
                if distance == 0 {
                    return stream.rest.is_empty().then_some(stream.out);
                }
                (length, distance + 0x4000, pair)
            }
            (_, 0) => {
                let length = stream.length(n, 15)? + 3;
                literals = stream.copy(length)?;
                continue;
            }
            (_, 1..=3) => (2, (stream.far()? << 2) + (n >> 2) + 1, n),
            _ => (3, (stream.far()? << 2) + (n >> 2) + 0x801, n),
        };
        stream.again(length, distance)?;
        literals = stream.copy(next & 3)?;
    }
}

struct Stream<'s> {
    rest: &'s [u8],
    out: Vec<u8>,
    most: usize,
}

impl Stream<'_> {
    fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// The octet that says the greater part of a distance.
    fn far(&mut self) -> Option<usize> {
        self.octet().map(usize::from)
    }

    /// Two octets, the lower first.
    fn pair(&mut self) -> Option<usize> {
        Some(self.far()? | self.far()? << 8)
    }

    /// A length of which an instruction has this much; 0 there means that more octets say it.
    fn length(&mut self, own: usize, base: usize) -> Option<usize> {
        if own != 0 {
            return Some(own);
        }
        let mut length = base;
        loop {
            match self.octet()? {
                0 => length += 255,
                last => return Some(length + usize::from(last)),
            }
        }
    }

    /// Copies so many literals; says how many.
    fn copy(&mut self, count: usize) -> Option<usize> {
        let (literals, rest) = self.rest.split_at_checked(count)?;
        (self.out.len() + count <= self.most).then(|| self.out.extend_from_slice(literals))?;
        self.rest = rest;
        Some(count)
    }

    /// Repeats what stands so far back; that may be what is being repeated.
    fn again(&mut self, length: usize, distance: usize) -> Option<()> {
        let start = self.out.len().checked_sub(distance)?;
        if self.out.len() + length > self.most {
            return None;
        }
        for at in start..start + length {
            let octet = *self.out.get(at)?;
            self.out.push(octet);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const END: [u8; 3] = [17, 0, 0];

    fn unpacked(parts: &[&[u8]]) -> Option<String> {
        unpack(&[&parts.concat()[..], &END].concat(), 5000).map(|octets| String::from_utf8(octets).unwrap())
    }

    #[test]
    fn every_instruction_is_followed() {
        let abc = |rest: &str| Some(format!("abcdefgh{rest}"));
        let start: &[u8] = b"\x19abcdefgh";
        assert_eq!(unpacked(&[start]), abc(""));
        // Short matches, one with literals behind it, and what follows those.
        assert_eq!(unpacked(&[start, &[64 | 7 << 2, 0]]), abc("abc"));
        assert_eq!(unpacked(&[start, &[128 | 1 << 2 | 1, 0, b'x', 1 << 2, 0]]), abc("ghghgxgx"));
        // Lengths in the instruction and behind it, that overlap what they make.
        assert_eq!(unpacked(&[start, &[32 | 4, 0, 0]]), abc("hhhhhh"));
        assert_eq!(unpacked(&[start, &[32, 0, 1, 0, 0]]), abc(&"h".repeat(31 + 255 + 1 + 2)));
        // Literals by number, short and long.
        let long = "y".repeat(15 + 4 + 3);
        assert_eq!(unpacked(&[&[1], b"wxyz", &[64, 0]]), Some("wxyzzzz".into()));
        assert_eq!(unpacked(&[&[0, 4], long.as_bytes()]), Some(long));
        // Far back: 2049 and 16385 octets.
        let far = [&[0u8, 0, 0, 0, 0, 0, 0, 0, 0, 17][..], &b"z".repeat(8 * 255 + 35)].concat();
        assert!(unpack(&[&far[..], &[0, 0], &END].concat(), 5000).unwrap().ends_with(b"zzz"));
        let count = 15 + 65 * 255 + 1 + 3;
        let literals: Vec<u8> = (0..count).map(|n| (n % 251) as u8).collect();
        let wide = [&[0; 66][..], &[1], &literals, &[16 | 2, 1 << 2, 0], &END].concat();
        let out = unpack(&wide, 1 << 20).unwrap();
        assert_eq!((out.len(), &out[count..]), (count + 4, &literals[count - 0x4001..count - 0x4001 + 4]));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in
            [&b""[..], b"\x19abc", b"\x19abcdefgh", &[64, 0, 17, 0, 0], b"\x12a\x40\xff\x11\0\0", &[17, 0, 0, 9]]
        {
            assert_eq!(unpack(wrong, 5000), None, "{wrong:?}");
        }
        assert_eq!(unpack(&[0x19, 1, 2, 3, 4, 5, 6, 7, 8, 32, 0, 1, 0, 0, 17, 0, 0], 20), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_unpacked_or_refused(stored in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(unpack(&stored, 1000).is_none_or(|octets| octets.len() <= 1000));
        }
    }
}
