// Numbers, times and names as people read them.

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const DASH = '–';

export const count = (value) => (value === null || value === undefined ? DASH : whole.format(value));

export function rate(value) {
  if (value === null || value === undefined) return DASH;
  if (value === 0) return '0';
  return value < 0.1 ? value.toFixed(2) : value < 10 ? tenth.format(value) : whole.format(value);
}

export function millis(value) {
  if (value === null || value === undefined) return DASH;
  if (value === 0) return '0';
  if (value >= 10000) return tenth.format(value / 1000) + ' s';
  if (value >= 100) return whole.format(value) + ' ms';
  return (value >= 10 ? tenth.format(value) : value.toFixed(2)) + ' ms';
}

export const micros = (value) => millis(value === null || value === undefined ? null : value / 1000);

export function share(value) {
  if (value === null || value === undefined) return DASH;
  if (value === 0) return '0';
  const percent = value * 100;
  if (percent < 0.1) return (percent < 0.01 ? '<0.01' : percent.toFixed(2)) + ' %';
  return (percent < 10 ? percent.toFixed(1) : whole.format(percent)) + ' %';
}

export function bytes(value) {
  if (value === null || value === undefined) return DASH;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let left = value;
  while (left >= 1024 && unit < units.length - 1) {
    left /= 1024;
    unit++;
  }
  return `${unit === 0 || left >= 100 ? whole.format(left) : tenth.format(left)} ${units[unit]}`;
}

export function span(millisGone) {
  const s = Math.max(0, Math.floor(millisGone / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayAndMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** The time of day; with the day if that is not today's. */
export function moment(epochMillis, now = Date.now()) {
  const time = clockTime.format(epochMillis);
  return Math.abs(now - epochMillis) < 72000000 && new Date(epochMillis).getDate() === new Date(now).getDate()
    ? time : `${dayAndMonth.format(epochMillis)} ${time}`;
}

/** A span of time as two moments. */
export const period = (from, to) => `${moment(from)} to ${moment(to)}`;

const UNITS = { s: 1000, m: 60000, h: 3600000, d: 86400000 };

/** Milliseconds of a span such as 15m; 0: it is none. */
export function spanMillis(text) {
  const parts = /^(\d+)([smhd])$/.exec(text || '');
  return parts ? Number(parts[1]) * UNITS[parts[2]] : 0;
}

/** A time that a query answered, which is in UTC and does not say so. */
export function sqlTime(text) {
  if (typeof text !== 'string') return null;
  const at = Date.parse(/(Z|[+-]\d\d(:?\d\d)?)$/.test(text) ? text : text.replace(' ', 'T') + 'Z');
  return Number.isNaN(at) ? null : at;
}

export function plural(number, one, many = one + 's') {
  return `${whole.format(number)} ${number === 1 ? one : many}`;
}

/** What stands for a value that is not there. */
export const orNone = (value) => (value === null || value === undefined || value === '' ? '(none)' : String(value));
