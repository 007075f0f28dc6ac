// Incidents: what was found unusual, and why.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { bar, blank, card, choice, told } from '/parts.js';
import { seriesChart } from '/routes.js';
import { whyPanel } from '/why.js';
import { incidentsNow, stepOf } from '/now.js';
import { use } from '/net.js';
import { all, is, link, recordsLink } from '/url.js';
import { count, moment, plural, share, span } from '/format.js';

const LEVELS = { bad: 'serious', warn: 'worth a look' };
const MINUTE = 60000;

export function incidents(at) {
  if (at.path.length) return one(at.path[0]);
  const answer = incidentsNow();
  const show = at.params.show === 'open' ? 'open' : 'all';
  return html`<h1 id="title" tabindex="-1">Incidents</h1>
    ${answer.value?.enough === false ? html`<p class="stale">There is not enough data yet to tell what is unusual.</p>` : nothing}
    ${card('Found', told(answer, 'Incidents are', (body) => {
      const shown = body.incidents.filter((i) => show === 'all' || i.state === 'open');
      return shown.length ? html`<ol class="incident-list">${shown.map((i) => html`<li data-level=${i.level} data-state=${i.state}>
        <p class="what"><span class="badge" data-level=${i.state === 'open' ? i.level : 'over'}>${i.state === 'open' ? `open, ${LEVELS[i.level] || i.level}` : 'over'}</span>
        <span class="soft">${moment(i.since)}, ${i.until ? `for ${span(i.until - i.since)}` : `${span(body.now - i.since)} ago`}</span></p>
        <p><a href=${link(['incidents', i.id])}>${i.text}</a></p></li>`)}</ol>`
        : blank(show === 'open' ? 'No incident is open.' : 'None was found so far.');
    }), { id: 'found', aside: choice('Which', 'show', [['', 'All'], ['open', 'Open']], show === 'open' ? 'open' : '') })}`;
}

const scopeWhere = (incident) => all(...Object.entries(incident.scope || {}).filter(([f]) => f !== 'status' && f !== 'statusClass').map(([f, v]) => is(f, v)));
const BAD = { errors: '(error!=null or status>=500)' };

function one(id) {
  const answer = use(`/api/v1/incidents/${encodeURIComponent(id)}`, 5, `incident ${id}`);
  return html`<p class="back"><a href="#/incidents">All incidents</a></p>
    ${answer.missing ? html`<h1 id="title" tabindex="-1">Incident ${id}</h1>${blank('There is no such incident: it may have been forgotten.')}`
    : told(answer, 'Incidents are', (body) => shown(body.incident || body))}`;
}

function shown(i) {
  const until = i.until || Date.now();
  const from = i.since - Math.max(5 * MINUTE, (until - i.since) / 2);
  const to = until + (i.until ? 2 * MINUTE : 0);
  const scope = Object.entries(i.scope || {});
  const filter = scope.filter(([f]) => ['listener', 'route', 'service', 'node'].includes(f)).map(([f, v]) => `&${f}=${encodeURIComponent(v)}`).join('');
  const start = Math.floor(from / MINUTE) * MINUTE;
  const end = Math.ceil(to / MINUTE) * MINUTE;
  const step = stepOf(end - start);
  const series = use(`/api/v1/series?from=${start}&to=${end}&step=${step}s&by=none${filter}`, 0, `incident series ${i.id}`);
  const where = scopeWhere(i);
  const metric = i.kind === 'slow' ? 'p99' : i.kind === 'errors' ? 'errors' : 'requests';
  const bad = i.kind === 'slow' ? 'slow' : i.kind === 'errors' ? 'errors' : '';
  return html`<h1 id="title" tabindex="-1">${i.text}</h1>
    <p class="what"><span class="badge" data-level=${i.state === 'open' ? i.level : 'over'}>${i.state === 'open' ? `open, ${LEVELS[i.level] || i.level}` : 'over'}</span>
      <span class="soft">since ${moment(i.since)}${i.until ? `, until ${moment(i.until)}` : ''}; ${plural(i.requests ?? 0, 'request')}</span>
      <span class="aside"><a class="button" href=${recordsLink(i.since, until, all(where, BAD[i.kind] || ''))}>Records</a>
      <a class="button" href=${link(['now'], { from: start, to: end, ...Object.fromEntries(scope.filter(([f]) => ['listener', 'route', 'service', 'node'].includes(f))) })}>Heat map</a></span></p>
    <div class="columns">
      ${card('Most likely cause', i.causes?.length ? html`<ol class="causes">${i.causes.map((c, n) => html`<li><p class=${n === 0 ? 'first' : ''}>${c.text}</p>
          <p class="two"><span>here ${bar(c.bad, 'chosen')} ${share(c.bad)}</span><span>others ${bar(c.rest, 'rest')} ${share(c.rest)}</span>
          ${c.where === null ? nothing : html`<a href=${recordsLink(i.since, until, all(where, c.where || all(...Object.entries(c.fields || {}).map(([f, v]) => is(f, v))), BAD[i.kind] || ''))}>Records</a>`}</p></li>`)}</ol>`
        : blank('Nothing sets the requests concerned apart from others.'), { id: 'causes' })}
      ${card('Figures', html`<dl class="facts-list">
        <div><dt>Kind</dt><dd>${i.kind}</dd></div>
        <div><dt>Where</dt><dd>${scope.length ? scope.map(([f, v]) => `${f} ${v}`).join(', ') : 'everywhere'}</dd></div>
        ${i.share === undefined ? nothing : html`<div><dt>Share now</dt><dd>${share(i.share)}</dd></div>`}
        ${i.baseline === undefined ? nothing : html`<div><dt>Usual</dt><dd>${share(i.baseline)}</dd></div>`}
        <div><dt>Requests</dt><dd>${count(i.requests)}</dd></div></dl>`, { id: 'figures' })}
    </div>
    ${card('Before, during and after', told(series, 'Figures over time are', (body) => (body.series.length
      ? seriesChart(body, [{ ...body.series[0], name: scope.map(([, v]) => v).join(' ') || 'all' }], metric, 'scope') : blank('Nothing is kept of this time.'))), { id: 'course' })}
    ${card('All fields', html`<div class="inner">${whyPanel({ from: i.since, to: Math.round(until / 10000) * 10000, where, bad, against: bad ? 'rest' : 'before' },
      bad ? 'Requests concerned against the others of the same time.' : 'This time against the time before.')}</div>`, { id: 'why', kind: 'why' })}`;
}
