//! Any registers as a hypercall, and any bytes as start information: a value that means the same again, or an error.
#![no_main]

use guest_abi::Call;
use guest_abi::start::StartInfo;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some((registers, _)) = data.split_first_chunk::<16>() {
        let words = [0, 4, 8, 12].map(|first| {
            let [a, b, c, d] = [0, 1, 2, 3].map(|byte| registers[first + byte]);
            u32::from_le_bytes([a, b, c, d])
        });
        // Most numbers are unknown, so the first register is made small.
        let words = [words[0] % 32, words[1], words[2], words[3]];
        if let Ok(call) = Call::decode(words) {
            assert_eq!(Call::decode(call.encode()), Ok(call));
            assert_eq!(call.encode()[0], words[0]);
        }
    }
    if let Some((bytes, _)) = data.split_first_chunk() {
        if let Ok(information) = StartInfo::decode(bytes) {
            assert_eq!(information.encode(), *bytes);
        }
    }
});
