/** What a session itself answers, before there is an exchange whose provider has a schema of its own. */
import { createField, type Field } from '../http1/index.ts';

export function renderRefusal(
  code: string,
  message: string,
): { readonly fields: readonly Field[]; readonly body: Buffer } {
  const fields = [createField('Content-Type', 'application/json'), createField('x-clrk-error-code', code)];
  return { fields, body: Buffer.from(JSON.stringify({ error: { code, message } })) };
}
