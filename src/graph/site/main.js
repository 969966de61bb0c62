// The page as a whole: a link leads to a view, a view to a picture.

let shown = null;
let asked = 0;

// Shows what the link says. Numbers come later; those that another view has overtaken are not shown.
async function show() {
  const mine = ++asked;
  view = viewOf(location.hash);
  syncMenus();
  const next = await picture(view);
  if (mine !== asked) return;
  [selection, marked] = [null, null];
  fillLegend(next);
  redraw(next);
  byId('plot').dataset.view = linkOf(view);
}

// Whoever was at a time stays there.
function redraw(next) {
  const stays = shown && cursor !== null && document.activeElement === byId('plot');
  const [from, to] = stays ? rowSpan(shown.picture, cursor) : [];
  shown = { picture: next, frame: drawPicture(next) };
  const row = next.rows.findIndex((end) => end >= (from + to) / 2);
  point(stays ? (row < 0 ? Infinity : row) : null);
}

// Draws anew when there is more or less room.
function watchSize() {
  let size = '';
  new ResizeObserver(([{ contentRect: { width, height } }]) => {
    const now = `${Math.round(width)} ${Math.round(height)}`;
    if (shown && now !== size) redraw(shown.picture);
    size = now;
  }).observe(byId('plot'));
}

function start() {
  startTheme();
  startTimes();
  startExporters();
  if (site.newest > 0) {
    for (const id of ['menus', 'graph', 'labels']) byId(id).hidden = false;
    startMenus();
    startLegend();
    startZoom();
    watchSize();
    addEventListener('hashchange', show);
    show().then(startBoards);
  } else {
    byId('empty').hidden = false;
    byId('empty').append('There is nothing to show yet: no RRD has numbers. flow-scan makes them from flow files; then make this page anew with flow-graph --site.');
    startBoards();
  }
}

start();
