/** What a set of manifests asks for and this version does not do: beside its reach, because a limit in it limits nothing. */
import type { AIProviderRoute, Backend } from '../../api/index.ts';
import { faultOfBackendRef, notEnforcedOf, renderNotEnforced } from '../../contract/index.ts';
import { renderUntranslated, untranslated } from '../../decision/index.ts';
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
  return [...new Set([...lines, ...untranslatedLines(objects)])].sort();
}

/** Backends that no call of their rule can be sent to. The objects passed their schemas, which makes the types true. */
function untranslatedLines(objects: readonly CompiledObject[]): string[] {
  const idOf = (namespace: string, name: string): string => `${namespace}/${name}`;
  const schemas = new Map(
    objects
      .filter(({ kind }) => kind === 'Backend')
      .map(({ metadata: { namespace = defaultNamespace, name }, spec }) => [
        idOf(namespace, name),
        (spec as Backend['spec']).schema?.name,
      ]),
  );
  return objects
    .filter(({ kind }) => kind === 'AIProviderRoute')
    .flatMap(({ metadata: { namespace = defaultNamespace, name: route }, spec }) =>
      (spec as AIProviderRoute['spec']).rules.flatMap(({ matches = [], backendRefs = [] }) => {
        const backends = backendRefs.flatMap((ref) => {
          const schema = schemas.get(idOf(namespace, ref.name));
          const isOurs = faultOfBackendRef(ref, namespace) === undefined;
          return schema !== undefined && isOurs ? [{ name: ref.name, schema }] : [];
        });
        return untranslated(matches, backends).map(
          (each) => `AIProviderRoute ${namespace}/${route} ${renderUntranslated(each)}`,
        );
      }),
    );
}

/** As a block of a report; none where everything is carried out. */
export function renderNotEnforcedBlock(lines: readonly string[]): string[] {
  return lines.length === 0
    ? []
    : [['not carried out by this version:', ...lines.map((line) => `  ${line}`)].join('\n')];
}
