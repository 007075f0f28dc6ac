// Nodes of all services in one table. However many there are, only rows in view are in the document.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { changeDraining, may, whyNot } from '/net.js';
import { compare, sorter, state } from '/parts.js';
import { changed, go, here, link } from '/url.js';
import { count, millis, plural, rate, share, span } from '/format.js';

/** More rows than this have a window of their own that scrolls. */
const ALL_ROWS = 60;
const AROUND = 8;

const RANK = { down: 0, ejected: 0, probation: 1, draining: 2, starting: 2, up: 3 };
const rank = (node) => (node.state === 'up' && node.figures.errorShare > 0 ? 1 : RANK[node.state] ?? 1);

const COLUMNS = [
  { key: 'node', title: 'Node', kind: 'name', value: (n) => n.name },
  { key: 'state', title: 'State', kind: 'status', value: rank },
  { key: 'version', title: 'Version', kind: 'version', value: (n) => n.labels.version || '' },
  { key: 'share', title: 'Share', number: true, value: (n) => n.requestShare },
  { key: 'rate', title: 'Req/s', number: true, value: (n) => n.figures.rate },
  { key: 'trend', title: 'Minute', kind: 'trend' },
  { key: 'failed', title: 'Failed', number: true, value: (n) => n.figures.errorShare },
  { key: 'p50', title: 'p50', number: true, value: (n) => n.figures.p50Millis },
  { key: 'p99', title: 'p99', number: true, value: (n) => n.figures.p99Millis },
  { key: 'inflight', title: 'In flight', number: true, value: (n) => n.inFlight },
  { key: 'retried', title: 'Retried', number: true, value: (n) => n.retried },
  { key: 'act', title: '', kind: 'act' },
];

let scrolled = 0;
let rowHeight = 46;

/** @param more what else is known of nodes that the picture does not hold: Map service → nodes */
export function nodeTable(live, more = new Map()) {
  const { params } = here();
  const onlyProblems = params.nodes === 'problems';
  const order = params.order || '';
  const key = order.replace(/^-/, '');
  const by = COLUMNS.find((c) => c.key === key && c.value);
  const wanted = (n) => !onlyProblems || rank(n) < 3;
  let rows = [];
  let hidden = 0;
  for (const service of live.services) {
    const all = merged(service.nodes, more.get(service.name));
    hidden += more.has(service.name) ? 0 : service.hiddenNodes;
    const nodes = all.filter(wanted).map((node) => ({ id: `${service.name} ${node.address}`, service, node }));
    if (by) rows.push(...nodes);
    else if (nodes.length || !onlyProblems) rows.push({ id: service.name, service, head: true }, ...nodes);
  }
  if (by) rows.sort((a, b) => compare(by.value(a.node), by.value(b.node)) * (order.startsWith('-') ? -1 : 1));
  const windowed = rows.length > ALL_ROWS;
  const [first, last] = windowed ? inView(rows.length) : [0, rows.length];
  const spacer = (height) => (height > 0 ? html`<tr class="spacer" aria-hidden="true" .style=${`height:${height}px`}></tr>` : nothing);
  return html`<section class="card nodes" aria-labelledby="nodes-title">
    <header><h2 id="nodes-title">Nodes</h2>
      <p class="summary">${summary(live)}</p>
      <label class="switch"><input type="checkbox" .checked=${onlyProblems}
        @change=${(e) => go(changed({ nodes: e.target.checked ? 'problems' : '' }), true)}> Problems only</label></header>
    <div class="scroll ${windowed ? 'windowed' : ''}" @scroll=${windowed ? onScroll : nothing} tabindex=${windowed ? '0' : nothing}
        role=${windowed ? 'region' : nothing} aria-label=${windowed ? 'All nodes' : nothing}>
      <table role="table" aria-label="Nodes" aria-rowcount=${rows.length + 1}>
        <thead role="rowgroup"><tr role="row" aria-rowindex="1">${COLUMNS.map((c) => html`<th scope="col" role="columnheader"
          class="${c.number ? 'n' : ''} ${c.kind || c.key}" aria-sort=${by === c ? (order.startsWith('-') ? 'descending' : 'ascending') : nothing}>${c.value ? sorter(c, by === c, order.startsWith('-'), 'order') : c.title || html`<span class="unseen">Action</span>`}</th>`)}</tr></thead>
        <tbody role="rowgroup">${spacer(first * rowHeight)}${repeat(rows.slice(first, last), (r) => r.id, (row, i) => (row.head
          ? head(row.service, first + i + 2) : nodeRow(row, first + i + 2, Boolean(by), live.time)))}${spacer((rows.length - last) * rowHeight)}</tbody>
      </table>
    </div>
    ${rows.length ? nothing : html`<p class="blank">${onlyProblems ? 'No node has a problem.' : 'There is no node.'}</p>`}
    ${hidden ? html`<p class="more">${plural(hidden, 'more node')}, as well or better: <a href="#/nodes">all nodes</a>.</p>` : nothing}
    ${live.hiddenServices ? html`<p class="more">${plural(live.hiddenServices, 'more service')}, as well or better; GET /api/v1/services lists all.</p>` : nothing}
  </section>`;
}

/** What the picture knows is newer; who is not in it comes from the list. */
function merged(nodes, list) {
  if (!list) return nodes;
  const seen = new Set(nodes.map((n) => n.address));
  return [...nodes, ...list.filter((n) => !seen.has(n.address)).map(fromList)];
}

export const fromList = (n) => ({
  ...n, retried: n.retried ?? null, labels: n.labels || {}, verdicts: n.verdicts || [],
  figures: { rate: n.rate, errorShare: n.rate ? Math.min(1, n.errorRate / n.rate) : n.errorRate > 0 ? 1 : 0, p50Millis: n.p50Millis, p99Millis: n.p99Millis, rates: [], errors: [] },
});

function summary(live) {
  const sum = (of) => live.services.reduce((all, s) => all + of(s), 0);
  return `${count(sum((s) => s.available))} of ${count(sum((s) => s.total))} take requests, ${count(sum((s) => s.inFlight))} in flight`;
}

function inView(rows) {
  const height = innerHeight * 0.7;
  const first = Math.max(0, Math.min(Math.floor(scrolled / rowHeight), rows - Math.ceil(height / rowHeight)) - AROUND);
  return [first, Math.min(rows, first + Math.ceil(height / rowHeight) + 2 * AROUND)];
}

function onScroll(e) {
  const row = e.currentTarget.querySelector('tbody tr:not(.spacer)');
  rowHeight = row?.offsetHeight || rowHeight;
  if (Math.abs(e.currentTarget.scrollTop - scrolled) >= rowHeight) {
    scrolled = e.currentTarget.scrollTop;
    window.dispatchEvent(new Event('redraw'));
  }
}

function head(service, index) {
  const f = service.figures;
  return html`<tr role="row" class="service" aria-rowindex=${index}><th scope="rowgroup" role="rowheader" class="name"><b>${service.name}</b></th>
    <td role="cell" class="status">${state(service.state)}</td>
    <td role="cell" class="about" colspan="10">${count(service.available)} of ${count(service.total)} take requests · ${rate(f.rate)}/s · <span class=${f.errorShare > 0 ? 'some' : ''}>${share(f.errorShare)} failed</span> · p50 ${millis(f.p50Millis)} · p99 ${millis(f.p99Millis)} · ${count(service.inFlight)} in flight</td></tr>`;
}

function nodeRow({ service, node }, index, flat, now) {
  const f = node.figures;
  const about = [flat ? service.name : '', node.name === node.address ? '' : node.address, node.zone && `zone ${node.zone}`,
    node.tier ? `tier ${node.tier}` : '', node.weight === 1 ? '' : `weight ${node.weight}`].filter(Boolean).join(' · ');
  const verb = node.state === 'draining' ? 'Undrain' : 'Drain';
  const why = node.state === 'up' ? node.choice : node.reason;
  return html`<tr role="row" class="node" data-state=${node.state} aria-rowindex=${index}>
    <th scope="row" role="rowheader" class="name"><a href=${link(['nodes', service.name, node.address])}>${node.name}</a><span class="sub" title=${about}>${about || why}</span></th>
    <td role="cell" class="status">${state(node.state)}<span class="sub" title=${why}>${node.state === 'up' ? `for ${span(now - node.since)}` : html`${span(now - node.since)}: ${why}`}</span></td>
    <td role="cell" class="version" data-label="Version">${node.labels.version || html`<span class="soft">–</span>`}</td>
    <td role="cell" class="n share" data-label="Share">${share(node.requestShare)}</td>
    <td role="cell" class="n rate" data-label="Req/s">${rate(f.rate)}</td>
    <td role="cell" class="trend">${spark(f.rates, f.errors)}</td>
    <td role="cell" class="n failed ${f.errorShare > 0 ? 'some' : ''}" data-label="Failed">${share(f.errorShare)}</td>
    <td role="cell" class="n p50" data-label="p50">${millis(f.p50Millis)}</td>
    <td role="cell" class="n p99" data-label="p99">${millis(f.p99Millis)}</td>
    <td role="cell" class="n inflight" data-label="In flight">${count(node.inFlight)}</td>
    <td role="cell" class="n retried" data-label="Retried">${count(node.retried)}</td>
    <td role="cell" class="act"><button type="button" aria-label="${verb} ${node.name}" ?disabled=${!may('operator')} title=${whyNot('operator')} @click=${() => changeDraining(service.name, node)}>${verb}</button></td></tr>`;
}

/** A line of the last minute and the failures in it, on the same scale from zero. */
export function spark(values, fails = []) {
  if (!values.length) return html`<svg class="spark" viewBox="0 0 60 20" preserveAspectRatio="none" aria-hidden="true"><path class="line" d="M0 19.5L60 19.5"></path></svg>`;
  const top = Math.max(1, ...values, ...fails);
  const shape = (numbers) => numbers.map((v, i) =>
    `${i ? 'L' : 'M'}${((i * 60) / Math.max(1, numbers.length - 1)).toFixed(1)} ${(20 - (v / top) * 19).toFixed(1)}`).join('');
  const line = shape(values);
  return html`<svg class="spark" viewBox="0 0 60 20" preserveAspectRatio="none" aria-hidden="true"><path class="area" d="${line}L60 20L0 20Z"></path>
    <path class="line" d=${line}></path><path class="fails" d=${fails.some((v) => v > 0) ? shape(fails) : ''}></path></svg>`;
}
