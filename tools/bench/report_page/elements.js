// The parts of the page that are no charts. All text goes through make(), as text: a command line
// or a server's error is never read as HTML.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

// `columns` are names; a row is a list of cells, texts or elements. The first column is of names,
// the others of numbers.
function table(columns, rows, classes = '') {
  const head = make('tr', {}, ...columns.map((name) => make('th', {scope: 'col'}, name)));
  const body = rows.map(([name, ...cells]) =>
      make('tr', {}, make('th', {scope: 'row'}, name), ...cells.map((cell) => make('td', {}, cell))));
  return make('div', {class: 'wide'},
              make('table', {class: classes}, make('thead', {}, head), make('tbody', {}, ...body)));
}

// [[name, text], ...] in two columns.
function facts(pairs) {
  const rows = pairs.map(([name, text]) => make('div', {}, make('dt', {}, name), make('dd', {}, text)));
  return make('dl', {class: 'facts'}, ...rows);
}

function part(title, ...children) {
  return make('section', {class: 'part'}, make('h3', {}, title), ...children);
}

// Shut at first; its charts are drawn when it is opened.
function fold(title, fill) {
  const details = make('details', {}, make('summary', {}, title));
  details.addEventListener('toggle', () => {
    if (!details.open) return;
    if (details.children.length === 1) details.append(fill());
    drawCharts(details);
  });
  return details;
}

function tile(label, value, below = '', classes = '') {
  return make('div', {class: `tile ${classes}`}, make('span', {class: 'label'}, label),
              make('span', {class: 'value'}, value), make('span', {class: 'below'}, below));
}

const kGood = ['VALID', 'faster', 'found'];
const kBad = ['FAILING', 'slower', 'GENERATOR-LIMITED'];

const kNeutral = ['no difference', 'too few rounds'];

function verdictClass(is) {
  if (kNeutral.includes(is)) return 'neutral';
  if (kGood.includes(is)) return 'good';
  return kBad.includes(is) ? 'bad' : 'fair';
}

// The shape says the same as the colour.
function chip(is) {
  const shape = {good: '●', bad: '■', fair: '◆', neutral: '○'}[verdictClass(is)];
  return make('span', {class: `chip ${verdictClass(is)}`}, make('i', {'aria-hidden': 'true'}, shape), is);
}

function headline({level, eyebrow, title, is, words, because, lines}) {
  return make('header', {class: 'headline'}, make('p', {class: 'eyebrow'}, eyebrow), make(level, {}, title),
              make('p', {class: 'verdict'}, is ? chip(is) : '', words ? make('strong', {}, words) : ''),
              because ? make('p', {class: 'because'}, because) : '',
              ...lines.filter(Boolean).map((line) => make('p', {class: 'line'}, line)));
}

// ---- Whatever a document holds beside what this page knows ----

function valueText(value) {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return Number.isInteger(value) ? groupedText(value) : String(+value.toPrecision(6));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

// The units that names of members end in, or have before "_per_".
const kNameUnits = [[/_ns(?=_per_|$)/, (value) => timeText(value / 1e3)], [/_us(?=_per_|$)/, timeText],
                    [/_ms(?=_per_|$)/, (value) => timeText(value * 1e3)], [/_s$/, (value) => timeText(value * 1e6)],
                    [/_bytes$/, bytesText],
                    [/_percent$/, (value) => `${+value.toPrecision(3)}\u00a0%`]];

// ["resident_bytes", 31e6] gives ["resident", "31.0 MB"]. Underlines are blanks, as people write.
function namedValue(name, value) {
  const unit = numberOf(value) === null ? undefined : kNameUnits.find(([pattern]) => pattern.test(name));
  const words = (unit ? name.replace(unit[0], '') : name).replaceAll('_', ' ');
  return [words, unit ? unit[1](value) : valueText(value)];
}

// {"a": {"b": 1}} gives [["a, b", "1"]].
function flatten(value, name = '', depth = 0) {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || depth > 4) return [namedValue(name, value)];
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, name ? `${name}, ${key}` : key, depth + 1));
}

function genericPart(title, value) {
  if (value === null || value === undefined) return '';
  const pairs = flatten(value, typeof value === 'object' ? '' : title).filter(([, text]) => text !== '');
  return pairs.length > 0 ? part(title, facts(pairs)) : '';
}

// ---- The command ----

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

function commandPart(command) {
  if (!command) return '';
  const text = make('pre', {tabindex: '0'}, command);
  const button = make('button', {type: 'button'}, 'Copy');
  button.addEventListener('click', () => {
    const done = () => {
      button.textContent = 'Copied';
    };
    // Where there is no clipboard to write to, the command is left selected.
    const selected = () => {
      select(text);
      button.textContent = 'Selected';
    };
    if (navigator.clipboard) navigator.clipboard.writeText(command).then(done, selected);
    else selected();
  });
  return part('The exact command', make('div', {class: 'command'}, text, button));
}

function tail(document_) {
  return make('div', {class: 'tail'}, genericPart('Environment', document_.environment), commandPart(document_.command));
}
