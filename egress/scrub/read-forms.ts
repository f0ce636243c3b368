/**
 * What is left of a secret that looks escaped itself (`K\"…`, `…%2F`, `&amp;…`) when escapes are taken off its echo. Whoever
 * echoes it writes some of its characters as escapes and leaves others, so what a reader takes off next is the one or the other.
 * Pure, and done once a secret: nearly all have no such character, and one form.
 */
import { foreign } from './alphabet.ts';
import { introducers } from './escape.ts';
import { layers, Unescaper } from './unescaper.ts';

/** A secret of nothing but escapes has very many forms; the first are those of usual writers. */
const maxForms = 48;
/** Added to an introducer that is to be left alone: no code of a character. */
const masked = 0x20_00_00;

/** One layer off; `kept`: introducers whose escapes stay. */
function takeOff(codes: readonly number[], kept: readonly number[]): number[] {
  const read: number[] = [];
  const unescaper = new Unescaper({ push: (code) => read.push(code) });
  const shown = codes.map((code) => (kept.includes(code) ? code + masked : code));
  for (const [at, code] of [...shown, foreign].entries()) unescaper.push(code, at, at + 1);
  return read.slice(0, -1).map((code) => (code >= masked ? code - masked : code));
}

/** Every choice of introducers, all of them taken off first. */
const choices: ReadonlyArray<readonly number[]> = Array.from({ length: 2 ** introducers.length }, (_, bits) =>
  introducers.filter((_introducer, at) => ((bits >> at) & 1) === 1),
);

/** Without an escape at its end that has not ended: what follows in a text is read into it. */
function withoutOpenEnd(codes: readonly number[]): readonly number[] {
  const unescaper = new Unescaper({ push: () => undefined });
  for (const [at, code] of codes.entries()) unescaper.push(code, at, at + 1);
  return unescaper.count === 0 ? codes : codes.slice(0, unescaper.start);
}

type Forms = ReadonlyArray<readonly number[]>;

/** Each once, as many as are looked for. */
function unlike(forms: Forms): Forms {
  return [...new Map(forms.map((form) => [form.join(), form])).values()].slice(0, maxForms);
}

/** Everything that may be left of it once the layers that are read have been taken off an echo, the most usual first. */
export function readForms(secret: Uint8Array): ReadonlyArray<readonly number[]> {
  let forms: Forms = [[...secret]];
  for (let layer = 0; layer < layers; layer += 1) {
    forms = unlike(forms.flatMap((form) => choices.map((kept) => takeOff(form, kept))));
  }
  return unlike(forms.flatMap((form) => [form, withoutOpenEnd(form)]));
}
