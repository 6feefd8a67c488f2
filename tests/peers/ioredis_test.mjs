// ioredis at work on corelane-server: its handshake, both versions of the protocol, pipelines,
// transactions, scanning, expiry, binary data, and a server that goes away and comes back.

import assert from 'node:assert/strict';

import { Server, eventually, happened, load, runOn, test, warnings } from './harness.mjs';

const keys = 1000;

function connected(Redis, server, options = {}) {
  return new Redis({ port: server.port, ...options });
}

function cases(Redis) {
  for (const protocol of [2, 3]) {
    test(`values of all kinds in RESP${protocol}`, async (server) => {
      const redis = connected(Redis, server, { protocol, connectionName: 'values' });
      await redis.flushall();
      assert.equal(await redis.set('k', 'v'), 'OK');
      assert.equal(await redis.get('k'), 'v');
      assert.equal(await redis.get('missing'), null);
      assert.equal(await redis.set('k', 'w', 'EX', 100, 'NX'), null);
      assert.equal(await redis.set('k', 'w', 'GET'), 'v');
      assert.deepEqual(await redis.mget('k', 'missing'), ['w', null]);
      assert.equal(await redis.mset({ a: '1', b: '2' }), 'OK');
      assert.equal(await redis.incrby('a', 41), 42);
      assert.equal(await redis.incrbyfloat('a', 0.5), '42.5');
      assert.equal(await redis.append('k', 'x'), 2);
      assert.equal(await redis.setbit('bits', 7, 1), 0);
      assert.equal(await redis.bitcount('bits'), 1);
      assert.equal(await redis.getdel('k'), 'wx');
      assert.equal(await redis.client('GETNAME'), 'values');
      assert.deepEqual(await redis.config('GET', 'save'), ['save', '']);
      assert.match(await redis.info(), /loading:0/);
      assert.equal(await redis.quit(), 'OK');
    });

    test(`a pipeline with an error in its middle in RESP${protocol}`, async (server) => {
      const redis = connected(Redis, server, { protocol });
      await redis.flushall();
      const pipeline = redis.pipeline();
      for (let i = 0; i < keys; i += 1) pipeline.set(`key:${i}`, i);
      pipeline.incrby('key:1', 'nonsense');
      for (let i = 0; i < keys; i += 1) pipeline.get(`key:${i}`);
      const replies = await pipeline.exec();
      assert.equal(replies.length, 2 * keys + 1);
      assert.match(replies[keys][0].message, /^ERR value is not an integer or out of range$/);
      replies.slice(keys + 1).forEach(([error, value], i) => {
        assert.deepEqual([error, value], [null, String(i)]);
      });
      redis.disconnect();
    });

    test(`transactions and watched keys in RESP${protocol}`, async (server) => {
      const redis = connected(Redis, server, { protocol });
      const other = redis.duplicate();
      await redis.flushall();
      assert.deepEqual(await redis.multi().set('k', '1').incr('k').get('k').exec(),
        [[null, 'OK'], [null, 2], [null, '2']]);
      await redis.watch('k');
      await other.set('k', 'changed');
      assert.equal(await redis.multi().set('k', 'mine').exec(), null);
      assert.equal(await redis.get('k'), 'changed');
      await assert.rejects(redis.multi().set('k').exec(), /EXECABORT/);
      redis.disconnect();
      other.disconnect();
    });
  }

  test('RESP3 maps as objects', async (server) => {
    const redis = connected(Redis, server, { protocol: 3, replyMapping: 'resp3' });
    assert.deepEqual(await redis.config('GET', 'save'), { save: '' });
    const hello = await redis.call('HELLO');
    assert.equal(hello.proto, 3);
    redis.disconnect();
  });

  test('commands that are pipelined on their own', async (server) => {
    const redis = connected(Redis, server, { enableAutoPipelining: true });
    const numbers = Array.from({ length: keys }, (_, i) => i);
    await Promise.all(numbers.map((i) => redis.set(`auto:${i}`, `value ${i}`)));
    const values = await Promise.all(numbers.map((i) => redis.get(`auto:${i}`)));
    assert.deepEqual(values, numbers.map((i) => `value ${i}`));
    redis.disconnect();
  });

  test('binary keys and values', async (server) => {
    const redis = connected(Redis, server);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const big = Buffer.alloc(500_000, bytes);
    await redis.set(bytes, big);
    assert.deepEqual(await redis.getBuffer(bytes), big);
    assert.deepEqual(await redis.getrangeBuffer(bytes, 0, 255), bytes);
    assert.equal(await redis.unlink(bytes), 1);
    redis.disconnect();
  });

  test('expiry', async (server) => {
    const redis = connected(Redis, server);
    await redis.set('brief', 'v', 'PX', 20);
    await eventually(() => redis.get('brief'), null);
    await redis.set('long', 'v', 'EX', 100);
    assert.ok(await redis.pttl('long') > 90_000);
    assert.equal(await redis.persist('long'), 1);
    assert.equal(await redis.ttl('long'), -1);
    redis.disconnect();
  });

  test('scan streams', async (server) => {
    const redis = connected(Redis, server);
    await redis.flushall();
    const pipeline = redis.pipeline();
    for (let i = 0; i < keys; i += 1) pipeline.set(`scan:${i}`, i).set(`other:${i}`, i);
    await pipeline.exec();
    const found = new Set();
    for await (const part of redis.scanStream({ match: 'scan:*', count: 50 })) {
      part.forEach((key) => found.add(key));
    }
    assert.equal(found.size, keys);
    redis.disconnect();
  });

  test('what is not supported is an error and nothing worse', async (server) => {
    const redis = connected(Redis, server);
    await assert.rejects(redis.lpush('l', 'a'), /^ReplyError: ERR unknown command 'lpush'/);
    redis.defineCommand('twice', { numberOfKeys: 1, lua: 'return 1' });
    await assert.rejects(redis.twice('k'), /ERR unknown command 'eval/);
    assert.equal(await redis.ping(), 'PONG');
    redis.disconnect();
  });

  test('it reconnects to a restarted server and finds its data', async (server) => {
    const redis = connected(Redis, server, { retryStrategy: () => 5 });
    redis.on('error', () => {});  // that the server is away is what this is about
    await redis.set('kept', 'value');
    const away = happened(redis, 'close');
    await server.restart();
    await away;
    assert.equal(await redis.get('kept'), 'value');
    redis.disconnect();
  });

  test('no warning was printed', async () => assert.deepEqual(warnings, []));
}

const Redis = load('ioredis');
if (Redis) {
  cases(Redis);
  await runOn(await new Server('resp', ['--shards=2', '--fsync=os']).start());
}
