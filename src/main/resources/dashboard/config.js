// The configuration: what is in force, a change of it with what differs, and the way back.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { blank, card, table, told } from '/parts.js';
import { Refused, ask, confirm, may, post, refresh, toast, use, whyNot } from '/net.js';
import { moment, plural } from '/format.js';

const PATH = '/api/v1/config';
const TYPE = 'application/yaml';
const HIDDEN = '(secret)';
const AROUND = 2;

/** Beyond so many pairs of lines a difference is not looked for, and both texts are shown. */
const MOST_PAIRS = 4e6;

/** What somebody is writing: begun from that version; checked: what the instance said of it. */
let draft = null;

const redraw = () => dispatchEvent(new Event('redraw'));

export function config() {
  const answer = use(PATH, 5);
  return html`<h1 id="title" tabindex="-1">Configuration</h1>
    ${told(answer, 'The configuration is', (body) => card('In force', draft ? editor(body) : shown(body), {
      id: 'in-force',
      aside: html`<span class="aside"><span class="soft">version ${body.version} of ${moment(body.appliedAt)}, from ${body.source}</span>
        ${draft ? nothing : html`<button type="button" ?disabled=${!may('operator')} title=${whyNot('operator')} @click=${() => edit(body)}>Change</button>`}</span>`,
    }))}
    ${told(use(`${PATH}/history`, 5), 'Earlier configurations are', (body) => card('Versions', table('Versions', [
      { key: 'version', title: 'Version', value: (v) => v.version, cell: (v) => v.version },
      { key: 'time', title: 'Since', value: (v) => v.time, cell: (v) => moment(v.time) },
      { key: 'who', title: 'By', value: (v) => v.who, cell: (v) => v.who, kind: 'words' },
      { key: 'act', title: html`<span class="unseen">Action</span>`, cell: (v) => (v.current ? 'in force' : html`<button type="button" aria-label="Go back to version ${v.version}" ?disabled=${!may('operator')} title=${whyNot('operator')} @click=${() => goBack(v)}>Go back</button>`) },
    ], body.versions, { keyOf: (v) => v.version, name: 'versions' }), { id: 'versions' }))}`;
}

const shown = (body) => html`<pre class="yaml" tabindex="0" role="region" aria-label="The configuration as it was written">${body.text}</pre>`;

function edit(body) {
  draft = { text: body.text, from: body.text, version: body.version, checked: null, busy: false };
  redraw();
}

function editor(body) {
  const { checked, busy } = draft;
  const lines = difference(draft.from, draft.text);
  const hidden = draft.text.includes(HIDDEN);
  return html`${body.version === draft.version ? nothing : html`<p class="pad some" role="alert">Version ${body.version} has come meanwhile; this change began from ${draft.version}. Discard it and begin again, or what came is undone.</p>`}
    ${hidden ? html`<p class="pad some">Secrets that stand in the text are not shown. Put ${HIDDEN} right before it is applied: write the secret, or file:PATH, or \${NAME}.</p>` : nothing}
    <label class="unseen" for="yaml">The configuration, to be changed</label>
    <textarea id="yaml" class="yaml" spellcheck="false" autocomplete="off" rows=${Math.min(30, Math.max(8, draft.text.split('\n').length))}
      .value=${draft.text} @input=${(e) => { draft.text = e.target.value; draft.checked = null; redraw(); }}></textarea>
    <p class="pad"><button type="button" id="check" ?disabled=${busy} @click=${check}>Check</button>
      <button type="button" id="apply" ?disabled=${busy || !lines.length} @click=${apply}>Apply</button>
      <button type="button" @click=${() => { draft = null; redraw(); }}>Discard</button></p>
    <div role="status">${checked ? verdict(checked) : nothing}</div>
    ${lines.length ? html`<h3 class="pad">What differs</h3><pre class="yaml diff" tabindex="0" role="region" aria-label="What differs">${lines.map(([kind, line]) =>
      html`<span class=${kind}>${{ gone: '− ', new: '+ ', same: '  ', gap: '' }[kind]}${line}\n</span>`)}</pre>` : nothing}`;
}

function verdict({ problems, changes, words }) {
  if (problems) {
    return html`<p class="pad some">${words}</p><ol class="list pad problems">${problems.map((p) => html`<li>
      <button type="button" class="plain" @click=${() => select(p.line)}>Line ${p.line}</button> ${p.path ? html`<b>${p.path}</b> ` : nothing}${p.rule}</li>`)}</ol>`;
  }
  return html`<p class="pad">${changes.length ? 'It can be used. With it:' : 'It can be used, and changes nothing.'}</p>
    ${changes.length ? html`<ul class="list pad">${changes.map((c) => html`<li>${c}</li>`)}</ul>` : nothing}`;
}

/** Puts the cursor on a line of the text. */
function select(line) {
  const box = document.getElementById('yaml');
  const before = draft.text.split('\n').slice(0, line - 1).join('\n');
  const begin = before.length + (line > 1 ? 1 : 0);
  const end = draft.text.indexOf('\n', begin);
  box.focus();
  box.setSelectionRange(begin, end < 0 ? draft.text.length : end);
  box.scrollTop = Math.max(0, (line - 4) * (box.scrollHeight / Math.max(1, draft.text.split('\n').length)));
}

/** Asks, and says what was answered; true: it went well. */
async function offer(send) {
  const mine = draft;
  mine.busy = true;
  redraw();
  try {
    const body = await (await send(mine.text)).json();
    mine.checked = { changes: body.changes };
    return body;
  } catch (e) {
    mine.checked = { words: e.message, problems: e instanceof Refused ? e.problems : [] };
    return null;
  } finally {
    mine.busy = false;
    redraw();
  }
}

const check = () => offer((text) => post(`${PATH}/check`, text, TYPE));

async function apply() {
  const checked = await check();
  if (!checked || !draft) return;
  const words = checked.changes.length ? `${checked.changes.slice(0, 6).join('; ')}${checked.changes.length > 6 ? `; and ${plural(checked.changes.length - 6, 'more change')}` : ''}.`
    : 'Nothing of what is in force changes.';
  if (!await confirm('Apply this configuration?', words, 'Apply')) return;
  const body = await offer((text) => ask(PATH, { method: 'PUT', headers: { 'Content-Type': TYPE }, body: text }));
  if (!body) return;
  draft = null;
  toast(`Version ${body.version} is in force.`);
  refresh(PATH);
  redraw();
}

async function goBack(version) {
  if (!await confirm(`Go back to version ${version.version}?`, `Of ${moment(version.time)}, by ${version.who}. It becomes a new version.`, 'Go back')) return;
  try {
    const body = await (await post(`${PATH}/rollback?version=${version.version}`)).json();
    toast(`Version ${body.version} is in force: ${body.changes.join('; ') || 'nothing has changed'}.`);
    refresh(PATH);
  } catch (e) {
    toast(`Not done: ${e.message}`);
  }
}

/** Lines that are gone and new, with those around them; by their longest common sequence. */
export function difference(before, after) {
  if (before === after) return [];
  const a = before.split('\n');
  const b = after.split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const x = a.slice(start, a.length - end);
  const y = b.slice(start, b.length - end);
  const middle = x.length * y.length > MOST_PAIRS ? [...x.map((l) => ['gone', l]), ...y.map((l) => ['new', l])] : align(x, y);
  const all = [...a.slice(0, start).map((l) => ['same', l]), ...middle, ...a.slice(a.length - end).map((l) => ['same', l])];
  const near = new Set();
  all.forEach(([kind], i) => {
    if (kind !== 'same') for (let k = i - AROUND; k <= i + AROUND; k++) near.add(k);
  });
  const lines = [];
  all.forEach((line, i) => {
    if (near.has(i)) lines.push(line);
    else if (near.has(i - 1)) lines.push(['gap', '…']);
  });
  return lines;
}

function align(x, y) {
  const width = y.length + 1;
  const common = new Uint32Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = y.length - 1; k >= 0; k--) {
      common[i * width + k] = x[i] === y[k] ? common[(i + 1) * width + k + 1] + 1
        : Math.max(common[(i + 1) * width + k], common[i * width + k + 1]);
    }
  }
  const lines = [];
  let i = 0;
  let k = 0;
  while (i < x.length || k < y.length) {
    if (i < x.length && k < y.length && x[i] === y[k]) {
      lines.push(['same', x[i]]);
      i++;
      k++;
    } else if (k === y.length || (i < x.length && common[(i + 1) * width + k] >= common[i * width + k + 1])) {
      lines.push(['gone', x[i++]]);
    } else {
      lines.push(['new', y[k++]]);
    }
  }
  return lines;
}
