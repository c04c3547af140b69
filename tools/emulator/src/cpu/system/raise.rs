//! Exceptions and interrupts with everything that can go wrong on the way: double faults and shutdown.
//!
//! Source: Pentium manual vol. 3 §14.9.8 (double fault), §14.4 (priority of exceptions).

use super::debug;
use super::interrupt::{Delivered, Event, Source, deliver};
use crate::chip::Fabric;
use crate::chip::effects::Signal;
use crate::cpu::fault::{Fault, Stop};
use crate::cpu::model::Model;
use crate::cpu::op::Op;
use crate::cpu::state::{Activity, Attention, Core};
use i586::exception::{Exception, ExceptionClass};

/// Delivers an exception between two instructions. EIP names the faulting instruction, or the next one for a
/// trap.
///
/// An exception on the way takes its place or makes a double fault; a third one shuts the core down.
///
/// # Errors
/// Whatever is no exception; after [`Stop::NotYet`] the same call can be repeated.
pub(crate) fn raise<M: Model>(core: &mut Core, fabric: &mut Fabric, fault: Fault) -> Result<(), Stop> {
    raise_at::<M>(core, fabric, &Op::BOUNDARY, fault)?;
    core.in_order = false;
    Ok(())
}

/// [`raise`] from inside the instruction `op`.
///
/// # Errors
/// As [`raise`].
pub(crate) fn raise_at<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    fault: Fault,
) -> Result<(), Stop> {
    let (page_fault_address, debugging) = (core.cr2, core.debugging);
    let result = raise_until_delivered::<M>(core, fabric, op, fault);
    if result == Err(Stop::NotYet) {
        core.cr2 = page_fault_address;
        core.debugging = debugging;
    }
    result
}

fn raise_until_delivered<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    op: &Op,
    mut fault: Fault,
) -> Result<(), Stop> {
    loop {
        let source = Source::Exception { resume: resumes(core, fault.exception) };
        if fault.exception == Exception::Debug {
            debug::enter_handler(core);
        } else {
            debug::forget_traps(core);
        }
        let event = Event { vector: fault.exception.vector(), source, code: fault.code };
        let second = match deliver::<M>(core, fabric, op, event) {
            Ok(Delivered::Whole) => return Ok(()),
            Ok(Delivered::Faulted(second)) | Err(Stop::Fault(second)) => second,
            Err(stop) => return Err(stop),
        };
        fault = match follow(fault.exception, second.exception) {
            Follow::Instead => second,
            Follow::Double => Fault { exception: Exception::DoubleFault, code: Some(0) },
            Follow::Shutdown => return shut_down(core, fabric, op),
        };
    }
}

/// Delivers the debug trap that is due, if any.
///
/// # Errors
/// As [`raise`]; after [`Stop::NotYet`] the trap is still due.
pub(crate) fn debug_trap<M: Model>(core: &mut Core, fabric: &mut Fabric) -> Result<(), Stop> {
    let Some(fault) = debug::due(core) else { return Ok(()) };
    raise::<M>(core, fabric, fault).inspect_err(|_| core.attention |= Attention::DEBUG_TRAP)
}

/// Delivers the non-maskable interrupt and blocks further ones until IRET.
///
/// # Errors
/// As [`raise`]; after [`Stop::NotYet`] it is still latched.
pub(crate) fn non_maskable<M: Model>(core: &mut Core, fabric: &mut Fabric) -> Result<(), Stop> {
    hardware::<M>(core, fabric, Exception::NonMaskable.vector())
        .inspect_err(|_| core.attention |= Attention::NMI)?;
    core.nmi_blocked = true;
    Ok(())
}

/// Delivers the maskable interrupt that the local APIC asks for, and accepts it.
///
/// # Errors
/// As [`raise`]; after [`Stop::NotYet`] the interrupt is still pending.
pub(crate) fn external<M: Model>(core: &mut Core, fabric: &mut Fabric) -> Result<(), Stop> {
    let Some(vector) = core.apic.pending_vector() else { return Ok(()) };
    hardware::<M>(core, fabric, vector)?;
    core.apic.acknowledge();
    Ok(())
}

fn hardware<M: Model>(core: &mut Core, fabric: &mut Fabric, vector: u8) -> Result<(), Stop> {
    let op = &Op::BOUNDARY;
    match deliver::<M>(core, fabric, op, Event { vector, source: Source::Hardware, code: None }) {
        Ok(Delivered::Whole) => {}
        Ok(Delivered::Faulted(fault)) | Err(Stop::Fault(fault)) => {
            raise_at::<M>(core, fabric, op, fault)?;
        }
        Err(stop) => return Err(stop),
    }
    core.counters.hardware_interrupt();
    core.in_order = false;
    Ok(())
}

/// Whether the pushed EFLAGS get RF set.
fn resumes(core: &Core, exception: Exception) -> bool {
    match exception {
        Exception::Debug => debug::is_register_access_fault(core),
        _ => exception.class() == ExceptionClass::Fault,
    }
}

/// What a second exception makes of the delivery of a first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follow {
    /// It is delivered instead; the first will come again.
    Instead,
    Double,
    Shutdown,
}

fn follow(first: Exception, second: Exception) -> Follow {
    let heavy = second.is_contributory();
    let page_fault = second == Exception::PageFault;
    match first {
        Exception::DoubleFault if heavy || page_fault => Follow::Shutdown,
        Exception::PageFault if heavy || page_fault => Follow::Double,
        _ if first.is_contributory() && heavy => Follow::Double,
        _ => Follow::Instead,
    }
}

/// Stops the core until NMI, INIT or RESET.
fn shut_down(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
    core.claim_order(op)?;
    core.activity = Activity::Shutdown;
    core.attention |= Attention::NOT_RUNNING;
    fabric.core_signal(core.id, Signal::Shutdown);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_contributory_and_page_faults_double() {
        use Exception as E;
        assert_eq!(follow(E::GeneralProtection, E::StackFault), Follow::Double);
        assert_eq!(follow(E::GeneralProtection, E::PageFault), Follow::Instead);
        assert_eq!(follow(E::PageFault, E::PageFault), Follow::Double);
        assert_eq!(follow(E::PageFault, E::SegmentNotPresent), Follow::Double);
        assert_eq!(follow(E::InvalidOpcode, E::GeneralProtection), Follow::Instead);
        assert_eq!(follow(E::Debug, E::PageFault), Follow::Instead);
        assert_eq!(follow(E::DoubleFault, E::GeneralProtection), Follow::Shutdown);
        assert_eq!(follow(E::DoubleFault, E::PageFault), Follow::Shutdown);
    }
}
