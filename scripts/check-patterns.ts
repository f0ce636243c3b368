/**
 * Regular expressions of the folders that read what others wrote: each is proven to be linear in its text (linear-pattern.ts).
 * Apart from oxlint because no rule there proves it. One that is built while it runs cannot be seen here: it is refused, unless its
 * parts are constants of its file or `reasons` says why it may be.
 */
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { whyNotLinear } from './linear-pattern.ts';
import { readSourceFiles, report, type SourceFile } from './source-files.ts';

const judged = /^(?:egress|decision|contract|policy)\//;

const reasons: ReadonlyMap<string, string> = new Map([
  ['policy/schema/scalar.ts', 'patterns of our own schemas; none of what is judged'],
  ['policy/schema/re2.ts', 'patterns of rules that are ours, in a tool that judges files of who runs it'],
]);

interface Pattern {
  readonly source: string;
  readonly flags: string;
  readonly node: ts.Node;
}

/** The text of a constant expression: literals, templates of constants of this file. Undefined: it is none. */
function textOf(node: ts.Node | undefined, constants: ReadonlyMap<string, string>): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isIdentifier(node)) return constants.get(node.text);
  if (!ts.isTemplateExpression(node)) return undefined;
  let text = node.head.text;
  for (const span of node.templateSpans) {
    const part = textOf(span.expression, constants);
    if (part === undefined) return undefined;
    text += part + span.literal.text;
  }
  return text;
}

function isBuilt(node: ts.Node): node is ts.NewExpression | ts.CallExpression {
  const isCall = ts.isNewExpression(node) || ts.isCallExpression(node);
  return isCall && ts.isIdentifier(node.expression) && node.expression.text === 'RegExp';
}

/** Every expression of a file; those that cannot be seen go to `onUnseen`. */
function patternsOf(file: ts.SourceFile, onUnseen: (node: ts.Node) => void): Pattern[] {
  const constants = new Map<string, string>();
  const found: Pattern[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) {
      const text = textOf(node.initializer, constants);
      if (text !== undefined) constants.set(node.name.text, text);
    }
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      found.push({ source: node.text.slice(1, end), flags: node.text.slice(end + 1), node });
    } else if (isBuilt(node)) {
      const [source, flags] = node.arguments ?? [];
      const text = textOf(source, constants);
      const given = flags === undefined ? '' : textOf(flags, constants);
      if (text === undefined || given === undefined) onUnseen(node);
      else found.push({ source: text, flags: given, node });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function problemsOf({ path, text }: SourceFile): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const problems: string[] = [];
  const add = (node: ts.Node, message: string): void => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    problems.push(`${path}:${line + 1}: ${node.getText().slice(0, 100)}: ${message}`);
  };
  const unseen = (node: ts.Node): void => {
    if (!reasons.has(path)) add(node, 'made while it runs, so nobody can prove it linear; write it out');
  };
  for (const { source, flags, node } of patternsOf(file, unseen)) {
    const why = whyNotLinear(source, flags);
    if (why !== undefined) add(node, `${why}; a text of 50 KB may take seconds`);
  }
  return problems;
}

/** Problems of the given files, in order. */
export function checkPatterns(files: readonly SourceFile[]): string[] {
  return files.filter(({ path }) => judged.test(path) && path.endsWith('.ts')).flatMap(problemsOf);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  report('patterns', checkPatterns(readSourceFiles()));
}
