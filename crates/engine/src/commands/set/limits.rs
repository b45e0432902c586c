//! What decides about the encoding of a set.

use crate::command::Ctx;
use crate::value::SetLimits;

/// What decides about the encoding of sets that a command makes or changes.
#[inline]
pub(super) fn limits(ctx: &Ctx<'_>) -> SetLimits {
    SetLimits::new(ctx.settings, ctx.keys.seed())
}
