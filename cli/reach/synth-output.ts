/** Where `cdk8s synth` writes: the folder commands look at when none is named. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface SynthConfig {
  readonly output: string;
  /** The program that synthesizes; undefined: there is no cdk8s.yaml, or it names none. */
  readonly app: string | undefined;
}

/** `file` is cdk8s.yaml; without one, cdk8s's own default. */
export function readSynthConfig(file: string): SynthConfig {
  let config: unknown;
  try {
    config = parse(readFileSync(file, 'utf8'));
  } catch {
    // No file, or none that cdk8s could read either: it will say so itself.
  }
  const { output, app } = (typeof config === 'object' && config !== null ? config : {}) as Record<
    string,
    unknown
  >;
  return {
    output: typeof output === 'string' ? output : 'dist',
    app: typeof app === 'string' ? app : undefined,
  };
}
