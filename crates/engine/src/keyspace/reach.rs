//! How far a view of the keys reaches: all shards, or those whose locks are held.

use super::Shard;
use super::shard_cell::{Grip, ShardCell};

/// The shards that a view works on. Handlers cannot tell which of the two it is.
pub(super) enum Reach<'a> {
    /// The world is held exclusively.
    All(&'a mut [ShardCell]),
    /// The shards of the command's keys are locked; or, on a walk, one after the other.
    Some(Grip<'a>),
}

impl Reach<'_> {
    /// Number of shards of the world.
    #[inline]
    pub fn world_shards(&self) -> usize {
        match self {
            Reach::All(cells) => cells.len(),
            Reach::Some(held) => held.world().shards.len(),
        }
    }

    /// A shard that is within reach.
    #[inline]
    pub fn get(&self, shard: usize) -> &Shard {
        match self {
            Reach::All(cells) => &cells[shard],
            Reach::Some(held) => held.get(shard),
        }
    }

    /// The same, to be changed.
    #[inline]
    pub fn get_mut(&mut self, shard: usize) -> &mut Shard {
        match self {
            Reach::All(cells) => &mut cells[shard],
            Reach::Some(held) => held.get_mut(shard),
        }
    }

    /// Goes to a shard on a walk over the database.
    pub fn move_to(&mut self, shard: usize) -> &mut Shard {
        if let Reach::Some(held) = self {
            held.move_to(shard);
        }
        self.get_mut(shard)
    }
}
