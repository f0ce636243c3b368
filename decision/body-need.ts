/** How the body of a call must be read before it can be decided, or sent. Pure. */
import type { Call, Refusal } from './call.ts';
import type { Injection } from './credential.ts';
import type { Operation } from './operation/index.ts';
import type { Way } from './provider-clause.ts';

/** `whole`: it must be here, whatever it is. */
export type BodyNeed = 'model' | 'form-model' | 'rpc' | 'whole';

export function needOf(operation: Operation | undefined): BodyNeed {
  return operation?.model.from === 'form' ? 'form-model' : 'model';
}

/** A signature is about the whole body. Where the body names a model, whoever changes it must read it. */
export function signingNeed(
  candidates: ReadonlyArray<{ readonly injection: Injection | undefined }>,
  { body }: Call,
  operation: Operation | undefined,
): BodyNeed | undefined {
  const isSigned = candidates.some(({ injection }) => injection?.signing !== undefined);
  if (!isSigned || body.kind !== 'unread') return undefined;
  const from = operation?.model.from;
  return from === 'body' || from === 'form' ? needOf(operation) : 'whole';
}

/** Of a body that cannot be read only a part is here. */
export function judgeSigning({ credential }: Way, { body }: Call): Refusal | undefined {
  const isSigned = credential.kind === 'inject' && credential.signing !== undefined;
  return isSigned && body.kind === 'unreadable' ? body.refusal : undefined;
}
