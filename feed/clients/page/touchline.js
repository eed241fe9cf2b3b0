// Touchline's client for web pages: follows events at a relay, over one WebSocket, as CLIENTS.md says.
//
//   import { connect } from "https://relay.example/touchline.js";
//   const live = connect("https://relay.example");
//   live.event("m-1").on("change", event => show(event.state, event.stale));
//
// Holds the states of what is followed, comes back by position, and says when what it holds may be old. Knows no page:
// nothing is shown here. It runs wherever there is a WebSocket or an EventSource.

const names_max = 256;
const name_bytes_max = 512;
const query_bytes_max = 6_000; // a longer subscription is said by messages: a request's head has 8 KiB
const message_bytes = 8_000; // and one name more: a message may have 16 KiB
const kinds = { event: "events", competition: "competitions", sport: "sports" };
const defaults = {
  transport: "auto", // "websocket", "events", or the second where the first never succeeds
  retry_ms: 500, // to wait for the first time; twice as long each time that follows
  retry_max_ms: 20_000,
  settled_ms: 10_000, // a line that stood for so long was a good one
  silence_ms: 60_000, // a line on which nothing comes for so long is dead
  random: Math.random,
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

const is_object = value => typeof value === "object" && value !== null && !Array.isArray(value);

// RFC 7396. What a patch does not speak of stays the very same object, so that a page can tell what changed.
export function merge(target, patch) {
  if (!is_object(patch)) return patch;
  const members = new Map(Object.entries(is_object(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, merge(members.get(name), value));
  }
  return Object.fromEntries(members);
}

// Calls whoever has asked. A handler that throws does so on its own: the others are called.
class Speaker {
  #handlers = new Map();
  on(what, handler) {
    if (!this.#handlers.has(what)) this.#handlers.set(what, new Set());
    this.#handlers.get(what).add(handler);
    return this;
  }
  off(what, handler) {
    this.#handlers.get(what)?.delete(handler);
    return this;
  }
  emit(what, ...said) {
    for (const handler of [...(this.#handlers.get(what) ?? [])]) {
      try {
        handler(...said);
      } catch (error) {
        queueMicrotask(() => { throw error; });
      }
    }
  }
}

// What a client holds, by the messages alone: no line, no clock. Tells `changed(id, patch)`, patch null where the whole
// state is another; `gone(id)`; `moved()`, when everything became stale or fresh.
export class States {
  held = new Map(); // id to { seq, time, state, is_void }; void: to be let go of unless it comes again
  position = null;
  upstream = "live";
  is_current = false; // everything up to now has come
  unanswered = 0; // changes of the subscription; until they are answered, positions speak of the one before

  constructor(told) { this.told = told; }

  // Why what is held of an event may be old; null: it is not.
  stale_of(held) {
    if (!this.is_current) return "line";
    if (this.upstream !== "live") return "upstream";
    return held.state.feed?.startsWith("stale") ? "feed" : null; // it may be incomplete besides
  }
  ask_for_another() {
    this.position = null;
    ++this.unanswered;
  }
  line_lost() {
    this.unanswered = 0;
    if (!this.is_current) return;
    this.is_current = false;
    this.told.moved();
  }

  take(message) {
    switch (message.type) {
      case "hello":
        if (message.resume === "snapshots") this.#let_go_of_all();
        return this.#set_upstream(message.upstream);
      case "snapshot":
        this.held.set(message.event, { seq: message.seq, time: message.time, state: message.state, is_void: false });
        return this.told.changed(message.event, null);
      case "delta":
        this.#patch(message);
        return this.#stand_at(message.position);
      case "gone":
        this.held.delete(message.event);
        return this.told.gone(message.event);
      case "position":
        this.#stand_at(message.position);
        return this.#become_current();
      case "status":
        return this.#set_upstream(message.upstream);
      case "subscription":
        if (this.unanswered > 0) --this.unanswered;
        return this.#keep_only(message.subscription);
    }
  }

  // They stay for who shows them, as old ones, until their place is taken or everything else is here.
  #let_go_of_all() {
    this.position = null;
    for (const held of this.held.values()) held.is_void = true;
  }
  #patch({ event, seq, time, patch }) {
    const held = this.held.get(event);
    if (!held || held.is_void || seq <= held.seq) return;
    this.held.set(event, { seq, time, state: merge(held.state, patch), is_void: false });
    this.told.changed(event, patch);
  }
  #stand_at(position) {
    if (position && this.unanswered === 0) this.position = position;
  }
  #become_current() {
    for (const [event, { is_void }] of [...this.held]) {
      if (!is_void) continue;
      this.held.delete(event);
      this.told.gone(event);
    }
    if (this.is_current) return;
    this.is_current = true;
    this.told.moved();
  }
  #set_upstream(upstream) {
    if (upstream === this.upstream) return;
    this.upstream = upstream;
    this.told.moved();
  }
  #keep_only({ all, events = [], competitions = [], sports = [] }) {
    this.position = null;
    if (all) return;
    for (const [event, { state }] of [...this.held]) {
      if (events.includes(event) || competitions.includes(state.competition) || sports.includes(state.sport)) continue;
      this.held.delete(event);
      this.told.gone(event);
    }
  }
}

// What is followed by one name: "change" (event, patch or null) and "gone" (id).
class Topic extends Speaker {
  #live;
  #shown = new Set();
  constructor(live, kind, name) {
    super();
    Object.assign(this, { kind, name });
    this.#live = live;
    this.events().forEach(({ id }) => this.#shown.add(id));
  }
  on(what, handler) {
    super.on(what, handler);
    if (what === "change") queueMicrotask(() => this.events().forEach(event => handler(event, null)));
    return this;
  }
  events() { return this.#live.events().filter(event => this.#has(event)); }
  get current() { return this.kind === "event" ? this.#live.held(this.name) : undefined; }
  close() { this.#live.unfollow(this); }

  tell(event, patch) {
    if (this.#has(event)) {
      this.#shown.add(event.id);
      this.emit("change", event, patch);
    } else if (this.#shown.delete(event.id)) {
      this.emit("gone", event.id);
    }
  }
  tell_gone(id) {
    const is_named = this.kind === "event" && this.name === id;
    if (this.#shown.delete(id) || is_named) this.emit("gone", id);
  }
  #has({ id, state }) {
    switch (this.kind) {
      case "event": return id === this.name;
      case "competition": return state.competition === this.name;
      case "sport": return state.sport === this.name;
      default: return true;
    }
  }
}

// One connection, whatever it takes to have one: "status" ({ connection, upstream, stale }), "goodbye", and for who gives
// them on "message" (message, text), behind what became of it.
class Live extends Speaker {
  #url;
  #options;
  #states = new States({
    changed: (id, patch) => this.#tell(id, patch),
    gone: id => this.#topics.forEach(topic => topic.tell_gone(id)),
    moved: () => this.#tell_all(),
  });
  #topics = new Set();
  #asked = null; // keys of topics that the relay was asked for; null: it was asked for nothing yet
  #line = null;
  #connection = "connecting"; // "live", "waiting" or "closed"
  #failures = 0;
  #was_there = false; // over this transport
  #retry_ms = 0; // that the relay has asked for
  #cancel = () => {}; // the timer of the line or of the wait
  #will_sync = false;

  constructor(url, options) {
    super();
    const { origin, host, protocol, pathname } = new URL(url, globalThis.location?.href);
    this.#url = (origin === "null" ? `${protocol}//${host}` : origin) + pathname.replace(/\/+$/, "");
    this.#options = { WebSocket: globalThis.WebSocket, EventSource: globalThis.EventSource, ...defaults, ...options };
    const { transport, WebSocket } = this.#options;
    this.transport = transport !== "auto" ? transport : WebSocket ? "websocket" : "events";
    for (const [id, { seq, time, state }] of options.held ?? []) this.#states.held.set(id, { seq, time, state, is_void: false });
    this.#states.position = options.position ?? null;
    this.#sync_soon();
  }

  event(id) { return this.#follow("event", id); }
  competition(name) { return this.#follow("competition", name); }
  sport(name) { return this.#follow("sport", name); }
  all() { return this.#follow("all", ""); }

  get status() {
    const { upstream, is_current } = this.#states;
    const stale = !is_current ? "line" : upstream === "live" ? null : "upstream";
    return { connection: this.#connection, upstream, stale };
  }
  get position() { return this.#states.position; }
  held(id) {
    const held = this.#states.held.get(id);
    return held && this.#view(id, held);
  }
  events() { return [...this.#states.held].map(([id, held]) => this.#view(id, held)); }
  close() {
    this.#hang_up();
    this.#set_connection("closed");
  }
  unfollow(topic) {
    this.#topics.delete(topic);
    this.#sync_soon();
  }

  #follow(kind, name) {
    const bytes = new TextEncoder().encode(name).length;
    if (kind !== "all" && (bytes === 0 || bytes > name_bytes_max))
      throw new RangeError(`a name has 1 to ${name_bytes_max} bytes`);
    const topic = new Topic(this, kind, name);
    this.#topics.add(topic);
    if (this.#wanted().size > names_max) {
      this.#topics.delete(topic);
      throw new RangeError(`more than ${names_max} names; follow a competition, a sport or all`);
    }
    this.#sync_soon();
    return topic;
  }

  #view(id, held) {
    return { id, seq: held.seq, time: held.time, state: held.state, stale: this.#states.stale_of(held) };
  }
  #tell(id, patch) {
    const view = this.held(id);
    for (const topic of [...this.#topics]) topic.tell(view, patch);
  }
  #tell_all() {
    this.emit("status", this.status);
    for (const id of [...this.#states.held.keys()]) if (this.#states.held.has(id)) this.#tell(id, null);
  }
  #set_connection(connection) {
    if (this.#connection === connection) return;
    this.#connection = connection;
    this.emit("status", this.status);
  }

  // Topics by "KIND NAME"; everything makes the others needless.
  #wanted() {
    const keys = new Set([...this.#topics].map(topic => `${topic.kind} ${topic.name}`));
    return keys.has("all ") ? new Set(["all "]) : keys;
  }
  // What a page asks for in one turn is asked for together.
  #sync_soon() {
    if (this.#will_sync || this.#connection === "closed") return;
    this.#will_sync = true;
    queueMicrotask(() => {
      this.#will_sync = false;
      this.#sync();
    });
  }
  #sync() {
    if (this.#connection === "closed") return;
    const wanted = this.#wanted();
    this.#asked ??= wanted; // what it was given to go on from is of this
    const more = [...wanted].filter(key => !this.#asked.has(key));
    const less = [...this.#asked].filter(key => !wanted.has(key));
    const is_changed = more.length + less.length !== 0;
    if (!this.#line) {
      if (is_changed) this.#states.position = null;
      this.#asked = wanted;
      if (this.#connection !== "waiting") this.#connect();
    } else if (is_changed && this.#line.send && this.#line.is_open) {
      this.#asked = wanted;
      this.#send(more, less);
    } else if (is_changed && !this.#line.send) {
      this.#asked = wanted;
      this.#states.position = null;
      this.#hang_up();
      this.#connect();
    }
  }
  #send(more, less) {
    for (const [verb, keys] of [["unsubscribe", less], ["subscribe", more]]) {
      for (let at = 0; at < keys.length;) {
        const names = {};
        for (let bytes = 0; at < keys.length && bytes < message_bytes; ++at) {
          const [kind, name] = split_key(keys[at]);
          if (kind === "all") names.all = true;
          else (names[kinds[kind]] ??= []).push(name);
          bytes += JSON.stringify(name).length * 3;
        }
        this.#states.ask_for_another();
        this.#line.send(JSON.stringify({ [verb]: names }));
      }
    }
  }

  #query() {
    const parts = [...this.#asked].map(split_key).filter(([kind]) => kind !== "all")
      .map(([kind, name]) => `${kind}=${encodeURIComponent(name)}`);
    if (this.#asked.size === 0) parts.push("follow=none");
    if (this.#states.position) parts.push(`position=${this.#states.position}`);
    return parts.join("&");
  }
  #connect() {
    this.#set_connection("connecting");
    let query = this.#query();
    if (query.length > query_bytes_max && this.transport === "websocket") {
      this.#asked = new Set();
      this.#states.position = null;
      query = this.#query();
    }
    const url = `${this.#url}/v1/live${query && "?" + query}`;
    const line = this.transport === "websocket" ? this.#websocket(url) : this.#event_source(url);
    this.#line = line;
    this.#watch(line);
  }
  #websocket(url) {
    const socket = new this.#options.WebSocket(url.replace(/^http/, "ws"));
    const line = { is_open: false, quiet: 0, send: text => socket.send(text), close: () => socket.close() };
    socket.onmessage = ({ data }) => this.#take(line, data);
    socket.onclose = ({ reason }) => this.#lost(line, Number(/retry_ms=(\d+)/.exec(reason ?? "")?.[1] ?? 0));
    socket.onerror = () => {};
    return line;
  }
  // A browser comes back by itself, with Last-Event-ID, but where it was refused.
  #event_source(url) {
    const source = new this.#options.EventSource(url.replace(/^ws/, "http"));
    const line = { is_open: false, quiet: 0, close: () => source.close() };
    source.onmessage = ({ data }) => this.#take(line, data);
    source.onerror = () => {
      if (source.readyState === 2) return this.#lost(line, 0);
      if (line !== this.#line) return;
      this.#states.line_lost();
      this.#set_connection("connecting");
    };
    return line;
  }

  #take(line, data) {
    if (line !== this.#line) return;
    line.quiet = 0;
    const message = JSON.parse(data);
    if (message.type === "hello") this.#joined(line);
    if (message.type === "goodbye") {
      this.#retry_ms = message.retry_ms ?? 0;
      this.emit("goodbye", message);
    }
    this.#states.take(message);
    this.emit("message", message, data);
  }
  #joined(line) {
    this.#was_there = true;
    line.is_open = true;
    this.#set_connection("live");
    this.#sync_soon();
  }
  // One timer a line: counts the quiet stretches, and what was good for long enough starts anew with its failures.
  #watch(line) {
    const { after, silence_ms, settled_ms } = this.#options;
    const stretch_ms = Math.min(silence_ms / 4, settled_ms);
    this.#cancel = after(stretch_ms, () => {
      if (line !== this.#line) return;
      line.quiet += stretch_ms;
      line.stood = (line.stood ?? 0) + (line.is_open ? stretch_ms : 0);
      if (line.stood >= settled_ms) this.#failures = 0;
      if (line.quiet >= silence_ms) this.#lost(line, 0);
      else this.#watch(line);
    });
  }
  #hang_up() {
    this.#cancel();
    const line = this.#line;
    this.#line = null;
    line?.close();
    this.#states.line_lost();
  }
  #lost(line, retry_ms) {
    if (line !== this.#line) return;
    this.#hang_up();
    const asked_ms = Math.max(retry_ms, this.#retry_ms);
    this.#retry_ms = 0;
    ++this.#failures;
    if (this.#options.transport === "auto" && !this.#was_there && this.#failures % 2 === 0 && this.#options.EventSource)
      this.transport = this.transport === "websocket" ? "events" : "websocket";
    const { retry_ms: first_ms, retry_max_ms, random, after } = this.#options;
    const backoff_ms = Math.min(retry_max_ms, first_ms * 2 ** Math.min(this.#failures - 1, 20));
    // Half of it, and up to as much again: those who were cut together come back apart.
    const wait_ms = Math.max(asked_ms, backoff_ms * (0.5 + 0.5 * random()));
    this.#set_connection("waiting");
    this.#cancel = after(wait_ms, () => {
      this.#connection = "connecting";
      this.#sync();
    });
  }
}

const split_key = key => {
  const at = key.indexOf(" ");
  return [key.slice(0, at), key.slice(at + 1)];
};

// To a relay's clients' port, http(s):// or ws(s)://. Options: see `defaults`; WebSocket and EventSource; `position` and
// `held` ([id, { seq, time, state }] each), what an earlier connection left of the topics that are named first.
export function connect(url, options = {}) {
  return new Live(url, options);
}
