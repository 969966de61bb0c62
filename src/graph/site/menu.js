// The menus above the picture.

function startMenus() {
  const menus = byId('menus');
  const router = make('select', { id: 'router', onchange: ({ target }) => go({ router: target.value }) },
    make('option', { value: '' }, 'all routers'), ...site.routers.map(({ label }) => make('option', { value: label }, label)));
  menus.append(
    radios('Show', 'by', dimensions, (by) => go({ by, off: new Set([...view.off].filter((label) => label === TOTAL)) })),
    radios('Report', 'report', site.reports.map(({ word }) => [word, TITLES[word]]), (report) => go({ report })),
    radios('Period', 'period', PERIODS, (period) => go({ period, from: null, to: null })));
  if (site.routers.length > 0) menus.append(make('label', { class: 'menu' }, make('span', {}, 'Router'), router));
  menus.addEventListener('submit', (event) => event.preventDefault());
  // Choosing the period again leaves what was zoomed into.
  menus.addEventListener('click', ({ target }) => target.name === 'period' && target.value === view.period && goBack());
}

// Makes the menus say what is shown.
function syncMenus() {
  const menus = byId('menus');
  for (const key of ['by', 'report', 'period']) {
    for (const radio of menus.querySelectorAll(`input[name=${key}]`)) {
      radio.checked = radio.value === view[key];
      if (radio.checked) uncover(radio.parentElement);
    }
  }
  menus.classList.toggle('zoomed', view.from !== null);
  const router = byId('router');
  if (router) {
    router.value = view.by === 'router' ? '' : view.router;
    router.disabled = view.by === 'router';
  }
  byId('back').disabled = view.from === null;
  byId('what').replaceChildren(...title());
  document.title = `${byId('what').textContent} – network traffic`;
}

// On a phone menus are longer than the screen is wide: what is chosen in them is to be seen.
function uncover({ parentElement: menu, offsetLeft: left, offsetWidth: width }) {
  const seen = left >= menu.scrollLeft && left + width <= menu.scrollLeft + menu.clientWidth;
  if (!seen) menu.scrollLeft = left - 80;
}

// What is shown, in words: the dimension, the router, the time.
function title() {
  const [, by] = dimensions.find(([word]) => word === view.by);
  const router = view.by !== 'router' && view.router ? ` of ${view.router}` : '';
  const [from, to] = span(view);
  return [`${by}${router}, ${TITLES[view.report].toLowerCase()}`, make('small', {}, ` ${range(from, to)} ${zone(to)}`)];
}

// A link to what is shown, on the clipboard; where pages may not write there, to be copied by hand.
async function copyLink() {
  const link = location.href.split('#')[0] + linkOf(view);
  try {
    await navigator.clipboard.writeText(link);
    say(byId('link'), 'Copied');
  } catch {
    const field = byId('address');
    field.hidden = false;
    field.value = link;
    field.select();
  }
}

// What a button has done, for a moment.
function say(button, text) {
  const before = button.dataset.text ?? button.textContent;
  button.dataset.text = before;
  button.textContent = text;
  setTimeout(() => (button.textContent = before), 1500);
}

// The numbers of what is shown, as a file.
function download() {
  const { picture } = shown;
  const url = URL.createObjectURL(new Blob([csv(picture)], { type: 'text/csv' }));
  const name = `${view.by}-${view.report}-${view.router || 'all'}.csv`.replace(/[^\w.-]/g, '_');
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

const THEMES = { auto: ['◐', 'Colours: as the system'], light: ['☀', 'Colours: light'], dark: ['☾', 'Colours: dark'] };

// Pages from files may not keep anything; then the choice lasts as long as the page.
function kept(value) {
  try {
    if (value !== undefined) localStorage.setItem('flow-graph-theme', value);
    return localStorage.getItem('flow-graph-theme');
  } catch {
    return null;
  }
}

function setTheme(theme) {
  const [sign, label] = THEMES[theme];
  const root = document.documentElement;
  if (theme === 'auto') delete root.dataset.theme;
  else root.dataset.theme = theme;
  const button = byId('theme');
  button.textContent = sign;
  button.title = label;
  button.setAttribute('aria-label', label);
}

function startTheme() {
  const names = Object.keys(THEMES);
  let theme = names.includes(kept()) ? kept() : 'auto';
  setTheme(theme);
  byId('theme').addEventListener('click', () => {
    theme = names[(names.indexOf(theme) + 1) % names.length];
    kept(theme);
    setTheme(theme);
  });
}
