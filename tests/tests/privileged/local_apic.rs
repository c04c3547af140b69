//! Interrupts that a core sends itself: interrupt shadows, HLT, priorities.

use crate::trusting_bochs;
use boot_tests::judged::layout::{DATA, IDT, selector};
use boot_tests::judged::{Case, Difference, Judge, OPEN_VECTOR, Register, Result, Suite, gate};
use i586::apic::{ApicRegister, BASE, CommandLow, DeliveryMode, Shorthand, SpuriousVector};
use i586::flags::Eflags;
use i586::segment::SystemKind;
use iced_x86::code_asm::{CodeAssembler, dword_ptr, eax, ebx, ecx, esp, ss};

const VECTOR: u8 = OPEN_VECTOR + 2;
/// All vectors that cases send.
const VECTORS: [u8; 4] = [0x41, VECTOR, 0x43, 0x4E];

const fn register(register: ApicRegister) -> u32 {
    BASE + register.offset()
}

/// Sends a vector to the core itself.
fn send(a: &mut CodeAssembler, vector: u8) -> Result {
    let command = CommandLow::new().with_vector(vector).with_shorthand(Shorthand::Myself).with_assert(true);
    a.mov(dword_ptr(register(ApicRegister::CommandLow)), command.into_bits())
}

/// Switches the APIC on, ends whatever earlier cases left in service and takes what they left pending.
fn prepared(case: &mut Case) -> Result {
    let end_of_interrupt = register(ApicRegister::EndOfInterrupt);
    let drain = case.code(|a| {
        a.mov(dword_ptr(end_of_interrupt), 0)?;
        a.iretd()
    })?;
    let (low, high) = gate(SystemKind::InterruptGate32, selector::CODE, drain, 0).descriptor().words();
    let spurious = SpuriousVector::RESET.with_enable(true).into_bits();
    case.prepare(|a| {
        a.mov(dword_ptr(register(ApicRegister::SpuriousVector)), spurious)?;
        a.mov(dword_ptr(register(ApicRegister::TaskPriority)), 0)?;
        let places = VECTORS.map(|vector| IDT + 8 * u32::from(vector));
        for place in places {
            a.push(dword_ptr(place))?;
            a.push(dword_ptr(place + 4))?;
            a.mov(dword_ptr(place), low)?;
            a.mov(dword_ptr(place + 4), high)?;
        }
        for _ in 0..4 {
            a.mov(dword_ptr(end_of_interrupt), 0)?;
        }
        for _ in 0..VECTORS.len() {
            let mut next = a.create_label();
            a.sti()?;
            a.nop()?;
            a.jmp(next)?;
            a.set_label(&mut next)?;
            a.cli()?;
        }
        for place in places.into_iter().rev() {
            a.pop(dword_ptr(place + 4))?;
            a.pop(dword_ptr(place))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Waits until a command has been accepted.
fn wait(a: &mut CodeAssembler) -> Result {
    a.mov(ebx, dword_ptr(register(ApicRegister::CommandLow)))?;
    a.xor(ebx, ebx)?;
    for _ in 0..16 {
        a.nop()?;
    }
    Ok(())
}

type Instruction = (&'static str, fn(&mut CodeAssembler) -> Result);

const BETWEEN_BLOCKS: &str = "QEMU looks for interrupts between its translated blocks only";

#[test]
fn shadows_and_halts() {
    const ONCE: &str = "QEMU lets no second instruction in a row delay interrupts";
    const KNOWN: &[Difference] = &[
        trusting_bochs(Judge::Qemu, "pending, sti*ss", &["outcome"], ONCE),
        trusting_bochs(Judge::Qemu, "pending, mov ss, sti", &["outcome"], ONCE),
        trusting_bochs(Judge::Qemu, "handler returns*", &["line"], BETWEEN_BLOCKS),
    ];
    let enabling: [Instruction; 14] = [
        ("nothing", |a| a.nop()),
        ("sti", |a| a.sti()),
        ("sti, cli", |a| {
            a.sti()?;
            a.cli()
        }),
        ("sti twice", |a| {
            a.sti()?;
            a.sti()
        }),
        ("sti, mov ss", |a| {
            a.sti()?;
            a.mov(ss, ecx)
        }),
        ("mov ss, sti", |a| {
            a.mov(ss, ecx)?;
            a.sti()
        }),
        ("sti, pop ss", |a| {
            a.push(ecx)?;
            a.sti()?;
            a.pop(ss)
        }),
        ("popfd", |a| {
            a.push(0x202)?;
            a.popfd()
        }),
        ("popfd, mov ss", |a| {
            a.push(0x202)?;
            a.popfd()?;
            a.mov(ss, ecx)
        }),
        ("iretd", |a| {
            let mut next = a.create_label();
            a.push(0x202)?;
            a.push(iced_x86::code_asm::cs)?;
            a.call(next)?;
            a.set_label(&mut next)?;
            a.add(dword_ptr(esp), 5)?;
            a.iretd()
        }),
        ("sti, hlt", |a| {
            a.sti()?;
            a.hlt()
        }),
        ("sti, nop, hlt", |a| {
            a.sti()?;
            a.nop()?;
            a.hlt()
        }),
        ("sti, popfd without", |a| {
            a.push(2)?;
            a.sti()?;
            a.popfd()
        }),
        ("sti, int", |a| {
            a.sti()?;
            a.int(u32::from(OPEN_VECTOR) + 5)
        }),
    ];
    let mut suite = Suite::new();
    for (name, write) in enabling {
        suite.case(format!("pending, {name}"), |case| {
            prepared(case)?;
            case.register(Register::Ecx, u32::from(selector::DATA)).probe(|a| {
                send(a, VECTOR)?;
                wait(a)?;
                write(a)?;
                a.nop()?;
                a.nop()?;
                a.nop()
            })
        });
    }
    suite.case("sent with interrupts on", |case| {
        prepared(case)?;
        case.flags(Eflags::INTERRUPT).probe(|a| {
            send(a, VECTOR)?;
            let mut top = a.create_label();
            a.set_label(&mut top)?;
            a.jmp(top)
        })
    });
    suite.case("handler returns, program goes on", |case| {
        let handler = case.code(|a| {
            a.inc(dword_ptr(DATA))?;
            a.mov(dword_ptr(register(ApicRegister::EndOfInterrupt)), 0)?;
            a.iretd()
        })?;
        prepared(case)?;
        case.vector(VECTOR, gate(SystemKind::InterruptGate32, selector::CODE, handler, 0));
        case.flags(Eflags::INTERRUPT).probe(|a| {
            for _ in 0..3 {
                send(a, VECTOR)?;
                wait(a)?;
            }
            a.mov(eax, dword_ptr(DATA))
        })
    });
    suite.case("rep string waits for nothing", |case| {
        prepared(case)?;
        case.register(Register::Edi, DATA).register(Register::Ecx, 0x20).probe(|a| {
            send(a, VECTOR)?;
            wait(a)?;
            a.push(0x202)?;
            a.popfd()?;
            a.rep().stosd()
        })
    });
    suite.case("interrupt at cpl 3", |case| {
        prepared(case)?;
        case.ring(3).io_privilege(3).probe(|a| {
            send(a, VECTOR)?;
            wait(a)?;
            a.sti()?;
            a.nop()?;
            a.nop()
        })
    });
    suite.case("interrupt in V86 mode", |case| {
        // Sent by ring 0, delivered to a V86 task at its first instruction.
        prepared(case)?;
        let end = case.bytes(&[0x90, 0x90, 0x0F, 0x0B]) - boot_tests::judged::layout::IMAGE;
        case.probe(|a| {
            send(a, VECTOR)?;
            wait(a)?;
            for value in [0u32, 0, 0, 0, 0x1000, 0x1200, 0x2_0202, 0x2000, end] {
                a.push(value)?;
            }
            a.iretd()
        })
    });
    crate::judge("shadows_and_halts", suite, KNOWN);
}

#[test]
fn priorities() {
    const KNOWN: &[Difference] = &[
        trusting_bochs(Judge::Qemu, "nested*", &["line"], BETWEEN_BLOCKS),
        trusting_bochs(Judge::Qemu, "NMI*", &["line"], "QEMU sends NMIs with a shorthand for fixed vectors"),
    ];
    let mut suite = Suite::new();
    for (first, second) in [(0x41, 0x4E), (0x4E, 0x41), (0x42, 0x43)] {
        suite.case(format!("{first:x} and {second:x} pending"), |case| {
            prepared(case)?;
            case.probe(|a| {
                send(a, first)?;
                send(a, second)?;
                wait(a)?;
                a.sti()?;
                a.nop()?;
                a.nop()
            })
        });
    }
    for priority in [0u32, 0x30, 0x3F, 0x40, 0x4F, 0xF0] {
        suite.case(format!("task priority {priority:x}"), |case| {
            prepared(case)?;
            case.probe(|a| {
                a.mov(dword_ptr(register(ApicRegister::TaskPriority)), priority)?;
                send(a, VECTOR)?;
                wait(a)?;
                a.sti()?;
                a.nop()?;
                a.nop()?;
                a.nop()?;
                a.cli()?;
                a.mov(eax, dword_ptr(register(ApicRegister::ProcessorPriority)))?;
                // Let it go, so that the next case finds nothing pending.
                a.mov(dword_ptr(register(ApicRegister::TaskPriority)), 0)?;
                a.sti()?;
                a.nop()?;
                a.nop()
            })
        });
    }
    suite.case("nested without end of interrupt", |case| {
        let handler = case.code(|a| {
            send(a, 0x41)?;
            wait(a)?;
            a.sti()?;
            a.nop()?;
            a.nop()?;
            a.cli()?;
            a.ud2()
        })?;
        prepared(case)?;
        case.vector(VECTOR, gate(SystemKind::InterruptGate32, selector::CODE, handler, 0));
        case.flags(Eflags::INTERRUPT).probe(|a| {
            send(a, VECTOR)?;
            wait(a)
        })
    });
    suite.case("rest of the one before", |case| {
        prepared(case)?;
        case.probe(|a| {
            a.sti()?;
            a.nop()?;
            a.nop()
        })
    });
    for blocked in [false, true] {
        suite.case(format!("NMI to itself, interrupts {blocked}"), |case| {
            prepared(case)?;
            if blocked {
                case.flags(Eflags::INTERRUPT);
            }
            case.probe(|a| {
                let command = CommandLow::new()
                    .with_delivery_mode(DeliveryMode::NonMaskable)
                    .with_shorthand(Shorthand::Myself)
                    .with_assert(true);
                a.mov(dword_ptr(register(ApicRegister::CommandLow)), command.into_bits())?;
                wait(a)
            })
        });
        // The monitor's IRET to this case ends the blocking of NMIs.
    }
    crate::judge("priorities", suite, KNOWN);
}
