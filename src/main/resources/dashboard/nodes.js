// All nodes, and one.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { blank, card, state as stateOf, told } from '/parts.js';
import { fromList, nodeTable, spark } from '/node-table.js';
import { seriesChart } from '/routes.js';
import { changeDraining, may, nodePath, state, use, whyNot } from '/net.js';
import { is, link, recordsLink } from '/url.js';
import { count, millis, moment, rate, share, span } from '/format.js';

export function nodes(at) {
  if (at.path.length === 2) return one(...at.path);
  const more = new Map();
  for (const service of state.live.services) {
    if (service.hiddenNodes > 0) {
      const answer = use(`/api/v1/services/${encodeURIComponent(service.name)}/nodes`, 5);
      if (answer.value) more.set(service.name, answer.value.nodes);
    }
  }
  return html`<h1 id="title" tabindex="-1">Nodes</h1>${nodeTable(state.live, more)}`;
}

function rest(node, now) {
  if (!node.ejectedUntil || node.state !== 'ejected') return '';
  const left = Math.ceil((node.ejectedUntil - now) / 1000);
  return left > 0 ? `; for ${left} s more` : '; until a probe passes';
}

function standingWords(node, now) {
  if (node.standing === 'good') return 'good: its answers say nothing against it';
  if (node.standing === 'ejected') return `ejected: ${node.standingReason}${rest(node, now)}`;
  return `on probation with ${share(node.share)} of its share: ${node.standingReason}`;
}

/** The labels that most people look for come first. */
function labels(node) {
  const place = (label) => (['version', 'zone', 'host'].indexOf(label) + 4) % 4;
  return Object.entries(node.labels || {}).sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
    .map(([label, value]) => `${label}=${value}`).join(', ') || 'none';
}

function one(service, address) {
  const answer = use(nodePath(service, address), 1, `node ${service} ${address}`);
  const live = state.live.services.find((s) => s.name === service)?.nodes.find((n) => n.address === address || n.name === address);
  const head = html`<p class="back"><a href="#/nodes">All nodes</a></p>`;
  if (!live && !answer.value) {
    return html`${head}<h1 id="title" tabindex="-1">${address} of ${service}</h1>
      ${answer.missing ? blank(`${address} is no node of ${service} now.`) : told(answer, 'This node is', () => nothing)}`;
  }
  const more = answer.value;
  const node = live || fromList(more);
  const now = state.live.time;
  const f = node.figures;
  const back = node.state === 'draining';
  const fact = (title, words, kind = '') => html`<div class=${kind}><dt>${title}</dt><dd>${words}</dd></div>`;
  const series = use(`/api/v1/series?from=1h&step=60s&by=none&service=${encodeURIComponent(service)}&node=${encodeURIComponent(node.name)}`, 10, `node series ${service} ${address}`);
  return html`${head}
    <div class="titled"><h1 id="title" tabindex="-1">${node.name}</h1>${stateOf(node.state)}<span class="soft">of ${service}, for ${span(now - node.since)}</span>
      <span class="aside"><a class="button" href=${recordsLink(0, 0, is('node', node.name), { since: '15m' })}>Records</a>
      <a class="button" href=${link(['now'], { node: node.name, service })}>Heat map</a>
      <button type="button" class="drain" ?disabled=${!may('operator')} title=${whyNot('operator')} @click=${() => changeDraining(service, node)}>${back ? 'Undrain' : 'Drain'}</button></span></div>
    <div class="tiles small">
      ${[['Requests', html`${rate(f.rate)}<small>/s</small>`], ['Failed', html`<span class=${f.errorShare > 0 ? 'some' : ''}>${share(f.errorShare)}</span>`],
        ['p50 · p99', html`${millis(f.p50Millis)}<span class="second">${millis(f.p99Millis)}</span>`], ['In flight', count(node.inFlight)],
        ['Share of the service', share(node.requestShare)], ['Last minute', spark(f.rates, f.errors)]].map(([title, figure]) =>
        html`<section class="tile"><h2>${title}</h2><p class="figure">${figure}</p></section>`)}
    </div>
    ${card('Last hour', told(series, 'What this node did over time is', (body) => (body.series.length
      ? html`<div class="twin">${['requests', 'errors', 'p99'].map((m) => html`<div><h3>${{ requests: 'Requests', errors: 'Failures', p99: 'p99' }[m]}</h3>${seriesChart(body, [{ ...body.series[0], name: node.name }], m, 'node', 130)}</div>`)}</div>`
      : blank('It got no request within the last hour.'))), { id: 'hour' })}
    <div class="columns">
      ${card('Why it is where it is', html`<dl class="facts-list">
        ${fact('State', `${node.state}: ${node.reason}`, 'reason')}
        ${fact('Choice', `${node.choice}${rest(node, now)}`, 'choice-words')}
        ${fact('Standing', standingWords(node, now), 'standing')}
        ${fact('Health', node.health, 'health')}
        ${fact('Member', `${node.address}, weight ${node.weight}, tier ${node.tier}${node.zone ? `, zone ${node.zone}` : ''}, by ${node.source}`, 'member')}
        ${fact('Labels', labels(node), 'labels')}
        ${fact('Connections', `${count(node.connections)}, ${count(node.idleConnections)} of them idle`, 'use')}
        ${fact('Since it joined', more ? `${count(more.requests)} requests, ${count(more.errors)} failures` : 'asking …', 'all')}
        ${more?.sessionRequests !== null && more?.sessionRequests !== undefined ? fact('Sessions', `${count(more.sessionRequests)} requests within a minute${more.empty && back ? '; empty' : ''}`, 'sessions') : nothing}
      </dl>`, { id: 'facts' })}
      ${card('When it went up and down', list('verdicts', (more?.verdicts || node.verdicts || []).map((v) => ({ time: v.epochMillis, good: v.up, word: v.up ? 'up' : 'down', why: v.why })),
        'It has gone neither up nor down since it joined.'))}
    </div>
    ${card('Last probes', list('probes', (more?.probes || []).map((p) => ({ time: p.epochMillis, good: p.passed, word: p.passed ? 'passed' : 'failed', why: p.what })), 'It has not been probed.'))}`;
}

function list(kind, items, none) {
  return items.length ? html`<ol class="list ${kind}" tabindex="0" aria-label=${kind}>${items.toReversed().map((i) => html`<li data-good=${String(i.good)}><time>${moment(i.time)}</time> <b>${i.word}</b> <span>${i.why}</span></li>`)}</ol>`
    : blank(none);
}
