//! DEBUG POPULATE: many keys at once.

use crate::exec::ServerCall;
use crate::exec::with_keys;
use ochre_engine::command::*;
use ochre_engine::keyspace::Ttl;
use ochre_engine::text::parse_i64;
use ochre_engine::value::StrValue;

pub(super) fn populate(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let positive = |at: usize| match args.try_get(at) {
        None => Ok(0),
        Some(text) => match parse_i64(text) {
            Some(number) => usize::try_from(number).map_err(|_| Error::NOT_POSITIVE),
            None => Err(Error::NOT_INTEGER),
        },
    };
    let (count, size) = (positive(0)?, positive(2)?);
    let prefix = args.try_get(1).unwrap_or(b"key");
    let db = call.client.db;
    let server = &mut *call.scope;
    with_keys(&mut server.world, &mut server.state, &server.shared.settings, |keys| {
        keys.select(db);
        for number in 0..count {
            let name = [prefix, format!(":{number}").as_bytes()].concat();
            let key = keys.locate(&name);
            if !keys.exists(key) {
                let mut value = format!("value:{number}").into_bytes();
                if size > 0 {
                    value.resize(size, 0);
                }
                keys.set_str(key, StrValue::encoded(&value), Ttl::Clear);
                keys.touched(key);
            }
        }
    });
    call.reply().ok();
    Ok(())
}
