// The console's own script over pages that the test has made, in a document that only remembers what was put into it.
//
//   node tests/console/console.mjs feed/admin/console.html
//
// Knows what a person must see of them, and nothing of how it looks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const html = readFileSync(process.argv[2], "utf8");
const script = html.slice(html.indexOf("<script>") + 8, html.indexOf("</script>"));

class Element {
  constructor(tag) {
    Object.assign(this, { tag, children: [], textContent: "", className: "", style: {} });
  }
  append(...children) { this.children.push(...children); }
  replaceChildren(...children) { this.children = children; }
  setAttribute() {}
  set innerHTML(_) { assert.fail("texts of others became HTML"); }
  get text() { return this.textContent + this.children.map(child => child.text).join("|"); }
  find(text) { return [this, ...this.children.flatMap(child => child.find(text) ?? [])].filter(e => e.textContent === text); }
}
const parts = {};
const document = {
  createElement: tag => new Element(tag),
  createElementNS: (_, tag) => new Element(tag),
  getElementById: id => (parts[id] ??= new Element("part")),
};

const metrics = round => `# TYPE touchline_deltas_total counter
touchline_deltas_total ${1000 * round}
touchline_published_offset ${500 * round}
touchline_readers 2
touchline_slow_readers 1
touchline_journal_commit_seconds_count ${100 * round}
touchline_journal_commit_seconds_bucket{le="0.005"} ${100 * (round - 1)}
touchline_journal_commit_seconds_bucket{le="0.5"} ${100 * round}
touchline_journal_commit_seconds_bucket{le="+Inf"} ${100 * round}
touchline_journal_disk_free_bytes 5e+08
touchline_journal_disk_bytes 1e+10
touchline_source_to_publish_seconds_count{source="a\\"b"} ${round}
touchline_source_to_publish_seconds_bucket{source="a\\"b",le="0.05"} 0
touchline_source_to_publish_seconds_bucket{source="a\\"b",le="+Inf"} ${round}
`;
let round = 1;
const pages = {
  "/readyz": { ready: false, reasons: ["all sources are stale"] },
  "/version": { version: "9.9", role: "serve" },
  "/sources": { sources: [{ name: "<img src=x>", feed: "stale", silent_ms: 12345, gaps: 7,
    messages: { changed: 41, no_op: 1, repeat: 0, held: 0, outdated: 0, control: 1, rejected: 2 } }] },
  "/sessions": { sessions: [{ peer: "127.0.0.1:9", relay: "edge", state: "slow", position: 5, acknowledged: 4,
    queue_bytes: 300000, encoding: "coded" }, { peer: "127.0.0.1:8", relay: "", state: "handshake" }], total: 2 },
  "/events": { events: [{ id: "m-1", name: "A v B", status: "live", feed: "live", home_score: 1, away_score: 0,
    markets: 3, source_time: "2026-08-15T14:00:00Z", handle: 7 }], total: 120, next: 50 },
  "/rejected": { rejected: [{ time: "2026-08-15T14:00:01Z", source: "feed", line: 3, byte: 17, reason: "no event",
    content: "{\"x\":<b>" }] },
  "/event": { event: "m-1", name: "A v B", status: "live", feed: "stale", attributes: { home_score: 1, away_score: 0 },
    markets: [{ id: "m-1/1", type: "MATCH_ODDS", status: "open", outcomes: [{ id: "h", name: "A", price: 1.5 },
      { id: "a", name: "B", price: 4 }] }, { id: "m-1/2", type: "OVER", status: "suspended", outcomes: [{ id: "o" }] }] },
};
const asked = [];
let clock_ms = 0;
const fetch = async path => {
  asked.push(path);
  const page = path.split("?")[0];
  return { json: async () => pages[page], text: async () => metrics(round) };
};
const run = new Function("document", "fetch", "setInterval", "performance", script + "; return { ask };");
const { ask } = run(document, fetch, () => {}, { now: () => clock_ms });
await new Promise(resolve => setTimeout(resolve, 20));
clock_ms = 2000;
round = 2;
await ask();

assert.equal(parts.role.textContent, "serve 9.9");
assert.equal(parts.ready.textContent, "not ready: all sources are stale");
assert.equal(parts.ready.className, "bad");
// A thousand in two seconds; the metric stands beside its figure.
assert.match(parts.tiles.text, /deltas a second\|500\|.*\|touchline_deltas_total/);
assert.match(parts.tiles.text, /2, 1 slow/);
// Of the commits since the scrape before; those in front of it were slow.
assert.match(parts.tiles.text, /a commit takes \(p99\)\|≤ 5 ms/);
assert.equal(parts.tiles.find("476.8 MiB")[0].className, "bad", "little room on the disk");
assert.match(parts.sources.text, /<img src=x>\|stale\|12\.3 s\|41\|/);
assert.equal(parts.sources.find("stale")[0].className, "bad");
assert.match(parts.sessions.text, /edge\|127\.0\.0\.1:9\|slow\|293\.0 KiB\|5\|4\|coded/);
assert.match(parts.events.text, /m-1\|A v B\|live\|1–0\|live\|3\|2026-08-15T14:00:00Z/);
assert.match(parts.latency.text, /from source a"b to its commit\|more/);
assert.match(parts.rejected.text, /feed\|3\|17\|no event\|\{"x":<b>/);
// A click on an event shows its markets, and a chart of the first; a click on another market its own.
assert.equal(parts.event.hidden, true);
await parts.events.find("m-1")[0].onclick();
assert.ok(asked.includes("/event?handle=7"));
assert.equal(parts.event.hidden, false);
assert.match(parts.event_name.textContent, /A v B  1–0  live, stale/);
assert.match(parts.chart.text, /A 1\.5\|B 4/);
assert.match(parts.markets.text, /MATCH_ODDS\|open\|A 1\.5, B 4/);
assert.equal(parts.markets.find("suspended")[0].className, "bad");
await parts.markets.find("OVER")[0].onclick();
assert.match(parts.chart.text, /o –/);
// The next page of events, and back.
assert.equal(parts.on.disabled, false);
assert.equal(parts.back.disabled, true);
parts.on.onclick();
assert.ok(asked.findLast(path => path.startsWith("/events")).endsWith("from=50"), asked.join(" "));
parts.back.onclick();
assert.ok(asked.findLast(path => path.startsWith("/events")).endsWith("from=0"), asked.join(" "));
// A service that is gone.
pages["/sources"] = {};
await ask();
assert.equal(parts.ready.textContent, "does not answer");
console.log("the console shows what the pages say");
