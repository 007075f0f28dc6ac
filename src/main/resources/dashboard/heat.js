// How long requests took, over time: a column is a span, a row a range of times, the shade their number.

import { html, nothing, render } from '/libraries/lit-html/lit-html.js';
import { Drawing, ink } from '/chart.js';
import { count, micros, moment, plural } from '/format.js';
import { speak } from '/net.js';

const LEFT = 58;
const BOTTOM = 22;
const TOP = 12;
const HEIGHT = 268;
const ROWS = 25;

/** Two digits are enough for an axis. */
function briefly(micro) {
  const [value, unit] = micro >= 1e6 ? [micro / 1e6, 's'] : [micro / 1000, 'ms'];
  return `${Number(value.toPrecision(2))} ${unit}`;
}

/**
 * Properties: `data` {from, step, bounds, counts, errors, markers}, `chosen` {from, to, min, max} or
 * null. Tells of a choice by the event `choose` with such an object, or null, as its detail. Bounds
 * are upper ones in microseconds; beyond the last lies a row without bound, which is hatched.
 */
class Heat extends Drawing {
  set data(data) {
    this.given = data;
    this.update();
  }

  set chosen(chosen) {
    const text = JSON.stringify(chosen);
    if (text === this.chosenText) return;
    this.chosenText = text;
    this.choice = chosen;
    this.update();
  }

  gone() {}

  again() {
    this.update();
  }

  build() {
    this.stage = document.createElement('div');
    this.stage.className = 'stage heat';
    this.stage.setAttribute('role', 'figure');
    this.stage.tabIndex = 0;
    this.canvas = document.createElement('canvas');
    this.said = document.createElement('p');
    this.said.className = 'said';
    this.rest = document.createElement('div');
    this.stage.append(this.canvas);
    this.append(this.stage, this.said, this.rest);
    this.stage.addEventListener('keydown', (e) => this.key(e));
    this.stage.addEventListener('focus', () => this.draw());
    this.stage.addEventListener('blur', () => this.draw());
    this.canvas.addEventListener('pointerdown', (e) => this.down(e));
    this.canvas.addEventListener('pointermove', (e) => this.move(e));
    this.canvas.addEventListener('pointerup', (e) => this.up(e));
    this.canvas.addEventListener('pointercancel', () => { this.drag = null; this.draw(); });
    this.canvas.addEventListener('pointerleave', () => { if (!this.drag) this.said.textContent = ''; });
  }

  update() {
    if (!this.given || !this.isConnected) return;
    if (!this.stage) this.build();
    this.measure();
    this.stage.setAttribute('aria-label', this.summary());
    this.draw();
    this.drawTable();
  }

  /** Which rows are shown: those with requests and a little around them, at whole doublings. */
  measure() {
    const { counts, bounds } = this.given;
    let low = bounds.length;
    let high = -1;
    let most = 0;
    for (const column of counts) {
      for (let row = 0; row < column.length; row++) {
        if (column[row] > 0) {
          low = Math.min(low, row);
          high = Math.max(high, row);
          most = Math.max(most, column[row]);
        }
      }
    }
    if (high < 0) [low, high] = [Math.min(12, bounds.length - 1), Math.min(40, bounds.length - 1)];
    low = Math.max(0, Math.floor(low / 4) * 4 - 4);
    high = Math.min(bounds.length, Math.ceil((high + 1) / 4) * 4 + 3);
    // It grows at once and never shrinks while it is shown, so that the picture does not jump.
    const old = this.bounds === bounds.length ? this.rows : null;
    this.bounds = bounds.length;
    this.rows = old ? { low: Math.min(low, old.low), high: Math.max(high, old.high) } : { low, high };
    this.most = most;
  }

  get box() {
    const columns = Math.max(1, this.given.counts.length);
    const rows = this.rows.high - this.rows.low + 1;
    const width = this.clientWidth - LEFT;
    const height = HEIGHT - TOP - BOTTOM;
    return { columns, rows, width, height, cellWidth: width / columns, cellHeight: height / rows };
  }

  draw() {
    const width = this.clientWidth;
    if (!width) return;
    this.drawnWidth = width;
    const ratio = devicePixelRatio || 1;
    const { canvas, given } = this;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== HEIGHT * ratio) {
      canvas.width = Math.round(width * ratio);
      canvas.height = HEIGHT * ratio;
    }
    const ctx = canvas.getContext('2d');
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, HEIGHT);
    const { rows, columns, cellWidth, cellHeight, height } = this.box;
    const base = ink('heat').match(/[\d.]+/g).slice(0, 3).join(' ');
    ctx.font = '11px system-ui, sans-serif';
    ctx.textBaseline = 'middle';
    this.drawAxes(ctx);
    for (let c = 0; c < columns && given.counts.length; c++) {
      for (let r = 0; r < rows; r++) {
        const value = given.counts[c][this.rows.low + r];
        if (!value) continue;
        ctx.fillStyle = `rgb(${base} / ${(0.14 + 0.86 * Math.log1p(value) / Math.log1p(this.most)).toFixed(3)})`;
        const x = Math.round(LEFT + c * cellWidth);
        const y = Math.round(TOP + height - (r + 1) * cellHeight);
        ctx.fillRect(x, y, Math.max(1, Math.round(LEFT + (c + 1) * cellWidth) - x), Math.max(1, Math.round(TOP + height - r * cellHeight) - y));
      }
      if (given.errors?.[c] > 0) {
        ctx.fillStyle = ink('bad');
        ctx.fillRect(LEFT + c * cellWidth, 2, Math.max(1.5, cellWidth - 0.5), 6);
      }
    }
    if (this.rows.high === given.bounds.length) this.hatch(ctx, cellHeight);
    this.drawMarkers(ctx);
    const shown = this.drag ? this.dragged() : this.choice;
    if (shown) this.frame(ctx, shown, ink('ink'), 'rgb(128 128 128 / 12%)');
    if (this.cursor && document.activeElement === this.stage) this.frame(ctx, this.ofCells(this.cells()), ink('accent'));
  }

  drawAxes(ctx) {
    const { given } = this;
    const { height, cellHeight, rows, width } = this.box;
    ctx.fillStyle = ink('soft');
    ctx.strokeStyle = ink('line');
    ctx.lineWidth = 1;
    ctx.textAlign = 'right';
    let last = Infinity;
    for (let r = 0; r <= rows; r++) {
      const row = this.rows.low + r;
      const y = TOP + height - r * cellHeight;
      if (row % 4 || row === 0 || row > given.bounds.length || last - y < 22) continue;
      last = y;
      ctx.fillText(briefly(given.bounds[row - 1]), LEFT - 8, y);
      ctx.beginPath();
      ctx.moveTo(LEFT, Math.round(y) + 0.5);
      ctx.lineTo(LEFT + width, Math.round(y) + 0.5);
      ctx.stroke();
    }
    ctx.textAlign = 'center';
    const whole = given.step * given.counts.length;
    const steps = [10000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000, 10800000, 21600000, 86400000];
    const step = steps.find((s) => (whole / s) * 64 <= width) || steps.at(-1);
    for (let t = Math.ceil(given.from / step) * step; t <= given.from + whole; t += step) {
      const x = LEFT + ((t - given.from) / whole) * width;
      if (x > LEFT + 20 && x < LEFT + width - 26) ctx.fillText(moment(t).replace(/^.* /, '').slice(0, step < 60000 ? 8 : 5), x, HEIGHT - BOTTOM / 2 + 2);
    }
  }

  drawMarkers(ctx) {
    const { from, step, counts, markers } = this.given;
    const { width, height } = this.box;
    ctx.strokeStyle = ctx.fillStyle = ink('marker');
    for (const each of markers || []) {
      const x = Math.round(LEFT + ((each.time - from) / (step * counts.length)) * width) + 0.5;
      if (x < LEFT || x > LEFT + width) continue;
      ctx.setLineDash([3, 3]);
      ctx.beginPath();
      ctx.moveTo(x, TOP);
      ctx.lineTo(x, TOP + height);
      ctx.stroke();
      ctx.setLineDash([]);
    }
  }

  hatch(ctx, cellHeight) {
    const { width } = this.box;
    ctx.save();
    ctx.beginPath();
    ctx.rect(LEFT, TOP, width, cellHeight);
    ctx.clip();
    ctx.strokeStyle = ink('line');
    for (let x = LEFT - cellHeight; x < LEFT + width; x += 6) {
      ctx.beginPath();
      ctx.moveTo(x, TOP + cellHeight);
      ctx.lineTo(x + cellHeight, TOP);
      ctx.stroke();
    }
    ctx.restore();
  }

  frame(ctx, { from, to, min, max }, stroke, fill) {
    const { given } = this;
    const { width, height, cellHeight, rows } = this.box;
    const whole = given.step * given.counts.length;
    const x = (time) => LEFT + (Math.max(0, Math.min(whole, time - given.from)) / whole) * width;
    const y = (row) => TOP + height - Math.max(0, Math.min(rows, row - this.rows.low)) * cellHeight;
    const bottom = min ? y(this.rowAbove(min)) : TOP + height;
    const top = max ? y(this.rowAbove(max)) : TOP;
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = stroke;
    if (fill) {
      ctx.fillStyle = fill;
      ctx.fillRect(x(from), top, x(to) - x(from), bottom - top);
    }
    ctx.strokeRect(x(from) + 0.75, top + 0.75, Math.max(2, x(to) - x(from) - 1.5), Math.max(2, bottom - top - 1.5));
  }

  /** The row whose lower bound this is. */
  rowAbove(micro) {
    const index = this.given.bounds.findIndex((b) => b >= micro - 0.5);
    return index < 0 ? this.given.bounds.length : index + 1;
  }

  // ---- choosing ----------------------------------------------------------------------------------

  cellAt(e) {
    const place = this.canvas.getBoundingClientRect();
    const { columns, rows, cellWidth, cellHeight, height } = this.box;
    const x = e.clientX - place.left;
    const y = e.clientY - place.top;
    return {
      column: Math.max(0, Math.min(columns - 1, Math.floor((x - LEFT) / cellWidth))),
      row: this.rows.low + Math.max(0, Math.min(rows - 1, Math.floor((TOP + height - y) / cellHeight))),
      x, y, allColumns: x < LEFT, allRows: y > TOP + height || y < TOP,
    };
  }

  down(e) {
    if (e.button !== 0 || !this.given.counts.length) return;
    const cell = this.cellAt(e);
    this.drag = { start: cell, end: cell };
    this.canvas.setPointerCapture(e.pointerId);
  }

  move(e) {
    if (!this.given.counts.length) return;
    const cell = this.cellAt(e);
    if (this.drag) {
      this.drag.end = cell;
      this.draw();
      this.said.textContent = this.words(this.dragged());
    } else {
      this.said.textContent = cell.x < LEFT ? '' : this.reading(cell);
    }
  }

  up(e) {
    if (!this.drag) return;
    this.drag.end = this.cellAt(e);
    const { start, end } = this.drag;
    const far = Math.abs(start.x - end.x) > 4 || Math.abs(start.y - end.y) > 4;
    const chosen = far ? this.dragged() : null;
    this.drag = null;
    this.choose(chosen);
  }

  /** A drag below the picture takes whole columns, one beside it whole rows. */
  dragged() {
    const { start, end } = this.drag;
    return this.ofCells({
      left: start.allColumns ? 0 : Math.min(start.column, end.column),
      right: start.allColumns ? this.box.columns - 1 : Math.max(start.column, end.column),
      low: start.allRows ? -1 : Math.min(start.row, end.row),
      high: start.allRows ? -1 : Math.max(start.row, end.row),
    });
  }

  ofCells({ left, right, low, high }) {
    const { from, step, bounds } = this.given;
    const whole = low < 0 || (low <= this.rows.low && high >= this.rows.high);
    return {
      from: from + left * step, to: from + (right + 1) * step,
      min: whole || low === 0 ? 0 : bounds[low - 1],
      max: whole || high >= bounds.length ? 0 : bounds[high],
    };
  }

  cells() {
    const { column, row, toColumn, toRow } = this.cursor;
    return {
      left: Math.min(column, toColumn), right: Math.max(column, toColumn),
      low: toRow === -1 ? -1 : Math.min(row, toRow), high: toRow === -1 ? -1 : Math.max(row, toRow),
    };
  }

  choose(chosen) {
    this.dispatchEvent(new CustomEvent('choose', { detail: chosen }));
    this.draw();
    speak(chosen ? `Chosen: ${this.words(chosen)}` : 'Nothing is chosen.');
  }

  /** Arrows move, with Shift they widen; Space takes whole columns; Enter chooses, Escape lets go. */
  key(e) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const { columns } = this.box;
    if (!this.given.counts.length) return;
    if (!this.cursor || this.cursor.column >= columns) {
      const column = columns - 1;
      const row = this.busiest(column);
      this.cursor = { column, row, toColumn: column, toRow: row };
    }
    const at = this.cursor;
    if (e.key in moves) {
      const [right, up] = moves[e.key];
      if (at.toRow === -1) at.toRow = at.row;
      at.toColumn = Math.max(0, Math.min(columns - 1, at.toColumn + right));
      at.toRow = Math.max(this.rows.low, Math.min(this.rows.high, at.toRow + up));
      if (!e.shiftKey) {
        at.column = at.toColumn;
        at.row = at.toRow;
      }
    } else if (e.key === ' ') {
      at.toRow = at.toRow === -1 ? at.row : -1;
    } else if (e.key === 'Enter') {
      this.choose(this.ofCells(this.cells()));
    } else if (e.key === 'Escape') {
      this.choose(null);
    } else {
      return;
    }
    e.preventDefault();
    this.draw();
    if (e.key in moves || e.key === ' ') {
      const words = e.shiftKey || at.toRow === -1 ? this.words(this.ofCells(this.cells())) : this.reading(at);
      this.said.textContent = words;
      speak(words);
    }
  }

  busiest(column) {
    const values = this.given.counts[column];
    return values.reduce((best, value, row) => (value > values[best] ? row : best), this.rows.low);
  }

  // ---- in words ------------------------------------------------------------------------------------

  rowWords(row) {
    const { bounds } = this.given;
    if (row >= bounds.length) return `longer than ${micros(bounds.at(-1))}`;
    return row === 0 ? `up to ${micros(bounds[0])}` : `${micros(bounds[row - 1])} to ${micros(bounds[row])}`;
  }

  reading({ column, row }) {
    const { from, step, counts, markers } = this.given;
    const time = from + column * step;
    const near = (markers || []).filter((m) => m.time >= time && m.time < time + step);
    return `${moment(time)}  ${this.rowWords(row)}: ${plural(counts[column]?.[row] || 0, 'request')}`
      + (near.length ? `; ${near.map((m) => m.text).join('; ')}` : '');
  }

  words({ from, to, min, max }) {
    const range = min && max ? `${micros(min)} to ${micros(max)}` : min ? `longer than ${micros(min)}` : max ? `up to ${micros(max)}` : 'of any length';
    return `${moment(from)} to ${moment(to)}, ${range}`;
  }

  summary() {
    const { counts, from, step, errors } = this.given;
    const sums = counts.map((column) => column.reduce((a, b) => a + b, 0));
    const all = sums.reduce((a, b) => a + b, 0);
    if (!all) return 'How long requests took: there were none.';
    const failed = (errors || []).reduce((a, b) => a + b, 0);
    return `How long requests took, ${moment(from)} to ${moment(from + step * counts.length)}: ${plural(all, 'request')}, `
      + `${count(failed)} failed; most took ${this.rowWords(this.busiest(sums.indexOf(Math.max(...sums))))}. `
      + 'Arrow keys move, Shift and arrow keys widen, Space takes whole columns, Enter chooses, Escape lets go.';
  }

  drawTable() {
    const { counts, from, step, errors } = this.given;
    const every = Math.max(1, Math.ceil(counts.length / ROWS));
    const rows = counts.map((_, i) => i).filter((i) => (counts.length - 1 - i) % every === 0);
    const open = Boolean(this.tableOpen);
    if (!open && this.tableDrawn === false) return;
    this.tableDrawn = open;
    render(html`<button type="button" class="plain" aria-expanded=${String(open)}
        @click=${() => { this.tableOpen = !open; this.tableDrawn = undefined; this.drawTable(); }}>${open ? 'Hide table' : 'Show as table'}<span class="unseen"> of how long requests took</span></button>
      ${open ? html`<div class="scroll" tabindex="0" role="region" aria-label="How long requests took, as a table"><table><thead><tr><th scope="col">From</th><th scope="col" class="n">Requests</th><th scope="col" class="n">Failed</th><th scope="col">Most took</th></tr></thead>
        <tbody>${rows.map((i) => html`<tr><th scope="row">${moment(from + i * step)}</th><td class="n">${count(counts[i].reduce((a, b) => a + b, 0))}</td><td class="n">${count(errors?.[i] || 0)}</td><td>${this.rowWords(this.busiest(i))}</td></tr>`)}</tbody></table></div>` : nothing}`, this.rest);
  }
}

customElements.define('fl-heat', Heat);
