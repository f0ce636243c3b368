/** What a set of manifests asks for and this version does not do: beside its reach, because a limit in it limits nothing. */
import { notEnforcedOf, renderNotEnforced } from '../../contract/index.ts';
import { defaultNamespace } from '../../policy/index.ts';
import type { CompiledObject } from './compiled-object.ts';

/** One sentence an object and field, sorted. Pure. */
export function notEnforcedLines(objects: readonly CompiledObject[]): string[] {
  const lines = objects.flatMap((object) => {
    const { namespace = defaultNamespace, name } = object.metadata;
    return notEnforcedOf(object.kind, object).map(
      (each) => `${object.kind} ${namespace}/${name} ${renderNotEnforced(each)}`,
    );
  });
  return [...new Set(lines)].sort();
}

/** As a block of a report; none where everything is carried out. */
export function renderNotEnforcedBlock(lines: readonly string[]): string[] {
  return lines.length === 0
    ? []
    : [['not carried out by this version:', ...lines.map((line) => `  ${line}`)].join('\n')];
}
