// The charts of experiments: throughput against latency, the search for the highest rate, ratios of
// a comparison, and the rounds of a repetition.

// ---- Sweep ----

const kSweepPercents = [['s2', '99.9'], ['s1', '99'], ['s3', '50']];

// The achieved rate counts as what was asked for when this much of it is there.
const kMetShare = 0.98;

function askedOf(point) {
  return numberOf(point.rate) ?? numberOf(point.run?.load?.asked_per_second);
}

function achievedOf(run) {
  return numberOf(run?.all?.per_second);
}

function isMet(point) {
  return !(askedOf(point) > 0) || achievedOf(point.run) >= askedOf(point) * kMetShare;
}

// Whether the point tells of the server at the rate that was asked for.
function isSound(point) {
  return isMet(point) && (point.run.verdict?.is ?? 'VALID') === 'VALID';
}

function sweepFigure(sweep) {
  const points = sweep.points.filter((point) => achievedOf(point.run) > 0 && percentileOf(point.run, 50) > 0);
  if (points.length === 0) return '';
  const values = points.flatMap(({run}) => kSweepPercents.map(([, percent]) => percentileOf(run, percent)))
      .filter((value) => value > 0);
  const achieved = Math.max(...points.map(({run}) => achievedOf(run)));
  const most = Math.min(achieved * 1.4, Math.max(achieved, ...points.map((point) => askedOf(point) ?? 0))) * 1.05;
  const legend = kSweepPercents.map(([classes, percent]) => [classes, `p${percent}`]);
  if (!points.every(isSound)) legend.push(['muted hollow', 'not VALID, or less than was asked']);
  if (!points.every(isMet)) legend.push(['s1 dotted', 'to the rate that was asked for']);
  const note = 'Latency is an answer to a rate. To the right of the knee, waiting grows faster than work gets done.';
  return chartFigure({name: 'throughput-latency', title: 'Throughput and latency', note, legend}, (width, host) => {
    const frame = makeFrame(width, {
      height: width < 500 ? 300 : 380, xTitle: 'operations answered a second', yTitle: 'latency',
      label: 'Latency percentiles by the rate that was achieved',
      makeX: (range, room) => linearScale([0, most], range, {count: Math.min(room, 8)}),
      makeY: (range, room) => logScale([Math.min(...values), Math.max(...values)], range, {room}),
    });
    if (numberOf(sweep.knee?.rate) !== null) {
      drawUpright(frame, Math.min(sweep.knee.rate, most), `knee: ${rateText(sweep.knee.rate)}`, 'knee');
    }
    for (const [classes, percent] of kSweepPercents) drawSweepLine(frame, points, classes, percent);
    addPointer(frame, host, points.map((point) => sweepStop(frame, point)));
    return frame;
  });
}

function drawSweepLine(frame, points, classes, percent) {
  const place = ({run}) => [frame.x.at(achievedOf(run)), frame.y.at(percentileOf(run, percent))];
  const told = points.filter(({run}) => percentileOf(run, percent) > 0);
  drawLine(frame, told.map(place), classes);
  for (const point of told) {
    const [x, y] = place(point);
    if (percent === '99' && !isMet(point)) {
      drawAsked(frame, [x, y], Math.min(frame.right, frame.x.at(askedOf(point))), askedOf(point));
    }
    drawDot(frame, [x, y], isSound(point) ? classes : `${classes} hollow`);
  }
}

// From what was achieved to what was asked for, which is named where there is room for it.
function drawAsked(frame, [x, y], end, asked) {
  drawLine(frame, [[x + 5, y], [end, y]], 's1 asked');
  const text = `${shortText(asked)} asked`;
  if (end - x > text.length * kCharacterPixels) frame.root.append(svg('text', {x: end, y: y - 7, class: 'note end'}, text));
}

function sweepStop(frame, point) {
  return {
    x: frame.x.at(achievedOf(point.run)),
    y: frame.y.at(percentileOf(point.run, 99) ?? percentileOf(point.run, 50)),
    title: isMet(point) ? rateText(achievedOf(point.run)) :
                          `${rateText(achievedOf(point.run))} of ${rateText(askedOf(point))} asked`,
    rows: [...kSweepPercents.map(([classes, percent]) =>
               [classes, `p${percent}`, timeText(percentileOf(point.run, percent))]),
           ...(isSound(point) ? [] : [['muted', String(point.run.verdict?.is ?? ''), '']])],
  };
}

// ---- Find-max ----

const kGoalUnits = {ns: 1e-3, us: 1, 'µs': 1, ms: 1e3, s: 1e6};

// "p99<1ms,p99.9<5ms": [{percent: '99', micros: 1000}, ...]. Other goals have no line.
function goalsOf(text) {
  const goals = String(text ?? '').matchAll(/p(\d+(?:\.\d+)?)\s*<=?\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s)\b/g);
  return [...goals].map(([, percent, number, unit]) => ({percent, micros: number * kGoalUnits[unit]}));
}

function goalFigure(search) {
  const goals = goalsOf(search.goal);
  const goal = goals[0] ?? {percent: '99', micros: null};
  const steps = search.steps.map((step, i) => ({...step, number: i + 1}))
      .filter((step) => step.rate > 0 && percentileOf(step.run ?? {}, goal.percent) > 0);
  if (steps.length === 0) return '';
  const values = [...steps.map((step) => percentileOf(step.run, goal.percent)), ...(goal.micros ? [goal.micros] : [])];
  const most = Math.max(...steps.map((step) => step.rate)) * 1.08;
  const legend = [['s1 point', 'holds the goal'], ['s2 crossed', 'does not']];
  return chartFigure({name: 'goal', title: `p${goal.percent} of each rate that was tried`, legend}, (width, host) => {
    const frame = makeFrame(width, {
      height: 300, xTitle: 'operations asked for a second', yTitle: `p${goal.percent}`,
      label: `Latency of each rate that was tried, and the goal ${search.goal}`,
      makeX: (range, room) => linearScale([0, most], range, {count: Math.min(room, 8)}),
      makeY: (range, room) => logScale([Math.min(...values), Math.max(...values)], range, {room}),
    });
    if (goal.micros) drawLevel(frame, goal.micros, `goal: ${timeTickText(goal.micros)}`, 'goal');
    if (search.found_per_second > 0) {
      drawUpright(frame, search.found_per_second, `found: ${rateText(search.found_per_second)}`, 'knee');
    }
    for (const step of steps) {
      const place = [frame.x.at(step.rate), frame.y.at(percentileOf(step.run, goal.percent))];
      if (step.holds) drawDot(frame, place, 's1', 4.5);
      else drawCross(frame, place, 's2');
    }
    addPointer(frame, host, steps.map((step) => ({
      x: frame.x.at(step.rate), y: frame.y.at(percentileOf(step.run, goal.percent)),
      title: `try ${step.number}: ${rateText(step.rate)}`,
      rows: [[step.holds ? 's1' : 's2', `p${goal.percent}`, timeText(percentileOf(step.run, goal.percent))]],
    })));
    return frame;
  });
}

function searchFigure(search) {
  const steps = search.steps.filter((step) => step.rate > 0);
  if (steps.length === 0) return '';
  const most = Math.max(...steps.map((step) => step.rate)) * 1.08;
  const legend = [['s1 point', 'holds the goal'], ['s2 crossed', 'does not']];
  return chartFigure({name: 'search', title: 'The search, try by try', legend}, (width, host) => {
    const frame = makeFrame(width, {
      height: 230, xTitle: 'try', yTitle: 'operations asked for a second', label: 'The rate of each try',
      makeX: (range, room) => linearScale([0.5, steps.length + 0.5], range,
          {count: Math.min(room, steps.length), toText: (value) => (Number.isInteger(value) ? `${value}` : '')}),
      makeY: (range, room) => linearScale([0, most], range, {count: Math.min(5, room)}),
    });
    if (search.found_per_second > 0) drawLevel(frame, search.found_per_second, 'found', 'knee');
    const places = steps.map((step, i) => [frame.x.at(i + 1), frame.y.at(step.rate)]);
    drawLine(frame, places, 'muted');
    steps.forEach((step, i) => {
      if (step.holds) drawDot(frame, places[i], 's1', 4.5);
      else drawCross(frame, places[i], 's2');
    });
    addPointer(frame, host, steps.map((step, i) => ({
      x: places[i][0], title: `try ${i + 1}: ${rateText(step.rate)}`,
      rows: [[step.holds ? 's1' : 's2', step.holds ? 'holds' : 'does not hold', '']],
    })));
    return frame;
  });
}

// ---- Ratios and rounds ----

// The value that a figure has in one run, found by the name of the figure; null where the name says
// nothing to this page.
function figureOf(run, name) {
  const words = String(name).toLowerCase();
  if (/cpu/.test(words)) return numberOf(run?.server?.cpu_us_per_answer);
  const latency = /service/.test(words) ? run?.all?.service : latencyOf(run ?? {});
  const percent = /\bp(\d+(?:\.\d+)?)/.exec(words);
  if (percent) return numberOf(latency?.percentiles_us?.[`p${percent[1]}`]);
  if (/mean/.test(words)) return numberOf(latency?.mean_us);
  if (/\bmax/.test(words)) return numberOf(latency?.max_us);
  return /throughput|answered|per second|rate/.test(words) ? achievedOf(run) : null;
}

// Rows of dots around 1, each with its interval as a band: [{name, low, middle, high, dots, classes,
// text}]. The scale is that of ratios: twice is as far from 1 as half.
function ratioFigure(rows, {name, title, note, legend, xTitle}) {
  if (rows.length === 0) return '';
  const values = rows.flatMap((row) => [row.low, row.middle, row.high, ...row.dots]).filter((value) => value > 0);
  const reach = Math.max(1.02, ...values.map((value) => Math.max(value, 1 / value))) ** 1.12;
  return chartFigure({name, title, note, legend}, (width, host) => {
    const left = width < 500 ? 92 : 150;
    const right = width < 500 ? 14 : 170;
    const rowHeight = 38;
    const frame = makeFrame(width, {
      height: rows.length * rowHeight + 64, left, right, xTitle, yTitle: '', label: title,
      makeX: (range, room) => ratioScale(reach, range, room),
      makeY: (range) => ({...linearScale([rows.length, 0], [range[0], range[1]]), ticks: []}),
    });
    frame.root.append(svg('line', {x1: frame.x.at(1), x2: frame.x.at(1), y1: frame.top, y2: frame.bottom, class: 'mark one'}));
    rows.forEach((row, i) => drawRatioRow(frame, row, frame.top + (i + 0.5) * (frame.bottom - frame.top) / rows.length));
    addPointer(frame, host, rows.map((row, i) => ({
      x: frame.x.at(row.middle), y: frame.top + (i + 0.5) * (frame.bottom - frame.top) / rows.length, title: row.name,
      rows: [[row.classes, 'ratio', row.middle.toFixed(3)],
             [`${row.classes} block`, 'interval', `${row.low.toFixed(3)} – ${row.high.toFixed(3)}`]],
    })));
    return frame;
  });
}

function changeTickText(ratio) {
  const percent = +((ratio - 1) * 100).toFixed(2);
  return percent === 0 ? 'the same' : `${percent < 0 ? '−' : '+'}${Math.abs(percent)}\u00a0%`;
}

function ratioScale(reach, range, room) {
  const size = Math.log(reach);
  const at = (value) => range[0] + (Math.log(value) / size + 1) / 2 * (range[1] - range[0]);
  const ticks = reach > 3 ? logTicks(1 / reach, reach, room, (value) => `×${+value.toPrecision(2)}`) :
      linearTicks(1 / reach, reach, Math.max(5, Math.min(8, room)), changeTickText);
  return {at, low: 1 / reach, high: reach, ticks};
}

function drawRatioRow(frame, row, y) {
  const [low, middle, high] = [row.low, row.middle, row.high].map((value) => frame.x.at(value));
  frame.root.append(svg('rect', {
    x: low, width: Math.max(2, high - low), y: y - 8, height: 16, rx: 3, class: `interval ${row.classes}`,
  }));
  row.dots.forEach((dot, i) => drawDot(frame, [frame.x.at(dot), y + (i % 3 - 1) * 4], `${row.classes} round`, 2.2));
  frame.root.append(svg('line', {x1: middle, x2: middle, y1: y - 11, y2: y + 11, class: `median ${row.classes}`}));
  frame.root.append(svg('text', {x: 0, y: y + 4, class: 'name'}, row.name));
  if (frame.width >= 500) frame.root.append(svg('text', {x: frame.right + 16, y: y + 4, class: 'note'}, row.text));
}

const kRatioClass = {faster: 's1', slower: 's2'};

function compareFigure(comparison) {
  const rounds = (Array.isArray(comparison.rounds) ? comparison.rounds : []).filter((round) => !round.left_out);
  const rows = comparison.figures.filter((figure) => figure.ratio > 0 && figure.low > 0 && figure.high > 0)
      .map((figure) => ({
        name: nameOf(figure), low: figure.low, middle: figure.ratio, high: figure.high,
        dots: rounds.map((round) => figureOf(round.b, figure.name) / figureOf(round.a, figure.name))
            .filter((ratio) => ratio > 0 && ratio < Infinity),
        classes: kRatioClass[figure.verdict] ?? 'muted',
        text: `${changeText(figure.ratio)}  ${figure.verdict ?? ''}`,
      }));
  const legend = [['s1 block', 'B is faster'], ['s2 block', 'B is slower'], ['muted block', 'no difference is shown'],
                  ['muted point', 'one round']];
  return ratioFigure(rows, {
    name: 'ratios', title: 'B against A', legend, xTitle: 'B compared with A',
    note: 'The bar is the mean ratio, the band its interval. Of a throughput more is better, of a time less.',
  });
}

function repeatFigure(repetition) {
  const rounds = Array.isArray(repetition.rounds) ? repetition.rounds : [];
  const rows = repetition.figures.filter((figure) => figure.median > 0).map((figure) => ({
    name: nameOf(figure), middle: 1,
    low: (figure.low > 0 ? figure.low : figure.median) / figure.median,
    high: (figure.high > 0 ? figure.high : figure.median) / figure.median,
    dots: rounds.map((run) => figureOf(run, figure.name) / figure.median).filter((ratio) => ratio > 0 && ratio < Infinity),
    classes: 's1', text: unitText(figure.median, figure.unit),
  }));
  return ratioFigure(rows, {
    name: 'rounds', title: 'The rounds', legend: [['s1 block', '95 % interval of the median'], ['s1 point', 'one round']],
    xTitle: 'compared with the median', note: 'Each figure against its own median: how far one round is from another.',
  });
}
