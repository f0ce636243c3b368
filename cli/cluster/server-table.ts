/**
 * The API server's own Table format (meta.k8s.io/v1), as rows for the terminal: columns come from the CRD, so they are
 * the ones kubectl shows. Pure.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { ClrkError } from '../../contract/index.ts';
import type { TableText } from '../render/table.ts';

const tableSchema = Type.Object({
  kind: Type.Literal('Table'),
  metadata: Type.Optional(
    Type.Object({ continue: Type.Optional(Type.String()), resourceVersion: Type.Optional(Type.String()) }),
  ),
  columnDefinitions: Type.Optional(
    Type.Union([
      Type.Array(Type.Object({ name: Type.String(), priority: Type.Optional(Type.Integer()) })),
      Type.Null(),
    ]),
  ),
  rows: Type.Optional(
    Type.Union([
      Type.Array(
        Type.Object({
          cells: Type.Array(Type.Unknown()),
          object: Type.Object({
            metadata: Type.Object({ name: Type.String(), namespace: Type.Optional(Type.String()) }),
          }),
        }),
      ),
      Type.Null(),
    ]),
  ),
});
export type ServerTable = Static<typeof tableSchema>;
export type ServerColumn = NonNullable<ServerTable['columnDefinitions']>[number];

export const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export function parseServerTable(value: unknown): ServerTable {
  if (Value.Check(tableSchema, value)) return value;
  throw new ClrkError('SERVER_ERROR', 'the server did not answer with a table', {
    hint: 'Use -o json to see what it says.',
  });
}

export interface TableView {
  readonly wide: boolean;
  readonly withNamespace: boolean;
  /** Put `kind/` in front of names, when several kinds are shown. */
  readonly namePrefix: string;
  /** A watch's later tables carry no columns; these are the first one's. */
  readonly columns?: readonly ServerColumn[] | undefined;
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}

export function computeTableText(table: ServerTable, view: TableView): TableText {
  const columns = view.columns ?? table.columnDefinitions ?? [];
  const shown = columns
    .map((column, index) => ({ name: column.name, index, priority: column.priority ?? 0 }))
    .filter((column) => view.wide || column.priority === 0);
  const headers = shown.map((column) => column.name.toUpperCase().replaceAll(' ', '-'));
  const rows = (table.rows ?? []).map((row) => {
    const cells = shown.map(({ name, index }) =>
      name.toLowerCase() === 'name'
        ? `${view.namePrefix}${cellText(row.cells[index])}`
        : cellText(row.cells[index]),
    );
    return view.withNamespace ? [row.object.metadata.namespace ?? '', ...cells] : cells;
  });
  return { headers: view.withNamespace ? ['NAMESPACE', ...headers] : headers, rows };
}
