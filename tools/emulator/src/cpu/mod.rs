//! One P54C core: state, decoding, execution.

mod again;
pub(crate) mod apic;
pub(crate) mod block;
pub(crate) mod breakpoint;
pub(crate) mod counters;
pub(crate) mod decode;
pub(crate) mod delivery;
pub(crate) mod execute;
pub(crate) mod fault;
pub(crate) mod fetch;
pub(crate) mod flags;
pub mod fpu;
pub(crate) mod half_modify;
pub(crate) mod memory;
pub(crate) mod model;
pub(crate) mod observed;
pub(crate) mod op;
pub(crate) mod quick;
pub(crate) mod refusal;
pub(crate) mod run;
pub(crate) mod segment;
pub(crate) mod slow_memory;
pub(crate) mod state;
pub(crate) mod system;
pub(crate) mod watch;
pub(crate) mod width;
