import { beforeEach, expect, test } from 'vitest'
import type { Chat, ChatDocument, Message, RunEvent } from '../src/api/types'
import { ChatSettings } from '../src/state/chat-settings.svelte'
import { Chats } from '../src/state/chats.svelte'
import { Draft } from '../src/state/draft.svelte'
import { LiveRun } from '../src/state/run.svelte'
import { Runs } from '../src/state/runs.svelte'
import { Session } from '../src/state/session.svelte'
import { chatOf, documentOf, problem, reply, wire } from './support'

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
    grounding: null,
    error: { code: 'backend_broke', title: 't', detail: 'd', values: { backend: 'b' } },
  })
})

const paper = documentOf()

/** Uploads that answer when they are told to. */
function holdUploads(): { answer: (status: number, body: unknown) => void } {
  const held: { status: number; responseText: string; onload?: () => void }[] = []
  class Upload {
    status = 0
    responseText = ''
    upload = {}
    onload?: () => void
    open(): void {}
    setRequestHeader(): void {}
    abort(): void {}
    send(): void {
      held.push(this)
    }
  }
  globalThis.XMLHttpRequest = Upload as unknown as typeof XMLHttpRequest
  return {
    answer: (status, body) => {
      const upload = held.shift()
      if (!upload) throw new Error('nothing was uploaded')
      upload.status = status
      upload.responseText = JSON.stringify(body)
      upload.onload?.()
    },
  }
}

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
const attached = async (): Promise<{ draft: Draft; uploads: ReturnType<typeof holdUploads> }> => {
  const uploads = holdUploads()
  const draft = new Draft(wire(() => new Response(null, { status: 204 })).http, 'chat')
  draft.write('What does it say?')
  void draft.attach([new File(['x'], 'a.pdf')], null, async () => 'chat')
  await tick()
  return { draft, uploads }
}

test('a message waits for its file and goes out when the file is read', async () => {
  const { draft, uploads } = await attached()
  const ready = draft.filesReady()
  expect(draft.isWaiting).toBe(true)
  uploads.answer(201, paper)
  expect(await ready).toBe(true)
  expect(draft.isWaiting).toBe(false)
  expect(draft.canSend).toBe(true)
})

test('a change, a taken file, a failed file and a word of the reader end the waiting without sending', async () => {
  const ends: ((draft: Draft, uploads: ReturnType<typeof holdUploads>) => void)[] = [
    (draft) => draft.write('Something else'),
    (draft) => void draft.attachments.map((attachment) => draft.detach(attachment)),
    (_draft, uploads) => uploads.answer(422, { code: 'file_damaged' }),
    (draft) => draft.stopWaiting(),
  ]
  for (const end of ends) {
    const { draft, uploads } = await attached()
    const ready = draft.filesReady()
    end(draft, uploads)
    expect(await ready).toBe(false)
    expect(draft.isWaiting).toBe(false)
  }
})

const bare = chatOf({ id: 'old' })

function chatsOver(stored: { chat: Chat; documents: ChatDocument[]; bases?: object[] }): { chats: Chats; asked: string[] } {
  const asked: string[] = []
  const { http } = wire((path, init) => {
    if (init.method !== 'GET') asked.push(`${init.method} ${path}`)
    if (path === '/api/chats' && init.method === 'POST') return new Response(JSON.stringify({ ...bare, id: 'new' }), { status: 201 })
    const isList = path.split('?')[0] === '/api/chats'
    const detail = { ...stored, messages: [], earlier: false, siblings: {}, unsent_document_ids: stored.documents.map((document) => document.id), bases: stored.bases ?? [] }
    return new Response(JSON.stringify(isList ? { chats: [stored.chat], next: null, folders: [], tags: [] } : detail))
  })
  return { chats: new Chats(http, new Runs(http)), asked }
}

test('a chat that holds nothing is filled before another one is made', async () => {
  const { chats, asked } = chatsOver({ chat: bare, documents: [] })
  await chats.load()
  expect(await chats.current.open()).toBe('old')
  expect(chats.list.map((chat) => chat.id)).toEqual(['old'])
  await chats.open(null)
  expect(chats.current.chat?.id).toBe('old')
  expect(asked).toEqual([])
})

test('a chat that holds a file, a base, a title or a setting is left alone', async () => {
  for (const stored of [
    { chat: bare, documents: [paper] },
    { chat: bare, documents: [], bases: [{ id: 'b', name: 'Contracts' }] },
    { chat: { ...bare, title: 'Mine' }, documents: [] },
    { chat: { ...bare, system_prompt: 'Be brief.' }, documents: [] },
  ]) {
    const { chats } = chatsOver(stored)
    await chats.load()
    expect(await chats.current.open()).toBe('new')
  }
})

test('a file that was read and never sent waits in the draft after a reload', async () => {
  const { chats } = chatsOver({ chat: bare, documents: [paper] })
  await chats.open('old')
  expect(chats.current.draft.attachments.map((attachment) => [attachment.name, attachment.state])).toEqual([['a.pdf', 'ready']])
  expect(chats.current.draft.canSend).toBe(true)
  await chats.current.load('old')
  expect(chats.current.draft.attachments).toHaveLength(1)
})

test('Stop pressed before the reply has begun stops it as soon as it begins', async () => {
  let resolve: (answer: Response) => void = () => undefined
  const promise = new Promise<Response>((settle) => (resolve = settle))
  const asked: string[] = []
  const { http } = wire((path, init) => {
    if (init.method === 'POST') asked.push(path)
    if (path.endsWith('/messages')) return promise
    if (path.endsWith('/stop')) return new Response(null, { status: 202 })
    if (path.endsWith('/events')) return problem(404, 'not_found')
    return new Response(JSON.stringify({ ...bare, id: 'new' }), { status: 201 })
  })
  const { current } = new Chats(http, new Runs(http))
  current.draft.write('Hello')
  const sending = current.send()
  await tick()
  await current.stop()
  expect(asked).toEqual(['/api/chats', '/api/chats/new/messages'])
  const question: Message = { ...reply, id: 'q', parent_id: null, position: 1, role: 'user', text: 'Hello', run_id: null, run_status: null }
  resolve(new Response(JSON.stringify({ message: question, reply, run_id: 'r' }), { status: 201 }))
  await sending
  expect(asked.at(-1)).toBe('/api/runs/r/stop')
})

test('settings count at once, are written in one go, and wait for the next try when they could not be', async () => {
  const settings = new ChatSettings()
  expect(settings.chosen).toEqual({})
  settings.set({ model: 'a' })
  expect(settings.chosen).toEqual({ model: 'a' })
  const written: object[] = []
  const write = (changes: object): Promise<void> => Promise.resolve(void written.push(changes))
  settings.change({ system_prompt: 'Be brief.' }, () => void settings.flush(write))
  settings.change({ model: 'b' }, () => void settings.flush(write))
  expect(settings.fields).toMatchObject({ system_prompt: 'Be brief.', model: 'b' })
  await expect.poll(() => written).toEqual([{ system_prompt: 'Be brief.', model: 'b' }])

  settings.change({ model: 'c' }, () => undefined)
  await expect(settings.flush(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
  // What the server has does not undo what it has not heard of.
  settings.take(chatOf({ model: 'b', system_prompt: 'Be long.' }))
  expect(settings.fields).toMatchObject({ model: 'c', system_prompt: 'Be long.' })
  await settings.flush(write)
  expect(written.at(-1)).toEqual({ model: 'c' })
  await settings.flush(() => Promise.reject(new Error('nothing waits')))
})
