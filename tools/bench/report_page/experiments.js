// What the page shows of each kind of document: the summary, then charts, tables, environment and
// command. Each function fills a section.

const kRampClasses = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6'];
const kSeriesClasses = ['s1', 's2', 's3', 's4', 's5', 's6'];

function rampClass(index, count) {
  if (count === 1) return kRampClasses.at(-1);
  return kRampClasses[Math.round(index * (kRampClasses.length - 1) / (count - 1))];
}

function nameOf(figure) {
  return typeof figure.name === 'string' ? figure.name : '–';
}

// ---- A run ----

const kVerdictWords = {
  VALID: 'These figures are the server’s.',
  'GENERATOR-LIMITED': 'The generator was the limit: these figures are its own.',
  SATURATED: 'More was asked than the server could do.',
  FAILING: 'Operations failed, or reads were wrong; what failed is in no latency.',
};

function loadText(run) {
  const load = run.load ?? {};
  const plural = (count, word) => (count === undefined ? '' : `${groupedText(count)} ${word}${count === 1 ? '' : 's'}`);
  const loop = isOpenLoop(run) ? `open loop${load.spacing ? `, ${load.spacing} arrivals` : ''}` : 'closed loop';
  return [loop, plural(load.connections, 'connection'), load.pipeline === undefined ? '' : `pipeline ${load.pipeline}`,
          plural(load.threads, 'thread'), plural(load.keys, 'key'),
          `${durationText(run.measured_s)} counted after ${durationText(load.warmup_s ?? 0)} of warm-up`]
      .filter(Boolean).join(' · ');
}

function targetText(run) {
  const targets = run.load?.targets;
  return Array.isArray(targets) && targets.length > 0 ? targets.join(', ') : 'A run';
}

function failedOf(operation) {
  return ['errors', 'timeouts', 'lost'].reduce((sum, name) => sum + (numberOf(operation?.[name]) ?? 0), 0);
}

function countsText(run) {
  const failed = failedOf(run.all);
  const never = numberOf(run.generator?.never_started) ?? 0;
  const answered = `${groupedText(run.all.answered)} answered`;
  if (failed + never === 0) return `${answered}, none failed.`;
  return `${answered}; ${groupedText(run.all.errors)} errors, ${groupedText(run.all.timeouts)} timeouts, ` +
      `${groupedText(run.all.lost)} lost with their connection, ${groupedText(never)} never started.`;
}

function warningText(document_) {
  const warning = document_.environment?.warning;
  return warning ? `Warning: ${warning}` : '';
}

function rateTile(run) {
  const achieved = achievedOf(run);
  const asked = numberOf(run.load?.asked_per_second);
  if (!isOpenLoop(run) || !(asked > 0)) return tile('achieved', rateText(achieved), 'as fast as it was answered');
  const below = isMet({rate: asked, run}) ? `asked: ${rateText(asked)}` : `${shareText(achieved / asked)} of ${rateText(asked)} asked`;
  return tile('achieved', rateText(achieved), below);
}

function percentileTile(run, percent) {
  const interval = intervalsOf(run).find((one) => one.percentile === percent);
  const value = numberOf(interval?.value_us) ?? percentileOf(run, percent);
  if (value === null) return tile(`p${percent}`, '–', 'too few answers');
  return tile(`p${percent}`, timeText(value), interval ? timeRangeText(interval.low_us, interval.high_us) : '');
}

function runTiles(run) {
  return make('div', {class: 'tiles'}, rateTile(run), ...[50, 95, 99, 99.9].map((percent) => percentileTile(run, percent)),
              tile('max', timeText(latencyOf(run).max_us), 'the slowest answer'));
}

const kTablePercents = ['50', '90', '95', '99', '99.9', '99.99'];

function latencyCells(latency) {
  return [...kTablePercents.map((percent) => timeText(latency?.percentiles_us?.[`p${percent}`])), timeText(latency?.max_us)];
}

function operationsPart(run) {
  const open = isOpenLoop(run);
  const rows = Object.entries(run.operations ?? {}).map(([name, figures]) =>
      [name, groupedText(figures.answered), groupedText(failedOf(figures)), ...latencyCells(latencyOf(run, figures))]);
  const counts = [groupedText(run.all.answered), groupedText(failedOf(run.all))];
  if (open) rows.push(['all, response', ...counts, ...latencyCells(run.all.response)]);
  rows.push([open ? 'all, service' : 'all', ...counts, ...latencyCells(run.all.service)]);
  const columns = ['', 'answered', 'failed', ...kTablePercents.map((percent) => `p${percent}`), 'max'];
  const reads = (run.all.hits ?? 0) + (run.all.misses ?? 0) > 0 ?
      make('p', {}, `Reads: ${groupedText(run.all.hits)} hits, ${groupedText(run.all.misses)} misses.`) : '';
  const error = run.first_error ? make('p', {}, 'The first error: ', make('code', {}, run.first_error)) : '';
  return part('Operations', table(columns, rows), reads, error);
}

function intervalsPart(run) {
  const intervals = intervalsOf(run);
  if (intervals.length === 0) return '';
  const rows = intervals.map((one) =>
      [`p${one.percentile}`, timeText(one.value_us), timeText(one.low_us), timeText(one.high_us)]);
  return part('95 % confidence', table(['', 'measured', 'at least', 'at most'], rows, 'narrow'),
              make('p', {}, 'A percentile is told where the answers carry it.'));
}

function secondsFold(run) {
  const windows = windowsOf(run);
  if (windows.length === 0) return '';
  return fold('Every second as a table', () => table(
      ['second', 'answered', 'failed', 'under way', 'behind', 'p50', 'p99', 'max'],
      windows.map((one, i) => [String(i + 1), groupedText(one.answered), groupedText(one.failed),
                               groupedText(one.under_way), timeText(one.behind_us),
                               ...['p50_us', 'p99_us', 'max_us'].map((name) => (one.answered > 0 ? timeText(one[name]) : '–'))])));
}

function lagSummary(generator) {
  if (!generator) return null;
  const {lag, ...rest} = generator;
  const percentiles = lag?.percentiles_us ?? {};
  const told = Object.entries(percentiles).map(([name, micros]) => `${name} ${timeText(micros)}`).join(', ');
  return {...rest, ...(told ? {'started late by': told} : {})};
}

function runCharts(run) {
  return [runPercentileFigure(run), latencyOverTimeFigure(run), heatFigure(run), throughputFigure(run)].filter(Boolean);
}

function runTables(run) {
  return make('div', {}, operationsPart(run), intervalsPart(run), secondsFold(run),
              make('div', {class: 'columns'}, genericPart('Server process', run.server),
                   genericPart('Generator', lagSummary(run.generator)), genericPart('Calibration', run.calibration),
                   genericPart('Verification', run.verify)));
}

function runSection(run, level) {
  const is = String(run.verdict?.is ?? '');
  return make('section', {class: 'document'},
      headline({level, eyebrow: `corelane-bench run · ${momentText(run.begun_unix_ms)}`, title: targetText(run), is,
                words: kVerdictWords[is] ?? '', because: run.verdict?.because, lines: [loadText(run), countsText(run), warningText(run)]}),
      runTiles(run), ...runCharts(run), runTables(run), tail(run));
}

// A run inside of an experiment.
function runFold(title, run) {
  if (!run?.all) return '';
  return fold(title, () => make('div', {class: 'inner'}, runTiles(run), ...runCharts(run), runTables(run)));
}

function foldsPart(folds) {
  return folds.some(Boolean) ? part('Each run by itself', ...folds) : '';
}

// ---- Sweep ----

function sweepSection(sweep, level) {
  const points = sweep.points.filter((point) => point?.run?.all);
  const knee = sweep.knee;
  const best = Math.max(0, ...points.map(({run}) => achievedOf(run) ?? 0));
  const met = points.filter(isSound).at(-1);
  const rows = points.map((point) =>
      [rateText(askedOf(point)), rateText(achievedOf(point.run)),
       ...['50', '95', '99', '99.9'].map((percent) => timeText(percentileOf(point.run, percent))),
       timeText(latencyOf(point.run).max_us), point.run.verdict?.is ? chip(String(point.run.verdict.is)) : '']);
  const curves = points.map(({run, rate}, i) => ({
    name: rateText(rate), classes: rampClass(i, points.length), buckets: bucketsOf(run),
  }));
  return make('section', {class: 'document'},
      headline({level, eyebrow: `corelane-bench sweep · ${momentText(sweep.begun_unix_ms)}`,
                title: points.length > 0 ? targetText(points[0].run) : 'A sweep of rates',
                words: knee ? `The knee is at ${rateText(knee.rate)}.` : 'No knee was found.', because: knee?.because,
                lines: [`${points.length} rates, each a run of its own`, points.length > 0 ? loadText(points[0].run) : '',
                        warningText(sweep)]}),
      make('div', {class: 'tiles'}, tile('knee', knee ? rateText(knee.rate) : '–'), tile('most answered', rateText(best)),
           tile('highest valid rate', met ? rateText(askedOf(met)) : '–'),
           tile('p99 there', met ? timeText(percentileOf(met.run, 99)) : '–'),
           tile('p99 at the lowest', points.length > 0 ? timeText(percentileOf(points[0].run, 99)) : '–')),
      sweepFigure({...sweep, points}),
      percentileFigure(curves, {name: 'percentiles', title: 'Latency by percentile, at each rate',
                                note: 'The darker, the higher the rate that was asked for; in the dark, the lighter.'}),
      part('The rates', table(['asked', 'achieved', 'p50', 'p95', 'p99', 'p99.9', 'max', ''], rows)),
      foldsPart(points.map((point) => runFold(`${rateText(point.rate)}, run as number ${valueText(point.order)}`, point.run))),
      tail(sweep));
}

// ---- Find-max ----

function findMaxSection(search, level) {
  const steps = search.steps.filter((step) => step !== null && typeof step === 'object');
  const found = numberOf(search.found_per_second);
  const rows = steps.map((step, i) =>
      [String(i + 1), rateText(step.rate), rateText(achievedOf(step.run)), step.holds ? 'holds' : 'does not hold',
       timeText(percentileOf(step.run ?? {}, 50)), timeText(percentileOf(step.run ?? {}, 99)),
       step.because ?? '']);
  const first = steps.find((step) => step.run?.load)?.run;
  const all = {...search, steps};
  return make('section', {class: 'document'},
      headline({level, eyebrow: `corelane-bench find-max · ${momentText(search.begun_unix_ms)}`,
                title: first ? targetText(first) : 'The highest rate',
                words: found === null ? `No rate holds ${search.goal}.` : `${rateText(found)} holds ${search.goal}.`,
                because: search.because, lines: [first ? loadText(first) : '', warningText(search)]}),
      make('div', {class: 'tiles'}, tile('found', rateText(found)), tile('goal', String(search.goal ?? '–')),
           tile('tries', String(steps.length)), tile('held', String(steps.filter((step) => step.holds).length))),
      goalFigure(all), searchFigure(all),
      part('The tries', table(['try', 'asked', 'achieved', 'goal', 'p50', 'p99', 'because'], rows, 'reasons')),
      foldsPart(steps.map((step, i) => runFold(`try ${i + 1}: ${rateText(step.rate)}`, step.run))), tail(search));
}

// ---- Compare ----

// A side without a label of its own has its target for one, which may be that of the other as well.
function labelsOf(comparison) {
  const labels = ['a', 'b'].map((side) => comparison[side]?.label || side.toUpperCase());
  return labels[0] === labels[1] ? ['A', 'B'] : labels;
}

function sideText(side) {
  return [...new Set([side?.label, side?.target, side?.server])].filter(Boolean).join(' · ') || '–';
}

function compareSection(comparison, level) {
  const rounds = (Array.isArray(comparison.rounds) ? comparison.rounds : []).filter((round) => round?.a && round?.b);
  const labels = labelsOf(comparison);
  const names = ['A', 'B'].map((side, i) => (labels[i] === side ? side : `${side}: ${labels[i]}`));
  const is = String(comparison.verdict?.is ?? '');
  const rows = comparison.figures.map((figure) =>
      [nameOf(figure), unitText(figure.a_median, figure.unit), unitText(figure.b_median, figure.unit),
       numberOf(figure.ratio) === null ? '–' : changeText(figure.ratio),
       figure.low > 0 && figure.high > 0 ? `${changeText(figure.low)} … ${changeText(figure.high)}` : '–',
       figure.verdict ? chip(String(figure.verdict)) : '']);
  const side = (name, label, classes) => ({
    name: label, classes, buckets: mergedBuckets(rounds.map((round) => bucketsOf(round[name]))),
  });
  return make('section', {class: 'document'},
      headline({level, eyebrow: `corelane-bench compare · ${momentText(comparison.begun_unix_ms)}`,
                title: `${labels[1]} against ${labels[0]}`, is, words: is ? `B: ${is}.` : '',
                because: comparison.verdict?.because,
                lines: [`A: ${sideText(comparison.a)}`, `B: ${sideText(comparison.b)}`,
                        `${rounds.length} rounds, A and B in turns · ${rounds.length > 0 ? loadText(rounds[0].a) : ''}`, warningText(comparison)]}),
      compareFigure({...comparison, rounds}),
      part('Figures', table(['', ...names, 'B against A', 'interval', ''], rows)),
      percentileFigure([side('a', names[0], 's1'), side('b', names[1], 's2')],
                       {name: 'percentiles', note: 'All rounds of each side together.'}),
      foldsPart(rounds.flatMap((round, i) => ['a', 'b'].map((name, j) =>
          runFold(`round ${i + 1} (${round.order ?? '–'}${round.left_out ? ', left out' : ''}), ${names[j]}`, round[name])))),
      tail(comparison));
}

// ---- Repeat ----

function repeatSection(repetition, level) {
  const rounds = (Array.isArray(repetition.rounds) ? repetition.rounds : []).filter((run) => run?.all);
  const rows = repetition.figures.map((figure) =>
      [nameOf(figure), ...['median', 'low', 'high', 'least', 'most'].map((name) => unitText(figure[name], figure.unit)),
       figure.median > 0 ? shareText((figure.most - figure.least) / figure.median) : '–']);
  const each = rounds.map((run, i) =>
      [String(i + 1), ...repetition.figures.map((figure) => unitText(figureOf(run, figure.name), figure.unit))]);
  const curves = rounds.map((run, i) => ({
    name: `round ${i + 1}`, classes: `${rampClass(i, rounds.length)} thin`, buckets: bucketsOf(run),
  }));
  return make('section', {class: 'document'},
      headline({level, eyebrow: `corelane-bench repeat · ${momentText(repetition.begun_unix_ms)}`,
                title: rounds.length > 0 ? targetText(rounds[0]) : 'A repetition', words: `${rounds.length} rounds of the same run.`,
                lines: [rounds.length > 0 ? loadText(rounds[0]) : '', warningText(repetition)]}),
      repeatFigure({...repetition, rounds}),
      part('Figures', table(['', 'median', '95 % from', 'to', 'least', 'most', 'range'], rows)),
      percentileFigure(curves, {name: 'percentiles', title: 'Latency by percentile, round by round', note: ''}),
      each.length > 0 ? part('Every round', table(['round', ...repetition.figures.map((figure) => nameOf(figure))], each)) : '',
      foldsPart(rounds.map((run, i) => runFold(`round ${i + 1}`, run))), tail(repetition));
}
