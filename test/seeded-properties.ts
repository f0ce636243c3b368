/**
 * Gives every property test of a run the same seed. Without one fast-check draws a new one each time: right for a person
 * who looks for faults, wrong for an answer to "is this commit good?", which must be the same twice. A property that
 * names its own seed keeps it.
 */
interface ModuleTransform {
  readonly name: string;
  readonly enforce: 'pre';
  transform(code: string, id: string): string | undefined;
}

const imported = /^import (?<name>\w+) from 'fast-check';$/m;

/** For `plugins` of vitest. `seed` is a whole number; left out, inputs are new every run. */
export function seededProperties(seed: string | undefined): ModuleTransform {
  if (seed !== undefined && !/^-?\d{1,10}$/.test(seed)) {
    throw new Error(`CLRK_TEST_SEED must be a whole number, and is ${JSON.stringify(seed)}`);
  }
  return {
    name: 'clrk:seeded-properties',
    enforce: 'pre',
    transform: (code) => {
      const name = seed === undefined ? undefined : imported.exec(code)?.groups?.['name'];
      if (name === undefined) return undefined;
      // At the end, on a line of its own: the lines of what fails stay as they are.
      return `${code}\n${name}.configureGlobal({ ...${name}.readConfigureGlobal(), seed: ${seed} });\n`;
    },
  };
}
