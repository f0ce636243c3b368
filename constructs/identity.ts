/** Where a field of the caller's identity is found in a call. A value class, because each place has its own block. */
import type { TaskAgentSpec } from '../api/index.ts';

type Extractor = NonNullable<TaskAgentSpec['identity']>['extractors'][number];

/**
 * Where a field of the caller's identity is found in a call.
 *
 * @example
 * ```ts
 * const identity = [Identity.header('user', 'X-User'), Identity.jwt('tenant', 'org_id')];
 * new TaskAgent(chart, 'triage', { image: 'ghcr.io/acme/triage:1.0.0', pool, identity });
 * ```
 */
export class Identity {
  /** @internal */
  readonly spec: Extractor;

  private constructor(field: string, spec: Extractor) {
    if (field === '' || field.length > 63) throw new Error(`"${field}" must be 1 to 63 characters`);
    this.spec = spec;
  }

  /**
   * A header of the call.
   *
   * @example
   * ```ts
   * Identity.header('user', 'X-User');
   * ```
   */
  static header(field: string, name: string): Identity {
    return new Identity(field, { type: 'Header', header: { name, field } });
  }

  /**
   * A place in the JSON body of the call.
   *
   * @example
   * ```ts
   * Identity.body('user', '$.event.user.id');
   * ```
   */
  static body(field: string, jsonPath: string): Identity {
    return new Identity(field, { type: 'Body', body: { jsonPath, field } });
  }

  /**
   * A claim of the call's bearer token.
   *
   * @example
   * ```ts
   * Identity.jwt('tenant', 'org_id');
   * ```
   */
  static jwt(field: string, claim: string): Identity {
    return new Identity(field, { type: 'JWT', jwt: { claim, field } });
  }
}
