/**
 * The words schemas are written in: bounded, described fields with CEL rules. Apart so that no kind can forget a bound or
 * a description: there is no way here to make a field without them. Knows nothing of any kind.
 */
import { Type, type TSchema, type TUnsafe } from 'typebox';

/** One CEL rule; the message is what a person reads when the API server refuses the object. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
}

interface FieldOptions {
  readonly rules?: readonly Rule[];
  readonly default?: unknown;
}

// Kubernetes: object names are at most 253 characters, labels and port names 63.
export const nameLength = 253;
export const labelLength = 63;

function extras(options: FieldOptions): Record<string, unknown> {
  return {
    ...(options.rules === undefined ? {} : { 'x-kubernetes-validations': options.rules }),
    ...(options.default === undefined ? {} : { default: options.default }),
  };
}

export function text(
  description: string,
  options: FieldOptions & { max?: number; min?: number; pattern?: string } = {},
) {
  const { max = nameLength, min = 1, pattern } = options;
  return Type.String({
    description,
    minLength: min,
    maxLength: max,
    ...(pattern === undefined ? {} : { pattern }),
    ...extras(options),
  });
}

export function integer(
  description: string,
  options: FieldOptions & { min?: number; max?: number; format?: 'int32' | 'int64' } = {},
) {
  const { min = 0, max = 2_147_483_647, format = 'int32' } = options;
  return Type.Integer({ description, format, minimum: min, maximum: max, ...extras(options) });
}

export function flag(description: string, options: FieldOptions = {}) {
  return Type.Boolean({ description, ...extras(options) });
}

export function choice<const T extends readonly string[]>(
  description: string,
  values: T,
  options: FieldOptions = {},
): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ type: 'string', description, enum: [...values], ...extras(options) });
}

export function list<T extends TSchema>(
  description: string,
  item: T,
  options: FieldOptions & { max?: number; min?: number; keys?: readonly string[] } = {},
) {
  const { max = 64, min, keys } = options;
  return Type.Array(item, {
    description,
    maxItems: max,
    ...(min === undefined ? {} : { minItems: min }),
    ...(keys === undefined
      ? { 'x-kubernetes-list-type': 'atomic' }
      : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys }),
    ...extras(options),
  });
}

export function record<T extends Record<string, TSchema>>(
  description: string,
  properties: T,
  options: FieldOptions = {},
) {
  return Type.Object(properties, { description, ...extras(options) });
}

export function stringMap(description: string, options: { maxValue?: number; max?: number } = {}) {
  const { maxValue = 1_024, max = 64 } = options;
  return Type.Unsafe<Record<string, string>>({
    type: 'object',
    description,
    maxProperties: max,
    additionalProperties: { type: 'string', maxLength: maxValue },
  });
}

const quantityPattern = '^(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[mkMGTPE]|([eE][+-]?[0-9]+))?$';

const quantitySchema = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  maxLength: 32,
  pattern: quantityPattern,
  'x-kubernetes-int-or-string': true,
};

export function quantity(description: string) {
  return Type.Unsafe<string | number>({ description, ...quantitySchema });
}

export function quantityMap(description: string) {
  return Type.Unsafe<Record<string, string | number>>({
    type: 'object',
    description,
    maxProperties: 16,
    additionalProperties: quantitySchema,
  });
}

export function duration(
  description: string,
  fieldName: string,
  { within, ...options }: { default?: string; within?: readonly [least: string, most: string] } = {},
) {
  const bounds =
    within === undefined
      ? "duration(self) > duration('0s')"
      : `duration(self) >= duration('${within[0]}') && duration(self) <= duration('${within[1]}')`;
  const size = within === undefined ? 'greater than 0' : `of ${within[0]} to ${within[1]}`;
  return text(description, {
    ...options,
    max: 32,
    rules: [
      {
        rule: `self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && ${bounds}`,
        message: `${fieldName} must be a duration ${size}, such as 90s or 1h30m`,
      },
    ],
  });
}

/** A Kubernetes object we hand on as it is: the API server checks it again where it is used. */
export function opaque(description: string) {
  return Type.Unsafe<object>({
    type: 'object',
    description,
    maxProperties: 64,
    'x-kubernetes-preserve-unknown-fields': true,
  });
}

/** The bounds hold for a string, a list or an object at its top. */
export function anyJson(
  description: string,
  bounds: { readonly maxLength?: number; readonly maxItems?: number; readonly maxProperties?: number } = {},
) {
  return Type.Unsafe<unknown>({ description, ...bounds, 'x-kubernetes-preserve-unknown-fields': true });
}
