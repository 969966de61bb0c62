// The scoreboards: who inside talked most, on average and while a flow file was captured.

const MEASURES = ['octets', 'packets', 'flows'];
let boards = [];
let measure = 'octets';
let chosen = 0;

// The texts of all scoreboards, a line each. One that makes no sense is left out.
async function startBoards() {
  const octets = await inflate('boards');
  const lines = new TextDecoder().decode(octets).split('\n').filter((line) => line !== '');
  boards = lines.flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
  if (boards.length === 0) return;
  byId('talkers').hidden = false;
  chosen = boards.findIndex(({ from }) => from > 0);
  chosen = chosen < 0 ? 0 : chosen;
  const option = ({ from, to }, at) => make('option', { value: at, selected: at === chosen },
    from > 0 ? `${range(from, to)}${at === chosen ? ' (newest)' : ''}` : 'on average');
  const form = byId('talkers').querySelector('form');
  form.append(
    make('label', { class: 'menu' }, make('span', {}, 'Time'), make('select', { id: 'board', onchange: ({ target }) => showBoard(Number(target.value), measure) },
      ...boards.map(option))),
    radios('By', 'measure', MEASURES.map((measure) => [measure, measure]), (measure) => showBoard(chosen, measure)));
  form.addEventListener('submit', (event) => event.preventDefault());
  form.querySelector(`input[value=${measure}]`).checked = true;
  showBoard(chosen, measure);
}

function showBoard(at, by) {
  [chosen, measure] = [at, by];
  const board = boards[at];
  byId('talkers').querySelector('.pair').replaceChildren(
    boardTable('Sources, outbound', board.outbound?.[by] ?? [], by),
    boardTable('Destinations, inbound', board.inbound?.[by] ?? [], by));
}

function boardTable(title, rows, by) {
  const most = Math.max(1e-9, ...rows.map((row) => row[by]));
  const cell = (row, measure) => {
    const value = row[measure];
    const [number, prefix] = Number.isInteger(value) && value < 1000 ? [String(value), ''] : parts(value);
    return make('td', { class: measure === by ? 'by' : '', title: grouped(row[measure]) }, number, make('span', {}, prefix));
  };
  const line = (row, place) => make('tr', {}, make('td', { class: 'soft' }, String(place + 1)),
    make('th', { scope: 'row', style: `--part:${((row[by] / most) * 100).toFixed(1)}%` }, row.address), ...MEASURES.map((measure) => cell(row, measure)));
  const heads = ['#', 'address', ...MEASURES].map((head) => make('th', { scope: 'col' }, head));
  const body = rows.length > 0 ? rows.map(line) : [make('tr', {}, make('td', { colspan: 5, class: 'soft' }, 'none'))];
  return make('div', { class: 'scroll' }, make('table', { class: 'board' }, make('caption', {}, title),
    make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...body)));
}
