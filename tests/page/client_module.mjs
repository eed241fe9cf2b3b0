// The clients' module against a relay of the test's own: lines that lag, repeat and break as a seed says.
//
//   node tests/page/client_module.mjs feed/clients/page/touchline.js [SEED]
//
// What it must hold: whatever is shown is a state that the event had; at the end everything that is followed, exactly.
// Then the module with one thing broken, which the same runs must find.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { pathToFileURL } from "node:url";
import { Clock, FakeRelay, random_of } from "./fake_relay.mjs";

const text = readFileSync(process.argv[2], "utf8");
const folder = mkdtempSync(join(tmpdir(), "client_module-"));
process.on("exit", () => rmSync(folder, { recursive: true }));
let loaded = 0;
async function load(source) {
  const file = join(folder, `${++loaded}.mjs`);
  writeFileSync(file, source);
  return import(pathToFileURL(file));
}
const seeds = process.argv[3] ? [Number(process.argv[3])] : Array.from({ length: 200 }, (_, i) => i + 1);

const sports = ["football", "tennis"], cups = ["Premier League", "Cup & Söhne/1"];
function next_state(before, random) {
  const pick = list => list[Math.floor(random() * list.length)];
  if (!before || random() < 0.02)
    return { feed: "live", sport: pick(sports), competition: pick(cups), home_score: 0, markets: {} };
  const state = JSON.parse(JSON.stringify(before));
  const chance = random();
  if (chance < 0.1) state.home_score += 1;
  else if (chance < 0.15) state.feed = state.feed === "live" ? "stale" : "live";
  else if (chance < 0.2) delete state.markets["m" + Math.floor(random() * 3)];
  else {
    const market = (state.markets["m" + Math.floor(random() * 3)] ??= { status: "open", outcomes: {} });
    const outcome = (market.outcomes[pick(["home", "away/0.5", "__proto__x"])] ??= { back: {} });
    if (random() < 0.3) outcome.back = {};
    outcome.back[(1 + Math.floor(random() * 90) / 100).toFixed(2)] = Math.floor(random() * 500);
    outcome.best = [Math.floor(random() * 9), 1];
  }
  return state;
}

// One run: a relay that lives for some minutes, a page that changes its mind, and faults.
async function run({ connect }, seed) {
  const random = random_of(seed), clock = new Clock();
  const relay = new FakeRelay(clock, random, { lag_ms: 400 });
  const ids = ["a", "b/1", "c?d=e&f", "d", "e"];
  for (const id of ids.slice(0, 3)) relay.change(id, next_state(null, random));
  const live = connect("http://relay/", { WebSocket: relay.WebSocket, after: clock.after, random, transport: "websocket" });
  const shown = new Map(), topics = new Map(), faults_found = [];
  const follow = key => {
    const [kind, name] = key;
    const topic = kind === "all" ? live.all() : live[kind](name);
    topic.on("change", (event, patch) => {
      const states = relay.past.get(`${event.id} ${event.seq}`) ?? [];
      if (!states.some(state => isDeepStrictEqual(JSON.parse(state), event.state)))
        faults_found.push(`${event.id} was never so at ${event.seq}: ${JSON.stringify(event.state)}`);
      shown.set(event.id, event);
    });
    topic.on("gone", id => shown.delete(id));
    topics.set(key, topic);
  };
  const keys = [["event", "a"], ["event", "c?d=e&f"], ["event", "e"], ["sport", "tennis"], ["competition", cups[1]], ["all", ""]];
  follow(keys[0]);
  const faults = [
    () => relay.sockets.forEach(socket => relay.cut(socket)),
    () => relay.goodbye(1000 + Math.floor(random() * 4000), { over: random() < 0.5 ? "message" : "reason" }),
    () => relay.set_upstream(relay.upstream === "live" ? "stale" : "live"),
    () => random() < 0.3 && relay.begin_anew(),
    () => { relay.refuses = !relay.refuses; },
    () => relay.forget(ids[Math.floor(random() * ids.length)]),
  ];
  for (let turn = 0; turn < 60; ++turn) {
    for (let n = random() * 4; n > 1; --n) {
      const id = ids[Math.floor(random() * ids.length)];
      relay.change(id, next_state(relay.events.get(id)?.state, random));
    }
    if (random() < 0.08) faults[Math.floor(random() * faults.length)]();
    if (random() < 0.1) {
      const key = keys[Math.floor(random() * keys.length)];
      if (!topics.has(key)) follow(key);
      else topics.get(key).close(), topics.delete(key);
      // The line may break before the relay has answered.
      if (random() < 0.4) clock.after(random() * 1_000, faults[0]);
    }
    await clock.run(Math.floor(random() * 900));
  }
  assert.deepEqual(faults_found, []);
  // Peace: everything comes to rest.
  relay.refuses = false;
  if (relay.upstream !== "live") relay.set_upstream("live");
  for (let i = 0; i < 5; ++i) {
    await clock.run(20_000);
    relay.heartbeat();
  }
  assert.deepEqual(live.status, { connection: "live", upstream: "live", stale: null });
  assert.equal(relay.sockets.size, 1);
  const expected = relay.followed_by([...relay.sockets][0]);
  const wanted = [...relay.events].filter(([id, { state }]) => [...topics.keys()].some(([kind, name]) =>
    kind === "all" || (kind === "event" ? id : state[kind]) === name));
  assert.deepEqual([...expected.keys()].sort(), wanted.map(([id]) => id).sort(), "it asked for something else");
  const held = live.events();
  assert.deepEqual(held.map(event => event.id).sort(), [...expected.keys()].sort());
  for (const event of held) {
    const { seq, state } = relay.events.get(event.id);
    assert.deepEqual([event.seq, event.state], [seq, state], event.id);
    assert.equal(event.stale, state.feed === "stale" ? "feed" : null);
    assert.deepEqual(shown.get(event.id), event, "what was shown last is what is held");
  }
  if (topics.size) assert.equal(live.position, relay.position);
  live.close();
  await clock.run(1);
  assert.equal(relay.sockets.size, 0);
  const resumed = relay.connects.filter(({ query }) => query.has("position")).length;
  return { connects: relay.connects.length, resumed };
}

const all = { connects: 0, resumed: 0 };
const sound = await load(text);
for (const seed of seeds) {
  try {
    const { connects, resumed } = await run(sound, seed);
    all.connects += connects;
    all.resumed += resumed;
  } catch (error) {
    console.error(`seed ${seed}`);
    throw error;
  }
}
assert.ok(process.argv[3] || all.resumed > all.connects / 3, `${all.resumed} of ${all.connects} came with a position`);

// --- By themselves.

const { merge, connect } = sound;
// The examples of RFC 7396, appendix A.
for (const [target, patch, result] of [
  [{ a: "b" }, { a: "c" }, { a: "c" }], [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }], [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }], [{ a: ["b"] }, { a: "c" }, { a: "c" }], [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }], [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [["a", "b"], ["c", "d"], ["c", "d"]], [{ a: "b" }, ["c"], ["c"]], [{ a: "foo" }, null, null], [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }], [[1, 2], { a: "b", c: null }, { a: "b" }], [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]) assert.deepEqual(merge(target, patch), result);
const before = { markets: { x: { status: "open" }, y: { status: "open" } } };
const after = merge(before, { markets: { x: { status: "suspended" } } });
assert.equal(after.markets.y, before.markets.y, "what is not spoken of stays the same object");
assert.equal(before.markets.x.status, "open", "what a page was given does not change under it");
const polluted = merge({}, JSON.parse('{"__proto__":{"is_admin":true}}'));
assert.equal(polluted.is_admin, undefined);
assert.equal({}.is_admin, undefined);

// How it waits: twice as long each time, half of that by chance, never more than the bound, and as long as it was asked to.
{
  const clock = new Clock(), random = random_of(9), relay = new FakeRelay(clock, random);
  relay.refuses = true;
  const live = connect("https://relay".replace("https", "http"), { WebSocket: relay.WebSocket, after: clock.after, random, transport: "websocket" });
  live.event("a");
  await clock.run(300_000);
  const at = relay.connects.map(connect => connect.at_ms);
  const waits = at.slice(1).map((ms, i) => ms - at[i]);
  for (const [i, wait_ms] of waits.entries()) {
    const most_ms = Math.min(20_000, 500 * 2 ** i);
    assert.ok(wait_ms >= most_ms / 2 && wait_ms <= most_ms, `wait ${i}: ${wait_ms} ms`);
  }
  assert.ok(new Set(waits.slice(6)).size > 5, "they are all the same");
  relay.refuses = false;
  await clock.run(60_000);
  assert.equal(live.status.connection, "live");
  const count = relay.connects.length, begin_ms = clock.now_ms;
  relay.goodbye(4_321);
  await clock.run(20_000);
  assert.equal(relay.connects.length, count + 1);
  assert.equal(relay.connects.at(-1).at_ms - begin_ms, 4_321, "a good line begins anew with its failures");
  // Nothing for a minute: it connects again.
  await clock.run(100_000);
  assert.ok(relay.connects.length > count + 1, "a silent line was kept");
}

// The second way in, where the first never leads anywhere; there, a change of mind is another request.
{
  const clock = new Clock(), sources = [];
  class Closed { constructor() { clock.after(1, () => this.onclose({ reason: "" })); } close() {} }
  class Source {
    readyState = 0;
    constructor(url) { sources.push(Object.assign(this, { url })); }
    close() { this.readyState = 2; }
    say(message) { this.onmessage({ data: JSON.stringify(message) }); }
  }
  const live = connect("https://relay/edge/", { WebSocket: Closed, EventSource: Source, after: clock.after });
  live.event("ä b");
  await clock.run(5_000);
  assert.equal(sources.length, 1);
  assert.equal(sources[0].url, "https://relay/edge/v1/live?event=%C3%A4%20b");
  sources[0].say({ type: "hello", resume: "snapshots", upstream: "stale", subscription: {} });
  sources[0].say({ type: "snapshot", event: "ä b", seq: 1, state: {} });
  sources[0].say({ type: "position", position: "1-1" });
  assert.equal(live.held("ä b").stale, "upstream");
  sources[0].onerror(); // the browser comes back by itself
  assert.equal(live.held("ä b").stale, "line");
  await clock.run(1_000);
  assert.equal(sources.length, 1);
  sources[0].readyState = 2; // or not
  sources[0].onerror();
  await clock.run(30_000);
  assert.equal(sources[1].url, "https://relay/edge/v1/live?event=%C3%A4%20b&position=1-1");
  live.sport("tennis");
  await clock.run(0);
  assert.equal(sources[1].readyState, 2);
  assert.equal(sources[2].url, "https://relay/edge/v1/live?event=%C3%A4%20b&sport=tennis", "the position spoke of something else");
  live.close();
}

// As many names as may be, and not one more.
{
  const clock = new Clock(), relay = new FakeRelay(clock, random_of(3));
  const live = connect("ws://relay", { WebSocket: relay.WebSocket, after: clock.after });
  for (let i = 0; i < 256; ++i) live.event(String(i).padEnd(200, "x"));
  assert.throws(() => live.event("one more"), RangeError);
  assert.throws(() => live.sport(""), RangeError);
  assert.throws(() => live.sport("x".repeat(513)), RangeError);
  relay.change("7".padEnd(200, "x"), { feed: "live" });
  await clock.run(1_000);
  assert.equal(live.events().length, 1);
  assert.equal([...relay.sockets][0].subscription.events.size, 256);
  let said = null;
  live.event("7".padEnd(200, "x")).on("change", event => { said = event.seq; });
  await clock.run(0);
  assert.equal(said, live.events()[0].seq, "who comes later is told what is there");
  live.close();
}

// --- What it finds.

async function is_found(from, to) {
  assert.ok(text.includes(from), `the module does not hold: ${from}`);
  const broken = await load(text.replace(from, to));
  for (let seed = 1; seed <= 400; ++seed) {
    try {
      await run(broken, seed);
    } catch {
      return seed;
    }
  }
  return 0;
}
for (const [from, to] of [
  [" || seq <= held.seq) return", ") return"],
  ["held.is_void || seq", "seq"],
  ["if (value === null) members.delete(name);", "if (value === undefined) members.delete(name);"],
  ["if (message.resume === \"snapshots\") this.#let_go_of_all();", ""],
  ["if (position && this.unanswered === 0)", "if (position)"],
  ["this.#keep_only(message.subscription)", "undefined"],
  ["if (is_changed) this.#states.position = null;", ""],
  ["      this.held.delete(event);\n      this.told.gone(event);\n    }\n    if (this.is_current)", "    }\n    if (this.is_current)"],
  ["this.#states.position) parts.push", "this.#failures === 1) parts.push"],
  ["if (!this.is_current) return \"line\";", ""],
]) assert.ok(await is_found(from, to), `400 runs found nothing wrong with: ${to || "nothing"} in place of: ${from}`);
console.log(`${seeds.length} runs: ${all.connects} connections, ${all.resumed} of them with a position; ten broken modules were found`);
