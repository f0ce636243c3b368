/**
 * From an object with marked fields to the text of a Helm template. Markers, because a template is not YAML: the object
 * is written as YAML first, then each marked line becomes what Helm reads. Pure.
 */
import { stringify } from 'yaml';
import type { FieldPath, Rendering } from './chart-value.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export type Tree = { [key: string]: unknown };

interface Marked {
  readonly expression: string;
  readonly as: Rendering;
}

const marker = /^(\s*)((?:- )?)([^\s:]+): HELM_(\d+)$/;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}

function parentOf(tree: Tree, field: FieldPath): { readonly parent: Tree; readonly key: string } {
  let parent = tree;
  for (const step of field.slice(0, -1)) {
    const next = parent[String(step)];
    if (!isTree(next)) throw new Error(`no ${field.join('.')} in the object`);
    parent = next;
  }
  return { parent, key: String(field.at(-1)) };
}

export function fieldOf(tree: Tree, field: FieldPath): unknown {
  const { parent, key } = parentOf(tree, field);
  return parent[key];
}

/** One object on its way to a template. */
export class TemplateObject {
  readonly #tree: Tree;
  readonly #marks: Marked[] = [];

  constructor(object: object) {
    this.#tree = structuredClone(object) as Tree;
  }

  mark(field: FieldPath, expression: string, as: Rendering): void {
    const { parent, key } = parentOf(this.#tree, field);
    parent[key] = `HELM_${this.#marks.push({ expression, as }) - 1}`;
  }

  /** Marks every string that is exactly this. */
  markText(wanted: string, expression: string): void {
    this.#replace(this.#tree, wanted, expression);
  }

  #replace(tree: Tree, wanted: string, expression: string): void {
    for (const [key, value] of Object.entries(tree)) {
      if (value === wanted) tree[key] = `HELM_${this.#marks.push({ expression, as: 'quoted' }) - 1}`;
      else if (isTree(value)) this.#replace(value, wanted, expression);
    }
  }

  /** The template's text; `condition` leaves the whole object out. */
  render(condition: string | undefined): string {
    const lines = stringify(this.#tree, { lineWidth: 0, version: '1.1' }).trimEnd().split('\n');
    const body = lines.flatMap((line) => this.#line(line));
    const whole = condition === undefined ? body : [`{{- if ${condition} }}`, ...body, '{{- end }}'];
    return `${whole.join('\n')}\n`;
  }

  #line(line: string): string[] {
    const match = marker.exec(line);
    if (match === null) {
      if (line.includes('HELM_')) throw new Error(`a marker where none can be rendered: ${line}`);
      return [line];
    }
    const [, indent = '', dash = '', key = '', index = ''] = match;
    const mark = this.#marks[Number(index)];
    if (mark === undefined) throw new Error(`unknown marker in ${line}`);
    return renderMark(mark, { start: `${indent}${dash}${key}:`, depth: indent.length + dash.length });
  }
}

function renderMark(
  { expression, as }: Marked,
  { start, depth }: { readonly start: string; readonly depth: number },
): string[] {
  const nested = `nindent ${depth + 2}`;
  switch (as) {
    case 'plain':
      return [`${start} {{ ${expression} }}`];
    case 'quoted':
      return [`${start} {{ ${expression} | quote }}`];
    case 'yaml':
      return [start, `${' '.repeat(depth + 2)}{{- toYaml ${expression} | ${nested} }}`];
    case 'optionalQuoted':
      return [`{{- with ${expression} }}`, `${start} {{ . | quote }}`, '{{- end }}'];
    case 'optionalYaml':
      return [
        `{{- with ${expression} }}`,
        start,
        `${' '.repeat(depth + 2)}{{- toYaml . | ${nested} }}`,
        '{{- end }}',
      ];
  }
}
