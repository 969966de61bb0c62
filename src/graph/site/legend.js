// The legend: what each label comes to, and whether it is shown. It says in numbers what the picture shows.

const COLUMNS = ['average', 'share', 'max', 'last'];
const HEADS = { average: 'average', share: '%', max: 'max', last: 'last' };

function startLegend() {
  const none = () => shown.picture.items.filter(({ label, off }) => label !== TOTAL || off).map(({ label }) => label);
  const all = (on) => () => go({ off: new Set(on ? [] : none()) });
  byId('tools').append(
    button('All', 'Show all labels', all(true)), button('None', 'Show no label', all(false)),
    make('span', { class: 'space' }),
    make('button', { type: 'button', id: 'csv', onclick: download, title: 'The numbers of this view as comma-separated values' }, 'CSV'),
    make('button', { type: 'button', id: 'link', onclick: copyLink, title: 'Copy a link to this view' }, 'Copy link'),
    make('input', { id: 'address', readonly: true, hidden: true, 'aria-label': 'Link to this view' }));
  if (site.missing.length > 0) {
    const left = byId('left-out');
    left.hidden = false;
    left.append(`Could not be read: ${site.missing.slice(0, 20).join('; ')}${site.missing.length > 20 ? '; and more' : ''}`);
  }
}

function toggle(label) {
  const off = new Set(view.off);
  if (!off.delete(label)) off.add(label);
  go({ off }, true);
}

function legendRow(item, unit, totals) {
  const name = make('label', {},
    make('input', { type: 'checkbox', checked: !item.off, value: item.label, onchange: () => toggle(item.label) }),
    swatch(item), make('span', {}, item.name));
  const cells = item.stats.flatMap((stats, way) => {
    const share = (stats.average / totals[way]) * 100;
    return COLUMNS.map((column) => legendCell(column, column === 'share' ? share : stats[column], way, item));
  });
  return make('tr', {
    'data-label': item.label, class: [item.off && 'off', item.label === TOTAL && 'sum'].filter(Boolean).join(' '),
    onmouseenter: () => light(item.label), onmouseleave: () => light(null),
  }, make('th', { scope: 'row' }, name), ...cells);
}

function legendCell(column, value, way, { label }) {
  const attributes = { class: `${column} ${way === IN ? 'in' : 'out'}`, 'data-value': value };
  if (label === NEITHER && way === OUT) return make('td', attributes);
  if (column === 'share') return make('td', attributes, percent(value));
  const [number, prefix] = parts(value);
  return make('td', attributes, number, make('span', {}, prefix));
}

// Lifts a label's areas out of the others.
function light(label) {
  byId('plot').classList.toggle('dim', label !== null && label !== TOTAL);
  for (const shape of byId('plot').querySelectorAll('[data-label]')) {
    shape.classList.toggle('lit', shape.dataset.label === label);
  }
}

function fillLegend({ items, total, unit, step }) {
  const totals = [IN, OUT].map((way) => total?.stats[way].average ?? NaN);
  // Of longer rows the greatest is a mean.
  const mean = (column) => (column === 'max' && step > site.step ? make('small', {}, ` (${length(step)} mean)`) : '');
  const heads = ['in', 'out'].flatMap((way) => COLUMNS.map((column) => make('th', { scope: 'col', class: `${column} ${way}` }, HEADS[column], mean(column))));
  const table = make('table', { 'aria-label': 'What is shown, in numbers' },
    make('thead', {},
      make('tr', {}, make('th', { scope: 'col', rowspan: 2 }, unit), make('th', { colspan: 4, scope: 'colgroup', class: 'way in' }, 'in'),
        make('th', { colspan: 4, scope: 'colgroup', class: 'way out' }, 'out')),
      make('tr', { class: 'heads' }, ...heads)),
    make('tbody', {}, ...items.map((item) => legendRow(item, unit, totals))));
  const focused = document.activeElement?.closest('#legend') ? document.activeElement.value : null;
  byId('legend').replaceChildren(table);
  // The box that was just ticked with the keyboard is another one now.
  if (focused !== null) [...byId('legend').querySelectorAll('input')].find(({ value }) => value === focused)?.focus();
}
