// The numbers of a view: for each label and direction a value a row, and what they come to.

// What is shown of a view: labels, each with the RRDs it is the sum of.
function labelsOf(view) {
  const folder = folderOf(view);
  const of = ({ label, colour, stems }) => ({ label, name: label, colour, rrds: stems.map((stem) => [folder, stem]) });
  if (view.by === 'router') {
    return site.routers.map((item, at) => ({ ...of(item), rrds: [[at + 1, 'total']] }));
  }
  const group = site.groups.find(({ word }) => word === view.by);
  return group ? group.items.map(of) : [];
}

// Routers are compared with each other; everything else is of one of them, or of all.
function folderOf(view) {
  return view.by === 'router' ? 0 : site.routers.findIndex(({ label }) => label === view.router) + 1;
}

async function filled(item, rows, step, { factor, sources }) {
  const rrds = item.rrds.filter(([folder, stem]) => shapeOf(folder, stem));
  const archives = await Promise.all(rrds.map(([folder, stem]) => archivesOf(folder, stem)));
  const sum = (source, time) => archives.reduce((sum, archives) => sum + valueAt(archives, source, time, step), 0);
  const ways = sources.map((source) => Float64Array.from(rows, (time) => sum(source, time) * factor));
  return { ...item, ways, stats: ways.map(stats), there: rrds.length > 0 };
}

// Average, greatest and last of what is known.
function stats(values) {
  let [sum, known, max, last] = [0, 0, NaN, NaN];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    known += 1;
    max = value > max || known === 1 ? value : max;
    last = value;
  }
  return { average: known > 0 ? sum / known : NaN, max, last };
}

// Everything that a picture and its legend need.
async function picture(view) {
  const [from, to] = span(view);
  const folder = folderOf(view);
  const labels = labelsOf(view);
  const total = {
    label: TOTAL, name: 'total', kind: view.by === 'total' ? 'alone' : 'sum', rrds: [[folder, 'total']],
  };
  const neither = { label: NEITHER, name: 'neither in nor out', kind: 'dashed', rrds: [[folder, 'neither']] };
  const shown = view.by === 'total' ? [total, neither] : [...labels, total];
  const [lead] = shown.flatMap(({ rrds }) => rrds).filter(([folder, stem]) => shapeOf(folder, stem));
  const step = lead ? stepFor(shapeOf(...lead), from, to) : site.step * Math.ceil((to - from) / site.step / ROWS);
  const rows = [];
  for (let time = (Math.floor(from / step) + 1) * step; time - step < to; time += step) rows.push(time);
  const report = site.reports.find(({ word }) => word === view.report);
  const all = await Promise.all(shown.map((item) => filled(item, rows, step, report)));
  const items = all.filter(({ there }) => there).map((item) => ({ ...item, off: view.off.has(item.label) }));
  const find = (label) => items.find((item) => item.label === label);
  return {
    view, from, to, step, rows, unit: report.unit,
    // What is stacked; alone, the total is an area of its own.
    stack: items.filter(({ label }) => label !== TOTAL && label !== NEITHER),
    total: find(TOTAL), neither: find(NEITHER), items,
  };
}

// The edges of what is stacked, from zero outwards: each label on those before it. What is unknown has no area, and
// what comes after it stands on what is known.
function stacked({ stack, total, rows }, way) {
  let low = new Float64Array(rows.length);
  const areas = stack.length > 0 || !total ? stack : [{ ...total, colour: 'var(--total)' }];
  return areas.filter(({ off }) => !off).map((item) => {
    const high = low.map((base, row) => base + (item.ways[way][row] || 0));
    const area = { item, low, high, known: Array.from(item.ways[way], (value) => !Number.isNaN(value)) };
    low = high;
    return area;
  });
}

// The numbers as comma-separated values, in the order of the legend.
function csv({ items, rows, unit }) {
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const shown = items.filter(({ off }) => !off);
  const titles = shown.flatMap(({ name }) => [quoted(`${name} in ${unit}`), quoted(`${name} out ${unit}`)]);
  const number = (value) => (Number.isNaN(value) ? '' : Number(value.toPrecision(5)));
  const line = (time, row) => [new Date(time * 1000).toISOString(), ...shown.flatMap(({ ways }) => ways.map((way) => number(way[row])))];
  return [['end', ...titles], ...rows.map(line)].map((line) => line.join(',')).join('\n');
}
