// Scales: from values to pixels, with the ticks an axis shows. A scale is {at, low, high, ticks};
// a tick is {value, text}, or has an empty text and is a line only.

// The step of 1, 2 or 5 times a power of ten that gives about `count` ticks.
function niceStep(span, count) {
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999);
  return step * power;
}

function linearTicks(low, high, count, toText) {
  const step = niceStep(high - low, count);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) {
    ticks.push({value: i * step, text: toText(i * step)});
  }
  return ticks;
}

// `range` is [pixels of low, pixels of high].
function linearScale([low, high], range, {count = 6, toText = shortText} = {}) {
  const end = high > low ? high : low + 1;
  const at = (value) => range[0] + (value - low) / (end - low) * (range[1] - range[0]);
  return {at, low, high: end, ticks: linearTicks(low, end, count, toText)};
}

// 1, 2 or 5 times a power of ten, at or below `value`; and at or above.
function niceBelow(value) {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [5, 2, 1].find((factor) => factor * power <= value * (1 + 1e-9)) * power;
}
function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5, 10].find((factor) => factor * power >= value * (1 - 1e-9)) * power;
}

// Every power of ten is named, and 2 and 5 times it where there is room for them.
function logTicks(low, high, room, toText) {
  const decades = Math.log10(high / low);
  const all = decades * 3 <= room;
  const some = decades <= room;
  const ticks = [];
  const first = Math.floor(Math.log10(low) + 1e-9);
  const every = some ? 1 : Math.ceil(decades / room);
  for (let power = first; 10 ** power <= high * (1 + 1e-9); ++power) {
    for (const factor of [1, 2, 5]) {
      const value = factor * 10 ** power;
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      const named = all || (factor === 1 && (power - first) % every === 0);
      ticks.push({value, text: named ? toText(value) : ''});
    }
  }
  return ticks;
}

// The domain is widened to round values. `room`: how many names of ticks the axis has room for.
function logScale([least, most], range, {room = 10, toText = timeTickText} = {}) {
  const low = niceBelow(least > 0 ? least : 1);
  const above = niceAbove(most > 0 ? most : 1);
  const high = above > low ? above : low * 10;
  const decades = Math.log10(high / low);
  const at = (value) =>
      range[0] + Math.log10(Math.max(value, low) / low) / decades * (range[1] - range[0]);
  return {at, low, high, ticks: logTicks(low, high, room, toText)};
}

// The scale of HdrHistogram's plots: each further nine of a percentile takes as much room as the one
// before. A value is a share below 1.
function percentileScale(sharesMax, range) {
  const nines = (share) => -Math.log10(1 - share);
  const high = Math.max(1, nines(sharesMax));
  const at = (share) => range[0] + Math.min(1, nines(share) / high) * (range[1] - range[0]);
  const valueAt = (pixels) => 1 - 10 ** (-high * (pixels - range[0]) / (range[1] - range[0]));
  const ticks = [{value: 0, text: '0'}, {value: 0.5, text: 'p50'}];
  for (let count = 1; count <= high + 1e-9; ++count) {
    const percent = 100 - 10 ** (2 - count);
    ticks.push({value: 1 - 10 ** -count, text: `p${Number(percent.toFixed(Math.max(0, count - 2)))}`});
  }
  return {at, valueAt, low: 0, high: sharesMax, ticks};
}
