/**
 * CEL over the arguments of a tool, read once a policy. Pure. Taken is what costs no more than the expression is long times the
 * arguments are large: no text that agents wrote is searched for, patterns run on the linear engine, and the condition of `all`,
 * `exists`, `exists_one` or `filter` names its own element alone. What cannot be read so is no rule, and its tools are refused.
 */
import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { compilePattern, errorMessage, type LinearPattern } from '../../contract/index.ts';
import { boundEvaluation, NotTaken } from './bounded-evaluation.ts';

export interface ArgumentExpression {
  /** Texts it names members by, or could: what is nearly one of these is another member to some servers. */
  readonly names: ReadonlySet<string>;
  /** undefined: it has no answer about these arguments: a member is missing, or of another type. */
  readonly holds: (read: ReadonlyMap<string, unknown>) => boolean | undefined;
}

const maxLength = 1_024;
/** Of a text that is searched for. */
const maxSearched = 128;
/** Characters that patterns read of one call's arguments: they cost a microsecond each. */
const maxMatched = 16_384;
/** What asking a pattern costs beside the characters, in characters: agents write many empty texts. */
const matchCost = 8;
/** Each `+` of lists copies what those before it made. */
const maxSums = 8;
const macros: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter']);
/** Their text is written out: searching for one that agents wrote is not linear. */
const searches: ReadonlySet<string> = new Set(['contains', 'startsWith', 'endsWith', 'matches']);
const methods: ReadonlySet<string> = new Set(['size', 'lowerAscii', 'upperAscii']);
const functions: ReadonlySet<string> = new Set(['size', 'has', 'int', 'double']);

const limits = { maxAstNodes: 256, maxDepth: 24, maxListElements: 64, maxMapEntries: 1, maxCallArguments: 4 };
const base = new Environment({ unlistedVariablesAreDyn: false, limits }).registerVariable(
  'arguments',
  'map<string, dyn>',
);

function refuse(node: ASTNode, why: string): never {
  throw new NotTaken(`${why}: ${node.input.slice(node.range.start, node.range.end).slice(0, 60)}`);
}

/** One walk over an expression: what is not taken throws. */
class Walk {
  readonly names = new Set<string>();
  readonly patterns = new Map<string, LinearPattern>();
  /** Where a `matches` is written. */
  readonly renamed: number[] = [];
  #sums = 0;

  /** `scope` is what may be named: the arguments, or in a condition its element. */
  visit(node: ASTNode, scope: string): void {
    switch (node.op) {
      case 'value':
        if (typeof node.args === 'string') this.names.add(node.args);
        return;
      case 'id':
        if (node.args !== scope) refuse(node, `only ${scope} may be named here`);
        return;
      case '.':
        this.names.add(node.args[1]);
        return this.visit(node.args[0], scope);
      case '[]':
        if (node.args[1].op !== 'value') refuse(node, 'what stands in brackets is written out');
        return this.#all(node.args, scope);
      case 'call':
        if (!functions.has(node.args[0])) refuse(node, `there is no ${node.args[0]}()`);
        return this.#all(node.args[1], scope);
      case 'rcall':
        return this.#method(node, scope);
      case '!_':
      case '-_':
        return this.visit(node.args, scope);
      case 'list':
        return this.#all(node.args, scope);
      case '.?':
      case '[?]':
      case 'map':
        return refuse(node, 'this form is not taken');
      case '==':
      case '!=':
      case 'in':
      case '<':
      case '<=':
      case '>':
      case '>=':
      case '-':
      case '*':
      case '/':
      case '%':
      case '&&':
      case '||':
      case '?:':
        return this.#all(node.args, scope);
      case '+':
        this.#sums += 1;
        if (this.#sums > maxSums) refuse(node, `+ is taken ${maxSums} times`);
        return this.#all(node.args, scope);
      default:
        return node satisfies never;
    }
  }

  #all(nodes: readonly ASTNode[], scope: string): void {
    for (const node of nodes) this.visit(node, scope);
  }

  #method(node: Extract<ASTNode, { op: 'rcall' }>, scope: string): void {
    const [name, receiver, given] = node.args;
    if (macros.has(name)) return this.#macro(node, scope);
    if (!methods.has(name) && !searches.has(name)) refuse(node, `there is no .${name}()`);
    this.visit(receiver, scope);
    this.#all(given, scope);
    if (methods.has(name)) return;
    const [text] = given;
    if (text?.op !== 'value' || typeof text.args !== 'string')
      refuse(node, `.${name}() takes a text that is written out`);
    if (name === 'matches') this.#pattern(node, text.args);
    else if (text.args.length > maxSearched)
      refuse(node, `.${name}() takes at most ${maxSearched} characters`);
  }

  #pattern(node: Extract<ASTNode, { op: 'rcall' }>, source: string): void {
    const pattern = compilePattern(source);
    if (pattern === undefined) return refuse(node, 'this is no pattern of RE2');
    this.patterns.set(source, pattern);
    const from = node.args[1].range.end;
    const dot = /^[\s)]*\.\s*(?=matches\b)/.exec(node.input.slice(from));
    if (dot === null) return refuse(node, 'this cannot be read');
    this.renamed.push(from + dot[0].length);
  }

  #macro(node: Extract<ASTNode, { op: 'rcall' }>, scope: string): void {
    const [name, range, given] = node.args;
    const [element, condition, ...more] = given;
    if (element?.op !== 'id' || condition === undefined || more.length > 0 || element.args === 'arguments')
      refuse(node, `.${name}() takes an element and a condition`);
    if (!isPlace(range)) refuse(node, `.${name}() is asked of a list or map of the arguments`);
    this.visit(range, scope);
    this.visit(condition, element.args);
  }
}

/** A part of the arguments, or some of its elements: never a list that the expression makes. */
function isPlace(node: ASTNode): boolean {
  if (node.op === 'id') return true;
  if (node.op === '.' || node.op === '[]') return isPlace(node.args[0]);
  return node.op === 'rcall' && node.args[0] === 'filter' && isPlace(node.args[1]);
}

function withLinearPatterns(text: string, { renamed }: Walk): string {
  return [...renamed]
    .sort((a, b) => b - a)
    .reduce((all, at) => `${all.slice(0, at)}linearM${all.slice(at + 1)}`, text);
}

function compile(text: string): ArgumentExpression {
  const walk = new Walk();
  walk.visit(base.parse(text).ast, 'arguments');
  let left = 0;
  // The library's own `matches` is JavaScript's dialect, and a method of its own name cannot be replaced.
  const environment = base
    .clone()
    .registerFunction('string.linearMatches(string): bool', (subject: string, source: string) => {
      left -= subject.length + matchCost;
      if (left < 0) throw new NotTaken('too long for a pattern');
      return walk.patterns.get(source)?.test(subject) === true;
    });
  const beginAnew = boundEvaluation(environment);
  const program = environment.parse(withLinearPatterns(text, walk));
  const { valid, type, error } = program.check();
  if (!valid) throw error ?? new NotTaken('this is no CEL');
  if (type === 'dyn') throw new NotTaken('it is a value of any type and not bool: compare it with something');
  if (type !== 'bool') throw new NotTaken(`it is of type ${type ?? 'unknown'} and not bool`);
  const holds = (read: ReadonlyMap<string, unknown>): boolean | undefined => {
    left = maxMatched;
    beginAnew();
    try {
      const answer: unknown = program({ arguments: read });
      return typeof answer === 'boolean' ? answer : undefined;
    } catch {
      return undefined;
    }
  };
  return { names: walk.names, holds };
}

const limitWords: Readonly<Record<string, string>> = {
  maxAstNodes: 'parts (names, texts, numbers, operators)',
  maxDepth: 'levels',
  maxListElements: 'elements in a list',
} satisfies Partial<Record<keyof typeof limits, string>>;

/** In words of ours where the library's are about itself. */
function problemOf(error: unknown): string {
  const [line = ''] = errorMessage(error).split('\n');
  const [, limit = '', most = ''] = /^Exceeded (\w+) \((\d+)\)/.exec(line) ?? [];
  const what = limitWords[limit];
  if (what !== undefined) return `it has more than ${most} ${what}`;
  return (line === 'Unexpected token: EOF' ? 'it ends too early' : line).slice(0, 200);
}

/** `problem`: why it is no rule, one line. */
export function compileArgumentExpression(text: string): ArgumentExpression | { readonly problem: string } {
  if (text.length > maxLength) return { problem: `an expression has at most ${maxLength} characters` };
  try {
    return compile(text);
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/** Why it is no rule; undefined: it is one. */
export function faultOfArgumentExpression(text: string): string | undefined {
  const compiled = compileArgumentExpression(text);
  return 'problem' in compiled ? compiled.problem : undefined;
}
