//! The chip's mesh, which a PC does not have.

use core::future::Future;
use core::task::Waker;

use executor::time::Timers;
use ipi::mesh::{CoreSet, Instant, Invalidate, Mesh, MpbAddress, Pool, PoolBase, PoolWindow, Push, Seat};
use scc::fpga::CounterId;
use scc::id::CoreId;

use crate::platform::{Absent, Feature};

/// A mesh that is never there.
#[derive(Clone, Copy, Debug)]
pub enum ChipMesh {}

/// The chip.
///
/// # Errors
/// Always [`Absent`].
pub const fn open(_timers: Timers) -> Result<ChipMesh, Absent> {
    Err(Absent(Feature::MessageBuffer))
}

impl Mesh for ChipMesh {
    fn core(&self) -> CoreId {
        match *self {}
    }

    fn now(&self) -> Instant {
        match *self {}
    }

    fn sleep_until(&self, _at: Instant) -> impl Future<Output = ()> {
        let never = *self;
        async move { match never {} }
    }

    fn read(&self, _from: MpbAddress, _bytes: &mut [u8]) {
        match *self {}
    }

    fn write(&self, _to: MpbAddress, _bytes: &[u8]) {
        match *self {}
    }

    fn pool(&self) -> Option<PoolBase> {
        match *self {}
    }

    fn read_pool(&self, _pool: Pool, _offset: u32, _bytes: &mut [u8]) {
        match *self {}
    }

    fn write_pool(&self, _pool: Pool, _offset: u32, _bytes: &[u8]) {
        match *self {}
    }

    fn show_pool(&self, _window: PoolWindow, _owner: CoreId, _base: PoolBase) -> bool {
        match *self {}
    }

    fn hide_pool(&self, _window: PoolWindow) {
        match *self {}
    }

    fn invalidate(&self, _place: Invalidate) {
        match *self {}
    }

    fn push(&self, _place: Push) {
        match *self {}
    }

    fn ring(&self, _target: CoreId) {
        match *self {}
    }

    fn rearm(&self, _rung: CoreSet) -> bool {
        match *self {}
    }

    fn wake_when_rung(&self, _seat: Seat, _waker: &Waker) {
        match *self {}
    }

    fn vacate(&self) {
        match *self {}
    }

    fn is_urgent(&self, _waker: &Waker) -> bool {
        match *self {}
    }

    fn interrupt(&self, _target: CoreId) {
        match *self {}
    }

    fn test_and_set(&self, _register: CoreId) -> bool {
        match *self {}
    }

    fn clear(&self, _register: CoreId) {
        match *self {}
    }

    fn count_up(&self, _counter: CounterId) -> u32 {
        match *self {}
    }

    fn counter(&self, _counter: CounterId) -> u32 {
        match *self {}
    }

    fn set_counter(&self, _counter: CounterId, _value: u32) {
        match *self {}
    }

    fn is_in_reset(&self, _core: CoreId) -> bool {
        match *self {}
    }
}
