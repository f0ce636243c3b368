/**
 * Progress of things done in parallel: one line an item, redrawn in place on a terminal, appended as plain lines
 * elsewhere. Plain JavaScript, because the bootstrap shows it before any dependency is there. It writes to stderr only:
 * stdout is for results.
 */

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const redrawMs = 120;

/** @param {{ isTTY?: boolean }} stream @param {Record<string, string | undefined>} environment */
export function isLively(stream, environment) {
  return stream.isTTY === true && environment['TERM'] !== 'dumb' && (environment['CI'] ?? '') === '';
}

export class Progress {
  /** @param {NodeJS.WriteStream} [stream] @param {Record<string, string | undefined>} [environment] */
  constructor(stream = process.stderr, environment = process.env) {
    this.stream = stream;
    this.lively = isLively(stream, environment);
    this.colored = this.lively && (environment['NO_COLOR'] ?? '') === '';
    /** @type {{ name: string, note: string, state: 'running' | 'done' | 'failed', since: number, took?: number }[]} */
    this.items = [];
    this.drawn = 0;
    /** @type {NodeJS.Timeout | undefined} */
    this.timer = undefined;
  }

  /**
   * Shows `name` while `work` runs; the string it resolves to (if any) stands behind the finished line.
   * @template T @param {string} name @param {(note: (text: string) => void) => Promise<T>} work @returns {Promise<T>}
   */
  async step(name, work) {
    const item = {
      name,
      note: '',
      state: /** @type {'running' | 'done' | 'failed'} */ ('running'),
      since: Date.now(),
      took: 0,
    };
    this.items.push(item);
    this.draw();
    try {
      const result = await work((text) => {
        item.note = text;
        if (!this.lively) this.stream.write(`${name}: ${text}\n`);
      });
      item.note = typeof result === 'string' ? result : '';
      this.finish(item, 'done');
      return result;
    } catch (error) {
      item.note = 'failed';
      this.finish(item, 'failed');
      throw error;
    }
  }

  /** A line above the running items. @param {string} text */
  say(text) {
    this.erase();
    this.stream.write(`${text}\n`);
    this.draw();
  }

  /** Ends redrawing; idempotent. */
  close() {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** @param {{ name: string, note: string, state: string, since: number, took?: number }} item @param {'done' | 'failed'} state */
  finish(item, state) {
    item.state = state;
    item.took = Date.now() - item.since;
    if (!this.lively) {
      this.stream.write(`${this.line(item)}\n`);
      this.items.splice(this.items.indexOf(/** @type {any} */ (item)), 1);
      return;
    }
    this.erase();
    this.stream.write(`${this.line(item)}\n`);
    this.items.splice(this.items.indexOf(/** @type {any} */ (item)), 1);
    this.draw();
    if (this.items.length === 0) this.close();
  }

  /** @param {{ name: string, note: string, state: string, since: number, took?: number }} item */
  line(item) {
    const paint = (/** @type {number} */ code, /** @type {string} */ text) =>
      this.colored ? `\u001b[${code}m${text}\u001b[0m` : text;
    const seconds = ((item.took || Date.now() - item.since) / 1000).toFixed(1);
    const mark = { done: paint(32, '✓'), failed: paint(31, '✗') }[item.state];
    const lead = mark ?? paint(36, spinner[Math.floor(Date.now() / redrawMs) % spinner.length] ?? '');
    return `${lead} ${item.name.padEnd(26)} ${paint(2, `${seconds} s`)}${item.note === '' ? '' : `  ${item.note}`}`;
  }

  erase() {
    if (!this.lively || this.drawn === 0) return;
    this.stream.write(`\u001b[${this.drawn}A\u001b[0J`);
    this.drawn = 0;
  }

  draw() {
    if (!this.lively) return;
    this.erase();
    const width = Math.max((this.stream.columns ?? 80) - 1, 40);
    // Cut by what is visible: a wrapped line would break the count of lines to erase. Escapes take about 18.
    for (const item of this.items) this.stream.write(`${this.line(item).slice(0, width)}\u001b[0m\n`);
    this.drawn = this.items.length;
    if (this.timer === undefined && this.items.length > 0) {
      this.timer = setInterval(() => this.draw(), redrawMs);
      this.timer.unref();
    }
  }
}
