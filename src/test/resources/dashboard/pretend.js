// Answers of an instance that has seen much, for looking at the page: what begins with these paths
// is answered here, everything else by the server. One node answers badly since ten minutes ago.
(() => {
  const asked = window.fetch;
  const now = () => Date.now();
  const MINUTE = 60000;
  let seed = 7;
  const chance = () => ((seed = (seed * 16807) % 2147483647) / 2147483647);
  const millis = (text, otherwise) => {
    if (!text) return otherwise;
    const ago = /^(\d+)([smhd])$/.exec(text);
    return ago ? now() - Number(ago[1]) * { s: 1000, m: MINUTE, h: 3600000, d: 86400000 }[ago[2]] : Number(text);
  };
  const stepMillis = (text) => millis(text, 0) && Number(text.slice(0, -1)) * 1000;
  const bounds = [];
  for (let i = 0; i < 70; i++) bounds.push(Math.round(100 * 2 ** (i / 4)));

  const answers = {
    series(q) {
      const step = stepMillis(q.get('step')) || 10000;
      const from = Math.floor(millis(q.get('from')) / step) * step;
      const to = millis(q.get('to'), now());
      const by = q.get('by');
      const names = by === 'route' ? ['web/cart', 'web/catalogue', 'web/checkout', 'web/images', 'api/orders', 'api/a-route-with-a-long-name'] : ['all'];
      return {
        from, step, span: { from, to }, others: 0,
        series: names.map((name, n) => {
          const columns = { requests: [], errors: [], bytesIn: [], bytesOut: [], p50: [], p99: [] };
          for (let t = from; t < to; t += step) {
            const bad = n === 2 && t > now() - 10 * MINUTE;
            const requests = Math.round((step / 1000) * (60 / (n + 1)) * (1 + 0.3 * Math.sin(t / 90000 + n) + 0.1 * chance()));
            columns.requests.push(requests);
            columns.errors.push(bad ? Math.round(requests * 0.08) : chance() < 0.1 ? 1 : 0);
            columns.bytesIn.push(requests * 300);
            columns.bytesOut.push(requests * 4000);
            columns.p50.push(2000 + 300 * n);
            columns.p99.push(Math.round(14000 + 2000 * chance() + (bad ? 60000 : 0)));
          }
          const sum = (c) => c.reduce((a, b) => a + b, 0);
          return { key: by === 'none' ? {} : { [by]: name }, ...columns, total: { requests: sum(columns.requests), errors: sum(columns.errors), p50: 2000 + 300 * n, p99: 15000 + 1000 * n } };
        }),
      };
    },
    heatmap(q) {
      const step = stepMillis(q.get('step')) || 10000;
      const from = Math.floor(millis(q.get('from')) / step) * step;
      const counts = [];
      const errors = [];
      for (let t = from; t < millis(q.get('to'), now()); t += step) {
        const column = new Array(bounds.length + 1).fill(0);
        const bad = t > now() - 10 * MINUTE;
        for (let i = 0; i < 240; i++) {
          const row = 17 + 3.4 * Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(6.28 * chance());
          column[Math.max(0, Math.round(row))]++;
        }
        if (bad) for (let i = 0; i < 26; i++) column[Math.round(34 + 4 * chance())]++;
        if (bad && chance() < 0.1) column[bounds.length]++;
        counts.push(column);
        errors.push(bad ? Math.round(9 * chance()) : 0);
      }
      return { from, step, bounds, counts, errors };
    },
    why(q) {
      const drawn = q.get('against') === 'rest';
      return {
        against: q.get('against'), selection: { requests: drawn ? 1204 : 7211 }, rest: { requests: 42110 },
        text: drawn ? '96 % of these hit node b, 8 % of others do.' : 'More of the requests of the last minute were slow at node b.',
        fields: [
          { name: 'node', score: 0.9, values: [{ value: 'b', selection: 0.96, rest: 0.08, count: 1156 }, { value: 'a', selection: 0.03, rest: 0.47, count: 36 }, { value: 'c', selection: 0.01, rest: 0.45, count: 12 }], more: 0 },
          { name: 'route', score: 0.5, values: [{ value: 'web/checkout', selection: 0.71, rest: 0.2, count: 855 }, { value: 'web/catalogue', selection: 0.2, rest: 0.48, count: 240 }], more: 4 },
          { name: 'status', score: 0.4, values: [{ value: '502', selection: 0.62, rest: 0.001, count: 746 }, { value: '200', selection: 0.38, rest: 0.98, count: 458 }], more: 2 },
          { name: 'client', score: 0.05, values: [{ value: '10.1.0.0/16', selection: 0.31, rest: 0.3, count: 373 }], more: 211 },
          { name: 'error', score: 0.3, values: [{ value: null, selection: 0.38, rest: 0.99, count: 458 }, { value: 'node-reset', selection: 0.6, rest: 0, count: 722 }], more: 0 },
        ],
        pairs: [{ fields: { node: 'b', route: 'web/checkout' }, selection: 0.7, rest: 0.02 }],
      };
    },
    incidents(q, rest) {
      const list = [
        { id: 'i-7', state: 'open', level: 'bad', kind: 'errors', since: now() - 10 * MINUTE, until: null, scope: { service: 'shop' }, share: 0.043, baseline: 0.0001, requests: 1204,
          text: 'Since 10 minutes ago 4.3 % of requests to shop fail (usually 0.01 %): 96 % of those that fail hit node b, 8 % of others do.',
          causes: [{ fields: { node: 'b' }, text: '96 % of failing requests hit node b, 8 % of others', bad: 0.96, rest: 0.08, score: 0.9 },
            { fields: { route: 'web/checkout' }, text: '71 % of failing requests have the route web/checkout, 20 % of others', bad: 0.71, rest: 0.2, score: 0.5 }] },
        { id: 'i-6', state: 'over', level: 'warn', kind: 'slow', since: now() - 180 * MINUTE, until: now() - 171 * MINUTE, scope: { route: 'web/images' }, share: 0.2, baseline: 0.01, requests: 311,
          text: 'For 9 minutes 20 % of requests of route web/images took longer than 300 ms (usually 1 %).', causes: [] },
      ];
      if (rest) return list.find((i) => i.id === rest) || null;
      return { now: now(), enough: true, incidents: list };
    },
    markers: () => ({ markers: [{ time: now() - 10.5 * MINUTE, kind: 'deploy', text: 'version v42 of shop began' }, { time: now() - 3 * MINUTE, kind: 'config', text: 'configuration 3 is in force' }] }),
    top: () => ({ exact: false, values: Array.from({ length: 30 }, (_, i) => ({ value: `10.1.${i}.${200 - i}`, requests: Math.round(9000 / (i + 1)), errors: i % 7 === 3 ? 30 : 0, p99: 12000 + 700 * i })) }),
    alerts: () => ({
      alerts: [{ id: 'a1', rule: 'error-budget', state: 'firing', level: 'bad', since: now() - 8 * MINUTE, text: 'shop burns its error budget 14 times too fast; 96 % of what fails hits node b.', labels: { service: 'shop' } },
        { id: 'a2', rule: 'certificate', state: 'resolved', level: 'warn', since: now() - 300 * MINUTE, text: 'The certificate of shop.example expires in 20 days.', labels: {} }],
      rules: [{ name: 'error-budget', kind: 'own', text: 'errors of a service above 14.4 times what 99.9 % allow, over 1 h and 5 min', state: 'firing' }, { name: 'certificate', kind: 'built-in', text: 'a certificate has fewer than 21 days left', state: 'ok' }],
      silences: [{ id: 's1', labels: { rule: 'certificate' }, created: now(), until: now() + 40 * MINUTE, by: 'ops', why: 'renewal is ordered' }],
      receivers: [{ name: 'chat', kind: 'webhook', place: 'chat.example', sent: 41, failed: 2, lost: 0, waiting: 1, lastError: 'answered 503' }, { name: 'mail', kind: 'email', place: 'ops@shop.example', sent: 4, failed: 0, lost: 0, waiting: 0, lastError: null }],
    }),
    records(q, rest) {
      if (rest === 'facets') {
        const wanted = q.getAll('field');
        const facets = { instance: [['lb-1', 12407]], client: [['10.1.0.7', 8000], ['10.1.0.8', 407]], listener: [['web', 12407]], route: [['web/checkout', 8807], ['web/catalogue', 3600]], service: [['shop', 12407]], node: [['b', 11911], ['a', 310], ['c', 186]], status: [['502', 7600], ['200', 4807]], error: [[null, 4807], ['node-reset', 7600]], method: [['GET', 11000], ['POST', 1407]] };
        const names = wanted.length ? wanted : Object.keys(facets).filter((f) => f !== 'instance');
        return { columns: [], truncated: false, tookMillis: 31, rows: names.flatMap((f) => (facets[f] || []).map(([v, n]) => [f, v, n, n / 12407])) };
      }
      if (rest) return null;
      const columns = ['id', 'time', 'instance', 'listener', 'route', 'service', 'node', 'client', 'method', 'host', 'path', 'protocol', 'status', 'error', 'bytes_in', 'bytes_out', 'total_us', 'queue_us', 'connect_us', 'tls_us', 'first_byte_us', 'tries', 'user_agent', 'trace_id', 'weight'];
      return { columns: columns.map((name) => ({ name, type: 'VARCHAR' })), truncated: true, tookMillis: 44,
        rows: Array.from({ length: 100 }, (_, i) => [`01K${1000 + i}`, new Date(now() - i * 1700).toISOString().slice(0, -1).replace('T', ' '), 'lb-1', 'web', i % 3 ? 'web/checkout' : 'web/catalogue', 'shop', 'abc'[i % 3], `10.1.0.${i}`, i % 5 ? 'GET' : 'POST', 'shop.example', `/checkout/${i}/items?page=2`, 'HTTP/1.1', i % 4 ? 200 : 502, i % 4 ? null : 'node-reset', 312, 4021, 2000 + 7919 * (i % 11), 0, i % 3 ? null : 640, null, 1500 + 6000 * (i % 11), i % 4 ? 1 : 2, 'curl/8.5', null, 1]) };
    },
    instances: () => ({ group: 'prod', instance: 'edge-1', connected: true, trouble: '', configVersion: 12, instances: [
      { name: 'edge-1', address: '10.0.0.1:7400', self: true, state: 'up', role: 'member', votes: true, leader: true, standing: 'leading', version: '0.1.0', started: now() - 90 * MINUTE, pid: 812, configVersion: 12, lag: 0 },
      { name: 'edge-2', address: '10.0.0.2:7400', self: false, state: 'up', role: 'member', votes: true, leader: false, standing: 'following', version: '0.1.0', started: now() - 3 * MINUTE, pid: 97, configVersion: 11, lag: 1 },
      { name: 'edge-3', address: '10.0.0.3:7400', self: false, state: 'down', role: null, votes: true, leader: false, standing: null, version: null, started: null, pid: null, configVersion: 0, lag: 0 },
    ] }),
    databases: (q, name) => (name ? { database: 'orders', folder: '/var/backups/orders', acting: true, from: 'b', position: '0/40F21A8', timeline: 2, lagBytes: 8192, lagMillis: 40, trouble: null, alarm: null, doing: null,
      earliest: now() - 3000 * MINUTE, latest: now(), proven: now() - 200 * MINUTE, gaps: [], nextBackup: now() + 99 * MINUTE, nextDrill: now() + 9999 * MINUTE, failed: 0, failure: null, copies: [{}, {}, {}],
      drills: [{ started: now() - 190 * MINUTE, millis: 2300, passed: true, backup: 'x', point: now() - 200 * MINUTE, text: 'restored, started and read by pg_amcheck' }] } : { databases: [{ backedUp: true,
      managed: { coordinates: true, paused: false, term: 4, waitsFor: 'ANY 1 (a, c)', doing: null, members: [{ name: 'a', doing: 'copies the primary', trouble: 'cannot go back, and is copied anew', pid: null }],
        steps: [{ millis: 2, what: 'term 4 has begun' }, { millis: 41, what: 'b and c receive nothing any more' }, { millis: 288, what: 'b takes the writes' }] }, name: 'orders', engine: 'postgresql', writers: 'one', keys: [], primary: 'b', why: null, alarm: 'a takes writes on timeline 1, which ended when timeline 2 began', term: 2, waiting: 3, cut: 12, moved: 4, ended: 0, members: [
      { name: 'a', address: '10.0.0.11:5432', role: 'none', state: 'up', writes: false, reads: false, why: 'is a primary of the past, of timeline 1', lagSeconds: null, lagBytes: null, position: '0/3000148', connections: 0 },
      { name: 'b', address: '10.0.0.12:5432', role: 'primary', state: 'up', writes: true, reads: false, why: 'timeline 2', lagSeconds: null, lagBytes: null, position: '0/40F21A8', connections: 12 },
      { name: 'c', address: '10.0.0.13:5432', role: 'replica', state: 'up', writes: false, reads: true, why: '', lagSeconds: 0.02, lagBytes: 4096, position: '0/40F1000', connections: 40 },
    ], changes: [{ epochMillis: now() - 300 * MINUTE, from: null, to: 'a', term: 1, nobodyMillis: 0 }, { epochMillis: now() - 2 * MINUTE, from: 'a', to: 'b', term: 2, nobodyMillis: 734 }] },
      { backedUp: false, managed: null, name: 'tenants', engine: 'galera', writers: 'affinity', keys: [{ key: 'tenant-a', member: 'b' }, { key: 'tenant-b', member: null }], primary: 'a', why: null, alarm: null, term: null, waiting: 0, cut: 1, moved: 0, ended: 7, members: ['a', 'b'].map((m, i) => ({ name: m, address: `10.0.0.4${i}:3306`, role: 'primary', state: 'up', writes: true, reads: true, why: '', lagSeconds: null, lagBytes: null, position: null, connections: 3 + i })), changes: [] }] }),
    scale: () => ({ services: [{ service: 'shop', driver: 'process', size: 4, min: 2, max: 8, manual: null, dryRun: false, acting: true, why: '21.4 requests in flight are expected within 3 s, and a node takes 6', demand: 21.4, perNode: 6, startSeconds: 1.4, starts: 9, failedStarts: 1,
      nodes: [1, 2, 3, 4].map((n) => ({ name: `shop-${n}`, address: n === 4 ? '' : `127.0.0.1:910${n}`, id: `process ${4700 + n}`, state: n === 4 ? 'starting' : 'up', ageSeconds: 100 / n, inFlight: n === 4 ? 0 : 5 })),
      agents: [
        { name: 'h1', url: 'https://10.0.0.21:9901', answers: true, words: 'answers', nodes: 3, load: 0.7, cores: 4, memoryFree: 6e9, diskFree: 80e9 },
        { name: 'h2', url: 'https://10.0.0.22:9901', answers: false, words: 'has not answered for 12 s; 1 node there is judged by its checks', nodes: 1, load: -1, cores: 0, memoryFree: -1, diskFree: -1 }],
      changes: [{ time: now() - 9 * MINUTE, from: 2, to: 3, why: '16 requests in flight are expected' }, { time: now() - MINUTE / 10, from: 3, to: 4, why: '21.4 requests in flight are expected within 3 s, and a node takes 6' }] }] }),
    dns: () => ({ zones: [{ name: 'example.com', serial: 2026112701, records: 14, names: [{ name: 'www.example.com', policy: 'least-connections', failOpen: false, pool: 1, ttl: 10, pools: [
      { from: 'addresses', members: [['10.0.0.1', 'edge-1', 'up', 'auto', true], ['10.0.0.2', 'edge-2', 'draining', 'drain', false], ['10.0.0.3', 'edge-3', 'down', 'auto', false]].map(([address, name, state, forced, answered]) => ({ address, name, state, forced, answered, weight: 1, site: '' })) },
      { from: 'addresses', members: [{ address: '192.0.2.80', name: 'elsewhere', state: 'up', forced: 'auto', answered: false, weight: 1, site: 'b' }] }] }] }] }),
    vips: () => ({ vips: [
      { name: 'front', addresses: ['10.0.0.100/24', 'fd00::100/64'], networkInterface: 'eth0', elect: 'lease', state: 'owner', owner: '10.0.0.1', term: 7, since: now() - 40 * MINUTE, why: 'has the lease', vrid: null, priority: 100, taken: 2 },
      { name: 'second', addresses: ['10.0.0.101/24'], networkInterface: 'eth0', elect: 'vrrp', state: 'trouble', owner: null, term: null, since: now() - MINUTE, why: 'eth0 is down', vrid: 51, priority: 90, taken: 0 },
      { name: 'everywhere', addresses: ['192.0.2.10/32'], networkInterface: 'lo', elect: 'bgp', state: 'owner', owner: 'this instance', term: null, since: now() - MINUTE, why: 'all that are well have it', vrid: null, priority: 100, taken: 1 },
    ], routers: [
      { name: 'rack', address: '10.0.0.1', as: 65000, state: 'established', since: now() - MINUTE, why: 'well', holdTime: 9, announced: ['192.0.2.10'], leaving: false, lost: 0 },
      { name: 'spare', address: '10.0.0.2', as: 65000, state: 'idle', since: now() - 20000, why: 'it refuses the connection', holdTime: null, announced: [], leaving: false, lost: 2 },
    ] }),
    patterns: () => ({
      from: now() - 60 * MINUTE, to: now(), span: { from: now() - 60 * MINUTE, to: now() }, lines: 51000, left: 3, forgotten: 0,
      patterns: [
        { id: '1f0c5a7712d3e9b0', text: 'connection to <*> refused', example: 'connection to 10.0.0.7:5432 refused', lines: 120, share: 0.0024, first: now() - MINUTE, last: now(), levels: { error: 120 }, error: true, fresh: true, bursts: [], nodes: [{ service: 'shop', node: 'b', lines: 120 }] },
        { id: '77d3e9b01f0c5a12', text: 'retry <*> of <*> after <*>', example: 'retry 2 of 5 after 100ms', lines: 900, share: 0.018, first: now() - 59 * MINUTE, last: now(), levels: { warn: 900 }, error: false, fresh: false, bursts: [{ service: 'shop', since: now() - MINUTE, lastMinute: 640, usual: 2.1 }], nodes: ['a', 'b', 'c', 'd'].map((node, i) => ({ service: 'shop', node, lines: 300 - i })) },
        { id: '0000a7712d3e9b00', text: 'order <*> of <*> created', example: 'order 4711 of 3 created', lines: 49980, share: 0.98, first: now() - 60 * MINUTE, last: now(), levels: { info: 49980 }, error: false, fresh: false, bursts: [], nodes: [{ service: 'shop', node: null, lines: 49980 }] },
      ],
    }),
    query: () => ({ columns: [{ name: 'node', type: 'VARCHAR' }, { name: 'failed', type: 'BIGINT' }, { name: 'requests', type: 'BIGINT' }, { name: 'share', type: 'DOUBLE' }], rows: [['b', 7600, 11911, 0.6381], ['a', 3, 310, 0.0097], ['c', null, 186, 0]], truncated: false, tookMillis: 18 }),
  };

  window.fetch = async (path, options) => {
    const url = new URL(path, location.href);
    const parts = url.pathname.split('/').slice(3);
    if (url.pathname.startsWith('/api/v1/') && answers[parts[0]] && !url.pathname.includes('/tail')) {
      const body = answers[parts[0]](url.searchParams, parts[1]);
      return new Response(JSON.stringify(body ?? { detail: 'There is nothing.' }), { status: body ? 200 : 404, headers: { 'Content-Type': 'application/json' } });
    }
    return asked(path, options);
  };
})();
