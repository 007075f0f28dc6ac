// Draws the page that the address names, whenever something is new.

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { themeChanged } from '/chart.js';
import '/heat.js';
import { begin, comeBack, onChange, refresh, run, signOut, speak, state } from '/net.js';
import { here } from '/url.js';
import { moment, span } from '/format.js';
import { incidentsNow, now } from '/now.js';
import { routes } from '/routes.js';
import { nodes } from '/nodes.js';
import { clients } from '/clients.js';
import { cluster } from '/cluster.js';
import { follow, records } from '/records.js';
import { sql } from '/sql.js';
import { incidents } from '/incidents.js';
import { alerts, alertsNow } from '/alerts.js';
import { config } from '/config.js';

const PAGES = { now, routes, nodes, cluster, clients, records, sql, incidents, alerts, config };
const TITLES = { now: 'Now', routes: 'Routes', nodes: 'Nodes', cluster: 'Cluster', clients: 'Clients', records: 'Records', sql: 'SQL', incidents: 'Incidents', alerts: 'Alerts', config: 'Configuration' };
const LINKS = { live: 'Live', polling: 'Live, by polling', lost: 'Connection lost', wait: 'Connecting' };
const THEMES = { auto: 'light', light: 'dark', dark: 'auto' };

let drawing = 0;
let shownPage = '';
let saidHeadline = '';

function redraw() {
  if (!drawing) drawing = requestAnimationFrame(draw);
}

function draw() {
  drawing = 0;
  begin();
  const at = here();
  const page = PAGES[at.page] ? at.page : '';
  if (page !== 'records' || at.path.length) follow(null);
  document.body.dataset.link = state.link;
  document.body.dataset.page = page;
  render(frame(at, page), document.getElementById('app'));
  const { live } = state;
  if (live) {
    document.title = `${live.level === 'good' ? '' : live.level === 'bad' ? '✕ ' : '! '}${TITLES[page] || 'Not found'} · Fairlead`;
    const news = live.headline.replace(/ for \d+ [a-z]+( \d+ [a-z]+)?/g, ''); // that time goes by is none
    if (news !== saidHeadline) {
      if (saidHeadline && !state.paused) speak(live.headline, false);
      saidHeadline = news;
    }
  }
  const place = at.page + at.path.join('/');
  if (place !== shownPage && live) {
    // Whoever goes to another page hears its title first; who opens one is left where they are.
    if (shownPage) {
      document.getElementById('title')?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    shownPage = place;
  }
}

function frame(at, page) {
  const { live } = state;
  const open = (incidentsNow().value?.incidents || []).filter((i) => i.state === 'open').length;
  const firing = (alertsNow().value?.alerts || []).filter((a) => a.state === 'firing').length;
  const numbers = { incidents: [open, 'open'], alerts: [firing, 'firing'] };
  const theme = document.documentElement.dataset.theme;
  return html`<a class="skip" href="#title" @click=${(e) => {
      e.preventDefault();
      document.getElementById('title')?.focus();
    }}>Skip to the content</a>
    <header class="bar"><a class="brand" href="#/now"><img src="/icon.svg" alt="" width="24" height="24"><span>Fairlead</span></a>
      <nav aria-label="Pages">${Object.entries(TITLES).map(([name, title]) => html`<a href="#/${name}" aria-current=${name === page ? 'page' : nothing}>${title}${numbers[name]?.[0]
        ? html`<span class="number">${numbers[name][0]}<span class="unseen"> ${numbers[name][1]}</span></span>` : nothing}</a>`)}</nav>
      <div class="tools">
        ${reader(state.session)}
        <p class="link" id="link" role="status" data-state=${state.paused ? 'paused' : state.link}><span class="dot" aria-hidden="true"></span><span id="link-text">${state.paused ? 'Paused' : LINKS[state.link]}</span></p>
        <button type="button" id="pause" aria-pressed=${String(state.paused)} @click=${pauseOrGoOn}>Pause</button>
        <button type="button" id="theme" @click=${switchTheme} aria-label="Colours: ${theme}. Switch to ${THEMES[theme]}">${{ auto: 'Auto', light: 'Light', dark: 'Dark' }[theme]}</button>
      </div></header>
    <main id="main">${!live ? html`<p class="blank" id="title" tabindex="-1">${state.refused || (state.link === 'lost' ? 'The instance does not answer.' : 'Looking …')}</p>`
      : page ? PAGES[page](at) : html`<h1 id="title" tabindex="-1">There is no such page</h1><p><a href="#/now">Now</a> shows how things are.</p>`}</main>
    <footer><a href="/metrics">Metrics</a> <a href="/api/v1/status">Status</a> <a href="/api/v1/openapi.json">API</a>
      ${live ? html`<dl class="facts" aria-label="Instance"><div><dt>Version</dt><dd id="version">${live.version}</dd></div>
        <div><dt>Up for</dt><dd id="uptime">${span(live.uptimeSeconds * 1000)}</dd></div>
        <div title="${live.config.source}, applied ${moment(live.config.appliedAt)}"><dt>Configuration</dt><dd id="config">version ${live.config.version}${live.config.lastReloadSucceeded ? '' : ', a later one was refused'}</dd></div>
        <div><dt>Figures of</dt><dd>${moment(live.time)}</dd></div></dl>` : nothing}</footer>`;
}

/** Who reads, where the instance wants to know. */
function reader(session) {
  if (session?.by !== 'oidc' && session?.by !== 'token') return nothing;
  const name = session.name.replace(/^oidc:/, '');
  return html`<p class="who" id="who" title="${name}${session.until ? `, until ${moment(session.until)}` : ''}"><b>${name}</b> <span>${session.role ?? 'no role'}</span></p>
    <button type="button" id="sign-out" @click=${signOut}>Sign out</button>`;
}

function pauseOrGoOn() {
  state.paused = !state.paused;
  if (!state.paused) refresh();
  redraw();
}

function switchTheme() {
  const next = THEMES[document.documentElement.dataset.theme] || 'auto';
  document.documentElement.dataset.theme = next;
  localStorage.setItem('fairlead-theme', next);
  themeChanged();
  redraw();
}

comeBack();
onChange(redraw);
addEventListener('hashchange', redraw);
addEventListener('redraw', redraw);
document.getElementById('app').replaceChildren();
redraw();
run();
