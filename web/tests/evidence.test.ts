import { beforeEach, expect, test } from 'vitest'
import type { Claim, Grounding, Passage } from '../src/api/evidence-types'
import type { Base } from '../src/api/library-types'
import { hashOf, matchBases, readHash } from '../src/lib/bases'
import { placeClaims, type ClaimMark } from '../src/lib/claims'
import { placeCitations } from '../src/lib/decorate'
import { cutMatches, isSameWord, nearestSentence, wordsAround } from '../src/lib/evidence'
import { readMarkdown } from '../src/lib/markdown'
import { safeHtml } from '../src/lib/safe-html'
import { bestScores } from '../src/lib/scores'
import { claimNotes, countClaims, heardNote, isNotFound } from '../src/state/claim-words'
import { Locale } from '../src/state/locale.svelte'
import { LiveRun } from '../src/state/run.svelte'
import { Preferences } from '../src/state/preferences.svelte'
import { reply } from './support'

beforeEach(() => localStorage.clear())

/** An answer as the page draws it, with its citations. */
function drawn(text: string, known: number[] = [1, 2, 3]): HTMLElement {
  const box = document.createElement('div')
  for (const block of readMarkdown(text)) {
    const part = document.createElement('div')
    if (block.kind === 'code') {
      part.className = 'code'
      part.textContent = block.content
    } else part.innerHTML = safeHtml(block.content)
    placeCitations(part, new Set(known), String)
    box.append(part)
  }
  document.body.replaceChildren(box)
  return box
}
const markOf = (source: string, kind: ClaimMark['kind'] = 'unsupported'): ClaimMark => ({ source, kind, label: `about ${source}` })
const marked = (box: HTMLElement, index: number): string => [...box.querySelectorAll(`.claim[data-claim="${index}"]`)].map((span) => span.textContent).join('|')

// Marks

test('a statement is marked where it stands, with its stop, and its sign stands behind it', () => {
  const box = drawn('The tank holds 17 litres. It is made of **brass** and tin. It is old.')
  placeClaims(box, [markOf('It is made of **brass** and tin.', 'altered')])
  expect(marked(box, 0)).toBe('It is made of |brass| and tin.')
  const sign = box.querySelector<HTMLButtonElement>('button.claim-sign')
  expect(sign?.value).toBe('0')
  expect(sign?.getAttribute('aria-label')).toBe('about It is made of **brass** and tin.')
  expect(sign?.previousSibling?.textContent).toBe(' and tin.')
  expect(sign?.textContent).toBe('')
})

test('marks find lists, tables, links, headings, quotes and citations', () => {
  const text = [
    '# The 2nd port', '', '1. First it boils [1].', '2. Then *it cools* [2][3].', '', '| Part | Size |', '|---|---|', '| Tap | 12 mm |', '',
    'See [the manual, page 3](https://example.org/a1) for more & more. <b>Raw</b> words.',
  ].join('\n')
  const box = drawn(text)
  placeClaims(box, ['# The 2nd port', '1. First it boils [1].', 'Then *it cools* [2][3].', '| Tap | 12 mm |', 'See [the manual, page 3](https://example.org/a1) for more & more.', '<b>Raw</b> words.'].map((source) => markOf(source)))
  expect([0, 1, 2, 3, 4, 5].map((index) => marked(box, index))).toEqual([
    'The 2nd port', 'First it boils ', 'Then |it cools', 'Tap|12 mm', 'See |the manual, page 3| for more & more.', '<b>Raw</b> words.',
  ])
  // The button of a citation stays one button; the sign stands behind the last of them.
  expect(box.querySelectorAll('button.citation')).toHaveLength(3)
  expect(box.querySelector('.claim-sign[value="2"]')?.previousElementSibling?.className).toBe('citation')
})

test('of two statements alike each is marked in its own place', () => {
  const box = drawn('It is cold. Tea is hot. It is cold.')
  placeClaims(box, [markOf('It is cold.'), markOf('It is cold.', 'altered')])
  const spans = [...box.querySelectorAll('.claim')]
  expect(spans.map((span) => span.className)).toEqual(['claim is-unsupported', 'claim is-altered'])
  expect(spans[0]?.compareDocumentPosition(spans[1] as Element)).toBe(Node.DOCUMENT_POSITION_FOLLOWING)
})

test('code and formulas are left alone, and what cannot be found stays unmarked', () => {
  const box = drawn('It is $x_1 = 2$ long.\n\n```\nIt is long.\n```\n\nIt is long.')
  placeClaims(box, [markOf('It is $x_1 = 2$ long.'), markOf('It is long.'), markOf('Never said.')])
  expect(marked(box, 0)).toBe('It is | long.')
  expect(box.querySelector('.code')?.querySelector('.claim')).toBeNull()
  expect(marked(box, 1)).toBe('It is long.')
  expect(marked(box, 2)).toBe('')
})

test('taking the marks away leaves the answer as it was', () => {
  const box = drawn('Ёлка стоит *17 дней* [1]. 𝒜 Это 😀 верно.')
  const before = box.innerHTML
  const remove = placeClaims(box, [markOf('Ёлка стоит *17 дней* [1].'), markOf('𝒜 Это 😀 верно.')])
  expect(marked(box, 1)).toBe('𝒜 Это 😀 верно.')
  expect(box.textContent?.trim()).toBe('Ёлка стоит 17 дней [1]. 𝒜 Это 😀 верно.')
  remove()
  expect(box.innerHTML).toBe(before)
})

// Words

const passage = (fields: Partial<Passage> = {}): Passage => ({ n: 1, document_id: 'd', document: 'manual.pdf', page: 3, start: 0, end: 9, text: '', evidence: null, ...fields })
const claim = (text: string, whole: string, fields: Partial<Claim>): Claim => {
  const before = [...whole.slice(0, whole.indexOf(text))].length
  return { start: before, end: before + [...text].length, verdict: 'altered', labels: [1], faults: [], wrong: [], ...fields }
}

test('a changed number is told with the word that is wrong and what the page says', () => {
  const text = '😀 The boiler holds 17 litres of water [1]. It sings.'
  const sources = [passage({ text: 'Clean it weekly. The boiler holds 71 litres of water. Never dry.' })]
  const claims = [claim('The boiler holds 17 litres of water [1].', text, { faults: ['number'], wrong: ['17'] }), claim('It sings.', text, { verdict: 'unsupported', labels: [] })]
  const locale = new Locale()
  return locale.addWords('evidence').then(async () => {
    const [altered, unsupported] = claimNotes(locale, text, claims, sources)
    expect(altered).toMatchObject({ kind: 'altered', source: 'The boiler holds 17 litres of water [1].', lines: ['“17” is not in the source.'], where: 'Page 3 says:', quote: 'The boiler holds 71 litres of water.' })
    expect(altered && heardNote(altered)).toBe('The source says something else. “17” is not in the source. Page 3 says: The boiler holds 71 litres of water.')
    expect(unsupported && heardNote(unsupported)).toBe('No source bears this out.')
    await locale.use('ru')
    expect(claimNotes(locale, text, claims, sources)[0]?.lines).toEqual(['Нет в источнике: «17».'])
  })
})

test('statements are counted by what was found of them', () => {
  const of = (verdict: Claim['verdict']): Claim => ({ start: 0, end: 1, verdict, labels: [], faults: [], wrong: [] })
  expect(countClaims([of('supported'), of('unchecked'), of('altered'), of('unsupported'), of('supported')])).toEqual({ checked: 4, altered: 1, unsupported: 1 })
  const grounding: Grounding = { evidence: 'strong', says_not_found: false, claims: [], nearest: [] }
  expect([grounding, { ...grounding, evidence: 'weak' as const }, { ...grounding, says_not_found: true }].map(isNotFound)).toEqual([false, true, true])
})

test('forms of one word are one word, numbers are not', () => {
  expect([['boiler', 'boilers'], ['котёл', 'котла'], ['договора', 'договоров'], ['Ёлка', 'елка']].map(([one = '', other = '']) => isSameWord(one, other))).toEqual([true, false, true, true])
  expect([['17', '170'], ['17', '17'], ['port', 'portal'], ['so', 'son']].map(([one = '', other = '']) => isSameWord(one, other))).toEqual([false, true, false, false])
  expect(cutMatches('Boilers, and a boiler.', ['boiler'])).toEqual([
    { text: 'Boilers', isMatch: true }, { text: ', and a ', isMatch: false }, { text: 'boiler', isMatch: true }, { text: '.', isMatch: false },
  ])
})

test('a long passage is cut around the words that matched', () => {
  const text = `${'word '.repeat(200)}the boiler holds water ${'word '.repeat(200)}`
  const cut = wordsAround(text, ['boiler', 'water'], 100)
  expect(cut).toMatch(/^… .*the boiler holds water.* …$/)
  expect(cut.length).toBeLessThan(110)
  expect(wordsAround('short  text', [], 100)).toBe('short text')
  expect(wordsAround('x'.repeat(500), [], 100).length).toBeLessThan(510)
  expect(nearestSentence('The boiler holds 17 litres', 'Nothing here. About a boiler.')).toBe('')
})

// Events as the server sends them

test('a run tells how it searched and what its answer stands on, and the message keeps the latter', () => {
  const run = new LiveRun('c', reply)
  const grounding: Grounding = { evidence: 'weak', says_not_found: false, claims: [], nearest: [passage()] }
  run.take({ kind: 'passages', passages: [passage()], searched: [{ text: 'port', origin: 'question' }], dense: 'filling', took_ms: { arms: 3.1 } })
  expect(run.trace).toEqual({ searched: [{ text: 'port', origin: 'question' }], dense: 'filling', took_ms: { arms: 3.1 } })
  run.take({ kind: 'restart' })
  expect(run.trace).toBeNull()
  run.take({ kind: 'passages', passages: [passage()] })
  expect(run.trace).toBeNull()
  run.take({ kind: 'replace', text: 'Hello.', reasoning: '' })
  run.take({ kind: 'grounding', ...grounding })
  run.take({ kind: 'end', status: 'done', error: null })
  expect(run.grounding).toEqual(grounding)
  expect(run.applyTo(reply).outcome?.grounding).toEqual(grounding)
  expect(new LiveRun('c', run.applyTo(reply)).grounding).toEqual(grounding)
})

test('bars are measured by the best of each kind', () => {
  const evidence = { lexical: { rank: 1, score: 12.5 }, dense: null, fused: 0.4, reranked: null, matched: [], searched: '' }
  expect(bestScores([evidence, { ...evidence, lexical: null, dense: { rank: 0, score: 0.7 }, fused: 0.9 }, null])).toEqual({ lexical: 12.5, dense: 0.7, fused: 0.9, reranked: 0 })
})

test('whether marks are shown is remembered', () => {
  globalThis.matchMedia = (() => ({ matches: false })) as unknown as typeof matchMedia
  const preferences = new Preferences()
  expect(preferences.showsMarks).toBe(true)
  preferences.showMarks(false)
  expect(new Preferences().showsMarks).toBe(false)
})

// Names of knowledge bases

test('a name is written so that the server takes it for a base', () => {
  expect(['contracts', 'Договоры_2024', 'Tea ceremonies', 'a "quoted" one', '2024', 'abc', 'include', 'отчёт-1', 'v1.2'].map(hashOf)).toEqual([
    '#contracts', '#Договоры_2024', '#"Tea ceremonies"', '#«a "quoted" one»', '#"2024"', '#"abc"', '#"include"', '#отчёт-1', '#"v1.2"',
  ])
})

test('a name that is being typed is found before the caret, in or without quotes', () => {
  expect(['What about #', 'see #con', '#"Tea cer', 'a#b', '# heading', '#one two', 'x #"done" y', '(#a'].map(readHash)).toEqual([
    { start: 11, query: '' }, { start: 4, query: 'con' }, { start: 0, query: 'Tea cer' }, null, null, null, null, { start: 1, query: 'a' },
  ])
})

test('bases that begin with what is typed come first', () => {
  const base = (name: string): Base => ({ id: name, name, describes_figures: false, is_shared: false, is_own: true, documents: { ready: 0, reading: 0, failed: 0, cancelled: 0 }, created_at: '' })
  expect(matchBases([base('My contracts'), base('Contracts'), base('Tea')], 'CON').map((found) => found.name)).toEqual(['Contracts', 'My contracts'])
})
