// The chart of a market's odds: what was seen of them since the page was opened, drawn as SVG.
//
// Keeps a bounded past of each market; what nobody saw is left open. Knows prices and times; not where they come from.

import { is_shut, outcome_name_of, price_of, price_text } from "./words.js";

const samples_max = 900; // of a market; past it every second one of the older half goes
const series_max = 6; // that are drawn; more cannot be told apart
const left = 38, right = 10, top = 20, bottom = 22;

export class Past {
  markets = new Map(); // id to [{ at, shut, prices, unseen_since }]; the last where nothing was seen in front of it
  scores = []; // [{ at, text }]

  look_away() { this.away = this.now !== undefined; }
  take(time, state) {
    const at = Date.parse(time) || Date.now();
    const unseen_since = this.away ? this.now : undefined;
    for (const [id, market] of Object.entries(state.markets ?? {})) {
      const prices = Object.fromEntries(Object.entries(market.outcomes).map(([key, o]) => [key, price_of(o)]));
      const samples = this.markets.get(id) ?? [];
      const sample = { at, shut: is_shut(market), prices, unseen_since };
      const last = samples.at(-1);
      if (last && !this.away && last.shut === sample.shut && Object.keys(prices).every(key => prices[key] === last.prices[key])) continue;
      samples.push(sample);
      if (samples.length > samples_max)
        samples.splice(0, samples.length, ...samples.filter((_, i) => i % 2 === 0 || i > samples_max / 2));
      this.markets.set(id, samples);
    }
    this.#take_score(at, state);
    this.now = at;
    this.away = false;
  }
  #take_score(at, { home_score, away_score }) {
    if (home_score === undefined && away_score === undefined) return;
    const text = `${home_score ?? 0}–${away_score ?? 0}`;
    if (text !== this.scores.at(-1)?.text) this.scores.push({ at, text });
    if (this.scores.length > samples_max) this.scores.shift();
  }
  save(key) {
    try {
      sessionStorage.setItem(key, JSON.stringify({ markets: [...this.markets], scores: this.scores }));
    } catch { /* a page that may not store, or no more, begins anew when it is loaded again */ }
  }
  restore(key) {
    try {
      const { markets, scores } = JSON.parse(sessionStorage.getItem(key));
      this.markets = new Map(markets);
      this.scores = scores;
      this.now = Math.max(...markets.map(([, samples]) => samples.at(-1).at));
      this.look_away();
    } catch { /* there is none */ }
  }
}

function svg(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}
const ticks = [1.01, 1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000];

export class Chart {
  #at = null; // where the pointer is
  constructor(place, legend) {
    Object.assign(this, { place, legend });
    place.addEventListener("pointermove", event => {
      this.#at = event.clientX - place.getBoundingClientRect().left;
      this.draw();
    });
    place.addEventListener("pointerleave", () => {
      this.#at = null;
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(place);
  }
  show(past, id, market) {
    Object.assign(this, { past, id, market });
    this.draw();
  }

  draw() {
    const { past, id, market, place } = this;
    const samples = past?.markets.get(id) ?? [];
    const width = place.clientWidth, height = place.clientHeight;
    if (!market || samples.length === 0 || width < 60) {
      place.replaceChildren();
      return this.legend.replaceChildren();
    }
    const keys = Object.keys(market.outcomes).filter(key => samples.some(s => s.prices[key] !== undefined))
      .sort((a, b) => (samples.at(-1).prices[a] ?? Infinity) - (samples.at(-1).prices[b] ?? Infinity)).slice(0, series_max);
    const order = Object.keys(market.outcomes).filter(key => keys.includes(key));
    const end = Math.max(past.now, samples.at(-1).at), begin = Math.min(samples[0].at, end - 60_000);
    const known = samples.flatMap(s => order.map(key => s.prices[key])).filter(price => price > 0);
    if (known.length === 0) return place.replaceChildren();
    const low = Math.log(Math.min(...known)) - 0.06, high = Math.log(Math.max(...known)) + 0.06;
    const x = at => left + (at - begin) / (end - begin) * (width - left - right);
    const y = price => height - bottom - (Math.log(price) - low) / (high - low) * (height - top - bottom);
    const root = svg("svg", { role: "img", "aria-label": "Odds over time" });
    const until = i => samples[i + 1]?.unseen_since ?? samples[i + 1]?.at ?? end;
    this.#shade(root, samples, until, x, height);
    this.#axes(root, { low, high, begin, end, x, y, width, height });
    for (const { at, text } of past.scores.slice(1)) {
      if (at < begin) continue;
      root.append(svg("line", { class: "goal", x1: x(at), x2: x(at), y1: top, y2: height - bottom }),
        svg("text", { class: "goal-text", x: x(at), y: top - 6 }, text));
    }
    order.forEach((key, n) => root.append(...this.#series(samples, key, n, until, x, y)));
    const sample = this.#pointed(root, samples, begin, end, x, width, height);
    place.replaceChildren(root);
    this.#name(order, sample);
  }
  #shade(root, samples, until, x, height) {
    for (const [i, { at, shut }] of samples.entries()) {
      const wide = x(until(i)) - x(at);
      if (shut && wide > 0) root.append(svg("rect", { class: "shut", x: x(at), width: wide, y: top, height: height - top - bottom }));
    }
  }
  #axes(root, { low, high, begin, end, x, y, width, height }) {
    let above = Infinity;
    for (const price of ticks.filter(p => Math.log(p) > low && Math.log(p) < high)) {
      if (above - y(price) < 22) continue;
      above = y(price);
      root.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: above, y2: above }),
        svg("text", { x: left - 6, y: above + 4, "text-anchor": "end" }, price < 2 ? price.toFixed(2) : price));
    }
    const clock = { hour: "2-digit", minute: "2-digit", ...(end - begin < 300_000 && { second: "2-digit" }) };
    for (const part of [0, 0.5, 1]) {
      const at = begin + (end - begin) * part;
      const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
      root.append(svg("text", { x: x(at), y: height - 5, "text-anchor": anchor }, new Date(at).toLocaleTimeString([], clock)));
    }
  }
  // Odds stand until they change: steps.
  #series(samples, key, n, until, x, y) {
    let path = "", pen = false, last = null;
    for (const [i, { at, prices, unseen_since }] of samples.entries()) {
      const price = prices[key];
      pen &&= unseen_since === undefined;
      if (price > 0) {
        path += `${pen ? "L" : "M"}${x(at).toFixed(1)} ${y(price).toFixed(1)}L${x(until(i)).toFixed(1)} ${y(price).toFixed(1)}`;
        last = { at: until(i), price };
      }
      pen = price > 0;
    }
    const group = [svg("path", { class: `series series-${n}`, d: path })];
    if (last) group.push(svg("circle", { class: `dot series-${n}`, cx: x(last.at), cy: y(last.price), r: 4.5 }));
    return group;
  }
  #pointed(root, samples, begin, end, x, width, height) {
    if (this.#at === null || this.#at < left || this.#at > width - right) return samples.at(-1);
    const at = begin + (this.#at - left) / (width - left - right) * (end - begin);
    root.append(svg("line", { class: "cursor", x1: x(at), x2: x(at), y1: top, y2: height - bottom }));
    return samples.findLast(sample => sample.at <= at) ?? samples[0];
  }
  #name(order, { prices }) {
    this.legend.replaceChildren(...order.map((key, n) => {
      const entry = document.createElement("span"), mark = document.createElement("i"), price = document.createElement("b");
      mark.className = `series-${n}`;
      price.textContent = price_text(prices[key]);
      entry.append(mark, outcome_name_of(key, this.market.outcomes[key], this.market) + " ", price);
      return entry;
    }));
  }
}
