// The relay for web clients as a worker, under workerd: a real publisher and relay behind it, the clients' module before it.
//
//   node tests/worker/worker.mjs build/release/touchline
//
// Whatever is killed, every client comes to hold what is stored: the states of the relay's GET /v1/events/ID, whose digests
// are those of `touchline export`. Exit code 77 where there is no workerd, unless TOUCHLINE_WEB is set: scripts/setup
// --with-web installs it.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Program, Proxy, Stack, free_port, port_of, until } from "../browser/stack.mjs";

const here = dirname(fileURLToPath(import.meta.url)), root = join(here, "../..");
const workerd = process.env.WORKERD ?? join(here, "node_modules/@cloudflare/workerd-linux-64/bin/workerd");
if (!existsSync(workerd)) {
  console.log("skipped: needs workerd (scripts/setup --with-web)");
  process.exit(process.env.TOUCHLINE_WEB ? 1 : 77);
}
const { default: WebSocket } = await import("ws");
const files = ["scripts/worker/worker.mjs", "scripts/worker/hub.mjs", "feed/clients/page/touchline.js"];
const clients_max = 40, shards = 2;

// A folder with the sources at their places and the configuration that names them.
function set_up(folder, origin, port) {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  mkdirSync(join(folder, "objects"), { recursive: true });
  const modules = files.map(file => `(name = "${file}", esModule = embed "${file}")`).join(", ");
  writeFileSync(join(folder, "workerd.capnp"), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "relay", worker = .relay),
    (name = "internet", network = (allow = ["local"])),
    (name = "objects", disk = (path = "${join(folder, "objects")}", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "relay")],
);
const relay :Workerd.Worker = (
  modules = [${modules}],
  compatibilityDate = "2026-06-01",
  bindings = [
    (name = "RELAY", durableObjectNamespace = "Relay"),
    (name = "ORIGIN", text = "${origin}"), (name = "SHARDS", text = "${shards}"), (name = "CLIENTS_MAX", text = "${clients_max}"),
  ],
  durableObjectNamespaces = [(className = "Relay", uniqueKey = "touchline-relay", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
);
`);
}

async function run(touchline) {
  const { connect } = await import(pathToFileURL(join(set_aside(), "touchline.mjs")));
  const stack = new Stack(touchline, { events: 4, seed: 21 });
  const port = await free_port(), url = `http://127.0.0.1:${port}`;
  const clients = [];
  let worker, proxy;
  const start = async () => {
    worker = new Program(workerd, ["serve", join(stack.folder, "workerd.capnp")]);
    await until("the worker answers", async () => fetch(url).then(answer => answer.status === 404, () => worker.log));
  };
  try {
    await stack.serve();
    await stack.relay();
    proxy = await Proxy.to(port_of(stack.clients));
    set_up(stack.folder, proxy.url, port);
    await start();
    stack.send_to(0.3);
    await stack.stored();
    const competition = stack.exported("m-1001").attributes.competition;
    const follows = [live => live.all(), live => live.event("m-1002"), live => live.sport("football"),
      live => (live.event("m-1001"), live.competition(competition)), live => live.event("nothing")];
    for (let i = 0; i < 30; ++i) {
      const live = connect(url, { WebSocket, transport: "websocket", retry_ms: 100 });
      const client = { live, hellos: [], changes: i % 3 === 0 };
      live.on("message", ({ type, resume }) => type === "hello" && client.hellos.push(resume));
      client.topic = follows[i % follows.length](live);
      clients.push(client);
    }
    const ids = ["m-1001", "m-1002", "m-1003", "m-1004"];
    const expect_exact = async () => {
      await stack.stored();
      const stored = new Map();
      for (const id of ids) {
        const { digest, seq } = stack.exported(id);
        await until(`the relay has ${id} at ${seq}`, async () => {
          const snapshot = await (await fetch(`${stack.clients}/v1/events/${id}`)).json().catch(() => null);
          if (snapshot?.seq !== seq) return snapshot?.seq ?? null;
          assert.equal(snapshot.digest, digest);
          stored.set(id, { seq, state: snapshot.state });
          return true;
        });
      }
      for (const { live, topic } of clients) {
        await until("nothing is stale", () => live.status.stale === null || live.status);
        const expected = [...stored].filter(([id, { state }]) => topic.kind === "all" || (topic.kind === "event" ? id : state[topic.kind]) === topic.name);
        for (const [id, { seq, state }] of expected) {
          await until(`a client of ${topic.kind} ${topic.name} has ${id} at ${seq}`, () => live.held(id)?.seq === seq || (live.held(id)?.seq ?? null));
          assert.deepEqual(live.held(id).state, state);
        }
        const held = topic.events().map(({ id }) => id).filter(id => ids.includes(id)).sort();
        assert.deepEqual(held, expected.map(([id]) => id).sort());
      }
    };
    await expect_exact();
    assert.equal(proxy.requests.length, shards, "lines to the origin");
    console.log(`${clients.length} clients over ${proxy.requests.length} lines to the origin hold what is stored`);

    stack.send_to(0.45);
    for (const client of clients.filter(({ changes }) => changes)) {
      const before = client.topic;
      client.topic = client.live.event("m-1003");
      before.close();
    }
    await expect_exact();
    console.log("they change what they follow");

    // As a deployment does: every socket is cut, and what happened meanwhile is there behind it.
    for (const share of [0.6, 0.65]) {
      await new Promise(resolve => setTimeout(resolve, share === 0.6 ? 2_500 : 0)); // once saved, once in the middle of it
      clients.forEach(client => { client.hellos = []; });
      const asked = proxy.requests.length;
      await worker.kill();
      for (const { live } of clients) await until("it is stale", () => live.status.stale === "line");
      stack.send_to(share);
      await stack.stored();
      await start();
      await expect_exact();
      const hellos = clients.flatMap(client => client.hellos);
      assert.ok(hellos.every(resume => resume === "tail" || resume === "changed"), `brought back by ${hellos}`);
      assert.ok(proxy.requests.slice(asked).every(head => /position=\d+-\d+/.test(head)), "an object did not go on from its position");
      console.log(`exact behind a worker that was killed: ${clients.length} clients, ${hellos.filter(h => h === "tail").length} by what they missed, the others by what has changed`);
    }

    await stack.edge.kill();
    for (const { live } of clients) await until("the upstream is stale", () => live.status.stale === "upstream" || live.status);
    stack.send_to(0.8);
    await stack.stored();
    await stack.relay();
    await expect_exact();
    stack.send_to(1);
    await expect_exact();
    console.log("exact behind an origin that was killed");

    // Positions of another history lead nowhere.
    for (const worker_sees_it of [true, false]) {
      const [epoch] = clients[0].live.position.split("-");
      clients.forEach(client => { client.hellos = []; });
      if (!worker_sees_it) await worker.kill();
      await stack.service.kill();
      await stack.serve("--new-epoch");
      await until("the relay is in another history", async () => {
        const head = await head_of(stack.clients);
        return (head !== "" && !head.startsWith(epoch)) || head;
      });
      if (!worker_sees_it) await start();
      await until("so are the clients", () => clients.every(({ live }) => live.position && !live.position.startsWith(epoch)) || clients[0].live.position);
      await expect_exact();
      if (!worker_sees_it) assert.deepEqual(new Set(clients.flatMap(({ hellos }) => hellos)), new Set(["snapshots"]));
    }
    console.log("exact in another history");

    const answer = async path => (await fetch(url + path)).status;
    assert.deepEqual(await Promise.all(["/v1/events/m-1001", "/v1/events/none", "/v1/live", "/other"].map(answer)), [200, 404, 426, 404]);
    await expect_refusals(url);
  } finally {
    clients.forEach(({ live }) => live.close());
    await worker?.kill();
    proxy?.close();
    await stack.end();
  }
}

const head_of = url => new Promise(resolve => {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live?follow=none`);
  socket.on("message", data => {
    resolve(JSON.parse(data).head);
    socket.terminate();
  }).on("error", () => resolve("")).on("close", () => resolve(""));
});

// Past the limit of each object, and at what cannot be meant.
async function expect_refusals(url) {
  const open = query => new Promise(resolve => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live?${query}`);
    socket.on("unexpected-response", (_, response) => resolve({ status: response.statusCode, after: response.headers["retry-after"] }));
    socket.on("open", () => resolve({ status: 101, socket })).on("error", () => {});
  });
  assert.equal((await open("evnt=1")).status, 400);
  assert.equal((await open("event=" + "x".repeat(513))).status, 400);
  const opened = await Promise.all(Array.from({ length: shards * clients_max }, () => open("follow=none")));
  const refused = opened.filter(({ status }) => status === 503);
  assert.ok(refused.length > 0 && refused.every(({ after }) => Number(after) >= 1), "nobody was refused");
  const { socket } = opened.find(({ status }) => status === 101);
  const said = new Promise(resolve => socket.on("message", data => JSON.parse(data).type === "error" && resolve(JSON.parse(data).text)));
  socket.send('{"subscribe":{"evnts":["a"]}}');
  assert.match(await said, /none of events/);
  opened.forEach(({ socket }) => socket?.terminate());
}

// The module where node takes it for one.
function set_aside() {
  const folder = join(here, "node_modules/.module");
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, "feed/clients/page/touchline.js"), join(folder, "touchline.mjs"));
  return folder;
}

await run(process.argv[2]);
process.exit(0);
