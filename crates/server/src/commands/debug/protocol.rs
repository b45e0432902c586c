//! DEBUG subcommands on replies: one value of each type of RESP, any error.

use crate::exec::ServerCall;
use ochre_engine::command::*;
use ochre_engine::text::glob_match;

pub(super) fn error(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    // The error is the reply that was asked for, not a failure of this command, so nothing is counted.
    let line_ends_blank = |byte: &u8| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte };
    call.reply().error(args.get(0).iter().map(line_ends_blank).collect::<Vec<u8>>());
    Ok(())
}

pub(super) fn stringmatch(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let matches = glob_match(args.get(0), args.get(1));
    call.reply().int(i64::from(matches));
    Ok(())
}

pub(super) fn protocol(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let mut reply = call.reply();
    match args.get(0).to_ascii_lowercase().as_slice() {
        b"string" => reply.bulk("Hello World"),
        b"integer" => reply.int(12345),
        b"double" => reply.double("3.141"),
        b"bignum" => reply.big_number("1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.int(number);
                reply.bool(number == 1);
            }
        }
        b"attrib" => {
            if reply.attribute(1) {
                reply.bulk("key-popularity");
                reply.array(2);
                reply.bulk("key:123");
                reply.int(90);
            }
            reply.bulk("Some real reply following the attribute");
        }
        b"push" => {
            if !reply.is_resp3() {
                return Err(Error::fixed("ERR RESP2 is not supported by this command"));
            }
            reply.push(2);
            reply.bulk("server-cpu-usage");
            reply.int(42);
            reply.bulk("Some real reply following the push reply");
        }
        b"verbatim" => reply.verbatim(b"txt", "This is a verbatim\nstring"),
        b"true" => reply.bool(true),
        b"false" => reply.bool(false),
        _ => {
            return Err(Error::fixed(
                "ERR Wrong protocol type name. Please use one of the following: \
                 string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}
