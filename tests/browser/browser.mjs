// The page in a real browser, at the end of a real publisher and relay: it shows what is stored, says when that is old,
// and is exact again behind every loss.
//
//   node tests/browser/browser.mjs build/release/touchline [FOLDER FOR PICTURES]
//
// Exit code 77 where there is no Chromium, or nothing to drive it with, unless TOUCHLINE_WEB is set: scripts/setup
// --with-web installs both. Knows the page by what stands on it, and computes what must stand there from `touchline
// export`, by itself.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Proxy, Stack, port_of, until } from "./stack.mjs";

const chromium_path = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(path => existsSync(path));
const { chromium } = await import("playwright-core").catch(() => ({}));
if (!chromium || !chromium_path) {
  console.log("skipped: needs chromium and playwright-core (scripts/setup --with-web)");
  process.exit(process.env.TOUCHLINE_WEB ? 1 : 77);
}
const pictures = process.argv[3];
const match = "m-1001";

// What must stand on the page of this event.
function expected_of(exported) {
  const price_of = ({ price, back = [], best_back = [], last_price }) => {
    const offered = [...best_back.filter(([rank]) => rank === 0).map(([, price]) => price), ...back.map(([price]) => price)];
    return price ?? (offered.length ? Math.max(...offered) : last_price);
  };
  const prices = {};
  for (const { id, outcomes } of exported.markets) {
    // Of the handicaps of a market, those that are played.
    const says = outcome => price_of(outcome) !== undefined || outcome.status !== "active";
    const shown = outcomes.some(o => o.handicap) && outcomes.some(says) ? outcomes.filter(says) : outcomes;
    for (const outcome of shown)
      prices[`${id} ${outcome.id}${outcome.handicap ? `/${outcome.handicap}` : ""}`] = price_of(outcome)?.toFixed(2) ?? "–";
  }
  const { home_score = "", away_score = "" } = exported.attributes;
  return { seq: String(exported.seq), score: `${home_score}:${away_score}`, prices };
}
const shown_on = page => page.evaluate(() => {
  const text = id => document.getElementById(id).textContent, prices = {};
  for (const market of document.querySelectorAll("[data-market]"))
    for (const outcome of market.querySelectorAll("[data-outcome]"))
      prices[`${market.dataset.market} ${outcome.dataset.outcome}`] = outcome.querySelector(".price").textContent;
  return { seq: document.body.dataset.seq, score: `${text("home_score")}:${text("away_score")}`, prices };
});
const stale_on = page => page.evaluate(() => [document.body.dataset.stale, document.getElementById("stale").hidden]);

const stack = new Stack(process.argv[2], { events: 3, seed: 11 });
const browser = await chromium.launch({ executablePath: chromium_path, args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
const complaints = [];
try {
  await stack.serve();
  await stack.relay();
  const proxy = await Proxy.to(port_of(stack.clients));
  const open = async (query, viewport) => {
    const page = await browser.newPage({ viewport });
    page.on("pageerror", error => complaints.push(error.message));
    page.on("request", request => { if (!/^data:/.test(request.url()) && !request.url().startsWith(proxy.url)) complaints.push(`asked for ${request.url()}`); });
    await page.goto(`${proxy.url}/${query}`);
    return page;
  };
  const over_socket = await open(`?event=${match}`, { width: 1180, height: 1240 });
  const over_events = await open(`?event=${match}&transport=events`);
  const list = await open("", { width: 1180, height: 700 });
  const pages = [over_socket, over_events];
  await over_socket.getByText(`There is no event ${match}`).waitFor();

  const expect_exact = async () => {
    await stack.stored();
    const expected = expected_of(stack.exported(match));
    for (const page of pages) {
      await until(`the page has come to ${expected.seq}`, async () => (await shown_on(page)).seq === expected.seq || shown_on(page));
      assert.deepEqual(await shown_on(page), expected);
      await until("nothing is stale", async () => String(await stale_on(page)) === ",true" || stale_on(page));
    }
  };
  const expect_stale = async reason => {
    for (const page of pages)
      await until(`it says ${reason}`, async () => String(await stale_on(page)) === `${reason},false` || stale_on(page));
  };
  const picture = async (page, name) => pictures && page.screenshot({ path: join(pictures, name + ".png") });

  for (let share = 0.3; share <= 0.5; share += 0.02) {
    stack.send_to(share);
    await expect_exact();
  }
  assert.ok(await over_socket.locator("#chart path.series").count() >= 3, "the chart has lines");
  assert.ok((await over_socket.locator("#chart path.series-0").getAttribute("d")).length > 80, "they lead somewhere");
  await picture(over_socket, "match");
  await picture(list, "list");
  await list.waitForFunction(id => document.querySelector(`[data-event="${id}"] .score`).textContent !== "", match);
  const { score } = await shown_on(over_socket);
  assert.equal((await list.locator(`[data-event="${match}"] .score`).textContent()).replace("–", ":"), score);
  assert.equal(proxy.requests.filter(head => head.includes("Upgrade: websocket")).length, 2, "the match and the list");
  assert.equal(proxy.requests.filter(head => head.includes("text/event-stream")).length, 1);
  console.log("shows what is stored");

  // An exchange has ladders in place of prices; and texts of others are texts.
  const name = "<img src=x onerror='window.was_run=1'> v <b>B</b>";
  stack.feed.write(JSON.stringify({ event: "x&1", name, status: "live", markets: [{ id: "1.2", type: "MATCH_ODDS", name: "<i>", outcomes: [
    { id: "47", name: "A", back: [[1.85, 120.5], [1.84, 300]], lay: [[1.87, 44.2]], last_price: 1.9 },
    { id: "48", name: "B", best_back: [[0, 2.3, 10], [1, 2.28, 5]] }, { id: "49", last_price: 5 }, { id: "50", name: "D" }] }] }) + "\n");
  await stack.stored();
  const exchange = await open("?event=x%261");
  const expected = expected_of(stack.exported("x&1"));
  assert.deepEqual(Object.values(expected.prices), ["1.85", "2.30", "5.00", "–"]);
  await until("the exchange's event is shown", async () => (await shown_on(exchange)).seq === expected.seq || shown_on(exchange));
  assert.deepEqual(await shown_on(exchange), expected);
  assert.equal(await exchange.locator("#home_name").textContent() + " v " + await exchange.locator("#away_name").textContent(), name);
  assert.equal(await exchange.evaluate(() => document.querySelectorAll("main img, main h2 i").length + (window.was_run ?? 0)), 0);
  await exchange.close();

  // The browser's own EventSource, on a page that knows nothing of the module.
  const bare = await open("page.css");
  await bare.evaluate(id => {
    window.heard = [];
    window.source = new EventSource(`/v1/live?event=${id}`);
    source.onmessage = ({ data, lastEventId }) => heard.push({ ...JSON.parse(data), lastEventId });
  }, match);
  await bare.waitForFunction(() => heard.some(({ type }) => type === "position"));
  stack.send_to(0.55);
  await expect_exact();
  const { seq } = await shown_on(over_socket);
  await bare.waitForFunction(seq => heard.some(message => message.seq === Number(seq)), seq);
  assert.equal(await bare.evaluate(() => heard.filter(({ position, lastEventId }) => position && position !== lastEventId).length), 0);
  const last = await bare.evaluate(() => heard.at(-1).lastEventId), count = await bare.evaluate(() => heard.length);
  proxy.cut();
  await bare.waitForFunction(count => heard.slice(count).some(({ type }) => type === "position"), count);
  const again = await bare.evaluate(count => heard.slice(count), count);
  assert.equal(again[0].type, "hello");
  assert.equal(again[0].resume, "tail");
  assert.deepEqual(again.filter(({ type }) => type === "snapshot" || type === "gone"), []);
  assert.ok(proxy.requests.some(head => head.includes(`Last-Event-ID: ${last}\r\n`)), `no request said ${last}`);
  assert.ok(proxy.requests.some(head => /GET \/v1\/live\?event=m-1001&position=\d+-\d+ /.test(head)), "the module had a position");
  await expect_exact();
  console.log("the browser's EventSource goes on with its Last-Event-ID");

  // The relay dies; what happens meanwhile is there when another stands in its place.
  await stack.edge.kill();
  await expect_stale("line");
  assert.ok(Number(await over_socket.locator(".price").first().evaluate(e => getComputedStyle(e).opacity)) < 1);
  await picture(over_socket, "stale");
  stack.send_to(0.7);
  await stack.stored();
  await stack.relay();
  await expect_exact();
  console.log("exact behind a relay that was killed");

  await stack.service.kill();
  await expect_stale("upstream");
  await stack.serve();
  stack.send_to(0.75);
  await expect_exact();
  stack.feed.end();
  await expect_stale("feed");
  stack.feed = new (await import("node:net")).Socket().connect(port_of(stack.source), "127.0.0.1");
  stack.send_to(1);
  await expect_exact();
  await picture(over_socket, "over");
  console.log("says what is lost, and is exact behind it");
  assert.deepEqual(complaints, []);
  proxy.close();
} finally {
  await browser.close();
  await stack.end();
}
process.exit(0);
