// What the tests of the node clients share: cases that are run one after the other and printed as
// TAP, a corelane-server of their own, and the clients from where tools/dev has put them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const caseTimeoutMs = 20_000;
const [, , serverPath, modulesDir] = process.argv;
const cases = [];

// The client named `name`, or null where it could not be fetched.
export function load(name) {
  const folder = resolve(modulesDir, 'node_modules');
  if (existsSync(join(folder, name))) return createRequire(join(folder, 'x'))(name);
  process.stdout.write(`1..0 # SKIP ${name} is not there; \`tools/dev test\` fetches it with npm\n`);
  return null;
}

export function test(name, run) {
  cases.push({ name, run });
}

function withinTime(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('the case takes too long')), caseTimeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Runs the cases on one server; each gets it, freshly flushed by whoever needs that.
export async function runOn(server) {
  process.stdout.write(`1..${cases.length}\n`);
  let failed = 0;
  for (const [index, { name, run }] of cases.entries()) {
    try {
      await withinTime(run(server));
      process.stdout.write(`ok ${index + 1} - ${name}\n`);
    } catch (error) {
      failed += 1;
      process.stdout.write(`not ok ${index + 1} - ${name}\n`);
      process.stderr.write(`${name}:\n${error.stack}\n`);
    }
  }
  await server.stop();
  // A client that a failed case has left behind must not keep the process alive.
  process.exit(failed ? 1 : 0);
}

// Warnings of node and of the clients, which a case may ask about.
export const warnings = [];
process.on('warning', (warning) => warnings.push(String(warning)));
for (const level of ['warn', 'error']) {
  console[level] = (...words) => warnings.push(words.join(' '));
}

export class Server {
  constructor(scheme, flags) {
    this.scheme = scheme;
    this.flags = flags;
    this.directory = mkdtempSync(join(tmpdir(), 'corelane-peers-'));
    this.port = 0;
  }

  async start() {
    this.process = spawn(
      serverPath,
      [...this.flags, `--listen=${this.scheme}://127.0.0.1:${this.port}`, '--data-dir',
        join(this.directory, 'data')],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface(this.process.stdout)) {
      const found = /^listening .*:(\d+)$/.exec(line);
      if (found) this.port = Number(found[1]);
      if (line === 'ready') return this;
    }
    throw new Error('corelane-server did not start');
  }

  async end() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await exited;
  }

  async restart() {
    await this.end();
    await this.start();
  }

  async stop() {
    await this.end();
    rmSync(this.directory, { recursive: true });
  }
}

// Unlike once() of node:events this one does not mind errors that come before.
export function happened(emitter, event) {
  return new Promise((done) => emitter.once(event, done));
}

// Asks until the answer is the wanted one; the limit is that of the case.
export async function eventually(ask, wanted) {
  for (;;) {
    const answer = await ask();
    if (Object.is(answer, wanted)) return;
    assert.notEqual(answer, undefined);
  }
}
