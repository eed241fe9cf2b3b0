// Reads the coded frames of a whole recording with the reader beside it, which knows PROTOCOL.md and none of our C++, and
// compares how its events end.
//
//   touchline bench bytes RECORDING --frames FILE && node tests/golden/coded_frames.mjs FILE

import { readFileSync } from 'node:fs';
import { Bytes, State } from './block.mjs';
import { Model, applyUpdate, readPrior } from './coded.mjs';

const source = (name) => readFileSync(new URL(`../../core/coded/${name}`, import.meta.url), 'latin1');
export const prior = () => readPrior(source('prior_slots.cpp'), source('prior_texts.cpp'), source('likely_steps.inc'));

// Calls take(handle, form, bytes) for the items of a run of frames; form 0 block, 1 first of a group, 2 later.
export function readFrames(buffer, take) {
  const bytes = new Bytes(buffer);
  let last = 0n;
  while (!bytes.done()) {
    const first = bytes.byte();
    if (first < 0x80) throw new Error('no deltas frame');
    const size = (first & 0x3f) === 0x3f ? bytes.v() : BigInt(first & 0x3f);
    const body = new Bytes(bytes.take(size));
    if (first & 0x40) {
      take(last, 2, body.take(size));
      continue;
    }
    while (!body.done()) {
      let head = body.v(), form = 2;
      if (head === 1n) [form, head] = [body.byte(), body.v()];
      if (head === 0n) {
        body.v();
        continue;
      }
      last = head >> 1n;
      take(last, form, body.take(head & 1n ? body.left() : body.v()));
    }
  }
}

function main(path) {
  const states = new Map(), models = new Map(), trained = prior();
  let updates = 0;
  readFrames(readFileSync(path), (handle, form, bytes) => {
    if (form === 0) throw new Error('a block, which the benchmark does not write');
    if (!states.has(handle)) states.set(handle, new State());
    if (form === 1) models.set(handle, new Model(trained));
    applyUpdate(models.get(handle), form === 1, states.get(handle), bytes);
    ++updates;
  });
  const lines = readFileSync(`${path}.states`, 'latin1').trim().split('\n');
  for (const line of lines) {
    const [handle, seq, time, digest] = line.split(' ').map(BigInt);
    const state = states.get(handle);
    if (state?.seq !== seq || state.time !== time || state.digest() !== digest) throw new Error(`event ${handle} differs`);
  }
  if (states.size !== lines.length) throw new Error('another number of events');
  console.log(`${updates} updates of ${states.size} events agree`);
}

if (process.argv[1]?.endsWith('coded_frames.mjs')) main(process.argv[2]);
