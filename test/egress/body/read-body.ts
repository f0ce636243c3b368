/** Reads a whole body through `createBodyReader`, as the gateway does: for tests. */
import { Boundary } from '../../../egress/boundary.ts';
import {
  createBodyReader,
  createZlibDecoders,
  type BodyCaps,
  type BodyHead,
  type BodyResult,
} from '../../../egress/body/index.ts';

/** Nothing here may be broken. */
const boundary = new Boundary(
  () => undefined,
  (error) => {
    throw error;
  },
);

export interface Reading {
  readonly result: BodyResult;
  /** What would be sent. */
  readonly judged: Buffer;
}

export function readBody(
  head: Partial<BodyHead>,
  chunks: ReadonlyArray<string | Buffer>,
  caps?: BodyCaps,
): Promise<Reading> {
  const judged: Buffer[] = [];
  return new Promise((resolve) => {
    let drained = (): void => undefined;
    const done = (result: BodyResult): void => resolve({ result, judged: Buffer.concat(judged) });
    const listener = { judged: (bytes: Buffer) => judged.push(bytes), drained: () => drained(), done };
    const whole: BodyHead = {
      contentType: ['application/json'],
      contentEncoding: [],
      want: 'model',
      ...head,
    };
    const reader = createBodyReader(whole, createZlibDecoders(boundary), listener, caps);
    if ('kind' in reader) return done(reader);
    const left = chunks.map((chunk) => Buffer.from(chunk as string));
    drained = () => {
      for (let chunk = left.shift(); chunk !== undefined; chunk = left.shift())
        if (!reader.push(chunk)) return;
      reader.end();
    };
    drained();
  });
}

/** What the agent is told, in short: `read`, or status and code. */
export function verdictOf({ result }: Reading): string {
  return result.kind === 'read' ? 'read' : `${result.status} ${result.code}`;
}
