import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { en as firstWords } from '../src/i18n/en'
import { enCheck } from '../src/i18n/en-check'
import { enConversation } from '../src/i18n/en-conversation'
import { enErrors } from '../src/i18n/en-errors'
import { enEvidence } from '../src/i18n/en-evidence'
import { enLibrary } from '../src/i18n/en-library'
import { enModels } from '../src/i18n/en-models'
import { enPanel } from '../src/i18n/en-panel'
import { enShell } from '../src/i18n/en-shell'
import { fillText, placeholdersOf, type Key, type Text } from '../src/i18n/messages'
import { ru as firstRussianWords } from '../src/i18n/ru'
import { ruCheck } from '../src/i18n/ru-check'
import { ruConversation } from '../src/i18n/ru-conversation'
import { ruErrors } from '../src/i18n/ru-errors'
import { ruEvidence } from '../src/i18n/ru-evidence'
import { ruLibrary } from '../src/i18n/ru-library'
import { ruModels } from '../src/i18n/ru-models'
import { ruPanel } from '../src/i18n/ru-panel'
import { ruShell } from '../src/i18n/ru-shell'
import { Locale } from '../src/state/locale.svelte'

const en: Record<Key, Text> = { ...firstWords, ...enCheck, ...enConversation, ...enErrors, ...enEvidence, ...enLibrary, ...enModels, ...enPanel, ...enShell }
const ru: Record<Key, Text> = { ...firstRussianWords, ...ruCheck, ...ruConversation, ...ruErrors, ...ruEvidence, ...ruLibrary, ...ruModels, ...ruPanel, ...ruShell }
const forms = (text: Text): string[] => (typeof text === 'string' ? [text] : Object.values(text))
const sorted = (values: string[]): string[] => [...new Set(values)].sort()
const keys = Object.keys(en) as Key[]

test('both languages have the same keys', () => {
  expect(Object.keys(ru).sort()).toEqual([...keys].sort())
})

test('both languages fill the same placeholders', () => {
  for (const key of keys) {
    const english = sorted(forms(en[key]).flatMap(placeholdersOf))
    const russian = sorted(forms(ru[key]).flatMap(placeholdersOf))
    expect(russian, key).toEqual(english)
  }
})

test('every text with a number has every plural form of its language', () => {
  for (const key of keys) {
    if (typeof en[key] === 'string') continue
    expect(Object.keys(en[key] as object).sort(), key).toEqual(['one', 'other'])
    expect(Object.keys(ru[key] as object).sort(), key).toEqual(['few', 'many', 'one', 'other'])
  }
})

test('Russian numbers take their own forms', () => {
  const words = ru['ledger.tokens']
  expect([1, 3, 5, 21, 1500].map((n) => fillText(words, 'ru', { n }).replace(/\u00a0/g, ' '))).toEqual(['1 токен', '3 токена', '5 токенов', '21 токен', '1 500 токенов'])
})

const server = resolve(import.meta.dirname, '../../src/samovar')
// The web app is built where the server's code is not beside it, too.
const isAlone = !existsSync(server)
const found = (path: string, pattern: RegExp): string[] => [...readFileSync(resolve(server, path), 'utf8').matchAll(pattern)].map((match) => match[1] ?? '')

test.skipIf(isAlone)('every error of the server has words and advice', () => {
  const folder = resolve(server, 'domain/errors')
  const files = readdirSync(folder).filter((name) => name.endsWith('.py'))
  const codes = files.flatMap((name) => found(`domain/errors/${name}`, /^\s+code = "(\w+)"/gm))
  expect(codes.length).toBeGreaterThan(30)
  for (const code of codes) {
    expect(keys, code).toContain(`error.${code}`)
    expect(keys, code).toContain(`error.${code}.advice`)
  }
})

/** Told to programs that ask for what the page never asks for. */
const OF_PROGRAMS = new Set(['start and end lie outside the page'])

test.skipIf(isAlone)('every reason for a file, a page or a piece left out has words', () => {
  const reasons = [
    ...found('sandbox/reader.py', /^_REASON_\w+: Final = "(.+)"/gm),
    ...found('sandbox/reply.py', /^_REASONS: Final = frozenset\(\{(.+)\}\)/gm).flatMap((list) => list.replaceAll('"', '').split(', ')),
    ...found('chat/context.py', /"(no_\w+)"/g),
    ...['api/bases.py', 'api/documents.py', 'storage/bases.py', 'ingest/intake.py', 'ingest/parts.py'].flatMap((path) =>
      found(path, /(?:Conflict|InvalidRequest|FileTooComplex)\([^"\n]*reason="([^"\n]+)"/g).filter((reason) => !OF_PROGRAMS.has(reason)),
    ),
  ]
  expect(reasons.length).toBeGreaterThan(5)
  for (const reason of reasons) expect(keys, reason).toContain(`reason.${reason}`)
})

/** The members of a closed set in the server's code. */
const membersOf = (path: string, name: string): string[] => {
  const [body = ''] = found(path, new RegExp(`^${name} = Literal\\[([^\\]]+)\\]`, 'gm'))
  return [...body.matchAll(/"(\w+)"/g)].map((match) => match[1] ?? '')
}

test.skipIf(isAlone)('every kind, status, stage and reason of a document and its pages has words', () => {
  const sets: [prefix: string, path: string, name: string][] = [
    ['kind', 'domain/page.py', 'DocumentKind'],
    ['page', 'domain/page.py', 'PageStatus'],
    ['report', 'domain/page.py', 'PageStatus'],
    ['pageReason', 'domain/page.py', 'PageReason'],
    ['status', 'domain/document.py', 'DocumentStatus'],
    ['stage', 'domain/document.py', 'DocumentStage'],
    ['reader.figureStatus', 'domain/document.py', 'FigureStatus'],
    ['entity', 'domain/document.py', 'EntityKind'],
  ]
  for (const [prefix, path, name] of sets) {
    const members = membersOf(path, name)
    expect(members.length, name).toBeGreaterThan(2)
    for (const member of members) expect(keys, name).toContain(`${prefix}.${member}`)
  }
})

test.skipIf(isAlone)('everything that an import can lose has words', () => {
  const losses = membersOf('interchange/report.py', 'Loss')
  expect(losses.length).toBeGreaterThan(20)
  for (const loss of losses) expect(keys, loss).toContain(`imported.${loss}`)
})

test('a reason is told in the language of the page, an unknown one as the server said it', async () => {
  const locale = new Locale()
  await locale.use('ru')
  await locale.addWords('errors')
  const told = (reason: string): string => locale.problem({ code: 'file_too_complex', title: '', detail: '', values: { name: 'a.pdf', reason } }).title
  expect(told('pages')).toBe('Файл a.pdf не удалось прочитать в отведённых пределах: слишком много страниц.')
  expect(told('the moon is full')).toContain('the moon is full')
  expect(locale.named('notice', 'never_heard_of')).toBe('never_heard_of')
})

test('no word that is loaded later hides another', () => {
  const all = [firstWords, enCheck, enConversation, enErrors, enEvidence, enLibrary, enModels, enPanel, enShell].flatMap((words) => Object.keys(words))
  expect(new Set(all).size).toBe(all.length)
})

test('a place in the line is told with its ending, its wait and its unit', async () => {
  const locale = new Locale()
  expect([2, 3, 4, 11, 21, 22, 23].map((n) => locale.ordinal(n))).toEqual(['2nd', '3rd', '4th', '11th', '21st', '22nd', '23rd'])
  expect(locale.inLine(2, 12.4)).toBe('2nd in line, about 12 s')
  expect(locale.inLine(1, null)).toBe('Next in line')
  expect(locale.inLine(3, 0.2)).toBe('3rd in line, about 1 s')
  expect(locale.inLine(40, 150)).toBe('40th in line, about 3 min')
  await locale.use('ru')
  expect(locale.inLine(2, 12.4)).toBe('2-й в очереди, осталось около 12 с')
  expect(locale.inLine(1, 80)).toBe('Вы следующий в очереди, осталось около 1 мин')
})

test('a fallback is told with the reason of the server that did not answer', async () => {
  const locale = new Locale()
  await locale.addWords('errors')
  const told = (values: Record<string, string>): string => locale.notice({ code: 'fallback_used', values })
  expect(told({ model: 'llama', instead_of: 'vllm', reason: 'backend_unreachable' })).toBe('Answered by llama instead. The backend vllm does not answer.')
  expect(told({})).toBe('Another model answered instead of the one that was asked.')
  expect(locale.notice({ code: 'parameters_unsupported', values: { parameters: 'min_p, seed' } })).toBe('Not sent, because this model does not take it: Min P, Seed.')
})

test('the words of a part come when they are asked for and stay when the language changes', async () => {
  const locale = new Locale()
  expect(locale.t('models.keys')).toBe('')
  await locale.addWords('models')
  expect(locale.t('models.keys')).toBe('Keys')
  await locale.use('ru')
  expect(locale.t('models.keys')).toBe('Ключи')
  expect(locale.t('side.models')).toBe('Модели и серверы')
})

test('an error is told in the words of the server until ours are here, and one that cannot wait in ours at once', async () => {
  const locale = new Locale()
  await locale.use('ru')
  const told = (code: string): string => locale.problem({ code, title: 'The file is empty.', detail: '', values: {} }).title
  expect(told('file_empty')).toBe('The file is empty.')
  expect(locale.problem({ code: 'file_empty', title: '', detail: '', values: {} }).title).toBe('Внутри Samovar что-то пошло не так.')
  expect(told('unreachable')).toBe('Samovar не отвечает.')
  // What may go wrong in a part of the page is known before that part is shown.
  await locale.addWords('library')
  expect(told('file_empty')).toBe('Файл пуст.')
})

test('words that are under way when the language changes come in the new one', async () => {
  const locale = new Locale()
  await Promise.all([locale.addWords('models'), locale.use('ru'), locale.addWords('panel')])
  expect([locale.t('models.keys'), locale.t('panel.prompt'), locale.t('side.models')]).toEqual(['Ключи', 'Промпт', 'Модели и серверы'])
})

test('sizes are told in decimal units', () => {
  const locale = new Locale()
  expect([999, 4_700_000_000, 131_072_000].map((value) => locale.bytes(value).replace(/\u00a0/g, ' '))).toEqual(['999 bytes', '4.7 GB', '131 MB'])
})

// `f"{name} is taken"` in the server's code and 'reason.{who} is taken' in ours are the same reason.
const shapeOf = (text: string): string => text.replace(/\{[^}]*\}/g, '{}')

test.skipIf(isAlone)('every reason that the page of models can be told has words', () => {
  const raised = /(?:Conflict|InvalidRequest|DownloadFailed|StorageReadOnly|Forbidden)\([^"\n]*reason=f?"([^"\n]+)"/g
  const files = ['gateway/added.py', 'gateway/pool.py', 'gateway/vision.py', 'api/weights.py', 'weights/downloads.py', 'weights/draft.py', 'weights/hub.py', 'weights/durable.py']
  const reasons = [
    ...files.flatMap((path) => found(path, raised)),
    ...found('weights/hub.py', /^\s+return f?"(the hub[^"]+)"/gm),
    ...found('backends/_shared/address.py', /reason="([^"]+)"/g).map((reason) => `url: ${reason}`),
  ].filter((reason) => shapeOf(reason) !== 'url: {}')
  const known = new Set(keys.filter((key) => key.startsWith('reason.')).map((key) => shapeOf(key.slice('reason.'.length))))
  expect(reasons.length).toBeGreaterThan(20)
  for (const reason of reasons) expect(known, reason).toContain(shapeOf(reason))
})

test('a reason with a name in it is told in the language of the page', async () => {
  const locale = new Locale()
  await locale.use('ru')
  await locale.addWords('models')
  expect(locale.named('reason', 'there is a backend named my-vllm (2) already')).toBe('сервер с названием my-vllm (2) уже есть')
  expect(locale.named('reason', 'the hub answered 500')).toBe('хаб ответил 500')
  expect(locale.named('reason', 'the moon is full')).toBe('the moon is full')
})
