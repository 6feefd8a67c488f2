// The page: one section for each document, and before them, where there are several, what they say
// beside each other.

const kSections = {
  'corelane-bench run 1': runSection,
  'corelane-bench sweep 1': sweepSection,
  'corelane-bench find-max 1': findMaxSection,
  'corelane-bench compare 1': compareSection,
  'corelane-bench repeat 1': repeatSection,
};

// "/tmp/a.json" is a.
function shortName(name) {
  return name.replace(/^.*\//, '').replace(/\.json$/, '');
}

// What an experiment has found, in a few words.
function findingOf(one) {
  if (one.verdict?.is) return chip(String(one.verdict.is));
  if (numberOf(one.found_per_second) !== null) return `${rateText(one.found_per_second)} holds ${one.goal}`;
  if (numberOf(one.knee?.rate) !== null) return `knee at ${rateText(one.knee.rate)}`;
  return Array.isArray(one.rounds) ? `${one.rounds.length} rounds` : '';
}

function overview(documents) {
  const runs = documents.filter(({document: one}) => one.format === 'corelane-bench run 1' && bucketsOf(one).length > 0);
  const rows = documents.map(({name, document: one}, i) => {
    const link = make('a', {href: `#document-${i + 1}`}, shortName(name));
    const kind = String(one.format).split(' ')[1];
    if (kind !== 'run') return [link, kind, '', '', '', '', '', findingOf(one)];
    return [link, kind, isOpenLoop(one) ? rateText(one.load?.asked_per_second) : 'closed loop', rateText(achievedOf(one)),
            ...['50', '99', '99.9'].map((percent) => timeText(percentileOf(one, percent))), findingOf(one)];
  });
  const curves = runs.map(({name, document: one}, i) => ({
    name: shortName(name), buckets: bucketsOf(one), run: one, quiet: runs.length > 3,
    classes: runs.length <= kSeriesClasses.length ? kSeriesClasses[i] : rampClass(i, runs.length),
  }));
  return make('section', {class: 'document'},
      make('header', {class: 'headline'}, make('p', {class: 'eyebrow'}, 'corelane-bench report'),
           make('h1', {}, `${documents.length} results`)),
      table(['', 'kind', 'asked', 'achieved', 'p50', 'p99', 'p99.9', ''], rows),
      runs.length > 1 ? percentileFigure(curves, {name: 'joined', title: 'Latency by percentile, all runs'}) : '');
}

// One document that lacks what it cannot do without leaves the others as they are.
function documentSection({name, document: one}, level, index) {
  let section;
  try {
    section = kSections[one.format](one, level);
  } catch (error) {
    console.error(error);
    section = make('section', {class: 'document'}, make(level, {}, shortName(name)),
                   make('p', {}, `This document cannot be shown: ${error.message}`));
  }
  section.id = `document-${index + 1}`;
  return section;
}

function showReport() {
  const documents = JSON.parse(document.getElementById('data').textContent);
  const report = document.getElementById('report');
  if (documents.length > 1) report.append(overview(documents));
  documents.forEach((one, i) => report.append(documentSection(one, documents.length > 1 ? 'h2' : 'h1', i)));
  document.title = `${report.querySelector('h1').textContent} – corelane-bench`;
  drawCharts(report);
}
