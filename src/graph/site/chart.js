// The picture: inbound up, outbound down. Rows are drawn as they are, each value from its row's beginning to its end;
// where nothing is known nothing is drawn but hatching.
//
// What is drawn can be measured: the drawing's data-from, data-to, data-left, data-width (pixels), data-zero (pixels)
// and data-unit (pixels a unit) tell where a time and a value are; areas and lines have data-label and data-way.

const IN = 0;
const OUT = 1;
const MARGIN = { left: 46, right: 10, top: 26, bottom: 24 };

function rounded(number) {
  return Math.round(number * 100) / 100;
}

// Where times and values are in a drawing of this size.
function frameOf(picture, areas, width, height) {
  const { from, to, step, rows } = picture;
  const plot = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const peaks = [IN, OUT].map((way) => peak(picture, areas[way], way));
  const sum = peaks[IN] + peaks[OUT];
  // A direction without anything keeps room for its name.
  const room = peaks.map((peak) => Math.max(peak * 1.04, sum * 0.06, sum > 0 ? 0 : 0.5));
  const unit = (plot.bottom - plot.top) / (room[IN] + room[OUT]);
  const zero = plot.top + room[IN] * unit;
  const wide = (plot.right - plot.left) / (to - from);
  const x = (time) => rounded(plot.left + (Math.min(Math.max(time, from), to) - from) * wide);
  const y = (value, way) => rounded(zero + (way === IN ? -value : value) * unit);
  const edges = [rows[0] - step, ...rows].map(x);
  const time = (x) => from + (Math.min(Math.max(x, plot.left), plot.right) - plot.left) / wide;
  return { plot, room, unit, zero, wide, x, y, edges, time, width, height };
}

// The greatest that is drawn in a direction.
function peak({ total, neither }, areas, way) {
  const lines = [total, way === IN && neither].filter((item) => item && !item.off).map((item) => item.ways[way]);
  const columns = [...lines, ...areas.slice(-1).map(({ high }) => high)];
  return columns.reduce((most, column) => column.reduce((most, value) => (value > most ? value : most), most), 0);
}

// Stretches of rows that are known: first, and the one behind the last.
function stretches(known) {
  const found = [];
  known.forEach((is, row) => {
    if (!is) return;
    if (row > 0 && known[row - 1]) found.at(-1)[1] = row + 1;
    else found.push([row, row + 1]);
  });
  return found;
}

function areaPath({ edges, y }, { low, high, known }, way) {
  let path = '';
  for (const [first, end] of stretches(known)) {
    path += `M${edges[first]} ${y(low[first], way)}`;
    for (let row = first; row < end; row++) path += `V${y(high[row], way)}H${edges[row + 1]}`;
    for (let row = end - 1; row >= first; row--) path += `V${y(low[row], way)}H${edges[row]}`;
    path += 'Z';
  }
  return path;
}

function linePath({ edges, y }, values, way) {
  const known = Array.from(values, (value) => !Number.isNaN(value));
  let path = '';
  for (const [first, end] of stretches(known)) {
    path += `M${edges[first]} ${y(values[first], way)}H${edges[first + 1]}`;
    for (let row = first + 1; row < end; row++) path += `V${y(values[row], way)}H${edges[row + 1]}`;
  }
  return path;
}

// Hatching where nothing at all is known.
function gaps(picture, { edges, plot }) {
  return stretches(unknown(picture)).map(([first, end]) => draw('rect', {
    class: 'gap', x: edges[first], y: plot.top, width: rounded(edges[end] - edges[first]), height: plot.bottom - plot.top,
  }));
}

// Whether nothing is known of a row, whatever of it is shown.
function unknown({ rows, items }) {
  return rows.map((_, row) => items.every(({ ways }) => Number.isNaN(ways[IN][row])));
}

// Says why there is nothing but hatching.
function nothing(picture, { plot }) {
  if (!unknown(picture).every(Boolean)) return [];
  const { items, view: { by, router } } = picture;
  const text = items.length > 0 ? 'no data at this time' : by !== 'router' && router ? `no data of ${router}` : 'no data';
  const [x, y] = [(plot.left + plot.right) / 2, plot.top + (plot.bottom - plot.top) / 4];
  return [draw('text', { class: 'nothing', x, y, 'text-anchor': 'middle' }, text)];
}

function valueGrid({ room, plot, y, width }, unit) {
  const { ticks, prefix } = valueTicks(room[IN], room[OUT], (plot.bottom - plot.top) / 42);
  const marks = ticks.map(({ value, text }) => {
    const at = y(value, IN);
    return draw('g', { class: value === 0 ? 'zero' : 'grid' },
      draw('line', { x1: plot.left, x2: plot.right, y1: at, y2: at }),
      draw('text', { x: plot.left - 6, y: at, dy: '.32em', 'text-anchor': 'end' }, text));
  });
  const title = draw('text', { class: 'unit', x: 2, y: 12 }, `${prefix}${unit}`);
  return [...marks, title, ...names({ plot, width, y })];
}

function names({ plot, y }) {
  const zero = y(0, IN);
  const name = (text, at, dy) => draw('text', { class: 'way', x: plot.left + 6, y: at, dy }, text);
  return [name('in', plot.top, '1.1em'), plot.bottom - zero > 12 ? name('out', plot.bottom, '-.45em') : ''];
}

function timeGrid({ plot, x, width }, { from, to }) {
  return timeTicks(from, to, (plot.right - plot.left) / (width < 500 ? 56 : 72)).map(({ time, text, strong }) => {
    const at = x(time);
    // What would stand out of the drawing has only its line.
    const fits = at - plot.left > 12 && width - at > 20;
    return draw('g', { class: strong ? 'grid strong' : 'grid' },
      draw('line', { x1: at, x2: at, y1: plot.top, y2: plot.bottom }),
      fits ? draw('text', { x: at, y: plot.bottom + 16, 'text-anchor': 'middle' }, text) : '');
  });
}

function hatching() {
  return draw('defs', {}, draw('pattern', { id: 'hatch', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    draw('line', { x1: 0, x2: 0, y1: 0, y2: 6 })));
}

function areaShapes(frame, areas) {
  return areas.flatMap((way, at) => way.map((area) => draw('path', {
    class: 'area', 'data-label': area.item.label, 'data-way': at === IN ? 'in' : 'out',
    d: areaPath(frame, area, at), style: `--c:${area.item.colour}`,
  })));
}

function lineShapes(frame, { total, neither }) {
  const line = (item, way, kind) => draw('path', {
    class: `line ${kind}`, 'data-label': item.label, 'data-way': way === IN ? 'in' : 'out', d: linePath(frame, item.ways[way], way),
  });
  const totals = total && !total.off ? [line(total, IN, 'total'), line(total, OUT, 'total')] : [];
  return neither && !neither.off ? [...totals, line(neither, IN, 'neither')] : totals;
}

// Draws a picture into the drawing of the page, as large as there is room; says where things are in it.
function drawPicture(picture) {
  const plot = byId('plot');
  const { width, height } = plot.getBoundingClientRect();
  const areas = [stacked(picture, IN), stacked(picture, OUT)];
  const frame = frameOf(picture, areas, Math.max(width, 200), Math.max(height, 120));
  plot.setAttribute('viewBox', `0 0 ${frame.width} ${frame.height}`);
  plot.replaceChildren(hatching(), ...gaps(picture, frame), ...areaShapes(frame, areas),
    ...lineShapes(frame, picture), ...timeGrid(frame, picture), ...valueGrid(frame, picture.unit),
    ...nothing(picture, frame), draw('g', { id: 'marks' }));
  // Lines that go up and down at every other pixel would hide what they bound.
  plot.classList.toggle('dense', picture.rows.length > frame.width / 4);
  Object.assign(plot.dataset, {
    from: picture.from, to: picture.to, step: picture.step, left: frame.plot.left,
    width: frame.plot.right - frame.plot.left, zero: frame.zero, unit: frame.unit,
  });
  return frame;
}
