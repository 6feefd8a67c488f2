// The charts of runs: the percentile curve, latency and throughput over time, the heat map. Each
// function gives a figure, or nothing where the document lacks what the chart shows.

// ---- Reading a document ----

function isOpenLoop(run) {
  return run.load?.loop === 'open' || Boolean(run.all?.response);
}

// The latency that counts: response times of an open loop, service times of a closed one.
function latencyOf(run, operation = run.all) {
  return (isOpenLoop(run) ? operation?.response : operation?.service) ?? {};
}

function percentileOf(run, percent) {
  return numberOf(latencyOf(run).percentiles_us?.[`p${percent}`]);
}

// [[us, count]...] with everything else left out.
function bucketsOf(run, which = isOpenLoop(run) ? 'response_us' : 'service_us') {
  const buckets = run.latency?.[which];
  if (!Array.isArray(buckets)) return [];
  return buckets.filter((bucket) => numberOf(bucket?.[0]) > 0 && numberOf(bucket?.[1]) > 0);
}

// The buckets of several runs as those of one.
function mergedBuckets(lists) {
  const counts = new Map();
  for (const [micros, count] of lists.flat()) counts.set(micros, (counts.get(micros) ?? 0) + count);
  return [...counts].sort((a, b) => a[0] - b[0]);
}

function windowsOf(run) {
  return Array.isArray(run.windows) ? run.windows.map((one) => one ?? {}) : [];
}

// ---- The percentile curve ----

// The steps of the distribution: each bucket's value holds from the share of all answers below it
// to the share up to it. The largest value is where only one answer is left.
function stepsOf(buckets) {
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  const steps = [];
  let below = 0;
  for (const [micros, count] of buckets) {
    steps.push({from: below / total, to: Math.min((below + count) / total, 1 - 1 / total), micros});
    below += count;
  }
  return {steps, total};
}

// Steps that end in the same pixel are one.
function stepPoints({steps}, frame) {
  const points = [];
  let last = -1;
  steps.forEach(({from, to, micros}, i) => {
    const [x0, x1, y] = [frame.x.at(from), frame.x.at(Math.max(from, to)), frame.y.at(micros)];
    if (x1 - last < 0.5 && i + 1 < steps.length) return;
    points.push([x0, y], [x1, y]);
    last = x1;
  });
  return points;
}

function microsAt({steps}, share) {
  return (steps.find(({to}) => to >= share) ?? steps.at(-1)).micros;
}

function intervalsOf(run) {
  const intervals = Array.isArray(run.confidence_95) ? run.confidence_95 : [];
  return intervals.filter((one) => one?.percentile > 0 && one.percentile < 100 &&
      ['value_us', 'low_us', 'high_us'].every((name) => numberOf(one[name]) > 0));
}

// A share is known, at 95 % confidence, when this many answers or more lie beyond it: ln(2 / 0.05),
// as src/loadgen/order_statistics.h has it.
const kAnswersBeyondMin = 3.689;

// Up to the percentile that the answers carry a line is whole; beyond it rests on a few answers.
function drawCurve(frame, curve, classes) {
  const points = stepPoints(curve, frame);
  const end = frame.x.at(Math.max(0, 1 - kAnswersBeyondMin / curve.total));
  const cut = points.findIndex(([x]) => x > end);
  const at = cut < 0 ? points.length : cut;
  drawLine(frame, points.slice(0, at), classes);
  drawLine(frame, points.slice(Math.max(0, at - 1)), `${classes} beyond`);
}

function curveStops(frame, series, total) {
  const shares = [0.25, 0.5, 0.75, 0.9, 0.95];
  for (let part = 0.01; part >= 1 / total; part /= 10) shares.push(1 - part, 1 - part / 2);
  return shares.filter((share) => 1 - share >= 1 / total).map((share) => ({
    x: frame.x.at(share),
    title: `p${Number((share * 100).toPrecision(9))}`,
    rows: series.filter(({curve}) => 1 - share >= 0.999 / curve.total)
        .map(({classes, name, curve}) => [classes, name, timeText(microsAt(curve, share))]),
  }));
}

// `series`: [{name, classes, buckets, run}], with a run where its intervals are to be shown.
function percentileFigure(series, {name = 'percentiles', title = 'Latency by percentile', note} = {}) {
  const drawn = series.filter(({buckets}) => buckets.length > 0)
      .map((one) => ({...one, curve: stepsOf(one.buckets)}));
  if (drawn.length === 0) return '';
  const total = Math.max(...drawn.map(({curve}) => curve.total));
  const least = Math.min(...drawn.map(({buckets}) => buckets[0][0]));
  const most = Math.max(...drawn.map(({buckets}) => buckets.at(-1)[0]),
                        ...drawn.flatMap(({run}) => (run ? intervalsOf(run).map((one) => one.high_us) : [])));
  const legend = drawn.map(({classes, name: text}) => [classes, text]);
  const why = note ?? 'Each further nine takes as much room as the one before. Whiskers and band: 95 % confidence. ' +
      'Dashed: too few answers lie beyond to say more than that they were there.';
  return chartFigure({name, title, note: why, legend}, (width, host) => {
    const frame = makeFrame(width, {
      height: width < 500 ? 280 : 360, xTitle: 'percentile', yTitle: 'latency',
      label: `Latency by percentile of ${drawn.map((one) => one.name).join(', ')}`,
      makeX: (range) => percentileScale(1 - 1 / Math.max(2, total), range),
      makeY: (range, room) => logScale([least, most], range, {room}),
    });
    for (const {run, curve, classes} of drawn) {
      if (run) drawBand(frame, intervalEdges(frame, run, curve), classes);
    }
    for (const {curve, classes} of drawn) drawCurve(frame, curve, classes);
    for (const {run, classes, quiet} of drawn) {
      if (run && !quiet) drawIntervals(frame, run, classes);
    }
    addPointer(frame, host, curveStops(frame, drawn, total));
    return frame;
  });
}

// Between two percentiles that have an interval, the band is as wide, compared with the curve, as
// those are on the way from one to the other.
function intervalEdges(frame, run, curve) {
  const intervals = intervalsOf(run);
  const edges = [];
  intervals.forEach((one, i) => {
    const next = intervals[i + 1];
    const [from, to] = [one, next ?? one].map(({percentile}) => frame.x.at(percentile / 100));
    const parts = next ? Math.max(1, Math.round((to - from) / 6)) : 1;
    for (let part = 0; part < parts; ++part) {
      const way = part / parts;
      const micros = part === 0 ? one.value_us : microsAt(curve, frame.x.valueAt(from + way * (to - from)));
      const off = (name) => Math.exp((1 - way) * Math.log(one[name] / one.value_us) +
          way * Math.log((next ?? one)[name] / (next ?? one).value_us));
      edges.push([from + way * (to - from), frame.y.at(micros * off('low_us')), frame.y.at(micros * off('high_us'))]);
    }
  });
  return edges;
}

function drawIntervals(frame, run, classes) {
  for (const {percentile, value_us: value, low_us: low, high_us: high} of intervalsOf(run)) {
    const x = frame.x.at(percentile / 100);
    drawWhisker(frame, x, [frame.y.at(low), frame.y.at(high)], classes);
    drawDot(frame, [x, frame.y.at(value)], classes, 2.5);
  }
}

function runPercentileFigure(run) {
  const open = isOpenLoop(run);
  const series = [{name: open ? 'response time, from when it was due' : 'service time', classes: 's1',
                   buckets: bucketsOf(run), run}];
  if (open) {
    series.push({name: 'service time, from the send', classes: 's2 thin', buckets: bucketsOf(run, 'service_us')});
  }
  return percentileFigure(series);
}

// ---- Over time ----

function secondsScale(count, range, room) {
  return linearScale([0, count], range, {count: Math.min(room, 12), toText: (value) => `${+value.toFixed(2)}`});
}

const kOverTime = [['s2', 'max', 'max_us'], ['s1', 'p99', 'p99_us'], ['s3', 'p50', 'p50_us']];

const kPointsMax = 480;

// Of the seconds with an answer: [{at, title, p50_us, p99_us, max_us}]. Where there are more than can
// be told apart, one point stands for several, with the worst that each figure was in one of them.
function pointsOverTime(windows, length) {
  const points = [];
  for (let at = 0; at < windows.length; at += length) {
    const seconds = windows.slice(at, at + length).filter((one) => one.answered > 0 && one.max_us > 0);
    if (seconds.length === 0) continue;
    const worst = (name) => Math.max(...seconds.map((one) => numberOf(one[name]) ?? 0));
    const end = Math.min(windows.length, at + length);
    const title = length === 1 ? `second ${end}` : `seconds ${at + 1} to ${end}`;
    points.push({at: (at + end) / 2, title, p50_us: worst('p50_us'), p99_us: worst('p99_us'), max_us: worst('max_us')});
  }
  return points;
}

function latencyOverTimeFigure(run) {
  const windows = windowsOf(run);
  const length = Math.max(1, Math.ceil(windows.length / kPointsMax));
  const seen = pointsOverTime(windows, length);
  if (seen.length === 0) return '';
  const least = Math.min(...seen.map((one) => one.p50_us || one.max_us));
  const most = Math.max(...seen.map((one) => one.max_us));
  const legend = kOverTime.map(([classes, name]) => [classes, name]);
  const note = `${length === 1 ? 'Each second by itself' : `The worst second of every ${length}`}, by the time of the replies.`;
  return chartFigure({name: 'latency-over-time', title: 'Latency over time', note, legend}, (width, host) => {
    const frame = makeFrame(width, {
      height: 260, xTitle: 'seconds since counting began', yTitle: 'latency',
      label: 'Median, 99th percentile and maximum of each second',
      makeX: (range, room) => secondsScale(windows.length, range, room),
      makeY: (range, room) => logScale([least, most], range, {room}),
    });
    for (const [classes, , member] of kOverTime) {
      const points = seen.filter((one) => one[member] > 0).map((one) => [frame.x.at(one.at), frame.y.at(one[member])]);
      drawLine(frame, points, classes);
      if (points.length <= 60) for (const point of points) drawDot(frame, point, classes, 2);
    }
    addPointer(frame, host, seen.map((one) => ({
      x: frame.x.at(one.at), title: one.title,
      rows: kOverTime.map(([classes, name, member]) => [classes, name, timeText(one[member])]),
    })));
    return frame;
  });
}

// Seconds that the end of the run has cut short are told as if they had gone on; a stray reply after
// it is no throughput.
function throughputSeconds(run) {
  const measured = numberOf(run.measured_s) ?? Infinity;
  return windowsOf(run).map((one, i) => {
    const length = Math.min(1, measured - i);
    const perSecond = (count) => (length < 0.2 ? null : (numberOf(count) ?? 0) / length);
    return {at: i, answered: perSecond(one.answered), failed: numberOf(one.failed) ?? 0};
  });
}

function throughputFigure(run) {
  const seconds = throughputSeconds(run);
  if (seconds.length === 0) return '';
  const asked = isOpenLoop(run) ? numberOf(run.load?.asked_per_second) : null;
  const failed = seconds.some((one) => one.failed > 0);
  const most = Math.max(1, asked ?? 0, ...seconds.map((one) => Math.max(one.answered ?? 0, one.failed)));
  const legend = [['s1', 'answered']];
  if (failed) legend.push(['s2 block', 'failed']);
  if (asked !== null) legend.push(['muted dashed', 'asked, on average']);
  const note = failed ? 'What failed is in no latency above.' : 'Nothing failed in any second.';
  return chartFigure({name: 'throughput', title: 'Throughput over time', note, legend}, (width, host) => {
    const frame = makeFrame(width, {
      height: 200, xTitle: 'seconds since counting began', yTitle: 'operations a second',
      label: 'Operations answered and failed in each second',
      makeX: (range, room) => secondsScale(seconds.length, range, room),
      makeY: (range, room) => linearScale([0, most * 1.08], range, {count: Math.min(5, room)}),
    });
    drawFailures(frame, seconds);
    const known = seconds.filter((one) => one.answered !== null);
    const points = known.flatMap((one) => [one.at, one.at + 1].map((at) => [frame.x.at(at), frame.y.at(one.answered)]));
    drawLine(frame, points, 's1');
    if (asked !== null) drawLine(frame, [frame.left, frame.right].map((x) => [x, frame.y.at(asked)]), 'muted dashed');
    addPointer(frame, host, seconds.map((one) => ({
      x: frame.x.at(one.at + 0.5), title: `second ${one.at + 1}`,
      rows: [['s1', 'answered', one.answered === null ? 'after the end' : rateText(one.answered)],
             ['s2', 'failed', groupedText(one.failed)]],
    })));
    return frame;
  });
}

// Even one failure is seen: a bar is three pixels high at least.
function drawFailures(frame, seconds) {
  for (const {at, failed} of seconds.filter((one) => one.failed > 0)) {
    const height = Math.max(3, frame.bottom - frame.y.at(failed));
    const [left, right] = [frame.x.at(at), frame.x.at(at + 1)];
    frame.root.append(svg('rect', {
      x: left, width: Math.max(1, right - left - 1), y: frame.bottom - height, height, class: 'block s2',
    }));
  }
}

// ---- The heat map ----

// Where each of the eight shades begins, for maps with more and more in a cell.
const kHeatSteps = [[1, 2, 4, 8, 16, 32, 64, 128], [1, 3, 10, 30, 100, 300, 1e3, 3e3],
                    [1, 5, 25, 125, 600, 3e3, 15e3, 75e3], [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7]];
const kHeatColumnsMax = 240;

// Columns of one second each, or of several where there are too many: [{at, length, counts}].
function heatColumns(windows) {
  const length = Math.max(1, Math.ceil(windows.length / kHeatColumnsMax));
  const columns = [];
  windows.forEach((one, i) => {
    if (i % length === 0) columns.push({at: i, length, counts: new Map()});
    for (const bucket of Array.isArray(one.heat) ? one.heat : []) {
      const [index, count] = [numberOf(bucket?.[0]), numberOf(bucket?.[1])];
      if (index === null || index < 0 || !(count > 0)) continue;
      const {counts} = columns.at(-1);
      counts.set(index, (counts.get(index) ?? 0) + count);
    }
  });
  return columns;
}

function heatFigure(run) {
  const perDecade = numberOf(run.heat_scale?.buckets_per_decade);
  const lowest = numberOf(run.heat_scale?.lowest_us);
  const columns = heatColumns(windowsOf(run));
  const cells = columns.flatMap(({at, length, counts}) =>
      [...counts].map(([index, count]) => ({at, length, index, count})));
  if (!(perDecade > 0) || !(lowest > 0) || cells.length === 0) return '';
  const edge = (index) => lowest * 10 ** (index / perDecade);
  const most = cells.reduce((high, cell) => Math.max(high, cell.count), 0);
  const steps = kHeatSteps.find((list) => list.at(-1) * 2 > most) ?? kHeatSteps.at(-1);
  const shade = (count) => steps.findLastIndex((least) => count >= least);
  const indexes = cells.map((cell) => cell.index);
  const [low, high] = [edge(Math.min(...indexes)), edge(Math.max(...indexes) + 1)];
  const legend = steps.filter((least) => least <= most)
      .map((least, i) => [`heat h${i}`, i === 0 ? '1' : `${shortText(least)} +`]);
  const note = 'How many answers had which latency in which second; the shades are logarithmic, so that a single ' +
      'slow answer is seen.';
  return chartFigure({name: 'heat-map', title: 'Heat map', note, legend}, (width, host) => {
    const frame = makeFrame(width, {
      height: 300, xTitle: 'seconds since counting began', yTitle: 'latency',
      label: 'Number of answers by second and latency',
      makeX: (range, room) => secondsScale(windowsOf(run).length, range, room),
      makeY: (range, room) => logScale([low, high], range, {room}),
    });
    const stops = cells.map((cell) => drawHeatCell(frame, cell, edge, shade));
    addPointer(frame, host, stops);
    return frame;
  });
}

function drawHeatCell(frame, {at, length, index, count}, edge, shade) {
  const [left, right] = [frame.x.at(at), Math.min(frame.right, frame.x.at(at + length))];
  const [top, bottom] = [frame.y.at(edge(index + 1)), frame.y.at(edge(index))];
  const classes = `heat h${shade(count)}`;
  frame.root.append(svg('rect', {x: left, y: top, width: right - left, height: bottom - top, class: classes}));
  const seconds = length === 1 ? `second ${at + 1}` : `seconds ${at + 1} to ${at + length}`;
  return {x: (left + right) / 2, y: (top + bottom) / 2, title: seconds,
          rows: [[classes, timeRangeText(edge(index), edge(index + 1)), `${groupedText(count)} answers`]]};
}
