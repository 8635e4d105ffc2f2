import { beforeEach, expect, test } from 'vitest'
import { Http } from '../src/api/http'
import type { Message, RunEvent } from '../src/api/types'
import { Draft } from '../src/state/draft.svelte'
import { Line } from '../src/state/line.svelte'
import { LiveRun } from '../src/state/run.svelte'
import { Session } from '../src/state/session.svelte'

type Answer = (path: string, init: RequestInit) => Response | Promise<Response>
const problem = (status: number, code: string): Response =>
  new Response(JSON.stringify({ type: 'about:blank', status, code, title: code, detail: '', values: {} }), { status })

/** The outside wire is the only thing replaced. */
function wire(answer: Answer): { http: Http; line: Line } {
  globalThis.fetch = async (input, init) => answer(String(input), init ?? {})
  const line = new Line()
  return { http: new Http(line), line }
}

beforeEach(() => localStorage.clear())

test('a spent link says so on the sign-in page', async () => {
  const { http, line } = wire((path, init) => (path === '/api/session' && init.method === 'POST' ? problem(401, 'link_spent') : problem(401, 'unauthorised')))
  const session = new Session(http)
  line.watch({ probe: async () => undefined, onBack: () => undefined, onSignedOut: () => session.lose() })
  await session.begin('used')
  expect(session.state).toBe('out')
  expect(session.problem?.code).toBe('link_spent')
})

test('a change carries the header that other sites cannot send', async () => {
  const seen: (string | undefined)[] = []
  const { http } = wire((_path, init) => {
    seen.push((init.headers as Record<string, string>)['X-Samovar'])
    return new Response('{}')
  })
  await http.request('GET', '/api/chats')
  await http.request('POST', '/api/chats', {})
  await http.request('DELETE', '/api/chats/1')
  expect(seen).toEqual([undefined, '1', '1'])
})

test('a failed send keeps the words and goes out again under the same key', async () => {
  const { http } = wire(() => problem(503, 'storage_unavailable'))
  const draft = new Draft(http, 'chat')
  draft.write('Do not lose me')
  const keys: string[] = []
  const post = async (_text: string, _documents: string[], key: string): Promise<void> => {
    keys.push(key)
    if (keys.length < 3) await http.request('POST', '/api/chats/chat/messages', {})
  }
  await draft.send(post)
  expect(draft.problem?.code).toBe('storage_unavailable')
  expect(draft.text).toBe('Do not lose me')
  expect(new Draft(http, 'chat').text).toBe('Do not lose me')
  await draft.send(post)
  await draft.send(post)
  expect(new Set(keys).size).toBe(1)
  expect(draft.text).toBe('')
  expect(new Draft(http, 'chat').text).toBe('')
})

test('changed words are a new message with a new key', async () => {
  const { http } = wire(() => problem(503, 'storage_unavailable'))
  const draft = new Draft(http, null)
  const keys: string[] = []
  const post = async (_text: string, _documents: string[], key: string): Promise<void> => {
    keys.push(key)
    throw new Error('no')
  }
  draft.write('one')
  await draft.send(post)
  draft.write('two')
  await draft.send(post)
  expect(new Set(keys).size).toBe(2)
})

test('a line that is lost comes back by itself', async () => {
  let isDown = true
  let isBack = false
  const { http, line } = wire(() => {
    if (isDown) throw new TypeError('down')
    return new Response('{}')
  })
  line.watch({ probe: () => http.request('GET', '/api/system'), onBack: () => (isBack = true), onSignedOut: () => undefined })
  await expect(http.request('GET', '/api/chats')).rejects.toThrow()
  expect(line.isLost).toBe(true)
  isDown = false
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(line.isLost).toBe(false)
  expect(isBack).toBe(true)
})

const reply: Message = {
  id: 'm', parent_id: 'q', position: 2, role: 'assistant', text: '', reasoning: '', document_ids: [], run_id: 'r', run_status: 'queued',
  error_code: null, model: null, citations: [], created_at: '',
}

test('a run ends as exactly what was sent, also after a replacement', () => {
  const run = new LiveRun('c', reply)
  const events: RunEvent[] = [
    { kind: 'replace', text: 'Hel', reasoning: 'Because' },
    { kind: 'delta', text: 'lo **wo' },
    { kind: 'replace', text: 'Hello', reasoning: 'Because' },
    { kind: 'delta', text: ' **world** [1]' },
    { kind: 'citations', citations: [{ n: 1, document_id: 'd', document: 'a.pdf', page: 2, start: 0, end: 4, quote: 'word', verified: true, origin: 'model' }] },
    { kind: 'end', status: 'done', error: null },
  ]
  for (const event of events) run.take(event)
  expect(run.isLive).toBe(false)
  expect(run.text).toBe('Hello **world** [1]')
  expect(run.blocks.map((block) => block.content).join('')).toContain('<strong>world</strong>')
  expect(run.applyTo(reply)).toMatchObject({ text: 'Hello **world** [1]', reasoning: 'Because', run_status: 'done', error_code: null })
  expect(run.applyTo(reply).citations).toHaveLength(1)
})

test('a run that fails keeps what had arrived and says why', () => {
  const run = new LiveRun('c', reply)
  run.take({ kind: 'delta', text: 'Half of' })
  run.take({ kind: 'end', status: 'failed', error: { code: 'backend_broke', title: '', detail: '', values: {} } })
  expect(run.applyTo(reply)).toMatchObject({ text: 'Half of', run_status: 'failed', error_code: 'backend_broke' })
})

test('what stands beside a reply is kept with it', () => {
  const run = new LiveRun('c', reply)
  const usage = { prompt_tokens: 9, completion_tokens: 3, cached_tokens: null, first_token_ms: 20, total_ms: 90 }
  run.take({ kind: 'notice', code: 'reply_cut', values: {} })
  run.take({ kind: 'usage', ...usage })
  run.take({ kind: 'end', status: 'failed', error: { code: 'backend_broke', title: 't', detail: 'd', values: { backend: 'b' } } })
  expect(run.applyTo(reply).outcome).toEqual({
    notices: [{ code: 'reply_cut', values: {} }],
    usage,
    error: { code: 'backend_broke', title: 't', detail: 'd', values: { backend: 'b' } },
  })
})
