//! The kernel uses no instruction that a P54C lacks, and the FPU only where nobody interrupts its user.
//!
//! Every executable section is decoded from its start. Decoding in a row can run through bytes that are no code
//! (alignment, tables); such bytes would have to look like a forbidden instruction to be reported.

use std::collections::BTreeSet;

use boot_tests::kernel::{elf, trials};
use iced_x86::{CpuidFeature, Decoder, DecoderOptions, Instruction, Mnemonic};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use scc_image::is_known_to_p54c;

/// Sections whose code runs in real mode when it starts: only their 32-bit parts would decode.
const REAL_MODE: &str = ".reset_page";

fn instructions_of(image: &[u8]) -> Vec<Instruction> {
    let file = object::File::parse(image).expect("the linker wrote a good file");
    let mut found = Vec::new();
    for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
        let bits = if section.name() == Ok(REAL_MODE) { 16 } else { 32 };
        let code = section.data().expect("sections lie in the file");
        let options = DecoderOptions::CL1INVMB;
        found.extend(Decoder::with_ip(bits, code, section.address(), options).iter());
    }
    found
}

/// Name of the function that holds `address`.
fn function_at(image: &[u8], address: u64) -> String {
    let file = object::File::parse(image).expect("the linker wrote a good file");
    let functions = file
        .symbols()
        .filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Label | SymbolKind::Unknown));
    let before = functions.filter(|symbol| symbol.address() <= address);
    let name =
        before.max_by_key(ObjectSymbol::address).and_then(|symbol| symbol.name().ok().map(str::to_owned));
    name.unwrap_or_else(|| format!("{address:#x}"))
}

#[test]
fn every_instruction_is_one_that_a_p54c_has() {
    for image in [elf(), trials()] {
        let all = instructions_of(image);
        assert!(all.len() > 5_000, "only {} instructions", all.len());
        let forbidden: BTreeSet<_> = all
            .iter()
            .filter(|instruction| !instruction.is_invalid() && !is_known_to_p54c(instruction))
            .map(|instruction| {
                format!(
                    "{instruction} at {:#x} in {}",
                    instruction.ip(),
                    function_at(image, instruction.ip())
                )
            })
            .collect();
        assert_eq!(forbidden, BTreeSet::new());
    }
}

/// Initialisation, and saving and loading what guests have in the FPU.
const OWN_USES: [Mnemonic; 3] = [Mnemonic::Fninit, Mnemonic::Fnsave, Mnemonic::Frstor];

#[test]
fn fpu_is_touched_by_its_initialisation_and_the_switch_between_guests_only() {
    let fpu = [CpuidFeature::FPU, CpuidFeature::FPU287, CpuidFeature::FPU387];
    let uses =
        |instruction: &&Instruction| instruction.cpuid_features().iter().any(|used| fpu.contains(used));
    for image in [elf(), trials()] {
        let all = instructions_of(image);
        let used: Vec<_> = all.iter().filter(|instruction| !instruction.is_invalid()).filter(uses).collect();
        let others = used.iter().filter(|instruction| !OWN_USES.contains(&instruction.mnemonic()));
        let described: Vec<_> = others
            .map(|instruction| format!("{instruction} in {}", function_at(image, instruction.ip())))
            .collect();
        assert_eq!(described, Vec::<String>::new());
        assert!(!used.is_empty());
    }
}
