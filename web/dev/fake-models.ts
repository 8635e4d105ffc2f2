/** Model servers, the catalogue, model files and keys of the stand-in server. */
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { ApiKey, NewKey } from '../src/api/keys'
import type { Backend, BackendModel, CatalogueModel, Download, FitQuestion, ModelFile, NewBackend } from '../src/api/model-types'

type Answer = { method: string; response: ServerResponse; parts: string[]; body: Buffer; query: URLSearchParams }
type Send = (response: ServerResponse, status: number, body?: unknown) => void
type Refuse = (response: ServerResponse, status: number, code: string, values?: Record<string, string | number>) => void

const GB = 1_000_000_000
const read = <Form>(body: Buffer): Form => JSON.parse(body.toString() || '{}') as Form

const model = (id: string, fields: Partial<BackendModel> = {}): BackendModel => ({
  id, state: 'ready', loaded: true, context_length: 8192, trained_context_length: 131_072, quantisation: 'Q4_K_M', size_bytes: 4.7 * GB, vision: false, vision_known_by: 'api',
  tools: true, reasoning: null, embeddings: false, json_schema: true, licence: null, guessed: [], unsupported_parameters: [], ...fields,
})
const backend = (name: string, fields: Partial<Backend> = {}): Backend => ({
  name, kind: 'ollama', url: 'http://127.0.0.1:11434', source: 'found', origin: 'port 11434', named_kind: null, state: 'ready', reason: null, outside: false, has_key: false,
  running: 0, waiting: 0, places: 1, next_try_s: null, parallel: null, load: {}, load_parameters: [], models: [], ...fields,
})
const KINDS = [
  { kind: 'foundry', load_parameters: [] },
  { kind: 'llamacpp', load_parameters: [] },
  { kind: 'lmstudio', load_parameters: [] },
  { kind: 'ollama', load_parameters: ['context_tokens', 'batch_tokens', 'gpu_layers', 'threads', 'keep_alive_s'] },
  { kind: 'openai', load_parameters: [] },
  { kind: 'vllm', load_parameters: [] },
]
let revision = 1
const backends: Backend[] = [
  backend('engine', {
    kind: 'llamacpp', url: 'http://127.0.0.1:40113', source: 'embedded', origin: null, places: 2, running: 1, load_parameters: ['context_tokens', 'gpu_layers', 'threads', 'kv_cache'], load: { threads: 4 },
    models: [model('SmolLM2-135M-Instruct', { trained_context_length: 8192, size_bytes: 105_454_144, tools: null, licence: 'apache-2.0' })],
  }),
  backend('my-vllm', {
    kind: 'vllm', url: 'http://127.0.0.1:8000', source: 'environment', origin: 'OPENAI_BASE_URL', named_kind: 'openai', has_key: true, places: null, running: 3, waiting: 2,
    models: [model('Qwen/Qwen3-8B', { context_length: 32_768, quantisation: 'AWQ', size_bytes: null, vision: null, vision_known_by: null, reasoning: true, guessed: ['reasoning'], unsupported_parameters: ['json_schema'] })],
  }),
  backend('ollama', {
    load_parameters: ['context_tokens', 'batch_tokens', 'gpu_layers', 'threads', 'keep_alive_s'],
    models: [
      model('gemma3:12b-it-qat', { loaded: false, context_length: null, vision: true, quantisation: 'Q4_0', size_bytes: 8.1 * GB, licence: 'LicenseRef-Gemma' }),
      model('llava-phi3:latest', { loaded: false, vision: true, vision_known_by: 'name', guessed: ['vision'], tools: false, size_bytes: 2.9 * GB }),
      model('nomic-embed-text', { embeddings: true, tools: false, size_bytes: 274_000_000, context_length: 2048, trained_context_length: 2048 }),
    ],
  }),
  backend('office', { kind: 'openai', url: 'https://models.example.org', source: 'added', origin: null, outside: true, has_key: true, state: 'refused', reason: { code: 'backend_unauthorised', title: '', detail: '', values: {} }, next_try_s: 31 }),
  backend('lmstudio', { kind: 'lmstudio', url: 'http://127.0.0.1:1234', origin: 'samovar.toml', source: 'settings', state: 'down', reason: { code: 'backend_unreachable', title: '', detail: '', values: {} }, next_try_s: 12 }),
]

export const revisionNow = (): number => revision

export function answerBackends({ method, response, parts: [name, what], body }: Answer, send: Send, refuse: Refuse): void {
  const list = (): void => send(response, 200, { backends, kinds: KINDS })
  if (name === undefined) {
    if (method === 'GET') return list()
    const fields = read<NewBackend>(body)
    if (fields.url.includes('nobody')) return refuse(response, 502, 'backend_unreachable', { backend: fields.url })
    const added = backend(fields.name ?? fields.kind ?? 'vllm', { kind: fields.kind ?? 'vllm', url: fields.url, source: 'added', origin: null, has_key: Boolean(fields.key), outside: fields.url.includes('example'), models: [model('Llama-3.1-8B-Instruct')] })
    if (backends.some((known) => known.name === added.name)) return refuse(response, 409, 'conflict', { reason: `there is a backend named ${added.name} already` })
    backends.push(added)
    revision++
    return send(response, 201, added)
  }
  if (name === 'probe') return void setTimeout(list, 800)
  const found = backends.find((known) => known.name === name)
  if (!found) return refuse(response, 404, 'not_found', { what: 'backend' })
  if (what === 'probe-vision') {
    const asked = read<{ model: string; load?: boolean }>(body)
    const shown = found.models.find((known) => known.id === asked.model)
    if (!shown) return refuse(response, 404, 'not_found', { what: 'model' })
    if (shown.loaded === false && !asked.load) return refuse(response, 409, 'conflict', { reason: 'the model is not loaded' })
    const outcome = shown.id.includes('llava') ? 'ignores' : shown.vision ? 'sees' : 'refuses'
    Object.assign(shown, { vision: outcome === 'sees', vision_known_by: 'probe', loaded: true })
    return void setTimeout(() => send(response, 200, { outcome, vision: shown.vision, backend: found }), 1200)
  }
  if (found.source !== 'added') return refuse(response, 409, 'conflict', { reason: `${name} is named in ${found.origin}` })
  revision++
  if (method === 'DELETE') {
    backends.splice(backends.indexOf(found), 1)
    return send(response, 204)
  }
  const { key, ...changes } = read<NewBackend>(body)
  return send(response, 200, Object.assign(found, changes, key === undefined ? {} : { has_key: key !== null }))
}

export const MACHINE = {
  memory_bytes: 34.4 * GB, available_bytes: 21 * GB, usable_bytes: 38.2 * GB, unified: false, gpus: [{ vendor: 'nvidia', name: 'NVIDIA GeForce RTX 3060', memory_bytes: 12.9 * GB, free_bytes: 12.1 * GB }],
}
const catalogue: CatalogueModel[] = [
  entry('qwen3-8b', 'Qwen3 8B', 'Alibaba', 'Apache-2.0', 'yes', ['en', 'ru', 'zh'], false, 40_960, 8.2e9, null, 5.03 * GB),
  entry('t-lite-it-1.0', 'T-lite-it-1.0', 'T-Technologies', 'Apache-2.0', 'yes', ['ru', 'en'], false, 32_768, 7.6e9, null, 4.68 * GB),
  entry('gigachat-20b-a3b', 'GigaChat-20B-A3B-instruct', 'Sber', 'MIT', 'yes', ['ru', 'en'], false, 131_072, 20.6e9, 3.3e9, 12.5 * GB),
  entry('gemma-3-12b', 'Gemma 3 12B', 'Google', 'LicenseRef-Gemma', 'conditions', ['en', 'ru'], true, 131_072, 12.2e9, null, 7.3 * GB),
  entry('llama-3.3-70b', 'Llama 3.3 70B Instruct', 'Meta', 'LicenseRef-Llama-3.3', 'conditions', ['en', 'de', 'fr'], false, 131_072, 70.6e9, null, 42.5 * GB),
  { ...entry('yandexgpt-5-lite', 'YandexGPT-5-Lite-8B-instruct', 'Yandex', 'LicenseRef-YandexGPT', 'conditions', ['ru', 'en'], false, 32_768, 8e9, null, 4.9 * GB), files: [], fit: null },
]
function entry(id: string, name: string, publisher: string, licence: string, commercial: CatalogueModel['commercial'], languages: string[], vision: boolean, context: number, parameters: number, active: number | null, size: number): CatalogueModel {
  const total = size + 1.4 * GB
  return {
    id, name, publisher, licence, commercial, languages, vision, context_tokens: context, parameters, active_parameters: active, source: `https://huggingface.co/${publisher}/${id}`,
    files: [{ quantisation: 'Q4_K_M', size_bytes: size, repo: `${publisher}/${id}-GGUF`, file: `${id}-q4_k_m.gguf`, sha256: null }, { quantisation: 'Q8_0', size_bytes: size * 1.75, repo: `${publisher}/${id}-GGUF`, file: `${id}-q8_0.gguf`, sha256: null }],
    fit: { quantisation: 'Q4_K_M', size_bytes: size, total_bytes: total, memory_bytes: MACHINE.usable_bytes, fits: total < MACHINE.usable_bytes },
  }
}

export function answerCatalogue({ response, query }: Answer, send: Send): void {
  const models = catalogue.filter(
    (known) =>
      (!query.get('licence') || known.licence === query.get('licence')) &&
      (!query.get('language') || known.languages.includes(query.get('language') ?? '')) &&
      (!query.get('vision') || known.vision) &&
      (!query.get('fits') || known.fit?.fits),
  )
  send(response, 200, { models, licences: [...new Set(catalogue.flatMap((known) => known.licence ?? []))], languages: [...new Set(catalogue.flatMap((known) => known.languages))] })
}

export function answerFit({ response, body }: Answer, send: Send): void {
  const question = read<FitQuestion>(body)
  const known = catalogue.find((other) => other.id === question.model)
  const weights = known?.files.find((file) => file.quantisation === question.quantisation)?.size_bytes ?? 5 * GB
  const kv = Math.round(((question.context ?? 8192) * 131_072) / (question.kv === 'q4_0' ? 4 : question.kv === 'q8_0' ? 2 : 1))
  const memory = question.memory_bytes ?? MACHINE.usable_bytes
  const total = weights + kv + 0.4 * GB
  const advice = question.language === 'ru' ? ['Возьмите KV-кэш q8_0: контекст займёт вдвое меньше.'] : ['Take the KV cache q8_0: the context takes half of the memory.']
  send(response, 200, {
    weights_bytes: weights, kv_bytes: kv, overhead_bytes: 0.4 * GB, total_bytes: total, memory_bytes: memory, fits: total <= memory,
    max_context: Math.max(0, Math.floor((memory - weights - 0.4 * GB) / 131_072)), gpu_layers: 28, advice: total > memory / 2 ? advice : [],
  })
}

const files: ModelFile[] = [
  {
    name: 'qwen3-8b-q4_k_m.gguf', size_bytes: 5_027_783_488, sha256: '2c9f3c0e5b8d4e7a9b1c6d2f8a4e0b7c3d5f1a9e8b6c4d2f0a7e5b3c1d9f8e6a', origin: 'import', repo: null, added_at: '2026-11-20T10:00:00Z', model: 'Qwen3 8B', architecture: 'qwen3',
    quantisation: 'Q4_K_M', context_tokens: 40_960, is_projector: false, in_use: true, error: null,
  },
  {
    name: 'gemma-3-12b-mmproj.gguf', size_bytes: 854_200_224, sha256: 'b7c3d5f1a9e8b6c4d2f0a7e5b3c1d9f8e6a2c9f3c0e5b8d4e7a9b1c6d2f8a4e0', origin: 'download', repo: 'ggml-org/gemma-3-12b-it-GGUF', added_at: '2026-11-21T10:00:00Z', model: null, architecture: 'clip',
    quantisation: 'F16', context_tokens: null, is_projector: true, in_use: false, error: null,
  },
]
const downloads: Download[] = []

export function answerFiles({ method, response, parts: [name], body }: Answer, send: Send, refuse: Refuse): void {
  if (name === undefined) {
    for (const download of downloads) {
      download.received_bytes = Math.min((download.size_bytes ?? 0), download.received_bytes + 0.3 * GB)
      if (download.received_bytes === download.size_bytes) download.status = 'done'
    }
    return send(response, 200, { files, downloads, downloads_enabled: process.env['FAKE_DOWNLOADS'] === '1' })
  }
  if (name === 'download') {
    const { repo, file } = read<{ repo: string; file: string }>(body)
    const download: Download = { name: file, repo, file, status: 'running', received_bytes: 1.2 * GB, size_bytes: 5.03 * GB, error: null }
    downloads.push(download)
    return send(response, 202, download)
  }
  if (method !== 'DELETE') return refuse(response, 404, 'not_found', { what: 'file' })
  for (const list of [files, downloads]) {
    const at = list.findIndex((known) => known.name === decodeURIComponent(name))
    if (at >= 0) list.splice(at, 1)
  }
  send(response, 204)
}

const keys: ApiKey[] = [
  { id: randomUUID(), name: 'Open WebUI in the office', prefix: 'sk-samovar-x7Kp2', scopes: ['models', 'chat', 'embeddings'], state: 'active', created_at: '2026-11-12T08:30:00Z', expires_at: null, requests_per_minute: 60, tokens_per_day: 2_000_000, tokens_today: 184_220, last_used_at: '2026-11-22T08:59:00Z' },
  { id: randomUUID(), name: 'nightly script', prefix: 'sk-samovar-9aQw1', scopes: ['chat'], state: 'active', created_at: '2026-11-02T08:30:00Z', expires_at: '2026-12-02T08:30:00Z', requests_per_minute: null, tokens_per_day: null, tokens_today: 0, last_used_at: null },
  { id: randomUUID(), name: 'old laptop', prefix: 'sk-samovar-Zz3f8', scopes: ['app'], state: 'revoked', created_at: '2026-10-02T08:30:00Z', expires_at: null, requests_per_minute: null, tokens_per_day: null, tokens_today: 0, last_used_at: '2026-10-12T08:30:00Z' },
]

export function answerKeys({ method, response, parts: [keyId], body }: Answer, send: Send): void {
  if (method === 'GET') return send(response, 200, { keys })
  if (method === 'DELETE') {
    const key = keys.find((known) => known.id === keyId)
    if (key) key.state = 'revoked'
    return send(response, 204)
  }
  const fields = read<NewKey>(body)
  const secret = `sk-samovar-${randomUUID().replaceAll('-', '')}`
  const key: ApiKey = { requests_per_minute: null, tokens_per_day: null, expires_at: null, ...fields, id: randomUUID(), prefix: secret.slice(0, 16), state: 'active', created_at: new Date().toISOString(), tokens_today: 0, last_used_at: null }
  keys.unshift(key)
  send(response, 201, { key, secret })
}
