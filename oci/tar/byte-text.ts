/**
 * Names as tar and the kernel have them: bytes, held in a string with one character a byte, so that a name that is not
 * UTF-8 stays exactly what it is and two names never become one. Never for people: `shown` is.
 */

/** One character a byte, none above U+00FF. */
export type ByteText = string;

export function byteText(bytes: Uint8Array): ByteText {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** A path or name written in our own source or by the operating system's caller. */
export function byteTextOf(text: string): ByteText {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** What a system call takes. */
export function bytesOf(text: ByteText): Buffer {
  return Buffer.from(text, 'latin1');
}

const maxShown = 200;

/** For an error: UTF-8 where it is, and nothing that moves a cursor or turns the direction of writing. */
export function shown(name: ByteText): string {
  const text = bytesOf(name.slice(0, maxShown * 4)).toString('utf8');
  const safe = text.replace(/[\p{C}\p{Zl}\p{Zp}\uFFFD"]/gu, (character) =>
    character === '\uFFFD' ? '?' : `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
  return `"${safe.length > maxShown ? `${safe.slice(0, maxShown)}…` : safe}"`;
}
