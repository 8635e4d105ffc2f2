import { expect, test } from 'vitest'
import type { Backend, VisionOutcome } from '../src/api/model-types'
import type { Model, Parameters, Preset, RunEvent, SystemState } from '../src/api/types'
import { addressOf, readAddress, SECTIONS } from '../src/lib/address'
import { footingOf } from '../src/lib/fit'
import { isBeyond } from '../src/lib/hosts'
import { isWithin, withoutPresets, withPreset } from '../src/lib/presets'
import { readSchema } from '../src/lib/schema'
import { Catalogue } from '../src/state/catalogue.svelte'
import { Keys } from '../src/state/keys.svelte'
import { ModelFiles } from '../src/state/model-files.svelte'
import { LiveRun } from '../src/state/run.svelte'
import { Servers } from '../src/state/servers.svelte'
import { nameOf, System } from '../src/state/system.svelte'
import { json, problem, reply, wire } from './support'

const written = (init: RequestInit): unknown => JSON.parse(String(init.body))

test('every place has an address and is found again by it', () => {
  const places = [{ kind: 'chat' as const, chatId: null }, { kind: 'chat' as const, chatId: '7' }, ...SECTIONS.map((section) => ({ kind: 'models' as const, section }))]
  for (const place of places) {
    const address = new URL(addressOf(place), 'http://localhost')
    expect(readAddress(address)).toEqual(place)
  }
  expect(addressOf({ kind: 'models', section: 'servers' })).toBe('/models')
})

test('an address that the page does not know is no place', () => {
  for (const pathname of ['/sign-in', '/models/nothing', '/models/keys/1', '/modelsx']) expect(readAddress({ pathname, search: '' }), pathname).toBeNull()
})

test('an address beyond this machine is told from one on it while it is being written', () => {
  const beyond = ['192.168.1.7:11434', 'https://models.example.org/v1', 'gpu-box', '128.0.0.1']
  const here = ['127.0.0.1:8000', 'http://localhost:1234', 'http://[::1]:11434', '127.0.1.1', 'http://api.localhost']
  for (const address of beyond) expect(isBeyond(address), address).toBe(true)
  for (const address of here) expect(isBeyond(address), address).toBe(false)
  for (const address of ['', '   ', 'http://', 'http://:8']) expect(isBeyond(address), address).toBeNull()
})

test('a model stands wholly on the graphics processor only where all of it fits there', () => {
  const gpu = { vendor: 'nvidia' as const, name: 'GPU', memory_bytes: 12, free_bytes: null }
  expect(footingOf(12, true, { gpus: [gpu] })).toBe('whole')
  expect(footingOf(13, true, { gpus: [gpu] })).toBe('partly')
  expect(footingOf(20, true, { gpus: [gpu, gpu] })).toBe('whole')
  expect(footingOf(13, true, { gpus: [] })).toBe('memory')
  expect(footingOf(5, false, { gpus: [gpu] })).toBe('none')
})

const technical: Preset = { name: 'technical', parameters: { temperature: 0.2, top_k: 40 }, ranges: { temperature: { min: 0, max: 0.4 }, top_k: { min: 20, max: 60 } } }
const creative: Preset = { name: 'creative', parameters: { temperature: 1, presence_penalty: 0.3 }, ranges: { temperature: { min: 0.8, max: 1.3 } } }
const presets = [technical, creative]

test('a preset takes the place of another one and leaves alone what none of them sets', () => {
  const before: Parameters = { max_tokens: 500, stop: ['User:'], ...technical.parameters }
  const after = withPreset(presets, creative, before)
  expect(after).toEqual({ max_tokens: 500, stop: ['User:'], temperature: 1, presence_penalty: 0.3 })
  expect(withoutPresets(presets, after)).toEqual({ max_tokens: 500, stop: ['User:'] })
})

test('a changed parameter still is of the same kind of work inside its bounds and not beyond them', () => {
  expect(isWithin(technical, { temperature: 0.4, top_k: 20 })).toBe(true)
  expect(isWithin(technical, { temperature: 0.41, top_k: 20 })).toBe(false)
  expect(isWithin(technical, { temperature: 0.2 })).toBe(false)
  expect(isWithin(creative, { temperature: 1.1, presence_penalty: 0.3 })).toBe(true)
  expect(isWithin(creative, { temperature: 1.1, presence_penalty: 0.4 })).toBe(false)
})

test('a text is taken as a JSON Schema only when it is one', () => {
  expect(readSchema(' \n')).toEqual({ schema: undefined })
  expect(readSchema('{"type": "object"}')).toEqual({ schema: { type: 'object' } })
  expect(readSchema('{"$ref": "#/x"}')).toEqual({ schema: { $ref: '#/x' } })
  expect(readSchema('{"type": }')).toEqual({ wrong: 'notJson' })
  expect(readSchema('["type"]')).toEqual({ wrong: 'notObject' })
  expect(readSchema('null')).toEqual({ wrong: 'notObject' })
  expect(readSchema('{"name": "Ann", "age": 7}')).toEqual({ wrong: 'notSchema' })
  expect(readSchema(`{"type": "${'x'.repeat(40_000)}"}`)).toEqual({ wrong: 'tooLong' })
})

test('the place in the line is shown until something else happens', () => {
  const run = new LiveRun('c', reply)
  run.take({ kind: 'queue', position: 2, expected_s: 12 })
  // A reader who comes later is told the place, and then the text so far, which is empty.
  run.take({ kind: 'replace', text: '', reasoning: '' })
  expect(run.queue).toEqual({ position: 2, expected_s: 12 })
  run.take({ kind: 'status', status: 'running' })
  expect(run.queue).toBeNull()
  run.take({ kind: 'queue', position: 1, expected_s: null })
  run.take({ kind: 'end', status: 'stopped', error: null })
  expect(run.queue).toBeNull()
})

test('another attempt voids what the first one said of itself', () => {
  const run = new LiveRun('c', reply)
  const passage = { n: 1, document_id: 'd', document: 'a.pdf', page: 1, start: 0, end: 4, text: 'word' }
  const events: RunEvent[] = [
    { kind: 'notice', code: 'turns_left_out', values: { count: 3 } },
    { kind: 'passages', passages: [passage] },
    { kind: 'progress', processed: 10, total: 100 },
    { kind: 'restart' },
  ]
  for (const event of events) run.take(event)
  expect([run.notices, run.passages, run.progress]).toEqual([[], [], null])
  run.take({ kind: 'notice', code: 'fallback_used', values: { model: 'b', instead_of: 'a', reason: 'backend_unreachable' } })
  run.take({ kind: 'end', status: 'done', error: null })
  expect(run.applyTo(reply).outcome?.notices.map((notice) => notice.code)).toEqual(['fallback_used'])
})

const backend = (name: string, fields: Partial<Backend> = {}): Backend => ({
  name, kind: 'vllm', url: 'http://127.0.0.1:8000', source: 'added', origin: null, named_kind: null, state: 'ready', reason: null, outside: false, has_key: false,
  running: 0, waiting: 0, places: null, next_try_s: null, parallel: null, load: {}, load_parameters: [], models: [], ...fields,
})

test('a server that is added, changed or removed is told to the rest of the page', async () => {
  const asked: [string, unknown][] = []
  let told = 0
  const { http } = wire((path, init) => {
    if (init.method === 'GET') return json({ backends: [backend('my server')], kinds: [{ kind: 'vllm', load_parameters: [] }] })
    asked.push([`${init.method} ${path}`, init.body ? written(init) : null])
    return init.method === 'DELETE' ? new Response(null, { status: 204 }) : json(backend('my server'), 201)
  })
  const servers = new Servers(http, () => told++)
  expect(await servers.add({ url: '127.0.0.1:8000', kind: null })).toBeNull()
  expect(servers.list.map((known) => known.name)).toEqual(['my server'])
  expect(await servers.change('my server', { key: null })).toBeNull()
  expect(await servers.remove('my server')).toBeNull()
  expect(asked).toEqual([
    ['POST /api/backends', { url: '127.0.0.1:8000', kind: null }],
    ['PATCH /api/backends/my%20server', { key: null }],
    ['DELETE /api/backends/my%20server', null],
  ])
  expect(told).toBe(3)
})

test('a server that cannot be added says why and changes nothing', async () => {
  let told = 0
  const servers = new Servers(wire(() => problem(422, 'not_a_model_server')).http, () => told++)
  expect((await servers.add({ url: 'http://127.0.0.1:1' }))?.code).toBe('not_a_model_server')
  expect(told).toBe(0)
})

test('the outcome of showing pictures stands beside the model and its server is read anew', async () => {
  const outcome: VisionOutcome = { outcome: 'ignores', vision: false, backend: backend('a', { running: 1 }) }
  const bodies: unknown[] = []
  const { http } = wire((_path, init) => {
    if (init.method === 'GET') return json({ backends: [backend('a'), backend('b')], kinds: [] })
    bodies.push(written(init))
    return bodies.length === 1 ? problem(409, 'conflict') : json(outcome)
  })
  const servers = new Servers(http, () => undefined)
  await servers.load()
  await servers.tryVision('a', 'llava', false)
  expect(servers.visionTryOf('a', 'llava')).toMatchObject({ state: 'failed', problem: { code: 'conflict' } })
  await servers.tryVision('a', 'llava', true)
  expect(servers.visionTryOf('a', 'llava')).toEqual({ state: 'told', outcome: 'ignores' })
  expect(servers.list.map((known) => known.running)).toEqual([1, 0])
  expect(bodies).toEqual([{ model: 'llava' }, { model: 'llava', load: true }])
})

const state = (revision: number): SystemState => ({
  ready: true, engine: { state: 'off', detail: null, error_code: null }, database: 'ok', confinement: 'full', cpu_percent: 0, memory_bytes: 1, memory_total_bytes: 2, runs: 0,
  outside_connections: false, backends_revision: revision,
})

test('the models are read again when the servers have changed, and only then', async () => {
  let revision = 1
  let lists = 0
  const { http } = wire((path) => {
    if (path === '/api/system') return json(state(revision))
    if (path === '/api/models') return json({ default: null, models: [], problems: [], count: ++lists })
    return json({})
  })
  const system = new System(http)
  await system.load()
  await system.refresh()
  expect(lists).toBe(1)
  revision = 2
  await system.refresh()
  expect(lists).toBe(2)
})

test('a route is called by its own name and not by that of the model behind it', () => {
  const model = { id: 'assistant', model: 'Qwen3-8B', route: { targets: ['a/Qwen3-8B'], order: 'fallback' } } as Model
  expect(nameOf(model)).toBe('assistant')
  expect(nameOf({ ...model, route: null })).toBe('Qwen3-8B')
})

test('the catalogue asks for what it is narrowed down to, and an early answer does not hide a late question', async () => {
  const asked: string[] = []
  let answerFirst: (answer: Response) => void = () => undefined
  const { http } = wire((path) => {
    if (path === '/api/machine') return json({ memory_bytes: 1, available_bytes: 1, usable_bytes: 1, unified: false, gpus: [] })
    asked.push(path)
    if (asked.length === 1) return new Promise((resolve) => (answerFirst = resolve))
    return json({ models: [], licences: ['MIT'], languages: [] })
  })
  const catalogue = new Catalogue(http)
  const first = catalogue.load()
  await catalogue.narrow({ licence: 'MIT', fits: true })
  answerFirst(json({ models: [], licences: ['Apache-2.0'], languages: [] }))
  await first
  expect(asked).toEqual(['/api/catalogue', '/api/catalogue?licence=MIT&fits=true'])
  expect(catalogue.licences).toEqual(['MIT'])
  expect(catalogue.isNarrowed).toBe(true)
})

test('a finished download is a file and no download any more', async () => {
  const download = { name: 'a.gguf', repo: 'p/a', file: 'a.gguf', status: 'done', received_bytes: 9, size_bytes: 9, error: null }
  const { http } = wire(() => json({ files: [], downloads: [download, { ...download, name: 'b.gguf', status: 'running', received_bytes: 3 }], downloads_enabled: true }))
  const files = new ModelFiles(http)
  await files.load()
  expect(files.downloads.map((other) => other.name)).toEqual(['b.gguf'])
  expect(files.isDownloading).toBe(true)
})

test('a new key is shown until it is put away or revoked', async () => {
  const key = { id: '1', name: 'script', prefix: 'sk-samovar-abcde', scopes: ['chat'], state: 'active', created_at: '', expires_at: null, requests_per_minute: null, tokens_per_day: null, tokens_today: 0, last_used_at: null }
  const { http } = wire((_path, init) => {
    if (init.method === 'POST') return json({ key, secret: 'sk-samovar-abcdefgh' }, 201)
    return init.method === 'DELETE' ? new Response(null, { status: 204 }) : json({ keys: [key] })
  })
  const keys = new Keys(http)
  await keys.create({ name: 'script', scopes: ['chat'] })
  expect(keys.fresh?.secret).toBe('sk-samovar-abcdefgh')
  keys.putAway()
  expect(keys.fresh).toBeNull()
  await keys.create({ name: 'script', scopes: ['chat'] })
  const [first] = keys.list
  if (first) await keys.revoke(first)
  expect(keys.fresh).toBeNull()
})

test('a model that only makes vectors is not offered for answers', async () => {
  const model = (id: string, embeddings: boolean | null): Partial<Model> => ({ id, model: id, state: 'ready', embeddings })
  const { http } = wire(() => json({ default: null, models: [model('chat', false), model('vectors', true), model('unknown', null)], problems: [] }))
  const system = new System(http)
  await system.refreshModels()
  expect(system.answering.map((other) => other.id)).toEqual(['chat', 'unknown'])
})
