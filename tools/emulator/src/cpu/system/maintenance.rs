//! INVLPG INVD WBINVD CL1INVMB HLT RSM.
//!
//! The special cycles of INVD, WBINVD and HLT are latched in the tile's GLCFG register, where other cores see
//! them: these instructions wait for their turn in global order.
//!
//! Source: SCC reference §2.4, §2.6, §4.3.

use crate::chip::Fabric;
use crate::chip::effects::Signal;
use crate::cpu::fault::Stop;
use crate::cpu::model::Model;
use crate::cpu::op::{Op, Step};
use crate::cpu::state::{Activity, Attention, Core};

/// `invlpg [memory]`. Closing.
pub(crate) struct Invlpg;
/// `invd`. Closing.
pub(crate) struct Invd;
/// `wbinvd`. Closing.
pub(crate) struct Wbinvd;
/// CL1INVMB, at any privilege level (U12).
pub(crate) struct Cl1invmb;
/// `hlt`. Closing.
pub(crate) struct Hlt;
/// `rsm` outside system management mode, which is not modelled: #UD.
pub(crate) struct Rsm;

impl Step for Invlpg {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_supervisor()?;
        let base = core.segments[usize::from(op.segment & 7)].base;
        let linear = base.wrapping_add(core.effective_offset(op));
        core.data_tlb.invalidate(linear);
        core.code_tlb.invalidate(linear);
        // A 4 MB page has left the TLBs whole; the derived translations know no page sizes.
        core.forget_hot_translations();
        Ok(())
    }
}

impl Step for Invd {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_supervisor()?;
        core.claim_order(op)?;
        if M::STRICT {
            core.hierarchy.invd();
        }
        fabric.core_signal(core.id, Signal::Flush);
        Ok(())
    }
}

impl Step for Wbinvd {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_supervisor()?;
        core.claim_order(op)?;
        if M::STRICT {
            let issue = core.issue(op);
            let access = core.hierarchy.wbinvd(fabric, issue)?;
            core.account(access.stall, access.left);
        }
        fabric.core_signal(core.id, Signal::WriteBack);
        fabric.core_signal(core.id, Signal::Flush);
        Ok(())
    }
}

impl Step for Cl1invmb {
    fn step<M: Model>(core: &mut Core, _: &mut Fabric, _: &Op) -> Result<(), Stop> {
        if M::STRICT {
            core.hierarchy.cl1invmb();
        }
        Ok(())
    }
}

impl Step for Hlt {
    fn step<M: Model>(core: &mut Core, fabric: &mut Fabric, op: &Op) -> Result<(), Stop> {
        core.require_supervisor()?;
        core.claim_order(op)?;
        core.activity = Activity::Halted;
        core.attention |= Attention::NOT_RUNNING;
        fabric.core_signal(core.id, Signal::Halt);
        Ok(())
    }
}

impl Step for Rsm {
    fn step<M: Model>(_: &mut Core, _: &mut Fabric, _: &Op) -> Result<(), Stop> {
        Err(Stop::UNDEFINED)
    }
}
