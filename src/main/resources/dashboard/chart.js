// Lines over time. uPlot draws; what is around it makes it a figure that can be read without seeing it.

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { moment } from '/format.js';
import { speak } from '/net.js';
import { go } from '/url.js';

const ROWS = 25;

const inks = new Map();

/** The colour that a variable of the sheet has now. */
export function ink(name) {
  if (!inks.has(name)) inks.set(name, look(name));
  return inks.get(name);
}

function look(name) {
  let probe = document.getElementById('ink');
  if (!probe) {
    probe = document.createElement('i');
    probe.id = 'ink';
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

const themed = new Set();

/** Draws again in the other colours. */
export function themeChanged() {
  inks.clear();
  for (const element of themed) element.again();
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', themeChanged);

/** A canvas that follows its width and the theme. */
export class Drawing extends HTMLElement {
  connectedCallback() {
    themed.add(this);
    this.watcher ??= new ResizeObserver(() => {
      if (this.clientWidth && this.clientWidth !== this.drawnWidth) this.again();
    });
    this.watcher.observe(this);
  }

  disconnectedCallback() {
    themed.delete(this);
    this.watcher.disconnect();
    this.gone();
  }
}

/**
 * Properties: `data` {title, unit(value), times: seconds[], lines: [{label, values, ink, fill}],
 * band: {low, high}, markers: [{time: ms, kind, text}], step: s, link(from ms, to ms)}, `small`.
 */
class Chart extends Drawing {
  set data(data) {
    this.given = data;
    this.update();
  }

  set small(small) {
    this.isSmall = small;
  }

  gone() {
    this.plot?.destroy();
    this.plot = null;
    this.shape = '';
  }

  again() {
    this.gone();
    this.update();
  }

  update() {
    const data = this.given;
    if (!data || !this.isConnected) return;
    if (!this.stage) this.build();
    const text = this.summary();
    this.stage.setAttribute('aria-label', text);
    const shape = [data.lines.map((l) => l.label + l.ink), Boolean(data.band), this.isSmall].join();
    if (!this.clientWidth) return;
    const columns = [data.times, ...data.lines.map((l) => l.values)];
    if (data.band) columns.push(data.band.high, data.band.low);
    if (!this.plot || shape !== this.shape) {
      this.gone();
      this.shape = shape;
      this.drawnWidth = this.clientWidth;
      this.plot = new uPlot(this.options(), columns, this.stage);
    } else {
      this.plot.setData(columns);
    }
    if (this.at !== undefined && this.at !== null) this.say(false);
    if (this.tableOpen) this.drawTable();
  }

  build() {
    this.stage = document.createElement('div');
    this.stage.className = 'stage';
    this.stage.setAttribute('role', 'figure');
    this.stage.tabIndex = 0;
    this.stage.addEventListener('keydown', (e) => this.key(e));
    this.stage.addEventListener('blur', () => {
      this.at = null;
      this.plot?.setCursor({ left: -10, top: -10 });
      this.said.textContent = '';
    });
    this.said = document.createElement('p');
    this.said.className = 'said';
    this.rest = document.createElement('div');
    this.append(this.stage, this.said, this.rest);
    this.drawTable();
  }

  /** What the picture shows, in words. */
  summary() {
    const { title, lines, times, unit, markers } = this.given;
    if (!times.length) return `${title}: nothing yet.`;
    const parts = lines.slice(0, 4).map((line) => {
      const known = line.values.filter((v) => v !== null && v !== undefined);
      if (!known.length) return `${line.label} has no values`;
      const low = known.reduce((a, b) => Math.min(a, b));
      const high = known.reduce((a, b) => Math.max(a, b));
      return `${line.label} last ${unit(known.at(-1))}, lowest ${unit(low)}, highest ${unit(high)}`;
    });
    const marked = this.marked(markers);
    return `${title}, ${moment(times[0] * 1000)} to ${moment(times.at(-1) * 1000)}: ${parts.join('; ')}.`
      + (marked.length ? ` Marked: ${marked.slice(-5).map((m) => `${moment(m.time)} ${m.text}`).join('; ')}.` : '')
      + ' Arrow keys read values, Enter shows the records.';
  }

  marked(markers) {
    const { times } = this.given;
    return (markers || []).filter((m) => m.time >= times[0] * 1000 && m.time <= times.at(-1) * 1000);
  }

  options() {
    const data = this.given;
    const soft = ink('soft');
    const line = ink('line');
    const small = this.isSmall;
    const series = [{}];
    for (const each of data.lines) {
      const stroke = ink(each.ink);
      series.push({
        label: each.label, stroke, width: each.width || 1.5, points: { show: false }, spanGaps: false,
        dash: each.dash, fill: each.fill ? ink(each.fill) : undefined,
      });
    }
    const bands = [];
    if (data.band) {
      const hidden = { stroke: 'transparent', width: 0, points: { show: false } };
      series.push({ ...hidden, label: 'yesterday, high' }, { ...hidden, label: 'yesterday, low' });
      bands.push({ series: [series.length - 2, series.length - 1], fill: ink('band') });
    }
    const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 4 }, font: '11px system-ui, sans-serif' };
    return {
      width: this.clientWidth,
      height: small ? 52 : data.height || 190,
      padding: small ? [4, 0, 2, 0] : [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: false }, focus: { prox: -1 } },
      scales: { x: { time: true }, y: { range: (_, __, high) => [0, high > 0 ? high * 1.1 : 1] } },
      axes: small ? [{ show: false }, { show: false }]
        : [{ ...axis, size: 30, values: (_, ticks) => ticks.map((t) => moment(t * 1000).replace(/:\d\d$/, '')) },
          { ...axis, size: 62, values: (_, ticks) => ticks.map((t) => data.unit(t)) }],
      series,
      bands,
      hooks: {
        draw: [(plot) => this.drawMarkers(plot)],
        setCursor: [(plot) => {
          if (document.activeElement !== this.stage || this.at === null || this.at === undefined) {
            this.said.textContent = plot.cursor.idx === null || plot.cursor.left < 0 ? '' : this.reading(plot.cursor.idx);
          }
        }],
        setSelect: [(plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          this.chosen = true;
          this.leave(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
        }],
        ready: [(plot) => plot.over.addEventListener('click', () => {
          if (this.chosen) this.chosen = false;
          else if (plot.cursor.idx !== null) this.leaveAt(plot.cursor.idx);
        })],
      },
    };
  }

  drawMarkers(plot) {
    const marked = this.given.times.length ? this.marked(this.given.markers) : [];
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = ink('marker');
    ctx.lineWidth = ratio;
    for (const each of marked) {
      const x = Math.round(plot.valToPos(each.time / 1000, 'x', true));
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(x - 4 * ratio, bbox.top);
      ctx.lineTo(x + 4 * ratio, bbox.top);
      ctx.lineTo(x, bbox.top + 6 * ratio);
      ctx.fill();
    }
    ctx.restore();
  }

  reading(index) {
    const { times, lines, unit, markers, step = 1 } = this.given;
    const time = times[index] * 1000;
    const near = this.marked(markers).filter((m) => Math.abs(m.time - time) <= step * 1500);
    return `${moment(time)}  ${lines.slice(0, 6).map((l) => `${l.label} ${unit(l.values[index])}`).join(', ')}`
      + (near.length ? `; ${near.map((m) => m.text).join('; ')}` : '');
  }

  key(e) {
    const { times } = this.given;
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -times.length, End: times.length };
    if (e.key in moves && times.length) {
      const start = this.at ?? (moves[e.key] < 0 ? times.length : -1);
      this.at = Math.max(0, Math.min(times.length - 1, start + moves[e.key]));
      this.say(true);
      e.preventDefault();
    } else if (e.key === 'Enter' && times.length) {
      this.leaveAt(this.at ?? times.length - 1);
    }
  }

  say(aloud) {
    this.at = Math.min(this.at, this.given.times.length - 1);
    const words = this.reading(this.at);
    this.said.textContent = words;
    this.plot?.setCursor({ left: this.plot.valToPos(this.given.times[this.at], 'x'), top: 10 });
    if (aloud) speak(words);
  }

  leaveAt(index) {
    const { times, step = 1 } = this.given;
    // Seconds are too short to be hit: five on each side belong to them.
    const around = step >= 10 ? 0 : 5;
    this.leave((times[index] - around) * 1000, (times[index] + step + around) * 1000);
  }

  leave(from, to) {
    const address = this.given.link?.(Math.floor(from), Math.ceil(to));
    if (address) go(address);
  }

  drawTable() {
    const { title, times, lines, unit, markers } = this.given;
    const every = Math.max(1, Math.ceil(times.length / ROWS));
    const rows = times.map((_, i) => i).filter((i) => (times.length - 1 - i) % every === 0);
    render(html`<button type="button" class="plain" aria-expanded=${String(Boolean(this.tableOpen))}
        @click=${() => { this.tableOpen = !this.tableOpen; this.drawTable(); }}>${this.tableOpen ? 'Hide table' : 'Show as table'}<span class="unseen"> of ${title}</span></button>
      ${this.tableOpen ? html`<div class="scroll" tabindex="0" role="region" aria-label="${title}, as a table"><table><thead><tr><th scope="col">Time</th>${lines.map((l) => html`<th scope="col" class="n">${l.label}</th>`)}</tr></thead>
        <tbody>${rows.map((i) => html`<tr><th scope="row">${moment(times[i] * 1000)}</th>${lines.map((l) => html`<td class="n">${unit(l.values[i])}</td>`)}</tr>`)}</tbody></table>
        ${this.marked(markers).map((m) => html`<p class="hint">${moment(m.time)} ${m.text}</p>`)}</div>` : nothing}`, this.rest);
  }
}

customElements.define('fl-chart', Chart);
