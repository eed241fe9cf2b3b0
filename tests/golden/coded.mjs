// Reads the coded updates of the delta protocol, as PROTOCOL.md, "Coded updates", describes them.
//
// Integers of cells are BigInt, contexts and levels plain numbers. Works on the states of block.mjs.

import { pack, refuse, tickFloor, tickPrice, wrap } from './block.mjs';

const EXACT = 1 << 23, LEVELS = 1 << 24, FURTHEST = 1n << 25n, TEXT_BYTES = 1 << 20;
const CELL_SLOTS = 1 << 14, TEXT_SLOTS = 1 << 12, PLACES = 1 << 12;
const clamp = (v, low, high) => (v < low ? low : v > high ? high : v);
const u32 = (n) => n >>> 0;
const u64 = (n) => BigInt.asUintN(64, n);
const magnitude = (n) => u64(n < 0n ? -n : n);
const context = (ask, a = 0, b = 0) =>
  u32((Math.imul(ask, 0x01000193) + Math.imul(a, 0x9e3779b1)) ^ Math.imul(b + 1, 0x85ebca77));
const mixed = (a, b) => {
  const h = Math.imul(a ^ Math.imul(b, 0x2c1b3c6d), 0x85ebca6b);
  return u32(h ^ (h >>> 15));
};
const more = (a, b) => u32(a + Math.imul(0x9e3779b1, b));
const isPriceLadder = (f) => f >= 8 && f <= 12;
const isLadder = (f) => f >= 8 && f <= 16;
const isBest = (f) => f === 13 || f === 14;
const isListed = (f) => f === 0 || f === 29 || f >= 38;
const highestIsBest = (f) => f === 8 || f === 11;
const hash32 = (bytes) => {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return u32(h | 1);
};
const tickNear = (price) => tickFloor(clamp(price, 0n, 100000n));

class Coder {
  constructor(bytes) {
    [this.bytes, this.at, this.range, this.code] = [bytes, 0, 0xffffffff, 0];
    for (let i = 0; i < 4; ++i) this.code = u32((this.code << 8) | this.next());
  }
  next() { const at = this.at++; return at < this.bytes.length ? this.bytes[at] : 0; }
  refill() {
    while (this.range < 1 << 24) {
      this.range = u32(this.range << 8);
      this.code = u32((this.code << 8) | this.next());
    }
    if (this.at > this.bytes.length + 4) refuse('ends early');
  }
  bit(slots, i) {
    const p = slots.p[i], n = slots.n[i], bound = (this.range >>> 16) * p;
    const rate = Math.floor(655360 / (10 * n + 16));
    const one = this.code < bound;
    if (one) {
      this.range = bound;
      slots.p[i] = Math.min(65472, p + Math.floor(((65535 - p) * rate) / 65536));
    } else {
      this.code -= bound;
      this.range -= bound;
      slots.p[i] = Math.max(64, p - Math.floor((p * rate) / 65536));
    }
    if (n < 30) slots.n[i] = n + 1;
    this.refill();
    return one ? 1 : 0;
  }
  plain(bits) {
    this.range = this.range >>> bits;
    const v = Math.min(Math.floor(this.code / this.range), (1 << bits) - 1);
    this.code -= this.range * v;
    this.refill();
    return v;
  }
}

class Symbols {
  constructor(coder, slots, from, bits) { Object.assign(this, { coder, slots, from, shift: 32 - bits }); }
  bit(c) { return this.coder.bit(this.slots, this.from + (Math.imul(c, 0x9e3779b1) >>> this.shift)); }
  tree(c, bits) {
    let node = 1;
    for (let i = 0; i < bits; ++i) node = 2 * node + this.bit(mixed(c, node));
    return node - 2 ** bits;
  }
  length(c, d) {
    const near = this.tree(mixed(c, 1), 5);
    return near < 31 ? near : Math.min(64, 31 + this.tree(mixed(d, 999), 6));
  }
  mantissa(c, bits, guessed) {
    let r = 1n;
    const first = Math.min(bits - 1, guessed);
    for (let i = 0; i < first; ++i) r = 2n * r + BigInt(this.bit(mixed(c, u32(Number(BigInt.asUintN(32, r * 64n)) + bits))));
    for (let left = bits - 1 - first; left !== 0;) {
      const part = left % 8 || 8;
      left -= part;
      r = (r << BigInt(part)) | BigInt(this.coder.plain(part));
    }
    return r;
  }
  U(c, d, g) {
    const bits = this.length(c, d);
    return bits <= 1 ? BigInt(bits) : this.mantissa(mixed(d, 2), bits, g);
  }
  S(c, d, g) {
    const bits = this.length(c, d);
    if (bits === 0) return 0n;
    const negative = this.bit(mixed(c, 100 + bits));
    const m = bits === 1 ? 1n : this.mantissa(mixed(d, 3), bits, g);
    return wrap(negative ? -m : m);
  }
  // A number that is added to a level, an outcome, a market: past any of them is past them all.
  small(c, g = 12) { const n = this.U(c, c, g); return n > 1n << 25n ? 1 << 25 : Number(n); }
}

export class Texts {
  constructor(like) {
    this.said = like ? [...like.said] : [];
    this.tails = like ? like.tails.slice() : new Uint32Array(PLACES);
    this.starts = like ? like.starts.slice() : new Uint32Array(PLACES);
    this.last = like ? like.last : 0;
  }
  static place(a, b) { return mixed(u32(Math.imul(a, 0x9e3779b1) + 0x7f4a7c15), b) >>> 20; }
  static classOf(s) {
    if (s === 256) return 0;
    if (s >= 48 && s <= 57) return 1;
    return s >= 97 && s <= 122 ? 2 : 3;
  }
  // `next` gives the text's symbols where it is known: the vocabulary.
  say(kind, symbols, known) {
    const { said } = this, begin = said.length, text = [];
    let from = 2, trust = 0, guess = this.starts[Texts.place(kind, this.last)];
    if (guess === 0) [guess, from] = [this.starts[Texts.place(kind, 0)], 1];
    for (;;) {
      const guessed = guess === 0 ? -1 : said[guess - 1] || 256;
      let symbol;
      if (known) symbol = text.length < known.length ? known[text.length] : 256;
      else symbol = this.read(symbols, guessed, trust, from, begin);
      const held = guess !== 0 && guessed === symbol;
      if (held) [guess, trust] = [guess + 1, Math.min(15, trust + 1)];
      else if (guess !== 0 && from !== 3 && trust !== 0) [guess, from, trust] = [guess + 1, 3, 0];
      else guess = 0;
      said.push(symbol === 256 ? 0 : symbol);
      if (guess > said.length) guess = 0;
      if (said.length >= 3) {
        const tail = (said.at(-3) << 16) | (said.at(-2) << 8) | said.at(-1), place = Texts.place(tail, 1);
        const at = this.tails[place];
        if ((guess === 0 || (from === 3 && !held)) && at !== 0) {
          let same = 0;
          while (same < 15 && same + 1 < at && said[at - 2 - same] === said[said.length - 1 - same]) ++same;
          if (same >= 3) [guess, from, trust] = [at, 0, same];
        }
        this.tails[place] = said.length + 1;
      }
      if (symbol === 256) break;
      text.push(symbol);
      if (text.length > TEXT_BYTES) refuse('has a text that cannot be');
    }
    this.starts[Texts.place(kind, this.last)] = begin + 1;
    this.starts[Texts.place(kind, 0)] = begin + 1;
    let h = 1;
    for (let i = begin; i < said.length; ++i) h = Math.imul(h ^ said[i], 0x01000193);
    this.last = u32(h);
    return text;
  }
  read(symbols, guessed, trust, from, begin) {
    if (guessed >= 0 && symbols.bit(context(48, trust | (from << 4), Texts.classOf(guessed)))) return guessed;
    const last = this.said.length > begin ? this.said.at(-1) : 256;
    if (symbols.bit(context(49, last, guessed >= 0 ? 1 : 0))) return 256;
    const type = Texts.classOf(last);
    return symbols.tree(context(50, (type << 12) | (type === 2 ? last : 0)), 8);
  }
}

// From the text of the generated sources.
export function readPrior(slotsSource, textsSource, stepsSource) {
  const digits = [...slotsSource.matchAll(/^ {4}"(.*)";?$/gm)].map((row) => row[1]).join('');
  const steps = stepsSource.split(/[,\s]+/).filter(Boolean).map(Number);
  const count = CELL_SLOTS + TEXT_SLOTS, told = [0, 2, 5, 12, 30, 80, 200, 500];
  if (digits.length !== 2 * count || steps.length !== 128) throw new Error('the prior has another size');
  const digit = (i) => (digits[i] === '}' ? 57 : digits.charCodeAt(i) - 35);
  const prior = { p: new Int32Array(count), n: new Int32Array(count), texts: new Texts() };
  for (let i = 0; i < count; ++i) {
    const v = 90 * digit(2 * i) + digit(2 * i + 1), step = (v >> 3) - 127;
    prior.p[i] = clamp(step >= 0 ? steps[step] : 65536 - steps[-step], 64, 65472);
    prior.n[i] = told[v & 7];
  }
  for (const [, kind, text] of textsSource.matchAll(/^ {4}\{(\d+)U, (".*")\},$/gm)) {
    prior.texts.say(Number(kind), null, Buffer.from(JSON.parse(text)));
  }
  return prior;
}

export class Model {
  constructor(prior) {
    this.slots = { p: prior.p.slice(), n: prior.n.slice() };
    this.prior = prior;
    this.names = [];
    this.recent = [];
    this.steps = new Map();
    this.payout = { size: 0n, price: 0n, held: 0 };
    Object.assign(this, { market: 0, outcome: 0, bestRanks: 0, afterErased: 0, inTurn: 0 });
  }
  texts() { return (this.saying ??= new Texts(this.prior.texts)); }
  push(size) {
    const at = this.recent.indexOf(size);
    if (at >= 0) this.recent.splice(at, 1);
    else if (this.recent.length === 32) this.recent.pop();
    this.recent.unshift(size);
  }
}

// The integers of a state's ladders that stand at prices, by row and field; kept up by applyUpdate().
function laddersOf(state) {
  if (state.ladders) return state.ladders;
  state.ladders = new Map();
  for (const [at, value] of state.cells) noteLadder(state.ladders, at, value);
  return state.ladders;
}
function noteLadder(ladders, at, value) {
  const level = Number(at & 0xffffffn);
  if (!isLadder(Number((at >> 24n) & 0xffn)) || level >= EXACT) return;
  let levels = ladders.get(at >> 24n);
  if (!levels) ladders.set(at >> 24n, (levels = new Map()));
  if (typeof value === 'bigint') levels.set(level, value);
  else levels.delete(level);
}

// One update: what changes in `before`.
export class UpdateReader {
  constructor(model, before, bytes, { cells, textBytes } = { cells: Infinity, textBytes: Infinity }) {
    Object.assign(this, { model, before, rows: 0, cellsMax: cells, textBytesLeft: textBytes });
    this.coder = new Coder(bytes);
    this.s = new Symbols(this.coder, model.slots, 0, 14);
    this.t = new Symbols(this.coder, model.slots, CELL_SLOTS, 12);
    this.changes = new Map(); // packed address -> value, or undefined where it is erased
    [this.rowBefore, this.rowAbove, this.codesBefore, this.alike] = [[], [], [], 0];
    this.textInLadder = false;
    this.known = new Map();
    this.markets = before.known.length;
  }
  read(first) {
    const { s, model } = this;
    if (first) model.bestRanks = s.tree(context(6), 5);
    const time = wrap(this.before.time + s.S(context(1), context(1), 8));
    let other = 0, cause = 0;
    if (s.bit(context(3))) [other, cause] = [s.bit(context(4)), s.tree(context(5), 3)];
    if (cause > 4) refuse('has an unknown cause');
    this.hasTexts = s.bit(context(2));
    if (this.hasTexts) this.readTexts();
    this.readMarkets();
    if (this.coder.at < this.coder.bytes.length) refuse('goes on after its end');
    let critical = other;
    for (const at of this.changes.keys()) {
      const field = Number((at >> 24n) & 0xffn);
      if (at >> 44n === 0n ? field !== 27 : field === 1 || field === 2 || field === 32) critical = 1 - other;
    }
    return { changes: this.changes, time, cause, critical: critical === 1 };
  }
  admit(market, outcome) {
    if (market >= 1 << 18 || outcome > 4095) refuse('names a market or outcome past the limit');
    if (market > this.markets) refuse('leaves out a market number');
    if (market === this.markets) ++this.markets;
    const known = this.known.get(market) ?? Number(this.before.known[market] ?? 1n);
    if (outcome > known) refuse('leaves out an outcome number');
    this.known.set(market, Math.max(known, outcome + 1));
  }
  nameOf(attribute, now) {
    const { names } = this.model, at = pack(0n, 0n, 38n, BigInt(attribute));
    if (!now && !this.before.get(at)?.buffer) return 1;
    if (attribute >= 1024) return 1;
    const text = now && this.changes.has(at) ? this.changes.get(at) : this.before.get(at);
    return (names[attribute] ??= hash32(text?.buffer ? text : []));
  }

  readTexts() {
    const { s } = this;
    let [market, outcome, field, level, from, previous] = [0, 0, 0, 0, 0, -1n];
    const kindOf = () => (market === 0 ? 0 : outcome === 0 ? 1 : 2);
    for (let left = 1n + s.U(context(40), context(40), 12); left > 0n; --left) {
      const was = { market, outcome, field, level };
      market += s.small(context(41, from));
      const same = market === was.market;
      outcome = (same ? was.outcome : 0) + s.small(context(42, from, same ? 1 : 0));
      const sameRow = same && outcome === was.outcome && previous >= 0n;
      field = s.tree(context(43, from, sameRow ? 1 : 0), 6);
      const sameField = sameRow && field === was.field;
      level = (sameField ? was.level + 1 : 0) + s.small(context(44, field, sameField ? 1 + Math.min(was.level, 62) : 0));
      if (field > 40 || level >= LEVELS) refuse('names a text out of range or order');
      this.admit(market, outcome);
      const at = pack(BigInt(market), BigInt(outcome), BigInt(field), BigInt(level));
      if (at <= previous) refuse('names a text out of range or order');
      previous = at;
      from = 1 + ((kindOf() << 6) | field);
      this.textInLadder ||= isLadder(field);
      const old = this.before.get(at), hasOld = old !== undefined && typeof old !== 'bigint';
      if (hasOld && s.bit(context(45, field))) {
        this.changes.set(at, undefined);
        continue;
      }
      let prefix = 0, suffix = 0;
      let named = field === 38 ? 0 : level & 0xffff;
      if (field === 0) named = (this.nameOf(level, market !== 0) >>> 8) & 0xffff;
      if (hasOld) {
        [prefix, suffix] = [s.small(context(46, field)), s.small(context(47, field))];
        if (prefix + suffix > old.length) refuse('has a text that cannot be');
      }
      const kind = u32(field | (named << 6) | (kindOf() << 24) | (hasOld ? 1 << 31 : 0));
      const said = Buffer.from(this.model.texts().say(kind, this.t));
      if ((this.textBytesLeft -= said.length) < 0) refuse('has more text than it may');
      if (this.changes.size >= this.cellsMax) refuse('has more cells than it may');
      this.changes.set(at, hasOld
        ? Buffer.concat([old.subarray(0, prefix), said, old.subarray(old.length - suffix)]) : said);
    }
  }

  readMarkets() {
    const { s, model } = this;
    for (let market = 0, first = 1; s.bit(context(11, first + 2 * this.hasTexts)); first = 0) {
      if (!first) market += 1 + s.small(context(10, 2));
      else market = s.bit(context(9)) ? model.market : s.small(context(10, 1));
      this.admit(market, 0);
      this.readRows(market);
    }
  }
  readRows(market) {
    const { s, model } = this;
    const expected = market === model.market ? model.outcome : 0;
    let previous = 0;
    this.tradedInMarket = 0n;
    for (let count = 0;; ++count) {
      const how = context(12, 16 + Math.min(count, 1), (previous << 8) | model.afterErased);
      if (!s.bit(more(context(12, Math.min(count, 8)), how))) break;
      let outcome = 0;
      if (count > 0) model.inTurn = s.bit(context(51, Math.min(previous, 15), model.inTurn));
      if (count > 0 && model.inTurn) outcome = previous + 1;
      else {
        outcome = s.tree(context(13, 0x10000, count > 0 ? 64 + previous : expected), 6);
        if (outcome === 63) outcome += s.small(context(13, 0x20000));
      }
      if (outcome <= previous) refuse('has rows out of order');
      this.admit(market, outcome);
      previous = outcome;
      this.readRow(market, outcome);
      if (count === 0) model.outcome = outcome;
    }
    if (s.bit(context(14, previous === 0 ? 0 : 1, this.tradedInMarket !== 0n ? 1 : 0))) this.readRow(market, 0);
    else if (previous === 0) refuse('has a market without rows');
    model.market = market;
  }
  readRow(market, outcome) {
    const { s, model } = this;
    Object.assign(this, { market, outcome, row: [], codes: [], tradedSum: 0n, tradedPrice: undefined });
    this.row.isMarketRow = outcome === 0;
    this.base = pack(BigInt(market), BigInt(outcome), 0n, 0n);
    this.readFields(false);
    if (outcome !== 0) {
      const how = context(34, 1 + Math.min(this.row.length, 3));
      if (model.bestRanks > 0 && !this.textInLadder && s.bit(how)) this.derive();
      else this.readFields(true);
    }
    if (++this.rows > this.cellsMax) refuse('has more rows than cells');
    if (this.changes.size + this.row.length > this.cellsMax) refuse('has more cells than it may');
    for (const cell of this.row) this.changes.set(this.at(cell.field, cell.level), cell.now);
    [this.rowAbove, this.rowBefore, this.codesBefore] = [this.rowBefore, this.row, this.codes];
  }
  at(field, level) { return this.base | (BigInt(field) << 24n) | BigInt(level); }
  old(field, level) {
    const value = this.before.get(this.at(field, level));
    return typeof value === 'bigint' ? value : undefined;
  }
  // The levels of a ladder that hold an integer and are prices, in ascending order.
  levels(field, after) {
    const levels = new Map(laddersOf(this.before).get(this.at(field, 0) >> 24n));
    for (const cell of after ? this.row : []) {
      if (cell.field !== field || cell.level >= EXACT) continue;
      if (cell.now === undefined) levels.delete(cell.level);
      else levels.set(cell.level, cell.now);
    }
    return [...levels].sort((a, b) => a[0] - b[0]);
  }
  derive() {
    for (const [best, ladder] of [[13, 8], [14, 9]]) {
      const levels = this.levels(ladder, true);
      if (highestIsBest(ladder)) levels.reverse();
      for (let rank = 0; rank < this.model.bestRanks; ++rank) {
        for (const part of [0, 1]) {
          const now = levels[rank] && BigInt(levels[rank][part]), was = this.old(best, 2 * rank + part);
          if (now !== was) this.row.push({ field: best, level: 2 * rank + part, was, now });
        }
      }
    }
  }
  readFields(best) {
    const { s } = this;
    const kind = (this.outcome === 0 ? 1 : 0) + (best ? 2 : 0) + (this.market === 0 ? 4 : 0);
    const numberIn = (code) => (code >= 22 && code <= 26 ? code - 14 : code);
    for (let previous = 30;;) {
      let code;
      if (this.hasTexts) {
        const beside = this.codesBefore.find((c) => previous === 30 || numberIn(c) > previous) ?? 31;
        const same = s.bit(context(53, numberIn(beside) | (kind << 8), this.alike));
        this.alike = ((this.alike << 1) | same) & 7;
        if (same) code = beside;
      }
      code ??= s.tree(context(15, kind, previous), 5);
      if (code === 31) return;
      const field = code === 30 ? s.tree(context(15, 8), 6) : numberIn(code);
      this.codes.push(code);
      if (field > 40 || (this.outcome !== 0 && isBest(field) !== best)) refuse('has an unknown field');
      if (previous !== 30 && field <= previous) refuse('has fields out of order');
      previous = field;
      if (isLadder(field)) this.readLadder(field, code !== 30 && code !== field);
      else if (isListed(field)) this.readListed(field, kind);
      else this.readScalar(field, 0, kind);
    }
  }

  reference(field) {
    if (field !== 10) {
      const levels = this.levels(field, false);
      if (levels.length !== 0) return (highestIsBest(field) ? levels.at(-1) : levels[0])[0];
    }
    const told = this.row.find((cell) => cell.field === 7);
    const last = (told ? told.now : this.old(7, 0)) ?? 0n;
    if (last > 0n && last < EXACT) return Number(last);
    const beside = this.row.at(-1);
    return beside && isPriceLadder(beside.field) && beside.level < EXACT ? beside.level : 0;
  }
  readLadder(field, raw) {
    const { s, model } = this;
    const prices = isPriceLadder(field), ticks = prices && !raw, side = prices && highestIsBest(field) ? 1 : -1;
    let reference = prices ? this.reference(field) : 0;
    if (ticks) reference = Number(tickFloor(BigInt(reference)));
    [this.move, this.priceMove, this.priceAt] = [0, 0, -1];
    for (let code = 0, count = 0;; ++count) {
      if (count === 0) code = this.firstLevel(field, raw, prices, side, reference);
      else {
        const moved = prices ? 0 : this.movedWhere(field, code);
        const where = ticks ? clamp(side * (reference - code), -2, 10) : prices ? 16 : 20 + moved;
        if (!s.bit(more(context(16, field, Math.min(count, 6)), context(16, 64 + field, where)))) return;
        const near = prices ? (raw ? 0 : Math.min(count, 3)) : moved;
        const out = s.U(context(19, 64 + field, near), context(19, field, raw ? 1 : 0), 4);
        code += 1 + (out > 1n << 25n ? 1 << 25 : Number(out));
      }
      if (code < 0 || code >= (ticks ? 350 : LEVELS)) refuse('has a level out of range');
      const level = ticks ? Number(tickPrice(BigInt(code))) : code;
      const cell = { field, level, was: this.old(field, level), now: undefined };
      if (isBest(field)) model.bestRanks = Math.max(model.bestRanks, Math.min((level >> 1) + 1, 31));
      const rank = ticks ? clamp(side * (reference - code), -1, 4) : 0;
      if (prices) this.readSize(cell, rank);
      else if (level % 2 === 0) this.readRankPrice(cell);
      else if (this.priceMove === 0 || this.priceAt + 1 !== level || !this.movedSize(cell)) this.readSize(cell, rank);
      this.row.push(cell);
    }
  }
  firstLevel(field, raw, prices, side, reference) {
    const { s } = this, far = (step) => Number(clamp(step, -FURTHEST, FURTHEST));
    if (!prices) return s.small(context(17, field));
    if (raw) return reference + far(s.S(context(35, field), context(35, field), 6));
    const near = s.tree(context(17, 64 + field), 5);
    return reference - side * (near !== 31 ? near - 4 : far(s.S(context(18, field), context(18, field), 6)));
  }
  readSize(cell, rank) {
    const { s, model } = this, { field, level, was } = cell, old = was ?? 0n, has = was === undefined ? 0 : 1;
    const at = this.at(field, level);
    if (has && s.bit(context(20, field, u32(rank + 8 * model.afterErased)))) {
      model.afterErased = 1;
      model.push(magnitude(old));
      model.steps.set(at, wrap(-old));
      return;
    }
    model.afterErased = 0;
    const last = model.steps.get(at) ?? 0n;
    let step;
    if (field === 10) step = this.tradedStep(level);
    if (step === undefined && last !== 0n && wrap(old - last) > 0n &&
        s.bit(context(21, 64 + field, u32(rank + 8 * has)))) step = wrap(-last);
    step ??= this.recentStep(field, rank, was);
    if (step === undefined && has) step = s.S(context(24, 64 + rank, field), context(24, 64 + rank, field), 0);
    step ??= this.newSize(field, level);
    model.push(magnitude(step));
    model.steps.set(at, step);
    cell.now = wrap(old + step);
    if (field === 10) [this.tradedSum, this.tradedPrice] = [wrap(this.tradedSum + step), BigInt(level)];
  }
  tradedStep(level) {
    let taken = 0n;
    for (const { field, level: at, was, now } of this.row) {
      if ((field !== 8 && field !== 9) || at !== level) continue;
      const went = wrap((was ?? 0n) - (now ?? 0n));
      if (went > 0n) taken = went;
    }
    if (taken === 0n) return undefined;
    if (this.s.bit(context(27))) return wrap(2n * taken);
    return this.s.bit(context(28)) ? taken : undefined;
  }
  recentStep(field, rank, was) {
    const { s, model } = this;
    if (!s.bit(context(22, field, was === undefined ? 0 : 1))) return undefined;
    const size = model.recent[s.tree(context(23, 64 + rank), 5)] ?? 0n;
    if (was === undefined) return wrap(size);
    return wrap(s.bit(context(26, field, size >= u64(was) ? 1 : 0)) ? -size : size);
  }
  newSize(field, level) {
    const { s } = this, { payout } = this.model;
    const plain = () => {
      const whole = s.bit(context(38, field)), c = context(25, field, whole);
      return wrap(s.U(c, c, whole ? 3 : 0) * (whole ? 100n : 1n));
    };
    const price = isPriceLadder(field) && level < EXACT ? BigInt(level) : 0n;
    const guess = payout.size === 0n || price === 0n ? 0n : u64(u64(payout.size * payout.price + price / 2n) / price);
    const same = guess !== 0n ? s.bit(context(52, 1, payout.held)) : 0;
    const size = same ? wrap(guess + s.S(context(52, 2), context(52, 2), 0)) : plain();
    if (price === 0n) return size;
    payout.held = ((payout.held << 1) | same) & 7;
    if (!(same && price >= payout.price) && u64(size) <= 1n << 36n) [payout.size, payout.price] = [u64(size), price];
    return size;
  }

  movedWhere(field, level) {
    const even = level % 2 === 0;
    return this.move + (even ? 4 : 0) + (this.old(field, level + (even ? 2 : 1)) === undefined ? 8 : 0);
  }
  movedFrom({ field, level }, move) {
    return move === 1 && level < 2 ? undefined : this.old(field, move === 1 ? level - 2 : level + 2);
  }
  movedPrice(cell) {
    let asked = 0;
    const known = this.move;
    for (const move of known === 2 ? [2, 1] : [1, 2]) {
      const from = this.movedFrom(cell, move);
      if (from === undefined || from === cell.was) continue;
      if (!this.s.bit(context(39, cell.field | (known << 8), asked++))) continue;
      [cell.now, this.move, this.priceMove] = [from, move, move];
      return true;
    }
    [this.move, this.priceMove] = [3, 3];
    return false;
  }
  movedSize(cell) {
    if (this.priceMove === 3) return false;
    const from = this.movedFrom(cell, this.priceMove);
    if (from === undefined || from === cell.was) return false;
    if (!this.s.bit(context(39, cell.field, 16 + this.priceMove))) return false;
    cell.now = from;
    return true;
  }
  readRankPrice(cell) {
    const { field, level, was } = cell;
    [this.priceAt, this.priceMove] = [level, 0];
    const gone = 96 + this.move + (this.movedFrom(cell, 2) !== undefined ? 0 : 4);
    if (was !== undefined && this.s.bit(context(20, field, gone))) return;
    if (this.movedPrice(cell)) return;
    const old = was ?? 0n;
    this.readPrice(cell, old, context(29, field), context(36, 32 + field, Math.min(level, 6)),
      context(36, 64 + field, old === 0n ? 1 : 0), context(36, 96 + field));
  }
  readPrice(cell, guess, onTick, lengths, mantissas, offTick) {
    const { s } = this;
    if (!s.bit(onTick)) return void (cell.now = wrap(guess + s.S(offTick, offTick, 2)));
    const tick = tickNear(guess) + clamp(s.S(lengths, mantissas, 2), -FURTHEST, FURTHEST);
    if (tick < 0n || tick >= 350n) refuse('has a price out of range');
    cell.now = tickPrice(tick);
  }

  readListed(field, kind) {
    const { s } = this, number = field | (kind << 8);
    for (let level = -1, count = 0;; ++count) {
      const where = Math.min(level + 1, 63);
      if (count > 0 && !s.bit(context(16, number | (1 << 16), where))) return;
      level += 1 + s.small(context(37, number, where));
      if (level >= LEVELS) refuse('has a level out of range');
      this.readScalar(field, level, kind);
    }
  }
  readScalar(field, level, kind) {
    const cell = { field, level, was: this.old(field, level), now: undefined };
    this.readValue(cell, kind);
    this.row.push(cell);
  }
  readValue(cell, kind) {
    const { s } = this, { field, level, was } = cell, old = was ?? 0n;
    let number = field + 64 * kind;
    if (field === 0) number = u32(number + (this.nameOf(level, true) << 10));
    else if (isListed(field)) number += (Math.min(level, 61) + 1) << 10;
    if (was !== undefined && s.bit(context(20, u32(128 + number)))) return;
    if (field === 7 && was !== undefined) {
      const traded = this.tradedPrice !== undefined, how = context(30, traded ? 1 : 0);
      return void this.readPrice(cell, traded ? this.tradedPrice : old, context(29), how, how, context(30, 2));
    }
    if (field === 5) {
      const market = this.outcome === 0, how = context(market ? 32 : 31, was === undefined ? 0 : 1);
      cell.now = wrap(old + (market ? this.tradedInMarket : this.tradedSum) + s.S(how, how, 4));
      if (!market) this.tradedInMarket = wrap(this.tradedInMarket + cell.now - old);
      return;
    }
    if (was === undefined) {
      const above = field === 19 ? this.rowAbove : this.rowBefore;
      const like = above.find((c) => c.field === field && c.level === level && c.now !== undefined);
      if (like && above.isMarketRow === (this.outcome === 0)) {
        cell.now = wrap(like.now + s.S(context(33, number, 16), context(33, number, 16), 12));
        return;
      }
    }
    const held = was === undefined ? 0 : 1 + Number(clamp(old, 0n, 7n));
    cell.now = wrap(old + s.S(context(33, number, held), context(33, number, held), 12));
  }
}

// Reads an update and applies it; between two of them nothing else may change the state. A model that was read from in vain is of no use any more.
export function applyUpdate(model, first, state, bytes, limits = undefined) {
  const { changes, time, cause, critical } = new UpdateReader(model, state, bytes, limits).read(first);
  for (const [at, value] of changes) if (value === undefined) state.set(at, undefined);
  for (const [at, value] of changes) {
    if (value !== undefined) state.set(at, value);
    if (state.ladders) noteLadder(state.ladders, at, value);
  }
  state.seq += 1n;
  state.time = time;
  return { cause, critical };
}
