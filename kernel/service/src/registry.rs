//! The services there are: a line for each, checked when the crate is built.
//!
//! A line says the name, which is also that of the module; the procedures that it serves; where it runs; whether it
//! starts by default; and what follows a failure. Names and procedures of two services do not collide, and a core has
//! places for the servers of all of them: else the build fails.

use alloc::boxed::Box;

use futures_util::future::LocalBoxFuture;
use ipi::mesh::Mesh;
use ipi::rpc::Procedure;

use crate::Ctx;
use crate::plan::{Placement, Starts};
use crate::supervise::{BackOff, Ended, Restart, judge};

/// What the registry says of a service.
#[derive(Debug)]
pub struct Service {
    /// Its name: lower-case letters, digits and underscores, 15 at most.
    pub name: &'static str,
    /// Where it runs unless the user says otherwise.
    pub placement: Placement,
    /// When it starts.
    pub starts: Starts,
    /// What follows a failure.
    pub restart: Restart,
    procedures: &'static [u8],
}

macro_rules! registry {
    ($($name:ident: serves [$($procedure:ident),*], on $placement:expr, $starts:expr, $restart:expr;)*) => {
        /// Every service.
        pub const SERVICES: &[Service] = &[$(Service {
            name: stringify!($name),
            placement: $placement,
            starts: $starts,
            restart: $restart,
            procedures: &[$(<crate::$name::$procedure as Procedure>::NUMBER),*],
        }),*];

        /// Runs the service that `ctx` is for.
        pub(crate) fn begin<'s, M: Mesh>(ctx: Ctx<'s, M>) -> LocalBoxFuture<'s, Ended> {
            match ctx.name() {
                $(stringify!($name) => Box::pin(async move { judge(ctx, crate::$name::run(ctx).await) }),)*
                name => unreachable!("{name} is no service"),
            }
        }
    };
}

registry! {
    block: serves [Disk], on Placement::One, Starts::WhenNamed, Restart::OnFailure(BackOff::USUAL);
    console: serves [Write, Read], on Placement::One, Starts::WhenNamed, Restart::OnFailure(BackOff::USUAL);
    control: serves [Stop], on Placement::All, Starts::ByDefault, Restart::OnFailure(BackOff::USUAL);
    echo: serves [Echo], on Placement::All, Starts::ByDefault, Restart::OnFailure(BackOff::USUAL);
    kv: serves [Replica], on Placement::Some(3), Starts::WhenNamed, Restart::Never;
    load: serves [], on Placement::One, Starts::WhenNamed, Restart::Never;
    name: serves [Find], on Placement::All, Starts::ByDefault, Restart::OnFailure(BackOff::USUAL);
    net: serves [], on Placement::All, Starts::ByDefault, Restart::OnFailure(BackOff::USUAL);
    ping: serves [], on Placement::One, Starts::WhenNamed, Restart::Never;
    stats: serves [Report], on Placement::All, Starts::ByDefault, Restart::OnFailure(BackOff::USUAL);
    survey: serves [], on Placement::One, Starts::WhenNamed, Restart::Never;
    talk: serves [], on Placement::One, Starts::WhenNamed, Restart::Never;
}

/// Lowest number of a service's procedure; the kernel itself uses those below.
pub const FIRST_PROCEDURE: u8 = 16;
/// Servers that all services of a core have together at most; a core has 16, some for the kernel itself.
const MOST_SERVERS: usize = 12;
/// Characters that a name has at most.
pub const NAME_MOST: usize = 15;

const _: () = check(SERVICES);

/// Stops the build if the lines contradict each other.
const fn check(services: &[Service]) {
    let (mut numbers, mut servers, mut at) = ([false; 256], 0, 0);
    while at < services.len() {
        check_name(services[at].name);
        let mut other = 0;
        while other < at {
            assert!(!same(services[at].name, services[other].name), "two services have one name");
            other += 1;
        }
        let procedures = services[at].procedures;
        let mut procedure = 0;
        while procedure < procedures.len() {
            let number = procedures[procedure];
            assert!(number >= FIRST_PROCEDURE, "procedures of services have numbers from 16 on");
            assert!(!numbers[number as usize], "two procedures have one number");
            numbers[number as usize] = true;
            procedure += 1;
        }
        servers += procedures.len();
        at += 1;
    }
    assert!(servers <= MOST_SERVERS, "a core has no place for so many servers");
}

const fn check_name(name: &str) {
    let name = name.as_bytes();
    assert!(!name.is_empty() && name.len() <= NAME_MOST, "a name has 1 to 15 characters");
    let mut at = 0;
    while at < name.len() {
        assert!(matches!(name[at], b'a'..=b'z' | b'0'..=b'9' | b'_'), "a name is lower case");
        at += 1;
    }
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// A service, by its line in the registry. All cores run one image, so it means the same on each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServiceId(u8);

impl ServiceId {
    /// The service called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|id| id.service().name == name)
    }

    /// All services.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..u8::MAX).take(SERVICES.len()).map(Self)
    }

    /// The service with this number; `None` if there is none.
    pub fn new(number: u8) -> Option<Self> {
        (usize::from(number) < SERVICES.len()).then_some(Self(number))
    }

    /// Its number, as it goes into messages.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Index for tables with one entry per service.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Its line.
    pub const fn service(self) -> &'static Service {
        &SERVICES[self.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn line(name: &'static str, procedures: &'static [u8]) -> Service {
        let (placement, starts, restart) = (Placement::All, Starts::ByDefault, Restart::Never);
        Service { name, placement, starts, restart, procedures }
    }

    #[test]
    fn lines_that_contradict_each_other_are_refused() {
        check(&[line("a", &[16]), line("b_2", &[17, 255])]);
        for lines in [
            [line("a", &[16]), line("a", &[17])],
            [line("a", &[16]), line("b", &[16])],
            [line("a", &[15]), line("b", &[16])],
            [line("A", &[]), line("b", &[])],
            [line("", &[]), line("b", &[])],
            [line("a_name_of_16_chr", &[]), line("b", &[])],
            [line("a", &[16, 17, 18, 19, 20, 21, 22]), line("b", &[23, 24, 25, 26, 27, 28])],
        ] {
            assert!(std::panic::catch_unwind(|| check(&lines)).is_err(), "{lines:?}");
        }
    }

    #[test]
    fn services_are_found_by_name_and_number() {
        for id in ServiceId::all() {
            assert_eq!(ServiceId::named(id.service().name), Some(id));
            assert_eq!(ServiceId::new(id.number()), Some(id));
        }
        assert_eq!(ServiceId::new(u8::MAX), None);
    }
}
