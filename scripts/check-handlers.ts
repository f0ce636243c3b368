/**
 * Handlers of the gateway: what a socket, stream, session, timer or promise calls there is guarded by a Boundary (egress/boundary.ts),
 * so that what foreign bytes make it throw ends one connection and not the process. Apart from oxlint because no rule there knows
 * Boundary. A handler that cannot throw needs none; `reasons` names the files whose handlers see nothing foreign.
 */
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { readSourceFiles, report, type SourceFile } from './source-files.ts';

const reasons: ReadonlyMap<string, string> = new Map([
  ['egress/boundary.ts', 'it is the guard'],
  ['egress/run-egress.ts', 'the process itself: what fails here is to end it'],
  ['egress/gateway-process.ts', 'the process itself: what fails here is to end it'],
  ['egress/processes/run-processes.ts', 'the process that listens: it reads no byte of a connection'],
  ['egress/processes/run-member.ts', 'the process itself; what it hears is of the process that started it'],
  ['egress/processes/start-member.ts', 'hears of a child that is this program'],
  ['egress/http1-writer.ts', 'writes to sockets, which do not throw, and reads nothing'],
  [
    'egress/record/otlp-outbox.ts',
    'counts time; what is sent, and what comes back, is the sender’s business',
  ],
  ['egress/record/parcel-courier.ts', 'counts time; what comes back is read by the sender, in its Boundary'],
  [
    'egress/export/own-agent.ts',
    'tells Node’s pool how dialling ended; what it does with it is guarded there',
  ],
  ['egress/export/record-exporter.ts', 'counts time at the end of the process'],
  [
    'egress/approval/approvals.ts',
    'hears of the platform’s own operator; whom it tells is guarded where it asks',
  ],
  ['egress/budget/account.ts', 'hears of the platform’s own ledger; whom it tells is guarded where it asks'],
  ['egress/upstream/resolver.ts', 'counts look-ups; what one answers is read inside of its promise'],
  ['egress/record/body-inflater.ts', 'minizlib calls inside of write, whose caller catches'],
]);

const listening = new Set(['on', 'once', 'addListener', 'prependListener', 'prependOnceListener']);
const promised = new Set(['then', 'catch', 'finally']);
const later = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'nextTick', 'ping']);
/** Methods of a Boundary that guard what they are given. */
const guards = new Set(['guard', 'on', 'settle']);

function nameOf(node: ts.Expression): string {
  if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) return node.text;
  return ts.isPropertyAccessExpression(node) ? node.name.text : '';
}

function isBoundary(node: ts.Expression): boolean {
  return /^#?boundary$/.test(nameOf(node));
}

function isGuardCall(node: ts.Expression): node is ts.CallExpression {
  return (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    guards.has(node.expression.name.text) &&
    isBoundary(node.expression.expression)
  );
}

const harmless = new Set(['destroy', 'clearTimeout', 'delete', 'resolve', 'reject']);

function isConstant(node: ts.Expression): boolean {
  return ts.isLiteralExpression(node) || ['true', 'false', 'undefined'].includes(node.getText());
}

function isAssignment(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken;
}

/** Assigns constants, ends a connection, a timer or a promise, or does nothing. */
function cannotThrow(node: ts.Node): boolean {
  if (ts.isBlock(node)) return node.statements.every(cannotThrow);
  if (ts.isExpressionStatement(node)) return cannotThrow(node.expression);
  if (isAssignment(node)) return isConstant(node.right);
  if (ts.isNewExpression(node)) return (node.arguments ?? []).every(cannotThrow);
  if (ts.isCallExpression(node))
    return harmless.has(nameOf(node.expression)) && node.arguments.every(cannotThrow);
  return ts.isIdentifier(node) || ts.isLiteralExpression(node);
}

/** Nobody takes what comes of it. */
function isDropped(call: ts.Node): boolean {
  const { parent } = call;
  if (ts.isVoidExpression(parent) || ts.isExpressionStatement(parent)) return true;
  return (
    ts.isPropertyAccessExpression(parent) && ts.isCallExpression(parent.parent) && isDropped(parent.parent)
  );
}

class File {
  readonly #source: ts.SourceFile;
  /** Names that hold guarded functions or functions that guard what they are given. */
  readonly #guarded = new Set<string>();

  constructor({ path, text }: SourceFile) {
    this.#source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    this.#each((node) => {
      const isVariable = ts.isVariableDeclaration(node) && ts.isIdentifier(node.name);
      const isField = ts.isBinaryExpression(node) && ts.isPropertyAccessExpression(node.left);
      const value = isVariable ? node.initializer : isField ? node.right : undefined;
      const name = isVariable ? node.name.getText() : isField ? node.left.name.text : '';
      if (value !== undefined && this.#guards(value)) this.#guarded.add(name);
    });
  }

  #each(visit: (node: ts.Node) => void): void {
    const walk = (node: ts.Node): void => {
      visit(node);
      ts.forEachChild(node, walk);
    };
    walk(this.#source);
  }

  /** `boundary.guard(…)`, or `(socket, event, handler) => boundary.on(socket, event, handler)`. */
  #guards(value: ts.Expression): boolean {
    if (isGuardCall(value)) return true;
    if (!ts.isArrowFunction(value)) return false;
    let calls = 0;
    let all = 0;
    const walk = (node: ts.Node): void => {
      if (ts.isCallExpression(node)) all += 1;
      if (ts.isExpression(node) && isGuardCall(node)) calls += 1;
      ts.forEachChild(node, walk);
    };
    walk(value.body);
    // At most what keeps the result.
    return calls === 1 && all <= 2;
  }

  #isSafe(handler: ts.Expression): boolean {
    if (isGuardCall(handler) || this.#guarded.has(nameOf(handler))) return true;
    const isFunction = ts.isArrowFunction(handler) || ts.isFunctionExpression(handler);
    return isFunction ? cannotThrow(handler.body) : ['resolve', 'reject'].includes(nameOf(handler));
  }

  /** The handlers that a call hands over. */
  #handlers(call: ts.CallExpression): readonly ts.Expression[] {
    const callee = call.expression;
    const name = nameOf(callee);
    if (later.has(name)) return call.arguments.slice(0, 1);
    if (!ts.isPropertyAccessExpression(callee) || isBoundary(callee.expression)) return [];
    // A result that somebody has tells them.
    if (promised.has(name)) return isDropped(call) ? call.arguments : [];
    return listening.has(name) && call.arguments.length > 1 ? call.arguments.slice(1, 2) : [];
  }

  problems(): string[] {
    const problems: string[] = [];
    this.#each((node) => {
      if (!ts.isCallExpression(node)) return;
      for (const handler of this.#handlers(node)) {
        if (this.#isSafe(handler)) continue;
        const { line } = this.#source.getLineAndCharacterOfPosition(handler.getStart());
        const text = handler.getText().split('\n')[0]?.slice(0, 80) ?? '';
        problems.push(
          `${this.#source.fileName}:${line + 1}: ${text}: not in a Boundary (boundary.on, .guard, .settle)`,
        );
      }
    });
    return problems;
  }
}

/** Problems of the given files, in order. */
export function checkHandlers(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('egress/') && !reasons.has(path))
    .flatMap((file) => new File(file).problems());
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  report('handlers', checkHandlers(readSourceFiles()));
}
