/** Text, numbers and flags of a structural schema, with the API server's words for what is wrong with them. */
import { isList, type Json, type JsonObject } from '../manifest/json.ts';
import { typeName, type Check, type Walk } from './walk.ts';

function bound(schema: JsonObject, key: string): number | undefined {
  const value = schema[key];
  return typeof value === 'number' ? value : undefined;
}

function word(schema: JsonObject, key: string): string {
  const value = schema[key];
  return typeof value === 'string' ? value : '';
}

/** Undefined: nothing against it. */
type Judge<T> = (value: T, walk: Walk) => void;

/** Characters, not UTF-16 units; counted only where it can matter. */
function lengthOf(text: string, near: number): number {
  return text.length <= near ? text.length : Array.from(text).length;
}

function judgeText(schema: JsonObject): Judge<string> {
  const least = bound(schema, 'minLength') ?? 0;
  const most = bound(schema, 'maxLength') ?? Number.POSITIVE_INFINITY;
  const pattern = typeof schema['pattern'] === 'string' ? new RegExp(schema['pattern'], 'u') : undefined;
  const isTime = schema['format'] === 'date-time';
  return (value, walk) => {
    if (lengthOf(value, most) > most) return walk.add(`Too long: may not be more than ${most} bytes`, true);
    if (value.length < least) walk.add(`should be at least ${least} chars long`);
    if (pattern?.test(value) === false) walk.add(`should match '${pattern.source}'`);
    if (isTime && Number.isNaN(Date.parse(value))) walk.add('must be of type date-time');
  };
}

const formats: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

function judgeNumber(schema: JsonObject): Judge<number> {
  const least = bound(schema, 'minimum');
  const most = bound(schema, 'maximum');
  const [smallest, largest] = formats[word(schema, 'format')] ?? [-Infinity, Infinity];
  const isInteger = schema['type'] === 'integer';
  return (value, walk) => {
    if (isInteger && !Number.isInteger(value)) return walk.add('must be of type integer: "number"', true);
    if (least !== undefined && value < least)
      walk.add(`${value}: should be greater than or equal to ${least}`);
    if (most !== undefined && value > most) walk.add(`${value}: should be less than or equal to ${most}`);
    else if (value < smallest || value > largest)
      walk.add(`${value}: must be of type ${word(schema, 'format')}`);
  };
}

function judgeEnum(schema: JsonObject): Judge<Json> {
  const { enum: choices } = schema;
  if (!isList(choices)) return () => undefined;
  const supported = choices.map((each) => JSON.stringify(each)).join(', ');
  return (value, walk) => {
    if (choices.includes(value)) return;
    const shown = JSON.stringify(typeof value === 'string' ? value.slice(0, 40) : value);
    walk.add(`Unsupported value: ${shown}: supported values: ${supported}`, true);
  };
}

export function compileScalar(schema: JsonObject): Check {
  const text = judgeText(schema);
  const number = judgeNumber(schema);
  const choice = judgeEnum(schema);
  const either = schema['x-kubernetes-int-or-string'] === true;
  const type = either ? 'integer or string' : word(schema, 'type');
  const takesText = either || type === 'string';
  const takesNumber = either || type === 'integer' || type === 'number';
  return (value, walk) => {
    if (typeof value === 'string' && takesText) text(value, walk);
    else if (typeof value === 'number' && takesNumber) number(value, walk);
    else if (typeof value !== 'boolean' || type !== 'boolean') {
      walk.add(`must be of type ${type}: "${typeName(value)}"`, true);
      return value;
    }
    choice(value, walk);
    return value;
  };
}
