import { expect, test } from 'vitest'
import type { Prompt } from '../src/api/prompts'
import { addressOf, readAddress } from '../src/lib/address'
import { folderRows, openRows, readTags, tidyFolder } from '../src/lib/chat-folders'
import { cutMarks, suggestFilters, type FilterWords } from '../src/lib/finding'
import { asPrompt, fillPrompt, isPreset, matchPrompts, originOf, readSlash, readVariables } from '../src/lib/prompts'
import { bind, objectionTo } from '../src/lib/rebinding'
import { nameIn } from '../src/lib/save-file'
import { chordOf, DEFAULT_KEYS, keysOf, SHORTCUTS, shortcutOf } from '../src/lib/shortcuts'
import { ALL_CHATS, Chats } from '../src/state/chats.svelte'
import { Finder } from '../src/state/finder.svelte'
import { Preferences } from '../src/state/preferences.svelte'
import { Prompts } from '../src/state/prompts.svelte'
import { Runs } from '../src/state/runs.svelte'
import { SideFolds } from '../src/state/side-folds.svelte'
import { Transfer } from '../src/state/transfer.svelte'
import { chatOf, json, problem, wire } from './support'

const press = (code: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey', boolean>> = {}): Parameters<typeof chordOf>[0] => ({
  code, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held,
})

test('every command has keys of its own that a browser leaves to pages', () => {
  expect(new Set(Object.values(DEFAULT_KEYS)).size).toBe(SHORTCUTS.length)
  for (const command of SHORTCUTS) if (command !== 'stop') expect(objectionTo(command, DEFAULT_KEYS[command], {}), command).toBeNull()
})

test('a command follows the keys that the reader gave it and leaves its old ones', () => {
  const keys = bind({}, 'search', 'Mod+KeyJ')
  expect(shortcutOf(press('KeyJ', { ctrlKey: true }), keys)).toBe('search')
  expect(shortcutOf(press('KeyK', { ctrlKey: true }), keys)).toBeNull()
  expect(keysOf('search', keys)).toEqual(['Ctrl', 'J'])
  expect(bind(keys, 'search', DEFAULT_KEYS.search)).toEqual({})
  expect(bind(keys, 'search', null)).toEqual({})
  expect(chordOf(press('ShiftLeft', { shiftKey: true }))).toBeNull()
})

test('keys that are taken, kept by browsers, needed for text or too bare are refused with the reason', () => {
  expect(objectionTo('search', 'Mod+KeyB', {})).toEqual({ kind: 'taken', by: 'sideBar' })
  expect(objectionTo('search', 'Mod+KeyB', { sideBar: 'Mod+KeyJ' })).toBeNull()
  expect(objectionTo('search', 'Enter', {})).toEqual({ kind: 'taken', by: 'send' })
  expect(objectionTo('search', 'Mod+Shift+KeyT', {})).toEqual({ kind: 'kept' })
  expect(objectionTo('search', 'Mod+KeyV', {})).toEqual({ kind: 'text' })
  expect(objectionTo('search', 'KeyK', {})).toEqual({ kind: 'bare' })
  expect(objectionTo('search', 'Alt+KeyK', {})).toEqual({ kind: 'bare' })
  expect(objectionTo('search', 'F2', {})).toBeNull()
})

test('chosen keys stay in this browser, and what is no choice is not believed', () => {
  // jsdom has no media queries; this is a desktop.
  globalThis.matchMedia = (media) => ({ media, matches: false }) as MediaQueryList
  localStorage.clear()
  new Preferences().chooseKeys({ search: 'Mod+KeyJ' })
  expect(new Preferences().hintOf('search')).toBe('Ctrl+J')
  localStorage.setItem('samovar.preferences', JSON.stringify({ keys: { search: 7, nothing: 'Mod+KeyJ' } }))
  expect(new Preferences().keys).toEqual({})
  localStorage.clear()
})

test('folders become a tree with those above them, and a closed one hides what lies in it', () => {
  const rows = folderRows(['Bank/Loans/2025', 'Attic', 'Bank b'], 'en')
  expect(rows.map((row) => [row.path, row.depth, row.isParent])).toEqual([
    ['Attic', 0, false],
    ['Bank', 0, true],
    ['Bank/Loans', 1, true],
    ['Bank/Loans/2025', 2, false],
    ['Bank b', 0, false],
  ])
  expect(openRows(rows, new Set(['Bank'])).map((row) => row.path)).toEqual(['Attic', 'Bank', 'Bank b'])
  expect(tidyFolder(' Bank // Loans /')).toBe('Bank/Loans')
  expect(readTags('one, #two  words,,one')).toEqual(['one', 'two  words'])
})

const WORDS: FilterWords = { names: { tag: 'тег', folder: 'папка', from: 'от', before: 'до', after: 'после' }, speakers: ['меня', 'модели'] }
const KNOWN = { tags: ['срочно', 'весна 2026'], folders: ['Банк/Кредиты'] }

test('filters are offered by their names in the language of the page and in English, then their values', () => {
  const written = (before: string): string[] => suggestFilters(before, WORDS, KNOWN).map((one) => one.written)
  expect(written('самовар па')).toEqual(['папка:'])
  expect(written('самовар fol')).toEqual(['папка:'])
  expect(written('от:')).toEqual(['от:меня', 'от:модели'])
  expect(written('тег:вес')).toEqual(['тег:"весна 2026"'])
  expect(written('тег:срочно')).toEqual([])
  expect(written('самовар ')).toEqual([])
  expect(suggestFilters('самовар па', WORDS, KNOWN)[0]).toMatchObject({ start: 8, isOpen: true })
})

test('marks are cut by characters and not by halves of them', () => {
  expect(cutMarks('😀 чай и чай', [[2, 5], [8, 11]])).toEqual([
    { text: '😀 ', isMatch: false },
    { text: 'чай', isMatch: true },
    { text: ' и ', isMatch: false },
    { text: 'чай', isMatch: true },
  ])
  expect(cutMarks('short', [[3, 99], [4, 5], [90, 99]]).map((piece) => piece.text)).toEqual(['sho', 'rt'])
})

test('the answer to the last question wins, and nothing is asked for an empty one', async () => {
  const answers: Record<string, (found: Response) => void> = {}
  const asked: string[] = []
  const { http } = wire((path) => {
    const query = new URL(path, 'http://localhost').searchParams.get('q') ?? ''
    asked.push(query)
    return new Promise<Response>((resolve) => (answers[query] = resolve))
  })
  const found = (title: string): Response => json({ query: {}, problems: [], documents: [], messages: [{ title }] })
  const finder = new Finder(http)
  finder.type('kettle')
  await expect.poll(() => asked).toEqual(['kettle'])
  finder.type('kettle tea')
  await expect.poll(() => asked).toEqual(['kettle', 'kettle tea'])
  answers['kettle tea']?.(found('late'))
  await expect.poll(() => finder.count).toBe(1)
  answers['kettle']?.(found('early'))
  await new Promise((resolve) => setTimeout(resolve))
  expect(finder.found?.messages[0]?.title).toBe('late')
  finder.type('  ')
  expect(finder.found).toBeNull()
  expect(asked).toHaveLength(2)
})

test('variables are read, each once, and filled with values that are not read again', () => {
  const text = 'To {{ who }}: {{topic|tea}} and {{topic}}, {{}} {{|x}}'
  expect(readVariables(text)).toEqual([{ name: 'who', default: '' }, { name: 'topic', default: 'tea' }])
  expect(fillPrompt(text, { who: '{{topic}}' })).toBe('To {{topic}}: tea and tea, {{}} {{|x}}')
  expect(fillPrompt('{{constructor}}', {})).toBe('')
})

test('a slash asks for a prompt at the beginning of a word and nowhere else', () => {
  expect(readSlash('/')).toEqual({ start: 0, query: '' })
  expect(readSlash('Please: /пись')).toEqual({ start: 8, query: 'пись' })
  for (const text of ['and/or', '/usr/bin', 'http://', '/done ']) expect(readSlash(text), text).toBeNull()
})

const promptOf = (fields: Partial<Prompt>): Prompt => ({
  id: 'p', name: 'letter', title: 'Letter', text: '', tags: [], shared: false, own: true, system_prompt: null, model: null, parameters: null, variables: [], created_at: '', updated_at: '', ...fields,
})

test('prompts whose name begins with what is typed come first, then one’s own before those that ship', () => {
  const shipped = asPrompt({ kind: 'letters', name: 'reply', title: 'A letter back', text: '', tags: [], advice: [], variables: [] })
  const own = promptOf({ id: 'own', name: 'supplier', title: 'Letter to a supplier' })
  const first = promptOf({ id: 'first', own: false, shared: true })
  expect(matchPrompts([shipped, own, first], 'let').map((prompt) => prompt.id)).toEqual(['first', 'own', 'shipped:letters'])
  expect([shipped, own, first].map(originOf)).toEqual(['shipped', 'own', 'team'])
  expect([promptOf({}), promptOf({ system_prompt: '' })].map(isPreset)).toEqual([false, true])
})

test('a prompt that is refused changes nothing, one that is saved takes the place of the old one', async () => {
  let isRefused = true
  const { http } = wire((path, init) => {
    if (path.startsWith('/api/prompts/templates')) return json({ templates: [], advice: [] })
    if (init.method === 'GET') return json({ prompts: [promptOf({})] })
    return isRefused ? problem(409, 'conflict') : json(promptOf({ title: 'Changed' }))
  })
  const prompts = new Prompts(http)
  await prompts.load('en')
  expect(await prompts.save('p', promptOf({ title: 'Changed' }))).toMatchObject({ code: 'conflict' })
  expect(prompts.all.map((prompt) => prompt.title)).toEqual(['Letter'])
  isRefused = false
  await prompts.save('p', promptOf({ title: 'Changed' }))
  expect(prompts.all.map((prompt) => prompt.title)).toEqual(['Changed'])
})

/** A server with so many chats, that lists them by pages of sixty. */
function manyChats(count: number): { chats: Chats; asked: string[] } {
  const all = Array.from({ length: count }, (_, index) => chatOf({ id: `c${index}`, title: `Chat ${index}` }))
  const asked: string[] = []
  const { http } = wire((path, init) => {
    const url = new URL(path, 'http://localhost')
    asked.push(`${init.method} ${url.pathname}${url.search}`)
    if (init.method === 'PATCH') {
      const place = all.findIndex((chat) => url.pathname.endsWith(`/${chat.id}`))
      const changed = { ...(all[place] ?? chatOf()), ...(JSON.parse(String(init.body)) as object) }
      all.splice(place, 1, changed)
      return json(changed)
    }
    const listed = all.filter((chat) => chat.archived === (url.searchParams.get('shelf') === 'archived') && (url.searchParams.get('tag') === null || chat.tags.includes(url.searchParams.get('tag') ?? '')))
    const from = Number(url.searchParams.get('before') ?? 0)
    const next = from + 60 < listed.length ? from + 60 : null
    return json({ chats: listed.slice(from, from + 60), next, folders: [], tags: [...new Set(all.flatMap((chat) => chat.tags))] })
  })
  return { chats: new Chats(http, new Runs(http)), asked }
}

test('5,000 chats are read by pages, each once, and a new look at the first page keeps the others', async () => {
  const { chats, asked } = manyChats(5000)
  await chats.load()
  expect(chats.list).toHaveLength(60)
  for (let page = 1; page < 4; page++) await Promise.all([chats.loadMore(), chats.loadMore()])
  expect(chats.list).toHaveLength(240)
  await chats.load()
  expect(chats.list.map((chat) => chat.id)).toEqual(Array.from({ length: 240 }, (_, index) => `c${index}`))
  await chats.loadMore()
  expect(chats.list).toHaveLength(300)
  expect(asked).toHaveLength(6)
})

test('a chat that is archived leaves the list, and a tag narrows it', async () => {
  const { chats, asked } = manyChats(3)
  await chats.load()
  const [first, second] = chats.list
  if (!first || !second) throw new Error('there are no chats')
  await chats.change(first, { archived: true })
  expect(chats.list.map((chat) => chat.id)).toEqual(['c1', 'c2'])
  await chats.change(second, { tags: ['tea'] })
  expect(chats.tags).toEqual(['tea'])
  await chats.narrow({ tag: 'tea' })
  expect(chats.list.map((chat) => chat.id)).toEqual(['c1'])
  expect(chats.isNarrowed).toBe(true)
  await chats.narrow({ ...ALL_CHATS, shelf: 'archived' })
  expect(chats.list.map((chat) => chat.id)).toEqual(['c0'])
  expect(asked.at(-1)).toContain('shelf=archived')
})

test('a message has an address in its chat and the page of prompts has two', () => {
  for (const [place, address] of [
    [{ kind: 'chat', chatId: 'c', messageId: 'm' }, '/?chat=c&message=m'],
    [{ kind: 'prompts', section: 'library' }, '/prompts'],
    [{ kind: 'prompts', section: 'examples' }, '/prompts/examples'],
  ] as const) {
    expect(addressOf(place)).toBe(address)
    expect(readAddress(new URL(address, 'http://localhost'))).toEqual(place)
  }
  expect(readAddress(new URL('/prompts/nothing', 'http://localhost'))).toBeNull()
})

test('an import that is taken back before its turn is never sent', async () => {
  const opened: string[] = []
  globalThis.XMLHttpRequest = class {
    upload = {}
    status = 0
    responseText = ''
    onload: () => void = () => undefined
    onabort: () => void = () => undefined
    open(_method: string, path: string): void {
      opened.push(path)
    }
    setRequestHeader(): void {
      return
    }
    send(): void {
      this.status = 200
      this.responseText = JSON.stringify({ source: 'claude', chats: 2, messages: 5, skipped: 0, problems: [] })
      setTimeout(() => this.onload())
    }
    abort(): void {
      this.onabort()
    }
  } as unknown as typeof XMLHttpRequest
  let imports = 0
  const transfer = new Transfer(wire(() => json({})).http, () => imports++)
  transfer.take([new File(['{}'], 'a.json'), new File(['{}'], 'b.json')])
  const second = transfer.jobs[1]
  if (second) transfer.cancel(second)
  await expect.poll(() => transfer.jobs[0]?.state).toBe('done')
  await expect.poll(() => imports).toBe(1)
  expect(opened).toEqual(['/api/import?name=a.json'])
  expect(transfer.jobs[0]?.report?.chats).toBe(2)
})

test('the name of a file is read from its header in any letters', () => {
  expect(nameIn("attachment; filename*=UTF-8''%D0%A7%D0%B0%D1%82.md")).toBe('Чат.md')
  expect(nameIn('attachment; filename="a b.pdf"')).toBe('a b.pdf')
  expect(nameIn("attachment; filename*=UTF-8''%FF; filename=\"plain.md\"")).toBe('plain.md')
  expect(nameIn('attachment')).toBeNull()
})

test('what was folded in the side bar stays so, and what opens by itself is no choice', () => {
  localStorage.clear()
  const roomy = new SideFolds(() => true)
  // A browser tells of a part that is open from the beginning.
  roomy.open('folders', true)
  expect(localStorage).toHaveLength(0)
  expect(new SideFolds(() => false).isOpen('folders')).toBe(false)
  roomy.toggle('Bank/Loans')
  roomy.open('tags', false)
  const later = new SideFolds(() => true)
  expect([...later.closed]).toEqual(['Bank/Loans'])
  expect([later.isOpen('folders'), later.isOpen('tags')]).toEqual([true, false])
  later.toggle('Bank/Loans')
  expect(new SideFolds(() => true).closed.size).toBe(0)
  localStorage.setItem('samovar.side', JSON.stringify({ folders: 'yes', tags: 1, closed: [7, 'Attic'] }))
  const doubtful = new SideFolds(() => true)
  expect([doubtful.isOpen('folders'), doubtful.isOpen('tags'), ...doubtful.closed]).toEqual([true, true, 'Attic'])
  localStorage.clear()
})
