// The subscriber's rules of the delta protocol: written from PROTOCOL.md alone. No socket: frames go in, and what
// it would send comes out as [kind, event or offset or nonce].

import { Bytes, Malformed, State, applyBlock, readHeader, refuse } from './block.mjs';
import { Model, applyUpdate } from './coded.mjs';
import { prior } from './coded_frames.mjs';
import { nextFrame, readFrame } from './frame.mjs';

const MAX = (1n << 64n) - 1n;

let trained;

export class Compressed extends Error {}

export class Subscriber {
  constructor({ filtered = false } = {}) {
    this.filtered = filtered;
    this.states = new Map();
    this.ahead = new Map(); // offsets of keyframes
    this.asked = new Set();
    this.offerable = false;
    this.connect();
  }

  // A new connection: what is sent is the hello, with a position if one may be offered.
  connect() {
    this.parts = new Map();
    this.sent = [['hello', this.offerable ? { epoch: this.epoch, offset: this.offset } : undefined]];
    this.offered = this.offerable;
    this.welcomed = false;
    this.over = false;
  }

  receive(buffer) {
    let frame;
    while ((frame = nextFrame(buffer))) {
      this.take(frame.kind, readFrame(frame));
      buffer = buffer.subarray(frame.size);
    }
    return buffer;
  }

  take(kind, says) {
    if (!this.welcomed && !['welcome', 'error', 'goodbye'].includes(kind)) refuse('before the welcome');
    switch (kind) {
      case 'welcome': return this.welcome(says);
      case 'keyframe': return this.keyframe(says);
      case 'deltas': return this.deltas(says.items);
      case 'heartbeat': return this.restated(says.offset);
      case 'checkpoint': return this.checkpoint(says);
      case 'ping': return void this.sent.push(['pong', says.nonce]);
      case 'pong': return undefined;
      case 'goodbye':
      case 'error': this.over = true; return undefined;
      default: refuse('is for publishers');
    }
  }

  welcome(says) {
    if (this.welcomed || says.version !== 1n) refuse('a second welcome or another version');
    this.welcomed = true;
    this.coded = Number(says.codedPrior ?? 0n) === 1;
    if (says.resume === 'tail') {
      if (!this.offered || says.epoch !== this.epoch || says.offset !== this.offset) refuse('another position');
      for (const event of this.asked) this.sent.push(['resync', event]);
    } else {
      this.states.clear();
      this.ahead.clear();
      this.asked.clear();
      this.offerable = false;
    }
    this.epoch = says.epoch;
    this.offset = says.offset;
  }

  count(offsets) {
    this.offset += offsets;
    if (this.offset > MAX) refuse('past the last offset');
  }

  restated(offset) {
    if (offset !== this.offset) refuse(`offset ${offset}, counted ${this.offset}`);
    this.offerable = true;
  }

  deltas(items) {
    for (const item of items) {
      if (item.skip) {
        this.count(item.skip);
        continue;
      }
      this.count(readHeader(new Bytes(item.block)).count);
      if (this.asked.has(item.event) || this.offset <= (this.ahead.get(item.event) ?? -1n)) continue;
      this.block(item.event, item.block);
    }
    this.offerable = true;
  }

  block(event, block) {
    try {
      const { after } = applyBlock(this.states.get(event) ?? new State(), block);
      if (!after.hasId()) return this.resync(event);
      this.states.set(event, after);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.resync(event);
    }
  }

  resync(event) {
    if (this.asked.has(event)) return;
    this.asked.add(event);
    this.sent.push(['resync', event]);
  }

  checkpoint(says) {
    this.restated(says.offset);
    for (const { event, seq, digest } of says.events) {
      const state = this.states.get(event);
      if (this.asked.has(event) || (state && state.seq > seq) || (!state && this.filtered)) continue;
      if (!state || state.seq !== seq || state.digest() !== digest) this.resync(event);
    }
  }

  stateIn(compression, data) {
    if (compression === 'none') return applyBlock(new State(), data).after;
    if (compression !== 'coded') refuse('an unknown compression');
    if (!this.coded) refuse('coded, which was not agreed on');
    if (data.length > 1 << 18) refuse('has more coded bytes than it may');
    const state = new State();
    applyUpdate(new Model((trained ??= prior())), true, state, data, { cells: 1 << 12, textBytes: 1 << 15 });
    return state;
  }

  keyframe(says) {
    if (says.chunk === 0n) {
      this.parts.set(says.event, { head: says, next: 0n, data: [] });
    }
    const part = this.parts.get(says.event) ?? refuse('lacks its first chunk');
    for (const name of ['seq', 'offset', 'digest', 'sourceTimeMs', 'chunks', 'compression', 'stateBytes']) {
      if (part.head[name] !== says[name]) refuse('chunks that disagree');
    }
    if (says.chunk !== part.next || says.chunks === 0n) refuse('lacks a chunk');
    part.data.push(says.data);
    if (++part.next < says.chunks) return;
    this.parts.delete(says.event);
    if (says.compression === 'zstd') throw new Compressed();
    const data = Buffer.concat(part.data);
    if (BigInt(data.length) !== says.stateBytes) refuse('another size than announced');
    const after = this.stateIn(says.compression, data);
    after.seq = says.seq;
    if (after.digest() !== says.digest) refuse('a state that does not fit its digest');
    this.asked.delete(says.event);
    this.states.set(says.event, after);
    this.ahead.set(says.event, says.offset);
  }
}
