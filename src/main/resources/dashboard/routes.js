// Routes: what each of them got and how it was answered.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { SPANS, bar, blank, card, choice, spanOf, spanQuery, table, told } from '/parts.js';
import { markersOf, stepOf } from '/now.js';
import { spark } from '/node-table.js';
import { use } from '/net.js';
import { here, is, link, recordsLink } from '/url.js';
import { count, micros, moment, period, plural, rate, share, spanMillis } from '/format.js';

const INKS = ['accent', 'second', 'third', 'fourth', 'fifth', 'sixth'];

const METRICS = [['requests', 'Requests'], ['errors', 'Failures'], ['p50', 'p50'], ['p99', 'p99']];

/** A chart of the biggest of a series and a table of all. */
export function seriesPage(by, title, { filter = '', nameOf = (key) => key[by] ?? '(none)', linkOf = null } = {}) {
  const { params } = here();
  const over = spanOf(params, '15m');
  const length = over.from ? over.to - over.from : spanMillis(over.since);
  const metric = METRICS.some(([m]) => m === params.show) ? params.show : 'requests';
  const answer = use(`/api/v1/series?${spanQuery(over)}&step=${stepOf(length)}s&by=${by}${filter}`, over.from ? 0 : 5, `series ${by}`);
  const controls = html`${choice('What', 'show', METRICS, metric)}${over.from ? html`<span class="soft">${period(over.from, over.to)}</span>` : choice('Span', 'since', SPANS, over.since)}`;
  return told(answer, `${title} over time are`, (body) => {
    const rows = body.series.map((s) => ({ ...s, name: nameOf(s.key) }));
    const from = over.from || body.from;
    const to = over.to || body.from + body.step * (rows[0]?.requests.length || 0);
    return html`${card(`${METRICS.find(([m]) => m === metric)[1]} by ${by}`, rows.length
        ? seriesChart(body, rows.slice(0, 6), metric, by) : blank('There was no request in this span.'), { aside: controls, id: 'over-time' })}
      ${card(title, seriesTable(rows, { by, from, to, title, linkOf }), { id: 'all' })}
      ${body.others ? html`<p class="hint">${count(body.others)} requests of ${count(body.left)} others are not in it.</p>` : nothing}
      ${heldNote(body)}`;
  });
}

/** Since when there are figures, where that is later than what was asked for; and what they lack. */
export function heldNote(body) {
  const late = body.span?.from > body.from + 2 * body.step;
  return late || body.lost ? html`<p class="hint pad">${late ? `Counted since ${moment(body.span.from)}. ` : ''}${body.lost ? `${plural(body.lost, 'record')} of this time ${body.lost === 1 ? 'was' : 'were'} lost and not counted.` : ''}</p>` : nothing;
}

/** Steps that are over: the last one would look like a fall. */
export function wholeSteps(body, length) {
  const over = Math.floor((Date.now() - body.from) / body.step);
  return Array.from({ length: Math.max(0, Math.min(length, over)) }, (_, i) => i);
}

/** Whether anything was counted in a step; else it is not known, which is not zero. */
export const isHeld = (body, step) => !body.span?.from || body.from + (step + 1) * body.step > body.span.from;

export function seriesChart(body, rows, metric, by, height = 190) {
  const seconds = body.step / 1000;
  const steps = wholeSteps(body, rows[0].requests.length);
  const times = steps.map((i) => Math.round((body.from + i * body.step) / 1000));
  const time = metric === 'p50' || metric === 'p99';
  const lines = rows.map((row, i) => ({
    label: row.name, ink: metric === 'errors' && rows.length === 1 ? 'bad' : INKS[i], dash: i > 2 ? [5, 3] : undefined,
    values: steps.map((i) => (!isHeld(body, i) ? null : time ? row[metric][i] : row[metric][i] / seconds)),
    fill: rows.length === 1 && !time ? (metric === 'errors' ? 'bad-paper' : 'accent-fill') : undefined,
  }));
  const where = metric === 'errors' ? 'error!=null or status>=500' : '';
  return html`<fl-chart .data=${{
    title: `${METRICS.find(([m]) => m === metric)[1]} by ${by}`, unit: time ? micros : rate, times, lines, height,
    markers: markersOf('24h'), step: seconds, link: (from, to) => recordsLink(from, to, where),
  }}></fl-chart>
  ${rows.length > 1 ? html`<ul class="key">${rows.map((row, i) => html`<li><i class="swatch ${i > 2 ? 'dashed' : ''}" .style=${`--of:var(--${INKS[i]})`}></i>${row.name}</li>`)}</ul>` : nothing}`;
}

function seriesTable(rows, { by, from, to, title, linkOf }) {
  const all = rows.reduce((n, r) => n + r.total.requests, 0) || 1;
  const failed = (r) => (r.total.requests ? r.total.errors / r.total.requests : 0);
  const records = (r, more = '') => recordsLink(from, to, [is(by, r.key[by]), more].filter(Boolean).join(' and '));
  return table(title, [
    { key: 'name', title: by === 'route' ? 'Route' : 'Name', value: (r) => r.name, cell: (r) => html`<a href=${linkOf ? linkOf(r) : records(r)}>${r.name}</a>` },
    { key: 'requests', title: 'Requests', number: true, value: (r) => r.total.requests, cell: (r) => html`<a href=${records(r)}>${count(r.total.requests)}</a>` },
    { key: 'part', title: 'Share', number: true, value: (r) => r.total.requests, cell: (r) => html`${bar(r.total.requests / all)} ${share(r.total.requests / all)}` },
    { key: 'trend', title: 'Over the span', kind: 'trend', cell: (r) => spark(r.requests, r.errors) },
    { key: 'errors', title: 'Failed', number: true, value: failed, cell: (r) => (r.total.errors
      ? html`<a class=${failed(r) >= 0.005 ? 'some' : ''} href=${records(r, '(error!=null or status>=500)')}>${share(failed(r))}</a>` : '0') },
    { key: 'p50', title: 'p50', number: true, value: (r) => r.total.p50, cell: (r) => micros(r.total.p50) },
    { key: 'p99', title: 'p99', number: true, value: (r) => r.total.p99, cell: (r) => micros(r.total.p99) },
  ], rows, { order: '-requests', keyOf: (r) => r.name });
}

export function routes() {
  const status = use('/api/v1/status', 15);
  return html`<h1 id="title" tabindex="-1">Routes</h1>
    ${seriesPage('route', 'Routes', { linkOf: (r) => link(['now'], { route: r.key.route }) })}
    ${card('As configured, in the order in which they are tried', told(status, 'Routes are', (s) => table('Routes as configured', [
      { key: 'listener', title: 'Listener', cell: (r) => r.listener },
      { key: 'route', title: 'Route', cell: (r) => r.name },
      { key: 'match', title: 'Takes', cell: (r) => r.match },
      { key: 'service', title: 'Service', cell: (r) => html`<a href=${link(['now'], { service: r.service })}>${r.service}</a>` },
    ], s.listeners.flatMap((l) => l.routes.map((r) => ({ ...r, listener: l.name }))))), { id: 'configured' })}`;
}
