//! How many nodes Redis's radix tree has for a set of keys.
//!
//! XINFO STREAM reports that figure. The tree is canonical: a run of single-child bytes is one
//! node, a byte where keys part is one node, and each key ends in a leaf. So the figure follows
//! from the sorted keys alone.

const KEY: usize = 16;

/// The number of nodes for ascending, distinct keys of 16 bytes.
pub(super) fn node_count(keys: &[[u8; KEY]]) -> usize {
    match keys {
        // The empty tree still has its root.
        [] => 1,
        _ => count_below(keys, 0),
    }
}

/// The nodes for keys that agree in their first `depth` bytes. Recurses 16 times at most.
fn count_below(keys: &[[u8; KEY]], depth: usize) -> usize {
    let (first, last) = (keys[0], keys[keys.len() - 1]);
    let shared = first.iter().zip(&last).take_while(|(a, b)| a == b).count();
    let run = usize::from(shared > depth);
    if shared == KEY {
        return run + 1;
    }
    let children = keys.chunk_by(|a, b| a[shared] == b[shared]);
    run + 1 + children.map(|keys| count_below(keys, shared + 1)).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::StreamId;

    /// Figures of a live redis-server 7.0.15: XADD of `ids` with stream-node-max-entries 1.
    #[test]
    fn figures_are_those_of_redis() {
        let count = |ids: &[(u64, u64)]| {
            let keys: Vec<_> = ids.iter().map(|(ms, seq)| StreamId::new(*ms, *seq).to_be_bytes()).collect();
            node_count(&keys)
        };
        assert_eq!(count(&[]), 1);
        assert_eq!(count(&[(1, 0)]), 2);
        let many: Vec<_> = (1..=1000).map(|n| (n, 0)).collect();
        assert_eq!(count(&many[..2]), 6);
        assert_eq!(count(&many), 2006);
        assert_eq!(count(&[(1, 1), (1, 2), (1, 300), (5, 0), (1 << 40, 7)]), 15);
    }
}
