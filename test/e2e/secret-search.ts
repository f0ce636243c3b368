/**
 * Finds a secret in whatever a test holds against it: as it is, and in every form it may travel in. Apart because a
 * search that misses a form proves nothing: `needlesOf` is tested on its own.
 */
import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The three alignments a text can have in Base64 of something longer: the characters no neighbour changes. A secret
 * inside `user:secret` (Basic) or `Bearer secret` is found by one of them.
 */
function base64Cores(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].map((lead) => {
    const padded = Buffer.concat([Buffer.alloc(lead), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const from = lead === 0 ? 0 : lead + 1;
    const spare = (lead + bytes.length) % 3;
    return padded.slice(from, spare === 0 ? undefined : -1);
  });
}

/** Every form, by name. */
export function needlesOf(secret: string): ReadonlyMap<string, Buffer> {
  const hex = Buffer.from(secret).toString('hex');
  const base64 = base64Cores(secret);
  const forms: Record<string, string> = {
    raw: secret,
    json: JSON.stringify(secret).slice(1, -1),
    'json in json': JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1),
    url: encodeURIComponent(secret),
    hex,
    HEX: hex.toUpperCase(),
    utf16: Buffer.from(secret, 'utf16le').toString('latin1'),
  };
  base64.forEach((core, lead) => {
    forms[`base64+${lead}`] = core;
    forms[`base64url+${lead}`] = core.replaceAll('+', '-').replaceAll('/', '_');
  });
  return new Map(Object.entries(forms).map(([name, text]) => [name, Buffer.from(text, 'latin1')]));
}

/** Names of the forms found. */
export function searchBytes(haystack: Buffer, needles: ReadonlyMap<string, Buffer>): string[] {
  return [...needles].flatMap(([name, needle]) => (haystack.includes(needle) ? [name] : []));
}

const chunkBytes = 4 * 1024 * 1024;

/** A file in pieces that overlap by the longest needle. */
function searchFile(path: string, needles: ReadonlyMap<string, Buffer>): string[] {
  const overlap = Math.max(...[...needles.values()].map(({ length }) => length));
  const found = new Set<string>();
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(chunkBytes + overlap);
    for (let at = 0; ; at += chunkBytes) {
      const read = readSync(fd, buffer, 0, buffer.length, at);
      for (const name of searchBytes(buffer.subarray(0, read), needles)) found.add(name);
      if (read < buffer.length) return [...found];
    }
  } finally {
    closeSync(fd);
  }
}

/** `path (form)` for every find below a directory; symbolic links, sockets and what has just gone are passed over. */
export function searchTree(
  directory: string,
  needles: ReadonlyMap<string, Buffer>,
  skip: (path: string) => boolean,
): { readonly found: readonly string[]; readonly files: number } {
  const found: string[] = [];
  let files = 0;
  const visit = (path: string): void => {
    if (skip(path)) return;
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (entry?.isDirectory() === true) for (const name of readdirSync(path)) visit(join(path, name));
    if (entry?.isFile() !== true) return;
    files += 1;
    try {
      found.push(...searchFile(path, needles).map((form) => `${path} (${form})`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  };
  visit(directory);
  return { found, files };
}
