import { JsonScanner } from '/work/h/body/egress/body/json-scanner.ts';
import { wantObject, wantScalar } from '/work/h/body/egress/body/wanted.ts';
import { parseJsonBody } from '/work/h/body/egress/body/json-body.ts';
const MB = 32 * 1024 * 1024 - 1000;
const want = wantObject('root', { model: wantScalar('model'), stream: wantScalar('stream') });
const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000; };
function run(name: string, text: string, heavy = false) {
  const bytes = Buffer.from(text);
  const out: string[] = [];
  const m = (label: string, f: () => unknown) => { let best = Infinity; for (let i = 0; i < (heavy ? 1 : 4); i++) { const t = cpu(); let r; try { r = f(); } catch (e) { r = 'threw'; } const d = cpu() - t; best = Math.min(best, d); if (r !== undefined && r !== true) out.push(String(r)); } return `${label} ${(bytes.length / 1e6 / (best / 1000)).toFixed(0)} MB/s`; };
  const a = m('scanner', () => { const s = new JsonScanner(want, () => true); let p; for (let i = 0; i < bytes.length && p === undefined; i += 65536) p = s.push(bytes.subarray(i, i + 65536)); return p ?? s.end(); });
  const b = m('JSON.parse', () => { JSON.parse(bytes.toString()); });
  const c = m('parseJsonBody', () => { const r = parseJsonBody(bytes); return r !== undefined; });
  console.log(name.padEnd(26), (bytes.length / 1e6).toFixed(1), 'MB |', a, '|', b, '|', c, [...new Set(out)].join(' '));
}
const prose = 'The quick brown fox said \\"hello\\" to the lazy dog.\\nIt was late. ';
const chat = (n: number) => '{"model":"gpt-4o","stream":true,"messages":[' + Array.from({ length: n }, (_, i) => `{"role":"user","content":"${prose.repeat(8)}"}`).join(',') + ']}';
run('chat 4 MB', chat(7000));
const tool = { type: 'function', function: { name: 'get_weather', description: 'Gets the weather of a place, now.', parameters: { type: 'object', properties: { place: { type: 'string', description: 'the place' }, unit: { type: 'string', enum: ['c', 'f'] } }, required: ['place'] } } };
run('tool schemas 4 MB', JSON.stringify({ model: 'gpt-4o', tools: Array.from({ length: 14000 }, () => tool) }));
run('pretty tools', JSON.stringify({ model: 'gpt-4o', tools: Array.from({ length: 14000 }, () => tool) }, undefined, 2));
run('base64 32 MB', `{"model":"gpt-4o","image":"${'iVBORw0KGgoAAAANSUhEUgAA'.repeat(MB / 24 | 0)}"}`);
run('chinese 4 MB', JSON.stringify({ model: 'gpt-4o', messages: Array.from({ length: 3000 }, () => ({ role: 'user', content: '快速的棕色狐狸跳过了懒狗。'.repeat(40) })) }));
run('embeddings (numbers)', JSON.stringify({ model: 'x', input: Array.from({ length: 300000 }, (_, i) => i * 0.37) }));
run('small members', '{"model":"gpt-4o","a":[' + Array.from({ length: 200000 }, (_, i) => `{"a":1,"b":${i},"c":true}`).join(',') + ']}');
if (process.argv[2]) {
run('{},', '{"model":"gpt-4o","a":[' + '{},'.repeat(MB / 3 - 20) + '{}]}', true);
run('1,', '{"model":"gpt-4o","a":[' + '1,'.repeat(MB / 2 - 20) + '1]}', true);
}
