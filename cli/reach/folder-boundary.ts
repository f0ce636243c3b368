/**
 * A folder of manifests against a boundary, for the validation plugin of `cdk8s synth`. Apart from the command, because it
 * brings the operator's compiler with it.
 */
import type { BoundaryAnswer } from '../../policy/index.ts';
import { compileManifests } from '../../operator/index.ts';
import { readReachInput } from './manifest-sets.ts';
import { UndecidedError } from './undecided.ts';
import { answerWithin } from './within.ts';

/** What cannot be decided is told, and fails the synth like what is outside. */
export function judgeFolder(folder: string, boundary: string): BoundaryAnswer {
  try {
    const found = readReachInput(folder, (objects) => compileManifests(objects, []), {
      namespace: 'default',
      assumePartial: false,
    });
    const { text, exitCode } = answerWithin(found, boundary);
    return { isWithin: exitCode === 0, text };
  } catch (error) {
    if (!(error instanceof UndecidedError)) throw error;
    return { isWithin: false, text: [error.message, ...error.more].join('; ') };
  }
}
