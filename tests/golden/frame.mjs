// Reads the frames of the delta protocol and their Cap'n Proto messages: written from PROTOCOL.md alone.

import { Bytes, refuse } from './block.mjs';

const KINDS = ['', 'hello', 'welcome', 'keyframe', 'heartbeat', 'checkpoint', 'goodbye', 'error', 'ack', 'resync',
  'ping', 'pong'];
const FRAME_BYTES = 1n << 24n;

// The next frame as { kind, body, size }, or nothing: more bytes are needed.
export function nextFrame(buffer, limit = FRAME_BYTES) {
  if (buffer.length === 0) return undefined;
  const first = buffer[0];
  const kind = first >= 0x80 ? 'deltas' : KINDS[first];
  if (!kind) refuse(`unknown kind ${first}`);
  const bytes = new Bytes(buffer.subarray(1, 11));
  let length;
  if (first >= 0x80 && first !== 0xff) {
    length = BigInt(first & 0x7f);
  } else {
    const end = bytes.buffer.findIndex((byte) => byte < 0x80);
    if (end < 0 && bytes.buffer.length < 10) return undefined;
    length = bytes.v();
  }
  if (length > limit) refuse('a frame past the limit');
  const from = 1 + bytes.at, to = from + Number(length);
  if (buffer.length < to) return undefined;
  return { kind, body: buffer.subarray(from, to), size: to };
}

export function readItems(body) {
  const bytes = new Bytes(body), items = [];
  while (!bytes.done()) {
    const head = bytes.v();
    if (head === 0n) {
      const skip = bytes.v();
      if (skip === 0n) refuse('a skip of nothing');
      items.push({ skip });
    } else {
      const event = head >> 1n;
      if (event === 0n || event >= 1n << 32n) refuse('a broken handle');
      const block = bytes.take(head & 1n ? bytes.left() : bytes.v());
      if (block.length === 0) refuse('an item without a block');
      items.push({ event, block });
    }
  }
  return items;
}

const WORDS_MAX = 1 << 24;

function unpack(body) {
  const bytes = new Bytes(body), words = [];
  const word = () => bytes.take(8n);
  while (!bytes.done()) {
    const tag = bytes.byte();
    const out = Buffer.alloc(8);
    for (let i = 0; i < 8; ++i) if (tag & (1 << i)) out[i] = bytes.byte();
    words.push(out);
    if (tag === 0) for (let i = bytes.byte(); i > 0; --i) words.push(Buffer.alloc(8));
    if (tag === 0xff) for (let i = bytes.byte(); i > 0; --i) words.push(word());
    if (words.length > WORDS_MAX) refuse('a message past the limit');
  }
  return Buffer.concat(words);
}

class Message {
  constructor(body) {
    const words = unpack(body);
    if (words.length < 8) refuse('a message without segments');
    const count = words.readUInt32LE(0) + 1;
    if (count > 512 || words.length < 4 * count + 4) refuse('a broken segment table');
    let at = Math.ceil((4 + 4 * count) / 8) * 8;
    this.segments = [];
    for (let i = 0; i < count; ++i) {
      const size = 8 * words.readUInt32LE(4 + 4 * i);
      if (at + size > words.length) refuse('a segment past its message');
      this.segments.push(words.subarray(at, at + size));
      at += size;
    }
  }

  slice(segment, word, words) {
    const bytes = this.segments[segment] ?? refuse('no such segment');
    if (word < 0 || word + words > bytes.length / 8) refuse('a pointer out of its segment');
    return bytes.subarray(8 * word, 8 * (word + words));
  }

  // What a pointer points at: the pointer itself (for sizes), and where its content starts.
  follow(segment, word) {
    let pointer = this.slice(segment, word, 1).readBigUInt64LE();
    if (pointer === 0n) return undefined;
    if ((pointer & 3n) !== 2n) {
      return { pointer, segment, word: word + 1 + Number(BigInt.asIntN(30, (pointer & 0xffffffffn) >> 2n)) };
    }
    const there = Number((pointer >> 3n) & 0x1fffffffn), in_ = Number(pointer >> 32n);
    if ((pointer & 4n) === 0n) return this.follow(in_, there);
    const far = this.slice(in_, there, 1).readBigUInt64LE();
    pointer = this.slice(in_, there + 1, 1).readBigUInt64LE();
    return { pointer, segment: Number(far >> 32n), word: Number((far >> 3n) & 0x1fffffffn) };
  }

  struct(target) {
    if (!target) return new Struct(this, 0, 0, 0, 0);
    if ((target.pointer & 3n) !== 0n) refuse('no struct');
    return this.structAt(target.segment, target.word, target.pointer);
  }
  structAt(segment, word, sizes) {
    const data = Number((sizes >> 32n) & 0xffffn), pointers = Number(sizes >> 48n);
    this.slice(segment, word, data + pointers);
    return new Struct(this, segment, word, data, pointers);
  }
  root() { return this.struct(this.follow(0, 0)); }
}

class Struct {
  constructor(message, segment, word, data, pointers) {
    Object.assign(this, { message, segment, word, data, pointers });
    const bytes = data ? message.slice(segment, word, data) : Buffer.alloc(0);
    this.bytes = Buffer.concat([bytes, Buffer.alloc(64)]); // what is missing is 0
  }
  u8(at) { return BigInt(this.bytes.readUInt8(at)); }
  u16(at) { return BigInt(this.bytes.readUInt16LE(at)); }
  u32(at) { return BigInt(this.bytes.readUInt32LE(at)); }
  u64(at) { return this.bytes.readBigUInt64LE(at); }
  i64(at) { return this.bytes.readBigInt64LE(at); }
  bit(at, bit) { return (this.bytes[at] & (1 << bit)) !== 0; }
  list(index, sizeCode) {
    if (index >= this.pointers) return undefined;
    const target = this.message.follow(this.segment, this.word + this.data + index);
    if (!target) return undefined;
    if ((target.pointer & 3n) !== 1n || ((target.pointer >> 32n) & 7n) !== sizeCode) refuse('no such list');
    return { ...target, count: Number(target.pointer >> 35n) };
  }
  content(index) {
    const list = this.list(index, 2n);
    if (!list) return Buffer.alloc(0);
    return this.message.slice(list.segment, list.word, Math.ceil(list.count / 8)).subarray(0, list.count);
  }
  text(index) {
    const content = this.content(index);
    if (content.length === 0) return '';
    if (content[content.length - 1] !== 0) refuse('a text without its end');
    return content.subarray(0, -1).toString();
  }
  texts(index) {
    const list = this.list(index, 6n);
    if (!list) return [];
    this.message.slice(list.segment, list.word, list.count);
    const here = new Struct(this.message, list.segment, list.word, 0, list.count);
    return Array.from({ length: list.count }, (_, i) => here.text(i));
  }
  structs(index) {
    const list = this.list(index, 7n);
    if (!list) return [];
    const sizes = this.message.slice(list.segment, list.word, 1).readBigUInt64LE();
    const count = Number((sizes & 0xffffffffn) >> 2n);
    const words = Number((sizes >> 32n) & 0xffffn) + Number(sizes >> 48n);
    if (count * words > list.count) refuse('a list longer than it says');
    return Array.from({ length: count },
      (_, i) => this.message.structAt(list.segment, list.word + 1 + i * words, sizes));
  }
}

const named = (names) => (number) => names[Number(number)] ?? `unknown ${number}`;
const durability = named(['durable', 'relaxed']);
const resume = named(['keyframes', 'tail', 'reset']);
const compression = named(['none', 'zstd', 'coded']);
const goodbyeReason = named(['shutdown', 'slow', 'idle', 'limit', 'finished']);
const errorCode = named(['malformed', 'unsupported', 'unauthorized', 'limit', 'internal']);

const READ = {
  hello: (m) => ({ version: m.u16(0), relay: m.text(0), token: m.text(1), hasPosition: m.bit(2, 0), epoch: m.u64(16),
    offset: m.u64(24), events: m.texts(2), sports: m.texts(3), competitions: m.texts(4), view: m.text(5) }),
  welcome: (m) => ({ version: m.u16(0), epoch: m.u64(8), offset: m.u64(16), durability: durability(m.u16(2)),
    heartbeatMs: m.u32(4), frameBytesMax: m.u32(24), resume: resume(m.u16(28)), reason: m.text(0),
    publisher: m.text(1), ...(m.u8(30) ? { codedPrior: m.u8(30) } : {}) }),
  keyframe: (m) => ({ event: m.u32(0), seq: m.u64(8), offset: m.u64(16), digest: m.u64(24), sourceTimeMs: m.i64(32),
    chunk: m.u32(4), chunks: m.u32(40), compression: compression(m.u16(44)), stateBytes: m.u64(48),
    data: m.content(0) }),
  heartbeat: (m) => ({ offset: m.u64(0), originTimeMs: m.i64(8), sources: m.structs(0).map(
    (s) => ({ name: s.text(0), health: s.u8(0), silentMs: s.u64(8) })) }),
  checkpoint: (m) => ({ offset: m.u64(0), events: m.structs(0).map(
    (e) => ({ event: e.u32(0), seq: e.u64(8), digest: e.u64(16) })) }),
  goodbye: (m) => ({ reason: goodbyeReason(m.u16(0)), retryAfterMs: m.u32(4), text: m.text(0) }),
  error: (m) => ({ code: errorCode(m.u16(0)), text: m.text(0) }),
  ack: (m) => ({ offset: m.u64(0) }),
  resync: (m) => ({ event: m.u32(0), reason: m.text(0) }),
  ping: (m) => ({ nonce: m.u64(0) }),
  pong: (m) => ({ nonce: m.u64(0) }),
};

// What a frame says; a deltas frame has items.
export function readFrame({ kind, body }) {
  return kind === 'deltas' ? { items: readItems(body) } : READ[kind](new Message(body).root());
}
