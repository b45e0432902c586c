//! The size classes of the allocator: what an allocation really takes.
//!
//! The server's allocator is jemalloc with a quantum of 8. Asking for whole classes costs no memory, and tells the use of
//! memory to the byte without asking the allocator.

/// The allocation size in bytes for `used` bytes: multiples of 8 up to 64, then four steps to each doubling.
#[inline]
pub const fn class_size(used: usize) -> usize {
    if used <= 64 {
        return if used == 0 { 8 } else { (used + 7) & !7 };
    }
    let step = 1 << ((used - 1).ilog2() - 2);
    (used + step - 1) & !(step - 1)
}

#[cfg(test)]
mod tests {
    use super::class_size;

    #[test]
    fn classes_are_those_of_the_allocator() {
        for (used, class) in
            [(0, 8), (1, 8), (8, 8), (9, 16), (57, 64), (64, 64), (65, 80), (81, 96), (128, 128)]
        {
            assert_eq!(class_size(used), class, "{used}");
        }
        for (used, class) in [(129, 160), (4096, 4096), (4097, 5120), (7169, 8192), (8193, 10240)] {
            assert_eq!(class_size(used), class, "{used}");
        }
    }

    #[test]
    fn sizes_are_the_allocators_classes() {
        let classes =
            [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640];
        for bytes in 1..=640 {
            let class = classes.into_iter().find(|&class| class >= bytes);
            assert_eq!(Some(class_size(bytes)), class, "{bytes} bytes");
        }
    }
}
