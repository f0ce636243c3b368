/** A name that leaves no name for what is made of it. The CRDs refuse such names themselves (api/, `name`). */
import { derivedNames, namingItems, namingKinds, type DerivedName } from '../derived-name.ts';
import type { Rule } from '../rule.ts';

/** RFC 1035 label, as Kubernetes asks of a Service. */
const serviceName = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const maxLabel = 63;
/** A revision's number may grow beyond the digits it starts with. */
const maxName = 253 - 5;

function problemOf({ kind, name }: DerivedName): string | undefined {
  const most = kind === 'Service' ? maxLabel : maxName;
  if (name.length > most) return `${kind} ${name} would have ${name.length} characters, the most is ${most}`;
  if (kind !== 'Service' || serviceName.test(name)) return undefined;
  return `Service ${name} would not be a DNS label: letters, digits and dashes, a letter first`;
}

export const derivedNameInvalid: Rule = {
  id: 'derived-name-invalid',
  severity: 'error',
  title: 'A name that leaves no name for what is made of it',
  why: 'The operator makes Services and other objects whose names hold this one. A Service’s name has at most 63 characters and no dots: the API server refuses the object; one it holds already takes no part.',
  fix: 'Use a shorter name of letters, digits and dashes.',
  *check(world) {
    for (const { kind, manifest, name } of namingItems(world)) {
      const known = namingKinds.find((each) => each === kind);
      const [message] =
        known === undefined ? [] : derivedNames(known, name).flatMap((each) => problemOf(each) ?? []);
      if (message !== undefined) yield { manifest, path: ['metadata', 'name'], message };
    }
  },
};
