//! Places, passed on.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use ochre_sync::Places;

/// One place for two workers: never both, and both get it.
#[test]
fn a_place_is_passed_on() {
    loom::model(|| {
        let shared = Arc::new((Places::new(1, 2).unwrap(), AtomicUsize::new(0)));
        let work = |me: usize, shared: &(Places, AtomicUsize)| {
            let (places, inside) = shared;
            for _ in 0..2 {
                places.enter(me);
                assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two on one place");
                inside.fetch_sub(1, Ordering::Relaxed);
                places.leave();
            }
        };
        let other = Arc::clone(&shared);
        let thread = thread::spawn(move || work(1, &other));
        work(0, &shared);
        thread.join().unwrap();
    });
}
