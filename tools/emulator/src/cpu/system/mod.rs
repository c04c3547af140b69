//! x
pub(crate) mod debug { use crate::cpu::state::Core; use crate::cpu::fault::Fault; pub(crate) fn instruction_breakpoint(c:&Core)->Option<Fault>{None} pub(crate) fn single_step(c:&mut Core){} }
pub(crate) mod interrupt { use crate::cpu::state::Core; use crate::chip::Fabric; use crate::cpu::model::Model; use crate::cpu::fault::{Stop,Fault};
 pub(crate) fn raise<M:Model>(c:&mut Core,f:&mut Fabric,x:Fault)->Result<(),Stop>{todo!()}
 pub(crate) fn debug_trap<M:Model>(c:&mut Core,f:&mut Fabric)->Result<(),Stop>{todo!()}
 pub(crate) fn non_maskable<M:Model>(c:&mut Core,f:&mut Fabric)->Result<(),Stop>{todo!()}
 pub(crate) fn external<M:Model>(c:&mut Core,f:&mut Fabric)->Result<(),Stop>{todo!()} }
impl super::state::Core { pub(crate) fn reset(&mut self,b:bool){} pub(crate) fn init_reset(&mut self){} pub(crate) fn keeps_resume(&self)->bool{false} pub(crate) fn refresh_cache_control(&mut self){} }
