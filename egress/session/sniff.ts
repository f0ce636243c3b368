/**
 * What the first bytes of a connection speak. Pure, a byte at a time, and bounded. Bytes are `raw` only when no server could
 * read them as HTTP: a disguised request (leading empty lines, a method nobody knows, odd spacing) is `http1`, and then the
 * codec refuses what it does not like.
 */
import type { Wire } from '../../contract/index.ts';

const h2Preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** Those that HTTP/0.9 and its readers know: with them a line needs no version. */
const oldMethods = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'CONNECT',
  'TRACE',
  'PROPFIND',
  'REPORT',
  'MKCOL',
]);
/** What a PROXY header of version 1 begins with: its sender claims to be another, and HTTP may follow. It is none of an agent's. */
const proxyWord = 'PROXY';
/** In one of version 2, where the first byte stands that is no empty line: a zero. */
const proxyZeroAt = 4;
const version = 'HTTP/';
/** A first line longer than this is not waited for: servers that read it at all read it as HTTP. */
const maxBytes = 16 * 1024;

const tls = 22;
const tab = 9;
const lf = 10;
const cr = 13;
const space = 32;

function isTokenByte(byte: number): boolean {
  return byte > space && byte < 127 && !'"(),/:;<=>?@[\\]{}'.includes(String.fromCharCode(byte));
}

type State = 'start' | 'word' | 'line';

export class Sniffer {
  #state: State = 'start';
  #seen = 0;
  #word = '';
  /** How much of `HTTP/` the line has just had. */
  #matched = 0;
  /** How much of the preface the bytes are; -1: they are not. */
  #preface = 0;
  #verdict: Wire | 'more' = 'more';

  /** What all bytes so far are; `more`: not enough to tell. Once it has told it stays with it. */
  push(bytes: Buffer): Wire | 'more' {
    for (const byte of bytes) {
      if (this.#verdict !== 'more') break;
      this.#verdict = this.#read(byte);
      this.#seen += 1;
    }
    return this.#verdict;
  }

  #read(byte: number): Wire | 'more' {
    if (this.#seen === 0 && byte === tls) return 'tls';
    if (this.#seen >= maxBytes) return 'http1';
    if (this.#preface >= 0) {
      this.#preface = byte === h2Preface.charCodeAt(this.#preface) ? this.#preface + 1 : -1;
      if (this.#preface === h2Preface.length) return 'h2-preface';
    }
    const verdict = this.#step(byte);
    // What may still be the preface is HTTP in any case, but of which version is not known yet.
    return this.#preface > 0 ? 'more' : verdict;
  }

  #step(byte: number): Wire | 'more' {
    switch (this.#state) {
      case 'start':
        if (byte === cr || byte === lf || byte === space || byte === tab) return 'more';
        if (byte === 0 && this.#seen === proxyZeroAt) return 'http1';
        this.#state = 'word';
        return this.#readWord(byte);
      case 'word':
        return this.#readWord(byte);
      case 'line':
        return this.#readLine(byte);
      default:
        return this.#state satisfies never;
    }
  }

  #readWord(byte: number): Wire | 'more' {
    if (byte === space || byte === tab) {
      this.#state = 'line';
      const word = this.#word.toUpperCase();
      return word === proxyWord || oldMethods.has(word) ? 'http1' : 'more';
    }
    if (!isTokenByte(byte)) return 'raw';
    // No known method is longer; the rest of the word does not matter.
    if (this.#word.length < 32) this.#word += String.fromCharCode(byte);
    return 'more';
  }

  #readLine(byte: number): Wire | 'more' {
    if (this.#matched === version.length) {
      if (byte >= 48 && byte <= 57) return 'http1';
      this.#matched = 0;
    }
    const upper = byte >= 97 && byte <= 122 ? byte - 32 : byte;
    if (upper === version.charCodeAt(this.#matched)) this.#matched += 1;
    else this.#matched = upper === version.charCodeAt(0) ? 1 : 0;
    return byte === lf ? 'raw' : 'more';
  }
}

/** What the bytes of a whole flight speak. */
export function sniff(bytes: Buffer): Wire | 'more' {
  return new Sniffer().push(bytes);
}
