use super::port::*;use super::dram::*;use super::effects::*;use scc::address::*;use scc::id::*;use scc::timing::*;
use crate::diagnostics::Finding;
#[derive(Debug,Clone)] pub struct Fabric { pub dram: Dram }
#[derive(Debug,Clone,PartialEq,Eq,serde::Serialize)] pub struct FabricStatistics;
impl MeshPort for Fabric {
    fn read(&mut self, core: CoreId, at: PhysAddr, bytes: u32, now: Time) -> Result<Reply<u64>, Refusal> {todo!()}
    fn write(&mut self, core: CoreId, at: PhysAddr, bytes: u32, value: u64, now: Time) -> Result<Reply<()>, Refusal>{todo!()}
    fn read_line(&mut self, core: CoreId, line: PhysAddr, now: Time) -> Result<Reply<[u8; LINE]>, Refusal>{todo!()}
    fn write_line(&mut self,core: CoreId,line: PhysAddr,data: &[u8; LINE],command: LineWrite,now: Time) -> Result<Reply<()>, Refusal>{todo!()}
}
impl Fabric {
    pub fn new(c:&super::config::FabricConfig)->Self{todo!()}
    pub fn tile_period(&self,t:TileId)->Time{todo!()}
    pub fn dram_page(&mut self, c:CoreId, p:PhysAddr)->Option<PageIndex>{todo!()}
    pub fn has_effects(&self)->bool{todo!()}
    pub fn take_effect(&mut self)->Option<(Time,Effect)>{todo!()}
    pub fn core_signal(&mut self,c:CoreId,s:Signal){todo!()}
    pub fn next_event(&self)->Option<Time>{todo!()}
    pub fn run_events(&mut self,t:Time){todo!()}
    pub fn has_findings(&self)->bool{todo!()}
    pub fn take_findings(&mut self)->Vec<(CoreId,Finding)>{todo!()}
    pub fn apic_enabled(&self,c:CoreId)->bool{todo!()}
    pub fn lut(&self,c:CoreId,i:LutIndex)->scc::lut::LutEntry{todo!()}
    pub fn set_lut(&mut self,c:CoreId,i:LutIndex,e:scc::lut::LutEntry){todo!()}
    pub fn memory(&self)->scc::lut::BoardMemory{todo!()}
    pub fn release_reset(&mut self,c:CoreId,t:Time){todo!()}
    pub fn assert_reset(&mut self,c:CoreId,t:Time){todo!()}
    pub fn console(&self,c:CoreId)->&[u8]{todo!()}
    pub fn host_store(&mut self,c:CoreId,p:PhysAddr,b:&[u8])->bool{todo!()}
    pub fn host_fetch(&self,c:CoreId,p:PhysAddr,b:&mut [u8])->bool{todo!()}
    pub fn statistics(&self)->&FabricStatistics{todo!()}
}
