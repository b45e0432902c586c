//! Values on their way to other keys: RENAME and MOVE.

use super::{DbIndex, Key, Keys};

impl Keys<'_> {
    /// Moves what is at `from` to `to` in the database `target`, with its expiry and its access
    /// clock, whatever was there. False if there is nothing at `from`.
    ///
    /// The database looked at stays the same.
    pub fn relocate(&mut self, from: Key<'_>, to: Key<'_>, target: DbIndex) -> bool {
        if self.expire(from) {
            return false;
        }
        let Some(entry) = self.detach(from) else { return false };
        let source = self.select(target);
        let old = self.detach(to);
        self.discard(old, self.settings.lazyfree_lazy_server_del);
        self.add(to, entry.renamed(to.bytes));
        self.select(source);
        true
    }
}
