/**
 * What the doc comments of @clrk/constructs say, read with TypeScript's own parser. Apart because the reference is written
 * from it and the tests hold the comments to it. It must never need a type checker: it has to be quick.
 */
import { basename, join } from 'node:path';
import ts from 'typescript';
import { repositoryRoot } from './source-files.ts';

export interface Documented {
  /** `TaskAgent`, `TaskAgent.connect`, `TaskAgentProps.timeout`. */
  readonly name: string;
  readonly what: 'class' | 'method' | 'property' | 'type';
  /** File it is in, without its ending: `task-agent`. */
  readonly file: string;
  /** Its declaration on one line, without a body. */
  readonly signature: string;
  /** Names of what it extends. */
  readonly bases: readonly string[];
  readonly optional: boolean;
  readonly text: string;
  readonly defaultText: string | undefined;
  readonly examples: readonly string[];
}

function textOf(comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string {
  return (ts.getTextOfJSDocComment(comment) ?? '').trim();
}

/** On one line, as prettier would have left it had there been room. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('( ', '(').replace(/,? \)/g, ')').replace(/^\| /, '').trim();
}

function methodSignature(node: ts.MethodDeclaration): string {
  const isStatic = (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Static) !== 0;
  const parameters = node.parameters.map((each) => parameterOf(each)).join(', ');
  const type = node.type === undefined ? '' : `: ${node.type.getText()}`;
  return `${isStatic ? 'static ' : ''}${node.name.getText()}(${parameters})${type}`;
}

function textOfNode(node: ts.Node | undefined): string {
  return node === undefined ? '' : oneLine(node.getText());
}

function signatureOf(node: ts.Node): string {
  if (ts.isMethodDeclaration(node)) return oneLine(methodSignature(node));
  if (ts.isPropertyDeclaration(node)) return textOfNode(node.type ?? node.initializer);
  const typed =
    ts.isPropertySignature(node) || ts.isGetAccessorDeclaration(node) || ts.isTypeAliasDeclaration(node);
  return typed ? textOfNode(node.type) : '';
}

/** A parameter that is taken apart is `options` to a reader. */
function parameterOf({ name, dotDotDotToken, initializer, type }: ts.ParameterDeclaration): string {
  const text = ts.isIdentifier(name) ? name.text : 'options';
  const optional = initializer === undefined ? '' : '?';
  return `${dotDotDotToken === undefined ? '' : '...'}${text}${optional}: ${type?.getText() ?? 'unknown'}`;
}

function basesOf(node: ts.Node): string[] {
  if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node)) return [];
  const clauses = node.heritageClauses?.filter(({ token }) => token === ts.SyntaxKind.ExtendsKeyword) ?? [];
  return clauses.flatMap(({ types }) => types.map((each) => oneLine(each.getText())));
}

function documented(node: ts.Node, name: string, what: Documented['what']): Documented {
  const comments = ts.getJSDocCommentsAndTags(node).filter((each) => ts.isJSDoc(each));
  const tags = ts.getJSDocTags(node);
  const tagged = (tag: string): string[] =>
    tags.filter((each) => each.tagName.text === tag).map((each) => textOf(each.comment));
  return {
    name,
    what,
    file: basename(node.getSourceFile().fileName, '.ts'),
    signature: signatureOf(node),
    bases: basesOf(node),
    optional: ts.isPropertySignature(node) && node.questionToken !== undefined,
    text: comments.map((each) => textOf(each.comment)).join('\n'),
    defaultText: tagged('default')[0],
    examples: tagged('example').map((each) => /^```ts\n([\s\S]*)\n```$/.exec(each)?.[1] ?? each),
  };
}

function isPublic(node: ts.Node): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  const internal = ts.getJSDocTags(node).some((tag) => tag.tagName.text === 'internal');
  return !internal && (!ts.isClassElement(node) || (ts.getCombinedModifierFlags(node) & hidden) === 0);
}

function membersOf(declaration: ts.ClassDeclaration | ts.InterfaceDeclaration): Documented[] {
  const owner = declaration.name?.text ?? '';
  return [...declaration.members].filter(isPublic).flatMap((member) => {
    if (member.name === undefined || ts.isPrivateIdentifier(member.name)) return [];
    const name = `${owner}.${member.name.getText()}`;
    if (ts.isMethodDeclaration(member)) return [documented(member, name, 'method')];
    const isProperty =
      ts.isPropertySignature(member) ||
      ts.isPropertyDeclaration(member) ||
      ts.isGetAccessorDeclaration(member);
    return isProperty ? [documented(member, name, 'property')] : [];
  });
}

function readFile(file: ts.SourceFile): Documented[] {
  return file.statements.flatMap((statement) => {
    const exported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (exported !== true || !isPublic(statement)) return [];
    if (ts.isClassDeclaration(statement)) {
      return [documented(statement, statement.name?.text ?? '', 'class'), ...membersOf(statement)];
    }
    if (ts.isInterfaceDeclaration(statement)) {
      return [documented(statement, statement.name.text, 'type'), ...membersOf(statement)];
    }
    return ts.isTypeAliasDeclaration(statement) ? [documented(statement, statement.name.text, 'type')] : [];
  });
}

/** Everything the package exports, and what those classes inherit. */
export function readDocComments(): Documented[] {
  const folder = join(repositoryRoot, 'constructs');
  const paths = ts.sys.readDirectory(folder, ['.ts'], ['imports', 'node_modules'], undefined, 1);
  return paths.toSorted().flatMap((path) => {
    const text = ts.sys.readFile(path) ?? '';
    return readFile(ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true));
  });
}
