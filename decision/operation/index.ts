/** The operation tables by API: a provider's own, and those a Backend's schema may name. */
import type { Provider } from '../../contract/index.ts';
import { azureOpenaiOperation } from './azure-openai.ts';
import { bedrockOperation } from './bedrock.ts';
import { googleOperation } from './google.ts';
import {
  anthropicOperation,
  openaiBelow,
  socketMethod,
  type Operation,
  type OperationTable,
} from './operation.ts';

const openai = openaiBelow('/v1');
/** Both vendors serve the other's shape for clients that speak only that. */
const openaiOrAnthropic: OperationTable = (method, path) =>
  openai(method, path) ?? anthropicOperation(method, path);

const tables: Readonly<Record<Provider, OperationTable>> = {
  openai,
  anthropic: (method, path) => anthropicOperation(method, path) ?? openai(method, path),
  google: googleOperation,
  'azure-openai': azureOpenaiOperation,
  bedrock: bedrockOperation,
  custom: openaiOrAnthropic,
};

/** The table of an API, by provider or by a Backend's schema; a schema we do not know has an empty one. */
export function operationTable(schema: string | undefined): OperationTable {
  return schema !== undefined && Object.hasOwn(tables, schema) ? tables[schema as Provider] : () => undefined;
}

/** Of a call, by this table. */
export function operationOf(
  table: OperationTable,
  { method, path, upgrade }: { readonly method: string; readonly path: string; readonly upgrade: boolean },
): Operation | undefined {
  return table(upgrade ? socketMethod : method, path);
}

export {
  isReading,
  socketMethod,
  type ApiShape,
  type ModelSource,
  type Operation,
  type OperationTable,
} from './operation.ts';
