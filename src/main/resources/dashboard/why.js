// What a selection of requests has that others have not: fields with the shares on both sides.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { bar, blank, told } from '/parts.js';
import { use } from '/net.js';
import { all, is, recordsLink } from '/url.js';
import { orNone, plural, share } from '/format.js';

/** Condition of a rectangle of the heat map. */
export const rangeWhere = ({ min, max }) =>
  all(min ? `total_us>${Math.round(min)}` : '', max ? `total_us<=${Math.round(max)}` : '');

/**
 * @param question {from, to, min, max, where, bad, against}
 * @param words what is compared with what
 */
export function whyPanel(question, words, every = 0) {
  const query = new URLSearchParams();
  for (const [name, value] of [['from', question.from], ['to', question.to], ['where', question.where], ['bad', question.bad],
    ['against', question.against], ['minMicros', question.min], ['maxMicros', question.max]]) {
    if (value) query.set(name, value);
  }
  const answer = use(`/api/v1/why?${query}`, every, 'why');
  return html`<p class="hint">${words}</p>${told(answer, 'What requests have in common is', (why) => body(why, question))}`;
}

const together = (pair) => Object.entries(pair.fields).map(([f, v]) => `${f} ${orNone(v)}`).join(', ');

const FIELDS = new Set(['listener', 'route', 'service', 'node', 'client', 'method', 'host', 'path', 'protocol', 'status', 'error', 'tries', 'user_agent', 'instance']);

/** The condition of records that a value stands for; empty: they cannot be asked for it. */
function conditionOf(field, value, not = false) {
  if (!FIELDS.has(field)) return '';
  const text = value === null ? '' : String(value);
  const group = /^([1-5])xx$/.exec(text);
  if (group) return `${not ? 'not ' : ''}(status>=${group[1]}00 and status<${Number(group[1]) + 1}00)`;
  const open = text.search(/[*{]/);
  if (open > 1) return is(field, text.slice(0, open), not).replace(/!?=/, not ? '!~' : '~'); // many paths of one kind
  return open >= 0 || (field === 'client' && text.includes('/')) ? '' : is(field, value, not);
}

function body(why, question) {
  // What is as frequent on both sides tells nothing; two are shown in any case.
  const telling = (f) => f.values.some((v) => Math.abs(v.selection - v.rest) >= 0.02);
  const fields = (why.fields || []).filter((f) => f.values?.length).filter((f, i) => i < 2 || telling(f));
  const condition = all(question.where, rangeWhere(question));
  const exact = typeof question.from === 'number';
  const to = (...conditions) => recordsLink(exact ? question.from : 0, exact ? question.to : 0, all(condition, ...conditions), exact ? {} : { since: '5m' });
  const value = (field, of) => {
    const where = conditionOf(field, of);
    return where ? html`<a class="value" href=${to(where)} title="Records where ${field} is ${orNone(of)}">${orNone(of)}</a>` : html`<span class="value" title=${orNone(of)}>${orNone(of)}</span>`;
  };
  return html`<p class="answer">${why.text || nothing}</p>
    ${fields.length ? html`<p class="legend" title=${why.source === 'files' ? 'From files, which are complete up to ten seconds ago.' : nothing}><span class="swatch chosen"></span>${plural(why.selection?.requests ?? 0, 'request')} here
      <span class="swatch rest"></span>${plural(why.rest?.requests ?? 0, why.against === 'before' ? 'request before' : 'other', why.against === 'before' ? 'requests before' : 'others')}</p>` : blank('No field tells them apart.')}
    ${fields.slice(0, 6).map((field) => html`<section class="field" aria-label=${field.name}><h3>${field.name.replace(/_/g, ' ')}</h3>
      <ul>${field.values.slice(0, 3).map((v) => html`<li>
        ${value(field.name, v.value)}
        <span class="pair">${bar(v.selection, 'chosen')}${bar(v.rest, 'rest')}</span>
        <span class="shares">${share(v.selection)} <span class="soft">against ${share(v.rest)}</span></span>
        ${conditionOf(field.name, v.value) ? html`<a class="not" href=${to(conditionOf(field.name, v.value, true))} aria-label="Records where ${field.name} is not ${orNone(v.value)}">not</a>` : nothing}
      </li>`)}${field.more ? html`<li class="hint">and ${plural(field.more, 'more value')}</li>` : nothing}</ul></section>`)}
    ${why.pairs?.length ? html`<section class="field" aria-label="Pairs"><h3>together</h3><ul>${why.pairs.slice(0, 2).map((pair) => html`<li>
        ${Object.entries(pair.fields).every(([f, v]) => conditionOf(f, v))
          ? html`<a class="value" href=${to(...Object.entries(pair.fields).map(([f, v]) => conditionOf(f, v)))}>${together(pair)}</a>` : html`<span class="value">${together(pair)}</span>`}
        <span class="pair">${bar(pair.selection, 'chosen')}${bar(pair.rest, 'rest')}</span>
        <span class="shares">${share(pair.selection)} <span class="soft">against ${share(pair.rest)}</span></span></li>`)}</ul></section>` : nothing}`;
}
