import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve, dirname } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../src')
const files = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? files(path) : /\.(ts|svelte)$/.test(name) ? [path] : []
  })
const sources = files(root).map((path) => ({ path, name: relative(root, path), text: readFileSync(path, 'utf8') }))

// Each folder may import the folders after it and itself.
const ALLOWED: Record<string, string[]> = {
  pages: ['pages', 'components', 'state', 'api', 'i18n', 'lib'],
  components: ['components', 'state', 'api', 'i18n', 'lib'],
  state: ['state', 'api', 'i18n', 'lib'],
  api: ['api', 'lib'],
  i18n: ['i18n'],
  lib: ['lib', 'api'],
}

const importsOf = (source: { path: string; text: string }): string[] =>
  [...source.text.matchAll(/(?:from\s+|import\s*\(?\s*)['"](\.[^'"]+)['"]/g)].map((found) => relative(root, resolve(dirname(source.path), found[1] ?? '')))

test('imports go one way: pages, components, state, api', () => {
  let looked = 0
  for (const source of sources) {
    const [folder = ''] = source.name.split('/')
    const allowed = ALLOWED[folder]
    if (!allowed) continue
    for (const target of importsOf(source)) {
      looked++
      expect(allowed, `${source.name} imports ${target}`).toContain(target.split('/')[0])
    }
  }
  expect(looked).toBeGreaterThan(100)
})

test('lib takes only types from api', () => {
  for (const source of sources.filter((other) => other.name.startsWith('lib/')))
    for (const line of source.text.split('\n').filter((other) => other.includes("'../api/"))) expect(line, source.name).toMatch(/^import type /)
})

test('components fetch nothing', () => {
  for (const source of sources.filter((other) => other.name.startsWith('components/'))) {
    expect(source.text, source.name).not.toMatch(/\bfetch\(|XMLHttpRequest|\.http\b/)
  }
})

test('one file alone turns text into HTML', () => {
  const users = sources.filter((source) => /\{@html |innerHTML|insertAdjacentHTML|document\.write/.test(source.text)).map((source) => source.name)
  expect(users).toEqual(['components/SafeHtml.svelte'])
})

test('no component carries a style attribute or a raw colour', () => {
  for (const source of sources.filter((other) => other.name.endsWith('.svelte'))) {
    expect(source.text, source.name).not.toMatch(/\sstyle=/)
    expect(source.text.split('<style>')[1] ?? '', source.name).not.toMatch(/#[0-9a-f]{3,8}\b|\brgba?\(|\bhsl/i)
  }
})

test('every list is keyed', () => {
  for (const source of sources.filter((other) => other.name.endsWith('.svelte')))
    for (const [line] of source.text.matchAll(/\{#each [^\n]*\)\}|\{#each [^\n]*/g)) expect(line, source.name).toMatch(/\(.+\)\}$/)
})
