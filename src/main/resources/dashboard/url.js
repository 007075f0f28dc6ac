// Everything that is shown follows from the address, so that a link shows the same to somebody else.

/** @returns {{page: string, path: string[], params: Record<string, string>}} */
export function here() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const segments = path.split('/').filter(Boolean).map(decodeURIComponent);
  return { page: segments[0] || 'now', path: segments.slice(1), params: Object.fromEntries(new URLSearchParams(query || '')) };
}

/** Address of a page; what has no value is left out. */
export function link(path, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== '') query.set(name, value);
  }
  const text = query.toString();
  return '#/' + path.map(encodeURIComponent).join('/') + (text ? '?' + text : '');
}

/** The address with some parameters changed. */
export function changed(params) {
  const at = here();
  return link([at.page, ...at.path], { ...at.params, ...params });
}

export function go(address, instead = false) {
  if (address === location.hash) return;
  if (instead) {
    history.replaceState(null, '', address);
    window.dispatchEvent(new Event('hashchange'));
  } else {
    location.hash = address;
  }
}

// ---- conditions as GET /api/v1/records takes them ------------------------------------------------

const PLAIN = /^[A-Za-z0-9_.\-]+$/;

/** A condition that a field has a value. */
export function is(field, value, not = false) {
  const sign = not ? '!=' : '=';
  if (value === null || value === undefined) return `${field}${sign}null`;
  const text = String(value);
  return `${field}${sign}${PLAIN.test(text) && text !== 'null' ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`}`;
}

export function all(...conditions) {
  const given = conditions.filter((c) => c && c.trim());
  return given.map((c) => (given.length > 1 && /\bor\b/i.test(c) ? `(${c})` : c)).join(' and ');
}

const instant = (epochMillis) => new Date(epochMillis).toISOString();

/** Query of the records of a span, which ends before its end, with a condition. */
export function recordsQuery({ from, to, since, where, table }, more = {}) {
  const query = new URLSearchParams();
  if (from) {
    query.set('since', instant(Number(from)));
    if (to) query.set('where', all(where, `time<"${instant(Number(to))}"`));
    else if (where) query.set('where', where);
  } else {
    query.set('since', since || '15m');
    if (where) query.set('where', where);
  }
  if (table && table !== 'requests') query.set('table', table);
  for (const [name, value] of Object.entries(more)) {
    for (const each of [value].flat()) query.append(name, each);
  }
  return query.toString();
}

/** Where the records of a span are shown. */
export const recordsLink = (from, to, where, more = {}) =>
  link(['records'], { from: from && Math.floor(from), to: to && Math.ceil(to), where, ...more });
