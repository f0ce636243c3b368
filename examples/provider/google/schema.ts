/** Google's own dialect of JSON schema in `parameters` and `responseSchema`: other members are refused, by name. Pure. */
import { asObject, unknownMember } from '../json.ts';

const members = new Set(
  (
    'type format title description nullable enum maxItems minItems properties required minProperties maxProperties ' +
    'minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum'
  ).split(' '),
);

export function schemaProblem(schema: unknown): string | undefined {
  const given = asObject(schema);
  if (given === undefined) return undefined;
  const strange = unknownMember(given, members);
  if (strange !== undefined)
    return `Invalid JSON payload received. Unknown name "${strange}" in a schema: Cannot find field.`;
  const inner = [...Object.values(asObject(given['properties']) ?? {}), given['items']];
  return inner.map(schemaProblem).find((problem) => problem !== undefined);
}
