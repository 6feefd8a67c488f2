// node-redis at work on corelane-server: its handshake, both versions of the protocol, pipelines,
// transactions, scanning, expiry, binary data, a pool, and a server that goes away and comes back.

import assert from 'node:assert/strict';

import { Server, eventually, happened, load, runOn, test, warnings } from './harness.mjs';

const keys = 1000;

async function connected(redis, server, options = {}) {
  const client = redis.createClient({
    ...options,
    socket: { port: server.port, reconnectStrategy: () => 5, ...options.socket },
  });
  client.on('error', () => {});  // what goes wrong is seen by the commands that wait
  return client.connect();
}

function cases(redis) {
  for (const RESP of [2, 3]) {
    test(`values of all kinds in RESP${RESP}`, async (server) => {
      const client = await connected(redis, server, { RESP, name: 'values' });
      await client.flushAll();
      assert.equal(await client.set('k', 'v'), 'OK');
      assert.equal(await client.get('k'), 'v');
      assert.equal(await client.get('missing'), null);
      assert.equal(
        await client.set('k', 'w', { expiration: { type: 'EX', value: 100 }, condition: 'NX' }),
        null);
      assert.equal(await client.set('k', 'w', { GET: true }), 'v');
      assert.deepEqual(await client.mGet(['k', 'missing']), ['w', null]);
      assert.equal(await client.mSet({ a: '1', b: '2' }), 'OK');
      assert.equal(await client.incrBy('a', 41), 42);
      assert.equal(await client.incrByFloat('a', 0.5), '42.5');
      assert.equal(await client.append('k', 'x'), 2);
      assert.equal(await client.setBit('bits', 7, 1), 0);
      assert.equal(await client.bitCount('bits'), 1);
      assert.equal(await client.lcs('a', 'a'), '42.5');
      assert.equal(await client.getDel('k'), 'wx');
      assert.equal(await client.clientGetName(), 'values');
      assert.equal((await client.configGet('save')).save, '');
      assert.equal((await client.clientInfo()).name, 'values');
      assert.match(await client.info(), /loading:0/);
      await client.close();
    });

    test(`a pipeline with an error in its middle in RESP${RESP}`, async (server) => {
      const client = await connected(redis, server, { RESP });
      await client.flushAll();
      const numbers = Array.from({ length: keys }, (_, i) => i);
      const replies = await Promise.allSettled([
        ...numbers.map((i) => client.set(`key:${i}`, String(i))),
        client.incrBy('key:1', 'nonsense'),
        ...numbers.map((i) => client.get(`key:${i}`)),
      ]);
      assert.equal(replies[keys].reason.message, 'ERR value is not an integer or out of range');
      assert.deepEqual(replies.slice(keys + 1).map(({ value }) => value), numbers.map(String));
      client.destroy();
    });

    test(`transactions and watched keys in RESP${RESP}`, async (server) => {
      const client = await connected(redis, server, { RESP });
      const other = await client.duplicate().on('error', () => {}).connect();
      await client.flushAll();
      assert.deepEqual(await client.multi().set('k', '1').incr('k').get('k').exec(),
        ['OK', 2, '2']);
      await client.watch('k');
      await other.set('k', 'changed');
      await assert.rejects(client.multi().set('k', 'mine').exec(), redis.WatchError);
      assert.equal(await client.get('k'), 'changed');
      client.destroy();
      other.destroy();
    });
  }

  test('a pool of connections', async (server) => {
    const pool = redis.createClientPool({ socket: { port: server.port } }, { maximum: 5 });
    await pool.connect();
    await pool.flushAll();
    await Promise.all(Array.from({ length: 100 }, () => pool.incr('n')));
    assert.equal(await pool.get('n'), '100');
    await pool.close();
  });

  test('binary keys and values', async (server) => {
    const client = await connected(redis, server);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const big = Buffer.alloc(500_000, bytes);
    const binary = client.withTypeMapping({ [redis.RESP_TYPES.BLOB_STRING]: Buffer });
    await binary.set(bytes, big);
    assert.deepEqual(await binary.get(bytes), big);
    assert.deepEqual(await binary.getRange(bytes, 0, 255), bytes);
    assert.equal(await client.unlink(bytes), 1);
    client.destroy();
  });

  test('expiry', async (server) => {
    const client = await connected(redis, server);
    await client.set('brief', 'v', { expiration: { type: 'PX', value: 20 } });
    await eventually(() => client.get('brief'), null);
    await client.setEx('long', 100, 'v');
    assert.ok(await client.pTTL('long') > 90_000);
    assert.equal(await client.persist('long'), 1);
    assert.equal(await client.ttl('long'), -1);
    client.destroy();
  });

  test('scan iterators', async (server) => {
    const client = await connected(redis, server);
    await client.flushAll();
    await Promise.all(Array.from({ length: keys }, (_, i) => client.mSet(
      { [`scan:${i}`]: 'v', [`other:${i}`]: 'v' })));
    const found = new Set();
    for await (const part of client.scanIterator({ MATCH: 'scan:*', COUNT: 50 })) {
      part.forEach((key) => found.add(key));
    }
    assert.equal(found.size, keys);
    client.destroy();
  });

  test('dump and restore', async (server) => {
    const client = await connected(redis, server);
    const binary = client.withTypeMapping({ [redis.RESP_TYPES.BLOB_STRING]: Buffer });
    await client.set('k', 'a value '.repeat(100));
    const dumped = await binary.dump('k');
    assert.equal(await client.restore('copy', 0, dumped, { REPLACE: true }), 'OK');
    assert.equal(await client.get('copy'), 'a value '.repeat(100));
    client.destroy();
  });

  test('what is not supported is an error and nothing worse', async (server) => {
    const client = await connected(redis, server);
    await assert.rejects(client.lPush('l', 'a'), /ERR unknown command 'LPUSH'/);
    assert.equal(await client.ping(), 'PONG');
    client.destroy();
  });

  test('it reconnects to a restarted server and finds its data', async (server) => {
    const client = await connected(redis, server);
    await client.set('kept', 'value');
    const back = happened(client, 'ready');
    await server.restart();
    await back;
    assert.equal(await client.get('kept'), 'value');
    client.destroy();
  });

  test('no warning was printed', async () => assert.deepEqual(warnings, []));
}

const redis = load('redis');
if (redis) {
  cases(redis);
  await runOn(await new Server('resp', ['--shards=2', '--fsync=os']).start());
}
