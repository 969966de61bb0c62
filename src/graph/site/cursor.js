// The values at a time: under the mouse, the finger, or where the arrow keys have led.

const MOST = 16;

let cursor = null;

function rowAt(x) {
  const { edges } = shown.frame;
  const behind = edges.findIndex((edge) => edge > x);
  return Math.min(Math.max((behind < 0 ? edges.length - 1 : behind) - 1, 0), edges.length - 2);
}

// Moves to a row, or away.
function point(row) {
  const rows = shown.picture.rows.length;
  cursor = row === null || rows === 0 ? null : Math.min(Math.max(row, 0), rows - 1);
  markCursor();
  fillBox();
}

// A row's beginning and end, as far as they are shown.
function rowSpan({ rows, step, from, to }, row) {
  return [Math.max(rows[row] - step, from), Math.min(rows[row], to)];
}

function markCursor() {
  const { frame } = shown;
  const marks = [];
  if (selection) marks.push(band('selected', ...selection.map(frame.x)));
  if (cursor !== null) marks.push(band('cursor', frame.edges[cursor], frame.edges[cursor + 1]));
  byId('marks').replaceChildren(...marks);
}

function band(kind, a, b) {
  const { plot } = shown.frame;
  const [left, right] = [Math.min(a, b), Math.max(a, b)];
  return draw('rect', { class: kind, x: left, y: plot.top, width: Math.max(right - left, 1), height: plot.bottom - plot.top });
}

// The total first, then labels in the order of the legend; of very many those with the greatest values.
function boxItems({ items }, row, most = MOST) {
  const lit = items.filter(({ off }) => !off);
  const total = lit.filter(({ label }) => label === TOTAL);
  const others = lit.filter(({ label }) => label !== TOTAL);
  const size = ({ ways }) => (ways[IN][row] || 0) + (ways[OUT][row] || 0);
  const least = others.map(size).sort((a, b) => b - a)[most - 1] ?? -1;
  const great = others.length > most ? others.filter((item) => size(item) >= least).slice(0, most) : others;
  return { listed: [...total, ...great], rest: others.length - great.length };
}

function fillBox() {
  const box = byId('box');
  const { picture } = shown;
  box.hidden = cursor === null;
  if (cursor === null) {
    byId('plot').removeAttribute('aria-valuetext');
    return;
  }
  fillTable(box, picture, MOST);
  placeBox(box);
  const over = box.offsetTop + box.offsetHeight - byId('plot').getBoundingClientRect().height;
  const rows = box.querySelectorAll('tbody tr');
  if (over > 0 && rows.length > 0) {
    // What is left out is told in a line of its own, and the total is not counted.
    fillTable(box, picture, Math.max(1, rows.length - 2 - Math.ceil(over / rows[0].offsetHeight)));
    placeBox(box);
  }
  tell(picture);
}

function fillTable(box, picture, most) {
  const [from, to] = rowSpan(picture, cursor);
  const { listed, rest } = boxItems(picture, cursor, most);
  const cell = (value) => {
    const [number, prefix] = parts(value);
    return make('td', {}, number, make('span', {}, prefix));
  };
  const line = (item) => make('tr', { 'data-label': item.label },
    make('th', { scope: 'row' }, swatch(item), item.name), cell(item.ways[IN][cursor]),
    item.label === NEITHER ? make('td') : cell(item.ways[OUT][cursor]));
  box.replaceChildren(make('table', {},
    make('caption', {}, range(from, to)),
    make('thead', {}, make('tr', {}, make('th', {}, picture.unit), make('th', {}, 'in'), make('th', {}, 'out'))),
    make('tbody', {}, ...listed.map(line))), rest > 0 ? make('p', {}, `and ${rest} more`) : '');
}

// Beside the cursor, on the side that has more room; over it where neither has enough.
function placeBox(box) {
  const { edges, width } = shown.frame;
  const room = byId('plot').getBoundingClientRect().width;
  const scale = room / width;
  const gap = 12;
  Object.assign(box.style, { left: 0, maxWidth: `${room}px` });
  const wide = box.offsetWidth;
  const right = (edges[cursor] + edges[cursor + 1]) / 2 > width / 2;
  const left = right ? edges[cursor] * scale - gap - wide : edges[cursor + 1] * scale + gap;
  box.style.left = `${Math.max(0, Math.min(left, room - wide))}px`;
}

// The same for who hears the page.
function tell(picture) {
  const plot = byId('plot');
  const [from, to] = rowSpan(picture, cursor);
  const listed = boxItems(picture, cursor).listed;
  const values = listed.map(({ name, ways }) => `${name} in ${amount(ways[IN][cursor], picture.unit)}, out ${amount(ways[OUT][cursor], picture.unit)}`);
  plot.setAttribute('aria-valuemin', 0);
  plot.setAttribute('aria-valuemax', picture.rows.length - 1);
  plot.setAttribute('aria-valuenow', cursor);
  plot.setAttribute('aria-valuetext', `${range(from, to)}: ${values.join('; ')}`);
}

// A label's colour, or the kind of its line.
function swatch({ colour, kind }) {
  return colour ? make('i', { class: 'swatch', style: `--c:${colour}` }) : make('i', { class: `swatch ${kind}` });
}
