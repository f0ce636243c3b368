/** Every rule of ours. Adding one is a file and a line here. */
import type { Rule } from '../rule.ts';

export const rules: readonly Rule[] = [];
