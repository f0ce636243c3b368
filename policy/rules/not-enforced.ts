/** Fields that this version takes and does not carry out: the table of contract/capability.ts as a rule. */
import { kinds } from '../../api/index.ts';
import { capabilities, notEnforcedOf, type CapabilityField } from '../../contract/index.ts';
import { renderPath } from '../manifest/path.ts';
import type { AdmissionCheck, Rule } from '../rule.ts';
import type { KindName } from '../world.ts';

/** CEL that is true where the field, from `root` on, does not ask for it. */
function unasked(root: string, steps: readonly string[], field: CapabilityField, depth = 0): string {
  const [step = '', ...rest] = steps;
  const isList = step.endsWith('[]');
  const place = `${root}.${isList ? step.slice(0, -'[]'.length) : step}`;
  if (isList) {
    const item = `e${depth}`;
    return `!has(${place}) || ${place}.all(${item}, ${unasked(item, rest, field, depth + 1)})`;
  }
  const isThere = `!has(${place})`;
  if (rest.length > 0) return `${isThere} || (${unasked(place, rest, field, depth)})`;
  const { value, unless } = field;
  if (value !== undefined) return `${isThere} || ${place} != ${JSON.stringify(value)}`;
  if (unless === undefined) return isThere;
  const usual = typeof unless === 'object' ? `object.metadata.${unless.metadata}` : JSON.stringify(unless);
  return `${isThere} || ${place} == ${usual}`;
}

function admissionCheck(field: CapabilityField, message: string): AdmissionCheck {
  const kind = kinds.find((each) => each.kind === field.kind);
  return {
    resources: kind === undefined ? [] : [kind.plural],
    expression: unasked('object', field.path.split('.'), field),
    message: `${field.kind}.${field.path}: ${message}`,
  };
}

export const notEnforced: Rule = {
  id: 'not-enforced',
  severity: 'warn',
  title: 'A field that this version does not carry out',
  why: 'The API accepts it so that manifests need not change when a version carries it out, and nothing of what it asks for happens until then: no limit counts, no pool warms. Calls that would be less limited than was asked for are refused.',
  fix: 'Remove it, or do what the finding says instead. The table is in docs/not-enforced.md.',
  *check(world) {
    for (const kind of kinds.map((each) => each.kind as KindName)) {
      for (const { manifest, spec, namespace } of world.own(kind)) {
        for (const { path, capability } of notEnforcedOf(kind, { metadata: { namespace }, spec })) {
          const message = `${renderPath(path)} is not carried out: ${capability.message}`;
          yield { manifest, path, message, hint: capability.instead };
        }
      }
    }
  },
  admission: capabilities.flatMap(({ fields, message }) =>
    fields.map((field) => admissionCheck(field, message)),
  ),
};
