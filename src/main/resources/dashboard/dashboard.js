// Draws what GET /api/v1/live says, once a second. Texts go in as text, never as markup.

const byId = (id) => document.getElementById(id);
const TOKEN = 'fairlead-token';
const STALE_MILLIS = 3500;
const POLL_MILLIS = 1000;
const STREAM_AGAIN_MILLIS = 5000;

// ---- words and numbers ---------------------------------------------------------------------

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

function rate(value) {
  return value === 0 ? '0' : value < 10 ? tenth.format(value) : whole.format(value);
}

function millis(value) {
  if (value === null || value === undefined) return '–';
  if (value >= 10000) return tenth.format(value / 1000) + ' s';
  if (value >= 100) return whole.format(value) + ' ms';
  return (value >= 10 ? tenth.format(value) : value.toFixed(2)) + ' ms';
}

function share(value) {
  if (value === 0) return '0';
  return (value < 0.1 ? (value * 100).toFixed(1) : whole.format(value * 100)) + ' %';
}

function span(millisGone) {
  const s = Math.max(0, Math.floor(millisGone / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** The time of day; with the day if that is not today's. */
function moment(epochMillis, now) {
  const at = new Date(epochMillis);
  const time = at.toLocaleTimeString('en-GB');
  return at.toDateString() === new Date(now).toDateString() ? time
    : `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${time}`;
}

// ---- small helpers around the document ------------------------------------------------------

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Makes the children of parent that have keys match the items: same key, same element, in the same
 * order. Children without a key come first and stay.
 */
function keyed(parent, items, keyOf, create, update) {
  const old = new Map();
  let place = null;
  for (const child of parent.children) {
    if (child.dataset.key === undefined) continue;
    place ??= child;
    old.set(child.dataset.key, child);
  }
  for (const item of items) {
    const key = String(keyOf(item));
    let child = old.get(key);
    if (child) {
      old.delete(key);
    } else {
      child = create(item);
      child.dataset.key = key;
    }
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      const active = document.activeElement;
      const hadFocus = child.contains(active);
      parent.insertBefore(child, place);
      if (hadFocus) active.focus({ preventScroll: true });
    }
    update(child, item);
  }
  for (const gone of old.values()) gone.remove();
}

const SVG = 'http://www.w3.org/2000/svg';

/** A line of the last minute, and the failures in it, on the same scale from zero. */
function spark(svg, values, fails) {
  const width = 60;
  const height = 20;
  const top = Math.max(1, ...values, ...(fails || []));
  const shape = (numbers) => numbers
    .map((v, i) => `${i ? 'L' : 'M'}${((i * width) / Math.max(1, numbers.length - 1)).toFixed(2)} ${(height - (v / top) * (height - 1)).toFixed(2)}`)
    .join('');
  if (!svg.firstChild) {
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    for (const name of ['area', 'line', 'fails']) {
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('class', name);
      svg.append(path);
    }
  }
  const line = values.length ? shape(values) : `M0 ${height}L${width} ${height}`;
  const [area, stroke, failing] = svg.children;
  area.setAttribute('d', `${line}L${width} ${height}L0 ${height}Z`);
  stroke.setAttribute('d', line);
  failing.setAttribute('d', fails && fails.some((v) => v > 0) ? shape(fails) : '');
}

function sparkElement() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'spark');
  svg.setAttribute('aria-hidden', 'true');
  return svg;
}

// ---- drawing ---------------------------------------------------------------------------------

function draw(live) {
  text(byId('version'), live.version);
  text(byId('uptime'), span(live.uptimeSeconds * 1000));
  text(byId('config'), `version ${live.config.version}`);
  byId('config').title = `${live.config.source}, applied ${new Date(live.config.appliedAt).toLocaleString()}`;
  set(byId('headline'), 'data-level', live.level);
  text(byId('headline-text'), live.headline);
  keyed(byId('notes'), live.notes.map((note, i) => ({ note, i })), (n) => n.i, () => make('li'),
    (li, n) => text(li, n.note));
  const total = live.total;
  text(byId('total-rate'), rate(total.rate));
  spark(byId('total-spark'), total.rates, null);
  text(byId('total-errors'), share(total.errorShare));
  byId('total-errors').className = total.errorShare > 0 ? 'some' : '';
  spark(byId('total-error-spark'), total.errors, null);
  text(byId('total-p50'), millis(total.p50Millis));
  text(byId('total-p99'), millis(total.p99Millis));
  text(byId('total-connections'), whole.format(live.listeners.reduce((sum, l) => sum + l.connections, 0)));
  const services = [...live.services];
  keyed(byId('services'), services, (s) => s.name, createService, (card, s) => updateService(card, s, live.time));
  let hidden = byId('hidden-services');
  if (live.hiddenServices > 0) {
    hidden ??= byId('services').insertAdjacentElement('afterend', make('p', { id: 'hidden-services', class: 'hint' }));
    text(hidden, `${whole.format(live.hiddenServices)} more services are as well or better; GET /api/v1/services lists all.`);
  } else {
    hidden?.remove();
  }
  keyed(byId('listeners').tBodies[0], live.listeners, (l) => l.name, createListener, updateListener);
  keyed(byId('events'), live.events, (e) => e.id, createEvent, () => {});
  text(byId('lag'), live.controlLagMillis >= 50 ? `control thread is ${millis(live.controlLagMillis)} late` : '');
  if (opened.size) askAboutOpened();
  document.title = (live.level === 'good' ? '' : live.level === 'bad' ? '✕ ' : '! ') + 'Fairlead';
}

function createService(service) {
  const id = `service-${encodeURIComponent(service.name)}`;
  const card = make('section', { class: 'card service', 'aria-labelledby': id });
  const head = make('header', {}, make('h2', { id }), make('span', { class: 'state' }), make('p', { class: 'summary' }));
  for (const name of ['available', 'inflight', 'rate', 'failed', 'p50', 'p99']) {
    head.lastChild.append(make('span', { 'data-of': name }));
  }
  const table = make('table', { role: 'table', 'aria-label': `Nodes of ${service.name}` });
  const row = make('tr', { role: 'row' });
  const columns = [['Node', ''], ['State', ''], ['Share', 'n'], ['In flight', 'n'], ['Requests/s', 'n'],
    ['Last minute', 'trend'], ['Failed', 'n'], ['p50', 'n'], ['p99', 'n'], ['', '']];
  for (const [name, kind] of columns) {
    const th = make('th', { scope: 'col', role: 'columnheader', class: kind });
    text(th, name);
    if (!name) th.setAttribute('aria-label', 'Action');
    row.append(th);
  }
  table.append(make('thead', { role: 'rowgroup' }, row));
  card.append(head, make('div', { class: 'scroll' }, table), make('p', { class: 'more', hidden: '' }));
  return card;
}

function updateService(card, service, now) {
  const figures = service.figures;
  text(card.querySelector('h2'), service.name);
  const state = card.querySelector('header .state');
  set(state, 'data-state', service.state);
  text(state, service.state);
  const summary = {
    available: [service.available, ` of ${service.total} take requests`],
    inflight: [whole.format(service.inFlight), ' in flight'],
    rate: [rate(figures.rate), '/s'],
    failed: [share(figures.errorShare), ' failed'],
    p50: [millis(figures.p50Millis), ' p50'],
    p99: [millis(figures.p99Millis), ' p99'],
  };
  for (const part of card.querySelectorAll('[data-of]')) {
    const [strong, rest] = summary[part.dataset.of];
    if (!part.firstChild) part.append(make('b'), document.createTextNode(''));
    text(part.firstChild, String(strong));
    if (part.lastChild.nodeValue !== rest) part.lastChild.nodeValue = rest;
  }
  keyed(card.querySelector('table'), service.nodes, (n) => n.address,
    (n) => createNode(service.name, n), (body, n) => updateNode(body, n, now));
  const more = card.querySelector('.more');
  more.hidden = service.hiddenNodes === 0;
  text(more, `${whole.format(service.hiddenNodes)} more nodes are as well or better; GET /api/v1/services/${service.name}/nodes lists all.`);
}

// A node is a group of three rows: its figures, why it gets what it gets in words, and what is
// asked for only while somebody has it open.

const NODE_COLUMNS = 10;

function createNode(service, node) {
  const cell = (kind, label) => make('td', label ? { role: 'cell', class: kind, 'data-label': label } : { role: 'cell', class: kind });
  const id = `node-${encodeURIComponent(service)}-${encodeURIComponent(node.address)}`;
  const name = make('button', { type: 'button', class: 'name', 'aria-expanded': 'false', 'aria-controls': id });
  const figures = make('tr', { role: 'row', class: 'figures' },
    make('th', { scope: 'row', role: 'rowheader' }, name, make('span', { class: 'sub' })),
    cell('status'), cell('n share', 'Share'), cell('n inflight', 'In flight'), cell('n rate', 'Requests/s'), cell('trend'),
    cell('n failed', 'Failed'), cell('n p50', 'p50'), cell('n p99', 'p99'), cell('act'));
  figures.querySelector('.status').append(make('span', { class: 'state' }), make('span', { class: 'sub' }));
  figures.querySelector('.trend').append(sparkElement());
  const whole = () => make('td', { role: 'cell', colspan: NODE_COLUMNS });
  const words = make('tr', { role: 'row', class: 'words' }, whole());
  words.firstChild.append(make('div', {},
    make('p', { class: 'choice' }),
    make('p', { class: 'health' }, make('span', { class: 'reason' }), make('span', { class: 'before' }))));
  const details = make('tr', { role: 'row', class: 'details', id, hidden: '' }, whole());
  const body = make('tbody', { role: 'rowgroup', class: 'node' }, figures, words, details);
  body.service = service;
  const button = make('button', { type: 'button' });
  button.addEventListener('click', () => changeDraining(service, body.node));
  figures.querySelector('.act').append(button);
  name.addEventListener('click', () => openOrShut(body));
  words.addEventListener('click', () => {
    if (getSelection().isCollapsed) openOrShut(body);
  });
  return body;
}

function updateNode(body, node, now) {
  body.node = node;
  const [row, words, details] = body.children;
  set(body, 'data-state', node.state);
  const [name, about] = row.firstChild.children;
  text(name, node.name);
  text(about, membership(node).join(' · '));
  const [state, since] = row.querySelector('.status').children;
  set(state, 'data-state', node.state);
  text(state, node.state);
  text(since, `for ${span(now - node.since)}`);
  const number = (kind, value) => text(row.querySelector(kind), value);
  number('.share', node.requestShare === null ? '–' : share(node.requestShare));
  set(row.querySelector('.share'), 'title', shareWords(body.service, node));
  number('.inflight', whole.format(node.inFlight));
  row.querySelector('.inflight').title = `${node.connections} connections, ${node.idleConnections} idle`;
  number('.rate', rate(node.figures.rate));
  number('.failed', share(node.figures.errorShare));
  row.querySelector('.failed').classList.toggle('some', node.figures.errorShare > 0);
  number('.p50', millis(node.figures.p50Millis));
  number('.p99', millis(node.figures.p99Millis));
  spark(row.querySelector('.spark'), node.figures.rates, node.figures.errors);
  const button = row.querySelector('.act button');
  const verb = node.state === 'draining' ? 'Undrain' : 'Drain';
  text(button, verb);
  set(button, 'aria-label', `${verb} ${node.name}`);
  const choice = words.querySelector('.choice');
  text(choice, node.choice + rest(node, now));
  set(choice, 'title', choice.textContent);
  const [current, ...earlier] = node.verdicts.toReversed();
  text(words.querySelector('.reason'), (current ? `${moment(current.epochMillis, now)} ${current.up ? 'up' : 'down'}: ` : '') + node.health);
  text(words.querySelector('.before'), earlier.map((v) => ` · ${moment(v.epochMillis, now)} ${v.up ? 'up' : 'down'}: ${v.why}`).join(''));
  if (!details.hidden) updateDetails(body, now);
}

/** Who says that it is a member, and as what. */
function membership(node) {
  const facts = [];
  if (node.name !== node.address) facts.push(node.address);
  if (node.zone) facts.push(`zone ${node.zone}`);
  if (node.tier !== 0) facts.push(`tier ${node.tier}`);
  if (node.weight !== 1) facts.push(`weight ${node.weight}`);
  for (const [label, value] of labels(node)) facts.push(`${label} ${value}`);
  if (node.source !== 'file') facts.push(`by ${node.source}`);
  return facts;
}

/** The labels that most people look for come first. */
function labels(node) {
  const place = (label) => (['version', 'zone', 'host'].indexOf(label) + 4) % 4;
  return Object.entries(node.labels).sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1));
}

/** How long an ejection still takes. */
function rest(node, now) {
  if (node.ejectedUntil === null || node.state !== 'ejected') return '';
  const left = Math.ceil((node.ejectedUntil - now) / 1000);
  return left > 0 ? `; for ${left} s more` : '; until a probe passes';
}

function shareWords(service, node) {
  return node.requestShare === null ? `Nothing was sent to ${service} in the last 10 s.`
    : `Got ${node.requestShare === 0 ? 'nothing' : share(node.requestShare)} of what was sent to ${service} in the last 10 s.`;
}

function standingWords(node, now) {
  if (node.standing === 'good') return 'good: its answers say nothing against it';
  if (node.standing === 'ejected') return `ejected: ${node.standingReason}${rest(node, now)}`;
  return `on probation with ${share(node.share)} of its share: ${node.standingReason}`;
}

// ---- a node that somebody looks into -----------------------------------------------------------

const opened = new Set();
let asking = false;

function openOrShut(body) {
  const details = body.querySelector('.details');
  const open = details.hidden;
  if (open && !details.firstChild.firstChild) details.firstChild.append(createDetails());
  details.hidden = !open;
  set(body.querySelector('.name'), 'aria-expanded', String(open));
  body.classList.toggle('open', open);
  if (open) {
    opened.add(body);
    updateDetails(body, Date.now());
    askAboutOpened();
  } else {
    opened.delete(body);
  }
}

/** What the picture of every second does not hold, of one node after the other. */
async function askAboutOpened() {
  if (asking) return;
  asking = true;
  try {
    for (const body of opened) {
      if (!body.isConnected) {
        opened.delete(body);
        continue;
      }
      try {
        const answer = await ask(nodePath(body.service, body.node), { signal: AbortSignal.timeout(STALE_MILLIS) });
        body.more = await answer.json();
        body.trouble = '';
      } catch (e) {
        body.trouble = e instanceof NeedsToken ? 'That needs a token.' : `Not known: ${e.message}`;
      }
      updateDetails(body, Date.now());
    }
  } finally {
    asking = false;
  }
}

function createDetails() {
  const facts = (...titles) => make('dl', {}, ...titles.map(([of, title]) => {
    const dt = make('dt');
    text(dt, title);
    return make('div', { class: of }, dt, make('dd'));
  }));
  const list = (kind, title) => {
    const head = make('h3');
    text(head, title);
    return make('div', {}, head,
      make('div', { class: 'list', tabindex: '0', role: 'group', 'aria-label': title }, make('ol', { class: kind })));
  };
  return make('div', { class: 'inside' }, facts(['choice', 'Chosen']),
    facts(['standing', 'Standing'], ['health', 'Health'], ['member', 'Member'], ['labels', 'Labels'], ['use', 'Use'], ['all', 'So far']),
    list('verdicts', 'Up and down, the last 32 times'), list('probes', 'The last probes'));
}

function updateDetails(body, now) {
  const { node, more } = body;
  const inside = body.querySelector('.inside');
  const fact = (kind, words) => text(inside.querySelector(`.${kind} dd`), words);
  fact('choice', `${node.choice}${rest(node, now)}. ${shareWords(body.service, node)}`);
  fact('standing', standingWords(node, now));
  const last = node.verdicts.at(-1);
  fact('health', (last ? `${last.up ? 'up' : 'down'}: ` : '') + node.health);
  fact('member', `${node.address}, weight ${node.weight}, tier ${node.tier}${node.zone ? `, zone ${node.zone}` : ''}, by ${node.source}`);
  fact('labels', labels(node).map(([label, value]) => `${label}=${value}`).join(', ') || 'none');
  fact('use', `${whole.format(node.inFlight)} in flight, ${whole.format(node.connections)} connections, ${whole.format(node.idleConnections)} of them idle`
    + (more && more.sessionRequests !== null ? `, ${whole.format(more.sessionRequests)} requests of sessions within a minute` : '')
    + (more && more.empty && node.state === 'draining' ? '; empty' : ''));
  fact('all', body.trouble || (more ? `${whole.format(more.requests)} requests, ${whole.format(more.errors)} failures` : 'asking …'));
  const entry = () => make('li', {}, make('time'), make('b'), make('span'));
  const show = (kind, items, none) => {
    const times = new Map(); // several may be of one moment
    for (const item of items) {
      item.number = times.get(item.epochMillis) ?? 0;
      times.set(item.epochMillis, item.number + 1);
    }
    const lines = items.length ? items.toReversed() : [{ none }];
    keyed(inside.querySelector(`.${kind}`), lines, (i) => (i.none ? 'none' : `${i.epochMillis} ${i.number}`), entry, (li, i) => {
      const [time, word, why] = li.children;
      text(time, i.none ? '' : moment(i.epochMillis, now));
      text(word, i.none ? '' : i.word);
      set(li, 'data-good', i.none ? '' : String(i.good));
      text(why, i.none || i.why);
    });
  };
  if (!more) return;
  show('verdicts', more.verdicts.map((v) => ({ epochMillis: v.epochMillis, good: v.up, word: v.up ? 'up' : 'down', why: v.why })),
    'It has gone neither up nor down since it joined.');
  show('probes', more.probes.map((p) => ({ epochMillis: p.epochMillis, good: p.passed, word: p.passed ? 'passed' : 'failed', why: p.what })),
    'It has not been probed.');
}

function nodePath(service, node) {
  return `/api/v1/services/${encodeURIComponent(service)}/nodes/${encodeURIComponent(node.address)}`;
}

function createListener() {
  return make('tr', { role: 'row' },
    make('th', { scope: 'row', role: 'rowheader' }, make('span'), make('span', { class: 'sub' }), make('span', { class: 'sub' })),
    make('td', { class: 'n', role: 'cell', 'data-label': 'Clients' }),
    make('td', { class: 'n', role: 'cell', 'data-label': 'Requests/s' }),
    make('td', { class: 'n', role: 'cell', 'data-label': 'Failed' }),
    make('td', { class: 'all', role: 'cell', 'data-label': 'Answered by Fairlead itself' }, make('ul', { class: 'reasons' })));
}

function updateListener(row, listener) {
  const [head, clients, perSecond, failed, own] = row.children;
  text(head.children[0], listener.name);
  text(head.children[1], (listener.protocol === 'http' ? '' : listener.protocol + ' ') + listener.addresses.join(', '));
  const [first] = listener.certificates; // the one that expires first
  text(head.children[2], first ? certificateText(first) : '');
  head.children[2].classList.toggle('some', first !== undefined && first.daysLeft < 21);
  text(clients, whole.format(listener.connections));
  text(perSecond, rate(listener.figures.rate));
  text(failed, share(listener.figures.errorShare));
  failed.classList.toggle('some', listener.figures.errorShare > 0);
  const reasons = listener.reasons.filter((r) => r.count > 0);
  keyed(own.firstChild, reasons.length ? reasons : [{ reason: 'nothing', count: 0, meaning: '' }], (r) => r.reason,
    () => make('li'), (li, r) => {
      text(li, r.count ? `${r.reason} ${whole.format(r.count)}` : 'nothing');
      li.className = r.count ? '' : 'none';
      if (li.title !== r.meaning) li.title = r.meaning;
    });
}

function certificateText(certificate) {
  const name = certificate.names[0] || certificate.file;
  return certificate.daysLeft < 0 ? `certificate for ${name} has expired`
    : `certificate for ${name}: ${whole.format(certificate.daysLeft)} days left`;
}

function createEvent(event) {
  const at = new Date(event.time);
  const time = make('time', { datetime: at.toISOString(), title: at.toLocaleString() });
  text(time, at.toLocaleTimeString('en-GB'));
  const what = make('p');
  text(what, event.text);
  return make('li', { 'data-level': event.level }, time, make('span', { class: 'dot', 'aria-hidden': 'true' }), what);
}

// ---- talking to the instance -------------------------------------------------------------------

class NeedsToken extends Error {}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { ...options, headers, cache: 'no-store', credentials: 'omit' });
  if (answer.status === 401) throw new NeedsToken();
  if (!answer.ok) {
    let detail = `${answer.status}`;
    try {
      detail = (await answer.json()).detail;
    } catch {
      // no problem document: the status has to do
    }
    throw new Error(detail);
  }
  return answer;
}

let lastNews = 0;

function show(live, state) {
  lastNews = Date.now();
  link(state);
  draw(live);
}

function link(state) {
  const words = { live: 'Live', polling: 'Live, by polling', lost: 'Connection lost', wait: 'Connecting' };
  set(byId('link'), 'data-state', state);
  text(byId('link-text'), words[state]);
  document.body.dataset.link = state;
}

/** Reads server-sent events; fetch instead of EventSource because only fetch can carry a token. */
async function follow() {
  const stop = new AbortController();
  const watchdog = setInterval(() => {
    if (Date.now() - lastNews > STALE_MILLIS) stop.abort();
  }, 500);
  try {
    lastNews = Date.now();
    const answer = await ask('/api/v1/live', { headers: { Accept: 'text/event-stream' }, signal: stop.signal });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      let end;
      while ((end = rest.indexOf('\n\n')) >= 0) {
        const message = rest.slice(0, end);
        rest = rest.slice(end + 2);
        const data = message.split('\n').filter((l) => l.startsWith('data: ')).map((l) => l.slice(6)).join('\n');
        if (data) show(JSON.parse(data), 'live');
      }
    }
  } finally {
    clearInterval(watchdog);
    stop.abort();
  }
}

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

async function poll(until) {
  while (Date.now() < until) {
    try {
      const answer = await ask('/api/v1/live', { signal: AbortSignal.timeout(STALE_MILLIS) });
      show(await answer.json(), 'polling');
    } catch (e) {
      if (e instanceof NeedsToken) throw e;
      link('lost');
    }
    await pause(POLL_MILLIS);
  }
}

async function run() {
  for (;;) {
    try {
      try {
        await follow();
      } catch (e) {
        if (e instanceof NeedsToken) throw e;
      }
      await poll(Date.now() + STREAM_AGAIN_MILLIS);
    } catch (e) {
      if (!(e instanceof NeedsToken)) throw e;
      await login();
    }
  }
}

function login() {
  const dialog = byId('login');
  if (sessionStorage.getItem(TOKEN)) text(byId('login-text'), 'That token is not known here.');
  byId('token').value = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      sessionStorage.setItem(TOKEN, byId('token').value.trim());
      resolve();
    }, { once: true });
  });
}

function confirm(title, words, yes) {
  const dialog = byId('ask');
  text(byId('ask-title'), title);
  text(byId('ask-text'), words);
  text(byId('ask-yes'), yes);
  dialog.showModal();
  return new Promise((resolve) => {
    // The close event comes a moment late and could belong to the question before: not used.
    const answered = new AbortController();
    const end = (yesOrNo) => {
      answered.abort();
      resolve(yesOrNo);
    };
    dialog.querySelector('form').addEventListener('submit',
      (e) => end(e.submitter?.value === 'yes'), { signal: answered.signal });
    dialog.addEventListener('cancel', () => end(false), { signal: answered.signal });
  });
}

async function changeDraining(service, node) {
  const back = node.state === 'draining';
  const sure = back
    ? await confirm(`Undrain ${node.name}?`, `It takes requests of ${service} again.`, 'Undrain')
    : await confirm(`Drain ${node.name}?`,
      `It gets no new requests of ${service}; the ${node.inFlight} in flight go on to their end.`, 'Drain');
  if (!sure) return;
  try {
    const answer = await ask(`${nodePath(service, node)}/${back ? 'undrain' : 'drain'}`,
      { method: 'POST', headers: { 'Content-Type': 'application/json' } });
    const change = await answer.json();
    toast(back ? `${change.node} takes requests again.` : `${change.node} is draining, ${change.inFlight} in flight.`);
  } catch (e) {
    toast(e instanceof NeedsToken ? 'That needs a token.' : `Not done: ${e.message}`);
  }
}

let toastTimer = 0;

function toast(words) {
  const box = byId('toast');
  text(box, words);
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 5000);
}

run();
