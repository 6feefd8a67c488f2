// memjs at work on a memcache listener of corelane-server. It speaks memcache's binary protocol and
// no other.

import assert from 'node:assert/strict';

import { Server, eventually, load, runOn, test, warnings } from './harness.mjs';

const keys = 500;

function connected(memjs, server) {
  return memjs.Client.create(`127.0.0.1:${server.port}`, {
    retries: 2, timeout: 5, logger: { log: (line) => warnings.push(line) },
  });
}

function cases(memjs) {
  test('values with flags and binary bytes', async (server) => {
    const client = connected(memjs, server);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const big = Buffer.alloc(500_000, bytes);
    assert.equal(await client.set('k', 'v', {}), true);
    assert.deepEqual((await client.get('k')).value, Buffer.from('v'));
    assert.equal(await client.set('big', big, {}), true);
    assert.deepEqual((await client.get('big')).value, big);
    assert.equal((await client.get('missing')).value, null);
    client.close();
  });

  test('add, replace, append, delete', async (server) => {
    const client = connected(memjs, server);
    await client.flush();
    assert.equal(await client.replace('k', 'v', {}), false);
    assert.equal(await client.add('k', 'a', {}), true);
    assert.equal(await client.add('k', 'x', {}), false);
    // Its prepend sends the opcode of append.
    assert.equal(await client.append('k', 'bc'), true);
    await assert.rejects(client.append('missing', 'x'), /Item not stored/);
    assert.equal((await client.get('k')).value.toString(), 'abc');
    assert.equal(await client.replace('k', 'w', {}), true);
    assert.equal(await client.delete('k'), true);
    assert.equal(await client.delete('k'), false);
    client.close();
  });

  test('counters', async (server) => {
    const client = connected(memjs, server);
    await client.flush();
    assert.deepEqual(await client.increment('n', 5, { initial: 10 }), { success: true, value: 10 });
    assert.deepEqual(await client.increment('n', 5, {}), { success: true, value: 15 });
    assert.deepEqual(await client.decrement('n', 20, {}), { success: true, value: 0 });
    assert.equal((await client.get('n')).value.toString().trim(), '0');
    await client.set('word', 'x', {});
    await assert.rejects(client.increment('word', 1, {}));
    client.close();
  });

  test('many requests at once', async (server) => {
    const client = connected(memjs, server);
    await client.flush();
    const numbers = Array.from({ length: keys }, (_, i) => i);
    await Promise.all(numbers.map((i) => client.set(`key:${i}`, `value ${i}`, {})));
    const found = await Promise.all(numbers.map((i) => client.get(`key:${i}`)));
    found.forEach(({ value }, i) => assert.equal(value.toString(), `value ${i}`));
    client.close();
  });

  test('expiry and touch', async (server) => {
    const client = connected(memjs, server);
    await client.set('brief', 'v', { expires: 1 });
    await client.set('longer', 'v', { expires: 1 });
    assert.equal(await client.touch('longer', 100), true);
    assert.equal(await client.touch('missing', 100), false);
    await eventually(async () => (await client.get('brief')).value, null);
    assert.equal((await client.get('longer')).value.toString(), 'v');
    client.close();
  });

  test('figures and flush', async (server) => {
    const client = connected(memjs, server);
    await client.set('k', 'v', {});
    const figures = await new Promise((done, fail) => {
      client.stats((error, _, stats) => (error ? fail(error) : done(stats)));
    });
    assert.ok(Number(figures.curr_items) >= 1);
    assert.equal(figures.version, '1.6.18');
    await client.flush();
    assert.equal((await client.get('k')).value, null);
    client.close();
  });

  test('it reconnects to a restarted server and finds its data', async (server) => {
    const client = connected(memjs, server);
    await client.set('kept', 'value', {});
    await server.restart();
    const ask = async () => {
      try {
        return String((await client.get('kept')).value);
      } catch (error) {
        return error.message;  // it has to find out first that its connection is gone
      }
    };
    await eventually(ask, 'value');
    client.close();
  });

  test('no warning was printed', async () => {
    // What it says of the connection that went away is its logger's business, not a warning of ours.
    assert.deepEqual(warnings.filter((line) => !line.startsWith('MemJS')), []);
  });
}

const memjs = load('memjs');
if (memjs) {
  cases(memjs);
  await runOn(await new Server('memcache', ['--shards=2', '--fsync=os']).start());
}
