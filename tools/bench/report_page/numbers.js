// Numbers as people read them. Three digits are what a latency is known to, so no more are shown.

// A finite number, or null: documents may lack anything.
function numberOf(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function threeDigits(value) {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

// 12,345,678
function groupedText(value) {
  if (numberOf(value) === null) return '–';
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

// [factor, name] for a time in µs. What rounds to 1,000 of a unit is 1 of the next.
function timeUnit(micros) {
  const size = Math.abs(micros);
  if (size >= 999500) return [1e6, 's'];
  if (size >= 999.5) return [1e3, 'ms'];
  if (size >= 0.9995 || size === 0) return [1, 'µs'];
  return [1e-3, 'ns'];
}

// 850 ns, 49.9 µs, 1.83 ms
function timeText(micros) {
  if (numberOf(micros) === null) return '–';
  if (micros === 0) return '0';
  const [factor, name] = timeUnit(micros);
  return `${threeDigits(micros / factor)}\u00a0${name}`;
}

// The same for a scale, without the zeros behind the point.
function timeTickText(micros) {
  const [factor, name] = timeUnit(micros);
  return `${Number((micros / factor).toPrecision(3))}\u00a0${name}`;
}

// 49.8 – 50.0 µs; with a unit each where they differ.
function timeRangeText(low, high) {
  if (numberOf(low) === null || numberOf(high) === null) return '';
  const [lowText, highText] = [timeText(low), timeText(high)];
  const unit = lowText.replace(/^[^\u00a0]*/, '');
  return `${unit && highText.endsWith(unit) ? lowText.slice(0, -unit.length) : lowText} – ${highText}`;
}

// 0, 500, 20k, 1.5M
function shortText(value) {
  const size = Math.abs(value);
  if (size >= 999500) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 999.5) return `${Number((value / 1e3).toPrecision(3))}k`;
  return `${Number(value.toPrecision(3))}`;
}

function rateText(perSecond) {
  return numberOf(perSecond) === null ? '–' : `${groupedText(perSecond)}/s`;
}

function bytesText(bytes) {
  if (bytes >= 999.5e6) return `${threeDigits(bytes / 1e9)}\u00a0GB`;
  return bytes >= 999.5e3 ? `${threeDigits(bytes / 1e6)}\u00a0MB` : `${groupedText(bytes)}\u00a0bytes`;
}

// A share of 1 as per cent: 0.12 %, 99.9 %
function shareText(share) {
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return 'under 0.01\u00a0%';
  return `${Number(percent.toPrecision(3))}\u00a0%`;
}

// How much a ratio is off 1: +12 %, −3.4 %
function changeText(ratio) {
  const percent = (ratio - 1) * 100;
  if (Math.abs(percent) < 0.05) return '±0\u00a0%';
  const digits = Math.abs(percent) < 10 ? 1 : 0;
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(digits)}\u00a0%`;
}

// A value with the unit of a figure.
function unitText(value, unit) {
  if (numberOf(value) === null) return '–';
  if (unit === 'us') return timeText(value);
  if (unit === 'ns') return timeText(value / 1e3);
  if (unit === 'ms') return timeText(value * 1e3);
  if (unit === 's') return timeText(value * 1e6);
  if (unit === '1/s') return rateText(value);
  const text = Math.abs(value) >= 1000 ? groupedText(value) : threeDigits(value);
  return unit ? `${text}\u00a0${unit}` : text;
}

// 2026-11-21 18:36:09 UTC
function momentText(unixMillis) {
  const date = new Date(numberOf(unixMillis) === null ? NaN : unixMillis);
  if (Number.isNaN(date.getTime())) return '';
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

// 9.5 s, 12 s, 10 min, 1 h 5 min
function durationText(seconds) {
  if (numberOf(seconds) === null) return '–';
  const whole = Math.round(seconds);
  if (whole < 60) return `${Number(seconds.toFixed(1))}\u00a0s`;
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const parts = [[hours, 'h'], [minutes, 'min'], [rest, 's']].filter(([count]) => count > 0);
  return parts.map(([count, unit]) => `${count}\u00a0${unit}`).join(' ');
}
