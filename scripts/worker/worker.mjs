// Touchline's relay for web clients as a Cloudflare Worker: objects near the clients, each with one line to the origin.
//
// The worker sends each request to one of the objects of its part of the world; an object follows everything at the
// relay ORIGIN and tells it to up to CLIENTS_MAX clients, whose sockets may sleep with it. What it holds stands in its
// storage, so that it goes on from its position behind an eviction or a deployment. OPERATIONS.md says how it is deployed.

import { DurableObject } from "cloudflare:workers";
import { connect } from "../../feed/clients/page/touchline.js";
import { Hub, changed_subscription, everything, position_of, subscription_of } from "./hub.mjs";

const heartbeat_ms = 20_000;
const save_ms = 2_000; // the most that a restart has to ask for again
const idle_ms = 60_000; // without clients; past it the line to the origin is closed, and the object may sleep
const ready_ms_max = 8_000; // to have the states, for who comes first
const message_bytes_max = 16_384;
const attachment_bytes_max = 15_000; // of a subscription, which sleeps with its socket
const state_bytes_max = 1_900_000; // that are stored of one event

const headers = { "Access-Control-Allow-Origin": "*" };
const error = (status, text, more = {}) =>
  Response.json({ type: "error", text }, { status, headers: { ...headers, ...more } });
const retry = () => ({ "Retry-After": String(1 + Math.floor(Math.random() * 4)) });

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (request.method !== "GET") return error(405, "everything here is read by GET", { Allow: "GET" });
    if (pathname !== "/v1/live" && !pathname.startsWith("/v1/events/")) return error(404, "there are /v1/live and /v1/events/ID");
    const shard = Math.floor(Math.random() * Number(env.SHARDS ?? 1));
    return env.RELAY.get(env.RELAY.idFromName(`${request.cf?.continent ?? "any"}-${shard}`)).fetch(request);
  },
};

export class Relay extends DurableObject {
  #live = null;
  #dirty = new Set();
  #timers = [];
  #quiet_since = Date.now();

  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, event TEXT NOT NULL, held TEXT) WITHOUT ROWID");
    this.sql.exec("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
    this.#begin();
  }

  // From what is stored. Sockets that slept are still there.
  #begin() {
    const facts = Object.fromEntries([...this.sql.exec("SELECT name, value FROM facts")].map(({ name, value }) => [name, value]));
    if (!facts.position) this.sql.exec("DELETE FROM events");
    const rows = facts.position ? [...this.sql.exec("SELECT id, event, held FROM events ORDER BY id")] : [];
    this.position = facts.position ?? null;
    this.hub = new Hub({
      position: this.position,
      gone_before: Number(facts.gone_before ?? -1),
      events: rows.map(({ id, event }) => [id, offsets_known(JSON.parse(event))]),
    });
    this.held = rows.filter(({ held }) => held !== null).map(({ id, held }) => [id, JSON.parse(held)]);
    this.hub.on_change = id => this.#dirty.add(id);
    for (const socket of this.ctx.getWebSockets()) this.hub.adopt(socket, socket.deserializeAttachment() ?? everything);
    if (this.hub.clients.size) this.#connect();
  }
  #connect() {
    if (this.#live) return;
    this.#live = connect(this.env.ORIGIN, { transport: "websocket", position: this.position, held: this.held });
    this.hub.follow(this.#live);
    this.#timers = [
      setInterval(() => this.hub.heartbeat(), heartbeat_ms),
      setInterval(() => this.#save(), save_ms),
    ];
  }

  async fetch(request) {
    const url = new URL(request.url);
    const from = position_of(url.searchParams.get("position"));
    if (!(await this.#ready(from))) return error(503, "the origin is not reached", retry());
    if (url.pathname.startsWith("/v1/events/")) return this.#event(decodeURIComponent(url.pathname.slice(11)));
    if (request.headers.get("Upgrade")?.toLowerCase() !== "websocket")
      return error(426, "this is a WebSocket; Server-Sent Events are a relay's", { Upgrade: "websocket" });
    if (this.hub.clients.size >= Number(this.env.CLIENTS_MAX ?? 20_000)) return error(503, "too many sessions", retry());
    let subscription;
    try {
      subscription = subscription_of(url.searchParams);
      check_size(subscription);
    } catch ({ message }) {
      return error(400, message);
    }
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment(subscription);
    this.hub.join(server, subscription, from);
    return new Response(null, { status: 101, webSocket: client });
  }
  #event(id) {
    const text = this.hub.snapshot_of(id);
    return text ? new Response(text + "\n", { headers: { ...headers, "Content-Type": "application/json" } }) : error(404, "no such event is here");
  }
  // With states that are not behind those of who comes, as far as the origin can be reached: nobody is taken back.
  async #ready(from) {
    const is_ahead = () => from?.epoch === this.hub.position?.epoch && from?.offset > this.hub.position?.offset;
    for (let waited_ms = 0; waited_ms < ready_ms_max; waited_ms += 20) {
      this.#connect(); // it may have gone to rest meanwhile
      this.#has_caught_up ||= this.#live.status.stale !== "line";
      if (this.#has_caught_up && !is_ahead()) return true;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    return this.hub.is_ready && !is_ahead();
  }
  #has_caught_up = false; // in this life

  webSocketMessage(socket, message) {
    if (typeof message !== "string") return socket.close(1003, "texts only");
    if (message.length > message_bytes_max) return socket.close(1009, "a message is too long");
    try {
      const subscription = changed_subscription(this.hub.clients.get(socket).subscription, message);
      check_size(subscription);
      socket.serializeAttachment(subscription);
      this.hub.change(socket, subscription);
    } catch ({ message }) {
      this.hub.complain(socket, message);
    }
  }
  webSocketClose(socket, code) {
    this.hub.leave(socket);
    // 1005, 1006 and 1015 say that no code came; they may not be sent.
    try { socket.close([1005, 1006, 1015].includes(code) ? 1000 : code); } catch { /* it is closed */ }
  }
  webSocketError(socket) { this.hub.leave(socket); }

  // States and the position up to which they are whole, or none of both.
  #save() {
    const text = this.hub.position_text;
    if (text && text !== this.position) {
      this.ctx.storage.transactionSync(() => {
        for (const id of this.#dirty) this.#save_event(id);
        const facts = { position: this.#is_too_large ? null : text, gone_before: this.hub.gone_before };
        for (const [name, value] of Object.entries(facts))
          this.sql.exec("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, value === null ? null : String(value));
      });
      this.#dirty.clear();
      this.position = text;
    }
    if (this.hub.clients.size) this.#quiet_since = Date.now();
    else if (Date.now() - this.#quiet_since > idle_ms) this.#rest();
  }
  #is_too_large = false; // to be stored: a restart asks for everything
  #save_event(id) {
    const event = this.hub.events.get(id), held = this.#live.held(id);
    if (!event) return this.sql.exec("DELETE FROM events WHERE id = ?", id);
    const text = held && !event.is_gone ? JSON.stringify({ seq: held.seq, time: held.time, state: held.state }) : null;
    this.#is_too_large ||= text !== null && new TextEncoder().encode(text).length > state_bytes_max;
    if (!this.#is_too_large) this.sql.exec("INSERT OR REPLACE INTO events VALUES (?, ?, ?)", id, JSON.stringify(event), text);
  }
  #rest() {
    this.#timers.forEach(clearInterval);
    this.#live.close();
    this.#live = null;
    this.#has_caught_up = false;
    this.#begin();
  }
}

// An offset that was not known yet is none in JSON.
const offsets_known = event => ({ ...event, changed: event.changed ?? Infinity, moved: event.moved ?? Infinity });

function check_size(subscription) {
  if (new TextEncoder().encode(JSON.stringify(subscription)).length > attachment_bytes_max) throw new Error("what is followed is too much for one client here");
}
