// A publisher, a relay with web clients, a source, and a proxy whose lines can be cut: what a browser stands at the end of.
//
// Starts programs and reads their logs; waits for conditions, never for a time. Knows nothing of browsers.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const patience_ms = 60_000;

export async function until(what, holds) {
  const end = Date.now() + patience_ms;
  let last;
  while (Date.now() < end) {
    last = await holds();
    if (last === true) return;
    await new Promise(resolve => setTimeout(resolve, 30));
  }
  assert.fail(`never: ${what}; last ${JSON.stringify(last)}`);
}

// One program and its log.
export class Program {
  log = "";
  constructor(program, args) {
    this.child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.child.stderr.setEncoding("utf8").on("data", text => { this.log += text; });
    this.ended = new Promise(resolve => this.child.on("exit", resolve));
  }
  // The address behind these words of the log.
  async address(words) {
    let found;
    await until(`"${words}" in the log`, () => {
      found = this.log.match(new RegExp(`${words} (\\S+)`))?.[1];
      return found !== undefined || this.log;
    });
    return found;
  }
  async kill(signal = "SIGKILL") {
    this.child.kill(signal);
    await this.ended;
  }
}
export const port_of = url => Number(url.slice(url.lastIndexOf(":") + 1));

// One that nobody has, below those that the system gives to whoever connects.
export async function free_port() {
  while (true) {
    const port = 10_000 + Math.floor(Math.random() * 20_000), server = createServer();
    const is_free = await new Promise(resolve => server.on("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true)));
    await new Promise(resolve => server.close(resolve));
    if (is_free) return port;
  }
}

// Carries bytes to a port and remembers what was asked for.
export class Proxy {
  requests = []; // heads
  #lines = new Set();
  static async to(port) {
    const proxy = new Proxy();
    proxy.server = createServer(client => proxy.#carry(client, port));
    await new Promise(resolve => proxy.server.listen(0, "127.0.0.1", resolve));
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }
  #carry(client, port) {
    const relay = createConnection(port, "127.0.0.1"), line = [client, relay];
    this.#lines.add(line);
    let head = "";
    client.on("data", bytes => {
      if (head === null) return;
      head += bytes.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      this.requests.push(head);
      head = null;
    });
    for (const [from, to] of [[client, relay], [relay, client]]) {
      from.pipe(to);
      from.on("error", () => {}).on("close", () => {
        this.#lines.delete(line);
        to.destroy();
      });
    }
  }
  cut() {
    for (const line of this.#lines) line.forEach(socket => socket.destroy());
  }
  close() {
    this.cut();
    this.server.close();
  }
}

export class Stack {
  #at = 0;
  constructor(touchline, { events, seed }) {
    this.touchline = touchline;
    this.folder = mkdtempSync(join(tmpdir(), "touchline-browser-"));
    this.store = join(this.folder, "live.db");
    const day = join(this.folder, "day.ndjson");
    execFileSync(touchline, ["simulate", "--events", String(events), "--rate", "0.5", "--seed", String(seed), "-o", day]);
    this.lines = readFileSync(day, "utf8").split("\n").filter(Boolean);
    this.listen = this.source = "tcp://127.0.0.1:0";
    this.clients = "http://127.0.0.1:0";
  }
  async serve(...options) {
    this.service = new Program(this.touchline, ["serve", "--store", this.store, "--listen", this.listen,
      "--source", `feed=${this.source}`, "--stale-after-ms", "0", "--lost-after-ms", "300", "--heartbeat-ms", "200", ...options]);
    this.listen = await this.service.address("serving readers on");
    this.source = await this.service.address("taking lines on");
    this.feed = createConnection(port_of(this.source), "127.0.0.1");
    this.feed.on("error", () => {});
  }
  async relay() {
    this.edge = new Program(this.touchline, ["relay", "--upstream", this.listen, "--clients", this.clients]);
    this.clients = await this.edge.address("serving clients on");
  }
  // The next lines of the day, up to this share of it.
  send_to(share) {
    const end = Math.floor(this.lines.length * share);
    this.feed.write(this.lines.slice(this.#at, end).join("\n") + "\n");
    this.#at = end;
  }
  exported(event) {
    return JSON.parse(execFileSync(this.touchline, ["export", this.store, "--event", event],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  }
  // Everything that was sent is stored: a mark behind it is.
  async stored() {
    const mark = `mark-${this.#at}`;
    this.feed.write(JSON.stringify({ event: mark, sport: "mark", name: mark, competition: "mark" }) + "\n");
    await until(`${mark} is stored`, () => {
      try {
        return this.exported(mark).event === mark;
      } catch {
        return false;
      }
    });
  }
  async end() {
    for (const program of [this.edge, this.service]) await program?.kill("SIGKILL");
    this.feed?.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
