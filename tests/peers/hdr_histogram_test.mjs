// Reads the files of the load generator with hdr-histogram-js, which shares no code with it: the
// percentiles of the .hlog are ours, and the text it makes of them is our .hgrm.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { load, runOn, test } from './harness.mjs';

const writerPath = process.argv[2];
const intervals = 8;
const startMs = 1_700_000_000_250;
const bits = 64;  // of a count
// The runs of seeds 20 to 27 are plain; among 1 to 8 are one with the largest value there is and
// one with a count over 2^32.
const seeds = [20, 1];

class Files {
  constructor(seed) {
    this.folder = mkdtempSync(join(tmpdir(), 'corelane-hdr-'));
    execFileSync(writerPath, [this.folder, String(seed)]);
    this.log = readFileSync(join(this.folder, 'run.hlog'), 'utf8');
    this.text = readFileSync(join(this.folder, 'run.hgrm'), 'utf8');
    const lines = readFileSync(join(this.folder, 'run.txt'), 'utf8').trim().split('\n');
    this.figures = new Map(lines.map((line) => line.split(' ')).map(([k, v]) => [k, Number(v)]));
    rmSync(this.folder, { recursive: true });
  }
}

function read(hdr, log) {
  const reader = new hdr.HistogramLogReader(log, bits);
  const histograms = [];
  for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) {
    histograms.push(next);
  }
  return histograms;
}

function merged(hdr, histograms) {
  const whole = hdr.build({
    lowestDiscernibleValue: 1, highestTrackableValue: 3_600_000_000_000,
    numberOfSignificantValueDigits: 3, bitBucketSize: bits,
  });
  histograms.forEach((histogram) => whole.add(histogram));
  return whole;
}

function cases(hdr, seed) {
  const files = new Files(seed);
  const histograms = read(hdr, files.log);

  test(`run ${seed}: every interval is read, with its time and its tag`, async () => {
    assert.equal(histograms.length, intervals);
    histograms.forEach((histogram, i) => {
      assert.equal(histogram.startTimeStampMsec, startMs + i * 1000);
      assert.equal(histogram.endTimeStampMsec, startMs + (i + 1) * 1000);
      assert.equal(histogram.tag, ['NO TAG', 'read', 'update'][i % 3]);
      assert.equal(histogram.lowestDiscernibleValue, 1);
      assert.equal(histogram.highestTrackableValue, 3_600_000_000_000);
      assert.equal(histogram.numberOfSignificantValueDigits, 3);
    });
    assert.deepEqual(hdr.listTags(files.log), ['NO TAG', 'read', 'update']);
  });

  test(`run ${seed}: the percentiles of the whole are ours`, async () => {
    const whole = merged(hdr, histograms);
    assert.equal(whole.totalCount, files.figures.get('count'));
    assert.ok(files.figures.size > 10);
    for (const [name, value] of files.figures) {
      if (name === 'count') continue;
      // We know the smallest and the largest value, where it knows their buckets.
      const theirs = name === 'min' ? whole.minNonZeroValue
        : name === 'max' ? whole.maxValue : whole.getValueAtPercentile(Number(name));
      assert.equal(
        whole.highestEquivalentValue(theirs), whole.highestEquivalentValue(value), name);
    }
  });

  test(`run ${seed}: the text of the percentiles is ours`, async () => {
    assert.equal(merged(hdr, histograms).outputPercentileDistribution(5, 1e6), files.text);
  });
}

const hdr = load('hdr-histogram-js');
if (hdr) {
  seeds.forEach((seed) => cases(hdr, seed));
  await runOn({ stop: async () => {} });
}
