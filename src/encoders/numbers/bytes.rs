//! How is a number read out of a model's file? Little endian, wherever it stands.

use std::fmt;

/// The file ends before what its head announces, or is another kind of file.
///
/// The models are compiled in and tested, so a reader who meets this built the program from damaged files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged(pub &'static str);

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the model file {} is damaged", self.0)
    }
}

impl std::error::Error for Damaged {}

/// Reads a file from front to back.
pub struct Reader<'a> {
    rest: &'a [u8],
    file: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`, which must begin with `magic`; `file` is named in errors.
    pub fn new(bytes: &'a [u8], magic: &[u8], file: &'static str) -> Result<Self, Damaged> {
        let rest = bytes.strip_prefix(magic).ok_or(Damaged(file))?;
        Ok(Self { rest, file })
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(Damaged(self.file))?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The next number.
    pub fn u32(&mut self) -> Result<u32, Damaged> {
        Ok(u32_at(self.bytes(4)?, 0))
    }

    /// The next number, as a count.
    pub fn count(&mut self) -> Result<usize, Damaged> {
        Ok(self.u32()? as usize)
    }

    /// The next `count` floating-point numbers.
    pub fn f32s(&mut self, count: usize) -> Result<Vec<f32>, Damaged> {
        Ok(self.bytes(count * 4)?.chunks_exact(4).map(|bytes| f32::from_bits(u32_at(bytes, 0))).collect())
    }
}

/// The `index`-th u32 of `bytes`; 0 past their end.
#[inline]
pub fn u32_at(bytes: &[u8], index: usize) -> u32 {
    bytes.get(index * 4..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// The `index`-th half-precision number (IEEE 754 binary16) of `bytes`; 0 past their end.
#[inline]
pub fn f16_at(bytes: &[u8], index: usize) -> f32 {
    bytes.get(index * 2..).and_then(|rest| rest.first_chunk()).map_or(0.0, |bytes| half(u16::from_le_bytes(*bytes)))
}

/// binary16 to binary32: the exponent's bias goes from 15 to 127, the fraction from 10 bits to 23.
#[inline]
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let magnitude = u32::from(bits & 0x7FFF);
    // Shifted into place, exponent and fraction are those of a number 2^112 times too small, subnormals included.
    let scaled = f32::from_bits(magnitude << 13) * f32::from_bits((127 + 112) << 23);
    f32::from_bits(sign | scaled.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_numbers_are_read() {
        let check = |bits: u16, expected: f32| assert_eq!(half(bits), expected, "{bits:#06x}");
        check(0x3C00, 1.0);
        check(0xC000, -2.0);
        check(0x3555, 0.333_251_95);
        check(0x7BFF, 65504.0);
        check(0x0001, 5.960_464_5e-8);
        check(0x0000, 0.0);
    }

    #[test]
    fn a_short_file_is_refused() {
        assert_eq!(Reader::new(b"XYZ", b"ABC", "a.bin").err(), Some(Damaged("a.bin")));
        let mut reader = Reader::new(b"ABC\x01\0\0\0\xFF", b"ABC", "a.bin").unwrap();
        assert_eq!(reader.u32(), Ok(1));
        assert_eq!(reader.u32(), Err(Damaged("a.bin")));
    }
}
