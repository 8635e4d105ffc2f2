import { beforeEach, expect, test } from 'vitest'
import type { Summary, TreeNode } from '../src/api/conversation-types'
import type { Message } from '../src/api/types'
import { compare, countWords } from '../src/lib/diff'
import { isNearEnd } from '../src/lib/scroll'
import { around, downward, MOST_DRAWN, spanOf, STEP, upward, type Ends } from '../src/lib/span'
import { summariesIn } from '../src/lib/summaries'
import { branchTo, countBranches, outlineOf, shownIn, withMessages, withVersion } from '../src/lib/tree'
import { ChatContext } from '../src/state/context.svelte'
import { Conversation } from '../src/state/conversation.svelte'
import { PAGE } from '../src/state/messages.svelte'
import { Runs } from '../src/state/runs.svelte'
import { chatOf, json, problem, reply, wire } from './support'

beforeEach(() => localStorage.clear())

const said = (id: string, parentId: string | null, position: number, role: Message['role'] = 'user'): Message => ({ ...reply, id, parent_id: parentId, position, role, run_id: null, run_status: null })
const node = (id: string, parentId: string | null): TreeNode => ({ id, parent_id: parentId, role: 'user', start: id, model: null, created_at: '' })
const ids = Array.from({ length: 1000 }, (_, index) => `m${index}`)

test('a reader is at the end when the last lines are in view and nothing later is left out', () => {
  const box = { scrollHeight: 3000, clientHeight: 600 }
  expect(isNearEnd({ ...box, scrollTop: 2400 }, false)).toBe(true)
  expect(isNearEnd({ ...box, scrollTop: 2350 }, false)).toBe(true)
  expect(isNearEnd({ ...box, scrollTop: 2300 }, false)).toBe(false)
  expect(isNearEnd({ ...box, scrollTop: 2400 }, true)).toBe(false)
  expect(isNearEnd({ scrollHeight: 600, clientHeight: 600, scrollTop: 0 }, false)).toBe(true)
})

test('a branch reaches as far back as its messages are known', () => {
  const known = [said('c', 'b', 3), said('d', 'c', 4)]
  expect(branchTo(known, 'd').map((message) => message.id)).toEqual(['c', 'd'])
  expect(branchTo(withMessages(known, [said('b', 'a', 2)]), 'd').map((message) => message.id)).toEqual(['b', 'c', 'd'])
})

test('a new version joins the list of the server, of which only one is loaded', () => {
  const loaded = [said('q', null, 1), said('two', 'q', 3, 'assistant')]
  const lists = withVersion({ one: ['one', 'two'], two: ['one', 'two'] }, loaded, said('three', 'q', 4, 'assistant'))
  expect(lists['two']).toEqual(['one', 'two', 'three'])
  expect(lists['one']).toBe(lists['three'])
  expect(withVersion({}, loaded, said('first', 'two', 5))).toEqual({})
})

test('no more messages are drawn than a page bears, wherever the reader is', () => {
  let ends: Ends = { first: null, last: null }
  expect(spanOf(ids, ends)).toEqual({ from: 1000 - STEP, to: 1000 })
  const seen = new Set<string>()
  for (let steps = 0; spanOf(ids, ends).from > 0; steps++) {
    expect(steps).toBeLessThan(100)
    ends = upward(ids, spanOf(ids, ends))
    const span = spanOf(ids, ends)
    expect(span.to - span.from).toBeLessThanOrEqual(MOST_DRAWN)
    for (const id of ids.slice(span.from, span.to)) seen.add(id)
  }
  for (let steps = 0; ends.last !== null; steps++) {
    expect(steps).toBeLessThan(100)
    ends = downward(ids, spanOf(ids, ends))
    for (const id of ids.slice(spanOf(ids, ends).from, spanOf(ids, ends).to)) seen.add(id)
  }
  expect(seen.size).toBe(1000)
})

test('what is drawn stays in its place when earlier messages are loaded, and follows the end when it is there', () => {
  const ends = upward(ids, spanOf(ids, { first: null, last: null }))
  const span = spanOf(ids, ends)
  const more = ['e1', 'e2', ...ids]
  expect(spanOf(more, ends)).toEqual({ from: span.from + 2, to: span.to + 2 })
  expect(spanOf([...ids, 'new'], { first: 'm990', last: null })).toEqual({ from: 990, to: 1001 })
  expect(spanOf(ids, { first: 'of another branch', last: null }).to).toBe(1000)
})

test('a message far back is drawn with its neighbours', () => {
  const ends = around(ids, 'm300')
  const span = spanOf(ids, ends as Ends)
  expect(span.from).toBeLessThan(300)
  expect(span.to).toBeGreaterThan(301)
  expect(around(ids, 'gone')).toBeNull()
})

test('the outline goes down each branch and steps in only at forks', () => {
  const nodes = [node('a', null), node('b', 'a'), node('c', 'b'), node('b2', 'a'), node('c2', 'b2')]
  const rows = outlineOf(nodes, shownIn(nodes, 'c2'))
  expect(rows.map((row) => `${row.node.id}${row.depth}${row.isShown ? '*' : ''}`)).toEqual(['a0*', 'b1', 'c1', 'b21*', 'c21*'])
  expect(rows.map((row) => row.isFork)).toEqual([true, false, false, false, false])
  expect(countBranches(nodes)).toBe(2)
})

test('a branch of ten thousand messages has its outline without running out of stack', () => {
  const nodes = Array.from({ length: 10_000 }, (_, index) => node(`n${index}`, index === 0 ? null : `n${index - 1}`))
  const rows = outlineOf(nodes, shownIn(nodes, 'n9999'))
  expect(rows).toHaveLength(10_000)
  expect(rows.every((row) => row.depth === 0 && row.isShown)).toBe(true)
})

test('a comparison marks the words that differ and can be read back as either text', () => {
  const [one, other] = ['Чайник греет два литра воды.', 'Чайник быстро греет три литра чистой воды!']
  const { changes, isByWords } = compare(one, other)
  const side = (kind: string): string => changes.filter((change) => change.kind === 'same' || change.kind === kind).map((change) => change.text).join('')
  expect(isByWords).toBe(true)
  expect([side('removed'), side('added')]).toEqual([one, other])
  expect(changes.filter((change) => change.kind === 'removed').map((change) => change.text.trim())).toEqual(['два', '.'])
  expect([countWords(changes, 'removed'), countWords(changes, 'added')]).toEqual([1, 3])
})

test('any two texts can be read back from their comparison', () => {
  let state = 7
  const next = (limit: number): number => (state = (state * 1103515245 + 12345) % 2147483648) % limit
  const text = (): string => Array.from({ length: next(40) }, () => ['a ', 'b ', 'c, ', 'дом ', '\n'][next(5)]).join('')
  for (let round = 0; round < 300; round++) {
    const [one, other] = [text(), text()]
    const { changes } = compare(one, other)
    const side = (kind: string): string => changes.filter((change) => change.kind === 'same' || change.kind === kind).map((change) => change.text).join('')
    expect([side('removed'), side('added')]).toEqual([one, other])
  }
})

test('long texts that share hardly a word are compared by paragraphs', () => {
  const words = (seed: string): string => Array.from({ length: 3000 }, (_, index) => `${seed}${index}`).join(' ')
  const { changes, isByWords } = compare(`${words('a')}\nthe same line\n`, `${words('b')}\nthe same line\n`)
  expect(isByWords).toBe(false)
  expect(changes.at(-1)).toEqual({ kind: 'same', text: 'the same line\n' })
})

test('of the summaries of a branch the one in use is shown, and those undone that reach farther', () => {
  const summary = (id: string, throughId: string, active: boolean): Summary => ({ id, through_id: throughId, turns: 2, text: id, model: 'm', active, edited: false, created_at: '' })
  const shown = (list: Summary[]): string[] => [...summariesIn(list, ['a', 'b', 'c', 'd']).values()].map((one) => one.id)
  expect(shown([summary('old', 'a', true), summary('new', 'c', true), summary('elsewhere', 'x', true)])).toEqual(['new'])
  expect(shown([summary('old', 'b', true), summary('undone', 'd', false)])).toEqual(['old', 'undone'])
  expect(shown([summary('undone', 'b', false), summary('again', 'b', false)])).toEqual(['again'])
  expect(shown([summary('used', 'b', true), summary('undone', 'b', false)])).toEqual(['used'])
})

/** A server with one branch of `length` messages and a second version of its last one, and what was asked of it. */
async function openLong(length: number): Promise<{ conversation: Conversation; context: ChatContext; asked: string[] }> {
  const all = Array.from({ length }, (_, index) => said(`m${index}`, index === 0 ? null : `m${index - 1}`, index, index % 2 ? 'assistant' : 'user'))
  const other = said('other', `m${length - 2}`, length, 'assistant')
  const versions = [`m${length - 1}`, 'other']
  const siblings = Object.fromEntries(versions.map((id) => [id, versions]))
  const asked: string[] = []
  let chat = chatOf({ head_id: `m${length - 1}` })
  const detail = (): object => {
    const branch = branchTo([...all, other], chat.head_id)
    return { chat, messages: branch.slice(-PAGE), earlier: branch.length > PAGE, siblings, documents: [], unsent_document_ids: [] }
  }
  const { http } = wire((path, init) => {
    asked.push(`${init.method} ${path}`)
    const [address = '', query = ''] = path.split('?')
    const body = init.body ? (JSON.parse(String(init.body)) as Record<string, unknown>) : {}
    if (address.endsWith('/bases')) return json({ bases: [] })
    if (address.endsWith('/show')) {
      const asksFor = String(body['message_id'])
      chat = { ...chat, head_id: asksFor === 'other' ? 'other' : `m${length - 1}` }
      return json(detail())
    }
    if (address.endsWith('/messages') && init.method === 'GET') {
      const given = new URLSearchParams(query)
      const end = all.findIndex((message) => message.id === given.get('before'))
      const limit = Number(given.get('limit'))
      return json({ messages: all.slice(Math.max(0, end - limit), end), earlier: end > limit, siblings: {} })
    }
    if (address.endsWith('/messages')) {
      const question = { ...said('q', String(body['parent_id']), 900), text: String(body['text']) }
      return json({ message: question, reply: { ...said('a', 'q', 901, 'assistant') }, run_id: 'r' }, 201)
    }
    if (/regenerate|continue/.test(address)) return json({ reply: said('third', `m${length - 2}`, 902, 'assistant'), run_id: 'r' }, 201)
    if (init.method === 'PATCH' && address.startsWith('/api/chats/')) return json((chat = { ...chat, ...body }))
    if (address.startsWith('/api/messages/')) return json(other)
    if (address.startsWith('/api/chats/')) return json(detail())
    return problem(404, 'not_found')
  })
  const conversation = new Conversation(http, new Runs(http), { spare: async () => null, created: () => undefined, changed: () => undefined, touched: () => undefined }, 'c')
  await conversation.load('c')
  return { conversation, context: await conversation.context(), asked }
}

test('a long chat opens with its last messages and loads the earlier ones by page until its beginning', async () => {
  const { conversation } = await openLong(200)
  expect(conversation.branch).toHaveLength(PAGE)
  expect(conversation.messages.hasEarlier).toBe(true)
  for (let pages = 0; conversation.messages.hasEarlier; pages++) {
    expect(pages).toBeLessThan(4)
    await conversation.loadEarlier()
  }
  expect(conversation.branch.map((message) => message.position)).toEqual(Array.from({ length: 200 }, (_, index) => index))
})

test('a message far back is reached before it is shown', async () => {
  const { conversation, asked } = await openLong(500)
  await conversation.seek('m3')
  expect(conversation.sought).toEqual({ messageId: 'm3' })
  expect(conversation.branch.some((message) => message.id === 'm3')).toBe(true)
  expect(asked.some((request) => request.includes('/show'))).toBe(false)
})

test('a version that was never loaded is known by its id, read for the comparison, and shown when it is asked for', async () => {
  const { conversation, context } = await openLong(80)
  const last = conversation.branch.at(-1) as Message
  expect(conversation.messages.versionsOf(last)).toEqual(['m79', 'other'])
  expect((await context.loadVersions(['m79', 'other'])).map((message) => message.id)).toEqual(['m79', 'other'])
  await conversation.show('other')
  expect(conversation.branch.at(-1)?.id).toBe('other')
  await conversation.regenerate(conversation.branch.at(-1) as Message, 'another/model')
  expect(conversation.messages.versionsOf(conversation.branch.at(-1) as Message)).toEqual(['m79', 'other', 'third'])
})

test('a branch begins at any reply with the next message, and what followed stays until then', async () => {
  const { conversation } = await openLong(20)
  conversation.messages.branchFrom('m5')
  expect([conversation.branch.at(-1)?.id, conversation.messages.isBranching]).toEqual(['m5', true])
  conversation.messages.branchFrom(null)
  expect(conversation.branch.at(-1)?.id).toBe('m19')
  conversation.messages.branchFrom('m5')
  conversation.draft.write('another way')
  await conversation.send()
  expect(conversation.branch.map((message) => message.id).slice(-3)).toEqual(['m5', 'q', 'a'])
  expect(conversation.messages.isBranching).toBe(false)
  const second = conversation.branch.at(-2) as Message
  expect(conversation.messages.versionsOf(second)).toEqual(['m6', 'q'])
})

test('facts are pinned once, changed and taken off', async () => {
  const { conversation, context, asked } = await openLong(4)
  await context.pin(' The boiler holds 40 litres. ', 'm1')
  await context.pin('The boiler holds 40 litres.', 'm1')
  expect(conversation.chat?.facts).toEqual([{ text: 'The boiler holds 40 litres.', message_id: 'm1' }])
  expect(asked.filter((request) => request.startsWith('PATCH'))).toHaveLength(1)
  await context.changeFact(0, 'It holds 50 litres.')
  expect(context.facts).toEqual([{ text: 'It holds 50 litres.', message_id: 'm1' }])
  await context.unpin(0)
  expect(context.facts).toEqual([])
})
