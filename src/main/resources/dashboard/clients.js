// Who sends most, and what for: the most frequent values of a field.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { SPANS, bar, card, choice, table, told } from '/parts.js';
import { use } from '/net.js';
import { all, here, is, link, recordsQuery } from '/url.js';
import { count, micros, orNone, share } from '/format.js';

const FIELDS = [['client', 'Clients'], ['path', 'Paths'], ['host', 'Hosts'], ['user-agent', 'User agents']];

export function clients() {
  const { params } = here();
  const of = FIELDS.some(([f]) => f === params.of) ? params.of : 'client';
  const since = SPANS.some(([s]) => s === params.since) ? params.since : '1h';
  const column = of.replace('-', '_');
  const recent = ['5m', '15m', '1h'].includes(since);
  const top = recent ? use(`/api/v1/top?of=${of}&from=${since}&limit=100`, 10, `top ${of}`) : null;
  const byRecords = !top || top.missing;
  const answer = byRecords
    ? use(`/api/v1/records/facets?${recordsQuery({ since }, { field: column, limit: 100 })}`, 0, `facets ${of}`) : top;
  const title = FIELDS.find(([f]) => f === of)[1];
  return html`<h1 id="title" tabindex="-1">Clients and what they ask for</h1>
    ${card(title, told(answer, `${title} are`, (body) => {
      const rows = byRecords ? body.rows.map(([, value, requests, part]) => ({ value, requests, part })) : body.values;
      const sum = rows.reduce((n, r) => n + r.requests, 0) || 1;
      const records = (r, more = '') => link(['records'], { since, where: all(is(column, r.value), more) });
      return html`${table(title, [
        { key: 'value', title: title.replace(/s$/, ''), value: (r) => r.value, cell: (r) => html`<a class="long" href=${records(r)}>${orNone(r.value)}</a>` },
        { key: 'requests', title: 'Requests', number: true, value: (r) => r.requests, cell: (r) => count(r.requests) },
        { key: 'part', title: 'Share', number: true, value: (r) => r.requests, cell: (r) => html`${bar(r.part ?? r.requests / (body.requests || sum))} ${share(r.part ?? r.requests / (body.requests || sum))}` },
        ...(byRecords ? [] : [
          { key: 'errors', title: 'Failed', number: true, value: (r) => r.errors / Math.max(1, r.requests), cell: (r) => (r.errors ? html`<a class=${r.errors / r.requests >= 0.005 ? 'some' : ''} href=${records(r, '(error!=null or status>=500)')}>${share(r.errors / r.requests)}</a>` : '0') },
          { key: 'p99', title: 'p99', number: true, value: (r) => r.p99, cell: (r) => micros(r.p99) },
        ]),
      ], rows, { order: '-requests', keyOf: (r) => r.value })}
      ${!byRecords && body.exact === false ? html`<p class="hint pad">Counts are estimates${body.missing ? `: ${count(body.missing)} of each may be missing` : '; those at the top are close'}.</p>` : nothing}
      ${rows.length ? nothing : html`<p class="blank">There was no request in this span.</p>`}`;
    }), { aside: html`${choice('What', 'of', FIELDS, of)}${choice('Span', 'since', SPANS, since)}`, id: 'top' })}`;
}
