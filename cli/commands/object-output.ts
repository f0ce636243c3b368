/** `-o json|yaml` of commands that show objects their own way otherwise. */
import { usageError } from '../exit-code.ts';
import { printForeign, type Io } from '../io.ts';
import { renderObjects, type KubernetesObject } from '../render/object-list.ts';

type ObjectFormat = 'json' | 'yaml';

/** Undefined: for a person. Throws USAGE. */
export function parseObjectFormat(output: string | undefined): ObjectFormat | undefined {
  if (output === undefined || output === 'json' || output === 'yaml') return output;
  throw usageError(`there is no output format "${output}" here`, '-o takes json or yaml.');
}

/** `single`: one object as itself, not as a list. */
export async function printObjects(
  io: Io,
  objects: readonly KubernetesObject[],
  format: ObjectFormat,
  single = false,
): Promise<void> {
  await printForeign(io, renderObjects(objects, format, single), format === 'json' ? 'json' : 'text');
}
