/** What a rule is: data for people (its page in docs/rules is made of it) and one pure function over the manifests. */
import type { Severity } from './finding.ts';
import type { Manifest } from './manifest/manifest.ts';
import type { Path } from './manifest/path.ts';
import type { World } from './world.ts';

export interface RuleText {
  /** Kebab-case, stable across releases: waivers, reports and links name it. */
  readonly id: string;
  readonly severity: Severity;
  /** One line. */
  readonly title: string;
  /** What goes wrong when it is broken. */
  readonly why: string;
  /** What to write instead. */
  readonly fix: string;
  /** Promises of the security reference it keeps, such as S21. */
  readonly promises?: readonly string[];
}

export interface Found {
  readonly manifest: Manifest;
  readonly path: Path;
  /** One line; never a secret value. */
  readonly message: string;
  /** Instead of the rule's own advice. */
  readonly hint?: string;
}

/** The same rule where one object is enough to judge: what a ValidatingAdmissionPolicy can say. */
export interface AdmissionCheck {
  /** Plural names of our group. */
  readonly resources: readonly string[];
  /** CEL over `object`, `oldObject` and `authorizer`; true means allowed. */
  readonly expression: string;
  readonly message: string;
}

export interface Rule extends RuleText {
  readonly check: (world: World) => Iterable<Found>;
  readonly admission?: readonly AdmissionCheck[];
  /** At admission it asks who may, not what is wise: it denies whatever its severity. */
  readonly alwaysDenies?: true;
}
