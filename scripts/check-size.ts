/**
 * Size budgets: no source file over 300 lines, a folder's median at most 120. What is
 * a table or a wire schema by nature is listed here with its reason; the list must never grow by convenience.
 */
import { pathToFileURL } from 'node:url';
import { readSourceFiles, report, type SourceFile } from './source-files.ts';

const maxLines = 300;
const maxMedian = 120;

const exempt: Readonly<Record<string, string>> = {
  'README.md': 'not source',
};

function lineCount(text: string): number {
  return text.split('\n').length - 1;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function checkSize(files: readonly SourceFile[]): string[] {
  const sources = files.filter((file) => file.path.includes('/') && !file.path.startsWith('test/'));
  const tooLong = sources
    .filter((file) => lineCount(file.text) > maxLines && exempt[file.path] === undefined)
    .map(
      (file) => `${file.path}: ${lineCount(file.text)} lines, the budget is ${maxLines}; split it by noun`,
    );
  const folders = [...new Set(sources.map((file) => file.path.split('/')[0] ?? ''))];
  const tooThick = folders
    .map((folder) => ({
      folder,
      lines: median(
        sources.filter((file) => file.path.startsWith(`${folder}/`)).map((file) => lineCount(file.text)),
      ),
    }))
    .filter(({ lines }) => lines > maxMedian)
    .map(({ folder, lines }) => `${folder}/: median of ${lines} lines a file, the budget is ${maxMedian}`);
  return [...tooLong, ...tooThick];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  report('size', checkSize(readSourceFiles()));
}
