/**
 * Text of agents, servers and manifests as a terminal may see it. Control characters (and with them every escape
 * sequence), characters that turn the direction of text, and those that cannot be seen are replaced: nobody writes over
 * what the platform says, or makes one name look like another. The one place; files and pipes get the bytes as they are.
 */

// Cc: controls. Cf: direction, zero width, tags. Zl, Zp: lines of their own. Cs: half a character. DI: drawn as nothing.
// The two selectors of how an emoji is drawn stay.
const hidden = /(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** For one line: line breaks and tabs go, too. */
export function terminalLine(text: string): string {
  return text.replaceAll(hidden, '?');
}

/** For several lines: line breaks and tabs stay; a carriage return stays only at the end of a line. */
export function terminalText(text: string): string {
  return text
    .replaceAll(/\r\n/g, '\n')
    .replaceAll(hidden, (each) => (each === '\n' || each === '\t' ? each : '?'));
}

/** For JSON text: escaped, so that it is the same value. */
export function terminalJson(text: string): string {
  return text.replaceAll(hidden, (each) =>
    each === '\n' || each === '\t'
      ? each
      : [...Array(each.length).keys()].map((at) => escapeUnit(each.charCodeAt(at))).join(''),
  );
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** Bytes as they come: a character cut in two chunks is one character all the same. */
export class TerminalStream {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** A carriage return whose next character is not here yet. */
  #held = '';

  push(chunk: Uint8Array): string {
    return this.#show(this.#held + this.#decoder.decode(chunk, { stream: true }));
  }

  /** What was held back, at the end. */
  end(): string {
    const rest = this.#held + this.#decoder.decode();
    this.#held = '';
    return terminalText(rest);
  }

  #show(text: string): string {
    this.#held = text.endsWith('\r') ? '\r' : '';
    return terminalText(this.#held === '' ? text : text.slice(0, -1));
  }
}
