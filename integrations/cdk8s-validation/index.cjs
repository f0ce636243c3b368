/**
 * What `validations:` in cdk8s.yaml names. cdk8s loads plugins with `require`, ours is TypeScript: this file is the step
 * between, and nothing else.
 */
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

class ClrkValidation {
  #properties;

  constructor(properties) {
    this.#properties = properties;
  }

  async validate(context) {
    // The CommonJS build of this module looks for its hooks in the wrong folder.
    const { tsImport } = await import('tsx/esm/api');
    const load = (path) =>
      tsImport(pathToFileURL(join(__dirname, '../..', path)).href, pathToFileURL(__filename).href);
    const { validateSynth } = await load('policy/index.ts');
    // A boundary brings the operator's compiler with it: not for those who have none.
    const { judgeFolder } =
      this.#properties?.within === undefined ? {} : await load('cli/reach/folder-boundary.ts');
    validateSynth(context, this.#properties, judgeFolder);
  }
}

module.exports = { ClrkValidation };
