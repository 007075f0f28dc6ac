// Alerts: what fires, by which rules, who is told, what is silenced.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { blank, card, state, table, told } from '/parts.js';
import { ask, confirm, may, post, refresh, toast, use, whyNot } from '/net.js';
import { count, moment, span } from '/format.js';

const PATH = '/api/v1/alerts';
export const alertsNow = () => use(PATH, 5);

const labels = (of) => Object.entries(of || {}).map(([name, value]) => `${name}=${value}`).join(', ');

async function change(how, done) {
  try {
    await how();
    toast(done);
    refresh(PATH);
  } catch (e) {
    toast(`Not done: ${e.message}`);
  }
}

async function silence(alert) {
  if (!await confirm(`Silence ${alert.rule} for an hour?`, `Nobody is told of it: ${alert.text}`, 'Silence')) return;
  await change(() => post(`${PATH}/silences`, JSON.stringify({ labels: { rule: alert.rule, ...alert.labels }, duration: '1h', why: 'silenced on the dashboard' })), 'Silenced for an hour.');
}

async function unsilence(id) {
  if (!await confirm('End this silence?', 'What fires is told again.', 'End it')) return;
  await change(() => ask(`${PATH}/silences/${encodeURIComponent(id)}`, { method: 'DELETE' }), 'The silence has ended.');
}

export function alerts() {
  const answer = alertsNow();
  return html`<h1 id="title" tabindex="-1">Alerts</h1>
    ${told(answer, 'Alerts are', (body) => html`
      ${card('Now and lately', body.alerts.length ? html`<ol class="incident-list">${body.alerts.map((a) => html`<li data-level=${a.level} data-state=${a.state}>
        <p class="what"><span class="badge" data-level=${a.state === 'firing' ? a.level : 'over'}>${a.state}</span> <b>${a.rule}</b> <span class="soft">${moment(a.since)}, ${span(Date.now() - a.since)} ago${labels(a.labels) ? ` · ${labels(a.labels)}` : ''}</span>
        ${a.state === 'firing' || a.state === 'pending' ? html`<button type="button" class="aside" ?disabled=${!may('operator')} title=${whyNot('operator')} @click=${() => silence(a)} aria-label="Silence ${a.rule}">Silence</button>` : nothing}</p>
        <p>${a.text}${a.cause ? html` <span class="soft">${a.cause}</span>` : nothing}</p></li>`)}</ol>` : blank('Nothing fires.'), { id: 'firing' })}
      ${card('Rules', body.rules?.length ? table('Rules', [
        { key: 'name', title: 'Rule', value: (r) => r.name, cell: (r) => r.name },
        { key: 'state', title: 'State', value: (r) => r.state, cell: (r) => state(r.state) },
        { key: 'kind', title: 'Kind', value: (r) => r.kind, cell: (r) => r.kind },
        { key: 'text', title: 'Fires when', cell: (r) => r.text },
      ], body.rules, { keyOf: (r) => r.name, name: 'rules' }) : blank('There is no rule.'), { id: 'rules' })}
      <div class="columns">
      ${card('Receivers', body.receivers?.length ? table('Receivers', [
        { key: 'name', title: 'Receiver', value: (r) => r.name, cell: (r) => html`${r.name}<span class="sub">${r.kind}${r.place ? ` to ${r.place}` : ''}</span>` },
        { key: 'sent', title: 'Sent', number: true, value: (r) => r.sent, cell: (r) => count(r.sent) },
        { key: 'failed', title: 'Failed', number: true, value: (r) => r.failed, cell: (r) => html`<span class=${r.failed ? 'some' : ''}>${count(r.failed)}</span>` },
        { key: 'lost', title: 'Given up', number: true, value: (r) => r.lost, cell: (r) => html`<span class=${r.lost ? 'some' : ''}>${count(r.lost)}</span>` },
        { key: 'waiting', title: 'Waiting', number: true, value: (r) => r.waiting, cell: (r) => count(r.waiting) },
        { key: 'last', title: 'Last trouble', cell: (r) => r.lastError || html`<span class="soft">none</span>` },
      ], body.receivers, { keyOf: (r) => r.name, name: 'receivers' }) : blank('Nobody is told: the configuration names no receiver.'), { id: 'receivers' })}
      ${card('Silences', body.silences?.length ? html`<ol class="list pad">${body.silences.map((s) => html`<li><b>${labels(s.labels)}</b>
        <span>until ${moment(s.until)}, by ${s.by}${s.why ? `: ${s.why}` : ''}</span> <button type="button" ?disabled=${!may('operator')} title=${whyNot('operator')} @click=${() => unsilence(s.id)} aria-label="End the silence of ${labels(s.labels)}">End</button></li>`)}</ol>` : blank('Nothing is silenced.'), { id: 'silences' })}
      </div>`)}`;
}
