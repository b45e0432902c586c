// Basic use through ioredis: what a first program would do.
"use strict";
const assert = require("assert");
const Redis = require("ioredis");

const port = Number(process.argv[2]);
let passed = 0;
function check(actual, expected) {
  assert.deepStrictEqual(actual, expected);
  passed += 1;
}

async function data(r) {
  check(await r.set("k", "v", "EX", 100), "OK");
  check(await r.get("k"), "v");
  check(await r.getBuffer("k"), Buffer.from("v"));
  check(await r.hset("h", { a: 1, b: 2 }), 2);
  check(await r.hgetall("h"), { a: "1", b: "2" });
  check(await r.rpush("l", 1, 2, 3), 3);
  check(await r.lrange("l", 0, -1), ["1", "2", "3"]);
  check(await r.zadd("z", 1, "one", 2, "two"), 2);
  check(await r.zrange("z", 0, -1, "WITHSCORES"), ["one", "1", "two", "2"]);
  check((await r.sadd("s", "a", "b", "c")), 3);
  check((await r.smembers("s")).sort(), ["a", "b", "c"]);
  const id = await r.xadd("x", "*", "f", "v");
  check(await r.xrange("x", "-", "+"), [[id, ["f", "v"]]]);
  const binary = Buffer.from([0, 13, 10, 255]);
  check(await r.set("bin", binary), "OK");
  check(await r.getBuffer("bin"), binary);
  await assert.rejects(r.incr("k"), /ERR value is not an integer or out of range/);
}

async function together(r) {
  check(await r.multi().set("m", 1).incr("m").exec(), [[null, "OK"], [null, 2]]);
  const pipeline = r.pipeline();
  for (let i = 0; i < 1000; i++) pipeline.incr("count");
  check((await pipeline.exec()).length, 1000);
  check(await r.get("count"), "1000");
  const blocked = r.duplicate();
  const popped = blocked.blpop("queue", 5);
  setTimeout(() => r.rpush("queue", "job"), 50);
  check(await popped, ["queue", "job"]);
  blocked.disconnect();
  const keys = [];
  for await (const some of r.scanStream({ match: "*", count: 3 })) keys.push(...some);
  check(new Set(keys).size, await r.dbsize());
}

async function messages(r) {
  const sub = r.duplicate();
  check(await sub.subscribe("news", "more"), 2);
  const got = new Promise((resolve) => sub.on("message", (channel, text) => resolve([channel, text])));
  check(await r.publish("news", "hello"), 1);
  check(await got, ["news", "hello"]);
  sub.disconnect();
}

(async () => {
  // ioredis asks INFO whether the server is ready, unless told otherwise.
  const r = new Redis({ port, maxRetriesPerRequest: 2 });
  await r.flushall();
  await data(r);
  await together(r);
  await messages(r);
  await r.flushall();
  r.disconnect();
  console.log(`ioredis ${require("ioredis/package.json").version}: ${passed} passed`);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
