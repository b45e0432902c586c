//! Both forms of a sorted set against a sorted list.

use super::*;
use crate::sorted::LexBound;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SEED: Seed = Seed::new(1, 2);

/// How long Miri's patience is: sequences, steps in one, members of a large set, random picks.
const SCALE: [usize; 4] = if cfg!(miri) { [2, 10, 10, 40] } else { [64, 300, 40, 2000] };

fn contents(pairs: impl Iterator<Item = (impl Into<Vec<u8>>, f64)>) -> Vec<(Vec<u8>, f64)> {
    pairs.map(|(member, score)| (member.into(), score)).collect()
}

fn shown(range: ZsetRange<'_>) -> Vec<(Vec<u8>, f64)> {
    range.map(|(member, score)| (member.to_vec(), score)).collect()
}

fn sorted(model: &BTreeMap<Vec<u8>, f64>) -> Vec<(Vec<u8>, f64)> {
    let mut all = contents(model.iter().map(|(member, score)| (member.clone(), *score)));
    all.sort_by(|a, b| (a.1, &a.0).partial_cmp(&(b.1, &b.0)).unwrap());
    all
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0u32..300).prop_map(|n| n.to_string().into_bytes()),
        "[a-z]{0,12}".prop_map(String::into_bytes)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(SCALE[0] as u32))]

    #[test]
    fn both_forms_agree_with_a_sorted_list(
        limit in prop_oneof![Just(0usize), Just(8), Just(128), Just(100_000)],
        steps in prop::collection::vec((member(), prop_oneof![Just(0.0), -3.0..3.0f64, Just(f64::INFINITY)], 0u8..5), 0..SCALE[1]),
        (low, high) in (0usize..50, 0usize..300),
    ) {
        let settings = Settings { zset_max_listpack_entries: limit, ..Settings::default() };
        let mut zset = Zset::Packed(Listpack::new());
        let mut model = BTreeMap::new();
        for (member, score, action) in steps {
            if action == 0 {
                prop_assert_eq!(zset.remove(&member), model.remove(&member).is_some());
            } else {
                zset.update(&member, &settings, SEED, |old| {
                    assert_eq!(old, model.get(&member).copied());
                    Some(score)
                });
                model.insert(member, score);
            }
        }
        let all = sorted(&model);
        prop_assert_eq!(matches!(zset, Zset::Packed(_)), model.len() <= limit || zset_was_small(&zset));
        prop_assert_eq!(zset.len(), all.len());
        prop_assert_eq!(shown(zset.iter()), all.clone());
        for (rank, (member, score)) in all.iter().enumerate() {
            prop_assert_eq!(zset.rank(member), Some((rank, *score)));
            prop_assert_eq!(zset.score(member), Some(*score));
        }
        let ranks = low.min(all.len())..high.clamp(low.min(all.len()), all.len());
        prop_assert_eq!(shown(zset.range(ranks.clone())), &all[ranks.clone()]);
        let mut reversed = all[ranks.clone()].to_vec();
        reversed.reverse();
        prop_assert_eq!(shown(zset.range_rev(ranks.clone())), reversed);
        let range = ScoreRange { min: -1.0, max: 1.0, min_exclusive: false, max_exclusive: true };
        let found = zset.ranks_by_score(&range);
        prop_assert_eq!(found.len(), all.iter().filter(|(_, score)| (-1.0..1.0).contains(score)).count());
        zset.remove_ranks(ranks.clone());
        let mut rest = all;
        rest.drain(ranks);
        prop_assert_eq!(shown(zset.iter()), rest);
    }

    #[test]
    fn ranges_of_texts_agree_with_a_filter(
        members in prop::collection::btree_set("[a-c]{0,3}", 0..SCALE[2]), limit in prop_oneof![Just(0usize), Just(128)],
        (low, high) in ("[a-c]{0,3}", "[a-c]{0,3}"),
    ) {
        let settings = Settings { zset_max_listpack_entries: limit, ..Settings::default() };
        let owned = members.iter().map(|member| ScoredMember::new(0.0, member.as_bytes())).collect();
        let zset = Zset::from_members(owned, &settings, SEED);
        let range = LexRange { min: LexBound::Excl(low.as_bytes()), max: LexBound::Incl(high.as_bytes()) };
        let found = zset.ranks_by_lex(&range);
        let expected: Vec<_> = members.iter().filter(|m| **m > low && **m <= high).collect();
        let members: Vec<_> = zset.range(found).map(|(member, _)| member.to_vec()).collect();
        prop_assert_eq!(members, expected.iter().map(|m| m.as_bytes().to_vec()).collect::<Vec<_>>());
    }
}

/// A tree never turns back into a listpack by itself.
fn zset_was_small(zset: &Zset) -> bool {
    matches!(zset, Zset::Packed(_))
}

#[test]
fn scores_in_a_listpack_are_integers_or_texts() {
    let settings = Settings::default();
    let mut zset = Zset::Packed(Listpack::new());
    for (member, score) in [("a", 1.0), ("b", 1.5), ("c", f64::INFINITY), ("d", 1e300), ("e", -0.0)] {
        zset.update(member.as_bytes(), &settings, SEED, |_| Some(score));
    }
    let Zset::Packed(pack) = &zset else { panic!("five members fit a listpack") };
    let texts: Vec<_> = pack.iter().map(|item| String::from_utf8(item.to_vec()).unwrap()).collect();
    assert_eq!(texts, ["e", "0", "a", "1", "b", "1.5", "d", "1e+300", "c", "inf"]);
    assert_eq!(zset.score(b"d"), Some(1e300));
}

#[test]
fn a_random_member_is_a_member() {
    use rand::SeedableRng;
    let mut rng = rand::rngs::SmallRng::seed_from_u64(1);
    for limit in [0, 128] {
        let settings = Settings { zset_max_listpack_entries: limit, ..Settings::default() };
        let owned = (0..50).map(|n| ScoredMember::new(f64::from(n), format!("m{n}").as_bytes())).collect();
        let zset = Zset::from_members(owned, &settings, SEED);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..SCALE[3] {
            let (member, score) = zset.random(&mut rng).unwrap();
            assert_eq!(zset.score(&member.to_vec()), Some(score));
            seen.insert(member.to_vec());
        }
        assert!(cfg!(miri) || seen.len() == 50);
        let mut scanned = 0;
        let mut cursor = 0;
        loop {
            cursor = zset.scan(cursor, |_, _| scanned += 1);
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(scanned, 50);
    }
}
