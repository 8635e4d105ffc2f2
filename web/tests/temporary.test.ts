import { beforeEach, expect, test, vi } from 'vitest'
import { TemporaryChat } from '../src/state/temporary.svelte'
import { problem, wire } from './support'

beforeEach(() => localStorage.clear())

const encoder = new TextEncoder()
const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
const stream = (...events: string[]): Response =>
  new Response(new ReadableStream({ start: (controller) => { for (const text of events) controller.enqueue(encoder.encode(text)); controller.close() } }))

test('the whole conversation goes with each question, and nothing of it is kept in the browser', async () => {
  const asked: unknown[] = []
  const { http } = wire((_path, init) => {
    asked.push(JSON.parse(String(init.body)))
    return stream(event('status', { status: 'running', model: 'm' }), event('delta', { text: 'Two litres.' }), event('end', { status: 'done', error: null }))
  })
  const chat = new TemporaryChat(http)
  chat.chooseModel('vllm/qwen3')
  await chat.send('How much does the CANARY kettle hold?')
  await chat.send('And in cups?')
  expect(asked.at(-1)).toEqual({
    messages: [
      { role: 'user', text: 'How much does the CANARY kettle hold?' },
      { role: 'assistant', text: 'Two litres.' },
      { role: 'user', text: 'And in cups?' },
    ],
    model: 'vllm/qwen3',
  })
  expect(JSON.stringify({ ...localStorage })).not.toContain('CANARY')
  expect(location.href + JSON.stringify(history.state)).not.toContain('CANARY')
  chat.end()
  expect(chat.hasWords).toBe(false)
})

test('a line that breaks keeps what had arrived and says so; asking again takes its place', async () => {
  let isBroken = true
  const { http } = wire(() => (isBroken ? stream(event('delta', { text: 'Half an ans' })) : stream(event('delta', { text: 'Whole.' }), event('end', { status: 'done', error: null }))))
  const chat = new TemporaryChat(http)
  await chat.send('Well?')
  expect([chat.turns.at(-1)?.run?.status, chat.turns.at(-1)?.run?.text]).toEqual(['interrupted', 'Half an ans'])
  isBroken = false
  await chat.again()
  expect(chat.turns.map((turn) => turn.run?.text ?? turn.text)).toEqual(['Well?', 'Whole.'])
})

test('Stop ends the reply and a refusal is told', async () => {
  const { http } = wire(() => new Response(new ReadableStream({ start: (controller) => controller.enqueue(encoder.encode(event('delta', { text: 'Slow' }))) })))
  const chat = new TemporaryChat(http)
  globalThis.fetch = vi.fn(async (_input, init?: RequestInit) => new Promise<Response>((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))))
  const sending = chat.send('Well?')
  expect(chat.isWriting).toBe(true)
  chat.stop()
  await sending
  expect([chat.isWriting, chat.turns.at(-1)?.run?.status, chat.turns.at(-1)?.run?.problem]).toEqual([false, 'stopped', null])
  const refused = new TemporaryChat(wire(() => problem(409, 'no_backend')).http)
  await refused.send('Well?')
  expect(refused.turns.at(-1)?.run?.problem?.code).toBe('no_backend')
})
