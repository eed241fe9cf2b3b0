// Reads the blocks of the delta protocol: written from PROTOCOL.md alone, as the proof that the page suffices.
//
// A state is a map of packed addresses to values: BigInt for integers, Buffer for texts.

const FIELDS = 41n, LEVELS = 1n << 24n, MARKETS = 1n << 18n, OUTCOMES = 1n << 12n, TEXT_BYTES = 1n << 20n;
const BLOCK_TEXT_BYTES = 1 << 27; // of the state before and the block together
const EXACT = 1n << 23n;
const ID = 32n;
const LAST_PRICE = 7n;

export const wrap = (n) => BigInt.asIntN(64, n);
const zigzagBack = (u) => wrap((u >> 1n) ^ -(u & 1n));
const isPriceLadder = (f) => f >= 8n && f <= 12n;
const isLadder = (f) => f >= 8n && f <= 16n;
const hasLevels = (f) => f === 0n || isLadder(f) || f === 29n || (f >= 38n && f <= 40n);
export const pack = (m, o, f, l) => (m << 44n) | (o << 32n) | (f << 24n) | l;

export class Malformed extends Error {}
export const refuse = (why) => { throw new Malformed(why); };

export class Bytes {
  constructor(buffer) { this.buffer = buffer; this.at = 0; }
  left() { return BigInt(this.buffer.length - this.at); }
  done() { return this.at === this.buffer.length; }
  byte() {
    if (this.done()) refuse('ends early');
    return this.buffer[this.at++];
  }
  v() {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (value >> 64n) refuse('a varint of more than 64 bits');
      if (byte < 0x80) return value;
    }
    refuse('a varint of more than ten bytes');
  }
  z() { return zigzagBack(this.v()); }
  take(count) {
    if (count > this.left()) refuse('ends early');
    this.at += Number(count);
    return this.buffer.subarray(this.at - Number(count), this.at);
  }
}

// Ticks: [first price of the band, step, its number].
const BANDS = [[101, 1, 0], [200, 2, 99], [300, 5, 149], [400, 10, 169], [600, 20, 189], [1000, 50, 209],
  [2000, 100, 229], [3000, 200, 239], [5000, 500, 249], [10000, 1000, 259]].map((band) => band.map(BigInt));
const TICKS = 350n;
export function tickFloor(price) {
  if (price < 101n) return 0n;
  if (price > 100000n) return TICKS - 1n;
  const [from, step, first] = BANDS.findLast((band) => band[0] <= price);
  return first + (price - from) / step;
}
export function tickPrice(tick) {
  const [from, step, first] = BANDS.findLast((band) => band[2] <= tick);
  return from + (tick - first) * step;
}

const u64 = (n) => BigInt.asUintN(64, n);
export function mix64(x) {
  x = u64((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
  x = u64((x ^ (x >> 27n)) * 0x94d049bb133111ebn);
  return x ^ (x >> 31n);
}
export function fnv1a64(bytes) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = u64((hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
function cellHash(packed, value) {
  if (typeof value === 'bigint') return mix64(u64(mix64(u64(packed + 0x9e3779b97f4a7c15n)) + value));
  return mix64(u64(mix64(u64(packed + 0x3c6ef372fe94f82an)) + fnv1a64(value)));
}

export class State {
  constructor() {
    this.cells = new Map();
    this.known = [1n]; // by market: how many outcomes have a number, the market itself counted
    this.seq = 0n;
    this.time = 0n;
  }
  get(address) { return this.cells.get(address); }
  set(address, value) {
    if (value === undefined) return void this.cells.delete(address);
    this.cells.set(address, value);
    const market = Number(address >> 44n), outcome = (address >> 32n) & 0xfffn;
    while (this.known.length <= market) this.known.push(1n);
    if (outcome >= this.known[market]) this.known[market] = outcome + 1n;
  }
  digest() {
    let sum = 0n;
    for (const [address, value] of this.cells) sum = u64(sum + cellHash(address, value));
    return sum;
  }
  hasId() { return this.cells.has(pack(0n, 0n, ID, 0n)); }
  textBytes() {
    let bytes = 0;
    for (const value of this.cells.values()) if (typeof value !== 'bigint') bytes += value.length;
    return bytes;
  }
  // The best price of a ladder, or undefined.
  best(row, field) {
    const highest = field === 8n || field === 11n;
    const from = row | (field << 24n);
    let best;
    for (const [address, value] of this.cells) {
      const level = address - from;
      if (level < 0n || level >= EXACT || typeof value !== 'bigint') continue;
      if (best === undefined || (highest ? level > best : level < best)) best = level;
    }
    return best;
  }
  copy() {
    const copy = new State();
    copy.cells = new Map(this.cells);
    copy.known = [...this.known];
    [copy.seq, copy.time] = [this.seq, this.time];
    return copy;
  }
}

// Enough to count offsets; what is wrong here is an error of the connection.
export function readHeader(bytes) {
  const head = bytes.v();
  const header = { step: zigzagBack(head >> 2n), texts: (head & 1n) === 1n, critical: false, cause: 0, merged: 0n };
  header.count = 1n;
  if (head & 2n) {
    const flags = bytes.byte();
    header.critical = (flags & 1) === 1;
    header.cause = flags >> 2; // with the bits that must be 0
    if (flags & 2) {
      header.merged = header.count = bytes.v();
      if (header.count === 0n || header.count > 1n << 62n) refuse('merges an impossible number of deltas');
    }
  }
  return header;
}

class BlockReader {
  constructor(before, bytes) {
    this.before = before;
    this.bytes = bytes;
    this.known = new Map();
    this.markets = BigInt(before.known.length);
    this.changes = [];
  }

  read() {
    this.header = readHeader(this.bytes);
    if (this.header.cause > 4) refuse('an unknown cause');
    const rows = this.header.texts ? this.readTexts() : true;
    if (rows) this.readRows();
    if (!this.bytes.done()) refuse('goes on after its end');
  }

  admit(market, outcome) {
    if (market < 0n || market >= MARKETS || outcome >= OUTCOMES) refuse('a number past its range');
    if (market > this.markets) refuse('leaves out a market');
    if (market === this.markets) ++this.markets;
    const known = this.known.get(market) ?? this.before.known[Number(market)] ?? 1n;
    if (outcome > known) refuse('leaves out an outcome');
    this.known.set(market, outcome === known ? known + 1n : known);
  }

  readTexts() {
    const head = this.bytes.v();
    if (head >> 1n > this.bytes.left()) refuse('more texts than bytes');
    let market = 0n, last = Buffer.alloc(0), previous = -1n;
    let textBytes = this.before.textBytes();
    for (let i = 0n; i < head >> 1n; ++i) {
      const step = this.bytes.v();
      market += step >> 1n;
      const [outcome, field, level] = [this.bytes.v(), this.bytes.v(), this.bytes.v()];
      this.admit(market, outcome);
      if (field >= FIELDS || level >= LEVELS) refuse('an unknown field or level');
      const address = pack(market, outcome, field, level);
      if (address <= previous) refuse('texts out of order');
      previous = address;
      const old = this.before.get(address);
      const hadText = old !== undefined && typeof old !== 'bigint';
      if (step & 1n) {
        if (!this.header.merged && !hadText) refuse('erases a text that is not there');
        this.changes.push([address, undefined]);
      } else {
        last = this.readText(!this.header.merged && hadText ? old : last);
        this.changes.push([address, last]);
        textBytes += last.length;
        if (textBytes > BLOCK_TEXT_BYTES) refuse('more text than an event may have');
      }
    }
    return (head & 1n) === 1n;
  }

  readText(base) {
    const [prefix, suffix, length] = [this.bytes.v(), this.bytes.v(), this.bytes.v()];
    if (prefix + suffix > BigInt(base.length)) refuse('copies more than there is');
    if (prefix + suffix + length > TEXT_BYTES) refuse('a text too long');
    const end = base.subarray(base.length - Number(suffix));
    return Buffer.concat([base.subarray(0, Number(prefix)), this.bytes.take(length), end]);
  }

  readRows() {
    let market = 1n, previous = -1n;
    for (let last = false; !last;) {
      const head = this.bytes.v();
      if (head & 2n) market += this.bytes.z();
      last = (head & 1n) === 1n;
      this.admit(market, head >> 2n);
      const row = pack(market, head >> 2n, 0n, 0n);
      if (row <= previous) refuse('rows out of order');
      previous = row;
      this.readGroups(row);
    }
  }

  readGroups(row) {
    const lastPrice = this.before.get(row | (LAST_PRICE << 24n));
    this.lastPrice = typeof lastPrice === 'bigint' ? lastPrice : 0n;
    let previous = -1n;
    for (let last = false; !last;) {
      const head = this.bytes.v();
      last = (head & 32n) !== 0n;
      const code = head & 31n;
      const raw = code >= 22n && code <= 26n;
      const field = code === 31n ? this.bytes.v() : raw ? code - 14n : code;
      if (head >> 7n) refuse('a group with unknown bits');
      const count = head & 64n ? this.bytes.v() + 2n : 1n;
      if (field >= FIELDS) refuse('an unknown field');
      if (field <= previous) refuse('fields out of order');
      if (count > this.bytes.left()) refuse('more cells than bytes');
      if (count > 1n && !hasLevels(field)) refuse('several cells of a field without levels');
      previous = field;
      this.readCells(row, field, count, isPriceLadder(field) && !raw);
    }
  }

  readCells(row, field, count, ticks) {
    let code = 0n;
    for (let i = 0n; i < count; ++i) {
      if (hasLevels(field)) {
        if (i > 0n) {
          code += this.bytes.v() + 1n;
        } else if (isPriceLadder(field)) {
          const reference = this.reference(row, field);
          code = this.bytes.z() + (ticks ? tickFloor(reference) : reference);
        } else {
          code = this.bytes.v();
        }
      }
      if (code < 0n || code >= (ticks ? TICKS : LEVELS)) refuse('a level out of range');
      this.readValue(row | (field << 24n) | (ticks ? tickPrice(code) : code), field);
    }
  }

  reference(row, field) {
    if (this.header.merged) return 0n;
    const best = field === 10n ? undefined : this.before.best(row, field);
    if (best !== undefined) return best;
    return this.lastPrice >= 1n && this.lastPrice < EXACT ? this.lastPrice : 0n;
  }

  readValue(address, field) {
    const old = this.before.get(address);
    let now;
    if (this.header.merged) {
      now = this.bytes.v() === 0n ? undefined : this.bytes.z();
    } else if (typeof old === 'bigint') {
      const step = this.bytes.v();
      now = step === 0n ? undefined : wrap(old + zigzagBack(step));
    } else {
      now = isLadder(field) ? wrap(this.bytes.v()) : this.bytes.z();
    }
    if (field === LAST_PRICE) this.lastPrice = now ?? 0n;
    this.changes.push([address, now]);
  }
}

// The state after the block, and its header. Throws Malformed; the state before stays as it is.
export function applyBlock(before, block) {
  const reader = new BlockReader(before, new Bytes(block));
  reader.read();
  const after = before.copy();
  for (const [address, value] of reader.changes) after.set(address, value);
  after.seq += reader.header.count;
  after.time = wrap(after.time + reader.header.step);
  return { after, header: reader.header };
}
