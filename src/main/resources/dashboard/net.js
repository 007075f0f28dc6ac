// Talking to the instance: single questions, questions asked again and again, the live picture.

const TOKEN = 'fairlead-token';
const BACK = 'fairlead-back';
const SESSION = '/api/v1/session';
const ROLES = ['viewer', 'analyst', 'operator'];
const STALE_MILLIS = 3500;
const POLL_MILLIS = 1000;
const STREAM_AGAIN_MILLIS = 5000;
const FORGET_MILLIS = 60000;
const MAX_KEPT = 60;

const byId = (id) => document.getElementById(id);

export class NeedsToken extends Error {}

/** An answer that says no. */
export class Refused extends Error {
  constructor(status, detail, { position, problems } = {}) {
    super(detail);
    this.status = status;
    this.position = position;
    this.problems = problems ?? [];
  }
}

function withToken(options) {
  const headers = { ...options.headers };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  return { ...options, headers, cache: 'no-store', credentials: 'same-origin' };
}

export async function ask(path, options = {}) {
  const answer = await fetch(path, withToken(options));
  if (answer.status === 401) throw new NeedsToken('That needs a token.');
  if (!answer.ok) {
    let problem = {};
    try {
      problem = await answer.json();
    } catch {
      // no problem document: the status has to do
    }
    throw new Refused(answer.status, problem.detail || `The answer was ${answer.status}.`, problem);
  }
  return answer;
}

export const post = (path, body, type = 'application/json') =>
  ask(path, { method: 'POST', headers: { 'Content-Type': type }, body });

// ---- questions that a page needs answered ---------------------------------------------------------

let changed = () => {};
let generation = 0;
const kept = new Map();
const slots = new Map();

export const state = { paused: false, link: 'wait', live: null, lastNews: 0, session: null, refused: '' };

export function onChange(listener) {
  changed = listener;
}

/** A page is about to be drawn: what it does not ask for any more is not asked again. */
export function begin() {
  generation++;
}

/**
 * The answer to a question, as far as there is one.
 *
 * @param every seconds after which it is asked again; 0: never
 * @param slot what the question is about: until the first answer, the one to the question before
 *     it is shown
 * @returns {{value: any, error: string, missing: boolean, busy: boolean, at: number, old: boolean}}
 */
export function use(path, every = 0, slot = path) {
  let entry = kept.get(path);
  if (!entry) {
    entry = { path, value: undefined, error: '', missing: false, later: false, busy: false, at: 0, every, old: false };
    kept.set(path, entry);
  }
  entry.generation = generation;
  entry.every = every;
  entry.slot = slot;
  entry.used = Date.now();
  if (!entry.busy && entry.at === 0) load(entry);
  if (entry.value === undefined && !entry.error && !entry.missing && slots.has(slot)) {
    return { ...entry, value: slots.get(slot), old: true };
  }
  return entry;
}

async function load(entry) {
  entry.busy = true;
  try {
    const answer = await ask(entry.path, { signal: AbortSignal.timeout(45000) });
    entry.value = await answer.json();
    entry.error = '';
    entry.missing = false;
    entry.later = false;
    slots.set(entry.slot, entry.value);
  } catch (e) {
    entry.missing = e instanceof Refused && e.status === 404;
    entry.later = e instanceof Refused && e.status === 503;
    entry.error = entry.missing ? '' : e.name === 'TimeoutError' ? 'There was no answer within 45 s.'
      : e instanceof Refused || e instanceof NeedsToken ? e.message : 'The instance does not answer.';
  }
  entry.busy = false;
  entry.at = Date.now();
  changed();
}

/** Asks again what is shown now. */
export function refresh(prefix = '') {
  for (const entry of kept.values()) {
    if (entry.generation === generation && entry.path.startsWith(prefix) && !entry.busy) load(entry);
  }
}

setInterval(() => {
  const now = Date.now();
  for (const entry of kept.values()) {
    const active = entry.generation === generation;
    if (!active && !entry.busy && (now - entry.used > FORGET_MILLIS || kept.size > MAX_KEPT)) kept.delete(entry.path);
    if (!active || entry.busy || state.paused || document.hidden || state.link === 'lost') continue;
    // What is not there may come with another configuration; a refusal is asked again at leisure, and
    // what was told to come later even where one answer is enough, or the page would stay without.
    const wait = entry.missing ? 30 : entry.error ? Math.max(5, entry.every) : entry.every;
    if ((entry.every || entry.later) && now - entry.at > wait * 1000) load(entry);
  }
  if (slots.size > MAX_KEPT) slots.clear();
}, 500);

// ---- the live picture -----------------------------------------------------------------------------

function show(picture, how) {
  state.lastNews = Date.now();
  state.refused = '';
  const before = state.link;
  state.link = how;
  if (!state.paused || !state.live) {
    state.live = picture;
    remember(picture);
  }
  if (before === 'lost') refresh();
  changed();
}

function lost() {
  if (state.link === 'lost') return;
  state.link = 'lost';
  changed();
}

/** The instance answers, and does not let this reader in: nothing is left of what was shown. */
function turnedAway(words) {
  state.refused = words;
  state.link = 'lost';
  forget();
}

/** Figures of the last five minutes, one a second, as the pictures brought them. */
export const history = { time: [], rate: [], errors: [], p50: [], p99: [], healthy: [] };
const KEPT_SECONDS = 300;

let remembered = 0;

function remember(picture) {
  const { rates, errors, p50Millis, p99Millis } = picture.total;
  const gone = picture.time - remembered;
  if (gone < 500) return; // the same, sent again
  remembered = picture.time;
  const last = history.time.at(-1) ?? 0;
  // Pictures come about a second apart: each has a place of its own, and what was missed is in the next.
  const second = Math.max(last + 1, Math.round(picture.time / 1000) - 1); // the one that is over
  const missed = Math.min(rates.length, last ? Math.round(gone / 1000) : rates.length);
  for (let i = missed - 1; i > 0; i--) {
    if (second - i > last) put(second - i, rates.at(-1 - i) ?? 0, errors.at(-1 - i) ?? 0, null, null, null);
  }
  const healthy = picture.services.reduce((sum, service) => sum + service.available, 0);
  put(second, rates.at(-1) ?? 0, errors.at(-1) ?? 0, p50Millis, p99Millis, healthy);
}

function put(second, ...values) {
  history.time.push(second);
  ['rate', 'errors', 'p50', 'p99', 'healthy'].forEach((name, i) => history[name].push(values[i]));
  while (history.time.length && history.time[0] <= second - KEPT_SECONDS) {
    for (const column of Object.values(history)) column.shift();
  }
}

// A page that a browser keeps in case somebody goes back must not keep one of its few connections.
let leaving = new AbortController();
addEventListener('pagehide', () => {
  leaving.abort();
  leaving = new AbortController();
});

/**
 * Reads server-sent events; fetch instead of EventSource because only fetch can carry a token.
 *
 * @param heard called with each message's data and kind
 */
export async function stream(path, heard, signal) {
  const answer = await ask(path, { headers: { Accept: 'text/event-stream' }, signal: AbortSignal.any([signal, leaving.signal]) });
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
      const kind = /^event: (.*)$/m.exec(message)?.[1] ?? '';
      if (data) heard(JSON.parse(data), kind);
    }
  }
}

async function follow() {
  const stop = new AbortController();
  const watchdog = setInterval(() => {
    if (Date.now() - state.lastNews > STALE_MILLIS) stop.abort();
  }, 500);
  try {
    state.lastNews = Date.now();
    await stream('/api/v1/live', (picture) => show(picture, 'live'), stop.signal);
  } finally {
    clearInterval(watchdog);
    stop.abort();
  }
}

const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

async function poll(until) {
  while (Date.now() < until) {
    try {
      const answer = await ask('/api/v1/live', { signal: AbortSignal.timeout(STALE_MILLIS) });
      show(await answer.json(), 'polling');
    } catch (e) {
      if (e instanceof NeedsToken) throw e;
      if (e instanceof Refused && (e.status === 403 || e.status === 421)) turnedAway(e.message);
      else lost();
    }
    await wait(POLL_MILLIS);
  }
}

export async function run() {
  await learn();
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
      if (state.session?.by === 'oidc') forget(); // whoever comes by does not read on
      await login();
      await learn();
      refresh();
    }
  }
}

// ---- asking people --------------------------------------------------------------------------------

/** Who this reader is to the instance. */
async function learn() {
  try {
    state.session = await (await ask(SESSION, { signal: AbortSignal.timeout(STALE_MILLIS) })).json();
  } catch {
    // what is not known is tried, and refused with words
  }
  changed();
}

/** Whether the reader may do what needs that role, as far as is known. */
export const may = (role) => !state.session || ROLES.indexOf(state.session.role) >= ROLES.indexOf(role);

/** Why not; empty: nothing stands against it. */
export const whyNot = (role) => (may(role) ? '' : `This needs the role ${role}; yours is ${state.session.role ?? 'none'}.`);

async function login() {
  const dialog = byId('login');
  const before = state.session;
  await learn();
  const { signIn, tokens, trouble } = state.session ?? { tokens: true };
  byId('login-title').textContent = signIn ? 'Sign in' : 'Token';
  byId('login-text').textContent = sessionStorage.getItem(TOKEN) ? 'That token is not known here.'
    : before?.by === 'oidc' ? 'Your session has ended.' : 'This instance wants to know who you are.';
  byId('login-trouble').textContent = trouble ?? '';
  byId('login-trouble').hidden = !trouble;
  byId('sign-in').hidden = !signIn || Boolean(trouble);
  byId('login-form').hidden = !tokens && Boolean(signIn);
  byId('sign-in').onclick = () => {
    sessionStorage.removeItem(TOKEN); // it would count, and not who signs in
    sessionStorage.setItem(BACK, location.hash);
    location.href = signIn;
  };
  byId('token').value = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const token = byId('token').value.trim();
      if (token) sessionStorage.setItem(TOKEN, token);
      resolve();
    }, { once: true });
  });
}

/** Nothing is left of what was shown. */
function forget() {
  state.live = null;
  kept.clear();
  slots.clear();
  for (const column of Object.values(history)) column.length = 0;
  changed();
}

/** Whoever has just signed in is where they were before. */
export function comeBack() {
  const back = sessionStorage.getItem(BACK);
  sessionStorage.removeItem(BACK);
  if (back?.startsWith('#/') && !location.hash) window.history.replaceState(null, '', back);
}

/** Ends the session here and has the browser go to where it ends at the provider; forgets a token. */
export async function signOut() {
  try {
    const session = state.session?.by === 'oidc'
      ? await (await ask(SESSION, { method: 'DELETE' })).json() : { provider: null };
    sessionStorage.removeItem(TOKEN);
    forget(); // the browser's way back leads here
    if (session.provider) location.href = session.provider;
    else location.reload();
  } catch (e) {
    toast(`Not signed out: ${e.message}`);
  }
}

export function confirm(title, words, yes) {
  const dialog = byId('ask');
  byId('ask-title').textContent = title;
  byId('ask-text').textContent = words;
  byId('ask-yes').textContent = yes;
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

let toastTimer = 0;

export function toast(words) {
  const box = byId('toast');
  box.textContent = words;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 5000);
}

const spoken = { timers: { true: 0, false: 0 }, last: 0 };

/**
 * Has a screen reader say it, the last of many only.
 *
 * @param asked whether the reader did something that it answers; else it waits its turn: one in 10 s
 */
export function speak(words, asked = true) {
  clearTimeout(spoken.timers[asked]);
  spoken.timers[asked] = setTimeout(() => {
    byId('spoken').textContent = words;
    spoken.last = Date.now();
  }, asked ? 300 : Math.max(300, spoken.last + 10000 - Date.now()));
}

export async function copy(words, what) {
  try {
    await navigator.clipboard.writeText(words);
    toast(`${what} copied.`);
  } catch {
    toast(`${what} could not be copied: the browser does not let this page.`);
  }
}

export const nodePath = (service, address) =>
  `/api/v1/services/${encodeURIComponent(service)}/nodes/${encodeURIComponent(address)}`;

export async function changeDraining(service, node) {
  const back = node.state === 'draining';
  const sure = back
    ? await confirm(`Undrain ${node.name}?`, `It takes requests of ${service} again.`, 'Undrain')
    : await confirm(`Drain ${node.name}?`,
      `It gets no new requests of ${service}; the ${node.inFlight} in flight go on to their end.`, 'Drain');
  if (!sure) return;
  try {
    const answer = await ask(`${nodePath(service, node.address)}/${back ? 'undrain' : 'drain'}`,
      { method: 'POST', headers: { 'Content-Type': 'application/json' } });
    const change = await answer.json();
    toast(back ? `${change.node} takes requests again.` : `${change.node} is draining, ${change.inFlight} in flight.`);
    refresh();
  } catch (e) {
    toast(e instanceof NeedsToken ? 'That needs a token.' : `Not done: ${e.message}`);
  }
}
