//! Property of every parser: whatever the bytes, an answer and no panic; what was written reads back.

use proptest::prelude::{Just, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy;

use super::{
    CoreFile, CoreSet, ElfImage, ElfTarget, ObjectFile, Segment, SystemFile, parse_lut_init, parse_map,
    parse_merge_list,
};

/// Bytes, or text made of the formats' own words.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just("/origin ".to_owned()),
        Just("/eof".to_owned()),
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just("#".to_owned()),
        Just("0x".to_owned()),
        Just("@mc1:".to_owned()),
        Just("all".to_owned()),
        "[0-9a-f]{1,9}",
        "[0-9]{1,2}[,-]",
    ];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        proptest::collection::vec(word, 0..60).prop_map(|words| words.concat().into_bytes()),
    ]
}

proptest! {
    #[test]
    fn text_parsers_answer_to_any_bytes(bytes in input()) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        if let Err(error) = parse_map(&bytes) {
            prop_assert!(error.line <= lines);
        }
        if let Err(error) = parse_merge_list(&bytes) {
            prop_assert!(error.line <= lines);
        }
        if let Err(error) = parse_lut_init(&bytes) {
            prop_assert!(error.line <= lines);
        }
        match ObjectFile::parse(&bytes) {
            Ok(object) => {
                let segments = object.segments();
                prop_assert!(segments.iter().all(|segment| segment.bytes.len() % 32 == 0));
                prop_assert!(segments.windows(2).all(|pair| pair[0].end() < pair[1].address));
            }
            Err(error) => prop_assert!(error.line <= lines),
        }
    }

    #[test]
    fn command_line_parsers_answer_to_any_text(bytes in input()) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(set) = text.parse::<CoreSet>() {
            prop_assert_eq!(set.to_string().parse::<CoreSet>(), Ok(set));
        }
        // The answer itself is free; that there is one is the property.
        prop_assert!(text.parse::<CoreFile>().is_ok() || text.parse::<CoreFile>().is_err());
        prop_assert!(text.parse::<ElfTarget>().is_ok() || text.parse::<ElfTarget>().is_err());
        prop_assert!(text.parse::<SystemFile>().is_ok() || text.parse::<SystemFile>().is_err());
    }

    #[test]
    fn damaged_elf_files_are_answered(at in 0..400_usize, value in any::<u32>(), cut in 0..400_usize) {
        let mut bytes = super::elf_example::file();
        let at = at.min(bytes.len() - 4);
        bytes[at..][..4].copy_from_slice(&value.to_le_bytes());
        if let Ok(image) = ElfImage::parse(&bytes) {
            for segment in image.segments {
                prop_assert!(u64::from(segment.address.get()) + u64::from(segment.zero_bytes) <= 1 << 32);
            }
        }
        bytes.truncate(cut);
        prop_assert!(ElfImage::parse(&bytes).is_err() || cut >= 84);
    }

    #[test]
    fn objects_read_back_what_was_written(
        blocks in proptest::collection::vec((0..0x1_0000_0000_u64, proptest::collection::vec(any::<u32>(), 1..20)), 0..6)
    ) {
        let blocks: Vec<Segment> = blocks
            .into_iter()
            .map(|(word, words)| Segment {
                address: word.min(0xFFFF_FF00) * 4,
                bytes: words.iter().flat_map(|word| word.to_le_bytes()).collect(),
            })
            .collect();
        let object = ObjectFile { blocks };
        prop_assert_eq!(ObjectFile::parse(object.to_string().as_bytes()), Ok(object));
    }
}
