/** The one door of `operator/`. */
export { runOperator } from './run-operator.ts';
export { compileManifests, type CompiledManifests } from './compile/index.ts';
