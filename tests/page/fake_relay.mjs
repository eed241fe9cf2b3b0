// A relay for tests of its clients' module: what CLIENTS.md says of one, in memory, under a clock that the test turns,
// with lines that lag and break as a seed says.
//
// Knows states, messages and subscriptions; of the module it knows nothing but that it takes a WebSocket class. It makes
// its patches from two states by itself.
import assert from "node:assert/strict";

export function random_of(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class Clock {
  now_ms = 0;
  #timers = new Set();
  #order = 0;
  waits = []; // of all timers, as they were asked for
  after = (ms, then) => {
    const timer = { at_ms: this.now_ms + ms, order: ++this.#order, then };
    this.#timers.add(timer);
    this.waits.push(ms);
    return () => this.#timers.delete(timer);
  };
  // Until then, one at a time, and what they leave behind in between.
  async run(ms) {
    const end_ms = this.now_ms + ms;
    await settle();
    while (true) {
      const due = [...this.#timers].filter(t => t.at_ms <= end_ms).sort((a, b) => a.at_ms - b.at_ms || a.order - b.order)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.now_ms = due.at_ms;
      due.then();
      await settle();
    }
    this.now_ms = end_ms;
  }
}
const settle = () => new Promise(resolve => setImmediate(resolve));

const copy = value => JSON.parse(JSON.stringify(value));
const is_object = value => typeof value === "object" && value !== null && !Array.isArray(value);

// What leads from one to the other under RFC 7396.
export function diff(from, to) {
  const patch = {};
  for (const name of Object.keys(from)) if (!Object.hasOwn(to, name)) patch[name] = null;
  for (const [name, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, name) ? from[name] : undefined;
    if (JSON.stringify(before) === JSON.stringify(value)) continue;
    patch[name] = is_object(before) && is_object(value) ? diff(before, value) : value;
  }
  return patch;
}

export class FakeRelay {
  epoch = 1;
  offset = 0;
  upstream = "live";
  events = new Map(); // id to { seq, state, changed }
  past = new Map(); // "ID SEQ" to the states that it had there, one in each history
  ever = new Set(); // ids
  log = []; // { offset, id, sport, text }
  sockets = new Set();
  connects = []; // { at_ms, query }
  refuses = false;

  constructor(clock, random, { lag_ms = 0 } = {}) {
    Object.assign(this, { clock, random, lag_ms });
    const relay = this;
    this.WebSocket = class {
      constructor(url) { relay.#connect(this, new URL(url)); }
      send(text) { relay.#asked(this, JSON.parse(text)); }
      close() { relay.sockets.delete(this); }
    };
  }
  get position() { return `${this.epoch}-${this.offset}`; }

  change(id, state) {
    const before = this.events.get(id);
    const seq = (before?.seq ?? this.#last_seq.get(id) ?? 0) + 1 + Math.floor(this.random() * 2); // it may skip numbers
    ++this.offset;
    this.ever.add(id);
    this.events.set(id, { seq, state: copy(state), changed: this.offset });
    this.#last_seq.set(id, seq);
    this.#remember(id, seq, state);
    const delta = before && before.state.sport === state.sport &&
      { type: "delta", event: id, seq, position: this.position, patch: diff(before.state, state) };
    for (const socket of this.sockets) {
      if (!socket.joined) continue;
      const had = before && this.#follows(socket, id, before.state);
      if (this.#follows(socket, id, state)) {
        // It may be slow, and is given the newest state.
        this.#say(socket, delta && had && this.random() < 0.95 ? delta : this.#snapshot(id));
        if (!delta || !had) this.#say(socket, this.#stand());
        // What the state holds already may still be on its way behind it.
        const older = this.log.findLast(entry => entry.id === id && entry.delta)?.delta;
        if (older && this.random() < 0.1) this.#say(socket, { ...older, position: undefined });
      } else if (had) {
        this.#say(socket, { type: "gone", event: id });
      }
    }
    this.log.push({ offset: this.offset, id, delta, moved: before && !delta });
    if (this.log.length > 60) this.log.shift();
  }
  forget(id) {
    const before = this.events.get(id);
    if (!before) return;
    ++this.offset;
    this.events.delete(id);
    this.log.push({ offset: this.offset, id, moved: true });
    for (const socket of this.sockets)
      if (this.#follows(socket, id, before.state)) this.#say(socket, { type: "gone", event: id });
  }
  set_upstream(upstream) {
    this.upstream = upstream;
    for (const socket of this.sockets) if (socket.joined) this.#say(socket, { type: "status", upstream });
  }
  heartbeat() { for (const socket of this.sockets) if (socket.joined) this.#say(socket, this.#stand()); }
  begin_anew() {
    this.#cut_all();
    ++this.epoch;
    this.offset = 0;
    this.log = [];
    this.#last_seq.clear();
    for (const [id, event] of this.events) {
      event.seq = 1;
      event.changed = ++this.offset;
      this.#remember(id, 1, event.state);
    }
  }
  #last_seq = new Map();
  #remember(id, seq, state) {
    const key = `${id} ${seq}`;
    if (!this.past.has(key)) this.past.set(key, []);
    this.past.get(key).push(JSON.stringify(state));
  }
  goodbye(retry_ms, { over = "message" } = {}) {
    for (const socket of [...this.sockets]) {
      if (over === "message") this.#say(socket, { type: "goodbye", reason: "the relay stops", retry_ms });
      this.#later(socket, () => this.#close(socket, over === "message" ? "" : `retry_ms=${retry_ms} the relay stops`));
    }
  }
  // What is under way is lost.
  cut(socket) { this.#close(socket, ""); }
  #cut_all() { for (const socket of [...this.sockets]) this.cut(socket); }
  // Everything that is followed by one, as it is now.
  followed_by(socket) {
    return new Map([...this.events].filter(([id, { state }]) => this.#follows(socket, id, state)));
  }

  #close(socket, reason) {
    if (this.sockets.delete(socket)) socket.onclose?.({ code: 1006, reason });
  }
  #stand() { return { type: "position", position: this.position }; }
  #snapshot(id) {
    const { seq, state } = this.events.get(id);
    return { type: "snapshot", event: id, seq, state: copy(state) };
  }
  #follows({ subscription }, id, state) {
    const { all, events, sports, competitions } = subscription;
    return all || events.has(id) || sports.has(state.sport) || competitions.has(state.competition);
  }
  // Each line has its own order; how long it takes is a matter of chance.
  #later(socket, then) {
    socket.due_ms = Math.max(socket.due_ms ?? 0, this.clock.now_ms + Math.floor(this.random() * this.lag_ms));
    this.clock.after(socket.due_ms - this.clock.now_ms, () => this.sockets.has(socket) && then());
  }
  #say(socket, message) {
    if (socket.lacks && message.type === "position") return;
    if (socket.lacks && message.position) message = { ...message, position: undefined };
    const data = JSON.stringify(message);
    this.#later(socket, () => socket.onmessage?.({ data }));
  }

  #connect(socket, url) {
    assert.equal(url.protocol, "ws:");
    assert.equal(url.pathname, "/v1/live");
    const query = url.searchParams;
    this.connects.push({ at_ms: this.clock.now_ms, query });
    const named = name => new Set(query.getAll(name));
    const subscription = { events: named("event"), sports: named("sport"), competitions: named("competition") };
    subscription.all = !["event", "sport", "competition", "follow"].some(name => query.has(name));
    Object.assign(socket, { subscription, joined: false });
    this.sockets.add(socket);
    this.#later(socket, () => {
      if (this.refuses) return this.#close(socket, "");
      socket.joined = true;
      this.#join(socket, query.get("position"));
    });
  }
  #join(socket, position) {
    const [epoch, offset] = (position ?? "0-0").split("-").map(Number);
    const leads_here = epoch === this.epoch && offset <= this.offset;
    const missed = this.log.filter(entry => entry.offset > offset);
    const is_whole = leads_here && (offset === this.offset || missed[0]?.offset === offset + 1) && !missed.some(m => m.moved);
    const resume = is_whole && this.random() < 0.7 ? "tail" : leads_here ? "changed" : "snapshots";
    this.#say(socket, { type: "hello", version: 1, head: this.position, resume, upstream: this.upstream,
      subscription: this.#words(socket) });
    for (const id of socket.subscription.events) if (!this.events.has(id)) this.#say(socket, { type: "gone", event: id });
    const followed = this.followed_by(socket);
    if (resume === "changed") // what it may have followed, and does not any more
      for (const { id, moved } of missed) if (moved && !followed.has(id)) this.#say(socket, { type: "gone", event: id });
    if (resume === "changed" && missed[0]?.offset !== offset + 1)
      for (const id of this.ever) if (!followed.has(id)) this.#say(socket, { type: "gone", event: id });
    if (resume === "tail") {
      for (const { id, delta } of missed)
        if (followed.has(id)) this.#say(socket, delta || this.#snapshot(id));
    } else {
      const lacked = [...followed].filter(([, { changed }]) => resume === "snapshots" || changed > offset);
      if (resume === "snapshots" && this.random() < 0.5) return this.#give_slowly(socket, lacked.map(([id]) => id));
      for (const [id] of lacked) this.#say(socket, this.#snapshot(id));
    }
    this.#say(socket, this.#stand());
  }
  // Of who holds nothing: deltas of what it lacks may come before their snapshots; nobody is told a position before all of them.
  #give_slowly(socket, ids) {
    socket.lacks = true;
    const next = () => {
      if (!this.sockets.has(socket)) return;
      const id = ids.shift();
      if (id === undefined) socket.lacks = false;
      if (id === undefined) this.#say(socket, this.#stand());
      else if (this.followed_by(socket).has(id)) this.#say(socket, this.#snapshot(id));
      if (id !== undefined) this.clock.after(this.random() * this.lag_ms, next);
    };
    this.clock.after(this.random() * this.lag_ms, next);
  }
  #words({ subscription: { all, events, sports, competitions } }) {
    const words = all ? { all } : {};
    for (const [name, set] of Object.entries({ events, sports, competitions })) if (set.size) words[name] = [...set];
    return words;
  }
  // A message takes its time to get here, too.
  #asked(socket, { subscribe = {}, unsubscribe = {} }) {
    const lists = ["events", "sports", "competitions"];
    this.#later(socket, () => {
      const before = this.followed_by(socket);
      const { subscription } = socket;
      for (const list of lists) {
        for (const name of unsubscribe[list] ?? []) subscription[list].delete(name);
        for (const name of subscribe[list] ?? []) subscription[list].add(name);
      }
      if (unsubscribe.all) subscription.all = false;
      if (subscribe.all) subscription.all = true;
      this.#say(socket, { type: "subscription", subscription: this.#words(socket) });
      for (const id of this.followed_by(socket).keys()) if (!before.has(id)) this.#say(socket, this.#snapshot(id));
      for (const id of subscribe.events ?? []) if (!this.events.has(id)) this.#say(socket, { type: "gone", event: id });
      this.#say(socket, this.#stand());
    });
  }
}
