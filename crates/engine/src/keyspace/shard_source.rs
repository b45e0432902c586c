//! Where a view of the keys takes its shards from: from all of a world, or from those whose locks are held.

use super::Shard;
use super::locks::HeldShards;
use ochre_sync::Unlocked;

/// The shards that a view works on. Handlers cannot tell which of the two it is.
pub(super) enum ShardSource<'a> {
    /// The world is held exclusively.
    All(Unlocked<'a, Shard>),
    /// The shards of the command's keys are locked; or, on a walk, one after the other.
    Held(HeldShards<'a>),
}

impl ShardSource<'_> {
    /// Number of shards of the world.
    #[inline]
    pub fn world_shards(&self) -> usize {
        match self {
            ShardSource::All(shards) => shards.len(),
            ShardSource::Held(held) => held.world().shards.len(),
        }
    }

    /// A shard within reach.
    #[inline]
    pub fn get(&self, shard: usize) -> &Shard {
        match self {
            ShardSource::All(shards) => shards.get(shard),
            ShardSource::Held(held) => held.get(shard),
        }
    }

    /// A shard within reach, to be changed.
    #[inline]
    pub fn get_mut(&mut self, shard: usize) -> &mut Shard {
        match self {
            ShardSource::All(shards) => shards.get_mut(shard),
            ShardSource::Held(held) => held.get_mut(shard),
        }
    }

    /// Goes to a shard on a walk over the database.
    pub fn move_to(&mut self, shard: usize) -> &mut Shard {
        if let ShardSource::Held(held) = self {
            held.move_to(shard);
        }
        self.get_mut(shard)
    }
}
