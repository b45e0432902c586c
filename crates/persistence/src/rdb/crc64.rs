//! CRC64 with the Jones polynomial, reflected, initial value 0: the checksum of files and payloads.
//!
//! Eight tables let eight bytes be taken at once (slicing-by-8): the byte that is `k` bytes before
//! the end of a word is looked up in table `k`, which holds its remainder after `k` zero bytes.

/// The Jones polynomial 0xad93d23594c935a9, bits reversed.
const POLYNOMIAL: u64 = 0x95AC_9329_AC4B_C9B5;

const TABLES: [[u64; 256]; 8] = tables();

const fn tables() -> [[u64; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut index = 0;
    while index < 256 * 7 {
        let (table, byte) = (index / 256 + 1, index % 256);
        let before = tables[table - 1][byte];
        tables[table][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
        index += 1;
    }
    tables
}

/// The checksum of what `crc` is the checksum of, followed by `bytes`. Starts with 0.
pub fn update(crc: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let crc = words.iter().fold(crc, |crc, word| {
        let word = (crc ^ u64::from_le_bytes(*word)).to_le_bytes();
        (0..8).fold(0, |sum, at| sum ^ TABLES[7 - at][usize::from(word[at])])
    });
    rest.iter().fold(crc, |crc, byte| crc >> 8 ^ TABLES[0][usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_is_that_of_the_catalogue() {
        assert_eq!(update(0, b"123456789"), 0xE9C6_D914_C4B8_D9CA);
    }

    #[test]
    fn pieces_make_the_same_as_the_whole() {
        let bytes: Vec<u8> = (0..500u32).map(|at| ((at * 31) >> 2) as u8).collect();
        let whole = update(0, &bytes);
        for cut in [0, 1, 7, 8, 9, 100, 255, 499, 500] {
            assert_eq!(update(update(0, &bytes[..cut]), &bytes[cut..]), whole, "{cut}");
        }
    }
}
