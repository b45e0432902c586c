"""Basic use through redis-py, with both protocol versions: what a first program would do."""

import sys
import threading

import redis

PORT = int(sys.argv[1])
passed = 0


def check(actual, expected):
    global passed
    assert actual == expected, f"{actual!r} is not {expected!r}"
    passed += 1


def strings(r):
    check(r.set("greeting", "hello", ex=100), True)
    check(r.get("greeting"), "hello")
    check(0 < r.ttl("greeting") <= 100, True)
    check(r.incrby("n", 5), 5)
    check(r.mset({"a": 1, "b": 2}), True)
    check(r.mget("a", "b", "none"), ["1", "2", None])
    check(r.getset("a", "x"), "1")
    check(r.set("a", "y", nx=True), None)
    check(r.delete("a", "b", "none"), 2)


def collections(r):
    check(r.rpush("list", "a", "b", "c"), 3)
    check(r.lrange("list", 0, -1), ["a", "b", "c"])
    check(tuple(r.blpop("list", timeout=1)), ("list", "a"))
    check(r.hset("hash", mapping={"f": "v", "g": "w"}), 2)
    check(r.hgetall("hash"), {"f": "v", "g": "w"})
    check(r.sadd("set", "x", "y"), 2)
    check(set(r.smembers("set")), {"x", "y"})
    check(r.zadd("zset", {"one": 1, "two": 2.5}), 2)
    check([tuple(p) for p in r.zrange("zset", 0, -1, withscores=True)], [("one", 1.0), ("two", 2.5)])
    check(sorted(r.scan_iter("*se*")), ["set", "zset"])


def streams(r):
    first = r.xadd("stream", {"k": "v"})
    check(r.xlen("stream"), 1)
    check(r.xgroup_create("stream", "group", id="0"), True)
    entries = r.xreadgroup("group", "me", {"stream": ">"}, count=10)
    flat = list(entries.items())[0] if isinstance(entries, dict) else entries[0]
    check(flat[0], "stream")
    check(r.xack("stream", "group", first), 1)


def transactions(r):
    with r.pipeline(transaction=True) as pipe:
        pipe.set("t", 1).incr("t").get("t")
        check(pipe.execute(), [True, 2, "2"])
    with r.pipeline() as pipe:
        pipe.watch("t")
        r.set("t", 10)
        pipe.multi()
        pipe.incr("t")
        try:
            pipe.execute()
            raise AssertionError("the watched key changed")
        except redis.WatchError:
            check(r.get("t"), "10")
    pipe = r.pipeline(transaction=False)
    for i in range(1000):
        pipe.set(f"p{i}", i)
    check(len(pipe.execute()), 1000)


def pubsub(r):
    with r.pubsub(ignore_subscribe_messages=True) as p:
        p.subscribe("news")
        p.get_message(timeout=1)
        threading.Timer(0.05, lambda: r.publish("news", "hi")).start()
        message = None
        for _ in range(50):
            message = p.get_message(timeout=0.1)
            if message:
                break
        check(message and message["data"], "hi")


def server(r):
    check(r.ping(), True)
    check("redis_version" in r.info(), True)
    check(r.config_set("maxmemory", "100mb"), True)
    check(r.config_get("maxmemory"), {"maxmemory": "104857600"})
    check(r.client_setname("smoke"), True)
    check(r.client_getname(), "smoke")
    check(r.dbsize() > 0, True)
    try:
        r.lpush("greeting", "x")
        raise AssertionError("LPUSH on a string")
    except redis.ResponseError as e:
        check(str(e), "WRONGTYPE Operation against a key holding the wrong kind of value")
    check(r.flushall(), True)


for protocol in (2, 3):
    client = redis.Redis(port=PORT, decode_responses=True, protocol=protocol)
    client.flushall()
    for part in (strings, collections, streams, transactions, pubsub, server):
        part(client)
print(f"redis-py {redis.__version__}: {passed} passed")
