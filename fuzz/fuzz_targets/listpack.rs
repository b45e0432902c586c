//! Listpacks: hostile bytes are refused or are safe to walk and to change.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_engine::encoding::listpack::Listpack;

fuzz_target!(|input: &[u8]| {
    let Ok(mut pack) = Listpack::from_bytes(input) else { return };
    let forwards: Vec<_> = pack.iter().map(|item| item.to_vec()).collect();
    let mut backwards: Vec<_> = pack.iter().rev().map(|item| item.to_vec()).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert_eq!(pack.len(), forwards.len());
    pack.push_back(input);
    pack.push_front(b"12345");
    pack.delete_range(1, forwards.len() / 2);
    assert_eq!(pack.len(), forwards.len() - forwards.len() / 2 + 2);
    let again = Listpack::from_bytes(pack.as_bytes()).expect("what was changed stays valid");
    assert_eq!(again.as_bytes(), pack.as_bytes());
});
