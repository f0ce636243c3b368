/** The one door of `operator/`. */
export { runOperator } from './run-operator.ts';
