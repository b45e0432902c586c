//! The keys of calls, found by the declarations of data commands.

use super::*;
use ochre_resp::request::OwnedArgs;

fn command(name: &str) -> &'static Command {
    crate::commands::all().find(|command| command.meta.name == name).expect("the command exists")
}

fn places(call: &str) -> Option<Vec<usize>> {
    let mut args = OwnedArgs::new();
    call.split(' ').for_each(|word| args.push(word.as_bytes()));
    let name = call.split(' ').next()?;
    let found = command(name).meta.find_keys(args.args()).ok()?;
    Some(found.into_iter().map(|(at, _)| at).collect())
}

#[test]
fn keys_are_found() {
    assert_eq!(places("get a"), Some(vec![1]));
    assert_eq!(places("mset a 1 b 2"), Some(vec![1, 3]));
    assert_eq!(places("sort a by x get y store d store e"), Some(vec![1, 9]));
    assert_eq!(places("zunionstore d 2 a b"), Some(vec![1, 3, 4]));
    assert_eq!(places("zunionstore d 0 a b"), None);
    assert_eq!(places("zunionstore d +1 a b"), Some(vec![3, 1]));
    assert_eq!(places("zunionstore d 03 a b"), None);
}

#[test]
fn options_decide_how_a_key_is_used() {
    let used = |call: &str| {
        let mut args = OwnedArgs::new();
        call.split(' ').for_each(|word| args.push(word.as_bytes()));
        command(call.split(' ').next().unwrap()).meta.find_keys(args.args()).unwrap()[0].1
    };
    assert_eq!(used("set a b"), OW | UPDATE);
    assert_eq!(used("set a b get"), RW | ACCESS | UPDATE);
    assert_eq!(used("bitfield a get u8 0 overflow wrap"), RO | ACCESS);
    assert_eq!(used("bitfield a get u8 0 set u8 0 1"), RW | ACCESS | UPDATE);
}

#[test]
fn ranges_that_follow_each_other_are_one() {
    let range = |name: &str| (command(name).meta.legacy_range(), command(name).meta.has_movable_keys());
    assert_eq!(range("get"), ((1, 1, 1), false));
    assert_eq!(range("mset"), ((1, -1, 2), false));
    assert_eq!(range("rename"), ((1, 2, 1), false));
    assert_eq!(range("sort"), ((1, 1, 1), true));
    assert_eq!(range("zunionstore"), ((1, 1, 1), true));
}
