/**
 * The evaluator of a CEL environment, made to stop. Pure. As the library has it an error costs thousands of steps (a stack, a drawing of
 * the expression), conditions of lists meet one an element, and the type of each value it compares is kept for good, as deep as it is:
 * agents choose both. It reaches into the library, whose version is fixed; where that is not as it was, there is no evaluator.
 */
import type { Environment } from '@marcbachmann/cel-js';

/** It is not evaluated to its end: no answer, whatever the rest would be. */
export class NotTaken extends Error {}

type Run = (ast: unknown, context: unknown) => unknown;

interface Type {
  readonly kind: string;
}

interface Evaluator {
  readonly registry: { getListType(of: Type): Type; getMapType(key: Type, value: Type): Type };
  debugType(value: unknown): Type;
  debugTypeDeep(value: unknown): Type;
  run: Run;
  tryEval: Run;
}

/** Some 10 ms. */
const maxSteps = 262_144;
const maxErrors = 128;
/** Levels of a value that have a type: so there are few. Below, anything is. */
const maxTypeDepth = 2;

function evaluatorOf(environment: Environment): Evaluator {
  let found: Evaluator | undefined;
  environment.registerFunction('theEvaluator(): bool', function (this: Evaluator) {
    // The library tells a function of its own who evaluates, and nobody else.
    // oxlint-disable-next-line typescript/no-this-alias
    found = this;
    return true;
  });
  environment.evaluate('theEvaluator()');
  if (typeof found?.run !== 'function' || typeof found.tryEval !== 'function')
    throw new NotTaken('expressions cannot be bounded');
  return found;
}

function firstOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value.slice(0, 1);
  if (!(value instanceof Map)) return undefined;
  const [first] = value as ReadonlyMap<unknown, unknown>;
  return first;
}

/** To be called before each evaluation: what it may cost is whole again. */
export function boundEvaluation(environment: Environment): () => void {
  const evaluator = evaluatorOf(environment);
  let steps = 0;
  let errors = 0;
  const run: Run = (ast, context) => {
    steps += 1;
    if (steps > maxSteps) throw new NotTaken('too many steps');
    return (ast as { evaluate(...given: readonly unknown[]): unknown }).evaluate(evaluator, ast, context);
  };
  const tryEval: Run = (ast, context) => {
    try {
      return run(ast, context);
    } catch (error) {
      errors += 1;
      if (error instanceof NotTaken) throw error;
      if (errors > maxErrors) throw new NotTaken('too many errors');
      return error;
    }
  };
  const typeOf = (value: unknown, depth: number): Type => {
    const type = evaluator.debugType(value);
    const first = depth < maxTypeDepth ? firstOf(value) : undefined;
    if (first === undefined || first.length === 0) return type;
    const inner = first.map((each) => typeOf(each, depth + 1));
    const [one = type, other] = inner;
    return other === undefined
      ? evaluator.registry.getListType(one)
      : evaluator.registry.getMapType(one, other);
  };
  Object.assign(evaluator, { run, tryEval, debugTypeDeep: (value: unknown) => typeOf(value, 0) });
  return () => {
    steps = 0;
    errors = 0;
  };
}
