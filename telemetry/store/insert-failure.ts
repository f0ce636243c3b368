/**
 * Is a failed insert worth repeating? Pure. A wrong "no" loses rows and a wrong "yes" blocks the queue behind one
 * poisoned batch, so only ClickHouse's own verdict about the data itself is final.
 */

import { errorMessage } from '../../contract/index.ts';

/** ClickHouse ErrorCodes about the content of an insert: no repetition can help. */
const dataErrors = new Set([
  '6', // CANNOT_PARSE_TEXT
  '25', // CANNOT_PARSE_ESCAPE_SEQUENCE
  '26', // CANNOT_PARSE_QUOTED_STRING
  '27', // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  '38', // CANNOT_PARSE_DATE
  '41', // CANNOT_PARSE_DATETIME
  '53', // TYPE_MISMATCH
  '69', // ARGUMENT_OUT_OF_BOUND
  '72', // CANNOT_PARSE_NUMBER
  '70', // CANNOT_CONVERT_TYPE
  '117', // INCORRECT_DATA
  '130', // CANNOT_READ_ARRAY_FROM_TEXT
  '190', // SIZES_OF_ARRAYS_DONT_MATCH
  '321', // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  '349', // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  '376', // CANNOT_PARSE_UUID
  '407', // DECIMAL_OVERFLOW
]);

export function isPoison(thrown: unknown): boolean {
  if (thrown === null || typeof thrown !== 'object' || !('code' in thrown)) return false;
  // One number for two things: a server that is behind with merges, and a batch over more days than it takes.
  if (String(thrown.code) === '252') return /partitions for single INSERT/.test(errorMessage(thrown));
  return dataErrors.has(String(thrown.code));
}
