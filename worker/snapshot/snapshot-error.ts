/** Why no image of a waiting agent could be made. Calls are served without one; the agent's status says it. */
import { ClrkError, type WarmTrouble } from '../../contract/index.ts';

export class SnapshotError extends ClrkError {
  readonly trouble: WarmTrouble;

  constructor(trouble: WarmTrouble, message: string, cause?: unknown) {
    super('SNAPSHOT_FAILED', message, cause === undefined ? {} : { cause });
    this.trouble = trouble;
  }
}
