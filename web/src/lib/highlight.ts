import highlighter from 'highlight.js/lib/core'
import type { LanguageFn } from 'highlight.js'

type Loader = () => Promise<{ default: LanguageFn }>

const LANGUAGES: Record<string, Loader> = {
  bash: () => import('highlight.js/lib/languages/bash'),
  c: () => import('highlight.js/lib/languages/c'),
  cpp: () => import('highlight.js/lib/languages/cpp'),
  csharp: () => import('highlight.js/lib/languages/csharp'),
  css: () => import('highlight.js/lib/languages/css'),
  diff: () => import('highlight.js/lib/languages/diff'),
  dockerfile: () => import('highlight.js/lib/languages/dockerfile'),
  go: () => import('highlight.js/lib/languages/go'),
  haskell: () => import('highlight.js/lib/languages/haskell'),
  ini: () => import('highlight.js/lib/languages/ini'),
  java: () => import('highlight.js/lib/languages/java'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  json: () => import('highlight.js/lib/languages/json'),
  kotlin: () => import('highlight.js/lib/languages/kotlin'),
  lua: () => import('highlight.js/lib/languages/lua'),
  makefile: () => import('highlight.js/lib/languages/makefile'),
  markdown: () => import('highlight.js/lib/languages/markdown'),
  nginx: () => import('highlight.js/lib/languages/nginx'),
  php: () => import('highlight.js/lib/languages/php'),
  powershell: () => import('highlight.js/lib/languages/powershell'),
  python: () => import('highlight.js/lib/languages/python'),
  r: () => import('highlight.js/lib/languages/r'),
  ruby: () => import('highlight.js/lib/languages/ruby'),
  rust: () => import('highlight.js/lib/languages/rust'),
  scala: () => import('highlight.js/lib/languages/scala'),
  sql: () => import('highlight.js/lib/languages/sql'),
  swift: () => import('highlight.js/lib/languages/swift'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
  xml: () => import('highlight.js/lib/languages/xml'),
  yaml: () => import('highlight.js/lib/languages/yaml'),
}

const OTHER_NAMES: Record<string, string> = {
  'c#': 'csharp', 'c++': 'cpp', cc: 'cpp', cs: 'csharp', docker: 'dockerfile', golang: 'go', h: 'c', hpp: 'cpp',
  hs: 'haskell', html: 'xml', js: 'javascript', jsx: 'javascript', kt: 'kotlin', make: 'makefile', md: 'markdown',
  patch: 'diff', ps1: 'powershell', py: 'python', rb: 'ruby', rs: 'rust', sh: 'bash', shell: 'bash', svg: 'xml',
  svelte: 'xml', toml: 'ini', ts: 'typescript', tsx: 'typescript', vue: 'xml', yml: 'yaml', zsh: 'bash',
}

/** Code as HTML with classes, or null for a language that is not known. */
export async function highlight(code: string, language: string): Promise<string | null> {
  const asked = language.toLowerCase()
  const name = OTHER_NAMES[asked] ?? asked
  const load = Object.hasOwn(LANGUAGES, name) ? LANGUAGES[name] : undefined
  if (!load) return null
  if (!highlighter.getLanguage(name)) highlighter.registerLanguage(name, (await load()).default)
  return highlighter.highlight(code, { language: name, ignoreIllegals: true }).value
}
