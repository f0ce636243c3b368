/**
 * Which fields of a type some folders read, found by the type checker: a property access, a destructuring, a spread or a
 * computed access whose object has that type. So that a field nobody reads is a failed test and not a promise.
 */
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

export interface ReaderQuestion {
  readonly root: string;
  /** File and exported type whose fields are asked about. */
  readonly file: string;
  readonly types: readonly string[];
  /** Folders in which a read counts. */
  readonly folders: readonly string[];
}

/** Paths below each type, `[]` for items of a list, with whether somebody reads them. */
export type FieldReads = ReadonlyMap<string, boolean>;

/** Loads the files once; each question is answered by it. */
export class FieldReaders {
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;
  readonly #root: string;

  constructor(root: string) {
    const path = join(root, 'tsconfig.json');
    const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as { config: unknown };
    const parsed = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
    const product = parsed.fileNames.filter((file) => !/\/(test|bench|scratch|examples)\//.test(file));
    this.#root = root;
    this.#program = ts.createProgram(product, { ...parsed.options, noEmit: true });
    this.#checker = this.#program.getTypeChecker();
  }

  /** Every read of the folders: the type it is read from, by the name of the field; `*` reads all of them. */
  #reads(folders: readonly string[]): Map<string, Set<ts.Type>> {
    const reads = new Map<string, Set<ts.Type>>();
    const add = (name: string, type: ts.Type): void => {
      for (const each of this.#membersOf(type)) reads.set(name, (reads.get(name) ?? new Set()).add(each));
    };
    const checker = this.#checker;
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAccessExpression(node)) {
        add(node.name.text, checker.getTypeAtLocation(node.expression));
      } else if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
        const name = node.propertyName ?? node.name;
        const from = checker.getTypeAtLocation(node.parent);
        if (node.dotDotDotToken === undefined && ts.isIdentifier(name)) add(name.text, from);
      }
      ts.forEachChild(node, visit);
    };
    for (const source of this.#program.getSourceFiles()) {
      const [folder = ''] = relative(this.#root, source.fileName).split('/');
      if (folders.includes(folder)) visit(source);
    }
    return reads;
  }

  #membersOf(type: ts.Type): ts.Type[] {
    const plain = this.#checker.getNonNullableType(type);
    return plain.isUnion() ? plain.types.flatMap((each) => this.#membersOf(each)) : [plain];
  }

  readsOf({ file, types, folders }: ReaderQuestion): FieldReads {
    const source = this.#program.getSourceFile(join(this.#root, file));
    const symbol = source && this.#checker.getSymbolAtLocation(source);
    if (symbol === undefined) throw new Error(`no module ${file}`);
    const reads = this.#reads(folders);
    const result = new Map<string, boolean>();
    for (const exported of this.#checker.getExportsOfModule(symbol)) {
      if (!types.includes(exported.name)) continue;
      const type = this.#checker.getDeclaredTypeOfSymbol(exported);
      this.#walk(exported.name, type, reads, result);
    }
    return result;
  }

  #walk(
    path: string,
    type: ts.Type,
    reads: ReadonlyMap<string, Set<ts.Type>>,
    result: Map<string, boolean>,
  ): void {
    for (const member of this.#membersOf(type)) {
      const items = this.#itemsOf(member);
      if (items !== undefined) {
        this.#walk(`${path}[]`, items, reads, result);
        continue;
      }
      if ((member.flags & ts.TypeFlags.Object) === 0 || this.#checker.getIndexInfosOfType(member).length > 0)
        continue;
      for (const property of member.getProperties()) {
        const below = `${path}.${property.name}`;
        const isRead = [...(reads.get(property.name) ?? [])].some((from) => this.#isView(from, member));
        result.set(below, isRead || result.get(below) === true);
        this.#walk(below, this.#checker.getTypeOfSymbol(property), reads, result);
      }
    }
  }

  #itemsOf(type: ts.Type): ts.Type | undefined {
    return this.#checker.isArrayType(type) || this.#checker.isTupleType(type)
      ? this.#checker.getIndexTypeOfType(type, ts.IndexKind.Number)
      : undefined;
  }

  /** Reading the field of `from` reads it of `type`: it is the same, a part of it, or what it is handed over as. */
  #isView(from: ts.Type, type: ts.Type): boolean {
    return (
      from === type ||
      this.#checker.isTypeAssignableTo(type, from) ||
      (from.isIntersection() && this.#checker.isTypeAssignableTo(from, type))
    );
  }
}
