// Pieces of markup that several pages share.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { changed, go, here } from '/url.js';
import { span } from '/format.js';

export const state = (word) => html`<span class="state" data-state=${word}>${word}</span>`;

/** A heading with what belongs to it, around a part of a page. */
export function card(title, body, { id = '', aside = nothing, kind = '', note = nothing } = {}) {
  const name = id || title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return html`<section class="card ${kind}" aria-labelledby="${name}-title">
    <header><h2 id="${name}-title">${title}</h2>${aside}</header>${note}${body}
  </section>`;
}

/** What stands where there is nothing to show, and why. */
export const blank = (words) => html`<p class="blank">${words}</p>`;

/**
 * What an answer says, or why there is none.
 *
 * @param what what is missing, as the beginning of a sentence
 */
export function told(answer, what, body) {
  if (answer.missing) return blank(`${what} not recorded by this instance.`);
  if (answer.value === undefined) {
    return answer.error ? html`<p class="blank trouble" role="alert">${answer.error}</p>` : blank('Asking …');
  }
  return html`${answer.error ? html`<p class="stale" role="status">${answer.error} What is shown is ${span(Date.now() - answer.at)} old.</p>` : nothing}
    <div class="told ${answer.old ? 'old' : ''}">${body(answer.value)}</div>`;
}

/** Links to the page with another value of a parameter, one of them current. */
export function choice(label, name, options, current) {
  return html`<div class="choice" role="group" aria-label=${label}>${options.map(([value, words]) =>
    html`<a href=${changed({ [name]: value })} aria-current=${value === current ? 'true' : nothing}>${words}</a>`)}</div>`;
}

export const SPANS = [['5m', '5 min'], ['15m', '15 min'], ['1h', '1 h'], ['6h', '6 h'], ['24h', '24 h'], ['7d', '7 d']];

/** The span that a page is about: its parameters from and to, else since. */
export function spanOf(params, otherwise) {
  const from = Number(params.from) || 0;
  const to = Number(params.to) || 0;
  const since = SPANS.some(([value]) => value === params.since) || /^\d{1,4}[smhd]$/.test(params.since || '')
    ? params.since : otherwise;
  return from && to > from ? { from, to, since: '' } : { from: 0, to: 0, since };
}

/** Query of a span, as series and others take it. */
export const spanQuery = (over) => (over.from ? `from=${over.from}&to=${over.to}` : `from=${over.since}`);

/** A bar beside a number: how much of the whole it is. */
export const bar = (part, kind = '') =>
  html`<span class="bar-of ${kind}" aria-hidden="true"><i .style=${`width:${(100 * Math.max(0, Math.min(1, part || 0))).toFixed(1)}%`}></i></span>`;

/**
 * A table whose columns sort by a click; what it is sorted by stands in the address.
 *
 * @param columns {key, title, value(row) to sort by, cell(row), number}
 * @param name parameter of the address that holds the order
 */
export function table(label, columns, rows, { name = 'sort', keyOf = (_, i) => i, order = '', rowState = () => nothing } = {}) {
  const { params } = here();
  const wanted = params[name] || order;
  const down = wanted.startsWith('-');
  const sortKey = wanted.replace(/^-/, '');
  const by = columns.find((c) => c.key === sortKey && c.value);
  const sorted = by ? [...rows].sort((a, b) => compare(by.value(a), by.value(b)) * (down ? -1 : 1)) : rows;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}, in rows"><table aria-label=${label}>
    <thead><tr>${columns.map((c) => html`<th scope="col" class=${c.number ? 'n' : ''}
      aria-sort=${by === c ? (down ? 'descending' : 'ascending') : nothing}>${c.value ? sorter(c, by === c, down, name) : c.title}</th>`)}</tr></thead>
    <tbody>${repeat(sorted, keyOf, (row) => html`<tr data-state=${rowState(row)}>${columns.map((c, i) => (i === 0
      ? html`<th scope="row">${c.cell(row)}</th>`
      : html`<td class=${c.number ? 'n' : c.kind || ''}>${c.cell(row)}</td>`))}</tr>`)}</tbody></table></div>`;
}

export function sorter(column, current, down, name) {
  const next = current ? (down ? column.key : `-${column.key}`) : column.number ? `-${column.key}` : column.key;
  return html`<button type="button" class="sorter" @click=${() => go(changed({ [name]: next }), true)}>${column.title}<span aria-hidden="true">${current ? (down ? ' ↓' : ' ↑') : ''}</span></button>`;
}

export function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
}

/** What was asked as a command to be run again elsewhere. */
export function curl(path, { body = '', type = '' } = {}) {
  const quoted = (text) => `'${text.replace(/'/g, `'\\''`)}'`;
  return ['curl', body ? `-H 'Content-Type: ${type}' --data-binary ${quoted(body)}` : '', quoted(location.origin + path)].filter(Boolean).join(' ');
}
