//! Which service runs on which cores.
//!
//! Every core works the plan out for itself, from the registry and from the same words of the user; so all cores have the
//! same one, and nobody needs to be asked where a service is meant to be.
//!
//! ```text
//! all                 every service that starts by default, where the registry places it
//! none                no service
//! echo                where the registry places it
//! echo@3  kv@0-2+7    on these cores
//! ```
//!
//! Parts are separated by commas and add up.

use ipi::mesh::CoreSet;
use scc::id::{CoreId, TileCoord};
use scc::lut::MemoryController;

use crate::registry::{SERVICES, ServiceId};

/// Where a service runs unless the user says otherwise, among the cores that take part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement {
    /// On the lowest one.
    One,
    /// On so many, spread evenly; on all if there are fewer.
    Some(u8),
    /// On all.
    All,
    /// On the nearest one to each memory controller, the lower of two equally near.
    AtControllers,
}

impl Placement {
    /// The cores, out of those that take part.
    pub fn among(self, cores: CoreSet) -> CoreSet {
        match self {
            Self::All => cores,
            Self::One => spread(cores, 1),
            Self::Some(count) => spread(cores, count.into()),
            Self::AtControllers => {
                MemoryController::ALL.into_iter().fold(CoreSet::EMPTY, |chosen, controller| {
                    let place = controller.tile().coord();
                    nearest_first(cores, place).next().map_or(chosen, |core| chosen.with(core))
                })
            }
        }
    }
}

/// So many of `cores`, spread evenly.
fn spread(cores: CoreSet, count: u32) -> CoreSet {
    let chosen = (0..count).filter_map(|index| {
        let rank = index * cores.len() / count;
        cores.iter().nth(usize::try_from(rank).expect("less than 48"))
    });
    chosen.fold(CoreSet::EMPTY, CoreSet::with)
}

/// `cores` by their distance from `place`, the lower of two equally far first.
pub(crate) fn nearest_first(cores: CoreSet, place: TileCoord) -> impl Iterator<Item = CoreId> {
    (0..=8).flat_map(move |hops| cores.iter().filter(move |core| core.tile().coord().hops_to(place) == hops))
}

/// When a service starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Starts {
    /// With its core, unless the user says otherwise.
    ByDefault,
    /// When the user names it.
    WhenNamed,
}

/// The cores of every service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    cores: CoreSet,
    places: [CoreSet; SERVICES.len()],
}

impl Plan {
    /// Nothing anywhere, among `cores`.
    pub const fn empty(cores: CoreSet) -> Self {
        Self { cores, places: [CoreSet::EMPTY; SERVICES.len()] }
    }

    /// What runs if the user says nothing, among `cores`.
    pub fn by_default(cores: CoreSet) -> Self {
        let mut plan = Self::empty(cores);
        plan.add_defaults();
        plan
    }

    /// What the user says.
    ///
    /// # Errors
    /// [`PlanError`] with the first part that means nothing.
    pub fn parse(text: &str, cores: CoreSet) -> Result<Self, PlanError<'_>> {
        let mut plan = Self::empty(cores);
        for part in text.split(',') {
            match part {
                "all" => plan.add_defaults(),
                "none" => {}
                _ => plan.add(part).ok_or(PlanError(part))?,
            }
        }
        Ok(plan)
    }

    fn add_defaults(&mut self) {
        for id in ServiceId::all().filter(|id| id.service().starts == Starts::ByDefault) {
            self.place(id, id.service().placement.among(self.cores));
        }
    }

    fn add(&mut self, part: &str) -> Option<()> {
        let (name, cores) = match part.split_once('@') {
            Some((name, cores)) => (name, Some(core_set(cores)?)),
            None => (part, None),
        };
        let id = ServiceId::named(name)?;
        self.place(id, cores.unwrap_or_else(|| id.service().placement.among(self.cores)));
        Some(())
    }

    fn place(&mut self, id: ServiceId, cores: CoreSet) {
        let place = &mut self.places[id.index()];
        *place = place.union(cores);
    }

    /// The cores that take part.
    pub const fn cores(&self) -> CoreSet {
        self.cores
    }

    /// The cores on which a service runs.
    pub const fn cores_of(&self, id: ServiceId) -> CoreSet {
        self.places[id.index()]
    }

    /// The services that run on `core`.
    pub fn services_of(&self, core: CoreId) -> impl Iterator<Item = ServiceId> {
        ServiceId::all().filter(move |id| self.cores_of(*id).contains(core))
    }
}

/// A part of the user's words that means nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no service, or no cores, in {0:?}")]
pub struct PlanError<'t>(pub &'t str);

/// Reads `0-3+7`.
fn core_set(text: &str) -> Option<CoreSet> {
    let number = |text: &str| text.parse().ok().and_then(CoreId::new);
    text.split('+').try_fold(CoreSet::EMPTY, |set, part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        let range = CoreId::all().filter(|core| (first..=last).contains(core));
        (first <= last).then(|| range.fold(set, CoreSet::with))
    })
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn numbers(set: CoreSet) -> Vec<u8> {
        set.iter().map(CoreId::number).collect()
    }

    #[test]
    fn placements_choose_among_the_cores_that_take_part() {
        let some = core_set("4-9+40").unwrap();
        assert_eq!(numbers(Placement::One.among(some)), [4]);
        assert_eq!(numbers(Placement::Some(3).among(some)), [4, 6, 8]);
        assert_eq!(numbers(Placement::Some(3).among(CoreSet::ALL)), [0, 16, 32]);
        assert_eq!(numbers(Placement::Some(9).among(some)), numbers(some));
        assert_eq!(numbers(Placement::AtControllers.among(CoreSet::ALL)), [0, 10, 24, 34]);
        // Cores 4, 8 and 40 are on the tiles (2,0), (4,0) and (2,3).
        assert_eq!(numbers(Placement::AtControllers.among(some)), [4, 8, 40]);
        assert_eq!(Placement::AtControllers.among(CoreSet::EMPTY), CoreSet::EMPTY);
    }

    #[test]
    fn parts_of_the_text_add_up() {
        let plan = Plan::parse("echo@3,echo@5-6,ping", core_set("2-9").unwrap()).unwrap();
        let of = |name| numbers(plan.cores_of(ServiceId::named(name).unwrap()));
        assert_eq!((of("echo"), of("ping"), of("name")), (Vec::from([3, 5, 6]), Vec::from([2]), Vec::new()));
        let core = CoreId::new(3).unwrap();
        assert_eq!(plan.services_of(core).map(|id| id.service().name).collect::<Vec<_>>(), ["echo"]);
        let all = CoreSet::ALL;
        assert_eq!(Plan::parse("all", all), Ok(Plan::by_default(all)));
        assert_eq!(Plan::parse("none", all), Ok(Plan::empty(all)));
    }

    #[test]
    fn parts_that_mean_nothing_are_refused() {
        for part in ["", "ecco", "echo@", "echo@48", "echo@3-2", "echo@1@2", "Echo"] {
            assert_eq!(Plan::parse(part, CoreSet::ALL), Err(PlanError(part)));
        }
    }
}
