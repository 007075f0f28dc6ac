// The first page: how things are, and where to look if they are not well.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { card, choice, spanOf, spanQuery, told } from '/parts.js';
import { nodeTable } from '/node-table.js';
import { isHeld } from '/routes.js';
import { rangeWhere, whyPanel } from '/why.js';
import { history, state, use } from '/net.js';
import { all, changed, go, here, is, link, recordsLink } from '/url.js';
import { count, micros, millis, moment, period, plural, rate, share, span, spanMillis } from '/format.js';

const MINUTE = 60000;
const FIVE = 5 * MINUTE;
const DAY = 86400000;

export function now(at) {
  const { live } = state;
  const markers = markersOf('24h');
  return html`${verdict(live)}${tiles(live, markers)}${explore(at, markers)}${nodeTable(live)}
    <div class="columns">${listeners(live)}${events(live)}</div>`;
}

// ---- the verdict ------------------------------------------------------------------------------------

export const incidentsNow = () => use('/api/v1/incidents', 2);

function verdict(live) {
  const answer = incidentsNow();
  const open = (answer.value?.incidents || []).filter((i) => i.state === 'open');
  const judged = answer.value && !answer.missing;
  const checked = judged ? `last checked ${span(Date.now() - answer.at)} ago` : '';
  let level = live.level;
  let title = live.headline;
  let lines = live.notes;
  if (open.length) {
    level = open.some((i) => i.level === 'bad') || level === 'bad' ? 'bad' : 'attention';
    title = open.length === 1 ? 'One incident is open' : `${open.length} incidents are open`;
    lines = live.level === 'good' ? [] : [live.headline, ...live.notes];
  } else if (level === 'good' && judged && answer.value.enough !== false) {
    title = `Nothing unusual; ${checked}`;
    lines = [live.headline, ...live.notes];
  } else if (level === 'good' && judged) {
    level = 'wait';
    title = 'Not enough data yet to tell what is unusual';
    lines = [live.headline, ...live.notes];
  }
  return html`<section class="verdict" data-level=${level}>
    <span class="mark" aria-hidden="true"></span>
    <div><h1 id="title" tabindex="-1">${title}</h1>
      ${open.length ? html`<ul class="incidents">${open.slice(0, 5).map((i) => html`<li data-level=${i.level}><span>${i.text}</span>
        <a class="see" href=${link(['incidents', i.id])}>See why<span class="unseen">: ${i.text}</span></a></li>`)}
        ${open.length > 5 ? html`<li><a href="#/incidents">${plural(open.length - 5, 'more incident')}</a></li>` : nothing}</ul>` : nothing}
      ${lines.length ? html`<ul class="notes">${lines.map((line) => html`<li>${line}</li>`)}</ul>` : nothing}</div>
    <ul class="badges">${badges(live, answer)}</ul>
  </section>`;
}

function badges(live, incidents) {
  const found = [];
  const { records } = live;
  if (!records) found.push(['quiet', 'Requests are not recorded']);
  else {
    if (!records.writing) found.push(['bad', 'Records are not written']);
    if (records.lost > 0) found.push(['attention', `${plural(records.lost, 'record')} lost`]);
    if (records.lagMillis > 3000) found.push(['attention', `Recorder is ${span(records.lagMillis)} behind`]);
  }
  if (incidents.missing) found.push(['quiet', 'Incidents are not looked for']);
  else if (incidents.error) found.push(['attention', 'Incidents are not known now']);
  if (live.controlLagMillis >= 50) found.push(['attention', `Control thread is ${millis(live.controlLagMillis)} late`]);
  return found.map(([level, words]) => html`<li data-level=${level}>${words}</li>`);
}

// ---- markers ----------------------------------------------------------------------------------------

const KINDS = { ConfigApplied: 'config', Scaled: 'scaling', Deploying: 'deploy', DeployStep: 'deploy', Deployed: 'deploy', DeployRolledBack: 'deploy', NodeDraining: 'drain', NodeUndrained: 'drain', NodeJoined: 'scaling', NodeLeft: 'scaling', NodeDown: 'node', NodeUp: 'node' };

/** Changes that a chart shows; where nothing keeps them, those among the last events. */
export function markersOf(since) {
  const answer = use(`/api/v1/markers?from=${since}`, 10, 'markers');
  if (answer.value) return answer.value.markers || [];
  return (state.live?.events || []).filter((e) => KINDS[e.kind]).map((e) => ({ time: e.time, kind: KINDS[e.kind], text: e.text }));
}

// ---- tiles ------------------------------------------------------------------------------------------

/** What was before the page was opened, and the same time yesterday. */
function earlier() {
  const answer = use('/api/v1/series?from=5m&step=10s&by=none', 60, 'tiles');
  return answer.value?.series?.[0] ? answer.value : null;
}

let yesterdayFrom = 0;

function yesterday() {
  const start = Math.floor((Date.now() - DAY - FIVE) / MINUTE) * MINUTE;
  yesterdayFrom = start;
  const answer = use(`/api/v1/series?from=${start}&to=${start + 7 * MINUTE}&step=10s&by=none`, 0, 'yesterday');
  return answer.value?.series?.[0] && answer.value.series[0].requests.some((n) => n > 0) ? answer.value : null;
}

/** Lowest and highest of the minute around, a day later. */
function bandOf(times, day, values) {
  if (!day) return null;
  const low = [];
  const high = [];
  for (const second of times) {
    const index = Math.floor((second * 1000 - DAY - day.from) / day.step);
    const around = values.slice(Math.max(0, index - 3), index + 4).filter((v) => v !== null && v !== undefined);
    low.push(around.length ? Math.min(...around) : null);
    high.push(around.length ? Math.max(...around) : null);
  }
  return { low, high };
}

function tiles(live, markers) {
  const { total } = live;
  const before = earlier();
  const day = yesterday();
  const first = history.time[0] ?? Infinity;
  const times = [];
  const lines = { rate: [], errors: [], p50: [], p99: [], healthy: [] };
  if (before) {
    const s = before.series[0];
    const seconds = before.step / 1000;
    s.requests.forEach((requests, i) => {
      const at = Math.floor((before.from + (i + 0.5) * before.step) / 1000);
      if (at >= first || !isHeld(before, i)) return;
      times.push(at);
      lines.rate.push(requests / seconds);
      lines.errors.push(s.errors[i] / seconds);
      lines.p50.push(s.p50[i] === null ? null : s.p50[i] / 1000);
      lines.p99.push(s.p99[i] === null ? null : s.p99[i] / 1000);
      lines.healthy.push(null);
    });
  }
  times.push(...history.time);
  for (const name of Object.keys(lines)) lines[name].push(...history[name]);
  if (before) {
    // Of the minute before the page was opened, pictures tell the number of requests only.
    const s = before.series[0];
    times.forEach((at, i) => {
      const step = Math.floor((at * 1000 - before.from) / before.step);
      for (const name of ['p50', 'p99']) {
        if (lines[name][i] === null && s[name][step]) lines[name][i] = s[name][step] / 1000;
      }
    });
  }
  const days = day?.series[0];
  const per = (values) => values.map((v) => v / (day.step / 1000));
  const failing = 'error!=null or status>=500';
  const chart = (title, unit, drawn, band, where = '') => html`<fl-chart .small=${true} .data=${{
    title, unit, times, lines: drawn, band, markers, step: 1, link: (from, to) => recordsLink(from, to, where),
  }}></fl-chart>`;
  const sum = (of) => live.services.reduce((n, s) => n + of(s), 0);
  const [healthy, nodes] = [sum((s) => s.available), sum((s) => s.total)];
  const not = [[sum((s) => s.down), 'down'], [sum((s) => s.draining), 'draining'],
    [nodes - healthy - sum((s) => s.down) - sum((s) => s.draining), 'out']].filter(([n]) => n > 0);
  return html`<div class="tiles">
    <section class="tile" aria-labelledby="tile-rate"><h2 id="tile-rate">Requests</h2>
      <p class="figure"><span id="total-rate">${rate(total.rate)}</span><small>/s</small><span class="beside">${plural(live.listeners.reduce((n, l) => n + l.connections, 0), 'client')}</span></p>
      ${chart('Requests a second', rate, [{ label: 'requests/s', values: lines.rate, ink: 'accent', fill: 'accent-fill' }], day && bandOf(times, day, per(days.requests)))}</section>
    <section class="tile" aria-labelledby="tile-errors"><h2 id="tile-errors">Failed</h2>
      <p class="figure"><span id="total-errors" class=${total.errorShare > 0 ? 'some' : ''}>${share(total.errorShare)}</span><span class="beside">${rate(total.errorRate)}/s of 5xx and failed connections</span></p>
      ${chart('Failures a second', rate, [{ label: 'failures/s', values: lines.errors, ink: 'bad', fill: 'bad-paper' }], day && bandOf(times, day, per(days.errors)), failing)}</section>
    <section class="tile" aria-labelledby="tile-time"><h2 id="tile-time">Time taken, p50 and p99</h2>
      <p class="figure"><span id="total-p50">${millis(total.p50Millis)}</span><span class="second" id="total-p99">${millis(total.p99Millis)}</span></p>
      ${chart('How long requests take', millis, [{ label: 'p99', values: lines.p99, ink: 'second' }, { label: 'p50', values: lines.p50, ink: 'accent' }],
        day && bandOf(times, day, days.p99.map((v) => (v === null ? null : v / 1000))))}</section>
    <section class="tile" aria-labelledby="tile-nodes"><h2 id="tile-nodes">Healthy nodes</h2>
      <p class="figure"><span id="healthy" class=${healthy < nodes ? 'some' : ''}>${count(healthy)}</span><small>of ${count(nodes)}</small><span class="beside">${not.map(([n, word]) => `${n} ${word}`).join(', ')}</span></p>
      ${chart('Nodes that take requests', count, [{ label: 'nodes', values: lines.healthy, ink: 'good', fill: 'good-paper' }], null)}</section>
  </div>`;
}

// ---- the heat map and why -----------------------------------------------------------------------------

const HEAT_SPANS = [['5m', '5 min'], ['15m', '15 min'], ['1h', '1 h'], ['6h', '6 h'], ['24h', '24 h']];
const FILTERS = ['listener', 'route', 'service', 'node'];

/** So that there are about 90 columns, of a length that is kept. */
export function stepOf(lengthMillis) {
  const wanted = lengthMillis / 90 / 1000;
  return [10, 20, 30, 60, 120, 300, 600, 1200, 3600, 7200, 21600].find((s) => s >= wanted) || 86400;
}

function explore(at, markers) {
  const { params } = here();
  const over = spanOf(params, '15m');
  const length = over.from ? over.to - over.from : spanMillis(over.since);
  const filters = FILTERS.filter((f) => params[f]).map((f) => [f, params[f]]);
  const where = all(...filters.map(([f, v]) => is(f, v)));
  const query = [spanQuery(over), `step=${stepOf(length)}s`, ...filters.map(([f, v]) => `${f}=${encodeURIComponent(v)}`)].join('&');
  const answer = use(`/api/v1/heatmap?${query}`, over.from ? 0 : 5, 'heat');
  const chosen = chosenOf(params);
  const choose = (e) => {
    const c = e.detail;
    go(changed({ sel: c ? [Math.round(c.from), Math.round(c.to), Math.round(c.min), Math.round(c.max)].join('-') : '' }));
  };
  const services = state.live.services.map((s) => s.name);
  return html`<div class="explore">
    <section class="card" aria-labelledby="heat-title"><header><h2 id="heat-title">How long requests took</h2>
      ${filters.map(([f, v]) => html`<a class="chip" href=${changed({ [f]: '' })}>${f} ${v}<span aria-hidden="true"> ×</span><span class="unseen">, take away</span></a>`)}
      ${services.length > 1 && !params.service ? html`<label class="pick">Service <select @change=${(e) => go(changed({ service: e.target.value }))}><option value="">all</option>${services.map((s) => html`<option>${s}</option>`)}</select></label>` : nothing}
      ${over.from ? html`<a class="chip" href=${changed({ from: '', to: '' })}>${period(over.from, over.to)}<span aria-hidden="true"> ×</span></a>` : choice('Span', 'since', HEAT_SPANS, over.since)}</header>
      ${told(answer, 'How long requests took is', (heat) => html`<fl-heat .data=${{ ...heat, markers }} .chosen=${chosen} @choose=${choose}></fl-heat>
        <p class="hint">${heat.lost ? `${plural(heat.lost, 'record')} of this time lost. ` : ''}Drag over a part to compare it with the rest; along an axis takes all of it.</p>`)}</section>
    <section class="card why" aria-labelledby="why-title"><header><h2 id="why-title">${chosen ? 'What these have in common' : 'What has changed'}</h2>
      ${chosen ? html`<span class="aside"><a href=${recordsLink(chosen.from, chosen.to, all(where, rangeWhere(chosen)))}>Records</a> <a href=${changed({ sel: '' })}>Let go</a></span>` : nothing}</header>
      <div class="inner" tabindex="0" role="region" aria-label="Fields">${chosen
        ? whyPanel({ ...chosen, where, against: chosen.min || chosen.max ? 'rest' : 'before' }, `${period(chosen.from, chosen.to)}${lengthWords(chosen)}, against ${chosen.min || chosen.max ? 'the others of that time' : 'the time before'}.`)
        : whyPanel({ from: '1m', where, against: 'before' }, 'The last minute against the time before.', 10)}</div></section>
  </div>`;
}

function chosenOf(params) {
  const [from, to, min, max] = (params.sel || '').split('-').map(Number);
  return from > 0 && to > from ? { from, to, min: min || 0, max: max || 0 } : null;
}

function lengthWords({ min, max }) {
  if (!min && !max) return '';
  return min && max ? `, ${micros(min)} to ${micros(max)}` : min ? `, longer than ${micros(min)}` : `, up to ${micros(max)}`;
}

// ---- listeners and events -------------------------------------------------------------------------------

function listeners(live) {
  return card('Listeners', html`<div class="scroll"><table id="listeners" aria-label="Listeners"><thead><tr><th scope="col">Listener</th><th scope="col" class="n">Clients</th>
    <th scope="col" class="n">Req/s</th><th scope="col" class="n">Failed</th><th scope="col">Answered by Fairlead itself</th></tr></thead>
    <tbody>${live.listeners.map((l) => {
      const reasons = l.reasons.filter((r) => r.count > 0);
      const [first] = l.certificates; // the one that expires first
      return html`<tr><th scope="row">${l.name}<span class="sub">${l.protocol === 'http' ? '' : l.protocol + ' '}${l.addresses.join(', ')}</span>
        ${first ? html`<span class="sub ${first.daysLeft < 21 ? 'some' : ''}">${certificateText(first)}</span>` : nothing}</th>
        <td class="n">${count(l.connections)}</td><td class="n">${rate(l.figures.rate)}</td><td class="n ${l.figures.errorShare > 0 ? 'some' : ''}">${share(l.figures.errorShare)}</td>
        <td><ul class="reasons">${reasons.length ? reasons.map((r) => html`<li title=${r.meaning}><a href=${link(['records'], { table: l.protocol === 'http' ? '' : 'sessions', since: '1h', where: is('error', r.reason) })}>${r.reason}</a> ${count(r.count)}</li>`) : html`<li class="soft">nothing</li>`}</ul></td></tr>`;
    })}</tbody></table></div>`, { id: 'listeners' });
}

function certificateText(certificate) {
  const name = certificate.names[0] || certificate.file;
  return certificate.daysLeft < 0 ? `certificate for ${name} has expired`
    : `certificate for ${name}: ${count(certificate.daysLeft)} days left`;
}

export function eventList(events, id = 'events') {
  return html`<ol class="events" id=${id} tabindex="0" aria-label="Events">${events.map((e) => html`<li data-level=${e.level}>
    <time datetime=${new Date(e.time).toISOString()} title=${new Date(e.time).toLocaleString()}>${moment(e.time)}</time><span class="dot" aria-hidden="true"></span><p>${e.text}</p></li>`)}</ol>`;
}

const events = (live) => card('What happened', eventList(live.events), { id: 'happened' });
