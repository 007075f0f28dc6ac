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

function body(why, question) {
  const fields = (why.fields || []).filter((f) => f.values?.length);
  const condition = all(question.where, rangeWhere(question));
  const to = (field, value, not) => recordsLink(question.from, question.to, all(condition, is(field, value, not)),
    question.from ? {} : { since: '5m' });
  return html`<p class="answer">${why.text || nothing}</p>
    ${fields.length ? html`<p class="legend"><span class="swatch chosen"></span>${plural(why.selection?.requests ?? 0, 'request')} here
      <span class="swatch rest"></span>${plural(why.rest?.requests ?? 0, 'other')}</p>` : blank('No field tells them apart.')}
    ${fields.slice(0, 6).map((field) => html`<section class="field" aria-label=${field.name}><h3>${field.name.replace(/_/g, ' ')}</h3>
      <ul>${field.values.slice(0, 3).map((v) => html`<li>
        <a class="value" href=${to(field.name, v.value, false)} title="Records where ${field.name} is ${orNone(v.value)}">${orNone(v.value)}</a>
        <span class="pair">${bar(v.selection, 'chosen')}${bar(v.rest, 'rest')}</span>
        <span class="shares">${share(v.selection)} <span class="soft">against ${share(v.rest)}</span></span>
        <a class="not" href=${to(field.name, v.value, true)} aria-label="Records where ${field.name} is not ${orNone(v.value)}">not</a>
      </li>`)}${field.more ? html`<li class="hint">and ${plural(field.more, 'more value')}</li>` : nothing}</ul></section>`)}
    ${why.pairs?.length ? html`<section class="field" aria-label="Pairs"><h3>together</h3><ul>${why.pairs.slice(0, 2).map((pair) => html`<li>
        <a class="value" href=${recordsLink(question.from, question.to, all(condition, ...Object.entries(pair.fields).map(([f, v]) => is(f, v))))}>${Object.entries(pair.fields).map(([f, v]) => `${f} ${orNone(v)}`).join(', ')}</a>
        <span class="pair">${bar(pair.selection, 'chosen')}${bar(pair.rest, 'rest')}</span>
        <span class="shares">${share(pair.selection)} <span class="soft">against ${share(pair.rest)}</span></span></li>`)}</ul></section>` : nothing}`;
}
