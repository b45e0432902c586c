//! SORT and SORT_RO: the elements of a list, set or sorted set in order, or what other keys hold
//! for them.
//!
//! ```text
//! elements ──► weights (BY) ──► order ──► LIMIT ──► columns (GET) ──► reply or list (STORE)
//! ```
//! BY with a pattern that has no `*` means "do not sort": lists and sorted sets then keep their own
//! order. A set has none, so where its order would be stored it is sorted by bytes.

use super::sort_pattern::Pattern;
use crate::command::*;
use crate::commands::number::int;
use crate::encoding::listpack::Item;
use crate::keyspace::Keys;
use crate::text::double::parse_f64_prefix;
use crate::text::eq_ignore_case;
use crate::value::{Collection, End, List, RawValue, Set, Type, Zset};
use std::cmp::Ordering;

const ORDER: &[Arg] = &[Arg::word("asc", "ASC"), Arg::word("desc", "DESC")];
const BY: Arg = Arg::pattern("by-pattern").token("BY").optional().display("pattern");
const LIMIT: Arg =
    Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional();
const GET: Arg = Arg::pattern("get-pattern").token("GET").optional().multiple_token().display("pattern");
const COLLECTIONS: Categories =
    CAT_DANGEROUS | CAT_SORTED_SET | Group::List.category() | Group::Set.category();
const COMPLEXITY: &str =
    "O(N+M*log(M)) where N is the number of elements and M of those returned; O(N) without sorting";
const SOURCE: KeySpec = KeySpec::at(1, RO | ACCESS);
const DERIVED: KeySpec =
    KeySpec::unknown(RO | ACCESS).notes("Keys of BY and GET are made of the elements that are sorted.");

/// Declaration of SORT.
pub static SORT: Command = Command::new("sort", Group::Generic, -2, sort)
    .since("1.0.0")
    .flags(WRITE | DENYOOM | MOVABLE_KEYS | WHOLE_WORLD)
    .categories(COLLECTIONS)
    .without_categories(CAT_KEYSPACE)
    .keys(&[SOURCE, DERIVED, KeySpec::unknown(OW | UPDATE).notes("STORE may stand anywhere.")])
    .key_finder(find_keys)
    .summary("Sorts a list, set or sorted set and returns or stores the result.")
    .complexity(COMPLEXITY)
    .args(&[
        Arg::key("key"),
        BY,
        LIMIT,
        GET,
        Arg::one_of("order", ORDER).optional(),
        Arg::word("sorting", "ALPHA").optional(),
        Arg::key_of("destination", 2).token("STORE").optional(),
    ]);

/// Declaration of SORT_RO.
pub static SORT_RO: Command = Command::new("sort_ro", Group::Generic, -2, sort_ro)
    .since("7.0.0")
    .flags(READONLY | MOVABLE_KEYS | WHOLE_WORLD)
    .categories(COLLECTIONS)
    .without_categories(CAT_KEYSPACE)
    .keys(&[SOURCE, DERIVED])
    .key_finder(|_| Ok(vec![(1, SOURCE.flags)]))
    .summary("Sorts a list, set or sorted set and returns the result.")
    .complexity(COMPLEXITY)
    .args(&[
        Arg::key("key"),
        BY,
        LIMIT,
        GET,
        Arg::one_of("order", ORDER).optional(),
        Arg::word("sorting", "ALPHA").optional(),
    ]);

/// Finds the sorted key, and the one of the last STORE (db.c: sortGetKeys).
fn find_keys(args: Args<'_>) -> Result<Vec<FoundKey>, BadArguments> {
    let mut found = vec![(1, SOURCE.flags)];
    let mut at = 2;
    while at < args.len() {
        let word = args.get(at).to_ascii_lowercase();
        at += match word.as_slice() {
            b"limit" => 2,
            b"get" | b"by" => 1,
            b"store" if at + 1 < args.len() => {
                found.truncate(1);
                found.push((at + 1, OW | UPDATE));
                1
            }
            _ => 0,
        };
        at += 1;
    }
    Ok(found)
}

fn sort(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, Request::parse(args, true)?)
}

fn sort_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, Request::parse(args, false)?)
}

struct Request<'a> {
    descending: bool,
    alpha: bool,
    /// Elements to skip and to return; a negative count is all.
    limit: (i64, i64),
    by: Option<Pattern<'a>>,
    /// False once a constant BY was met, whatever BY comes after it.
    sorts: bool,
    columns: Vec<Pattern<'a>>,
    /// Number of the argument that names the destination.
    store: Option<usize>,
}

impl<'a> Request<'a> {
    fn parse(args: Args<'a>, may_store: bool) -> Result<Request<'a>, Error> {
        let mut request = Request {
            descending: false,
            alpha: false,
            limit: (0, -1),
            by: None,
            sorts: true,
            columns: Vec::new(),
            store: None,
        };
        let mut at = 2;
        while at < args.len() {
            let (word, left) = (args.get(at), args.len() - at - 1);
            let is = |name: &[u8]| eq_ignore_case(word, name);
            if is(b"asc") {
                request.descending = false;
            } else if is(b"desc") {
                request.descending = true;
            } else if is(b"alpha") {
                request.alpha = true;
            } else if is(b"limit") && left >= 2 {
                request.limit = (int(args.get(at + 1))?, int(args.get(at + 2))?);
                at += 2;
            } else if is(b"store") && may_store && left >= 1 {
                at += 1;
                request.store = Some(at);
            } else if is(b"by") && left >= 1 {
                at += 1;
                let pattern = Pattern::parse(args.get(at));
                request.sorts &= !pattern.is_constant();
                request.by = Some(pattern);
            } else if is(b"get") && left >= 1 {
                at += 1;
                request.columns.push(Pattern::parse(args.get(at)));
            } else {
                return Err(Error::SYNTAX);
            }
            at += 1;
        }
        Ok(request)
    }

    /// The part of `len` elements that LIMIT leaves.
    fn window(&self, len: usize) -> std::ops::Range<usize> {
        let (skip, count) = self.limit;
        let start = usize::try_from(skip).unwrap_or(0).min(len);
        let count = usize::try_from(count).unwrap_or(len).min(len - start);
        start..start + count
    }
}

/// An element with what it is sorted by.
struct Row {
    element: Vec<u8>,
    score: f64,
    /// The text that BY found, with ALPHA.
    text: Option<Vec<u8>>,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, mut request: Request<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let kind = ctx.keys.read_entry(key).map(|entry| Type::of(entry.kind()));
    if !matches!(kind, None | Some(Type::List | Type::Set | Type::Zset)) {
        return Err(Error::WRONG_TYPE);
    }
    if kind == Some(Type::Zset) {
        // SORT leaves a sorted set in its large form (Redis: sort.c, sortCommandGeneric).
        let seed = ctx.keys.seed();
        if let Some(mut zset) = ctx.keys.write::<Zset>(key)? {
            zset.expand(seed);
        }
    }
    if !request.sorts && kind == Some(Type::Set) && request.store.is_some() {
        (request.sorts, request.alpha, request.by) = (true, true, None);
    }
    let mut rows = load(&ctx.keys, key, kind)?;
    if request.sorts {
        weigh(&mut ctx.keys, &mut rows, &request)?;
        rows.sort_by(|a, b| {
            let order = compare(a, b, &request);
            if request.descending { order.reverse() } else { order }
        });
    } else if request.descending && kind != Some(Type::Set) {
        rows.reverse();
    }
    let window = request.window(rows.len());
    let rows = &rows[window];
    match request.store {
        None => answer(ctx, rows, &request.columns),
        Some(at) => store(ctx, ctx.key(args, at), rows, &request.columns),
    }
    Ok(())
}

fn load(keys: &Keys<'_>, key: Key<'_>, kind: Option<Type>) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    let mut add = |item: Item<'_>| {
        let element = item.text(&mut itoa::Buffer::new()).to_vec();
        rows.push(Row { element, score: 0.0, text: None });
    };
    match kind {
        Some(Type::List) => keys.peek::<List>(key)?.iter().for_each(|list| list.for_each(&mut add)),
        Some(Type::Set) => keys.peek::<Set>(key)?.iter().for_each(|set| set.iter().for_each(&mut add)),
        Some(Type::Zset) => {
            keys.peek::<Zset>(key)?.iter().for_each(|zset| zset.iter().for_each(|(member, _)| add(member)));
        }
        _ => {}
    }
    Ok(rows)
}

/// Finds out what each row is sorted by. A weight that is missing counts as 0 or as the
/// smallest text.
fn weigh(keys: &mut Keys<'_>, rows: &mut [Row], request: &Request<'_>) -> Outcome {
    let mut all_numbers = true;
    for row in rows {
        let found = match &request.by {
            None if request.alpha => continue,
            None => None,
            Some(pattern) => match pattern.resolve(keys, &row.element) {
                Some(text) => Some(text),
                None => continue,
            },
        };
        if request.alpha {
            row.text = found;
        } else {
            let number = parse_f64_prefix(found.as_ref().unwrap_or(&row.element));
            all_numbers &= number.is_some();
            row.score = number.unwrap_or(0.0);
        }
    }
    if all_numbers {
        return Ok(());
    }
    Err(Error::fixed("ERR One or more scores can't be converted into double"))
}

fn compare(a: &Row, b: &Row, request: &Request<'_>) -> Ordering {
    if !request.alpha {
        return a
            .score
            .partial_cmp(&b.score)
            .unwrap_or(Ordering::Equal)
            .then_with(|| a.element.cmp(&b.element));
    }
    if request.by.is_some() { a.text.cmp(&b.text) } else { a.element.cmp(&b.element) }
}

fn answer(ctx: &mut Ctx<'_>, rows: &[Row], columns: &[Pattern<'_>]) {
    ctx.reply.array(rows.len() * columns.len().max(1));
    for row in rows {
        if columns.is_empty() {
            ctx.reply.bulk(&row.element);
        }
        for column in columns {
            match column.resolve(&mut ctx.keys, &row.element) {
                Some(text) => ctx.reply.bulk(text),
                None => ctx.reply.null(),
            }
            if ctx.reply.is_over_limit() {
                return;
            }
        }
    }
}

fn store(ctx: &mut Ctx<'_>, target: Key<'_>, rows: &[Row], columns: &[Pattern<'_>]) {
    let mut list = List::fresh(ctx.settings);
    let mut push = |element: &[u8]| {
        list.grow(element.len(), 1, ctx.settings);
        list.push(End::Back, element);
    };
    for row in rows {
        if columns.is_empty() {
            push(&row.element);
        }
        for column in columns {
            push(&column.resolve(&mut ctx.keys, &row.element).unwrap_or_default());
        }
    }
    let len = list.len();
    if len > 0 {
        ctx.keys.put(target, RawValue::new(list), None);
        ctx.changed(target, EventClasses::LIST, "sortstore", len as u64);
    } else if ctx.keys.remove_with(target, ctx.settings.lazyfree_lazy_server_del) {
        ctx.changed(target, EventClasses::GENERIC, "del", 1);
    }
    ctx.reply.count(len);
}
