/**
 * What a run of the platform leaves for the next one and for other commands: ports in use, who runs, whether it is
 * ready. Apart so that a crash between two writes cannot hide a living process. It must never hold a secret.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { readFileIfAny, writePrivateFile } from './private-file.ts';

const identitySchema = Type.Object({ pid: Type.Integer(), startTime: Type.String() });

const devStateSchema = Type.Object({
  version: Type.Literal(1),
  ports: Type.Record(Type.String(), Type.Integer()),
  /** `namespace/name` of an exposed Service to its port on 127.0.0.1. */
  exposed: Type.Record(Type.String(), Type.Integer()),
  supervisor: Type.Optional(identitySchema),
  children: Type.Record(Type.String(), identitySchema),
  /** RFC 3339; absent while starting or stopped. */
  readySince: Type.Optional(Type.String()),
});
export type DevState = Static<typeof devStateSchema>;

export const emptyDevState: DevState = { version: 1, ports: {}, exposed: {}, children: {} };

export function parseDevState(text: string | undefined): DevState {
  if (text === undefined) return structuredClone(emptyDevState);
  try {
    const value: unknown = JSON.parse(text);
    if (Value.Check(devStateSchema, value)) return value;
  } catch {
    // A file cut off by a full disk is as good as none: everything in it can be found again.
  }
  return structuredClone(emptyDevState);
}

/** The state on disk; every update is written at once, whole. */
export class DevStateFile {
  readonly #path: string;
  #state: DevState;

  constructor(path: string) {
    this.#path = path;
    this.#state = parseDevState(readFileIfAny(path));
  }

  get current(): DevState {
    return this.#state;
  }

  update(change: (state: DevState) => void): void {
    const next = structuredClone(this.#state);
    change(next);
    this.#state = next;
    writePrivateFile(this.#path, `${JSON.stringify(next, null, 2)}\n`);
  }
}
