//! Hints to the processor: which lines of memory will be read soon.
//!
//! Most of the time of a lookup is waiting for memory that is far away. A hint that comes early lets several such waits
//! overlap. It has no effect on what a program computes, whatever the address.
#![allow(unsafe_code)]

/// Asks for the cache line at an address early.
#[inline(always)]
pub(crate) fn prefetch<P>(address: *const P) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Asks for the cache line at an address early, to be the only processor that has it.
#[inline(always)]
pub(crate) fn prefetch_to_write<P>(address: *const P) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch never faults, and processors without this one do nothing.
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}

/// Asks early for what is at an address that was exposed.
#[inline(always)]
pub(crate) fn prefetch_address(address: u64) {
    prefetch(std::ptr::without_provenance::<u8>(address as usize));
}
