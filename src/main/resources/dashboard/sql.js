// Questions in SQL.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { blank, card, curl } from '/parts.js';
import { copy, may, post, whyNot } from '/net.js';
import { changed, go, here, link } from '/url.js';
import { count, plural } from '/format.js';

const PATH = '/api/v1/query?limit=1000';
const TYPE = 'application/sql';

const EXAMPLES = [
  ['Failures by node', 'SELECT node, count(*) FILTER (status >= 500) AS failed, count(*) AS requests,\n  round(failed / requests, 4) AS share\nFROM requests WHERE time > ago(\'1 hour\')\nGROUP BY node ORDER BY failed DESC'],
  ['Slowest routes, minute by minute', 'SELECT time_bucket(INTERVAL 1 minute, time) AS minute, route, count(*) AS requests,\n  p99(total_us) / 1000 AS p99_ms\nFROM requests WHERE time > ago(\'30 minutes\')\nGROUP BY ALL ORDER BY minute DESC, p99_ms DESC'],
  ['Where the time goes', 'SELECT node, count(*) AS requests, p50(queue_us), p50(connect_us), p50(first_byte_us), p50(total_us)\nFROM requests WHERE time > ago(\'1 hour\') GROUP BY node'],
  ['What there is', 'DESCRIBE requests'],
];

const asked = { sql: null, answer: null, error: '', position: null, busy: false };

async function run(sql) {
  asked.sql = sql;
  asked.busy = true;
  asked.error = '';
  window.dispatchEvent(new Event('redraw'));
  let answer = null;
  let error = '';
  let position = null;
  try {
    answer = await (await post(PATH, sql, TYPE)).json();
  } catch (e) {
    error = e.message;
    position = e.position ?? null;
  }
  if (asked.sql !== sql) return; // another has been asked since
  Object.assign(asked, { answer, error, position, busy: false });
  window.dispatchEvent(new Event('redraw'));
}

export function sql() {
  const { params } = here();
  const q = params.q ?? '';
  if (q && asked.sql !== q) run(q);
  const submit = (e) => {
    e?.preventDefault();
    const text = document.getElementById('sql').value.trim();
    if (!text) return;
    if (text === q) run(text);
    else go(changed({ q: text }));
  };
  const shown = q || EXAMPLES[0][1];
  const current = q && asked.sql === q;
  return html`<h1 id="title" tabindex="-1">SQL</h1>
    <form class="ask sql" @submit=${submit}>
      <label class="grow">One statement that reads: tables requests, sessions, dns, probes, events, node_logs
        <textarea id="sql" rows="6" spellcheck="false" .value=${shown} aria-describedby="sql-help" @keydown=${(e) => {
          if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) submit(e);
        }}></textarea></label>
      <div class="row"><button class="strong" ?disabled=${!may('analyst')}>Ask</button>
        <button type="button" @click=${() => copy(curl('/api/v1/query', { body: document.getElementById('sql').value, type: TYPE }), 'The curl command')}>Copy curl</button>
        <span class="hint" id="sql-help">${whyNot('analyst')} Ctrl+Enter asks. p50(x), p99(x) and ago('5 minutes') are there beside DuckDB's functions.</span></div>
    </form>
    <p class="examples"><span class="soft">Examples:</span> ${EXAMPLES.map(([title, text]) => html`<a href=${link(['sql'], { q: text })}>${title}</a>`)}</p>
    ${!current ? nothing : asked.busy ? blank('Asking …') : asked.error ? html`<div class="card trouble" role="alert"><p class="blank">${asked.error}</p>${pointed(q, asked.position)}</div>` : answerCard(asked.answer)}`;
}

/** The line that an error is about, with a mark below the place. */
function pointed(text, position) {
  if (position === null || position < 1) return nothing;
  const before = text.slice(0, position - 1);
  const start = before.lastIndexOf('\n') + 1;
  const end = text.indexOf('\n', start);
  return html`<pre>${text.slice(start, end < 0 ? undefined : end)}
${' '.repeat(position - 1 - start)}^</pre>`;
}

function answerCard(body) {
  if (!body) return nothing;
  const number = body.columns.map((c) => /INT|DOUBLE|DECIMAL|FLOAT/.test(c.type));
  return card('Answer', body.rows.length ? html`<div class="scroll tall" tabindex="0" role="region" aria-label="Rows of the answer"><table class="dense" id="answer" aria-label="Answer">
    <thead><tr>${body.columns.map((c, i) => html`<th scope="col" class=${number[i] ? 'n' : ''} title=${c.type}>${c.name}</th>`)}</tr></thead>
    <tbody>${body.rows.map((row) => html`<tr>${row.map((value, i) => html`<td class=${number[i] ? 'n' : ''}>${value === null ? html`<span class="soft">null</span>` : typeof value === 'object' ? JSON.stringify(value) : String(value)}</td>`)}</tr>`)}</tbody></table></div>` : blank('No row.'), {
    id: 'answer-card', aside: html`<span class="summary">${plural(body.rows.length, 'row')}${body.truncated ? ', there are more' : ''} in ${count(body.tookMillis)} ms</span>
    <span class="aside"><button type="button" @click=${() => copy([body.columns.map((c) => c.name), ...body.rows].map((r) => r.map((v) => (v === null ? '' : `"${String(v).replace(/"/g, '""')}"`)).join(',')).join('\n'), 'The answer as CSV')}>Copy CSV</button></span>`,
  });
}
