// Charts: a frame with axes, marks in it, and what the pointer or the arrow keys point at. A chart
// is drawn for the width it has and drawn again when that changes; print scales the last drawing.

const kSvg = 'http://www.w3.org/2000/svg';
// A character of an axis, at its 12 pixels; generous, as fonts differ.
const kCharacterPixels = 6.8;

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, typeof value === 'number' ? +value.toFixed(2) : value);
  }
  element.append(...children);
  return element;
}

function pathOf(points) {
  return points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

// A frame is {root, left, right, top, bottom, x, y}, where x and y are scales.
//   spec: height, left (pixels for the names of y), makeX(range, room), makeY(range, room), xTitle,
//         yTitle, label (what the chart says, for people who cannot see it)
function makeFrame(width, spec) {
  const left = spec.left ?? 62;
  const right = width - (spec.right ?? 14);
  const top = 24;
  const bottom = spec.height - 40;
  const root = svg('svg', {
    viewBox: `0 0 ${width} ${spec.height}`, role: 'img', 'aria-label': spec.label, tabindex: '0',
  });
  const frame = {root, width, left, right, top, bottom};
  frame.x = spec.makeX([left, right], Math.floor((right - left) / 62));
  frame.y = spec.makeY([bottom, top], Math.floor((bottom - top) / 26));
  drawYAxis(frame, spec.yTitle);
  drawXAxis(frame, spec.xTitle);
  return frame;
}

function drawYAxis({root, left, right, top, y}, title) {
  for (const {value, text} of y.ticks) {
    const at = y.at(value);
    root.append(svg('line', {x1: left, x2: right, y1: at, y2: at, class: text ? 'grid' : 'grid minor'}));
    if (text) root.append(svg('text', {x: left - 8, y: at + 4, class: 'tick end'}, text));
  }
  root.append(svg('text', {x: 0, y: top - 12, class: 'axis'}, title));
}

// A name that would touch the one before it is left out.
function drawXAxis({root, left, right, top, bottom, x}, title) {
  let free = -Infinity;
  for (const {value, text} of x.ticks) {
    const at = x.at(value);
    const half = text.length * kCharacterPixels / 2;
    const fits = text && at - half > free;
    root.append(svg('line', {x1: at, x2: at, y1: top, y2: bottom + (fits ? 5 : 0), class: 'grid minor'}));
    if (!fits) continue;
    const centre = Math.min(at, right + 12 - half);
    root.append(svg('text', {x: centre, y: bottom + 18, class: 'tick middle'}, text));
    free = centre + half + 8;
  }
  root.append(svg('line', {x1: left, x2: right, y1: bottom, y2: bottom, class: 'base'}));
  root.append(svg('text', {x: right, y: bottom + 35, class: 'axis end'}, title));
}

// ---- Marks ----

function drawLine(frame, points, classes) {
  if (points.length > 0) frame.root.append(svg('path', {d: pathOf(points), class: `line ${classes}`}));
}

// `edges` are [x, low y, high y].
function drawBand(frame, edges, classes) {
  if (edges.length < 2) return;
  const there = edges.map(([x, low]) => [x, low]);
  const back = edges.map(([x, , high]) => [x, high]).reverse();
  frame.root.append(svg('path', {d: `${pathOf([...there, ...back])}Z`, class: `band ${classes}`}));
}

function drawWhisker(frame, x, [low, high], classes) {
  const d = `M${x - 3} ${low}h6m-3 0V${high}m-3 0h6`;
  frame.root.append(svg('path', {d: d.replace(/\d+\.\d+/g, (text) => (+text).toFixed(1)), class: `whisker ${classes}`}));
}

function drawDot(frame, [x, y], classes, radius = 3.5) {
  frame.root.append(svg('circle', {cx: x, cy: y, r: radius, class: `dot ${classes}`}));
}

function drawCross(frame, [x, y], classes) {
  const d = `M${(x - 4).toFixed(1)} ${(y - 4).toFixed(1)}l8 8m0 -8l-8 8`;
  frame.root.append(svg('path', {d, class: `cross ${classes}`}));
}

// A line across the plot with a name where it begins; kept inside of the plot.
function drawLevel(frame, value, text, classes) {
  const y = frame.y.at(value);
  frame.root.append(svg('line', {x1: frame.left, x2: frame.right, y1: y, y2: y, class: `mark ${classes}`}));
  const above = y - 6 > frame.top + 8 ? y - 6 : y + 14;
  frame.root.append(svg('text', {x: frame.left + 6, y: above, class: 'note'}, text));
}

function drawUpright(frame, value, text, classes) {
  const x = frame.x.at(value);
  frame.root.append(svg('line', {x1: x, x2: x, y1: frame.top, y2: frame.bottom, class: `mark ${classes}`}));
  const fits = x - text.length * kCharacterPixels > frame.left;
  frame.root.append(svg('text', {
    x: fits ? x - 6 : x + 6, y: frame.top + 12, class: fits ? 'note end' : 'note',
  }, text));
}

// ---- What is pointed at ----

// Shows the nearest of `stops` on hover, and one after another with the arrow keys. A stop is
// {x, y, title, rows: [[classes, name, value]]}; with a y, that of the pointer counts as well.
function addPointer(frame, host, stops) {
  if (stops.length === 0) return;
  const tip = make('div', {class: 'tip', hidden: ''});
  const hair = svg('line', {y1: frame.top, y2: frame.bottom, class: 'hair', visibility: 'hidden'});
  frame.root.append(hair);
  host.append(tip);
  let chosen = -1;
  const hide = () => {
    tip.hidden = true;
    hair.setAttribute('visibility', 'hidden');
  };
  const show = (index) => {
    chosen = index;
    const stop = stops[index];
    hair.setAttribute('x1', stop.x.toFixed(1));
    hair.setAttribute('x2', stop.x.toFixed(1));
    hair.setAttribute('visibility', 'visible');
    tip.replaceChildren(make('b', {}, stop.title), ...stop.rows.map(tipRow));
    tip.hidden = false;
    const scale = host.clientWidth / frame.width;
    const room = host.clientWidth - tip.offsetWidth;
    const beside = stop.x * scale + 14;
    tip.style.left = `${Math.max(0, beside <= room ? beside : stop.x * scale - 14 - tip.offsetWidth)}px`;
    tip.style.top = `${frame.top * scale + 4}px`;
  };
  const pointAt = (event) => {
    const box = frame.root.getBoundingClientRect();
    const scale = frame.width / box.width;
    show(nearestStop(stops, (event.clientX - box.left) * scale, (event.clientY - box.top) * scale));
  };
  frame.root.addEventListener('pointermove', pointAt);
  frame.root.addEventListener('pointerdown', pointAt);
  frame.root.addEventListener('pointerleave', hide);
  frame.root.addEventListener('blur', hide);
  frame.root.addEventListener('keydown', (event) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (event.key === 'Escape') hide();
    if (!step) return;
    event.preventDefault();
    show(Math.min(stops.length - 1, Math.max(0, chosen + step)));
  });
}

function tipRow([classes, name, value]) {
  return make('div', {}, make('i', {class: `swatch ${classes}`}), `${name} `, make('span', {}, value));
}

function nearestStop(stops, x, y) {
  const distance = (stop) => Math.abs(stop.x - x) + (stop.y === undefined ? 0 : Math.abs(stop.y - y) * 0.5);
  let best = 0;
  stops.forEach((stop, i) => {
    if (distance(stop) < distance(stops[best])) best = i;
  });
  return best;
}

// ---- The figure around a chart ----

// `draw(width, host)` gives the frame. `legend` is a list of [classes, name].
function chartFigure({name, title, note, legend = []}, draw) {
  const host = make('div', {class: 'plot'});
  let drawn = 0;
  const redraw = () => {
    const width = Math.round(host.clientWidth);
    if (width < 50 || width === drawn) return;
    drawn = width;
    host.replaceChildren();
    host.prepend(draw(width, host).root);
  };
  window.addEventListener('resize', redraw);
  host.addEventListener('shown', redraw);
  const keys = legend.map(([classes, text]) => make('span', {}, make('i', {class: `swatch ${classes}`}), text));
  return make('figure', {class: 'chart', 'data-chart': name},
              make('figcaption', {}, make('h3', {}, title), note ? make('p', {}, note) : ''),
              keys.length > 0 ? make('div', {class: 'legend'}, ...keys) : '', host);
}

// Draws the charts below `element` that are on the page now.
function drawCharts(element) {
  for (const host of element.querySelectorAll('.plot')) host.dispatchEvent(new Event('shown'));
}
