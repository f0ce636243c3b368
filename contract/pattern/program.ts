/** A pattern's tree to a program of a Pike machine. Bounded: a pattern that would need more is an error. */
import { PatternError, type Assertion, type CharacterSet, type Node } from './syntax.ts';

export type Instruction =
  | { readonly op: 'set'; readonly set: CharacterSet; readonly next: number }
  | { readonly op: 'assert'; readonly assertion: Assertion; readonly next: number }
  | { readonly op: 'split'; readonly next: readonly number[] }
  | { readonly op: 'match' };

export interface Program {
  readonly instructions: readonly Instruction[];
  readonly start: number;
}

// Work of a search is at most this much for each character of the text.
const maxInstructions = 1_000;

/** Built from the end: `next` is where what follows begins. */
export function compileProgram(root: Node): Program {
  const instructions: Instruction[] = [];
  const add = (instruction: Instruction): number => {
    if (instructions.length >= maxInstructions) throw new PatternError('too large');
    instructions.push(instruction);
    return instructions.length - 1;
  };
  const loop = (node: Node, next: number): number => {
    const at = add({ op: 'split', next: [] });
    instructions[at] = { op: 'split', next: [build(node, at), next] };
    return at;
  };
  const repeat = (node: Node, min: number, max: number, next: number): number => {
    let at = next;
    if (max === Infinity) at = loop(node, next);
    else
      for (let count = min; count < max; count += 1) at = add({ op: 'split', next: [build(node, at), next] });
    for (let count = 0; count < min; count += 1) at = build(node, at);
    return at;
  };
  const build = (node: Node, next: number): number => {
    switch (node.type) {
      case 'set':
        return add({ op: 'set', set: node.set, next });
      case 'assert':
        return add({ op: 'assert', assertion: node.assertion, next });
      case 'all':
        return node.parts.reduceRight((at, part) => build(part, at), next);
      case 'any':
        return node.parts.length === 1 && node.parts[0] !== undefined
          ? build(node.parts[0], next)
          : add({ op: 'split', next: node.parts.map((part) => build(part, next)) });
      case 'repeat':
        return repeat(node.node, node.min, node.max, next);
      default:
        return node satisfies never;
    }
  };
  const end = add({ op: 'match' });
  return { start: build(root, end), instructions };
}
