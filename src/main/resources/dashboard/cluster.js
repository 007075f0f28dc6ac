// What stands around the nodes: instances, databases, scaling, names of the DNS, virtual IPs.

import { html, nothing } from '/libraries/lit-html/lit-html.js';
import { blank, card, state, table, told } from '/parts.js';
import { confirm, may, post, refresh, toast, use, whyNot } from '/net.js';
import { is, link } from '/url.js';
import { bytes, count, millis, moment, plural, rate, span } from '/format.js';

/** A word with the colour of another one. */
const chip = (word, like) => html`<span class="state" data-state=${like}>${word}</span>`;
const soft = (word) => html`<span class="soft">${word}</span>`;
const ago = (time) => (time ? `${span(Date.now() - time)}` : soft('–'));

const PARTS = [
  ['instances', 'Instances are', 'group', (b) => b.group !== null, instances],
  ['databases', 'Databases are', 'databases', (b) => b.databases.length, (b) => b.databases.map(database)],
  ['scale', 'Scaling is', 'scale of a service', (b) => b.services.length, (b) => b.services.map(scaled)],
  ['dns', 'Names are', 'dns', (b) => b.zones.length, (b) => b.zones.map(zone)],
  ['vips', 'Virtual IPs are', 'vips', (b) => b.vips.length, vips],
];

export function cluster() {
  const asked = PARTS.map(([path, ...part]) => [use(`/api/v1/${path}`, 2), ...part]);
  const there = asked.filter(([answer, , , has]) => answer.value === undefined || has(answer.value));
  const absent = asked.filter((part) => !there.includes(part)).map(([, , key]) => key);
  return html`<h1 id="title" tabindex="-1">Cluster</h1>
    ${there.map(([answer, what, , , body]) => told(answer, what, body))}
    ${absent.length && asked.every(([answer]) => answer.value !== undefined) ? html`<p class="hint">The configuration has no ${absent.length > 1 ? `${absent.slice(0, -1).join(', no ')} and no ` : ''}${absent.at(-1)}.</p>` : nothing}`;
}

// ---- instances --------------------------------------------------------------------------------------

function instances(body) {
  const leader = body.instances.find((i) => i.leader);
  const words = body.trouble || (body.connected ? `${leader ? `${leader.name} leads` : 'nobody leads'}, configuration ${body.configVersion}`
    : 'no majority is in reach: nothing of the group changes');
  return card('Instances', table('Instances', [
    { key: 'name', title: 'Instance', value: (i) => i.name, cell: (i) => html`${i.name}${i.self ? soft(' (this)') : nothing}<span class="sub">${i.address}</span>` },
    { key: 'state', title: 'State', value: (i) => i.state, cell: (i) => state(i.state) },
    { key: 'role', title: 'Role', cell: (i) => i.role || soft('–') },
    { key: 'vote', title: 'Vote', cell: (i) => (i.leader ? html`<b>leader</b>` : i.votes ? 'voter' : soft(i.standing === 'following' ? '–' : 'keeps the state')) },
    { key: 'version', title: 'Version', cell: (i) => i.version || soft('–') },
    { key: 'config', title: 'Configuration', number: true, cell: (i) => html`${count(i.configVersion)}${i.lag ? html`<span class="sub some">${i.lag} behind</span>` : nothing}` },
    { key: 'started', title: 'Up for', number: true, value: (i) => -(i.started || 0), cell: (i) => ago(i.started) },
  ], body.instances, { keyOf: (i) => i.name, name: 'instances' }),
  { id: 'instances', aside: html`<span class="aside ${body.connected && !body.trouble ? 'soft' : 'some'}">group ${body.group}: ${words}</span>` });
}

// ---- databases --------------------------------------------------------------------------------------

function database(d) {
  const words = d.primary && d.writers === 'affinity' ? 'each key is written at one member' : d.primary ? `${d.primary} takes the writes${d.term ? `, timeline ${d.term}` : ''}` : `nobody takes the writes: ${d.why}`;
  const role = (m) => chip(m.role === 'none' ? 'no role' : m.role, m.state !== 'up' ? 'down' : m.role === 'none' ? 'draining' : 'up');
  return card(`Database ${d.name}`, html`${d.alarm ? html`<p class="pad some" role="alert">${d.alarm}</p>` : nothing}
    ${table(`Members of ${d.name}`, [
      { key: 'name', title: 'Member', cell: (m) => html`<a href=${link(['nodes', d.name, m.address])}>${m.name}</a><span class="sub">${m.address}</span>` },
      { key: 'state', title: 'State', cell: (m) => state(m.state) },
      { key: 'role', title: 'Role', cell: role },
      { key: 'takes', title: 'Takes', cell: (m) => [m.writes ? 'writes' : '', m.reads ? 'reads' : ''].filter(Boolean).join(', ') || soft('nothing') },
      { key: 'lag', title: 'Behind', number: true, cell: (m) => (m.lagSeconds === null ? soft('–') : html`${millis(m.lagSeconds * 1000)}<span class="sub">${bytes(m.lagBytes)}</span>`) },
      { key: 'position', title: 'Position', number: true, cell: (m) => m.position || soft('–') },
      { key: 'clients', title: 'Clients', number: true, cell: (m) => count(m.connections) },
      { key: 'why', title: 'Why', kind: 'words', cell: (m) => m.why },
    ], d.members, { keyOf: (m) => m.name })}
    ${d.writers === 'affinity' ? keys(d) : nothing}
    ${d.managed ? managed(d, d.managed) : nothing}
    ${d.changes.length ? html`<h3 class="pad">Who took the writes</h3><ol class="list" tabindex="0" aria-label="Handovers of ${d.name}">${d.changes.toReversed().map((c) => html`<li><time>${moment(c.epochMillis)}</time>
      ${c.from ? html`from ${c.from} to <b>${c.to}</b>; nobody for ${millis(c.nobodyMillis)}` : html`<b>${c.to}</b>, as found`}${c.term ? soft(`, timeline ${c.term}`) : nothing}</li>`)}</ol>` : nothing}
    ${d.backedUp ? told(use(`/api/v1/databases/${encodeURIComponent(d.name)}/backups`, 5), 'Backups are', backups) : nothing}`,
  { id: `database-${d.name}`, aside: html`<span class="aside ${d.primary ? 'soft' : 'some'}">${d.engine}: ${words}${d.waiting ? `; ${plural(d.waiting, 'client')} waiting` : ''}</span>` });
}

function keys(d) {
  return html`<h3 class="pad">Who takes the writes of a key</h3>
    ${d.keys.length ? html`<ol class="list" tabindex="0" aria-label="Keys of ${d.name}">${d.keys.map((k) => html`<li>${k.key} writes to ${k.member ? html`<b>${k.member}</b>` : html`<b class="some">nobody</b>`}</li>`)}</ol>` : nothing}
    <p class="pad soft">Clients of routes without a key go by their address.</p>`;
}

function managed(d, m) {
  const trouble = m.members.filter((one) => one.trouble);
  const facts = [
    m.paused ? html`<b>left to an operator</b>` : nothing,
    m.waitsFor ? html`a commit waits for ${m.waitsFor}` : nothing,
    m.doing ? html`<b>${m.doing}</b>` : nothing,
  ].filter((one) => one !== nothing);
  return html`<h3 class="pad">Managed here, term ${m.term}</h3>
    ${facts.length ? html`<p class="pad">${facts.map((one, i) => html`${i ? '; ' : ''}${one}`)}</p>` : nothing}
    ${m.members.filter((one) => !d.members.some((member) => member.name === one.name)).map((one) => html`<p class="pad">Witness <b>${one.name}</b>${one.instance ? ` at ${one.instance}` : ''} ${one.doing}</p>`)}
    ${trouble.map((one) => html`<p class="pad some">${one.name}: ${one.trouble}</p>`)}
    ${m.members.filter((one) => one.damage).map((one) => html`<p class="pad some" role="alert"><b>${one.name} has a damaged page</b>: ${one.damage}</p>`)}
    ${m.steps.length ? html`<ol class="list" tabindex="0" aria-label="Steps of the last failover of ${d.name}">${m.steps.map((step) => html`<li><time>${millis(step.millis)}</time> ${step.what}</li>`)}</ol>` : nothing}`;
}

function backups(b) {
  const last = b.drills.at(-1);
  const trouble = [b.trouble, b.alarm, b.failure].filter(Boolean);
  return html`<h3 class="pad">Backups in ${b.folder}</h3>
    ${trouble.map((words) => html`<p class="pad some" role="alert">${words}</p>`)}
    <dl class="facts-list">
      <div><dt>Can be restored</dt><dd>${b.latest ? `from ${moment(b.earliest)} to ${moment(b.latest)}, of ${plural(b.copies.length, 'copy', 'copies')}` : 'nothing yet'}${b.gaps.length ? html`; <span class="some">${b.gaps.join('; ')}</span>` : nothing}</dd></div>
      <div><dt>Proven</dt><dd>${b.proven ? `all up to ${moment(b.proven)}` : 'nothing yet'}${last ? html`; <span class=${last.passed ? '' : 'some'}>last drill ${last.passed ? 'passed' : 'failed'} ${moment(last.started)}: ${last.text}</span>` : nothing}</dd></div>
      <div><dt>Log</dt><dd>${b.from ? `comes from ${b.from}, ${bytes(b.lagBytes)} behind` : 'comes from nobody now'}</dd></div>
      ${b.doing ? html`<div><dt>Now</dt><dd>${b.doing}</dd></div>` : nothing}
    </dl>`;
}

// ---- scaling ----------------------------------------------------------------------------------------

async function resize(s, size) {
  const back = size === null;
  if (!await confirm(back ? `Let ${s.service} be as big as needed?` : `Have ${plural(size, 'node')} of ${s.service}?`,
    back ? `From ${s.min} to ${s.max} nodes, by the requests there are.` : 'It stays so until somebody says otherwise.', back ? 'As needed' : 'Resize')) return;
  try {
    await post(`/api/v1/services/${encodeURIComponent(s.service)}/scale`, JSON.stringify({ size }));
    toast(back ? `${s.service} is as big as needed again.` : `${s.service} is to have ${plural(size, 'node')}.`);
    refresh('/api/v1/scale');
  } catch (e) {
    toast(`Not done: ${e.message}`);
  }
}

function scaled(s) {
  const button = (size, words, label) => html`<button type="button" ?disabled=${size < s.min || size > s.max || !may('operator')} title=${whyNot('operator')} aria-label=${label} @click=${() => resize(s, size)}>${words}</button>`;
  const fact = (title, words) => html`<div><dt>${title}</dt><dd>${words}</dd></div>`;
  return card(`Scaling of ${s.service}`, html`<div class="columns inside"><dl class="facts-list">
      ${fact('Why', `${s.why}${s.dryRun ? '; a dry run: nothing is done' : ''}${s.acting ? '' : '; another instance does it'}`)}
      ${fact('Expected', `${rate(s.demand)} requests in flight${s.perNode ? `, ${rate(s.perNode)} a node` : '; what a node takes is not known yet'}`)}
      ${fact('A start takes', `${s.startSeconds ? `${s.startSeconds.toFixed(1)} s` : 'an unknown time'}; ${plural(s.starts, 'start')}, ${count(s.failedStarts)} failed`)}
      ${fact('By', s.driver)}
    </dl>
    ${s.changes.length ? html`<ol class="list" tabindex="0" aria-label="Sizes of ${s.service}">${s.changes.toReversed().map((c) => html`<li><time>${moment(c.time)}</time> <b>${c.from} → ${c.to}</b> <span>${c.why}</span></li>`)}</ol>` : blank('The size has not changed yet.')}</div>
    ${table(`Nodes of ${s.service} that were started`, [
      { key: 'name', title: 'Node', cell: (n) => (n.address ? html`<a href=${link(['nodes', s.service, n.address])}>${n.name}</a>` : n.name) },
      { key: 'state', title: 'State', cell: (n) => state(n.state) },
      { key: 'address', title: 'Address', cell: (n) => n.address || soft('–') },
      { key: 'id', title: 'Known as', cell: (n) => n.id },
      { key: 'age', title: 'Since', number: true, cell: (n) => span(n.ageSeconds * 1000) },
      { key: 'flight', title: 'In flight', number: true, cell: (n) => count(n.inFlight) },
    ], s.nodes, { keyOf: (n) => n.name })}
    ${s.agents.length ? table(`Agents of ${s.service}`, [
      { key: 'name', title: 'Agent', value: (a) => a.name, cell: (a) => html`${a.name}<span class="sub">${a.url}</span>` },
      { key: 'answers', title: 'Is', value: (a) => a.words, cell: (a) => html`${chip(a.answers ? 'there' : 'silent', a.answers ? 'up' : 'down')}<span class="sub">${a.words}</span>` },
      { key: 'nodes', title: 'Nodes', number: true, value: (a) => a.nodes, cell: (a) => count(a.nodes) },
      { key: 'load', title: 'Load', number: true, value: (a) => a.load, cell: (a) => (a.load < 0 ? soft('–') : html`${rate(a.load)}<span class="sub">${plural(a.cores, 'processor')}</span>`) },
      { key: 'memory', title: 'Memory free', number: true, value: (a) => a.memoryFree, cell: (a) => (a.memoryFree < 0 ? soft('–') : bytes(a.memoryFree)) },
      { key: 'disk', title: 'Disk free', number: true, value: (a) => a.diskFree, cell: (a) => (a.diskFree < 0 ? soft('–') : bytes(a.diskFree)) },
    ], s.agents, { keyOf: (a) => a.name }) : nothing}`,
  { id: `scale-${s.service}`, aside: html`<span class="aside"><span class="soft">${s.manual === null ? '' : 'by hand: '}<b>${plural(s.size, 'node')}</b>, ${s.min} to ${s.max}</span>
    ${button(s.size - 1, '−', `One node of ${s.service} less`)}${button(s.size + 1, '+', `One node of ${s.service} more`)}
    ${s.manual === null ? nothing : html`<button type="button" @click=${() => resize(s, null)}>As needed</button>`}</span>` });
}

// ---- names and addresses ------------------------------------------------------------------------------

const LIKE = { owner: 'up', standby: '', off: 'draining', trouble: 'down' };

function zone(z) {
  const rows = z.names.flatMap((n) => n.pools.flatMap((p, i) => p.members.map((m) => ({ ...m, of: n, pool: i + 1, from: p.from }))));
  const failing = z.names.filter((n) => n.failOpen);
  return card(`Names in ${z.name}`, html`${failing.length ? html`<p class="pad some" role="alert">Too few members are up: answers for ${failing.map((n) => n.name).join(', ')} have all there are.</p>` : nothing}
    ${rows.length ? table(`Members of names in ${z.name}`, [
      { key: 'of', title: 'Name', value: (m) => m.of.name, cell: (m) => html`${m.of.name}<span class="sub">${m.of.policy}, TTL ${m.of.ttl} s</span>` },
      { key: 'pool', title: 'Pool', number: true, value: (m) => m.pool, cell: (m) => html`${m.pool}${m.of.pool === m.pool ? nothing : html`<span class="sub">not used</span>`}` },
      { key: 'name', title: 'Member', value: (m) => m.name, cell: (m) => html`${m.name || m.address}<span class="sub">${m.name && m.name !== m.address ? `${m.address}, ` : ''}${m.from}</span>` },
      { key: 'state', title: 'State', value: (m) => m.state, cell: (m) => html`${state(m.state)}${m.forced === 'auto' ? nothing : html`<span class="sub">by an operator: ${m.forced}</span>`}` },
      { key: 'answered', title: 'In answers', cell: (m) => (m.answered ? 'yes' : soft('no')) },
      { key: 'weight', title: 'Weight', number: true, value: (m) => m.weight, cell: (m) => rate(m.weight) },
    ], rows, { keyOf: (m) => `${m.of.name} ${m.pool} ${m.address}`, name: `zone-${z.name}` }) : blank('It has no balanced name.')}`,
  { id: `zone-${z.name}`, aside: html`<span class="aside soft">serial ${z.serial}, ${plural(z.records, 'record')} that do not change; <a href=${link(['records'], { table: 'dns', where: is('name', z.name).replace('=', '~') })}>last answers</a></span>` });
}

function vips(body) {
  const own = card('Virtual IPs', table('Virtual IPs', [
    { key: 'name', title: 'Name', value: (v) => v.name, cell: (v) => html`${v.name}<span class="sub">${v.addresses.join(', ')} on ${v.networkInterface}</span>` },
    { key: 'state', title: 'Here', value: (v) => v.state, cell: (v) => html`${chip(v.state, LIKE[v.state] ?? '')}<span class="sub">for ${ago(v.since)}</span>` },
    { key: 'owner', title: 'Owner', value: (v) => v.owner, cell: (v) => v.owner || soft('not known') },
    { key: 'elect', title: 'Elected by', cell: (v) => html`${v.elect}<span class="sub">${v.elect === 'bgp' ? 'all that are well' : v.vrid ? `router ${v.vrid}, priority ${v.priority}` : v.term ? `term ${v.term}` : 'no term'}</span>` },
    { key: 'taken', title: 'Taken', number: true, value: (v) => v.taken, cell: (v) => plural(v.taken, 'time') },
    { key: 'why', title: 'Why', kind: 'words', cell: (v) => v.why },
  ], body.vips, { keyOf: (v) => v.name, name: 'vips' }), { id: 'vips' });
  return body.routers?.length ? html`${own}${routers(body.routers)}` : own;
}

function routers(rows) {
  return card('Routers that are told of virtual IPs', table('Routers', [
    { key: 'name', title: 'Router', value: (r) => r.name, cell: (r) => html`${r.name}<span class="sub">${r.address}, AS ${r.as}</span>` },
    { key: 'state', title: 'Session', value: (r) => r.state, cell: (r) => html`${chip(r.state, r.state === 'established' ? LIKE.owner : r.state === 'off' ? LIKE.off ?? '' : LIKE.trouble)}<span class="sub">for ${ago(r.since)}</span>` },
    { key: 'announced', title: 'Announced', value: (r) => r.announced.length, cell: (r) => html`${r.announced.join(', ') || soft('nothing')}${r.leaving ? html`<span class="sub">about to go</span>` : nothing}` },
    { key: 'holdTime', title: 'Hold time', number: true, value: (r) => r.holdTime, cell: (r) => (r.holdTime ? `${r.holdTime} s` : soft('none')) },
    { key: 'lost', title: 'Lost', number: true, value: (r) => r.lost, cell: (r) => plural(r.lost, 'time') },
    { key: 'why', title: 'Why', kind: 'words', cell: (r) => r.why },
  ], rows, { keyOf: (r) => r.name, name: 'routers' }), { id: 'routers' });
}
