// What is shown, and its link: the part of the page's address behind #.

const HOUR = 3600;
const DAY = 86400;
const PERIODS = [
  ['6h', '6 hours', 6 * HOUR], ['12h', '12 hours', 12 * HOUR], ['day', 'day', DAY], ['2days', '2 days', 2 * DAY],
  ['week', 'week', 7 * DAY], ['month', 'month', 31 * DAY], ['quarter', 'quarter', 92 * DAY],
  ['year', 'year', 366 * DAY], ['2years', '2 years', 731 * DAY],
];
// Of what has just begun all is shown.
if (site.newest > 0 && site.newest - site.oldest < PERIODS[0][2]) {
  PERIODS.unshift(['all', 'all', Math.max(site.newest - site.oldest, 4 * site.step)]);
}
const TITLES = { bits: 'Bits', packets: 'Packets', flows: 'Flows' };
// Stands for the total's line among labels, none of which can have a colon.
const TOTAL = ':total';
const NEITHER = ':neither';

// What flows can be told apart by.
const dimensions = [
  ['total', 'Total'], ...site.groups.map(({ word, title }) => [word, title]),
  ...(site.routers.length > 0 ? [['router', 'Routers']] : []),
];

function firstView() {
  const by = (site.groups.find(({ word }) => word === 'service') ?? site.groups[0])?.word ?? 'total';
  const period = PERIODS[0][0] === 'all' ? 'all' : 'day';
  return { report: 'bits', period, router: '', by, from: null, to: null, off: new Set() };
}

let view = firstView();

// The time that is shown, seconds since 1970.
function span(view) {
  if (view.from !== null) return [view.from, view.to];
  const length = PERIODS.find(([word]) => word === view.period)[2];
  return [site.newest - length, site.newest];
}

function linkOf(view) {
  const words = [['report', view.report], ['by', view.by], ['period', view.period]];
  if (view.from !== null) words.push(['from', view.from], ['to', view.to]);
  if (view.router) words.push(['router', view.router]);
  const pairs = words.map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  if (view.off.size > 0) pairs.push(`off=${[...view.off].map(encodeURIComponent).join(',')}`);
  return `#${pairs.join('&')}`;
}

function decoded(word) {
  try {
    return decodeURIComponent(word);
  } catch {
    return '';
  }
}

// The view of a link. What makes no sense in it, or is not there any more, is as at first.
function viewOf(link) {
  const pairs = link.replace(/^#/, '').split('&').map((pair) => pair.split('='));
  const words = new Map(pairs.map(([key, value]) => [key, value ?? '']));
  const word = (key) => decoded(words.get(key) ?? '');
  const found = firstView();
  const among = (key, known) => {
    if (known.includes(word(key))) found[key] = word(key);
  };
  among('report', site.reports.map(({ word }) => word));
  among('by', dimensions.map(([word]) => word));
  among('period', PERIODS.map(([word]) => word));
  among('router', site.routers.map(({ label }) => label));
  const [from, to] = ['from', 'to'].map((key) => (/^\d{1,11}$/.test(word(key)) ? Number(word(key)) : NaN));
  if (from < to) Object.assign(found, within(from, to));
  const labels = [TOTAL, NEITHER, ...labelsOf(found).map(({ label }) => label)];
  found.off = new Set((words.get('off') ?? '').split(',').map(decoded).filter((label) => labels.includes(label)));
  return found;
}

// Shows something else. It gets a link of its own that the back button returns from, unless it is only a detail.
function go(change, detail = false) {
  const link = linkOf({ ...view, ...change });
  if (link === linkOf(view)) return;
  view = viewOf(link);
  if (detail) location.replace(link);
  else location.hash = link;
}

// A time as long as at least some steps and no longer than two years, within what there can be.
function within(from, to) {
  const least = 4 * site.step;
  const [first, last] = [site.newest - PERIODS.at(-1)[2], site.newest];
  const length = Math.min(Math.max(to - from, least), last - first);
  const begin = Math.min(Math.max((from + to - length) / 2, first), last - length);
  return { from: Math.round(begin), to: Math.round(begin + length) };
}

function goTo(from, to) {
  go(within(from, to));
}

function goBack() {
  go({ from: null, to: null });
}
