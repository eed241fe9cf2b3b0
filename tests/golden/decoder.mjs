// Checks the golden vectors with the readers beside it, which know PROTOCOL.md and none of our C++.
//
//   node tests/golden/decoder.mjs tests/golden/*.json

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Malformed, State, applyBlock, fnv1a64, mix64, pack, tickFloor, tickPrice, Bytes } from './block.mjs';
import { Model, applyUpdate } from './coded.mjs';
import { prior } from './coded_frames.mjs';
import { nextFrame, readFrame } from './frame.mjs';
import { Compressed, Subscriber } from './subscriber.mjs';

const CAUSES = ['source', 'recovery', 'conflated_upstream', 'operator', 'feed_health'];

const bytesOf = (hex) => Buffer.from([hex].flat().join(''), 'hex');
const hex16 = (number) => number.toString(16).padStart(16, '0');

function expect(what, got, wanted) {
  if (got !== wanted) throw new Error(`${what}: ${got} instead of ${wanted}`);
}
function expectRefused(what, read) {
  try {
    read();
  } catch (error) {
    if (error instanceof Malformed) return;
    throw error;
  }
  throw new Error(`${what} was not refused`);
}

function stateOf(json) {
  const state = new State();
  for (const { at, int, text } of json.cells) {
    state.set(pack(...at.map(BigInt)), int === undefined ? Buffer.from(text) : BigInt(int));
  }
  [state.seq, state.time] = [BigInt(json.seq), BigInt(json.source_time_ms)];
  return state;
}
function expectState(state, json) {
  const wanted = stateOf(json);
  const show = ([address, value]) => `${address.toString(16)}=${typeof value === 'bigint' ? value : `"${value}"`}`;
  const sorted = (cells) => [...cells].sort(([a], [b]) => (a < b ? -1 : 1)).map(show).join(' ');
  expect('cells', sorted(state.cells), sorted(wanted.cells));
  expect('seq', state.seq, wanted.seq);
  expect('source time', state.time, wanted.time);
  expect('digest', hex16(state.digest()), json.digest);
}

// What a message says, with the vectors' spelling of numbers.
function spelled(value, name) {
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) return value.map((element) => spelled(element));
  if (typeof value === 'bigint') return name === 'digest' ? hex16(value) : value.toString();
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, spelled(inner, key)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
function joined(value, name) {
  if (name === 'data' || name === 'block') return [value].flat().join('');
  if (Array.isArray(value)) return value.map((element) => joined(element));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, joined(inner, key)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function* numbers({ zigzag, ticks, prices_of_ticks: prices, hashes, cells }) {
  for (const { value, zigzag: bytes } of zigzag) {
    yield [`zigzag ${value}`, () => expect('value', new Bytes(bytesOf(bytes)).z(), BigInt(value))];
  }
  for (const { price, floor, is_tick } of ticks) {
    yield [`tick of ${price}`, () => {
      expect('floor', tickFloor(BigInt(price)), BigInt(floor));
      expect('is a tick', tickPrice(tickFloor(BigInt(price))) === BigInt(price), is_tick);
    }];
  }
  yield ['prices of ticks', () => prices.forEach((price, tick) => {
    expect(`price of ${tick}`, tickPrice(BigInt(tick)), BigInt(price));
    expect(`tick of ${price}`, tickFloor(BigInt(price)), BigInt(tick));
  })];
  for (const [call, hash] of Object.entries(hashes)) {
    const [name, of] = [call.slice(0, call.indexOf(' ')), call.slice(call.indexOf(' ') + 1)];
    yield [call, () => expect('hash', hex16(name === 'mix64' ? mix64(BigInt(of)) : fnv1a64(Buffer.from(of))), hash)];
  }
  for (const { packed, state } of cells) {
    yield [`cell ${packed}`, () => {
      expect('packed', stateOf(state).cells.keys().next().value, BigInt(packed));
      expect('digest', hex16(stateOf(state).digest()), state.digest);
    }];
  }
}

function* blocks(vectors) {
  for (const vector of vectors) {
    yield [vector.name, () => {
      const before = stateOf(vector.before), block = bytesOf(vector.block);
      expect('digest before', hex16(before.digest()), vector.before.digest);
      const { after, header } = applyBlock(before, block);
      expect('class', header.critical ? 'critical' : 'price', vector.class);
      expect('cause', CAUSES[header.cause], vector.cause);
      expect('merged', header.count, BigInt(vector.merged));
      expectState(after, vector.after);
      for (let size = 0; size < block.length; ++size) {
        expectRefused(`${size} bytes of it`, () => applyBlock(before, block.subarray(0, size)));
      }
    }];
  }
}

function* coded(vectors) {
  const trained = prior();
  for (const vector of vectors) {
    yield [vector.name, () => {
      const state = stateOf(vector.before), model = new Model(trained);
      vector.updates.forEach((update, i) => {
        const read = applyUpdate(model, i === 0, state, bytesOf(update.bytes));
        expect('class', read.critical ? 'critical' : 'price', update.class);
        expect('cause', CAUSES[read.cause], update.cause);
        expect('digest', hex16(state.digest()), update.digest);
      });
      expectState(state, vector.after);
    }];
  }
}

function* brokenBlocks({ before, blocks: vectors }) {
  for (const { name, block } of vectors) {
    yield [name, () => expectRefused('block', () => applyBlock(stateOf(before), bytesOf(block)))];
  }
}

function* frames(vectors) {
  for (const { name, kind, bytes, says } of vectors) {
    yield [name, () => {
      const frame = nextFrame(bytesOf(bytes));
      expect('kind', frame.kind, kind);
      expect('size', frame.size, bytesOf(bytes).length);
      expect('says', JSON.stringify(spelled(readFrame(frame))), JSON.stringify(joined(says)));
      for (let size = 0; size < frame.size; ++size) {
        expect('frame in a part', nextFrame(bytesOf(bytes).subarray(0, size)), undefined);
      }
    }];
  }
}

function* brokenFrames(vectors) {
  for (const { name, bytes } of vectors) {
    yield [name, () => expectRefused('frame', () => readFrame(nextFrame(bytesOf(bytes))))];
  }
}

function subscriberAt(offset) {
  const subscriber = new Subscriber();
  subscriber.take('welcome', { version: 1n, epoch: 1n, offset: BigInt(offset), resume: 'keyframes',
    codedPrior: 1n });
  return subscriber;
}

function* keyframes(vectors) {
  for (const { name, event, offset, frames: parts, state } of vectors) {
    yield [name, () => {
      const subscriber = subscriberAt(offset);
      for (const { bytes } of parts) subscriber.receive(bytesOf(bytes));
      expectState(subscriber.states.get(BigInt(event)), state);
    }];
  }
}

// What the subscriber said in the conversation, as this one would say it.
function said(frame) {
  const says = readFrame(frame);
  switch (frame.kind) {
    case 'hello': return ['hello', says.hasPosition ? { epoch: says.epoch, offset: says.offset } : undefined];
    case 'resync': return ['resync', says.event];
    case 'ack': return ['ack', says.offset];
    default: return [frame.kind, says.nonce];
  }
}

function* conversations(vectors) {
  for (const { name, connections, epoch, offset, events } of vectors) {
    yield [name, () => {
      let subscriber;
      for (const connection of connections) {
        for (const { from, frame: kind, bytes } of connection) {
          const frame = nextFrame(bytesOf(bytes));
          expect('frame', frame.kind, kind);
          if (from === 'publisher') {
            expect('bytes left', subscriber.receive(bytesOf(bytes)).length, 0);
            continue;
          }
          if (kind === 'hello') {
            const { events: a, sports: b, competitions: c } = readFrame(frame);
            const filtered = [...a, ...b, ...c].length > 0;
            if (subscriber) subscriber.connect(); else subscriber = new Subscriber({ filtered });
          }
          if (kind === 'ack') subscriber.sent.push(['ack', subscriber.offset]);
          const wanted = JSON.stringify(spelled(said(frame)));
          expect('sends', JSON.stringify(spelled(subscriber.sent.shift())), wanted);
        }
        expect('sends more', JSON.stringify(spelled(subscriber.sent)), '[]');
      }
      expect('epoch', subscriber.epoch ?? 0n, BigInt(epoch));
      expect('offset', subscriber.offset ?? 0n, BigInt(offset));
      expect('events', subscriber.states.size, events.length);
      for (const { event, state } of events) expectState(subscriber.states.get(BigInt(event)), state);
    }];
  }
}

function* brokenConversations(vectors) {
  for (const { name, frames: parts } of vectors) {
    yield [name, () => {
      const subscriber = new Subscriber();
      for (const { bytes } of parts.slice(0, -1)) subscriber.receive(bytesOf(bytes));
      expectRefused('last frame', () => subscriber.receive(bytesOf(parts.at(-1).bytes)));
    }];
  }
}

const CHECKS = { numbers, blocks, coded, broken_blocks: brokenBlocks, frames, broken_frames: brokenFrames, keyframes,
  conversations, broken_conversations: brokenConversations };

let passed = 0, failed = 0, skipped = 0;
for (const path of process.argv.slice(2)) {
  const file = basename(path, '.json');
  for (const [name, check] of CHECKS[file](JSON.parse(readFileSync(path, 'utf8')))) {
    try {
      check();
      ++passed;
    } catch (error) {
      if (error instanceof Compressed) {
        console.log(`${file}: ${name}: skipped, there is no zstd here`);
        ++skipped;
        continue;
      }
      console.log(`${file}: ${name}: ${error instanceof Malformed ? `refused: ${error.message}` : error.stack}`);
      ++failed;
    }
  }
}
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
