// Where round numbers and round times are.

// A round step (1, 2, 2.5 or 5 and zeros) of at least this size.
function niceStep(least) {
  const base = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * base).find((step) => step >= least * 0.999);
}

const MINUTES = [5, 10, 15, 30, 60, 120, 180, 360, 720];
const DAYS = [1, 2, 7, 14];
const MONTHS = [1, 3, 6, 12];

// Times between two at which the reader's clock shows something round, with what to call them.
function timeTicks(from, to, most) {
  const least = (to - from) / Math.max(1, most);
  const minutes = MINUTES.find((minutes) => minutes * 60 >= least);
  if (minutes) return ticks(from, to, (date, at) => new Date(...date, 0, at * minutes), clockText);
  const days = DAYS.find((days) => days * 86400 >= least);
  // Counted from a Monday, so that weeks begin on one.
  if (days) return ticks(from, to, (date, at) => monday(date, days, at), dayText);
  const months = MONTHS.find((months) => months * 28 * 86400 >= least) ?? 12;
  return ticks(from, to, ([year, month], at) => new Date(year, Math.floor(month / months) * months + at * months, 1), monthText);
}

function monday([year, month, day], days, at) {
  const number = Math.round((Date.UTC(year, month, day) - Date.UTC(2024, 0, 1)) / 864e5);
  return new Date(2024, 0, 1 + Math.floor(number / days) * days + at * days);
}

// Clocks that are put forward or back make some of these fall together, or out of order.
function ticks(from, to, when, text) {
  const began = new Date(from * 1000);
  const date = [began.getFullYear(), began.getMonth(), began.getDate()];
  const found = [];
  for (let at = 0; at < 2000; at++) {
    const time = when(date, at).getTime() / 1000;
    if (time > to) break;
    if (time >= from && time > (found.at(-1)?.time ?? -Infinity)) found.push({ time, ...text(time) });
  }
  return found;
}

function clockText(time) {
  const strong = midnight(time) === time;
  return { text: date(strong ? 'weekday' : 'clock', time), strong };
}

function dayText(time) {
  return { text: date('short', time), strong: new Date(time * 1000).getDay() === 1 };
}

function monthText(time) {
  const strong = new Date(time * 1000).getMonth() === 0;
  return { text: date(strong ? 'year' : 'month', time), strong };
}

// Round values from -down to up, about a tick every so many pixels, all told in one power of a thousand.
function valueTicks(up, down, count) {
  const step = niceStep((up + down) / Math.max(2, count));
  const at = power(Math.max(up, down));
  const found = [];
  for (let n = -Math.floor(down / step); n <= Math.floor(up / step); n++) {
    found.push({ value: n * step, text: String(Number(Math.abs((n * step) / 1000 ** at).toPrecision(6))) });
  }
  return { ticks: found, prefix: PREFIXES[at] };
}
