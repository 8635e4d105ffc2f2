/** A stand-in for the server while the look of the page is worked on. Speaks docs/reference/api.md; never shipped. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Plugin } from 'vite'
import type { Chat, ChatDocument, Citation, Message, RunEvent } from '../src/api/types'
import { answerBases, answerEvaluations, groundingOf, passagesOf, TRACE, VECTORS } from './fake-evidence'
import { answerBackends, answerCatalogue, answerFiles, answerFit, answerKeys, MACHINE, revisionNow } from './fake-models'
import { ANSWERS, PAGE_TEXT, QUOTE } from './samples'

type Handle = (request: IncomingMessage, response: ServerResponse, parts: string[], body: Buffer, query: URLSearchParams) => void

interface Run {
  events: { id: number; event: RunEvent }[]
  readers: Set<ServerResponse>
  message: Message
  isStopped: boolean
}

const DAY_MS = 86_400_000
const chats: Chat[] = []
const messages = new Map<string, Message[]>()
const documents = new Map<string, ChatDocument & { chatId: string; content: Buffer }>()
const runs = new Map<string, Run>()
let position = 0
let isSignedIn = process.env['FAKE_SIGNED_OUT'] !== '1'

const iso = (ageMs = 0): string => new Date(Date.now() - ageMs).toISOString()

function addChat(title: string, ageMs: number, fields: Partial<Chat> = {}): Chat {
  const chat: Chat = { id: randomUUID(), title, system_prompt: '', model: null, parameters: {}, head_id: null, folder: '', tags: [], pinned: false, archived: false, strategy: 'auto', context_after: null, facts: [], examples_id: null, created_at: iso(ageMs), updated_at: iso(ageMs), ...fields }
  chats.push(chat)
  messages.set(chat.id, [])
  return chat
}

function addMessage(chat: Chat, fields: Partial<Message>): Message {
  const message: Message = {
    id: randomUUID(), parent_id: chat.head_id, position: ++position, role: 'user', text: '', reasoning: '', document_ids: [], run_id: null,
    run_status: null, error_code: null, model: null, citations: [], created_at: iso(), ...fields,
  }
  messages.get(chat.id)?.push(message)
  chat.head_id = message.id
  return message
}

function addDocument(chat: Chat, name: string, kind: ChatDocument['kind'], content: Buffer): ChatDocument {
  const pages = kind === 'pdf' ? [1, 2, 3].map((page) => ({ page, label: null, status: 'text' as const, reason: null, confidence: null, width: 595, height: 842 })) : [{ page: null, label: null, status: 'text' as const, reason: null, confidence: null, width: null, height: null }]
  const document = { id: randomUUID(), name, kind, media_type: 'application/pdf', size_bytes: content.length || 184_320, status: 'ready' as const, error: null,
    base_id: null, parent_id: null, path: null, stage: null, title: null, author: null, pages_read: pages.length, chunk_count: 3, replaced_by: null, outline: [], figures: [],
    page_count: kind === 'pdf' ? 3 : 1, pages, created_at: iso(), chatId: chat.id, content }
  documents.set(document.id, document)
  return document
}

function citationsOf(document: ChatDocument): Citation[] {
  const start = [...PAGE_TEXT].join('').indexOf(QUOTE)
  return [
    { n: 1, document_id: document.id, document: document.name, page: 2, start, end: start + QUOTE.length, quote: QUOTE, verified: true, origin: 'model' },
    { n: 2, document_id: document.id, document: document.name, page: 3, start: 0, end: 40, quote: 'The boiler is inspected every spring before first use.', verified: false, origin: 'model' },
    { n: 3, document_id: document.id, document: document.name, page: 1, start: 0, end: 30, quote: 'Installation and care of the service.', verified: true, origin: 'nearest' },
  ]
}

function seed(): void {
  const manual = addChat('Which port does the service use?', 600_000)
  const pdf = addDocument(manual, 'Руководство по эксплуатации.pdf', 'pdf', Buffer.alloc(0))
  addMessage(manual, { text: 'Which port does the service use, and when is the boiler inspected?', document_ids: [pdf.id] })
  const grounding = groundingOf(ANSWERS.cited, passagesOf(pdf.id, pdf.name, PAGE_TEXT), false)
  addMessage(manual, { role: 'assistant', text: ANSWERS.cited, run_id: randomUUID(), run_status: 'done', model: 'engine/smollm2', citations: citationsOf(pdf), outcome: { notices: [], usage: null, error: null, grounding } })
  const rich = addChat('Tables, code and formulas', 3_600_000, { model: 'vllm/qwen3' })
  addMessage(rich, { text: 'Сравни три способа сортировки и покажи код на Python.' })
  addMessage(rich, { role: 'assistant', text: ANSWERS.rich, reasoning: 'The reader wants a comparison.\nA table fits best; then one short listing and the formula.', run_id: randomUUID(), run_status: 'done', model: 'vllm/qwen3' })
  const other = addMessage(rich, { parent_id: messages.get(rich.id)?.[0]?.id ?? null, role: 'assistant', text: 'A shorter version of the same answer.', run_id: randomUUID(), run_status: 'stopped', model: 'vllm/qwen3' })
  rich.head_id = messages.get(rich.id)?.find((message) => message.reasoning !== '')?.id ?? other.id
  const broken = addChat('Письмо поставщику о переносе доставки', DAY_MS * 1.2)
  addMessage(broken, { text: 'Напиши письмо поставщику.' })
  addMessage(broken, { role: 'assistant', text: 'Уважаемые коллеги, просим вас', run_id: randomUUID(), run_status: 'failed', error_code: 'backend_broke', model: 'vllm/qwen3' })
  for (const [index, title] of ['Draft of the annual report', 'Разбор договора аренды', 'Python: reading CSV files', 'План поездки в Тулу', ''].entries()) addChat(title, DAY_MS * (3 + index * 4))
}
seed()

function publish(run: Run, event: RunEvent): void {
  const entry = { id: run.events.length + 1, event }
  run.events.push(entry)
  if (event.kind === 'delta') run.message.text += event.text
  if (event.kind === 'reasoning') run.message.reasoning += event.text
  if (event.kind === 'citations') run.message.citations = event.citations
  for (const reader of run.readers) {
    write(reader, entry.id, event)
    if (event.kind === 'end') reader.end()
  }
}
function write(response: ServerResponse, id: number, event: RunEvent): void {
  const { kind, ...data } = event
  response.write(`id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function perform(run: Run, question: string): Promise<void> {
  const message = run.message
  const mine = [...documents.values()].find((document) => message.citations.length === 0 && question.includes('port') && document.kind === 'pdf')
  if (question.includes('queue'))
    for (const position of [4, 3, 2, 1]) {
      publish(run, { kind: 'queue', position, expected_s: position > 3 ? null : position * 6 })
      await pause(1500)
    }
  await pause(150)
  message.run_status = 'running'
  publish(run, { kind: 'status', status: 'running' })
  for (let processed = 0; processed <= 812; processed += 116) {
    publish(run, { kind: 'progress', processed, total: 812 })
    await pause(question.includes('slow') ? 500 : 60)
  }
  if (question.includes('fallback')) {
    publish(run, { kind: 'restart' })
    publish(run, { kind: 'notice', code: 'fallback_used', values: { model: 'ollama/gemma3', instead_of: 'vllm', reason: 'backend_unreachable' } })
  }
  if (question.includes('notice')) publish(run, { kind: 'notice', code: 'turns_left_out', values: { count: 3 } })
  if (mine) publish(run, { kind: 'passages', passages: passagesOf(mine.id, mine.name, PAGE_TEXT), ...TRACE })
  if (question.includes('think')) for (const word of 'Let me think about what is asked here, step by step.'.split(' ')) publish(run, { kind: 'reasoning', text: `${word} ` })
  const answer = mine ? ANSWERS.cited : /[а-я]/i.test(question) ? ANSWERS.russian : ANSWERS.rich
  const words = question.includes('long') ? answer.repeat(8) : answer
  for (let at = 0; at < words.length && !run.isStopped; at += 6) {
    publish(run, { kind: 'delta', text: words.slice(at, at + 6) })
    await pause(16)
    if (question.includes('fail') && at > 120) break
  }
  if (mine) publish(run, { kind: 'citations', citations: citationsOf(mine) })
  if (mine) publish(run, { kind: 'grounding', ...groundingOf(answer, passagesOf(mine.id, mine.name, PAGE_TEXT), question.includes('weak')) })
  publish(run, { kind: 'usage', prompt_tokens: 812, completion_tokens: 230, cached_tokens: 400, first_token_ms: 480, total_ms: 5230 })
  const isCut = question.includes('cut')
  const cut = { code: 'prompt_cut', values: { read_tokens: 2050, sent_tokens: 16_000, backend: 'ollama' } }
  if (isCut) publish(run, { kind: 'notice', ...cut })
  message.outcome = { notices: isCut ? [cut] : [], usage: null, error: null }
  const status = run.isStopped ? 'stopped' : question.includes('fail') ? 'failed' : 'done'
  message.run_status = status
  message.error_code = status === 'failed' ? 'backend_broke' : null
  publish(run, { kind: 'end', status, error: status === 'failed' ? { code: 'backend_broke', title: 'The backend broke off.', detail: '', values: { backend: 'vllm' } } : null })
}

function startRun(chat: Chat, question: Message): Message {
  const runId = randomUUID()
  const reply = addMessage(chat, { parent_id: question.id, role: 'assistant', run_id: runId, run_status: 'queued', model: chat.model ?? 'engine/smollm2' })
  const run: Run = { events: [], readers: new Set(), message: reply, isStopped: false }
  runs.set(runId, run)
  publish(run, { kind: 'status', status: 'queued' })
  void perform(run, question.text)
  return { ...reply }
}

const send = (response: ServerResponse, status: number, body?: unknown): void => {
  response.writeHead(status, { 'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json' })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}
const refuse = (response: ServerResponse, status: number, code: string, values: Record<string, string | number> = {}): void =>
  send(response, status, { type: 'about:blank', status, code, title: code, detail: '', values })

const ABILITIES = { route: null, trained_context_tokens: null, loaded: true, tools: null, reasoning: null, embeddings: null, json_schema: null, licence: null, guessed: [] }
const MODELS = {
  default: 'engine/smollm2',
  models: [
    { ...ABILITIES, id: 'engine/smollm2', model: 'SmolLM2-135M-Instruct', backend: 'engine', state: 'ready', is_demonstration: true, context_tokens: 8192, vision: false, vision_known_by: 'api', quantisation: 'Q4_K_M', size_bytes: 105_454_144, unsupported_parameters: [] },
    { ...ABILITIES, id: 'assistant', model: 'Qwen3-8B', backend: 'vllm', route: { targets: ['vllm/qwen3', 'ollama/gemma3'], order: 'fallback' }, state: 'ready', is_demonstration: false, context_tokens: 32768, vision: null, vision_known_by: null, quantisation: 'AWQ', size_bytes: null, unsupported_parameters: [] },
    { ...ABILITIES, id: 'vllm/qwen3', model: 'Qwen3-8B', backend: 'vllm', state: 'ready', is_demonstration: false, context_tokens: 32768, vision: null, vision_known_by: null, quantisation: 'AWQ', size_bytes: 5_400_000_000, unsupported_parameters: ['min_p', 'repeat_penalty', 'json_schema', 'reasoning_effort'] },
    { ...ABILITIES, id: 'ollama/gemma3', model: 'gemma3:12b-it-qat', backend: 'ollama', state: 'loading', is_demonstration: false, context_tokens: 131072, vision: true, vision_known_by: 'api', quantisation: 'Q4_0', size_bytes: 8_100_000_000, unsupported_parameters: [] },
  ],
  problems: [{ backend: 'lmstudio', code: 'backend_unreachable', title: '', detail: '', values: { backend: 'lmstudio' } }],
}
const PRESETS = [
  { name: 'technical', parameters: { temperature: 0.2, top_p: 0.9, top_k: 40, repeat_penalty: 1.05 }, ranges: { temperature: { min: 0, max: 0.4 }, top_p: { min: 0.8, max: 1 }, top_k: { min: 20, max: 60 } } },
  { name: 'creative', parameters: { temperature: 1, top_p: 0.95, min_p: 0.05, presence_penalty: 0.3 }, ranges: { temperature: { min: 0.8, max: 1.3 }, top_p: { min: 0.9, max: 1 }, presence_penalty: { min: 0, max: 0.8 } } },
  { name: 'dialogue', parameters: { temperature: 0.7, top_p: 0.9, repeat_penalty: 1.1 }, ranges: { temperature: { min: 0.5, max: 0.9 }, top_p: { min: 0.85, max: 0.95 }, repeat_penalty: { min: 1, max: 1.2 } } },
  { name: 'extraction', parameters: { temperature: 0, top_k: 1, seed: 0 }, ranges: { temperature: { min: 0, max: 0.1 }, top_k: { min: 1, max: 1 } } },
]
const RANGES = {
  temperature: { min: 0, max: 2, whole: false }, top_p: { min: 0, max: 1, whole: false }, top_k: { min: 0, max: 1000, whole: true }, min_p: { min: 0, max: 1, whole: false },
  max_tokens: { min: 1, max: 131072, whole: true }, presence_penalty: { min: -2, max: 2, whole: false }, frequency_penalty: { min: -2, max: 2, whole: false },
  repeat_penalty: { min: 0.5, max: 2, whole: false }, seed: { min: 0, max: 2147483647, whole: true },
  reasoning_effort: { choices: ['none', 'low', 'medium', 'high'] }, json_schema: { type: 'object' },
}

const handleSession: Handle = (request, response, _parts, body) => {
  if (request.method === 'POST') {
    const { token } = JSON.parse(body.toString()) as { token: string }
    if (token === 'spent') return refuse(response, 401, 'link_spent')
    isSignedIn = true
    return send(response, 204)
  }
  if (request.method === 'DELETE') {
    isSignedIn = false
    return send(response, 204)
  }
  return send(response, 200, { user: { id: randomUUID(), name: 'owner' }, version: '0.1.0' })
}

const handleChats: Handle = (request, response, [chatId, what], body, query) => {
  if (!chatId) {
    if (request.method === 'GET') return send(response, 200, { chats: [...chats].sort((one, other) => other.updated_at.localeCompare(one.updated_at)) })
    return send(response, 201, addChat('', 0, JSON.parse(body.toString()) as Partial<Chat>))
  }
  const chat = chats.find((known) => known.id === chatId)
  if (!chat) return refuse(response, 404, 'not_found', { what: 'chat' })
  if (what === 'bases') return send(response, 200, { bases: [] })
  if (what === 'documents') {
    const name = query.get('name') ?? 'file'
    if (body.length === 0) return refuse(response, 422, 'file_empty', { name })
    if (name.endsWith('.exe')) return refuse(response, 422, 'file_type_unknown', { name })
    const kind = name.endsWith('.pdf') ? 'pdf' : /\.(png|jpe?g)$/.test(name) ? 'image' : 'text'
    return void setTimeout(() => send(response, 201, addDocument(chat, name, kind, body)), 400)
  }
  if (what === 'messages') {
    const fields = JSON.parse(body.toString()) as { text: string; parent_id: string | null; document_ids?: string[] }
    if (fields.text.includes('refuse')) return refuse(response, 503, 'storage_unavailable')
    const message = addMessage(chat, { text: fields.text, parent_id: fields.parent_id, document_ids: fields.document_ids ?? [] })
    chat.title ||= fields.text.slice(0, 50)
    chat.updated_at = iso()
    const reply = startRun(chat, message)
    return send(response, 201, { message, reply, run_id: reply.run_id })
  }
  if (request.method === 'PATCH') return send(response, 200, Object.assign(chat, JSON.parse(body.toString())))
  if (request.method === 'DELETE') {
    chats.splice(chats.indexOf(chat), 1)
    return send(response, 204)
  }
  return send(response, 200, { chat, messages: messages.get(chatId), documents: [...documents.values()].filter((document) => document.chatId === chatId).map(({ content: _content, ...document }) => document) })
}

const handleRuns: Handle = (request, response, [runId = '', what]) => {
  if (what === 'ledger')
    return send(response, 200, {
      model: 'Qwen3-8B', backend: 'vllm', context_tokens: 8192, reply_tokens: 2048, counted_by: 'calibrated', asked: 'assistant', tried: [{ model: 'gemma3', backend: 'ollama', error: 'backend_unreachable' }],
      pieces: [
        { kind: 'system', label: 'System prompt', text: 'You are a careful assistant.', tokens: 96, sent: true, reason: null },
        { kind: 'turn', label: 'Turn 1', text: 'What is a samovar?', tokens: 410, sent: true, reason: null },
        { kind: 'passage', label: 'Руководство по эксплуатации.pdf, page 2', text: QUOTE, tokens: 640, sent: true, reason: null },
        { kind: 'passage', label: 'Руководство по эксплуатации.pdf, page 3', text: 'The boiler…', tokens: 590, sent: true, reason: null },
        { kind: 'question', label: 'Question', text: 'Which port does the service use?', tokens: 31, sent: true, reason: null },
        { kind: 'turn', label: 'Turn 0', text: 'Hello', tokens: 3900, sent: false, reason: 'did not fit into the context' },
      ],
    })
  const run = runs.get(runId)
  if (!run) return refuse(response, 404, 'not_found', { what: 'run' })
  if (what === 'stop') {
    run.isStopped = true
    return send(response, 202)
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  response.write(': open\n\n')
  const last = request.headers['last-event-id']
  if (last === undefined) write(response, run.events.length, { kind: 'replace', text: run.message.text, reasoning: run.message.reasoning })
  else for (const entry of run.events.slice(Number(last))) write(response, entry.id, entry.event)
  const end = run.events.at(-1)
  if (end?.event.kind === 'end') {
    if (last === undefined) write(response, end.id + 1, end.event)
    return void response.end()
  }
  run.readers.add(response)
  response.on('close', () => run.readers.delete(response))
}

const handleDocuments: Handle = (request, response, [documentId = '', what], _body, query) => {
  const document = documents.get(documentId)
  if (!document) return refuse(response, 404, 'not_found', { what: 'document' })
  if (request.method === 'DELETE') {
    documents.delete(documentId)
    return send(response, 204)
  }
  const page = query.get('page') === null ? null : Number(query.get('page'))
  if (what === 'text') return send(response, 200, { page, text: document.kind === 'text' ? document.content.toString() : PAGE_TEXT, blocks: [], links: [] })
  if (what === 'words') return send(response, 200, { width: 595, height: 842, words: [] })
  if (what === 'find') return send(response, 200, { found: [], more: false })
  if (what === 'boxes') return send(response, 200, { width: 595, height: 842, boxes: [{ x: 240, y: 169, width: 190, height: 17 }, { x: 60, y: 191, width: 330, height: 17 }] })
  if (what === 'image') {
    if (document.kind === 'image') {
      response.writeHead(200, { 'Content-Type': 'image/png' })
      return void response.end(document.content)
    }
    const lines = PAGE_TEXT.match(/.{1,70}(\s|$)/g) ?? []
    const drawn = lines.map((line, index) => `<text x="62" y="${160 + index * 22}" font-size="13.500" font-family="serif">${line.trim()}</text>`).join('')
    response.writeHead(200, { 'Content-Type': 'image/svg+xml' })
    return void response.end(`<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="2264" viewBox="0 0 595 842"><rect width="595" height="842" fill="white"/><text x="62" y="110" font-size="24" font-family="serif">Page ${page}</text>${drawn}</svg>`)
  }
  const { content: _content, ...fields } = document
  return send(response, 200, fields)
}

const AREAS: Record<string, Handle> = {
  bases: (request, response, parts, body) => answerBases({ method: request.method ?? '', response, parts, body }, send),
  evaluations: (request, response, parts, body) => answerEvaluations({ method: request.method ?? '', response, parts, body }, send, PAGE_TEXT),
  session: handleSession,
  chats: handleChats,
  runs: handleRuns,
  documents: handleDocuments,
  backends: (request, response, parts, body, query) => answerBackends({ method: request.method ?? '', response, parts, body, query }, send, refuse),
  catalogue: (request, response, parts, body, query) => answerCatalogue({ method: request.method ?? '', response, parts, body, query }, send),
  fit: (request, response, parts, body, query) => answerFit({ method: request.method ?? '', response, parts, body, query }, send),
  'model-files': (request, response, parts, body, query) => answerFiles({ method: request.method ?? '', response, parts, body, query }, send, refuse),
  keys: (request, response, parts, body, query) => answerKeys({ method: request.method ?? '', response, parts, body, query }, send),
  machine: (_request, response) => send(response, 200, MACHINE),
  presets: (_request, response) => send(response, 200, { presets: PRESETS }),
  models: (_request, response) => send(response, 200, MODELS),
  parameters: (_request, response) => send(response, 200, RANGES),
  system: (_request, response) =>
    send(response, 200, {
      ready: true, engine: { state: 'ready', detail: null, error_code: null }, database: 'ok', confinement: 'full', cpu_percent: 7.4,
      memory_bytes: 642_000_000, memory_total_bytes: 25_769_803_776, runs: 0, outside_connections: true, backends_revision: revisionNow(), vectors: VECTORS,
    }),
  messages: (_request, response, [messageId = '']) => {
    for (const chat of chats) {
      const all = messages.get(chat.id) ?? []
      const reply = all.find((message) => message.id === messageId)
      const question = all.find((message) => message.id === reply?.parent_id)
      if (!question) continue
      const created = startRun(chat, question)
      return send(response, 201, { reply: created, run_id: created.run_id })
    }
    return refuse(response, 404, 'not_found', { what: 'message' })
  },
}

function answer(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const address = new URL(request.url ?? '/', 'http://localhost')
  const [, root, area = '', ...parts] = address.pathname.split('/')
  const handle = root === 'api' ? AREAS[area] : undefined
  if (!handle) return next()
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    if (!isSignedIn && !(area === 'session' && request.method === 'POST')) return refuse(response, 401, 'unauthorised')
    if (request.method !== 'GET' && request.headers['x-samovar'] !== '1') return refuse(response, 403, 'forbidden')
    handle(request, response, parts, Buffer.concat(chunks), address.searchParams)
  })
}

export const fakeApi = (): Plugin => ({
  name: 'samovar-fake-api',
  configureServer: (server) => void server.middlewares.use(answer),
  configurePreviewServer: (server) => void server.middlewares.use(answer),
})
