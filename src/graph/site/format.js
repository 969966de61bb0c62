// Numbers and times as people read them, and elements to put them into. Text only ever becomes text nodes: whatever a
// label contains, it is no markup.

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const THIN = '\u202f';

// Which power of a thousand a number is told in.
function power(value) {
  const size = Number(Math.abs(value).toPrecision(3));
  return size >= 1000 ? Math.min(PREFIXES.length - 1, Math.floor(Math.log10(size) / 3 + 1e-9)) : 0;
}

// Three digits of a number below a thousand.
function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.0005) return '<0.001';
  if (size < 1) return String(Number(value.toFixed(3)));
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

// A number as digits and prefix; what is unknown is told in a word.
function parts(value) {
  if (!Number.isFinite(value)) return ['–', ''];
  const at = power(value);
  return [digits(value / 1000 ** at), PREFIXES[at]];
}

// A value with its unit: 12.3 Mbit/s.
function amount(value, unit) {
  if (!Number.isFinite(value)) return 'unknown';
  const [number, prefix] = parts(value);
  return `${number}\u00a0${prefix}${unit}`;
}

function percent(share) {
  return Number.isFinite(share) ? `${share.toFixed(share >= 99.95 ? 0 : 1)}${THIN}%` : '–';
}

// A whole number with thin spaces between thousands.
function grouped(number) {
  return Math.round(number).toString().replace(/\B(?=(\d{3})+$)/g, THIN);
}

// Dates are English like the page, in the reader's time zone.
const dates = Object.fromEntries(Object.entries({
  clock: { hour: '2-digit', minute: '2-digit' },
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  short: { day: 'numeric', month: 'short' },
  weekday: { weekday: 'short', day: 'numeric' },
  month: { month: 'short' },
  dated: { day: 'numeric', month: 'short', year: 'numeric' },
  year: { year: 'numeric' },
  full: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' },
  zone: { timeZoneName: 'short' },
}).map(([name, options]) => [name, new Intl.DateTimeFormat('en-GB', { hourCycle: 'h23', ...options })]));

// A time (seconds since 1970) in one of these forms.
function date(form, seconds) {
  return dates[form].format(new Date(seconds * 1000));
}

function zone(seconds) {
  const part = dates.zone.formatToParts(new Date(seconds * 1000)).find(({ type }) => type === 'timeZoneName');
  return part ? part.value : '';
}

function midnight(seconds) {
  return new Date(seconds * 1000).setHours(0, 0, 0, 0) / 1000;
}

// A day, with its year if that is not the one of the newest data.
function day(time) {
  const year = date('year', time);
  return `${date('day', time)}${year === date('year', site.newest) ? '' : ` ${year}`}`;
}

// From and to, without saying anything twice; clocks do not matter over months.
function range(from, to) {
  if (to - from > 60 * 86400) return `${date('dated', from)} – ${date('dated', to)}`;
  const same = midnight(from) === midnight(to - 1);
  return `${day(from)} ${date('clock', from)} – ${same ? '' : `${day(to)} `}${date('clock', to)}`;
}

// How long a row is: 30 min, 2 h, 1 day.
function length(seconds) {
  const [size, unit] = [[86400, 'day'], [3600, 'h'], [60, 'min']].find(([size]) => seconds % size === 0) ?? [1, 's'];
  return `${seconds / size} ${unit}${unit === 'day' && seconds > size ? 's' : ''}`;
}

// How long something is, roughly.
function lasting(seconds) {
  const [size, unit] = [[86400, 'day'], [3600, 'hour'], [60, 'minute']].find(([size]) => seconds >= size) ?? [1, 'second'];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

// An element; strings among its children are text.
function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

// The same of a drawing.
function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function byId(id) {
  return document.getElementById(id);
}

function button(text, label, press) {
  return make('button', { type: 'button', 'aria-label': label, title: label, onclick: press }, text);
}

// A group of radio buttons; `pick` gets the value that is chosen.
function radios(title, name, options, pick) {
  const option = ([value, text]) => make('label', {},
    make('input', { type: 'radio', name, value, onchange: () => pick(value) }), make('span', {}, text));
  return make('fieldset', {}, make('legend', {}, title), ...options.map(option));
}
