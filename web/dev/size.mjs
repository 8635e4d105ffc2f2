// Prints what the first view loads, gzipped, and fails above the budget: 70 KB of scripts, 10 KB of styles.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../src/samovar/static')
const budget = { js: 70 * 1024, css: 10 * 1024 }
const page = readFileSync(join(root, 'index.html'), 'utf8')
const files = new Set([...page.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map((found) => found[1]))
for (const file of files) {
  if (!file.endsWith('.js')) continue
  // Static imports of a chunk are loaded with it; dynamic ones are written `import(`.
  for (const [, name] of readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) files.add(`/assets/${name}`)
}
// A Russian reader also loads the Russian words before the first view.
const russian = [...readFileSync(join(root, [...files].find((file) => file.includes('/index-')) ?? ''), 'utf8').matchAll(/\bru-[\w-]{8}\.js/g)].map((found) => `/assets/${found[0]}`)
for (const file of files)
  if (file.endsWith('.js')) for (const [name] of readFileSync(join(root, file), 'utf8').matchAll(/\bru-[\w-]{8}\.js/g)) russian.push(`/assets/${name}`)
const sum = { js: 0, css: 0 }
for (const file of [...files, ...new Set(russian)].sort()) {
  const bytes = gzipSync(readFileSync(join(root, file)), { level: 9 }).length
  sum[file.endsWith('.css') ? 'css' : 'js'] += bytes
  console.log(`${String(bytes).padStart(7)}  ${file}`)
}
for (const kind of ['js', 'css']) console.log(`${kind}: ${(sum[kind] / 1024).toFixed(1)} KB of ${budget[kind] / 1024} KB`)
if (sum.js > budget.js || sum.css > budget.css) process.exit(1)
