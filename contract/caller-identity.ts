/**
 * Who called, as far as an agent's extractors say: what the operator tells the ingress, what stands in the record, and how the ingress
 * tells the worker. A field that nobody vouches for says so; one that could not be read is there without a value.
 */
import { Type, type Static } from 'typebox';

/** Of a value, in bytes of UTF-8; a longer one is not cut, because half an identity is another one. */
export const maxCallerValueBytes = 256;
/** Of all values of a call. */
export const maxCallerBytes = 2_048;
export const maxCallerFields = 16;

const callerSources = ['Header', 'Body', 'JWT'] as const;

/** As it stands in the manifest, checked and flattened. */
export const callerExtractorSchema = Type.Object({
  field: Type.String(),
  source: Type.Enum([...callerSources]),
  /** Name of the header, JSON path, or claim. */
  from: Type.String(),
  /** JSON Web Key Set as text: only tokens that one of its keys has signed count. Absent: tokens are read and not verified. */
  jwks: Type.Optional(Type.String()),
  issuer: Type.Optional(Type.String()),
  audience: Type.Optional(Type.String()),
});
export type CallerExtractor = Static<typeof callerExtractorSchema>;

const callerFieldSchema = Type.Object({
  field: Type.String({ maxLength: 63 }),
  source: Type.Enum([...callerSources]),
  /** Absent: unknown, and `problem` says why. */
  value: Type.Optional(Type.String({ maxLength: maxCallerValueBytes })),
  /** True: a key of the agent's key set has signed it. False: the caller says so, and nobody else. */
  verified: Type.Boolean(),
  /** Missing, TooLong, Unreadable, NotVerified, NotRead. */
  problem: Type.Optional(Type.String({ maxLength: 32 })),
});
export type CallerField = Static<typeof callerFieldSchema>;
export const callerFieldsSchema = Type.Array(callerFieldSchema, { maxItems: maxCallerFields });

export type CallerProblem = 'Missing' | 'TooLong' | 'Unreadable' | 'NotVerified' | 'NotRead';

/**
 * `user=alice` as the caller says, `tenant=acme (verified)`, `user=unknown (Missing)`; before them the user of the cluster, if it is one:
 * `jane (Kubernetes)`.
 */
export function renderCaller({
  caller = [],
  user,
}: {
  readonly caller?: readonly CallerField[];
  readonly user?: string;
}): string {
  const fields = caller.map(({ field, value, verified, problem }) => {
    if (value === undefined) return `${field}=unknown (${problem ?? 'Missing'})`;
    return `${field}=${value}${verified ? ' (verified)' : ''}`;
  });
  return [...(user === undefined ? [] : [`${user} (Kubernetes)`]), ...fields].join(', ');
}

/** For a header of the dispatch connection. */
export function encodeCaller(fields: readonly CallerField[]): string {
  return Buffer.from(JSON.stringify(fields)).toString('base64url');
}
