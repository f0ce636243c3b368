/** Which fields of one object are set and, by the table of capability.ts, carried out by nobody. Pure. */
import { capabilities, type Capability, type CapabilityField, type CapabilityName } from './capability.ts';
import { renderFieldPath, type FieldPath } from './field-path.ts';

/** A field of an object that is set and not carried out. */
export interface NotEnforced {
  readonly capability: Capability & { readonly name: CapabilityName };
  /** `['spec', 'rules', 0, 'backendRefs']` */
  readonly path: FieldPath;
}

/** What stands at a path of the table in an object, with the way to each. Objects of people may have any shape. */
function valuesAt(root: unknown, path: string): Array<{ readonly at: FieldPath; readonly value: unknown }> {
  let found: Array<{ readonly at: FieldPath; readonly value: unknown }> = [{ at: [], value: root }];
  for (const step of path.split('.')) {
    const isList = step.endsWith('[]');
    const name = isList ? step.slice(0, -'[]'.length) : step;
    found = found.flatMap(({ at, value }) => {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return [];
      const inner: unknown = (value as Readonly<Record<string, unknown>>)[name];
      if (!isList) return [{ at: [...at, name], value: inner }];
      return Array.isArray(inner)
        ? inner.map((item: unknown, index) => ({ at: [...at, name, index], value: item }))
        : [];
    });
  }
  return found;
}

/** An empty list, like a field that is not there, asks for nothing. */
function asksForSomething(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function isAsked({ value: only, unless }: CapabilityField, value: unknown, object: unknown): boolean {
  if (only !== undefined) return value === only;
  if (!asksForSomething(value)) return false;
  if (typeof unless !== 'object') return value !== unless;
  return value !== valuesAt(object, `metadata.${unless.metadata}`)[0]?.value;
}

/** The fields of an object that are set and that nobody carries out, in the order of the table. */
export function notEnforcedOf(kind: string, object: unknown): NotEnforced[] {
  return capabilities.flatMap((capability) =>
    capability.fields
      .filter((field) => field.kind === kind)
      .flatMap((field) =>
        valuesAt(object, field.path)
          .filter(({ value }) => isAsked(field, value, object))
          .map(({ at }) => ({ capability, path: at })),
      ),
  );
}

/** `spec.rules[0].backendRefs: …`: for a status, an agent or a terminal. */
export function renderNotEnforced({ capability, path }: NotEnforced): string {
  return `${renderFieldPath(path)}: ${capability.message}`;
}
