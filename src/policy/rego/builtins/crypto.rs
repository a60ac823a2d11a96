//! `crypto.*` over strings: digests and HMACs in lower-case hex, as OPA gives them. They compare and label; nothing
//! in tollgate's security rests on MD5 (RFC 1321) or SHA-1 (RFC 3174).

use regorus::Value;
use sha2::{Digest, Sha256, Sha512};

use super::{Context, Failure, text};

pub(super) fn md5(operands: &[Value], _: Context) -> Result<Value, Failure> {
    Ok(hex(&md5_of(text(operands, 0)?.as_bytes())))
}

pub(super) fn sha1(operands: &[Value], _: Context) -> Result<Value, Failure> {
    Ok(hex(&sha1_of(text(operands, 0)?.as_bytes())))
}

pub(super) fn sha256(operands: &[Value], _: Context) -> Result<Value, Failure> {
    Ok(hex(&sha256_of(text(operands, 0)?.as_bytes())))
}

pub(super) fn hmac_md5(operands: &[Value], _: Context) -> Result<Value, Failure> {
    hmac(operands, 64, md5_of)
}

pub(super) fn hmac_sha1(operands: &[Value], _: Context) -> Result<Value, Failure> {
    hmac(operands, 64, sha1_of)
}

pub(super) fn hmac_sha256(operands: &[Value], _: Context) -> Result<Value, Failure> {
    hmac(operands, 64, sha256_of)
}

pub(super) fn hmac_sha512(operands: &[Value], _: Context) -> Result<Value, Failure> {
    hmac(operands, 128, |bytes| Sha512::digest(bytes).to_vec())
}

pub(super) fn hmac_equal(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let (left, right) = (text(operands, 0)?, text(operands, 1)?);
    let differing = left.bytes().zip(right.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    Ok(Value::from(left.len() == right.len() && differing == 0))
}

/// HMAC (RFC 2104): operand 1 is the message, operand 2 the key.
fn hmac(operands: &[Value], block: usize, hash: fn(&[u8]) -> Vec<u8>) -> Result<Value, Failure> {
    let message = text(operands, 0)?.as_bytes();
    let key = text(operands, 1)?.as_bytes();
    let mut padded = if key.len() > block { hash(key) } else { key.to_vec() };
    padded.resize(block, 0);
    let keyed = |mask: u8, rest: &[u8]| {
        let mut bytes: Vec<u8> = padded.iter().map(|byte| byte ^ mask).collect();
        bytes.extend_from_slice(rest);
        hash(&bytes)
    };
    Ok(hex(&keyed(0x5c, &keyed(0x36, message))))
}

fn sha256_of(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

fn hex(bytes: &[u8]) -> Value {
    Value::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// The message, padded to blocks of 64 bytes with its length in bits at the end.
fn padded(bytes: &[u8], length: [u8; 8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&length);
    padded
}

fn bits(bytes: &[u8]) -> u64 {
    (bytes.len() as u64).wrapping_mul(8)
}

#[expect(clippy::indexing_slicing, reason = "indices are taken modulo the arrays' lengths")]
fn md5_of(bytes: &[u8]) -> Vec<u8> {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded(bytes, bits(bytes).to_le_bytes()).chunks_exact(64) {
        let words: Vec<u32> = block
            .chunks_exact(4)
            .map(|word| word.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
            .collect();
        let [mut a, mut b, mut c, mut d] = state;
        for step in 0..64_usize {
            let (mix, word) = match step / 16 {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
                2 => (b ^ c ^ d, (3 * step + 5) % 16),
                _ => (c ^ (b | !d), (7 * step) % 16),
            };
            // The constants are floor(2^32 * |sin(i + 1)|), RFC 1321 section 3.4.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "|sin| * 2^32 fits 32 bits")]
            let constant = (((step + 1) as f64).sin().abs() * 4_294_967_296.0) as u32;
            let sum = a.wrapping_add(mix).wrapping_add(constant).wrapping_add(words[word]);
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(SHIFTS[step / 16][step % 4]));
        }
        for (total, part) in state.iter_mut().zip([a, b, c, d]) {
            *total = total.wrapping_add(part);
        }
    }
    state.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[expect(clippy::indexing_slicing, reason = "80 words are made before they are indexed")]
fn sha1_of(bytes: &[u8]) -> Vec<u8> {
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded(bytes, bits(bytes).to_be_bytes()).chunks_exact(64) {
        let mut words: Vec<u32> =
            block.chunks_exact(4).map(|word| word.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))).collect();
        for index in 16..80 {
            let word = words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16];
            words.push(word.rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (step, word) in words.iter().enumerate() {
            let (mix, constant) = match step / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999_u32),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let sum = a.rotate_left(5).wrapping_add(mix).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, sum);
        }
        for (total, part) in state.iter_mut().zip([a, b, c, d, e]) {
            *total = total.wrapping_add(part);
        }
    }
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex_of(bytes: &[u8]) -> String {
        hex(bytes).as_string().unwrap().to_string()
    }

    #[test]
    fn digests_of_the_standards() {
        assert_eq!(hex_of(&md5_of(b"")), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex_of(&md5_of(b"message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
        let long = b"12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(hex_of(&md5_of(long)), "57edf4a22be3c955ac49da2e2107b67a");
        assert_eq!(hex_of(&sha1_of(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(hex_of(&sha1_of(two_blocks)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    }

    #[test]
    fn hmacs_of_rfc_2202_and_4231() {
        let call = |run: fn(&[Value], Context) -> Result<Value, Failure>| {
            let operands = [Value::from("what do ya want for nothing?"), Value::from("Jefe")];
            run(&operands, Context { now_ns: 0 }).unwrap().as_string().unwrap().to_string()
        };
        assert_eq!(call(hmac_md5), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(call(hmac_sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(call(hmac_sha256), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
