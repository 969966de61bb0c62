// Who sends flows, and how old everything is.

function exporterRow({ address, label, last, flows, silent }) {
  const seen = last === undefined ? null : last / 1000;
  const [kind, text] = seen === null ? ['never', 'never heard'] : silent ? ['silent', `silent since ${when(seen)}`] : ['sending', 'sending'];
  return make('tr', { class: kind },
    make('td', {}, make('b', {}, text)),
    make('th', { scope: 'row' }, label ?? address, label ? make('small', {}, ` ${address}`) : ''),
    make('td', { title: seen === null ? false : date('full', seen) }, seen === null ? '–' : when(seen)),
    make('td', {}, flows === undefined ? '–' : grouped(flows)));
}

// The clock, and the day if it is not that of the newest data.
function when(time) {
  const today = midnight(time) === midnight(site.newest);
  return `${today ? '' : `${day(time)} `}${date('clock', time)}`;
}

function startExporters() {
  if (site.exporters.length === 0) return;
  const section = byId('exporters');
  section.hidden = false;
  // First those that want somebody's attention.
  const urgency = ({ silent, last }) => (last === undefined ? 1 : silent ? 0 : 2);
  const sorted = site.exporters.toSorted((a, b) => urgency(a) - urgency(b));
  const heads = ['state', 'exporter', 'last flow', 'flows'].map((head) => make('th', { scope: 'col' }, head));
  section.querySelector('.scroll').append(make('table', {},
    make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...sorted.map(exporterRow))));
}

// What there is to be wary of: data that ended before the page was made, and a page that is old.
function hints(now) {
  const behind = site.made - site.newest;
  const age = now - site.made;
  const silent = site.exporters.filter(({ silent, last }) => silent && last !== undefined).map(({ label, address }) => label ?? address);
  const names = silent.length > 3 ? `${silent.length} exporters` : silent.join(' and ');
  return [
    behind > site.silent && `The newest data are ${lasting(behind)} older than this page: is flow-scan running?`,
    age > 3600 && `This page was made ${lasting(age)} ago`,
    silent.length > 0 && `${names} ${silent.length > 1 ? 'are' : 'is'} silent`,
  ].filter(Boolean);
}

function startTimes() {
  const known = site.newest > 0;
  byId('times').append(...(known ? ['Data until ', make('time', { datetime: new Date(site.newest * 1000).toISOString() }, date('full', site.newest)), ' · '] : []),
    'made ', make('time', { datetime: new Date(site.made * 1000).toISOString() }, date('full', site.made)), ` ${zone(site.made)}`);
  byId('about').append(`Made by flow-graph ${site.version} · times are in the time zone of ${Intl.DateTimeFormat().resolvedOptions().timeZone}`);
  const tell = () => {
    const found = known ? hints(Date.now() / 1000) : [];
    byId('hint').hidden = found.length === 0;
    byId('hint').textContent = found.join(' · ');
  };
  tell();
  setInterval(tell, 60000);
}
