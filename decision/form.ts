/** Is a request plain enough that every server reads it as the one that is judged? Asked where something depends on its path. Pure. */
import { refuse, type Call, type Refusal } from './call.ts';
import { isPlainPath } from './path.ts';
import { methodOverrides, rootOf } from './spelling.ts';

/** Query parameters of the same kind: Google's system parameters, Rails. */
const methodParameters: ReadonlySet<string> = new Set([
  ...methodOverrides,
  '$httpmethod',
  '$httpheaders',
  '-method',
]);

/** Far above what APIs use: every rule of a host may read all of it. */
const maxPathBytes = 2_048;

/** What could be read as another request than the one that is judged. */
export function judgeForm({ path, queryNames }: Call): Refusal | undefined {
  if (path.length > maxPathBytes) {
    return refuse(414, 'protocol', `a path that rules are about may have ${maxPathBytes} bytes`);
  }
  if (!isPlainPath(path)) return refuse(400, 'protocol', 'the path can be read in more than one way');
  const other = queryNames.find((name) => methodParameters.has(rootOf(name)));
  return other === undefined
    ? undefined
    : refuse(400, 'protocol', `the parameter ${JSON.stringify(other.slice(0, 40))} may name another method`);
}
