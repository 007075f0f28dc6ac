// Single requests: a condition, what is frequent among those that meet it, the list, one of them.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { repeat } from '/libraries/lit-html/directives/repeat.js';
import { SPANS, bar, blank, card, choice, curl, spanOf, told } from '/parts.js';
import { ask, copy, refresh, state, stream, use } from '/net.js';
import { all, changed, go, here, is, link, recordsQuery } from '/url.js';
import { bytes, count, micros, moment, orNone, period, plural, share, sqlTime } from '/format.js';

const TABLES = ['requests', 'sessions', 'dns', 'probes', 'events', 'node_logs'];
const SHOWN = {
  requests: ['time', 'status', 'method', 'host', 'path', 'total_us', 'route', 'node', 'client', 'error', 'tries'],
  sessions: ['time', 'protocol', 'service', 'node', 'client', 'total_us', 'bytes_in', 'bytes_out', 'error'],
  dns: ['time', 'name', 'type', 'code', 'answer', 'client', 'total_us', 'error', 'weight'],
  probes: ['time', 'service', 'node', 'outcome', 'reason', 'total_us'],
  events: ['time', 'kind', 'service', 'node', 'text'],
  node_logs: ['time', 'level', 'service', 'node', 'text'],
};
const LIMIT = 100;
const TITLES = { total_us: 'took', bytes_in: 'in', bytes_out: 'out' };

export const rowsOf = (body) => body.rows.map((row) => Object.fromEntries(body.columns.map((c, i) => [c.name, row[i]])));

function cellOf(name, value) {
  if (value === null || value === undefined) return html`<span class="soft">–</span>`;
  if (name === 'time') return moment(sqlTime(value) ?? 0) + millisOf(value);
  if (name.endsWith('_us')) return micros(value);
  if (name.startsWith('bytes_')) return bytes(value);
  if (name === 'status') return html`<span class=${value >= 500 ? 'some' : ''}>${value}</span>`;
  if (name === 'error') return html`<span class="some">${value}</span>`;
  return String(value);
}

const millisOf = (text) => /\.(\d{1,3})/.exec(text)?.[0].padEnd(4, '0') ?? '';
const numeric = (name) => name.endsWith('_us') || name.startsWith('bytes_') || name === 'tries' || name === 'weight';

export function records(at) {
  const { params } = at;
  const tableName = TABLES.includes(params.table) ? params.table : 'requests';
  const over = { ...spanOf(params, '15m'), where: params.where || '', table: tableName };
  if (at.path.length) return one(at.path[0], over);
  const tail = params.tail === '1';
  follow(tail ? over : null);
  const submit = (e) => {
    e.preventDefault();
    const form = new FormData(e.target);
    go(changed({ where: form.get('where').trim(), table: form.get('table') === 'requests' ? '' : form.get('table') }));
    refresh('/api/v1/records');
    refresh('/api/v1/patterns');
  };
  return html`<div class="titled"><h1 id="title" tabindex="-1">Records</h1>
      ${over.from ? html`<a class="chip" href=${changed({ from: '', to: '' })}>${period(over.from, over.to)}<span aria-hidden="true"> ×</span><span class="unseen">, let go</span></a>` : choice('Span', 'since', SPANS, over.since)}
      <span class="aside">${held()}</span></div>
    <form class="ask" @submit=${submit}>
      <label class="grow">Condition<input name="where" .value=${over.where} placeholder='status>=500 and node="b"' spellcheck="false" autocomplete="off" aria-describedby="where-help"></label>
      <label>Table<select name="table">${TABLES.map((t) => html`<option value=${t} ?selected=${t === tableName}>${t.replace('_', ' ')}</option>`)}</select></label>
      <button class="strong">Show</button>
      <a class="button" href=${changed({ tail: tail ? '' : '1' })} aria-pressed=${nothing}>${tail ? 'Stop following' : 'Follow live'}</a>
      <p class="hint" id="where-help">Fields with = != &lt; &lt;= &gt; &gt;= ~ !~, joined by and, or, not; times such as total_us&gt;500ms.</p>
    </form>
    <div class="with-facets">${tail ? nothing : facets(over)}${tail ? tailed(over) : html`<div>${tableName === 'node_logs' ? patterns(over) : nothing}${list(over)}</div>`}</div>`;
}

/** What lines of the nodes' logs have in common: new and frequent ones first. */
function patterns(over) {
  const span = over.from ? `from=${over.from}&to=${over.to}` : `from=${over.since}`;
  const answer = use(`/api/v1/patterns?${span}&limit=15`, 0, 'patterns');
  return card('Patterns', told(answer, 'Patterns are', (body) => (body.patterns.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="All patterns"><table class="dense" aria-label="Patterns">
    <thead><tr><th scope="col">text</th><th scope="col" class="n">lines</th><th scope="col" class="n">share</th><th scope="col">nodes</th><th scope="col">last</th></tr></thead>
    <tbody>${repeat(body.patterns, (p) => p.id, (p) => html`<tr><th scope="row" class="of-text" title=${p.example}><a href=${changed({ where: is('pattern', p.id) })}>${p.text}</a>${p.fresh ? html` <span class="badge">new</span>` : nothing}${p.bursts.map((b) => html` <span class="badge">${count(b.lastMinute)} in a minute, usually ${b.usual.toFixed(1)}</span>`)}</th>
      <td class="n">${count(p.lines)}</td><td class="n">${share(p.share)}</td><td>${p.nodes.slice(0, 3).map((n) => orNone(n.node)).join(', ')}${p.nodes.length > 3 ? ` and ${p.nodes.length - 3} more` : ''}</td><td>${moment(p.last)}</td></tr>`)}</tbody></table></div>`
    : blank('No line has come within the hour that patterns are counted for.'))), { id: 'patterns', kind: 'records', aside: html`<span class="summary">${answer.value ? `counted since ${moment(answer.value.span.from)}` : ''}</span>` });
}

/** Since when there are records, and how many are not there. */
function held() {
  const known = state.live.records;
  if (!known) return html`<span class="badge">Requests are not recorded</span>`;
  return html`<span class="soft">${known.oldest ? `Kept since ${moment(known.oldest)}` : ''}${known.lost ? `; ${plural(known.lost, 'record')} lost` : ''}</span>`;
}

const narrowed = (over, field, value, not) => changed({ where: all(over.where, is(field, value, not)) });

function facets(over) {
  const answer = use(`/api/v1/records/facets?${recordsQuery(over, { limit: 6 })}`, 0, 'facets');
  return html`<section class="card facets" aria-labelledby="facets-title"><header><h2 id="facets-title">What is frequent</h2></header>
    ${told(answer, 'Records are', (body) => {
      const fields = new Map();
      for (const [field, value, number, part] of body.rows) {
        if (!fields.has(field)) fields.set(field, []);
        fields.get(field).push({ value, number, part });
      }
      return fields.size ? html`<div class="inner">${[...fields].map(([field, values]) => html`<section class="field"><h3>${field.replace(/_/g, ' ')}</h3><ul>${values.map((v) => html`<li>
        <a class="value" href=${narrowed(over, field, v.value, false)} title="Only where ${field} is ${orNone(v.value)}">${orNone(v.value)}</a>
        <span class="pair">${bar(v.part, 'chosen')}</span><span class="shares" title=${count(v.number)}>${share(v.part)}</span>
        <a class="not" href=${narrowed(over, field, v.value, true)} aria-label="Only where ${field} is not ${orNone(v.value)}">not</a></li>`)}</ul></section>`)}</div>` : blank('There is none.');
    })}</section>`;
}

const counted = (over) => use(`/api/v1/records/facets?${recordsQuery(over, { field: 'instance', limit: 100 })}`, 0, 'count');

/** How many meet the condition: each has one instance, and there are few of those. */
export function countOf(over) {
  const answer = counted(over);
  return answer.value && !answer.old ? answer.value.rows.reduce((n, row) => n + row[2], 0) : null;
}

function list(over) {
  const path = `/api/v1/records?${recordsQuery(over, { limit: LIMIT })}`;
  const answer = use(path, 0, 'records');
  const all = answer.value && !answer.error && !answer.old ? countOf(over) : null;
  // A file may have come between the questions: they are asked again. Some records stand for several.
  const stand = answer.value ? rowsOf(answer.value).reduce((n, row) => n + (row.weight ?? 1), 0) : 0;
  if (all > stand && answer.value.rows.length < LIMIT && !answer.value.truncated && counted(over).at > answer.at) refresh('/api/v1/records');
  return card('Matching', told(answer, 'Records are', (body) => {
    const rows = rowsOf(body);
    return rows.length ? html`${recordTable(rows, over)}
      ${body.truncated ? html`<p class="more">The newest ${LIMIT} of ${all === null ? 'many' : count(all)}. <a href=${link(['sql'], { q: sqlOf(over) })}>Ask in SQL</a> for more.</p>` : nothing}` : blank('No record meets this.');
  }), { id: 'matching', kind: 'records', aside: html`<span class="summary"><b id="count" data-count=${all ?? ''}>${all === null ? '…' : plural(all, over.table === 'dns' ? 'answer' : 'record')}</b></span>
    <span class="aside"><button type="button" @click=${() => refresh('/api/v1/records')}>Refresh</button>
    <button type="button" @click=${() => copy(curl(path), 'The curl command')}>Copy curl</button></span>` });
}

function sqlOf({ from, to, since, table }) {
  const amount = /^(\d+)([smhd])$/.exec(since || '15m');
  const unit = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' };
  const when = from ? `time >= TIMESTAMP '${new Date(from).toISOString().slice(0, -1).replace('T', ' ')}' AND time < TIMESTAMP '${new Date(to).toISOString().slice(0, -1).replace('T', ' ')}'`
    : `time > ago('${amount[1]} ${unit[amount[2]]}')`;
  return `SELECT * FROM ${table} WHERE ${when} ORDER BY time DESC LIMIT 1000`;
}

function recordTable(rows, over) {
  const names = SHOWN[over.table];
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Rows"><table class="dense" aria-label="Records"><thead><tr>${names.map((n) => html`<th scope="col" class=${numeric(n) ? 'n' : ''}>${(TITLES[n] || n).replace(/_/g, ' ')}</th>`)}</tr></thead>
    <tbody>${repeat(rows, (r) => r.id, (r) => html`<tr>${names.map((n, i) => (i === 0
      ? html`<th scope="row"><a href=${link(['records', r.id], over.table === 'requests' ? { at: sqlTime(r.time) } : { table: over.table, at: sqlTime(r.time) })}>${cellOf(n, r[n])}</a></th>`
      : html`<td class="${numeric(n) ? 'n' : ''} of-${n}" title=${r[n] ?? nothing}>${cellOf(n, r[n])}</td>`))}</tr>`)}</tbody></table></div>`;
}

// ---- following -------------------------------------------------------------------------------------------

const followed = { key: '', rows: [], skipped: 0, stop: null, error: '' };
const KEPT = 200;

function add(rows) {
  const known = new Set(followed.rows.map((r) => r.id));
  followed.rows = [...rows.filter((r) => !known.has(r.id)), ...followed.rows].slice(0, KEPT);
  window.dispatchEvent(new Event('redraw'));
}

/** Begins to follow what meets a condition; null: ends. */
export function follow(over) {
  const key = over ? `${over.table} ${over.where}` : '';
  if (key === followed.key) return;
  followed.stop?.abort();
  followed.key = key;
  followed.rows = [];
  followed.skipped = 0;
  followed.error = '';
  if (!over) return;
  followed.stop = new AbortController();
  const { signal } = followed.stop;
  tail(over, signal).catch((e) => {
    if (signal.aborted) return;
    followed.error = e.message;
    window.dispatchEvent(new Event('redraw'));
  });
}

async function tail(over, signal) {
  const query = new URLSearchParams();
  if (over.where) query.set('where', over.where);
  if (over.table !== 'requests') query.set('table', over.table);
  for (;;) {
    try {
      await stream(`/api/v1/records/tail?${query}`, (message, kind) => {
        if (kind === 'row' && !state.paused) add([message]);
        else if (kind === 'skipped') followed.skipped += message.rows;
      }, signal);
    } catch (e) {
      if (signal.aborted) return;
      if (e.status === 404) break;
      if (e.status) throw e;
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  // Nothing pushes them here: asked for every two seconds.
  while (!signal.aborted) {
    if (!state.paused && !document.hidden) {
      const answer = await ask(`/api/v1/records?${recordsQuery({ ...over, from: 0, since: '10s' }, { limit: LIMIT })}`, { signal });
      add(rowsOf(await answer.json()));
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

function tailed(over) {
  return card('As they come', html`${followed.error ? html`<p class="blank trouble" role="alert">${followed.error}</p>` : nothing}
    ${followed.rows.length ? recordTable(followed.rows, over) : blank('Nothing yet.')}`, { id: 'tail', kind: 'records', aside: html`<span class="summary">the newest ${KEPT}${followed.skipped ? `; ${count(followed.skipped)} came too fast to be shown` : ''}</span>` });
}

// ---- one ---------------------------------------------------------------------------------------------------

const PHASES = [['queue_us', 'waited for a place'], ['connect_us', 'connection to the node'], ['tls_us', 'TLS handshake'], ['first_byte_us', 'first byte of the answer']];

function one(id, over) {
  const { params } = here();
  const at = Number(params.at) || 0;
  const direct = use(`/api/v1/records/${encodeURIComponent(id)}`, 0, `record ${id}`);
  const since = at ? { from: at - 1000, to: at + 60000 } : { since: '7d' };
  const asked = direct.missing ? use(`/api/v1/records?${recordsQuery({ ...since, where: is('id', id), table: over.table }, { limit: 1 })}`, 0, `record ${id}`) : direct;
  return html`<p class="back"><a href=${link(['records'], { table: over.table === 'requests' ? '' : over.table })} @click=${(e) => {
      if (history.length > 1) {
        e.preventDefault();
        history.back();
      }
    }}>All records</a></p>
    <h1 id="title" tabindex="-1">Record ${id}</h1>
    ${told(asked, 'Single records are', (body) => {
      const record = body.columns ? rowsOf(body)[0] : body.record || body;
      if (!record) return blank('There is no such record: it may have been deleted by age or size.');
      return html`${record.total_us === undefined || over.table === 'dns' ? nothing : card('Where the time went', waterfall(record, body), { id: 'phases' })}
        ${card('All fields', html`<dl class="facts-list wide">${Object.entries(record).filter(([, v]) => typeof v !== 'object' || v === null).map(([name, value]) => html`<div><dt>${name}</dt><dd>${name === 'time' ? value : cellOf(name, value)}
          ${value !== null && !/^(id|time|weight|.*_us|bytes_.*|trace_id|text)$/.test(name) ? html`<a class="not" href=${link(['records'], { since: '1h', where: is(name, value), table: over.table === 'requests' ? '' : over.table })}>others with it</a>` : nothing}</dd></div>`)}</dl>`, { id: 'fields' })}
        ${linesOf(body)}`;
    })}`;
}

/**
 * Phases of the last try after one another, as far as they are known; what is left is the transfer of
 * the answer, and before it the tries that came to nothing.
 */
export function phasesOf(record) {
  const known = PHASES.filter(([field]) => record[field] !== null && record[field] !== undefined);
  const rest = Math.max(0, record.total_us - known.reduce((sum, [field]) => sum + record[field], 0));
  const phases = [];
  let start = 0;
  for (const [field, title] of known) {
    phases.push({ title, start, length: record[field] });
    start += record[field];
  }
  phases.push({ title: record.tries > 1 ? 'earlier tries, transfer' : 'transfer of the answer', start, length: rest });
  return phases;
}

function waterfall(record, body) {
  const phases = phasesOf(record);
  const all = Math.max(1, record.total_us, ...phases.map((p) => p.start + p.length));
  return html`<ol class="waterfall" aria-label="Phases">${phases.map((p, i) => html`<li><span>${p.title}</span>
      <span class="track" aria-hidden="true"><i class="phase-${i % 5}" .style=${`margin-left:${(100 * p.start / all).toFixed(2)}%;width:max(2px,${(100 * p.length / all).toFixed(2)}%)`}></i></span>
      <span class="n">${micros(p.length)}</span></li>`)}</ol>
    <p class="hint pad">${micros(record.total_us)} in all, ${plural(record.tries ?? 1, 'try', 'tries')}${record.node ? `, answered by ${record.node}` : ''}${record.error ? `; ${record.error}${body.meaning ? `: ${body.meaning}` : ''}` : ''}.${body.others ? ` ${plural(body.others, 'other record')} with the same id.` : ''}</p>`;
}

function linesOf(body) {
  const { lines } = body;
  if (!Array.isArray(lines)) return nothing;
  return card('Lines of the node around it', lines.length ? html`<ol class="lines" tabindex="0" aria-label="Lines of the node">${lines.map((l) => html`<li class=${l.request_id === body.record.id ? 'same' : ''}><time>${moment(sqlTime(l.time) ?? 0)}</time> <b>${l.level}</b> ${l.text}</li>`)}</ol>${body.linesTruncated ? html`<p class="hint pad">There are more.</p>` : nothing}`
    : blank('The node wrote nothing around it, or its lines are not collected.'), { id: 'lines' });
}
