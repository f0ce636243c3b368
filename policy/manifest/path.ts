/** Where in an object a value is, under the names this folder uses. */
export { renderFieldPath as renderPath, type FieldPath as Path } from '../../contract/index.ts';
