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
    const policy = pathToFileURL(join(__dirname, '../../policy/index.ts')).href;
    const { validateSynth } = await tsImport(policy, pathToFileURL(__filename).href);
    validateSynth(context, this.#properties);
  }
}

module.exports = { ClrkValidation };
