// What clients are told by one object of the worker: the relay's messages, and where each client stands.
//
// The relay is followed by the clients' module (`live`), everything of it; its texts go on as they came. Who joins is given
// states, who comes back with a position what it has missed. Knows no socket but by send(), and no storage; CLIENTS.md
// describes what is said.

const log_messages_max = 4_000; // for those who come back; past it the oldest go
const gone_max = 10_000; // events that are remembered to be gone
const kinds = { events: "event", competitions: "competition", sports: "sport" };
const names_max = 256, name_length_max = 512;

export const everything = { all: true };

export function position_of(text) {
  const match = /^(\d{1,19})-(\d{1,15})$/.exec(text ?? "");
  return match && { epoch: match[1], offset: Number(match[2]) };
}
// Of a query of /v1/live; throws what is wrong with it.
export function subscription_of(query) {
  const subscription = {};
  for (const [key, value] of query) {
    const list = Object.keys(kinds).find(list => kinds[list] === key);
    if (list) (subscription[list] ??= []).push(value);
    else if (key !== "position" && !(key === "follow" && value === "none"))
      throw new Error(`what is followed is said by event, competition, sport and follow, not by ${key}`);
    else if (key === "follow") subscription.none = true;
  }
  const { none, ...named } = subscription;
  return checked(none || Object.keys(named).length ? named : everything);
}
function checked(subscription) {
  const names = Object.keys(kinds).flatMap(list => subscription[list] ?? []);
  if (names.length > names_max) throw new Error(`more than ${names_max} names`);
  if (names.some(name => typeof name !== "string" || name === "" || name.length > name_length_max)) throw new Error("a name is empty or longer than any");
  return subscription;
}
export function changed_subscription(before, text) {
  const message = JSON.parse(text);
  const sets = { all: before.all ?? false };
  for (const list of Object.keys(kinds)) sets[list] = new Set(before[list]);
  for (const verb of ["unsubscribe", "subscribe"]) {
    const { all, ...lists } = message[verb] ?? {};
    if (all) sets.all = verb === "subscribe";
    for (const [list, names] of Object.entries(lists)) {
      if (!kinds[list] || !Array.isArray(names)) throw new Error(`"${list}" is none of events, competitions, sports, all`);
      for (const name of names) verb === "subscribe" ? sets[list].add(name) : sets[list].delete(name);
    }
  }
  const after = sets.all ? { all: true } : {};
  for (const list of Object.keys(kinds)) if (sets[list].size) after[list] = [...sets[list]].sort();
  return checked(after);
}

export class Hub {
  events = new Map(); // id to { changed, moved, is_gone, competition, sport }: offsets; unknown as yet: Infinity
  clients = new Map(); // to { subscription, is_behind }
  gone_before = -1; // who comes from in front of it cannot be told what is gone
  position = null; // of the relay's history, up to which everything is here
  #live;
  #log = []; // { offset, id, text, is_delta }
  #log_from = Infinity; // everything behind this offset is in the log
  #topics = new Map(); // "KIND NAME" to clients
  #unplaced = new Set(); // changed at an offset that the next position will name
  #texts = new Map(); // snapshots by id, until they change
  #is_anew = false;
  #upstream = "stale";
  on_change = () => {}; // (id): what is to be stored of it is another

  // What an earlier life has stored: [id, event] each.
  constructor({ position = null, events = [], gone_before = -1 } = {}) {
    this.position = position_of(position);
    this.gone_before = gone_before;
    for (const [id, event] of events) this.events.set(id, event);
    this.#log_from = this.position?.offset ?? Infinity;
  }
  // All that the relay says, through the clients' module.
  follow(live) {
    this.#live = live;
    live.on("message", (message, text) => this.#take(message, text));
    live.all().on("gone", id => this.#gone(id));
    live.on("status", ({ stale }) => {
      const upstream = stale ? "stale" : "live";
      if (upstream === this.#upstream) return;
      this.#upstream = upstream;
      this.#say_all({ type: "status", upstream });
    });
  }
  get is_ready() { return this.position !== null; }
  get position_text() { return this.position && `${this.position.epoch}-${this.position.offset}`; }

  join(client, subscription, from) {
    const seat = { subscription, is_behind: false };
    this.#seat(client, seat);
    const leads_here = from && from.epoch === this.position.epoch && from.offset <= this.position.offset &&
      from.offset >= this.gone_before;
    const tail = leads_here ? this.#tail(seat, from.offset) : null;
    const resume = tail ? "tail" : leads_here ? "changed" : "snapshots";
    say(client, { type: "hello", version: 1, head: this.position_text, resume, upstream: this.#upstream, subscription });
    if (tail) tail.forEach(text => send(client, text));
    else this.#give(client, seat, leads_here ? from.offset : -1, leads_here);
    this.#say_missing(client, subscription.events ?? []);
    this.#stand(client);
    return resume;
  }
  // It was there in an earlier life, and nobody knows how far it had come: it is given everything at the next position.
  adopt(client, subscription) { this.#seat(client, { subscription, is_behind: true }); }
  change(client, subscription) {
    const before = this.clients.get(client);
    this.leave(client);
    const seat = { subscription, is_behind: before.is_behind };
    this.#seat(client, seat);
    say(client, { type: "subscription", subscription });
    for (const [id, event] of this.events)
      if (!event.is_gone && follows(seat, id, event) && !follows(before, id, event)) send(client, this.snapshot_of(id));
    this.#say_missing(client, subscription.events ?? []);
    if (!seat.is_behind) this.#stand(client);
  }
  complain(client, text) { say(client, { type: "error", text }); }
  leave(client) {
    const seat = this.clients.get(client);
    if (!seat) return;
    this.clients.delete(client);
    for (const key of keys_of(seat.subscription)) {
      const clients = this.#topics.get(key);
      clients.delete(client);
      if (clients.size === 0) this.#topics.delete(key);
    }
  }
  heartbeat() {
    for (const [client, { is_behind }] of this.clients) if (!is_behind && this.is_ready) this.#stand(client);
  }
  snapshot_of(id) {
    const held = this.#live.held(id);
    if (!held) return null;
    if (!this.#texts.has(id)) {
      const { seq, time, state } = held;
      this.#texts.set(id, JSON.stringify({ type: "snapshot", event: id, seq, time, state }));
    }
    return this.#texts.get(id);
  }

  #take(message, text) {
    switch (message.type) {
      case "hello":
        this.#is_anew = message.resume === "snapshots";
        return;
      case "delta": {
        const held = this.#live.held(message.event);
        if (held?.seq === message.seq) this.#changed(message.event, held.state, text, true);
        return this.#place(message.position);
      }
      case "snapshot":
        return this.#changed(message.event, message.state, text, false);
      case "position":
        this.#place(message.position);
        return this.#whole(message.position);
    }
  }
  #changed(id, { competition, sport }, text, is_delta) {
    const before = this.events.get(id);
    const event = { changed: Infinity, moved: before?.moved ?? 0, is_gone: false, competition, sport };
    const was_elsewhere = before && !before.is_gone && (before.competition !== competition || before.sport !== sport);
    if (was_elsewhere) event.moved = Infinity;
    this.events.set(id, event);
    this.#unplaced.add(id);
    this.#texts.delete(id);
    this.#log.push({ id, text, is_delta, offset: Infinity });
    for (const client of this.#followers(id, event)) send(client, text);
    if (was_elsewhere)
      for (const client of this.#followers(id, before)) if (!follows(this.clients.get(client), id, event)) say(client, { type: "gone", event: id });
  }
  #gone(id) {
    const before = this.events.get(id);
    if (!before || before.is_gone) return;
    this.events.delete(id); // to the end of those that are remembered
    this.events.set(id, { ...before, changed: Infinity, is_gone: true });
    this.#unplaced.add(id);
    this.#texts.delete(id);
    this.#log.push({ id, is_delta: false, offset: Infinity });
    for (const client of this.#followers(id, before)) say(client, { type: "gone", event: id });
  }
  // What came since the position before stands at this one, or in front of it.
  #place(text) {
    const position = position_of(text);
    if (!position) return;
    for (const id of this.#unplaced) {
      const event = this.events.get(id);
      event.changed = position.offset;
      if (event.moved === Infinity) event.moved = position.offset;
      this.on_change(id);
    }
    this.#unplaced.clear();
    for (let i = this.#log.length - 1; i >= 0 && this.#log[i].offset === Infinity; --i) this.#log[i].offset = position.offset;
    for (; this.#log.length > log_messages_max; this.#log.shift()) this.#log_from = this.#log[0].offset;
    // In the middle of states that come, a position is told only behind all of them.
    if (!this.#is_anew) this.position = position;
  }
  #whole(text) {
    if (this.#is_anew) {
      this.#is_anew = false;
      this.position = position_of(text);
      this.#log = [];
      this.#log_from = this.position.offset;
      for (const [id, event] of this.events) {
        event.changed = event.moved = this.position.offset;
        this.on_change(id);
      }
    }
    this.#forget_gone();
    for (const [client, seat] of this.clients) {
      if (seat.is_behind) this.#give(client, seat, -1, true);
      if (seat.is_behind) this.#say_missing(client, seat.subscription.events ?? []);
      seat.is_behind = false;
      this.#stand(client);
    }
  }
  #forget_gone() {
    const gone = [...this.events].filter(([, { is_gone }]) => is_gone);
    for (const [id, { changed }] of gone.slice(0, Math.max(0, gone.length - gone_max))) {
      this.events.delete(id);
      this.on_change(id);
      this.gone_before = Math.max(this.gone_before, changed);
    }
  }
  #seat(client, seat) {
    this.clients.set(client, seat);
    for (const key of keys_of(seat.subscription)) {
      if (!this.#topics.has(key)) this.#topics.set(key, new Set());
      this.#topics.get(key).add(client);
    }
  }
  #followers(id, { competition, sport }) {
    const sets = ["all", `event ${id}`, `competition ${competition}`, `sport ${sport}`].map(key => this.#topics.get(key)).filter(Boolean);
    return sets.length === 1 ? sets[0] : new Set(sets.flatMap(set => [...set]));
  }
  // Texts, or null where they do not lead there.
  #tail(seat, offset) {
    if (offset < this.#log_from) return null;
    const texts = [];
    for (let i = this.#log.length - 1; i >= 0 && this.#log[i].offset > offset; --i) {
      const { id, text, is_delta } = this.#log[i], event = this.events.get(id);
      if (event?.moved > offset || (!is_delta && event)) return null;
      if (event && follows(seat, id, event)) texts.push(text);
    }
    return texts.reverse();
  }
  #give(client, seat, offset, says_gone) {
    for (const [id, event] of this.events) {
      const is_followed = follows(seat, id, event);
      if (event.is_gone || !is_followed) {
        if (says_gone && (event.is_gone ? event.changed > offset && is_followed : event.moved > offset)) say(client, { type: "gone", event: id });
      } else if (event.changed > offset) {
        const text = this.snapshot_of(id);
        if (text) send(client, text);
      }
    }
  }
  #say_missing(client, names) {
    for (const id of names) {
      const event = this.events.get(id);
      if (!event || event.is_gone) say(client, { type: "gone", event: id });
    }
  }
  #stand(client) { say(client, { type: "position", position: this.position_text }); }
  #say_all(message) {
    const text = JSON.stringify(message);
    for (const client of this.clients.keys()) send(client, text);
  }
}

function keys_of(subscription) {
  if (subscription.all) return ["all"];
  return Object.entries(kinds).flatMap(([list, kind]) => (subscription[list] ?? []).map(name => `${kind} ${name}`));
}
function follows({ subscription: { all, events, competitions, sports } }, id, { competition, sport }) {
  return all || events?.includes(id) || competitions?.includes(competition) || sports?.includes(sport);
}
const say = (client, message) => send(client, JSON.stringify(message));
// One that is gone already hears nothing, and is told so by its own event.
function send(client, text) {
  try {
    client.send(text);
  } catch { /* see above */ }
}
