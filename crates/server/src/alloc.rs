//! The allocator: jemalloc with its counters, so that `used_memory` is exact and costs nothing where memory is allocated.
//!
//! jemalloc keeps, per thread, the bytes that it handed out and took back, size classes included.
//! Every thread that allocates is registered once with the addresses of its two counters.
//! `used_memory` is the sum of all differences, plus the difference of each thread that has ended. Code that allocates
//! takes no lock for this.
//!
//! The size classes step by 8 bytes (see .cargo/config.toml), so plain `malloc` only promises
//! 8-byte alignment here: every larger alignment is passed on explicitly.
//!
//! ThreadSanitizer can follow memory from thread to thread only with the allocator of the system. With
//! `cfg(tsan)` that allocator is used, and nothing is counted (`used_memory` is 0).
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tikv_jemalloc_sys as je;

/// The allocator of the process.
pub struct Counted;

#[cfg_attr(not(tsan), global_allocator)]
#[cfg_attr(tsan, allow(dead_code))]
static ALLOCATOR: Counted = Counted;

/// Alignment that jemalloc gives without being asked.
const NATURAL_ALIGN: usize = 8;

fn flags(layout: Layout) -> i32 {
    if layout.align() <= NATURAL_ALIGN { 0 } else { layout.align().trailing_zeros() as i32 }
}

// SAFETY: jemalloc's mallocx family fulfils the contract; sizes are never zero here, and every
// block is freed with the flags it was allocated with.
unsafe impl GlobalAlloc for Counted {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the layout's size is not zero, by the contract of GlobalAlloc.
        unsafe { je::mallocx(layout.size(), flags(layout)).cast() }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        unsafe { je::mallocx(layout.size(), flags(layout) | je::MALLOCX_ZERO).cast() }
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the block was allocated here with this layout.
        unsafe { je::sdallocx(ptr.cast(), layout.size(), flags(layout)) }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the block was allocated here with this layout; the new size is not zero.
        unsafe { je::rallocx(ptr.cast(), new_size, flags(layout)).cast() }
    }
}

/// The two counters of a registered thread: bytes allocated and bytes freed since its start.
#[derive(Clone, Copy)]
struct Counters {
    allocated: *const u64,
    freed: *const u64,
}

// SAFETY: the pointers are only read, and only while their thread is registered.
unsafe impl Send for Counters {}

impl Counters {
    fn of_this_thread() -> Counters {
        Counters { allocated: read_ctl(c"thread.allocatedp"), freed: read_ctl(c"thread.deallocatedp") }
    }

    fn in_use(self) -> i64 {
        // SAFETY: jemalloc keeps the counters as long as the thread lives, and a thread leaves the
        // registry before it ends. Another thread may be counting: a torn or stale value is one
        // allocation off, as 8-byte aligned reads are whole on all supported machines.
        unsafe { self.allocated.read_volatile().wrapping_sub(self.freed.read_volatile()) as i64 }
    }
}

static THREADS: Mutex<Vec<Counters>> = Mutex::new(Vec::new());
static LEFT_BEHIND: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static OWN: Cell<Option<Counters>> = const { Cell::new(None) };
}

/// Registers the calling thread until the guard is dropped. Every thread that holds data has one.
pub fn register_thread() -> ThreadGuard {
    let own = Counters::of_this_thread();
    OWN.set(Some(own));
    THREADS.lock().expect("no panic happens under this lock").push(own);
    ThreadGuard(())
}

/// The registration of a thread, which ends with it. [`register_thread`] makes it.
pub struct ThreadGuard(());

impl Drop for ThreadGuard {
    fn drop(&mut self) {
        let Some(own) = OWN.take() else { return };
        let mut threads = THREADS.lock().expect("no panic happens under this lock");
        threads.retain(|c| !std::ptr::eq(c.allocated, own.allocated));
        LEFT_BEHIND.fetch_add(own.in_use(), Ordering::Relaxed);
    }
}

/// Bytes allocated now, size classes included: `used_memory`.
pub fn used() -> usize {
    let threads = THREADS.lock().expect("no panic happens under this lock");
    let sum: i64 = threads.iter().map(|c| c.in_use()).sum::<i64>() + LEFT_BEHIND.load(Ordering::Relaxed);
    drop(threads);
    let used = sum.max(0) as usize;
    PEAK.fetch_max(used, Ordering::Relaxed);
    used
}

/// Bytes that the calling thread has allocated and not freed; negative if it frees memory of other threads, 0 if it is
/// not registered. The call costs two loads, so it can be made before every command.
#[inline]
pub fn used_by_this_thread() -> i64 {
    OWN.get().map_or(0, Counters::in_use)
}

/// The largest result of [`used`] so far, in bytes.
pub fn peak() -> usize {
    used().max(PEAK.load(Ordering::Relaxed))
}

/// Forgets the peak (CONFIG RESETSTAT).
pub fn reset_peak() {
    PEAK.store(used(), Ordering::Relaxed);
}

/// The figures of jemalloc, in bytes.
#[derive(Debug, Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct Figures {
    pub allocated: usize,
    pub active: usize,
    pub resident: usize,
    pub retained: usize,
}

/// Asks jemalloc for its figures, which takes some microseconds.
pub fn figures() -> Figures {
    refresh_epoch();
    Figures {
        allocated: read_ctl(c"stats.allocated"),
        active: read_ctl(c"stats.active"),
        resident: read_ctl(c"stats.resident"),
        retained: read_ctl(c"stats.retained"),
    }
}

/// Version of jemalloc ("5.3.0"), for INFO's `mem_allocator`.
pub fn version() -> String {
    let text: *const c_char = read_ctl(c"version");
    // SAFETY: jemalloc's version is a static C string.
    let text = unsafe { std::ffi::CStr::from_ptr(text) }.to_string_lossy();
    text.split('-').next().unwrap_or("").to_owned()
}

/// Milliseconds for which unused pages are kept, in case that they are needed again.
const DIRTY_DECAY_MS: isize = 100;

/// Has unused pages given back to the system soon: a table that grows leaves its former segments behind,
/// which would count as resident for ten seconds otherwise. To be called after the process has
/// detached from the terminal, because threads do not survive a fork.
pub fn start_purging(in_background: bool) {
    write_ctl(c"arenas.dirty_decay_ms", DIRTY_DECAY_MS);
    write_ctl(c"arenas.muzzy_decay_ms", 0isize);
    write_ctl(c"arena.0.dirty_decay_ms", DIRTY_DECAY_MS);
    write_ctl(c"arena.0.muzzy_decay_ms", 0isize);
    purge_in_background(in_background);
}

/// Sets whether a thread of jemalloc gives pages back, or the threads that allocate do so now and then.
/// Under ThreadSanitizer there is no such thread, because it cannot cope with threads that C code starts.
pub fn purge_in_background(in_background: bool) {
    write_ctl(c"background_thread", in_background && !cfg!(tsan));
}

/// Gives unused pages back to the system (MEMORY PURGE).
pub fn purge() {
    // SAFETY: this control takes no value; 4096 is MALLCTL_ARENAS_ALL.
    unsafe {
        je::mallctl(
            c"arena.4096.purge".as_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            0,
        );
    }
}

fn refresh_epoch() {
    let mut epoch: u64 = 1;
    let size = size_of::<u64>();
    // SAFETY: "epoch" takes a u64.
    unsafe {
        je::mallctl(
            c"epoch".as_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            (&raw mut epoch).cast(),
            size,
        );
    }
}

/// Sets a control of jemalloc, if this build has it.
fn write_ctl<T: Copy>(name: &std::ffi::CStr, mut value: T) {
    let from: *mut c_void = (&raw mut value).cast();
    // SAFETY: the callers pass the type that the control has; jemalloc checks the size.
    unsafe {
        je::mallctl(name.as_ptr(), std::ptr::null_mut(), std::ptr::null_mut(), from, size_of::<T>());
    }
}

/// Reads a control whose type is a word: a size, a counter or a pointer.
fn read_ctl<T: Copy>(name: &std::ffi::CStr) -> T {
    assert_eq!(size_of::<T>(), size_of::<u64>());
    let mut value = std::mem::MaybeUninit::<T>::zeroed();
    let mut size = size_of::<T>();
    let to: *mut c_void = value.as_mut_ptr().cast();
    // SAFETY: the buffer has the size that is passed; a failure leaves zeroes, valid for words.
    unsafe {
        je::mallctl(name.as_ptr(), to, &raw mut size, std::ptr::null_mut(), 0);
        value.assume_init()
    }
}
