//! Virtual devices: virtio 1.2 over registers in memory, with split queues.
//!
//! ```text
//! guest ── access to a page without memory ──▶ vm ── emulate::mmio, bus::Bus ──▶ device::Device
//!   ▲                                                                                  │ Transport: registers
//!   │ IrqOutput                                                                          │ Virtqueue, Chain: its requests
//!   └──────────────────────── serve(device, memory, back end).await ◀───────────────────┘
//! ```
//!
//! A device is made for a back end, and its `serve` functions are [services] of the guest; a trait of one or two
//! asynchronous functions says what is behind it. The guest's memory is reached through
//! [`GuestMemory`](super::guest_memory::GuestMemory) only. Queues and requests are the guest's word: what is wrong in them stops
//! that device with `DEVICE_NEEDS_RESET`, see [`fault::Fault`], and the driver may reset it.
//!
//! The services of a guest are polled by the guest's own task, which belongs to the class of virtual processors. They pause
//! often, but are ready again as long as the guest's request lasts; meanwhile other guests have their turns, and services of
//! earlier classes theirs.
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
pub mod generator;
pub mod network;
mod queue;
pub mod register;
pub mod services;
pub mod transport;

#[cfg(test)]
mod guest_driver;

pub use device::{Device, DeviceState, IrqOutput};
pub use fault::{AccessError, Fault};
