//! Groups of cores in an agreed order.

use scc::id::CoreId;

use crate::mesh::CoreSet;

/// Cores that take part in a barrier or a collective operation, each with a rank. All members must build it from
/// the same list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Group {
    cores: [CoreId; CoreId::COUNT],
    length: usize,
}

/// Why a list of cores is not a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GroupError {
    /// It names nobody.
    #[error("a group needs at least one core")]
    Empty,
    /// It names a core twice.
    #[error("core {0} is named twice")]
    Twice(CoreId),
    /// It does not name the core that wants to take part.
    #[error("core {0} is no member")]
    NotAMember(CoreId),
}

impl Group {
    /// Group of these cores, ranked in this order.
    pub fn new(members: &[CoreId]) -> Result<Self, GroupError> {
        let mut seen = CoreSet::EMPTY;
        for core in members {
            if seen.contains(*core) {
                return Err(GroupError::Twice(*core));
            }
            seen = seen.with(*core);
        }
        let first = *members.first().ok_or(GroupError::Empty)?;
        // Without repetition there are at most 48.
        let mut cores = [first; CoreId::COUNT];
        cores[..members.len()].copy_from_slice(members);
        Ok(Self { cores, length: members.len() })
    }

    /// Number of members, 1 to 48.
    pub const fn size(&self) -> usize {
        self.length
    }

    /// Members in the order of their ranks.
    pub fn members(&self) -> &[CoreId] {
        &self.cores[..self.length]
    }

    /// Member of a rank, counted on round the group.
    pub const fn member(&self, rank: usize) -> CoreId {
        self.cores[rank % self.length]
    }

    /// Rank of a member, 0 to size − 1.
    pub fn rank_of(&self, core: CoreId) -> Result<usize, GroupError> {
        self.members().iter().position(|member| *member == core).ok_or(GroupError::NotAMember(core))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_the_list_and_go_round() {
        let [a, b, c] = [40, 3, 7].map(|number| CoreId::new(number).unwrap());
        let group = Group::new(&[a, b, c]).unwrap();
        assert_eq!(group.rank_of(b), Ok(1));
        assert_eq!(group.member(4), b);
        assert_eq!(
            group.rank_of(CoreId::new(0).unwrap()),
            Err(GroupError::NotAMember(CoreId::new(0).unwrap()))
        );
        assert_eq!(Group::new(&[a, b, a]), Err(GroupError::Twice(a)));
        assert_eq!(Group::new(&[]), Err(GroupError::Empty));
    }
}
