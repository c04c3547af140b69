//! Virtual devices: virtio 1.2 over registers in memory, with split queues.
//!
//! ```text
//! guest ── access to a page without memory ──▶ whoever runs it ── mmio, bus::Bus ──▶ device::Device
//!   ▲                                                                                  │ Transport: registers
//!   │ IrqOutput                                                                          │ Virtqueue, Chain: its requests
//!   └──────────────────────── serve(device, memory, back end).await ◀───────────────────┘
//! ```
//!
//! A device is made for a back end, and its `serve` functions are tasks of their own; a trait of one or two asynchronous
//! functions says what is behind it. The guest's memory is reached through [`GuestMemory`](super::guest_memory::GuestMemory)
//! only. Queues and requests are the guest's word: what is wrong in them stops that device with `DEVICE_NEEDS_RESET`, see
//! [`fault::Fault`], and the driver may reset it.
//!
//! The tasks of a guest's devices belong to the class of virtual processors. They pause often, but are ready again as long
//! as the guest's request lasts, and a guest may ask for much: in an earlier class they would keep other guests from running.
//!
//! Not offered: the interface from before version 1, packed queues, `VIRTIO_F_EVENT_IDX`, reset of single queues.
//!
//! Source: Virtual I/O Device (VIRTIO) Version 1.2, OASIS, 1 July 2022. Its sections are named where they are used.

pub mod block;
pub mod bus;
mod chain;
pub mod console;
pub mod device;
pub mod entropy;
pub mod fault;
pub mod network;
mod queue;
pub mod register;
pub mod switch;
pub mod transport;

#[cfg(test)]
mod guest_driver;

pub use device::{Device, IrqOutput};
pub use fault::{AccessError, Fault};
