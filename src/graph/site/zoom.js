// Zooming: dragging with the mouse, two fingers, keys and buttons.

// Pixels before a press becomes a drag.
const DRAG = 5;

// The time that is being chosen, and the row where keys have begun to.
let selection = null;
let marked = null;
const fingers = new Map();

function place(event) {
  const { left, width } = byId('plot').getBoundingClientRect();
  return (event.clientX - left) * (shown.frame.width / width);
}

function select(times) {
  selection = times;
  if (!times) marked = null;
  markCursor();
}

function zoomTo(times) {
  select(null);
  goTo(Math.min(...times), Math.max(...times));
}

// Makes what is shown so many times as long, around the cursor or the middle.
function stretch(factor) {
  const { from, to } = shown.picture;
  const length = (to - from) * factor;
  const middle = cursor === null ? (from + to) / 2 : rowSpan(shown.picture, cursor).reduce((a, b) => (a + b) / 2);
  const before = (middle - from) / (to - from);
  goTo(middle - length * before, middle + length * (1 - before));
}

function shift(part) {
  const { from, to } = shown.picture;
  goTo(from + (to - from) * part, to + (to - from) * part);
}

function escape() {
  if (selection) select(null);
  else goBack();
}

function press(event) {
  fingers.set(event.pointerId, place(event));
  event.currentTarget.setPointerCapture(event.pointerId);
  if (event.pointerType === 'touch') {
    touched(event);
  } else if (event.button === 0) {
    const time = shown.frame.time(place(event));
    selection = [time, time];
  }
}

function move(event) {
  if (event.pointerType === 'touch') {
    if (fingers.has(event.pointerId)) touched(event);
    return;
  }
  point(rowAt(place(event)));
  if (selection && fingers.has(event.pointerId)) select([selection[0], shown.frame.time(place(event))]);
}

// One finger shows values; two choose the time between them.
function touched(event) {
  fingers.set(event.pointerId, place(event));
  if (fingers.size === 2) select([...fingers.values()].map(shown.frame.time));
  else point(rowAt(place(event)));
}

function lift(event) {
  const began = fingers.get(event.pointerId);
  const pinched = fingers.size === 2;
  fingers.delete(event.pointerId);
  if (!selection || event.type === 'pointercancel') {
    select(null);
  } else if (event.pointerType === 'touch' ? pinched : Math.abs(place(event) - began) >= DRAG) {
    zoomTo(selection);
  } else if (event.pointerType !== 'touch') {
    select(null);
  }
}

// Enter marks where the cursor is; again, it zooms to what lies between, ends included.
function mark() {
  if (cursor === null) return;
  if (marked === null) {
    marked = cursor;
    select(sinceMark());
  } else {
    zoomTo(sinceMark());
  }
}

function sinceMark() {
  const times = [marked, cursor].flatMap((row) => rowSpan(shown.picture, row));
  return [Math.min(...times), Math.max(...times)];
}

function step(by) {
  point(cursor === null ? shown.picture.rows.length - 1 : cursor + by);
  if (marked !== null) select(sinceMark());
}

const KEYS = {
  ArrowLeft: (event) => step(event.shiftKey ? -10 : -1),
  ArrowRight: (event) => step(event.shiftKey ? 10 : 1),
  PageUp: () => step(-Math.ceil(shown.picture.rows.length / 10)),
  PageDown: () => step(Math.ceil(shown.picture.rows.length / 10)),
  Home: () => step(-Infinity),
  End: () => step(Infinity),
  Enter: mark,
  ' ': mark,
  '+': () => stretch(0.5),
  '=': () => stretch(0.5),
  '-': () => stretch(2),
  Escape: escape,
};

function key(event) {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act(event);
}

function leave(event) {
  if (event.pointerType !== 'touch' && !byId('plot').matches(':focus-visible')) point(null);
}

function startZoom() {
  const plot = byId('plot');
  const heard = { pointerdown: press, pointermove: move, pointerup: lift, pointercancel: lift, pointerleave: leave, keydown: key, dblclick: goBack };
  for (const [name, hear] of Object.entries(heard)) plot.addEventListener(name, (event) => shown && hear(event));
  plot.addEventListener('focus', () => shown && cursor === null && plot.matches(':focus-visible') && point(Infinity));
  plot.addEventListener('blur', () => {
    if (!shown) return;
    select(null);
    point(null);
  });
  document.addEventListener('keydown', (event) => {
    // There it has a meaning of its own.
    const field = event.target.closest?.('select,input');
    if (event.key === 'Escape' && event.target !== plot && !field) escape();
  });
  document.addEventListener('pointerdown', ({ target }) => shown && !plot.contains(target) && point(null));
  byId('zoom').append(
    button('‹', 'Earlier', () => shift(-0.5)), button('›', 'Later', () => shift(0.5)),
    button('+', 'Zoom in', () => stretch(0.5)), button('−', 'Twice the time', () => stretch(2)),
    make('button', { type: 'button', id: 'back', onclick: goBack }, 'Zoom out'));
}
