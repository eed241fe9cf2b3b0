// The page: a match with its score, prices and odds where ?event=ID names one, else the list of what is followed.
//
//   ?event=ID · ?competition=NAME · ?sport=NAME · &transport=events for Server-Sent Events
//
// Follows by the clients' module, draws at most once a frame. Whatever is shown came from somewhere else: it is only ever
// a text.

import { connect } from "./touchline.js";
import { Chart, Past } from "./chart.js";
import * as words from "./words.js";

const rows_max = 300; // of the list; past it the rest is counted
const query = new URLSearchParams(location.search);
const $ = id => document.getElementById(id);

function element(tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
}
function set_text(where, text) {
  if (where.textContent !== String(text)) where.textContent = text;
}
// One child an item, in their order; what is there already stays, so that what moves in it goes on.
function each(parent, items, make, update) {
  parent.kept ??= new Map();
  const kept = new Map();
  for (const [key, item] of items) {
    const child = parent.kept.get(key) ?? make(key);
    kept.set(key, child);
    update(child, item, key);
  }
  const children = [...kept.values()];
  if (children.length !== parent.children.length || children.some((child, i) => parent.children[i] !== child))
    parent.replaceChildren(...children);
  parent.kept = kept;
}
// A class that plays its animation again.
function flash(where, kind) {
  where.classList.remove("up", "down", "changed");
  void where.offsetWidth;
  where.classList.add(kind);
}

// --- The line, and how old things are.

const live = connect(location.origin + location.pathname, { transport: query.get("transport") ?? "auto" });
let was_there = false; // something has come since the page was opened

const reasons = {
  line: "The connection is lost; what stands here may be old. Connecting again…",
  upstream: "The relay has lost its publisher; what stands here may be old.",
  feed: "The source of this event is silent: these prices are old.",
};
function show_line(stale) {
  const { connection } = live.status;
  const reason = was_there ? stale : null;
  $("stale").hidden = !reason;
  set_text($("stale"), reason ? reasons[reason] : "");
  document.body.classList.toggle("is-stale", Boolean(reason));
  document.body.dataset.stale = reason ?? "";
  document.body.dataset.connection = connection;
  const fresh = connection === "live" && !live.status.stale;
  $("line").classList.toggle("fresh", fresh);
  set_text($("line"), fresh ? "live" : connection === "live" ? "catching up" : connection === "waiting" ? "connection lost" : "connecting");
}
function say_nothing(text) {
  $("nothing").hidden = false;
  set_text($("nothing"), text);
  $("match").hidden = $("list").hidden = true;
}
function soon(draw) {
  let will = false;
  return () => {
    if (will) return;
    will = true;
    // A page that nobody looks at has no frames, and what it says when it is looked at again must be right.
    const then = () => { will = false; draw(); };
    if (document.hidden) setTimeout(then, 250);
    else requestAnimationFrame(then);
  };
}
const chip = (where, state) => {
  where.className = "chip" + (words.is_live(state) ? " live" : words.is_trouble(state) ? " trouble" : "");
  where.hidden = !state.status;
  set_text(where, words.status_of(state));
};

// --- One match.

function make_outcome() {
  const made = element("div", "outcome");
  made.append(element("span", "name"), element("span", "price"), element("span", "beside"));
  return made;
}
function show_outcome(made, [key, outcome], market) {
  const [name, price, beside] = made.children;
  set_text(name, words.outcome_name_of(key, outcome, market));
  name.title = name.textContent;
  const now = words.price_of(outcome), text = words.price_text(now);
  made.dataset.outcome = key;
  if (price.textContent !== text) {
    if (made.price !== undefined && now !== undefined) flash(made, now > made.price ? "up" : "down");
    else made.classList.remove("up", "down");
    price.textContent = text;
  }
  made.price = now;
  made.classList.toggle("winner", outcome.status === "winner");
  made.classList.toggle("over", ["loser", "removed"].includes(outcome.status));
  const asked = Math.min(...Object.keys(outcome.lay ?? {}).map(Number));
  set_text(beside, outcome.status && outcome.status !== "active" ? outcome.status
    : Number.isFinite(asked) && !words.is_shut(market) ? `lay ${words.price_text(asked)}` : "");
}
function make_market(id) {
  const made = element("article", "market card"), head = element("div", "head");
  head.append(element("h2"), element("span", "chip"));
  made.append(head, element("div", "outcomes"));
  made.dataset.market = id;
  return made;
}
function show_market(made, [id, market]) {
  const [head, outcomes] = made.children;
  set_text(head.children[0], words.market_name_of(id, market));
  const shut = words.is_shut(market);
  head.children[1].hidden = !shut;
  head.children[1].className = "chip" + (market.status === "suspended" ? " trouble" : "");
  set_text(head.children[1], market.status ?? "");
  const entries = words.outcomes_of(market);
  made.classList.toggle("shut", shut);
  made.classList.toggle("wide", entries.length > 6);
  each(outcomes, entries.map(entry => [entry[0], entry]), make_outcome, (child, entry) => show_outcome(child, entry, market));
}
function show_board(id, { state }) {
  const [home, away] = words.names_of(id, state), [home_score, away_score] = words.score_of(state);
  const facts = [state.competition, state.attributes?.venue].filter(fact => typeof fact === "string");
  set_text($("competition"), facts.join(" · "));
  set_text($("home_name"), home);
  set_text($("away_name"), away);
  for (const [where, score] of [[$("home_score"), home_score], [$("away_score"), away_score]]) {
    if (where.textContent === String(score)) continue;
    if (where.textContent !== "") flash(where, "changed");
    where.textContent = score;
  }
  $("score").hidden = !words.has_score(state);
  chip($("status"), state);
  set_text($("clock"), words.clock_of(state) || (words.is_over(state) ? "" : words.time_of(state.start_time)));
  each($("counts"), words.counts_of(state).map(count => [count.name, count]), () => {
    const made = element("div");
    made.append(element("dt"), element("dd"));
    return made;
  }, (made, { name, home, away }) => {
    set_text(made.children[0], name);
    set_text(made.children[1], `${home}–${away}`);
  });
  document.title = `${home}${words.has_score(state) ? ` ${home_score}–${away_score} ` : " v "}${away}`;
}
function show_incidents({ state }) {
  const incidents = words.incidents_of(state);
  each($("incidents"), incidents.length ? incidents.map(incident => [incident.minute + incident.text, incident]) : [["", null]],
    () => element("li"), (made, incident) => {
      if (!incident) return made.replaceChildren(element("span", "none", "Nothing yet."));
      made.className = /^goal/i.test(incident.text) ? "goal" : "";
      if (!made.children.length) made.append(element("b", "", incident.minute), element("span", "", incident.text));
    });
}

function follow_match(id) {
  const past = new Past(), kept = `touchline ${id}`, chart = new Chart($("chart"), $("legend"));
  past.restore(kept);
  addEventListener("pagehide", () => past.save(kept));
  let event = null;
  const draw = soon(() => {
    if (!event) return;
    const { state } = event;
    was_there = true;
    $("match").hidden = false;
    $("nothing").hidden = true;
    show_line(event.stale);
    show_board(id, event);
    show_incidents(event);
    const main = words.main_market(state)?.[0];
    const markets = Object.entries(state.markets).sort(([a], [b]) => (b === main) - (a === main));
    each($("charted"), markets.map(([key, market]) => [key, market]), key => {
      const made = element("option");
      made.value = key;
      return made;
    }, (made, market, key) => set_text(made, words.market_name_of(key, market)));
    const charted = $("charted").value || main;
    chart.show(past, charted, state.markets[charted]);
    each($("markets"), markets.map(entry => [entry[0], entry]), make_market, show_market);
    for (const made of $("markets").children) made.classList.toggle("main", made.dataset.market === main);
    document.body.dataset.seq = event.seq;
  });
  $("charted").addEventListener("change", draw);
  live.event(id).on("change", next => {
    event = next;
    if (next.stale === "line") past.look_away();
    else past.take(next.time, next.state);
    draw();
  }).on("gone", () => {
    event = null;
    document.body.dataset.seq = "";
    say_nothing(`There is no event ${id} here now. If it comes, it shows up by itself.`);
  });
  live.on("status", () => event ? draw() : show_line(null));
}

// --- The list.

const rank = state => words.is_live(state) || state.status === "interrupted" ? 0 : words.is_over(state) ? 2 : 1;
const by_interest = (a, b) => rank(a.state) - rank(b.state) ||
  String(a.state.start_time ?? "").localeCompare(String(b.state.start_time ?? "")) || (a.id < b.id ? -1 : 1);

function make_row(id) {
  const made = element("a", "row"), when = element("span", "when");
  const link = new URLSearchParams(query);
  for (const name of ["competition", "sport"]) link.delete(name);
  link.set("event", id);
  made.href = "?" + link;
  when.append(element("span", "chip"), element("span"));
  made.append(when, element("span", "names"), element("span", "score"), element("span", "prices"));
  made.dataset.event = id;
  return made;
}
function show_row(made, { id, state, stale }) {
  const [when, names, score, prices] = made.children;
  chip(when.children[0], state);
  set_text(when.children[1], words.clock_of(state) || (words.is_over(state) ? "" : words.time_of(state.start_time)));
  set_text(names, state.name ?? id);
  set_text(score, words.has_score(state) ? words.score_of(state).join("–") : "");
  const [, market] = words.main_market(state) ?? [null, { outcomes: {} }];
  const outcomes = Object.entries(market.outcomes).slice(0, 3);
  prices.classList.toggle("shut", words.is_shut(market));
  made.classList.toggle("is-stale", stale === "feed");
  each(prices, outcomes.map(entry => [entry[0], entry]), () => {
    const cell = element("span");
    cell.append(element("small"), element("b"));
    return cell;
  }, (cell, [key, outcome]) => {
    cell.title = words.outcome_name_of(key, outcome, market);
    set_text(cell.children[0], words.short_name_of(key));
    set_text(cell.children[1], words.price_text(words.price_of(outcome)));
  });
}
function follow_list() {
  const topics = [...query.getAll("competition").map(name => live.competition(name)), ...query.getAll("sport").map(name => live.sport(name))];
  if (topics.length === 0) topics.push(live.all());
  const draw = soon(() => {
    const events = live.events().sort(by_interest);
    was_there ||= events.length !== 0;
    show_line(live.status.stale);
    if (events.length === 0) return live.status.stale ? undefined : say_nothing("There are no events now. They show up by themselves.");
    $("list").hidden = false;
    $("nothing").hidden = events.length <= rows_max;
    set_text($("nothing"), `and ${events.length - rows_max} more: follow a competition or a sport`);
    const groups = new Map();
    for (const event of events.slice(0, rows_max)) {
      const name = event.state.competition ?? event.state.sport ?? "";
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(event);
    }
    each($("list"), groups, name => {
      const made = element("section"), head = element("h2"), link = element("a", "", name || "Events");
      if (name) link.href = "?" + new URLSearchParams({ competition: name });
      head.append(link);
      made.append(head, element("div", "rows card"));
      return made;
    }, (made, rows) => each(made.children[1], rows.map(event => [event.id, event]), make_row, show_row));
  });
  for (const topic of topics) topic.on("change", draw).on("gone", draw);
  live.on("status", draw);
}

show_line(null);
say_nothing("Connecting…");
if (query.has("event")) follow_match(query.get("event"));
else follow_list();
